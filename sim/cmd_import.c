/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/expect.h"
#include "sim/import/emulator_log.h"
#include "sim/import/log_match.h"
#include "sim/loader.h"
#include "sim/progress.h"
#include "sim/recorded_scenario.h"
#include "sim/recording_file.h"
#include "sim/replay_report.h"
#include "sim/report.h"
#include "sim/run.h"
#include "sim/standard_output.h"
#include "sim/units.h"
#include "sim/yaml_write.h"

static const struct option options[] = {
	{ "--output", 'o', "SCENARIO",
	  "write a scenario that replays this history and runs it under other strategies" },
	{ "--arrivals", 0, "HOW",
	  "of its devices: times (the recorded ones, the default) or fit (a Poisson rate each)" },
	{ "--no-strategies", 0, NULL, "only compare: do not run the history under other strategies" },
	{ "--snapshot", 0, "FILE",
	  "compare with this state of the allocator (.ktdump); may be repeated" },
	{ "--start", 0, "FILE",
	  "the state at the beginning: a .ktdump, or debugfs irq/domains/VECTOR" },
	{ "--cpus", 0, "N", "the machine has N CPUs, no fewer than the recording shows (the default)" },
	{ "--json", 0, "FILE", "write the replay as JSON; - is standard output, in place of the tables" },
	{ "--log", 0, "FILE", "also read the emulator's log of writes and messages (.qemu)" },
	{ 0 },
};

struct import {
	struct scenario_recording source; /* its names are the invocation's */
	struct replay_report report;
	const char *json;          /* file name; NULL: not asked for */
	FILE *out;                 /* the tables; not standard output where that has the document */
	bool no_strategies;
	const char *scenario_path; /* to be written; NULL: none */
	struct recorded_scenario *scenario;
	const char *log_path; /* NULL: none */
	struct emulator_log log;
	struct log_match match;
};

static enum exit_code cannot(const char *path, int error)
{
	fprintf(stderr, "msirace: %s: %s\n", path, g_strerror(error));
	return EXIT_USAGE;
}

static enum exit_code read_cpus(struct import *in, const struct invocation *invocation)
{
	const char *text = option_value(invocation, "--cpus");
	uint64_t cpus = 0;

	if (text) {
		g_autofree char *error = units_read_count(text, &cpus);
		if (error || cpus < 1 || cpus > FTRACE_CPUS_MAX) {
			return usage_error(invocation->command, "--cpus: %s",
			                   error ? error : "1 to 8192");
		}
	}
	in->source.cpus = (uint32_t)cpus;
	return EXIT_HELD;
}

/* A row for each place where a raise fell. */
static void print_log(const struct emulator_log *log, const char *path, FILE *out)
{
	size_t cycles[LOG_PLACES] = { 0 }, stale[LOG_PLACES] = { 0 }, torn[LOG_PLACES] = { 0 };

	for (size_t i = 0; i < log->cycles_count; i++) {
		const struct log_cycle *c = &log->cycles[i];
		cycles[c->place]++;
		stale[c->place] += c->stale;
		torn[c->place] += c->torn;
	}
	fprintf(out, "\nlog        %s: %" PRIu64 " lines, %zu cycles\n", path, log->lines,
	        log->cycles_count);
	if (log->ignored || log->too_many || log->outside) {
		fprintf(out,
		        "ignored    %" PRIu64 " lines that cannot be read, the first is %" PRIu64
		        "; %" PRIu64 " steps too many; %" PRIu64 " before the first cycle\n",
		        log->ignored, log->ignored_line, log->too_many, log->outside);
	}
	fprintf(out, "%-28s %10s %10s %10s\n", "the raise fell", "cycles", "torn", "stale");
	for (int place = 0; place < LOG_PLACES; place++) {
		if (cycles[place]) {
			fprintf(out, "%-28s %10zu %10zu %10zu\n",
			        log_place_name((enum log_place)place), cycles[place], torn[place],
			        stale[place]);
		}
	}
}

