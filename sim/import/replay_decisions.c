/* SPDX-License-Identifier: MIT */
/* What the kernel chose is what ours would have chosen, as far as what it chose from is proven. */
#include "sim/import/replay_internal.h"

#include <errno.h>

static uint8_t state_of_vector(const struct replay *r, uint32_t cpu, uint32_t vector)
{
	int flags = vector_matrix_state(r->matrix, cpu, vector);

	if (flags & VECTOR_MATRIX_MANAGED) {
		return flags & VECTOR_MATRIX_ALLOCATED ? VECTOR_MANAGED_ALLOCATED : VECTOR_MANAGED;
	}
	return flags & VECTOR_MATRIX_ALLOCATED ? VECTOR_ALLOCATED : VECTOR_FREE;
}

static uint8_t *sets_of(const struct replay *r, uint32_t cpu)
{
	return &r->state->sets[(size_t)cpu * X86_VECTORS];
}

static void note_incomparable(struct replay *r, const struct history_op *op,
                              enum replay_incomparable why)
{
	if (r->result->incomparable[why]++ == 0) {
		r->result->incomparable_line[why] = op->line;
	}
}

/* Are all candidates' counts known? Managed allocation looks at the counts of managed vectors. */
static bool choice_is_comparable(struct replay *r, const struct history_op *op,
                                 enum replay_incomparable *why)
{
	struct vector_matrix_cpu_stats c;
	uint32_t candidates = 0;
	bool counted = true;

	if (!op->mask) {
		*why = INCOMPARABLE_NO_MASK;
		return false;
	}
	for (uint32_t cpu = 0; cpu < r->result->cpus; cpu++) {
		vector_matrix_cpu_stats(r->matrix, cpu, &c);
		if (!c.online) {
			continue;
		}
		if (cpu / 64 >= op->mask_words) {
			*why = INCOMPARABLE_SHORT_MASK;
			return false;
		}
		if (replay_mask_has(op, cpu)) {
			candidates++;
			counted = counted &&
			          (op->verb == OP_ALLOC ? r->state->counted[cpu]
			                                : r->state->mapped[cpu] && r->state->split);
		}
	}
	*why = INCOMPARABLE_COUNTS;
	return (candidates == 1 && !op->error) || (counted && r->state->online_known);
}

/*
 * Is it proven, of the chosen vector and every lower one, whether the kernel could have taken it?
 * What is concluded from this decision itself proves nothing. kind: what the kernel looks for,
 * VECTOR_FREE or VECTOR_MANAGED.
 */
static bool vectors_are_known(const struct replay *r, uint32_t cpu, uint32_t vector, uint8_t kind)
{
	const uint8_t *sets = sets_of(r, cpu);

	for (uint32_t v = X86_VECTOR_FIRST; v <= vector; v++) {
		if ((sets[v] & kind) && sets[v] != kind) {
			return false;
		}
	}
	return true;
}

void replay_learn(struct replay *r, uint32_t cpu, uint32_t vector, uint8_t is)
{
	uint8_t now = state_of_vector(r, cpu, vector);

	/* Where the replay could not follow, nothing is proven about what it holds instead. */
	sets_of(r, cpu)[vector] = now & is ? is : VECTOR_ANYTHING;
}

/* The lower ones are not what the kernel looked for. */
static void learn_below(struct replay *r, uint32_t cpu, uint32_t vector, uint8_t kind)
{
	uint8_t *sets = sets_of(r, cpu);

	for (uint32_t v = X86_VECTOR_FIRST; v < vector; v++) {
		if (sets[v] != kind) {
			sets[v] &= (uint8_t)~kind;
		}
	}
}

static bool is_proven(const struct replay *r, uint32_t cpu, uint32_t vector)
{
	uint8_t set = sets_of(r, cpu)[vector];

	return (set & (set - 1)) == 0;
}

/*
 * The replay cannot follow, but it began with a guess that may be wrong: then that is no
 * divergence, and nothing that counts on the CPU's counters is compared any more.
 */
static void doubt(struct replay *r, uint32_t cpu)
{
	r->state->counted[cpu] = false;
	r->state->mapped[cpu] = false;
	r->state->globals_known = false;
	r->sum_known = false;
}

static bool is_alloc(const struct history_op *op)
{
	return op->verb == OP_ALLOC;
}

/* Was a reservation used up? The probe says it, otherwise the kernel's own count does. */
static bool uses_reservation(const struct replay *r, const struct history_op *op)
{
	uint32_t reserved = vector_matrix_reserved(r->matrix);

	if (op->reserved >= 0) {
		return op->reserved && reserved > 0;
	}
	return op->has_globals && reserved > 0 && op->counters.global_reserved + 1 == reserved;
}

/*
 * Takes back what ours chose, if it chose, and does what the kernel did, so that one difference
 * does not cause the next. proven: a difference is a divergence; otherwise the guess at the start
 * was wrong.
 */
