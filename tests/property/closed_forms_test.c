// SPDX-License-Identifier: MIT
/*
 * Whole runs against what can be calculated. Each sample may be four standard deviations off, which with these fixed seeds
 * it either is or is not.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/run.h"

#define SIGMAS 4.0

/* The counters of the first contender, all replications together. */
static struct run_metrics run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct run_metrics run(const char *format, ...)
{
	struct run_options options = { .jobs = 2 };
	struct diagnostics *d = diagnostics_new("closed.yaml");
	struct run_metrics pooled = { 0 };
	struct run_result result;
	struct scenario *s;
	char text[2048];
	char *error;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	s = scenario_load_text("closed.yaml", text, strlen(text), NULL, d);
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	cr_assert_not_null(s);
	cr_assert_eq(run_scenario(s, &options, &result, &error), RUN_OK, "%s", error);
	for (int counter = 0; counter < METRIC_COUNTERS_COUNT; counter++) {
		pooled.counter[counter] = metric_pooled(result.contenders[0].each, result.contenders[0].replications,
							(enum metric_counter)counter);
	}
	run_result_release(&result);
	scenario_free(s);
	return pooled;
}

/*
 * From the landing of the low address to that of the data: one configuration cycle for each register behind the first. Raises
 * are Poisson, so their number in it has mean and variance rate times window.
 */
static void direct_loses_rate_times_window(uint32_t rate_hz, uint32_t address_bits)
{
	double cycle_s = 1.5e-6;
	double window_s = address_bits == 64 ? 2 * cycle_s : cycle_s;
	struct run_metrics m = run(
		"machine:\n"
		"  cpus: 4\n"
		"  timings: {cfg_pair: 1500ns, message: 1ns, irq_entry: 100ns}\n"
		"devices:\n"
		"  - {name: disk, kind: msix, vectors: 3, cpus: [2]}\n"
		"  - {name: edu, kind: msi, address_bits: %u, cpus: [1], handler: 100ns, raise: {rate: %uHz}}\n"
		"actions:\n"
		"  - {do: migrate, device: edu, every: 500us, to: [2, 1], on: 3}\n"
		"strategies: [x86-direct+ipi]\n"
		"duration: 1s\n"
		"replications: 8\n", address_bits, rate_hz);
	double migrations = (double)m.counter[METRIC_MIGRATIONS_DONE];
	double expected = migrations * rate_hz * window_s;

	cr_expect_gt(migrations, 4000);
	cr_expect_lt(fabs((double)m.counter[METRIC_LOST] - expected), SIGMAS * sqrt(expected),
		     "%lu lost in %.0f migrations at %u Hz, %u bits: %.1f expected",
		     (unsigned long)m.counter[METRIC_LOST], migrations, rate_hz, address_bits, expected);
}

Test(closed_forms, direct_loses_rate_times_window)
{
	static const uint32_t rates_hz[] = { 10000, 40000, 160000 };

	for (size_t i = 0; i < 3; i++) {
		direct_loses_rate_times_window(rates_hz[i], 32);
		direct_loses_rate_times_window(rates_hz[i], 64);
	}
}

/*
 * One device on one CPU is a queue with Poisson arrivals, constant service S, one in service and one pending (IRR); a third
 * merges. A departure leaves nothing pending with probability exp(-load), whatever it found, so departures are
 * S + exp(-load) / rate apart: handlers run at 1 / (S + exp(-load) / rate), and the rest of the raises coalesces.
 */
static void service(uint32_t rate_hz, double *utilisation, double *coalesced, double *load)
{
	struct run_metrics m = run(
		"machine:\n"
		"  cpus: 1\n"
		"  timings: {irq_entry: 700ns}\n"
		"devices:\n"
		"  - {name: nic, kind: msix, handler: 2us, raise: {rate: %uHz}}\n"
		"strategies: [x86-tmp]\n"
		"duration: 2s\n"
		"drain: 0s\n"
		"replications: 4\n", rate_hz);

	*load = rate_hz * 2.7e-6;
	*utilisation = (double)m.counter[METRIC_CPU_IRQ_TIME] / (double)m.counter[METRIC_SIMULATED_TIME];
	*coalesced = (double)m.counter[METRIC_COALESCED] / (double)m.counter[METRIC_RAISED];
	cr_expect_eq(m.counter[METRIC_LOST], 0);
}

