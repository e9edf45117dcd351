/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations, log-linear as HdrHistogram's: 64 linear buckets in each power of two, so that a value is known
 * to 1/64, about 1.6 %. From 0 to 2^44 ps (17.6 s); what is longer goes to the overflow bucket, which is always shown.
 * Plain data of a fixed size, merged by adding.
 */
#ifndef MSIRACE_SIM_HISTOGRAM_H
#define MSIRACE_SIM_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_LINEAR_BITS 6
#define HISTOGRAM_VALUE_BITS 44
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_LINEAR_BITS + 1) << HISTOGRAM_LINEAR_BITS)

struct histogram {
	uint64_t count;       /* all values, overflow included */
	uint64_t overflow;
	uint64_t max_ps;      /* the exact largest value, overflow included; 0 when empty */
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* The bucket of a value below 2^HISTOGRAM_VALUE_BITS. */
static inline uint32_t histogram_bucket_of(uint64_t value_ps)
{
	if (value_ps < (1u << HISTOGRAM_LINEAR_BITS)) {
		return (uint32_t)value_ps;
	}
	uint32_t exponent = 63u - (uint32_t)__builtin_clzll(value_ps) - HISTOGRAM_LINEAR_BITS;
	return (exponent << HISTOGRAM_LINEAR_BITS) + (uint32_t)(value_ps >> exponent);
}

static inline void histogram_add(struct histogram *h, uint64_t value_ps)
{
	h->count++;
	h->max_ps = value_ps > h->max_ps ? value_ps : h->max_ps;
	if (value_ps >> HISTOGRAM_VALUE_BITS) {
		h->overflow++;
	} else {
		h->bucket[histogram_bucket_of(value_ps)]++;
	}
}

/* The values of bucket i are [histogram_bucket_low(i), histogram_bucket_low(i + 1)). */
uint64_t histogram_bucket_low(uint32_t bucket);

void histogram_merge(struct histogram *into, const struct histogram *from);

/* Of the values in ascending order, counted from 1, the first that fraction of all are not above; 0 when empty. */
uint64_t histogram_rank(const struct histogram *h, double fraction);

/* The bucket of the value of a rank in [1, count]; HISTOGRAM_BUCKETS where that is in the overflow. */
uint32_t histogram_bucket_at(const struct histogram *h, uint64_t rank);

/*
 * The smallest value that at least fraction of all values are not above, as the largest value of its bucket, never above
 * max_ps: at most 1/64 too high, and exact below 128. fraction is in (0, 1]. 0 for an empty histogram; UINT64_MAX
 * where it falls into the overflow.
 */
uint64_t histogram_quantile(const struct histogram *h, double fraction);

/*
 * The mean over h's values of the share of reference's values below them, equal ones (of one bucket) counted by half: 0.5 for
 * h's own. It is the Mann-Whitney statistic over the product of both counts. 0.5 where either is empty.
 */
double histogram_mean_rank(const struct histogram *h, const struct histogram *reference);

#endif
