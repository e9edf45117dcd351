/* SPDX-License-Identifier: MIT */
#include "sim/import/start.h"

#include <glib.h>
#include <string.h>

/* What is known of one CPU at the start, and what has happened to its counters since. */
struct start_cpu {
	uint8_t possible[X86_VECTORS]; /* at the start */
	bool touched[X86_VECTORS]; /* changed since: events say nothing about the start any more */
	bool online_known;
	bool online; /* at the start */
	bool offline_now;
	bool available_known;
	bool maps_known;   /* allocated and managed */
	int64_t available; /* at the start */
	int64_t allocated;
	int64_t managed;
	int64_t available_since;
	int64_t allocated_since;
	int64_t managed_since;
};

struct start {
	struct start_cpu **cpu; /* [cpus]; NULL: nothing happened there */
	uint32_t cpus;
	bool any;
	bool birth;
	bool system[X86_VECTORS]; /* made during the part */
	bool capacity_known;
	uint32_t capacity; /* what the first CPU that came online brought */
	bool globals_known;
	bool sum_known;      /* available */
	int64_t online_cpus; /* at the start */
	int64_t available;
	int64_t reserved;
	int64_t total;
	bool available_since_known; /* no CPU whose count is open went on or off line */
	bool latest_known;
	int64_t latest; /* available in the whole matrix, by the latest counters and what happened
	                   since */
	bool ambiguous; /* a free that may or may not have changed the available counts */
	int64_t online_since;
	int64_t available_since;
	int64_t reserved_since;
	int64_t total_since;
};

struct start *start_new(void)
{
	struct start *s = g_new0(struct start, 1);

	s->available_since_known = true;
	return s;
}

void start_free(struct start *s)
{
	if (!s) {
		return;
	}
	for (uint32_t i = 0; i < s->cpus; i++) {
		g_free(s->cpu[i]);
	}
	g_free(s->cpu);
	g_free(s);
}

bool start_is_birth(const struct start *s)
{
	return s->birth;
}

uint32_t start_cpus_min(const struct start *s)
{
	int64_t needed = s->globals_known ? s->online_cpus : 0;

	for (uint32_t i = 0; i < s->cpus; i++) {
		needed += s->cpu[i] && s->cpu[i]->online_known && !s->cpu[i]->online;
	}
	return needed > 0 && needed <= FTRACE_CPUS_MAX ? (uint32_t)needed : 1;
}

static struct start_cpu *cpu_of(struct start *s, uint32_t cpu)
{
	if (cpu >= s->cpus) {
		s->cpu = g_renew(struct start_cpu *, s->cpu, cpu + 1);
		memset(s->cpu + s->cpus, 0, (cpu + 1 - s->cpus) * sizeof(s->cpu[0]));
		s->cpus = cpu + 1;
	}
	if (!s->cpu[cpu]) {
		s->cpu[cpu] = g_new0(struct start_cpu, 1);
		memset(s->cpu[cpu]->possible, VECTOR_ANYTHING, sizeof(s->cpu[cpu]->possible));
	}
	return s->cpu[cpu];
}

static void set_online(struct start_cpu *c, bool online)
{
	if (!c->online_known) {
		c->online_known = true;
		c->online = online;
	}
}

/* A contradiction is left to the replay, which shows it as a divergence. */
static void narrow(struct start_cpu *c, uint32_t vector, uint8_t set)
{
	if (!c->touched[vector] && (c->possible[vector] & set)) {
		c->possible[vector] &= set;
	}
}

static void narrow_below(struct start_cpu *c, uint32_t vector, uint8_t set)
{
	for (uint32_t v = X86_VECTOR_FIRST; v < vector; v++) {
		narrow(c, v, set);
	}
}

static void conclude(struct start_cpu *c, uint32_t vector, uint8_t was)
{
	narrow(c, vector, was);
	c->touched[vector] = true;
}

/* What one operation does to the counters: of its CPU, and of the whole matrix. */
struct effect {
	int available;
	int allocated;
	int managed;
	int reserved;
	bool vector_managed; /* of a free */
};

