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

/* An estimated mean, its standard error, and the degrees of freedom of that. */
struct sample_mean {
	double value;
	double error;
	double degrees;
};

/*
 * sum(numerators) / sum(denominators) over count replications, with the error of the linearised ratio and count - 1 degrees
 * of freedom (W. G. Cochran, "Sampling Techniques", 3rd ed. 1977, section 6.4). False where there is none: fewer than two
 * replications, or denominators whose sum is not positive.
 */
bool ratio_mean(const double *numerators, const double *denominators, size_t count, struct sample_mean *mean);

/* The mean of count independent values. False with fewer than two. */
bool plain_mean(const double *values, size_t count, struct sample_mean *mean);

/* value +- Student's t times error. */
struct interval mean_interval(const struct sample_mean *mean, double alpha);

/*
 * Two-sided p value of the hypothesis that two Poisson counts have the same rate, given their exposures: given the sum, either
 * count is binomial (J. Przyborowski and H. Wilenski, Biometrika 31, 1940). Twice the smaller tail, at most 1; 1 where
 * both counts, or both exposures, are 0.
 */
double counts_p_value(uint64_t count_a, double exposure_a, uint64_t count_b, double exposure_b);

/*
 * Do counts over exposures scatter more than Poisson's would (R. A. Fisher's index of dispersion)? The squared deviations
 * from the common rate over what is expected: chi-square with *degrees degrees of freedom if they are Poisson's. 0 with 0
 * degrees where there is no count, or one exposure. To be added up over samples of different rates.
 */
double dispersion(const double *counts, const double *exposures, size_t count, double *degrees);

/* The probability that a chi-square variable is at least value; 1 with 0 degrees of freedom. */
double chi_square_at_least(double value, double degrees);

/*
 * Two-sided p value of the hypothesis that two counts have the same rate, given their exposures, when their variance is
 * scatter (1 or more) times Poisson's, and that was estimated with degrees degrees of freedom: the likelihood ratio over
 * scatter, as F with 1 and degrees (P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed. 1989, section 9.2).
 */
double scattered_counts_p_value(double count_a, double exposure_a, double count_b, double exposure_b, double scatter,
				double degrees);

/*
 * Two-sided p value of the hypothesis that two means are equal (B. L. Welch, Biometrika 34, 1947). Without any error: 1 where
 * they are equal, else 0.
 */
double welch_p_value(const struct sample_mean *a, const struct sample_mean *b);

/* Satterthwaite's degrees of freedom of the difference of two means. */
double welch_degrees(const struct sample_mean *a, const struct sample_mean *b);

/*
 * The largest probability with which count_a and count_b values of one distribution are constant in either sample, and
 * different: what a test may claim at best where neither sample has any spread. At most 1.
 */
double constancy_p_value(size_t count_a, size_t count_b);

/*
 * The ranks, counted from 1, between whose values the quantile of fraction of an unknown distribution lies with probability
 * 1 - alpha, given count independent values (H. A. David and H. N. Nagaraja, "Order Statistics", 3rd ed. 2003, section 7.1).
 * *low is 0 and *high count + 1 where the sample gives no bound. fraction is in (0, 1).
 */
void quantile_ranks(uint64_t count, double fraction, double alpha, uint64_t *low, uint64_t *high);

#endif
