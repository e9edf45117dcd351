// SPDX-License-Identifier: MIT
#include "models/raise.h"

#include <stdlib.h>

#include "models/machine.h"

static void pool_grow(struct machine *m)
{
	struct raise_pool *pool = &m->raises;
	uint32_t capacity = pool->capacity ? pool->capacity * 2 : 256;
	struct raise *records = realloc(pool->records, capacity * sizeof(*records));

	if (!records) {
		m->env->exhausted("out of memory for unserviced raises");
	}
	pool->records = records;
	pool->capacity = capacity;
}

struct causes raise_new(struct machine *m, uint32_t source)
{
	struct raise_pool *pool = &m->raises;
	uint32_t index = pool->free;

	if (index) {
		pool->free = pool->records[index].next;
	} else {
		index = ++pool->used;
		if (index >= pool->capacity) {
			pool_grow(m);
		}
	}
	pool->live++;
	pool->records[index] = (struct raise){
		.raised_ps = m->now_ps, .source = source, .live = 1, .number = ++pool->numbered
	};
	return (struct causes){ index, index };
}

void causes_append(struct machine *m, struct causes *to, struct causes more)
{
	if (causes_empty(more)) {
		return;
	}
	if (causes_empty(*to)) {
		*to = more;
		return;
	}
	m->raises.records[to->tail].next = more.head;
	to->tail = more.tail;
}

struct causes causes_extract(struct machine *m, struct causes *from, uint32_t source)
{
	struct raise *records = m->raises.records;
	struct causes taken = { 0, 0 };
	struct causes rest = { 0, 0 };

	for (uint32_t index = from->head; index;) {
		uint32_t next = records[index].next;

		records[index].next = 0;
		causes_append(m, records[index].source == source ? &taken : &rest,
			      (struct causes){ index, index });
		index = next;
	}
	*from = rest;
	return taken;
}

void causes_mark_retriggered(struct machine *m, struct causes causes)
{
	for (uint32_t index = causes.head; index; index = m->raises.records[index].next) {
		m->raises.records[index].retriggered = 1;
	}
}

void causes_release(struct machine *m, struct causes *causes)
{
	struct raise_pool *pool = &m->raises;

	for (uint32_t index = causes->head; index;) {
		uint32_t next = pool->records[index].next;

		pool->records[index] = (struct raise){ .next = pool->free };
		pool->free = index;
		pool->live--;
		index = next;
	}
	*causes = (struct causes){ 0, 0 };
}

void causes_lose(struct machine *m, struct causes *causes, enum loss loss, uint32_t cpu, uint32_t vector)
{
	for (uint32_t index = causes->head; index; index = m->raises.records[index].next) {
		machine_emit(m, &(struct model_event){
			.kind = EV_LOST, .detail = (uint8_t)loss, .cpu = (uint16_t)cpu, .value = vector,
			.source = m->raises.records[index].source, .device = DEVICE_NONE,
			.thread = THREAD_NONE, .causes = { index, index } });
	}
	causes_release(m, causes);
}
