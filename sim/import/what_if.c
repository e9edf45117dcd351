/* SPDX-License-Identifier: MIT */
#include "sim/import/what_if.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "sim/import/ftrace.h"

/* Where a recorded vector is in another allocator. */
struct place {
	bool used;
	bool managed;
	uint16_t vector;
	uint32_t cpu;
};

struct shadow {
	struct vector_matrix *matrix;
	struct place *places; /* [recorded CPU * X86_VECTORS + recorded vector] */
	struct what_if_row row;
};

struct what_if {
	struct shadow shadows[WHAT_IF_PLACEMENTS];
	uint32_t cpus;
	struct what_if_row rows[WHAT_IF_PLACEMENTS];
	uint64_t unmasked; /* allocations whose mask is not recorded: the kernel's CPU is taken for it */
};

static const struct {
	const char *name;
	enum vector_matrix_placement placement;
} placements[WHAT_IF_PLACEMENTS] = {
	{ "spread", VECTOR_MATRIX_SPREAD },
	{ "pack", VECTOR_MATRIX_PACK },
	{ "first-fit", VECTOR_MATRIX_FIRST_FIT },
};

struct what_if *what_if_new(void)
{
	struct what_if *w = g_new0(struct what_if, 1);

	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		w->shadows[i].row.placement = placements[i].name;
	}
	return w;
}

static void forget(struct shadow *s)
{
	g_clear_pointer(&s->matrix, g_free);
	g_clear_pointer(&s->places, g_free);
}

void what_if_free(struct what_if *w)
{
	if (!w) {
		return;
	}
	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		forget(&w->shadows[i]);
	}
	g_free(w);
}

static struct place *place_of(const struct shadow *s, uint32_t cpu, uint32_t vector)
{
	return &s->places[(size_t)cpu * X86_VECTORS + vector];
}

/* Everything that is allocated at the start is where the recorded kernel had it. */
void what_if_part(struct what_if *w, const struct matrix_state *state)
{
	w->cpus = state->cpus;
	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		struct shadow *s = &w->shadows[i];
		char *error = NULL;
		forget(s);
		s->matrix = matrix_state_build(state, &error);
		if (!s->matrix) {
			/* The replay builds the same state, and reports why it cannot. */
			g_free(error);
			continue;
		}
		vector_matrix_set_placement(s->matrix, placements[i].placement);
		s->places = g_new0(struct place, (size_t)state->cpus * X86_VECTORS);
		for (uint32_t cpu = 0; cpu < state->cpus; cpu++) {
			for (uint32_t v = 0; v < X86_VECTORS; v++) {
				int flags = vector_matrix_state(s->matrix, cpu, v);
				*place_of(s, cpu, v) = (struct place){
					.used = flags & VECTOR_MATRIX_ALLOCATED &&
				                !(flags & VECTOR_MATRIX_SYSTEM),
					.managed = flags & VECTOR_MATRIX_MANAGED,
					.vector = (uint16_t)v,
					.cpu = cpu,
				};
			}
		}
	}
}

static uint32_t managed_left(const struct shadow *s, uint32_t cpu)
{
	struct vector_matrix_cpu_stats stats;

	vector_matrix_cpu_stats(s->matrix, cpu, &stats);
	return stats.managed - stats.managed_allocated;
}

static void shadow_alloc(struct shadow *s, const struct history_op *op, const uint64_t *mask)
{
	bool managed = op->verb == OP_ALLOC_MANAGED;
	uint32_t cpu = 0;
	int vector = managed ? vector_matrix_alloc_managed(s->matrix, mask, &cpu)
	                     : vector_matrix_alloc(s->matrix, mask, op->reserved > 0, &cpu);

	if (op->error < 0) {
		if (vector >= 0) {
			s->row.not_refused++;
			vector_matrix_free(s->matrix, cpu, (uint32_t)vector, managed);
		}
		return;
	}
	if (vector < 0) {
		s->row.refused++;
		return;
	}
	s->row.granted++;
	s->row.elsewhere += cpu != op->cpu;
	s->row.most_on_a_cpu =
		MAX(s->row.most_on_a_cpu, vector_matrix_allocated(s->matrix, cpu));
	*place_of(s, op->cpu, op->vector) = (struct place){
		.used = true,
		.managed = managed,
		.vector = (uint16_t)vector,
		.cpu = cpu,
	};
}

