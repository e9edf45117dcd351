// SPDX-License-Identifier: MIT
#include "models/strategies/registry.h"

#include <string.h>

#include "models/strategies/operations.h"

extern const struct move_operations x86_direct, x86_direct_data_first, x86_direct_deferred, x86_msi_off, x86_masked;
extern const struct move_operations x86_tmp, x86_tmp_local, x86_tmp_no_check, x86_tmp_remote, x86_same_vector;
extern const struct move_operations x86_linux_5_6, x86_linux_6_1, x86_linux_6_1_as_commented;
extern const struct move_operations vtd_whole, vtd_split, vtd_no_flush;
extern const struct cleanup_operations cleanup_first_interrupt, cleanup_timer, cleanup_ipi, cleanup_immediate;
extern const struct hotplug_operations offline_scan, offline_no_scan, offline_early_disable, offline_leak;

extern const struct move_operations hyperv_reuse, hyperv_recompose;
extern const struct posted_operations posted, posted_no_sync, posted_clobber, posted_no_recompute;
extern const struct setup_operations setup_recheck, setup_unlocked;
extern const struct swap_operations swap_free_request, swap_disable_update;
extern const struct monitor_operations monitor_every_write, monitor_control_only;

#define X86 NEEDS(ARCH_X86)
#define PLAIN NEEDS(REMAP_NONE)
#define PCI (NEEDS(DEVICE_MSI) | NEEDS(DEVICE_MSIX))

#define MOVE(name, family, summary, remaps, kinds, masking, operations) \
	{ name, SLOT_MOVE, family, summary, X86, remaps, kinds, masking, operations }
#define OTHER(name, slot, family, summary, operations) \
	{ name, slot, family, summary, X86, NEEDS_ANY, NEEDS_ANY, MASKING_ANY, operations }

static const char not_remapped[] = "x86, not remapped";
static const char remapped[] = "x86, remapped";
static const char cleanup[] = "clean-up of the old vector";
static const char hotplug[] = "CPU offline";

static const char hypervisor[] = "interrupts of guests";
static const char entry[] = "interrupt entry";

#define POSTED(name, summary, operations) \
	{ name, SLOT_POSTED, hypervisor, summary, X86, NEEDS(REMAP_VTD), NEEDS_ANY, MASKING_ANY, operations }

