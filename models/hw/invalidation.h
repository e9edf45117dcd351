/* SPDX-License-Identifier: MIT */
/*
 * The queue in which remap hardware invalidates what it has cached, with the wait that ends it: a
 * wait descriptor (VT-d), COMPLETION_WAIT (AMD-Vi), IOFENCE.C (RISC-V). When the wait is over,
 * every request that was looked up before has been delivered; younger ones may overtake them. One
 * at a time, as the queue's lock has it.
 */
#ifndef MSIRACE_MODELS_HW_INVALIDATION_H
#define MSIRACE_MODELS_HW_INVALIDATION_H

#include <stdint.h>

#include "models/raise.h"

struct machine;
struct hw_event;
struct kthread;

struct invalidation {
	/*
	 * Requests between their look-up and their delivery, by the epoch in which they were looked
	 * up. Each invalidation begins an epoch, and waits for those of the one before.
	 */
	uint32_t in_lookup[2];
	uint8_t epoch;
	uint8_t done;            /* the running one: the hardware has written that it is through */
	uint16_t thread;         /* thread + 1 whose invalidation runs; 0: none */
};

/*
 * The request of a device is looked up, and HW_REMAP_DONE comes took_ps later, though never before
 * that of an earlier request of the device. Of *event: cpu, value, address and causes; flag is the
 * unit's own, 0 to 127.
 */
void invalidation_look_up(struct machine *m, uint32_t device, uint64_t took_ps,
			  const struct hw_event *event);

/* HW_REMAP_DONE; the unit's flag is left. */
uint8_t invalidation_looked_up(struct machine *m, const struct hw_event *event);

/*
 * Waits for its turn, has forget() drop the cached entries [first, first + count), and waits for
 * the end.
 */
void invalidation_run(struct kthread *k, uint32_t first, uint32_t count,
		      void (*forget)(struct machine *m, uint32_t entry));

/* HW_FLUSH_DONE. */
void invalidation_done(struct machine *m, const struct hw_event *event);

#endif
