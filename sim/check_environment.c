// SPDX-License-Identifier: MIT
/* What the models ask of the world around them, and the oracle that hears what they do. */
#include "sim/check_machine_internal.h"

#include "models/os/irq_flow.h"
#include "models/os/kapi.h"
#include "sim/actor.h"
#include "sim/surrender.h"

static bool carries_message(const struct hw_event *event)
{
	return event->kind == HW_MESSAGE_ARRIVES || event->kind == HW_REMAP_DONE ||
	       event->kind == HW_FABRIC_DELIVERS || event->kind == HW_IPI_ARRIVES;
}

/*
 * Where no order is kept, content decides the place, so that the order of posting leaves no trace.
 */
static uint64_t unordered_key(const struct check_machine *c, const struct hw_event *event)
{
	uint32_t source =
		event->causes.head ? c->machine.raises.records[event->causes.head].source + 1 : 0;

	return (uint64_t)event->device << 48 | (uint64_t)event->cpu << 32 | event->value << 16 |
	       source;
}

static bool goes_before(const struct check_machine *c, const struct hw_event *a,
			const struct hw_event *b)
{
	if (a->kind != b->kind) {
		return a->kind < b->kind;
	}
	if (a->channel != b->channel) {
		return a->channel < b->channel;
	}
	return a->kind == HW_FABRIC_DELIVERS && a->channel == UINT32_MAX &&
	       unordered_key(c, a) < unordered_key(c, b);
}

static void post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	struct check_machine *c = check_of(m);
	struct check_plain *p = &c->plain;
	uint32_t at = p->events_count;

	(void)delay_ps;
	if (p->events_count == CHECK_EVENTS_MAX) {
		check_broken(c, "more is under way than `check` has room for");
		return;
	}
	while (at > 0 && goes_before(c, event, &p->event[at - 1].event)) {
		p->event[at] = p->event[at - 1];
		at--;
	}
	p->event[at] = (struct check_event){
		.event = *event, .awaited = carries_message(event) ? c->inherits : 0,
		.posted_at = c->recorder ? c->recorded_step : 0
	};
	p->events_count++;
	if (c->recorder && !c->rebuilding) {
		c->recorder->posted(c->recorder->data, m, event);
	}
}

void check_give_up(struct kthread *k, enum check_thread_status status)
{
	struct check_machine *c = check_of(k->machine);

	c->plain.status[k->number] = (uint8_t)status;
	actor_switch(c->main, 0);
}

static void step(struct kthread *k, uint64_t cost_ps)
{
	(void)cost_ps;
	kapi_observe(k, 1);
	check_give_up(k, CHECK_THREAD_READY);
}

static void delay(struct kthread *k, uint64_t cost_ps)
{
	(void)k;
	(void)cost_ps;
}

static void settle(struct kthread *k, uint64_t cost_ps)
{
	struct check_plain *p = &check_of(k->machine)->plain;

	(void)cost_ps;
	kapi_observe(k, 2);
	for (uint32_t i = 0; i < p->events_count; i++) {
		if (carries_message(&p->event[i].event)) {
			p->event[i].awaited |= 1u << k->number;
		}
	}
	check_give_up(k, CHECK_THREAD_SETTLING);
}

static void block(struct kthread *k)
{
	check_give_up(k, CHECK_THREAD_BLOCKED);
}

static void wake(struct machine *m, uint32_t thread)
{
	struct check_plain *p = &check_of(m)->plain;

	if (p->status[thread] == CHECK_THREAD_BLOCKED) {
		p->status[thread] = CHECK_THREAD_WOKEN;
	}
}

/* ---- The oracle: what has happened, by the definitions of sim/fates.h ---- */

static void saw(struct check_machine *c, enum check_subject subject)
{
	c->plain.seen |= 1u << subject;
}

static void saw_spurious(struct check_machine *c, enum check_subject kind)
{
	saw(c, CHECK_SPURIOUS);
	saw(c, kind);
}

static void handler_started(struct check_machine *c, const struct model_event *event)
{
	const struct machine *m = &c->machine;
	bool own = false;

	for (uint32_t index = event->causes.head; index; index = m->raises.records[index].next) {
		if (m->raises.records[index].source == event->source) {
			own = true;
		} else {
			saw(c, CHECK_LOST);
		}
	}
	if (!own) {
		saw_spurious(c, event->detail == RUN_BY_MESSAGE ? CHECK_SPURIOUS_STRAY :
								  CHECK_SPURIOUS_DUPLICATE);
	}
}

const struct scenario_arrivals *check_arrivals_of(const struct check_machine *c, uint32_t source)
{
	const struct source *from = &c->machine.source[source];

	return scenario_arrivals_of(&c->scenario->devices[from->device], from->domain);
}

uint32_t check_outstanding_max(const struct check_machine *c, uint32_t source)
{
	const struct scenario_arrivals *arrivals = check_arrivals_of(c, source);

	return arrivals->process == PROCESS_CLOSED && arrivals->depth < UINT8_MAX ?
		       arrivals->depth :
		       1;
}

static void judge(struct check_machine *c, const struct model_event *event)
{
	switch ((enum model_event_kind)event->kind) {
	case EV_RAISE:
		if (c->plain.wanted[event->source] < check_outstanding_max(c, event->source)) {
			c->plain.wanted[event->source]++;
		}
		break;
	case EV_HANDLER_START:
		handler_started(c, event);
		break;
	case EV_LOST:
		saw(c, CHECK_LOST);
		break;
	case EV_NO_HANDLER:
		if (!event->detail) {
			saw_spurious(c, CHECK_SPURIOUS_UNHANDLED);
		}
		break;
	case EV_INTX:
		saw_spurious(c, CHECK_SPURIOUS_INTX);
		break;
	default:
		break;
	}
}

static void serviced(struct machine *m, uint32_t source)
{
	check_of(m)->plain.wanted[source] = 0;
}

/* What a thread does is a part of what it knows. */
static void remember(struct kthread *k, const struct model_event *event)
{
	kapi_observe(k, (uint64_t)event->kind << 56 | (uint64_t)event->detail << 48 |
				(uint64_t)event->cpu << 32 | event->value);
	kapi_observe(k, event->address ^ (uint64_t)event->source << 32 ^ event->device);
}

static void emit(struct machine *m, const struct model_event *event)
{
	struct check_machine *c = check_of(m);

	if (event->thread < m->threads_count) {
		remember(&m->thread[event->thread], event);
	}
	judge(c, event);
	if (c->recorder && !c->rebuilding) {
		c->recorder->event(c->recorder->data, m, event);
	}
}

const struct machine_env check_env = {
	.post = post, .step = step, .delay = delay, .settle = settle, .block = block, .wake = wake,
	.emit = emit, .serviced = serviced, .exhausted = surrender
};
