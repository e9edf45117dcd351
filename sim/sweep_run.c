/* SPDX-License-Identifier: MIT */
#include "sim/sweep_run.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/expect.h"
#include "sim/json_read.h"
#include "sim/metrics.h"
#include "sim/precision.h"
#include "sim/progress.h"
#include "sim/replay_report.h"
#include "sim/report_format.h"
#include "sim/report_grid.h"
#include "sim/results.h"
#include "sim/sweep.h"
#include "sim/sweep_store.h"

/* How far the whole sweep is, told by the cell that runs. */
struct sweep_progress {
	struct progress line;
	size_t cell;
	size_t cells;
};

struct sweep_job {
	const struct sweep_options *options;
	struct sweep sweep;
	struct sweep_store *store;
	struct sweep_progress progress;
	GPtrArray *documents;    /* of the finished cells, in order */
};

static void tell_progress(void *context, uint64_t done_ps, uint64_t total_ps)
{
	struct sweep_progress *p = context;
	uint64_t part = total_ps ? (uint64_t)(1000000.0 * (double)done_ps / (double)total_ps) : 0;

	progress_update(&p->line, p->cell * 1000000 + part, p->cells * 1000000);
}

static char *document_of(const struct sweep_job *job, const struct run_result *result)
{
	struct report_options report = job->options->report;
	struct expect_outcomes *outcomes = expect_evaluate(result);

	report.timing = false;
	report.replay = NULL;
	char *document = g_string_free(report_json(result, outcomes, &report), FALSE);
	expect_free(outcomes);
	return document;
}

static enum exit_code run_cell(struct sweep_job *job, const struct scenario *cell, char **document)
{
	struct run_options run = job->options->run;
	struct run_result result = { 0 };
	struct scenario *widened = NULL;
	enum run_status status;
	char *error = NULL;

	run.progress = tell_progress;
	run.progress_context = &job->progress;
	if (job->options->precision > 0) {
		status = run_to_precision(cell, &run, job->options->precision, &widened, &result, &error);
	} else {
		status = run_scenario(cell, &run, &result, &error);
	}
	*document = status == RUN_OK ? document_of(job, &result) : NULL;
	run_result_release(&result);
	precision_free(widened);
	if (status == RUN_BROKEN) {
		fprintf(stderr, "%s: simulation error: %s\n", cell->file, error ? error : "unknown");
	}
	free(error);
	return status == RUN_OK ? EXIT_HELD : status == RUN_BROKEN ? EXIT_BROKEN : EXIT_INTERRUPTED;
}

/* But for its replications, which --precision changes. */
static bool same_scenario(const char *a, const char *b)
{
	g_auto(GStrv) lines_a = g_strsplit(a, "\n", -1);
	g_auto(GStrv) lines_b = g_strsplit(b, "\n", -1);
	bool same = g_strv_length(lines_a) == g_strv_length(lines_b);

	for (guint i = 0; same && lines_a[i]; i++) {
		same = strcmp(lines_a[i], lines_b[i]) == 0 ||
		       (g_str_has_prefix(lines_a[i], "replications:") &&
			g_str_has_prefix(lines_b[i], "replications:"));
	}
	return same;
}

static const char *problem_of_run(const struct results *run, const struct scenario *cell,
				  const char *version)
{
	if (run->partial) {
		return "is partial";
	}
	if (strcmp(run->version, version) != 0) {
		return "is of another version";
	}
	if (run->seed != cell->seed || !same_scenario(run->resolved, cell->resolved_yaml)) {
		return "is of another scenario";
	}
	bool same = run->contenders_count == cell->contenders_count;
	for (uint32_t i = 0; same && i < run->contenders_count; i++) {
		same = strcmp(run->contenders[i].name, cell->contenders[i].name) == 0 &&
		       run->contenders[i].replications > 0;
	}
	return same ? NULL : "is of other strategies";
}

/*
 * What is wrong with a document of the store, which anybody may have changed since it was put there.
 * NULL where it is what running the cell would give.
 */
static char *problem_of(const struct sweep_job *job, const struct scenario *cell,
			const char *document)
{
	const char *store = job->options->store;
	char *error = NULL;
	g_autoptr(JsonParser) parser = json_read_text(store, document, strlen(document), &error);
	JsonNode *root = parser ? json_parser_get_root(parser) : NULL;

	if (!parser) {
		return error;
	}
	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		return g_strdup_printf("%s: not a document", store);
	}
	struct results_set *set = results_read(store, root, &error);
	if (set) {
		const char *problem =
			set->sweep ? "is a sweep"
				   : problem_of_run(&set->each[0], cell,
						    job->options->report.version);
		error = problem ? g_strdup_printf("%s: %s", store, problem) : NULL;
	}
	results_free(set);
	return error;
}

