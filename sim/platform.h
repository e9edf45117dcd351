/* SPDX-License-Identifier: MIT */
/*
 * The machine's topology as a SimGrid platform: CPUs and devices are hosts, PCIe links and socket interconnects are links,
 * and the latency of a route is the flight time. Made from the scenario, or a file of the user's own with hosts "cpu0",
 * "cpu1", ... and one named as each device; latencies there are real seconds, as SimGrid has them.
 */
#ifndef MSIRACE_SIM_PLATFORM_H
#define MSIRACE_SIM_PLATFORM_H

#include <stdint.h>

#include "sim/scenario.h"

/* Places of CPUs and devices and the times between them; see struct machine_config. */
struct topology {
	uint16_t *cpu_place;
	uint16_t *device_place;
	uint32_t cpu_places;
	uint32_t device_places;
	uint64_t *message_ps;
	uint64_t *write_ps;
	uint64_t *ipi_extra_ps;
};

/*
 * A path that SimGrid can load: the user's file, or the generated one. *descriptor is a file that has to stay open as long
 * as the path is used, or -1. NULL where no file could be made.
 */
char *platform_path(const struct scenario *s, int *descriptor);

/*
 * Asks the loaded platform for all times, inside of actor_world_run(). NULL, or what the platform lacks, malloc'ed.
 */
char *topology_load(const struct scenario *s, struct topology *t);
void topology_release(struct topology *t);

#endif
