// SPDX-License-Identifier: MIT
/*
 * Moves behind a RISC-V IOMMU: the device's message stays, its entry in the MSI page table changes.
 * The entry names a page and not an identity, so the new hart must have the same identity free
 * (ENOSPC otherwise).
 *
 *   CPU 0 (kernel)                  IOMMU                     hart 1 (old)       hart 2 (new)
 *   write PTE = file of hart 2
 *                                   cached: hart 1 ---------> id: pending
 *   IOTINVAL, IOFENCE, wait
 *                                   nothing is under way
 *                                   to hart 1
 *   records dirty
 *                                                             tick: eie off,
 *                                                             write id --------> id
 *
 * Without the fence the cached entry leads to the old file after its hart has let the identity go:
 *
 *   write PTE = file of hart 2
 *   records dirty
 *                                                             tick: eie off
 *                                   cached: hart 1 ---------> id: pending, not
 *                                                             enabled: unserviced
 *
 * imsic-mrif moves by way of a memory-resident file (MRIF), as a hypervisor does that has a virtual
 * hart without a file of its own for a while. Only after the second fence nothing is stored in
 * memory any more; imsic-mrif-early-merge looks there before, and what comes in between stays:
 *
 *   CPU 0 (kernel)                  IOMMU                     memory             hart 2 (new)
 *   clear the MRIF
 *   write PTE = MRIF, fence
 *                                   ------------------------> id: pending
 *   write PTE = file of hart 2
 *   (early merge, to hart 2)
 *                                   cached: MRIF -----------> id: pending
 *   IOTINVAL, IOFENCE, wait
 *   merge, to hart 2 ----------------------------------------------------------> id
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/imsic_vector.h"
#include "models/os/riscv_iommu_domain.h"
#include "models/strategies/operations.h"

static int translated(struct kthread *k, uint32_t desc, const uint64_t *mask, bool fence)
{
	uint32_t old_cpu = k->machine->desc[desc].cpu;
	uint32_t identity = k->machine->desc[desc].vector;
	int moved = imsic_assign(k, desc, mask, true);

	if (moved <= 0) {
		return moved;
	}
	/* A cached copy still leads to the old file, whose identity stays enabled. */
	riscv_iommu_point(k, desc, MSI_PTE_BASIC);
	if (fence) {
		/* When this returns, all that went to the old file is pending there. */
		riscv_iommu_synchronise(k, desc);
	}
	imsic_move(k, desc, old_cpu, identity);
	return 1;
}

static int with_fence(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return translated(k, desc, mask, true);
}

/* The cache decides, for as long as it holds the entry, that an interrupt goes to the old file. */
static int no_fence(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return translated(k, desc, mask, false);
}

static int by_memory(struct kthread *k, uint32_t desc, const uint64_t *mask, bool early)
{
	uint32_t old_cpu = k->machine->desc[desc].cpu;
	uint32_t identity = k->machine->desc[desc].vector;
	int moved = imsic_assign(k, desc, mask, true);

	if (moved <= 0) {
		return moved;
	}
	riscv_iommu_clear(k, desc);
	/* A cached copy still leads to the old file. */
	riscv_iommu_point(k, desc, MSI_PTE_MRIF);
	/* From here on an interrupt is recorded in memory, and told by a notice. */
	riscv_iommu_synchronise(k, desc);
	/* What is pending in the old file goes to the new one, and the old one is let go. */
	imsic_move(k, desc, old_cpu, identity);
	/* A cached copy still leads to memory. */
	riscv_iommu_point(k, desc, MSI_PTE_BASIC);
	if (early) {
		riscv_iommu_merge(k, desc);
		/* What is still stored in memory now, nobody looks for. */
		riscv_iommu_synchronise(k, desc);
		return 1;
	}
	riscv_iommu_synchronise(k, desc);
	/* All that was stored in memory is there by now. */
	riscv_iommu_merge(k, desc);
	return 1;
}

static int mrif(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return by_memory(k, desc, mask, false);
}

static int mrif_early_merge(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return by_memory(k, desc, mask, true);
}

static const struct imsic_protocol protocol = { .new_waits = true, .syncs_on_entry = true };

const struct move_operations imsic_iommu = { .set_affinity = with_fence, .imsic = &protocol };
const struct move_operations imsic_iommu_no_fence = { .set_affinity = no_fence,
	.imsic = &protocol };
const struct move_operations imsic_mrif = { .set_affinity = mrif, .imsic = &protocol };
const struct move_operations imsic_mrif_early_merge = { .set_affinity = mrif_early_merge,
	.imsic = &protocol };
