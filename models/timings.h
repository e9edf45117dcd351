/* SPDX-License-Identifier: MIT */
/*
 * How long things take, in picoseconds. One row a parameter: field, key of the scenario file, default, where the default
 * comes from, and whether it is an estimate (no published source; marked wherever it is shown).
 */
#ifndef MSIRACE_MODELS_TIMINGS_H
#define MSIRACE_MODELS_TIMINGS_H

#include <stdint.h>

#define NS UINT64_C(1000)
#define US UINT64_C(1000000)
#define MS UINT64_C(1000000000)
#define SECOND UINT64_C(1000000000000)

#define MEASURED false
#define ESTIMATE true

/* X(field, key, default, estimate, documentation) */
#define MODEL_TIMINGS(X) \
	X(mmio_gap_ps, "mmio_gap", 100 * NS, MEASURED, \
	  "gap between two uncached MMIO writes of a CPU (Intel community thread 1186313: 50-300 ns)") \
	X(posted_write_ps, "posted_write", 300 * NS, ESTIMATE, "posted write, CPU to device") \
	X(mmio_read_ps, "mmio_read", 900 * NS, ESTIMATE, "MMIO read, which flushes posted writes") \
	X(cfg_pair_ps, "cfg_pair", 1500 * NS, ESTIMATE, "configuration access through the CF8/CFC pair") \
	X(cfg_ecam_ps, "cfg_ecam", 800 * NS, ESTIMATE, "configuration access through ECAM") \
	X(message_ps, "message", 500 * NS, ESTIMATE, \
	  "message, device to CPU (endpoint to host round trips near 850 ns are published)") \
	X(interconnect_ps, "interconnect", 100 * NS, ESTIMATE, "hop between two sockets") \
	X(fabric_hop_ps, "fabric_hop", 50 * NS, ESTIMATE, \
	  "root complex to local interrupt controller, where the fabric is weak") \
	X(remap_hit_ps, "remap_hit", 30 * NS, ESTIMATE, "remap entry found in the cache") \
	X(remap_miss_ps, "remap_miss", 300 * NS, ESTIMATE, "remap entry fetched from memory") \
	X(entry_store_ps, "entry_store", 10 * NS, ESTIMATE, "store to a remap entry in memory") \
	X(invalidate_ps, "invalidate", 1 * US, ESTIMATE, "entry cache invalidation and its wait descriptor") \
	X(its_command_ps, "its_command", 300 * NS, ESTIMATE, "an ITS carries out a command") \
	X(its_sync_ps, "its_sync", 500 * NS, ESTIMATE, "an ITS carries out SYNC, and the kernel sees it") \
	X(gicd_write_ps, "gicd_write", 100 * NS, ESTIMATE, "write to a register of the GIC's distributor") \
	X(gicd_wait_ps, "gicd_wait", 300 * NS, ESTIMATE, "the distributor reports that earlier writes took effect") \
	X(ipi_ps, "ipi", 1300 * NS, MEASURED, "inter-processor interrupt (kernel IPI benchmark: 1.32-1.45 us)") \
	X(self_ipi_ps, "self_ipi", 50 * NS, MEASURED, "IPI to the CPU itself (the same benchmark: 51 ns)") \
	X(irq_entry_ps, "irq_entry", 700 * NS, ESTIMATE, "interrupt entry, acknowledge and return") \
	X(handler_ps, "handler", 2 * US, ESTIMATE, "the device's handler") \
	X(trap_ps, "trap", 10 * US, ESTIMATE, "exit to the monitor between two trapped writes") \
	X(hypercall_ps, "hypercall", 2 * US, ESTIMATE, "call to the hypervisor and back") \
	X(slot_gap_ps, "slot_gap", 20 * NS, ESTIMATE, \
	  "interrupt entry: from reading a vector's slot to clearing one that has no handler") \
	X(posted_update_ps, "posted_update", 100 * NS, ESTIMATE, \
	  "update of a posted-interrupt descriptor in memory by the remap hardware") \
	X(vm_exit_ps, "vm_exit", 700 * NS, ESTIMATE, "from guest mode to the host's code") \
	X(vm_entry_ps, "vm_entry", 500 * NS, ESTIMATE, "from the host's code to guest mode") \
	X(event_swap_ps, "event_swap", 10 * US, ESTIMATE, \
	  "release of an interrupt's event counter and registration of the next one") \
	X(wakeup_ps, "wakeup", 3 * US, ESTIMATE, "a blocked thread, from its wake-up until it runs") \
	X(jiffy_ps, "jiffy", 4 * MS, MEASURED, "timer tick (HZ=250)") \
	X(set_affinity_ps, "set_affinity", 3 * US, ESTIMATE, "software path of an affinity change") \
	X(device_command_ps, "device_command", 5 * US, ESTIMATE, \
	  "command that makes a device read a queue's context again") \
	X(msix_enable_ps, "msix_enable", 200 * US, ESTIMATE, "MSI-X enable on a bare host") \
	X(vfio_realloc_ps, "vfio_realloc", 500 * US, ESTIMATE, \
	  "release and re-allocation of all vectors by the monitor") \
	X(cpu_offline_ps, "cpu_offline", 20 * MS, ESTIMATE, "CPU offline, with its 1 ms wait for pending vectors") \
	X(hot_unplug_ps, "hot_unplug", 6 * SECOND, MEASURED, "PCIe hot-unplug (pciehp: 5 s button, 1 s power)")

struct model_timings {
#define X(field, key, value, estimate, documentation) uint64_t field;
	MODEL_TIMINGS(X)
#undef X
};

#endif
