/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>

#include "sim/report.h"
#include "sim/results.h"
#include "tests/unit/sample_result.h"

static GString *sample_document(void)
{
	const struct report_options options = { .version = "1.2.3" };
	struct run_result *result = sample_result();
	struct expect_outcomes *outcomes = expect_evaluate(result);
	GString *document = report_json(result, outcomes, &options);

	expect_free(outcomes);
	sample_free(result);
	return document;
}

static struct results_set *load_text(const char *text, gssize length, char **error)
{
	gchar *path = NULL;

	g_close(g_file_open_tmp("msirace-results-XXXXXX.json", &path, NULL), NULL);
	cr_assert(g_file_set_contents(path, text, length, NULL));
	struct results_set *set = results_load(path, error);
	if (*error) {
		/* The temporary name is of no interest to what follows. */
		cr_assert(g_str_has_prefix(*error, path), "%s", *error);
		memmove(*error, *error + strlen(path), strlen(*error) - strlen(path) + 1);
	}
	g_unlink(path);
	g_free(path);
	return set;
}

static void check_replication(const struct results_replication *found, const struct run_metrics *m)
{
	cr_assert_arr_eq(found->counter, m->counter, sizeof(m->counter));
	cr_assert_eq(found->latencies, m->latency.count);
	cr_assert_eq(found->percentile_ps[RESULTS_P50],
		     (double)histogram_quantile(&m->latency, 0.5));
	cr_assert_eq(found->percentile_ps[RESULTS_P99],
		     (double)histogram_quantile(&m->latency, 0.99));
	cr_assert_eq(found->percentile_ps[RESULTS_P99_9],
		     (double)histogram_quantile(&m->latency, 0.999));
	cr_assert_float_eq(found->mean_rank, 0.5, 0.01);
}

static void check_sample(const struct results *run)
{
	struct run_result *expected = sample_result();

	cr_assert_str_eq(run->version, "1.2.3");
	cr_assert_str_eq(run->scenario, expected->scenario->name);
	cr_assert_str_eq(run->resolved, expected->scenario->resolved_yaml);
	cr_assert_eq(run->seed, 42);
	cr_assert_eq(run->contenders_count, SAMPLE_CONTENDERS);
	for (uint32_t c = 0; c < SAMPLE_CONTENDERS; c++) {
		const struct results_contender *contender = &run->contenders[c];
		cr_assert_str_eq(contender->name, expected->scenario->contenders[c].name);
		cr_assert_eq(contender->replications, SAMPLE_REPLICATIONS);
		for (uint32_t r = 0; r < SAMPLE_REPLICATIONS; r++) {
			check_replication(&contender->each[r], &expected->contenders[c].each[r]);
		}
	}
	sample_free(expected);
}

Test(results, a_document_reads_back)
{
	char *error;
	GString *document = sample_document();
	struct results_set *set = load_text(document->str, -1, &error);

	cr_assert_not_null(set, "%s", error);
	cr_assert_eq(set->count, 1);
	check_sample(&set->each[0]);
	cr_assert_eq(results_find(&set->each[0], "x86-direct"), &set->each[0].contenders[0]);
	cr_assert_null(results_find(&set->each[0], "x86"));
	results_free(set);
	g_string_free(document, TRUE);
}

Test(results, an_array_of_runs_reads_back)
{
	char *error;
	GString *document = sample_document();
	gchar *text = g_strdup_printf("[\n%s,\n%s]\n", document->str, document->str);
	struct results_set *set = load_text(text, -1, &error);

	cr_assert_not_null(set, "%s", error);
	cr_assert_eq(set->count, 2);
	check_sample(&set->each[1]);
	results_free(set);
	g_free(text);
	g_string_free(document, TRUE);
}

/*
 * The error for the sample's document with the first occurrence of from replaced, without the
 * file's name.
 */
static char *error_with(const char *from, const char *to)
{
	char *error;
	GString *document = sample_document();

	cr_assert_gt(g_string_replace(document, from, to, 1), 0, "%s is not there", from);
	struct results_set *set = load_text(document->str, -1, &error);
	cr_assert_null(set, "%s was accepted", to);
	g_string_free(document, TRUE);
	return error;
}

static void assert_error(const char *from, const char *to, const char *expected)
{
	char *error = error_with(from, to);

	cr_assert_str_eq(error, expected);
	g_free(error);
}

