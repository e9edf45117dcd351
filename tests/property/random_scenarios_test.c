// SPDX-License-Identifier: MIT
/*
 * Random scenarios: the conservation law holds, nothing crashes, nothing waits for ever. And what a protocol promises
 * everywhere holds everywhere: where interrupts only move, on an ordered fabric, the careful ones leave no device stale.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/run.h"
#include "../unit/test_random.h"

#ifdef __SANITIZE_ADDRESS__
#define SCENARIOS 150
#else
#define SCENARIOS 300
#endif
#define TRIES (SCENARIOS * 2)

struct draft {
	char text[16384];
	size_t length;
	uint64_t state;
	uint32_t cpus;
	bool remapped;
	bool all_maskable;
	bool only_moves;
	uint32_t devices;
	struct {
		bool managed;
	} device[4];
};

static uint32_t below(struct draft *d, uint32_t limit)
{
	return (uint32_t)(random_u64(&d->state) % limit);
}

static bool chance(struct draft *d, uint32_t percent)
{
	return below(d, 100) < percent;
}

__attribute__((format(printf, 2, 3))) static void put(struct draft *d, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	d->length += (size_t)vsnprintf(&d->text[d->length], sizeof(d->text) - d->length, format, arguments);
	va_end(arguments);
	cr_assert_lt(d->length, sizeof(d->text));
}

static void put_machine(struct draft *d)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 6, 8, 12, 70 };
	static const char *const placements[] = { "spread", "pack", "first-fit" };

	d->cpus = sizes[below(d, 8)];
	d->remapped = chance(d, 35);
	put(d, "machine:\n  cpus: %u\n  remap: %s\n  placement: %s\n", d->cpus, d->remapped ? "vtd" : "none",
	    placements[below(d, 3)]);
	if (d->cpus % 2 == 0 && chance(d, 40)) {
		put(d, "  sockets: 2\n");
	}
	if (chance(d, 20)) {
		put(d, "  fabric: weak\n");
		d->only_moves = false;
	}
	if (chance(d, 30)) {
		put(d, "  remap_cache: %s\n  ecam: %s\n", chance(d, 50) ? "true" : "false", chance(d, 50) ? "true" : "false");
	}
	if (chance(d, 35)) {
		uint32_t first = 32 + below(d, 150);

		put(d, "  vectors: {first: %u, end: %u, system: []}\n", first, first + 2 + below(d, 12));
	}
	put(d, "  timings: {cpu_offline: 2ms, jiffy: %ums, handler: %uns, remap_miss: %uns, invalidate: %uns, message: %uns}\n",
	    1 + below(d, 4), 1 + below(d, 9000), below(d, 4000), below(d, 3000), below(d, 4000));
}

static void put_raise(struct draft *d)
{
	switch (below(d, 6)) {
	case 0:
		put(d, "{process: none}");
		break;
	case 1:
		put(d, "{process: periodic, period: %uus, jitter: %u%%}", 3 + below(d, 200), below(d, 101));
		break;
	case 2:
		put(d, "{process: bursts, rate: %ukHz, on: %uus, off: %uus}", 20 + below(d, 900), 1 + below(d, 900),
		    1 + below(d, 3000));
		break;
	case 3:
		put(d, "{process: closed, depth: %u, service: %uus, timeout: %ums}", 1 + below(d, 20), 1 + below(d, 90),
		    1 + below(d, 8));
		break;
	case 4:
		put(d, "{process: times, at: [%uus, %uus, 9ms]}", below(d, 3000), 3000 + below(d, 3000));
		break;
	default:
		put(d, "{rate: %uHz}", 100 + below(d, 150000));
		break;
	}
}

static void put_device(struct draft *d, uint32_t device)
{
	bool msi = chance(d, 45);
	bool maskable = !msi || chance(d, 40);
	uint32_t vectors = msi ? (d->remapped ? 1u << below(d, 4) : 1) : 1 + below(d, 6);

	put(d, "  - name: dev%u\n    kind: %s\n    vectors: %u\n", device, msi ? "msi" : "msix", vectors);
	if (chance(d, 25)) {
		put(d, "    count: %u\n", 1 + below(d, 3));
	}
	if (msi) {
		put(d, "    maskable: %s\n    address_bits: %u\n", maskable ? "true" : "false", chance(d, 50) ? 32 : 64);
	} else {
		static const char *const torn[] = { "mix", "old", "new", "cached" };

		put(d, "    torn: %s\n", torn[below(d, 4)]);
		if (!d->only_moves && chance(d, 30)) {
			put(d, "    allocated: %u\n", below(d, vectors + 1));
		}
	}
	d->device[device].managed = device > 0 && chance(d, 20);
	if (d->device[device].managed) {
		put(d, "    managed: true\n");
	} else if (chance(d, 40)) {
		put(d, "    cpus: [%u]\n", below(d, d->cpus));
	}
	if (chance(d, 40)) {
		put(d, "    handler: %uns\n", 1 + below(d, 40000));
	}
	if (chance(d, 30)) {
		put(d, "    intx: %s\n", chance(d, 50) ? "true" : "false");
	}
	put(d, "    raise: ");
	put_raise(d);
	put(d, "\n");
	d->all_maskable &= maskable;
}

static void put_when(struct draft *d)
{
	switch (below(d, 3)) {
	case 0:
		put(d, "every: %uus", 20 + below(d, 4000));
		break;
	case 1:
		put(d, "rate: %uHz", 100 + below(d, 5000));
		break;
	default:
		put(d, "every: %uus, start: %uus, count: %u", 300 + below(d, 3000), below(d, 9000), 1 + below(d, 8));
		break;
	}
}

static void put_move(struct draft *d)
{
	uint32_t device = below(d, d->devices);

	/* The kernel keeps managed interrupts where they are; the first device is none. */
	device = d->device[device].managed ? 0 : device;
	put(d, "  - {do: migrate, device: dev%u, ", device);
	put_when(d);
	switch (below(d, 3)) {
	case 0:
		put(d, ", to: random}\n");
		break;
	case 1:
		put(d, ", to: [%u, %u], as_mask: %s}\n", below(d, d->cpus), below(d, d->cpus),
		    chance(d, 30) ? "true" : "false");
		break;
	default:
		put(d, "}\n");
		break;
	}
}

