// SPDX-License-Identifier: MIT
/*
 * AMD-Vi by hand: tables by device, faults, the cache, and what a request sees of an entry in the
 * middle of its update.
 */
#include <criterion/criterion.h>

#include "model_world.h"
#include "models/hw/amdvi.h"

static const struct device_config devices[] = {
	{ .domain = { { .kind = DEVICE_MSI, .vectors = 2, .allocated = 2 } }, .domains = 1,
		.vectors = 2 },
	{ .domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 3,
		.allocated = 3 } },
	  .domains = 1, .vectors = 3 },
};

static struct world *amd_world(const char *move, bool uncached)
{
	return world_create(&(struct world_setup){
		.remap = REMAP_AMDVI, .move = move, .uncached = uncached, .devices = devices,
		.devices_count = 2 });
}

Test(amdvi, every_device_has_a_table_of_its_own)
{
	struct world *w = amd_world(NULL, false);

	for (uint32_t source = 0; source < 5; source++) {
		device_raise(&w->machine, source);
	}
	world_settle(w);
	/* The index of a message is its vector, in both devices. */
	cr_expect_eq(world_nth(w, EV_MESSAGE, 1)->event.value, 1);
	cr_expect_eq(world_nth(w, EV_MESSAGE, 3)->event.value, 1);
	cr_expect_eq(world_nth(w, EV_MESSAGE, 3)->event.address, 0xfee00000);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 5);
	world_end(w);
}

Test(amdvi, an_entry_that_is_off_or_beyond_the_table_faults)
{
	struct world *w = amd_world(NULL, true);
	struct machine *m = &w->machine;

	m->irte[2].present = 0;
	device_raise(m, 2);
	device_write(m, 1, 1, REG_DATA, 3);
	device_raise(m, 3);
	device_write(m, 1, 2, REG_ADDRESS_LO, 0);
	device_raise(m, 4);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_FAULT), 2);
	cr_expect_eq(world_last(w, EV_FAULT)->event.value, AMDVI_IO_PAGE_FAULT);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_BLOCKED], 2);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 1, "address 0 is no interrupt");
	world_end(w);
}

Test(amdvi, only_the_low_bits_of_the_data_are_the_index)
{
	struct world *w = amd_world(NULL, false);

	device_write(&w->machine, 1, 1, REG_DATA, 0xf800 | 1);
	device_raise(&w->machine, 3);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(amdvi, a_cached_entry_is_used_until_the_invalidation)
{
	struct world *w = amd_world(NULL, false);
	struct machine *m = &w->machine;
	uint32_t old_cpu = m->desc[2].cpu;
	uint32_t other = (old_cpu + 1) % 4;

	device_raise(m, 2);
	world_settle(w);
	m->irte[2].cpu = (uint16_t)other;
	device_raise(m, 2);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.cpu, old_cpu);
	m->irte[2].cpu = (uint16_t)old_cpu;
	world_end(w);
}

Test(amdvi, without_a_cache_a_change_is_seen_at_once)
{
	struct world *w = amd_world(NULL, true);
	struct machine *m = &w->machine;
	uint32_t other = (m->desc[2].cpu + 1) % 4;

	device_raise(m, 2);
	world_settle(w);
	m->irte[2].cpu = (uint16_t)other;
	device_raise(m, 2);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_IRR_SET)->event.cpu, other);
	world_end(w);
}

Test(amdvi, an_invalidation_empties_the_devices_whole_table)
{
	struct world *w = amd_world("amd-ga", false);
	struct world_move asked = { .source = 2, .cpu = 3 };

	for (uint32_t source = 0; source < 5; source++) {
		device_raise(&w->machine, source);
	}
	world_settle(w);
	world_spawn(w, 0, 0, world_move_body, &asked);
	world_settle(w);
	cr_assert_eq(asked.result, 0);
	cr_expect(w->machine.irte_cache[0].present, "the other device's stays");
	cr_expect_not(w->machine.irte_cache[2].present);
	cr_expect_not(w->machine.irte_cache[4].present);
	world_end(w);
}

static uint64_t entry_writes(const char *move)
{
	struct world *w = amd_world(move, false);
	struct world_move asked = { .source = 2, .cpu = 3 };
	uint64_t writes;

	world_spawn(w, 0, 0, world_move_body, &asked);
	world_settle(w);
	cr_assert_eq(asked.result, 0);
	writes = world_count(w, EV_ENTRY_WRITE);
	cr_expect_eq(w->machine.irte[2].present, 1);
	cr_expect_eq(w->machine.irte[2].cpu, 3);
	cr_expect_eq(w->machine.irte[2].vector, w->machine.desc[2].vector);
	world_end(w);
	return writes;
}

Test(amdvi, ga_is_one_store_and_split_three)
{
	cr_expect_eq(entry_writes("amd-ga"), 1);
	cr_expect_eq(entry_writes("amd-32"), 1);
	cr_expect_eq(entry_writes("amd-split"), 3);
}

/* One raise, so placed that its request needs the entry between the first store and the last. */
static struct world *raise_in_the_window(const char *move, bool uncached, bool warm)
{
	struct world *w = amd_world(move, uncached);
	struct world_move asked = { .source = 2, .cpu = 3 };
	uint64_t before_ps;

	w->config.timings.entry_store_ps = 10 * US;
	if (warm) {
		device_raise(&w->machine, 2);
		world_settle(w);
	}
	world_forget(w);
	world_spawn(w, 0, 0, world_move_body, &asked);
	before_ps = w->machine.now_ps;
	while (!world_count(w, EV_ENTRY_WRITE)) {
		world_run(w, 100 * NS);
		cr_assert_lt(w->machine.now_ps - before_ps, MS);
	}
	device_raise(&w->machine, 2);
	world_settle(w);
	cr_assert_eq(asked.result, 0);
	return w;
}

Test(amdvi, a_raise_in_the_window_of_a_split_update_faults)
{
	struct world *w = raise_in_the_window("amd-split", true, false);

	cr_expect_eq(world_count(w, EV_FAULT), 1);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_BLOCKED], 1);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_end(w);
}

Test(amdvi, a_cached_entry_hides_the_window)
{
	struct world *w = raise_in_the_window("amd-split", false, true);

	cr_expect_eq(world_count(w, EV_FAULT), 0);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	world_end(w);
}

Test(amdvi, a_compare_exchange_has_no_window)
{
	struct world *w = raise_in_the_window("amd-ga", true, false);

	cr_expect_eq(world_count(w, EV_FAULT), 0);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	world_end(w);
}
