// SPDX-License-Identifier: MIT
/* Allocation at run time: ranges, groups, message stores, monitors, reservation, spreading, and what errors leave. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "model_world.h"
#include "models/os/hierarchy.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/irq_spread.h"
#include "models/os/msi_domain.h"
#include "models/os/root_domain.h"
#include "models/os/vfio_index.h"
#include "msi_index.h"

static const struct device_config msix = {
	.domains = 1, .vectors = 1, .address_64 = true,
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 1, .allocated = 1 } },
};

static void add_domain(struct device_config *device, struct domain_config domain)
{
	device->domain[device->domains++] = domain;
	device->vectors += domain.vectors;
}

static struct device_config table(uint32_t vectors, uint32_t allocated)
{
	struct device_config device = msix;

	set_vectors(&device, vectors, allocated);
	return device;
}

static struct device_config grouped(uint32_t vectors, uint32_t allocated)
{
	struct device_config device = table(vectors, allocated);

	device.domain[0].groups = true;
	return device;
}

static const struct domain_config slots = { .kind = DEVICE_IMS, .maskable = true, .vectors = 8 };
static const struct domain_config contexts = {
	.kind = DEVICE_IMS, .torn = TORN_CACHED, .indexless = true, .vectors = 4000
};

static struct world *world_of(const struct device_config *device, const char *allocation, enum machine_remap remap)
{
	return world_create(&(struct world_setup){
		.devices = device, .devices_count = 1, .allocation = allocation, .remap = remap });
}

struct call {
	struct irq_request request;
	int result;
};

static void allocate_body(struct kthread *k, void *argument)
{
	struct call *call = argument;

	call->result = irq_allocate(k, &call->request);
}

static int allocate(struct world *w, struct call *call)
{
	world_spawn(w, 0, 3, allocate_body, call);
	world_settle(w);
	cr_assert(world_finished(w, 0));
	return call->result;
}

static struct call any(uint32_t domain, uint32_t end, uint32_t want, uint32_t at_least)
{
	return (struct call){ .request = {
		.domain = domain, .end = end, .want = want, .at_least = at_least, .anywhere = true } };
}

static struct call exactly(uint32_t first, uint32_t end)
{
	return (struct call){ .request = {
		.first = first, .end = end, .want = end - first, .at_least = end - first } };
}

static uint32_t started(const struct world *w)
{
	uint32_t count = 0;

	for (uint32_t source = 0; source < w->machine.sources_count; source++) {
		count += (w->machine.desc[source].flags & DESC_STARTED) && w->machine.source[source].active;
	}
	return count;
}

static uint64_t in_use(const struct world *w, uint64_t *leaked)
{
	uint64_t used;

	w->machine.root->count(&w->machine, &used, leaked);
	return used;
}

/* One raise of every vector; how many were delivered. */
static uint64_t delivered_by_all(struct world *w)
{
	uint64_t before = w->metrics.counter[METRIC_DELIVERED];

	for (uint32_t source = 0; source < w->machine.sources_count; source++) {
		if (w->machine.source[source].active) {
			device_raise(&w->machine, source);
		}
	}
	world_settle(w);
	return w->metrics.counter[METRIC_DELIVERED] - before;
}

static uint32_t disables(const struct world *w)
{
	uint32_t count = 0;

	for (size_t i = 0; i < w->records_count; i++) {
		const struct model_event *event = &w->records[i].event;

		count += event->kind == EV_WRITE && event->detail == REG_CONTROL && !(event->value & CONTROL_ENABLE);
	}
	return count;
}

/* What group_cpus_evenly() would do by its own loops over nodes and groups, written down naively. */
static void spread_slowly(uint32_t cpus, uint32_t nodes, uint32_t groups, uint64_t *masks)
{
	uint32_t share = cpus / nodes, group = 0, cpus_left = cpus, groups_left = groups;

	for (uint32_t node = 0; node < nodes; node++) {
		uint32_t own = groups_left * share / cpus_left, next = node * share;

		if (groups <= nodes) {
			for (uint32_t cpu = 0; cpu < share; cpu++) {
				masks[node % groups] |= UINT64_C(1) << (next + cpu);
			}
			continue;
		}
		own = own < 1 ? 1 : own;
		for (uint32_t i = 0, extra = share % own; i < own; i++, group++) {
			for (uint32_t n = share / own + (extra > 0); n > 0; n--) {
				masks[group] |= UINT64_C(1) << next++;
			}
			extra -= extra > 0;
		}
		cpus_left -= share;
		groups_left -= own;
	}
}

