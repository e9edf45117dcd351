/* SPDX-License-Identifier: MIT */
/*
 * The allocator core made to do what the kernel did, so that one difference does not cause the
 * next.
 */
#include "sim/import/replay_internal.h"

#include <glib.h>
#include <string.h>

void replay_make_mask(const struct replay *r, const struct history_op *op, bool recorded,
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

bool replay_force(struct replay *r, const struct history_op *op, bool reservation)
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
	replay_make_mask(r, op, false, mask);
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
