// SPDX-License-Identifier: MIT
/* The random streams: known answers, independence, distributions. */
#include <Random123/philox.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "sim/random.h"

/* Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC'11): the vectors that its library publishes. */
Test(random, generator_gives_the_published_answers)
{
	static const struct {
		uint32_t counter[4], key[2], answer[4];
	} known[] = {
		{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
		{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
		  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
		{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
		  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		philox4x32_ctr_t counter, out;
		philox4x32_key_t key;

		for (int word = 0; word < 4; word++) {
			counter.v[word] = known[i].counter[word];
		}
		key.v[0] = known[i].key[0];
		key.v[1] = known[i].key[1];
		out = philox4x32(counter, key);
		for (int word = 0; word < 4; word++) {
			cr_expect_eq(out.v[word], known[i].answer[word]);
		}
	}
}

/* The stream of key 0 is the first vector: high words first, as they are drawn. The empty name hashes to FNV's basis. */
Test(random, stream_draws_the_generators_words)
{
	struct random_stream r;

	random_stream_init(&r, UINT64_C(0xcbf29ce484222325), 0, "");
	cr_expect_eq(random_u64(&r), UINT64_C(0x9b00dbd8bc57ac4c));
	cr_expect_eq(random_u64(&r), UINT64_C(0xe169c58d6627e8d5));
}

Test(random, streams_of_other_names_seeds_and_replications_differ)
{
	struct random_stream r[4];
	uint64_t first[4];

	random_stream_init(&r[0], 1, 0, "raise nic 0");
	random_stream_init(&r[1], 1, 0, "raise nic 1");
	random_stream_init(&r[2], 2, 0, "raise nic 0");
	random_stream_init(&r[3], 1, 1, "raise nic 0");
	for (int i = 0; i < 4; i++) {
		first[i] = random_u64(&r[i]);
		for (int j = 0; j < i; j++) {
			cr_expect_neq(first[i], first[j]);
		}
	}
	/* And the same again is the same, whatever others drew. */
	random_stream_init(&r[0], 1, 0, "raise nic 0");
	cr_expect_eq(random_u64(&r[0]), first[0]);
}

Test(random, streams_are_not_correlated)
{
	struct random_stream a, b;
	double sum = 0;
	int count = 100000;

	random_stream_init(&a, 7, 0, "one");
	random_stream_init(&b, 7, 0, "two");
	for (int i = 0; i < count; i++) {
		sum += (random_uniform(&a) - 0.5) * (random_uniform(&b) - 0.5);
	}
	/* The standard deviation of one product is 1/12. */
	cr_expect_lt(fabs(sum / count), 4.0 / 12 / sqrt(count));
}

Test(random, below_is_uniform_and_never_reaches_its_limit)
{
	struct random_stream r;
	uint32_t counts[10] = { 0 };
	double chi = 0;

	random_stream_init(&r, 3, 0, "below");
	for (int i = 0; i < 100000; i++) {
		uint64_t draw = random_below(&r, 10);

		cr_assert_lt(draw, 10);
		counts[draw]++;
	}
	for (int i = 0; i < 10; i++) {
		chi += (counts[i] - 10000.0) * (counts[i] - 10000.0) / 10000.0;
	}
	/* 9 degrees of freedom: 27.9 has one chance in a thousand. */
	cr_expect_lt(chi, 27.9);
	cr_expect_eq(random_below(&r, 1), 0);
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

Test(random, exponential_has_its_mean_and_its_shape)
{
	enum { COUNT = 200000 };
	double *draws = malloc(COUNT * sizeof(*draws));
	double sum = 0;
	double distance = 0;
	double mean_ps = 1e7;
	struct random_stream r;

	cr_assert_not_null(draws);
	random_stream_init(&r, 11, 0, "exponential");
	for (int i = 0; i < COUNT; i++) {
		draws[i] = (double)random_exponential_ps(&r, mean_ps);
		sum += draws[i];
	}
	cr_expect_lt(fabs(sum / COUNT / mean_ps - 1), 4 / sqrt(COUNT));
	qsort(draws, COUNT, sizeof(*draws), ascending);
	for (int i = 0; i < COUNT; i++) {
		double expected = 1 - exp(-draws[i] / mean_ps);

		distance = fmax(distance, fmax(fabs(expected - (double)i / COUNT),
					       fabs(expected - (double)(i + 1) / COUNT)));
	}
	/* Kolmogorov-Smirnov: 1.95 / sqrt(n) has one chance in a thousand. */
	cr_expect_lt(distance, 1.95 / sqrt(COUNT));
	free(draws);
}

/* With a mean of 2^60 ps a draw is the logarithm itself to 60 bits below the point: that shows what it is off. */
Test(random, logarithm_agrees_with_the_library)
{
	struct random_stream draw, same;
	double mean_ps = 0x1p56;

	random_stream_init(&draw, 5, 0, "log");
	random_stream_init(&same, 5, 0, "log");
	for (int i = 0; i < 200000; i++) {
		double uniform = random_uniform(&same);
		double found = (double)random_exponential_ps(&draw, mean_ps) / mean_ps;
		double expected = -log(uniform);

		cr_assert_lt(fabs(found - expected), 5e-16 * fmax(1.0, expected), "ln %.17g", uniform);
	}
}

Test(random, exponential_is_at_least_a_picosecond_and_never_overflows)
{
	struct random_stream r;

	random_stream_init(&r, 5, 0, "bounds");
	for (int i = 0; i < 1000; i++) {
		cr_assert_geq(random_exponential_ps(&r, 0.01), 1);
		cr_assert_leq(random_exponential_ps(&r, 1e300), UINT64_C(1) << 62);
	}
}
