/* SPDX-License-Identifier: MIT */
/*
 * A machine under a test's thumb: struct machine_env over a plain list of events, and threads as
 * coroutines. Everything that the models tell is kept, so that a test can ask what happened, how
 * often, and when.
 *
 * The conservation law is asserted when the world ends, whatever the test looked at.
 */
#ifndef MSIRACE_TESTS_UNIT_MODEL_WORLD_H
#define MSIRACE_TESTS_UNIT_MODEL_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/hw/device.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "sim/fates.h"
#include "sim/metrics.h"

/* Devices with one vector: MSI-X with its mask and pending bits, MSI without. */
extern const struct device_config world_msix, world_msi;

struct world_setup {
	uint32_t cpus;              /* 0: 4 */
	uint32_t sockets;           /* 0: 1 */
	uint32_t vectors_first;     /* 0: 32; of riscv 1, of an ITS 8192 */
	uint32_t vectors_end;       /* 0: 236; of riscv 64, of an ITS 73728, of a v2m frame 1020 */
	enum machine_arch arch;
	enum machine_remap remap;
	enum machine_fabric fabric;
	bool uncached;              /* the remap hardware caches nothing */
	bool without_system_vectors;
	uint32_t threads;           /* 0: 2 */
	const char *move;           /* NULL: the machine's default */
	const char *cleanup;
	const char *hotplug;
	const char *allocation;
	bool may_fail;              /* a device may be left without vectors */
	struct model_timings timings; /* where one is 0, the default */
	const struct device_config *devices;
	uint32_t devices_count;
};

struct world_record {
	uint64_t time_ps;
	struct model_event event;
};

struct world_thread;

struct world {
	struct machine machine;
	struct machine_config config;
	struct device_config devices[16];
	uint16_t places[64];
	uint64_t message_ps;
	uint64_t write_ps;
	uint64_t ipi_extra_ps;
	struct world_event *events;
	size_t events_count;
	size_t events_capacity;
	uint64_t sequence;
	struct world_record *records;
	size_t records_count;
	size_t records_capacity;
	struct world_thread *threads;
	struct world_thread *running;
	uint32_t serviced;
	struct fates fates;
	struct run_metrics metrics;
};

/*
 * Sources by device: device 0's vectors first. Booted: every allocated vector is requested, its
 * function enabled.
 */
struct world *world_create(const struct world_setup *setup);

/* Asserts the conservation law and the vector matrix, and frees. */
void world_end(struct world *w);
/* The same, and hands out what was counted, the end of the run included. */
void world_end_with(struct world *w, struct run_metrics *metrics);

/* Runs function as a thread on the CPU from now on; it has the CPU. Returns at once. */
void world_spawn(struct world *w, uint32_t thread, uint32_t cpu,
		 void (*function)(struct kthread *k, void *argument), void *argument);
bool world_finished(const struct world *w, uint32_t thread);

/* Makes everything happen up to that much later; world_settle(): until nothing is left. */
void world_run(struct world *w, uint64_t time_ps);
void world_settle(struct world *w);

/* How often an event came; world_last(): the last one of the kind, NULL where there was none. */
size_t world_count(const struct world *w, enum model_event_kind kind);
size_t world_count_detail(const struct world *w, enum model_event_kind kind, uint8_t detail);
const struct world_record *world_last(const struct world *w, enum model_event_kind kind);
const struct world_record *world_nth(const struct world *w, enum model_event_kind kind, size_t n);

/* Forgets what was told so far. */
void world_forget(struct world *w);

/* A mask of one CPU; good until the next call but three. */
const uint64_t *world_mask(uint32_t cpu);

/* The vectors of a device with one domain. */
static inline void set_vectors(struct device_config *device, uint32_t vectors, uint32_t allocated)
{
	device->vectors = device->domain[0].vectors = vectors;
	device->domain[0].allocated = allocated;
}

/* Bodies of threads. */
struct world_move {
	uint32_t source;
	uint32_t cpu;
	int result;
};
void world_move_body(struct kthread *k, void *move);
void world_offline_body(struct kthread *k, void *cpu);   /* int[2]: the CPU, and the result */
void world_online_body(struct kthread *k, void *cpu);    /* the same */

#endif