/*
 * A message that is torn goes stale, and no other: in CPU offline no handler is owed that would
 * cover it. A cycle that is not whole says nothing, so it does not agree either.
 */
static bool cycles_agree(const struct emulator_log *log, FILE *out)
{
	size_t counts[CYCLE_VERDICTS] = { 0 };
	const struct log_cycle *first = NULL;

	for (size_t i = 0; i < log->cycles_count; i++) {
		const struct log_cycle *c = &log->cycles[i];
		enum cycle_verdict verdict = log_cycle_verdict(c);
		bool fine = verdict == CYCLE_AGREES || verdict == CYCLE_NOT_JUDGED;
		counts[verdict]++;
		first = first || fine ? first : c;
	}
	if (counts[CYCLE_NOT_JUDGED]) {
		fprintf(out, "not comparable: %zu cycles: %s\n", counts[CYCLE_NOT_JUDGED],
		        log_cycle_text(CYCLE_NOT_JUDGED));
	}
	if (!first) {
		return counts[CYCLE_AGREES] > 0;
	}
	fprintf(out,
	        "divergence %zu of %zu cycles do not agree, the first in line %" PRIu64
	        ": cycle %s %" PRIu64 " ",
	        log->cycles_count - counts[CYCLE_AGREES] - counts[CYCLE_NOT_JUDGED],
	        log->cycles_count, first->line, first->name, first->tag);
	if (log_cycle_verdict(first) == CYCLE_DIFFERS) {
		fprintf(out, "is %s, and its message was %s\n", first->stale ? "stale" : "serviced",
		        first->torn ? "torn" : "whole");
	} else {
		fprintf(out, "is not whole: %s\n", log_cycle_text(log_cycle_verdict(first)));
	}
	return false;
}

static enum exit_code judge_log(const struct import *in)
{
	const struct log_match *match = &in->match;
	bool agree = cycles_agree(&in->log, in->out);
	bool other = log_match_possible(match) && !log_match_same(match);

	log_match_print(match, in->out);
	if (!agree || other || in->log.too_many) {
		fprintf(in->out, "agreement  none: %s\n",
		        other ? "the log is of another run"
		              : "the log does not show whole cycles that agree with their verdicts");
		return EXIT_NOT_HELD;
	}
	fputs("agreement  complete: exactly the torn messages left the device unserviced\n", in->out);
	return EXIT_HELD;
}

/* Before the trace, whose events are held against it. */
static enum exit_code read_log(struct import *in)
{
	char *error = NULL;
	int fd = recording_open(in->log_path, &error);

	if (fd < 0) {
		fprintf(stderr, "msirace: %s\n", error);
		g_free(error);
		return EXIT_USAGE;
	}
	int got = emulator_log_read(fd, &in->log);
	close(fd);
	if (got < 0) {
		return cannot(in->log_path, -got);
	}
	if (in->log.cycles_count == 0) {
		fprintf(stderr,
		        "msirace: %s: no cycle in it, a line \"# cycle name=NAME tag=N verdict=VERDICT\"; it "
		        "is empty, or no log of the emulator\n",
		        in->log_path);
		return EXIT_USAGE;
	}
	in->match.log = &in->log;
	return EXIT_HELD;
}

/* Relative to the scenario's folder where it lies there, otherwise from the root. */
static char *name_from(const char *scenario, const char *file)
{
	g_autofree char *from = g_canonicalize_filename(scenario, NULL);
	g_autofree char *folder = g_path_get_dirname(from);
	char *path = g_canonicalize_filename(file, NULL);
	size_t length = strlen(folder);

	if (strncmp(path, folder, length) == 0 && path[length] == '/') {
		memmove(path, path + length + 1, strlen(path + length + 1) + 1);
	}
	return path;
}

