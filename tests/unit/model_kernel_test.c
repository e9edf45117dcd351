// SPDX-License-Identifier: MIT
/* The kernel around the hardware: edge flow, moves, clean-up, allocation, locks. */
#include <criterion/criterion.h>
#include <errno.h>

#include "model_world.h"

#include "models/hw/controller.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/root_domain.h"
#include "vector_matrix.h"

static struct world *with(struct device_config device, const char *move, const char *cleanup)
{
	return world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .move = move, .cleanup = cleanup });
}

/* Moves source 0 to the CPU in a thread of CPU 3, and lets it finish. */
static int move_to(struct world *w, uint32_t cpu)
{
	struct world_move move = { 0, cpu, 1 };

	world_spawn(w, 0, 3, world_move_body, &move);
	world_run(w, 100 * US);
	cr_assert(world_finished(w, 0));
	return move.result;
}

static void one_raise(struct world *w)
{
	device_raise(&w->machine, 0);
	world_run(w, 100 * US);
}

/* Edge flow. */

Test(flow, arrival_elsewhere_while_the_handler_runs_is_replayed_by_the_running_loop)
{
	struct world *w = with(world_msi, "x86-same-vector", NULL);
	struct machine *m = &w->machine;
	uint32_t old = m->desc[0].cpu;

	device_raise(m, 0);
	world_run(w, 1500 * NS);
	cr_assert_eq(m->desc[0].flags & DESC_IN_PROGRESS, DESC_IN_PROGRESS);
	/* As a retrigger to another CPU would: the descriptor's vector arrives there. */
	m->vector_irq[2 * m->vectors + m->desc[0].vector] = 0;
	controller_accept(m, 2, m->desc[0].vector, raise_new(m, 0), false);
	w->metrics.counter[METRIC_RAISED]++;
	world_run(w, 1 * US);
	cr_expect(m->desc[0].flags & DESC_PENDING);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(m->cpu[2].in_irq, 0, "the other CPU went away");
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, old, "replayed where it ran");
	cr_expect_eq(m->desc[0].flags & (DESC_PENDING | DESC_IN_PROGRESS), 0);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	world_end(w);
}

Test(flow, disabled_interrupt_is_kept_pending)
{
	struct world *w = with(world_msi, NULL, NULL);

	w->machine.desc[0].flags |= DESC_DISABLED;
	one_raise(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	cr_expect(w->machine.desc[0].flags & DESC_PENDING);
	cr_expect_eq(w->machine.cpu[w->machine.desc[0].cpu].in_irq, 0);
	world_end(w);
}

Test(flow, several_replays_merge_into_one)
{
	struct world *w = with(world_msi, NULL, NULL);
	struct machine *m = &w->machine;

	device_raise(m, 0);
	world_run(w, 1500 * NS);
	for (uint32_t cpu = 1; cpu <= 2; cpu++) {
		m->vector_irq[cpu * m->vectors + m->desc[0].vector] = 0;
		controller_accept(m, cpu, m->desc[0].vector, raise_new(m, 0), false);
		w->metrics.counter[METRIC_RAISED]++;
	}
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 1);
	world_end(w);
}

static void hold_lock(struct kthread *k, void *argument)
{
	(void)argument;
	k_irq_save(k);
	k_desc_lock(k, 0);
	k_work(k, 20 * US);
	k_desc_unlock(k, 0);
	k_irq_restore(k);
}

Test(flow, interrupt_spins_on_the_lock_of_its_descriptor)
{
	struct world *w = with(world_msi, NULL, NULL);
	uint32_t cpu = w->machine.desc[0].cpu;

	world_spawn(w, 0, cpu + 1, hold_lock, NULL);
	device_raise(&w->machine, 0);
	world_run(w, 10 * US);
	cr_expect_eq(w->machine.cpu[cpu].spinning, 1);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->time_ps, 20 * US);
	cr_expect_eq(w->machine.cpu[cpu].spinning, 0);
	/* It spent that time in interrupt context. */
	cr_expect_eq(w->metrics.counter[METRIC_CPU_IRQ_TIME], 20 * US - 500 * NS + 2 * US);
	world_end(w);
}

/* Moves. */

Test(move, in_process_context_takes_effect_at_once_and_keeps_the_old_vector_live)
{
	struct world *w = with(world_msi, "x86-same-vector", NULL);
	const struct irq_desc *d = &w->machine.desc[0];
	uint32_t old_cpu = d->cpu;
	uint32_t old_vector = d->vector;

	cr_assert_eq(move_to(w, 2), 0);
	cr_expect_eq(d->cpu, 2);
	cr_expect_eq(d->vector, old_vector);
	cr_expect_eq(d->previous_cpu, old_cpu);
	cr_expect_eq(d->previous_vector, old_vector);
	cr_expect(d->flags & DESC_MOVE_IN_PROGRESS);
	cr_expect_eq(w->machine.vector_irq[old_cpu * w->machine.vectors + old_vector], 0,
		     "the old slot is live");
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_DONE], 1);
	world_end(w);
}

Test(move, to_where_it_is_changes_nothing)
{
	struct world *w = with(world_msi, "x86-direct", NULL);

	cr_assert_eq(move_to(w, w->machine.desc[0].cpu), 0);
	cr_expect_eq(world_count_detail(w, EV_MOVE, MOVE_NOTHING), 1);
	cr_expect_eq(world_count(w, EV_WRITE), 0);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_DONE], 0);
	world_end(w);
}