/* Where the start is a guess, two recorded vectors may stand for one: that is given back once. */
static void give_back(struct shadow *s, const struct place *p)
{
	int flags = vector_matrix_state(s->matrix, p->cpu, p->vector);

	if (flags & VECTOR_MATRIX_ALLOCATED && !(flags & VECTOR_MATRIX_SYSTEM) &&
	    p->managed == !!(flags & VECTOR_MATRIX_MANAGED)) {
		vector_matrix_free(s->matrix, p->cpu, p->vector, p->managed);
	}
}

static void shadow_free(struct shadow *s, const struct history_op *op)
{
	struct place *p = place_of(s, op->cpu, op->vector);

	if (p->used) {
		give_back(s, p);
		p->used = false;
	}
}

/* An interrupt that the recorded kernel had elsewhere has to leave first. */
static void shadow_offline(struct what_if *w, struct shadow *s, uint32_t dying)
{
	uint64_t mask[FTRACE_MASK_WORDS];

	memset(mask, 0xff, sizeof(mask));
	mask[dying / 64] &= ~(UINT64_C(1) << (dying % 64));
	for (size_t i = 0; i < (size_t)w->cpus * X86_VECTORS; i++) {
		struct place *p = &s->places[i];
		uint32_t cpu = dying;
		if (!p->used || p->cpu != dying || p->managed || i / X86_VECTORS == dying) {
			continue;
		}
		int vector = vector_matrix_alloc(s->matrix, mask, false, &cpu);
		give_back(s, p);
		p->used = vector >= 0;
		s->row.displaced += vector >= 0;
		s->row.stranded += vector < 0;
		if (vector >= 0) {
			p->vector = (uint16_t)vector;
			p->cpu = cpu;
		}
	}
	vector_matrix_offline(s->matrix, dying);
}

static void shadow_assign(struct shadow *s, const struct history_op *op)
{
	struct vector_matrix_cpu_stats stats;

	vector_matrix_cpu_stats(s->matrix, op->cpu, &stats);
	if (vector_matrix_state(s->matrix, op->cpu, op->vector) || !stats.online || !stats.available) {
		s->row.refused++;
		return;
	}
	vector_matrix_assign(s->matrix, op->cpu, op->vector);
	*place_of(s, op->cpu, op->vector) = (struct place){
		.used = true, .vector = (uint16_t)op->vector, .cpu = op->cpu
	};
}

static void shadow_assign_system(struct shadow *s, const struct history_op *op)
{
	int flags = vector_matrix_state(s->matrix, op->trace_cpu, op->vector);

	if (!(flags & VECTOR_MATRIX_SYSTEM)) {
		vector_matrix_assign_system(s->matrix, op->trace_cpu, op->vector,
		                            flags & VECTOR_MATRIX_ALLOCATED);
	}
}

