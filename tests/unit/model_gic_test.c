// SPDX-License-Identifier: MIT
/*
 * The GIC and its ITS by hand: pending bits, priorities, active states, commands, and the fasteoi
 * flow over them.
 */
#include <criterion/criterion.h>

#include "model_world.h"
#include "models/hw/controller.h"
#include "models/os/its_domain.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_flow.h"
#include "models/os/irq_manage.h"
#include "models/os/root_domain.h"

static const struct device_config one_msix = {
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 4,
			.allocated = 4 } },
	.domains = 1, .intx = true, .vectors = 4
};

static struct world *its_world(const char *move)
{
	return world_create(&(struct world_setup){
		.arch = ARCH_ARM, .remap = REMAP_ITS, .move = move, .devices = &one_msix,
		.devices_count = 1 });
}

static struct world *spi_world(const char *move)
{
	return world_create(&(struct world_setup){
		.arch = ARCH_ARM, .remap = REMAP_V2M, .move = move, .devices = &one_msix,
		.devices_count = 1 });
}

static uint32_t vector_of(const struct world *w, uint32_t source)
{
	return w->machine.desc[source].vector;
}

static void command_body(struct kthread *k, void *command)
{
	k_its_command(k, command);
}

static void run_command(struct world *w, struct its_command command)
{
	world_spawn(w, 0, 3, command_body, &command);
	world_settle(w);
	cr_assert(world_finished(w, 0));
}

static void move(struct world *w, uint32_t source, uint32_t cpu)
{
	struct world_move asked = { .source = source, .cpu = cpu };

	world_spawn(w, 0, 3, world_move_body, &asked);
	world_settle(w);
	cr_assert(world_finished(w, 0));
	cr_assert_eq(asked.result, 0);
}

Test(gic, numbers_are_the_machines)
{
	struct world *w = its_world(NULL);

	for (uint32_t source = 0; source < 4; source++) {
		cr_expect_eq(vector_of(w, source), 8192 + source);
		/* The fewest LPIs first: one CPU each. */
		cr_expect_eq(w->machine.desc[source].cpu, source);
	}
	move(w, 0, 2);
	cr_expect_eq(vector_of(w, 0), 8192, "the number stays");
	cr_expect_eq(w->machine.desc[0].previous_vector, 0, "and there is no old one");
	world_end(w);
}

Test(gic, lowest_number_of_the_highest_priority_goes_first)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;

	cpu_irqs_disable(m, 0);
	controller_accept(m, 0, 8194, (struct causes){ 0, 0 }, false);
	controller_accept(m, 0, 8193, (struct causes){ 0, 0 }, false);
	cr_expect_eq(m->controller->next(m, 0), 8193);
	gic_configure(m, 8194, 0, 0x80 | GIC_ENABLED);
	cr_expect_eq(m->controller->next(m, 0), 8194, "a lower value is a higher priority");
	gic_configure(m, 8194, 0, 0x80);
	cr_expect_eq(m->controller->next(m, 0), 8193, "disabled: pending, but not taken");
	cr_expect(controller_pending(m, 0, 8194));
	controller_withdraw(m, 0, 8193);
	controller_withdraw(m, 0, 8194);
	cr_expect_eq(m->controller->next(m, 0), VECTOR_NONE);
	cpu_irqs_enable(m, 0);
	world_end(w);
}

Test(gic, an_lpi_has_no_active_state)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;
	bool by_software;

	cpu_irqs_disable(m, 0);
	cpu_irqs_disable(m, 1);
	controller_accept(m, 0, 8192, (struct causes){ 0, 0 }, false);
	controller_take(m, 0, 8192, &by_software);
	controller_accept(m, 1, 8192, (struct causes){ 0, 0 }, false);
	cr_expect_eq(m->controller->next(m, 1), 8192);
	controller_withdraw(m, 1, 8192);
	cpu_irqs_enable(m, 0);
	cpu_irqs_enable(m, 1);
	world_end(w);
}

