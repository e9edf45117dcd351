// SPDX-License-Identifier: MIT
/*
 * IMSIC files, and the kernel's moves between them. RISC-V Advanced Interrupt Architecture 1.0,
 * chapter 3; Linux 6.10 to 6.16 drivers/irqchip/irq-riscv-imsic-state.c.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include "model_world.h"

#include "models/hw/imsic.h"
#include "models/os/imsic_vector.h"
#include "models/os/root_domain.h"

#define DISK 0   /* source of a device on CPU 0 */
#define EDU 1    /* of one without masking, on CPU 0 too */

static const struct device_config devices[] = {
	{ .domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true,
			.vectors = 1, .allocated = 1 } },
	  .domains = 1, .vectors = 1, .address_64 = true },
	{ .domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } },
	  .domains = 1, .vectors = 1, .address_64 = true },
};

static struct world *with(const char *move, const char *cleanup)
{
	static uint64_t cpu0[1] = { 1 };
	struct device_config placed[2] = { devices[0], devices[1] };

	placed[0].affinity = cpu0;
	placed[1].affinity = cpu0;
	return world_create(&(struct world_setup){
		.arch = ARCH_RISCV, .devices = placed, .devices_count = 2, .move = move,
		.cleanup = cleanup });
}

static struct world *plain(void)
{
	return with(NULL, NULL);
}

/* A message to a file, as a device's would come. */
static void arrive(struct world *w, uint32_t source, uint32_t cpu, uint32_t identity)
{
	w->metrics.counter[METRIC_RAISED]++;
	controller_accept(&w->machine, cpu, identity, raise_new(&w->machine, source), false);
}

static uint32_t topei(const struct world *w, uint32_t cpu)
{
	return imsic_controller.next(&w->machine, cpu);
}

/* The file. */

Test(imsic, message_names_the_page_and_the_identity)
{
	struct world *w = plain();
	struct msi_message message = imsic_controller.compose(&w->machine, 3, 17);
	uint32_t cpu;
	uint32_t identity;

	cr_expect_eq(message.address_lo, IMSIC_ADDRESS_BASE + 3 * 4096);
	cr_expect_eq(message.data, 17);
	cr_assert(imsic_controller.decode(&w->machine, message.address_lo, message.data, &cpu,
					  &identity));
	cr_expect_eq(cpu, 3);
	cr_expect_eq(identity, 17);
	world_end(w);
}

Test(imsic, write_of_what_is_not_implemented_is_ignored)
{
	struct world *w = plain();
	uint64_t page = IMSIC_ADDRESS_BASE + 4096;
	uint32_t cpu;
	uint32_t identity;

	cr_expect_not(imsic_controller.decode(&w->machine, page, 0, &cpu, &identity),
		      "0 is no identity");
	cr_expect(imsic_controller.decode(&w->machine, page, 63, &cpu, &identity));
	cr_expect_not(imsic_controller.decode(&w->machine, page, 64, &cpu, &identity),
		      "63 identities");
	cr_expect_not(imsic_controller.decode(&w->machine, page, UINT32_MAX, &cpu, &identity));
	cr_expect_not(imsic_controller.decode(&w->machine, page + 8, 5, &cpu, &identity),
		      "only seteipnum receives");
	cr_expect_not(imsic_controller.decode(&w->machine, page - 8192, 5, &cpu, &identity));
	page += 3 * 4096;
	cr_expect_not(imsic_controller.decode(&w->machine, page, 5, &cpu, &identity), "4 harts");
	world_end(w);
}

