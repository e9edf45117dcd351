/* SPDX-License-Identifier: MIT */
/* All that a design review wants of one scenario, by the commands that a user would type one after the other. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "sim/commands.h"
#include "sim/file_name.h"
#include "sim/loader.h"
#include "sim/units.h"

static const struct option options[] = {
	{ "--output", 'o', "DIR", "folder for everything, made where it is missing; default: review" },
	{ "--jobs", 'j', "N", "worker processes; default: one for each CPU" },
	{ 0 },
};

/* The trace shows the first move: this long before it and after it. */
#define WINDOW_BEFORE_PS (40 * US)
#define WINDOW_AFTER_PS (60 * US)

struct review {
	const char *file;
	const char *folder;
	const char *jobs;
	struct scenario *scenario;
	GPtrArray *documents;    /* what plot and report are given */
	enum exit_code code;
};

/* A file of the review, with the scenario's name before its own; kept until the end. */
static char *path_of(struct review *r, const char *ending, bool document)
{
	g_autofree char *stem = file_name_stem(r->scenario->name);
	g_autofree char *name = g_strconcat(stem, ending, NULL);
	char *path = g_build_filename(r->folder, name, NULL);

	if (document) {
		g_ptr_array_add(r->documents, path);
	}
	return path;
}

/* One command; the list of its words ends with NULL. False where the review cannot go on. */
static bool command(struct review *r, const char *first, ...) G_GNUC_NULL_TERMINATED;
static bool command(struct review *r, const char *first, ...)
{
	GPtrArray *words = g_ptr_array_new();
	va_list arguments;

	g_ptr_array_add(words, (gpointer)(uintptr_t)"msirace");
	va_start(arguments, first);
	for (const char *word = first; word; word = va_arg(arguments, const char *)) {
		g_ptr_array_add(words, (gpointer)(uintptr_t)word);
	}
	va_end(arguments);
	guint count = words->len;
	g_ptr_array_add(words, NULL);
	enum exit_code code = commands_run((int)count, (char **)words->pdata);
	g_ptr_array_free(words, TRUE);
	r->code = MAX(r->code, code);
	return code == EXIT_HELD || code == EXIT_NOT_HELD;
}

/* plot and report take all documents. */
static bool command_on_documents(struct review *r, const char *name, const char *output)
{
	GPtrArray *words = g_ptr_array_new();
	const char *const front[] = { "msirace", name, "-o", output };

	for (size_t i = 0; i < G_N_ELEMENTS(front); i++) {
		g_ptr_array_add(words, (gpointer)(uintptr_t)front[i]);
	}
	g_ptr_array_extend(words, r->documents, NULL, NULL);
	guint count = words->len;
	g_ptr_array_add(words, NULL);
	enum exit_code code = commands_run((int)count, (char **)words->pdata);
	g_ptr_array_free(words, TRUE);
	r->code = MAX(r->code, code);
	return code == EXIT_HELD;
}

static const struct scenario_action *first_move(const struct scenario *s)
{
	for (size_t i = 0; i < s->actions_count; i++) {
		if (s->actions[i].verb == ACTION_MIGRATE && s->actions[i].when != WHEN_RATE) {
			return &s->actions[i];
		}
	}
	return NULL;
}

/* "FROM..TO" around the first move; the whole run where there is none at a known time. */
static char *trace_window(const struct scenario *s)
{
	const struct scenario_action *move = first_move(s);
	uint64_t at_ps = move ? (move->at_ps ? move->at_ps : move->every_ps) : WINDOW_BEFORE_PS;
	g_autofree char *from = units_write_duration(at_ps > WINDOW_BEFORE_PS ? at_ps - WINDOW_BEFORE_PS : 0);
	g_autofree char *to = units_write_duration(at_ps + WINDOW_AFTER_PS);

	return g_strdup_printf("%s..%s", from, to);
}