Test(closed_forms, handler_utilisation_and_coalescing_in_the_irr)
{
	static const uint32_t rates_hz[] = { 5000, 100000, 300000, 600000 };

	for (size_t i = 0; i < sizeof(rates_hz) / sizeof(rates_hz[0]); i++) {
		double utilisation, coalesced, load, runs;
		double raised = rates_hz[i] * 8.0;

		service(rates_hz[i], &utilisation, &coalesced, &load);
		runs = 1 / (load + exp(-load));
		/* A Poisson count's relative deviation is above that of either figure. */
		cr_expect_lt(fabs(utilisation / (load * runs) - 1), SIGMAS / sqrt(raised), "at %u Hz: %g", rates_hz[i],
			     utilisation);
		cr_expect_lt(fabs(coalesced - (1 - runs)), SIGMAS / sqrt(raised), "at %u Hz: %g", rates_hz[i],
			     coalesced);
		if (i == 0) {
			cr_expect_lt(fabs(utilisation / load - 1), SIGMAS / sqrt(raised), "at low load: the load");
		}
	}
}

/*
 * A masked vector keeps one raise of those that come, and the unmask sends it: of n raises under the mask n - 1 coalesce. The
 * mask lasts from its landing to that of the unmask: the flush behind it, and four writes. With a handler that takes next
 * to no time, nothing else coalesces.
 */
Test(closed_forms, coalescing_in_the_pending_bit)
{
	static const uint32_t rates_hz[] = { 5000, 20000, 60000 };

	for (size_t i = 0; i < sizeof(rates_hz) / sizeof(rates_hz[0]); i++) {
		double mean = rates_hz[i] * 50.4e-6;
		double probability = exp(-mean);
		double expected = 0;
		double squares = 0;
		double migrations;
		struct run_metrics m = run(
			"machine:\n"
			"  cpus: 4\n"
			"  timings: {mmio_gap: 100ns, mmio_read: 50us, posted_write: 300ns, message: 1ns, irq_entry: 1ns}\n"
			"devices:\n"
			"  - {name: nic, kind: msix, cpus: [1], handler: 1ns, raise: {rate: %uHz}}\n"
			"actions:\n"
			"  - {do: migrate, device: nic, every: 500us, to: [2, 1], on: 3}\n"
			"strategies: [x86-masked+ipi]\n"
			"duration: 2s\n"
			"replications: 4\n", rates_hz[i]);

		for (int n = 1; n < 60; n++) {
			probability *= mean / n;
			expected += probability * (n - 1);
			squares += probability * (n - 1) * (n - 1);
		}
		migrations = (double)m.counter[METRIC_MIGRATIONS_DONE];
		cr_expect_gt(migrations, 8000);
		cr_expect_eq(m.counter[METRIC_LOST], 0);
		cr_expect_lt(fabs((double)m.counter[METRIC_COALESCED] - migrations * expected),
			     SIGMAS * sqrt(migrations * (squares - expected * expected)) + 10,
			     "%lu coalesced in %.0f migrations at %u Hz: %.1f expected",
			     (unsigned long)m.counter[METRIC_COALESCED], migrations, rates_hz[i], migrations * expected);
	}
}

/*
 * A round of vfio without dynamic MSI-X: the function is disabled from the landing of the one control write to that of the
 * other. Between them lie the re-allocation, two writes of the INTx bit, half a cycle at either end, and for each vector four
 * writes and a read. Five queues are busy throughout; the new ones start after the last round.
 */
Test(closed_forms, qemu_realloc_loses_rate_times_gap_times_rounds)
{
	static const struct {
		const char *strategy;
		double rounds;
		double vectors;      /* set up in all rounds together */
	} monitors[] = { { "qemu-realloc", 3, 6 + 7 + 8 }, { "qemu-deferred", 1, 8 }, { "qemu-dynamic", 0, 0 } };

	for (size_t i = 0; i < 3; i++) {
		double rate_hz = 20e3;
		double gap_s = monitors[i].rounds * (2e-3 + 3 * 1.5e-6) + monitors[i].vectors * (4 * 100e-9 + 900e-9);
		struct run_metrics m = run(
			"machine:\n"
			"  timings: {cfg_pair: 1500ns, mmio_gap: 100ns, mmio_read: 900ns, vfio_realloc: 2ms}\n"
			"devices:\n"
			"  - {name: nic, kind: msix, vectors: 8, allocated: 5, intx: false, cpus: [1], handler: 100ns,\n"
			"     raise: {rate: %.0fHz}}\n"
			"actions:\n"
			"  - {do: allocate, device: nic, vectors: 5-7, at: 2ms, on: 3}\n"
			"strategies: [x86-tmp+%s]\n"
			"duration: 20ms\n"
			"replications: 20\n", rate_hz, monitors[i].strategy);
		double expected = 20 * 5 * rate_hz * gap_s;

		cr_expect_eq(m.counter[METRIC_ALLOC_FAILED], 0);
		cr_expect_leq(fabs((double)m.counter[METRIC_LOST_DISABLED] - expected), SIGMAS * sqrt(expected),
			      "%s lost %lu, %.1f expected", monitors[i].strategy,
			      (unsigned long)m.counter[METRIC_LOST_DISABLED], expected);
	}
}
