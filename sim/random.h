/* SPDX-License-Identifier: MIT */
/*
 * Counter-based random numbers: Philox4x32-10 of Random123 (Salmon et al., SC'11). A stream is named: its key is the seed,
 * the replication and a hash of the name, so who else draws, and how much, changes nothing. Only operations that
 * IEEE 754 rounds exactly are used, so the same stream is the same bits on any machine.
 */
#ifndef MSIRACE_SIM_RANDOM_H
#define MSIRACE_SIM_RANDOM_H

#include <stdint.h>

struct random_stream {
	uint32_t key[2];
	uint64_t counter;
	uint64_t block[2];
	uint64_t replication;
	uint32_t left;       /* words of block not yet drawn */
};

void random_stream_init(struct random_stream *r, uint64_t seed, uint64_t replication, const char *name);

uint64_t random_u64(struct random_stream *r);

/* Uniform in (0, 1). */
double random_uniform(struct random_stream *r);

/* Uniform in [0, below); below > 0. Without bias. */
uint64_t random_below(struct random_stream *r, uint64_t below);

/* Exponential with this mean, rounded to whole picoseconds, at least 1. mean_ps is positive and finite. */
uint64_t random_exponential_ps(struct random_stream *r, double mean_ps);

#endif
