/* SPDX-License-Identifier: MIT */
/*
 * What the scenario's software does: one thread an action, which waits until it is due, does it on each of its vectors, and
 * waits again.
 */
#ifndef MSIRACE_SIM_ACTIONS_H
#define MSIRACE_SIM_ACTIONS_H

#include <stdint.h>

#include "models/os/kthread.h"
#include "sim/choice.h"
#include "sim/random.h"
#include "sim/scenario.h"

struct engine;

struct action {
	const struct scenario *scenario;
	const struct scenario_action *action;
	struct random_stream when;
	struct choice where;
	uint32_t turn;            /* of a list of targets */
	uint32_t *offline;        /* CPUs that this run took off line, in their order; shared by all actions */
	uint32_t *offline_count;
};

struct actions {
	struct action *actions;   /* [scenario->actions_count] */
	uint32_t *offline;
	uint32_t offline_count;
};

/* Does the action once, on the CPU that the thread has. */
void action_do(struct action *a, struct kthread *k);

/* Creates the threads 0 .. scenario->actions_count - 1. */
void actions_init(struct actions *a, struct engine *e, const struct scenario *s, uint64_t replication);
void actions_release(struct actions *a);

#endif
