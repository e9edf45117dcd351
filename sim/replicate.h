/* SPDX-License-Identifier: MIT */
/* One replication of one contender, inside of actor_world_run(). */
#ifndef MSIRACE_SIM_REPLICATE_H
#define MSIRACE_SIM_REPLICATE_H

#include <stdint.h>

#include "sim/engine.h"
#include "sim/metrics.h"
#include "sim/occupancy.h"
#include "sim/platform.h"
#include "sim/scenario.h"

/*
 * Runs it and fills metrics, and occupancy unless that is NULL. observer, NULL for none, hears every event. NULL, or what broke, malloc'ed: the conservation
 * law, a leak of the allocator's invariants, a deadlock.
 */
char *replicate(const struct scenario *s, const struct scenario_contender *contender, uint64_t replication,
		const struct topology *topology, const struct engine_listener *observer, struct run_metrics *metrics,
		struct occupancy *occupancy);

#endif
