/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "sim/import/replay.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "sim/import/start.h"

/* Reads ahead, one part at a time. */
struct scanner {
	struct ftrace_reader reader;
	struct history *history;
	struct start *start; /* of the part that is read */
	uint64_t operations; /* of it */
	uint64_t end_line; /* the part ends before this line's operation, or at this line's gap; 0:
	                      the file ends */
	bool jumped;       /* by an operation, which is the next part's first */
	struct history_op next;
	uint64_t next_mask[FTRACE_MASK_WORDS];
};

struct replay {
	const struct replay_options *options;
	struct replay_result *result;
	struct scanner scanner;
	struct ftrace_reader reader;
	struct history *history;
	struct vector_matrix *matrix; /* of the part that is replayed */
	struct start_state *state;    /* its start; sets and counted are kept up to date */
	bool sum_known;               /* of available counts */
};

/* Operations on what no machine of this kind has are counted and left out. */
static bool in_range(struct replay_result *result, const struct history_op *op, bool counting)
{
	bool fine = (op->cpu < FTRACE_CPUS_MAX || op->cpu == HISTORY_CPU_UNKNOWN) &&
	            op->vector < X86_VECTORS;
	bool on_vector = op->verb == OP_ASSIGN || op->verb == OP_RESERVE_MANAGED ||
	                 op->verb == OP_REMOVE_MANAGED || op->verb == OP_ALLOC ||
	                 op->verb == OP_ALLOC_MANAGED || op->verb == OP_FREE;

	if (fine && on_vector && op->error == 0) {
		fine = op->vector >= X86_VECTOR_FIRST && op->vector < X86_VECTOR_END;
	}
	if (!fine && counting && result->out_of_range++ == 0) {
		result->out_of_range_line = op->line;
	}
	return fine;
}

static void note_cpu(struct replay_result *result, uint32_t cpu)
{
	if (cpu != HISTORY_CPU_UNKNOWN && cpu >= result->cpus) {
		result->cpus = cpu + 1;
	}
}

/* True: the part ends before this operation. */
static bool scan_op(struct replay *r, const struct history_op *op)
{
	struct scanner *s = &r->scanner;

	if (!in_range(r->result, op, false)) {
		return false;
	}
	if (!start_op(s->start, op)) {
		s->jumped = true;
		s->next = *op;
		if (op->mask) {
			memcpy(s->next_mask, op->mask, op->mask_words * sizeof(op->mask[0]));
			s->next.mask = s->next_mask;
		}
		s->end_line = op->line;
		return true;
	}
	note_cpu(r->result, op->cpu);
	s->operations++;
	return false;
}

/* Reads the next part to its end. 0, or a negative errno value. */
static int scan_part(struct replay *r)
{
	struct scanner *s = &r->scanner;
	struct ftrace_event e;
	struct history_op op;
	int got;

	start_free(s->start);
	s->start = start_new();
	s->operations = 0;
	s->end_line = 0;
	if (s->jumped) {
		s->jumped = false;
		scan_op(r, &s->next);
	}
	while ((got = ftrace_next(&s->reader, &e)) > 0) {
		bool complete = history_event(s->history, &e, &op);
		if (e.kind == FT_GAP) {
			s->end_line = e.line;
			return 0;
		}
		note_cpu(r->result, e.cpu);
		if (complete && scan_op(r, &op)) {
			return 0;
		}
	}
	return got;
}

static bool mask_has(const struct history_op *op, uint32_t cpu)
{
	return cpu / 64 < op->mask_words && (op->mask[cpu / 64] >> (cpu % 64) & 1);
}

static void describe_cpu(GString *text, const struct replay *r, uint32_t cpu)
{
	struct vector_matrix_cpu_stats c;

	if (vector_matrix_cpu_stats(r->matrix, cpu, &c) < 0) {
		return;
	}
	g_string_append_printf(text,
	                       "  replay     CPU %u %s: available %u, allocated %u, managed %u (%u "
	                       "allocated); vectors",
	                       cpu, c.online ? "online" : "offline", c.available, c.allocated,
	                       c.managed, c.managed_allocated);
	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		int flags = vector_matrix_state(r->matrix, cpu, v);
		if (flags & (VECTOR_MATRIX_ALLOCATED | VECTOR_MATRIX_MANAGED)) {
			g_string_append_printf(text, " %u%s", v,
			                       !(flags & VECTOR_MATRIX_MANAGED)  ? ""
			                       : flags & VECTOR_MATRIX_ALLOCATED ? "M"
			                                                         : "m");
		}
	}
	g_string_append_c(text, '\n');
}