Test(spread, every_cpu_is_in_one_group_and_each_group_has_one)
{
	for (uint32_t nodes = 1; nodes <= 8; nodes++) {
		for (uint32_t cpus = nodes; cpus <= 64; cpus += nodes) {
			for (uint32_t groups = 1; groups <= cpus; groups++) {
				uint64_t twin[64] = { 0 }, all = 0;

				spread_slowly(cpus, nodes, groups, twin);
				for (uint32_t group = 0; group < groups; group++) {
					uint64_t mask = 0;

					irq_spread(cpus, nodes, groups, group, &mask);
					cr_assert_eq(mask, twin[group], "%u CPUs, %u nodes, group %u of %u", cpus,
						     nodes, group, groups);
					cr_assert(mask && !(all & mask));
					all |= mask;
				}
				cr_assert_eq(all, cpus == 64 ? UINT64_MAX : (UINT64_C(1) << cpus) - 1);
			}
		}
	}
}

/* Seven vectors on two nodes of four: three and four, the first of the three with two CPUs. */
Test(spread, uneven_shares_by_hand)
{
	static const uint64_t masks[] = { 0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80 };

	for (uint32_t group = 0; group < 7; group++) {
		uint64_t mask = 0;

		irq_spread(8, 2, 7, group, &mask);
		cr_expect_eq(mask, masks[group]);
	}
}

Test(spread, managed_vectors_are_never_more_than_cpus)
{
	struct device_config device = table(16, 16);
	struct world *w;
	uint64_t leaked;

	device.managed = true;
	device.domain[0].needed = 1;
	w = world_of(&device, NULL, REMAP_NONE);
	cr_expect_eq(w->machine.device[0].granted, 4);
	cr_expect_eq(in_use(w, &leaked), 4);
	cr_expect_eq(delivered_by_all(w), 8, "sixteen queues share four vectors: one runs, one pends, the others merge");
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 8);
	world_end(w);
}

Test(allocation, anywhere_takes_the_lowest_free_indices_of_the_range)
{
	struct device_config device = table(8, 2);
	struct world *w = world_of(&device, "dynamic", REMAP_NONE);
	struct call one = exactly(4, 5), two = any(0, 8, 3, 3), full = any(0, 8, 3, 3), rest = any(0, 8, 3, 1);

	cr_assert_eq(allocate(w, &one), 0);
	cr_assert_eq(allocate(w, &two), 0);
	cr_expect_eq(two.request.low, 2);
	cr_expect_eq(two.request.high, 6, "entries 2, 3 and 5");
	cr_expect_eq(allocate(w, &full), -ENOSPC, "two are left");
	cr_expect_eq(started(w), 6);
	cr_assert_eq(allocate(w, &rest), 0);
	cr_expect_eq(rest.request.granted, 2);
	cr_expect_eq(delivered_by_all(w), 8);
	world_end(w);
}

Test(allocation, index_in_use_is_busy_and_nothing_is_left_behind)
{
	struct device_config device = table(8, 2);
	struct world *w = world_of(&device, "dynamic", REMAP_NONE);
	struct call overlapping = { .request = { .first = 1, .end = 4, .want = 3, .at_least = 1 } };
	uint64_t leaked;

	cr_expect_eq(allocate(w, &overlapping), -EBUSY);
	cr_expect_eq(in_use(w, &leaked), 2);
	cr_expect_eq(delivered_by_all(w), 2);
	world_end(w);
}

Test(allocation, enabled_function_without_groups_refuses_a_batch)
{
	struct device_config device = table(8, 2);
	struct world *w = world_of(&device, "batch", REMAP_NONE);
	struct call more = any(0, 8, 2, 2);

	cr_expect_eq(allocate(w, &more), -EINVAL);
	cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], 1);
	cr_expect_eq(delivered_by_all(w), 2);
	world_end(w);
}

Test(allocation, two_threads_never_get_the_same)
{
	struct device_config device = table(64, 0);
	struct world *w = world_of(&device, "dynamic", REMAP_NONE);
	struct call a = any(0, 64, 20, 20), b = any(0, 64, 20, 20);

	world_spawn(w, 0, 2, allocate_body, &a);
	world_spawn(w, 1, 3, allocate_body, &b);
	world_settle(w);
	cr_expect_eq(a.result, 0);
	cr_expect_eq(b.result, 0);
	cr_expect_eq(started(w), 40);
	cr_expect_eq(delivered_by_all(w), 40);
	world_end(w);
}

