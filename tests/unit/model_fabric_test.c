// SPDX-License-Identifier: MIT
/* Order on the way: posted writes, messages, completions; and the remap hardware. */
#include <criterion/criterion.h>

#include "model_world.h"

#include "models/hw/lapic.h"
#include "models/hw/vtd.h"

struct read_back {
	uint64_t begin_ps;
	uint64_t end_ps;
	uint32_t value;
	bool pending;
};

static void three_writes_and_a_read(struct kthread *k, void *argument)
{
	struct read_back *read = argument;

	for (uint32_t i = 1; i <= 3; i++) {
		k_mmio_write(k, 0, 0, REG_DATA, 0x40 + i);
	}
	read->begin_ps = k->machine->now_ps;
	read->value = k_mmio_read(k, 0, 0, REG_DATA);
	read->end_ps = k->machine->now_ps;
}

Test(fabric, posted_writes_land_in_order_and_a_read_comes_behind_them)
{
	struct world *w = world_create(&(struct world_setup){
		.devices = &world_msix, .devices_count = 1,
		.timings = { .posted_write_ps = 2 * US, .mmio_read_ps = 500 * NS } });
	struct read_back read;

	world_spawn(w, 0, 0, three_writes_and_a_read, &read);
	world_settle(w);
	cr_assert_eq(world_count(w, EV_WRITE), 3);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_eq(world_nth(w, EV_WRITE, i)->event.value, 0x41 + i);
		cr_expect_eq(world_nth(w, EV_WRITE, i)->time_ps, (i + 1) * 100 * NS + 2 * US);
	}
	cr_expect_eq(read.value, 0x43);
	cr_expect_geq(read.end_ps, world_nth(w, EV_WRITE, 2)->time_ps);
	world_end(w);
}

static void write_and_go_on(struct kthread *k, void *argument)
{
	k_mmio_write(k, 0, 0, REG_DATA, 0x55);
	*(uint64_t *)argument = k->machine->now_ps;
}

Test(fabric, posted_write_does_not_hold_its_writer)
{
	struct world *w =
		world_create(&(struct world_setup){ .devices = &world_msix, .devices_count = 1 });
	uint64_t done_ps = 0;

	world_spawn(w, 0, 0, write_and_go_on, &done_ps);
	world_settle(w);
	cr_expect_eq(done_ps, 100 * NS);
	cr_expect_eq(world_last(w, EV_WRITE)->time_ps, 400 * NS);
	world_end(w);
}

/*
 * Reads the device while its message is under way, then looks at the own IRR. Interrupts are off.
 */
static void read_then_look(struct kthread *k, void *argument)
{
	struct read_back *read = argument;

	k_irq_save(k);
	read->value = k_mmio_read(k, 0, 0, REG_DATA);
	read->end_ps = k->machine->now_ps;
	read->pending = k_irr_pending(k, k->machine->desc[0].vector);
	k_irq_restore(k);
}

static struct read_back race_the_message(enum machine_fabric fabric)
{
	struct world *w = world_create(&(struct world_setup){
		.devices = &world_msix, .devices_count = 1, .fabric = fabric,
		.timings = { .message_ps = 5 * US, .fabric_hop_ps = 1 * US } });
	struct read_back read = { 0 };

	world_spawn(w, 0, w->machine.desc[0].cpu, read_then_look, &read);
	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
	return read;
}

Test(fabric, completion_pushes_messages_to_the_controller_on_an_ordered_fabric)
{
	struct read_back read = race_the_message(FABRIC_ORDERED);

	cr_expect_geq(read.end_ps, 5 * US);
	cr_expect(read.pending);
}

Test(fabric, completion_pushes_messages_to_the_root_complex_only_on_a_weak_fabric)
{
	struct read_back read = race_the_message(FABRIC_WEAK);

	cr_expect_geq(read.end_ps, 5 * US);
	cr_expect_not(read.pending);
}

static void configure(struct kthread *k, void *argument)
{
	struct read_back *read = argument;

	read->begin_ps = k->machine->now_ps;
	k_cfg_write(k, 0, 0, REG_DATA, 0x66);
	read->end_ps = k->machine->now_ps;
}