static void adopt(struct replay *r, const struct history_op *op, int vector, uint32_t cpu,
                  bool reservation, bool proven)
{
	if (vector >= 0) {
		vector_matrix_free(r->matrix, cpu, (uint32_t)vector, op->verb != OP_ALLOC);
		if (reservation) {
			vector_matrix_reserve(r->matrix, 1);
		}
	}
	if (!op->error && !replay_force(r, op, reservation) && !proven) {
		doubt(r, op->cpu);
	}
}

static int ask(struct replay *r, const struct history_op *op, const uint64_t *mask,
               bool reservation, uint32_t *cpu)
{
	return is_alloc(op) ? vector_matrix_alloc(r->matrix, mask, reservation, cpu)
	                    : vector_matrix_alloc_managed(r->matrix, mask, cpu);
}

static void judge(struct replay *r, enum replay_decision decision, bool complete, bool equal)
{
	r->result->decisions[decision]++;
	if (complete) {
		r->result->compared[decision]++;
		r->result->equal[decision] += equal;
	}
}

static void replay_refusal(struct replay *r, const struct history_op *op,
                           enum replay_decision decision)
{
	uint64_t mask[FTRACE_MASK_WORDS];
	enum replay_incomparable why;
	uint32_t cpu;

	if (!choice_is_comparable(r, op, &why)) {
		note_incomparable(r, op, why);
		judge(r, decision, false, false);
		return;
	}
	replay_make_mask(r, op, true, mask);
	bool reservation = uses_reservation(r, op);
	int vector = ask(r, op, mask, reservation, &cpu);
	bool equal = vector == op->error;
	judge(r, decision, true, equal);
	if (!equal) {
		if (vector >= 0) {
			replay_diverge(r, op,
			               "the kernel refused, the replay chose CPU %u vector %d", cpu,
			               vector);
		} else {
			replay_diverge(r, op, "the kernel refused with %d, the replay with %d",
			               op->error, vector);
		}
		adopt(r, op, vector, cpu, reservation, true);
	}
}

/* The CPU is not told: ours is asked, but what it chooses proves nothing, on any CPU. */
static void replay_without_cpu(struct replay *r, const struct history_op *op,
                               enum replay_decision decision)
{
	uint64_t mask[FTRACE_MASK_WORDS];
	uint32_t cpu;

	note_incomparable(r, op, op->mask ? INCOMPARABLE_NO_CPU : INCOMPARABLE_NO_MASK);
	judge(r, decision, false, false);
	if (op->mask) {
		replay_make_mask(r, op, true, mask);
		ask(r, op, mask, uses_reservation(r, op), &cpu);
	}
	for (cpu = 0; cpu < r->result->cpus; cpu++) {
		doubt(r, cpu);
	}
}

void replay_decide_alloc(struct replay *r, const struct history_op *op,
                         enum replay_decision decision)
{
	uint64_t mask[FTRACE_MASK_WORDS];
	enum replay_incomparable why = INCOMPARABLE_VECTORS;
	uint32_t cpu = 0;

	if (op->error) {
		replay_refusal(r, op, decision);
		return;
	}
	if (!replay_has_cpu(r, op)) {
		replay_without_cpu(r, op, decision);
		return;
	}
	bool choice = choice_is_comparable(r, op, &why);
	uint8_t kind = is_alloc(op) ? VECTOR_FREE : VECTOR_MANAGED;
	bool vectors = vectors_are_known(r, op->cpu, op->vector, kind);
	if (!choice || !vectors) {
		note_incomparable(r, op, choice ? INCOMPARABLE_VECTORS : why);
	}
	replay_make_mask(r, op, choice, mask);
	bool reservation = uses_reservation(r, op);
	int vector = ask(r, op, mask, reservation, &cpu);
	bool equal = vector == (int)op->vector && cpu == op->cpu;
	/* Of a refusal the vectors alone say nothing. */
	bool proven = vectors && (choice || vector >= 0);
	judge(r, decision, choice && vectors, equal);
	if (!equal && proven && vector >= 0) {
		replay_diverge(r, op, "the replay chose CPU %u vector %d", cpu, vector);
	} else if (!equal && proven) {
		replay_diverge(r, op, "the replay refused with %d", vector);
	}
	if (!equal) {
		adopt(r, op, vector, cpu, reservation, proven);
	}
	learn_below(r, op->cpu, op->vector, kind);
	replay_learn(r, op->cpu, op->vector,
	             is_alloc(op) ? VECTOR_ALLOCATED : VECTOR_MANAGED_ALLOCATED);
}

/* The vector that a verb has changed, or X86_VECTORS. */
static uint32_t changed_vector(const struct replay *r, uint32_t cpu, const int *before)
{
	uint32_t v = X86_VECTOR_FIRST;

	while (v < X86_VECTOR_END && vector_matrix_state(r->matrix, cpu, v) == before[v]) {
		v++;
	}
	return v < X86_VECTOR_END ? v : X86_VECTORS;
}

static void note_states(const struct replay *r, uint32_t cpu, int *states)
{
	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		states[v] = vector_matrix_state(r->matrix, cpu, v);
	}
}

