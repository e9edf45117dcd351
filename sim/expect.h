/* SPDX-License-Identifier: MIT */
/*
 * Does a run keep what its scenario expects?
 *
 * Facts of the sample (counters, maxima, overflow) are compared as they are: the pooled total over all replications. The
 * same seed gives the same verdict. `lost == 0` holds where nothing was lost in the sample, and `lost > 0` fails there; a
 * zero is no proof, so the message gives the upper bound.
 *
 * Estimates (per migration, per second, percentiles) are compared by their 95 % interval [low, high]:
 *
 *   operator   held           failed                  otherwise
 *   < v        high < v       low >= v                inconclusive
 *   <= v       high <= v      low > v                 inconclusive
 *   > v        low > v        high <= v               inconclusive
 *   >= v       low >= v       high < v                inconclusive
 *   == v       never          v outside [low, high]   inconclusive
 *   != v       v outside      never                   inconclusive
 *
 * but a count per migration or per second that is compared with 0 is compared by the count itself, as a fact: no sample is
 * large enough to show by an interval that a rate is 0. An undefined estimate (no migration, no latency) is
 * inconclusive, and so is everything of a contender whose replications were cut short.
 */
#ifndef MSIRACE_SIM_EXPECT_H
#define MSIRACE_SIM_EXPECT_H

#include <stddef.h>
#include <stdint.h>

#include "sim/metrics.h"
#include "sim/run.h"
#include "sim/scenario.h"

enum expect_verdict { EXPECT_HELD, EXPECT_FAILED, EXPECT_INCONCLUSIVE, EXPECT_VERDICTS };

/* One expectation on one contender. */
struct expect_outcome {
	const struct scenario_expectation *expectation; /* borrowed from the scenario */
	uint32_t contender;                             /* index into the scenario's contenders */
	struct estimate estimate;
	enum expect_verdict verdict;
	char *message;                                  /* one line: what was found, and why that is the verdict */
};

struct expect_outcomes {
	struct expect_outcome *each; /* in the order of the expectations, then of the contenders */
	size_t count;
	size_t verdicts[EXPECT_VERDICTS]; /* how many of each */
};

/* "held", "failed", "inconclusive". */
const char *expect_verdict_name(enum expect_verdict verdict);

/* "==", "!=", "<", "<=", ">", ">=". */
const char *expect_op_name(enum expect_op op);

/* One comparison by the table above, without its exception for 0. */
enum expect_verdict expect_compare(const struct estimate *estimate, enum expect_op op, double value);

/*
 * Every expectation of result->scenario on every contender that it names. Never NULL; freed by expect_free(). The scenario
 * must outlive it. The exit status of a run is 1 where verdicts[EXPECT_FAILED] is not 0.
 */
struct expect_outcomes *expect_evaluate(const struct run_result *result);

void expect_free(struct expect_outcomes *outcomes);

#endif
