/* SPDX-License-Identifier: MIT */
/*
 * The main job: every contender of a scenario, replicated, on worker processes.
 */
#ifndef MSIRACE_SIM_RUN_H
#define MSIRACE_SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/metrics.h"
#include "sim/occupancy.h"
#include "sim/scenario.h"

struct run_options {
	/* Replications of the same scenario that are done already, the first ones; NULL: none. Copied. */
	const struct run_result *previous;
	unsigned jobs;            /* worker processes, at least 1; the figures do not depend on it */
	const char *trace_file;   /* Chrome trace events of the first contender's first replication; NULL: none */
	uint64_t trace_from_ps;   /* only events in [from, to) */
	uint64_t trace_to_ps;
	/* Called in the parent after each finished replication; NULL: none. */
	void (*progress)(void *context, uint64_t done_ps, uint64_t total_ps);
	void *progress_context;
};

struct contender_result {
	uint32_t replications;         /* finished ones; fewer than asked for after an interrupt */
	struct run_metrics *each;      /* [replications], in the order of their numbers */
	struct occupancy *occupancy;   /* of the first replication; NULL where that one is not finished */
	double wall_seconds;           /* of the worker that ran them, summed */
};

struct run_result {
	const struct scenario *scenario;      /* borrowed */
	struct contender_result *contenders;  /* [scenario->contenders_count] */
	bool partial;                         /* interrupted: what is there is whole replications */
	double wall_seconds;
};

enum run_status {
	RUN_OK,
	RUN_INTERRUPTED,    /* SIGINT, SIGTERM or SIGHUP: the result holds what was finished */
	RUN_BROKEN          /* the conservation law failed, a model's invariant broke, or the run deadlocked: error says how */
};

/*
 * Runs every contender of s. result is filled in as far as the run came, and is released by run_result_release().
 * error (malloc'ed, NULL where there is none) is the caller's.
 */
enum run_status run_scenario(const struct scenario *s, const struct run_options *options,
			     struct run_result *result, char **error);

void run_result_release(struct run_result *result);

#endif
