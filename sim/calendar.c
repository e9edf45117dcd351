// SPDX-License-Identifier: MIT
#include "sim/calendar.h"

#include <stdlib.h>
#include <string.h>

#define KIND_SHIFT 59
#define SEQUENCE_LIMIT (UINT64_C(1) << (KIND_SHIFT - CALENDAR_SLOT_BITS))
#define SLOT_MASK (CALENDAR_EVENTS_MAX - 1)
#define FIRST_CAPACITY 64u

static void *resize(void *memory, size_t count, size_t size)
{
	memory = realloc(memory, count * size);
	if (!memory) {
		abort();
	}
	return memory;
}

void calendar_init(struct calendar *c)
{
	*c = (struct calendar){ 0 };
	c->due_size = FIRST_CAPACITY;
	c->due = resize(NULL, c->due_size, sizeof(*c->due));
}

void calendar_release(struct calendar *c)
{
	free(c->heap);
	free(c->events);
	free(c->free_slots);
	free(c->due);
	*c = (struct calendar){ 0 };
}

void calendar_clear(struct calendar *c)
{
	c->heap_count = 0;
	c->due_count = 0;
	c->due_head = 0;
	c->sequence = 0;
	c->free_count = c->capacity;
	for (uint32_t slot = 0; slot < c->capacity; slot++) {
		c->free_slots[slot] = c->capacity - 1 - slot;
	}
}

static void grow(struct calendar *c)
{
	uint32_t capacity = c->capacity ? c->capacity * 2 : FIRST_CAPACITY;

	if (capacity > CALENDAR_EVENTS_MAX) {
		abort();
	}
	c->heap = resize(c->heap, capacity, sizeof(*c->heap));
	c->events = resize(c->events, capacity, sizeof(*c->events));
	c->free_slots = resize(c->free_slots, capacity, sizeof(*c->free_slots));
	for (uint32_t slot = capacity; slot-- > c->capacity;) {
		c->free_slots[c->free_count++] = slot;
	}
	c->capacity = capacity;
}

static inline bool before(const struct calendar_node *a, const struct calendar_node *b)
{
	return a->time_ps < b->time_ps || (a->time_ps == b->time_ps && a->order < b->order);
}

static void post_due(struct calendar *c, const struct hw_event *event)
{
	if (c->due_count == c->due_size) {
		uint32_t size = c->due_size * 2;
		struct hw_event *due = resize(NULL, size, sizeof(*due));

		for (uint32_t i = 0; i < c->due_count; i++) {
			due[i] = c->due[(c->due_head + i) & (c->due_size - 1)];
		}
		free(c->due);
		c->due = due;
		c->due_size = size;
		c->due_head = 0;
	}
	c->due[(c->due_head + c->due_count++) & (c->due_size - 1)] = *event;
}

void calendar_post(struct calendar *c, uint64_t now_ps, uint64_t delay_ps, const struct hw_event *event)
{
	struct calendar_node node;
	uint32_t slot;
	uint32_t hole;

	if (delay_ps == 0) {
		post_due(c, event);
		return;
	}
	if (!c->free_count) {
		grow(c);
	}
	if (c->sequence >= SEQUENCE_LIMIT) {
		abort();
	}
	slot = c->free_slots[--c->free_count];
	c->events[slot] = *event;
	node.time_ps = now_ps + delay_ps;
	node.order = (uint64_t)event->kind << KIND_SHIFT | c->sequence++ << CALENDAR_SLOT_BITS | slot;
	for (hole = c->heap_count++; hole;) {
		uint32_t parent = (hole - 1) / 4;

		if (!before(&node, &c->heap[parent])) {
			break;
		}
		c->heap[hole] = c->heap[parent];
		hole = parent;
	}
	c->heap[hole] = node;
}

bool calendar_next_time(const struct calendar *c, uint64_t now_ps, uint64_t *time_ps)
{
	if (c->due_count) {
		*time_ps = now_ps;
		return true;
	}
	if (c->heap_count) {
		*time_ps = c->heap[0].time_ps;
		return true;
	}
	return false;
}

/* Puts node where the root was and lets it sink. */
static void sink(struct calendar *c, struct calendar_node node)
{
	uint32_t count = c->heap_count;
	uint32_t hole = 0;

	for (;;) {
		uint32_t child = hole * 4 + 1;
		uint32_t least = child;
		uint32_t end;

		if (child >= count) {
			break;
		}
		end = child + 4 < count ? child + 4 : count;
		for (uint32_t i = child + 1; i < end; i++) {
			if (before(&c->heap[i], &c->heap[least])) {
				least = i;
			}
		}
		if (!before(&c->heap[least], &node)) {
			break;
		}
		c->heap[hole] = c->heap[least];
		hole = least;
	}
	c->heap[hole] = node;
}

void calendar_take(struct calendar *c, uint64_t now_ps, uint64_t *time_ps, struct hw_event *event)
{
	uint32_t slot;

	if (c->due_count) {
		*time_ps = now_ps;
		*event = c->due[c->due_head];
		c->due_head = (c->due_head + 1) & (c->due_size - 1);
		c->due_count--;
		return;
	}
	slot = (uint32_t)(c->heap[0].order & SLOT_MASK);
	*time_ps = c->heap[0].time_ps;
	*event = c->events[slot];
	c->free_slots[c->free_count++] = slot;
	if (--c->heap_count) {
		sink(c, c->heap[c->heap_count]);
	}
}