Test(move, deferred_one_happens_in_the_next_acknowledge)
{
	struct world *w = with(world_msi, "x86-direct-deferred", NULL);
	const struct irq_desc *d = &w->machine.desc[0];
	uint32_t old_cpu = d->cpu;

	cr_assert_eq(move_to(w, 2), 0);
	cr_expect(d->flags & DESC_MOVE_PENDING);
	cr_expect_eq(d->cpu, old_cpu, "a quiet device never moves");
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_DEFERRED], 1);
	one_raise(w);
	cr_expect_eq(d->cpu, 2);
	cr_expect_eq(d->flags & DESC_MOVE_PENDING, 0);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, old_cpu,
		     "the handler follows on the old CPU");
	cr_expect_gt(world_last(w, EV_HANDLER_START)->time_ps, world_last(w, EV_WRITE)->time_ps);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(move, second_one_waits_for_an_acknowledge_while_the_old_vector_is_live)
{
	struct world *w = with(world_msi, "x86-direct", NULL);
	const struct irq_desc *d = &w->machine.desc[0];

	cr_assert_eq(move_to(w, 2), 0);
	cr_expect_eq(move_to(w, 1), 0, "user space hears of no refusal");
	cr_expect_eq(d->cpu, 2);
	cr_expect(d->flags & DESC_MOVE_PENDING);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_BUSY], 0);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_DEFERRED], 1);
	one_raise(w);
	cr_expect_eq(d->cpu, 2, "the clean-up is queued for the tick");
	world_run(w, 8 * MS);
	cr_expect_eq(d->previous_vector, 0);
	cr_expect_eq(move_to(w, 3), 0);
	cr_expect_eq(d->cpu, 2, "a pending move is not overtaken, its mask is replaced");
	one_raise(w);
	cr_expect_eq(d->cpu, 3);
	cr_expect_eq(d->flags & DESC_MOVE_PENDING, 0);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	world_end(w);
}

/* The interrupt core is the same behind remap hardware, whose chip acknowledges by way of irq_move_irq() too. */
Test(move, second_one_behind_remap_hardware_waits_for_an_acknowledge)
{
	static const enum machine_remap remaps[] = { REMAP_VTD, REMAP_AMDVI, REMAP_HYPERV };

	for (size_t i = 0; i < sizeof(remaps) / sizeof(remaps[0]); i++) {
		struct device_config device = world_msix;
		struct world *w = world_create(&(struct world_setup){
			.devices = &device, .devices_count = 1, .remap = remaps[i], .cleanup = "timer",
			.vectors_first = 32, .vectors_end = 236 });
		const struct irq_desc *d = &w->machine.desc[0];

		cr_assert_eq(move_to(w, 2), 0);
		cr_expect_eq(move_to(w, 1), 0);
		cr_expect_eq(d->cpu, 2);
		world_run(w, 8 * MS);
		one_raise(w);
		cr_expect_eq(d->cpu, 1);
		cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_DONE], 2);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
		cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
		world_end(w);
	}
}

static void mask_body(struct kthread *k, void *argument)
{
	(void)argument;
	k_irq_save(k);
	k_desc_lock(k, 0);
	irq_mask(k, 0);
	k_desc_unlock(k, 0);
	k_irq_restore(k);
}

/* The mask comes while a message is on its way, whose acknowledge then moves an interrupt that is masked already. */
Test(move, deferred_one_leaves_an_interrupt_masked_that_was)
{
	struct world *w = with(world_msix, "x86-direct-deferred", NULL);
	const struct irq_desc *d = &w->machine.desc[0];

	cr_assert_eq(move_to(w, 2), 0);
	device_raise(&w->machine, 0);
	world_spawn(w, 0, 3, mask_body, NULL);
	world_run(w, 100 * US);
	cr_expect_eq(d->cpu, 2);
	cr_expect(d->flags & DESC_MASKED);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	one_raise(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1, "kept by the pending bit");
	world_end(w);
}

Test(move, deferred_one_that_is_refused_stays_pending_until_it_can)
{
	struct world *w = with(world_msi, "x86-direct-deferred", NULL);
	const struct irq_desc *d = &w->machine.desc[0];

	move_to(w, 2);
	one_raise(w);
	move_to(w, 1);
	/*
	 * The first interrupt at the new CPU begins the clean-up and finds the next move too early.
	 */
	one_raise(w);
	cr_expect_eq(d->cpu, 2);
	cr_expect(d->flags & DESC_MOVE_PENDING);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_BUSY], 0, "it is no refusal to user space");
	world_run(w, 8 * MS);
	one_raise(w);
	cr_expect_eq(d->cpu, 1);
	cr_expect_eq(d->flags & DESC_MOVE_PENDING, 0);
	world_end(w);
}

Test(move, mask_without_a_cpu_on_line_is_refused)
{
	struct world *w = with(world_msi, "x86-direct", NULL);
	int offline[2] = { 1, 1 };

	world_spawn(w, 0, 3, world_offline_body, offline);
	world_settle(w);
	cr_assert_eq(offline[1], 0);
	cr_expect_eq(move_to(w, 1), -EINVAL);
	world_end(w);
}