static void free_group_body(struct kthread *k, void *argument)
{
	int *group = argument;

	group[1] = irq_free_group(k, 0, 0, (uint32_t)group[0]);
}

static int free_group(struct world *w, int number)
{
	int group[] = { number, 1 };

	world_spawn(w, 0, 3, free_group_body, group);
	world_settle(w);
	return group[1];
}

Test(groups, ids_count_upward_and_are_freed_by_id)
{
	struct device_config device = grouped(32, 4);
	struct world *w = world_of(&device, "group-live", REMAP_NONE);
	struct call first = any(0, 32, 4, 4), second = any(0, 32, 8, 8), third = any(0, 32, 4, 4);
	struct msi_index *index = msi_domain_index(&w->machine, (struct msi_cookie){ 0, 0 });

	cr_assert_eq(allocate(w, &first), 0);
	cr_assert_eq(allocate(w, &second), 0);
	cr_expect_eq(msi_index_group_count(index, 0), 4);
	cr_expect_eq(msi_index_group_count(index, 1), 4);
	cr_expect_eq(msi_index_group_count(index, 2), 8);
	cr_expect_eq(free_group(w, 1), 0);
	cr_expect_eq(free_group(w, 1), -ENOENT, "its id is gone");
	cr_expect_eq(started(w), 12);
	cr_assert_eq(allocate(w, &third), 0);
	cr_expect_eq(msi_index_group_count(index, 3), 4, "ids are not used again");
	cr_expect_eq(third.request.low, 4, "but its entries are");
	cr_expect_eq(free_group(w, 0), 0, "the default group is only emptied");
	cr_expect_eq(delivered_by_all(w), 12);
	world_end(w);
}

/* A vector space with room for the 4 of the start, and 8 more. */
static struct world *crowded(const struct device_config *device, const char *allocation)
{
	return world_create(&(struct world_setup){
		.cpus = 4, .devices = device, .devices_count = 1, .allocation = allocation, .vectors_first = 40,
		.vectors_end = 43, .without_system_vectors = true });
}

Test(groups, error_with_the_function_disabled_starves_those_in_use)
{
	struct device_config device = grouped(32, 4);
	struct world *w = crowded(&device, "group-disable");
	struct call fits = any(0, 32, 4, 4), fails = any(0, 32, 16, 16);

	cr_assert_eq(allocate(w, &fits), 0);
	cr_expect_eq(disables(w), 1);
	cr_expect(irq_device_enabled(&w->machine, 0));
	cr_expect_eq(delivered_by_all(w), 8);
	cr_expect_eq(allocate(w, &fails), -ENOSPC);
	cr_expect_not(irq_device_enabled(&w->machine, 0));
	cr_expect_eq(delivered_by_all(w), 0);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], 8);
	world_end(w);
}

Test(groups, error_with_the_function_enabled_touches_nothing)
{
	struct device_config device = grouped(32, 4);
	struct world *w = crowded(&device, "group-live");
	struct call fits = any(0, 32, 4, 4), fails = any(0, 32, 16, 16);
	struct msi_index *index;

	cr_assert_eq(allocate(w, &fits), 0);
	cr_expect_eq(allocate(w, &fails), -ENOSPC);
	cr_expect_eq(disables(w), 0);
	cr_expect(irq_device_enabled(&w->machine, 0));
	cr_expect_eq(delivered_by_all(w), 8);
	index = msi_domain_index(&w->machine, (struct msi_cookie){ 0, 0 });
	cr_expect_eq(msi_index_group_count(index, 2), -ENOENT, "a group without vectors does not stay");
	world_end(w);
}

static void mask_body(struct kthread *k, void *argument)
{
	const uint32_t *desc = argument;

	if (desc[1]) {
		irq_mask(k, desc[0]);
	} else {
		irq_unmask(k, desc[0]);
	}
}

static void set_mask(struct world *w, uint32_t desc, bool on)
{
	uint32_t what[] = { desc, on };

	world_spawn(w, 0, 3, mask_body, what);
	world_settle(w);
}

