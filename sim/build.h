/* SPDX-License-Identifier: MIT */
/* From a scenario and one of its contenders to the configuration of a machine. */
#ifndef MSIRACE_SIM_BUILD_H
#define MSIRACE_SIM_BUILD_H

#include "models/machine.h"
#include "sim/platform.h"
#include "sim/scenario.h"

struct built {
	struct machine_config config;
	struct device_config *devices;
	struct vcpu_config *vcpus;
	uint64_t *affinities;          /* of the devices that have one, one after the other */
};

/* One device; it starts with all CPUs as its affinity. */
void build_device(const struct scenario_device *from, struct device_config *to);

/* threads: of the software plane. The scenario and the topology outlive what is built. */
void build_config(struct built *b, const struct scenario *s, const struct scenario_contender *contender,
		  const struct topology *t, uint32_t threads);
void build_release(struct built *b);

#endif
