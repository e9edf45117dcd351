/* SPDX-License-Identifier: MIT */
/* A run that nobody simulated, for the tests of what is made from one. */
#ifndef MSIRACE_TESTS_UNIT_SAMPLE_RESULT_H
#define MSIRACE_TESTS_UNIT_SAMPLE_RESULT_H

#include "sim/run.h"

/* Indices of its contenders. */
enum { SAMPLE_DIRECT, SAMPLE_LINUX, SAMPLE_CLEAN, SAMPLE_CONTENDERS };

#define SAMPLE_REPLICATIONS 4

/*
 * The same at each call: three contenders (one goes stale, one loses but covers, one loses nothing), four replications of
 * 1 s, six expectations of which one fails and one is inconclusive. Names and texts hold what needs escaping.
 */
struct run_result *sample_result(void);
void sample_free(struct run_result *result);

#endif
