/* SPDX-License-Identifier: MIT */
/*
 * The vector matrix again, as naively as it can be written: a flag byte per vector, plain counters, and a loop over all
 * CPUs of the mask for every choice. The verbs have the arguments and results of their namesakes in vector_matrix.h.
 */
#ifndef MSIRACE_TEST_MATRIX_TWIN_H
#define MSIRACE_TEST_MATRIX_TWIN_H

#include "vector_matrix.h"

/** struct twin_cpu - @flags has one byte of VECTOR_MATRIX_ALLOCATED and _MANAGED for each vector */
struct twin_cpu {
	struct vector_matrix_cpu_stats counts;
	u8 *flags;
};

struct matrix_twin {
	struct vector_matrix_stats counts;
	enum vector_matrix_placement placement;
	u8 *system;
	struct twin_cpu *cpu;
};

/** twin_make - all offline and free; the caller hands it to twin_destroy() */
struct matrix_twin *twin_make(u32 cpus, u32 vectors, u32 first, u32 end);
void twin_destroy(struct matrix_twin *t);

int twin_set_placement(struct matrix_twin *t, u32 placement);
int twin_online(struct matrix_twin *t, u32 cpu);
int twin_offline(struct matrix_twin *t, u32 cpu);
int twin_assign_system(struct matrix_twin *t, u32 cpu, u32 vector, bool replace);
int twin_reserve_managed(struct matrix_twin *t, const u64 *mask);
int twin_remove_managed(struct matrix_twin *t, const u64 *mask);
int twin_alloc_managed(struct matrix_twin *t, const u64 *mask, u32 *cpu);
int twin_assign(struct matrix_twin *t, u32 cpu, u32 vector);
int twin_reserve(struct matrix_twin *t, u32 count);
int twin_remove_reserved(struct matrix_twin *t, u32 count);
int twin_alloc(struct matrix_twin *t, const u64 *mask, bool reserved, u32 *cpu);
int twin_alloc_range(struct matrix_twin *t, const u64 *mask, u32 count, u32 align, u32 *cpu);
int twin_alloc_same(struct matrix_twin *t, u32 vector, const u64 *mask, u32 *cpu);
int twin_free(struct matrix_twin *t, u32 cpu, u32 vector, bool managed);
u32 twin_available_without(const struct matrix_twin *t, u32 cpu);
int twin_state(const struct matrix_twin *t, u32 cpu, u32 vector);

#endif
