/* SPDX-License-Identifier: MIT */
/*
 * When devices raise: one arrival process for each interrupt source, each with its own random stream, so that what one
 * source draws changes nothing for another and every contender sees the same raises.
 */
#ifndef MSIRACE_SIM_ARRIVALS_H
#define MSIRACE_SIM_ARRIVALS_H

#include <stdint.h>

#include "sim/metrics.h"
#include "sim/random.h"
#include "sim/scenario.h"

struct engine;
struct hw_event;

struct arrival {
	const struct scenario_arrivals *process;
	struct random_stream stream;
	uint64_t next;            /* PROCESS_TIMES: index; PROCESS_PERIODIC: number of the next period */
	uint64_t burst_end_ps;    /* PROCESS_BURSTS */
	/* PROCESS_CLOSED. */
	uint32_t completed;       /* commands that are done and wait for the handler */
	uint32_t timeout_generation;
	uint64_t waiting_since_ps;
};

struct arrivals {
	struct arrival *source;   /* [sources] */
	uint32_t sources;
	uint64_t last_raise_ps;   /* raises stop here */
	struct run_metrics *metrics;
};

void arrivals_init(struct arrivals *a, struct engine *e, const struct scenario *s, uint64_t replication,
		   struct run_metrics *metrics);
void arrivals_release(struct arrivals *a);

/* SIM_ARRIVAL and SIM_TIMEOUT. */
void arrivals_event(struct arrivals *a, struct engine *e, const struct hw_event *event);

/* The handler of a source has started. */
void arrivals_serviced(struct arrivals *a, struct engine *e, uint32_t source);

#endif