static void describe_recorded(GString *text, const struct history_op *op)
{
	g_string_append(text, "  recording  ");
	if (op->error) {
		g_string_append_printf(text, "refused with %d", op->error);
	} else if (op->cpu == HISTORY_CPU_UNKNOWN) {
		g_string_append_printf(text, "vector %u", op->vector);
	} else {
		g_string_append_printf(text, "CPU %u vector %u", op->cpu, op->vector);
	}
	if (op->has_cpu_counters) {
		g_string_append_printf(text, ": available %u, allocated %u, managed %u",
		                       op->counters.available, op->counters.allocated,
		                       op->counters.managed);
	}
	if (op->has_globals) {
		g_string_append_printf(
			text, "; online CPUs %u, available %u, reserved %u, allocated %u in all",
			op->counters.online_cpus, op->counters.global_available,
			op->counters.global_reserved, op->counters.total_allocated);
	}
	g_string_append_c(text, '\n');
}

static void describe_globals(GString *text, const struct replay *r)
{
	struct vector_matrix_stats stats;

	vector_matrix_stats(r->matrix, &stats);
	g_string_append_printf(
		text,
		"  replay     online CPUs %u, available %u, reserved %u, allocated %" PRId64
		" in all\n",
		stats.online_cpus, stats.available, stats.reserved,
		(int64_t)stats.total_allocated + r->state->total_offset);
}

