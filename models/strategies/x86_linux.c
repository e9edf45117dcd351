// SPDX-License-Identifier: MIT
/*
 * msi_set_affinity() of Linux for messages that are not remapped (arch/x86/kernel/apic/msi.c): which updates are written
 * directly, and which by way of the temporary message. The predicate has a history:
 *
 *   before 6f1a4891a592 (2020)          always direct
 *   b56ebe7c896d (6.7; 6.1.x stable)    direct unless irqd_can_reserve(): that bit is set for an MSI that can be masked, so
 *                                       the one that cannot goes direct and is torn
 *   the same, as its comment says       direct if irqd_can_reserve()
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/strategies/operations.h"
#include "models/strategies/x86_common.h"
#include "models/strategies/x86_temporary.h"

enum predicate { ALWAYS_DIRECT, DIRECT_UNLESS_CAN_RESERVE, DIRECT_IF_CAN_RESERVE };

static bool direct_by_predicate(const struct irq_desc *d, enum predicate predicate)
{
	switch (predicate) {
	case ALWAYS_DIRECT:
		return true;
	case DIRECT_UNLESS_CAN_RESERVE:
		return !(d->flags & DESC_CAN_RESERVE);
	case DIRECT_IF_CAN_RESERVE:
		return d->flags & DESC_CAN_RESERVE;
	}
	return true;
}

static int set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask, enum predicate predicate)
{
	const struct irq_desc *d = &k->machine->desc[desc];
	uint32_t old_cpu = d->cpu;
	uint32_t old_vector = d->vector;
	int moved = x86_begin_move(k, desc, mask, false);

	if (moved < 0) {
		return moved;
	}
	/* A mask that the present CPU fits leaves everything where it is, and the same message is written once more. */
	if (!moved) {
		msi_write_message(k, desc, x86_message(k, desc));
		return 0;
	}
	/*
	 * Direct is safe where the message cannot be seen half written (masked), where only one half changes, or where the
	 * device is not in use. Away from the old CPU the careful way would not work, so it is direct and torn.
	 */
	if (direct_by_predicate(d, predicate) || d->vector == old_vector || old_vector == 0 ||
	    !(d->flags & DESC_STARTED) || d->cpu == old_cpu || k->cpu != old_cpu) {
		msi_write_message(k, desc, x86_message(k, desc));
		return x86_end_move(k, desc);
	}
	return x86_write_careful(k, desc, old_cpu);
}

static int linux_5_6(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return set_affinity(k, desc, mask, ALWAYS_DIRECT);
}

static int linux_6_1(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return set_affinity(k, desc, mask, DIRECT_UNLESS_CAN_RESERVE);
}

static int linux_6_1_as_commented(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	return set_affinity(k, desc, mask, DIRECT_IF_CAN_RESERVE);
}

const struct move_operations x86_linux_5_6 = { .context = MOVE_IN_ACKNOWLEDGE, .set_affinity = linux_5_6 };
const struct move_operations x86_linux_6_1 = { .context = MOVE_IN_ACKNOWLEDGE, .set_affinity = linux_6_1 };
const struct move_operations x86_linux_6_1_as_commented = {
	.context = MOVE_IN_ACKNOWLEDGE, .set_affinity = linux_6_1_as_commented
};
