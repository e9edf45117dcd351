/* SPDX-License-Identifier: MIT */
#include "sim/schema.h"

#include <glib.h>
#include <string.h>

#include "sim/scenario.h"

#define COUNT_MAX UINT32_MAX

static const struct schema_name arch_names[] = {
	{ "x86", ARCH_X86, "local APICs with 256 vectors a CPU" },
	{ "riscv", ARCH_RISCV, "IMSIC files of interrupt identities, one file a hart" },
	{ "arm", ARCH_ARM, "GIC, with an ITS or a v2m frame" },
	{ NULL, 0, NULL },
};
static const struct schema_name remap_names[] = {
	{ "none", REMAP_NONE, "messages go straight to the CPUs (x86, riscv)" },
	{ "vtd", REMAP_VTD, "Intel VT-d interrupt remapping (x86)" },
	{ "amdvi", REMAP_AMDVI, "AMD-Vi interrupt remapping (x86)" },
	{ "riscv-iommu", REMAP_RISCV_IOMMU, "RISC-V IOMMU with an MSI page table (riscv)" },
	{ "its", REMAP_ITS, "GICv3 interrupt translation service (arm)" },
	{ "hyperv", REMAP_HYPERV, "a Hyper-V guest: the hypervisor owns the remap entries (x86)" },
	{ "v2m", REMAP_V2M, "GICv2m or MBI frame: messages name SPIs (arm)" },
	{ NULL, 0, NULL },
};
static const struct schema_name fabric_names[] = {
	{ "ordered", FABRIC_ORDERED,
	  "a completed read pushes earlier messages to the interrupt controller" },
	{ "weak", FABRIC_WEAK, "a completed read pushes them to the root complex only" },
	{ NULL, 0, NULL },
};
static const struct schema_name placement_names[] = {
	{ "spread", PLACE_SPREAD, "the CPU with most vectors left, as Linux" },
	{ "pack", PLACE_PACK, "the CPU with fewest vectors left" },
	{ "first-fit", PLACE_FIRST_FIT, "the lowest CPU that has one" },
	{ NULL, 0, NULL },
};
static const struct schema_name kind_names[] = {
	{ "msi", DEVICE_MSI, "PCI MSI capability: registers in configuration space" },
	{ "msix", DEVICE_MSIX, "MSI-X table with pending bits" },
	{ "ims", DEVICE_IMS, "interrupt message store" },
	{ "platform", DEVICE_PLATFORM, "platform MSI, written by the device's own driver" },
	{ "wired", DEVICE_WIRED, "lines into a bridge that sends the messages (IO-APIC, mbigen)" },
	{ NULL, 0, NULL },
};
static const struct schema_name torn_names[] = {
	{ "mix", TORN_MIX, "what the registers hold at that moment" },
	{ "old", TORN_OLD, "the old message" },
	{ "new", TORN_NEW, "the new message" },
	{ "cached", TORN_CACHED, "the message as it was when the vector was last unmasked" },
	{ NULL, 0, NULL },
};
static const struct schema_name store_names[] = {
	{ "slots", STORE_SLOTS, "slots with an index, in device memory" },
	{ "queue", STORE_QUEUE, "the context of a queue, without an index: a command updates it" },
	{ NULL, 0, NULL },
};
static const struct schema_name domain_names[] = {
	{ "first", DOMAIN_FIRST, "the one of the device's kind" },
	{ "ims", DOMAIN_IMS, "its interrupt message store" },
	{ "platform", DOMAIN_PLATFORM, "its platform MSI" },
	{ "wired", DOMAIN_WIRED, "its wired lines" },
	{ NULL, 0, NULL },
};
static const struct schema_name address_names[] = {
	{ "32", 32, "no high address register" },
	{ "64", 64, "with a high address register" },
	{ NULL, 0, NULL },
};
static const struct schema_name process_names[] = {
	{ "none", PROCESS_NONE, "only actions raise" },
	{ "poisson", PROCESS_POISSON, "independent raises at 'rate'" },
	{ "periodic", PROCESS_PERIODIC, "every 'period', moved by up to 'jitter'" },
	{ "bursts", PROCESS_BURSTS,
	  "at 'rate' during 'on', silent during 'off', both exponential" },
	{ "times", PROCESS_TIMES, "at the times of 'at'" },
	{ "closed", PROCESS_CLOSED, "a queue of 'depth' commands: the handler submits the next" },
	{ NULL, 0, NULL },
};
static const struct schema_name verb_names[] = {
	{ "migrate", ACTION_MIGRATE, "set the affinity of the device's vectors" },
	{ "allocate", ACTION_ALLOCATE, "allocate vectors of the device, and request them" },
	{ "free", ACTION_FREE, "free vectors of the device" },
	{ "enable", ACTION_ENABLE, "set the function's MSI or MSI-X enable bit" },
	{ "disable", ACTION_DISABLE, "clear it" },
	{ "offline", ACTION_OFFLINE, "take a CPU down" },
	{ "online", ACTION_ONLINE, "bring a CPU back" },
	{ "raise", ACTION_RAISE, "one raise besides the device's own, of vectors that have a handler" },
	{ "request", ACTION_REQUEST, "give vectors that are allocated their handlers" },
	{ "release", ACTION_RELEASE,
	  "take them away again, as free_irq() does: the vectors stay allocated (x86)" },
	{ "mask", ACTION_MASK, "mask vectors of the device" },
	{ "unmask", ACTION_UNMASK, "unmask them" },
	{ "reboot", ACTION_REBOOT, "the guest that has the device reboots, its vectors enabled" },
	{ "unplug", ACTION_UNPLUG, "hot-unplug the device" },
	{ "plug", ACTION_PLUG, "plug it in again" },
	{ "swap", ACTION_SWAP,
	  "new event counters for the handlers of the device's vectors, as for a guest's affinity "
	  "change" },
	{ "apicv-on", ACTION_APICV_ON, "virtualize a vCPU's interrupts" },
	{ "apicv-off", ACTION_APICV_OFF, "stop that" },
	{ NULL, 0, NULL },
};