Test(gic, an_active_spi_is_taken_nowhere_until_its_end)
{
	struct world *w = spi_world(NULL);
	struct machine *m = &w->machine;
	uint32_t spi = vector_of(w, 0);
	uint32_t cpu = m->desc[0].cpu;
	uint32_t other = cpu + 1;
	bool by_software;

	cpu_irqs_disable(m, cpu);
	cpu_irqs_disable(m, other);
	controller_accept(m, cpu, spi, (struct causes){ 0, 0 }, false);
	controller_take(m, cpu, spi, &by_software);
	m->cpu[cpu].vector = spi;
	controller_accept(m, cpu, spi, (struct causes){ 0, 0 }, false);
	cr_expect_eq(m->controller->next(m, cpu), VECTOR_NONE, "active and pending");
	gic_route(m, spi, other);
	cr_expect_not(controller_pending(m, cpu, spi), "what is pending follows the route");
	cr_expect(controller_pending(m, other, spi));
	cr_expect_eq(m->controller->next(m, other), VECTOR_NONE, "what is active does not");
	m->controller->eoi(m, cpu);
	cr_expect_eq(m->controller->next(m, other), spi);
	m->cpu[cpu].vector = 0;
	controller_withdraw(m, other, spi);
	cpu_irqs_enable(m, cpu);
	cpu_irqs_enable(m, other);
	world_end(w);
}

Test(gic, an_spi_that_comes_while_it_is_active_is_handled_after_the_move)
{
	struct world *w = spi_world("v2m");

	w->devices[0].handler_ps = 20 * US;
	device_raise(&w->machine, 1);
	world_run(w, 2 * US);
	cr_assert_eq(world_count(w, EV_HANDLER_START), 1);
	device_raise(&w->machine, 1);
	move(w, 1, 2);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 2);
	cr_expect_geq(world_last(w, EV_IRQ_TAKEN)->time_ps,
		      world_nth(w, EV_HANDLER_END, 0)->time_ps);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	world_end(w);
}

Test(gic, a_disabled_spi_waits_in_the_distributor)
{
	struct world *w = spi_world("mbi");
	struct machine *m = &w->machine;
	uint32_t spi = vector_of(w, 1);

	gic_configure(m, spi, 1, GIC_PRIORITY_DEFAULT);
	device_raise(m, 1);
	device_raise(m, 1);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_IRQ_TAKEN), 0);
	gic_route(m, spi, 2);
	gic_configure(m, spi, 2, GIC_PRIORITY_DEFAULT | GIC_ENABLED);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 2);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 1);
	world_end(w);
}

Test(gic, moves_of_spis_leave_message_and_number_alone)
{
	static const char *const moves[] = { "v2m", "mbi" };

	for (uint32_t i = 0; i < 2; i++) {
		struct world *w = spi_world(moves[i]);
		const struct msi_entry before = w->machine.entry[0];

		cr_expect_eq(before.address_lo, 0x08020040);
		cr_expect_eq(before.data, vector_of(w, 0));
		move(w, 0, 3);
		cr_expect_eq(world_count(w, EV_WRITE), 0, "nothing is written to the device");
		cr_expect_eq(w->machine.gic.route[0], 3);
		cr_expect(w->machine.gic.config[0] & GIC_ENABLED);
		world_end(w);
	}
}

Test(gic, a_message_that_names_no_spi_of_the_frame_is_dropped)
{
	struct world *w = spi_world(NULL);
	struct machine *m = &w->machine;

	device_write(m, 0, 0, REG_DATA, 31);
	device_raise(m, 0);
	device_write(m, 0, 1, REG_DATA, 4711);
	device_raise(m, 1);
	device_write(m, 0, 2, REG_ADDRESS_LO, 0);
	device_raise(m, 2);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 3);
	cr_expect_eq(world_count(w, EV_IRR_SET), 0);
	world_end(w);
}