/* A free without a probe: only the available counts tell whether the vector stays managed. */
static bool free_is_managed(const struct start *s, const struct start_cpu *c,
                            const struct history_op *op)
{
	if (op->managed != MANAGED_UNKNOWN) {
		return op->managed == MANAGED_YES;
	}
	if (op->has_cpu_counters && c->available_known) {
		return op->counters.available == c->available + c->available_since;
	}
	if (op->has_globals && s->latest_known && op->online) {
		return op->counters.global_available == s->latest;
	}
	return c->possible[op->vector] == VECTOR_MANAGED_ALLOCATED;
}

static bool free_is_ambiguous(const struct start *s, const struct start_cpu *c,
                              const struct history_op *op)
{
	return op->verb == OP_FREE && op->managed == MANAGED_UNKNOWN &&
	       !(op->has_cpu_counters && c->available_known) &&
	       !(op->has_globals && s->latest_known && op->online);
}

static struct effect effect_on_vector(const struct start *s, const struct start_cpu *c,
                                      const struct history_op *op)
{
	bool online = op->has_cpu_counters ? op->online : !c->offline_now;
	struct effect effect = { 0 };

	switch (op->verb) {
	case OP_ASSIGN:
	case OP_ALLOC:
		effect = (struct effect){ .available = -1,
			                  .allocated = 1,
			                  .reserved = -(op->reserved == 1) };
		break;
	case OP_ALLOC_MANAGED:
		effect.allocated = 1;
		break;
	case OP_RESERVE_MANAGED:
		effect = (struct effect){ .available = online ? -1 : 0, .managed = 1 };
		break;
	case OP_REMOVE_MANAGED:
		effect = (struct effect){ .available = online ? 1 : 0, .managed = -1 };
		break;
	case OP_FREE:
		effect.vector_managed = free_is_managed(s, c, op);
		effect.available = effect.vector_managed ? 0 : 1;
		effect.allocated = -1;
		break;
	default:
		break;
	}
	return effect;
}

static bool follows(bool known, int64_t before, int64_t since, int64_t now, uint32_t recorded)
{
	return !known || before + since + now == (int64_t)recorded;
}

/*
 * Do the recorded counters follow from the recorded counters before, and from what the operation
 * does?
 */
static bool cpu_counters_follow(const struct start_cpu *c, const struct history_op *op,
                                const struct effect *effect)
{
	return follows(c->available_known, c->available, c->available_since, effect->available,
	               op->counters.available) &&
	       follows(c->maps_known, c->allocated, c->allocated_since, effect->allocated,
	               op->counters.allocated) &&
	       follows(c->maps_known, c->managed, c->managed_since, effect->managed,
	               op->counters.managed);
}

/* Whether a reservation was used up may not be told: then its count is allowed to say so. */
static bool reservation_follows(const struct start *s, const struct history_op *op,
                                const struct effect *effect)
{
	uint32_t recorded = op->counters.global_reserved;

	if (follows(true, s->reserved, s->reserved_since, effect->reserved, recorded)) {
		return true;
	}
	return op->verb == OP_ALLOC && op->reserved < 0 &&
	       follows(true, s->reserved, s->reserved_since, -1, recorded);
}

static bool globals_follow(const struct start *s, const struct history_op *op,
                           const struct effect *effect, bool on_online_cpu, int online)
{
	bool sum = s->globals_known && s->sum_known && s->available_since_known && online == 0;

	return follows(s->globals_known, s->online_cpus, s->online_since, online,
	               op->counters.online_cpus) &&
	       follows(sum, s->available, s->available_since, on_online_cpu ? effect->available : 0,
	               op->counters.global_available) &&
	       follows(s->globals_known, s->total, s->total_since,
	               on_online_cpu ? effect->allocated : 0, op->counters.total_allocated) &&
	       (!s->globals_known || reservation_follows(s, op, effect));
}

static void change(struct start *s, struct start_cpu *c, const struct effect *effect)
{
	c->available_since += effect->available;
	c->allocated_since += effect->allocated;
	c->managed_since += effect->managed;
	if (!c->offline_now) {
		s->latest += effect->available;
		s->available_since += effect->available;
		s->total_since += effect->allocated;
	}
}

