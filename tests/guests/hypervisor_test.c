// SPDX-License-Identifier: MIT
/*
 * A hypervisor's remap entries, a monitor's copy of a message, and the entry of an interrupt
 * without a descriptor.
 */
#include <criterion/criterion.h>

#include "guest_world.h"
#include "models/hw/controller.h"
#include "models/hw/hyperv.h"
#include "models/hw/remap.h"
#include "models/os/irq_flow.h"

static struct guest_setup multi_msi(void)
{
	return (struct guest_setup){
		.remap = REMAP_HYPERV, .devices_count = 2,
		.devices = {
			{ .address_64 = true, MSI(8) },
			{ MSIX(3) }
		}
	};
}

Test(hyperv, one_aligned_block_for_all_messages_of_msi)
{
	struct guest_setup setup = multi_msi();
	struct guest_world *w = guest_world_create(&setup);
	const struct machine *m = &w->machine;

	cr_expect_eq(m->desc[0].entry % 8, 0);
	for (uint32_t vector = 1; vector < 8; vector++) {
		cr_expect_eq(m->desc[vector].entry, m->desc[0].entry + vector);
		cr_expect_eq(m->remap->message(m, vector).data, m->desc[0].entry, "one message for all");
	}
	cr_expect_eq(m->remap->message(m, 9).data, m->desc[9].entry, "an entry for each vector of MSI-X");
	guest_world_end(w);
}

Test(hyperv, each_vector_reaches_its_own_target)
{
	struct guest_setup setup = multi_msi();
	struct guest_world *w = guest_world_create(&setup);

	for (uint32_t source = 0; source < 11; source++) {
		device_raise(&w->machine, source);
		guest_world_run(w, 10 * US);
		cr_expect_eq(w->counts[EV_HANDLER_START], source + 1);
		cr_expect_eq(w->last[EV_HANDLER_START].source, source);
	}
	guest_world_end(w);
}

Test(hyperv, refuses_what_leads_nowhere_or_is_not_the_devices)
{
	struct guest_setup setup = multi_msi();
	struct guest_world *w = guest_world_create(&setup);
	struct machine *m = &w->machine;

	m->hyperv->entry[m->desc[5].entry].present = 0;
	device_raise(m, 5);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->last[EV_FAULT].value, HYPERV_FAULT_NO_TARGET);
	device_write(m, 1, 0, REG_DATA, m->desc[0].entry);
	device_raise(m, 8);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->last[EV_FAULT].value, HYPERV_FAULT_SOURCE);
	device_write(m, 1, 0, REG_DATA, m->hyperv->entries);
	device_raise(m, 8);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->last[EV_FAULT].value, HYPERV_FAULT_INDEX);
	device_write(m, 1, 0, REG_ADDRESS_LO, 0);
	device_raise(m, 8);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->counts[EV_FAULT], 3);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_BLOCKED], 3);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 1);
	guest_world_end(w);
}

/* The message that a device of a monitor sends after these writes: by its data. */
static uint32_t sent_after_rewrite(const char *monitor, bool control)
{
	struct guest_setup setup = {
		.devices_count = 1, .monitor = monitor,
		.devices = { { MSI(1), .monitored = true } }
	};
	struct guest_world *w = guest_world_create(&setup);
	uint32_t data;

	device_write(&w->machine, 0, 0, REG_DATA, 0x77);
	if (control) {
		device_write(&w->machine, 0, 0, REG_CONTROL, CONTROL_ENABLE);
	}
	device_raise(&w->machine, 0);
	data = w->last[EV_MESSAGE].value;
	guest_world_end(w);
	return data;
}

Test(monitor, copies)
{
	cr_expect_eq(sent_after_rewrite("monitor-every-write", false), 0x77);
	cr_expect_eq(sent_after_rewrite("monitor-control-only", false), 33, "as it was at the enable");
	cr_expect_eq(sent_after_rewrite("monitor-control-only", true), 0x77);
}