/* Of a scenario that sweeps nothing itself: the raise rate of the first device that is moved, where it has one. */
static char *default_sweep(const struct scenario *s)
{
	static const double factors[] = { 0.1, 0.3, 1, 3 };
	const struct scenario_action *move = first_move(s);
	const struct scenario_device *device = move ? &s->devices[move->device] : NULL;

	if (!device || device->arrivals.rate_hz <= 0 ||
	    (device->arrivals.process != PROCESS_POISSON && device->arrivals.process != PROCESS_BURSTS)) {
		return NULL;
	}
	GString *sweep = g_string_new(NULL);
	g_string_append_printf(sweep, "sweep={devices.%s.raise.rate: [", device->group);
	for (size_t i = 0; i < G_N_ELEMENTS(factors); i++) {
		g_autofree char *rate = units_write_rate(device->arrivals.rate_hz * factors[i]);
		g_string_append_printf(sweep, "%s%s", i ? ", " : "", rate);
	}
	g_string_append(sweep, "]}");
	return g_string_free(sweep, FALSE);
}

static bool run_plain(struct review *r)
{
	char *json = path_of(r, ".json", true), *trace = path_of(r, ".trace.json", true);
	g_autofree char *junit = path_of(r, ".xml", false);
	g_autofree char *window = trace_window(r->scenario);

	return command(r, "run", r->file, "--set", "sweep={}", "--json", json, "--junit", junit, "--trace", trace,
		       "--trace-window", window, "--quiet", "--jobs", r->jobs, NULL);
}

static bool run_sweep(struct review *r)
{
	g_autofree char *own = default_sweep(r->scenario);
	g_autofree char *store = path_of(r, ".sweep", false);

	if (r->scenario->sweep_count) {
		return command(r, "run", r->file, "--store", store, "--resume", "--json",
			       path_of(r, ".sweep.json", true), "--quiet", "--jobs", r->jobs, NULL);
	}
	return !own || command(r, "run", r->file, "--set", own, "--store", store, "--resume", "--json",
			       path_of(r, ".sweep.json", true), "--quiet", "--jobs", r->jobs, NULL);
}

static bool check(struct review *r)
{
	return !r->scenario->check.present ||
	       command(r, "check", r->file, "--witness", path_of(r, ".witness.json", true), "--quiet", NULL);
}

static bool review(struct review *r)
{
	g_autofree char *plots = g_build_filename(r->folder, "plots", NULL);
	g_autofree char *report = g_build_filename(r->folder, "report.html", NULL);

	return run_plain(r) && run_sweep(r) && check(r) && command_on_documents(r, "plot", plots) &&
	       command_on_documents(r, "report", report);
}

static enum exit_code run(const struct invocation *invocation)
{
	const char *folder = option_value(invocation, "--output"), *jobs = option_value(invocation, "--jobs");
	g_autofree char *cpus = g_strdup_printf("%u", g_get_num_processors());
	struct review r = {
		.file = invocation->operands[0],
		.folder = folder ? folder : "review",
		.jobs = jobs ? jobs : cpus,
		.documents = g_ptr_array_new_with_free_func(g_free),
	};
	struct diagnostics *d = diagnostics_new(r.file);

	r.scenario = scenario_load(r.file, NULL, d);
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	if (!r.scenario) {
		r.code = EXIT_USAGE;
	} else if (g_mkdir_with_parents(r.folder, 0755) != 0) {
		fprintf(stderr, "msirace: %s: cannot be made\n", r.folder);
		r.code = EXIT_BROKEN;
	} else {
		review(&r);
	}
	scenario_free(r.scenario);
	g_ptr_array_free(r.documents, TRUE);
	return r.code;
}

const struct command command_review = {
	.name = "review",
	.operands = "SCENARIO",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Run, sweep, check, draw and report one scenario for a design review",
	.description =
		"Runs the scenario, then its sweep, or where it has none one over the raise rate of the first device that\n"
		"is moved; checks every interleaving where the scenario has a check; draws all pictures and writes the\n"
		"report. Everything is left in the folder: results, sweep, trace, witnesses, plots with their .gp and data.",
	.options = options,
	.example = "  msirace review scenarios/affinity-race.yaml -o review",
	.run = run,
};
