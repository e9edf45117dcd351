/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "sim/json_write.h"
#include "sim/replay_report.h"
#include "sim/report.h"
#include "sim/report_format.h"

static void write_scenario(struct json_writer *w, const struct scenario *s)
{
	json_object_begin(w, "scenario", JSON_LINES);
	json_string(w, "name", s->name);
	json_string(w, "file", s->file);
	json_string(w, "question", s->question);
	json_uint(w, "duration_ps", s->duration_ps);
	json_uint(w, "drain_ps", s->drain_ps);
	json_uint(w, "replications", s->replications);
	json_string(w, "resolved", s->resolved_yaml);
	json_end(w);
}

static void write_timing_estimates(struct json_writer *w, const struct scenario *s)
{
	struct timing_estimate estimate;
	size_t position = 0;

	json_array_begin(w, "estimated_timings", JSON_LINES);
	while (next_timing_estimate(&s->machine.timings, &position, &estimate)) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "key", estimate.key);
		json_uint(w, "value_ps", estimate.value_ps);
		json_end(w);
	}
	json_end(w);
}

static void write_counters(struct json_writer *w, const struct run_metrics *each,
			   uint32_t replications)
{
	for (int i = 0; i < METRIC_COUNTERS_COUNT; i++) {
		json_uint(w, metric_get(i)->key,
			  metric_pooled(each, replications, (enum metric_counter)i));
	}
}

static void write_percentile(struct json_writer *w, const char *key, const struct histogram *h,
			     double fraction)
{
	json_double(w, key, h->count ? estimate_quantile(h, fraction) : NAN);
}

static void write_replication(struct json_writer *w, const struct run_metrics *m,
			      const struct histogram *all)
{
	const struct histogram *h = &m->latency;

	json_object_begin(w, NULL, JSON_ONE_LINE);
	write_counters(w, m, 1);
	json_object_begin(w, "latency", JSON_ONE_LINE);
	json_uint(w, "count", h->count);
	write_percentile(w, "p50_ps", h, 0.5);
	write_percentile(w, "p99_ps", h, 0.99);
	write_percentile(w, "p99.9_ps", h, 0.999);
	json_uint(w, "max_ps", h->max_ps);
	json_double(w, "mean_rank", h->count ? histogram_mean_rank(h, all) : NAN);
	json_end(w);
	json_end(w);
}

static void write_derived(struct json_writer *w, const struct contender_result *c)
{
	json_object_begin(w, "derived", JSON_LINES);
	for (int i = METRIC_COUNTERS_COUNT; i < METRICS_COUNT; i++) {
		struct estimate estimate = metric_estimate(i, c->each, c->replications);
		json_object_begin(w, metric_get(i)->key, JSON_ONE_LINE);
		json_double(w, "value", estimate.value);
		json_double(w, "low", estimate.low);
		json_double(w, "high", estimate.high);
		json_string(w, "method", estimate_method_name(estimate.method));
		json_string(w, "unit", metric_get(i)->unit);
		json_end(w);
	}
	json_end(w);
}

static void write_histogram(struct json_writer *w, const char *key, const struct histogram *h)
{
	json_object_begin(w, key, JSON_LINES);
	json_uint(w, "count", h->count);
	json_uint(w, "overflow", h->overflow);
	json_uint(w, "max_ps", h->max_ps);
	json_uint(w, "linear_bits", HISTOGRAM_LINEAR_BITS);
	json_array_begin(w, "buckets", JSON_ONE_LINE);
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h->bucket[i]) {
			json_array_begin(w, NULL, JSON_ONE_LINE);
			json_uint(w, NULL, histogram_bucket_low(i));
			json_uint(w, NULL, h->bucket[i]);
			json_end(w);
		}
	}
	json_end(w);
	json_end(w);
}

static void write_samples(struct json_writer *w, const struct contender_result *c)
{
	struct histogram *latency = g_new0(struct histogram, 1);
	struct histogram *stale = g_new0(struct histogram, 1);

	for (uint32_t i = 0; i < c->replications; i++) {
		histogram_merge(latency, &c->each[i].latency);
		histogram_merge(stale, &c->each[i].stale);
	}
	json_array_begin(w, "each", JSON_LINES);
	for (uint32_t i = 0; i < c->replications; i++) {
		write_replication(w, &c->each[i], latency);
	}
	json_end(w);
	write_histogram(w, "latency", latency);
	write_histogram(w, "stale", stale);
	g_free(latency);
	g_free(stale);
}

static void write_sample(struct json_writer *w, const struct occupancy_sample *sample)
{
	json_array_begin(w, NULL, JSON_ONE_LINE);
	json_uint(w, NULL, sample->used);
	json_uint(w, NULL, sample->leaked);
	json_uint(w, NULL, sample->migrations);
	json_uint(w, NULL, sample->online);
	json_uint(w, NULL, sample->cpu_min);
	json_uint(w, NULL, sample->cpu_median);
	json_uint(w, NULL, sample->cpu_max);
	json_end(w);
}