static void append_name(GString *yaml, const char *scenario, const char *file)
{
	g_autofree char *name = name_from(scenario, file);

	yaml_write_item(yaml, name);
}

/*
 * The key `recording` of the scenario that is written to this path: what the replay was given, so
 * that `run` gives it too.
 */
static char *recording_key(const struct scenario_recording *source, const char *scenario)
{
	GString *yaml = g_string_new("recording: ");

	if (!source->start && !source->cpus && !source->snapshots_count) {
		append_name(yaml, scenario, source->file);
		g_string_append_c(yaml, '\n');
		return g_string_free(yaml, FALSE);
	}
	g_string_assign(yaml, "recording:\n  file: ");
	append_name(yaml, scenario, source->file);
	if (source->start) {
		g_string_append(yaml, "\n  start: ");
		append_name(yaml, scenario, source->start);
	}
	if (source->cpus) {
		g_string_append_printf(yaml, "\n  cpus: %u", source->cpus);
	}
	for (size_t i = 0; i < source->snapshots_count; i++) {
		g_string_append(yaml, i ? ", " : "\n  snapshots: [");
		append_name(yaml, scenario, source->snapshots[i]);
	}
	g_string_append(yaml, source->snapshots_count ? "]\n" : "\n");
	return g_string_free(yaml, FALSE);
}

/*
 * As text; NULL where the recording has no device. One that is only raced, and not written, does
 * not name the recording, which may be a pipe.
 */
static GString *scenario_text(const struct import *in)
{
	const struct replay_result *result = &in->report.result;
	bool comparable = replay_report_compared(&in->report) > 0;
	g_autofree char *recording =
		!in->scenario_path ? g_strdup("")
		: comparable       ? recording_key(&in->source, in->scenario_path)
		                   : g_strdup("# no key 'recording': nothing in it could be compared\n");
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out) {
		g_error("out of memory");
	}
	recorded_scenario_end(in->scenario);
	bool any = recorded_scenario_write(in->scenario, result->cpus, recording, out);
	fclose(out);
	GString *document = any ? g_string_new_len(text, (gssize)length) : NULL;
	free(text);
	return document;
}

/*
 * The name of a recording without what says how it is packed; a scenario's name ends before the last
 * dot. NULL: it is not packed.
 */
static char *unpacked_name(const char *path)
{
	static const char *const endings[] = { ".xz", ".gz", ".zst" };

	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
		if (g_str_has_suffix(path, endings[i])) {
			return g_strndup(path, strlen(path) - strlen(endings[i]));
		}
	}
	return NULL;
}

/* The history under each strategy: what would have been lost, and what it would have cost. */
static enum exit_code race(const struct import *in, const char *path, const GString *text)
{
	struct diagnostics *d = diagnostics_new(path);
	struct scenario *s = scenario_load_text(path, text->str, text->len, NULL, d);
	struct run_options run_options = {
		.jobs = (unsigned)CLAMP(sysconf(_SC_NPROCESSORS_ONLN), 1, 1024)
	};
	struct run_result result = { 0 };
	char *error = NULL;

	diagnostics_print(d, stderr);
	diagnostics_free(d);
	if (!s) {
		return EXIT_BROKEN;
	}
	struct progress progress = progress_begin(s->name, false);
	run_options.progress = progress_update;
	run_options.progress_context = &progress;
	enum run_status status = run_scenario(s, &run_options, &result, &error);
	progress_end(&progress);
	if (status == RUN_BROKEN) {
		fprintf(stderr, "%s: simulation error: %s\n", in->source.file,
		        error ? error : "unknown");
	} else {
		struct expect_outcomes *outcomes = expect_evaluate(&result);
		GString *table = report_summary(&result, outcomes, true);
		fprintf(in->out,
			"\nwhat if    the same history under other strategies; %zu devices, %zu "
			"actions\n%s",
			s->devices_count, s->actions_count, table->str);
		g_string_free(table, TRUE);
		expect_free(outcomes);
	}
	free(error);
	run_result_release(&result);
	scenario_free(s);
	return status == RUN_BROKEN        ? EXIT_BROKEN
	       : status == RUN_INTERRUPTED ? EXIT_INTERRUPTED
	                                   : EXIT_HELD;
}