Test(monitor, control_write_copies_the_message_as_it_is_then)
{
	struct guest_setup setup = {
		.devices_count = 1, .monitor = "monitor-control-only",
		.devices = { { MSI(1), .monitored = true } }
	};
	struct guest_world *w = guest_world_create(&setup);

	device_write(&w->machine, 0, 0, REG_CONTROL, CONTROL_ENABLE);
	device_write(&w->machine, 0, 0, REG_ADDRESS_LO, 0xfee08004);
	device_write(&w->machine, 0, 0, REG_DATA, 0x77);
	device_raise(&w->machine, 0);
	cr_expect_eq(w->last[EV_MESSAGE].value, 33);
	cr_expect_neq(w->last[EV_MESSAGE].address, 0xfee08004);
	guest_world_end(w);
}

/* A slot that is set up again between the two looks of the interrupt entry. */
static struct guest_world *set_up_in_the_gap(const char *strategy, uint32_t first_read, uint16_t lock)
{
	struct guest_setup setup = {
		.devices_count = 1, .setup = strategy, .cpus = 2,
		.devices = { { MSIX(1) } }
	};
	struct guest_world *w = guest_world_create(&setup);
	struct machine *m = &w->machine;
	uint32_t *slot = &m->vector_irq[(size_t)m->desc[0].cpu * m->vectors + m->desc[0].vector];

	*slot = first_read;
	device_raise(m, 0);
	guest_world_run(w, w->config.timings.message_ps + w->config.timings.irq_entry_ps);
	cr_assert_eq(w->counts[EV_IRQ_TAKEN], 1);
	*slot = 0;
	m->locks->vector_lock = lock;
	guest_world_run(w, 10 * US);
	return w;
}

Test(setup, recheck_finds_the_descriptor)
{
	struct guest_world *w = set_up_in_the_gap("setup-recheck", VECTOR_SHUTDOWN, 0);

	cr_expect_eq(w->counts[EV_HANDLER_START], 1);
	cr_expect_eq(w->counts[EV_NO_HANDLER], 0);
	guest_world_end(w);
}

Test(setup, recheck_waits_for_the_lock)
{
	struct guest_world *w = set_up_in_the_gap("setup-recheck", VECTOR_UNUSED, 1);

	cr_expect_eq(w->counts[EV_HANDLER_START] + w->counts[EV_NO_HANDLER], 0);
	cr_expect_eq(w->machine.locks->spinners, 1);
	w->machine.locks->vector_lock = 0;
	irq_vector_unlocked(&w->machine);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->counts[EV_HANDLER_START], 1);
	cr_expect_eq(w->machine.locks->spinners, 0);
	guest_world_end(w);
}

Test(setup, unlocked_clears_the_new_descriptor)
{
	struct guest_world *w = set_up_in_the_gap("setup-unlocked", VECTOR_SHUTDOWN, 0);
	struct machine *m = &w->machine;

	cr_expect_eq(m->vector_irq[(size_t)m->desc[0].cpu * m->vectors + m->desc[0].vector], VECTOR_UNUSED);
	cr_expect_eq(w->last[EV_NO_HANDLER].detail, 1, "silently");
	device_raise(m, 0);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->last[EV_NO_HANDLER].detail, 0, "from now on it is logged, each time");
	cr_expect_eq(w->counts[EV_HANDLER_START], 0);
	guest_world_end(w);
}

Test(setup, unlocked_leaves_a_slot_that_was_unused)
{
	struct guest_world *w = set_up_in_the_gap("setup-unlocked", VECTOR_UNUSED, 0);
	struct machine *m = &w->machine;

	cr_expect_eq(m->vector_irq[(size_t)m->desc[0].cpu * m->vectors + m->desc[0].vector], 0);
	cr_expect_eq(w->last[EV_NO_HANDLER].detail, 0);
	guest_world_end(w);
}