/* What the store has of a cell; NULL where that is nothing, or nothing that can be used. */
static char *find_document(const struct sweep_job *job, const struct scenario *cell)
{
	char *document = sweep_store_find(job->store, cell, job->options->report.version);
	g_autofree char *problem = document ? problem_of(job, cell, document) : NULL;

	if (problem) {
		fprintf(stderr, "msirace: %s; cell %zu of %zu is run again\n", problem,
			job->progress.cell + 1, job->sweep.cells_count);
		g_clear_pointer(&document, g_free);
	}
	return document;
}

/* A document that the store has, or a new one, which it has then. */
static enum exit_code finish_cell(struct sweep_job *job, const struct scenario *cell)
{
	const char *version = job->options->report.version;
	char *document = find_document(job, cell);
	enum exit_code code = EXIT_HELD;

	if (!document) {
		g_autofree char *error = NULL;
		code = run_cell(job, cell, &document);
		if (document && !sweep_store_add(job->store, cell, version, document, &error)) {
			fprintf(stderr, "msirace: %s: %s\n", job->options->store, error);
			code = EXIT_BROKEN;
		}
	}
	if (document) {
		g_ptr_array_add(job->documents, document);
	}
	return code;
}

static bool any_expectation_failed(JsonObject *document)
{
	JsonArray *expectations = json_object_get_array_member(document, "expectations");

	for (guint i = 0; i < json_array_get_length(expectations); i++) {
		JsonObject *expectation = json_array_get_object_element(expectations, i);
		if (strcmp(json_object_get_string_member(expectation, "verdict"), "failed") == 0) {
			return true;
		}
	}
	return false;
}

static double number_of(JsonObject *estimate, const char *member)
{
	return json_object_get_null_member(estimate, member) ? NAN
							     : json_object_get_double_member(estimate, member);
}

static void cell_estimate(struct grid *grid, JsonObject *derived, const char *key)
{
	JsonObject *estimate = json_object_get_object_member(derived, key);
	int metric = metric_find(key);
	double value = number_of(estimate, "value");
	GString *cell = grid_cell(grid);

	format_value(cell, metric, value);
	cell = grid_cell(grid);
	if (isnan(value)) {
		g_string_append_c(cell, '-');
		return;
	}
	format_value(cell, metric, number_of(estimate, "low"));
	g_string_append(cell, " .. ");
	format_value(cell, metric, number_of(estimate, "high"));
}

static void table_rows(const struct sweep_job *job, struct grid *grid, size_t number, JsonObject *document)
{
	const struct scenario *s = job->sweep.scenario;
	JsonArray *contenders = json_object_get_array_member(document, "contenders");

	for (guint i = 0; i < json_array_get_length(contenders); i++) {
		JsonObject *contender = json_array_get_object_element(contenders, i);
		JsonObject *derived = json_object_get_object_member(contender, "derived");
		for (size_t key = 0; key < s->sweep_count; key++) {
			g_string_append(grid_cell(grid), job->sweep.cells[number].values[key]);
		}
		g_string_append(grid_cell(grid), json_object_get_string_member(contender, "name"));
		cell_estimate(grid, derived, "lost_per_migration");
		cell_estimate(grid, derived, "stale_per_migration");
		GString *cell = grid_cell(grid);
		format_value(cell, metric_find("latency_p99"),
			     number_of(json_object_get_object_member(derived, "latency_p99"), "value"));
	}
}

static struct grid *table_begin(const struct scenario *s)
{
	static const char *const titles[] = { "lost/move", "95 % interval", "stale/move", "95 % interval", "p99" };
	struct grid *grid = grid_new(s->sweep_count + 1 + G_N_ELEMENTS(titles), s->sweep_count + 1);

	for (size_t key = 0; key < s->sweep_count; key++) {
		g_string_append(grid_cell(grid), s->sweep[key].path);
	}
	g_string_append(grid_cell(grid), "strategy");
	for (size_t i = 0; i < G_N_ELEMENTS(titles); i++) {
		g_string_append(grid_cell(grid), titles[i]);
	}
	return grid;
}

static char *quoted(const char *text)
{
	JsonNode *node = json_node_init_string(json_node_alloc(), text ? text : "");
	char *out = json_to_string(node, FALSE);

	json_node_unref(node);
	return out;
}

static void append_member(GString *json, const char *member, const char *text)
{
	g_autofree char *value = text ? quoted(text) : g_strdup("null");

	g_string_append_printf(json, "\"%s\": %s,\n", member, value);
}