/*
 * What an operation on a vector says about that vector and those below it, of which none was to be
 * had.
 */
static void conclude_from(struct start_cpu *c, const struct history_op *op,
                          const struct effect *effect)
{
	switch (op->verb) {
	case OP_ASSIGN:
		conclude(c, op->vector, VECTOR_FREE);
		break;
	case OP_ALLOC:
	case OP_RESERVE_MANAGED:
		narrow_below(c, op->vector, VECTOR_ANYTHING & ~VECTOR_FREE);
		conclude(c, op->vector, VECTOR_FREE);
		break;
	case OP_ALLOC_MANAGED:
	case OP_REMOVE_MANAGED:
		narrow_below(c, op->vector, VECTOR_ANYTHING & ~VECTOR_MANAGED);
		conclude(c, op->vector, VECTOR_MANAGED);
		break;
	case OP_FREE:
		conclude(c, op->vector,
		         effect->vector_managed ? VECTOR_MANAGED_ALLOCATED : VECTOR_ALLOCATED);
		break;
	default:
		break;
	}
}

static void take_cpu_counters(struct start_cpu *c, const struct history_op *op)
{
	if (!c->available_known) {
		c->available = (int64_t)op->counters.available - c->available_since;
		c->available_known = true;
	}
	if (!c->maps_known) {
		c->allocated = (int64_t)op->counters.allocated - c->allocated_since;
		c->managed = (int64_t)op->counters.managed - c->managed_since;
		c->maps_known = true;
	}
}

static void take_globals(struct start *s, const struct history_op *op)
{
	if (!s->globals_known) {
		s->globals_known = true;
		s->sum_known = s->available_since_known;
		s->online_cpus = (int64_t)op->counters.online_cpus - s->online_since;
		s->available = (int64_t)op->counters.global_available - s->available_since;
		s->reserved = (int64_t)op->counters.global_reserved - s->reserved_since;
		s->total = (int64_t)op->counters.total_allocated - s->total_since;
	}
	if (s->sum_known) {
		s->available_since = (int64_t)op->counters.global_available - s->available;
		s->available_since_known = true;
	}
	s->reserved_since = (int64_t)op->counters.global_reserved - s->reserved;
	s->latest = op->counters.global_available;
	s->latest_known = true;
}

/*
 * The first CPU of all shows how many vectors are left to allocate, so whether every system vector
 * was recorded.
 */
static void note_system(struct start *s, const struct history_op *op)
{
	if (op->verb == OP_ASSIGN_SYSTEM) {
		s->system[op->vector] = true;
	} else if (op->verb == OP_ONLINE && op->has_globals && op->counters.online_cpus == 1 &&
	           !s->capacity_known) {
		s->capacity_known = true;
		s->capacity = op->counters.global_available;
	}
}

/* A CPU that comes online brings its available count with it, which shows in the sum. */
static void come_online(struct start *s, const struct history_op *op)
{
	struct start_cpu *c = cpu_of(s, op->cpu);

	set_online(c, false);
	c->offline_now = false;
	s->online_since++;
	s->latest_known = false;
	if (!c->available_known && op->has_globals && s->sum_known && s->available_since_known) {
		c->available = (int64_t)op->counters.global_available -
		               (s->available + s->available_since) - c->available_since;
		c->available_known = true;
	}
	if (c->available_known) {
		s->available_since += c->available + c->available_since;
	} else {
		s->available_since_known = false;
	}
}

static void go_offline(struct start *s, const struct history_op *op)
{
	struct start_cpu *c = cpu_of(s, op->cpu);

	set_online(c, true);
	c->offline_now = true;
	s->online_since--;
	s->latest_known = false;
	if (c->available_known) {
		s->available_since -= c->available + c->available_since;
	} else {
		s->available_since_known = false;
	}
}

static bool is_on_vector(const struct history_op *op)
{
	return op->cpu != HISTORY_CPU_UNKNOWN && op->error == 0 &&
	       (op->verb == OP_ASSIGN || op->verb == OP_ALLOC || op->verb == OP_ALLOC_MANAGED ||
	        op->verb == OP_RESERVE_MANAGED || op->verb == OP_REMOVE_MANAGED ||
	        op->verb == OP_FREE);
}