Test(ims, masked_slot_forgets_and_masked_entry_does_not)
{
	struct device_config device = table(1, 1);
	struct call one = any(1, 8, 1, 1);
	struct world *w;

	add_domain(&device, slots);
	w = world_of(&device, "ims", REMAP_VTD);
	cr_assert_eq(allocate(w, &one), 0);
	cr_assert_eq(one.request.low, 1);
	for (uint32_t source = 0; source < 2; source++) {
		set_mask(w, source, true);
		device_raise(&w->machine, source);
		world_settle(w);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], source, "nothing comes from under a mask");
		set_mask(w, source, false);
		cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1, "MSI-X sends its pending bit, the slot has none");
	}
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], 1);
	device_raise(&w->machine, 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	world_end(w);
}

/* The device goes on with the message that it has read, until the command is done. */
Test(ims, context_takes_effect_with_its_command)
{
	struct device_config device = table(1, 1);
	struct call one = any(1, contexts.vectors, 1, 1);
	struct world *w;
	uint64_t began_ps;

	add_domain(&device, contexts);
	w = world_of(&device, "ims", REMAP_VTD);
	began_ps = w->machine.now_ps;
	world_spawn(w, 0, 3, allocate_body, &one);
	world_run(w, w->config.timings.device_command_ps / 2);
	cr_expect_eq(w->machine.entry[1].command_busy, 1);
	cr_expect_neq(w->machine.entry[1].address_lo, 0, "the context is written");
	cr_expect_eq(w->machine.entry[1].latched_lo, 0, "and not read");
	device_raise(&w->machine, 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 1, "what is sent before goes where the old message says");
	cr_expect_geq(w->machine.now_ps - began_ps, w->config.timings.device_command_ps);
	cr_expect_eq(w->machine.entry[1].latched_lo, w->machine.entry[1].address_lo);
	device_raise(&w->machine, 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

/* What one CPU's vectors could never hold. */
Test(ims, thousands_of_contexts_move_without_a_command)
{
	struct device_config device = table(1, 1);
	struct call many = any(1, contexts.vectors, 3000, 3000);
	struct world_move move = { .source = 1000, .cpu = 9 };
	struct world *w;
	size_t commands;

	add_domain(&device, contexts);
	w = world_create(&(struct world_setup){
		.cpus = 32, .devices = &device, .devices_count = 1, .allocation = "ims", .remap = REMAP_VTD });
	cr_assert_eq(allocate(w, &many), 0);
	cr_expect_eq(delivered_by_all(w), 3001);
	commands = world_count(w, EV_COMMAND);
	cr_expect_eq(commands, 3000);
	world_spawn(w, 0, 0, world_move_body, &move);
	world_settle(w);
	cr_expect_eq(move.result, 0);
	cr_expect_eq(w->machine.desc[1000].cpu, 9);
	cr_expect_eq(world_count(w, EV_COMMAND), commands, "behind the remap table the message stays");
	cr_expect_eq(delivered_by_all(w), 3001);
	world_end(w);
}

Test(ims, driver_of_the_table_is_refused_where_that_of_the_store_goes_on)
{
	static const char *const names[] = { "dynamic", "ims" };

	for (int i = 0; i < 2; i++) {
		struct device_config device = table(4, 4);
		struct call more = any(0, 4, 4, 4);
		struct world *w;

		add_domain(&device, slots);
		w = world_of(&device, names[i], REMAP_VTD);
		cr_expect_eq(allocate(w, &more), i ? 0 : -ENOSPC);
		cr_expect_eq(delivered_by_all(w), i ? 8 : 4);
		world_end(w);
	}
}

/* Vectors 5, 6 and 7 after 0 to 4: three rounds, one, none. */
Test(vfio, rounds_of_each_monitor)
{
	static const struct {
		const char *name;
		uint32_t rounds;
	} monitors[] = { { "qemu-realloc", 3 }, { "qemu-deferred", 1 }, { "qemu-dynamic", 0 } };

	for (size_t i = 0; i < 3; i++) {
		struct device_config device = table(8, 5);
		struct world *w = world_of(&device, monitors[i].name, REMAP_VTD);
		struct call three = exactly(5, 8);

		cr_assert_eq(allocate(w, &three), 0);
		cr_expect_eq(disables(w), monitors[i].rounds, "%s", monitors[i].name);
		cr_expect_eq(delivered_by_all(w), 8);
		world_end(w);
	}
}

Test(vfio, vector_below_what_is_enabled_costs_no_round)
{
	struct device_config device = table(8, 5);
	struct world *w = world_of(&device, "qemu-realloc", REMAP_VTD);
	struct call last = exactly(7, 8), below = exactly(5, 7);

	cr_assert_eq(allocate(w, &last), 0);
	cr_expect_eq(disables(w), 1);
	cr_assert_eq(allocate(w, &below), 0);
	cr_expect_eq(disables(w), 1);
	cr_expect_eq(delivered_by_all(w), 8);
	world_end(w);
}

/*
 * Each event of a round: before the mask delivered, under the mask kept, while the function is disabled lost. One that is on
 * its way when its handler is taken away is dropped.
 */
Test(vfio, event_is_lost_only_while_the_function_is_disabled)
{
	uint64_t lost = 0, kept = 0, dropped = 0;

	for (uint64_t at_ps = 0; at_ps < 600 * US; at_ps += 1 * US) {
		struct device_config device = table(2, 1);
		struct world *w = world_of(&device, "qemu-deferred", REMAP_VTD);
		struct call one = exactly(1, 2);
		bool enabled;

		world_spawn(w, 0, 3, allocate_body, &one);
		world_run(w, at_ps);
		enabled = irq_device_enabled(&w->machine, 0);
		device_raise(&w->machine, 0);
		kept += w->machine.entry[0].pending_bit;
		world_settle(w);
		cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], !enabled, "at %lu us",
			     (unsigned long)(at_ps / US));
		dropped += w->metrics.counter[METRIC_LOST] - !enabled;
		lost += !enabled;
		world_end(w);
	}
	cr_expect_gt(lost, 480);
	cr_expect_gt(kept, 0);
	cr_expect_leq(dropped, 2, "the flight of a message, and no longer");
}