Test(move, managed_interrupt_is_not_user_spaces)
{
	struct device_config managed = world_msix;
	struct world *w;

	managed.managed = true;
	w = with(managed, "x86-direct", NULL);
	cr_expect_eq(move_to(w, 2), -EIO);
	world_end(w);
}

/*
 * The pending mask may have lost its last CPU since it was asked for: then the acknowledge leaves
 * the interrupt alone.
 */
Test(move, deferred_one_to_a_cpu_that_has_gone_is_dropped)
{
	struct world *w = with(world_msi, "x86-direct-deferred", NULL);
	const struct irq_desc *d = &w->machine.desc[0];
	uint32_t old_cpu = d->cpu;
	int offline[2] = { 2, 1 };

	move_to(w, 2);
	world_spawn(w, 0, 3, world_offline_body, offline);
	world_settle(w);
	cr_assert_eq(offline[1], 0);
	one_raise(w);
	cr_expect_eq(d->cpu, old_cpu);
	cr_expect_eq(d->flags & DESC_MOVE_PENDING, 0);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_NOSPC], 0);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(move, maskable_device_loses_none_of_what_it_raises_under_the_mask)
{
	struct world *w = with(world_msix, "x86-masked", NULL);
	struct world_move move = { 0, 2, 1 };

	world_spawn(w, 0, 3, world_move_body, &move);
	for (int i = 0; i < 200; i++) {
		device_raise(&w->machine, 0);
		world_run(w, 50 * NS);
	}
	world_settle(w);
	cr_expect_gt(world_count(w, EV_MASKED), 0);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	cr_expect_eq(w->machine.desc[0].cpu, 2);
	world_end(w);
}

/*
 * Two devices in a world where the vectors of the CPUs are as far apart as a move needs to change
 * both halves.
 */
static struct world *torn_world(const char *move)
{
	struct device_config devices[] = { world_msi, world_msix };
	static uint64_t on_cpu_0[] = { 1 }, on_cpu_2[] = { 4 };

	devices[0].affinity = on_cpu_0;
	devices[1].affinity = on_cpu_2;
	set_vectors(&devices[1], 3, 3);
	return world_create(
		&(struct world_setup){ .devices = devices, .devices_count = 2, .move = move });
}

/*
 * Raises of the moving device at each instant of its move, one a run: who is stale, covered,
 * recovered?
 */
struct outcome {
	uint32_t runs;
	uint32_t lost;
	uint32_t stale;
	uint32_t covered;
	uint32_t recovered;
	uint32_t stray;
};

static struct outcome sweep(const char *strategy)
{
	struct outcome outcome = { 0 };

	for (uint64_t at_ps = 0; at_ps < 40 * US; at_ps += 200 * NS) {
		struct world *w = torn_world(strategy);
		struct world_move move = { 0, 2, 1 };
		const uint64_t *counter = w->metrics.counter;

		world_spawn(w, 0, 3, world_move_body, &move);
		world_run(w, at_ps);
		device_raise(&w->machine, 0);
		world_settle(w);
		outcome.runs++;
		outcome.lost += (uint32_t)counter[METRIC_LOST];
		outcome.recovered += (uint32_t)counter[METRIC_RECOVERED];
		outcome.stray += (uint32_t)counter[METRIC_SPURIOUS_STRAY];
		outcome.covered += (uint32_t)counter[METRIC_COVERED];
		/* Nobody has serviced what is lost and not covered. */
		outcome.stale += (uint32_t)(counter[METRIC_LOST] - counter[METRIC_COVERED]);
		world_end(w);
	}
	return outcome;
}

Test(move, direct_from_elsewhere_goes_stale_exactly_in_its_window)
{
	struct outcome outcome = sweep("x86-direct");

	/*
	 * From the address's write to the data's: two configuration cycles of 1.5 us, a raise each
	 * 200 ns.
	 */
	cr_expect_eq(outcome.lost, 15);
	cr_expect_eq(outcome.stale, 15);
	cr_expect_eq(outcome.recovered, 0);
}

Test(move, same_window_with_32_address_bits_is_half_as_long)
{
	uint32_t lost = 0;

	for (uint64_t at_ps = 0; at_ps < 40 * US; at_ps += 200 * NS) {
		struct device_config device = world_msi;
		struct world_move move = { 0, 2, 1 };
		struct world *w;

		device.address_64 = false;
		w = world_create(&(struct world_setup){
			.devices = &device, .devices_count = 1, .move = "x86-direct" });
		/* Another vector on the new CPU than on the old one. */
		cr_assert_eq(vector_matrix_assign(w->machine.matrix, 2, w->machine.desc[0].vector),
			     0);
		world_spawn(w, 0, 3, world_move_body, &move);
		world_run(w, at_ps);
		device_raise(&w->machine, 0);
		world_settle(w);
		lost += (uint32_t)w->metrics.counter[METRIC_LOST];
		cr_assert_eq(vector_matrix_free(w->machine.matrix, 2, 33, false), 0);
		world_end(w);
	}
	cr_expect_geq(lost, 7);
	cr_expect_leq(lost, 8);
}

Test(move, temporary_message_on_the_old_cpu_loses_none)
{
	struct outcome outcome = sweep("x86-tmp-local");

	cr_expect_eq(outcome.lost, 0);
	cr_expect_gt(outcome.recovered, 0, "some came under the temporary message");
}

