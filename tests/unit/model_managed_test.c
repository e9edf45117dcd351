// SPDX-License-Identifier: MIT
/* Managed interrupts: requested, freed and allocated while CPUs of theirs are off line. */
#include <criterion/criterion.h>
#include <errno.h>

#include "model_world.h"
#include "models/os/hotplug.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/root_domain.h"

static struct device_config queues(uint32_t vectors, uint32_t allocated, uint32_t requested)
{
	struct device_config device = {
		.domains = 1, .address_64 = true, .managed = true,
		.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true } }
	};

	set_vectors(&device, vectors, allocated);
	device.domain[0].reserved = allocated - requested;
	return device;
}

static struct world *world_of(const struct device_config *device, enum machine_remap remap)
{
	return world_create(&(struct world_setup){
		.devices = device, .devices_count = 1, .allocation = "dynamic", .remap = remap });
}

static void run(struct world *w, void (*body)(struct kthread *k, void *argument), void *argument)
{
	world_spawn(w, 0, 3, body, argument);
	world_settle(w);
	cr_assert(world_finished(w, 0));
}

static void hotplug(struct world *w, bool on, int cpu)
{
	int result[2] = { cpu, 1 };

	run(w, on ? world_online_body : world_offline_body, result);
	cr_assert_eq(result[1], 0);
}

static void request_body(struct kthread *k, void *argument)
{
	int *result = argument;

	*result = irq_request_vectors(k, 0, 0, 4);
}

static void release_body(struct kthread *k, void *argument)
{
	const uint32_t *vector = argument;

	irq_unrequest_vectors(k, 0, *vector, *vector + 1);
}

static void free_body(struct kthread *k, void *argument)
{
	const uint32_t *vector = argument;

	irq_free_vectors(k, 0, *vector, *vector + 1);
}

static void allocate_body(struct kthread *k, void *argument)
{
	struct irq_request *request = argument;

	cr_expect_eq(irq_allocate(k, request), 0);
}

static uint64_t raise_and_count(struct world *w, uint32_t source)
{
	uint64_t before = w->metrics.counter[METRIC_DELIVERED];

	device_raise(&w->machine, source);
	world_settle(w);
	return w->metrics.counter[METRIC_DELIVERED] - before;
}

static const enum machine_remap remaps[] = { REMAP_NONE, REMAP_VTD, REMAP_AMDVI };

/* request_irq() of one whose CPU is off line succeeds, and the interrupt starts with its CPU. */
Test(managed, request_without_a_cpu_waits_for_it)
{
	for (size_t i = 0; i < sizeof(remaps) / sizeof(remaps[0]); i++) {
		struct device_config device = queues(4, 4, 0);
		struct world *w = world_of(&device, remaps[i]);
		int result = 1;

		hotplug(w, false, 1);
		run(w, request_body, &result);
		cr_expect_eq(result, 0);
		cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], 0);
		cr_expect(w->machine.desc[1].flags & DESC_SHUT_DOWN);
		cr_expect_eq(w->machine.desc[1].cpu, CPU_NONE);
		cr_expect_eq(raise_and_count(w, 0), 1);
		cr_expect_eq(raise_and_count(w, 1), 0, "its entry is masked");
		hotplug(w, true, 1);
		cr_expect_eq(w->machine.desc[1].cpu, 1);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2, "what the mask kept");
		cr_expect_eq(raise_and_count(w, 1), 1);
		cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
		world_end(w);
	}
}

Test(managed, released_or_freed_while_shut_down_does_not_come_back)
{
	for (int freed = 0; freed < 2; freed++) {
		struct device_config device = queues(4, 4, 4);
		struct world *w = world_of(&device, REMAP_NONE);
		uint32_t vector = 1;
		int result = 1;

		hotplug(w, false, 1);
		cr_assert(w->machine.desc[1].flags & DESC_SHUT_DOWN);
		run(w, freed ? free_body : release_body, &vector);
		cr_expect_eq(w->machine.desc[1].flags & DESC_SHUT_DOWN, 0);
		hotplug(w, true, 1);
		cr_expect_eq(w->machine.desc[1].cpu, CPU_NONE);
		cr_expect_eq(w->machine.desc[1].flags & DESC_STARTED, 0);
		if (!freed) {
			run(w, request_body, &result);
			cr_expect_eq(result, 0);
			cr_expect_eq(raise_and_count(w, 1), 1);
		}
		world_end(w);
	}
}