static void shadow_op(struct what_if *w, struct shadow *s, const struct history_op *op,
                      const uint64_t *mask)
{
	struct vector_matrix_cpu_stats stats;

	switch (op->verb) {
	case OP_ASSIGN_SYSTEM:
		shadow_assign_system(s, op);
		break;
	case OP_ONLINE:
	case OP_OFFLINE:
		vector_matrix_cpu_stats(s->matrix, op->cpu, &stats);
		if (op->verb == OP_ONLINE && !stats.online) {
			vector_matrix_online(s->matrix, op->cpu);
		} else if (op->verb == OP_OFFLINE && stats.online) {
			shadow_offline(w, s, op->cpu);
		}
		break;
	case OP_ASSIGN:
		shadow_assign(s, op);
		break;
	case OP_RESERVE:
		vector_matrix_reserve(s->matrix, 1);
		break;
	case OP_REMOVE_RESERVED:
		if (vector_matrix_reserved(s->matrix)) {
			vector_matrix_remove_reserved(s->matrix, 1);
		}
		break;
	case OP_RESERVE_MANAGED:
		if (op->error == 0) {
			s->row.refused += vector_matrix_reserve_managed(s->matrix, mask) < 0;
		}
		break;
	case OP_REMOVE_MANAGED:
		if (op->error == 0 && managed_left(s, op->cpu)) {
			vector_matrix_remove_managed(s->matrix, mask);
		}
		break;
	case OP_ALLOC:
	case OP_ALLOC_MANAGED:
		shadow_alloc(s, op, mask);
		break;
	case OP_FREE:
		shadow_free(s, op);
		break;
	case OP_CAN_UNPLUG:
	case OP_COUNTERS:
	case HISTORY_VERBS:
		break;
	}
}

static bool needs_cpu(const struct history_op *op)
{
	return op->verb != OP_RESERVE && op->verb != OP_REMOVE_RESERVED &&
	       op->verb != OP_ASSIGN_SYSTEM &&
	       !((op->verb == OP_ALLOC || op->verb == OP_ALLOC_MANAGED) && op->error < 0);
}

void what_if_op(struct what_if *w, const struct history_op *op)
{
	bool alloc = op->verb == OP_ALLOC || op->verb == OP_ALLOC_MANAGED;
	uint64_t mask[FTRACE_MASK_WORDS] = { 0 };

	if ((needs_cpu(op) && op->cpu >= w->cpus) || op->trace_cpu >= w->cpus ||
	    op->vector >= X86_VECTORS) {
		return;
	}
	if (alloc && op->mask) {
		memcpy(mask, op->mask, MIN(op->mask_words, FTRACE_MASK_WORDS) * sizeof(mask[0]));
	} else if (op->cpu < w->cpus) {
		mask[op->cpu / 64] |= UINT64_C(1) << (op->cpu % 64);
		w->unmasked += alloc;
	} else {
		w->unmasked += alloc;
	}
	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		if (w->shadows[i].matrix) {
			shadow_op(w, &w->shadows[i], op, mask);
		}
	}
}

const struct what_if_row *what_if_rows(struct what_if *w)
{
	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		struct shadow *s = &w->shadows[i];
		uint64_t owned = 0;
		s->row.in_use = 0;
		for (uint32_t cpu = 0; s->matrix && cpu < w->cpus; cpu++) {
			s->row.in_use += vector_matrix_allocated(s->matrix, cpu);
		}
		for (size_t j = 0; s->matrix && j < (size_t)w->cpus * X86_VECTORS; j++) {
			owned += s->places[j].used;
		}
		s->row.leaked = s->row.in_use - owned;
		w->rows[i] = s->row;
	}
	return w->rows;
}

void what_if_print(struct what_if *w, FILE *out)
{
	const struct what_if_row *rows = what_if_rows(w);

	fprintf(out, "\n%-10s %9s %9s %9s %9s %9s %9s %11s %9s %7s\n", "what if", "granted",
	        "refused", "refused", "on other", "moved at", "stranded", "most on", "in use",
	        "leaked");
	fprintf(out, "%-10s %9s %9s %9s %9s %9s %9s %11s %9s\n", "placement", "", "here",
	        "there", "CPU", "offline", "", "one CPU", "at end");
	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		const struct what_if_row *r = &rows[i];
		fprintf(out,
		        "%-10s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
		        " %9" PRIu64 " %11u %9" PRIu64 " %7" PRIu64 "\n",
		        r->placement, r->granted, r->refused, r->not_refused, r->elsewhere,
		        r->displaced, r->stranded, r->most_on_a_cpu, r->in_use, r->leaked);
	}
	if (w->unmasked) {
		fprintf(out,
		        "%" PRIu64 " of the masks are not recorded: the kernel's own CPU stands for "
		        "them\n",
		        w->unmasked);
	}
}