Test(move, temporary_message_without_the_check_goes_stale)
{
	struct outcome outcome = sweep("x86-tmp-no-check");

	cr_expect_gt(outcome.stale, 0);
	cr_expect_eq(outcome.recovered, 0);
}

Test(move, temporary_message_from_another_cpu_goes_stale)
{
	cr_expect_gt(sweep("x86-tmp-remote").stale, 0);
}

Test(move, msi_off_goes_stale)
{
	cr_expect_gt(sweep("x86-msi-off").stale, 0);
}

/* In the acknowledge: the raise that starts the move is followed by one in each instant of it. */
static struct outcome sweep_deferred(const char *strategy)
{
	struct outcome outcome = { 0 };

	for (uint64_t at_ps = 200 * NS; at_ps < 30 * US; at_ps += 200 * NS) {
		struct world *w = torn_world(strategy);
		const uint64_t *counter = w->metrics.counter;

		cr_assert_eq(move_to(w, 2), 0);
		device_raise(&w->machine, 0);
		world_run(w, at_ps);
		device_raise(&w->machine, 0);
		world_settle(w);
		cr_expect_eq(counter[METRIC_STALE], 0, "%s, at %lu ps", strategy,
			     (unsigned long)at_ps);
		outcome.lost += (uint32_t)counter[METRIC_LOST];
		outcome.covered += (uint32_t)counter[METRIC_COVERED];
		outcome.recovered += (uint32_t)counter[METRIC_RECOVERED];
		world_end(w);
	}
	return outcome;
}

Test(move, direct_in_the_acknowledge_loses_but_covers)
{
	struct outcome outcome = sweep_deferred("x86-direct-deferred");

	cr_expect_gt(outcome.lost, 0);
	cr_expect_eq(outcome.covered, outcome.lost);
}

Test(move, linux_6_1_as_written_tears_what_cannot_be_masked)
{
	struct outcome outcome = sweep_deferred("x86-linux-6.1");

	cr_expect_gt(outcome.lost, 0);
	cr_expect_eq(outcome.covered, outcome.lost);
}

Test(move, linux_6_1_as_commented_tears_nothing)
{
	struct outcome outcome = sweep_deferred("x86-linux-6.1-as-commented");

	cr_expect_eq(outcome.lost, 0);
	cr_expect_gt(outcome.recovered, 0);
}

/* Messages written for one move, by what the device can and what the predicate says. */
static size_t messages_of(struct device_config device, const char *strategy)
{
	struct world *w;
	size_t messages;

	w = with(device, strategy, NULL);
	/* The old vector's number is taken on the new CPU, so that the vector changes. */
	cr_assert_eq(vector_matrix_assign(w->machine.matrix, 2, w->machine.desc[0].vector), 0);
	move_to(w, 2);
	one_raise(w);
	messages = world_count(w, EV_MESSAGE_WRITE);
	cr_assert_eq(vector_matrix_free(w->machine.matrix, 2, 33, false), 0);
	world_end(w);
	return messages;
}

Test(move, predicate_of_linux_6_1_is_the_wrong_way_round)
{
	cr_expect_eq(messages_of(world_msix, "x86-linux-5.6"), 1);
	cr_expect_eq(messages_of(world_msi, "x86-linux-5.6"), 1);
	cr_expect_eq(messages_of(world_msix, "x86-linux-6.1"), 2,
		     "as recorded of a 6.1.192 kernel");
	cr_expect_eq(messages_of(world_msi, "x86-linux-6.1"), 1, "the same");
	cr_expect_eq(messages_of(world_msix, "x86-linux-6.1-as-commented"), 1);
	cr_expect_eq(messages_of(world_msi, "x86-linux-6.1-as-commented"), 2);
}

static void move_remapped(struct kthread *k, void *argument)
{
	world_move_body(k, argument);
}

Test(move, remapped_one_leaves_the_message_and_waits_for_the_flush)
{
	struct device_config device = world_msix;
	struct world *w = world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .remap = REMAP_VTD });
	struct world_move move = { 0, 2, 1 };

	world_spawn(w, 0, 3, move_remapped, &move);
	world_settle(w);
	cr_expect_eq(move.result, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE_WRITE), 0);
	cr_expect_eq(world_count(w, EV_FLUSH), 2);
	cr_expect_eq(w->machine.desc[0].cpu, 2);
	cr_expect_eq(w->machine.desc[0].previous_vector, 0,
		     "cleaned up by its timer without an interrupt");
	world_end(w);
}

/* A thread that was to run on the interrupt's CPU finds it moved on: it has to follow. */
Test(move, careful_one_follows_an_interrupt_that_another_thread_moves)
{
	struct device_config device = world_msi;
	struct world_move first = { 0, 2, 1 }, second = { 0, 1, 1 };
	struct world *w = world_create(&(struct world_setup){ .devices = &device,
							      .devices_count = 1,
							      .move = "x86-tmp-local",
							      .cleanup = "immediate" });

	cr_assert_eq(vector_matrix_assign(w->machine.matrix, 2, w->machine.desc[0].vector), 0);
	world_spawn(w, 0, 3, world_move_body, &first);
	world_spawn(w, 1, 1, world_move_body, &second);
	for (int i = 0; i < 100; i++) {
		world_run(w, 300 * NS);
		device_raise(&w->machine, 0);
	}
	world_settle(w);
	cr_expect_eq(first.result, 0);
	cr_expect_eq(second.result, 0);
	cr_assert_eq(world_count(w, EV_MESSAGE_WRITE), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct world_record *write = world_nth(w, EV_MESSAGE_WRITE, i);

		cr_expect_eq(write->event.cpu, i < 2 ? 0 : 2,
			     "message %zu is written on the CPU of the interrupt", i);
	}
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	cr_assert_eq(vector_matrix_free(w->machine.matrix, 2, 33, false), 0);
	world_end(w);
}

