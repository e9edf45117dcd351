/* SPDX-License-Identifier: MIT */
/*
 * The event calendar: what will happen, in a total order.
 *
 * Events that are due now, because they were posted with no delay, come first, in the order in which they were posted.
 * All others come by time, at the same picosecond by kind (the order of the enum), then by sequence: in the order in which
 * they were posted. Nothing depends on addresses, so the same posts give the same order on any machine.
 *
 * Most delays are constants of the machine, so most events of one kind are posted in the order in which they will happen.
 * Those wait in a ring of their kind, which costs the same however many wait; the others in a heap.
 *
 * At most CALENDAR_EVENTS_MAX events wait at once in the heap, and as many in each ring; at most 2^39 are posted in one run.
 */
#ifndef MSIRACE_SIM_CALENDAR_H
#define MSIRACE_SIM_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/event.h"
#include "sim/surrender.h"

#define CALENDAR_SLOT_BITS 20
#define CALENDAR_KIND_SHIFT 59
#define CALENDAR_EVENTS_MAX (1u << CALENDAR_SLOT_BITS)
#define CALENDAR_POSTS_MAX (UINT64_C(1) << (CALENDAR_KIND_SHIFT - CALENDAR_SLOT_BITS))
#define CALENDAR_KINDS (HW_SIMULATOR + 1)

struct calendar_node {
	uint64_t time_ps;
	uint64_t order;      /* kind, sequence, slot: from the highest bit down */
};

struct calendar_entry {
	struct calendar_node node;
	struct hw_event event;
};

/* Events of one kind in their order; its size is a power of two. */
struct calendar_ring {
	struct calendar_entry *entries;
	uint32_t head;
	uint32_t count;
	uint32_t size;
	uint64_t last_ps;    /* time of the youngest one; only while there is one */
};

struct calendar {
	uint32_t rings_used;                          /* bit map of those that hold something */
	struct calendar_node first[CALENDAR_KINDS];   /* of each ring that does */
	struct calendar_ring ring[CALENDAR_KINDS];
	struct calendar_node *heap;   /* 4-ary; heap[0] is the next. Siblings share a cache line: heap[1] begins one */
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
	void *heap_memory;
};

void calendar_init(struct calendar *c);
void calendar_release(struct calendar *c);

/* Forgets all events; keeps the memory. */
void calendar_clear(struct calendar *c);

/* The three ways in; calendar_post() chooses. They give up where there is no room. */
void calendar_post_due(struct calendar *c, const struct hw_event *event);
void calendar_post_heap(struct calendar *c, struct calendar_node node, const struct hw_event *event);
void calendar_grow_ring(struct calendar *c, uint32_t kind);
void calendar_take_heap(struct calendar *c, struct hw_event *event);

/* As one number of 128 bits, so without a branch: in a heap of random times the outcome cannot be predicted. */
static inline bool calendar_before(const struct calendar_node *a, const struct calendar_node *b)
{
	return ((unsigned __int128)a->time_ps << 64 | a->order) < ((unsigned __int128)b->time_ps << 64 | b->order);
}

static inline void calendar_post(struct calendar *c, uint64_t now_ps, uint64_t delay_ps, const struct hw_event *event)
{
	struct calendar_ring *ring = &c->ring[event->kind];
	struct calendar_node node = {
		now_ps + delay_ps,
		(uint64_t)event->kind << CALENDAR_KIND_SHIFT | c->sequence++ << CALENDAR_SLOT_BITS
	};

	if (delay_ps == 0) {
		calendar_post_due(c, event);
		return;
	}
	if (__builtin_expect(c->sequence > CALENDAR_POSTS_MAX, 0)) {
		surrender("more than 2^39 events in one run");
	}
	if (ring->count && node.time_ps < ring->last_ps) {
		calendar_post_heap(c, node, event);
		return;
	}
	if (ring->count == ring->size) {
		calendar_grow_ring(c, event->kind);
	}
	if (!ring->count) {
		c->first[event->kind] = node;
		c->rings_used |= 1u << event->kind;
	}
	ring->last_ps = node.time_ps;
	ring->entries[(ring->head + ring->count++) & (ring->size - 1)] = (struct calendar_entry){ node, *event };
}

static inline void calendar_take_ring(struct calendar *c, uint32_t kind, struct hw_event *event)
{
	struct calendar_ring *ring = &c->ring[kind];

	*event = ring->entries[ring->head].event;
	ring->head = (ring->head + 1) & (ring->size - 1);
	if (--ring->count) {
		c->first[kind] = ring->entries[ring->head].node;
	} else {
		c->rings_used &= ~(1u << kind);
	}
}

/* Takes the next event out if it is not later than end_ps, and says when it is; false where there is none. */
static inline bool calendar_take(struct calendar *c, uint64_t now_ps, uint64_t end_ps, uint64_t *time_ps,
				 struct hw_event *event)
{
	const struct calendar_node *best = c->heap_count ? &c->heap[0] : NULL;
	uint32_t from = CALENDAR_KINDS;

	if (c->due_count) {
		*time_ps = now_ps;
		*event = c->due[c->due_head];
		c->due_head = (c->due_head + 1) & (c->due_size - 1);
		c->due_count--;
		return true;
	}
	for (uint32_t left = c->rings_used; left; left &= left - 1) {
		uint32_t kind = (uint32_t)__builtin_ctz(left);

		if (!best || calendar_before(&c->first[kind], best)) {
			best = &c->first[kind];
			from = kind;
		}
	}
	if (!best || best->time_ps > end_ps) {
		return false;
	}
	*time_ps = best->time_ps;
	if (from < CALENDAR_KINDS) {
		calendar_take_ring(c, from, event);
	} else {
		calendar_take_heap(c, event);
	}
	return true;
}

/* Whether nothing at all waits. */
static inline bool calendar_empty(const struct calendar *c)
{
	return !c->due_count && !c->rings_used && !c->heap_count;
}

#endif
