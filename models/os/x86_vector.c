// SPDX-License-Identifier: MIT
#include "models/os/x86_vector.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/node_mask.h"
#include "models/os/timer.h"
#include "models/strategies/operations.h"
#include "vector_matrix.h"

static uint32_t *slot_of(struct machine *m, uint32_t cpu, uint32_t vector)
{
	return machine_vector_irq(m, cpu, vector);
}

static bool is_managed(const struct machine *m, uint32_t desc)
{
	return m->desc[desc].flags & DESC_MANAGED;
}

static void emit_vector(struct machine *m, enum model_event_kind kind, uint32_t desc, uint32_t cpu, uint32_t vector)
{
	machine_emit(m, &(struct model_event){
		.kind = (uint8_t)kind, .cpu = (uint16_t)cpu, .source = desc, .value = vector,
		.device = DEVICE_NONE, .thread = THREAD_NONE });
}

static void release(struct machine *m, uint32_t desc, uint32_t cpu, uint32_t vector, uint32_t slot)
{
	vector_matrix_free(m->matrix, cpu, vector, is_managed(m, desc));
	if (*slot_of(m, cpu, vector) == desc) {
		*slot_of(m, cpu, vector) = slot;
	}
	emit_vector(m, EV_VECTOR_FREED, desc, cpu, vector);
}

/* The new vector becomes the target; the old one stays live as the previous one while its CPU is online. */
static void update_vector(struct machine *m, uint32_t desc, uint32_t cpu, uint32_t vector)
{
	struct irq_desc *d = &m->desc[desc];

	if (d->vector) {
		if (cpu_is_online(m, d->cpu)) {
			d->previous_cpu = d->cpu;
			d->previous_vector = d->vector;
			d->flags |= DESC_MOVE_IN_PROGRESS;
		} else {
			/* The slot keeps the descriptor for the scan of the dying CPU. */
			vector_matrix_free(m->matrix, d->cpu, d->vector, is_managed(m, desc));
			emit_vector(m, EV_VECTOR_FREED, desc, d->cpu, d->vector);
		}
	}
	d->cpu = (uint16_t)cpu;
	d->vector = vector;
	*slot_of(m, cpu, vector) = desc;
	emit_vector(m, EV_VECTOR_ASSIGNED, desc, cpu, vector);
}

static int allocate(struct machine *m, uint32_t desc, const uint64_t *mask, bool same)
{
	const struct irq_desc *d = &m->desc[desc];
	bool reserved = d->flags & DESC_RESERVED;
	uint64_t online[MACHINE_CPU_WORDS_MAX];
	uint32_t cpu;
	int vector;

	/* A dying CPU leaves the matrix only at the very end of its way. */
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		online[word] = mask[word] & m->online[word];
	}
	if (is_managed(m, desc)) {
		vector = vector_matrix_alloc_managed(m->matrix, online, &cpu);
	} else if (same && d->vector) {
		vector = vector_matrix_alloc_same(m->matrix, d->vector, online, &cpu);
	} else {
		vector = vector_matrix_alloc(m->matrix, online, reserved, &cpu);
	}
	if (vector < 0) {
		return -ENOSPC;
	}
	m->desc[desc].flags &= (uint16_t)~DESC_RESERVED;
	update_vector(m, desc, cpu, (uint32_t)vector);
	return 1;
}

static int assign(struct machine *m, uint32_t desc, const uint64_t *mask, bool same)
{
	const struct irq_desc *d = &m->desc[desc];
	uint64_t reachable[MACHINE_CPU_WORDS_MAX];

	if (d->vector && cpu_is_online(m, d->cpu) && (mask[d->cpu / 64] >> (d->cpu % 64) & 1)) {
		return 0;
	}
	if (d->flags & (DESC_MOVE_IN_PROGRESS | DESC_CLEANUP_QUEUED)) {
		return -EBUSY;
	}
	/* A CPU on its way off line has vectors until the very end, but nothing may move to it any more. */
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		reachable[word] = mask[word] & m->online[word];
	}
	return allocate(m, desc, reachable, same);
}

static int reserve(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];
	int error;

	if (d->flags & DESC_MANAGED) {
		error = vector_matrix_reserve_managed(m->matrix, &m->affinity[(size_t)desc * m->cpu_words]);
		return error ? -ENOSPC : 0;
	}
	error = vector_matrix_reserve(m->matrix, 1);
	if (!error) {
		d->flags |= DESC_RESERVED;
	}
	return error;
}