Test(imsic, identities_fill_whole_words)
{
	static const struct {
		uint32_t end, vectors;
	} rows[] = { { 2, 64 }, { 64, 64 }, { 65, 128 }, { 256, 256 }, { 2048, 2048 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_create(&(struct world_setup){
			.arch = ARCH_RISCV, .vectors_end = rows[i].end, .devices = devices,
			.devices_count = 0, .without_system_vectors = true });

		cr_expect_eq(w->machine.vectors, rows[i].vectors);
		cr_expect(imsic_implemented(&w->machine, rows[i].vectors - 1));
		cr_expect_not(imsic_implemented(&w->machine, rows[i].vectors));
		world_end(w);
	}
}

Test(imsic, lowest_identity_that_is_pending_and_enabled_is_next)
{
	struct world *w = plain();

	cpu_irqs_disable(&w->machine, 2);
	arrive(w, DISK, 2, 40);
	arrive(w, DISK, 2, 20);
	arrive(w, DISK, 2, 10);
	cr_expect_eq(topei(w, 2), VECTOR_NONE, "none is enabled");
	imsic_enable(&w->machine, 2, 40, true);
	cr_expect_eq(topei(w, 2), 40);
	imsic_enable(&w->machine, 2, 20, true);
	cr_expect_eq(topei(w, 2), 20);
	imsic_enable(&w->machine, 2, 20, false);
	cr_expect_eq(topei(w, 2), 40);
	world_end(w);
}

Test(imsic, threshold_holds_back_itself_and_what_is_above)
{
	struct world *w = plain();

	cpu_irqs_disable(&w->machine, 2);
	imsic_enable(&w->machine, 2, 20, true);
	arrive(w, DISK, 2, 20);
	imsic_set_threshold(&w->machine, 2, 20);
	cr_expect_eq(topei(w, 2), VECTOR_NONE);
	imsic_set_threshold(&w->machine, 2, 21);
	cr_expect_eq(topei(w, 2), 20);
	imsic_set_threshold(&w->machine, 2, 0);
	cr_expect_eq(topei(w, 2), 20, "0 is no threshold");
	world_end(w);
}

Test(imsic, pending_bit_merges_and_is_cleared_by_the_claim)
{
	struct world *w = plain();
	const struct irq_desc *d = &w->machine.desc[DISK];

	cpu_irqs_disable(&w->machine, d->cpu);
	for (int i = 0; i < 3; i++) {
		device_raise(&w->machine, DISK);
	}
	world_run(w, 1 * US);
	cr_expect_eq(world_count_detail(w, EV_IRR_SET, 1), 2);
	cpu_irqs_enable(&w->machine, d->cpu);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 2);
	cr_expect_not(controller_pending(&w->machine, d->cpu, d->vector));
	world_end(w);
}

