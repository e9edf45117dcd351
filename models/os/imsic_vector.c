// SPDX-License-Identifier: MIT
#include "models/os/imsic_vector.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/imsic.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/node_mask.h"
#include "models/os/timer.h"
#include "models/strategies/operations.h"
#include "vector_matrix.h"

static struct imsic_vector *record_of(const struct machine *m, uint32_t cpu, uint32_t identity)
{
	return &m->imsic_vector[(size_t)cpu * m->vectors + identity];
}

static uint32_t *owner_of(const struct machine *m, uint32_t cpu, uint32_t identity)
{
	return &m->vector_irq[(size_t)cpu * m->vectors + identity];
}

static uint64_t *dirty_word(const struct machine *m, uint32_t cpu, uint32_t identity)
{
	return &m->imsic_dirty[(size_t)cpu * m->vector_words + identity / 64];
}

static void lay_out(struct machine *m, struct state_layout *layout)
{
	size_t cpus = m->config->cpus;

	m->imsic_vector = state_place(layout, cpus * m->vectors * sizeof(*m->imsic_vector));
	m->imsic_dirty = state_place(layout, cpus * m->vector_words * sizeof(*m->imsic_dirty));
}

static void emit_vector(struct machine *m, enum model_event_kind kind, uint32_t desc, uint32_t cpu,
			uint32_t identity)
{
	machine_emit(m, &(struct model_event){
		.kind = (uint8_t)kind, .cpu = (uint16_t)cpu, .source = desc, .value = identity,
		.device = DEVICE_NONE, .thread = THREAD_NONE });
}

/* The record stays dirty: its hart has yet to clear the enable bit. */
static void release(struct machine *m, uint32_t cpu, uint32_t identity)
{
	uint32_t *owner = owner_of(m, cpu, identity);

	vector_matrix_free(m->matrix, cpu, identity, false);
	emit_vector(m, EV_VECTOR_FREED, *owner, cpu, identity);
	*owner = VECTOR_UNUSED;
}

void imsic_write(struct machine *m, uint32_t from, uint32_t cpu, uint32_t identity,
		 struct causes causes)
{
	causes_mark_retriggered(m, causes);
	machine_post(m, machine_ipi_ps(m, from, cpu), &(struct hw_event){
		.kind = HW_IPI_ARRIVES, .cpu = (uint16_t)cpu,
		.channel = from * m->config->cpus + cpu, .value = identity, .causes = causes });
}

static void forward(struct machine *m, uint32_t cpu, uint32_t desc, struct imsic_end to,
		    struct causes causes)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_RETRIGGER, .cpu = to.cpu, .value = to.identity, .source = desc,
		.thread = THREAD_NONE, .device = DEVICE_NONE, .causes = causes });
	imsic_write(m, cpu, to.cpu, to.identity, causes);
}

/*
 * What a temporary message left on the old hart. Where the identity is another interrupt's here
 * nobody can tell whose message it was: it is raised for both.
 */
static void look_for_new(struct machine *m, uint32_t cpu, uint32_t desc, struct imsic_end to)
{
	struct causes mine;
	struct causes rest;

	if (!controller_pending(m, cpu, to.identity)) {
		return;
	}
	rest = controller_withdraw(m, cpu, to.identity);
	if (!record_of(m, cpu, to.identity)->enable) {
		forward(m, cpu, desc, to, rest);
		return;
	}
	mine = causes_extract(m, &rest, desc);
	imsic_write(m, cpu, cpu, to.identity, rest);
	forward(m, cpu, desc, to, mine);
}

/* The old hart's side of a move. */
static void close_old(struct machine *m, uint32_t cpu, uint32_t identity)
{
	struct imsic_vector *record = record_of(m, cpu, identity);
	struct imsic_end to = record->move_next;
	uint32_t desc = *owner_of(m, cpu, identity);

	if (m->config->move->imsic->looks_for_new && to.identity != identity) {
		look_for_new(m, cpu, desc, to);
	}
	if (controller_pending(m, cpu, identity)) {
		forward(m, cpu, desc, to, controller_withdraw(m, cpu, identity));
	}
	record->move_next = (struct imsic_end){ 0, 0 };
	release(m, cpu, identity);
}

/* What desc remembers of a move that its new hart's side still holds open. */
static void forget_previous(struct machine *m, uint32_t cpu, uint32_t identity)
{
	uint32_t desc = *owner_of(m, cpu, identity);

	record_of(m, cpu, identity)->move_prev = (struct imsic_end){ 0, 0 };
	if (desc < m->sources_count && m->desc[desc].cpu == cpu &&
	    m->desc[desc].vector == identity) {
		m->desc[desc].previous_vector = 0;
		m->desc[desc].previous_cpu = 0;
	}
}