static enum exit_code use_scenario(const struct import *in)
{
	g_autofree char *unpacked = in->scenario_path ? NULL : unpacked_name(in->source.file);
	const char *path = in->scenario_path ? in->scenario_path
	                   : unpacked        ? unpacked
	                                     : in->source.file;
	GString *text = scenario_text(in);
	enum exit_code code = EXIT_HELD;

	if (!text && !in->scenario_path) {
		fprintf(in->out,
			"\nwhat if    no strategies: no message of any interrupt is recorded\n");
		return EXIT_HELD;
	}
	if (!text) {
		fprintf(stderr,
			"msirace: %s: no scenario: no message of any interrupt is recorded\n",
			in->source.file);
		return EXIT_USAGE;
	}
	if (!g_utf8_validate(text->str, (gssize)text->len, NULL)) {
		fprintf(stderr, "msirace: %s: no scenario: the name of a file is not UTF-8\n",
		        in->source.file);
		code = EXIT_USAGE;
	} else if (in->scenario_path && !report_deliver(in->scenario_path, text)) {
		code = EXIT_BROKEN;
	} else if (!in->no_strategies && standard_output_flush()) {
		/* The race is told on standard output only. */
		code = race(in, path, text);
	}
	g_string_free(text, TRUE);
	return code;
}

static enum exit_code read_scenario_options(struct import *in, const struct invocation *invocation)
{
	const char *arrivals = option_value(invocation, "--arrivals");

	in->scenario_path = option_value(invocation, "--output");
	if (arrivals && strcmp(arrivals, "fit") != 0 && strcmp(arrivals, "times") != 0) {
		return usage_error(invocation->command, "--arrivals: fit or times, not '%s'",
				   arrivals);
	}
	if (in->scenario_path &&
	    (strcmp(in->source.file, "-") == 0 || strcmp(in->scenario_path, "-") == 0)) {
		return usage_error(invocation->command,
				   "--output needs files: the scenario names TRACE, "
				   "and standard output has the agreement");
	}
	in->no_strategies = option_value(invocation, "--no-strategies");
	if (in->scenario_path || !in->no_strategies) {
		in->scenario = recorded_scenario_new(arrivals && strcmp(arrivals, "fit") == 0);
	}
	return EXIT_HELD;
}

static enum exit_code write_json(const struct import *in)
{
	struct json_writer w = { .out = g_string_new(NULL) };

	json_object_begin(&w, NULL, JSON_LINES);
	json_uint(&w, "schema_version", REPORT_SCHEMA_VERSION);
	json_string(&w, "kind", "msirace import");
	json_string(&w, "version", MSIRACE_VERSION);
	replay_report_json(&w, "replay", &in->report);
	json_end(&w);
	g_string_append_c(w.out, '\n');
	bool written = report_deliver(in->json, w.out);
	g_string_free(w.out, TRUE);
	return written ? EXIT_HELD : EXIT_BROKEN;
}

static enum exit_code replay(struct import *in)
{
	struct replay_listeners listeners = { in->scenario, in->log_path ? &in->match : NULL };
	enum exit_code code = replay_report_make(&in->report, &in->source, &listeners);

	if (code >= EXIT_USAGE) {
		return code;
	}
	replay_report_print(&in->report, in->out);
	if (in->json) {
		enum exit_code written = write_json(in);
		code = MAX(code, written);
	}
	if (in->scenario && code < EXIT_USAGE) {
		enum exit_code raced = use_scenario(in);
		code = MAX(code, raced);
	}
	return code;
}