static const struct schema_name durations_names[] = {
	{ "exponential", DURATIONS_EXPONENTIAL, "random, with these means" },
	{ "fixed", DURATIONS_FIXED, "always the same" },
	{ NULL, 0, NULL },
};

#define IN(structure, field) .offset = offsetof(struct structure, field)
#define COUNTED(structure, field) .count_offset = offsetof(struct structure, field)
#define ROWS(array) (array), G_N_ELEMENTS(array)

static const struct schema_key vectors_keys[] = {
	{ "first", TYPE_COUNT, IN(scenario_machine, vectors_first), .min = 1, .max = 1 << 24,
	  .preset_note = "x86 32, riscv 1, arm 8192 (v2m 32)",
	  .documentation = "lowest allocatable vector of each CPU; on arm the lowest LPI or SPI of the machine" },
	{ "end", TYPE_COUNT, IN(scenario_machine, vectors_end), .min = 2, .max = 1 << 24,
	  .preset_note = "x86 236, riscv 256, arm 73728 (v2m 1020)",
	  .documentation = "the vector after the highest allocatable one" },
	{ "system", TYPE_COUNT_LIST, IN(scenario_machine, system_vectors),
	  COUNTED(scenario_machine, system_vectors_count), .max = 1 << 24, .zero_means = true,
	  .preset_note = "x86 [32, 50, 128], riscv [1], as far as they are in the range; arm []",
	  .documentation = "vectors of the range that nobody may allocate" },
};
static const struct schema_section vectors_section = { "machine.vectors", "machine.vectors",
						       ROWS(vectors_keys) };

static const struct schema_key timings_keys[] = {
#define X(field, key, value, is_estimate, text) \
	{ key, TYPE_DURATION, IN(model_timings, field), .max = SCENARIO_DURATION_PS_MAX, \
	  .preset_ps = (value), .estimate = (is_estimate), .zero_means = true, \
	  .documentation = text },
	MODEL_TIMINGS(X)
#undef X
};
static const struct schema_section timings_section = { "machine.timings", "machine.timings",
						       ROWS(timings_keys) };

