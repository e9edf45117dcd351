/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/expect.h"
#include "sim/file_name.h"
#include "sim/output_conflicts.h"
#include "sim/precision.h"
#include "sim/progress.h"
#include "sim/replay_report.h"
#include "sim/report.h"
#include "sim/run.h"
#include "sim/scenario_files.h"
#include "sim/sweep_run.h"
#include "sim/units.h"

#define JOBS_MAX 1024

static const struct option options[] = {
	SCENARIO_FILES_OPTIONS,
	{ "--jobs", 'j', "N", "worker processes; default: one for each CPU" },
	{ "--json", 0, "FILE",
	  "write the results as JSON; - is standard output, in place of the table" },
	{ "--csv", 0, "FILE", "write a row for each strategy and replication" },
	{ "--junit", 0, "FILE", "write the expectations as JUnit test cases" },
	{ "--trace", 0, "FILE",
	  "write the first strategy's first replication as Chrome trace events" },
	{ "--trace-window", 0, "FROM..TO",
	  "only what happens in this part of simulated time: 1ms..1.2ms" },
	{ "--no-timing", 0, NULL,
	  "leave wall clock figures out: the same seed then gives the same bytes" },
	{ "--precision", 0, "PERCENT",
	  "add replications until lost and stale per move are known to this: 5%" },
	{ "--store", 0, "FILE", "database of a sweep's finished cells; default: the scenario's name and .sweep" },
	{ "--resume", 0, NULL, "run only the cells of a sweep that its store does not hold" },
	{ "--tables", 0, NULL, "a whole table for each of several scenarios, not a line a strategy" },
	{ "--quiet", 'q', NULL, "print only expectations that did not hold" },
	{ 0 },
};

/* The documents of all scenarios, as they grow. */
struct documents {
	GString *table, *json, *csv, *junit;
	size_t scenarios;
	size_t tests, failures, skipped;
};

struct run_plan {
	struct run_options run;
	struct report_options report;
	const char *json, *csv, *junit;   /* file names; NULL: not asked for */
	const char *store;                /* NULL: the default */
	bool resume;
	double precision;                 /* 0: not asked for */
	bool quiet;
	bool summary;                     /* several scenarios, and no tables asked for */
};

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static enum exit_code read_jobs(const struct invocation *invocation, unsigned *jobs)
{
	const char *text = option_value(invocation, "--jobs");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t value = cpus > 0 ? (uint64_t)cpus : 1;

	if (text) {
		g_autofree char *error = units_read_count(text, &value);
		if (error || value < 1 || value > JOBS_MAX) {
			return usage_error(invocation->command, "--jobs: %s",
					   error ? error : "1 to 1024");
		}
	}
	*jobs = (unsigned)MIN(value, JOBS_MAX);
	return EXIT_HELD;
}

static enum exit_code read_window(const struct invocation *invocation, struct run_options *run)
{
	const char *text = option_value(invocation, "--trace-window");
	const char *dots = text ? strstr(text, "..") : NULL;

	run->trace_to_ps = UINT64_MAX;
	if (!text) {
		return EXIT_HELD;
	}
	if (!run->trace_file) {
		return usage_error(invocation->command, "--trace-window needs --trace");
	}
	if (!dots) {
		return usage_error(invocation->command, "--trace-window needs FROM..TO, not '%s'",
				   text);
	}
	g_autofree char *from = g_strndup(text, (gsize)(dots - text));
	g_autofree char *error = units_read_duration(from, &run->trace_from_ps);
	if (!error) {
		error = units_read_duration(dots + 2, &run->trace_to_ps);
	}
	if (error) {
		return usage_error(invocation->command, "--trace-window: %s", error);
	}
	if (run->trace_from_ps >= run->trace_to_ps) {
		return usage_error(invocation->command, "--trace-window: %s is empty", text);
	}
	return EXIT_HELD;
}

static enum exit_code read_precision(const struct invocation *invocation, double *precision)
{
	const char *text = option_value(invocation, "--precision");

