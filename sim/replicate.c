// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "sim/replicate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/os/irq_alloc.h"
#include "models/os/irq_flow.h"
#include "models/os/root_domain.h"
#include "sim/actions.h"
#include "sim/arrivals.h"
#include "sim/build.h"
#include "sim/fates.h"
#include "sim/guests.h"
#include "vector_matrix.h"

struct replication {
	struct engine engine;
	struct arrivals arrivals;
	struct actions actions;
	struct guests guests;
	struct fates fates;
	struct occupancy_observer occupancy;   /* of nothing where nobody asked for it */
};

static void simulator_event(struct engine *e, const struct hw_event *event)
{
	struct replication *r = e->owner;

	arrivals_event(&r->arrivals, e, event);
}

static void serviced(struct engine *e, uint32_t source)
{
	struct replication *r = e->owner;

	arrivals_serviced(&r->arrivals, e, source);
}

static void irq_context_body(struct kthread *k, void *argument)
{
	(void)argument;
	irq_context_thread(k);
}

static char *format(const char *text, const char *detail)
{
	char *out = NULL;

	if (asprintf(&out, "%s%s", text, detail) < 0) {
		abort();
	}
	return out;
}

/* A driver that gets too few vectors gives up, and its device stays silent: the metrics tell of the refusal. */
static void boot(struct machine *m)
{
	for (uint32_t device = 0; device < m->config->devices_count; device++) {
		irq_boot_device(m, device);
	}
}

static void start_irq_contexts(struct replication *r, const struct machine_config *config)
{
	if (!irq_context_has_work(config)) {
		return;
	}
	for (uint32_t cpu = 0; cpu < config->cpus; cpu++) {
		engine_thread_create(&r->engine, config->threads + cpu, 0, irq_context_body, NULL);
	}
}

static char *run(struct replication *r, const struct scenario *s, uint64_t replication,
		 const struct machine_config *config, struct run_metrics *metrics)
{
	struct machine *m = &r->engine.machine;
	char *error;

	boot(m);
	start_irq_contexts(r, config);
	actions_init(&r->actions, &r->engine, s, replication);
	guests_init(&r->guests, &r->engine, s, replication);
	arrivals_init(&r->arrivals, &r->engine, s, replication, metrics);
	engine_run(&r->engine, s->duration_ps + s->drain_ps);
	fates_finish(&r->fates, m);
	if (r->occupancy.occupancy) {
		occupancy_finish(&r->occupancy, m);
	}
	error = r->engine.deadlocked ? format("deadlock: a thread waits for what never comes", "") :
		fates_check(&r->fates, m);
	if (!error && (m->root->global ? !m->root->sound(m) : vector_matrix_check(m->matrix))) {
		error = format("the records of the vectors are inconsistent", "");
	}
	arrivals_release(&r->arrivals);
	actions_release(&r->actions);
	guests_release(&r->guests);
	return error;
}

char *replicate(const struct scenario *s, const struct scenario_contender *contender, uint64_t replication,
		const struct topology *topology, const struct engine_listener *observer, struct run_metrics *metrics,
		struct occupancy *occupancy)
{
	struct replication r = { 0 };
	struct built built;
	char *error;

	build_config(&built, s, contender, topology, (uint32_t)(s->actions_count + s->vcpus_count));
	if (engine_create(&r.engine, &built.config)) {
		build_release(&built);
		return format("no memory for the machine", "");
	}
	fates_init(&r.fates, r.engine.machine.sources_count, metrics);
	r.engine.owner = &r;
	r.engine.simulator_event = simulator_event;
	r.engine.serviced = serviced;
	engine_listen(&r.engine, &(struct engine_listener){ FATES_KINDS, fates_event, &r.fates });
	if (observer) {
		engine_listen(&r.engine, observer);
	}
	if (occupancy) {
		occupancy_init(&r.occupancy, &r.engine.machine, s->duration_ps + s->drain_ps, occupancy);
		engine_listen(&r.engine, &(struct engine_listener){ OCCUPANCY_KINDS, occupancy_event, &r.occupancy });
	}
	error = run(&r, s, replication, &built.config, metrics);
	occupancy_release(&r.occupancy);
	fates_release(&r.fates);
	engine_destroy(&r.engine);
	build_release(&built);
	return error;
}
