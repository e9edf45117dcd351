/* SPDX-License-Identifier: MIT */
/*
 * The one source of choice of the software plane: what an action may do in several ways. A run draws from a seeded stream,
 * `check` takes every way in turn; who asks cannot tell which.
 */
#ifndef MSIRACE_SIM_CHOICE_H
#define MSIRACE_SIM_CHOICE_H

#include <stdint.h>

#include "sim/random.h"

struct kthread;

struct choice {
	uint32_t (*below)(struct choice *c, struct kthread *k, uint32_t count);
	struct random_stream stream;   /* of choice_seed() */
};

/* Choices drawn evenly from the named stream. */
void choice_seed(struct choice *c, uint64_t seed, uint64_t replication, const char *name);

/* One of 0 .. count - 1, for the thread that asks; count > 0. */
static inline uint32_t choice_below(struct choice *c, struct kthread *k, uint32_t count)
{
	return c->below(c, k, count);
}

#endif