/* Clean-up of the old vector. */

static uint64_t freed_behind(enum machine_remap remap, const char *cleanup, bool raise)
{
	struct device_config device = world_msi;
	struct world *w = world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .remap = remap, .cleanup = cleanup,
		.move = remap == REMAP_NONE ? "x86-direct" : NULL, .vectors_first = 32, .vectors_end = 236 });
	uint64_t time_ps = 0;

	cr_assert_eq(move_to(w, 2), 0);
	if (raise) {
		device_raise(&w->machine, 0);
	}
	world_run(w, 20 * MS);
	if (world_count(w, EV_VECTOR_FREED)) {
		time_ps = world_last(w, EV_VECTOR_FREED)->time_ps;
		cr_expect_eq(w->machine.desc[0].previous_vector, 0);
		cr_expect_eq(w->machine.desc[0].flags &
				     (DESC_MOVE_IN_PROGRESS | DESC_CLEANUP_QUEUED),
			     0);
	}
	world_end(w);
	return time_ps;
}

static uint64_t freed_at(const char *cleanup, bool raise)
{
	return freed_behind(REMAP_NONE, cleanup, raise);
}

Test(cleanup, each_kind_has_its_moment)
{
	cr_expect_eq(freed_at("first-interrupt", false), 0, "without an interrupt at the new CPU never");
	cr_expect_eq(freed_at("first-interrupt", true), 8 * MS, "the second tick after it");
	cr_expect_eq(freed_at("ipi", false), 0);
	cr_expect_lt(freed_at("ipi", true), 110 * US);
	cr_expect_gt(freed_at("ipi", true), 100 * US + 1300 * NS);
	cr_expect_eq(freed_at("timer", false), 8 * MS);
	cr_expect_lt(freed_at("immediate", false), 30 * US);
	cr_expect_gt(freed_at("immediate", false), 0);
}

/*
 * intel_ir_set_affinity() and amd_ir_set_affinity() end with the clean-up, and their acknowledge does not look for one. The
 * guest of Hyper-V has its vectors from the bare x86 domain.
 */
Test(cleanup, ipi_is_sent_by_the_move_behind_remap_hardware)
{
	static const enum machine_remap remaps[] = { REMAP_VTD, REMAP_AMDVI };

	for (size_t i = 0; i < sizeof(remaps) / sizeof(remaps[0]); i++) {
		cr_expect_gt(freed_behind(remaps[i], "ipi", false), 1300 * NS);
		cr_expect_lt(freed_behind(remaps[i], "ipi", false), 20 * US);
		cr_expect_eq(freed_behind(remaps[i], "timer", false), 8 * MS);
	}
	cr_expect_eq(freed_behind(REMAP_HYPERV, "ipi", false), 0);
	cr_expect_gt(freed_behind(REMAP_HYPERV, "ipi", true), 100 * US);
}

Test(cleanup, pending_old_vector_is_left_for_another_tick)
{
	struct world *w = with(world_msi, "x86-direct", "timer");
	struct machine *m = &w->machine;
	uint32_t old_cpu = m->desc[0].cpu;

	cr_assert_eq(move_to(w, 2), 0);
	/*
	 * Pending, and as if a higher class were in service, so that it stays so while the CPU runs
	 * timers.
	 */
	m->in_service[(size_t)old_cpu * m->vector_words + 3] |= UINT64_C(1) << 63;
	controller_accept(m, old_cpu, m->desc[0].previous_vector, (struct causes){ 0, 0 }, false);
	world_run(w, 9 * MS);
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 0);
	m->controller->eoi(m, old_cpu);
	cpu_poll(m, old_cpu);
	world_run(w, 4 * MS);
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 0, "a timer that is armed by a tick comes two later");
	world_run(w, 4 * MS);
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 1);
	world_end(w);
}

static void long_section(struct kthread *k, void *argument)
{
	(void)argument;
	k_irq_save(k);
	k_work(k, 10 * MS);
	k_irq_restore(k);
}

Test(cleanup, timer_waits_for_a_cpu_that_has_interrupts_off)
{
	struct world *w = with(world_msi, "x86-direct", "timer");
	uint32_t old_cpu = w->machine.desc[0].cpu;

	cr_assert_eq(move_to(w, 2), 0);
	world_spawn(w, 1, old_cpu, long_section, NULL);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_VECTOR_FREED)->time_ps, 100 * US + 10 * MS);
	world_end(w);
}

Test(cleanup, freed_interrupt_takes_its_timer_along)
{
	struct world *w = with(world_msi, "x86-direct", "timer");
	uint64_t in_use, leaked;

	cr_assert_eq(move_to(w, 2), 0);
	w->machine.root->deactivate(&w->machine, 0);
	world_settle(w);
	w->machine.root->count(&w->machine, &in_use, &leaked);
	cr_expect_eq(in_use, 0);
	cr_expect_eq(leaked, 0);
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 2);
	world_end(w);
}

