// SPDX-License-Identifier: MIT
#include "sim/check_machine_internal.h"

#include <stdlib.h>
#include <string.h>

#include "models/os/irq_alloc.h"
#include "sim/actor.h"

void *check_allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		abort();
	}
	return memory;
}

char *check_copy(const char *text)
{
	char *out = strdup(text);

	if (!out) {
		abort();
	}
	return out;
}

void check_broken(struct check_machine *c, const char *text)
{
	if (!c->error) {
		c->error = check_copy(text);
	}
}

uint32_t check_machine_subjects(const struct check_machine *c)
{
	uint32_t subjects = c->plain.seen;

	for (uint32_t source = 0; source < c->machine.sources_count; source++) {
		if (c->plain.wanted[source]) {
			subjects |= 1u << CHECK_STALE;
		}
	}
	return subjects;
}

bool check_machine_unfinished(const struct check_machine *c)
{
	const struct machine *m = &c->machine;

	for (uint32_t thread = 0; thread < m->threads_count; thread++) {
		uint8_t status = c->plain.status[thread];

		if (status != CHECK_THREAD_NONE && status != CHECK_THREAD_FINISHED &&
		    !check_thread_is_idle(&m->thread[thread], &c->plain)) {
			return true;
		}
	}
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		if (m->cpu[cpu].in_irq) {
			return true;
		}
	}
	return false;
}

/* ---- Lifecycle ---- */

static char *too_large(const struct scenario *s)
{
	uint32_t sources = 0;

	for (size_t device = 0; device < s->devices_count; device++) {
		sources += s->devices[device].vectors;
	}
	return s->machine.cpus > CHECK_CPUS_MAX ? check_copy("more than 8 CPUs") :
	       s->devices_count > CHECK_DEVICES_MAX ? check_copy("more than 16 devices") :
	       sources > CHECK_SOURCES_MAX ? check_copy("more than 32 vectors") :
	       s->actions_count > CHECK_ACTIONS_MAX ? check_copy("more than 16 actions") :
	       s->vcpus_count ? check_copy("vCPUs, whose guests run by the clock") : NULL;
}

/* One place, no distance. The timer tick is the one duration that must not be 0. */
static void forget_time(struct check_machine *c)
{
	const struct scenario *s = c->scenario;
	struct topology *t = &c->topology;

	*t = (struct topology){
		.cpu_place = check_allocate(s->machine.cpus, sizeof(*t->cpu_place)),
		.device_place = check_allocate(s->devices_count, sizeof(*t->device_place)),
		.cpu_places = 1, .device_places = 1,
		.message_ps = check_allocate(1, sizeof(*t->message_ps)),
		.write_ps = check_allocate(1, sizeof(*t->write_ps)),
		.ipi_extra_ps = check_allocate(1, sizeof(*t->ipi_extra_ps))
	};
}

static void create_threads(struct check_machine *c)
{
	struct machine *m = &c->machine;
	const struct scenario *s = c->scenario;

	c->threads = check_allocate(m->threads_count, sizeof(*c->threads));
	c->actions = check_allocate(s->actions_count, sizeof(*c->actions));
	for (uint32_t thread = 0; thread < m->threads_count; thread++) {
		c->threads[thread] =
			(struct check_thread){ .owner = c, .kthread = &m->thread[thread] };
		c->plain.status[thread] = CHECK_THREAD_BLOCKED;
	}
	for (size_t i = 0; i < s->actions_count; i++) {
		c->actions[i] = (struct action){
			.scenario = s, .action = &s->actions[i], .where = { .below = check_choose },
			.offline = c->plain.offline, .offline_count = &c->plain.offline_count
		};
		m->thread[i].cpu = (uint16_t)(s->actions[i].on >= 0 ? s->actions[i].on : 0);
		c->plain.status[i] = check_action_times(&s->actions[i], &c->bounds) ?
					     CHECK_THREAD_READY :
					     CHECK_THREAD_FINISHED;
	}
}

char *check_machine_create(struct check_machine *c, const struct scenario *s,
			   const struct scenario_contender *contender,
			   const struct check_bounds *bounds)
{
	char *error = too_large(s);

	*c = (struct check_machine){ .scenario = s, .bounds = *bounds, .main = actor_self() };
	if (error) {
		return error;
	}
	forget_time(c);
	build_config(&c->built, s, contender, &c->topology, (uint32_t)s->actions_count);
	c->built.config.timings = (struct model_timings){ .jiffy_ps = 1 };
	if (machine_create(&c->machine, &c->built.config, &check_env, c)) {
		return check_copy("no memory for the machine");
	}
	for (uint32_t device = 0; device < s->devices_count; device++) {
		c->plain.raises_left[device] = (uint8_t)bounds->raises;
		if (irq_boot_device(&c->machine, device)) {
			return check_copy("no vectors are left for its devices");
		}
	}
	create_threads(c);
	check_settle_events(c);
	check_canonical_raises(c);
	check_state_save(c, check_path_level(c, 0)->frame);
	return NULL;
}

void check_machine_destroy(struct check_machine *c)
{
	for (uint32_t thread = 0; c->threads && thread < c->machine.threads_count; thread++) {
		check_thread_forget(&c->threads[thread]);
		free(c->threads[thread].history);
	}
	for (uint32_t i = 0; i < c->path.capacity; i++) {
		free(c->path.level[i].frame);
	}
	free(c->path.level);
	free(c->threads);
	free(c->actions);
	free(c->error);
	machine_destroy(&c->machine);
	build_release(&c->built);
	topology_release(&c->topology);
}
