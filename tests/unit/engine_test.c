// SPDX-License-Identifier: MIT
/* Threads over the engine: time, theft by interrupts, and a deadlock that is told. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/os/irq_alloc.h"
#include "models/os/kapi.h"
#include "sim/actor.h"
#include "sim/build.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/loader.h"
#include "sim/platform.h"

static const char text[] =
	"machine: {cpus: 2}\n"
	"devices: [{name: nic, kind: msix, vectors: 2, cpus: [0]}]\n"
	"strategies: [x86-direct]\n"
	"duration: 1s\n";

static struct scenario *scenario;
static bool deadlocked;
static uint64_t worked_ps;
static bool opposite;

static void ignore_serviced(struct engine *e, uint32_t source)
{
	(void)e;
	(void)source;
}

static void raise_by_event(struct engine *e, const struct hw_event *event)
{
	device_raise(&e->machine, event->device);
}

/* Two locks, in the order of the argument or against it. */
static void take_both(struct kthread *k, void *argument)
{
	uint32_t first = argument ? 1 : 0;

	k_cpu_get(k);
	k_irq_save(k);
	k_desc_lock(k, first);
	k_work(k, 5 * US);
	k_desc_lock(k, 1 - first);
	k_desc_unlock(k, 1 - first);
	k_desc_unlock(k, first);
	k_irq_restore(k);
	k_cpu_put(k);
}

static void work(struct kthread *k, void *argument)
{
	(void)argument;
	k_cpu_get(k);
	k_work(k, 100 * US);
	worked_ps = k->machine->now_ps;
	k_cpu_put(k);
}

static void in_engine(uint32_t threads, void (*fill)(struct engine *e))
{
	struct topology topology = { 0 };
	struct engine e;
	struct built built;

	cr_assert_null(topology_load(scenario, &topology));
	build_config(&built, scenario, &scenario->contenders[0], &topology, threads);
	cr_assert_eq(engine_create(&e, &built.config), 0);
	e.serviced = ignore_serviced;
	e.simulator_event = raise_by_event;
	cr_assert_eq(irq_boot_device(&e.machine, 0), 0);
	fill(&e);
	engine_run(&e, SECOND);
	deadlocked = e.deadlocked;
	engine_destroy(&e);
	build_release(&built);
	topology_release(&topology);
}

static void world(void (*body)(void *argument))
{
	struct diagnostics *d = diagnostics_new("engine.yaml");
	int descriptor = -1;
	char *platform;

	scenario = scenario_load_text("engine.yaml", text, strlen(text), NULL, d);
	diagnostics_free(d);
	cr_assert_not_null(scenario);
	platform = platform_path(scenario, &descriptor);
	cr_assert_not_null(platform);
	cr_assert(actor_world_run(platform, body, NULL));
	free(platform);
	close(descriptor);
	scenario_free(scenario);
}

static void fill_with_lockers(struct engine *e)
{
	e->machine.thread[1].cpu = 1;
	engine_thread_create(e, 0, 0, take_both, NULL);
	engine_thread_create(e, 1, 0, take_both, opposite ? e : NULL);
}

static void locker_body(void *argument)
{
	(void)argument;
	in_engine(2, fill_with_lockers);
}

Test(engine, locks_in_one_order_are_no_deadlock)
{
	world(locker_body);
	cr_expect_not(deadlocked);
}

Test(engine, locks_in_opposite_orders_are_told_as_a_deadlock)
{
	opposite = true;
	world(locker_body);
	cr_expect(deadlocked);
}

static void fill_with_work(struct engine *e)
{
	engine_thread_create(e, 0, 0, work, NULL);
	for (uint64_t i = 1; i <= 3; i++) {
		engine_post(e, i * 20 * US, &(struct hw_event){ .kind = HW_SIMULATOR, .flag = SIM_ARRIVAL });
	}
}

static void work_body(void *argument)
{
	(void)argument;
	in_engine(2, fill_with_work);
}

Test(engine, interrupts_take_their_time_from_a_thread)
{
	world(work_body);
	cr_expect_eq(worked_ps, 100 * US + 3 * 2700 * NS);
	cr_expect_not(deadlocked);
}

/* More threads than there can be actors at a time: each ends before the next one begins. */
#define SHORT_THREADS 40000

static uint32_t short_threads;

static void short_life(struct kthread *k, void *argument)
{
	(void)argument;
	cr_assert_eq(k->machine->now_ps, (short_threads + 1) * 10 * US);
	k_cpu_get(k);
	k_work(k, US);
	k_cpu_put(k);
	short_threads++;
}

static void fill_with_short_lives(struct engine *e)
{
	for (uint32_t thread = 0; thread < SHORT_THREADS; thread++) {
		engine_thread_create(e, thread, (thread + 1) * 10 * US, short_life, NULL);
	}
}

static void short_lives_body(void *argument)
{
	(void)argument;
	in_engine(SHORT_THREADS, fill_with_short_lives);
}

Test(engine, threads_cost_nothing_before_they_begin_and_after_they_end)
{
	world(short_lives_body);
	cr_expect_eq(short_threads, SHORT_THREADS);
	cr_expect_not(deadlocked);
}
