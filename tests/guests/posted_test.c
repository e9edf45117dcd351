// SPDX-License-Identifier: MIT
/*
 * Posted interrupts: the remap hardware's operation, guest mode, and what the hypervisor does
 * around them.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "guest_world.h"
#include "models/hw/controller.h"
#include "models/os/vcpu.h"
#include "models/os/vtd_domain.h"

#define GUEST_VECTOR 0x41

static struct guest_setup one_guest(bool apicv)
{
	return (struct guest_setup){
		.remap = REMAP_VTD, .devices_count = 2, .vcpus_count = 1, .vcpus = { { .cpu = 1, .apicv = apicv } },
		.devices = {
			{ MSIX(2),
			  .posted_to = 1, .guest_vector = GUEST_VECTOR },
			{ MSIX(1) }
		}
	};
}

static void count_causes(void *data, struct causes *causes)
{
	*(uint32_t *)data += causes->head != 0;
}

Test(posted, all_places_of_raises_are_known)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);
	uint32_t places = 0;

	device_raise(&w->machine, 0);
	guest_world_run(w, 10 * US);
	machine_each_causes(&w->machine, count_causes, &places);
	cr_expect_eq(places, 1, "in the PIR, as nobody runs the guest");
	vcpu_start(&w->machine, 0);
	posted_sync(&w->machine, 0);
	places = 0;
	machine_each_causes(&w->machine, count_causes, &places);
	cr_expect_eq(places, 1, "in the virtual IRR");
	guest_world_end(w);
}

/*
 * The specification's table of the posting operation: ON, SN and urgency before; ON and a
 * notification after.
 */
struct posting {
	uint8_t on, sn;
	bool urgent;
	uint8_t on_after;
	uint32_t notifications;
};

ParameterizedTestParameters(posted, hardware_operation)
{
	static struct posting rows[] = {
		{ 0, 0, false, 1, 1 }, { 0, 0, true, 1, 1 }, { 0, 1, false, 0, 0 }, { 0, 1, true, 1, 1 },
		{ 1, 0, false, 1, 0 }, { 1, 0, true, 1, 0 }, { 1, 1, false, 1, 0 }, { 1, 1, true, 1, 0 }
	};

	return cr_make_param_array(struct posting, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct posting *row, posted, hardware_operation)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);
	struct posted_descriptor *d = &w->machine.posted[0];

	d->on = row->on;
	d->control.sn = row->sn;
	posted_request(&w->machine, 0, GUEST_VECTOR, row->urgent, (struct causes){ 0, 0 });
	cr_expect_eq(d->pir[GUEST_VECTOR / 64], UINT64_C(1) << (GUEST_VECTOR % 64), "the bit is set in any case");
	cr_expect_eq(d->on, row->on_after);
	cr_expect_eq(w->counts[EV_NOTIFY], row->notifications);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->counts[EV_IRQ_TAKEN], row->notifications, "the CPU is in no guest: the host is interrupted");
	guest_world_end(w);
}

Test(posted, notification_goes_where_the_descriptor_says)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);

	w->machine.posted[0].control = (struct posted_control){ .nv = POSTED_WAKEUP_VECTOR, .ndst = 3 };
	posted_request(&w->machine, 0, GUEST_VECTOR, false, (struct causes){ 0, 0 });
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->last[EV_IRQ_TAKEN].cpu, 3);
	cr_expect_eq(w->last[EV_IRQ_TAKEN].value, POSTED_WAKEUP_VECTOR);
	guest_world_end(w);
}

Test(posted, running_vcpu_takes_it_without_an_exit)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);
	const struct model_timings *t = &w->config.timings;

	vcpu_start(&w->machine, 0);
	device_raise(&w->machine, 1);
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->counts[EV_VM_EXIT], 0);
	cr_expect_eq(w->counts[EV_IRQ_TAKEN], 0);
	cr_expect_eq(w->counts[EV_HANDLER_START], 1);
	cr_expect_eq(w->last[EV_HANDLER_START].source, 1);
	cr_expect_eq(w->last[EV_HANDLER_START].cpu, 1);
	cr_expect_eq(w->last[EV_HANDLER_START].value, GUEST_VECTOR + 1, "the device's second vector");
	cr_expect_eq(w->last_ps[EV_HANDLER_START],
		     t->message_ps + t->remap_miss_ps + t->posted_update_ps + t->fabric_hop_ps + t->irq_entry_ps);
	cr_expect_eq(w->serviced, 1);
	cr_expect_eq(w->machine.device[0].in_flight, 0, "a completion need not wait for it any more");
	cr_expect_eq(w->machine.posted[0].on, 0);
	cr_expect(posted_pir_empty(&w->machine.posted[0]));
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	guest_world_end(w);
}

Test(posted, raises_merge_in_the_pir_and_in_the_virtual_irr)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);

	vcpu_start(&w->machine, 0);
	/* The first one is in its handler for 2 us; the others meet one bit. */
	for (int i = 0; i < 4; i++) {
		device_raise(&w->machine, 0);
		guest_world_run(w, 2 * US);
	}
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED] + w->metrics.counter[METRIC_COALESCED], 4);
	cr_expect_eq(w->counts[EV_HANDLER_START], w->counts[EV_HANDLER_END]);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	guest_world_end(w);
}

Test(posted, highest_vector_is_taken_first)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);

	device_raise(&w->machine, 0);
	device_raise(&w->machine, 1);
	guest_world_run(w, 10 * US);
	cr_expect_eq(w->counts[EV_HANDLER_START], 0, "nobody runs the vCPU");
	w->machine.cpu[1].vcpu = 1;
	vcpu_enter(&w->machine, 0);
	guest_world_run(w, 2 * US);
	cr_expect_eq(w->counts[EV_HANDLER_START], 1);
	cr_expect_eq(w->last[EV_HANDLER_START].value, GUEST_VECTOR + 1);
	guest_world_run(w, 20 * US);
	cr_expect_eq(w->counts[EV_HANDLER_START], 2);
	guest_world_end(w);
}

