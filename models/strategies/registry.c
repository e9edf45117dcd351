// SPDX-License-Identifier: MIT
#include "models/strategies/registry.h"

#include <string.h>

#include "models/strategies/operations.h"

extern const struct move_operations x86_direct, x86_direct_data_first, x86_direct_deferred,
	x86_msi_off, x86_masked;
extern const struct move_operations x86_tmp, x86_tmp_local, x86_tmp_no_check, x86_tmp_remote,
	x86_same_vector;
extern const struct move_operations x86_linux_5_6, x86_linux_6_1, x86_linux_6_1_as_commented;
extern const struct move_operations vtd_whole, vtd_split, vtd_no_flush;
extern const struct move_operations amd_whole, amd_split;
extern const struct move_operations its_movi, its_no_resend, v2m_route, mbi_route;
extern const struct cleanup_operations cleanup_first_interrupt, cleanup_timer, cleanup_ipi,
	cleanup_immediate;
extern const struct allocation_operations allocation_batch, allocation_dynamic,
	allocation_group_disable;
extern const struct allocation_operations allocation_group_live, allocation_qemu_realloc,
	allocation_qemu_deferred;
extern const struct allocation_operations allocation_qemu_dynamic, allocation_ims,
	allocation_reboot_leak;
extern const struct allocation_operations allocation_reboot_free, allocation_dynamic_fewer;
extern const struct cleanup_operations cleanup_no_old_vector;
extern const struct move_operations imsic_direct, imsic_lazy, imsic_tmp_remote, imsic_tmp;
extern const struct move_operations imsic_iommu, imsic_iommu_no_fence, imsic_mrif,
	imsic_mrif_early_merge;
extern const struct cleanup_operations imsic_sync_timer, imsic_sync_timer_wrong_cpu;
extern const struct hotplug_operations offline_imsic;
extern const struct hotplug_operations offline_scan, offline_no_scan, offline_early_disable,
	offline_leak;
extern const struct hotplug_operations offline_migrate;
extern const struct move_operations hyperv_reuse, hyperv_recompose;
extern const struct posted_operations posted, posted_no_sync, posted_clobber, posted_no_recompute;
extern const struct setup_operations setup_recheck, setup_unlocked;
extern const struct swap_operations swap_free_request, swap_disable_update;
extern const struct monitor_operations monitor_every_write, monitor_control_only;

#define X86 NEEDS(ARCH_X86)
#define PLAIN NEEDS(REMAP_NONE)
#define PCI (NEEDS(DEVICE_MSI) | NEEDS(DEVICE_MSIX))
/*
 * What has a message of its own that a move rewrites; IMS is not among them: it exists behind a
 * remap table only.
 */
#define REWRITTEN (PCI | NEEDS(DEVICE_PLATFORM) | NEEDS(DEVICE_WIRED))

#define MOVE(name, family, summary, remaps, kinds, masking, operations) \
	{ name, SLOT_MOVE, family, summary, X86, remaps, kinds, masking, operations, 0 }
#define OTHER(name, slot, family, summary, operations) \
	{ name, slot, family, summary, X86, NEEDS_ANY, NEEDS_ANY, MASKING_ANY, operations, 0 }

#define ALLOCATION(name, summary, operations) \
	{ name, SLOT_ALLOCATION, allocation, summary, NEEDS_ANY, NEEDS_ANY, NEEDS_ANY, MASKING_ANY, operations, 0 }
#define ARM(name, slot, family, summary, remaps, kinds, operations, cpus_max) \
	{ name, slot, family, summary, NEEDS(ARCH_ARM), remaps, kinds, MASKING_ANY, operations, cpus_max }

#define IMSIC(name, remap, summary, operations) \
	{ name, SLOT_MOVE, (remap) == REMAP_NONE ? imsic : imsic_remapped, summary, NEEDS(ARCH_RISCV), NEEDS(remap), PCI, \
	  MASKING_ANY, operations }
#define RISCV(name, slot, family, summary, operations) \
	{ name, slot, family, summary, NEEDS(ARCH_RISCV), NEEDS_ANY, NEEDS_ANY, MASKING_ANY, operations }

static const char imsic[] = "RISC-V";
static const char imsic_remapped[] = "RISC-V, IOMMU";
static const char not_remapped[] = "x86, not remapped";
static const char remapped[] = "x86, remapped";
static const char arm[] = "Arm";
static const char cleanup[] = "clean-up of the old vector";
static const char hotplug[] = "CPU offline";
static const char allocation[] = "vectors at run time";
static const char hypervisor[] = "interrupts of guests";
static const char entry[] = "interrupt entry";