/* False where the new side has to wait. */
static bool close_new(struct machine *m, uint32_t cpu, uint32_t identity)
{
	struct imsic_end from = record_of(m, cpu, identity)->move_prev;

	if (m->config->move->imsic->new_waits &&
	    record_of(m, from.cpu, from.identity)->move_next.identity) {
		return false;
	}
	forget_previous(m, cpu, identity);
	return true;
}

static bool synchronise_identity(struct machine *m, uint32_t cpu, uint32_t identity)
{
	struct imsic_vector *record = record_of(m, cpu, identity);

	imsic_enable(m, cpu, identity, record->enable);
	if (record->move_prev.identity && !close_new(m, cpu, identity)) {
		return false;
	}
	if (record->move_next.identity) {
		close_old(m, cpu, identity);
	}
	*dirty_word(m, cpu, identity) &= ~(UINT64_C(1) << (identity % 64));
	return true;
}

/* Every dirty record of the hart, in the order of identities; false where one has to wait. */
static bool synchronise(struct machine *m, uint32_t cpu)
{
	bool all = true;

	for (uint32_t word = 0; word < m->vector_words; word++) {
		uint64_t dirty = m->imsic_dirty[(size_t)cpu * m->vector_words + word];

		for (; dirty; dirty &= dirty - 1) {
			all &= synchronise_identity(m, cpu,
						    word * 64 + (uint32_t)__builtin_ctzll(dirty));
		}
	}
	return all;
}

/* The timer of hart's record, added on CPU on: a timer that is pending stays where it is. */
static void start_timer(struct machine *m, uint32_t hart, uint32_t on)
{
	uint32_t number = m->sources_count + hart;

	if (!m->timer[number].armed) {
		timer_arm(m, number, on);
	}
}

/* A record of the hart has changed; caller: the CPU that changed it, CPU_NONE: some other one. */
static void changed(struct machine *m, uint32_t cpu, uint32_t identity, uint32_t caller)
{
	bool elsewhere = m->config->cleanup->syncs_on_caller && caller != CPU_NONE;

	*dirty_word(m, cpu, identity) |= UINT64_C(1) << (identity % 64);
	if (!cpu_is_online(m, cpu) || (cpu == caller && synchronise(m, cpu))) {
		return;
	}
	start_timer(m, cpu, elsewhere ? caller : cpu);
}

/* The timer runs on whatever CPU it was added: that one is synchronised. */
static void timer(struct machine *m, uint32_t number)
{
	uint32_t cpu = m->timer[number].cpu;

	if (!synchronise(m, cpu)) {
		start_timer(m, cpu, cpu);
	}
}

static void entered(struct machine *m, uint32_t cpu)
{
	if (m->config->move->imsic->syncs_on_entry && !synchronise(m, cpu)) {
		start_timer(m, cpu, cpu);
	}
}

static int allocate(struct machine *m, uint32_t desc, const uint64_t *mask, bool same)
{
	struct irq_desc *d = &m->desc[desc];
	uint32_t cpu;
	int identity;

	identity = same ? vector_matrix_alloc_same(m->matrix, d->vector, mask, &cpu) :
			  vector_matrix_alloc(m->matrix, mask, false, &cpu);
	if (identity < 0) {
		return -ENOSPC;
	}
	*record_of(m, cpu, (uint32_t)identity) = (struct imsic_vector){ .enable = 0 };
	*owner_of(m, cpu, (uint32_t)identity) = desc;
	d->cpu = (uint16_t)cpu;
	d->vector = (uint16_t)identity;
	emit_vector(m, EV_VECTOR_ASSIGNED, desc, cpu, (uint32_t)identity);
	return 1;
}

/* The lowest identity that no hart uses; 0: there is none. */
static uint32_t unused_everywhere(const struct machine *m)
{
	for (uint32_t identity = m->config->vectors_first; identity < m->config->vectors_end;
	     identity++) {
		uint32_t cpu = 0;

		while (cpu < m->config->cpus && !vector_matrix_state(m->matrix, cpu, identity)) {
			cpu++;
		}
		if (cpu == m->config->cpus) {
			return identity;
		}
	}
	return 0;
}

/*
 * Behind an IOMMU an interrupt keeps its identity when it moves: it gets one that is free on every
 * hart, while there is one.
 */
