/* SPDX-License-Identifier: MIT */
#include "sim/histogram.h"

#include <math.h>
#include <stdbool.h>

uint64_t histogram_bucket_low(uint32_t bucket)
{
	const uint32_t linear = 1u << HISTOGRAM_LINEAR_BITS;

	if (bucket < 2 * linear) {
		return bucket;
	}
	uint32_t exponent = (bucket >> HISTOGRAM_LINEAR_BITS) - 1;
	return (uint64_t)(linear + bucket % linear) << exponent;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	into->count += from->count;
	into->overflow += from->overflow;
	into->max_ps = from->max_ps > into->max_ps ? from->max_ps : into->max_ps;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		into->bucket[i] += from->bucket[i];
	}
}

uint64_t histogram_rank(const struct histogram *h, double fraction)
{
	/* A product such as 0.07 x 100 comes out just above the whole number that it is. */
	double rank = ceil(fraction * (double)h->count * (1.0 - 1e-15));

	if (rank < 1.0) {
		return h->count ? 1 : 0;
	}
	return rank >= (double)h->count ? h->count : (uint64_t)rank;
}

uint32_t histogram_bucket_at(const struct histogram *h, uint64_t rank)
{
	uint64_t below = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->bucket[i];
		if (below >= rank) {
			return i;
		}
	}
	return HISTOGRAM_BUCKETS;
}

uint64_t histogram_quantile(const struct histogram *h, double fraction)
{
	if (h->count == 0) {
		return 0;
	}
	uint32_t bucket = histogram_bucket_at(h, histogram_rank(h, fraction));
	if (bucket == HISTOGRAM_BUCKETS) {
		return UINT64_MAX;
	}
	uint64_t edge_ps = histogram_bucket_low(bucket + 1) - 1;
	return edge_ps < h->max_ps ? edge_ps : h->max_ps;
}

double histogram_mean_rank(const struct histogram *h, const struct histogram *reference)
{
	double below = 0.0, sum = 0.0;

	if (h->count == 0 || reference->count == 0) {
		return 0.5;
	}
	for (uint32_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		bool overflow = i == HISTOGRAM_BUCKETS;
		double equal = (double)(overflow ? reference->overflow : reference->bucket[i]);
		double own = (double)(overflow ? h->overflow : h->bucket[i]);
		sum += own * (below + equal / 2.0);
		below += equal;
	}
	return sum / (double)h->count / (double)reference->count;
}
