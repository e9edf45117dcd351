/* SPDX-License-Identifier: MIT */
/*
 * How the allocator stood when a recording, or the part of it behind a gap, begins. A recording
 * from boot says so itself. One that begins in the middle of a machine's life does not, but every
 * operation says something: an allocation of vector 43 that every lower vector was taken and 43
 * free, a free that the vector was allocated, and the counters of the first event of a CPU, less
 * what had happened on it, how many vectors were allocated there.
 *
 * First every operation of the part goes through start_op(), then start_resolve() chooses a state
 * that fits them all, and says which of it is a choice.
 */
#ifndef MSIRACE_SIM_IMPORT_START_H
#define MSIRACE_SIM_IMPORT_START_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/import/history.h"
#include "sim/import/matrix_state.h"

struct start;

struct start *start_new(void);
void start_free(struct start *s);

/*
 * Takes one operation. CPUs and vectors must be in range: cpu below FTRACE_CPUS_MAX or
 * HISTORY_CPU_UNKNOWN. False: the recorded counters cannot follow from those before it, so
 * operations are missing from the recording. Then nothing is taken, and another part begins with
 * this operation.
 */
bool start_op(struct start *s, const struct history_op *op);

/*
 * True where the part begins with an allocator that nobody has used: its first operation makes a
 * system vector.
 */
bool start_is_birth(const struct start *s);

/*
 * CPUs that the machine must have: those that are online by the kernel's count, and those that are
 * not.
 */
uint32_t start_cpus_min(const struct start *s);

struct start_state {
	struct matrix_state *state; /* every set has one member */
	uint8_t *sets; /* [cpu * vectors + vector]: what the vector may be as far as is proven */
	bool *counted; /* [cpu]: the available count is proven */
	bool *mapped;  /* [cpu]: the counts of allocated and managed vectors are proven */
	bool split; /* how many managed vectors are allocated is proven; the kernel's events do not
	               tell */
	uint32_t cpus_counted;
	uint32_t vectors_concluded; /* by at least one operation */
	int64_t total_offset; /* the kernel's total less the vectors that are allocated in state */
	bool sum_known;       /* of the available counts of the CPUs that are online */
	bool globals_known;   /* reserved and total */
	bool online_known;    /* which CPUs are online */
	bool free_ambiguous; /* a free of the part may be of a managed vector or not, and the counts
	                        depend on it */
	char *warning;       /* what does not fit together; NULL: nothing. g_free() */
};

/*
 * cpus: of the machine. hint: the state as something else tells it, for what the operations leave
 * open: certain where exact (a snapshot at this moment), otherwise only likely (before a gap);
 * NULL: none.
 */
struct start_state *start_resolve(const struct start *s, uint32_t cpus,
                                  const struct matrix_state *hint, bool exact);
void start_state_free(struct start_state *s);

#endif