/* Takes back what ours reserved or removed instead. */
static void undo_managed(struct replay *r, const struct history_op *op, uint32_t vector)
{
	struct history_op back = *op;

	back.verb = op->verb == OP_RESERVE_MANAGED ? OP_REMOVE_MANAGED : OP_RESERVE_MANAGED;
	back.vector = vector;
	replay_force(r, &back, false);
}

/* On one CPU: the kernel's traces have one event for each CPU of the mask. */
void replay_decide_managed(struct replay *r, const struct history_op *op,
                           enum replay_decision decision)
{
	bool reserve = op->verb == OP_RESERVE_MANAGED;
	uint8_t kind = reserve ? VECTOR_FREE : VECTOR_MANAGED;
	uint64_t mask[FTRACE_MASK_WORDS];
	int before[X86_VECTORS];

	if (!replay_has_cpu(r, op)) {
		return;
	}
	bool known = vectors_are_known(r, op->cpu, op->error ? X86_VECTOR_END - 1 : op->vector,
	                               kind);
	if (!known) {
		note_incomparable(r, op, INCOMPARABLE_VECTORS);
	}
	replay_make_mask(r, op, false, mask);
	note_states(r, op->cpu, before);
	int error = reserve ? vector_matrix_reserve_managed(r->matrix, mask)
	                    : vector_matrix_remove_managed(r->matrix, mask);
	uint32_t vector = changed_vector(r, op->cpu, before);
	bool equal = error == op->error && (op->error || vector == op->vector);
	judge(r, decision, known, equal);
	if (!equal && known && error) {
		replay_diverge(r, op, "the replay refused with %d", error);
	} else if (!equal && known) {
		replay_diverge(r, op, "the replay chose vector %u", vector);
	}
	if (!equal && vector < X86_VECTORS) {
		undo_managed(r, op, vector);
	}
	if (!equal && !op->error && !replay_force(r, op, false) && !known) {
		doubt(r, op->cpu);
	}
	if (!op->error) {
		learn_below(r, op->cpu, op->vector, kind);
		replay_learn(r, op->cpu, op->vector, reserve ? VECTOR_MANAGED : VECTOR_FREE);
	}
}

/* Without a probe, the CPU's available count tells whether the vector stays managed. */
void replay_take_free(struct replay *r, const struct history_op *op)
{
	if (!replay_has_cpu(r, op)) {
		return;
	}
	bool proven = is_proven(r, op->cpu, op->vector),
	     told = op->managed != MANAGED_UNKNOWN || proven;
	bool managed = op->managed == MANAGED_YES;
	if (!told && op->has_cpu_counters && r->state->counted[op->cpu] &&
	    !r->state->free_ambiguous) {
		struct vector_matrix_cpu_stats before;
		vector_matrix_cpu_stats(r->matrix, op->cpu, &before);
		managed = op->counters.available == before.available;
		told = true;
	} else if (op->managed == MANAGED_UNKNOWN) {
		managed = vector_matrix_state(r->matrix, op->cpu, op->vector) &
		          VECTOR_MATRIX_MANAGED;
	}
	int error = vector_matrix_free(r->matrix, op->cpu, op->vector, managed);
	if (error && proven) {
		replay_diverge(r, op, "the replay has CPU %u vector %u not allocated in this way",
		               op->cpu, op->vector);
	} else if (error) {
		doubt(r, op->cpu);
	}
	replay_learn(r, op->cpu, op->vector,
	             !told   ? VECTOR_FREE | VECTOR_MANAGED :
	             managed ? VECTOR_MANAGED :
	                       VECTOR_FREE);
}

/*
 * Linux asks before a CPU goes offline: do the others have room for its interrupts? Managed ones
 * stay behind.
 */
void replay_decide_unplug(struct replay *r, const struct history_op *op)
{
	struct vector_matrix_cpu_stats c;

	if (!replay_has_cpu(r, op)) {
		return;
	}
	vector_matrix_cpu_stats(r->matrix, op->cpu, &c);
	uint32_t room = vector_matrix_available_without(r->matrix, op->cpu);
	uint32_t moving = c.allocated - c.managed_allocated;
	int expected = room < moving ? -ENOSPC : 0;
	/*
	 * Where it is not known how many of the allocated vectors are managed, the answer may not
	 * depend on it.
	 */
	uint32_t moving_min = c.allocated > c.managed ? c.allocated - c.managed : 0;
	bool certain = r->state->split || (room < moving_min) == (room < c.allocated);
	bool comparable = r->sum_known && r->state->counted[op->cpu] && r->state->mapped[op->cpu] &&
	                  certain;
	if (!comparable) {
		note_incomparable(r, op, INCOMPARABLE_COUNTS);
	}
	judge(r, DECISION_CAN_UNPLUG, comparable, expected == op->error);
	if (comparable && expected != op->error) {
		replay_diverge(r, op,
		               "the kernel said %d, the replay %d: %u vectors to move, room for %u",
		               op->error, expected, moving, room);
	}
}
