/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of the kernel's matrix against the state of ours, where their marks stand, or anywhere.
 */
#define _GNU_SOURCE /* memmem */
#include "sim/import/replay_internal.h"

#include <glib.h>
#include <string.h>

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

void replay_seek_snapshots(struct replay *r, uint64_t line)
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

static bool is_within(uint64_t value, uint64_t a, uint64_t b)
{
	return value >= MIN(a, b) && value <= MAX(a, b);
}

/* As far as a side of the gap is not proven, it says nothing. */
static bool cpu_is_between(const struct replay *r, const struct matrix_state *s, uint32_t cpu)
{
	const struct start_state *before = r->before, *after = r->state;
	const struct matrix_cpu_state *was = &r->result->end->cpu[cpu], *found = &s->cpu[cpu],
				      *is = &after->state->cpu[cpu];

	for (uint32_t vector = s->first; vector < s->end; vector++) {
		size_t at = (size_t)cpu * s->vectors + vector;
		if (!s->system[vector] &&
		    !((before->sets[at] | after->sets[at]) & s->vector[at])) {
			return false;
		}
	}
	if (found->online != was->online && found->online != is->online) {
		return false;
	}
	bool counted = found->counted && before->counted[cpu] && after->counted[cpu];
	bool mapped = found->counted && before->mapped[cpu] && after->mapped[cpu];
	return (!counted || is_within(found->available, was->available, is->available)) &&
	       (!mapped || (is_within(found->allocated, was->allocated, is->allocated) &&
	                    is_within(found->managed, was->managed, is->managed)));
}

/* Each vector is as it was before the gap or as it is after it, and each count between the two. */
static bool is_between(const struct replay *r, const struct matrix_state *s)
{
	const struct matrix_state *was = r->result->end, *after = r->state->state;

	if (s->cpus > MIN(after->cpus, was->cpus) || s->vectors != after->vectors ||
	    s->first != after->first || s->end != after->end ||
	    memcmp(s->system + s->first, after->system + s->first,
	           (s->end - s->first) * sizeof(s->system[0])) != 0) {
		return false;
	}
	for (uint32_t cpu = 0; cpu < after->cpus; cpu++) {
		bool was_online = cpu < was->cpus && was->cpu[cpu].online;
		if (cpu < s->cpus ? !cpu_is_between(r, s, cpu)
		                  : was_online && after->cpu[cpu].online) {
			return false;
		}
	}
	bool known = s->counted && r->before->globals_known && r->state->globals_known;
	return !known || is_within(s->reserved, was->reserved, after->reserved);
}

void replay_seek_in_gap(struct replay *r, uint64_t line)
{
	for (size_t i = 0; r->before && i < r->options->snapshots_count; i++) {
		struct replay_snapshot *s = &r->options->snapshots[i];
		if ((s->open || !s->mark_line) && is_between(r, s->state)) {
			s->gap_line = line;
		}
	}
}

/*
 * The last mark of a name counts: a later snapshot of that name took the place of the earlier ones.
 */
void replay_place_mark(struct replay *r, const struct ftrace_event *e)
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
			s->gap_line = 0;
			s->open = s->difference;
		}
	}
}

/* Without a mark the end is the best guess, and where it differs that is what is shown. */
void replay_finish_snapshots(struct replay *r)
{
	for (size_t i = 0; r->matrix && i < r->options->snapshots_count; i++) {
		struct replay_snapshot *s = &r->options->snapshots[i];
		if (!s->mark_line) {
			s->difference = compare_snapshot(r, s);
		}
	}
}
