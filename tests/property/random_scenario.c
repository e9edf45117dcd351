// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "random_scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/test_random.h"

#define DEVICES_MAX 5

struct text {
	FILE *file;
	uint64_t random;
	const struct random_system *system;
	bool moves_only;
	uint32_t cpus;
	uint32_t devices;
	bool msix[DEVICES_MAX];
	bool managed[DEVICES_MAX];
	uint32_t vectors[DEVICES_MAX];
};

static uint32_t below(struct text *t, uint32_t count)
{
	return (uint32_t)(random_u64(&t->random) % count);
}

static bool chance(struct text *t, uint32_t percent)
{
	return below(t, 100) < percent;
}

static const char *one_of(struct text *t, const char *const *names, uint32_t count)
{
	return names[below(t, count)];
}

#define ONE_OF(t, ...) \
	one_of((t), (const char *const[]){ __VA_ARGS__ }, \
	       sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *))

static void line(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct text *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(t->file, format, arguments);
	va_end(arguments);
	fputc('\n', t->file);
}

/*
 * Enough for what is there from the start, whatever the blocks; what is allocated later may find
 * too little.
 */
static void vector_range(struct text *t)
{
	uint32_t wanted = 0;

	for (uint32_t device = 0; device < t->devices; device++) {
		wanted += 2 * t->vectors[device];
	}
	if (t->system->global_first && chance(t, 40)) {
		line(t, "  vectors: {first: %u, end: %u}", t->system->global_first,
		     t->system->global_first + wanted + below(t, 8));
	}
}

static void machine(struct text *t)
{
	bool two_sockets = t->cpus % 2 == 0 && chance(t, 30);

	line(t, "machine:");
	fprintf(t->file, "  ");
	for (const char *at = t->system->machine; *at; at++) {
		if (*at == ',') {
			fputs("\n ", t->file);
		} else {
			fputc(*at, t->file);
		}
	}
	line(t, "\n  cpus: %u\n  sockets: %u", t->cpus, two_sockets ? 2 : 1);
	line(t, "  fabric: %s", ONE_OF(t, "ordered", "weak"));
	line(t, "  placement: %s", ONE_OF(t, "spread", "pack", "first-fit"));
	line(t, "  remap_cache: %s", ONE_OF(t, "true", "false"));
	line(t, "  timings: {cpu_offline: %ums, jiffy: 1ms, entry_store: %uns, its_command: %uns}",
	     1 + below(t, 3),
	     1 + below(t, 2000), 50 + below(t, 3000));
	vector_range(t);
}

static void raises(struct text *t)
{
	switch (below(t, 5)) {
	case 0:
		line(t, "    raise: {process: periodic, period: %uus, jitter: %u%%}",
		     20 + below(t, 200), below(t, 100));
		break;
	case 1:
		line(t, "    raise: {process: bursts, rate: %ukHz, on: 200us, off: 1ms}",
		     20 + below(t, 200));
		break;
	case 2:
		line(t, "    raise: {process: closed, depth: %u, service: %uus, timeout: 2ms}",
		     1 + below(t, 4),
		     5 + below(t, 200));
		break;
	default:
		line(t, "    raise: {process: poisson, rate: %ukHz}", 1 + below(t, 40));
		break;
	}
}

static void device(struct text *t, uint32_t number)
{
	uint32_t vectors = t->vectors[number];

	line(t, "  - name: d%u\n    kind: %s\n    vectors: %u", number,
	     t->msix[number] ? "msix" : "msi", vectors);
	if (t->msix[number]) {
		line(t, "    torn: %s", ONE_OF(t, "mix", "old", "new", "cached"));
		line(t, "    allocated: %u", t->moves_only ? vectors : below(t, vectors + 1));
	} else if (chance(t, 30)) {
		line(t, "    maskable: true");
	}
	line(t, "    handler: %uus", 1 + below(t, 30));
	if (t->managed[number]) {
		line(t, "    managed: true");
	} else if (chance(t, 50)) {
		line(t, "    cpus: [%u]", below(t, t->cpus));
	}
	raises(t);
}

/* An action and the one that undoes it half a period later, again and again. */
static void pair(struct text *t, const char *first, const char *second)
{
	uint32_t period_us = 1000 + below(t, 3000);
	uint32_t start_us = below(t, 1000);

	line(t, "  - {do: %s, every: %uus, start: %uus}", first, period_us, start_us + 1);
	line(t, "  - {do: %s, every: %uus, start: %uus}", second, period_us,
	     start_us + 1 + period_us / 2);
}

static void device_actions(struct text *t, uint32_t number)
{
	char first[64];
	char second[64];

	if (!t->managed[number]) {
		line(t, "  - {do: migrate, device: d%u, rate: %uHz, to: %s}", number,
		     500 + below(t, 5000),
		     ONE_OF(t, "round-robin", "random"));
	}
	if (t->moves_only) {
		return;
	}
	if (t->msix[number] && chance(t, 50)) {
		uint32_t from = below(t, t->vectors[number]);
		uint32_t to = from + below(t, t->vectors[number] - from);

		snprintf(first, sizeof(first), "free, device: d%u, vectors: %u-%u", number,
			 from, to);
		snprintf(second, sizeof(second), "allocate, device: d%u, vectors: %u-%u", number,
			 from, to);
		pair(t, first, second);
	}
	if (chance(t, 15)) {
		snprintf(first, sizeof(first), "disable, device: d%u", number);
		snprintf(second, sizeof(second), "enable, device: d%u", number);
		pair(t, first, second);
	}
}

static void actions(struct text *t)
{
	line(t, "actions:");
	for (uint32_t number = 0; number < t->devices; number++) {
		device_actions(t, number);
	}
	if (!t->moves_only && chance(t, 50)) {
		pair(t, "offline, device: d0", "online");
	}
	line(t, "  - {do: raise, device: d0, vectors: 0, rate: 1kHz}");
}

char *random_scenario(const struct random_system *system, uint64_t number, bool moves_only)
{
	struct text t = {
		.system = system, .random = number * 2 + moves_only, .moves_only = moves_only
	};
	char *text = NULL;
	size_t size;

	for (const char *at = system->machine; *at; at++) {
		t.random = t.random * 31 + (unsigned char)*at;
	}
	t.file = open_memstream(&text, &size);
	if (!t.file) {
		abort();
	}
	t.cpus = 2 + below(&t, system->cpus_max - 1);
	t.devices = 1 + below(&t, DEVICES_MAX);
	for (uint32_t i = 0; i < t.devices; i++) {
		t.msix[i] = chance(&t, 60);
		/* PCI MSI has a power of two, which need not fit the CPUs that are dealt. */
		t.managed[i] = t.msix[i] && chance(&t, 25);
		t.vectors[i] = t.msix[i] ? 1 + below(&t, 6) : system->one_message ? 1 : 1u << below(&t, 4);
	}
	machine(&t);
	line(&t, "devices:");
	for (uint32_t i = 0; i < t.devices; i++) {
		device(&t, i);
	}
	actions(&t);
	line(&t, "strategies: [%s]", system->strategies);
	line(&t, "duration: %ums\ndrain: 5ms\nreplications: 1\nseed: %llu", 3 + below(&t, 6),
	     (unsigned long long)number + 1);
	fclose(t.file);
	return text;
}
