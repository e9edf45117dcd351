// SPDX-License-Identifier: MIT
/*
 * The rewrite by way of a temporary message, {old CPU, new vector}: each of its two steps changes only one half, so what
 * the device sends in between is whole, and lands where the writer can see it.
 *
 *   CPU 1 (old, in the acknowledge, interrupts off)      device                        CPU 2 (new)
 *   write {CPU 1, new vector}
 *                                                        raise: {CPU 1, new vector}
 *   write {CPU 2, new vector}
 *   new vector pending in IRR here: IPI  ------------------------------------------->  new vector: the handler
 *
 * It needs the old CPU, with interrupts off: elsewhere the IRR cannot be read, and the temporary message may be consumed
 * before the check.
 */
#include <stdint.h>

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"
#include "models/strategies/x86_temporary.h"

/* A late arrival of the temporary message is expected on this CPU: the slot swallows it once instead of logging it. */
static void expect_stray(struct kthread *k, uint32_t cpu, uint32_t vector)
{
	uint32_t *slot = machine_vector_irq(k->machine, cpu, vector);

	if (*slot == VECTOR_UNUSED) {
		*slot = VECTOR_RETRIGGERED;
	}
}

int x86_write_careful(struct kthread *k, uint32_t desc, uint32_t old_cpu)
{
	struct msi_message message = x86_message(k, desc);
	struct msi_message temporary = k->machine->controller->compose(k->machine, old_cpu, k->machine->desc[desc].vector);

	k_vector_lock(k);
	expect_stray(k, old_cpu, k->machine->desc[desc].vector);
	/* Only the vector changes: an interrupt now goes to the old CPU, under the old or the new vector. */
	msi_write_message(k, desc, temporary);
	/* Only the CPU changes: an interrupt now goes to the old or the new CPU, under the new vector. */
	msi_write_message(k, desc, message);
	k_vector_unlock(k);
	/* What came under the temporary message is in this CPU's IRR, because its interrupts are off. */
	if (k_irr_pending(k, k->machine->desc[desc].vector)) {
		k_retrigger(k, desc, k->machine->desc[desc].vector);
	}
	return x86_end_move(k, desc);
}

static int move(struct kthread *k, uint32_t desc, const uint64_t *mask, bool check)
{
	const struct irq_desc *d = &k->machine->desc[desc];
	uint32_t old_cpu = d->cpu;
	uint32_t old_vector = d->vector;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved <= 0) {
		return moved;
	}
	/* Where the vector stays the same only the address changes, and no message can be torn. */
	if (d->vector == old_vector || old_vector == 0 || d->cpu == old_cpu) {
		msi_write_message(k, desc, x86_message(k, desc));
		return x86_end_move(k, desc);
	}
	if (check) {
		return x86_write_careful(k, desc, old_cpu);
	}
	k_vector_lock(k);
	expect_stray(k, old_cpu, d->vector);
	msi_write_message(k, desc, k->machine->controller->compose(k->machine, old_cpu, d->vector));
	msi_write_message(k, desc, x86_message(k, desc));
	k_vector_unlock(k);
	return x86_end_move(k, desc);
}

static int careful(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return move(k, desc, mask, true);
}

static int no_check(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return move(k, desc, mask, false);
}

const struct move_operations x86_tmp = { .context = MOVE_IN_ACKNOWLEDGE, .set_affinity = careful };
/* On the old CPU, but where no handler is owed: what the check misses stays undone. */
const struct move_operations x86_tmp_local = { .context = MOVE_ON_OLD_CPU, .set_affinity = careful };
const struct move_operations x86_tmp_no_check = { .context = MOVE_ON_OLD_CPU, .set_affinity = no_check };
/* From whatever CPU the writer is on: its own IRR says nothing about the old CPU's. */
const struct move_operations x86_tmp_remote = { .set_affinity = careful };
