/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The self-test of the allocator core: one source, run by a user program and by the kernel module
 * on load. It reports in KTAP (version line, plan, one subtest for each of vector_matrix, msi_index
 * and remap_index), line by line, through core_selftest_print(), which each side provides.
 *
 * Use:
 *	struct core_selftest test = { .mem = memory, .size = core_selftest_size(), .lock = &lock };
 *	failed = core_selftest_run(&test);	(with the lock held)
 *	for (i = 0; i < CORE_SELFTEST_MATRICES; i++) {
 *		if (test.matrices[i].matrix) {
 *			vector_matrix_dump(test.matrices[i].matrix, ...);
 *		}
 *	}
 */
#ifndef MSIRACE_CORE_SELFTEST_H
#define MSIRACE_CORE_SELFTEST_H

#include "core_env.h"

/* Matrices that stay in the caller's memory after the run. */
#define CORE_SELFTEST_MATRICES 3u

struct vector_matrix;

/**
 * struct core_selftest_matrix - one matrix as the self-test left it
 * @name: what it models, fit for a file name
 * @matrix: inside the caller's memory; NULL if its cases failed before it was made
 */
struct core_selftest_matrix {
	const char *name;
	struct vector_matrix *matrix;
};

/**
 * struct core_selftest - one run
 * @mem: the caller's, aligned to 8 bytes; the core's structures live here during the run, the
 *       matrices also afterwards
 * @size: bytes at @mem, at least core_selftest_size()
 * @lock: handed to every init of the core; the caller holds it during the run. NULL for no check
 * @cases: number of cases run; written by the run
 * @failed: number of cases that failed; written by the run
 * @matrices: written by the run, valid as long as @mem is
 */
struct core_selftest {
	void *mem;
	size_t size;
	const void *lock;
	u32 cases;
	u32 failed;
	struct core_selftest_matrix matrices[CORE_SELFTEST_MATRICES];
};

/**
 * core_selftest_size - bytes of memory that a run needs, a multiple of 8; a few hundred kilobytes
 */
size_t core_selftest_size(void);

/**
 * core_selftest_run - run every case and report it
 *
 * Context: as the core: the lock held, does not sleep unless core_selftest_print() does. Three of
 * the cases misuse the core on purpose. Where its warnings count as errors, as in a kernel's log,
 * the seam keeps them quiet during the run.
 *
 * Return: number of failed cases; -EINVAL for no memory or a misaligned one, -ENOMEM for too little
 * (then nothing is printed).
 */
int core_selftest_run(struct core_selftest *test);

/**
 * core_selftest_print - one KTAP line without its newline; provided by the user program and by the
 * module
 */
void core_selftest_print(const char *line);

#endif
