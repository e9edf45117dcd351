/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>

#include "sim/json_write.h"
#include "sim/report.h"
#include "sim/report_format.h"
#include "tests/unit/sample_result.h"
#include "tests/unit/xmllint.h"

static const struct report_options options = { .version = "1.2.3", .timing = false };
static const struct report_options with_timing = { .version = "1.2.3", .timing = true };

static struct run_result *result;
static struct expect_outcomes *outcomes;

static void set_up(void)
{
	result = sample_result();
	outcomes = expect_evaluate(result);
}

static void tear_down(void)
{
	expect_free(outcomes);
	sample_free(result);
}

TestSuite(report, .init = set_up, .fini = tear_down);

/*
 * MSIRACE_GOLDEN=write in the environment rewrites the files instead: look at the difference before
 * it is committed.
 */
static void assert_golden(GString *found, const char *name)
{
	gchar *path = g_build_filename(TEST_DATA_DIR, "report", name, NULL);
	gchar *expected = NULL;

	if (g_strcmp0(g_getenv("MSIRACE_GOLDEN"), "write") == 0) {
		cr_assert(g_file_set_contents(path, found->str, (gssize)found->len, NULL));
	}
	cr_assert(g_file_get_contents(path, &expected, NULL, NULL), "%s", path);
	cr_assert_str_eq(found->str, expected, "%s differs; found:\n%s", path, found->str);
	g_string_free(found, TRUE);
	g_free(expected);
	g_free(path);
}

Test(report, table)
{
	assert_golden(report_table(result, outcomes, &options), "table.txt");
}

Test(report, table_fits_and_is_ascii)
{
	GString *table = report_table(result, outcomes, &with_timing);
	gchar **lines = g_strsplit(table->str, "\n", -1);

	for (gchar **line = lines; *line; line++) {
		cr_assert_leq(strlen(*line), REPORT_COLUMNS, "%s", *line);
		cr_assert(g_str_is_ascii(*line));
		cr_assert_not(g_str_has_suffix(*line, " "), "%s", *line);
	}
	cr_assert_not_null(strstr(table->str, "Took 250ms: 480072 interrupts a second\n"), "%s",
			   table->str);
	g_strfreev(lines);
	g_string_free(table, TRUE);
}

Test(report, quiet_tells_only_what_did_not_hold)
{
	struct report_options quiet = options;
	quiet.quiet = true;
	GString *table = report_table(result, outcomes, &quiet);

	cr_assert(g_str_has_prefix(
		table->str, "  FAILED: x86-linux-6.1+immediate: lost is 6, expected == 0\n"));
	cr_assert_not_null(strstr(table->str, "inconclusive: x86-direct: stale_per_migration is "));
	cr_assert_null(strstr(table->str, "raised"));
	g_string_free(table, TRUE);
}

Test(report, partial_is_told)
{
	result->partial = true;
	result->contenders[SAMPLE_CLEAN].replications = 0;
	GString *table = report_table(result, outcomes, &options);
	GString *json = report_json(result, outcomes, &options);

	cr_assert_not_null(strstr(table->str, "PARTIAL: the run was interrupted."));
	cr_assert_not_null(strstr(table->str, "  x86-tmp, \"quoted\": 0 of 4\n"));
	cr_assert_not_null(strstr(json->str, "\"partial\": true"));
	g_string_free(table, TRUE);
	g_string_free(json, TRUE);
}

Test(report, timing_left_at_its_default_is_told)
{
	struct scenario s = *result->scenario;
	GString *table = report_table(result, outcomes, &options);

	cr_assert_not_null(strstr(table->str, " handler 2us"));
	cr_assert_null(strstr(table->str, " ipi "));
	g_string_free(table, TRUE);
	s.machine.timings.handler_ps = 3 * US;
	result->scenario = &s;
	table = report_table(result, outcomes, &options);
	cr_assert_null(strstr(table->str, " handler 2us"));
	g_string_free(table, TRUE);
}

static JsonObject *parse(const GString *document, JsonParser **parser)
{
	GError *error = NULL;

	*parser = json_parser_new();
	cr_assert(json_parser_load_from_data(*parser, document->str, (gssize)document->len, &error),
		  "%s", error ? error->message : "");
	return json_node_get_object(json_parser_get_root(*parser));
}