static const struct strategy registry[] = {
	MOVE("x86-direct", not_remapped, "address, then data, from any CPU", PLAIN, PCI, MASKING_ANY, &x86_direct),
	MOVE("x86-direct-data-first", not_remapped, "data, then address, from any CPU", PLAIN, PCI, MASKING_ANY,
	     &x86_direct_data_first),
	MOVE("x86-direct-deferred", not_remapped, "address, then data, in the interrupt's acknowledge on the old CPU",
	     PLAIN, PCI, MASKING_ANY, &x86_direct_deferred),
	MOVE("x86-msi-off", not_remapped, "MSI disabled around the rewrite", PLAIN, PCI, MASKING_ANY, &x86_msi_off),
	MOVE("x86-masked", not_remapped, "vector masked around the rewrite", PLAIN, PCI, MASKING_REQUIRED, &x86_masked),
	MOVE("x86-tmp", not_remapped, "temporary message in the acknowledge, IRR check, retrigger", PLAIN, PCI,
	     MASKING_ANY, &x86_tmp),
	MOVE("x86-tmp-local", not_remapped, "temporary message, IRR check, retrigger, on the old CPU in process context",
	     PLAIN, PCI, MASKING_ANY, &x86_tmp_local),
	MOVE("x86-tmp-no-check", not_remapped, "the same without the IRR check", PLAIN, PCI, MASKING_ANY,
	     &x86_tmp_no_check),
	MOVE("x86-tmp-remote", not_remapped, "temporary message and IRR check from another CPU", PLAIN, PCI, MASKING_ANY,
	     &x86_tmp_remote),
	MOVE("x86-same-vector", not_remapped, "the same vector on the new CPU, so only the address changes", PLAIN, PCI,
	     MASKING_ANY, &x86_same_vector),
	MOVE("x86-linux-5.6", not_remapped, "Linux before 6f1a4891a592: always direct, in the acknowledge", PLAIN, PCI,
	     MASKING_ANY, &x86_linux_5_6),
	MOVE("x86-linux-6.1", not_remapped, "Linux 6.1 and 6.7 on, as written: direct unless the MSI can be masked",
	     PLAIN, PCI, MASKING_ANY, &x86_linux_6_1),
	MOVE("x86-linux-6.1-as-commented", not_remapped, "the same with the test as its comment has it: direct if it can",
	     PLAIN, PCI, MASKING_ANY, &x86_linux_6_1_as_commented),
	MOVE("vtd", remapped, "remap entry in one store, then invalidate and wait", NEEDS(REMAP_VTD), PCI, MASKING_ANY,
	     &vtd_whole),
	MOVE("vtd-split", remapped, "remap entry in two 32-bit stores, then invalidate and wait", NEEDS(REMAP_VTD), PCI,
	     MASKING_ANY, &vtd_split),
	MOVE("vtd-no-flush", remapped, "remap entry in one store, without the invalidation", NEEDS(REMAP_VTD), PCI,
	     MASKING_ANY, &vtd_no_flush),
	MOVE("hyperv-reuse", remapped, "the hypervisor retargets the entry, message and block stay", NEEDS(REMAP_HYPERV), PCI,
	     MASKING_ANY, &hyperv_reuse),
	MOVE("hyperv-recompose", remapped, "Linux before b4b77778ecc5: the block of entries is freed and allocated again",
	     NEEDS(REMAP_HYPERV), PCI, MASKING_ANY, &hyperv_recompose),
	OTHER("first-interrupt", SLOT_CLEANUP, cleanup, "a timer, armed by the first interrupt on the new CPU",
	      &cleanup_first_interrupt),
	OTHER("timer", SLOT_CLEANUP, cleanup, "a timer, armed at the end of the move", &cleanup_timer),
	OTHER("ipi", SLOT_CLEANUP, cleanup, "an IPI, sent by the first interrupt on the new CPU", &cleanup_ipi),
	OTHER("immediate", SLOT_CLEANUP, cleanup, "at the end of the move, whatever is under way", &cleanup_immediate),
	OTHER("offline-scan", SLOT_HOTPLUG, hotplug, "pending vectors are found in the IRR and retriggered", &offline_scan),
	OTHER("offline-no-scan", SLOT_HOTPLUG, hotplug, "pending vectors are left behind", &offline_no_scan),
	OTHER("offline-early-disable", SLOT_HOTPLUG, hotplug,
	      "Linux before 52d6b926aabc: the APIC is disabled before the interrupts move", &offline_early_disable),
	OTHER("offline-leak", SLOT_HOTPLUG, hotplug,
	      "Linux before a6c11c0a5235 (CVE-2024-31076): old vectors on the dying CPU are never freed", &offline_leak),
	OTHER("setup-recheck", SLOT_SETUP, entry, "a slot without a descriptor is read again under the vector lock",
	      &setup_recheck),
	OTHER("setup-unlocked", SLOT_SETUP, entry, "Linux before ce0b5eedcb75: it is cleared by what was read without the lock",
	      &setup_unlocked),
	POSTED("posted", "posted to vCPUs; the PIR is looked at before each VM entry", &posted),
	POSTED("posted-no-sync", "Linux before 37c4dbf337c5: no look at the PIR while APICv is off", &posted_no_sync),
	POSTED("posted-clobber", "Linux before 688124cc541f: a host affinity write replaces the vCPU's entry",
	       &posted_clobber),
	POSTED("posted-no-recompute", "Linux before c112b5f50232: ON stays clear when notifications are allowed again",
	       &posted_no_recompute),
	OTHER("swap-disable", SLOT_SWAP, hypervisor, "event counter replaced while the interrupt is disabled",
	      &swap_disable_update),
	OTHER("swap-free", SLOT_SWAP, hypervisor, "interrupt freed and requested again with the new event counter",
	      &swap_free_request),
	OTHER("monitor-every-write", SLOT_MONITOR, hypervisor, "each write of the MSI capability refreshes the monitor's copy",
	      &monitor_every_write),
	OTHER("monitor-control-only", SLOT_MONITOR, hypervisor,
	      "FreeBSD before D24593: only a write of the control register does", &monitor_control_only),
};

const struct strategy *strategy_registry(size_t *count)
{
	*count = sizeof(registry) / sizeof(registry[0]);
	return registry;
}

const struct strategy *strategy_find(const char *name)
{
	for (size_t i = 0; i < sizeof(registry) / sizeof(registry[0]); i++) {
		if (!strcmp(registry[i].name, name)) {
			return &registry[i];
		}
	}
	return NULL;
}

const struct strategy *strategy_default(enum strategy_slot slot, enum machine_arch arch, enum machine_remap remap)
{
	(void)arch;
	switch (slot) {
	case SLOT_MOVE:
		if (remap == REMAP_HYPERV) {
			return strategy_find("hyperv-reuse");
		}
		return strategy_find(remap == REMAP_VTD ? "vtd" : "x86-tmp");
	case SLOT_CLEANUP:
		return strategy_find(remap == REMAP_VTD ? "timer" : "first-interrupt");
	case SLOT_HOTPLUG:
		return strategy_find("offline-scan");
	case SLOT_POSTED:
		return remap == REMAP_VTD ? strategy_find("posted") : NULL;
	case SLOT_SETUP:
		return strategy_find("setup-recheck");
	case SLOT_SWAP:
		return strategy_find("swap-disable");
	case SLOT_MONITOR:
		return strategy_find("monitor-every-write");
	case SLOT_ALLOCATION:
	case STRATEGY_SLOTS:
		break;
	}
	return NULL;
}
