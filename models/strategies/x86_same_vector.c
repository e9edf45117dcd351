// SPDX-License-Identifier: MIT
/*
 * The same vector on the new CPU: only the address changes, in one 32-bit write, so no message can be torn. Where the
 * vector is taken on every CPU of the mask, the move is refused (ENOSPC).
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"

static int same_vector(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	int moved = x86_begin_move(k, desc, mask, true);

	if (moved <= 0) {
		return moved;
	}
	/* An interrupt goes to the old or the new CPU, under the one vector that both know. */
	msi_write_address(k, desc, x86_message(k, desc));
	msi_write_flush(k, desc);
	return x86_end_move(k, desc);
}

const struct move_operations x86_same_vector = { .set_affinity = same_vector };