Test(report, json)
{
	assert_golden(report_json(result, outcomes, &options), "run.json");
}

static void check_counters(JsonObject *counters, const struct run_metrics *each,
			   uint32_t replications)
{
	for (int i = 0; i < METRIC_COUNTERS_COUNT; i++) {
		cr_assert_eq((uint64_t)json_object_get_int_member(counters, metric_get(i)->key),
			     metric_pooled(each, replications, (enum metric_counter)i));
	}
}

static void check_number(JsonObject *object, const char *key, double expected)
{
	if (isfinite(expected)) {
		cr_assert_eq(json_object_get_double_member(object, key), expected);
	} else {
		cr_assert(json_object_get_null_member(object, key));
	}
}

static void check_derived(JsonObject *all, const struct contender_result *c)
{
	for (int i = METRIC_COUNTERS_COUNT; i < METRICS_COUNT; i++) {
		struct estimate e = metric_estimate(i, c->each, c->replications);
		JsonObject *derived = json_object_get_object_member(all, metric_get(i)->key);
		check_number(derived, "value", e.value);
		check_number(derived, "low", e.low);
		check_number(derived, "high", e.high);
		cr_assert_str_eq(json_object_get_string_member(derived, "method"),
				 estimate_method_name(e.method));
	}
}

static void check_histogram(JsonObject *json, const struct contender_result *c, bool stale)
{
	struct histogram *expected = g_new0(struct histogram, 1),
			 *found = g_new0(struct histogram, 1);
	JsonArray *buckets = json_object_get_array_member(json, "buckets");

	for (uint32_t i = 0; i < c->replications; i++) {
		histogram_merge(expected, stale ? &c->each[i].stale : &c->each[i].latency);
	}
	found->count = (uint64_t)json_object_get_int_member(json, "count");
	found->overflow = (uint64_t)json_object_get_int_member(json, "overflow");
	found->max_ps = (uint64_t)json_object_get_int_member(json, "max_ps");
	for (guint i = 0; i < json_array_get_length(buckets); i++) {
		JsonArray *bucket = json_array_get_array_element(buckets, i);
		uint64_t low_ps = (uint64_t)json_array_get_int_element(bucket, 0);
		found->bucket[histogram_bucket_of(low_ps)] =
			(uint64_t)json_array_get_int_element(bucket, 1);
		cr_assert_eq(low_ps, histogram_bucket_low(histogram_bucket_of(low_ps)));
	}
	cr_assert_arr_eq(found, expected, sizeof(*found));
	g_free(expected);
	g_free(found);
}

Test(report, json_holds_the_whole_result)
{
	JsonParser *parser;
	GString *document = report_json(result, outcomes, &options);
	JsonObject *root = parse(document, &parser);
	JsonArray *contenders = json_object_get_array_member(root, "contenders");

	cr_assert_eq(json_object_get_int_member(root, "schema_version"), 1);
	cr_assert_eq(json_object_get_int_member(root, "seed"), 42);
	cr_assert_not(json_object_get_boolean_member(root, "partial"));
	cr_assert_not(json_object_has_member(root, "timing"));
	cr_assert_str_eq(json_object_get_string_member(
				 json_object_get_object_member(root, "scenario"), "resolved"),
			 result->scenario->resolved_yaml);
	cr_assert_eq(json_array_get_length(contenders), SAMPLE_CONTENDERS);
	for (guint c = 0; c < SAMPLE_CONTENDERS; c++) {
		const struct contender_result *expected = &result->contenders[c];
		JsonObject *contender = json_array_get_object_element(contenders, c);
		JsonArray *each = json_object_get_array_member(contender, "each");
		cr_assert_str_eq(json_object_get_string_member(contender, "name"),
				 result->scenario->contenders[c].name);
		check_counters(json_object_get_object_member(contender, "pooled"), expected->each,
			       4);
		cr_assert_eq(json_array_get_length(each), 4);
		for (guint r = 0; r < 4; r++) {
			check_counters(json_array_get_object_element(each, r), &expected->each[r],
				       1);
		}
		check_derived(json_object_get_object_member(contender, "derived"), expected);
		check_histogram(json_object_get_object_member(contender, "latency"), expected,
				false);
		check_histogram(json_object_get_object_member(contender, "stale"), expected, true);
	}
	cr_assert_eq(json_array_get_length(json_object_get_array_member(root, "expectations")),
		     outcomes->count);
	g_object_unref(parser);
	g_string_free(document, TRUE);
}

