/* SPDX-License-Identifier: MIT */
/*
 * Intervals and tests for counts, ratios and percentiles. Every function is pure; none aborts, whatever it is given.
 *
 * alpha is the probability of error: an interval of alpha 0.05 is one of 95 % confidence. It lies in (0, 1).
 */
#ifndef MSIRACE_SIM_STATISTICS_H
#define MSIRACE_SIM_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATISTICS_ALPHA 0.05

struct interval {
	double low;
	double high;
};

/*
 * The exact two-sided interval of the mean of a Poisson variable that was seen as count (F. Garwood, "Fiducial limits for the
 * Poisson distribution", Biometrika 28, 1936): half of two chi-square quantiles. For count 0 one-sided, [0, -ln(alpha)]:
 * the "rule of three". From 10,000 on by the Cornish-Fisher expansion, whose relative error is below 1e-8 there for
 * alpha >= 0.001; GSL's inverse fails from 10^6 on.
 */
struct interval poisson_interval(uint64_t count, double alpha);

/*
 * The exact two-sided interval of a probability, successes out of trials (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934): two
 * beta quantiles. successes is in [0, trials]; [0, 1] where trials is 0. Tested up to 10^10 trials.
 */
struct interval binomial_interval(uint64_t successes, uint64_t trials, double alpha);

/* The probability of at least successes in trials independent ones of that probability, which is in [0, 1]. */
double binomial_at_least(uint64_t successes, uint64_t trials, double probability);

/*
 * The interval of sum(numerators) / sum(denominators) over count replications, by Student's t with count - 1 degrees of
 * freedom on the linearised ratio (W. G. Cochran, "Sampling Techniques", 3rd ed. 1977, section 6.4). False where there is
 * none: fewer than two replications, or denominators whose sum is not positive.
 */
bool ratio_interval(const double *numerators, const double *denominators, size_t count, double alpha,
		    struct interval *interval);

/*
 * The interval of center, from values of the same quantity seen in count independent replications: center +- t s /
 * sqrt(count). False with fewer than two.
 */
bool mean_interval(double center, const double *values, size_t count, double alpha, struct interval *interval);

/*
 * The ranks, counted from 1, between whose values the quantile of fraction of an unknown distribution lies with probability
 * 1 - alpha, given count independent values (H. A. David and H. N. Nagaraja, "Order Statistics", 3rd ed. 2003, section 7.1).
 * *low is 0 and *high count + 1 where the sample gives no bound. fraction is in (0, 1).
 */
void quantile_ranks(uint64_t count, double fraction, double alpha, uint64_t *low, uint64_t *high);

#endif
