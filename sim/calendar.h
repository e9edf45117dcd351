/* SPDX-License-Identifier: MIT */
/*
 * The event calendar: what will happen, in a total order.
 *
 * Events that are due now, because they were posted with no delay, come first, in the order in which they were posted.
 * All others come by time, at the same picosecond by kind (the order of the enum), then by sequence: in the order in which
 * they were posted. Nothing depends on addresses, so the same posts give the same order on any machine.
 *
 * At most CALENDAR_EVENTS_MAX events wait at once, and at most 2^39 are posted in one run.
 */
#ifndef MSIRACE_SIM_CALENDAR_H
#define MSIRACE_SIM_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "models/event.h"

#define CALENDAR_SLOT_BITS 20
#define CALENDAR_EVENTS_MAX (1u << CALENDAR_SLOT_BITS)

struct calendar_node {
	uint64_t time_ps;
	uint64_t order;      /* kind, sequence, slot: from the highest bit down */
};

struct calendar {
	struct calendar_node *heap;   /* 4-ary; heap[0] is the next */
	uint32_t heap_count;
	struct hw_event *events;      /* by slot */
	uint32_t *free_slots;
	uint32_t free_count;
	uint32_t capacity;            /* of heap, events and free_slots */
	uint64_t sequence;
	struct hw_event *due;         /* ring of events without a delay; its size is a power of two */
	uint32_t due_head;
	uint32_t due_count;
	uint32_t due_size;
};

void calendar_init(struct calendar *c);
void calendar_release(struct calendar *c);

/* Forgets all events; keeps the memory. */
void calendar_clear(struct calendar *c);

/* Aborts where more than CALENDAR_EVENTS_MAX events wait. */
void calendar_post(struct calendar *c, uint64_t now_ps, uint64_t delay_ps, const struct hw_event *event);

/* When the next event is; false where there is none. */
bool calendar_next_time(const struct calendar *c, uint64_t now_ps, uint64_t *time_ps);

/* Takes the next event out; there has to be one. */
void calendar_take(struct calendar *c, uint64_t now_ps, uint64_t *time_ps, struct hw_event *event);

#endif