Test(results, what_is_wrong_is_told_with_its_place)
{
	assert_error("\"kind\": \"msirace run\"", "\"kind\": 5",
		     ": not a document of `msirace run --json`");
	assert_error("\"schema_version\": 1", "\"schema_version\": 2",
		     ": schema_version: is 2, and this program reads 1");
	assert_error("\"seed\": 42", "\"seed\": -1", ": seed: not a whole number from 0 on");
	assert_error("\"seed\": 42", "\"seed\": 4.5", ": seed: not a whole number from 0 on");
	assert_error("\"seed\": 42", "\"seed\": \"42\"", ": seed: not a whole number from 0 on");
	assert_error("\"seed\": 42,", "", ": seed: missing");
	assert_error("\"partial\": false", "\"partial\": 0", ": partial: neither true nor false");
	assert_error("\"resolved\"", "\"unresolved\"", ": scenario.resolved: missing");
	assert_error("\"scenario\": {", "\"scenario\": 3, \"x\": {", ": scenario: not an object");
	assert_error("\"replications\": 4,\n\t\t\t\"pooled\"",
		     "\"replications\": 3,\n\t\t\t\"pooled\"",
		     ": contenders[0].replications: not the number of elements of each");
	assert_error("{\"raised\": 10001,", "{", ": contenders[0].each[1].raised: missing");
	assert_error("\"p99_ps\": ", "\"p99_ps\": -",
		     ": contenders[0].each[0].latency.p99_ps: not a number from 0 on, nor null");
	assert_error("\"linear_bits\": 6", "\"linear_bits\": 7",
		     ": contenders[0].latency.linear_bits: not the resolution of this program's "
		     "histograms");
	assert_error("\"buckets\": [[", "\"buckets\": [[100000000000000, 1], [",
		     ": contenders[0].latency.buckets[0].[0]: no bucket begins there");
	assert_error("\"buckets\": [[", "\"buckets\": [[129, 1], [",
		     ": contenders[0].latency.buckets[0].[0]: no bucket begins there");
	assert_error("\"buckets\": [[", "\"buckets\": [7, [",
		     ": contenders[0].latency.buckets[0]: not a pair [low_ps, count]");
	assert_error("\"buckets\": [[", "\"buckets\": [[0, 5], [",
		     ": contenders[0].latency.count: not the sum of the buckets and the overflow");
}

Test(results, what_is_no_document)
{
	char *error;

	cr_assert_null(load_text("", -1, &error));
	cr_assert_str_eq(error, ": not a document of `msirace run --json`");
	g_free(error);
	cr_assert_null(load_text("[]", -1, &error));
	cr_assert_str_eq(error, ": holds no run");
	g_free(error);
	cr_assert_null(load_text("[{}]", -1, &error));
	cr_assert_str_eq(error, ": [0]: not a document of `msirace run --json`");
	g_free(error);
	cr_assert_null(load_text("{\"kind\": ", -1, &error));
	g_free(error);
	cr_assert_null(load_text("\0\xff\0{", 4, &error));
	g_free(error);
	cr_assert_null(results_load("/nonexistent/x.json", &error));
	cr_assert_not_null(strstr(error, "No such file"), "%s", error);
	g_free(error);
}

static struct results_set *load_data(const char *name)
{
	char *error, *path = g_build_filename(TEST_DATA_DIR, "plot", name, NULL);
	struct results_set *set = results_load(path, &error);

	cr_assert_not_null(set, "%s", error);
	g_free(path);
	return set;
}

Test(results, a_sweep_reads_back)
{
	struct results_set *set = load_data("sweep.json");

	cr_assert(set->sweep);
	cr_assert_eq(set->count, 3);
	cr_assert_eq(set->keys_count, 1);
	cr_assert_str_eq(set->keys[0], "devices.edu.raise.rate");
	cr_assert_str_eq(set->each[2].values[0], "100kHz");
	cr_assert_str_eq(set->each[2].contenders[2].name, "x86-tmp");
	const struct estimate *lost =
		&set->each[2].contenders[2].derived[METRIC_LOST_PER_MIGRATION -
						    METRIC_COUNTERS_COUNT];
	cr_assert_eq(lost->method, ESTIMATE_ZERO);
	cr_assert_eq(lost->value, 0.0);
	cr_assert_gt(lost->high, 0.0);
	results_free(set);
}

