/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/histogram.h"
#include "tests/unit/test_random.h"

Test(histogram, every_bucket_begins_where_the_one_before_ends)
{
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_bucket_low(i), end = histogram_bucket_low(i + 1);
		cr_assert_lt(low, end);
		cr_assert_eq(histogram_bucket_of(low), i);
		cr_assert_eq(histogram_bucket_of(end - 1), i);
		cr_assert(end - low == 1 || (end - low) * 64 <= low, "bucket %u is wider than 1/64",
			  i);
	}
	cr_assert_eq(histogram_bucket_low(HISTOGRAM_BUCKETS), UINT64_C(1) << HISTOGRAM_VALUE_BITS);
}

Test(histogram, extremes)
{
	static struct histogram h;
	uint64_t largest = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;

	cr_assert_eq(histogram_quantile(&h, 0.5), 0);
	cr_assert_eq(histogram_rank(&h, 0.5), 0);
	histogram_add(&h, 0);
	cr_assert_eq(histogram_quantile(&h, 1.0), 0);
	histogram_add(&h, largest);
	cr_assert_eq(h.overflow, 0);
	cr_assert_eq(histogram_quantile(&h, 1.0), largest);
	histogram_add(&h, largest + 1);
	histogram_add(&h, UINT64_MAX);
	cr_assert_eq(h.overflow, 2);
	cr_assert_eq(h.count, 4);
	cr_assert_eq(h.max_ps, UINT64_MAX);
	cr_assert_eq(histogram_quantile(&h, 0.5), largest);
	cr_assert_eq(histogram_quantile(&h, 0.75), UINT64_MAX);
}

Test(histogram, rank_is_not_pushed_up_by_rounding)
{
	static struct histogram h;

	h.count = 100;
	for (int i = 1; i <= 100; i++) {
		cr_assert_eq(histogram_rank(&h, i / 100.0), i);
	}
	cr_assert_eq(histogram_rank(&h, 1e-9), 1);
	cr_assert_eq(histogram_rank(&h, 0.071), 8);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Values of all magnitudes, some equal, some in the overflow. */
static uint64_t draw(uint64_t *state)
{
	uint64_t value = random_u64(state) >> (19 + random_u64(state) % 45);

	return random_u64(state) % 8 ? value : value % 16;
}

static void compare_with_sorted(const struct histogram *h, const uint64_t *sorted, size_t count,
				double fraction)
{
	size_t rank = (size_t)ceil(fraction * (double)count);
	uint64_t true_ps = sorted[rank ? rank - 1 : 0];
	uint64_t found_ps = histogram_quantile(h, fraction);

	if (true_ps >> HISTOGRAM_VALUE_BITS) {
		cr_assert_eq(found_ps, UINT64_MAX);
	} else {
		cr_assert_geq(found_ps, true_ps);
		cr_assert_leq(found_ps - true_ps, true_ps / 64, "%lu for %lu", found_ps, true_ps);
	}
}

Test(histogram, quantiles_are_those_of_the_sorted_values)
{
	static struct histogram h, half, other;
	static uint64_t values[3000];
	uint64_t state = 1;

	for (size_t count = 1; count <= 3000; count = count * 3 / 2 + 1) {
		h = half = other = (struct histogram){ 0 };
		for (size_t i = 0; i < count; i++) {
			values[i] = draw(&state);
			histogram_add(&h, values[i]);
			histogram_add(i % 2 ? &half : &other, values[i]);
		}
		qsort(values, count, sizeof(*values), compare_u64);
		for (int i = 1; i <= 64; i++) {
			compare_with_sorted(&h, values, count, i / 64.0);
		}
		cr_assert_eq(h.max_ps, values[count - 1]);
		histogram_merge(&half, &other);
		cr_assert_arr_eq(&half, &h, sizeof(h), "merging is not adding");
	}
}

/* By counting every pair. */
static double rank_by_pairs(const uint64_t *values, size_t count, const uint64_t *others,
			    size_t others_count)
{
	double sum = 0.0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < others_count; j++) {
			sum += others[j] < values[i] ? 1.0 : others[j] == values[i] ? 0.5 : 0.0;
		}
	}
	return sum / (double)count / (double)others_count;
}

Test(histogram, mean_rank_is_that_of_all_pairs)
{
	static struct histogram a, b;
	static uint64_t values[300], others[200];
	uint64_t state = 3;

	for (size_t i = 0; i < 300; i++) {
		/*
		 * Below 128 a bucket holds one value. What is beyond the range is equal to all else
		 * there.
		 */
		values[i] = i % 50 ? random_u64(&state) % 128 : UINT64_MAX;
		histogram_add(&a, values[i]);
	}
	for (size_t i = 0; i < 200; i++) {
		others[i] = i % 40 ? random_u64(&state) % 100 : UINT64_MAX;
		histogram_add(&b, others[i]);
	}
	cr_assert_float_eq(histogram_mean_rank(&a, &b), rank_by_pairs(values, 300, others, 200),
			   1e-12);
	cr_assert_float_eq(histogram_mean_rank(&a, &a), 0.5, 1e-12);
	b = (struct histogram){ 0 };
	cr_assert_eq(histogram_mean_rank(&a, &b), 0.5);
}
