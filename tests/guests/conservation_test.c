// SPDX-License-Identifier: MIT
/*
 * The conservation law under random scenarios with vCPUs, monitors, hypervisor entries and swaps:
 * the simulator asserts it at the end of each run. Under the protocols that lose nothing nothing
 * may be lost, nor be stuck when the run is over.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/metrics.h"
#include "sim/run.h"

#define SCENARIOS 300

/* SplitMix64. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned limit)
{
	return (unsigned)(next(state) % limit);
}

static void write_vcpus(FILE *out, uint64_t *state, unsigned vcpus, unsigned cpus)
{
	fprintf(out, "vcpus:\n");
	for (unsigned i = 0; i < vcpus; i++) {
		unsigned schedule = below(state, 4);

		fprintf(out, "  - {name: v%u, cpu: %u, apicv: %s", i, below(state, cpus), below(state, 3) ? "true" : "false");
		if (schedule) {
			fprintf(out, ", run: %uus", 1 + below(state, 300));
		}
		if (schedule & 1) {
			fprintf(out, ", preempt: %uus", 1 + below(state, 300));
		}
		if (schedule & 2) {
			fprintf(out, ", block: %uus", 1 + below(state, 300));
		}
		fprintf(out, ", durations: %s}\n", below(state, 2) ? "fixed" : "exponential");
	}
}

static void write_devices(FILE *out, uint64_t *state, unsigned devices, unsigned vcpus, bool hyperv)
{
	fprintf(out, "devices:\n");
	for (unsigned i = 0; i < devices; i++) {
		bool msi = below(state, 3) == 0;

		fprintf(out, "  - {name: d%u, kind: %s, vectors: %u, raise: {rate: %ukHz}", i, msi ? "msi" : "msix",
			1u << below(state, 3), 1 + below(state, 60));
		if (vcpus && below(state, 3)) {
			fprintf(out, ", posted_to: v%u", below(state, vcpus));
		}
		if (msi && !vcpus && !hyperv) {
			/* Without remapping there is one message for all of them. */
			fprintf(out, ", needed: 1%s", below(state, 2) ? ", monitored: true" : "");
		}
		fprintf(out, "}\n");
	}
}

/* False where vectors are freed or functions disabled, which loses what is raised meanwhile. */
static bool write_actions(FILE *out, uint64_t *state, unsigned devices, unsigned vcpus)
{
	bool keeps = true;
	/*
	 * What is freed has to be allocated again, what is disabled enabled: in pairs, at random
	 * times.
	 */
	static const struct {
		const char *verb, *opposite;
	} verbs[] = {
		{ "migrate", NULL }, { "migrate", NULL }, { "migrate", NULL }, { "swap", NULL }, { "swap", NULL },
		{ "swap", NULL }, { "raise", NULL }, { "raise", NULL }, { "free", "allocate" }, { "disable", "enable" }
	};

	fprintf(out, "actions:\n");
	for (unsigned i = 0; i < devices; i++) {
		unsigned verb = below(state, 10);
		unsigned rate_hz = 200 + below(state, 3000);

		fprintf(out, "  - {do: %s, device: d%u, rate: %uHz}\n", verbs[verb].verb, i, rate_hz);
		if (verbs[verb].opposite) {
			keeps = false;
			fprintf(out, "  - {do: %s, device: d%u, rate: %uHz}\n", verbs[verb].opposite, i, rate_hz * 2);
		}
	}
	for (unsigned i = 0; i < vcpus; i++) {
		fprintf(out, "  - {do: apicv-off, vcpu: v%u, rate: 1kHz}\n  - {do: apicv-on, vcpu: v%u, rate: 1kHz}\n", i, i);
	}
	return keeps;
}

/* What the contender promises: nothing is lost; nothing is stuck when the run is over. */
struct promise {
	bool lossless;
	bool live;
};

static char *random_scenario(uint64_t seed, struct promise *promise)
{
	static const char *const posted[] = { "posted", "posted-no-sync", "posted-clobber", "posted-no-recompute" };
	static const char *const moves[] = { "x86-direct", "x86-tmp", "x86-linux-5.6", "x86-tmp-remote" };
	uint64_t state = seed;
	unsigned cpus = 1 + below(&state, 4);
	unsigned system = below(&state, 3);
	unsigned vcpus = system == 0 ? 1 + below(&state, 4) : 0;
	unsigned devices = 1 + below(&state, 4);
	unsigned protocol = below(&state, 4);
	bool recompose = below(&state, 2);
	bool swap_free = below(&state, 2);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "machine: {remap: %s, cpus: %u, fabric: %s, timings: {jiffy: %uus, slot_gap: %uns}}\n",
		system == 0 ? "vtd" : system == 1 ? "hyperv" : "none", cpus, below(&state, 2) ? "ordered" : "weak",
		50 + below(&state, 4000), below(&state, 5000));
	fprintf(out, "strategies: [%s+%s+%s%s]\nduration: 5ms\ndrain: 40ms\nreplications: 1\nseed: %llu\n",
		system == 0 ? posted[protocol] : system == 1 ? (recompose ? "hyperv-recompose" : "hyperv-reuse") :
		moves[protocol],
		below(&state, 2) ? "setup-recheck" : "setup-unlocked", swap_free ? "swap-free" : "swap-disable",
		below(&state, 2) ? "" : "+monitor-control-only", (unsigned long long)seed);
	if (vcpus) {
		write_vcpus(out, &state, vcpus, cpus);
	}
	write_devices(out, &state, devices, vcpus, system == 1);
	promise->lossless = write_actions(out, &state, devices, vcpus) && system != 2 && !swap_free &&
			    !(system == 1 && recompose);
	/*
	 * Every vCPU gets the CPU within a few jiffies, so only what the protocol forgets is left.
	 */
	promise->live = promise->lossless && !(system == 0 && (protocol == 1 || protocol == 3));
	fclose(out);
	return text;
}

static struct scenario *load(const char *text)
{
	struct diagnostics *d = diagnostics_new("random.yaml");
	struct scenario *s = scenario_load_text("random.yaml", text, strlen(text), NULL, d);

	if (!s) {
		diagnostics_print(d, stderr);
	}
	diagnostics_free(d);
	return s;
}

Test(conservation, random_guests, .timeout = 600)
{
	uint32_t tested = 0;

	for (uint64_t seed = 1; seed <= SCENARIOS; seed++) {
		struct run_options options = { .jobs = 1 };
		struct promise promise;
		char *text = random_scenario(seed, &promise);
		struct scenario *s = load(text);
		struct run_result result;
		const uint64_t *counter;
		char *error = NULL;

		cr_assert_not_null(s, "seed %llu does not load:\n%s", (unsigned long long)seed, text);
		cr_assert_eq(run_scenario(s, &options, &result, &error), RUN_OK, "seed %llu: %s\n%s",
			     (unsigned long long)seed, error ? error : "", text);
		counter = result.contenders[0].each[0].counter;
		cr_expect(!promise.lossless || !counter[METRIC_LOST], "seed %llu lost:\n%s", (unsigned long long)seed, text);
		cr_expect(!promise.live || !counter[METRIC_IN_FLIGHT], "seed %llu is stuck with %llu:\n%s",
			  (unsigned long long)seed, (unsigned long long)counter[METRIC_IN_FLIGHT], text);
		tested += promise.live;
		cr_expect_gt(counter[METRIC_RAISED], 0);
		run_result_release(&result);
		scenario_free(s);
		free(error);
		free(text);
	}
	cr_expect_gt(tested, SCENARIOS / 12, "too few scenarios of protocols that lose nothing");
}
