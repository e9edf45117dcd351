// SPDX-License-Identifier: MIT
/* States: kept, put back, made canonical, so that equal futures look the same, and hashed. */
#include "sim/check_machine_internal.h"

#include <string.h>

size_t check_machine_frame_size(const struct check_machine *c)
{
	return c->machine.state_size + sizeof(struct check_plain);
}

static size_t plain_size(const struct check_plain *p)
{
	return offsetof(struct check_plain, event) + p->events_count * sizeof(p->event[0]);
}

void check_state_save(const struct check_machine *c, void *frame)
{
	memcpy(frame, c->machine.state, c->machine.state_size);
	memcpy((char *)frame + c->machine.state_size, &c->plain, plain_size(&c->plain));
}

void check_state_load(struct check_machine *c, const void *frame)
{
	struct machine *m = &c->machine;
	const struct check_plain *p = (const void *)((const char *)frame + m->state_size);

	memcpy(m->state, frame, m->state_size);
	memcpy(&c->plain, p, plain_size(p));
	m->raises.free = 0;
	m->raises.used = c->plain.raises_count;
	m->raises.live = c->plain.raises_count;
	m->raises.numbered = 0;
	for (uint32_t index = 1; index <= c->plain.raises_count; index++) {
		m->raises.records[index] = (struct raise){
			.source = c->plain.raise[index].source, .next = c->plain.raise[index].next,
			.live = 1
		};
	}
}

/*
 * Renumbers raises in the order in which the state is walked; of one source a carrier needs to hold
 * only one.
 */
struct renumbering {
	struct check_machine *c;
	uint32_t found;
	uint32_t count;
	struct raise records[CHECK_RAISES_MAX];
};

static void renumber(void *data, struct causes *causes)
{
	struct renumbering *r = data;
	const struct raise *old = r->c->machine.raises.records;
	uint32_t sources = 0;
	struct causes list = { 0, 0 };

	if (!causes->head) {
		return;
	}
	for (uint32_t index = causes->head; index; index = old[index].next) {
		sources |= 1u << old[index].source;
		r->found++;
	}
	for (; sources; sources &= sources - 1) {
		if (r->count + 1 == CHECK_RAISES_MAX) {
			check_broken(r->c, "more raises are under way than `check` has room for");
			return;
		}
		r->records[++r->count] =
			(struct raise){ .source = (uint32_t)__builtin_ctz(sources), .live = 1 };
		if (list.tail) {
			r->records[list.tail].next = r->count;
		} else {
			list.head = r->count;
		}
		list.tail = r->count;
	}
	*causes = list;
}

void check_canonical_raises(struct check_machine *c)
{
	struct raise_pool *pool = &c->machine.raises;
	struct renumbering r = { .c = c };

	if (pool->live) {
		machine_each_causes(&c->machine, renumber, &r);
		for (uint32_t i = 0; i < c->plain.events_count; i++) {
			renumber(&r, &c->plain.event[i].event.causes);
		}
		/*
		 * A place that machine_each_causes() does not know would make different states look
		 * the same.
		 */
		if (r.found != pool->live) {
			check_broken(c, "a model keeps raises where machine_each_causes() does not "
					"look");
		}
	}
	memset(&c->plain.raise[1], 0, sizeof(c->plain.raise[0]) * c->plain.raises_count);
	pool->free = 0;
	pool->used = r.count;
	pool->live = r.count;
	c->plain.raises_count = r.count;
	for (uint32_t index = 1; index <= r.count; index++) {
		pool->records[index] = r.records[index];
		c->plain.raise[index].source = r.records[index].source;
		c->plain.raise[index].next = r.records[index].next;
	}
}

void check_remove_event(struct check_plain *p, uint32_t at)
{
	p->events_count--;
	memmove(&p->event[at], &p->event[at + 1], (p->events_count - at) * sizeof(p->event[0]));
}

/* A cancelled timer: its expiry would change nothing. */
static bool is_cancelled(const struct machine *m, const struct hw_event *event)
{
	return event->kind == HW_TIMER && (!m->timer[event->channel].armed ||
					   m->timer[event->channel].generation != event->value);
}

void check_settle_events(struct check_machine *c)
{
	struct machine *m = &c->machine;
	struct check_plain *p = &c->plain;

	for (uint32_t i = 0; i < p->events_count;) {
		struct hw_event event = p->event[i].event;

		if (is_cancelled(m, &event)) {
			check_remove_event(p, i);
		} else if (event.kind == HW_IRQ_TAKEN && !machine_event_enabled(m, &event)) {
			check_remove_event(p, i);
			machine_dispatch(m, &event);
		} else {
			i++;
		}
	}
	for (uint32_t number = 0; number < m->timers_count; number++) {
		m->timer[number].generation = m->timer[number].armed;
	}
	for (uint32_t i = 0; i < p->events_count; i++) {
		if (p->event[i].event.kind == HW_TIMER) {
			p->event[i].event.value = 1;
		}
	}
}

static struct check_fingerprint mix(struct check_fingerprint hash, const void *data, size_t size)
{
	const char *at = data;

	for (; size >= 16; at += 16, size -= 16) {
		uint64_t word[2];
		unsigned __int128 product;

		memcpy(word, at, sizeof(word));
		product =
			(unsigned __int128)(word[0] ^ hash.word[0] ^ UINT64_C(0xa0761d6478bd642f)) *
			(word[1] ^ UINT64_C(0xe7037ed1a0b428db));
		hash.word[0] = (uint64_t)product ^ (uint64_t)(product >> 64);
		hash.word[1] = (hash.word[1] ^ word[0]) * UINT64_C(0x9e3779b97f4a7c15) +
			       (word[1] ^ (hash.word[1] >> 31));
	}
	if (size) {
		char rest[16] = { 0 };

		memcpy(rest, at, size);
		return mix(hash, rest, sizeof(rest));
	}
	return hash;
}

struct check_fingerprint check_machine_fingerprint(const struct check_machine *c)
{
	struct check_fingerprint hash = {
		{ UINT64_C(0x8ebc6af09c88c6e3), UINT64_C(0x589965cc75374cc3) }
	};

	hash = mix(hash, c->machine.state, c->machine.state_size);
	return mix(hash, &c->plain, plain_size(&c->plain));
}