static struct effect effect_of(struct start *s, const struct history_op *op)
{
	if (is_on_vector(op)) {
		return effect_on_vector(s, cpu_of(s, op->cpu), op);
	}
	return (struct effect){ .reserved = op->verb == OP_RESERVE           ? 1
		                            : op->verb == OP_REMOVE_RESERVED ? -1
		                                                             : 0 };
}

static bool counters_follow(struct start *s, const struct history_op *op,
                            const struct effect *effect)
{
	bool on_cpu = op->has_cpu_counters && op->cpu != HISTORY_CPU_UNKNOWN;
	bool on_online_cpu = !on_cpu || op->online;
	int online = op->verb == OP_ONLINE ? 1 : op->verb == OP_OFFLINE ? -1 : 0;

	if (on_cpu && !cpu_counters_follow(cpu_of(s, op->cpu), op, effect)) {
		return false;
	}
	return !op->has_globals || globals_follow(s, op, effect, on_online_cpu, online);
}

bool start_op(struct start *s, const struct history_op *op)
{
	struct effect effect = effect_of(s, op);

	if (!counters_follow(s, op, &effect)) {
		return false;
	}
	if (!s->any) {
		s->any = true;
		s->birth = op->verb == OP_ASSIGN_SYSTEM && op->has_globals &&
		           op->counters.online_cpus == 0 && op->counters.total_allocated == 0;
	}
	/*
	 * What runs on a CPU before it is brought online says nothing about it; all else shows it
	 * to be online.
	 */
	if (op->verb != OP_ONLINE && !s->birth) {
		set_online(cpu_of(s, op->trace_cpu), true);
	}
	note_system(s, op);
	if (op->verb == OP_ONLINE) {
		come_online(s, op);
	} else if (op->verb == OP_OFFLINE) {
		go_offline(s, op);
	} else if (is_on_vector(op)) {
		struct start_cpu *c = cpu_of(s, op->cpu);
		if (op->has_cpu_counters) {
			set_online(c, op->online);
			c->offline_now = !op->online;
		}
		s->ambiguous = s->ambiguous || free_is_ambiguous(s, c, op);
		conclude_from(c, op, &effect);
		change(s, c, &effect);
	}
	s->reserved_since += effect.reserved;
	if (op->has_cpu_counters && op->cpu != HISTORY_CPU_UNKNOWN) {
		set_online(cpu_of(s, op->cpu), op->online);
		take_cpu_counters(cpu_of(s, op->cpu), op);
	}
	if (op->has_globals) {
		take_globals(s, op);
	}
	return true;
}

/* How many vectors of a CPU of each kind are still to be placed. */
struct quota {
	int64_t allocated;
	int64_t managed;
	int64_t managed_allocated;
};

static bool take(struct quota *left, uint8_t kind)
{
	int64_t *of = kind == VECTOR_ALLOCATED           ? &left->allocated
	              : kind == VECTOR_MANAGED           ? &left->managed
	              : kind == VECTOR_MANAGED_ALLOCATED ? &left->managed_allocated
	                                                 : NULL;

	if (of) {
		--*of;
	}
	return of;
}

static bool has(const struct quota *left, uint8_t kind)
{
	return kind == VECTOR_ALLOCATED ? left->allocated > 0
	       : kind == VECTOR_MANAGED
	               ? left->managed > 0
	               : kind == VECTOR_MANAGED_ALLOCATED && left->managed_allocated > 0;
}

static bool is_single(uint8_t set)
{
	return (set & (set - 1)) == 0;
}

static const uint8_t kinds_in_order[] = { VECTOR_ALLOCATED, VECTOR_MANAGED_ALLOCATED,
	                                  VECTOR_MANAGED };

static uint32_t members(uint8_t set)
{
	return (uint32_t)__builtin_popcount(set);
}

/*
 * The likely kind of a vector, if it may be of it and one of it is left; otherwise the first one
 * that it may be.
 */