	if (!text) {
		return EXIT_HELD;
	}
	g_autofree char *error = units_read_fraction(text, precision);
	if (error || *precision <= 0) {
		return usage_error(invocation->command, "--precision: %s",
				   error ? error : "must be above 0%");
	}
	return EXIT_HELD;
}

static enum exit_code read_plan(const struct invocation *invocation, struct run_plan *plan)
{
	*plan = (struct run_plan){
		.json = option_value(invocation, "--json"),
		.csv = option_value(invocation, "--csv"),
		.junit = option_value(invocation, "--junit"),
		.store = option_value(invocation, "--store"),
		.resume = option_value(invocation, "--resume"),
		.quiet = option_value(invocation, "--quiet"),
		.run.trace_file = option_value(invocation, "--trace"),
		.report = {
			.version = MSIRACE_VERSION,
			.timing = !option_value(invocation, "--no-timing"),
			.quiet = option_value(invocation, "--quiet"),
		},
	};
	if (is_stdout(plan->json) + is_stdout(plan->csv) + is_stdout(plan->junit) > 1) {
		return usage_error(invocation->command, "standard output carries one document: "
				   "only one of --json, --csv and --junit can be -");
	}
	if (is_stdout(plan->run.trace_file)) {
		return usage_error(invocation->command,
				   "--trace needs a file of its own, not standard output");
	}
	enum exit_code code = read_jobs(invocation, &plan->run.jobs);
	code = code == EXIT_HELD ? read_precision(invocation, &plan->precision) : code;
	return code == EXIT_HELD ? read_window(invocation, &plan->run) : code;
}

/* Takes over document. */
static void append_json(struct documents *all, GString *document)
{
	g_string_append_len(all->json, document->str, (gssize)document->len);
	g_string_free(document, TRUE);
}

/* One header for all. */
static void append_csv(struct documents *all, GString *document)
{
	const char *rows = document->str;

	if (all->csv->len > 0) {
		const char *end = strchr(rows, '\n');
		rows = end ? end + 1 : rows + document->len;
	}
	g_string_append(all->csv, rows);
	g_string_free(document, TRUE);
}

/* The suites of one document; the frame around those of all scenarios is finish_junit()'s. */
static void append_junit(struct documents *all, GString *document)
{
	const char *begin = strstr(document->str, "\t<testsuite "),
		   *end = strstr(document->str, "</testsuites>");

	g_string_append_len(all->junit, begin, end - begin);
	g_string_free(document, TRUE);
}

static void append_documents(struct documents *all, const struct run_plan *plan,
			     const struct run_result *result,
			     const struct expect_outcomes *outcomes)
{
	bool summary = plan->summary && !plan->quiet;
	GString *table = summary ? report_summary(result, outcomes, all->table->len == 0)
				 : report_table(result, outcomes, &plan->report);

	if (!summary && all->table->len > 0 && table->len > 0) {
		g_string_append_c(all->table, '\n');
	}
	g_string_append_len(all->table, table->str, (gssize)table->len);
	g_string_free(table, TRUE);
	if (plan->json) {
		g_string_append(all->json, all->scenarios ? ",\n" : "");
		append_json(all, report_json(result, outcomes, &plan->report));
	}
	if (plan->csv) {
		append_csv(all, report_csv(result));
	}
	if (plan->junit) {
		append_junit(all, report_junit(result, outcomes, &plan->report));
	}
	const struct replay_report *replay = plan->report.replay;
	all->tests += outcomes->count + (replay ? 1 : 0);
	all->failures += outcomes->verdicts[EXPECT_FAILED] + (replay && !replay->agrees);
	all->skipped += outcomes->verdicts[EXPECT_INCONCLUSIVE];
	all->scenarios++;
}

static void append_replay(struct documents *all, const struct run_plan *plan,
			  const struct replay_report *replay)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out) {
		g_error("out of memory");
	}
	replay_report_print(replay, out);
	fclose(out);
	if (!plan->quiet || !replay->agrees) {
		g_string_append_printf(all->table, "%s\n", text);
	}
	free(text);
}

