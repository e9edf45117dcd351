// SPDX-License-Identifier: MIT
/*
 * Moves of an interrupt between IMSIC files, without an IOMMU: the message's address names the
 * hart's file, its data the identity there. A device that cannot mask is caught between the two
 * writes.
 *
 * imsic-direct, imsic-lazy (Linux 6.10 to 6.14): address, then data, from any CPU. The torn message
 * is held back where it lands, under an identity that nobody enables:
 *
 *   CPU 0 (kernel)        device                   hart 1 (old)           hart 2 (new)
 *   write address = 2
 *                         raise: {hart 2, old id}                         old id: pending, and not
 *                                                                         enabled, or another
 *                                                                         device's handler
 *   write data = new id
 *   records dirty
 *                                                  tick: eie off,         tick: eie on; nobody
 *                                                  old id not pending     looks at the old id
 *
 * imsic-tmp-remote: by way of {old hart, new id}, from any CPU. The old hart looks for the new
 * identity when it synchronises, but until the records are dirty it does not know that it should,
 * and where the identity is another device's there it has been taken by then:
 *
 *   CPU 0 (kernel)        device                   hart 1 (old)           hart 2 (new)
 *   write {1, new id}
 *                         raise: {hart 1, new id}  new id is enabled
 *                                                  here, for the disk:
 *                                                  topei, its handler
 *   write {2, new id}
 *   records dirty
 *                                                  tick: new id is
 *                                                  not pending
 *
 * imsic-tmp (Linux 6.15): the same in the interrupt's acknowledge on the old hart, interrupts off,
 * so that nothing is taken before the look:
 *
 *   hart 1 (old, in the acknowledge)               device                 hart 2 (new)
 *   write {1, new id}
 *                                                  raise: {hart 1, new id}
 *   write {2, new id}
 *   synchronise: new id pending here: clear it,
 *   raise it again here if it is enabled here,
 *   write it to hart 2 -------------------------------------------------> new id: pending until
 *                                                                         its eie is on
 */
#include <stdint.h>

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/imsic_vector.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/strategies/operations.h"

static int direct(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	const struct irq_desc *d = &k->machine->desc[desc];
	uint32_t old_cpu = d->cpu;
	uint32_t old_identity = d->vector;
	int moved = imsic_assign(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	/*
	 * Between its two halves an interrupt goes to the new hart under the old identity, which is
	 * not enabled there.
	 */
	msi_write_message(k, desc, k->machine->controller->compose(k->machine, d->cpu, d->vector));
	/*
	 * What went to the old hart is pending there, and what goes to the new one is until its
	 * identity is enabled.
	 */
	imsic_move(k, desc, old_cpu, old_identity);
	return 1;
}

static int temporary(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	const struct irq_desc *d = &k->machine->desc[desc];
	const struct controller *controller = k->machine->controller;
	uint32_t old_cpu = d->cpu;
	uint32_t old_identity = d->vector;
	int moved = imsic_assign(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	if (d->vector != old_identity) {
		/*
		 * Only the identity changes: an interrupt now goes to the old hart, under the old
		 * or the new one.
		 */
		msi_write_message(k, desc, controller->compose(k->machine, old_cpu, d->vector));
	}
	/*
	 * Only the hart changes: an interrupt now goes to the old or the new hart, under the new
	 * identity.
	 */
	msi_write_message(k, desc, controller->compose(k->machine, d->cpu, d->vector));
	/* Both identities may be pending on the old hart: its synchronisation looks for them. */
	imsic_move(k, desc, old_cpu, old_identity);
	return 1;
}

/* Linux 6.10 to 6.14. */
static const struct imsic_protocol timers_only = { .looks_for_new = false };
/* Linux 6.15; without the look where the message was written in one go. */
static const struct imsic_protocol waits = { .new_waits = true, .syncs_on_entry = true };
static const struct imsic_protocol waits_and_looks = {
	.looks_for_new = true, .new_waits = true, .syncs_on_entry = true
};

const struct move_operations imsic_direct = { .set_affinity = direct, .imsic = &waits };
const struct move_operations imsic_lazy = {
	.set_affinity = direct, .drops_in_progress = true, .refuses_busy = true, .imsic = &timers_only
};
const struct move_operations imsic_tmp_remote = {
	.set_affinity = temporary, .imsic = &waits_and_looks
};
const struct move_operations imsic_tmp = {
	.context = MOVE_IN_ACKNOWLEDGE, .set_affinity = temporary, .imsic = &waits_and_looks
};

/*
 * Where the timer of a synchronisation is added. On the wrong CPU (Linux 6.15 before 08fb624802d8)
 * it synchronises that CPU instead, and the hart that it is for waits until it takes some other
 * interrupt:
 *
 *   hart 1 (old, moves the interrupt)          hart 2 (new)                   device
 *   new id: enable, record of hart 2 dirty
 *   hart 2's timer added on hart 1
 *                                                                             raise: {2, new id}
 *                                              new id: pending, not enabled
 *   tick: synchronises hart 1, finds nothing
 *                                              (nothing else happens here)    unserviced
 */
const struct cleanup_operations imsic_sync_timer = { .syncs_on_caller = false };
const struct cleanup_operations imsic_sync_timer_wrong_cpu = { .syncs_on_caller = true };
