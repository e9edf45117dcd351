// SPDX-License-Identifier: MIT
#include "sim/choice.h"

static uint32_t drawn(struct choice *c, struct kthread *k, uint32_t count)
{
	(void)k;
	return (uint32_t)random_below(&c->stream, count);
}

void choice_seed(struct choice *c, uint64_t seed, uint64_t replication, const char *name)
{
	c->below = drawn;
	random_stream_init(&c->stream, seed, replication, name);
}