static int allocate_first(struct machine *m, uint32_t desc, const uint64_t *mask)
{
	struct irq_desc *d = &m->desc[desc];
	int error;

	d->vector = m->remap ? (uint16_t)unused_everywhere(m) : 0;
	error = allocate(m, desc, mask, d->vector != 0);
	if (error < 0) {
		d->vector = 0;
	}
	return error;
}

static int assign(struct machine *m, uint32_t desc, const uint64_t *mask, bool same)
{
	struct irq_desc *d = &m->desc[desc];
	struct imsic_end old = { d->cpu, d->vector };
	uint64_t reachable[MACHINE_CPU_WORDS_MAX];
	int moved;

	/* Freed, or shut down, since it was asked for. */
	if (!d->vector) {
		return -EINVAL;
	}
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		reachable[word] = mask[word] & m->online[word];
	}
	if (reachable[d->cpu / 64] >> (d->cpu % 64) & 1) {
		return 0;
	}
	if (d->previous_vector) {
		return -EBUSY;
	}
	moved = allocate(m, desc, reachable, same);
	if (moved > 0) {
		d->previous_cpu = old.cpu;
		d->previous_vector = old.identity;
	}
	return moved;
}

int imsic_assign(struct kthread *k, uint32_t desc, const uint64_t *mask, bool same)
{
	struct machine *m = k->machine;
	int assigned;

	k_vector_lock(k);
	assigned = assign(m, desc, mask, same);
	kapi_observe(k, (uint64_t)assigned);
	kapi_observe(k, (uint64_t)m->desc[desc].cpu << 16 | m->desc[desc].vector);
	k_vector_unlock(k);
	return assigned;
}

/* Whether the move from old to new is still what desc is about: it may have been freed meanwhile. */
static bool still_moves(const struct machine *m, uint32_t desc, struct imsic_end old,
			struct imsic_end new)
{
	const struct irq_desc *d = &m->desc[desc];

	return d->previous_cpu == old.cpu && d->previous_vector == old.identity &&
	       d->cpu == new.cpu && d->vector == new.identity;
}

void imsic_move(struct kthread *k, uint32_t desc, uint32_t old_cpu, uint32_t old_identity)
{
	struct machine *m = k->machine;
	struct imsic_end old = { (uint16_t)old_cpu, (uint16_t)old_identity };
	struct imsic_end new = { m->desc[desc].cpu, (uint16_t)m->desc[desc].vector };
	uint8_t enable = 0;

	k_vector_lock(k);
	if (still_moves(m, desc, old, new)) {
		struct imsic_vector *record = record_of(m, old.cpu, old.identity);

		enable = record->enable;
		record->enable = 0;
		record->move_next = new;
		changed(m, old.cpu, old.identity, k->cpu);
	}
	k_vector_unlock(k);
	k_vector_lock(k);
	if (still_moves(m, desc, old, new)) {
		struct imsic_vector *record = record_of(m, new.cpu, new.identity);

		record->enable = enable;
		record->move_prev = old;
		changed(m, new.cpu, new.identity, k->cpu);
	}
	k_vector_unlock(k);
}

/*
 * The identity is wanted from now on: at once where that is possible, else when its hart
 * synchronises.
 */
static void start(struct machine *m, struct kthread *k, uint32_t desc)
{
	const struct irq_desc *d = &m->desc[desc];

	record_of(m, d->cpu, d->vector)->enable = 1;
	if (!k) {
		imsic_enable(m, d->cpu, d->vector, true);
		return;
	}
	k_vector_lock(k);
	changed(m, d->cpu, d->vector, k->cpu);
	k_vector_unlock(k);
}

static int no_reservation(struct machine *m, uint32_t desc)
{
	(void)m;
	(void)desc;
	return 0;
}

static void nothing_reserved(struct machine *m, uint32_t desc)
{
	(void)m;
	(void)desc;
}

static int activate(struct machine *m, uint32_t desc)
{
	uint32_t socket = m->config->devices[m->source[desc].device].socket;
	const uint64_t *affinity = &m->affinity[(size_t)desc * m->cpu_words];
	uint64_t near[MACHINE_CPU_WORDS_MAX];

	if ((node_mask(m, socket, affinity, near) && allocate_first(m, desc, near) > 0) ||
	    allocate_first(m, desc, affinity) > 0) {
		return 0;
	}
	/*
	 * An identity somewhere is allocated before the affinity is applied, and kept where that
	 * fails.
	 */
	if (allocate_first(m, desc, m->online) > 0) {
		m->desc[desc].flags |= DESC_AFFINITY_BROKEN;
		emit_vector(m, EV_AFFINITY_BROKEN, desc, m->desc[desc].cpu, m->desc[desc].vector);
		return 0;
	}
	return -ENOSPC;
}