static void append_cell(const struct sweep_job *job, size_t number, GString *json)
{
	const struct scenario *s = job->sweep.scenario;
	const char *document = g_ptr_array_index(job->documents, number);

	g_string_append(json, number ? ",\n{\"keys\": {" : "{\"keys\": {");
	for (size_t key = 0; key < s->sweep_count; key++) {
		g_autofree char *path = quoted(s->sweep[key].path),
				*value = quoted(job->sweep.cells[number].values[key]);
		g_string_append_printf(json, "%s%s: %s", key ? ", " : "", path, value);
	}
	g_string_append(json, "}, \"result\": ");
	g_string_append(json, document);
	g_string_append(json, "}");
}

static void append_json(const struct sweep_job *job, GString *json)
{
	const struct scenario *s = job->sweep.scenario;

	g_string_append_printf(json, "{\n\"schema_version\": %d,\n", REPORT_SCHEMA_VERSION);
	append_member(json, "kind", RESULTS_KIND_SWEEP);
	append_member(json, "version", job->options->report.version);
	append_member(json, "name", s->name);
	append_member(json, "file", s->file);
	append_member(json, "question", s->question);
	if (job->options->report.replay) {
		struct json_writer w = { .out = json };
		g_string_append(json, "\"replay\": ");
		replay_report_json(&w, NULL, job->options->report.replay);
		g_string_append(json, ",\n");
	}
	g_string_append(json, "\"keys\": [");
	for (size_t key = 0; key < s->sweep_count; key++) {
		g_autofree char *path = quoted(s->sweep[key].path);
		g_string_append_printf(json, "%s%s", key ? ", " : "", path);
	}
	g_string_append(json, "],\n\"cells\": [\n");
	for (size_t i = 0; i < job->documents->len; i++) {
		append_cell(job, i, json);
	}
	g_string_append_printf(json, "\n],\n\"partial\": %s\n}\n",
			       job->documents->len < job->sweep.cells_count ? "true" : "false");
}

/* The table, and whether every expectation of every cell held. */
static enum exit_code report(const struct sweep_job *job, GString *table, GString *json)
{
	const struct scenario *s = job->sweep.scenario;
	struct grid *grid = table_begin(s);
	size_t failed = 0;

	for (size_t i = 0; i < job->documents->len; i++) {
		JsonParser *parser = json_parser_new_immutable();
		if (json_parser_load_from_data(parser, g_ptr_array_index(job->documents, i), -1, NULL)) {
			JsonObject *document = json_node_get_object(json_parser_get_root(parser));
			table_rows(job, grid, i, document);
			failed += any_expectation_failed(document);
		}
		g_object_unref(parser);
	}
	if (!job->options->quiet) {
		g_string_append_printf(table, "%s: %s\n%u of %zu cells\n\n", s->name, s->question ? s->question : "",
				       job->documents->len, job->sweep.cells_count);
		grid_print(grid, table);
	}
	grid_free(grid);
	if (failed) {
		g_string_append_printf(table, "%sexpectations failed in %zu cells\n", job->options->quiet ? "" : "\n",
				       failed);
	}
	append_json(job, json);
	return failed ? EXIT_NOT_HELD : EXIT_HELD;
}

static enum exit_code run_cells(struct sweep_job *job)
{
	enum exit_code code = EXIT_HELD;

	job->progress.line = progress_begin(job->sweep.scenario->name, job->options->quiet);
	job->progress.cells = job->sweep.cells_count;
	for (size_t i = 0; i < job->sweep.cells_count && code == EXIT_HELD; i++) {
		job->progress.cell = i;
		code = finish_cell(job, job->sweep.cells[i].scenario);
	}
	progress_end(&job->progress.line);
	return code;
}

enum exit_code sweep_run(const struct scenario *s, const struct scenario_load_options *load,
			 const struct sweep_options *options, GString *table, GString *json)
{
	struct sweep_job job = { .options = options, .documents = g_ptr_array_new_with_free_func(g_free) };
	enum exit_code code = EXIT_USAGE;
	g_autofree char *error = NULL;

	if (sweep_load(&job.sweep, s, load)) {
		job.store = sweep_store_open(options->store, options->resume, &error);
		if (!job.store) {
			fprintf(stderr, "msirace: %s\n", error);
			code = EXIT_BROKEN;
		}
	}
	if (job.store) {
		code = run_cells(&job);
		enum exit_code held = report(&job, table, json);
		code = MAX(code, held);
		if (code == EXIT_INTERRUPTED) {
			fprintf(stderr, "%s: interrupted: %u of %zu cells are in %s; --resume goes on\n", s->file,
				job.documents->len, job.sweep.cells_count, options->store);
		}
	}
	sweep_store_close(job.store);
	g_ptr_array_free(job.documents, TRUE);
	sweep_free(&job.sweep);
	return code;
}
