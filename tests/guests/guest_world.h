/* SPDX-License-Identifier: MIT */
/*
 * A machine with vCPUs and no threads: events come out of a plain list in the order of
 * sim/calendar.h, everything that the models tell is counted. The conservation law is asserted when
 * the world ends.
 */
#ifndef MSIRACE_TESTS_GUESTS_GUEST_WORLD_H
#define MSIRACE_TESTS_GUESTS_GUEST_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "models/machine.h"
#include "sim/fates.h"

struct guest_world {
	struct machine machine;
	struct machine_config config;
	struct device_config devices[4];
	struct vcpu_config vcpus[4];
	uint16_t places[8];
	uint64_t message_ps;
	uint64_t write_ps;
	uint64_t ipi_extra_ps;
	struct {
		uint64_t time_ps;
		uint64_t sequence;
		struct hw_event event;
	} events[1024];
	size_t events_count;
	uint64_t sequence;
	uint32_t counts[256];           /* by enum model_event_kind */
	struct model_event last[256];
	uint64_t last_ps[256];
	uint32_t serviced;
	struct fates fates;
	struct run_metrics metrics;
};

/* The domain of a device, for an initializer of struct device_config: all its vectors are allocated. */
#define MSI(count) \
	.vectors = (count), .domains = 1, \
	.domain = { { .kind = DEVICE_MSI, .vectors = (count), .allocated = (count) } }
#define MSIX(count) \
	.vectors = (count), .domains = 1, \
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, \
		      .vectors = (count), .allocated = (count) } }

struct guest_setup {
	enum machine_remap remap;
	const char *move;               /* NULL: the machine's default, of each slot, or none */
	const char *posted;
	const char *setup;
	const char *monitor;
	uint32_t cpus;
	struct device_config devices[4];
	uint32_t devices_count;
	struct vcpu_config vcpus[4];
	uint32_t vcpus_count;
};

/* Booted; the vCPUs do not run yet. */
struct guest_world *guest_world_create(const struct guest_setup *setup);
void guest_world_end(struct guest_world *w);

/* Makes everything happen up to that much later. */
void guest_world_run(struct guest_world *w, uint64_t time_ps);

#endif