Test(results, occupancy_reads_back)
{
	struct results_set *set = load_data("leak.json");
	const struct results_contender *c = &set->each[0].contenders[0];
	const struct occupancy_sample *last;

	cr_assert_not(set->sweep);
	cr_assert_not_null(c->occupancy);
	cr_assert_eq(c->occupancy->rows, 4);
	cr_assert_eq(c->occupancy->columns, 204);
	last = &c->occupancy->sample[c->occupancy->samples - 1];
	cr_assert_eq(last->used, c->each[0].counter[METRIC_VECTORS_IN_USE]);
	cr_assert_eq(last->leaked, c->each[0].counter[METRIC_VECTORS_LEAKED]);
	cr_assert_gt(last->leaked, 0);
	cr_assert_eq(last->migrations, c->each[0].counter[METRIC_MIGRATIONS_DONE]);
	/* Vector 32 is a system vector, 33 on CPU 0 is in use for some of the time. */
	cr_assert_eq(c->occupancy->level[0][0], 0);
	cr_assert_gt(c->occupancy->level[0][1], 0);
	results_free(set);
}

/* The error for a document of tests/data/plot with the first occurrence of from replaced. */
static void assert_data_error(const char *name, const char *from, const char *to,
			      const char *expected)
{
	gchar *path = g_build_filename(TEST_DATA_DIR, "plot", name, NULL), *text;
	char *error;

	cr_assert(g_file_get_contents(path, &text, NULL, NULL));
	GString *document = g_string_new(text);
	cr_assert_gt(g_string_replace(document, from, to, 1), 0, "%s is not there", from);
	cr_assert_null(load_text(document->str, -1, &error), "%s was accepted", to);
	cr_assert_str_eq(error, expected);
	g_free(error);
	g_string_free(document, TRUE);
	g_free(text);
	g_free(path);
}

Test(results, what_is_wrong_with_a_sweep_or_an_occupancy)
{
	assert_data_error("sweep.json", "\"keys\":[\"", "\"keys\":[5,\"", ": keys[0]: not a string");
	assert_data_error("sweep.json", "\"keys\":[\"", "\"keys\":[\"x\",\"",
			  ": cells[0].keys.x: missing");
	assert_data_error("sweep.json", "\"20kHz\"", "20",
			  ": cells[0].keys.devices.edu.raise.rate: not a string");
	assert_data_error("sweep.json", "\"result\":", "\"results\":",
			  ": cells[0].result: not a document of `msirace run --json`");
	assert_data_error("sweep.json", "\"cells\":[", "\"cells\":[],\"old\":[",
			  ": cells: holds no run");
	assert_data_error("sweep.json", "\"zero-count bound\"", "\"guess\"",
			  ": cells[0].result.contenders[0].derived.covered_per_migration.method: "
			  "unknown");
	assert_data_error("leak.json", "\"cpus_per_row\":1", "\"cpus_per_row\":0",
			  ": contenders[0].occupancy.cpus_per_row: out of range");
	assert_data_error("leak.json", "\"cpus\":4", "\"cpus\":5",
			  ": contenders[0].occupancy.map: not a row for each cpus_per_row");
	assert_data_error("leak.json", "\"map\":[\".", "\"map\":[\"..",
			  ": contenders[0].occupancy.map[0]: not a character for each column");
	assert_data_error("leak.json", "\"map\":[\".", "\"map\":[\"?",
			  ": contenders[0].occupancy.map[0]: not a level of the map");
	assert_data_error("leak.json", "\"samples\":[[", "\"samples\":[[1,",
			  ": contenders[0].occupancy.samples[0]: not seven numbers");
	assert_data_error("leak.json", "\"samples\":[[", "\"samples\":[[-",
			  ": contenders[0].occupancy.samples[0]: not a whole number from 0 on");
}

/* Any prefix of a document is refused, without a crash. */
Test(results, cut_documents)
{
	GString *document = sample_document();

	for (gsize length = 0; length + 2 < document->len; length += document->len / 97) {
		char *error;
		cr_assert_null(load_text(document->str, (gssize)length, &error));
		g_free(error);
	}
	g_string_free(document, TRUE);
}