static const struct schema_key machine_keys[] = {
	{ "arch", TYPE_ENUM, IN(scenario_machine, arch), .names = arch_names, .preset = "x86",
	  .documentation = "the interrupt architecture of the CPUs" },
	{ "remap", TYPE_ENUM, IN(scenario_machine, remap), .names = remap_names,
	  .preset_note = "none; its on arm",
	  .documentation = "what stands between devices and CPUs" },
	{ "fabric", TYPE_ENUM, IN(scenario_machine, fabric), .names = fabric_names,
	  .preset = "ordered",
	  .documentation = "what a completed read of a device says about its earlier messages" },
	{ "placement", TYPE_ENUM, IN(scenario_machine, placement), .names = placement_names,
	  .preset = "spread", .documentation = "which CPU of a mask gets a new vector" },
	{ "cpus", TYPE_COUNT, IN(scenario_machine, cpus), .min = 1, .max = SCENARIO_CPUS_MAX,
	  .preset = "4", .documentation = "number of CPUs" },
	{ "sockets", TYPE_COUNT, IN(scenario_machine, sockets), .min = 1, .max = 64, .preset = "1",
	  .documentation =
		  "number of sockets; CPUs are dealt to them in equal, consecutive shares" },
	{ "ecam", TYPE_BOOL, IN(scenario_machine, ecam),
	  .preset_note = "false on x86, true elsewhere", .zero_means = true,
	  .documentation = "configuration accesses through ECAM instead of the CF8/CFC pair" },
	{ "remap_cache", TYPE_BOOL, IN(scenario_machine, remap_cache), .preset = "true",
	  .documentation = "the remap hardware caches entries" },
	{ "platform", TYPE_FILE, IN(scenario_machine, platform_file),
	  .preset_note = "made from the other keys",
	  .documentation = "a SimGrid platform file (XML), relative to the scenario" },
	{ "vectors", TYPE_MAP, .section = &vectors_section,
	  .documentation = "the vector space of each CPU" },
	{ "timings", TYPE_MAP, IN(scenario_machine, timings), .section = &timings_section,
	  .documentation = "how long things take" },
};
static const struct schema_section machine_section = { "machine", "machine", ROWS(machine_keys) };

