/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "sim/statistics.h"
#include "tests/unit/test_random.h"

static void assert_near(double found, double expected, double relative)
{
	cr_assert(fabs(found - expected) <= relative * fabs(expected), "%.12g instead of %.12g",
		  found, expected);
}

/*
 * Published tables of exact Poisson limits: Garwood's, and those of the CDC and of epidemiology
 * textbooks.
 */
Test(poisson, table)
{
	static const struct {
		uint64_t count;
		double alpha, low, high;
	} table[] = {
		{ 1, 0.05, 0.025, 5.572 },    { 2, 0.05, 0.242, 7.225 },
		{ 3, 0.05, 0.619, 8.767 },    { 5, 0.05, 1.623, 11.668 },
		{ 10, 0.05, 4.795, 18.390 },  { 20, 0.05, 12.217, 30.888 },
		{ 50, 0.05, 37.111, 65.919 }, { 100, 0.05, 81.364, 121.627 },
		{ 1, 0.01, 0.005, 7.430 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct interval found = poisson_interval(table[i].count, table[i].alpha);
		cr_assert_float_eq(found.low, table[i].low, 6e-4, "%lu: %.6f", table[i].count,
				   found.low);
		cr_assert_float_eq(found.high, table[i].high, 6e-4, "%lu: %.6f", table[i].count,
				   found.high);
	}
	cr_assert_eq(poisson_interval(0, 0.05).low, 0.0);
	assert_near(poisson_interval(0, 0.05).high, 2.995732273554, 1e-12);
}

/* The tail by its own sum, in logarithms: sum of exp(-mean) mean^i / i! for i in [from, to]. */
static double poisson_sum(double mean, uint64_t from, uint64_t to)
{
	double sum = 0.0;

	for (uint64_t i = from; i <= to; i++) {
		sum += exp((double)i * log(mean) - mean - lgamma((double)i + 1.0));
	}
	return sum;
}

Test(poisson, ends_leave_half_of_alpha_outside)
{
	static const uint64_t counts[] = { 1, 7, 90, 9999, 10000, 10001, 123456 };
	static const double alphas[] = { 0.05, 0.01, 0.001 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		for (size_t j = 0; j < sizeof(alphas) / sizeof(*alphas); j++) {
			uint64_t k = counts[i], reach = 20 + 20 * (uint64_t)sqrt((double)k);
			struct interval found = poisson_interval(k, alphas[j]);
			double above = poisson_sum(found.low, k, k + reach);
			double below = poisson_sum(found.high, k > reach ? k - reach : 0, k);
			assert_near(above, alphas[j] / 2, 5e-6);
			assert_near(below, alphas[j] / 2, 5e-6);
		}
	}
}

Test(poisson, huge_counts_are_near_the_normal_limit)
{
	for (double k = 1e6; k < 2e19; k *= 10) {
		struct interval found = poisson_interval((uint64_t)fmin(k, 1.8e19), 0.05);
		cr_assert_lt(found.low, fmin(k, 1.8e19));
		cr_assert_gt(found.high, fmin(k, 1.8e19));
		assert_near(found.high - found.low, 2 * 1.959963985 * sqrt(fmin(k, 1.8e19)), 0.01);
	}
}

Test(binomial, table)
{
	static const struct {
		uint64_t successes, trials;
		double low, high;
	} table[] = {
		{ 0, 10, 0.0, 0.3085 },	     { 1, 10, 0.0025, 0.4450 },
		{ 8, 10, 0.4439, 0.9748 },   { 10, 10, 0.6915, 1.0 },
		{ 10, 100, 0.0490, 0.1762 }, { 50, 100, 0.3983, 0.6017 },
		{ 81, 263, 0.2527, 0.3676 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct interval found =
			binomial_interval(table[i].successes, table[i].trials, 0.05);
		cr_assert_float_eq(found.low, table[i].low, 6e-5, "%.6f", found.low);
		cr_assert_float_eq(found.high, table[i].high, 6e-5, "%.6f", found.high);
	}
	cr_assert_eq(binomial_interval(0, 0, 0.05).high, 1.0);
}

Test(binomial, rare_events_are_poisson)
{
	for (uint64_t trials = 1000000; trials <= UINT64_C(10000000000); trials *= 100) {
		for (uint64_t k = 1; k <= 100; k *= 10) {
			struct interval binomial = binomial_interval(k, trials, 0.05);
			struct interval poisson = poisson_interval(k, 0.05);
			assert_near(binomial.low * (double)trials, poisson.low, 1e-3);
			assert_near(binomial.high * (double)trials, poisson.high, 1e-3);
		}
	}
}

Test(binomial, tail)
{
	cr_assert_eq(binomial_at_least(0, 5, 0.1), 1.0);
	cr_assert_eq(binomial_at_least(6, 5, 0.1), 0.0);
	assert_near(binomial_at_least(5, 5, 0.5), 1.0 / 32, 1e-12);
	assert_near(binomial_at_least(4, 5, 0.5), 6.0 / 32, 1e-12);
	cr_assert_eq(binomial_at_least(3, 5, 0.0), 0.0);
	cr_assert_eq(binomial_at_least(3, 5, 1.0), 1.0);
}

/* With equal denominators it is the ordinary t interval of a mean: t(0.975, 3) = 3.182446. */
Test(ratio, equal_denominators_give_the_interval_of_a_mean)
{
	const double values[] = { 1, 2, 3, 4 }, ones[] = { 1, 1, 1, 1 };
	struct sample_mean ratio, mean;

	cr_assert(ratio_mean(values, ones, 4, &ratio));
	cr_assert(plain_mean(values, 4, &mean));
	struct interval interval = mean_interval(&ratio, 0.05);
	assert_near(interval.low, 2.5 - 2.054260, 1e-5);
	assert_near(interval.high, 2.5 + 2.054260, 1e-5);
	assert_near(mean.value, ratio.value, 1e-12);
	assert_near(mean.error, ratio.error, 1e-12);
	cr_assert_eq(mean.degrees, 3.0);
}

Test(ratio, proportional_values_have_no_spread)
{
	const double above[] = { 2, 4, 20 }, below[] = { 1, 2, 10 };
	struct sample_mean found;

	cr_assert(ratio_mean(above, below, 3, &found));
	assert_near(found.value, 2.0, 1e-12);
	cr_assert_float_eq(found.error, 0.0, 1e-12);
}

Test(ratio, none)
{
	const double one[] = { 1, 1 }, zero[] = { 0, 0 };
	struct sample_mean found;

	cr_assert_not(ratio_mean(one, one, 1, &found));
	cr_assert_not(ratio_mean(one, zero, 2, &found));
	cr_assert_not(ratio_mean(one, one, 0, &found));
	cr_assert_not(plain_mean(one, 1, &found));
}

Test(two_samples, counts)
{
	/* A fair coin: 2 (1 + 10) / 1024 for 1 against 9. */
	assert_near(counts_p_value(1, 1.0, 9, 1.0), 22.0 / 1024, 1e-12);
	assert_near(counts_p_value(9, 5.0, 1, 5.0), 22.0 / 1024, 1e-12);
	assert_near(counts_p_value(0, 100.0, 10, 100.0), 2.0 / 1024, 1e-12);
	/* 10 of 10 in a fifth of the exposure. */
	assert_near(counts_p_value(0, 4.0, 10, 1.0), 2.0 * pow(0.2, 10), 1e-12);
	cr_assert_eq(counts_p_value(5, 1.0, 5, 1.0), 1.0);
	cr_assert_eq(counts_p_value(0, 1.0, 0, 9.0), 1.0);
	cr_assert_eq(counts_p_value(3, 0.0, 0, 0.0), 1.0);
	/* Ten standard deviations, and far beyond what a table holds. */
	cr_assert_lt(counts_p_value(1000000000, 1.0, 1000450000, 1.0), 1e-20);
	cr_assert_gt(counts_p_value(1000000000, 1.0, 1000045000, 1.0), 0.2);
}

/* Of two samples of 5, {1..5} and {3..7}: t = -2, 8 degrees of freedom, p = 0.0805. */
Test(two_samples, welch)
{
	const double a[] = { 1, 2, 3, 4, 5 }, b[] = { 3, 4, 5, 6, 7 };
	struct sample_mean mean_a, mean_b;

	plain_mean(a, 5, &mean_a);
	plain_mean(b, 5, &mean_b);
	cr_assert_float_eq(welch_p_value(&mean_a, &mean_b), 0.0805, 5e-5);
	mean_a.error = mean_b.error = 0.0;
	cr_assert_eq(welch_p_value(&mean_a, &mean_b), 0.0);
	cr_assert_eq(welch_p_value(&mean_a, &mean_a), 1.0);
}

/*
 * 0, 2, 4 over equal exposures: 8 / 2 with 2 degrees of freedom, whose chi-square tail is exp(-2).
 */
Test(two_samples, dispersion)
{
	const double counts[] = { 0, 2, 4 }, ones[] = { 1, 1, 1 }, uneven[] = { 0, 1, 2 },
		     zero[] = { 0, 0, 0 };
	double degrees;

	assert_near(dispersion(counts, ones, 3, &degrees), 4.0, 1e-12);
	cr_assert_eq(degrees, 2.0);
	assert_near(chi_square_at_least(4.0, 2.0), exp(-2.0), 1e-12);
	cr_assert_eq(dispersion(counts, uneven, 3, &degrees), 0.0);
	cr_assert_eq(degrees, 1.0);
	cr_assert_eq(dispersion(zero, ones, 3, &degrees), 0.0);
	cr_assert_eq(degrees, 0.0);
	cr_assert_eq(dispersion(counts, zero, 3, &degrees), 0.0);
	cr_assert_eq(chi_square_at_least(0.0, 0.0), 1.0);
}

Test(two_samples, constancy)
{
	assert_near(constancy_p_value(5, 5), 2.0 / 1024, 1e-9);
	assert_near(constancy_p_value(2, 1), 2.0 * 4 / 27, 1e-9);
	assert_near(constancy_p_value(1, 1), 0.5, 1e-9);
	cr_assert_eq(constancy_p_value(0, 9), 1.0);
	cr_assert_lt(constancy_p_value(1000, 1000), 1e-100);
}

/*
 * Published tables of the median's ranks (W. J. Conover, "Practical Nonparametric Statistics", and
 * others).
 */
Test(ranks, table_of_the_median)
{
	static const struct {
		uint64_t count, low, high;
	} table[] = {
		{ 1, 0, 2 }, { 5, 0, 6 },   { 6, 1, 6 },   { 8, 1, 8 },
		{ 9, 2, 8 }, { 15, 4, 12 }, { 20, 6, 15 }, { 100, 40, 61 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint64_t low, high;
		quantile_ranks(table[i].count, 0.5, 0.05, &low, &high);
		cr_assert_eq(low, table[i].low, "%lu: low %lu", table[i].count, low);
		cr_assert_eq(high, table[i].high, "%lu: high %lu", table[i].count, high);
	}
}

/* An upper bound for a percentile p needs p^n <= 0.025: 3,687 values for p99.9, 368 for p99. */
Test(ranks, high_percentiles_need_many_values)
{
	uint64_t low, high;

	quantile_ranks(3687, 0.999, 0.05, &low, &high);
	cr_assert_eq(high, 3688);
	quantile_ranks(3688, 0.999, 0.05, &low, &high);
	cr_assert_eq(high, 3688);
	quantile_ranks(UINT64_C(10000000000), 0.5, 0.05, &low, &high);
	assert_near((double)(high - low), 2 * 1.959963985 * 0.5 * 1e5, 0.01);
}

Test(coverage, poisson_and_binomial)
{
	uint64_t state = 11;
	int trials = 4000;

	for (double mean = 0.5; mean < 40; mean *= 3) {
		int covered = 0;
		for (int i = 0; i < trials; i++) {
			struct interval found =
				poisson_interval(random_poisson(&state, mean), 0.05);
			covered += found.low <= mean && mean <= found.high;
		}
		/*
		 * Exact intervals cover at least 95 %; a sample of 4,000 strays by 0.35 % (one
		 * sigma).
		 */
		cr_assert_gt(covered, trials * 0.938, "mean %g: %d of %d", mean, covered, trials);
	}
	for (double p = 0.02; p < 1; p += 0.24) {
		int covered = 0;
		for (int i = 0; i < trials; i++) {
			uint64_t successes = 0;
			for (int j = 0; j < 50; j++) {
				successes += random_unit(&state) < p;
			}
			struct interval found = binomial_interval(successes, 50, 0.05);
			covered += found.low <= p && p <= found.high;
		}
		cr_assert_gt(covered, trials * 0.938, "p %g: %d of %d", p, covered, trials);
	}
}
