// SPDX-License-Identifier: MIT
/* PCI MSI with several vectors: the one message that they share, on the machines that have it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "model_world.h"
#include "models/os/irq_alloc.h"

static struct device_config four(uint32_t allocated)
{
	struct device_config device = {
		.domains = 1, .address_64 = true, .domain = { { .kind = DEVICE_MSI } }
	};

	set_vectors(&device, 4, allocated);
	return device;
}

static const struct {
	enum machine_arch arch;
	enum machine_remap remap;
	const char *move;
} machines[] = {
	{ ARCH_X86, REMAP_VTD, "vtd" },
	{ ARCH_X86, REMAP_AMDVI, "amd-ga" },
	{ ARCH_ARM, REMAP_ITS, "its-movi" },
	{ ARCH_ARM, REMAP_V2M, "v2m" },
};

#define MACHINES (sizeof(machines) / sizeof(machines[0]))

static struct world *world_of(size_t machine, const struct device_config *device,
			      const char *allocation)
{
	return world_create(&(struct world_setup){
		.arch = machines[machine].arch, .remap = machines[machine].remap,
		.move = machines[machine].move, .devices = device, .devices_count = 1,
		.allocation = allocation });
}

static void do_body(struct world *w, void (*body)(struct kthread *k, void *argument))
{
	world_spawn(w, 0, 3, body, NULL);
	world_settle(w);
	cr_assert(world_finished(w, 0));
}

static void expect_all_delivered(struct world *w, const char *where)
{
	uint64_t before = w->metrics.counter[METRIC_DELIVERED];

	for (uint32_t source = 0; source < 4; source++) {
		cr_expect(w->machine.source[source].active, "%s: queue %u runs", where, source);
		device_raise(&w->machine, source);
		world_settle(w);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED] - before, source + 1,
			     "%s: vector %u", where, source);
	}
}

static void allocate_body(struct kthread *k, void *argument)
{
	(void)argument;
	cr_expect_eq(irq_grow(k, 0, 0, 4), 0);
}

Test(multi_message, allocation_at_run_time_leaves_the_message_of_the_first)
{
	static const char *const names[] = { "dynamic", "batch" };

	for (size_t i = 0; i < MACHINES; i++) {
		for (int name = 0; name < 2; name++) {
			struct device_config device = four(0);
			struct world *w = world_of(i, &device, names[name]);

			do_body(w, allocate_body);
			expect_all_delivered(w, machines[i].move);
			cr_expect_eq(world_count(w, EV_MESSAGE_WRITE), 1);
			world_end(w);
		}
	}
}

static void request_again_body(struct kthread *k, void *argument)
{
	(void)argument;
	irq_unrequest_vectors(k, 0, 2, 3);
	cr_expect_eq(irq_request_vectors(k, 0, 2, 3), 0);
}

Test(multi_message, handler_of_a_further_vector_goes_and_comes)
{
	for (size_t i = 0; i < 2; i++) {
		struct device_config device = four(4);
		struct world *w = world_of(i, &device, NULL);

		do_body(w, request_again_body);
		expect_all_delivered(w, machines[i].move);
		cr_expect_eq(world_count(w, EV_MESSAGE_WRITE), 0, "it is the first one's");
		world_end(w);
	}
}

static void reboot_body(struct kthread *k, void *argument)
{
	(void)argument;
	cr_expect_eq(irq_guest_reboot(k, 0), 0);
}

/* A guest switches PCI MSI on by the count of its vectors: there is nothing to grow by. */
Test(multi_message, guest_that_reboots_gets_all_of_them_in_one_go)
{
	static const char *const names[] = {
		"reboot-free", "qemu-dynamic", "qemu-realloc", "qemu-deferred"
	};

	for (size_t i = 0; i < MACHINES; i++) {
		for (size_t name = 0; name < sizeof(names) / sizeof(names[0]); name++) {
			struct device_config device = four(4);
			struct world *w = world_of(i, &device, names[name]);

			do_body(w, reboot_body);
			expect_all_delivered(w, names[name]);
			world_end(w);
		}
	}
}

static void plug_body(struct kthread *k, void *argument)
{
	(void)argument;
	irq_unplug(k, 0);
	cr_expect_eq(irq_plug(k, 0), 0);
}

Test(multi_message, device_is_pulled_and_put_back)
{
	static const char *const names[] = { "dynamic", "batch" };

	for (size_t i = 0; i < MACHINES; i++) {
		for (int name = 0; name < 2; name++) {
			struct device_config device = four(4);
			struct world *w = world_of(i, &device, names[name]);

			do_body(w, plug_body);
			expect_all_delivered(w, names[name]);
			world_end(w);
		}
	}
}

static struct world *plain_world(const struct device_config *device)
{
	return world_create(&(struct world_setup){
		.devices = device, .devices_count = 1, .may_fail = true });
}

/* x86 vectors are in no order: a driver that would like four gets one, and its queues share it. */
Test(multi_message, x86_without_remapping_has_one)
{
	struct device_config device = four(4);
	struct world *w;

	device.domain[0].needed = 1;
	w = plain_world(&device);
	cr_expect_eq(w->machine.device[0].granted, 1);
	expect_all_delivered(w, "shared");
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_UNHANDLED], 0);
	world_end(w);
	device.domain[0].needed = 4;
	w = plain_world(&device);
	cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], 1, "a driver that needs them all");
	world_end(w);
}

static void two_calls_body(struct kthread *k, void *argument)
{
	struct irq_request request = { .end = 4, .want = 4, .at_least = 4 };

	(void)argument;
	cr_expect_eq(irq_allocate(k, &request), -ENOSPC);
	request.at_least = 1;
	cr_expect_eq(irq_allocate(k, &request), 0);
	cr_expect_eq(request.granted, 1);
}

Test(multi_message, x86_without_remapping_has_one_at_run_time_too)
{
	struct device_config device = four(0);
	struct world *w = plain_world(&device);

	do_body(w, two_calls_body);
	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

static void release_body(struct kthread *k, void *argument)
{
	(void)argument;
	irq_unrequest_vectors(k, 0, 2, 3);
}

/*
 * free_irq() zeroes the entry and flushes it: a later message of the vector, whose device still has
 * the first one's, is refused by the hardware and never reaches the freed interrupt.
 */
Test(multi_message, entry_of_a_freed_vector_is_gone)
{
	for (size_t i = 0; i < 2; i++) {
		struct device_config device = four(4);
		struct world *w = world_of(i, &device, NULL);

		device_raise(&w->machine, 2);
		world_settle(w);
		cr_assert_eq(w->metrics.counter[METRIC_DELIVERED], 1, "the entry is cached now");
		do_body(w, release_body);
		cr_expect_eq(world_count(w, EV_FLUSH), 2, "begun and done");
		device_raise(&w->machine, 2);
		world_settle(w);
		cr_expect_eq(world_count(w, EV_FAULT), 1, "%s", machines[i].move);
		cr_expect_eq(w->metrics.counter[METRIC_LOST_BLOCKED], 1);
		cr_expect_eq(w->machine.desc[2].flags & DESC_PENDING, 0);
		for (uint32_t source = 0; source < 4; source += source == 1 ? 2 : 1) {
			device_raise(&w->machine, source);
		}
		world_settle(w);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 4, "the others have theirs");
		world_end(w);
	}
}