static void put_action(struct draft *d)
{
	uint32_t device = below(d, d->devices);

	if (d->only_moves || chance(d, 45)) {
		put_move(d);
		return;
	}
	switch (below(d, 4)) {
	case 0:
		put(d, "  - {do: offline, cpu: %u, ", below(d, d->cpus));
		put_when(d);
		put(d, "}\n  - {do: online, cpu: auto, every: %uus}\n", 2000 + below(d, 5000));
		break;
	case 1:
		put(d, "  - {do: disable, device: dev%u, every: 5ms}\n  - {do: enable, device: dev%u, every: 5ms, start: %uus}\n",
		    device, device, 5001 + below(d, 3000));
		break;
	case 2:
		put(d, "  - {do: free, device: dev%u, every: 6ms}\n  - {do: allocate, device: dev%u, every: 6ms, start: %uus}\n",
		    device, device, 6500 + below(d, 3000));
		break;
	default:
		put(d, "  - {do: raise, device: dev%u, every: %uus}\n", device, 10 + below(d, 500));
		break;
	}
}

static void put_strategies(struct draft *d)
{
	static const char *const plain[] = {
		"x86-direct", "x86-direct-data-first", "x86-direct-deferred", "x86-msi-off", "x86-tmp", "x86-tmp-local",
		"x86-tmp-no-check", "x86-tmp-remote", "x86-same-vector", "x86-linux-5.6", "x86-linux-6.1",
		"x86-linux-6.1-as-commented", "x86-masked"
	};
	static const char *const remapped[] = { "vtd", "vtd-split", "vtd-no-flush" };
	static const char *const cleanups[] = { "", "+first-interrupt", "+ipi", "+timer", "+immediate" };
	static const char *const offlines[] = {
		"", "+offline-scan", "+offline-no-scan", "+offline-early-disable", "+offline-leak"
	};

	put(d, "strategies:\n");
	if (d->only_moves) {
		put(d, d->remapped ? "  - vtd\n" : "  - x86-tmp\n  - x86-tmp-local\n  - x86-linux-6.1-as-commented\n");
		return;
	}
	for (uint32_t i = 0; i < 2; i++) {
		const char *move = d->remapped ? remapped[below(d, 3)] : plain[below(d, d->all_maskable ? 13 : 12)];

		/* No two alike. */
		put(d, "  - %s%s%s\n", move, cleanups[i * 2 + below(d, 2)], offlines[below(d, 5)]);
	}
}

static void write_draft(struct draft *d, uint64_t number)
{
	uint64_t state = number * UINT64_C(0x9e3779b97f4a7c15);

	*d = (struct draft){ .state = state, .all_maskable = true };
	d->only_moves = chance(d, 35);
	put_machine(d);
	d->devices = 1 + below(d, 4);
	put(d, "devices:\n");
	for (uint32_t device = 0; device < d->devices; device++) {
		put_device(d, device);
	}
	put(d, "actions:\n");
	for (uint32_t actions = 1 + below(d, 4); actions; actions--) {
		put_action(d);
	}
	put_strategies(d);
	put(d, "duration: 20ms\ndrain: 12ms\nreplications: 1\nseed: %lu\n", (unsigned long)number);
}

static void assert_careful(const struct draft *d, const struct scenario *s, const struct run_result *result)
{
	for (size_t i = 0; i < s->contenders_count; i++) {
		const uint64_t *counter = result->contenders[i].each[0].counter;

		cr_assert_eq(counter[METRIC_LOST], 0, "%s lost %lu in\n%s", s->contenders[i].name,
			     (unsigned long)counter[METRIC_LOST], d->text);
	}
}

/* True where the loader takes it. */
static bool run_draft(struct draft *d)
{
	struct run_options options = { .jobs = 2 };
	struct diagnostics *diagnostics = diagnostics_new("random.yaml");
	struct scenario *s = scenario_load_text("random.yaml", d->text, d->length, NULL, diagnostics);
	struct run_result result;
	enum run_status status;
	char *error;

	if (getenv("SHOW_REFUSED") && !s) {
		diagnostics_print(diagnostics, stderr);
	}
	diagnostics_free(diagnostics);
	if (!s) {
		return false;
	}
	status = run_scenario(s, &options, &result, &error);
	/* More interrupts than vectors is the scenario's own fault, and told as such. */
	if (error && strstr(error, "no vectors left for device")) {
		status = RUN_OK;
	} else if (!error && d->only_moves) {
		assert_careful(d, s, &result);
	}
	cr_assert_eq(status, RUN_OK, "%s\n%s", error, d->text);
	free(error);
	run_result_release(&result);
	scenario_free(s);
	return true;
}

Test(scenarios, random_ones_keep_the_law, .timeout = 300)
{
	struct draft *d = malloc(sizeof(*d));
	uint32_t taken = 0;
	uint64_t number;

	cr_assert_not_null(d);
	for (number = 1; taken < SCENARIOS && number <= TRIES; number++) {
		write_draft(d, number);
		taken += run_draft(d);
	}
	cr_expect_eq(taken, SCENARIOS, "the loader refused %lu of %lu", (unsigned long)(number - 1 - taken),
		     (unsigned long)(number - 1));
	free(d);
}