Test(imsic, disabled_delivery_keeps_what_arrives)
{
	struct world *w = plain();
	uint32_t cpu = w->machine.desc[DISK].cpu;

	w->machine.cpu[cpu].controller_enabled = 0;
	device_raise(&w->machine, DISK);
	world_run(w, 10 * US);
	cr_expect_eq(world_count(w, EV_LOST), 0);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	w->machine.cpu[cpu].controller_enabled = 1;
	cpu_poll(&w->machine, cpu);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(imsic, identity_is_chosen_after_the_entry_and_not_when_the_trap_is_taken)
{
	struct world *w = plain();
	const struct machine *m = &w->machine;
	uint32_t first = m->desc[DISK].vector < m->desc[EDU].vector ? DISK : EDU;

	device_raise(&w->machine, EDU + DISK - first);
	world_run(w, 500 * NS + m->config->timings.irq_entry_ps / 2);
	cr_assert_eq(m->cpu[0].in_irq, 1);
	arrive(w, first, 0, m->desc[first].vector);
	world_settle(w);
	cr_expect_eq(world_nth(w, EV_HANDLER_START, 0)->event.source, first);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	cr_expect_eq(world_count(w, EV_IRQ_EXIT), 1, "one entry claims both");
	world_end(w);
}

Test(imsic, pending_without_an_owner_is_lost_at_the_end_of_the_run)
{
	struct world *w = plain();
	struct run_metrics metrics;

	arrive(w, EDU, 3, 30);
	device_raise(&w->machine, EDU);
	world_run(w, 10 * US);
	world_end_with(w, &metrics);
	cr_expect_eq(metrics.counter[METRIC_LOST], 1);
	cr_expect_eq(metrics.counter[METRIC_LOST_UNASSIGNED], 1);
	cr_expect_eq(metrics.counter[METRIC_STALE], 1,
		     "the handler that followed had a cause of its own, raised later");
	cr_expect_eq(metrics.counter[METRIC_DELIVERED], 1);
}

/* Moves. */

static int move_in(struct world *w, uint32_t source, uint32_t on, uint32_t cpu)
{
	struct world_move move = { source, cpu, 1 };

	world_spawn(w, 0, on, world_move_body, &move);
	world_run(w, 100 * US);
	cr_assert(world_finished(w, 0));
	return move.result;
}

Test(imsic_move, identity_is_enabled_on_the_new_hart_by_its_timer)
{
	struct world *w = with("imsic-direct", NULL);
	const struct machine *m = &w->machine;
	uint32_t old = m->desc[EDU].vector;

	cr_assert_eq(move_in(w, EDU, 3, 2), 0);
	cr_expect_eq(m->desc[EDU].cpu, 2);
	cr_expect_not(imsic_enabled(m, 2, m->desc[EDU].vector));
	cr_expect(imsic_enabled(m, 0, old));
	device_raise(&w->machine, EDU);
	world_run(w, 100 * US);
	cr_expect(controller_pending(m, 2, m->desc[EDU].vector));
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_settle(w);
	cr_expect(imsic_enabled(m, 2, m->desc[EDU].vector));
	cr_expect_not(imsic_enabled(m, 0, old));
	/*
	 * The new side waits for the old one, whose timer comes at the same instant and may be later
	 * in order: then once more, two ticks later.
	 */
	cr_expect_geq(world_last(w, EV_HANDLER_START)->time_ps, 2 * m->config->timings.jiffy_ps);
	cr_expect_leq(world_last(w, EV_HANDLER_START)->time_ps, 4 * m->config->timings.jiffy_ps + 10 * US);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(imsic_move, hart_that_moves_an_interrupt_to_itself_enables_it_at_once)
{
	struct world *w = with("imsic-direct", NULL);

	cr_assert_eq(move_in(w, EDU, 2, 2), 0);
	cr_expect(imsic_enabled(&w->machine, 2, w->machine.desc[EDU].vector));
	world_settle(w);
	world_end(w);
}

/* Linux 6.10 to 6.14 know no pending moves on RISC-V; the acknowledge of 6.15 carries them out. */
Test(imsic_move, next_one_is_refused_or_left_pending_until_both_harts_are_through)
{
	static const struct {
		const char *move;
		int result;
	} rows[] = { { "imsic-lazy", -EBUSY }, { "imsic-direct", 0 } };

	for (size_t i = 0; i < 2; i++) {
		struct world *w = with(rows[i].move, NULL);
		const struct irq_desc *d = &w->machine.desc[EDU];
		bool refused = rows[i].result;

		cr_assert_eq(move_in(w, EDU, 3, 2), 0);
		cr_expect_eq(move_in(w, EDU, 3, 1), rows[i].result, "%s", rows[i].move);
		cr_expect_eq(w->metrics.counter[METRIC_MIGRATIONS_BUSY], refused, "%s", rows[i].move);
		world_settle(w);
		cr_expect_eq(d->cpu, 2);
		device_raise(&w->machine, EDU);
		world_settle(w);
		cr_expect_eq(d->cpu, refused ? 2 : 1, "%s", rows[i].move);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
		world_end(w);
	}
}

/*
 * The new hart is through at once, because it moves the interrupt to itself; the old one has its
 * record still open.
 */
Test(imsic_move, new_hart_waits_for_the_old_one_since_6_15)
{
	static const struct {
		const char *move;
		uint32_t cpu;
	} rows[] = { { "imsic-lazy", 1 }, { "imsic-direct", 2 } };

	for (size_t i = 0; i < 2; i++) {
		struct world *w = with(rows[i].move, NULL);
		const struct irq_desc *d = &w->machine.desc[EDU];

		cr_assert_eq(move_in(w, EDU, 2, 2), 0);
		cr_expect_eq(move_in(w, EDU, 2, 1), 0);
		cr_expect_eq(d->cpu, rows[i].cpu, "%s", rows[i].move);
		world_settle(w);
		device_raise(&w->machine, EDU);
		world_settle(w);
		cr_expect_eq(d->cpu, 1, "%s", rows[i].move);
		world_end(w);
	}
}

Test(imsic_move, old_hart_forwards_what_is_pending_under_the_old_identity)
{
	struct world *w = with("imsic-direct", NULL);
	const struct machine *m = &w->machine;

	cpu_irqs_disable(&w->machine, 0);
	device_raise(&w->machine, EDU);
	world_run(w, 1 * US);
	cr_assert_eq(move_in(w, EDU, 3, 2), 0);
	cpu_irqs_enable(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	/* Linux 6.15 synchronises at the entry, before it claims: hart 0 takes nothing. */
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, m->desc[EDU].cpu);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1);
	world_end(w);
}

Test(imsic_move, old_vector_is_given_back)
{
	struct world *w = with("imsic-direct", NULL);
	uint64_t in_use;
	uint64_t leaked;

	for (uint32_t i = 1; i < 20; i++) {
		cr_assert_eq(move_in(w, EDU, 3, i % 3), 0);
		world_settle(w);
	}
	w->machine.root->count(&w->machine, &in_use, &leaked);
	cr_expect_eq(in_use, 2);
	cr_expect_eq(leaked, 0);
	world_end(w);
}

/*
 * What a temporary message left on the old hart, where its identity is the disk's there and where
 * it is nobody's.
 */
static void temporary(bool disk_has_it, bool disk_raised)
{
	struct world *w = with("imsic-tmp", NULL);
	struct machine *m = &w->machine;
	uint64_t both[1] = { 5 };
	uint32_t identity;

	/* An empty hart gives edu its lowest identity, which the disk has on hart 0. */
	if (!disk_has_it) {
		cr_assert_eq(move_in(w, DISK, 3, 1), 0);
		device_raise(m, DISK);
		world_settle(w);
		world_forget(w);
	}
	identity = disk_has_it ? m->desc[DISK].vector : 2;
	cr_assert_eq(identity, 2);
	m->desc[EDU].flags |= DESC_MOVE_PENDING;
	m->pending_affinity[EDU * m->cpu_words] = both[0] & 4;
	/*
	 * The acknowledge begins; while it writes the message, the device sends by the temporary
	 * one.
	 */
	device_raise(m, EDU);
	while (m->entry[EDU].data != identity) {
		world_run(w, 10 * NS);
	}
	cr_assert_eq(m->entry[EDU].address_lo, IMSIC_ADDRESS_BASE);
	if (disk_raised) {
		arrive(w, DISK, 0, identity);
	}
	device_raise(m, EDU);
	world_settle(w);
	cr_expect_eq(m->desc[EDU].cpu, 2);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED] + w->metrics.counter[METRIC_DELIVERED],
		     w->metrics.counter[METRIC_RAISED]);
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_DUPLICATE], disk_has_it && !disk_raised);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.source, EDU);
	world_end(w);
}

