// SPDX-License-Identifier: MIT
/*
 * The direct rewrites of an x86 message, without remapping: what goes wrong, and what masking buys.
 *
 *   CPU 0 (kernel)                     device                       CPU 1 (old)     CPU 2 (new)
 *   write address = CPU 2
 *                                      raise: {CPU 2, old vector}
 *                                                                                   old vector: no handler, or
 *                                                                                   another device's
 *   write data = new vector
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"

/* Address before data: between the two the device sends to the new CPU with the old vector. */
static int direct(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct msi_message message;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	message = x86_message(k, desc);
	/* From here on an interrupt goes to the new CPU under the old vector, which nobody there may own. */
	msi_write_address(k, desc, message);
	/* From here on it is whole. */
	msi_write_data(k, desc, message);
	msi_write_flush(k, desc);
	return x86_end_move(k, desc);
}

/* Data before address: between the two the device sends the new vector to the old CPU, which nobody there may own. */
static int data_first(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct msi_message message;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	message = x86_message(k, desc);
	/* From here on an interrupt brings the new vector to the old CPU. */
	msi_write_data(k, desc, message);
	/* From here on it is whole. */
	msi_write_address(k, desc, message);
	msi_write_flush(k, desc);
	return x86_end_move(k, desc);
}

/*
 * MSI disabled around the rewrite: no torn message, but also no pending bit. An event goes to INTx, where no handler
 * waits, or nowhere.
 */
static int msi_off(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct msi_message message;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	message = x86_message(k, desc);
	/* From here on an event is lost to the disabled function. */
	msi_write_control(k, desc, 0);
	msi_write_address(k, desc, message);
	msi_write_data(k, desc, message);
	/* From here on events are sent again, whole; those in between were not kept. */
	msi_write_control(k, desc, CONTROL_ENABLE);
	return x86_end_move(k, desc);
}

/* Masked around the rewrite: an event in between waits in the pending bit, and the unmask sends it with the new message. */
static int masked(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct msi_message message;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	message = x86_message(k, desc);
	/* What was sent before the mask took effect is on its way to the old vector, which stays live. */
	x86_mask(k, desc);
	msi_write_address(k, desc, message);
	msi_write_data(k, desc, message);
	/* The unmask sends what has become pending, once, whole. */
	x86_unmask(k, desc);
	return x86_end_move(k, desc);
}

const struct move_operations x86_direct = { .set_affinity = direct };
const struct move_operations x86_direct_data_first = { .set_affinity = data_first };
const struct move_operations x86_direct_deferred = { .context = MOVE_IN_ACKNOWLEDGE, .set_affinity = direct };
const struct move_operations x86_msi_off = { .set_affinity = msi_off };
const struct move_operations x86_masked = { .set_affinity = masked };