static uint8_t choose(uint8_t possible, uint8_t likely, const struct quota *left)
{
	if (is_single(likely) && (possible & likely) && has(left, likely)) {
		return likely;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(kinds_in_order); i++) {
		if ((possible & kinds_in_order[i]) && has(left, kinds_in_order[i])) {
			return kinds_in_order[i];
		}
	}
	return VECTOR_FREE;
}

/*
 * Vectors that are taken for certain, whatever the counters say; those with the smallest choice
 * first.
 */
static void place_taken(uint8_t *vector, const uint8_t *possible, const uint8_t *likely,
                        const bool *system, struct quota *left)
{
	for (uint32_t choices = 2; choices <= 3; choices++) {
		for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
			if (!system[v] && vector[v] == VECTOR_FREE &&
			    !(possible[v] & VECTOR_FREE) && members(possible[v]) == choices) {
				uint8_t kind = choose(possible[v], likely ? likely[v] : 0, left);
				vector[v] = kind != VECTOR_FREE
				                    ? kind
				                    : (uint8_t)(possible[v] & -possible[v]);
				take(left, vector[v]);
			}
		}
	}
}

static void place_likely(uint8_t *vector, const uint8_t *possible, const uint8_t *likely,
                         struct quota *left)
{
	for (uint32_t v = X86_VECTOR_FIRST; likely && v < X86_VECTOR_END; v++) {
		if (vector[v] == VECTOR_FREE && is_single(likely[v]) && (possible[v] & likely[v]) &&
		    has(left, likely[v])) {
			vector[v] = likely[v];
			take(left, likely[v]);
		}
	}
}

/* From the top, where they are in nobody's way. */
static void place_rest(uint8_t *vector, const uint8_t *possible, const bool *system,
                       struct quota *left)
{
	for (uint32_t v = X86_VECTOR_END; v-- > X86_VECTOR_FIRST;) {
		if (!system[v] && vector[v] == VECTOR_FREE) {
			vector[v] = choose(possible[v], 0, left);
			take(left, vector[v]);
		}
	}
}

static uint32_t system_in_range(const struct matrix_state *s)
{
	uint32_t count = 0;

	for (uint32_t v = s->first; v < s->end; v++) {
		count += s->system[v];
	}
	return count;
}

struct resolving {
	const struct start *start;
	const struct matrix_state *hint;
	bool exact;
	struct start_state *result;
	uint32_t capacity; /* vectors that a CPU could have available */
	GString *warning;
};

/*
 * The sets of one CPU: what the operations leave, narrowed by what an exact hint says where the two
 * agree. Proven is only what the hint says: a conclusion from an operation must not be what that
 * operation is then compared with.
 */
static void combine(const struct resolving *r, uint32_t cpu, uint8_t *possible)
{
	const struct start_cpu *c = cpu < r->start->cpus ? r->start->cpu[cpu] : NULL;
	uint8_t *proven = &r->result->sets[(size_t)cpu * X86_VECTORS];

	for (uint32_t v = 0; v < X86_VECTORS; v++) {
		uint8_t set = c ? c->possible[v] : VECTOR_ANYTHING;
		r->result->vectors_concluded += set != VECTOR_ANYTHING;
		proven[v] = r->result->state->system[v] ? VECTOR_FREE : VECTOR_ANYTHING;
		if (r->hint && cpu < r->hint->cpus && r->exact) {
			uint8_t hinted = r->hint->vector[(size_t)cpu * X86_VECTORS + v];
			if (set & hinted) {
				proven[v] = hinted;
				set &= hinted;
			}
		}
		possible[v] = set;
	}
}

/*
 * The CPU's own counters at the start, from its events or else from the hint. False: nothing tells.
 */