#define POSTED(name, summary, operations) \
	{ name, SLOT_POSTED, hypervisor, summary, X86, NEEDS(REMAP_VTD), NEEDS_ANY, MASKING_ANY, \
	  operations, 0 }
#define MONITOR(name, summary, operations) \
	{ name, SLOT_MONITOR, hypervisor, summary, NEEDS_ANY, NEEDS_ANY, NEEDS_ANY, MASKING_ANY, \
	  operations, 0 }

static const struct strategy registry[] = {
	MOVE("x86-direct", not_remapped, "address, then data, from any CPU", PLAIN, REWRITTEN, MASKING_ANY, &x86_direct),
	MOVE("x86-direct-data-first", not_remapped, "data, then address, from any CPU", PLAIN, REWRITTEN, MASKING_ANY,
	     &x86_direct_data_first),
	MOVE("x86-direct-deferred", not_remapped, "address, then data",
	     PLAIN, REWRITTEN, MASKING_ANY, &x86_direct_deferred),
	MOVE("x86-msi-off", not_remapped, "MSI disabled around the rewrite", PLAIN, PCI, MASKING_ANY, &x86_msi_off),
	MOVE("x86-masked", not_remapped, "vector masked around the rewrite", PLAIN, REWRITTEN, MASKING_REQUIRED, &x86_masked),
	MOVE("x86-tmp", not_remapped, "temporary message, IRR check, retrigger", PLAIN, REWRITTEN,
	     MASKING_ANY, &x86_tmp),
	MOVE("x86-tmp-local", not_remapped, "temporary message, IRR check, retrigger",
	     PLAIN, REWRITTEN, MASKING_ANY, &x86_tmp_local),
	MOVE("x86-tmp-no-check", not_remapped, "the same without the IRR check", PLAIN, REWRITTEN, MASKING_ANY,
	     &x86_tmp_no_check),
	MOVE("x86-tmp-remote", not_remapped, "temporary message and IRR check from another CPU", PLAIN, REWRITTEN, MASKING_ANY,
	     &x86_tmp_remote),
	MOVE("x86-same-vector", not_remapped, "the same vector on the new CPU, so only the address changes", PLAIN, REWRITTEN,
	     MASKING_ANY, &x86_same_vector),
	MOVE("x86-linux-5.6", not_remapped, "Linux before 6f1a4891a592: always direct", PLAIN, PCI,
	     MASKING_ANY, &x86_linux_5_6),
	MOVE("x86-linux-6.1", not_remapped, "Linux 6.1 and 6.7 on, as written: direct unless the MSI can be masked",
	     PLAIN, PCI, MASKING_ANY, &x86_linux_6_1),
	MOVE("x86-linux-6.1-as-commented", not_remapped, "the same with the test as its comment has it: direct if it can",
	     PLAIN, PCI, MASKING_ANY, &x86_linux_6_1_as_commented),
	MOVE("vtd", remapped, "remap entry in one store, then invalidate and wait", NEEDS(REMAP_VTD), NEEDS_ANY, MASKING_ANY,
	     &vtd_whole),
	MOVE("vtd-split", remapped, "remap entry in two 32-bit stores, then invalidate and wait", NEEDS(REMAP_VTD), NEEDS_ANY,
	     MASKING_ANY, &vtd_split),
	MOVE("vtd-no-flush", remapped, "remap entry in one store, without the invalidation", NEEDS(REMAP_VTD), NEEDS_ANY,
	     MASKING_ANY, &vtd_no_flush),
	{ "amd-32", SLOT_MOVE, remapped, "32-bit entry in one store, then invalidate and wait", X86, NEEDS(REMAP_AMDVI),
	  PCI, MASKING_ANY, &amd_whole, 255 },
	MOVE("amd-ga", remapped, "128-bit entry in one compare-exchange, then invalidate and wait", NEEDS(REMAP_AMDVI),
	     PCI, MASKING_ANY, &amd_whole),
	MOVE("amd-split", remapped, "Linux before e52d58d54a32: 128-bit entry off, two halves, on; invalidate and wait",
	     NEEDS(REMAP_AMDVI), PCI, MASKING_ANY, &amd_split),
	ARM("its-movi", SLOT_MOVE, arm, "MOVI, SYNC; an LPI that comes while its handler runs elsewhere is sent again",
	    NEEDS(REMAP_ITS), NEEDS_ANY, &its_movi, 0),
	ARM("its-no-resend", SLOT_MOVE, arm, "Linux before 9c15eeb5362c: MOVI, SYNC, and such an LPI is dropped",
	    NEEDS(REMAP_ITS), NEEDS_ANY, &its_no_resend, 0),
	ARM("v2m", SLOT_MOVE, arm, "GICv2m: the SPI's target byte in the distributor, in one write", NEEDS(REMAP_V2M),
	    NEEDS_ANY, &v2m_route, 8),
	ARM("mbi", SLOT_MOVE, arm, "GICv3 MBI: the SPI disabled, its route rewritten, enabled", NEEDS(REMAP_V2M),
	    NEEDS_ANY, &mbi_route, 0),
	IMSIC("imsic-direct", REMAP_NONE, "address, then data, from any CPU; harts synchronise as in Linux 6.15", &imsic_direct),
	IMSIC("imsic-lazy", REMAP_NONE, "Linux 6.10 to 6.14: address, then data, from any CPU; harts synchronise by timers",
	      &imsic_lazy),
	IMSIC("imsic-tmp-remote", REMAP_NONE, "temporary message {old hart, new identity}, from any CPU", &imsic_tmp_remote),
	IMSIC("imsic-tmp", REMAP_NONE, "Linux 6.15: temporary message {old hart, new identity}", &imsic_tmp),
	IMSIC("imsic-iommu", REMAP_RISCV_IOMMU, "MSI page table entry in one store, then IOTINVAL and IOFENCE", &imsic_iommu),
	IMSIC("imsic-iommu-no-fence", REMAP_RISCV_IOMMU, "the same without IOTINVAL and IOFENCE", &imsic_iommu_no_fence),
	IMSIC("imsic-mrif", REMAP_RISCV_IOMMU, "by way of a memory-resident file, merged after the second fence", &imsic_mrif),
	IMSIC("imsic-mrif-early-merge", REMAP_RISCV_IOMMU, "the same, merged before the second fence",
	      &imsic_mrif_early_merge),
	MOVE("hyperv-reuse", remapped, "the hypervisor retargets the entry, message and block stay", NEEDS(REMAP_HYPERV), PCI,
	     MASKING_ANY, &hyperv_reuse),
	MOVE("hyperv-recompose", remapped, "Linux before b4b77778ecc5: the block of entries is freed and allocated again",
	     NEEDS(REMAP_HYPERV), PCI, MASKING_ANY, &hyperv_recompose),
	OTHER("first-interrupt", SLOT_CLEANUP, cleanup, "a timer, armed by the first interrupt on the new CPU",
	      &cleanup_first_interrupt),
	OTHER("timer", SLOT_CLEANUP, cleanup, "a timer, armed at the end of the move", &cleanup_timer),
	OTHER("ipi", SLOT_CLEANUP, cleanup, "Linux before 6.6: an IPI, sent by the first interrupt on the new CPU, behind a remap table by the move", &cleanup_ipi),
	OTHER("immediate", SLOT_CLEANUP, cleanup, "at the end of the move, whatever is under way", &cleanup_immediate),
	ARM("no-old-vector", SLOT_CLEANUP, cleanup, "an LPI or SPI is the same on every CPU: a move leaves none", NEEDS_ANY,
	    NEEDS_ANY, &cleanup_no_old_vector, 0),
	RISCV("sync-timer", SLOT_CLEANUP, cleanup, "each hart synchronises its file by a timer, within two ticks", &imsic_sync_timer),
	RISCV("sync-timer-wrong-cpu", SLOT_CLEANUP, cleanup,
	      "Linux 6.15 before 08fb624802d8: the timer is added on the CPU that moves the interrupt",
	      &imsic_sync_timer_wrong_cpu),
	OTHER("offline-scan", SLOT_HOTPLUG, hotplug, "pending vectors are found in the IRR and retriggered", &offline_scan),
	OTHER("offline-no-scan", SLOT_HOTPLUG, hotplug, "pending vectors are left behind", &offline_no_scan),
	OTHER("offline-early-disable", SLOT_HOTPLUG, hotplug,
	      "Linux before 52d6b926aabc: the APIC is disabled before the interrupts move", &offline_early_disable),
	OTHER("offline-leak", SLOT_HOTPLUG, hotplug,
	      "Linux before a6c11c0a5235 (CVE-2024-31076): old vectors on the dying CPU are never freed", &offline_leak),
	RISCV("offline-imsic", SLOT_HOTPLUG, hotplug, "pending identities stay in the file until the hart is back",
	      &offline_imsic),
	ALLOCATION("batch", "all before the function is enabled; refused afterwards",
	      &allocation_batch),
	ALLOCATION("dynamic", "Linux 6.2: one entry each, masked until written, function enabled",
	      &allocation_dynamic),
	ALLOCATION("dynamic-fewer", "the same by a driver that is content with fewer where vectors are short",
	      &allocation_dynamic_fewer),
	OTHER("ims", SLOT_ALLOCATION, allocation,
	      "Linux 6.2: from the device's interrupt message store, at whatever slot is free", &allocation_ims),
	ALLOCATION("group-disable",
	      "MSI-X groups as first sent in 2019: function disabled meanwhile, and after an error",
	      &allocation_group_disable),
	ALLOCATION("group-live", "MSI-X groups with the function enabled throughout",
	      &allocation_group_live),
	ALLOCATION("qemu-realloc",
	      "monitor without dynamic MSI-X: release and re-allocate all, once for each vector", &allocation_qemu_realloc),
	ALLOCATION("qemu-deferred", "the same, once for all new vectors",
	      &allocation_qemu_deferred),
	ALLOCATION("qemu-dynamic", "monitor with dynamic MSI-X: one call for one vector",
	      &allocation_qemu_dynamic),
	OTHER("reboot-leak", SLOT_ALLOCATION, allocation,
	      "Xen before XSA-360 (CVE-2021-3308): a guest's reboot leaves its vectors behind", &allocation_reboot_leak),
	OTHER("reboot-free", SLOT_ALLOCATION, allocation,
	      "the same with its fix: the reboot gives the vectors back", &allocation_reboot_free),
	ARM("offline-migrate", SLOT_HOTPLUG, hotplug, "the GIC takes what is pending along to the new CPU", NEEDS_ANY,
	    NEEDS_ANY, &offline_migrate, 0),
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
	MONITOR("monitor-every-write",
		"each write of the MSI capability refreshes the monitor's copy", &monitor_every_write),
	MONITOR("monitor-control-only",
		"FreeBSD before D24593: only a write of the control register does",
		&monitor_control_only),
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

const char *strategy_context(const struct strategy *strategy)
{
	const struct move_operations *move = strategy->operations;

	if (strategy->slot != SLOT_MOVE) {
		return "";
	}
	switch (move->context) {
	case MOVE_ON_OLD_CPU:
		return ", on the old CPU in process context";
	case MOVE_IN_ACKNOWLEDGE:
		return ", in the acknowledge on the old CPU";
	case MOVE_ANYWHERE:
		break;
	}
	return "";
}

/*
 * What a contender gets where it names nothing. NULL: the machine has no use for the slot, or does
 * without.
 */
static const struct defaults {
	enum machine_arch arch;
	enum machine_remap remap;
	const char *slot[STRATEGY_SLOTS];
} defaults[] = {
	{ ARCH_X86, REMAP_NONE, {
		[SLOT_MOVE] = "x86-tmp", [SLOT_CLEANUP] = "first-interrupt",
		[SLOT_HOTPLUG] = "offline-scan", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_SWAP] = "swap-disable", [SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_X86, REMAP_VTD, {
		[SLOT_MOVE] = "vtd", [SLOT_CLEANUP] = "timer",
		[SLOT_HOTPLUG] = "offline-scan", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_POSTED] = "posted", [SLOT_SWAP] = "swap-disable",
		[SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_X86, REMAP_AMDVI, {
		[SLOT_MOVE] = "amd-ga", [SLOT_CLEANUP] = "timer",
		[SLOT_HOTPLUG] = "offline-scan", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_SWAP] = "swap-disable", [SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_X86, REMAP_HYPERV, {
		[SLOT_MOVE] = "hyperv-reuse", [SLOT_CLEANUP] = "first-interrupt",
		[SLOT_HOTPLUG] = "offline-scan", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_SWAP] = "swap-disable", [SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_RISCV, REMAP_NONE, {
		[SLOT_MOVE] = "imsic-tmp", [SLOT_CLEANUP] = "sync-timer",
		[SLOT_HOTPLUG] = "offline-imsic", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_RISCV, REMAP_RISCV_IOMMU, {
		[SLOT_MOVE] = "imsic-iommu", [SLOT_CLEANUP] = "sync-timer",
		[SLOT_HOTPLUG] = "offline-imsic", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_ARM, REMAP_ITS, {
		[SLOT_MOVE] = "its-movi", [SLOT_CLEANUP] = "no-old-vector",
		[SLOT_HOTPLUG] = "offline-migrate", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_MONITOR] = "monitor-every-write" } },
	{ ARCH_ARM, REMAP_V2M, {
		[SLOT_MOVE] = "v2m", [SLOT_CLEANUP] = "no-old-vector",
		[SLOT_HOTPLUG] = "offline-migrate", [SLOT_ALLOCATION] = "dynamic",
		[SLOT_MONITOR] = "monitor-every-write" } },
};

const struct strategy *strategy_default(enum strategy_slot slot, enum machine_arch arch,
					enum machine_remap remap)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i].arch == arch && defaults[i].remap == remap) {
			const char *name = defaults[i].slot[slot];

			return name ? strategy_find(name) : NULL;
		}
	}
	return NULL;
}