/* Allocation. */

struct request {
	uint32_t first;
	uint32_t end;
	int result;
};

static void request_body(struct kthread *k, void *argument)
{
	struct request *request = argument;

	request->result = irq_grow(k, 0, request->first, request->end);
}

static void free_body(struct kthread *k, void *argument)
{
	const struct request *request = argument;

	irq_free_vectors(k, 0, request->first, request->end);
}

static struct world *tiny(uint32_t vectors, uint32_t allocated, uint32_t a_cpu)
{
	struct device_config device = world_msix;

	set_vectors(&device, vectors, allocated);
	return world_create(&(struct world_setup){
		.cpus = 2, .devices = &device, .devices_count = 1, .vectors_first = 40,
		.vectors_end = 40 + a_cpu,
		.without_system_vectors = true });
}

static uint64_t in_use(const struct world *w)
{
	uint64_t in_use, leaked;

	w->machine.root->count(&w->machine, &in_use, &leaked);
	cr_expect_eq(leaked, 0);
	return in_use;
}

Test(allocation, runs_out_and_takes_back_what_it_gave)
{
	struct world *w = tiny(8, 2, 3);
	struct request six = { 2, 6, 1 }, seven = { 6, 8, 1 };

	world_spawn(w, 0, 0, request_body, &six);
	world_settle(w);
	cr_assert_eq(six.result, 0);
	cr_expect_eq(in_use(w), 6);
	world_spawn(w, 0, 0, request_body, &seven);
	world_settle(w);
	cr_expect_eq(seven.result, -ENOSPC);
	cr_expect_eq(in_use(w), 6);
	cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], 1);
	for (uint32_t source = 0; source < 8; source++) {
		device_raise(&w->machine, source);
	}
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 6);
	world_end(w);
}

Test(allocation, refusal_leaves_alone_what_was_there_before)
{
	struct world *w = tiny(8, 4, 3);
	struct request all = { 0, 8, 1 };

	world_spawn(w, 0, 0, request_body, &all);
	world_settle(w);
	cr_expect_lt(all.result, 0);
	cr_expect_eq(in_use(w), 4);
	for (uint32_t source = 0; source < 4; source++) {
		cr_expect(w->machine.desc[source].flags & DESC_STARTED);
		device_raise(&w->machine, source);
	}
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 4);
	world_end(w);
}

Test(allocation, freed_vectors_come_back)
{
	struct world *w = tiny(6, 6, 3);
	struct request four = { 0, 4, 1 };

	world_spawn(w, 0, 0, free_body, &four);
	world_settle(w);
	cr_expect_eq(in_use(w), 2);
	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_spawn(w, 0, 0, request_body, &four);
	world_settle(w);
	cr_expect_eq(four.result, 0);
	cr_expect_eq(in_use(w), 6);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1,
		     "what the freed vector kept pending comes at last");
	world_end(w);
}

Test(allocation, message_on_its_way_to_a_freed_vector_is_swallowed_silently)
{
	struct world *w = tiny(1, 1, 3);
	struct request one = { 0, 1, 1 };
	struct machine *m = &w->machine;
	uint32_t cpu = m->desc[0].cpu;

	cpu_irqs_disable(m, cpu);
	device_raise(m, 0);
	world_run(w, 1 * US);
	world_spawn(w, 0, cpu ^ 1, free_body, &one);
	world_run(w, 50 * US);
	cpu_irqs_enable(m, cpu);
	world_settle(w);
	cr_expect_eq(world_count_detail(w, EV_NO_HANDLER, 1), 1);
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS], 0);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_UNASSIGNED], 1);
	world_end(w);
}

Test(allocation, affinity_is_broken_where_its_cpus_are_full)
{
	struct device_config devices[] = { world_msix, world_msix };
	static uint64_t on_cpu_0[] = { 1 };
	struct world *w;

	devices[0].affinity = devices[1].affinity = on_cpu_0;
	w = world_create(&(struct world_setup){
		.cpus = 2, .devices = devices, .devices_count = 2, .vectors_first = 40,
		.vectors_end = 41,
		.without_system_vectors = true });
	cr_expect_eq(w->machine.desc[0].cpu, 0);
	cr_expect_eq(w->machine.desc[1].cpu, 1);
	cr_expect(w->machine.desc[1].flags & DESC_AFFINITY_BROKEN);
	cr_expect_eq(world_count(w, EV_AFFINITY_BROKEN), 1);
	world_end(w);
}

Test(allocation, node_of_the_device_goes_first)
{
	struct device_config device = world_msix;
	struct world *w;

	device.socket = 1;
	w = world_create(&(struct world_setup){
		.cpus = 4, .sockets = 2, .devices = &device, .devices_count = 1 });
	cr_expect_geq(w->machine.desc[0].cpu, 2);
	cr_expect_eq(w->machine.affinity[0], 0xc, "and is all that is left of its affinity");
	world_end(w);
}