Test(fabric, configuration_write_lands_at_half_time_and_its_completion_waits_for_messages)
{
	struct world *w = world_create(&(struct world_setup){
		.devices = &world_msi, .devices_count = 1, .timings = { .message_ps = 10 * US } });
	struct read_back idle, busy;

	world_spawn(w, 0, 0, configure, &idle);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_WRITE)->time_ps, 750 * NS);
	cr_expect_eq(idle.end_ps - idle.begin_ps, 1500 * NS);
	device_raise(&w->machine, 0);
	world_spawn(w, 0, 0, configure, &busy);
	world_settle(w);
	cr_expect_geq(busy.end_ps - busy.begin_ps, 10 * US);
	world_end(w);
}

Test(fabric, messages_of_a_device_stay_in_order)
{
	struct device_config devices[] = { world_msix };
	struct world *w =
		world_create(&(struct world_setup){ .devices = devices, .devices_count = 1 });

	cpu_irqs_disable(&w->machine, w->machine.desc[0].cpu);
	w->message_ps = 5 * US;
	device_raise(&w->machine, 0);
	w->message_ps = 1 * US;
	device_raise(&w->machine, 0);
	world_run(w, 4 * US);
	cr_expect_eq(world_count(w, EV_IRR_SET), 0, "the second one is behind the first");
	world_run(w, 1 * US);
	cr_expect_eq(world_count(w, EV_IRR_SET), 2);
	cpu_irqs_enable(&w->machine, w->machine.desc[0].cpu);
	world_settle(w);
	world_end(w);
}

/* Interrupt remapping. */

static struct world *remapped(struct model_timings timings)
{
	struct device_config devices[] = { world_msix, world_msix };

	return world_create(&(struct world_setup){
		.devices = devices, .devices_count = 2, .remap = REMAP_VTD, .timings = timings });
}

Test(vtd, request_is_delivered_where_its_entry_leads)
{
	struct world *w = remapped((struct model_timings){ 0 });

	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.value, w->machine.desc[0].vector);
	cr_expect_eq(world_last(w, EV_IRR_SET)->time_ps, 800 * NS, "a miss");
	world_forget(w);
	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->time_ps - world_last(w, EV_RAISE)->time_ps,
		     530 * NS, "a hit");
	world_end(w);
}

Test(vtd, cached_entry_outlives_its_change_until_the_flush)
{
	struct world *w = remapped((struct model_timings){ 0 });
	struct machine *m = &w->machine;
	uint32_t index = m->desc[0].entry;
	uint32_t old_cpu = m->desc[0].cpu;

	device_raise(m, 0);
	world_settle(w);
	m->irte[index].cpu = (uint16_t)(old_cpu + 1);
	device_raise(m, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.cpu, old_cpu, "still the cached one");
	m->irte_cache[index] = (struct irte){ 0 };
	device_raise(m, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.cpu, old_cpu + 1);
	world_end(w);
}

Test(vtd, hardware_without_a_cache_sees_the_table)
{
	struct device_config devices[] = { world_msix };
	struct world *w = world_create(&(struct world_setup){
		.devices = devices, .devices_count = 1, .remap = REMAP_VTD, .uncached = true });
	struct machine *m = &w->machine;
	uint32_t old_cpu = m->desc[0].cpu;

	device_raise(m, 0);
	world_settle(w);
	m->irte[m->desc[0].entry].cpu = (uint16_t)(old_cpu + 1);
	device_raise(m, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.cpu, old_cpu + 1);
	world_end(w);
}

static uint32_t fault_of(uint64_t address, uint32_t data, uint32_t device)
{
	struct world *w = remapped((struct model_timings){ 0 });
	uint32_t reason = 0;

	/* Sent by hand, so that it is a raise of the device with a message of our own. */
	device_write(&w->machine, device, 0, REG_ADDRESS_LO, (uint32_t)address);
	device_write(&w->machine, device, 0, REG_ADDRESS_HI, (uint32_t)(address >> 32));
	device_write(&w->machine, device, 0, REG_DATA, data);
	device_raise(&w->machine, device);
	world_settle(w);
	if (world_count(w, EV_FAULT)) {
		reason = world_last(w, EV_FAULT)->event.value;
		cr_expect_eq(w->metrics.counter[METRIC_LOST_BLOCKED], 1);
		cr_expect_eq(w->metrics.counter[METRIC_FAULTS], 1);
	}
	world_end(w);
	return reason;
}