Test(imsic_move, temporary_message_is_forwarded)
{
	temporary(false, false);
}

Test(imsic_move, temporary_message_under_another_interrupts_identity_is_raised_for_both)
{
	temporary(true, false);
	temporary(true, true);
}

Test(imsic_move, message_torn_by_a_direct_write_stays_where_nobody_looks)
{
	struct world *w = with("imsic-direct", NULL);
	struct machine *m = &w->machine;
	struct world_move move = { EDU, 2, 1 };
	uint32_t old = m->desc[EDU].vector;

	world_spawn(w, 0, 3, world_move_body, &move);
	while (m->entry[EDU].address_lo == IMSIC_ADDRESS_BASE) {
		world_run(w, 10 * NS);
	}
	cr_assert_eq(m->entry[EDU].data, old);
	device_raise(m, EDU);
	world_settle(w);
	cr_expect(controller_pending(m, 2, old));
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_end(w);
}

Test(imsic_move, timer_on_the_wrong_cpu_leaves_the_new_hart_alone)
{
	struct world *w = with("imsic-direct", "sync-timer-wrong-cpu");
	const struct machine *m = &w->machine;

	cr_assert_eq(move_in(w, EDU, 3, 2), 0);
	device_raise(&w->machine, EDU);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	cr_expect_not(imsic_enabled(m, 2, m->desc[EDU].vector));
	/* Until hart 0, and then hart 2, take something else. */
	device_raise(&w->machine, DISK);
	world_settle(w);
	imsic_enable(&w->machine, 2, 50, true);
	arrive(w, DISK, 2, 50);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.source, EDU);
	world_end(w);
}

