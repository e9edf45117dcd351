/* SPDX-License-Identifier: MIT */
/* A state that fits all the operations of a part. */
#include "sim/import/start_internal.h"

#include <glib.h>
#include <string.h>

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
	struct quota left = {
		.allocated = (int64_t)out->allocated - out->managed_allocated,
		.managed = (int64_t)out->managed - out->managed_allocated,
		.managed_allocated = out->managed_allocated,
	};
	const uint8_t *likely = r->hint && cpu < r->hint->cpus
	                                ? &r->hint->vector[(size_t)cpu * X86_VECTORS]
	                                : NULL;
	start_place(vector, possible, likely, result->state->system, &left);
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
