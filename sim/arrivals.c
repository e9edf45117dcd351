// SPDX-License-Identifier: MIT
#include "sim/arrivals.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/engine.h"

static void post_arrival(struct arrivals *a, struct engine *e, uint32_t source, uint64_t at_ps)
{
	uint64_t now_ps = e->machine.now_ps;

	if (at_ps > a->last_raise_ps) {
		return;
	}
	engine_post(e, at_ps > now_ps ? at_ps - now_ps : 0, &(struct hw_event){
		.kind = HW_SIMULATOR, .flag = SIM_ARRIVAL, .device = source });
}

static double mean_gap_ps(const struct scenario_arrivals *process)
{
	return 1e12 / process->rate_hz;
}

/* Period n is at n periods, moved by up to the jitter to both sides, but never before the run. */
static uint64_t periodic_ps(struct arrival *arrival)
{
	const struct scenario_arrivals *process = arrival->process;
	uint64_t at_ps = ++arrival->next * process->period_ps;
	uint64_t reach_ps = (uint64_t)(process->jitter * (double)process->period_ps + 0.5);

	if (reach_ps) {
		at_ps += random_below(&arrival->stream, 2 * reach_ps + 1);
		at_ps = at_ps > reach_ps ? at_ps - reach_ps : 0;
	}
	return at_ps;
}

/* The gaps of a Poisson process that runs only during bursts: what does not fit into one goes on in the next. */
static uint64_t burst_ps(struct arrival *arrival, uint64_t now_ps)
{
	const struct scenario_arrivals *process = arrival->process;
	uint64_t gap_ps = random_exponential_ps(&arrival->stream, mean_gap_ps(process));

	while (now_ps + gap_ps > arrival->burst_end_ps) {
		uint64_t begin_ps;

		gap_ps -= arrival->burst_end_ps - now_ps;
		begin_ps = arrival->burst_end_ps + random_exponential_ps(&arrival->stream, (double)process->off_ps);
		arrival->burst_end_ps = begin_ps + random_exponential_ps(&arrival->stream, (double)process->on_ps);
		now_ps = begin_ps;
		if (begin_ps > SCENARIO_DURATION_PS_MAX) {
			return begin_ps;
		}
	}
	return now_ps + gap_ps;
}

static void schedule_next(struct arrivals *a, struct engine *e, uint32_t source)
{
	struct arrival *arrival = &a->source[source];
	const struct scenario_arrivals *process = arrival->process;
	uint64_t now_ps = e->machine.now_ps;

	switch (process->process) {
	case PROCESS_POISSON:
		post_arrival(a, e, source, now_ps + random_exponential_ps(&arrival->stream, mean_gap_ps(process)));
		break;
	case PROCESS_PERIODIC:
		post_arrival(a, e, source, periodic_ps(arrival));
		break;
	case PROCESS_BURSTS:
		post_arrival(a, e, source, burst_ps(arrival, now_ps));
		break;
	case PROCESS_TIMES:
		if (arrival->next < process->times_count) {
			post_arrival(a, e, source, process->times_ps[arrival->next++]);
		}
		break;
	case PROCESS_NONE:
	case PROCESS_CLOSED:
		break;
	}
}

static void submit(struct arrivals *a, struct engine *e, uint32_t source, uint32_t commands)
{
	struct arrival *arrival = &a->source[source];

	for (uint32_t i = 0; i < commands; i++) {
		post_arrival(a, e, source, e->machine.now_ps +
			     random_exponential_ps(&arrival->stream, (double)arrival->process->service_ps));
	}
}

static void completed(struct arrivals *a, struct engine *e, uint32_t source)
{
	struct arrival *arrival = &a->source[source];

	if (!arrival->completed++) {
		arrival->waiting_since_ps = e->machine.now_ps;
		engine_post(e, arrival->process->timeout_ps, &(struct hw_event){
			.kind = HW_SIMULATOR, .flag = SIM_TIMEOUT, .device = source,
			.value = ++arrival->timeout_generation });
	}
}

/* Whoever looks at the queue, the handler or the time-out, takes all that is completed and submits as much again. */
static void reap(struct arrivals *a, struct engine *e, uint32_t source)
{
	struct arrival *arrival = &a->source[source];
	uint32_t commands = arrival->completed;

	arrival->completed = 0;
	arrival->timeout_generation++;
	submit(a, e, source, commands);
}

void arrivals_event(struct arrivals *a, struct engine *e, const struct hw_event *event)
{
	struct arrival *arrival = &a->source[event->device];

	if (event->flag == SIM_TIMEOUT) {
		if (arrival->timeout_generation == event->value) {
			a->metrics->counter[METRIC_STALLS]++;
			a->metrics->counter[METRIC_STALL_TIME] += e->machine.now_ps - arrival->waiting_since_ps;
			reap(a, e, event->device);
		}
		return;
	}
	/* A driver starts a queue when it has an interrupt for it. */
	if (!e->machine.source[event->device].active) {
		if (arrival->process->process == PROCESS_CLOSED) {
			submit(a, e, event->device, 1);
		}
		schedule_next(a, e, event->device);
		return;
	}
	if (arrival->process->process == PROCESS_CLOSED) {
		completed(a, e, event->device);
	}
	device_raise(&e->machine, event->device);
	schedule_next(a, e, event->device);
}

void arrivals_serviced(struct arrivals *a, struct engine *e, uint32_t source)
{
	if (a->source[source].completed) {
		reap(a, e, source);
	}
}

static void init_arrival(struct arrivals *a, struct engine *e, uint32_t source, const struct scenario_arrivals *process)
{
	a->source[source].process = process;
	if (process->process == PROCESS_CLOSED) {
		submit(a, e, source, process->depth);
	} else {
		schedule_next(a, e, source);
	}
}

/* A stream's name tells the domain where it is not the first one, so that a further domain changes no draws of it. */
static uint32_t init_domain(struct arrivals *a, struct engine *e, const struct scenario *s, uint64_t replication,
			    const struct scenario_device *d, enum scenario_domain_name domain, uint32_t source)
{
	static const char *const names[] = {
		[DOMAIN_FIRST] = "", [DOMAIN_IMS] = " ims", [DOMAIN_PLATFORM] = " platform", [DOMAIN_WIRED] = " wired"
	};
	const struct scenario_arrivals *process = scenario_arrivals_of(d, scenario_domain_number(d, domain));
	uint32_t vectors = scenario_domain_vectors(d, domain);
	char name[256];

	for (uint32_t vector = 0; vector < vectors; vector++, source++) {
		snprintf(name, sizeof(name), "raise %s%s %u", d->name, names[domain], vector);
		random_stream_init(&a->source[source].stream, s->seed, replication, name);
		init_arrival(a, e, source, process);
	}
	return source;
}

void arrivals_init(struct arrivals *a, struct engine *e, const struct scenario *s, uint64_t replication,
		   struct run_metrics *metrics)
{
	uint32_t source = 0;

	*a = (struct arrivals){
		.sources = e->machine.sources_count, .last_raise_ps = s->duration_ps, .metrics = metrics
	};
	a->source = calloc(a->sources ? a->sources : 1, sizeof(*a->source));
	if (!a->source) {
		abort();
	}
	for (size_t device = 0; device < s->devices_count; device++) {
		for (int domain = DOMAIN_FIRST; domain <= DOMAIN_WIRED; domain++) {
			source = init_domain(a, e, s, replication, &s->devices[device],
					     (enum scenario_domain_name)domain, source);
		}
	}
}

void arrivals_release(struct arrivals *a)
{
	free(a->source);
}
