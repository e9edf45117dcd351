/* SPDX-License-Identifier: MIT */
#include "sim/import/start_internal.h"

#include <glib.h>
#include <string.h>

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
