/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>

#include "sim/metrics.h"
#include "sim/statistics.h"
#include "tests/unit/test_random.h"

#define REPLICATIONS 10

Test(metrics, keys_are_unique_and_found)
{
	for (int i = 0; i < METRICS_COUNT; i++) {
		cr_assert_eq(metric_find(metric_get(i)->key), i);
		cr_assert_not_null(metric_get(i)->unit);
		cr_assert_gt(strlen(metric_get(i)->documentation), 10);
	}
	cr_assert_eq(metric_find("raised"), METRIC_RAISED);
	cr_assert_eq(metric_find("latency_p99.9"), METRIC_LATENCY_P99_9);
	cr_assert_eq(metric_find(""), -1);
	cr_assert_eq(metric_find("nonsense"), -1);
	cr_assert_null(metric_get(-1));
	cr_assert_null(metric_get(METRICS_COUNT));
	cr_assert_not(metric_is_sampled(METRIC_LOST));
	cr_assert_not(metric_is_sampled(METRIC_LATENCY_MAX));
	cr_assert(metric_is_sampled(METRIC_LATENCY_P50));
	cr_assert_eq(metric_events(METRIC_STALE_PER_MIGRATION), METRIC_STALE);
	cr_assert_eq(metric_events(METRIC_LATENCY_P50), -1);
	cr_assert_eq(metric_events(METRIC_LOST), -1);
}

Test(metrics, pooling)
{
	struct run_metrics *each = g_new0(struct run_metrics, 2);

	each[0].counter[METRIC_LOST] = 3;
	each[1].counter[METRIC_LOST] = 4;
	each[0].counter[METRIC_VECTORS_IN_USE] = 9;
	each[1].counter[METRIC_VECTORS_IN_USE] = 8;
	each[0].counter[METRIC_STALE_TIME] = UINT64_MAX;
	each[1].counter[METRIC_STALE_TIME] = 1;
	cr_assert_eq(metric_pooled(each, 2, METRIC_LOST), 7);
	cr_assert_eq(metric_pooled(each, 0, METRIC_LOST), 0);
	cr_assert_eq(metric_pooled(each, 2, METRIC_VECTORS_IN_USE), 9);
	cr_assert_eq(metric_pooled(each, 2, METRIC_STALE_TIME), UINT64_MAX);
	g_free(each);
}

Test(metrics, nothing_to_take_it_from)
{
	struct run_metrics *each = g_new0(struct run_metrics, 1);

	for (int i = 0; i < METRICS_COUNT; i++) {
		cr_assert_eq(metric_estimate(i, each, 0).method, ESTIMATE_UNDEFINED);
	}
	cr_assert(isnan(metric_estimate(METRIC_LOST_PER_MIGRATION, each, 1).value));
	cr_assert(isnan(metric_estimate(METRIC_LATENCY_P99, each, 1).high));
	cr_assert(isnan(metric_estimate(METRIC_INTERRUPTS_PER_SECOND, each, 1).low));
	cr_assert_eq(metric_estimate(METRIC_LATENCY_MAX, each, 1).value, 0.0);
	cr_assert_eq(metric_estimate(METRIC_LOST, each, 1).method, ESTIMATE_EXACT);
	g_free(each);
}

Test(metrics, no_event_gives_the_rule_of_three)
{
	struct run_metrics *each = g_new0(struct run_metrics, 2);

	each[0].counter[METRIC_MIGRATIONS_DONE] = 400;
	each[1].counter[METRIC_MIGRATIONS_DONE] = 600;
	struct estimate e = metric_estimate(METRIC_LOST_PER_MIGRATION, each, 2);
	cr_assert_eq(e.method, ESTIMATE_ZERO);
	cr_assert_eq(e.value, 0.0);
	cr_assert_eq(e.low, 0.0);
	cr_assert_float_eq(e.high, -log(0.05) / 1000, 1e-15);
	e = metric_estimate(METRIC_STALE_TIME_PER_MIGRATION, each, 2);
	cr_assert_eq(e.value, 0.0);
	cr_assert(isinf(e.high));
	g_free(each);
}

Test(metrics, one_replication_has_the_poisson_interval)
{
	struct run_metrics *each = g_new0(struct run_metrics, 1);

	each->counter[METRIC_MIGRATIONS_DONE] = 100;
	each->counter[METRIC_STALE] = 10;
	struct estimate e = metric_estimate(METRIC_STALE_PER_MIGRATION, each, 1);
	cr_assert_eq(e.method, ESTIMATE_POISSON);
	cr_assert_float_eq(e.value, 0.1, 1e-12);
	cr_assert_float_eq(e.low, 0.0479539, 1e-7);
	cr_assert_float_eq(e.high, 0.1839036, 1e-7);
	g_free(each);
}

Test(metrics, clustered_events_get_the_t_interval)
{
	struct run_metrics *each = g_new0(struct run_metrics, 4);

	for (int i = 0; i < 4; i++) {
		each[i].counter[METRIC_MIGRATIONS_DONE] = 100;
	}
	each[2].counter[METRIC_LOST] = 40;
	struct estimate e = metric_estimate(METRIC_LOST_PER_MIGRATION, each, 4);
	cr_assert_eq(e.method, ESTIMATE_T);
	cr_assert_eq(e.low, 0.0);
	cr_assert_float_eq(e.high, 0.1 + 3.182446 * 0.1, 1e-6);
	g_free(each);
}