Test(gic, pci_msi_gets_an_aligned_block_of_spis)
{
	static const struct device_config devices[] = {
		{ .domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true,
			.vectors = 3, .allocated = 3 } },
		  .domains = 1, .vectors = 3 },
		{ .domain = { { .kind = DEVICE_MSI, .vectors = 4, .allocated = 4 } }, .domains = 1,
			.vectors = 4 },
		{ .domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true,
			.vectors = 2, .allocated = 2 } },
		  .domains = 1, .vectors = 2 },
	};
	struct world *w = world_create(&(struct world_setup){
		.arch = ARCH_ARM, .remap = REMAP_V2M, .vectors_first = 33, .devices = devices,
		.devices_count = 3 });

	/* 33 to 35, then 36 to 39, which is aligned, then the lowest that are left. */
	cr_expect_eq(vector_of(w, 2), 35);
	for (uint32_t index = 0; index < 4; index++) {
		cr_expect_eq(vector_of(w, 3 + index), 36 + index);
		device_raise(&w->machine, 3 + index);
	}
	cr_expect_eq(vector_of(w, 7), 40);
	world_settle(w);
	for (uint32_t index = 0; index < 4; index++) {
		cr_expect_eq(world_nth(w, EV_MESSAGE, index)->event.value, 36 + index);
	}
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 4);
	world_end(w);
}

Test(its, translates_device_and_event)
{
	struct world *w = its_world(NULL);

	device_raise(&w->machine, 2);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, 0x08090040);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, 2, "the EventID");
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.value, 8194);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.cpu, 2);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(its, messages_merge_into_a_pending_lpi)
{
	struct world *w = its_world(NULL);

	cpu_irqs_disable(&w->machine, 1);
	for (uint32_t i = 0; i < 3; i++) {
		device_raise(&w->machine, 1);
	}
	world_settle(w);
	cr_expect_eq(world_count_detail(w, EV_IRR_SET, 1), 2);
	cpu_irqs_enable(&w->machine, 1);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 2);
	world_end(w);
}

Test(its, drops_what_is_not_mapped)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;

	/* An event beyond the ITT, and a message to somewhere else. */
	device_write(m, 0, 0, REG_DATA, 77);
	device_raise(m, 0);
	device_write(m, 0, 1, REG_ADDRESS_LO, 0);
	device_raise(m, 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 2);
	run_command(w, (struct its_command){ .kind = ITS_MAPC, .collection = 2, .valid = false });
	device_raise(m, 2);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 3,
		     "a collection without a redistributor");
	run_command(w, (struct its_command){ .kind = ITS_MAPD, .device = 0, .valid = false });
	world_settle(w);
	device_raise(m, 3);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 4, "a device without an ITT");
	world_end(w);
}

Test(its, movi_takes_what_is_pending_along)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;

	cpu_irqs_disable(m, 0);
	device_raise(m, 0);
	world_settle(w);
	cr_assert(controller_pending(m, 0, 8192));
	move(w, 0, 2);
	cr_expect_not(controller_pending(m, 0, 8192));
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 2);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	cpu_irqs_enable(m, 0);
	world_end(w);
}

Test(its, movi_merges_into_what_is_pending_at_the_target)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;

	cpu_irqs_disable(m, 0);
	cpu_irqs_disable(m, 2);
	device_raise(m, 0);
	world_settle(w);
	controller_accept(m, 2, 8192, (struct causes){ 0, 0 }, false);
	move(w, 0, 2);
	cpu_irqs_enable(m, 2);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cpu_irqs_enable(m, 0);
	world_end(w);
}

Test(its, the_present_cpu_costs_no_command)
{
	struct world *w = its_world(NULL);

	move(w, 1, 1);
	cr_expect_eq(world_count(w, EV_COMMAND), 0);
	move(w, 1, 2);
	/* MOVI and SYNC, issued and done. */
	cr_expect_eq(world_count_detail(w, EV_COMMAND, 0), 2);
	cr_expect_eq(world_count_detail(w, EV_COMMAND, 1), 2);
	cr_expect_str_eq(world_nth(w, EV_COMMAND, 0)->event.text, "MOVI");
	cr_expect_str_eq(world_nth(w, EV_COMMAND, 1)->event.text, "SYNC");
	cr_expect_eq(world_last(w, EV_COMMAND)->time_ps - world_nth(w, EV_COMMAND, 0)->time_ps,
		     w->config.timings.its_command_ps + w->config.timings.its_sync_ps);
	world_end(w);
}