static const struct schema_key raise_keys[] = {
	{ "process", TYPE_ENUM, IN(scenario_arrivals, process), .names = process_names,
	  .preset_note = "poisson where 'rate' alone is given, otherwise none",
	  .documentation = "how the device decides to raise" },
	{ "rate", TYPE_RATE, IN(scenario_arrivals, rate_hz), .max = SCENARIO_RATE_HZ_MAX,
	  .documentation = "raises a second of each vector (poisson, bursts)" },
	{ "period", TYPE_DURATION, IN(scenario_arrivals, period_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX, .documentation = "time between two raises (periodic)" },
	{ "jitter", TYPE_FRACTION, IN(scenario_arrivals, jitter), .max = 100, .preset_note = "0%",
	  .documentation =
		  "how far a raise may be from its time, as a part of the period (periodic)" },
	{ "on", TYPE_DURATION, IN(scenario_arrivals, on_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX, .documentation = "mean length of a burst (bursts)" },
	{ "off", TYPE_DURATION, IN(scenario_arrivals, off_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX,
	  .documentation = "mean length of the silence between two bursts (bursts)" },
	{ "at", TYPE_DURATION_LIST, IN(scenario_arrivals, times_ps),
	  COUNTED(scenario_arrivals, times_count), .max = SCENARIO_DURATION_PS_MAX,
	  .documentation = "the times of the raises, ascending (times)" },
	{ "depth", TYPE_COUNT, IN(scenario_arrivals, depth), .min = 1, .max = 65536,
	  .preset_note = "1", .documentation = "outstanding commands of each vector (closed)" },
	{ "service", TYPE_DURATION, IN(scenario_arrivals, service_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX, .preset_note = "100us",
	  .documentation = "mean time of a command, exponential (closed)" },
	{ "timeout", TYPE_DURATION, IN(scenario_arrivals, timeout_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX, .preset_note = "30s, as NVMe's driver",
	  .documentation = "the driver polls after this long without a handler: a stall (closed)" },
};
static const struct schema_section raise_section = { "devices[].raise", "raise", ROWS(raise_keys) };
static const struct schema_section ims_raise_section = { "devices[].ims.raise", "raise",
							 ROWS(raise_keys) };
static const struct schema_section platform_raise_section = { "devices[].platform.raise", "raise",
							      ROWS(raise_keys) };
static const struct schema_section wired_raise_section = { "devices[].wired.raise", "raise",
							   ROWS(raise_keys) };

#define DOMAIN_VECTORS(text) \
	{ "vectors", TYPE_COUNT, IN(scenario_domain, vectors), .min = 1, .max = 65536, \
	  .preset_note = "1", .documentation = text }
#define DOMAIN_ALLOCATED \
	{ "allocated", TYPE_COUNT, IN(scenario_domain, allocated), .max = 65536, .word = "all", \
	  .preset = "all", \
	  .documentation = "how many of them are set up at the start; actions allocate the others" }
#define DOMAIN_RAISE(rows) \
	{ "raise", TYPE_MAP, IN(scenario_domain, arrivals), .section = &(rows), \
	  .documentation = "when they raise, once they are allocated" }

static const struct schema_key ims_keys[] = {
	DOMAIN_VECTORS("how many messages the store has room for"),
	DOMAIN_ALLOCATED,
	{ "store", TYPE_ENUM, IN(scenario_domain, store), .names = store_names, .preset = "slots",
	  .documentation = "where it keeps them" },
	{ "maskable", TYPE_BOOL, IN(scenario_domain, maskable),
	  .preset_note = "true for slots, false for a queue's context",
	  .documentation = "each has a mask bit; what is masked is lost, there are no pending bits" },
	{ "groups", TYPE_BOOL, IN(scenario_domain, groups), .preset = "false",
	  .documentation = "it is allocated and freed in groups" },
	DOMAIN_RAISE(ims_raise_section),
};
static const struct schema_section ims_section = { "devices[].ims", "ims", ROWS(ims_keys) };

static const struct schema_key platform_keys[] = {
	DOMAIN_VECTORS("how many platform MSIs the device has"),
	DOMAIN_ALLOCATED,
	{ "torn", TYPE_ENUM, IN(scenario_domain, torn), .names = torn_names, .preset = "mix",
	  .documentation = "what it sends while a message is half written; old: its write_msg is atomic" },
	{ "maskable", TYPE_BOOL, IN(scenario_domain, maskable), .preset = "false",
	  .documentation = "the device can mask them; what is masked is lost" },
	DOMAIN_RAISE(platform_raise_section),
};
static const struct schema_section platform_section = { "devices[].platform", "platform",
							ROWS(platform_keys) };

static const struct schema_key wired_keys[] = {
	DOMAIN_VECTORS("how many lines the device has into the bridge"),
	DOMAIN_ALLOCATED,
	DOMAIN_RAISE(wired_raise_section),
};
static const struct schema_section wired_section = { "devices[].wired", "wired", ROWS(wired_keys) };

static const struct schema_key vcpu_keys[] = {
	{ "name", TYPE_NAME, .required = true, IN(scenario_vcpu, name), .documentation = "what devices and actions call it" },
	{ "cpu", TYPE_CPU, .required = true, IN(scenario_vcpu, cpu), .zero_means = true,
	  .documentation = "the host's CPU that it runs on" },
	{ "apicv", TYPE_BOOL, IN(scenario_vcpu, apicv), .preset = "true",
	  .documentation = "its interrupts are virtualized at the start: delivered without leaving guest mode" },
	{ "run", TYPE_DURATION, IN(scenario_vcpu, run_ps), .min = US, .max = SCENARIO_DURATION_PS_MAX,
	  .preset_note = "for ever", .documentation = "how long it runs before it is preempted or blocks, in turn" },
	{ "preempt", TYPE_DURATION, IN(scenario_vcpu, preempt_ps), .min = 1, .max = SCENARIO_DURATION_PS_MAX,
	  .preset_note = "never", .documentation = "how long it is preempted then" },
	{ "block", TYPE_DURATION, IN(scenario_vcpu, block_ps), .min = 1, .max = SCENARIO_DURATION_PS_MAX,
	  .preset_note = "never", .documentation = "how long it is blocked then, if no interrupt wakes it before" },
	{ "durations", TYPE_ENUM, IN(scenario_vcpu, durations), .names = durations_names, .preset = "exponential",
	  .documentation = "what 'run', 'preempt' and 'block' are" },
};
static const struct schema_section vcpu_section = { "vcpus[]", "the vCPU", ROWS(vcpu_keys) };

static const struct schema_key device_keys[] = {
	{ "name", TYPE_NAME, .required = true, IN(scenario_device, group),
	  .documentation =
		  "what actions call it; with 'count' above 1 also the first part of each one's name" },
	{ "count", TYPE_COUNT, IN(scenario_device, group_count), .min = 1,
	  .max = SCENARIO_DEVICES_MAX, .preset = "1",
	  .documentation = "how many of it: name0, name1, ..." },
	{ "kind", TYPE_ENUM, .required = true, IN(scenario_device, kind), .names = kind_names,
	  .documentation = "how it holds its messages" },
	{ "torn", TYPE_ENUM, IN(scenario_device, torn), .names = torn_names, .preset = "mix",
	  .documentation = "what it sends while an unmasked message is half rewritten" },
	{ "maskable", TYPE_BOOL, IN(scenario_device, maskable),
	  .preset_note = "true for msix and ims, otherwise false",
	  .documentation = "its vectors have mask bits" },
	{ "pending_bits", TYPE_BOOL, IN(scenario_device, pending_bits),
	  .preset_note = "as 'maskable' for msi, true for msix, otherwise false",
	  .documentation = "a masked event is kept and sent on unmask" },
	{ "intx", TYPE_BOOL, IN(scenario_device, intx),
	  .preset_note = "true for msi and msix, otherwise false",
	  .documentation =
		  "raises go to the legacy line while MSI is disabled; otherwise they are lost" },
	{ "address_bits", TYPE_ENUM, IN(scenario_device, address_bits), .names = address_names,
	  .preset = "64", .documentation = "width of its message address" },
	{ "vectors", TYPE_COUNT, IN(scenario_device, vectors), .min = 1, .max = 65536,
	  .preset = "1",
	  .documentation =
		  "how many vectors it has: msi a power of two up to 32, msix up to 2048" },
	{ "allocated", TYPE_COUNT, IN(scenario_device, allocated), .max = 65536, .word = "all",
	  .preset = "all",
	  .documentation =
		  "how many of them are set up at the start; actions allocate the others" },
	{ "requested", TYPE_COUNT, IN(scenario_device, requested), .max = 65536, .word = "all",
	  .preset = "all", .zero_means = true,
	  .documentation = "how many of those have a handler at the start; the others are reserved" },
	{ "needed", TYPE_COUNT, IN(scenario_device, needed), .min = 1, .max = 65536, .word = "all",
	  .preset = "all",
	  .documentation = "how many of those will do where vectors are short; queues then share" },
	{ "falls_back", TYPE_BOOL, IN(scenario_device, falls_back), .preset = "false",
	  .documentation = "without enough MSI-X vectors one MSI will do, or INTx" },
	{ "groups", TYPE_BOOL, IN(scenario_device, groups), .preset = "false",
	  .documentation = "vectors are allocated and freed in groups, while others are in use" },
	{ "store", TYPE_ENUM, IN(scenario_device, store), .names = store_names, .preset = "slots",
	  .documentation = "where a device of kind ims keeps its messages" },
	{ "socket", TYPE_COUNT, IN(scenario_device, socket), .max = 63, .word = "dealt",
	  .preset = "dealt",
	  .documentation =
		  "the socket that it hangs from; dealt: devices in equal, consecutive shares" },
	{ "managed", TYPE_BOOL, IN(scenario_device, managed), .preset = "false",
	  .documentation = "its affinity is the kernel's, spread over the CPUs" },
	{ "handler", TYPE_DURATION, IN(scenario_device, handler_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX, .preset_note = "machine.timings.handler",
	  .documentation = "how long its handler runs" },
	{ "cpus", TYPE_CPU_LIST, IN(scenario_device, initial_cpus),
	  COUNTED(scenario_device, initial_cpus_count), .word = "all", .preset = "all",
	  .documentation = "the affinity that its vectors start with" },
	{ "monitored", TYPE_BOOL, IN(scenario_device, monitored), .preset = "false",
	  .documentation = "a monitor emulates its MSI capability: each write traps, and the "
			   "monitor's copy is what is sent" },
	{ "posted_to", TYPE_VCPU, IN(scenario_device, posted_to), .word = "host", .preset = "host",
	  .documentation = "the vCPU that its interrupts are posted to; host: they are the host's" },
	{ "guest_vector", TYPE_COUNT, IN(scenario_device, guest_vector), .min = 32, .max = 255,
	  .preset_note = "the vCPU's next free one from 48 on",
	  .documentation = "posted: the guest's vector for its vector 0; the others follow" },
	{ "raise", TYPE_MAP, IN(scenario_device, arrivals), .section = &raise_section,
	  .documentation = "when it raises" },
	{ "ims", TYPE_MAP, IN(scenario_device, ims), .section = &ims_section,
	  .documentation = "an interrupt message store beside its own kind of interrupts" },
	{ "platform", TYPE_MAP, IN(scenario_device, platform), .section = &platform_section,
	  .documentation = "platform MSIs beside its own kind of interrupts" },
	{ "wired", TYPE_MAP, IN(scenario_device, wired), .section = &wired_section,
	  .documentation = "wired lines beside its own kind of interrupts" },
};
static const struct schema_section device_section = { "devices[]", "the device",
						      ROWS(device_keys) };

static const struct schema_key action_keys[] = {
	{ "do", TYPE_ENUM, .required = true, IN(scenario_action, verb), .names = verb_names,
	  .documentation = "what the software does" },
	{ "device", TYPE_DEVICE, IN(scenario_action, device),
	  COUNTED(scenario_action, device_count),
	  .documentation = "to which device: a name, or that of a whole group" },
	{ "domain", TYPE_ENUM, IN(scenario_action, domain), .names = domain_names,
	  .preset = "first", .documentation = "which of the device's domains its vectors are of" },
	{ "vectors", TYPE_VECTORS, IN(scenario_action, vector_first),
	  COUNTED(scenario_action, vector_end), .word = "all", .preset = "all",
	  .documentation = "which of its vectors: 3, 0-7 or all" },
	{ "want", TYPE_COUNT, IN(scenario_action, want), .min = 1, .max = 65536,
	  .preset_note = "exactly those of 'vectors'",
	  .documentation = "allocate: so many of 'vectors', wherever there is room" },
	{ "at_least", TYPE_COUNT, IN(scenario_action, at_least), .min = 1, .max = 65536,
	  .preset_note = "all that are wanted",
	  .documentation = "allocate: how many will do where vectors are short" },
	{ "request", TYPE_BOOL, IN(scenario_action, request), .preset = "true",
	  .documentation = "allocate: with handlers; false: the vectors are reserved until a 'request'" },
	{ "group", TYPE_COUNT, IN(scenario_action, group), .max = 65535, .zero_means = true,
	  .preset_note = "those of 'vectors'",
	  .documentation = "free: the group of this number; allocate opens group 1, 2, ..." },
	{ "at", TYPE_DURATION, IN(scenario_action, at_ps), .max = SCENARIO_DURATION_PS_MAX,
	  .zero_means = true, .documentation = "once, at this time" },
	{ "every", TYPE_DURATION, IN(scenario_action, every_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX,
	  .documentation = "again and again, after each interval" },
	{ "rate", TYPE_RATE, IN(scenario_action, rate_hz), .max = SCENARIO_RATE_HZ_MAX,
	  .documentation = "again and again, at random times of this rate" },
	{ "start", TYPE_DURATION, IN(scenario_action, at_ps), .max = SCENARIO_DURATION_PS_MAX,
	  .preset_note = "one interval after the start of the run",
	  .documentation = "time of the first one (every, rate)" },
	{ "count", TYPE_COUNT, IN(scenario_action, count), .max = UINT32_MAX,
	  .preset_note = "0, for ever", .documentation = "how often at most (every, rate)" },
	{ "to", TYPE_TARGET, .preset = "round-robin",
	  .documentation =
		  "migrate: where to: round-robin, random, a CPU, or a list that is taken in turn" },
	{ "as_mask", TYPE_BOOL, IN(scenario_action, as_mask), .preset = "false",
	  .documentation = "migrate: the list of 'to' is one affinity mask, and the kernel chooses a CPU of it" },
	{ "cpus", TYPE_CPU_LIST, IN(scenario_action, target_cpus),
	  COUNTED(scenario_action, target_cpus_count), .word = "all", .preset = "all",
	  .documentation = "migrate: the CPUs that round-robin and random choose from" },
	{ "cpu", TYPE_CPU, IN(scenario_action, cpu), .word = "auto", .preset = "auto",
	  .documentation =
		  "offline: which CPU; auto: the one that the device's first vector is on. "
		  "online: which; auto: the one that went off line first" },
	{ "vcpu", TYPE_VCPU, IN(scenario_action, vcpu),
	  .documentation = "apicv-on, apicv-off: of which vCPU" },
	{ "on", TYPE_CPU, IN(scenario_action, on), .word = "any", .preset = "any",
	  .documentation = "the CPU that the software runs on; any: an online one but the target" },
};
static const struct schema_section action_section = { "actions[]", "the action",
						      ROWS(action_keys) };

static const struct schema_key check_keys[] = {
	{ "raises", TYPE_COUNT, IN(scenario_check, raises), .max = 16, .preset = "2",
	  .zero_means = true, .documentation = "raises of each device" },
	{ "migrations", TYPE_COUNT, IN(scenario_check, migrations), .max = 16, .preset = "1",
	  .zero_means = true, .documentation = "affinity changes of each device" },
	{ "stalls", TYPE_BOOL, IN(scenario_check, stalls), .preset = "false",
	  .documentation = "time-outs of commands are transitions too" },
	{ "expect", TYPE_CHECK_EXPECT, IN(scenario_check, expectations),
	  COUNTED(scenario_check, expectations_count),
	  .documentation = "verdicts that must come out: - x86-direct: stale sometimes" },
};
static const struct schema_section check_section = { "check", "check", ROWS(check_keys) };

static const struct schema_key recording_keys[] = {
	{ "file", TYPE_FILE, IN(scenario_recording, file), .preset_note = "needed where there is a recording",
	  .documentation = "the recording, as `msirace import` reads it, relative to the scenario" },
	{ "start", TYPE_FILE, IN(scenario_recording, start), .preset_note = "concluded from the recording",
	  .documentation =
		  "the allocator's state at its beginning: a .ktdump, or debugfs irq/domains/VECTOR" },
	{ "cpus", TYPE_COUNT, IN(scenario_recording, cpus), .min = 1, .max = SCENARIO_CPUS_MAX,
	  .preset_note = "as many as the recording shows",
	  .documentation = "number of CPUs of the recorded machine" },
	{ "snapshots", TYPE_FILE_LIST, IN(scenario_recording, snapshots),
	  COUNTED(scenario_recording, snapshots_count), .preset_note = "none",
	  .documentation = "states of the allocator (.ktdump) that the replay is compared with" },
};
static const struct schema_section recording_section = { "recording", "recording", ROWS(recording_keys) };

static const struct schema_key root_keys[] = {
	{ "name", TYPE_TEXT, IN(scenario, name), .preset_note = "the file's name",
	  .documentation = "what reports call the scenario" },
	{ "question", TYPE_TEXT, IN(scenario, question),
	  .documentation = "what the scenario asks" },
	{ "recording", TYPE_MAP, IN(scenario, recording), .section = &recording_section, .single = "file",
	  .preset_note = "none",
	  .documentation = "a recording of a real kernel, which run replays first; a single value is its 'file'" },
	{ "machine", TYPE_MAP, IN(scenario, machine), .section = &machine_section,
	  .documentation = "the computer" },
	{ "vcpus", TYPE_VCPUS, IN(scenario, vcpus), COUNTED(scenario, vcpus_count),
	  .section = &vcpu_section,
	  .documentation = "virtual CPUs of guests, to which devices post interrupts (remap vtd)" },
	{ "devices", TYPE_DEVICES, .required = true, IN(scenario, devices),
	  COUNTED(scenario, devices_count), .section = &device_section,
	  .documentation = "what raises interrupts" },
	{ "strategies", TYPE_STRATEGIES, .required = true, IN(scenario, contenders),
	  COUNTED(scenario, contenders_count),
	  .documentation = "the protocols to compare; names of different slots are joined by '+'" },
	{ "actions", TYPE_ACTIONS, IN(scenario, actions), COUNTED(scenario, actions_count),
	  .section = &action_section, .documentation = "what the software does to them" },
	{ "duration", TYPE_DURATION, .required = true, IN(scenario, duration_ps), .min = 1,
	  .max = SCENARIO_DURATION_PS_MAX,
	  .documentation = "simulated time during which devices raise" },
	{ "drain", TYPE_DURATION, IN(scenario, drain_ps), .max = SCENARIO_DURATION_PS_MAX,
	  .preset = "10ms", .zero_means = true,
	  .documentation = "simulated time after that, for what is still under way" },
	{ "replications", TYPE_COUNT, IN(scenario, replications), .min = 1, .max = 100000,
	  .preset = "5", .documentation = "independent runs of each strategy, for the intervals" },
	{ "seed", TYPE_COUNT64, IN(scenario, seed), .max = UINT64_MAX, .preset = "1",
	  .zero_means = true, .documentation = "of all random draws" },
	{ "expect", TYPE_EXPECT, IN(scenario, expectations), COUNTED(scenario, expectations_count),
	  .documentation = "what must come out: - x86-direct: stale > 0" },
	{ "sweep", TYPE_SWEEP, IN(scenario, sweep), COUNTED(scenario, sweep_count),
	  .documentation = "keys that take several values in turn, as PATH: [VALUE, ...]; several keys give the product" },
	{ "check", TYPE_MAP, IN(scenario, check), .section = &check_section,
	  .documentation = "the bounds and verdicts of `msirace check`" },
};
static const struct schema_section root_section = { "", "the scenario", ROWS(root_keys) };

const struct schema_section *schema_root(void)
{
	return &root_section;
}

const struct schema_key *schema_find(const struct schema_section *section, const char *name)
{
	for (size_t i = 0; i < section->keys_count; i++) {
		if (strcmp(section->keys[i].name, name) == 0) {
			return &section->keys[i];
		}
	}
	return NULL;
}

static void walk_section(const struct schema_section *section, schema_visit *visit, void *context)
{
	for (size_t i = 0; i < section->keys_count; i++) {
		const struct schema_key *key = &section->keys[i];
		g_autofree char *path = g_strdup_printf("%s%s%s", section->name,
							section->name[0] ? "." : "", key->name);
		visit(context, path, key);
		if (key->section) {
			walk_section(key->section, visit, context);
		}
	}
}

void schema_walk(schema_visit *visit, void *context)
{
	walk_section(&root_section, visit, context);
}

const char *schema_type_text(enum schema_type type)
{
	static const char *const texts[SCHEMA_TYPES] = {
		[TYPE_TEXT] = "text",
		[TYPE_NAME] = "name: letters, digits, '_' and '-', the first a letter",
		[TYPE_FILE] = "file name",
		[TYPE_BOOL] = "true or false",
		[TYPE_ENUM] = "one of a list",
		[TYPE_COUNT] = "whole number: 10 or 0xa",
		[TYPE_COUNT64] = "whole number: 10 or 0xa",
		[TYPE_CPU] = "CPU number",
		[TYPE_DURATION] = "duration with ps, ns, us, ms or s: 1.5us",
		[TYPE_RATE] = "rate with Hz, kHz or MHz: 100kHz",
		[TYPE_FRACTION] = "percentage: 25%",
		[TYPE_COUNT_LIST] = "list of whole numbers: [32, 0x80]",
		[TYPE_CPU_LIST] = "CPUs: 3, 0-3,8 or [0, 2]",
		[TYPE_DURATION_LIST] = "list of durations: [1ms, 2ms]",
		[TYPE_FILE_LIST] = "list of file names",
		[TYPE_DEVICE] = "name of a device or a group",
		[TYPE_VCPU] = "name of a vCPU",
		[TYPE_VECTORS] = "vectors: 3, 0-7",
		[TYPE_TARGET] = "round-robin, random, or CPUs",
		[TYPE_MAP] = "mapping",
		[TYPE_VCPUS] = "list of mappings",
		[TYPE_DEVICES] = "list of mappings",
		[TYPE_ACTIONS] = "list of mappings",
		[TYPE_STRATEGIES] = "list of strategy names: [x86-direct, vtd+timer]",
		[TYPE_EXPECT] = "list of STRATEGY: METRIC OPERATOR NUMBER",
		[TYPE_CHECK_EXPECT] = "list of STRATEGY: SUBJECT VERDICT",
		[TYPE_SWEEP] = "mapping of paths to lists of values",
	};

	return texts[type];
}

const char *schema_name_of(const struct schema_name *names, int value)
{
	for (; names->name; names++) {
		if (names->value == value) {
			return names->name;
		}
	}
	return NULL;
}

const char *schema_value_name(const char *section, const char *key, int value)
{
	const struct schema_key *row =
		schema_find(schema_find(schema_root(), section)->section, key);

	return schema_name_of(row->names, value);
}