static bool count_cpu(const struct resolving *r, uint32_t cpu, struct matrix_cpu_state *out)
{
	const struct start_cpu *c = cpu < r->start->cpus ? r->start->cpu[cpu] : NULL;
	const struct matrix_cpu_state *hint = r->hint && cpu < r->hint->cpus ? &r->hint->cpu[cpu]
	                                                                     : NULL;
	int64_t drift = hint && hint->counted
	                        ? (int64_t)hint->available + hint->allocated + hint->managed -
	                                  hint->managed_allocated - r->capacity
	                        : 0;

	if (c && c->available_known && c->maps_known) {
		int64_t managed_allocated = c->available - drift + c->allocated + c->managed -
		                            r->capacity;
		if (c->available < 0 || c->available > UINT16_MAX || c->allocated < 0 ||
		    c->managed < 0 || managed_allocated < 0 || managed_allocated > c->managed ||
		    managed_allocated > c->allocated) {
			g_string_append_printf(r->warning,
			                       "%sCPU %u: %" G_GINT64_FORMAT
			                       " available, %" G_GINT64_FORMAT
			                       " allocated and %" G_GINT64_FORMAT
			                       " managed vectors do not add up to %u",
			                       r->warning->len ? "; " : "", cpu, c->available,
			                       c->allocated, c->managed, r->capacity);
			return false;
		}
		out->available = (uint32_t)c->available;
		out->allocated = (uint32_t)c->allocated;
		out->managed = (uint32_t)c->managed;
		out->managed_allocated = (uint32_t)managed_allocated;
		return true;
	}
	if (c && c->available_known && c->available >= 0 && c->available <= r->capacity) {
		out->available = (uint32_t)c->available;
		out->allocated = r->capacity - out->available;
		return true;
	}
	if (hint && hint->counted && !(c && c->available_known)) {
		out->available = hint->available;
		out->allocated = hint->allocated;
		out->managed = hint->managed;
		out->managed_allocated = hint->managed_allocated;
		return true;
	}
	return false;
}

static void resolve_cpu(const struct resolving *r, uint32_t cpu)
{
	struct start_state *result = r->result;
	struct matrix_cpu_state *out = &result->state->cpu[cpu];
	uint8_t *vector = &result->state->vector[(size_t)cpu * X86_VECTORS];
	uint8_t possible[X86_VECTORS];

	combine(r, cpu, possible);
	memset(vector, VECTOR_FREE, X86_VECTORS);
	struct quota left = {
		.allocated = (int64_t)out->allocated - out->managed_allocated,
		.managed = (int64_t)out->managed - out->managed_allocated,
		.managed_allocated = out->managed_allocated,
	};
	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		if (!result->state->system[v] && is_single(possible[v]) &&
		    take(&left, possible[v])) {
			vector[v] = possible[v];
		}
	}
	const uint8_t *likely = r->hint && cpu < r->hint->cpus
	                                ? &r->hint->vector[(size_t)cpu * X86_VECTORS]
	                                : NULL;
	place_taken(vector, possible, likely, result->state->system, &left);
	place_likely(vector, possible, likely, &left);
	place_rest(vector, possible, result->state->system, &left);
	if (!result->counted[cpu] &&
	    (left.allocated < 0 || left.managed < 0 || left.managed_allocated < 0)) {
		result->sum_known = false;
	} else if (left.allocated || left.managed || left.managed_allocated) {
		g_string_append_printf(
			r->warning,
			"%sCPU %u: the vectors that its operations show do not fit its counters",
			r->warning->len ? "; " : "", cpu);
		result->counted[cpu] = false;
		result->mapped[cpu] = false;
		result->sum_known = false;
		out->counted = false;
	}
	out->allocated = out->managed = out->managed_allocated = 0;
	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		out->allocated += (vector[v] & (VECTOR_ALLOCATED | VECTOR_MANAGED_ALLOCATED)) != 0;
		out->managed += (vector[v] & (VECTOR_MANAGED | VECTOR_MANAGED_ALLOCATED)) != 0;
		out->managed_allocated += vector[v] == VECTOR_MANAGED_ALLOCATED;
	}
}

/*
 * Which CPUs are online: what the events show, then the hint, then as many of the lowest as the
 * count asks for.
 */
