// SPDX-License-Identifier: MIT
#include "sim/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "sim/surrender.h"

#define SLOT_MASK (CALENDAR_EVENTS_MAX - 1)
#define FIRST_CAPACITY 64u
#define CACHE_LINE 64u

_Static_assert(4 * sizeof(struct calendar_node) == CACHE_LINE, "siblings fill a cache line");

static const char too_many[] = "more than 1048576 events of one kind wait at once";

static void *resize(void *memory, size_t count, size_t size)
{
	memory = realloc(memory, count * size);
	if (!memory) {
		surrender("out of memory");
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
	for (uint32_t kind = 0; kind < CALENDAR_KINDS; kind++) {
		free(c->ring[kind].entries);
	}
	free(c->heap_memory);
	free(c->events);
	free(c->free_slots);
	free(c->due);
	*c = (struct calendar){ 0 };
}

void calendar_clear(struct calendar *c)
{
	for (uint32_t kind = 0; kind < CALENDAR_KINDS; kind++) {
		c->ring[kind].head = 0;
		c->ring[kind].count = 0;
	}
	c->rings_used = 0;
	c->heap_count = 0;
	c->due_count = 0;
	c->due_head = 0;
	c->sequence = 0;
	c->free_count = c->capacity;
	for (uint32_t slot = 0; slot < c->capacity; slot++) {
		c->free_slots[slot] = c->capacity - 1 - slot;
	}
}

/* heap[1], and with it every group of four siblings, begins a cache line. */
static void grow_heap(struct calendar *c, uint32_t capacity)
{
	size_t lines = (capacity * sizeof(*c->heap) + 2 * CACHE_LINE - 1) / CACHE_LINE;
	void *memory = aligned_alloc(CACHE_LINE, lines * CACHE_LINE);
	struct calendar_node *heap;

	if (!memory) {
		surrender("out of memory");
	}
	heap = (struct calendar_node *)((char *)memory + CACHE_LINE - sizeof(*heap));
	if (c->heap_count) {
		memcpy(heap, c->heap, c->heap_count * sizeof(*heap));
	}
	free(c->heap_memory);
	c->heap_memory = memory;
	c->heap = heap;
}

static void grow(struct calendar *c)
{
	uint32_t capacity = c->capacity ? c->capacity * 2 : FIRST_CAPACITY;

	if (capacity > CALENDAR_EVENTS_MAX) {
		surrender(too_many);
	}
	grow_heap(c, capacity);
	c->events = resize(c->events, capacity, sizeof(*c->events));
	c->free_slots = resize(c->free_slots, capacity, sizeof(*c->free_slots));
	for (uint32_t slot = capacity; slot-- > c->capacity;) {
		c->free_slots[c->free_count++] = slot;
	}
	c->capacity = capacity;
}

void calendar_grow_ring(struct calendar *c, uint32_t kind)
{
	struct calendar_ring *ring = &c->ring[kind];
	uint32_t size = ring->size ? ring->size * 2 : FIRST_CAPACITY;
	struct calendar_entry *entries;

	if (size > CALENDAR_EVENTS_MAX) {
		surrender(too_many);
	}
	entries = resize(NULL, size, sizeof(*entries));
	for (uint32_t i = 0; i < ring->count; i++) {
		entries[i] = ring->entries[(ring->head + i) & (ring->size - 1)];
	}
	free(ring->entries);
	ring->entries = entries;
	ring->size = size;
	ring->head = 0;
}

void calendar_post_due(struct calendar *c, const struct hw_event *event)
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

void calendar_post_heap(struct calendar *c, struct calendar_node node, const struct hw_event *event)
{
	uint32_t slot;
	uint32_t hole;

	if (!c->free_count) {
		grow(c);
	}
	slot = c->free_slots[--c->free_count];
	c->events[slot] = *event;
	node.order |= slot;
	for (hole = c->heap_count++; hole;) {
		uint32_t parent = (hole - 1) / 4;

		if (!calendar_before(&node, &c->heap[parent])) {
			break;
		}
		c->heap[hole] = c->heap[parent];
		hole = parent;
	}
	c->heap[hole] = node;
}

static uint32_t lesser(const struct calendar_node *heap, uint32_t a, uint32_t b)
{
	return calendar_before(&heap[b], &heap[a]) ? b : a;
}

/* Puts node where the root was and lets it sink. */
static void sink(struct calendar *c, struct calendar_node node)
{
	struct calendar_node *heap = c->heap;
	uint32_t count = c->heap_count;
	uint32_t hole = 0;
	uint32_t child;

	for (child = 1; child + 4 <= count; child = hole * 4 + 1) {
		uint32_t least = lesser(heap, lesser(heap, child, child + 1), lesser(heap, child + 2, child + 3));

		if (!calendar_before(&heap[least], &node)) {
			heap[hole] = node;
			return;
		}
		heap[hole] = heap[least];
		hole = least;
	}
	if (child < count) {
		uint32_t least = child;

		for (uint32_t i = child + 1; i < count; i++) {
			least = lesser(heap, least, i);
		}
		if (calendar_before(&heap[least], &node)) {
			heap[hole] = heap[least];
			hole = least;
		}
	}
	heap[hole] = node;
}

void calendar_take_heap(struct calendar *c, struct hw_event *event)
{
	uint32_t slot = (uint32_t)(c->heap[0].order & SLOT_MASK);

	*event = c->events[slot];
	c->free_slots[c->free_count++] = slot;
	if (--c->heap_count) {
		sink(c, c->heap[c->heap_count]);
	}
}
