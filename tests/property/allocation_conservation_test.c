// SPDX-License-Identifier: MIT
/*
 * Random scenarios of allocation at run time: domains side by side, groups, message stores, monitors, reboots and hot-plug,
 * in vector spaces that are too small. In every one each raise has exactly one fate, and no vector leaks but by the strategy
 * that forgets them; a run that breaks the law ends with an error.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/test_random.h"
#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/run.h"

/* The sanitizers slow it down ten times. */
#ifdef __SANITIZE_ADDRESS__
#define SCENARIOS 40
#else
#define SCENARIOS 300
#endif

#define VECTORS 12
#define STORE 24

struct text {
	FILE *file;
	uint64_t random;
};

static uint32_t below(struct text *t, uint32_t count)
{
	return (uint32_t)(random_u64(&t->random) % count);
}

static bool chance(struct text *t, uint32_t percent)
{
	return below(t, 100) < percent;
}

static void line(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct text *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(t->file, format, arguments);
	va_end(arguments);
	fputc('\n', t->file);
}

static void device(struct text *t, uint32_t number)
{
	uint32_t allocated = below(t, VECTORS + 1);

	line(t, "  - name: d%u\n    kind: msix\n    vectors: %u\n    allocated: %u\n    requested: %u", number, VECTORS,
	     allocated, allocated - below(t, allocated + 1));
	line(t, "    groups: true\n    intx: %s\n    managed: %s", chance(t, 50) ? "true" : "false",
	     chance(t, 20) ? "true" : "false");
	if (allocated && chance(t, 50)) {
		line(t, "    needed: 1\n    falls_back: %s", chance(t, 50) ? "true" : "false");
	}
	line(t, "    handler: %uus\n    raise: {rate: %ukHz}", 1 + below(t, 20), 1 + below(t, 40));
	line(t, "    ims: {vectors: %u, allocated: %u, store: %s, groups: true, raise: {rate: %ukHz}}", STORE, below(t, 4),
	     chance(t, 50) ? "slots" : "queue", 1 + below(t, 10));
	line(t, "    platform: {vectors: 2, torn: %s, raise: {process: closed, depth: 2, service: 80us, timeout: 1ms}}",
	     chance(t, 50) ? "old" : "mix");
	line(t, "    wired: {vectors: 1, raise: {rate: 1kHz}}");
}

static void action(struct text *t, uint32_t devices)
{
	static const char *const domains[] = { "first", "ims", "platform", "wired" };
	static const char *const verbs[] = { "mask", "unmask", "raise" };
	static const char *const whole[] = { "reboot", "unplug", "plug", "request" };
	uint32_t d = below(t, devices);
	uint32_t at_us = 1 + below(t, 5000);

	switch (below(t, 8)) {
	case 0:
	case 1:
		line(t, "  - {do: allocate, device: d%u, want: %u, at_least: 1, rate: %uHz, request: %s}", d,
		     1 + below(t, 6), 100 + below(t, 1000), chance(t, 70) ? "true" : "false");
		break;
	case 6:
		line(t, "  - {do: %s, device: d%u, rate: %uHz}", chance(t, 50) ? "release" : "request", d,
		     100 + below(t, 1000));
		break;
	case 2:
		line(t, "  - {do: allocate, device: d%u, domain: ims, want: %u, rate: %uHz}", d, 1 + below(t, 6),
		     100 + below(t, 1000));
		break;
	case 3:
		line(t, "  - {do: free, device: d%u, domain: %s, group: %u, rate: %uHz}", d, domains[below(t, 2)],
		     below(t, 5), 100 + below(t, 1000));
		break;
	case 4:
		line(t, "  - {do: free, device: d%u, domain: ims, vectors: %u-%u, rate: %uHz}", d, below(t, 4),
		     4 + below(t, STORE - 4), 100 + below(t, 1000));
		break;
	case 5:
		line(t, "  - {do: %s, device: d%u, domain: %s, rate: %uHz}", verbs[below(t, 3)], d, domains[below(t, 4)],
		     100 + below(t, 3000));
		break;
	default:
		line(t, "  - {do: %s, device: d%u, at: %uus}", whole[below(t, 4)], d, at_us);
		break;
	}
}

