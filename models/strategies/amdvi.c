// SPDX-License-Identifier: MIT
/*
 * Moves behind AMD-Vi interrupt remapping. An entry of 32 bits is one store. One of 128 bits has
 * its vector in the high half, its destination and RemapEn in the low one, and until e52d58d54a32
 * (2020) Linux turned it off around the update:
 *
 *   CPU 0 (kernel)                  IOMMU
 *   RemapEn = 0
 *   high half: new vector
 *                                   fetches the entry: IO_PAGE_FAULT, aborted
 *   low half: CPU 2, RemapEn = 1
 *   invalidate, completion wait
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/amdvi_domain.h"
#include "models/os/kapi.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"

/*
 * All of the entry in one compare-exchange (or one 32-bit store): a request sees the old or the new
 * target, whole.
 */
static int whole(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct irte entry;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	entry = amdvi_entry_of(k->machine, desc);
	/* Cached copies still lead to the old vector, which stays live. */
	k_irte_write(k, desc, &entry, desc);
	/*
	 * When this returns nothing is under way to the old vector any more but what its CPU has
	 * pending.
	 */
	amdvi_flush(k, desc);
	return x86_end_move(k, desc);
}

static int split(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct irte entry;
	struct irte part;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	entry = amdvi_entry_of(k->machine, desc);
	part = k_irte_read(k, desc);
	part.present = 0;
	/*
	 * From here on a request that has to fetch the entry faults; one that finds it cached goes
	 * to the old vector.
	 */
	k_irte_write(k, desc, &part, desc);
	part.vector = entry.vector;
	k_irte_write(k, desc, &part, desc);
	/* From here on a fetch sees the new target, whole. */
	k_irte_write(k, desc, &entry, desc);
	amdvi_flush(k, desc);
	return x86_end_move(k, desc);
}

const struct move_operations amd_whole = { .set_affinity = whole };
const struct move_operations amd_split = { .set_affinity = split };
