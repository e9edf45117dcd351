/* SPDX-License-Identifier: MIT */
/*
 * One interleaving, run again and told: as columns, one for each CPU and device with time downward, as JSON, and as a graph
 * for Graphviz.
 */
#ifndef MSIRACE_SIM_CHECK_WITNESS_H
#define MSIRACE_SIM_CHECK_WITNESS_H

#include <glib.h>

#include "sim/check_explore.h"
#include "sim/check_token.h"

#define CHECK_WITNESS_WIDTH 100

/* What happened in one place in one step. */
struct witness_cell {
	uint32_t column;
	GString *text;
};

struct witness_step {
	uint32_t cause;             /* the step that set it off, from 1; 0: none, or the thread's own */
	GArray *cells;              /* of struct witness_cell; none: nothing that a reader could see */
};

struct witness {
	const struct scenario *scenario;              /* borrowed */
	const struct scenario_contender *contender;   /* borrowed */
	struct check_token token;
	char *token_text;
	GArray *steps;              /* of struct witness_step */
	uint32_t subjects;          /* bit by enum check_subject, at the end of the path */
	bool quiet;                 /* nothing but the outside can go on there */
	bool unfinished;            /* a thread is in the middle of something: quiet, a deadlock */
	GPtrArray *waiting;         /* names of the devices that wait for service at the end; borrowed */
};

/*
 * Runs a path, given by its codes, or where codes is NULL by the token's choices; inside of actor_world_run(). NULL with
 * *error set, malloc'ed, where it leads nowhere.
 */
struct witness *witness_run(const struct scenario *s, const struct scenario_contender *contender,
			    const struct check_bounds *bounds, const struct check_codes *codes,
			    const struct check_token *token, char **error);
void witness_free(struct witness *w);

/* Lines of at most CHECK_WITNESS_WIDTH columns. */
void witness_columns(const struct witness *w, GString *out);
void witness_json(const struct witness *w, GString *out);
void witness_dot(const struct witness *w, GString *out);

#endif
