// SPDX-License-Identifier: MIT
#include "sim/fates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/hw/remap.h"
#include "models/os/root_domain.h"
#include "sim/surrender.h"

#define NO_RAISE UINT64_MAX

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		surrender("out of memory");
	}
	return memory;
}

void fates_init(struct fates *f, uint32_t sources, struct run_metrics *metrics)
{
	memset(metrics, 0, sizeof(*metrics));
	*f = (struct fates){ .metrics = metrics, .sources = sources };
	f->starts = allocate((size_t)sources * FATES_STARTS, sizeof(*f->starts));
	f->starts_count = allocate(sources, sizeof(*f->starts_count));
	f->lost = allocate(sources, sizeof(*f->lost));
	f->waiting = allocate(sources, sizeof(*f->waiting));
}

void fates_release(struct fates *f)
{
	for (uint32_t source = 0; source < f->sources; source++) {
		free(f->lost[source].raised_ps);
		free(f->waiting[source].index);
	}
	free(f->starts);
	free(f->starts_count);
	free(f->lost);
	free(f->held);
	free(f->waiting);
}

static void count(struct fates *f, enum metric_counter counter)
{
	f->metrics->counter[counter]++;
}

/* A lost raise meets the first handler start after it; true where the device was stale. */
static bool settle(struct fates *f, uint64_t raised_ps, const struct handler_start *start)
{
	bool covered = start->raised_ps < raised_ps;

	count(f, covered ? METRIC_COVERED : METRIC_STALE);
	return !covered;
}

/* The time from a stale raise to the service that ended it; later ones in between add nothing to it. */
static void end_stale_time(struct fates *f, uint64_t raised_ps, uint64_t start_ps)
{
	f->metrics->counter[METRIC_STALE_TIME] += start_ps - raised_ps;
	histogram_add(&f->metrics->stale, start_ps - raised_ps);
}

static const struct handler_start *start_after_held(const struct fates *f, const struct machine *m, uint32_t index)
{
	const struct held_raise *held = &f->held[index];

	return index < f->held_capacity && held->number == m->raises.records[index].number && held->start.start_ps ?
	       &held->start : NULL;
}

static const struct handler_start *first_start_after(const struct fates *f, const struct machine *m, uint32_t index)
{
	const struct handler_start *held = start_after_held(f, m, index);
	uint64_t raised_ps = m->raises.records[index].raised_ps;
	uint32_t source = m->raises.records[index].source;
	uint64_t end = f->starts_count[source];
	uint64_t first = end > FATES_STARTS ? end - FATES_STARTS : 0;

	if (held) {
		return held;
	}
	for (uint64_t n = first; n < end; n++) {
		const struct handler_start *start = &f->starts[source * FATES_STARTS + n % FATES_STARTS];

		if (start->start_ps > raised_ps) {
			return start;
		}
	}
	return NULL;
}

static void lose(struct fates *f, const struct machine *m, uint32_t index, enum loss loss)
{
	static const enum metric_counter counters[LOSSES] = {
		[LOSS_UNASSIGNED] = METRIC_LOST_UNASSIGNED, [LOSS_FOREIGN] = METRIC_LOST_FOREIGN,
		[LOSS_BLOCKED] = METRIC_LOST_BLOCKED, [LOSS_DISABLED] = METRIC_LOST_DISABLED,
		[LOSS_DROPPED] = METRIC_LOST_DROPPED
	};
	uint64_t raised_ps = m->raises.records[index].raised_ps;
	const struct handler_start *start = first_start_after(f, m, index);
	struct lost_raises *lost = &f->lost[m->raises.records[index].source];

	count(f, METRIC_LOST);
	count(f, counters[loss]);
	if (start) {
		if (settle(f, raised_ps, start)) {
			end_stale_time(f, raised_ps, start->start_ps);
		}
		return;
	}
	if (lost->count == lost->capacity) {
		lost->capacity = lost->capacity ? lost->capacity * 2 : 4;
		lost->raised_ps = realloc(lost->raised_ps, lost->capacity * sizeof(*lost->raised_ps));
		if (!lost->raised_ps) {
			surrender("out of memory");
		}
	}
	lost->raised_ps[lost->count++] = raised_ps;
}

static void *grow(void *memory, uint32_t *capacity, uint32_t needed, size_t size)
{
	uint32_t more = *capacity ? *capacity : 4;

	while (more < needed) {
		more *= 2;
	}
	memory = realloc(memory, more * size);
	if (!memory) {
		surrender("out of memory");
	}
	memset((char *)memory + *capacity * size, 0, (more - *capacity) * size);
	*capacity = more;
	return memory;
}