static void unreserve(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	if (d->flags & DESC_MANAGED) {
		vector_matrix_remove_managed(m->matrix, &m->affinity[(size_t)desc * m->cpu_words]);
	} else if (d->flags & DESC_RESERVED) {
		vector_matrix_remove_reserved(m->matrix, 1);
		d->flags &= (uint16_t)~DESC_RESERVED;
	}
}

static int activate(struct machine *m, uint32_t desc)
{
	uint32_t socket = m->config->devices[m->source[desc].device].socket;
	const uint64_t *affinity = &m->affinity[(size_t)desc * m->cpu_words];
	uint64_t scratch[MACHINE_CPU_WORDS_MAX];

	if (is_managed(m, desc)) {
		return allocate(m, desc, affinity, false) < 0 ? -ENOSPC : 0;
	}
	if (node_mask(m, socket, affinity, scratch) && allocate(m, desc, scratch, false) > 0) {
		return 0;
	}
	if (allocate(m, desc, affinity, false) > 0) {
		return 0;
	}
	if ((node_mask(m, socket, m->online, scratch) && allocate(m, desc, scratch, false) > 0) ||
	    allocate(m, desc, m->online, false) > 0) {
		m->desc[desc].flags |= DESC_AFFINITY_BROKEN;
		emit_vector(m, EV_AFFINITY_BROKEN, desc, m->desc[desc].cpu, m->desc[desc].vector);
		return 0;
	}
	return -ENOSPC;
}

static void deactivate(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	if (d->previous_vector) {
		timer_cancel(m, desc);
		release(m, desc, d->previous_cpu, d->previous_vector, VECTOR_SHUTDOWN);
		d->previous_vector = 0;
	}
	d->flags &= (uint16_t)~(DESC_MOVE_IN_PROGRESS | DESC_CLEANUP_QUEUED);
	if (d->vector) {
		release(m, desc, d->cpu, d->vector, VECTOR_SHUTDOWN);
		d->vector = 0;
		d->cpu = CPU_NONE;
	}
}

static void free_previous(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	timer_cancel(m, desc);
	release(m, desc, d->previous_cpu, d->previous_vector, VECTOR_UNUSED);
	d->previous_vector = 0;
	d->flags &= (uint16_t)~(DESC_MOVE_IN_PROGRESS | DESC_CLEANUP_QUEUED);
}

static void arrived(struct machine *m, uint32_t desc, uint32_t cpu)
{
	struct irq_desc *d = &m->desc[desc];

	if (!(d->flags & DESC_MOVE_IN_PROGRESS) || d->cpu != cpu) {
		return;
	}
	if (cpu_is_online(m, d->previous_cpu)) {
		m->config->cleanup->arrived(m, desc);
	} else if (m->config->hotplug->completes_moves) {
		free_previous(m, desc);
	} else {
		/* Linux before a6c11c0a5235 forgets the vector here. */
		d->previous_vector = 0;
		d->flags &= (uint16_t)~DESC_MOVE_IN_PROGRESS;
	}
}

/* The timer of a descriptor: the clean-up of its old vector, on the old CPU. */
static void cleanup(struct machine *m, uint32_t desc)
{
	const struct irq_desc *d = &m->desc[desc];

	if (controller_pending(m, d->previous_cpu, d->previous_vector)) {
		m->config->cleanup->retry(m, desc);
		return;
	}
	free_previous(m, desc);
}

static void count(const struct machine *m, uint64_t *in_use, uint64_t *leaked)
{
	uint64_t owned = 0;

	*in_use = 0;
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		*in_use += vector_matrix_allocated(m->matrix, cpu);
	}
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		owned += (m->desc[desc].vector != 0) + (m->desc[desc].previous_vector != 0);
	}
	*leaked = *in_use - owned;
}

static bool can_offline(const struct machine *m, uint32_t cpu)
{
	struct vector_matrix_cpu_stats stats;

	vector_matrix_cpu_stats(m->matrix, cpu, &stats);
	return stats.allocated - stats.managed_allocated <= vector_matrix_available_without(m->matrix, cpu);
}

static uint32_t extra_timers(const struct machine *m)
{
	(void)m;
	return 0;
}

const struct root_domain x86_vector_domain = {
	.name = "x86 vectors", .assign = assign, .reserve = reserve, .unreserve = unreserve, .activate = activate,
	.deactivate = deactivate, .arrived = arrived, .timer = cleanup, .free_previous = free_previous,
	.can_offline = can_offline, .count = count, .extra_timers = extra_timers
};