/* The affinity was narrowed to the node at startup: leaving the node breaks it. */
Test(allocation, last_cpu_of_the_node_breaks_the_affinity)
{
	struct device_config device = world_msix;
	struct world *w = world_create(&(struct world_setup){
		.cpus = 4, .sockets = 2, .devices = &device, .devices_count = 1 });
	int offline[2] = { 0, 1 };

	for (int cpu = 0; cpu < 2; cpu++) {
		cr_expect_eq(world_count(w, EV_AFFINITY_BROKEN), 0);
		offline[0] = cpu;
		offline[1] = 1;
		world_spawn(w, 0, 3, world_offline_body, offline);
		world_settle(w);
		cr_assert_eq(offline[1], 0);
	}
	cr_expect_geq(w->machine.desc[0].cpu, 2);
	cr_expect_eq(world_count(w, EV_AFFINITY_BROKEN), 1);
	world_end(w);
}

/* A node without CPUs of the affinity changes nothing. */
Test(allocation, affinity_outside_of_the_node_stays)
{
	static uint64_t on_cpus_0_and_1[] = { 3 };
	struct device_config device = world_msix;
	struct world *w;

	device.socket = 1;
	device.affinity = on_cpus_0_and_1;
	w = world_create(&(struct world_setup){ .cpus = 4, .sockets = 2, .devices = &device, .devices_count = 1 });
	cr_expect_lt(w->machine.desc[0].cpu, 2);
	cr_expect_eq(w->machine.affinity[0], 3);
	world_end(w);
}

Test(allocation, managed_vectors_are_set_aside_on_each_cpu_of_their_share)
{
	struct device_config device = world_msix;
	struct vector_matrix_cpu_stats stats;
	struct world *w;

	device.managed = true;
	set_vectors(&device, 2, 2);
	w = with(device, NULL, NULL);
	for (uint32_t cpu = 0; cpu < 4; cpu++) {
		vector_matrix_cpu_stats(w->machine.matrix, cpu, &stats);
		cr_expect_eq(stats.managed, 1);
	}
	cr_expect_eq(w->machine.affinity[0], 0x3);
	cr_expect_eq(w->machine.affinity[1], 0xc);
	world_end(w);
}

Test(allocation, managed_vector_with_cpus_of_its_own_has_them_all)
{
	struct device_config device = world_msix;
	const uint64_t mask = 0x6;
	struct vector_matrix_cpu_stats stats;
	struct world *w;

	device.managed = true;
	device.affinity = &mask;
	set_vectors(&device, 1, 1);
	w = with(device, NULL, NULL);
	for (uint32_t cpu = 0; cpu < 4; cpu++) {
		vector_matrix_cpu_stats(w->machine.matrix, cpu, &stats);
		cr_expect_eq(stats.managed, mask >> cpu & 1);
	}
	cr_expect_eq(w->machine.affinity[0], mask);
	world_end(w);
}

static void reserve_body(struct kthread *k, void *argument)
{
	struct irq_request request = {
		.device = 0, .end = 1, .want = 1, .at_least = 1, .unrequested = true
	};

	*(int *)argument = irq_allocate(k, &request);
}

static void give_handler_body(struct kthread *k, void *argument)
{
	*(int *)argument = irq_request_vectors(k, 0, 0, 1);
}

static void take_handler_body(struct kthread *k, void *argument)
{
	(void)argument;
	irq_unrequest_vectors(k, 0, 0, 1);
}

static void step_of_life(struct world *w, void (*body)(struct kthread *k, void *argument))
{
	int result = 0;

	world_spawn(w, 0, 0, body, &result);
	world_settle(w);
	cr_assert_eq(result, 0);
}

static uint64_t delivered_after_raise(struct world *w)
{
	uint64_t before = w->metrics.counter[METRIC_DELIVERED];

	one_raise(w);
	return w->metrics.counter[METRIC_DELIVERED] - before;
}

static uint32_t reserved_in(const struct world *w)
{
	struct vector_matrix_stats stats;

	vector_matrix_stats(w->machine.matrix, &stats);
	return stats.reserved;
}

/*
 * Allocated, requested, released, asked to go elsewhere, requested: a vector only while there is a
 * handler.
 */
Test(allocation, reserved_vector_waits_for_its_request_and_can_go_back_to_waiting)
{
	struct world *w = tiny(1, 0, 3);
	struct irq_desc *d = &w->machine.desc[0];

	step_of_life(w, reserve_body);
	cr_expect_eq(in_use(w), 0);
	cr_expect_eq(reserved_in(w), 1);
	step_of_life(w, give_handler_body);
	cr_expect_eq(in_use(w), 1);
	cr_expect_eq(reserved_in(w), 0);
	cr_expect_eq(d->cpu, 0);
	cr_expect_eq(delivered_after_raise(w), 1);
	step_of_life(w, take_handler_body);
	cr_expect_eq(in_use(w), 0);
	cr_expect_eq(reserved_in(w), 1);
	cr_expect_eq(move_to(w, 1), 0);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_ASKED], 0, "nothing is moved yet");
	cr_expect_eq(d->cpu, CPU_NONE);
	step_of_life(w, give_handler_body);
	cr_expect_eq(d->cpu, 1);
	cr_expect_eq(delivered_after_raise(w), 1);
	world_end(w);
}

