// SPDX-License-Identifier: MIT
#include "guest_world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "models/os/irq_alloc.h"
#include "models/strategies/operations.h"
#include "models/strategies/registry.h"
#include "vector_matrix.h"

static struct guest_world *world_of(const struct machine *m)
{
	return m->env_data;
}

static void post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	struct guest_world *w = world_of(m);

	cr_assert_lt(w->events_count, sizeof(w->events) / sizeof(w->events[0]));
	w->events[w->events_count].time_ps = m->now_ps + delay_ps;
	w->events[w->events_count].sequence = w->sequence++;
	w->events[w->events_count++].event = *event;
}

static void emit(struct machine *m, const struct model_event *event)
{
	struct guest_world *w = world_of(m);

	w->counts[event->kind]++;
	w->last[event->kind] = *event;
	w->last_ps[event->kind] = m->now_ps;
	fates_event(&w->fates, m, event);
}

static void serviced(struct machine *m, uint32_t source)
{
	(void)source;
	world_of(m)->serviced++;
}

static const struct machine_env env = { .post = post, .emit = emit, .serviced = serviced };

void guest_world_run(struct guest_world *w, uint64_t time_ps)
{
	uint64_t end_ps = w->machine.now_ps + time_ps;

	for (;;) {
		size_t least = 0;
		struct hw_event event;

		for (size_t i = 1; i < w->events_count; i++) {
			if (w->events[i].time_ps < w->events[least].time_ps ||
			    (w->events[i].time_ps == w->events[least].time_ps &&
			     w->events[i].sequence < w->events[least].sequence)) {
				least = i;
			}
		}
		if (!w->events_count || w->events[least].time_ps > end_ps) {
			break;
		}
		w->machine.now_ps = w->events[least].time_ps;
		event = w->events[least].event;
		w->events[least] = w->events[--w->events_count];
		machine_dispatch(&w->machine, &event);
	}
	w->machine.now_ps = end_ps;
}

static const void *operations_of(const char *name, enum strategy_slot slot, enum machine_remap remap)
{
	const struct strategy *strategy = name ? strategy_find(name) : strategy_default(slot, ARCH_X86, remap);

	return strategy ? strategy->operations : NULL;
}

struct guest_world *guest_world_create(const struct guest_setup *setup)
{
	struct guest_world *w = calloc(1, sizeof(*w));

	cr_assert_not_null(w);
	memcpy(w->devices, setup->devices, sizeof(w->devices));
	memcpy(w->vcpus, setup->vcpus, sizeof(w->vcpus));
	w->config = (struct machine_config){
		.remap = setup->remap, .remap_cache = true, .cpus = setup->cpus ? setup->cpus : 4, .sockets = 1,
		.vectors_first = 33, .vectors_end = 236, .devices = w->devices,
		.devices_count = setup->devices_count, .cpu_place = w->places, .device_place = w->places,
		.cpu_places = 1, .message_ps = &w->message_ps, .write_ps = &w->write_ps,
		.ipi_extra_ps = &w->ipi_extra_ps, .vcpus = w->vcpus, .vcpus_count = setup->vcpus_count,
		.move = operations_of(setup->move, SLOT_MOVE, setup->remap),
		.cleanup = operations_of(NULL, SLOT_CLEANUP, setup->remap),
		.hotplug = operations_of(NULL, SLOT_HOTPLUG, setup->remap),
		.allocation = operations_of(NULL, SLOT_ALLOCATION, setup->remap),
		.posted = operations_of(setup->posted, SLOT_POSTED, setup->remap),
		.setup = operations_of(setup->setup, SLOT_SETUP, setup->remap),
		.monitor = operations_of(setup->monitor, SLOT_MONITOR, setup->remap)
	};
#define X(field, key, value, estimate, documentation) w->config.timings.field = (value);
	MODEL_TIMINGS(X)
#undef X
	w->message_ps = w->config.timings.message_ps;
	w->write_ps = w->config.timings.posted_write_ps;
	cr_assert_eq(machine_create(&w->machine, &w->config, &env, w), 0);
	fates_init(&w->fates, w->machine.sources_count, &w->metrics);
	for (uint32_t device = 0; device < setup->devices_count; device++) {
		cr_assert_eq(irq_boot_device(&w->machine, device), 0);
	}
	return w;
}

void guest_world_end(struct guest_world *w)
{
	char *broken;

	fates_finish(&w->fates, &w->machine);
	broken = fates_check(&w->fates, &w->machine);
	cr_expect_null(broken, "%s", broken ? broken : "");
	cr_expect_eq(vector_matrix_check(w->machine.matrix), 0);
	free(broken);
	fates_release(&w->fates);
	machine_destroy(&w->machine);
	free(w);
}