Test(metrics, rates_are_per_simulated_second)
{
	struct run_metrics *each = g_new0(struct run_metrics, 1);

	each->counter[METRIC_RAISED] = 5000;
	each->counter[METRIC_SIMULATED_TIME] = UINT64_C(500000000000);
	each->counter[METRIC_CPU_IRQ_TIME] = UINT64_C(125000000000);
	cr_assert_float_eq(metric_estimate(METRIC_INTERRUPTS_PER_SECOND, each, 1).value, 10000.0,
			   1e-9);
	cr_assert_float_eq(metric_estimate(METRIC_IRQ_LOAD, each, 1).value, 0.25, 1e-12);
	cr_assert(isinf(metric_estimate(METRIC_IRQ_LOAD, each, 1).high));
	g_free(each);
}

Test(metrics, a_percentile_beyond_the_sample_has_no_upper_bound)
{
	struct run_metrics *each = g_new0(struct run_metrics, 1);

	for (uint64_t i = 1; i <= 1000; i++) {
		histogram_add(&each->latency, i * 1000);
	}
	struct estimate e = metric_estimate(METRIC_LATENCY_P99_9, each, 1);
	cr_assert_float_eq(e.value, 999e3, 999e3 / 64);
	cr_assert(isinf(e.high));
	e = metric_estimate(METRIC_LATENCY_P50, each, 1);
	cr_assert_eq(e.method, ESTIMATE_ORDER);
	cr_assert(e.low <= 469e3 && e.low >= 469e3 * 63 / 64, "%g", e.low);
	cr_assert(e.high >= 532e3 && e.high <= 532e3 * 65 / 64, "%g", e.high);
	histogram_add(&each->latency, UINT64_MAX);
	cr_assert_eq(metric_estimate(METRIC_LATENCY_OVERFLOW, each, 1).value, 1.0);
	g_free(each);
}

Test(metrics, percentiles_in_the_overflow_are_infinite)
{
	struct run_metrics *each = g_new0(struct run_metrics, 2);

	for (int i = 0; i < 200; i++) {
		histogram_add(&each[i % 2].latency, UINT64_C(1) << 50);
	}
	struct estimate e = metric_estimate(METRIC_LATENCY_P50, each, 2);
	cr_assert(isinf(e.value));
	cr_assert(isinf(e.high));
	cr_assert_eq(e.low, (double)(UINT64_C(1) << 44));
	cr_assert_eq(metric_estimate(METRIC_LATENCY_MAX, each, 2).value, 0x1p50);
	g_free(each);
}

/*
 * How often, of 1,000 experiments, the interval holds the truth, with losses that come in clusters
 * of a mean size.
 */
static void count_covered(double cluster, double clusters_mean, int *covered,
			  int *covered_by_poisson)
{
	struct run_metrics *each = g_new0(struct run_metrics, REPLICATIONS);
	uint64_t state = 5;
	double truth = cluster * clusters_mean / 1000;

	*covered = *covered_by_poisson = 0;
	for (int i = 0; i < 1000; i++) {
		uint64_t total = 0;
		for (int r = 0; r < REPLICATIONS; r++) {
			uint64_t lost = 0;
			for (uint64_t j = random_poisson(&state, clusters_mean); j > 0; j--) {
				lost += cluster > 1 ? random_geometric(&state, cluster) : 1;
			}
			each[r].counter[METRIC_LOST] = lost;
			each[r].counter[METRIC_MIGRATIONS_DONE] = 1000;
			total += lost;
		}
		struct estimate e = metric_estimate(METRIC_LOST_PER_MIGRATION, each, REPLICATIONS);
		struct interval poisson = poisson_interval(total, 0.05);
		*covered += e.low <= truth && truth <= e.high;
		*covered_by_poisson += poisson.low <= truth * 1000 * REPLICATIONS &&
				       truth * 1000 * REPLICATIONS <= poisson.high;
	}
	g_free(each);
}

Test(coverage, independent_losses)
{
	for (double mean = 0.3; mean < 30; mean *= 10) {
		int covered, by_poisson;
		count_covered(1, mean, &covered, &by_poisson);
		cr_assert_geq(covered, 940, "mean %g: %d", mean, covered);
	}
}

Test(coverage, losses_in_bursts)
{
	int covered, by_poisson;

	count_covered(6, 10, &covered, &by_poisson);
	cr_assert_lt(by_poisson, 600, "the test shows nothing: Poisson alone covers %d",
		     by_poisson);
	cr_assert_geq(covered, 925, "%d", covered);
}

Test(coverage, percentiles_of_independent_latencies)
{
	struct run_metrics *each = g_new0(struct run_metrics, REPLICATIONS);
	double truth = -1e6 * log(0.01);
	uint64_t state = 9;
	int covered = 0;

	for (int i = 0; i < 300; i++) {
		memset(each, 0, REPLICATIONS * sizeof(*each));
		for (int j = 0; j < 1000; j++) {
			histogram_add(&each[j % REPLICATIONS].latency,
				      (uint64_t)random_exponential(&state, 1e6));
		}
		struct estimate e = metric_estimate(METRIC_LATENCY_P99, each, REPLICATIONS);
		covered += e.low <= truth && truth <= e.high;
	}
	cr_assert_geq(covered, 279, "%d of 300", covered);
	g_free(each);
}
