// SPDX-License-Identifier: MIT
/*
 * When the old vector of a move is freed. Too early, and a message that was sent before the move finds nobody; too late,
 * and vectors run short and the next move has to wait (EBUSY).
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/timer.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"

static void nothing(struct machine *m, uint32_t desc)
{
	(void)m;
	(void)desc;
}

/* Each clean-up runs on the old CPU, where it can see whether the vector is still pending. */
static void queue(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	d->flags &= (uint16_t)~DESC_MOVE_IN_PROGRESS;
	d->flags |= DESC_CLEANUP_QUEUED;
}

static void by_timer(struct machine *m, uint32_t desc)
{
	queue(m, desc);
	timer_arm(m, desc, m->desc[desc].previous_cpu);
}

static void by_ipi(struct machine *m, uint32_t desc)
{
	queue(m, desc);
	timer_arm_now(m, desc, m->desc[desc].previous_cpu);
}

/* The vectors of a Hyper-V guest are those of the bare x86 domain: its remap table is the hypervisor's. */
static void by_ipi_if_flushed(struct machine *m, uint32_t desc)
{
	if (m->config->remap == REMAP_VTD || m->config->remap == REMAP_AMDVI) {
		by_ipi(m, desc);
	}
}

static void again_by_timer(struct machine *m, uint32_t desc)
{
	timer_arm(m, desc, m->desc[desc].previous_cpu);
}

static void again_by_ipi(struct machine *m, uint32_t desc)
{
	timer_arm_now(m, desc, m->desc[desc].previous_cpu);
}

static void at_once(struct machine *m, uint32_t desc)
{
	m->root->free_previous(m, desc);
}

/* Linux since 6.6 (bdc1dad299bb): the first interrupt on the new CPU arms a timer on the old one. */
const struct cleanup_operations cleanup_first_interrupt = {
	.moved = nothing, .arrived = by_timer, .retry = again_by_timer
};
/*
 * Linux before 6.6: it sends the old one an IPI. Behind VT-d and AMD-Vi, where nothing is under way to the old vector after the
 * flush, the move itself does at its end.
 */
const struct cleanup_operations cleanup_ipi = { .moved = by_ipi_if_flushed, .arrived = by_ipi, .retry = again_by_ipi };
/* Linux since 6.6 behind VT-d and AMD-Vi: the move arms the timer at its end. */
const struct cleanup_operations cleanup_timer = { .moved = by_timer, .arrived = by_timer, .retry = again_by_timer };
/* At once, whatever is under way. */
const struct cleanup_operations cleanup_immediate = {
	.moved = at_once, .arrived = nothing, .retry = nothing
};
/* Arm's LPIs and SPIs are the same on every CPU: there is no old vector. */
const struct cleanup_operations cleanup_no_old_vector = { .moved = nothing, .arrived = nothing, .retry = nothing };
