/* SPDX-License-Identifier: MIT */
#include "sim/estimate.h"

#include <math.h>
#include <stdbool.h>

#include "sim/statistics.h"

static const char *const method_names[] = {
	[ESTIMATE_UNDEFINED] = "undefined",
	[ESTIMATE_EXACT] = "exact",
	[ESTIMATE_ZERO] = "zero-count bound",
	[ESTIMATE_POISSON] = "poisson",
	[ESTIMATE_T] = "t",
	[ESTIMATE_ORDER] = "order statistics",
};

const char *estimate_method_name(enum estimate_method method)
{
	return method_names[method];
}

struct estimate estimate_exact(double value)
{
	return (struct estimate){ value, value, value, ESTIMATE_EXACT };
}

struct estimate estimate_undefined(void)
{
	return (struct estimate){ NAN, NAN, NAN, ESTIMATE_UNDEFINED };
}

/* Takes the t interval where that is wider. Nothing that is estimated here can be negative. */
static void widen(struct estimate *estimate, struct interval t)
{
	if (t.high - t.low > estimate->high - estimate->low) {
		estimate->low = fmax(t.low, 0.0);
		estimate->high = t.high;
		estimate->method = ESTIMATE_T;
	}
}

static double sum(const double *values, size_t count)
{
	double total = 0.0;

	for (size_t i = 0; i < count; i++) {
		total += values[i];
	}
	return total;
}

struct estimate estimate_events(const double *events, const double *exposures, size_t replications,
				double alpha)
{
	double count = sum(events, replications), exposure = sum(exposures, replications);
	struct sample_mean mean;

	if (!(exposure > 0.0)) {
		return estimate_undefined();
	}
	/* Beyond 2^63 a count is saturated: a bound that no run can reach. */
	struct interval poisson = poisson_interval((uint64_t)fmin(count, 0x1p63), alpha);
	struct estimate estimate = {
		.value = count / exposure,
		.low = poisson.low / exposure,
		.high = poisson.high / exposure,
		.method = count > 0.0 ? ESTIMATE_POISSON : ESTIMATE_ZERO,
	};
	if (ratio_mean(events, exposures, replications, &mean)) {
		widen(&estimate, mean_interval(&mean, alpha));
	}
	return estimate;
}

struct estimate estimate_ratio(const double *amounts, const double *exposures, size_t replications,
			       double alpha)
{
	double amount = sum(amounts, replications), exposure = sum(exposures, replications);
	struct sample_mean mean;

	if (!(exposure > 0.0)) {
		return estimate_undefined();
	}
	struct estimate estimate = { amount / exposure, 0.0, INFINITY, ESTIMATE_T };
	if (amount > 0.0 && ratio_mean(amounts, exposures, replications, &mean)) {
		struct interval t = mean_interval(&mean, alpha);
		estimate.low = fmax(t.low, 0.0);
		estimate.high = t.high;
	}
	return estimate;
}

double estimate_quantile(const struct histogram *h, double fraction)
{
	uint64_t value_ps = histogram_quantile(h, fraction);

	return value_ps == UINT64_MAX ? INFINITY : (double)value_ps;
}

static double rank_low(const struct histogram *h, uint64_t rank)
{
	return rank ? (double)histogram_bucket_low(histogram_bucket_at(h, rank)) : 0.0;
}

static double rank_high(const struct histogram *h, uint64_t rank)
{
	uint32_t bucket = rank > h->count ? HISTOGRAM_BUCKETS : histogram_bucket_at(h, rank);

	return bucket == HISTOGRAM_BUCKETS ? INFINITY
					   : (double)(histogram_bucket_low(bucket + 1) - 1);
}

static bool all_finite(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(values[i])) {
			return false;
		}
	}
	return true;
}

struct estimate estimate_percentile(const struct histogram *all, double fraction, const double *own,
				    size_t own_count, double alpha)
{
	uint64_t low, high;
	struct sample_mean mean;

	if (all->count == 0) {
		return estimate_undefined();
	}
	quantile_ranks(all->count, fraction, alpha, &low, &high);
	struct estimate estimate = {
		.value = estimate_quantile(all, fraction),
		.low = rank_low(all, low),
		.high = rank_high(all, high),
		.method = ESTIMATE_ORDER,
	};
	if (isfinite(estimate.value) && all_finite(own, own_count) &&
	    plain_mean(own, own_count, &mean)) {
		mean.value = estimate.value;
		widen(&estimate, mean_interval(&mean, alpha));
	}
	return estimate;
}