/* Masked and given back; the hart clears its enable bit when it synchronises. */
static void give_back(struct machine *m, uint32_t cpu, uint32_t identity)
{
	record_of(m, cpu, identity)->enable = 0;
	record_of(m, cpu, identity)->move_prev = (struct imsic_end){ 0, 0 };
	record_of(m, cpu, identity)->move_next = (struct imsic_end){ 0, 0 };
	changed(m, cpu, identity, CPU_NONE);
	release(m, cpu, identity);
}

static void free_previous(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	/* The old hart may have let it go already, and somebody else may have it. */
	if (*owner_of(m, d->previous_cpu, d->previous_vector) == desc) {
		give_back(m, d->previous_cpu, d->previous_vector);
	}
	forget_previous(m, d->cpu, d->vector);
}

static void deactivate(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	if (d->previous_vector) {
		free_previous(m, desc);
	}
	if (d->vector) {
		give_back(m, d->cpu, d->vector);
		d->vector = 0;
		d->cpu = CPU_NONE;
	}
}

static void arrived(struct machine *m, uint32_t desc, uint32_t cpu)
{
	(void)m;
	(void)desc;
	(void)cpu;
}

/* Only a move away from the dying hart is completed by force: imsic_irq_force_complete_move(). */
static bool completes_move(const struct machine *m, uint32_t desc, uint32_t cpu)
{
	return m->desc[desc].previous_cpu == cpu;
}

/*
 * Timers of other harts that were added here go to a CPU on line, as the kernel migrates the timers
 * of a dead CPU.
 */
static void offline(struct machine *m, uint32_t cpu)
{
	uint32_t elsewhere = 0;

	while (!cpu_is_online(m, elsewhere)) {
		elsewhere++;
	}
	timer_cancel(m, m->sources_count + cpu);
	for (uint32_t hart = 0; hart < m->config->cpus; hart++) {
		uint32_t number = m->sources_count + hart;

		if (m->timer[number].armed && m->timer[number].cpu == cpu) {
			timer_cancel(m, number);
			timer_arm(m, number, elsewhere);
		}
	}
}

/* Everything that happened to its records meanwhile. */
static void online(struct machine *m, uint32_t cpu)
{
	for (uint32_t identity = 1; identity < m->vectors; identity++) {
		if (*owner_of(m, cpu, identity) != VECTOR_SYSTEM) {
			*dirty_word(m, cpu, identity) |= UINT64_C(1) << (identity % 64);
		}
	}
	if (!synchronise(m, cpu)) {
		start_timer(m, cpu, cpu);
	}
}

static void count(const struct machine *m, uint64_t *in_use, uint64_t *leaked)
{
	uint64_t owned = 0;

	*in_use = 0;
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		*in_use += vector_matrix_allocated(m->matrix, cpu);
	}
	for (size_t i = 0; i < (size_t)m->config->cpus * m->vectors; i++) {
		owned += m->vector_irq[i] != VECTOR_UNUSED;
	}
	*leaked = *in_use - owned;
}

static bool can_offline(const struct machine *m, uint32_t cpu)
{
	(void)m;
	(void)cpu;
	return true;
}

static uint32_t extra_timers(const struct machine *m)
{
	return m->config->cpus;
}

/* Pending under an identity that is neither enabled nor anybody's. */
static void stranded(const struct machine *m, stranded_visit *visit, void *context)
{
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		for (uint32_t identity = 1; identity < m->vectors; identity++) {
			if (controller_pending(m, cpu, identity) &&
			    !imsic_enabled(m, cpu, identity) &&
			    *owner_of(m, cpu, identity) == VECTOR_UNUSED) {
				visit(context, m, m->slot[(size_t)cpu * m->vectors + identity]);
			}
		}
	}
}

const struct root_domain imsic_vector_domain = {
	.name = "IMSIC identities", .assign = assign, .reserve = no_reservation,
	.unreserve = nothing_reserved, .activate = activate, .deactivate = deactivate,
	.arrived = arrived, .timer = timer, .free_previous = free_previous,
	.can_offline = can_offline, .count = count, .extra_timers = extra_timers,
	.lay_out = lay_out, .start = start, .entered = entered, .completes_move = completes_move,
	.offline = offline, .online = online, .stranded = stranded
};