static enum exit_code replay_all(struct import *in, const struct invocation *invocation)
{
	in->log_path = option_value(invocation, "--log");
	enum exit_code code = in->log_path ? read_log(in) : EXIT_HELD;

	if (code == EXIT_HELD) {
		code = replay(in);
		replay_report_release(&in->report);
	}
	if (in->log_path && code < EXIT_USAGE) {
		print_log(&in->log, in->log_path, in->out);
		enum exit_code judged = judge_log(in);
		code = MAX(code, judged);
	}
	emulator_log_release(&in->log);
	return code;
}

static enum exit_code run(const struct invocation *invocation)
{
	g_autofree const char **snapshots = option_values(invocation, "--snapshot");
	struct import in = {
		.source = {
			.file = (char *)(uintptr_t)invocation->operands[0],
			.start = (char *)(uintptr_t)option_value(invocation, "--start"),
			.snapshots = (char **)(uintptr_t)snapshots,
		},
		.json = option_value(invocation, "--json"),
		.out = stdout,
	};
	enum exit_code code = read_scenario_options(&in, invocation);
	bool stdout_taken = in.json && strcmp(in.json, "-") == 0;

	while (snapshots[in.source.snapshots_count]) {
		in.source.snapshots_count++;
	}
	if (code == EXIT_HELD) {
		code = read_cpus(&in, invocation);
	}
	if (stdout_taken) {
		in.out = fopen("/dev/null", "w");
	}
	if (!in.out) {
		code = cannot("/dev/null", errno);
	}
	if (code == EXIT_HELD) {
		code = replay_all(&in, invocation);
	}
	if (stdout_taken && in.out) {
		fclose(in.out);
	}
	recorded_scenario_free(in.scenario);
	return code;
}

const struct command command_import = {
	.name = "import",
	.operands = "TRACE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Replay a recording of a real kernel and compare every decision",
	.description =
		"TRACE is ftrace's text, the output of `trace-cmd report`, or the tar file of\n"
		"tools/record/msirace-record, each packed by xz, gzip or zstd or not, with the events "
	        "irq_matrix:*,\n"
		"irq_vectors:vector_* and the probes that tools/record/msirace-record sets up; - "
	        "is standard\n"
		"input. Each allocation, free, reservation and hotplug step of the kernel's vector "
	        "allocator\n"
		"is carried out by the allocator core: the CPU and the vector that it chooses, and "
	        "all\n"
		"counters afterwards, are compared with the kernel's. What cannot be compared is "
	        "counted by\n"
		"its reason, and so is every line that is not used.\n\n"
		"A recording that begins in the middle of a machine's life is replayed from a "
	        "state that\n"
		"fits all its operations; only what follows from proven facts is compared.\n\n"
		"Then the same history under the other placements, and its moves, hotplug steps and raises "
	        "under\n"
		"every strategy that its machine allows.\n\n"
		"A snapshot is placed by its mark in the trace, \"snap NAME\" for NAME.ktdump, or "
	        "compared\n"
		"with every state where it has none.\n\n"
		"The scenario of -o has what --start, --cpus and --snapshot were. --json holds the replay, as\n"
		"the member \"replay\" of `msirace run --json` does; neither the strategies nor the log.\n\n"
		"--log: each cycle of the log must be whole, its verdict that of its message, and its messages\n"
		"those of the trace's CPU offline, one cycle for each; a trace without k_fixup_irqs or\n"
		"k_msi_write says nothing of it.\n\n"
		"Exit status 1: something that can be compared is not equal, or nothing could be compared;\n"
		"then the scenario of -o has no recording to compare its runs with. Exit status 2: no event of\n"
		"the vector allocator is in TRACE.",
	.options = options,
	.example = "  msirace import trace.txt\n"
		   "  msirace import trace.txt -o history.yaml && msirace run history.yaml\n"
		   "  xz -dc tests/data/recordings/affinity-4cpu.trace.xz | msirace import -",
	.run = run,
};