static char *scenario(uint64_t number, const char *strategies)
{
	struct text t = { .random = number };
	uint32_t devices = 1 + below(&t, 3);
	uint32_t cpus = 2 + below(&t, 5);
	char *text = NULL;
	size_t size;

	t.file = open_memstream(&text, &size);
	cr_assert_not_null(t.file);
	line(&t, "machine:\n  remap: vtd\n  cpus: %u", cpus);
	line(&t, "  timings: {hot_unplug: 500us, vfio_realloc: 200us, jiffy: 1ms, cpu_offline: 2ms}");
	line(&t, "  vectors: {first: 40, end: %u, system: []}", 44 + below(&t, 24));
	line(&t, "devices:");
	for (uint32_t i = 0; i < devices; i++) {
		device(&t, i);
	}
	line(&t, "actions:");
	line(&t, "  - {do: allocate, device: d0, want: 2, rate: 500Hz}");
	for (uint32_t i = 0; i < 2 + below(&t, 8); i++) {
		action(&t, devices);
	}
	if (chance(&t, 40)) {
		line(&t, "  - {do: offline, cpu: 1, every: 4ms, start: 1ms}\n  - {do: online, cpu: 1, every: 4ms, start: 4ms}");
	}
	line(&t, "  - {do: migrate, device: d0, domain: ims, rate: 2kHz, to: random}");
	line(&t, "strategies: [%s]", strategies);
	line(&t, "duration: %ums\ndrain: 5ms\nreplications: 1\nseed: %llu", 6 + below(&t, 5), (unsigned long long)number + 1);
	fclose(t.file);
	return text;
}

static void run_one(uint64_t number, const char *strategies, uint64_t *asked)
{
	char *text = scenario(number, strategies);
	struct run_options options = { .jobs = 1 };
	struct diagnostics *d = diagnostics_new("random.yaml");
	struct scenario *s = scenario_load_text("random.yaml", text, strlen(text), NULL, d);
	struct run_result result;
	char *error = NULL;

	diagnostics_print(d, stderr);
	cr_assert_not_null(s, "scenario %llu does not load:\n%s", (unsigned long long)number, text);
	cr_assert_eq(run_scenario(s, &options, &result, &error), RUN_OK, "scenario %llu: %s\n%s",
		     (unsigned long long)number, error ? error : "", text);
	for (size_t i = 0; i < s->contenders_count; i++) {
		const uint64_t *counter = result.contenders[i].each[0].counter;

		cr_assert(!counter[METRIC_VECTORS_LEAKED] || strstr(s->contenders[i].name, "leak"), "%s leaks %llu:\n%s",
			  s->contenders[i].name, (unsigned long long)counter[METRIC_VECTORS_LEAKED], text);
		*asked += counter[METRIC_ALLOC_ASKED];
	}
	run_result_release(&result);
	scenario_free(s);
	diagnostics_free(d);
	free(error);
	free(text);
}

Test(allocation_conservation, every_strategy)
{
	static const char *const strategies[] = {
		"vtd+group-disable, vtd+group-live, vtd+qemu-dynamic",
		"vtd+ims, vtd+dynamic, vtd+dynamic-fewer, vtd+batch",
		"vtd+qemu-realloc, vtd+qemu-deferred, vtd+reboot-leak, vtd+reboot-free",
	};
	uint64_t asked = 0;

	for (uint64_t number = 0; number < SCENARIOS; number++) {
		run_one(number, strategies[number % 3], &asked);
	}
	cr_assert_gt(asked, 10 * SCENARIOS, "hardly anything was allocated");
}
