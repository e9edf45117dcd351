/* SPDX-License-Identifier: MIT */
#include "tests/unit/sample_result.h"

#include <glib.h>

static const char sample_yaml[] = "name: \"tricky <&> name\"\nquestion: |\n\tHow many?\n";

static struct scenario_contender contenders[SAMPLE_CONTENDERS] = {
	[SAMPLE_DIRECT] = { .name = (char[]){ "x86-direct" } },
	[SAMPLE_LINUX] = { .name = (char[]){ "x86-linux-6.1+immediate" } },
	[SAMPLE_CLEAN] = { .name = (char[]){ "x86-tmp, \"quoted\"" } },
};

static struct scenario_expectation expectations[] = {
	{ (char[]){ "x86-direct: stale > 0" }, SAMPLE_DIRECT, METRIC_STALE, EXPECT_GT, 0.0, 20 },
	{ (char[]){ "x86-linux-6.1+immediate: lost == 0" }, SAMPLE_LINUX, METRIC_LOST, EXPECT_EQ,
	  0.0, 21 },
	{ (char[]){ "vectors_leaked == 0" }, -1, METRIC_VECTORS_LEAKED, EXPECT_EQ, 0.0, 22 },
	{ (char[]){ "x86-tmp, \"quoted\": stale == 0" }, SAMPLE_CLEAN, METRIC_STALE, EXPECT_EQ, 0.0,
	  23 },
	{ (char[]){ "x86-direct: stale_per_migration < 0.1" }, SAMPLE_DIRECT,
	  METRIC_STALE_PER_MIGRATION, EXPECT_LT, 0.1, 24 },
	{ (char[]){ "x86-direct: latency_p99 < 10us" }, SAMPLE_DIRECT, METRIC_LATENCY_P99,
	  EXPECT_LT, 10e6, 25 },
};

static struct scenario sample_scenario = {
	.file = (char[]){ "scenarios/tricky.yaml" },
	.name = (char[]){ "tricky <&> name" },
	.question =
		(char[]){
			"How many interrupts does each strategy lose, and does a device that is "
			"not maskable go stale when its \"address\" is written before its data?" },
	/* Two estimates at their defaults and a measured one; all else is not at its default. */
	.machine.timings = { .message_ps = 500 * NS, .handler_ps = 2 * US, .ipi_ps = 1300 * NS },
	.contenders = contenders,
	.contenders_count = SAMPLE_CONTENDERS,
	.expectations = expectations,
	.expectations_count = G_N_ELEMENTS(expectations),
	.duration_ps = SECOND,
	.drain_ps = 100 * MS,
	.replications = SAMPLE_REPLICATIONS,
	.seed = 42,
};

static void fill(struct run_metrics *m, uint64_t lost, uint64_t covered, uint32_t replication)
{
	uint64_t *counter = m->counter;

	counter[METRIC_RAISED] = 10000 + replication;
	counter[METRIC_COALESCED] = 30;
	counter[METRIC_RECOVERED] = 5;
	counter[METRIC_IN_FLIGHT] = 1;
	counter[METRIC_LOST] = lost;
	counter[METRIC_LOST_UNASSIGNED] = lost - lost / 3;
	counter[METRIC_LOST_FOREIGN] = lost / 3;
	counter[METRIC_COVERED] = covered;
	counter[METRIC_STALE] = lost - covered;
	counter[METRIC_SPURIOUS] = lost;
	counter[METRIC_SPURIOUS_UNHANDLED] = lost;
	counter[METRIC_DELIVERED] = counter[METRIC_RAISED] - 36 - lost;
	counter[METRIC_HANDLER_RUNS] = counter[METRIC_DELIVERED] + 5;
	counter[METRIC_MIGRATIONS_ASKED] = 500;
	counter[METRIC_MIGRATIONS_DONE] = 490 + replication;
	counter[METRIC_MIGRATIONS_BUSY] = 10 - replication;
	counter[METRIC_VECTORS_IN_USE] = 2;
	counter[METRIC_CPU_IRQ_TIME] = 27 * MS + replication;
	counter[METRIC_SIMULATED_TIME] = SECOND + 100 * MS;
	for (uint64_t i = 0; i < counter[METRIC_DELIVERED]; i++) {
		histogram_add(&m->latency, 1200 * NS + i * i % 1000 * 10 * NS);
	}
	for (uint64_t i = 0; i < counter[METRIC_STALE]; i++) {
		histogram_add(&m->stale, 90 * US + i * US);
		counter[METRIC_STALE_TIME] += 90 * US + i * US;
	}
}

struct run_result *sample_result(void)
{
	static const uint64_t lost[SAMPLE_CONTENDERS][SAMPLE_REPLICATIONS] = {
		[SAMPLE_DIRECT] = { 48, 55, 51, 46 },
		[SAMPLE_LINUX] = { 3, 1, 0, 2 },
	};
	struct run_result *result = g_new0(struct run_result, 1);

	sample_scenario.resolved_yaml = g_strdup(sample_yaml);
	result->scenario = &sample_scenario;
	result->contenders = g_new0(struct contender_result, SAMPLE_CONTENDERS);
	result->wall_seconds = 0.25;
	for (size_t c = 0; c < SAMPLE_CONTENDERS; c++) {
		struct contender_result *contender = &result->contenders[c];
		contender->replications = SAMPLE_REPLICATIONS;
		contender->each = g_new0(struct run_metrics, SAMPLE_REPLICATIONS);
		contender->wall_seconds = 0.125;
		for (uint32_t r = 0; r < SAMPLE_REPLICATIONS; r++) {
			fill(&contender->each[r], lost[c][r], c == SAMPLE_LINUX ? lost[c][r] : 0,
			     r);
		}
	}
	return result;
}

void sample_free(struct run_result *result)
{
	for (size_t c = 0; c < SAMPLE_CONTENDERS; c++) {
		g_free(result->contenders[c].each);
	}
	g_free(sample_scenario.resolved_yaml);
	sample_scenario.resolved_yaml = NULL;
	g_free(result->contenders);
	g_free(result);
}
