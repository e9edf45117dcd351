/* SPDX-License-Identifier: MIT */
#include "sim/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>

/*
 * GSL's gamma inverse is exact to 1e-12 up to here for any alpha >= 1e-6, and returns wrong values
 * from 10^6 on.
 */
#define POISSON_EXACT_MAX 10000

/*
 * The quantile of a gamma distribution of a large shape and scale 1, at the normal quantile z
 * (Cornish and Fisher, 1938).
 */
static double gamma_quantile_large(double shape, double z)
{
	double root = sqrt(shape);

	return shape + z * root + (z * z - 1.0) / 3.0 + (z * z * z - 7.0 * z) / (36.0 * root);
}

struct interval poisson_interval(uint64_t count, double alpha)
{
	double k = (double)count;

	gsl_set_error_handler_off();
	if (count == 0) {
		return (struct interval){ 0.0, -log(alpha) };
	}
	if (count < POISSON_EXACT_MAX) {
		return (struct interval){ gsl_cdf_gamma_Pinv(alpha / 2.0, k, 1.0),
					  gsl_cdf_gamma_Qinv(alpha / 2.0, k + 1.0, 1.0) };
	}
	double z = gsl_cdf_ugaussian_Qinv(alpha / 2.0);
	return (struct interval){ gamma_quantile_large(k, -z), gamma_quantile_large(k + 1.0, z) };
}

/*
 * The x at which the beta distribution's lower (upper) tail is tail. By bisection: the tails are
 * monotone, and GSL has them right far beyond the range in which its own inverse converges. 200
 * halvings exhaust a double.
 */
static double beta_quantile(double tail, double a, double b,
			    double (*distribution)(double, double, double), bool upper)
{
	double low = 0.0, high = 1.0;

	gsl_set_error_handler_off();
	for (int i = 0; i < 200 && low < high; i++) {
		double middle = low + (high - low) / 2.0;
		if (middle == low || middle == high) {
			break;
		}
		if ((distribution(middle, a, b) < tail) != upper) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low + (high - low) / 2.0;
}

struct interval binomial_interval(uint64_t successes, uint64_t trials, double alpha)
{
	struct interval interval = { 0.0, 1.0 };
	double k = (double)successes, rest = (double)(trials - successes);

	if (trials == 0) {
		return interval;
	}
	if (successes > 0) {
		interval.low = beta_quantile(alpha / 2.0, k, rest + 1.0, gsl_cdf_beta_P, false);
	}
	if (successes < trials) {
		interval.high = beta_quantile(alpha / 2.0, k + 1.0, rest, gsl_cdf_beta_Q, true);
	}
	return interval;
}

double binomial_at_least(uint64_t successes, uint64_t trials, double probability)
{
	gsl_set_error_handler_off();
	if (successes == 0) {
		return 1.0;
	}
	if (successes > trials || probability <= 0.0) {
		return 0.0;
	}
	if (probability >= 1.0) {
		return 1.0;
	}
	return gsl_cdf_beta_P(probability, (double)successes, (double)(trials - successes) + 1.0);
}

bool ratio_mean(const double *numerators, const double *denominators, size_t count,
		struct sample_mean *mean)
{
	double above = 0.0, below = 0.0, squares = 0.0;

	for (size_t i = 0; i < count; i++) {
		above += numerators[i];
		below += denominators[i];
	}
	if (count < 2 || !(below > 0.0)) {
		return false;
	}
	double ratio = above / below;
	for (size_t i = 0; i < count; i++) {
		double residual = numerators[i] - ratio * denominators[i];
		squares += residual * residual;
	}
	/*
	 * The residuals sum to 0, so theirs is s^2; the error is s / (sqrt(count)
	 * mean(denominator)).
	 */
	double degrees = (double)(count - 1);
	*mean = (struct sample_mean){ ratio, sqrt(squares / degrees * (double)count) / below,
				      degrees };
	return true;
}

bool plain_mean(const double *values, size_t count, struct sample_mean *mean)
{
	double sum = 0.0, squares = 0.0;

	if (count < 2) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		sum += values[i];
	}
	double average = sum / (double)count, degrees = (double)(count - 1);
	for (size_t i = 0; i < count; i++) {
		squares += (values[i] - average) * (values[i] - average);
	}
	*mean = (struct sample_mean){ average, sqrt(squares / degrees / (double)count), degrees };
	return true;
}

struct interval mean_interval(const struct sample_mean *mean, double alpha)
{
	gsl_set_error_handler_off();
	double half = gsl_cdf_tdist_Qinv(alpha / 2.0, mean->degrees) * mean->error;

