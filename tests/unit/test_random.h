/* SPDX-License-Identifier: MIT */
/* Reproducible draws for the tests: splitmix64 and what is made from it. */
#ifndef MSIRACE_TESTS_UNIT_TEST_RANDOM_H
#define MSIRACE_TESTS_UNIT_TEST_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t random_u64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* In (0, 1). */
static inline double random_unit(uint64_t *state)
{
	return ((double)(random_u64(state) >> 11) + 0.5) * 0x1p-53;
}

static inline double random_exponential(uint64_t *state, double mean)
{
	return -mean * log(random_unit(state));
}

/* How many arrivals of rate 1 fall into [0, mean). */
static inline uint64_t random_poisson(uint64_t *state, double mean)
{
	uint64_t count = 0;

	for (double t = random_exponential(state, 1.0); t < mean; t += random_exponential(state, 1.0)) {
		count++;
	}
	return count;
}

/* From 1 on. */
static inline uint64_t random_geometric(uint64_t *state, double mean)
{
	return 1 + (uint64_t)(log(random_unit(state)) / log(1.0 - 1.0 / mean));
}

#endif