/* Six of twelve are in use by another device: the seventh of this one cannot be had. */
Test(vfio, no_vectors_left)
{
	static const struct {
		const char *name;
		uint64_t before, after;
	} monitors[] = { { "qemu-realloc", 6, 0 }, { "qemu-deferred", 6, 0 }, { "qemu-dynamic", 6, 6 } };

	for (size_t i = 0; i < 3; i++) {
		struct device_config devices[] = { table(8, 6), table(6, 6) };
		struct call more = exactly(6, 8);
		struct world *w = world_create(&(struct world_setup){
			.devices = devices, .devices_count = 2, .allocation = monitors[i].name, .vectors_first = 40,
			.vectors_end = 43, .without_system_vectors = true });

		cr_expect_eq(delivered_by_all(w), monitors[i].before + 6);
		cr_expect_eq(allocate(w, &more), -ENOSPC);
		cr_expect_eq(irq_device_enabled(&w->machine, 0), monitors[i].after > 0);
		cr_expect_eq(delivered_by_all(w), monitors[i].after + 6, "%s", monitors[i].name);
		world_end(w);
	}
}

Test(vfio, index_layout_tells_kinds_by_capability)
{
	struct device_config ring = { .domains = 1, .vectors = 1, .domain = { { .kind = DEVICE_PLATFORM, .vectors = 1 } } };
	struct vfio_index line, msi;

	add_domain(&ring, (struct domain_config){ .kind = DEVICE_WIRED, .vectors = 3 });
	cr_expect_eq(vfio_index_count(&ring), 7);
	cr_assert_eq(vfio_index_get(&ring, 0, false, &line), 0);
	cr_assert_eq(vfio_index_get(&ring, 3, false, &msi), 0);
	cr_expect_eq(line.count, msi.count, "by their counts they cannot be told apart");
	cr_expect_eq(line.kind, VFIO_INDEX_LINE);
	cr_expect_eq(msi.kind, VFIO_INDEX_MSI);
	cr_expect_eq(line.flags, VFIO_INDEX_EVENTFD | VFIO_INDEX_MASKABLE | VFIO_INDEX_AUTOMASKED);
	cr_expect_eq(msi.flags, VFIO_INDEX_EVENTFD | VFIO_INDEX_NORESIZE);
	cr_expect_eq(vfio_index_find(&ring, VFIO_INDEX_LINE), 0);
	cr_expect_eq(vfio_index_find(&ring, VFIO_INDEX_MSI), 3);
	cr_expect_eq(vfio_index_find(&ring, VFIO_INDEX_MSIX), -ENOENT);
	cr_expect_eq(vfio_index_find(&ring, VFIO_INDEX_ERROR), 5);
	cr_expect_eq(vfio_index_find(&ring, VFIO_INDEX_REQUEST), 6);
	cr_expect_eq(vfio_index_get(&ring, 7, false, &msi), -EINVAL);
}

