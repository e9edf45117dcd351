// SPDX-License-Identifier: MIT
/*
 * Moves of a Hyper-V guest: the hypervisor retargets an entry, and the device's message stays.
 * Before Linux b4b77778ecc5 (2022) composing the message again, which an affinity change does, gave
 * the old entries back and asked for new ones. A device with several MSI messages has one block of
 * entries for all of them:
 *
 *   guest kernel                      hypervisor                  device
 *   move vector 2:
 *   delete the block  ------------->  entries 0..7 are gone
 *                                                                 raise vector 5: refused, lost
 *   create a block    ------------->  entries 8..15, no targets
 *   write the message: data = 8
 *   retarget vector 2 ------------->  entry 10
 *                                                                 raise vector 5, and ever after: entry 13 leads nowhere
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/hyperv_domain.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"

static int reuse(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	/*
	 * Up to here interrupts go to the old vector, which stays live; afterwards to the new one.
	 */
	hyperv_retarget(k, desc);
	return x86_end_move(k, desc);
}

static int recompose(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	/* From here on every vector of the block is refused, whoever raises. */
	hyperv_delete_block(k, desc);
	hyperv_create_block(k, desc);
	/* From here on the device's messages name the new block, whose entries lead nowhere. */
	msi_write_message(k, desc, k->machine->remap->message(k->machine, desc));
	/* From here on this vector is whole again; its siblings wait for a move of their own. */
	hyperv_retarget(k, desc);
	return x86_end_move(k, desc);
}

const struct move_operations hyperv_reuse = { .set_affinity = reuse };
const struct move_operations hyperv_recompose = { .set_affinity = recompose };
