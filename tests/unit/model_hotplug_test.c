// SPDX-License-Identifier: MIT
/* CPUs going off line and coming back. */
#include <criterion/criterion.h>
#include <errno.h>

#include "model_world.h"

#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/root_domain.h"
#include "vector_matrix.h"

static uint64_t leaked(const struct world *w)
{
	uint64_t in_use, leaked;

	w->machine.root->count(&w->machine, &in_use, &leaked);
	return leaked;
}

static int offline(struct world *w, int cpu)
{
	int result[2] = { cpu, 1 };

	world_spawn(w, 0, 3, world_offline_body, result);
	world_run(w, 40 * MS);
	cr_assert(world_finished(w, 0));
	return result[1];
}

static int online(struct world *w, int cpu)
{
	int result[2] = { cpu, 1 };

	world_spawn(w, 0, 3, world_online_body, result);
	world_run(w, 40 * MS);
	cr_assert(world_finished(w, 0));
	return result[1];
}

Test(hotplug, interrupt_moves_to_a_cpu_that_stays)
{
	static const char *const moves[] = {
		"x86-direct", "x86-tmp", "x86-masked", "x86-linux-6.1",
		"x86-linux-6.1-as-commented", "x86-tmp-remote"
	};

	/* Its affinity is every CPU, the dying one included. */
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		struct device_config device = world_msix;
		struct world *w = world_create(&(struct world_setup){
			.devices = &device, .devices_count = 1, .move = moves[i] });
		uint32_t dying = w->machine.desc[0].cpu;

		cr_assert_eq(offline(w, (int)dying), 0);
		cr_expect_neq(w->machine.desc[0].cpu, dying, "%s", moves[i]);
		cr_expect(cpu_is_online(&w->machine, w->machine.desc[0].cpu));
		device_raise(&w->machine, 0);
		world_run(w, 1 * MS);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
		cr_expect_eq(leaked(w), 0);
		world_end(w);
	}
}

Test(hotplug, every_interrupt_of_the_cpu_moves)
{
	struct device_config devices[] = { world_msix, world_msi };
	struct world *w;

	set_vectors(&devices[0], 20, 20);
	w = world_create(&(struct world_setup){ .devices = devices, .devices_count = 2 });
	cr_assert_eq(offline(w, 0), 0);
	cr_assert_eq(offline(w, 1), 0);
	for (uint32_t source = 0; source < w->machine.sources_count; source++) {
		cr_expect_geq(w->machine.desc[source].cpu, 2);
		device_raise(&w->machine, source);
	}
	world_run(w, 1 * MS);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 21);
	cr_expect_eq(w->metrics.counter[METRIC_HOTPLUG_DONE], 2);
	world_end(w);
}

/* A raise that is pending on the dying CPU when its interrupt moves away. */
static struct run_metrics raise_during_offline(const char *move, const char *hotplug,
					       uint64_t before_ps)
{
	struct device_config device = world_msi;
	struct run_metrics metrics;
	struct world *w;
	int result[2];

	w = world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .move = move, .hotplug = hotplug });
	result[0] = w->machine.desc[0].cpu;
	/* The vector changes: its number is taken everywhere else. */
	for (uint32_t cpu = 1; cpu < 4; cpu++) {
		cr_assert_eq(
			vector_matrix_assign(w->machine.matrix, cpu, w->machine.desc[0].vector), 0);
	}
	world_spawn(w, 0, 3, world_offline_body, result);
	world_run(w, 19 * MS + before_ps);
	device_raise(&w->machine, 0);
	world_run(w, 40 * MS);
	cr_assert_eq(result[1], 0);
	metrics = w->metrics;
	for (uint32_t cpu = 1; cpu < 4; cpu++) {
		cr_assert_eq(vector_matrix_free(w->machine.matrix, cpu, 33, false), 0);
	}
	world_end(w);
	return metrics;
}

struct tally {
	uint32_t delivered;
	uint32_t recovered;
	uint32_t lost;
	uint32_t runs;
};

static struct tally tally(const char *move, const char *hotplug)
{
	struct tally tally = { 0 };

	for (uint64_t at_ps = 0; at_ps < 16 * US; at_ps += 250 * NS) {
		struct run_metrics metrics = raise_during_offline(move, hotplug, at_ps);

		tally.delivered += (uint32_t)metrics.counter[METRIC_DELIVERED];
		tally.recovered += (uint32_t)metrics.counter[METRIC_RECOVERED];
		tally.lost += (uint32_t)metrics.counter[METRIC_LOST];
		tally.runs++;
	}
	return tally;
}