static void resolve_online(const struct resolving *r)
{
	struct matrix_state *state = r->result->state;
	bool *known = g_new0(bool, state->cpus);
	int64_t online = 0, open = 0;

	for (uint32_t i = 0; i < state->cpus; i++) {
		const struct start_cpu *c = i < r->start->cpus ? r->start->cpu[i] : NULL;
		known[i] = c && c->online_known;
		if (known[i]) {
			state->cpu[i].online = c->online;
		} else if (r->hint && i < r->hint->cpus && r->exact) {
			known[i] = true;
			state->cpu[i].online = r->hint->cpu[i].online;
		}
		online += known[i] && state->cpu[i].online;
		open += !known[i];
	}
	int64_t missing = r->start->globals_known ? r->start->online_cpus - online : open;
	r->result->online_known = open == 0 ||
	                          (r->start->globals_known && (missing == open || missing == 0));
	for (uint32_t i = 0; i < state->cpus; i++) {
		if (!known[i] && missing > 0) {
			state->cpu[i].online = true;
			missing--;
		}
		/*
		 * A CPU that events show to be offline may have been online before; its counters
		 * tell.
		 */
		const struct start_cpu *c = i < r->start->cpus ? r->start->cpu[i] : NULL;
		const struct matrix_cpu_state *hint = r->hint && i < r->hint->cpus
		                                              ? &r->hint->cpu[i]
		                                              : NULL;
		state->cpu[i].initialized = state->cpu[i].online || (hint && hint->initialized) ||
		                            (c && c->available_known);
	}
	g_free(known);
}

/*
 * CPUs of which nothing is known share what the sum of available counts leaves for them. If it is
 * the count of a single CPU that is not proven, the sum proves it.
 */
static void share_rest(const struct resolving *r)
{
	struct start_state *result = r->result;
	int64_t rest = r->start->available, likely = 0;
	uint32_t open = 0, guessed = 0;

	for (uint32_t i = 0; i < result->state->cpus; i++) {
		const struct matrix_cpu_state *c = &result->state->cpu[i];
		if (!c->online) {
			continue;
		}
		open += !result->counted[i];
		guessed += !c->counted;
		rest -= result->counted[i] ? c->available : 0;
		likely += !result->counted[i] && c->counted ? c->available : 0;
	}
	bool fits = r->start->sum_known && rest >= 0 && rest <= (int64_t)open * r->capacity;
	/* Where the likely counts and the sum contradict each other, the sum is right. */
	bool all = fits && (likely > rest || (guessed == 0 && likely != rest) ||
	                    rest - likely > (int64_t)guessed * r->capacity);
	uint32_t parts = all ? open : guessed, taken = 0;
	int64_t share = all ? rest : rest - likely;
	for (uint32_t i = 0; i < result->state->cpus; i++) {
		struct matrix_cpu_state *c = &result->state->cpu[i];
		if (!c->online || result->counted[i]) {
			continue;
		}
		result->counted[i] = fits && open == 1 && result->online_known;
		if (c->counted && !all) {
			continue;
		}
		c->available = fits ? (uint32_t)(share * (taken + 1) / parts -
		                                 share * taken / parts)
		                    : r->capacity;
		c->allocated = r->capacity - c->available;
		c->managed = 0;
		c->managed_allocated = 0;
		taken++;
	}
	result->sum_known = result->online_known && !r->start->ambiguous &&
	                    (open ? fits : !r->start->sum_known || rest == 0);
}

static void resolve_globals(const struct resolving *r)
{
	struct start_state *result = r->result;
	int64_t allocated = 0;

	for (uint32_t i = 0; i < result->state->cpus; i++) {
		allocated += result->state->cpu[i].allocated;
	}
	if (r->start->globals_known) {
		result->state->reserved = r->start->reserved > 0 ? (uint32_t)r->start->reserved : 0;
		result->total_offset = r->start->total - allocated;
		result->globals_known = true;
	} else if (r->hint && r->hint->counted) {
		result->state->reserved = r->hint->reserved;
		result->total_offset = (int64_t)r->hint->total_allocated - allocated;
		result->globals_known = r->exact;
	}
}

static struct start_state *new_result(uint32_t cpus)
{
	struct start_state *result = g_new0(struct start_state, 1);