Test(its, commands_wait_for_those_before_them)
{
	struct world *w = its_world(NULL);
	struct its_command inv = { .kind = ITS_INV, .device = 0, .event = 0 };

	world_spawn(w, 0, 2, command_body, &inv);
	world_spawn(w, 1, 3, command_body, &inv);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_COMMAND)->time_ps - world_nth(w, EV_COMMAND, 0)->time_ps,
		     2 * (w->config.timings.its_command_ps + w->config.timings.its_sync_ps));
	cr_expect_eq(w->machine.its.queue->outstanding, 0);
	cr_expect_eq(w->machine.its.queue->busy_ps, 0);
	world_end(w);
}

Test(its, a_property_is_seen_after_inv)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;
	struct its_command inv = { .kind = ITS_INV, .device = 0, .event = 1 };

	m->gic.property[1] = GIC_PRIORITY_DEFAULT;
	device_raise(m, 1);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1, "not yet");
	run_command(w, inv);
	device_raise(m, 1);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect(controller_pending(m, 1, 8193), "disabled, it stays pending");
	m->gic.property[1] = GIC_PRIORITY_DEFAULT | GIC_ENABLED;
	run_command(w, inv);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	world_end(w);
}

Test(its, discard_drops_what_is_pending)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;

	cpu_irqs_disable(m, 1);
	device_raise(m, 1);
	world_settle(w);
	run_command(w, (struct its_command){ .kind = ITS_DISCARD, .device = 0, .event = 1 });
	cr_expect_not(controller_pending(m, 1, 8193));
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 1);
	device_raise(m, 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 2);
	cpu_irqs_enable(m, 1);
	world_end(w);
}

Test(its, int_is_as_good_as_a_message)
{
	struct world *w = its_world(NULL);

	run_command(w, (struct its_command){ .kind = ITS_INT, .device = 0, .event = 3 });
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 3);
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_DUPLICATE], 1);
	world_end(w);
}

/* The race of 9c15eeb5362c, to the picosecond: raise, handler runs, move, raise, still running. */
static struct world *lpi_in_progress(const char *move_name)
{
	struct world *w = its_world(move_name);
	struct world_move asked = { .source = 1, .cpu = 2 };

	w->devices[0].handler_ps = 20 * US;
	device_raise(&w->machine, 1);
	world_run(w, 3 * US);
	cr_assert_eq(world_count(w, EV_HANDLER_START), 1);
	world_spawn(w, 0, 3, world_move_body, &asked);
	world_run(w, 8 * US);
	cr_assert(world_finished(w, 0));
	device_raise(&w->machine, 1);
	world_run(w, 5 * US);
	cr_assert_eq(world_count(w, EV_IRQ_TAKEN), 2, "the new CPU has taken it");
	cr_assert_eq(world_count(w, EV_HANDLER_END), 0, "and the old one has not ended");
	world_settle(w);
	return w;
}

Test(its, an_lpi_in_progress_elsewhere_is_dropped_without_resend)
{
	struct world *w = lpi_in_progress("its-no-resend");

	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(world_last(w, EV_LOST)->event.detail, LOSS_DROPPED);
	cr_expect_eq(world_last(w, EV_LOST)->event.cpu, 2);
	world_end(w);
}

Test(its, an_lpi_in_progress_elsewhere_is_sent_again)
{
	struct world *w = lpi_in_progress("its-movi");

	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 2);
	cr_expect_gt(world_last(w, EV_RETRIGGER)->time_ps,
		     world_nth(w, EV_HANDLER_END, 0)->time_ps);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	world_end(w);
}