Test(hotplug, direct_write_goes_stale_between_address_and_data_and_only_there)
{
	struct tally torn = tally("x86-linux-6.1", "offline-scan");

	/* The window is two configuration cycles of 1.5 us: twelve raises. */
	cr_expect_eq(torn.lost, 12);
	cr_expect_gt(torn.recovered, 0, "before the address write: found by the scan");
	cr_expect_gt(torn.delivered, 0, "after the data write");
}

Test(hotplug, careful_path_never_loses)
{
	struct tally careful = tally("x86-linux-6.1-as-commented", "offline-scan");

	cr_expect_eq(careful.lost, 0);
	cr_expect_gt(careful.recovered, 0);
}

Test(hotplug, without_the_scan_what_was_pending_is_lost)
{
	cr_expect_gt(tally("x86-linux-6.1-as-commented", "offline-no-scan").lost, 0);
}

Test(hotplug, controller_silenced_first_loses_what_arrives_then)
{
	struct tally early = tally("x86-linux-6.1-as-commented", "offline-early-disable");

	cr_expect_gt(early.lost, 0);
	cr_expect_lt(early.lost, early.runs);
}

static uint64_t leak(const char *hotplug)
{
	struct device_config device = world_msi;
	struct world_move move = { 0, 2, 1 };
	struct world *w;
	uint64_t vectors;
	int old;

	w = world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .move = "x86-direct", .hotplug = hotplug });
	old = w->machine.desc[0].cpu;
	world_spawn(w, 0, 3, world_move_body, &move);
	world_run(w, 100 * US);
	cr_assert_eq(move.result, 0);
	/* The old vector is still live on the CPU that goes. */
	cr_assert_eq(offline(w, old), 0);
	device_raise(&w->machine, 0);
	world_run(w, 10 * MS);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	vectors = leaked(w);
	world_end(w);
	return vectors;
}

Test(hotplug, forgotten_old_vector_leaks)
{
	cr_expect_eq(leak("offline-scan"), 0);
	cr_expect_eq(leak("offline-leak"), 1);
}

Test(hotplug, last_cpu_stays)
{
	struct device_config device = world_msi;
	struct world *w = world_create(
		&(struct world_setup){ .cpus = 1, .devices = &device, .devices_count = 1 });
	int result[2] = { 0, 1 };

	world_spawn(w, 0, 0, world_offline_body, result);
	world_run(w, 40 * MS);
	cr_expect_eq(result[1], -EBUSY);
	cr_expect_eq(w->metrics.counter[METRIC_HOTPLUG_REFUSED], 1);
	world_end(w);
}

Test(hotplug, cpu_stays_where_the_others_lack_vectors)
{
	struct device_config device = world_msix;
	struct world *w;

	set_vectors(&device, 5, 5);
	w = world_create(&(struct world_setup){
		.cpus = 2, .devices = &device, .devices_count = 1, .vectors_first = 40,
		.vectors_end = 44,
		.without_system_vectors = true });
	int result[2] = { 0, 1 };

	world_spawn(w, 0, 1, world_offline_body, result);
	world_run(w, 40 * MS);
	cr_expect_eq(result[1], -ENOSPC);
	cr_expect(cpu_is_online(&w->machine, 0));
	cr_expect_eq(w->metrics.counter[METRIC_HOTPLUG_REFUSED], 1);
	for (uint32_t source = 0; source < 5; source++) {
		device_raise(&w->machine, source);
	}
	world_run(w, 1 * MS);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 5);
	world_end(w);
}

Test(hotplug, cpu_comes_back_and_takes_interrupts)
{
	struct device_config device = world_msi;
	struct world *w = world_create(&(struct world_setup){ .devices = &device,
							      .devices_count = 1,
							      .move = "x86-direct",
							      .cleanup = "immediate" });
	uint32_t cpu = w->machine.desc[0].cpu;
	struct world_move move = { 0, cpu, 1 };

	cr_assert_eq(offline(w, (int)cpu), 0);
	cr_assert_eq(online(w, (int)cpu), 0);
	cr_expect_eq(online(w, (int)cpu), -EINVAL);
	world_spawn(w, 0, 3, world_move_body, &move);
	world_run(w, 1 * MS);
	cr_expect_eq(move.result, 0);
	device_raise(&w->machine, 0);
	world_run(w, 1 * MS);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, cpu);
	world_end(w);
}

