/* SPDX-License-Identifier: MIT */
/* Random sequences of operations on a vector matrix and on its naive twin, which must never differ. */
#ifndef MSIRACE_TEST_MATRIX_DRIVE_H
#define MSIRACE_TEST_MATRIX_DRIVE_H

#include "index_env.h"
#include "vector_matrix.h"

struct matrix_shape {
	u32 cpus;
	u32 vectors;
	u32 first;
	u32 end;
};

/**
 * matrix_drive - run operations until they, or the bytes to choose from, are used up
 * @operations:    how many at most
 * @compare_every: so many operations between comparisons of everything, each followed by vector_matrix_check(). The result
 *                 of an operation, the counters of the matrix and those of one CPU are compared after every one.
 *
 * Return: NULL, or what differed.
 */
const char *matrix_drive(struct choices *choices, const struct matrix_shape *shape, u32 operations,
	u32 compare_every);

#endif
