// SPDX-License-Identifier: MIT
/* The local APIC and the CPU behind it. SDM volume 3, chapter 11. */
#include <criterion/criterion.h>

#include "model_world.h"

#include "models/hw/lapic.h"

static const struct device_config plain = {
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 40, .allocated = 40 } },
	.domains = 1, .vectors = 40, .address_64 = true
};

static struct world *one_cpu(void)
{
	return world_create(&(struct world_setup){ .cpus = 1, .devices = &plain, .devices_count = 1 });
}

/* The source whose vector on CPU 0 is the lowest one of that priority class or above. */
static uint32_t source_of_class(const struct world *w, uint32_t class)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t source = 0; source < w->machine.sources_count; source++) {
		uint32_t vector = w->machine.desc[source].vector;

		if (vector >> 4 >= class && (best == UINT32_MAX || vector < w->machine.desc[best].vector)) {
			best = source;
		}
	}
	cr_assert_neq(best, UINT32_MAX);
	return best;
}

static void arrive(struct world *w, uint32_t source)
{
	device_raise(&w->machine, source);
}

Test(lapic, second_message_merges_into_a_set_request)
{
	struct world *w = one_cpu();

	cpu_irqs_disable(&w->machine, 0);
	arrive(w, 0);
	arrive(w, 0);
	arrive(w, 0);
	world_run(w, 1 * US);
	cr_expect_eq(world_count_detail(w, EV_IRR_SET, 0), 1);
	cr_expect_eq(world_count_detail(w, EV_IRR_SET, 1), 2);
	cpu_irqs_enable(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 2);
	world_end(w);
}

Test(lapic, one_more_pends_while_one_is_in_service)
{
	struct world *w = one_cpu();

	arrive(w, 0);
	world_run(w, 600 * NS);
	cr_assert_eq(world_count(w, EV_IRQ_TAKEN), 1);
	for (int i = 0; i < 3; i++) {
		arrive(w, 0);
	}
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 2);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 2);
	world_end(w);
}

Test(lapic, higher_vector_goes_first)
{
	struct world *w = one_cpu();
	uint32_t low = source_of_class(w, 2);
	uint32_t high = source_of_class(w, 4);

	cpu_irqs_disable(&w->machine, 0);
	arrive(w, low);
	world_run(w, 1 * US);
	arrive(w, high);
	world_run(w, 1 * US);
	cpu_irqs_enable(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_nth(w, EV_HANDLER_START, 0)->event.source, high);
	cr_expect_eq(world_nth(w, EV_HANDLER_START, 1)->event.source, low);
	world_end(w);
}

Test(lapic, only_a_higher_class_is_deliverable_over_one_in_service)
{
	struct world *w = one_cpu();
	struct machine *m = &w->machine;
	bool by_software;

	cpu_irqs_disable(m, 0);
	controller_accept(m, 0, 0x41, (struct causes){ 0, 0 }, false);
	cr_expect_eq(m->controller->next(m, 0), 0x41);
	controller_take(m, 0, 0x41, &by_software);
	cr_expect_not(by_software);
	controller_accept(m, 0, 0x4f, (struct causes){ 0, 0 }, false);
	cr_expect_eq(m->controller->next(m, 0), VECTOR_NONE, "the same class, higher vector");
	controller_accept(m, 0, 0x50, (struct causes){ 0, 0 }, false);
	cr_expect_eq(m->controller->next(m, 0), 0x50);
	controller_take(m, 0, 0x50, &by_software);
	cr_expect_eq(m->controller->next(m, 0), VECTOR_NONE);
	m->controller->eoi(m, 0);
	cr_expect_eq(m->controller->next(m, 0), VECTOR_NONE, "0x41 is still in service");
	m->controller->eoi(m, 0);
	cr_expect_eq(m->controller->next(m, 0), 0x4f, "EOI ended the highest one first");
	controller_withdraw(m, 0, 0x4f);
	cr_expect_eq(m->controller->next(m, 0), VECTOR_NONE);
	world_end(w);
}