/* Only the "timing" object, the last one, may depend on the wall clock. */
Test(report, json_timing_is_apart)
{
	JsonParser *parser;
	GString *without = report_json(result, outcomes, &options),
		*with = report_json(result, outcomes, &with_timing);
	JsonObject *timing = json_object_get_object_member(parse(with, &parser), "timing");

	cr_assert_eq(json_object_get_double_member(timing, "interrupts_per_wall_second"), 480072.0);
	cr_assert_eq(json_object_get_double_member(timing, "wall_seconds"), 0.25);
	cr_assert_eq(strncmp(with->str, without->str, without->len - strlen("\n}\n")), 0);
	g_object_unref(parser);
	g_string_free(without, TRUE);
	g_string_free(with, TRUE);
}

/*
 * One field of RFC 4180, moving *at behind it and its separator; true: it was the last one of its
 * record.
 */
static bool next_field(const char **at, GString *field)
{
	const char *c = *at;
	bool quoted = *c == '"';

	g_string_truncate(field, 0);
	for (c += quoted; *c; c++) {
		if (quoted && c[0] == '"' && c[1] == '"') {
			c++;
		} else if (quoted && *c == '"') {
			c++;
			break;
		} else if (!quoted && (*c == ',' || *c == '\r')) {
			break;
		}
		g_string_append_c(field, *c);
	}
	bool last = *c == '\r';
	cr_assert(last ? c[1] == '\n' : *c == ',');
	*at = c + (last ? 2 : 1);
	return last;
}

static GPtrArray *next_record(const char **at)
{
	GPtrArray *record = g_ptr_array_new_with_free_func(g_free);
	GString *field = g_string_new(NULL);
	bool last;

	do {
		last = next_field(at, field);
		g_ptr_array_add(record, g_strdup(field->str));
	} while (!last);
	g_string_free(field, TRUE);
	return record;
}

static void check_csv_record(GPtrArray *record, size_t contender, uint32_t replication)
{
	const struct run_metrics *m = &result->contenders[contender].each[replication];

	cr_assert_str_eq(record->pdata[0], result->scenario->name);
	cr_assert_str_eq(record->pdata[1], "42");
	cr_assert_str_eq(record->pdata[2], result->scenario->contenders[contender].name);
	cr_assert_eq(g_ascii_strtoull(record->pdata[3], NULL, 10), replication);
	for (guint i = 0; i < METRIC_COUNTERS_COUNT; i++) {
		cr_assert_eq(g_ascii_strtoull(record->pdata[4 + i], NULL, 10), m->counter[i]);
	}
	cr_assert_eq(g_ascii_strtoull(record->pdata[record->len - 2], NULL, 10), m->latency.max_ps);
}

Test(report, csv_reads_back)
{
	GString *csv = report_csv(result);
	const char *at = csv->str;
	GPtrArray *header = next_record(&at);

	cr_assert_eq(header->len, 4 + METRIC_COUNTERS_COUNT + 5);
	cr_assert_str_eq(header->pdata[4 + METRIC_STALE_TIME], "stale_time_ps");
	for (size_t c = 0; c < SAMPLE_CONTENDERS; c++) {
		for (uint32_t r = 0; r < SAMPLE_REPLICATIONS; r++) {
			GPtrArray *record = next_record(&at);
			cr_assert_eq(record->len, header->len);
			check_csv_record(record, c, r);
			g_ptr_array_free(record, TRUE);
		}
	}
	cr_assert_eq(*at, '\0');
	g_ptr_array_free(header, TRUE);
	g_string_free(csv, TRUE);
}

Test(report, csv_percentile_of_nothing_is_empty)
{
	struct run_metrics *m = &result->contenders[0].each[0];

	m->latency = (struct histogram){ 0 };
	GString *csv = report_csv(result);
	const char *at = csv->str;
	g_ptr_array_free(next_record(&at), TRUE);
	GPtrArray *record = next_record(&at);
	cr_assert_str_eq(record->pdata[4 + METRIC_COUNTERS_COUNT], "");
	cr_assert_str_eq(record->pdata[record->len - 2], "0");
	g_ptr_array_free(record, TRUE);
	g_string_free(csv, TRUE);
}