/* What cannot wait has its vector from the allocation on, and keeps it without a handler. */
Test(allocation, unmaskable_vector_does_not_wait)
{
	struct device_config device = world_msi;
	struct world *w;

	device.domain[0].maskable = false;
	device.domain[0].allocated = 0;
	w = with(device, NULL, NULL);
	step_of_life(w, reserve_body);
	cr_expect_eq(in_use(w), 1);
	cr_expect_eq(delivered_after_raise(w), 0);
	step_of_life(w, give_handler_body);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1,
		     "what came before is sent again at startup");
	cr_expect_eq(delivered_after_raise(w), 1);
	step_of_life(w, take_handler_body);
	cr_expect_eq(in_use(w), 1);
	cr_expect_eq(delivered_after_raise(w), 0, "its message is zero");
	step_of_life(w, give_handler_body);
	cr_expect_eq(delivered_after_raise(w), 1);
	world_end(w);
}

/* free_irq() deactivates it, and of what is not active an affinity write only stores the mask: the next request moves it. */
Test(allocation, unmaskable_vector_moves_with_its_next_request)
{
	struct device_config device = world_msi;
	struct world *w;

	device.domain[0].maskable = false;
	w = with(device, NULL, NULL);
	step_of_life(w, take_handler_body);
	cr_expect_eq(move_to(w, 2), 0);
	cr_expect_eq(w->machine.desc[0].cpu, 0);
	cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_ASKED], 0, "nothing is moved yet");
	cr_expect_eq(w->machine.desc[0].flags & DESC_MOVE_PENDING, 0);
	step_of_life(w, give_handler_body);
	cr_expect_eq(w->machine.desc[0].cpu, 2);
	cr_expect_eq(delivered_after_raise(w), 1);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 2);
	world_run(w, 8 * MS);
	cr_expect_eq(in_use(w), 1, "the old vector is cleaned up");
	world_end(w);
}

Test(allocation, managed_vector_without_a_handler_is_not_user_spaces_either)
{
	struct device_config managed = world_msix;
	struct world *w;
	uint64_t affinity;

	managed.managed = true;
	w = with(managed, NULL, NULL);
	affinity = w->machine.affinity[0];
	step_of_life(w, take_handler_body);
	cr_expect_eq(move_to(w, 2), -EIO);
	cr_expect_eq(w->machine.affinity[0], affinity);
	world_end(w);
}

/* Active from its allocation on: only the acknowledge may move it, and the first one comes after the request. */
Test(allocation, unmaskable_vector_before_its_request_has_its_move_pending)
{
	struct device_config device = world_msi;
	struct world *w;

	device.domain[0].maskable = false;
	device.domain[0].allocated = 0;
	w = with(device, "x86-tmp", NULL);
	step_of_life(w, reserve_body);
	cr_expect_eq(move_to(w, 2), 0);
	cr_expect_eq(w->machine.desc[0].cpu, 0);
	cr_expect(w->machine.desc[0].flags & DESC_MOVE_PENDING);
	step_of_life(w, give_handler_body);
	cr_expect_eq(w->machine.desc[0].cpu, 0);
	cr_expect_eq(delivered_after_raise(w), 1);
	cr_expect_eq(w->machine.desc[0].cpu, 2);
	world_end(w);
}

/* PCI MSI has one message for all of its vectors: none can be added while others are in use. */
Test(allocation, multi_msi_does_not_grow)
{
	struct device_config device = world_msi;
	struct request rest = { 2, 4, 1 };
	struct world *w;

	set_vectors(&device, 4, 2);
	w = world_create(&(struct world_setup){
		.devices = &device, .devices_count = 1, .remap = REMAP_VTD });
	world_spawn(w, 0, 0, request_body, &rest);
	world_settle(w);
	cr_expect_lt(rest.result, 0);
	for (uint32_t vector = 0; vector < 2; vector++) {
		device_raise(&w->machine, vector);
	}
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	world_end(w);
}

/* A free that meets a deferred move in the acknowledge waits for the descriptor's lock. */
Test(allocation, msi_that_is_freed_is_off_and_can_be_allocated_again)
{
	struct world *w = with(world_msi, NULL, NULL);
	struct request one = { 0, 1, 1 };

	world_spawn(w, 0, 0, free_body, &one);
	world_settle(w);
	cr_expect_not(irq_device_enabled(&w->machine, 0));
	world_spawn(w, 0, 0, request_body, &one);
	world_settle(w);
	cr_expect_eq(one.result, 0);
	cr_expect(irq_device_enabled(&w->machine, 0));
	cr_expect_eq(delivered_after_raise(w), 1);
	world_end(w);
}

Test(allocation, free_waits_for_a_move_in_the_acknowledge)
{
	for (uint64_t at_ps = 0; at_ps < 20 * US; at_ps += 500 * NS) {
		struct world *w = with(world_msi, "x86-tmp", NULL);
		struct request one = { 0, 1, 1 };

		cr_assert_eq(vector_matrix_assign(w->machine.matrix, 2, w->machine.desc[0].vector),
			     0);
		move_to(w, 2);
		device_raise(&w->machine, 0);
		world_run(w, at_ps);
		world_spawn(w, 0, 3, free_body, &one);
		for (int i = 0; i < 40; i++) {
			world_run(w, 700 * NS);
			device_raise(&w->machine, 0);
		}
		world_settle(w);
		cr_assert_eq(vector_matrix_free(w->machine.matrix, 2, 33, false), 0);
		cr_expect_eq(in_use(w), 0);
		cr_expect_eq(w->machine.raises.live, 0,
			     "nothing waits for an interrupt that is no more");
		world_end(w);
	}
}