Test(vtd, faults_have_the_reasons_of_the_specification)
{
	cr_expect_eq(fault_of(vtd_message_address(0), 0, 0), 0);
	cr_expect_eq(fault_of(vtd_message_address(40), 0, 0), 0x22, "not present");
	cr_expect_eq(fault_of(0xfee01004, 0x41, 0), 0x25, "compatibility format");
	cr_expect_eq(fault_of(vtd_message_address(0), 0, 1), 0x26, "another requester's entry");
	cr_expect_eq(fault_of(vtd_message_address(0x7fff), 0, 0), 0x21, "past the table");
	cr_expect_eq(fault_of(vtd_message_address(0x8000), 0, 0), 0x21,
		     "past the table, by the high bit of the handle");
	cr_expect_eq(fault_of(vtd_message_address(0), 0xffff, 0), 0x21,
		     "past the table, by the subhandle");
	cr_expect_eq(fault_of(0, 0, 0), 0, "no interrupt request at all");
}

Test(vtd, write_to_address_0_is_no_request)
{
	struct world *w = remapped((struct model_timings){ 0 });

	device_write(&w->machine, 0, 0, REG_ADDRESS_LO, 0);
	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 1);
	cr_expect_eq(world_count(w, EV_FAULT), 0);
	world_end(w);
}

static void flush_body(struct kthread *k, void *done_ps)
{
	k_irte_flush(k, k->machine->desc[0].entry);
	*(uint64_t *)done_ps = k->machine->now_ps;
}

Test(vtd, flush_drains_the_look_ups_before_it)
{
	struct world *w = remapped((struct model_timings){ .remap_miss_ps = 20 * US });
	uint64_t done_ps = 0;

	device_raise(&w->machine, 0);
	world_run(w, 1 * US);
	world_spawn(w, 0, 0, flush_body, &done_ps);
	world_settle(w);
	cr_expect_eq(world_nth(w, EV_IRR_SET, 0)->time_ps, 500 * NS + 20 * US);
	cr_expect_geq(done_ps, world_nth(w, EV_IRR_SET, 0)->time_ps);
	world_end(w);
}

/*
 * A look-up that began after the flush and ends before an older one must not be taken for the older
 * one.
 */
Test(vtd, flush_is_not_ended_by_younger_look_ups)
{
	struct world *w = remapped(
		(struct model_timings){ .remap_miss_ps = 20 * US, .invalidate_ps = 100 * NS });
	uint64_t done_ps = 0;

	device_raise(&w->machine, 1);
	world_settle(w);
	world_forget(w);
	/* Device 0 misses, device 1 hits. */
	device_raise(&w->machine, 0);
	world_run(w, 1 * US);
	world_spawn(w, 0, 0, flush_body, &done_ps);
	world_run(w, 1 * US);
	device_raise(&w->machine, 1);
	world_run(w, 2 * US);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.value, w->machine.desc[1].vector);
	cr_expect_eq(done_ps, 0, "device 0's request still leads to the old target");
	world_settle(w);
	cr_expect_geq(done_ps, world_last(w, EV_IRR_SET)->time_ps);
	world_end(w);
}

Test(vtd, second_flush_waits_for_the_first)
{
	struct world *w = remapped((struct model_timings){ 0 });
	uint64_t first_ps = 0, second_ps = 0;

	world_spawn(w, 0, 0, flush_body, &first_ps);
	world_spawn(w, 1, 1, flush_body, &second_ps);
	world_settle(w);
	cr_expect_eq(first_ps, 1 * US);
	cr_expect_eq(second_ps, 2 * US);
	world_end(w);
}
