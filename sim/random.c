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
 * Natural logarithm of x in (0, 1) from exactly rounded operations alone: the same bits on any machine. x = m 2^e with m
 * in [1, 2), or halved where it is above 3/2 so that nothing cancels near 1; m times a reciprocal c of the middle of
 * its 64th is within 2^-6 of 1, and ln x = ln(m c) - ln c + e ln 2. Error below 4e-16 of the larger of 1 and the result.
 */
#define PARTS_BITS 6
#define PARTS (1 << PARTS_BITS)

static struct part {
	double reciprocal;
	double logarithm;     /* -ln reciprocal */
} parts[PARTS];

/* ln m for m in [sqrt(1/2), sqrt(2)] as 2 artanh((m - 1) / (m + 1)). */
static double slow_logarithm(double m)
{
	double s = (m - 1.0) / (m + 1.0);
	double square = s * s;
	double sum = 0.0;

	for (int k = 27; k >= 1; k -= 2) {
		sum = sum * square + 1.0 / k;
	}
	return 2.0 * s * sum;
}

static void prepare_parts(void)
{
	for (int i = 0; i < PARTS; i++) {
		double middle = 1.0 + (i + 0.5) / PARTS;

		/* The first and the last part reach to 1 itself, where the logarithm has to be 0. */
		middle = i == 0 ? 1.0 : i == PARTS - 1 ? 2.0 : middle;
		if (i >= PARTS / 2) {
			middle *= 0.5;
		}
		parts[i].reciprocal = 1.0 / middle;
		parts[i].logarithm = -slow_logarithm(parts[i].reciprocal);
	}
}

static double logarithm(double x)
{
	union {
		double value;
		uint64_t bits;
	} m = { .value = x };
	const struct part *part = &parts[m.bits >> (52 - PARTS_BITS) & (PARTS - 1)];
	uint64_t upper = m.bits >> 51 & 1;
	double exponent = (double)((int)(m.bits >> 52) - 1023 + (int)upper);
	double r;
	double r2;
	double r4;

	m.bits = (m.bits & UINT64_C(0xfffffffffffff)) | (UINT64_C(1023) - upper) << 52;
	r = m.value * part->reciprocal - 1.0;
	r2 = r * r;
	r4 = r2 * r2;
	return exponent * 0.69314718055994530942 + part->logarithm +
	       (r + r2 * (-1.0 / 2 + r * (1.0 / 3)) +
		r4 * ((-1.0 / 4 + r * (1.0 / 5)) + r2 * (-1.0 / 6 + r * (1.0 / 7)) + r4 * (-1.0 / 8 + r * (1.0 / 9))));
}

void random_stream_init(struct random_stream *r, uint64_t seed, uint64_t replication, const char *name)
{
	uint64_t key = seed ^ hash_name(name);

	if (!parts[0].reciprocal) {
		prepare_parts();
	}
	*r = (struct random_stream){ .key = { (uint32_t)key, (uint32_t)(key >> 32) }, .replication = replication };
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
