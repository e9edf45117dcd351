// SPDX-License-Identifier: MIT
/*
 * How the host gives the handler of an assigned device's interrupt another event counter, because
 * the guest has changed the affinity. vfio frees the interrupt and requests it again:
 *
 *   CPU 0 (host, for the guest)                     device            CPU 1, interrupts off
 *   (the guest has masked in its own copy only)
 *                                                   raise  -------->  pending in the IRR
 *   free: mask the device
 *         nothing is in progress
 *         vector_irq[1][vector] = SHUTDOWN
 *                                                                     interrupt entry: SHUTDOWN, swallowed silently
 *   request: another vector, unmask
 *
 * Disabled instead, the interrupt arrives, is marked pending, and is sent again by the enable.
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/strategies/operations.h"

static void free_request(struct kthread *k, uint32_t desc)
{
	const struct source *source = &k->machine->source[desc];

	/* From here on what a CPU has pending finds no handler. */
	irq_take_handlers(k, source->device, source->vector, source->vector + 1);
	k_work(k, k->machine->config->timings.event_swap_ps);
	/* It starts with a resend of what came between the loss of the handler and the mask. */
	irq_request_vectors(k, source->device, source->vector, source->vector + 1);
}

static void disable_update(struct kthread *k, uint32_t desc)
{
	/* From here on an interrupt is kept as pending by the flow. */
	irq_disable(k, desc);
	k_work(k, k->machine->config->timings.event_swap_ps);
	k_note(k, "event counter replaced", desc, k->cpu, 0);
	/* What came meanwhile is sent again. */
	irq_enable(k, desc);
}

const struct swap_operations swap_free_request = { .swap = free_request };
const struct swap_operations swap_disable_update = { .swap = disable_update };