/* The driver allocates at run time what it could have had from the start. */
Test(managed, vectors_of_run_time_are_spread_as_those_of_the_start)
{
	struct device_config device = queues(8, 0, 0);
	struct irq_request request = { .end = 8, .want = 8, .at_least = 1 };
	struct world *w = world_of(&device, REMAP_NONE);
	struct world_move move = { .source = 2, .cpu = 0 };

	run(w, allocate_body, &request);
	cr_expect_eq(request.granted, 4, "never more than CPUs");
	for (uint32_t source = 0; source < 4; source++) {
		cr_expect(w->machine.desc[source].flags & DESC_MANAGED);
		cr_expect_eq(w->machine.desc[source].cpu, source);
		cr_expect_eq(raise_and_count(w, source), 1);
	}
	run(w, world_move_body, &move);
	cr_expect_eq(move.result, -EIO);
	world_end(w);
}

/* A frame with three numbers, and four CPUs. */
Test(managed, fewer_at_run_time_are_dealt_anew)
{
	static const uint64_t dealt[] = { 0x3, 0x4, 0x8 };
	struct device_config device = queues(4, 0, 0);
	struct irq_request request = { .end = 4, .want = 4, .at_least = 1 };
	struct world *w = world_create(&(struct world_setup){
		.arch = ARCH_ARM, .remap = REMAP_V2M, .cpus = 4, .devices = &device,
		.devices_count = 1, .allocation = "dynamic", .vectors_first = 40,
		.vectors_end = 43 });

	run(w, allocate_body, &request);
	cr_assert_eq(request.granted, 3);
	for (uint32_t source = 0; source < 3; source++) {
		cr_expect(w->machine.desc[source].flags & DESC_MANAGED);
		cr_expect_eq(w->machine.affinity[source], dealt[source]);
		cr_expect_eq(raise_and_count(w, source), 1);
	}
	world_end(w);
}

static void grow_body(struct kthread *k, void *argument)
{
	int *result = argument;

	*result = irq_grow(k, 0, 0, 8);
}

Test(managed, driver_that_needs_more_vectors_than_cpus_is_refused_at_run_time_too)
{
	struct device_config device = queues(8, 0, 0);
	struct world *w = world_of(&device, REMAP_NONE);
	int result = 0;

	run(w, grow_body, &result);
	cr_expect_eq(result, -ENOSPC);
	cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], 1);
	world_end(w);
}

/* Allocated while its CPU is off line: set aside there, and started with it. */
Test(managed, allocation_without_a_cpu_waits_for_it)
{
	struct device_config device = queues(4, 0, 0);
	struct irq_request request = { .end = 4, .want = 4, .at_least = 4 };
	struct world *w = world_of(&device, REMAP_NONE);

	hotplug(w, false, 2);
	run(w, allocate_body, &request);
	cr_expect(w->machine.desc[2].flags & DESC_SHUT_DOWN);
	hotplug(w, true, 2);
	cr_expect_eq(w->machine.desc[2].cpu, 2);
	cr_expect_eq(raise_and_count(w, 2), 1);
	world_end(w);
}

static uint64_t in_use(const struct world *w)
{
	uint64_t used, leaked;

	w->machine.root->count(&w->machine, &used, &leaked);
	cr_expect_eq(leaked, 0);
	return used;
}

/* Reservation mode is for what can be masked: Linux clears it for the others, managed or not. */
Test(managed, message_that_cannot_be_masked_gets_its_vector_at_allocation)
{
	struct device_config device = queues(1, 1, 0);
	struct world *w;

	device.domain[0].kind = DEVICE_MSI;
	device.domain[0].maskable = device.domain[0].pending_bits = false;
	w = world_of(&device, REMAP_NONE);
	cr_expect_eq(in_use(w), 1);
	cr_expect_not(w->machine.desc[0].flags & DESC_STARTED);
	world_end(w);
	device = queues(1, 1, 0);
	w = world_of(&device, REMAP_NONE);
	cr_expect_eq(in_use(w), 0, "one that can be waits for its request");
	world_end(w);
}

/* irq_shutdown_and_deactivate(): a device that raises without its CPU writes to address 0. */
Test(managed, shutdown_zeroes_the_message)
{
	struct device_config device = queues(4, 4, 4);
	struct world *w = world_of(&device, REMAP_NONE);
	const struct model_event *write;

	hotplug(w, false, 1);
	cr_assert_eq(world_count(w, EV_MESSAGE_WRITE), 1);
	write = &world_last(w, EV_MESSAGE_WRITE)->event;
	cr_expect_eq(write->source, 1);
	cr_expect_eq(write->address, 0);
	cr_expect_eq(write->value, 0);
	cr_expect_eq(w->machine.entry[1].address_lo, 0);
	hotplug(w, true, 1);
	cr_expect_neq(w->machine.entry[1].address_lo, 0);
	cr_expect_eq(raise_and_count(w, 1), 1);
	world_end(w);
}
