/* SPDX-License-Identifier: MIT */
/*
 * The history of a recording under every placement of the allocator core: each operation is carried
 * out in one allocator for each placement, with the mask that the kernel had. Which vector stands
 * for which recorded one is kept, so that a free finds what its allocation got there.
 *
 * What the kernel would have done otherwise after another answer is not known: a refusal leaves an
 * interrupt without a vector until the recording allocates for it again.
 */
#ifndef MSIRACE_SIM_IMPORT_WHAT_IF_H
#define MSIRACE_SIM_IMPORT_WHAT_IF_H

#include <stdint.h>
#include <stdio.h>

#include "sim/import/history.h"
#include "sim/import/matrix_state.h"

#define WHAT_IF_PLACEMENTS 3

struct what_if_row {
	const char *placement; /* as in a scenario's machine.placement */
	uint64_t granted;      /* vectors that the history asks for */
	uint64_t refused;      /* that the kernel was granted and this placement has no room for */
	uint64_t not_refused;  /* the other way round */
	uint64_t elsewhere;    /* granted on another CPU than the kernel's */
	uint64_t displaced;    /* moved away from a CPU that goes offline, where the kernel had none */
	uint64_t stranded;     /* there was no room for them anywhere else */
	uint32_t most_on_a_cpu;
	uint64_t in_use; /* at the end */
	uint64_t leaked; /* of those, that no recorded interrupt stands for */
};

struct what_if;

struct what_if *what_if_new(void);
void what_if_free(struct what_if *w);

/* A part of the recording begins in this state; every set of it has one member. */
void what_if_part(struct what_if *w, const struct matrix_state *state);
void what_if_op(struct what_if *w, const struct history_op *op);

/* [WHAT_IF_PLACEMENTS]; what happened in all parts, and the last one's end. They belong to w. */
const struct what_if_row *what_if_rows(struct what_if *w);
void what_if_print(struct what_if *w, FILE *out);

#endif