	return (struct interval){ mean->value - half, mean->value + half };
}

double counts_p_value(uint64_t count_a, double exposure_a, uint64_t count_b, double exposure_b)
{
	uint64_t trials = count_a + count_b;

	if (trials == 0 || !(exposure_a + exposure_b > 0.0)) {
		return 1.0;
	}
	double share = exposure_b / (exposure_a + exposure_b);
	double at_least = binomial_at_least(count_b, trials, share);
	double at_most = binomial_at_least(count_a, trials, 1.0 - share);
	return fmin(1.0, 2.0 * fmin(at_least, at_most));
}

double dispersion(const double *counts, const double *exposures, size_t count, double *degrees)
{
	double above = 0.0, below = 0.0, squares = 0.0, used = 0.0;

	for (size_t i = 0; i < count; i++) {
		above += counts[i];
		below += exposures[i];
	}
	*degrees = 0.0;
	if (!(above > 0.0) || !(below > 0.0)) {
		return 0.0;
	}
	for (size_t i = 0; i < count; i++) {
		double expected = above / below * exposures[i];
		if (expected > 0.0) {
			squares += (counts[i] - expected) * (counts[i] - expected) / expected;
			used += 1.0;
		}
	}
	*degrees = used - 1.0;
	return squares;
}

double chi_square_at_least(double value, double degrees)
{
	gsl_set_error_handler_off();
	return degrees > 0.0 ? gsl_cdf_chisq_Q(value, degrees) : 1.0;
}

/* count ln(count / expected), which is 0 for no count. */
static double log_likelihood(double count, double expected)
{
	return count > 0.0 ? count * log(count / expected) : 0.0;
}

double scattered_counts_p_value(double count_a, double exposure_a, double count_b,
				double exposure_b, double scatter, double degrees)
{
	double exposure = exposure_a + exposure_b, count = count_a + count_b;

	if (!(count > 0.0) || !(exposure_a > 0.0) || !(exposure_b > 0.0) || !(degrees > 0.0)) {
		return 1.0;
	}
	double ratio = 2.0 * (log_likelihood(count_a, count * exposure_a / exposure) +
			      log_likelihood(count_b, count * exposure_b / exposure));
	gsl_set_error_handler_off();
	return gsl_cdf_fdist_Q(fmax(ratio, 0.0) / scatter, 1.0, degrees);
}

double welch_degrees(const struct sample_mean *a, const struct sample_mean *b)
{
	double square_a = a->error * a->error, square_b = b->error * b->error;
	double square = square_a + square_b;

	if (!(square > 0.0)) {
		return a->degrees + b->degrees;
	}
	return square * square /
	       (square_a * square_a / a->degrees + square_b * square_b / b->degrees);
}

double welch_p_value(const struct sample_mean *a, const struct sample_mean *b)
{
	double error = hypot(a->error, b->error);

	gsl_set_error_handler_off();
	if (!(error > 0.0)) {
		return a->value == b->value ? 1.0 : 0.0;
	}
	return 2.0 * gsl_cdf_tdist_Q(fabs(b->value - a->value) / error, welch_degrees(a, b));
}

static double share_to_the_power(double count, double all)
{
	return count > 0.0 ? count * log(count / all) : 0.0;
}

double constancy_p_value(size_t count_a, size_t count_b)
{
	double a = (double)count_a, b = (double)count_b;

	/*
	 * Of a value with probability p, p^a (1 - p)^b is largest at p = a / (a + b). Either sample
	 * may hold it.
	 */
	return fmin(1.0, 2.0 * exp(share_to_the_power(a, a + b) + share_to_the_power(b, a + b)));
}

void quantile_ranks(uint64_t count, double fraction, double alpha, uint64_t *low, uint64_t *high)
{
	/*
	 * The number of values not above the quantile is binomial. The value of rank k lies below
	 * the quantile unless fewer than k are, and above it unless at least k are; both
	 * probabilities are monotone in k.
	 */
	uint64_t at_least = 0, at_most = count;

	while (at_least < at_most) {
		uint64_t k = at_least + (at_most - at_least + 1) / 2;
		if (1.0 - binomial_at_least(k, count, fraction) <= alpha / 2.0) {
			at_least = k;
		} else {
			at_most = k - 1;
		}
	}
	*low = at_least;

	at_least = 1;
	at_most = count + 1;
	while (at_least < at_most) {
		uint64_t k = at_least + (at_most - at_least) / 2;
		if (binomial_at_least(k, count, fraction) <= alpha / 2.0) {
			at_most = k;
		} else {
			at_least = k + 1;
		}
	}
	*high = at_least;
}