Test(hotplug, managed_interrupt_is_shut_down_and_comes_back_with_its_cpu)
{
	struct device_config device = world_msix;
	struct world *w;

	device.managed = true;
	set_vectors(&device, 4, 4);
	w = world_create(&(struct world_setup){ .devices = &device, .devices_count = 1 });
	cr_assert_eq(w->machine.desc[1].cpu, 1);
	cr_assert_eq(offline(w, 1), 0);
	cr_expect(w->machine.desc[1].flags & DESC_SHUT_DOWN);
	device_raise(&w->machine, 1);
	world_run(w, 1 * MS);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	cr_assert_eq(online(w, 1), 0);
	cr_expect_eq(w->machine.desc[1].flags & DESC_SHUT_DOWN, 0);
	world_run(w, 1 * MS);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1, "the raise that the mask kept");
	cr_expect_eq(leaked(w), 0);
	world_end(w);
}

Test(hotplug, affinity_breaks_where_its_only_cpu_goes)
{
	struct device_config device = world_msi;
	static uint64_t on_cpu_1[] = { 2 };
	struct world *w;

	device.affinity = on_cpu_1;
	w = world_create(&(struct world_setup){ .devices = &device, .devices_count = 1 });
	cr_assert_eq(offline(w, 1), 0);
	cr_expect(w->machine.desc[0].flags & DESC_AFFINITY_BROKEN);
	cr_expect_eq(w->metrics.counter[METRIC_AFFINITY_BROKEN], 1);
	world_end(w);
}

Test(hotplug, two_cpus_at_once_go_one_after_the_other)
{
	struct device_config device = world_msix;
	int first[2] = { 1, 1 }, second[2] = { 2, 1 };
	struct world *w;

	set_vectors(&device, 8, 8);
	w = world_create(&(struct world_setup){ .devices = &device, .devices_count = 1 });
	world_spawn(w, 0, 3, world_offline_body, first);
	world_spawn(w, 1, 0, world_offline_body, second);
	world_run(w, 100 * MS);
	cr_assert(world_finished(w, 0));
	cr_assert(world_finished(w, 1));
	cr_expect_eq(first[1], 0);
	cr_expect_eq(second[1], 0);
	cr_expect_eq(w->metrics.counter[METRIC_HOTPLUG_DONE], 2);
	world_end(w);
}

Test(hotplug, same_cpu_twice_at_once_goes_once)
{
	struct device_config device = world_msix;
	int first[2] = { 1, 1 }, second[2] = { 1, 1 };
	struct world *w =
		world_create(&(struct world_setup){ .devices = &device, .devices_count = 1 });

	world_spawn(w, 0, 3, world_offline_body, first);
	world_spawn(w, 1, 0, world_offline_body, second);
	world_run(w, 100 * MS);
	cr_assert(world_finished(w, 0));
	cr_assert(world_finished(w, 1));
	cr_expect_eq(first[1] + second[1], -EINVAL);
	cr_expect_eq(w->metrics.counter[METRIC_HOTPLUG_DONE], 1);
	world_end(w);
}

static void sleep_body(struct kthread *k, void *cpu)
{
	k_sleep(k, 50 * MS);
	*(uint32_t *)cpu = k->cpu;
}

Test(hotplug, thread_does_not_wake_on_a_cpu_that_is_gone)
{
	struct device_config device = world_msix;
	struct world *w =
		world_create(&(struct world_setup){ .devices = &device, .devices_count = 1 });
	uint32_t cpu = 99;

	world_spawn(w, 1, 1, sleep_body, &cpu);
	cr_assert_eq(offline(w, 1), 0);
	world_run(w, 40 * MS);
	cr_assert(world_finished(w, 1));
	cr_expect(cpu_is_online(&w->machine, cpu), "it woke on CPU %u", cpu);
	world_end(w);
}

static void get_body(struct kthread *k, void *cpu)
{
	k_work(k, 1 * US);
	*(uint32_t *)cpu = k->cpu;
}

Test(hotplug, threads_that_wait_for_a_cpu_that_goes_run_elsewhere)
{
	struct device_config device = world_msix;
	uint32_t cpus[4] = { 99, 99, 99, 99 };
	int result[2] = { 1, 1 };
	struct world *w = world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .threads = 5 });

	world_spawn(w, 4, 1, world_offline_body, result);
	world_run(w, 1 * MS);
	for (uint32_t i = 0; i < 4; i++) {
		world_spawn(w, i, 1, get_body, &cpus[i]);
	}
	world_run(w, 60 * MS);
	cr_assert_eq(result[1], 0);
	for (uint32_t i = 0; i < 4; i++) {
		cr_expect(world_finished(w, i));
		cr_expect_neq(cpus[i], 1);
	}
	world_end(w);
}
