// SPDX-License-Identifier: MIT
#include "models/os/hierarchy.h"

#include <stddef.h>

/* Where the message stays: irq_chip_set_affinity_parent(), the default of a hierarchy. */
static const char asks_parent[] = "asks the parent; the message stays";

static const struct {
	const char *name;
	const char *set_affinity;
} units[] = {
	[REMAP_VTD] = { "Intel VT-d remapping", NULL },
	[REMAP_AMDVI] = { "AMD-Vi remapping", NULL },
	[REMAP_RISCV_IOMMU] = { "RISC-V IOMMU, MSI page table", NULL },
	[REMAP_ITS] = { "GICv3 ITS", NULL },
	[REMAP_V2M] = { "GICv2m frame", asks_parent },
	[REMAP_HYPERV] = { "Hyper-V interrupt remapping", NULL },
};

/* The root where something is above it, and where it is the device's own parent. */
static const struct {
	const char *name;
	const char *below_remap;
	const char *plain;
} roots[] = {
	[ARCH_X86] = { "x86 vectors", "assigns a vector on a CPU of the mask", "assigns a vector on a CPU of the mask" },
	[ARCH_RISCV] = { "IMSIC identities", "assigns an identity in a hart's file", NULL },
	[ARCH_ARM] = { "GIC", "LPIs: the collection names the CPU", NULL },
};

static const char *device_name(enum device_kind kind, bool indexless)
{
	static const char *const names[] = {
		[DEVICE_MSI] = "PCI MSI", [DEVICE_MSIX] = "PCI MSI-X", [DEVICE_IMS] = "IMS, slots",
		[DEVICE_PLATFORM] = "platform MSI", [DEVICE_WIRED] = "wired-to-message bridge"
	};

	return indexless ? "IMS, queue contexts" : names[kind];
}

/* x86 without a remap unit is the special case: the device's own chip assigns by its parent and rewrites the message. */
static const char *device_operation(enum machine_arch arch, enum machine_remap remap)
{
	return arch == ARCH_X86 && remap == REMAP_NONE ? NULL : asks_parent;
}

/* SPIs are routed by the distributor, so there the strategy is the root's; so it is for IMSIC without an IOMMU. */
static const char *root_operation(enum machine_arch arch, enum machine_remap remap)
{
	bool plain = remap == REMAP_NONE || remap == REMAP_V2M;

	return plain ? roots[arch].plain : roots[arch].below_remap;
}

uint32_t hierarchy_levels(enum machine_arch arch, enum machine_remap remap, enum device_kind kind, bool indexless,
			  struct hierarchy_level levels[HIERARCHY_LEVELS_MAX])
{
	uint32_t count = 0;

	levels[count++] = (struct hierarchy_level){ device_name(kind, indexless), device_operation(arch, remap) };
	if (remap != REMAP_NONE) {
		levels[count++] = (struct hierarchy_level){ units[remap].name, units[remap].set_affinity };
	}
	levels[count++] = (struct hierarchy_level){ roots[arch].name, root_operation(arch, remap) };
	return count;
}