static void hold(struct fates *f, const struct machine *m, struct causes causes)
{
	for (uint32_t index = causes.head; index; index = m->raises.records[index].next) {
		const struct raise *raise = &m->raises.records[index];
		struct waiting_raises *waiting = &f->waiting[raise->source];

		if (index >= f->held_capacity) {
			f->held = grow(f->held, &f->held_capacity, index + 1, sizeof(*f->held));
		}
		if (f->held[index].number == raise->number) {
			continue;
		}
		if (waiting->count == waiting->capacity) {
			waiting->index = grow(waiting->index, &waiting->capacity, waiting->count * 2, sizeof(uint32_t));
		}
		f->held[index] = (struct held_raise){ .number = raise->number };
		waiting->index[waiting->count++] = index;
	}
}

/* The first start after what waits, as far as it is still there: its place may be another raise's by now. */
static void note_start(struct fates *f, const struct machine *m, uint32_t source, const struct handler_start *start)
{
	struct waiting_raises *waiting = &f->waiting[source];

	for (uint32_t i = 0; i < waiting->count; i++) {
		struct held_raise *held = &f->held[waiting->index[i]];
		const struct raise *raise = &m->raises.records[waiting->index[i]];

		if (raise->source == source && raise->number == held->number && !held->start.start_ps) {
			held->start = *start;
		}
	}
	waiting->count = 0;
}

/* The raises that a handler run found; returns the oldest one of its own. */
static uint64_t tell_causes(struct fates *f, const struct machine *m, const struct model_event *event)
{
	uint64_t oldest_ps = NO_RAISE;

	for (uint32_t index = event->causes.head; index;) {
		const struct raise *raise = &m->raises.records[index];

		if (raise->source != event->source) {
			lose(f, m, index, LOSS_FOREIGN);
		} else if (oldest_ps != NO_RAISE) {
			count(f, METRIC_COALESCED);
		} else {
			oldest_ps = raise->raised_ps;
			count(f, raise->retriggered ? METRIC_RECOVERED : METRIC_DELIVERED);
			histogram_add(&f->metrics->latency, m->now_ps - raise->raised_ps);
		}
		index = raise->next;
	}
	return oldest_ps;
}

static void handler_start(struct fates *f, const struct machine *m, const struct model_event *event)
{
	uint32_t source = event->source;
	struct lost_raises *lost = &f->lost[source];
	struct handler_start *start = &f->starts[source * FATES_STARTS + f->starts_count[source]++ % FATES_STARTS];
	bool timed = false;

	count(f, METRIC_HANDLER_RUNS);
	*start = (struct handler_start){ m->now_ps, tell_causes(f, m, event) };
	if (start->raised_ps == NO_RAISE) {
		count(f, METRIC_SPURIOUS);
		count(f, event->detail == RUN_BY_MESSAGE ? METRIC_SPURIOUS_STRAY : METRIC_SPURIOUS_DUPLICATE);
	}
	for (uint32_t i = 0; i < lost->count; i++) {
		if (settle(f, lost->raised_ps[i], start) && !timed) {
			end_stale_time(f, lost->raised_ps[i], m->now_ps);
			timed = true;
		}
	}
	lost->count = 0;
	note_start(f, m, source, start);
}

static void count_move(struct fates *f, enum move_outcome outcome)
{
	static const int counters[] = {
		[MOVE_ASKED] = METRIC_MIGRATIONS_ASKED, [MOVE_DONE] = METRIC_MIGRATIONS_DONE,
		[MOVE_DEFERRED_TO_ACK] = METRIC_MIGRATIONS_DEFERRED, [MOVE_BUSY] = METRIC_MIGRATIONS_BUSY,
		[MOVE_NOSPC] = METRIC_MIGRATIONS_NOSPC, [MOVE_NOTHING] = -1
	};

	if (counters[outcome] >= 0) {
		count(f, (enum metric_counter)counters[outcome]);
	}
}

