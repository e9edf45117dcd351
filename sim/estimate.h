/* SPDX-License-Identifier: MIT */
/*
 * Figures of a sample with their intervals. The sample is a number of independent replications of one run.
 */
#ifndef MSIRACE_SIM_ESTIMATE_H
#define MSIRACE_SIM_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/histogram.h"

/* How an interval was found; sim/statistics.h defines the methods. */
enum estimate_method {
	ESTIMATE_UNDEFINED, /* nothing to divide by, or no values for a percentile: value, low and high are NAN */
	ESTIMATE_EXACT,     /* a fact of the sample: low == value == high */
	ESTIMATE_ZERO,      /* no event: [0, -ln(alpha) / exposure], one-sided */
	ESTIMATE_POISSON,   /* Garwood's interval of the pooled count */
	ESTIMATE_T,         /* Student's t over replications */
	ESTIMATE_ORDER      /* ranks of the pooled values */
};

/* Two-sided but for ESTIMATE_ZERO. low may be 0, and high INFINITY, where the sample gives no bound. */
struct estimate {
	double value;
	double low;
	double high;
	enum estimate_method method;
};

/* "undefined", "exact", "zero-count bound", "poisson", "t", "order statistics": as in the documents. */
const char *estimate_method_name(enum estimate_method method);

struct estimate estimate_exact(double value);
struct estimate estimate_undefined(void);

/*
 * Events over an exposure, both of each replication: the wider of two intervals, Poisson's on the pooled count, and
 * Student's t over the replications. Poisson's alone is too narrow where raises come in bursts, as losses then come in
 * clusters; t alone is wrong where counts are small. With one replication only the former exists. Counts are whole, not
 * negative, and exact in a double. Undefined where the exposures' sum is not positive.
 */
struct estimate estimate_events(const double *events, const double *exposures, size_t replications, double alpha);

/*
 * A sum of times, or a level, over an exposure: the t interval only. [0, INFINITY) with one replication, or where the sum
 * is 0.
 */
struct estimate estimate_ratio(const double *amounts, const double *exposures, size_t replications, double alpha);

/*
 * A percentile, fraction in (0, 1), of all values, in ps; INFINITY where it lies in the histogram's overflow. own holds
 * that of each replication that has values. The wider of two intervals: that between order statistics, which takes values
 * for independent, and t over own; never narrower than the histogram's bucket.
 */
struct estimate estimate_percentile(const struct histogram *all, double fraction, const double *own, size_t own_count,
				    double alpha);

/* histogram_quantile() as a double: INFINITY in the overflow. */
double estimate_quantile(const struct histogram *h, double fraction);

#endif