Test(posted, host_interrupt_makes_the_guest_stand_still)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w;
	uint64_t affinity = 2;
	uint64_t handler_ps;

	setup.devices[1].affinity = &affinity;
	w = guest_world_create(&setup);
	vcpu_start(&w->machine, 0);
	device_raise(&w->machine, 0);
	guest_world_run(w, 1700 * NS);
	cr_assert_eq(w->counts[EV_HANDLER_START], 1);
	handler_ps = w->last_ps[EV_HANDLER_START];
	device_raise(&w->machine, 2);
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->counts[EV_VM_EXIT], 1);
	cr_expect_eq(w->counts[EV_VM_ENTRY], 2);
	cr_expect_eq(w->counts[EV_HANDLER_END], 2);
	/*
	 * The guest's handler took 2 us, and all that the exit, the host's interrupt and the entry
	 * took.
	 */
	cr_expect_eq(w->last_ps[EV_HANDLER_END] - handler_ps,
		     w->config.timings.handler_ps + w->last_ps[EV_VM_ENTRY] - w->last_ps[EV_VM_EXIT]);
	guest_world_end(w);
}

/*
 * Without virtualization the notification is an exit, and the entry behind it looks at the PIR: if
 * it is the fixed one.
 */
static void apicv_off(const char *strategy, bool delivered)
{
	struct guest_setup setup = one_guest(false);
	struct guest_world *w;

	setup.posted = strategy;
	w = guest_world_create(&setup);
	vcpu_start(&w->machine, 0);
	device_raise(&w->machine, 0);
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->last[EV_IRQ_TAKEN].value, POSTED_NOTIFICATION_VECTOR);
	cr_expect_eq(w->counts[EV_HANDLER_START], delivered ? 1 : 0);
	cr_expect_eq(w->machine.posted[0].on, delivered ? 0 : 1);
	/* Another one, and on again: any exit will do. */
	device_raise(&w->machine, 0);
	guest_world_run(w, 100 * US);
	w->machine.vcpu[0].apicv = 1;
	cr_assert(guest_exit(&w->machine, 1));
	vcpu_enter(&w->machine, 0);
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->counts[EV_HANDLER_START], delivered ? 2 : 1);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], delivered ? 0 : 1);
	guest_world_end(w);
}

Test(posted, apicv_off)
{
	apicv_off("posted", true);
}

Test(posted, apicv_off_without_the_sync)
{
	apicv_off("posted-no-sync", false);
}

/* A host's entry in place of the vCPU's: the host's handler passes the interrupt on. */
Test(posted, clobbered_entry_is_forwarded)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);
	struct machine *m = &w->machine;

	cr_assert_eq(m->irte[m->desc[0].entry].posted, 1);
	cr_expect(vtd_entry_is_kept(m, 0));
	m->irte[m->desc[0].entry] = vtd_entry_of(m, 0);
	vcpu_start(m, 0);
	device_raise(m, 0);
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->counts[EV_POSTED], 0);
	cr_expect_eq(w->counts[EV_FORWARDED], 1);
	cr_expect_eq(w->counts[EV_HANDLER_START], 1);
	cr_expect_eq(w->last[EV_HANDLER_START].cpu, 1);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1);
	guest_world_end(w);
}

Test(posted, clobbering_strategy_does_not_keep_the_entry)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w;

	setup.posted = "posted-clobber";
	w = guest_world_create(&setup);
	cr_expect_not(vtd_entry_is_kept(&w->machine, 0));
	cr_expect_not(vtd_entry_is_kept(&w->machine, 2), "a host's entry is never kept");
	guest_world_end(w);
}

Test(posted, software_injects_without_apicv)
{
	struct guest_setup setup = one_guest(false);
	struct guest_world *w = guest_world_create(&setup);
	struct machine *m = &w->machine;

	m->irte[m->desc[1].entry] = vtd_entry_of(m, 1);
	vcpu_start(m, 0);
	device_raise(m, 1);
	guest_world_run(w, 100 * US);
	cr_expect_eq(w->counts[EV_FORWARDED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1);
	cr_expect(posted_pir_empty(&m->posted[0]), "straight into the virtual IRR");
	guest_world_end(w);
}

/*
 * What sits in the PIR or in an unfinished entry when the run ends is in flight, and is still
 * counted.
 */
Test(posted, unserviced_raises_are_in_flight)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);

	for (int i = 0; i < 3; i++) {
		device_raise(&w->machine, (uint32_t)(i % 2));
	}
	guest_world_run(w, 50 * US);
	fates_finish(&w->fates, &w->machine);
	cr_expect_eq(w->metrics.counter[METRIC_IN_FLIGHT], 3);
	w->metrics.counter[METRIC_IN_FLIGHT] = 0;
	w->metrics.counter[METRIC_STALE] = 0;
	guest_world_end(w);
}

Test(posted, guest_vector_without_a_handler_is_logged)
{
	struct guest_setup setup = one_guest(true);
	struct guest_world *w = guest_world_create(&setup);
	struct machine *m = &w->machine;

	m->irte[m->desc[0].entry].vector = 0x99;
	vcpu_start(m, 0);
	device_raise(m, 0);
	guest_world_run(w, 50 * US);
	cr_expect_eq(w->counts[EV_NO_HANDLER], 1);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_UNASSIGNED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_UNHANDLED], 1);
	guest_world_end(w);
}