Test(its, the_handlers_end_waits_for_the_descriptors_lock)
{
	struct world *w = its_world("its-movi");
	struct machine *m = &w->machine;

	device_raise(m, 1);
	world_run(w, 2 * US);
	cr_assert_eq(world_count(w, EV_HANDLER_START), 1);
	m->desc[1].lock = 1;
	world_run(w, 50 * US);
	cr_expect_eq(world_count(w, EV_HANDLER_END), 1);
	cr_expect(m->desc[1].flags & DESC_IN_PROGRESS);
	m->desc[1].lock = 0;
	irq_desc_unlocked(m, 1);
	world_settle(w);
	cr_expect_not(m->desc[1].flags & DESC_IN_PROGRESS);
	cr_expect_not(m->cpu[1].in_irq);
	world_end(w);
}

static void free_body(struct kthread *k, void *end)
{
	irq_free_vectors(k, 0, 0, *(uint32_t *)end);
}

static void grow_body(struct kthread *k, void *error)
{
	*(int *)error = irq_grow(k, 0, 0, 4);
}

Test(its, vectors_are_unmapped_when_freed_and_mapped_again)
{
	struct world *w = its_world(NULL);
	struct machine *m = &w->machine;
	uint32_t end = 3;
	int error = 1;

	world_spawn(w, 0, 3, free_body, &end);
	world_settle(w);
	cr_assert(world_finished(w, 0));
	cr_expect_not(m->its.entry[2].valid);
	cr_expect(m->its.device[0].valid, "one event is left");
	cr_expect_eq(m->vector_irq[0], VECTOR_UNUSED);
	cr_expect_eq(m->gic.load[0], 0);
	end = 4;
	world_spawn(w, 0, 3, free_body, &end);
	world_settle(w);
	cr_expect_not(m->its.device[0].valid, "with the last event its ITT goes");
	world_spawn(w, 0, 3, grow_body, &error);
	world_settle(w);
	cr_assert(world_finished(w, 0));
	cr_assert_eq(error, 0);
	for (uint32_t source = 0; source < 4; source++) {
		device_raise(m, source);
	}
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 4);
	world_end(w);
}

Test(its, an_lpi_prefers_the_node_of_its_device)
{
	struct device_config far = one_msix;
	struct world *w;
	uint64_t mask = 0x3;
	uint32_t cpu;

	far.socket = 1;
	w = world_create(&(struct world_setup){
		.arch = ARCH_ARM, .remap = REMAP_ITS, .sockets = 2, .devices = &far,
		.devices_count = 1 });
	for (uint32_t source = 0; source < 4; source++) {
		cr_expect_geq(w->machine.desc[source].cpu, 2);
	}
	cr_expect_eq(w->machine.root->assign(&w->machine, 0, &mask, false), 1);
	cpu = w->machine.desc[0].cpu;
	cr_expect_eq(cpu, 0, "none of the node is in the mask");
	mask = 0xf;
	cr_expect_eq(w->machine.root->assign(&w->machine, 0, &mask, false), 1);
	cr_expect_geq(w->machine.desc[0].cpu, 2);
	world_end(w);
}

Test(its, cpu_offline_takes_pending_lpis_along)
{
	struct world *w = its_world(NULL);
	int asked[2] = { 1, 1 };

	cpu_irqs_disable(&w->machine, 1);
	device_raise(&w->machine, 1);
	world_settle(w);
	world_spawn(w, 0, 1, world_offline_body, asked);
	cpu_irqs_enable(&w->machine, 1);
	cpu_irqs_disable(&w->machine, 1);
	world_run(w, 19 * MS);
	cpu_irqs_enable(&w->machine, 1);
	device_raise(&w->machine, 1);
	world_settle(w);
	cr_assert_eq(asked[1], 0);
	cr_expect_neq(w->machine.desc[1].cpu, 1);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	asked[1] = 1;
	world_spawn(w, 0, 0, world_online_body, asked);
	world_settle(w);
	cr_expect_eq(asked[1], 0);
	move(w, 1, 1);
	device_raise(&w->machine, 1);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 1);
	world_end(w);
}