Test(vfio, index_of_msix_resizes_where_the_host_is_dynamic)
{
	struct device_config nic = table(10, 3);
	struct vfio_index index;

	nic.intx = true;
	cr_expect_eq(vfio_index_find(&nic, VFIO_INDEX_MSIX), 2, "behind INTx and the MSI that it lacks");
	cr_assert_eq(vfio_index_get(&nic, 2, false, &index), 0);
	cr_expect_eq(index.count, 10);
	cr_expect(index.flags & VFIO_INDEX_NORESIZE);
	cr_assert_eq(vfio_index_get(&nic, 2, true, &index), 0);
	cr_expect_not(index.flags & VFIO_INDEX_NORESIZE);
}

/* A line of the bridge is held back by its mask and still raised afterwards; an MSI beside it goes on. */
Test(platform, line_waits_behind_its_mask)
{
	struct device_config ring = {
		.domains = 1, .vectors = 2, .domain = { { .kind = DEVICE_PLATFORM, .vectors = 2, .allocated = 2 } }
	};
	struct world *w;

	add_domain(&ring, (struct domain_config){
		.kind = DEVICE_WIRED, .maskable = true, .pending_bits = true, .vectors = 1, .allocated = 1 });
	w = world_of(&ring, NULL, REMAP_NONE);
	set_mask(w, 2, true);
	for (uint32_t source = 0; source < 3; source++) {
		device_raise(&w->machine, source);
	}
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	set_mask(w, 2, false);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 3);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	world_end(w);
}

static struct world *few_vectors(const struct device_config *devices, uint32_t count, uint32_t each)
{
	return world_create(&(struct world_setup){
		.cpus = 2, .devices = devices, .devices_count = count, .vectors_first = 40, .vectors_end = 40 + each,
		.without_system_vectors = true, .may_fail = true });
}

Test(shortage, queues_share_what_there_is)
{
	struct device_config device = table(8, 8);
	struct world *w;

	device.domain[0].needed = 2;
	w = few_vectors(&device, 1, 1);
	cr_expect_eq(w->machine.device[0].granted, 2);
	for (uint32_t source = 0; source < 8; source++) {
		uint32_t runs = w->serviced;

		device_raise(&w->machine, source);
		world_settle(w);
		cr_expect_eq(w->serviced - runs, 4, "the handler of a vector serves its four queues");
	}
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 8);
	world_end(w);
}

/* Three vectors for MSI-X of which all are needed, or one MSI, or INTx. */
Test(shortage, falls_back_only_where_one_will_do)
{
	struct device_config devices[] = { table(3, 3), table(4, 4) };
	uint64_t leaked;

	devices[1].falls_back = true;
	for (uint32_t needed = 1; needed <= 4; needed += 3) {
		struct world *w;

		devices[1].domain[0].needed = needed;
		devices[0].domain[0].vectors = devices[0].domain[0].allocated = devices[0].vectors = needed == 1 ? 4 : 3;
		w = few_vectors(devices, 2, 2);
		cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], needed == 1 ? 3 : 1,
			     "one refusal for each way that was tried");
		cr_expect_eq(in_use(w, &leaked), needed == 1 ? 4 : 3);
		cr_expect_eq(delivered_by_all(w), needed == 1 ? 4 : 3, "the device of the driver that gave up is silent");
		world_end(w);
	}
}

static void request_body(struct kthread *k, void *argument)
{
	int *result = argument;

	*result = irq_request_vectors(k, 0, 0, 6);
}

Test(reservation, takes_a_vector_when_it_is_requested)
{
	struct device_config device = table(6, 6);
	int result = 0;
	uint64_t leaked;
	struct world *w;

	device.domain[0].reserved = 4;
	w = few_vectors(&device, 1, 2);
	cr_expect_eq(in_use(w, &leaked), 2, "four more are only counted");
	cr_expect_eq(started(w), 2);
	world_spawn(w, 0, 1, request_body, &result);
	world_settle(w);
	cr_expect_eq(result, -ENOSPC, "there is room for two of them");
	cr_expect_eq(in_use(w, &leaked), 4);
	cr_expect_eq(w->metrics.counter[METRIC_ALLOC_FAILED], 1);
	cr_expect_eq(delivered_by_all(w), 4);
	world_end(w);
}