Test(imsic_move, before_6_15_an_interrupt_while_the_handler_runs_elsewhere_is_dropped)
{
	static const struct {
		const char *move;
		uint64_t lost, runs;
	} rows[] = { { "imsic-lazy", 1, 1 }, { "imsic-direct", 0, 2 } };

	for (size_t i = 0; i < 2; i++) {
		struct world *w = with(rows[i].move, NULL);
		struct machine *m = &w->machine;

		device_raise(m, EDU);
		world_run(w, 1500 * NS);
		cr_assert(m->desc[EDU].flags & DESC_IN_PROGRESS);
		m->vector_irq[2 * m->vectors + 33] = EDU;
		imsic_enable(m, 2, 33, true);
		arrive(w, EDU, 2, 33);
		world_settle(w);
		cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], rows[i].lost);
		cr_expect_eq(world_count(w, EV_HANDLER_START), rows[i].runs);
		m->vector_irq[2 * m->vectors + 33] = VECTOR_UNUSED;
		world_end(w);
	}
}

/*
 * Loss of a direct write, over uniform times of a raise: the window between the two writes over the
 * time between raises.
 */
Test(imsic_move, direct_write_loses_rate_times_window)
{
	const uint64_t period_ps = 20 * US;
	uint64_t window_ps = 0;
	uint32_t torn = 0;
	uint32_t tried = 0;

	for (uint64_t at_ps = 0; at_ps < period_ps; at_ps += 100 * NS, tried++) {
		struct world *w = with("imsic-direct", NULL);
		struct world_move move = { EDU, 2, 1 };

		/*
		 * Address low, high, data: two configuration writes lie between the first and the
		 * last.
		 */
		window_ps = 2 * w->config.timings.cfg_pair_ps;
		world_spawn(w, 0, 3, world_move_body, &move);
		world_run(w, at_ps + 50 * NS);
		device_raise(&w->machine, EDU);
		world_settle(w);
		torn += world_count(w, EV_HANDLER_START) == 0;
		world_end(w);
	}
	cr_expect_eq(torn, tried * window_ps / period_ps);
}

/* CPU offline. */

Test(imsic_offline, file_of_a_hart_off_line_keeps_what_is_pending_until_it_is_back)
{
	struct world *w = with("imsic-tmp", NULL);
	struct machine *m = &w->machine;
	int place[2] = { 0, 1 };
	uint32_t old = m->desc[EDU].vector;

	world_spawn(w, 0, 3, world_offline_body, place);
	/* The dying hart has its interrupts off and has not moved this one yet. */
	while (cpu_is_online(m, 0)) {
		world_run(w, 10 * NS);
	}
	arrive(w, EDU, 0, old);
	world_run(w, 50 * MS);
	cr_assert(world_finished(w, 0));
	cr_expect_neq(m->desc[EDU].cpu, 0);
	cr_expect(controller_pending(m, 0, old));
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_spawn(w, 0, 3, world_online_body, place);
	world_run(w, 50 * MS);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1);
	cr_expect_not(imsic_enabled(m, 0, old));
	world_end(w);
}