static void write_map(struct json_writer *w, const struct occupancy *occupancy)
{
	char row[OCCUPANCY_COLUMNS_MAX + 1];

	json_array_begin(w, "map", JSON_LINES);
	for (uint32_t i = 0; i < occupancy->rows; i++) {
		for (uint32_t j = 0; j < occupancy->columns; j++) {
			row[j] = REPORT_MAP_LEVELS[occupancy->level[i][j]];
		}
		row[occupancy->columns] = '\0';
		json_string(w, NULL, row);
	}
	json_end(w);
}

static void write_occupancy(struct json_writer *w, const struct occupancy *occupancy)
{
	if (!occupancy) {
		json_string(w, "occupancy", NULL);
		return;
	}
	json_object_begin(w, "occupancy", JSON_LINES);
	json_uint(w, "interval_ps", occupancy->interval_ps);
	json_array_begin(w, "samples", JSON_ONE_LINE);
	for (uint32_t i = 0; i < occupancy->samples; i++) {
		write_sample(w, &occupancy->sample[i]);
	}
	json_end(w);
	json_uint(w, "cpus", occupancy->cpus);
	json_uint(w, "cpus_per_row", occupancy->cpus_per_row);
	json_uint(w, "vector_first", occupancy->vector_first);
	json_uint(w, "vectors", occupancy->vectors);
	json_uint(w, "vectors_per_column", occupancy->vectors_per_column);
	write_map(w, occupancy);
	json_end(w);
}

static void write_contender(struct json_writer *w, const char *name,
			    const struct contender_result *c)
{
	json_object_begin(w, NULL, JSON_LINES);
	json_string(w, "name", name);
	json_uint(w, "replications", c->replications);
	json_object_begin(w, "pooled", JSON_ONE_LINE);
	write_counters(w, c->each, c->replications);
	json_end(w);
	write_derived(w, c);
	write_samples(w, c);
	write_occupancy(w, c->occupancy);
	json_end(w);
}

static void write_outcome(struct json_writer *w, const struct scenario *s,
			  const struct expect_outcome *o)
{
	const struct scenario_expectation *x = o->expectation;

	json_object_begin(w, NULL, JSON_LINES);
	json_string(w, "text", x->text);
	json_string(w, "contender", s->contenders[o->contender].name);
	json_string(w, "metric", metric_get(x->metric)->key);
	json_string(w, "op", expect_op_name(x->op));
	json_double(w, "value", x->value);
	json_string(w, "verdict", expect_verdict_name(o->verdict));
	json_double(w, "found", o->estimate.value);
	json_double(w, "low", o->estimate.low);
	json_double(w, "high", o->estimate.high);
	json_string(w, "method", estimate_method_name(o->estimate.method));
	json_string(w, "message", o->message);
	json_uint(w, "line", (uint64_t)MAX(x->line, 0));
	json_end(w);
}

static void write_timing(struct json_writer *w, const struct run_result *result)
{
	const struct scenario *s = result->scenario;
	double raised = 0.0;

	for (size_t c = 0; c < s->contenders_count; c++) {
		const struct contender_result *contender = &result->contenders[c];
		raised += (double)metric_pooled(contender->each, contender->replications,
						METRIC_RAISED);
	}
	json_object_begin(w, "timing", JSON_LINES);
	json_double(w, "wall_seconds", result->wall_seconds);
	json_double(w, "interrupts_per_wall_second", raised / result->wall_seconds);
	json_array_begin(w, "contenders", JSON_LINES);
	for (size_t c = 0; c < s->contenders_count; c++) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "name", s->contenders[c].name);
		json_double(w, "wall_seconds", result->contenders[c].wall_seconds);
		json_end(w);
	}
	json_end(w);
	json_end(w);
}

GString *report_json(const struct run_result *result, const struct expect_outcomes *outcomes,
		     const struct report_options *options)
{
	const struct scenario *s = result->scenario;
	struct json_writer w = { .out = g_string_new(NULL) };

	json_object_begin(&w, NULL, JSON_LINES);
	json_uint(&w, "schema_version", REPORT_SCHEMA_VERSION);
	json_string(&w, "kind", REPORT_KIND);
	json_string(&w, "version", options->version);
	json_uint(&w, "seed", s->seed);
	json_bool(&w, "partial", result->partial);
	write_scenario(&w, s);
	write_timing_estimates(&w, s);
	if (options->replay) {
		replay_report_json(&w, "replay", options->replay);
	}
	json_array_begin(&w, "contenders", JSON_LINES);
	for (size_t c = 0; c < s->contenders_count; c++) {
		write_contender(&w, s->contenders[c].name, &result->contenders[c]);
	}
	json_end(&w);
	json_array_begin(&w, "expectations", JSON_LINES);
	for (size_t i = 0; i < outcomes->count; i++) {
		write_outcome(&w, s, &outcomes->each[i]);
	}
	json_end(&w);
	if (options->timing) {
		write_timing(&w, result);
	}
	json_end(&w);
	g_string_append_c(w.out, '\n');
	return w.out;
}
