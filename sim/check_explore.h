/* SPDX-License-Identifier: MIT */
/*
 * Every interleaving of a small scenario under one contender, and what is true of them.
 *
 * An interleaving is a path of transitions from the initial state. Where only the outside could go on (raise, time out) it
 * is quiet, and may end: the verdicts are about all quiet states, so they hold for up to the bounds, not just for exactly
 * them. It is maximal where nothing at all can go on.
 *
 * Two things are left out, unless told otherwise, and neither changes a verdict, a count or a shortest path: what follows a
 * state that was seen before, by a fingerprint of 128 bits; and the second way around two transitions that touch disjoint
 * parts of the state (check_transition.footprint), whose end is looked up instead of executed.
 */
#ifndef MSIRACE_SIM_CHECK_EXPLORE_H
#define MSIRACE_SIM_CHECK_EXPLORE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/check_machine.h"

enum check_reduction {
	CHECK_REDUCED,        /* by both */
	CHECK_EVERY_EDGE,     /* by states seen before only */
	CHECK_EVERY_PATH
};

struct check_limits {
	uint64_t states_max;              /* without reduction: steps of all paths */
	double seconds_max;
	const volatile sig_atomic_t *interrupted;
};

enum check_end {
	CHECK_COMPLETE,
	CHECK_STATES_EXCEEDED,
	CHECK_SECONDS_EXCEEDED,
	CHECK_INTERRUPTED,
	CHECK_DEADLOCK,                   /* quiet, and a thread is in the middle of something */
	CHECK_BROKEN                      /* error says how */
};

struct check_codes {
	uint32_t *code;
	uint32_t count;
};

struct check_result {
	enum check_end end;
	/* Of what was covered; final where end is CHECK_COMPLETE. */
	enum check_verdict verdict[CHECK_SUBJECTS];
	/* The shortest path that shows the subject: of stale, up to a quiet state. Count 0 and code NULL: there is none. */
	struct check_codes shortest[CHECK_SUBJECTS];
	struct check_codes deadlock;
	double interleavings;             /* maximal ones; exact up to 2^53 */
	bool cyclic;                      /* some can go on for ever: those are left out of their number */
	uint64_t states;
	uint64_t quiet;
	uint64_t maximal;                 /* states in which a maximal interleaving ends; without reduction: paths */
	uint64_t paths;                   /* followed to an end, or to a state seen before */
	uint64_t executed;                /* transitions */
	uint64_t commuted;                /* transitions whose end was looked up */
	double seconds;
	char *error;                      /* malloc'ed */
};

void check_explore(struct check_machine *c, const struct check_limits *limits, enum check_reduction reduction,
		   struct check_result *r);
void check_result_release(struct check_result *r);

#endif