Test(report, junit)
{
	assert_golden(report_junit(result, outcomes, &options), "junit.xml");
}

Test(report, junit_is_valid)
{
	gchar *messages;
	GString *document = report_junit(result, outcomes, &with_timing);

	assert_valid_junit(document);
	/* The schema is not so lax that anything passes. */
	document->str[strcspn(document->str, "\n") + 5] = 'X';
	cr_assert_neq(validate_junit(document, &messages), 0);
	g_free(messages);
	g_string_free(document, TRUE);
}

Test(report, junit_is_valid_whatever_names_hold)
{
	struct scenario s = *result->scenario;

	s.name = (char[]){
		"\x01\x1f \xff\xfe </testsuite> ]]> & \" ' \t\n \xef\xbf\xbf \xf0\x9f\x90\x91"
	};
	s.expectations = g_memdup2(s.expectations, s.expectations_count * sizeof(*s.expectations));
	s.expectations[0].text = s.name;
	result->scenario = &s;
	struct expect_outcomes *odd = expect_evaluate(result);
	GString *document = report_junit(result, odd, &options);
	assert_valid_junit(document);
	g_string_free(document, TRUE);
	JsonParser *parser;
	document = report_json(result, odd, &options);
	parse(document, &parser);
	g_object_unref(parser);
	g_string_free(document, TRUE);
	expect_free(odd);
	g_free(s.expectations);
}

Test(report, no_expectations)
{
	struct expect_outcomes none = { 0 };
	GString *document = report_junit(result, &none, &options);

	assert_valid_junit(document);
	g_string_free(document, TRUE);
	document = report_table(result, &none, &options);
	cr_assert_null(strstr(document->str, "EXPECTATIONS"));
	g_string_free(document, TRUE);
}

Test(report, write)
{
	GString *document = g_string_new("text\n");
	gchar *path = NULL, *back, *error;

	g_close(g_file_open_tmp("msirace-report-XXXXXX", &path, NULL), NULL);
	cr_assert(report_write(path, document, &error));
	cr_assert_null(error);
	cr_assert(g_file_get_contents(path, &back, NULL, NULL));
	cr_assert_str_eq(back, "text\n");
	g_unlink(path);
	cr_assert_not(report_write("/nonexistent/x", document, &error));
	cr_assert_str_eq(error, "/nonexistent/x: cannot write: No such file or directory");
	g_free(error);
	cr_assert_not(report_write("/dev/full", document, &error));
	cr_assert_str_eq(error, "/dev/full: cannot write: No space left on device");
	g_free(error);
	g_free(back);
	g_free(path);
	g_string_free(document, TRUE);
}

static void assert_duration(double value_ps, const char *expected)
{
	GString *text = g_string_new(NULL);

	format_duration(text, value_ps);
	cr_assert_str_eq(text->str, expected);
	g_string_free(text, TRUE);
}

Test(format, durations)
{
	assert_duration(0, "0");
	assert_duration(1, "1ps");
	assert_duration(999, "999ps");
	assert_duration(1000, "1ns");
	assert_duration(999960, "1us");
	assert_duration(16610000000.0, "16.61ms");
	assert_duration(3.3e12, "3.3s");
	assert_duration(1.2345678e16, "12346s");
	assert_duration(INFINITY, ">17.59s");
	assert_duration(NAN, "-");
}

Test(format, doubles_read_back)
{
	static const double values[] = {
		0.1, 1.0 / 3, 1e-300, 5e-324, 1.7976931348623157e308, 9007199254740993.0, -2.5
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct json_writer w = { .out = g_string_new(NULL) };
		json_double(&w, NULL, values[i]);
		cr_assert_eq(g_ascii_strtod(w.out->str, NULL), values[i]);
		g_string_free(w.out, TRUE);
	}
	struct json_writer w = { .out = g_string_new(NULL) };
	json_array_begin(&w, NULL, JSON_ONE_LINE);
	json_double(&w, NULL, 0.1);
	json_double(&w, NULL, NAN);
	json_uint(&w, NULL, UINT64_MAX);
	json_string(&w, NULL, NULL);
	json_end(&w);
	cr_assert_str_eq(w.out->str, "[0.1, null, 9223372036854775807, null]");
	g_string_free(w.out, TRUE);
}
