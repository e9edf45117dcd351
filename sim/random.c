// SPDX-License-Identifier: MIT
#include "sim/random.h"

#include <Random123/philox.h>

/* FNV-1a, 64 bits: the name's part of the key. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++) {
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	}
	return hash;
}

void random_stream_init(struct random_stream *r, uint64_t seed, uint64_t replication, const char *name)
{
	uint64_t key = seed ^ hash_name(name);

	*r = (struct random_stream){ .key = { (uint32_t)key, (uint32_t)(key >> 32) }, .replication = replication };
}

uint64_t random_u64(struct random_stream *r)
{
	if (!r->left) {
		philox4x32_ctr_t counter = { {
			(uint32_t)r->counter, (uint32_t)(r->counter >> 32),
			(uint32_t)r->replication, (uint32_t)(r->replication >> 32) } };
		philox4x32_key_t key = { { r->key[0], r->key[1] } };
		philox4x32_ctr_t out = philox4x32(counter, key);

		r->counter++;
		r->block[0] = (uint64_t)out.v[1] << 32 | out.v[0];
		r->block[1] = (uint64_t)out.v[3] << 32 | out.v[2];
		r->left = 2;
	}
	return r->block[--r->left];
}

double random_uniform(struct random_stream *r)
{
	/* 52 bits and a half: symmetric, and never 0 or 1. */
	return ((double)(random_u64(r) >> 12) + 0.5) * 0x1p-52;
}

uint64_t random_below(struct random_stream *r, uint64_t below)
{
	uint64_t unfair = (0 - below) % below;
	uint64_t draw;

	do {
		draw = random_u64(r);
	} while (draw < unfair);
	return draw % below;
}

/*
 * Natural logarithm of x in (0, 1) from exactly rounded operations alone: x = m 2^e with m in [sqrt(1/2), sqrt(2)), and
 * ln m = 2 artanh((m - 1) / (m + 1)). Error below 2e-16 of the result's magnitude plus 1e-17.
 */
static double logarithm(double x)
{
	union {
		double value;
		uint64_t bits;
	} m = { .value = x };
	int exponent = (int)(m.bits >> 52) - 1023;
	double s;
	double square;
	double sum = 0.0;

	m.bits = (m.bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
	if (m.value > 1.4142135623730951) {
		m.value *= 0.5;
		exponent++;
	}
	s = (m.value - 1.0) / (m.value + 1.0);
	square = s * s;
	for (int k = 21; k >= 1; k -= 2) {
		sum = sum * square + 1.0 / k;
	}
	return 2.0 * s * sum + exponent * 0.69314718055994530942;
}

uint64_t random_exponential_ps(struct random_stream *r, double mean_ps)
{
	double draw = -logarithm(random_uniform(r)) * mean_ps;

	/* Beyond any run's length, and what a double still converts exactly. */
	if (draw > 0x1p62) {
		return UINT64_C(1) << 62;
	}
	return draw < 1.0 ? 1 : (uint64_t)(draw + 0.5);
}