static enum exit_code run_one(const struct scenario *s, struct run_plan *plan,
			      struct documents *all)
{
	struct run_result result = { 0 };
	char *error = NULL;

	struct progress progress = progress_begin(s->name, plan->quiet);
	plan->run.progress = progress_update;
	plan->run.progress_context = &progress;
	struct scenario *widened = NULL;
	enum run_status status = plan->precision > 0
		? run_to_precision(s, &plan->run, plan->precision, &widened, &result, &error)
		: run_scenario(s, &plan->run, &result, &error);
	progress_end(&progress);
	if (status == RUN_BROKEN) {
		fprintf(stderr, "%s: simulation error: %s\n", s->file, error ? error : "unknown");
		free(error);
		run_result_release(&result);
		precision_free(widened);
		return EXIT_BROKEN;
	}
	free(error);
	struct expect_outcomes *outcomes = expect_evaluate(&result);
	append_documents(all, plan, &result, outcomes);
	enum exit_code code = outcomes->verdicts[EXPECT_FAILED] ? EXIT_NOT_HELD : EXIT_HELD;
	expect_free(outcomes);
	run_result_release(&result);
	precision_free(widened);
	if (status == RUN_INTERRUPTED) {
		fprintf(stderr, "%s: interrupted: the results are partial\n", s->file);
		return EXIT_INTERRUPTED;
	}
	return code;
}

static char *store_of(const struct run_plan *plan, const struct scenario *s)
{
	g_autofree char *stem = file_name_stem(s->name);

	return g_strconcat(plan->store ? plan->store : stem, plan->store ? NULL : ".sweep", NULL);
}

static enum exit_code run_sweep(const struct scenario *s, const struct scenario_files *files,
				const struct run_plan *plan, struct documents *all)
{
	g_autofree char *store = store_of(plan, s);
	struct sweep_options sweep = {
		.run = plan->run, .report = plan->report, .store = store, .resume = plan->resume,
		.precision = plan->precision, .quiet = plan->quiet,
	};

	if (plan->csv || plan->junit || plan->run.trace_file) {
		fprintf(stderr,
			"%s: a sweep's document is --json; it has no --csv, --junit or --trace\n",
			s->file);
		return EXIT_USAGE;
	}
	g_string_append(all->json, all->scenarios ? ",\n" : "");
	enum exit_code code = sweep_run(s, &files->options, &sweep, all->table, all->json);
	all->scenarios += code != EXIT_USAGE;
	return code;
}

static bool write_document(const char *path, const GString *document)
{
	return !path || report_deliver(path, document);
}

static void finish_documents(struct documents *all)
{
	if (all->scenarios > 1) {
		g_string_prepend(all->json, "[\n");
		g_string_append(all->json, "]\n");
	}
	g_autofree char *frame =
		g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				"<testsuites name=\"msirace\" tests=\"%zu\" failures=\"%zu\" "
				"errors=\"0\" skipped=\"%zu\">\n",
				all->tests, all->failures, all->skipped);
	g_string_prepend(all->junit, frame);
	g_string_append(all->junit, "</testsuites>\n");
}

static bool write_documents(const struct run_plan *plan, struct documents *all)
{
	bool stdout_taken = is_stdout(plan->json) || is_stdout(plan->csv) || is_stdout(plan->junit);

	finish_documents(all);
	bool written = write_document(plan->json, all->json) & write_document(plan->csv, all->csv) &
		       write_document(plan->junit, all->junit);
	return written & (stdout_taken || write_document("-", all->table));
}

/* The worst that happened decides: interrupted, broken, not held. */
static enum exit_code worse(enum exit_code a, enum exit_code b)
{
	return MAX(a, b);
}

static enum exit_code run_either(const struct scenario *s, const struct scenario_files *files,
				 struct run_plan *plan, struct documents *all)
{
	return s->sweep_count ? run_sweep(s, files, plan, all) : run_one(s, plan, all);
}