Test(lapic, software_disable_keeps_requests_and_loses_arrivals)
{
	struct world *w = one_cpu();
	struct machine *m = &w->machine;

	cpu_irqs_disable(m, 0);
	arrive(w, 0);
	world_run(w, 1 * US);
	m->cpu[0].controller_enabled = 0;
	arrive(w, 1);
	world_run(w, 1 * US);
	cr_expect(controller_pending(m, 0, m->desc[0].vector));
	cr_expect_not(controller_pending(m, 0, m->desc[1].vector));
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], 1);
	cpu_irqs_enable(m, 0);
	world_run(w, 1 * US);
	cr_expect_eq(world_count(w, EV_IRQ_TAKEN), 0);
	m->cpu[0].controller_enabled = 1;
	cpu_poll(m, 0);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(lapic, vector_that_nobody_owns_is_logged)
{
	struct world *w = one_cpu();

	controller_accept(&w->machine, 0, 200, (struct causes){ 0, 0 }, false);
	world_settle(w);
	cr_expect_eq(world_count_detail(w, EV_NO_HANDLER, 0), 1);
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_UNHANDLED], 1);
	/* It was acknowledged: the next interrupt of any class is taken. */
	arrive(w, 0);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(lapic, marked_slots_swallow_one_interrupt_silently)
{
	static const uint32_t marks[] = { VECTOR_SHUTDOWN, VECTOR_RETRIGGERED };

	for (size_t i = 0; i < 2; i++) {
		struct world *w = one_cpu();

		w->machine.vector_irq[200] = marks[i];
		controller_accept(&w->machine, 0, 200, (struct causes){ 0, 0 }, false);
		world_settle(w);
		cr_expect_eq(world_count_detail(w, EV_NO_HANDLER, 1), 1);
		cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS], 0);
		controller_accept(&w->machine, 0, 200, (struct causes){ 0, 0 }, false);
		world_settle(w);
		cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_UNHANDLED], 1, "the second one is logged");
		world_end(w);
	}
}

static uint32_t target(const struct machine *m, uint64_t address)
{
	uint32_t cpu;
	uint32_t vector;

	return lapic_controller.decode(m, address, 0x41, &cpu, &vector) ? cpu : VECTOR_NONE;
}

Test(lapic, address_names_its_cpu_in_both_modes)
{
	static const uint32_t sizes[] = { 1, 8, 9, 256, 300, 1024 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct machine_config config = { .cpus = sizes[i] };
		struct machine m = { .config = &config };

		for (uint32_t cpu = 0; cpu < sizes[i]; cpu++) {
			struct msi_message message = lapic_controller.compose(&m, cpu, 0x41);

			cr_assert_eq(target(&m, message.address_lo), cpu);
			cr_assert_eq(message.address_lo >> 20, 0xfee);
			cr_assert_eq(message.data, 0x41);
		}
		cr_expect_eq(target(&m, 0), VECTOR_NONE);
		cr_expect_eq(target(&m, UINT64_C(0x1fee01000)), VECTOR_NONE);
	}
	struct machine_config config = { .cpus = 9 };
	struct machine m = { .config = &config };
	cr_expect_eq(target(&m, 0xfee00000 | 9 << 12), VECTOR_NONE, "no such CPU");
}

Test(cpu, interrupt_takes_its_entry_and_its_handler)
{
	struct world *w = one_cpu();

	arrive(w, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRQ_TAKEN)->time_ps, 500 * NS);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->time_ps, 1200 * NS);
	cr_expect_eq(world_last(w, EV_HANDLER_END)->time_ps, 3200 * NS);
	cr_expect_eq(world_last(w, EV_IRQ_EXIT)->event.address, 2700 * NS);
	cr_expect_eq(w->metrics.counter[METRIC_CPU_IRQ_TIME], 2700 * NS);
	world_end(w);
}

static void work_body(struct kthread *k, void *end_ps)
{
	k_work(k, 10 * US);
	*(uint64_t *)end_ps = k->machine->now_ps;
}

Test(cpu, interrupts_take_their_time_from_the_thread)
{
	struct world *w = one_cpu();
	uint64_t end_ps = 0;

	world_spawn(w, 0, 0, work_body, &end_ps);
	arrive(w, 0);
	world_run(w, 5 * US);
	arrive(w, 1);
	world_settle(w);
	cr_expect_eq(end_ps, 10 * US + 2 * 2700 * NS);
	world_end(w);
}

static void section_body(struct kthread *k, void *argument)
{
	(void)argument;
	k_irq_save(k);
	k_irq_save(k);
	k_work(k, 10 * US);
	k_irq_restore(k);
	k_work(k, 5 * US);
	k_irq_restore(k);
}

Test(cpu, section_with_interrupts_off_delays_them_to_its_outermost_end)
{
	struct world *w = one_cpu();

	world_spawn(w, 0, 0, section_body, NULL);
	arrive(w, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRQ_TAKEN)->time_ps, 15 * US);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}