void fates_event(void *data, const struct machine *m, const struct model_event *event)
{
	struct fates *f = data;

	switch ((enum model_event_kind)event->kind) {
	case EV_RAISE:
		count(f, METRIC_RAISED);
		break;
	case EV_HANDLER_START:
		handler_start(f, m, event);
		break;
	case EV_LOST:
		lose(f, m, event->causes.head, event->detail);
		break;
	case EV_NO_HANDLER:
		if (!event->detail) {
			count(f, METRIC_SPURIOUS);
			count(f, METRIC_SPURIOUS_UNHANDLED);
		}
		break;
	case EV_INTX:
		count(f, METRIC_SPURIOUS);
		count(f, METRIC_SPURIOUS_INTX);
		break;
	case EV_IRQ_EXIT:
		f->metrics->counter[METRIC_CPU_IRQ_TIME] += event->address;
		break;
	case EV_MOVE:
		count_move(f, event->detail);
		break;
	case EV_RETRIGGER:
		count(f, METRIC_RETRIGGERS);
		break;
	case EV_AFFINITY_BROKEN:
		count(f, METRIC_AFFINITY_BROKEN);
		break;
	case EV_ALLOCATION:
		if (event->detail != 1) {
			count(f, event->detail ? METRIC_ALLOC_FAILED : METRIC_ALLOC_ASKED);
		}
		break;
	case EV_HOTPLUG:
		count(f, event->detail == HOTPLUG_REFUSED ? METRIC_HOTPLUG_REFUSED : METRIC_HOTPLUG_DONE);
		break;
	case EV_FAULT:
		count(f, METRIC_FAULTS);
		break;
	case EV_HELD:
		hold(f, m, event->causes);
		break;
	case EV_POSTED:
		count(f, METRIC_POSTED);
		break;
	case EV_NOTIFY:
		count(f, METRIC_NOTIFICATIONS);
		break;
	case EV_FORWARDED:
		count(f, METRIC_FORWARDED);
		break;
	case EV_VM_EXIT:
		count(f, METRIC_VM_EXITS);
		break;
	default:
		break;
	}
}

static void strand(void *data, const struct machine *m, struct causes causes)
{
	struct fates *f = data;

	for (uint32_t index = causes.head; index; index = m->raises.records[index].next) {
		lose(f, m, index, LOSS_UNASSIGNED);
		f->stranded++;
	}
}

void fates_finish(struct fates *f, const struct machine *m)
{
	uint64_t *counter = f->metrics->counter;

	if (m->root->stranded) {
		m->root->stranded(m, strand, f);
	}
	if (m->remap && m->remap->stranded) {
		m->remap->stranded(m, strand, f);
	}
	for (uint32_t source = 0; source < f->sources; source++) {
		const struct lost_raises *lost = &f->lost[source];

		for (uint32_t i = 0; i < lost->count; i++) {
			counter[METRIC_STALE]++;
			counter[METRIC_STALE_OPEN]++;
		}
		if (lost->count) {
			counter[METRIC_STALE_TIME] += m->now_ps - lost->raised_ps[0];
		}
	}
	/* Counted where the raises are, not from the sums. */
	for (uint32_t index = 1; index <= m->raises.used; index++) {
		counter[METRIC_IN_FLIGHT] += m->raises.records[index].live;
	}
	counter[METRIC_IN_FLIGHT] -= f->stranded;
	m->root->count(m, &counter[METRIC_VECTORS_IN_USE], &counter[METRIC_VECTORS_LEAKED]);
	counter[METRIC_SIMULATED_TIME] = m->now_ps;
}

static char *violation(const char *law, uint64_t left, uint64_t right)
{
	size_t size = strlen(law) + 64;
	char *text = malloc(size);

	if (!text) {
		surrender("out of memory");
	}
	snprintf(text, size, "%s: %llu is not %llu", law, (unsigned long long)left, (unsigned long long)right);
	return text;
}

char *fates_check(const struct fates *f, const struct machine *m)
{
	const uint64_t *c = f->metrics->counter;
	uint64_t ends = c[METRIC_DELIVERED] + c[METRIC_RECOVERED] + c[METRIC_COALESCED] + c[METRIC_LOST] +
			c[METRIC_IN_FLIGHT];
	uint64_t causes = c[METRIC_LOST_UNASSIGNED] + c[METRIC_LOST_FOREIGN] + c[METRIC_LOST_BLOCKED] +
			  c[METRIC_LOST_DISABLED] + c[METRIC_LOST_DROPPED];
	uint64_t kinds = c[METRIC_SPURIOUS_UNHANDLED] + c[METRIC_SPURIOUS_STRAY] + c[METRIC_SPURIOUS_DUPLICATE] +
			 c[METRIC_SPURIOUS_INTX];

	if (c[METRIC_RAISED] != ends) {
		return violation("raised = delivered + recovered + coalesced + lost + in flight",
				 c[METRIC_RAISED], ends);
	}
	if (c[METRIC_LOST] != c[METRIC_COVERED] + c[METRIC_STALE]) {
		return violation("lost = covered + stale", c[METRIC_LOST], c[METRIC_COVERED] + c[METRIC_STALE]);
	}
	if (c[METRIC_LOST] != causes) {
		return violation("lost = the sum of its causes", c[METRIC_LOST], causes);
	}
	if (c[METRIC_SPURIOUS] != kinds) {
		return violation("spurious = the sum of its kinds", c[METRIC_SPURIOUS], kinds);
	}
	if (c[METRIC_IN_FLIGHT] + f->stranded != m->raises.live) {
		return violation("raises in flight or stranded = live records", c[METRIC_IN_FLIGHT] + f->stranded,
				 m->raises.live);
	}
	return NULL;
}