Test(reservation, message_that_cannot_be_masked_gets_its_vector_at_once)
{
	struct device_config device = {
		.domains = 1, .vectors = 1, .domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1, .reserved = 1 } }
	};
	struct world *w = world_of(&device, NULL, REMAP_NONE);
	uint64_t leaked;

	cr_expect_eq(in_use(w, &leaked), 1);
	cr_expect_not(w->machine.desc[0].flags & DESC_STARTED);
	world_end(w);
}

static void reboot_body(struct kthread *k, void *argument)
{
	int *result = argument;

	*result = irq_guest_reboot(k, 0);
}

Test(reboot, leaks_until_there_is_none_or_gives_back)
{
	static const char *const names[] = { "reboot-leak", "reboot-free" };

	for (int i = 0; i < 2; i++) {
		struct device_config device = table(4, 4);
		uint64_t used, leaked = 0;
		int result = 0;
		struct world *w = world_create(&(struct world_setup){
			.cpus = 2, .devices = &device, .devices_count = 1, .allocation = names[i], .vectors_first = 40,
			.vectors_end = 46, .without_system_vectors = true });

		for (int reboots = 0; reboots < 3; reboots++) {
			world_spawn(w, 0, 1, reboot_body, &result);
			world_settle(w);
			cr_expect_eq(result, i == 0 && reboots == 2 ? -ENOSPC : 0, "%s, reboot %d", names[i], reboots);
		}
		used = in_use(w, &leaked);
		cr_expect_eq(used, i ? 4 : 12);
		cr_expect_eq(leaked, i ? 0 : 12);
		cr_expect_eq(delivered_by_all(w), i ? 4 : 0);
		world_end(w);
	}
}

static void plug_body(struct kthread *k, void *argument)
{
	int *result = argument;

	irq_unplug(k, 0);
	*result = -1;
	k_sleep(k, 1 * MS);
	*result = irq_plug(k, 0);
}

Test(plug, takes_everything_along_and_brings_it_back)
{
	struct device_config device = table(4, 3);
	struct world *w;
	uint64_t leaked;
	int result = 1;

	add_domain(&device, slots);
	device.domain[1].allocated = 2;
	w = world_of(&device, NULL, REMAP_VTD);
	cr_expect_eq(delivered_by_all(w), 5);
	world_spawn(w, 0, 3, plug_body, &result);
	world_run(w, w->config.timings.hot_unplug_ps - 1 * US);
	cr_expect_eq(in_use(w, &leaked), 5, "until the slot's power goes");
	world_run(w, 500 * US);
	cr_expect_eq(result, -1);
	cr_expect_eq(in_use(w, &leaked), 0);
	world_settle(w);
	cr_expect_eq(result, 0);
	cr_expect_eq(delivered_by_all(w), 5);
	world_end(w);
}

Test(hierarchy, strategy_sits_where_the_architecture_has_it)
{
	static const struct {
		enum machine_arch arch;
		enum machine_remap remap;
		uint32_t levels, strategy;
	} rows[] = {
		{ ARCH_X86, REMAP_NONE, 2, 0 },           { ARCH_X86, REMAP_VTD, 3, 1 },
		{ ARCH_X86, REMAP_AMDVI, 3, 1 },          { ARCH_RISCV, REMAP_NONE, 2, 1 },
		{ ARCH_RISCV, REMAP_RISCV_IOMMU, 3, 1 },  { ARCH_ARM, REMAP_ITS, 3, 1 },
		{ ARCH_ARM, REMAP_V2M, 3, 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hierarchy_level levels[HIERARCHY_LEVELS_MAX];
		uint32_t count = hierarchy_levels(rows[i].arch, rows[i].remap, DEVICE_MSIX, false, levels);

		cr_assert_eq(count, rows[i].levels);
		for (uint32_t level = 0; level < count; level++) {
			cr_expect_not_null(levels[level].name);
			cr_expect_eq(levels[level].set_affinity == NULL, level == rows[i].strategy, "row %zu", i);
		}
	}
}
