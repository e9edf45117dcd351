// SPDX-License-Identifier: MIT
/*
 * Random worlds of RISC-V: devices of every kind, every strategy, raises, moves, and harts that go and come, at random times.
 * Whatever happens, the conservation law holds and no identity leaks; world_end() asserts it.
 */
#include <criterion/criterion.h>

#include "model_world.h"
#include "test_random.h"

#include "models/os/hotplug.h"
#include "models/os/irq_manage.h"
#include "models/os/root_domain.h"
#include "models/strategies/registry.h"

#define WORLDS 300
#define THREADS 3

struct walk {
	uint64_t *random;
	uint32_t steps;
	bool hotplug;
};

static uint32_t below(uint64_t *random, uint32_t count)
{
	return (uint32_t)(random_u64(random) % count);
}

/* A thread that moves interrupts, and takes harts away and brings them back. */
static void walk_body(struct kthread *k, void *argument)
{
	struct walk *walk = argument;
	struct machine *m = k->machine;

	for (uint32_t i = 0; i < walk->steps; i++) {
		uint32_t cpu = below(walk->random, m->config->cpus);

		k_sleep(k, below(walk->random, 2000) * US / 100 + 1);
		if (walk->hotplug && below(walk->random, 4) == 0) {
			if (below(walk->random, 2)) {
				hotplug_offline(k, cpu);
			} else {
				hotplug_online(k, cpu);
			}
		} else {
			irq_set_affinity(k, below(walk->random, m->sources_count), world_mask(cpu));
		}
	}
}

static struct device_config random_device(uint64_t *random)
{
	bool msix = below(random, 2);
	bool maskable = msix || below(random, 2);
	uint32_t vectors = msix ? 1 + below(random, 4) : 1;

	return (struct device_config){
		.domain = { { .kind = msix ? DEVICE_MSIX : DEVICE_MSI, .maskable = maskable, .pending_bits = maskable,
			      .torn = msix ? below(random, 4) : TORN_MIX, .vectors = vectors, .allocated = vectors } },
		.domains = 1, .vectors = vectors, .address_64 = below(random, 2)
	};
}

static const char *random_strategy(uint64_t *random, enum strategy_slot slot, enum machine_remap remap)
{
	size_t count;
	const struct strategy *all = strategy_registry(&count);

	for (;;) {
		const struct strategy *one = &all[below(random, (uint32_t)count)];

		if (one->slot == slot && (one->arches & NEEDS(ARCH_RISCV)) && (one->remaps & NEEDS(remap))) {
			return one->name;
		}
	}
}

/* Sums over all worlds: that something happened in them. */
struct sums {
	uint64_t moved, lost, recovered, offline;
};

static void one_world(uint64_t seed, struct sums *sums)
{
	uint64_t random = seed;
	struct device_config devices[4];
	struct world_setup setup = {
		.arch = ARCH_RISCV, .remap = below(&random, 2) ? REMAP_RISCV_IOMMU : REMAP_NONE, .threads = THREADS,
		.cpus = 2 + below(&random, 3), .fabric = below(&random, 2) ? FABRIC_WEAK : FABRIC_ORDERED,
		.uncached = below(&random, 4) == 0, .devices = devices, .devices_count = 1 + below(&random, 4),
		.timings = { .jiffy_ps = 100 * US, .cpu_offline_ps = MS + 50 * US }
	};
	struct walk walks[THREADS];
	struct world *w;
	uint64_t in_use;
	uint64_t leaked;

	for (uint32_t i = 0; i < setup.devices_count; i++) {
		devices[i] = random_device(&random);
	}
	setup.move = random_strategy(&random, SLOT_MOVE, setup.remap);
	setup.cleanup = random_strategy(&random, SLOT_CLEANUP, setup.remap);
	w = world_create(&setup);
	for (uint32_t i = 0; i < THREADS; i++) {
		walks[i] = (struct walk){ &random, 1 + below(&random, 8), i == 0 && below(&random, 2) };
		world_spawn(w, i, below(&random, setup.cpus), walk_body, &walks[i]);
	}
	for (uint32_t i = 0; i < 60; i++) {
		device_raise(&w->machine, below(&random, w->machine.sources_count));
		world_run(w, below(&random, 800) * US / 100);
	}
	world_run(w, 40 * MS);
	w->machine.root->count(&w->machine, &in_use, &leaked);
	cr_expect_eq(leaked, 0, "seed %llu: %s", (unsigned long long)seed, setup.move);
	sums->moved += w->metrics.counter[METRIC_MIGRATIONS_DONE];
	sums->recovered += w->metrics.counter[METRIC_RECOVERED];
	sums->lost += w->metrics.counter[METRIC_LOST];
	sums->offline += w->metrics.counter[METRIC_HOTPLUG_DONE];
	world_end(w);
}

Test(riscv_property, every_raise_has_one_fate)
{
	struct sums sums = { 0 };

	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		one_world(seed, &sums);
	}
	cr_expect_gt(sums.moved, WORLDS);
	cr_expect_gt(sums.offline, WORLDS / 10);
	cr_expect_gt(sums.recovered, 0);
	cr_expect_gt(sums.lost, 0);
	cr_log_info("%llu moved, %llu off or on line, %llu recovered, %llu lost", (unsigned long long)sums.moved,
		    (unsigned long long)sums.offline, (unsigned long long)sums.recovered, (unsigned long long)sums.lost);
}