	result->state = matrix_state_new(cpus);
	result->sets = g_malloc((size_t)cpus * X86_VECTORS);
	memset(result->sets, VECTOR_ANYTHING, (size_t)cpus * X86_VECTORS);
	result->counted = g_new0(bool, cpus);
	result->mapped = g_new0(bool, cpus);
	return result;
}

static uint32_t capacity_with(const struct start *s, const bool *system)
{
	uint32_t capacity = 0;

	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		capacity += !s->system[v] && !system[v];
	}
	return capacity;
}

/*
 * Nothing is allocated yet. System vectors may be missing where the recording begins while the
 * kernel makes them: what the first CPU has available then says so, and those that Linux has are
 * filled in.
 */
static struct start_state *born(const struct start *s, uint32_t cpus,
                                const struct matrix_state *hint)
{
	struct start_state *result = new_result(cpus);
	bool *system = result->state->system, usual[X86_VECTORS];
	static const bool none[X86_VECTORS];

	memcpy(usual, system, sizeof(usual));
	memcpy(system, hint ? hint->system : none, sizeof(usual));
	bool fits = !s->capacity_known || capacity_with(s, system) == s->capacity;
	for (uint32_t v = 0; !fits && v < X86_VECTORS; v++) {
		system[v] = system[v] || usual[v];
	}
	fits = fits || capacity_with(s, system) == s->capacity;
	if (!fits) {
		result->warning = g_strdup_printf(
			"%u vectors are available on the first CPU: not all of the system's are "
			"known",
			s->capacity);
	}
	memset(result->state->vector, VECTOR_FREE, (size_t)cpus * X86_VECTORS);
	memset(result->sets, fits ? VECTOR_FREE : VECTOR_ANYTHING, (size_t)cpus * X86_VECTORS);
	memset(result->counted, fits, cpus);
	memset(result->mapped, fits, cpus);
	result->cpus_counted = fits ? cpus : 0;
	result->split = fits;
	result->sum_known = fits;
	result->globals_known = true;
	result->online_known = true;
	return result;
}

struct start_state *start_resolve(const struct start *s, uint32_t cpus,
                                  const struct matrix_state *hint, bool exact)
{
	if (s->birth) {
		return born(s, cpus, hint);
	}
	struct resolving r = {
		.start = s,
		.hint = hint,
		.exact = exact,
		.result = new_result(cpus),
		.warning = g_string_new(NULL),
	};
	struct start_state *result = r.result;
	/* A hint from the middle of a boot may not have all of them yet. */
	for (uint32_t v = 0; hint && v < X86_VECTORS; v++) {
		result->state->system[v] = hint->system[v] || (!exact && result->state->system[v]);
	}
	r.capacity = X86_VECTOR_END - X86_VECTOR_FIRST - system_in_range(result->state);
	resolve_online(&r);
	for (uint32_t i = 0; i < cpus; i++) {
		const struct start_cpu *c = i < s->cpus ? s->cpu[i] : NULL;
		struct matrix_cpu_state *out = &result->state->cpu[i];
		if (out->initialized) {
			out->counted = count_cpu(&r, i, out);
			result->counted[i] = out->counted && ((c && c->available_known) || exact);
			result->mapped[i] = out->counted &&
			                    ((c && c->available_known && c->maps_known) || exact);
		}
	}
	share_rest(&r);
	for (uint32_t i = 0; i < cpus; i++) {
		if (result->state->cpu[i].initialized) {
			resolve_cpu(&r, i);
		} else {
			memset(&result->state->vector[(size_t)i * X86_VECTORS], VECTOR_FREE,
			       X86_VECTORS);
		}
		result->cpus_counted += result->counted[i];
	}
	resolve_globals(&r);
	result->split = exact;
	result->free_ambiguous = s->ambiguous;
	result->warning = g_string_free(r.warning, r.warning->len == 0);
	return result;
}

void start_state_free(struct start_state *s)
{
	if (!s) {
		return;
	}
	matrix_state_free(s->state);
	g_free(s->sets);
	g_free(s->counted);
	g_free(s->mapped);
	g_free(s->warning);
	g_free(s);
}
