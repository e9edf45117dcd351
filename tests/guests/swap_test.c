// SPDX-License-Identifier: MIT
/* New event counters: what the interrupt keeps, what it gives back, and what comes meanwhile. */
#include <criterion/criterion.h>

#include "models/os/irq_alloc.h"
#include "models/strategies/operations.h"
#include "models/strategies/registry.h"
#include "tests/unit/model_world.h"

static const struct device_config msix = {
	.domains = 1, .vectors = 1, .address_64 = true,
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 1, .allocated = 1 } },
};
static const struct device_config msi = {
	.domains = 1, .vectors = 1, .address_64 = true,
	.domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } },
};

struct swap {
	const char *strategy;
	uint32_t source;
};

static void swap_body(struct kthread *k, void *argument)
{
	const struct swap *swap = argument;
	const struct swap_operations *operations = strategy_find(swap->strategy)->operations;

	operations->swap(k, swap->source);
}

static struct world *world_of(const struct device_config *device)
{
	return world_create(&(struct world_setup){ .devices = device, .devices_count = 1 });
}

/* Begins on a CPU that is not the interrupt's. */
static void begin(struct world *w, struct swap *swap)
{
	world_spawn(w, 0, w->machine.desc[swap->source].cpu == 3 ? 2 : 3, swap_body, swap);
}

static void expect_delivery(struct world *w, uint32_t source)
{
	uint64_t before = w->metrics.counter[METRIC_DELIVERED];

	device_raise(&w->machine, source);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], before + 1);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.source, source);
}

Test(swap, free_gives_back_a_vector_that_can_wait)
{
	struct world *w = world_of(&msix);
	struct swap swap = { "swap-free", 0 };

	begin(w, &swap);
	world_run(w, w->config.timings.event_swap_ps / 2);
	cr_expect_eq(w->machine.desc[0].vector, 0);
	cr_expect(w->machine.desc[0].flags & DESC_RESERVED, "its place is kept");
	cr_expect(w->machine.desc[0].flags & DESC_ALLOCATED);
	cr_expect(w->machine.source[0].active, "the guest's driver knows nothing of it");
	world_settle(w);
	cr_expect(world_finished(w, 0));
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 1);
	cr_expect(w->machine.desc[0].flags & DESC_STARTED);
	expect_delivery(w, 0);
	world_end(w);
}

Test(swap, free_leaves_a_vector_that_cannot_wait)
{
	struct world *w = world_of(&msi);
	struct swap swap = { "swap-free", 0 };
	uint32_t vector = w->machine.desc[0].vector;

	begin(w, &swap);
	world_settle(w);
	cr_expect(world_finished(w, 0));
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 0);
	cr_expect_eq(w->machine.desc[0].vector, vector);
	expect_delivery(w, 0);
	world_end(w);
}

/* Taken when the handler is gone and the vector is still there, it is marked pending, and the request sends it again. */
static void raise_before(const struct device_config *device, const char *strategy)
{
	struct world *w = world_of(device);
	struct swap swap = { strategy, 0 };

	device_raise(&w->machine, 0);
	begin(w, &swap);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0, "%s", strategy);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1, "%s", strategy);
	cr_expect_eq(world_count(w, EV_RETRIGGER), 1, "%s", strategy);
	cr_expect_eq(w->serviced, 1);
	cr_expect_eq(w->machine.desc[0].flags & DESC_PENDING, 0);
	world_end(w);
}

Test(swap, what_is_taken_without_a_handler_is_sent_again)
{
	raise_before(&msix, "swap-free");
	raise_before(&msi, "swap-free");
	raise_before(&msix, "swap-disable");
	raise_before(&msi, "swap-disable");
}

Test(swap, managed_interrupts_keep_what_is_set_aside)
{
	struct device_config device = msix;
	struct swap swap = { "swap-free", 1 };
	struct world *w;
	uint32_t cpu;

	device.managed = true;
	set_vectors(&device, 4, 4);
	w = world_of(&device);
	cpu = w->machine.desc[1].cpu;
	begin(w, &swap);
	world_run(w, w->config.timings.event_swap_ps / 2);
	cr_expect_eq(w->machine.desc[1].vector, 0);
	cr_expect_not(w->machine.desc[1].flags & DESC_RESERVED);
	world_settle(w);
	cr_expect_eq(w->machine.desc[1].cpu, cpu);
	expect_delivery(w, 1);
	world_end(w);
}

Test(swap, without_a_handler_there_is_nothing_to_give_up)
{
	struct device_config device = msix;
	struct swap swap = { "swap-free", 0 };
	struct world *w;

	device.domain[0].reserved = 1;
	w = world_of(&device);
	cr_assert_not(w->machine.desc[0].flags & DESC_STARTED);
	world_spawn(w, 0, 3, swap_body, &swap);
	world_settle(w);
	cr_expect(w->machine.desc[0].flags & DESC_STARTED, "the request gives it one");
	cr_expect_eq(world_count(w, EV_VECTOR_FREED), 0);
	expect_delivery(w, 0);
	world_end(w);
}
