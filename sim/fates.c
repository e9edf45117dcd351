// SPDX-License-Identifier: MIT
#include "sim/fates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/os/root_domain.h"

#define NO_RAISE UINT64_MAX

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		abort();
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
}

void fates_release(struct fates *f)
{
	for (uint32_t source = 0; source < f->sources; source++) {
		free(f->lost[source].raised_ps);
	}
	free(f->starts);
	free(f->starts_count);
	free(f->lost);
}

static void count(struct fates *f, enum metric_counter counter)
{
	f->metrics->counter[counter]++;
}

/* A lost raise meets the first handler start after it. */
static void settle(struct fates *f, uint64_t raised_ps, const struct handler_start *start)
{
	if (start->raised_ps < raised_ps) {
		count(f, METRIC_COVERED);
		return;
	}
	count(f, METRIC_STALE);
	f->metrics->counter[METRIC_STALE_TIME] += start->start_ps - raised_ps;
	histogram_add(&f->metrics->stale, start->start_ps - raised_ps);
}

static const struct handler_start *first_start_after(const struct fates *f, uint32_t source, uint64_t raised_ps)
{
	uint64_t end = f->starts_count[source];
	uint64_t first = end > FATES_STARTS ? end - FATES_STARTS : 0;

	for (uint64_t n = first; n < end; n++) {
		const struct handler_start *start = &f->starts[source * FATES_STARTS + n % FATES_STARTS];

		if (start->start_ps > raised_ps) {
			return start;
		}
	}
	return NULL;
}

static void lose(struct fates *f, uint32_t source, uint64_t raised_ps, enum loss loss)
{
	static const enum metric_counter counters[LOSSES] = {
		[LOSS_UNASSIGNED] = METRIC_LOST_UNASSIGNED, [LOSS_FOREIGN] = METRIC_LOST_FOREIGN,
		[LOSS_BLOCKED] = METRIC_LOST_BLOCKED, [LOSS_DISABLED] = METRIC_LOST_DISABLED,
		[LOSS_DROPPED] = METRIC_LOST_DROPPED
	};
	const struct handler_start *start = first_start_after(f, source, raised_ps);
	struct lost_raises *lost = &f->lost[source];

	count(f, METRIC_LOST);
	count(f, counters[loss]);
	if (start) {
		settle(f, raised_ps, start);
		return;
	}
	if (lost->count == lost->capacity) {
		lost->capacity = lost->capacity ? lost->capacity * 2 : 4;
		lost->raised_ps = realloc(lost->raised_ps, lost->capacity * sizeof(*lost->raised_ps));
		if (!lost->raised_ps) {
			abort();
		}
	}
	lost->raised_ps[lost->count++] = raised_ps;
}

/* The raises that a handler run found; returns the oldest one of its own. */
static uint64_t tell_causes(struct fates *f, const struct machine *m, const struct model_event *event)
{
	uint64_t oldest_ps = NO_RAISE;

	for (uint32_t index = event->causes.head; index;) {
		const struct raise *raise = &m->raises.records[index];

		if (raise->source != event->source) {
			lose(f, raise->source, raise->raised_ps, LOSS_FOREIGN);
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

	count(f, METRIC_HANDLER_RUNS);
	*start = (struct handler_start){ m->now_ps, tell_causes(f, m, event) };
	if (start->raised_ps == NO_RAISE) {
		count(f, METRIC_SPURIOUS);
		count(f, event->detail == RUN_BY_MESSAGE ? METRIC_SPURIOUS_STRAY : METRIC_SPURIOUS_DUPLICATE);
	}
	for (uint32_t i = 0; i < lost->count; i++) {
		settle(f, lost->raised_ps[i], start);
	}
	lost->count = 0;
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
		lose(f, event->source, m->raises.records[event->causes.head].raised_ps, event->detail);
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

void fates_finish(struct fates *f, const struct machine *m)
{
	uint64_t *counter = f->metrics->counter;

	for (uint32_t source = 0; source < f->sources; source++) {
		const struct lost_raises *lost = &f->lost[source];

		for (uint32_t i = 0; i < lost->count; i++) {
			counter[METRIC_STALE]++;
			counter[METRIC_STALE_OPEN]++;
			counter[METRIC_STALE_TIME] += m->now_ps - lost->raised_ps[i];
		}
	}
	/* Counted where the raises are, not from the sums. */
	for (uint32_t index = 1; index <= m->raises.used; index++) {
		counter[METRIC_IN_FLIGHT] += m->raises.records[index].live;
	}
	m->root->count(m, &counter[METRIC_VECTORS_IN_USE], &counter[METRIC_VECTORS_LEAKED]);
	counter[METRIC_SIMULATED_TIME] = m->now_ps;
}

static char *violation(const char *law, uint64_t left, uint64_t right)
{
	size_t size = strlen(law) + 64;
	char *text = malloc(size);

	if (!text) {
		abort();
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
	if (c[METRIC_IN_FLIGHT] != m->raises.live) {
		return violation("raises in flight = live records", c[METRIC_IN_FLIGHT], m->raises.live);
	}
	return NULL;
}
