// SPDX-License-Identifier: MIT
/*
 * Moves behind VT-d interrupt remapping: the device's message stays, the entry of the remap table changes.
 *
 *   CPU 0 (kernel)                  remap hardware                      CPU 1 (old)          CPU 2 (new)
 *   write IRTE = {CPU 2, new}
 *                                   cached {CPU 1, old}  ------------>  old vector: handler
 *   invalidate, wait
 *                                   nothing is under way to CPU 1
 *   let the old vector go
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/vtd_domain.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"

/* Vector and destination in one compare-exchange, then the flush: a request sees the old or the new target, whole. */
static int whole(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	uint32_t index = k->machine->desc[desc].entry;
	struct irte entry;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	if (vtd_entry_is_kept(k->machine, desc)) {
		return x86_end_move(k, desc);
	}
	entry = vtd_entry_of(k->machine, desc);
	/* Cached copies still lead to the old vector, which stays live. */
	k_irte_write(k, index, &entry, desc);
	/* When this returns nothing is under way to the old vector any more but what its CPU has pending. */
	k_irte_flush(k, index);
	return x86_end_move(k, desc);
}

/*
 * Vector and destination in two 32-bit stores. A request that has to fetch the entry in between goes to the old CPU under
 * the new vector, and the hardware keeps that copy until the flush.
 */
static int split(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	uint32_t index = k->machine->desc[desc].entry;
	struct irte entry;
	struct irte half;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	if (vtd_entry_is_kept(k->machine, desc)) {
		return x86_end_move(k, desc);
	}
	entry = vtd_entry_of(k->machine, desc);
	half = k_irte_read(k, index);
	half.vector = entry.vector;
	/* From here on a fetch sees the new vector with the old CPU. */
	k_irte_write(k, index, &half, desc);
	k_irte_write(k, index, &entry, desc);
	k_irte_flush(k, index);
	return x86_end_move(k, desc);
}

/* Without the flush a cached entry leads to the old vector for as long as the hardware keeps it, freed or not. */
static int no_flush(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	uint32_t index = k->machine->desc[desc].entry;
	struct irte entry;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	if (vtd_entry_is_kept(k->machine, desc)) {
		return x86_end_move(k, desc);
	}
	entry = vtd_entry_of(k->machine, desc);
	k_irte_write(k, index, &entry, desc);
	return x86_end_move(k, desc);
}

const struct move_operations vtd_whole = { .set_affinity = whole };
const struct move_operations vtd_split = { .set_affinity = split };
const struct move_operations vtd_no_flush = { .set_affinity = no_flush };
