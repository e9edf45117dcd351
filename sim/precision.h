/* SPDX-License-Identifier: MIT */
/* Replications until the intervals are narrow enough. */
#ifndef MSIRACE_SIM_PRECISION_H
#define MSIRACE_SIM_PRECISION_H

#include "sim/run.h"

/* As the schema's largest number of replications: a figure that is not narrow by then stays as it is. */
#define PRECISION_REPLICATIONS_MAX 100000

/*
 * Runs s with its own number of replications, then with twice as many and so on, until for every contender the 95 % interval
 * of lost and of stale per move reaches at most precision (0.05: 5 %) of the figure to either side. A figure without an event is
 * an upper bound and has no width. The replications that are done are kept.
 *
 * *widened is s with the replications that it took; the result refers to it, and it is freed with precision_free().
 */
enum run_status run_to_precision(const struct scenario *s, const struct run_options *options, double precision,
				 struct scenario **widened, struct run_result *result, char **error);

void precision_free(struct scenario *widened);

#endif
