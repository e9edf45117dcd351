/* SPDX-License-Identifier: MIT */
/* What `plot` and `report` are given: documents of ours, told apart by what they hold. */
#ifndef MSIRACE_SIM_PLOT_INPUT_H
#define MSIRACE_SIM_PLOT_INPUT_H

#include <glib.h>
#include <stddef.h>

#include "sim/plot.h"
#include "sim/results.h"

struct plot_input {
	struct results_set *results;   /* NULL: a trace or witnesses */
	GPtrArray *races;              /* of struct race *; NULL: results */
	guint plots_first;             /* its pictures: plots[plots_first .. plots_end) */
	guint plots_end;
};

struct plot_inputs {
	struct plot_input *each;
	size_t count;
	GPtrArray *plots;              /* of struct plot *: of all inputs */
};

/* Reads all of them. NULL where one is wrong; what is wrong with each is then on stderr. */
struct plot_inputs *plot_inputs_load(char **paths, size_t count, const struct plot_options *options);

void plot_inputs_free(struct plot_inputs *inputs);

#endif
