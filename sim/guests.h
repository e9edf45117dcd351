/* SPDX-License-Identifier: MIT */
/*
 * The threads of the guests' virtual CPUs: each runs, is preempted or blocks by its scenario's
 * schedule.
 */
#ifndef MSIRACE_SIM_GUESTS_H
#define MSIRACE_SIM_GUESTS_H

#include <stdint.h>

#include "sim/random.h"
#include "sim/scenario.h"

struct engine;

struct guest {
	const struct scenario_vcpu *vcpu;
	uint32_t number;
	struct random_stream stream;
};

struct guests {
	struct guest *guests;   /* [scenario->vcpus_count] */
};

/* Creates the threads behind those of the actions. */
void guests_init(struct guests *g, struct engine *e, const struct scenario *s, uint64_t replication);
void guests_release(struct guests *g);

#endif