/*
 * The history that the scenario was made from comes first: without it the figures stand for
 * nothing.
 */
static enum exit_code run_with_history(const struct scenario *s, const struct scenario_files *files,
				       struct run_plan *plan, struct documents *all)
{
	struct replay_report replay;

	if (!s->recording.file) {
		return run_either(s, files, plan, all);
	}
	enum exit_code code = replay_report_make(&replay, &s->recording, &(struct replay_listeners){ 0 });
	if (code < EXIT_USAGE) {
		append_replay(all, plan, &replay);
		plan->report.replay = &replay;
		code = worse(code, run_either(s, files, plan, all));
		plan->report.replay = NULL;
	}
	replay_report_release(&replay);
	return code;
}

static enum exit_code run_all(const struct scenario_files *files, struct run_plan *plan)
{
	struct documents all = {
		g_string_new(NULL),
		g_string_new(NULL),
		g_string_new(NULL),
		g_string_new(NULL),
		0,
		0,
		0,
		0,
	};
	enum exit_code code = EXIT_HELD;

	for (size_t i = 0; i < files->count && code != EXIT_INTERRUPTED; i++) {
		code = worse(code, run_with_history(files->each[i], files, plan, &all));
	}
	if (all.scenarios > 0 && !write_documents(plan, &all)) {
		code = worse(code, EXIT_BROKEN);
	}
	g_string_free(all.table, TRUE);
	g_string_free(all.json, TRUE);
	g_string_free(all.csv, TRUE);
	g_string_free(all.junit, TRUE);
	return code;
}

/* What the scenarios turn out to be, next to the options. */
static enum exit_code check_options(const struct invocation *invocation,
				    const struct scenario_files *files, const struct run_plan *plan)
{
	enum exit_code code = EXIT_HELD;
	size_t sweeps = 0;

	if (plan->run.trace_file && files->count > 1) {
		return usage_error(invocation->command, "--trace draws one scenario, not %zu",
				   files->count);
	}
	for (size_t i = 0; i < files->count && code == EXIT_HELD; i++) {
		bool is_sweep = files->each[i]->sweep_count > 0;
		sweeps += is_sweep;
		if (is_sweep && !plan->store) {
			g_autofree char *store = store_of(plan, files->each[i]);
			code = output_conflicts_output(invocation, store);
		}
	}
	if (code == EXIT_HELD && sweeps == 0 && (plan->store || plan->resume)) {
		code = usage_error(invocation->command,
				   "%s is for a sweep: no scenario here has the key 'sweep'",
				   plan->store ? "--store" : "--resume");
	}
	return code;
}

static enum exit_code run(const struct invocation *invocation)
{
	struct scenario_files files;
	struct run_plan plan;

	enum exit_code code = read_plan(invocation, &plan);
	if (code != EXIT_HELD) {
		return code;
	}
	code = scenario_files_load(invocation, &files);
	if (code == EXIT_HELD) {
		code = check_options(invocation, &files, &plan);
	}
	plan.summary = files.count > 1 && !option_value(invocation, "--tables");
	if (code == EXIT_HELD) {
		code = run_all(&files, &plan);
	}
	scenario_files_free(&files);
	return code;
}

const struct command command_run = {
	.name = "run",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "Run scenarios and count what each strategy loses",
	.description =
		"Prints a table, of several scenarios a line for each strategy, or the one document that is\n"
		"asked for with -, on standard output. Of a folder every .yaml file in it is run. The same seed gives the same figures, with any\n"
		"number of jobs. Control-C writes what is finished and says that it is partial.\n\n"
		"A scenario's recording is replayed first. --json holds what came of it as \"replay\", --junit as a test case;\n"
		"--csv has a row for each strategy and replication, and none for it.",
	.options = options,
	.example =
		"  msirace run scenarios/affinity-race.yaml --strategy x86-direct --strategy x86-tmp\n"
		"  msirace run scenarios/ --junit results.xml --quiet",
	.run = run,
};
