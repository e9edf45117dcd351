/* SPDX-License-Identifier: MIT */
/*
 * What is known of a vector allocator at one moment: counters, and for each vector of each CPU the
 * set of things that it may be. A snapshot of a running kernel knows everything, the kernel's own
 * debugfs file everything but which vectors are managed, and a recording that begins in the middle
 * of a machine's life only what can be concluded from it.
 */
#ifndef MSIRACE_SIM_IMPORT_MATRIX_STATE_H
#define MSIRACE_SIM_IMPORT_MATRIX_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/vector_matrix.h"

/* What a vector may be, as a set. */
#define VECTOR_FREE 0x1u
#define VECTOR_ALLOCATED 0x2u /* not managed */
#define VECTOR_MANAGED 0x4u   /* and not allocated */
#define VECTOR_MANAGED_ALLOCATED 0x8u
#define VECTOR_ANYTHING 0xfu

/*
 * Linux on x86: vectors that can be allocated, and those of them that the kernel keeps to itself.
 */
#define X86_VECTORS 256
#define X86_VECTOR_FIRST 32
#define X86_VECTOR_END 236

struct matrix_cpu_state {
	bool online;
	bool initialized; /* was online at least once */
	bool counted;     /* the counters are known */
	uint32_t available;
	uint32_t allocated;
	uint32_t managed;
	uint32_t managed_allocated;
};

struct matrix_state {
	uint32_t cpus;
	uint32_t vectors;
	uint32_t first;
	uint32_t end; /* exclusive */
	uint32_t online_cpus;
	uint32_t available;
	uint32_t reserved;
	uint32_t total_allocated;
	bool counted; /* the four above are known */
	bool *system; /* [vectors] */
	struct matrix_cpu_state *cpu;
	uint8_t *vector; /* [cpu * vectors + vector]: VECTOR_ sets */
};

/* All CPUs offline and never seen, nothing known, Linux's system vectors for x86. */
struct matrix_state *matrix_state_new(uint32_t cpus);
void matrix_state_free(struct matrix_state *s);

/* Everything, as it is now. */
struct matrix_state *matrix_state_of(const struct vector_matrix *m);

/*
 * A matrix in this state; every set has one member, and every CPU's counters must fit its sets but
 * for the available count, which may be off where managed vectors came or went while the CPU was
 * offline. NULL, and *error (freed by the caller with g_free()) says why there is none. The matrix
 * is freed with g_free().
 */
struct vector_matrix *matrix_state_build(const struct matrix_state *s, char **error);

/*
 * How much of a matrix is proven, where it began with a guess. All is proven where the pointer to
 * it is NULL.
 */
struct matrix_proof {
	const uint8_t *sets; /* [cpu * vectors + vector]: proven where the set has one member */
	const bool *counted; /* [cpu]: the available count */
	const bool *mapped;  /* [cpu]: the counts of allocated and managed vectors */
	bool split;          /* how many managed vectors are allocated */
	bool online;         /* which CPUs are online */
	bool sum;            /* of the available counts */
	bool globals;        /* reserved and total */
};

/*
 * Compares with a snapshot: counters of the matrix and of each CPU, and each vector of the CPUs, as
 * far as they are proven. total_offset is added to the matrix's total. NULL where all is equal,
 * otherwise what differs first (g_free()).
 */
char *matrix_state_compare(const struct vector_matrix *m, const struct matrix_state *snapshot,
                           const struct matrix_proof *proof, int64_t total_offset);

/*
 * Reads a snapshot: "ktdump v1", the text of a kernel module that walks the allocator, or the
 * debugfs file irq/domains/VECTOR. NULL, and *error (g_free()) names the file, the line and what is
 * wrong.
 */
struct matrix_state *matrix_state_read(const char *path, char **error);

#endif
