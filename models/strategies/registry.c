// SPDX-License-Identifier: MIT
#include "models/strategies/registry.h"

#include <string.h>

#include "models/strategies/operations.h"

extern const struct move_operations x86_direct, x86_direct_data_first, x86_direct_deferred, x86_msi_off, x86_masked;
extern const struct move_operations x86_tmp, x86_tmp_local, x86_tmp_no_check, x86_tmp_remote, x86_same_vector;
extern const struct move_operations x86_linux_5_6, x86_linux_6_1, x86_linux_6_1_as_commented;
extern const struct move_operations vtd_whole, vtd_split, vtd_no_flush;
extern const struct cleanup_operations cleanup_first_interrupt, cleanup_timer, cleanup_ipi, cleanup_immediate;
extern const struct allocation_operations allocation_batch, allocation_dynamic, allocation_group_disable;
extern const struct allocation_operations allocation_group_live, allocation_qemu_realloc, allocation_qemu_deferred;
extern const struct allocation_operations allocation_qemu_dynamic, allocation_ims, allocation_reboot_leak;
extern const struct allocation_operations allocation_reboot_free;
extern const struct hotplug_operations offline_scan, offline_no_scan, offline_early_disable, offline_leak;

#define X86 NEEDS(ARCH_X86)
#define PLAIN NEEDS(REMAP_NONE)
#define PCI (NEEDS(DEVICE_MSI) | NEEDS(DEVICE_MSIX))
/* What has a message of its own that a move rewrites; IMS is not among them: it exists behind a remap table only. */
#define REWRITTEN (PCI | NEEDS(DEVICE_PLATFORM) | NEEDS(DEVICE_WIRED))

#define MOVE(name, family, summary, remaps, kinds, masking, operations) \
	{ name, SLOT_MOVE, family, summary, X86, remaps, kinds, masking, operations }
#define OTHER(name, slot, family, summary, operations) \
	{ name, slot, family, summary, X86, NEEDS_ANY, NEEDS_ANY, MASKING_ANY, operations }

static const char not_remapped[] = "x86, not remapped";
static const char remapped[] = "x86, remapped";
static const char cleanup[] = "clean-up of the old vector";
static const char hotplug[] = "CPU offline";
static const char allocation[] = "vectors at run time";

static const struct strategy registry[] = {
	MOVE("x86-direct", not_remapped, "address, then data, from any CPU", PLAIN, REWRITTEN, MASKING_ANY, &x86_direct),
	MOVE("x86-direct-data-first", not_remapped, "data, then address, from any CPU", PLAIN, REWRITTEN, MASKING_ANY,
	     &x86_direct_data_first),
	MOVE("x86-direct-deferred", not_remapped, "address, then data, in the interrupt's acknowledge on the old CPU",
	     PLAIN, REWRITTEN, MASKING_ANY, &x86_direct_deferred),
	MOVE("x86-msi-off", not_remapped, "MSI disabled around the rewrite", PLAIN, PCI, MASKING_ANY, &x86_msi_off),
	MOVE("x86-masked", not_remapped, "vector masked around the rewrite", PLAIN, REWRITTEN, MASKING_REQUIRED, &x86_masked),
	MOVE("x86-tmp", not_remapped, "temporary message in the acknowledge, IRR check, retrigger", PLAIN, REWRITTEN,
	     MASKING_ANY, &x86_tmp),
	MOVE("x86-tmp-local", not_remapped, "temporary message, IRR check, retrigger, on the old CPU in process context",
	     PLAIN, REWRITTEN, MASKING_ANY, &x86_tmp_local),
	MOVE("x86-tmp-no-check", not_remapped, "the same without the IRR check", PLAIN, REWRITTEN, MASKING_ANY,
	     &x86_tmp_no_check),
	MOVE("x86-tmp-remote", not_remapped, "temporary message and IRR check from another CPU", PLAIN, REWRITTEN, MASKING_ANY,
	     &x86_tmp_remote),
	MOVE("x86-same-vector", not_remapped, "the same vector on the new CPU, so only the address changes", PLAIN, REWRITTEN,
	     MASKING_ANY, &x86_same_vector),
	MOVE("x86-linux-5.6", not_remapped, "Linux before 6f1a4891a592: always direct, in the acknowledge", PLAIN, PCI,
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
	OTHER("batch", SLOT_ALLOCATION, allocation, "all before the function is enabled; refused afterwards",
	      &allocation_batch),
	OTHER("dynamic", SLOT_ALLOCATION, allocation, "Linux 6.2: one entry each, masked until written, function enabled",
	      &allocation_dynamic),
	OTHER("ims", SLOT_ALLOCATION, allocation,
	      "Linux 6.2: from the device's interrupt message store, at whatever slot is free", &allocation_ims),
	OTHER("group-disable", SLOT_ALLOCATION, allocation,
	      "MSI-X groups as first sent in 2019: function disabled meanwhile, and after an error",
	      &allocation_group_disable),
	OTHER("group-live", SLOT_ALLOCATION, allocation, "MSI-X groups with the function enabled throughout",
	      &allocation_group_live),
	OTHER("qemu-realloc", SLOT_ALLOCATION, allocation,
	      "monitor without dynamic MSI-X: release and re-allocate all, once for each vector", &allocation_qemu_realloc),
	OTHER("qemu-deferred", SLOT_ALLOCATION, allocation, "the same, once for all new vectors",
	      &allocation_qemu_deferred),
	OTHER("qemu-dynamic", SLOT_ALLOCATION, allocation, "monitor with dynamic MSI-X: one call for one vector",
	      &allocation_qemu_dynamic),
	OTHER("reboot-leak", SLOT_ALLOCATION, allocation,
	      "Xen before XSA-360 (CVE-2021-3308): a guest's reboot leaves its vectors behind", &allocation_reboot_leak),
	OTHER("reboot-free", SLOT_ALLOCATION, allocation,
	      "the same with its fix: the reboot gives the vectors back", &allocation_reboot_free),
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
		return strategy_find(remap == REMAP_VTD ? "vtd" : "x86-tmp");
	case SLOT_CLEANUP:
		return strategy_find(remap == REMAP_VTD ? "timer" : "first-interrupt");
	case SLOT_HOTPLUG:
		return strategy_find("offline-scan");
	case SLOT_ALLOCATION:
		return strategy_find("dynamic");
	case STRATEGY_SLOTS:
		break;
	}
	return NULL;
}
