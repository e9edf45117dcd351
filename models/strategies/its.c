// SPDX-License-Identifier: MIT
/*
 * Moves behind an ITS: the message stays, MOVI gives the event another collection and takes what is
 * pending along, so no state is ever torn. But an LPI has no active state, and its handler may
 * still run on the old CPU:
 *
 *   CPU 0 (kernel)    device      ITS                     CPU 1 (old)         CPU 2 (new)
 *                     raise  ---> LPI to CPU 1  --------> handler starts,
 *                                                         reads the device
 *   MOVI  ----------------------> event leads to CPU 2
 *                     raise  ---> LPI to CPU 2  ----------------------------> in progress
 *                                                         handler ends
 *
 * Before 9c15eeb5362c and 8f4b589595d0 (Linux, 2023) the flow on CPU 2 drops it: nobody will look
 * at the device again. Since then it is marked pending, and CPU 1, at the end of its handler, sends
 * it again with an INT command.
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/its_domain.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"

static int movi(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct machine *m = k->machine;
	int moved;

	kapi_observe(k, m->desc[desc].cpu);
	moved = m->root->assign(m, desc, mask, false);
	kapi_observe(k, (uint64_t)moved << 16 | m->desc[desc].cpu);
	if (moved <= 0) {
		return moved;
	}
	/*
	 * An LPI sees the old or the new CPU; one that is pending at the old CPU when this takes
	 * effect goes along.
	 */
	its_move(k, desc);
	return 1;
}

const struct move_operations its_movi = { .set_affinity = movi, .resends_in_progress = true };
const struct move_operations its_no_resend = { .set_affinity = movi };