static void diverge(struct replay *r, const struct history_op *op, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Every divergence is counted, the first is kept with both states. */
static void diverge(struct replay *r, const struct history_op *op, const char *format, ...)
{
	va_list arguments;

	if (r->result->divergences++ > 0) {
		return;
	}
	GString *text = g_string_new(NULL);
	g_string_append_printf(text,
	                       "line %" PRIu64 ", %" PRIu64 ".%06" PRIu64 " s, %s: ", op->line,
	                       op->time_ns / 1000000000, op->time_ns / 1000 % 1000000,
	                       history_verb_name(op->verb));
	va_start(arguments, format);
	g_string_append_vprintf(text, format, arguments);
	va_end(arguments);
	g_string_append_c(text, '\n');
	describe_recorded(text, op);
	describe_globals(text, r);
	for (uint32_t cpu = 0; cpu < r->result->cpus; cpu++) {
		if (cpu == op->cpu || (op->mask && mask_has(op, cpu))) {
			describe_cpu(text, r, cpu);
		}
	}
	r->result->divergence_line = op->line;
	r->result->divergence = g_string_free(text, FALSE);
}

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
		if (mask_has(op, cpu)) {
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

/*
 * From now on the vector is what the kernel made of it, and the lower ones are not what it looked
 * for.
 */
static void learn(struct replay *r, uint32_t cpu, uint32_t vector, uint8_t is)
{
	uint8_t now = state_of_vector(r, cpu, vector);

	/* Where the replay could not follow, nothing is proven about what it holds instead. */
	sets_of(r, cpu)[vector] = now & is ? is : VECTOR_ANYTHING;
}

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

/*
 * The mask that our allocator is asked with: the recorded one, cut to the shape, or only the CPU
 * that the kernel chose.
 */
static void make_mask(const struct replay *r, const struct history_op *op, bool recorded,
                      uint64_t *mask)
{
	uint32_t words = (r->result->cpus + 63) / 64;

	memset(mask, 0, words * sizeof(mask[0]));
	if (!recorded) {
		mask[op->cpu / 64] = UINT64_C(1) << (op->cpu % 64);
		return;
	}
	memcpy(mask, op->mask, MIN(words, op->mask_words) * sizeof(mask[0]));
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
 * For one vector that the core would not choose by itself, every lower one that it would is taken
 * for that moment.
 */
struct fillers {
	uint32_t vector[X86_VECTORS];
	uint32_t count;
};

static void fill_managed(struct replay *r, uint32_t cpu, const uint64_t *mask, uint32_t below,
                         struct fillers *fillers)
{
	uint32_t chosen;

	for (uint32_t v = X86_VECTOR_FIRST; v < below; v++) {
		if (vector_matrix_state(r->matrix, cpu, v) == VECTOR_MATRIX_MANAGED) {
			int got = vector_matrix_alloc_managed(r->matrix, mask, &chosen);
			if (got >= 0) {
				fillers->vector[fillers->count++] = (uint32_t)got;
			}
		}
	}
}

static void fill_free(struct replay *r, uint32_t cpu, uint32_t below, struct fillers *fillers)
{
	for (uint32_t v = X86_VECTOR_FIRST; v < below; v++) {
		if (vector_matrix_state(r->matrix, cpu, v) == 0 &&
		    vector_matrix_assign(r->matrix, cpu, v) == 0) {
			fillers->vector[fillers->count++] = v;
		}
	}
}

static void drop_fillers(struct replay *r, uint32_t cpu, bool managed,
                         const struct fillers *fillers)
{
	for (uint32_t i = 0; i < fillers->count; i++) {
		vector_matrix_free(r->matrix, cpu, fillers->vector[i], managed);
	}
}

/*
 * Does on this very vector what the kernel did. False: the vector is not what it would have to be.
 */
static bool force(struct replay *r, const struct history_op *op, bool reservation)
{
	int is = vector_matrix_state(r->matrix, op->cpu, op->vector);
	int needed = op->verb == OP_ALLOC || op->verb == OP_RESERVE_MANAGED ? 0
	                                                                    : VECTOR_MATRIX_MANAGED;
	struct fillers fillers = { .count = 0 };
	uint64_t mask[FTRACE_MASK_WORDS];
	uint32_t chosen;
	int result;

	if (is != needed) {
		return false;
	}
	make_mask(r, op, false, mask);
	if (op->verb == OP_ALLOC) {
		result = vector_matrix_assign(r->matrix, op->cpu, op->vector);
		if (result == 0 && reservation) {
			vector_matrix_remove_reserved(r->matrix, 1);
		}
	} else if (op->verb == OP_RESERVE_MANAGED) {
		fill_free(r, op->cpu, op->vector, &fillers);
		result = vector_matrix_reserve_managed(r->matrix, mask);
		drop_fillers(r, op->cpu, false, &fillers);
	} else {
		fill_managed(r, op->cpu, mask, op->vector, &fillers);
		result = op->verb == OP_ALLOC_MANAGED
		                 ? vector_matrix_alloc_managed(r->matrix, mask, &chosen)
		                 : vector_matrix_remove_managed(r->matrix, mask);
		drop_fillers(r, op->cpu, true, &fillers);
	}
	return result >= 0;
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
	if (!op->error && !force(r, op, reservation) && !proven) {
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
	make_mask(r, op, true, mask);
	bool reservation = uses_reservation(r, op);
	int vector = ask(r, op, mask, reservation, &cpu);
	bool equal = vector == op->error;
	judge(r, decision, true, equal);
	if (!equal) {
		if (vector >= 0) {
			diverge(r, op, "the kernel refused, the replay chose CPU %u vector %d", cpu,
			        vector);
		} else {
			diverge(r, op, "the kernel refused with %d, the replay with %d", op->error,
			        vector);
		}
		adopt(r, op, vector, cpu, reservation, true);
	}
}

static bool cpu_exists(struct replay *r, const struct history_op *op)
{
	return op->cpu != HISTORY_CPU_UNKNOWN && op->cpu < r->result->cpus;
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
		make_mask(r, op, true, mask);
		ask(r, op, mask, uses_reservation(r, op), &cpu);
	}
	for (cpu = 0; cpu < r->result->cpus; cpu++) {
		doubt(r, cpu);
	}
}

static void replay_alloc(struct replay *r, const struct history_op *op,
                         enum replay_decision decision)
{
	uint64_t mask[FTRACE_MASK_WORDS];
	enum replay_incomparable why = INCOMPARABLE_VECTORS;
	uint32_t cpu = 0;

	if (op->error) {
		replay_refusal(r, op, decision);
		return;
	}
	if (!cpu_exists(r, op)) {
		replay_without_cpu(r, op, decision);
		return;
	}
	bool choice = choice_is_comparable(r, op, &why);
	uint8_t kind = is_alloc(op) ? VECTOR_FREE : VECTOR_MANAGED;
	bool vectors = vectors_are_known(r, op->cpu, op->vector, kind);
	if (!choice || !vectors) {
		note_incomparable(r, op, choice ? INCOMPARABLE_VECTORS : why);
	}
	make_mask(r, op, choice, mask);
	bool reservation = uses_reservation(r, op);
	int vector = ask(r, op, mask, reservation, &cpu);
	bool equal = vector == (int)op->vector && cpu == op->cpu;
	/* Of a refusal the vectors alone say nothing. */
	bool proven = vectors && (choice || vector >= 0);
	judge(r, decision, choice && vectors, equal);
	if (!equal && proven && vector >= 0) {
		diverge(r, op, "the replay chose CPU %u vector %d", cpu, vector);
	} else if (!equal && proven) {
		diverge(r, op, "the replay refused with %d", vector);
	}
	if (!equal) {
		adopt(r, op, vector, cpu, reservation, proven);
	}
	learn_below(r, op->cpu, op->vector, kind);
	learn(r, op->cpu, op->vector, is_alloc(op) ? VECTOR_ALLOCATED : VECTOR_MANAGED_ALLOCATED);
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
	force(r, &back, false);
}

/* On one CPU: the kernel's traces have one event for each CPU of the mask. */
static void replay_managed(struct replay *r, const struct history_op *op,
                           enum replay_decision decision)
{
	bool reserve = op->verb == OP_RESERVE_MANAGED;
	uint8_t kind = reserve ? VECTOR_FREE : VECTOR_MANAGED;
	uint64_t mask[FTRACE_MASK_WORDS];
	int before[X86_VECTORS];

	if (!cpu_exists(r, op)) {
		return;
	}
	bool known = vectors_are_known(r, op->cpu, op->error ? X86_VECTOR_END - 1 : op->vector,
	                               kind);
	if (!known) {
		note_incomparable(r, op, INCOMPARABLE_VECTORS);
	}
	make_mask(r, op, false, mask);
	note_states(r, op->cpu, before);
	int error = reserve ? vector_matrix_reserve_managed(r->matrix, mask)
	                    : vector_matrix_remove_managed(r->matrix, mask);
	uint32_t vector = changed_vector(r, op->cpu, before);
	bool equal = error == op->error && (op->error || vector == op->vector);
	judge(r, decision, known, equal);
	if (!equal && known && error) {
		diverge(r, op, "the replay refused with %d", error);
	} else if (!equal && known) {
		diverge(r, op, "the replay chose vector %u", vector);
	}
	if (!equal && vector < X86_VECTORS) {
		undo_managed(r, op, vector);
	}
	if (!equal && !op->error && !force(r, op, false) && !known) {
		doubt(r, op->cpu);
	}
	if (!op->error) {
		learn_below(r, op->cpu, op->vector, kind);
		learn(r, op->cpu, op->vector, reserve ? VECTOR_MANAGED : VECTOR_FREE);
	}
}

/* Without a probe, the CPU's available count tells whether the vector stays managed. */
static void replay_free(struct replay *r, const struct history_op *op)
{
	if (!cpu_exists(r, op)) {
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
		diverge(r, op, "the replay has CPU %u vector %u not allocated in this way", op->cpu,
		        op->vector);
	} else if (error) {
		doubt(r, op->cpu);
	}
	learn(r, op->cpu, op->vector,
	      !told     ? VECTOR_FREE | VECTOR_MANAGED
	      : managed ? VECTOR_MANAGED
	                : VECTOR_FREE);
}

/*
 * Linux asks before a CPU goes offline: do the others have room for its interrupts? Managed ones
 * stay behind.
 */
static void replay_can_unplug(struct replay *r, const struct history_op *op)
{
	struct vector_matrix_cpu_stats c;

	if (!cpu_exists(r, op)) {
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
		diverge(r, op, "the kernel said %d, the replay %d: %u vectors to move, room for %u",
		        op->error, expected, moving, room);
	}
}

static void follow(struct replay *r, const struct history_op *op, int error)
{
	if (error) {
		diverge(r, op, "the replay cannot follow: error %d", error);
	}
}

static void compare_number(struct replay *r, bool comparable, uint64_t recorded, int64_t ours,
                           bool *differs)
{
	if (!comparable) {
		r->result->counters_open++;
		return;
	}
	r->result->counters_compared++;
	if ((int64_t)recorded == ours) {
		r->result->counters_equal++;
	} else {
		*differs = true;
	}
}

static void compare_counters(struct replay *r, const struct history_op *op)
{
	const struct history_counters *want = &op->counters;
	struct vector_matrix_cpu_stats c;
	struct vector_matrix_stats stats;
	bool differs = false;

	if (op->has_cpu_counters && cpu_exists(r, op)) {
		bool counted = r->state->counted[op->cpu];
		vector_matrix_cpu_stats(r->matrix, op->cpu, &c);
		compare_number(r, counted, want->available, c.available, &differs);
		compare_number(r, r->state->mapped[op->cpu], want->allocated, c.allocated,
		               &differs);
		compare_number(r, r->state->mapped[op->cpu], want->managed, c.managed, &differs);
		compare_number(r, r->state->online_known, op->online, c.online, &differs);
	}
	if (op->has_globals) {
		vector_matrix_stats(r->matrix, &stats);
		compare_number(r, r->state->online_known, want->online_cpus, stats.online_cpus,
		               &differs);
		compare_number(r, r->sum_known, want->global_available, stats.available, &differs);
		compare_number(r, r->state->globals_known, want->global_reserved, stats.reserved,
		               &differs);
		compare_number(r, r->state->globals_known, want->total_allocated,
		               (int64_t)stats.total_allocated + r->state->total_offset, &differs);
	}
	if (differs) {
		diverge(r, op, "the counters differ");
	}
}

/* A CPU whose count is a guess makes the sum one when it comes or goes. */
static void note_hotplug(struct replay *r, const struct history_op *op)
{
	if (cpu_exists(r, op) && !r->state->counted[op->cpu]) {
		r->sum_known = false;
	}
}

static void carry_out(struct replay *r, const struct history_op *op)
{
	switch (op->verb) {
	case OP_ASSIGN_SYSTEM:
		/* The start was concluded, or the system vectors were filled in. */
		if (vector_matrix_state(r->matrix, op->trace_cpu, op->vector) &
		    VECTOR_MATRIX_SYSTEM) {
			break;
		}
		follow(r, op,
		       vector_matrix_assign_system(
			       r->matrix, op->trace_cpu, op->vector,
			       vector_matrix_state(r->matrix, op->trace_cpu, op->vector) &
				       VECTOR_MATRIX_ALLOCATED));
		break;
	case OP_ONLINE:
		follow(r, op, vector_matrix_online(r->matrix, op->cpu));
		note_hotplug(r, op);
		break;
	case OP_OFFLINE:
		follow(r, op, vector_matrix_offline(r->matrix, op->cpu));
		note_hotplug(r, op);
		break;
	case OP_ASSIGN:
		follow(r, op, vector_matrix_assign(r->matrix, op->cpu, op->vector));
		learn(r, op->cpu, op->vector, VECTOR_ALLOCATED);
		break;
	case OP_RESERVE:
		follow(r, op, vector_matrix_reserve(r->matrix, 1));
		break;
	case OP_REMOVE_RESERVED:
		follow(r, op, vector_matrix_remove_reserved(r->matrix, 1));
		break;
	case OP_RESERVE_MANAGED:
		replay_managed(r, op, DECISION_RESERVE_MANAGED);
		break;
	case OP_REMOVE_MANAGED:
		replay_managed(r, op, DECISION_REMOVE_MANAGED);
		break;
	case OP_ALLOC:
		replay_alloc(r, op, DECISION_ALLOC);
		break;
	case OP_ALLOC_MANAGED:
		replay_alloc(r, op, DECISION_ALLOC_MANAGED);
		break;
	case OP_FREE:
		replay_free(r, op);
		break;
	case OP_CAN_UNPLUG:
		replay_can_unplug(r, op);
		break;
	case OP_COUNTERS:
	case HISTORY_VERBS:
		break;
	}
}

/* NULL: equal, as far as anything is proven. */
static char *compare_snapshot(const struct replay *r, const struct replay_snapshot *s)
{
	struct matrix_proof proof = {
		.sets = r->state->sets,
		.counted = r->state->counted,
		.mapped = r->state->mapped,
		.split = r->state->split,
		.online = r->state->online_known,
		.sum = r->sum_known,
		.globals = r->state->globals_known,
	};

	return matrix_state_compare(r->matrix, s->state, &proof, r->state->total_offset);
}

/* Most moments differ in a sum already. */
static bool may_be_equal(const struct vector_matrix_stats *stats, const struct matrix_state *state)
{
	return !state->counted ||
	       (stats->available == state->available && stats->reserved == state->reserved);
}

static void seek_snapshots(struct replay *r, uint64_t line)
{
	struct vector_matrix_stats stats;

	vector_matrix_stats(r->matrix, &stats);
	for (size_t i = 0; i < r->options->snapshots_count; i++) {
		struct replay_snapshot *s = &r->options->snapshots[i];
		if ((!s->open && s->mark_line) || !may_be_equal(&stats, s->state)) {
			continue;
		}
		g_autofree char *difference = compare_snapshot(r, s);
		if (!difference) {
			s->equal_line = line;
			s->open = false;
		}
	}
}

/*
 * The last mark of a name counts: a later snapshot of that name took the place of the earlier ones.
 */
static void replay_mark(struct replay *r, const struct ftrace_event *e)
{
	const char *snap = memmem(e->text, e->text_length, "snap ", 5);
	size_t length = snap ? (size_t)(e->text + e->text_length - snap) - 5 : 0;

	while (length > 0 && g_ascii_isspace(snap[5 + length - 1])) {
		length--;
	}
	for (size_t i = 0; i < r->options->snapshots_count; i++) {
		struct replay_snapshot *s = &r->options->snapshots[i];
		s->open = false;
		if (snap && strlen(s->name) == length && memcmp(s->name, snap + 5, length) == 0) {
			g_free(s->difference);
			s->difference = compare_snapshot(r, s);
			s->mark_line = e->line;
			s->equal_line = s->difference ? 0 : e->line;
			s->open = s->difference;
		}
	}
}

static void replay_op(struct replay *r, const struct history_op *op)
{
	if (!in_range(r->result, op, true)) {
		return;
	}
	r->result->operations[op->verb]++;
	carry_out(r, op);
	compare_counters(r, op);
	seek_snapshots(r, op->line);
	if (r->options->op) {
		r->options->op(r->options->context, op);
	}
}

static void leave_part(struct replay *r)
{
	if (r->matrix) {
		matrix_state_free(r->result->end);
		r->result->end = matrix_state_of(r->matrix);
	}
	start_state_free(r->state);
	g_free(r->matrix);
	r->state = NULL;
	r->matrix = NULL;
}

/* Scans the next part and builds the allocator that it begins with. */
static int enter_part(struct replay *r, char **error)
{
	struct replay_result *result = r->result;
	bool first = !result->end, jumped = r->scanner.jumped;
	uint64_t line = r->scanner.end_line;
	int got = scan_part(r);

	if (got < 0) {
		return got;
	}
	note_cpu(result, start_cpus_min(r->scanner.start) - 1);
	const struct matrix_state *hint = first ? r->options->start : result->end;
	r->state = start_resolve(r->scanner.start, result->cpus, hint, first && hint);
	r->matrix = matrix_state_build(r->state->state, error);
	if (!r->matrix) {
		return -EINVAL;
	}
	r->sum_known = r->state->sum_known;
	if (r->options->part) {
		r->options->part(r->options->context, r->state->state);
	}
	if (jumped && result->jumps++ == 0) {
		result->jump_line = line;
	}
	if (r->scanner.operations == 0) {
		return 0;
	}
	if (result->parts++ == 0) {
		result->start_cpus_counted = r->state->cpus_counted;
		result->start_vectors_concluded = r->state->vectors_concluded;
	}
	result->parts_concluded += !start_is_birth(r->scanner.start);
	if (r->state->warning && !result->start_warning) {
		result->start_warning = g_strdup(r->state->warning);
	}
	return 0;
}

static void note_time(struct replay_result *result, const struct ftrace_event *e)
{
	if (!result->first_ns) {
		result->first_ns = e->time_ns;
	}
	result->last_ns = e->time_ns;
}

static int replay_parts(struct replay *r, char **error)
{
	struct ftrace_event e;
	struct history_op op;
	int got = enter_part(r, error);

	while (got >= 0 && (got = ftrace_next(&r->reader, &e)) > 0) {
		bool complete = history_event(r->history, &e, &op);
		/*
		 * A gap ends a part by itself, an operation that does not follow is the next part's
		 * first.
		 */
		if (r->scanner.end_line == e.line && (e.kind == FT_GAP || complete)) {
			leave_part(r);
			got = enter_part(r, error);
			if (got < 0) {
				break;
			}
		}
		if (e.kind == FT_GAP) {
			if (r->options->event) {
				r->options->event(r->options->context, &e);
			}
			continue;
		}
		note_time(r->result, &e);
		if (complete) {
			replay_op(r, &op);
		}
		if (e.kind == FT_MARK) {
			replay_mark(r, &e);
		}
		if (r->options->event) {
			r->options->event(r->options->context, &e);
		}
	}
	return got;
}

/* Without a mark the end is the best guess, and where it differs that is what is shown. */
static void finish_snapshots(struct replay *r)
{
	for (size_t i = 0; r->matrix && i < r->options->snapshots_count; i++) {
		struct replay_snapshot *s = &r->options->snapshots[i];
		if (!s->mark_line) {
			s->difference = compare_snapshot(r, s);
		}
	}
}

static void close_readers(struct replay *r)
{
	r->result->trace = r->scanner.reader.counts;
	history_break(r->history);
	r->result->history = *history_counts(r->history);
	start_free(r->scanner.start);
	history_free(r->scanner.history);
	history_free(r->history);
	ftrace_close(&r->scanner.reader);
	ftrace_close(&r->reader);
}

int replay_recording(int fd, const struct replay_options *options, struct replay_result *result,
                     char **error)
{
	struct replay *r = g_new0(struct replay, 1);

	*result = (struct replay_result){ .cpus = MAX(options->cpus, 1) };
	*error = NULL;
	r->options = options;
	r->result = result;
	r->history = history_new();
	r->scanner.history = history_new();
	for (size_t i = 0; i < options->snapshots_count; i++) {
		result->cpus = MAX(result->cpus, options->snapshots[i].state->cpus);
	}
	if (options->start) {
		result->cpus = MAX(result->cpus, options->start->cpus);
	}
	int got = ftrace_open(&r->reader, fd);
	if (got == 0) {
		got = ftrace_open(&r->scanner.reader, fd);
	}
	if (got == 0) {
		got = replay_parts(r, error);
	}
	finish_snapshots(r);
	leave_part(r);
	close_readers(r);
	g_free(r);
	return got;
}

void replay_result_release(struct replay_result *result)
{
	g_free(result->start_warning);
	g_free(result->divergence);
	matrix_state_free(result->end);
}

bool replay_snapshot_disagrees(const struct replay_result *result, const struct replay_snapshot *s)
{
	return s->difference && !s->equal_line && (s->mark_line || result->parts < 2);
}

bool replay_agrees(const struct replay_result *result, const struct replay_options *options)
{
	for (size_t i = 0; i < options->snapshots_count; i++) {
		if (replay_snapshot_disagrees(result, &options->snapshots[i])) {
			return false;
		}
	}
	return result->divergences == 0;
}
