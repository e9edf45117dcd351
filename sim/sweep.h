/* SPDX-License-Identifier: MIT */
/* The cells of a sweep: one scenario for each combination of the values of its keys, the last key changing fastest. */
#ifndef MSIRACE_SIM_SWEEP_H
#define MSIRACE_SIM_SWEEP_H

#include <stddef.h>

#include "sim/loader.h"
#include "sim/scenario.h"

/* More cells than this are refused: the product of a few long lists is soon years of work. */
#define SWEEP_CELLS_MAX 100000

struct sweep_cell {
	const char **values;         /* [keys], borrowed from the scenario */
	struct scenario *scenario;   /* with these values; sweeps nothing */
};

struct sweep {
	const struct scenario *scenario;   /* borrowed */
	struct sweep_cell *cells;
	size_t cells_count;
};

/*
 * Loads every cell of s, which sweeps something, with the options that s was loaded with. false where a value is wrong: every
 * error is then on stderr.
 */
bool sweep_load(struct sweep *sweep, const struct scenario *s, const struct scenario_load_options *options);
void sweep_free(struct sweep *sweep);

#endif
