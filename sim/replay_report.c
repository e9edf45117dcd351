/* SPDX-License-Identifier: MIT */
#include "sim/replay_report.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sim/import/log_match.h"
#include "sim/recorded_scenario.h"
#include "sim/recording_file.h"

struct readers {
	struct write_sequences *writes;
	struct what_if *what_if;
	const struct replay_listeners *also;
};

static void read_part(void *context, const struct matrix_state *start)
{
	struct readers *readers = context;

	what_if_part(readers->what_if, start);
	if (readers->also->scenario) {
		recorded_scenario_start(readers->also->scenario, start);
	}
}

static void read_op(void *context, const struct history_op *op)
{
	struct readers *readers = context;

	what_if_op(readers->what_if, op);
}

static void read_event(void *context, const struct ftrace_event *e)
{
	struct readers *readers = context;

	write_sequences_event(readers->writes, e);
	if (readers->also->scenario) {
		recorded_scenario_event(readers->also->scenario, e, readers->writes);
	}
	if (readers->also->log) {
		log_match_event(readers->also->log, e);
	}
}

static char *snapshot_name(const char *path)
{
	char *name = g_path_get_basename(path);

	if (g_str_has_suffix(name, ".ktdump")) {
		name[strlen(name) - strlen(".ktdump")] = '\0';
	}
	return name;
}

/* Every file that cannot be read is told. */
static bool read_state(const char *path, struct matrix_state **state)
{
	char *error = NULL;

	*state = matrix_state_read(path, &error);
	if (error) {
		fprintf(stderr, "msirace: %s\n", error);
		g_free(error);
	}
	return *state;
}

static bool read_states(struct replay_report *report)
{
	const struct scenario_recording *source = report->source;
	struct replay_options *options = &report->options;
	bool read = true;

	options->snapshots = g_new0(struct replay_snapshot, source->snapshots_count);
	for (size_t i = 0; i < source->snapshots_count; i++) {
		struct replay_snapshot *snapshot = &options->snapshots[options->snapshots_count++];
		snapshot->name = snapshot_name(source->snapshots[i]);
		read &= read_state(source->snapshots[i], &snapshot->state);
	}
	read &= !source->start || read_state(source->start, &report->start);
	options->start = report->start;
	options->cpus = source->cpus;
	return read;
}

/* Most of what is no recording has one reason for all of its lines. */
static enum exit_code refuse_empty(const struct replay_report *report)
{
	const struct ftrace_counts *trace = &report->result.trace;
	g_autoptr(GString) text = g_string_new(NULL);
	int most = 0;

	for (int reason = 0; reason < IGNORED_REASONS; reason++) {
		most = trace->ignored[reason] > trace->ignored[most] ? reason : most;
	}
	if (trace->lines == 0) {
		g_string_append(text, "it is empty");
	} else {
		g_string_append_printf(text, "%" PRIu64 " lines", trace->lines);
	}
	if (trace->ignored[most]) {
		g_string_append_printf(text, ", of these %" PRIu64 " %s, the first in line %" PRIu64,
		                       trace->ignored[most],
		                       ftrace_ignored_text((enum ftrace_ignored)most),
		                       trace->first_line[most]);
	}
	fprintf(stderr,
	        "msirace: %s: no event of the vector allocator in it; %s. A recording is the text of "
	        "ftrace, with irq_matrix:* and irq_vectors:vector_*\n",
	        report->source->file, text->str);
	return EXIT_USAGE;
}

/* A machine with fewer CPUs than it has would be another machine. */
static enum exit_code refuse_cpus(const struct replay_report *report)
{
	const struct replay_result *result = &report->result;

	fprintf(stderr, "msirace: %s: a machine of %u CPUs, as 'cpus' says, is too small: ",
	        report->source->file, report->source->cpus);
	if (result->beyond_line) {
		fprintf(stderr, "line %" PRIu64 " has CPU %u\n", result->beyond_line,
		        result->beyond_cpu);
	} else {
		fprintf(stderr, "its counters or a state tell of %u\n", result->cpus);
	}
	return EXIT_USAGE;
}

static enum exit_code replay(struct replay_report *report, int fd,
                             const struct replay_listeners *listeners)
{
	struct readers readers = { report->sequences, report->what_if, listeners };
	struct replay_options options = report->options;
	char *error = NULL;

	options.part = read_part;
	options.op = read_op;
	options.event = read_event;
	options.context = &readers;
	int got = replay_recording(fd, &options, &report->result, &error);
	if (got < 0) {
		fprintf(stderr, "msirace: %s: %s\n", report->source->file,
		        error               ? error
		        : got == -EOVERFLOW ? "no recording: a line of more than 64 MiB"
		                            : g_strerror(-got));
		g_free(error);
		return EXIT_USAGE;
	}
	report->writes = write_sequences_end(report->sequences);
	if (listeners->log) {
		log_match_end(listeners->log);
	}
	if (replay_allocator_events(&report->result) == 0) {
		return refuse_empty(report);
	}
	if (report->source->cpus && report->result.cpus > report->source->cpus) {
		return refuse_cpus(report);
	}
	report->agrees = replay_agrees(&report->result, &report->options) &&
	                 !report->writes->divergences && replay_report_compared(report) > 0;
	return report->agrees ? EXIT_HELD : EXIT_NOT_HELD;
}

enum exit_code replay_report_make_open(struct replay_report *report, int fd,
                                       const struct scenario_recording *source,
                                       const struct replay_listeners *listeners)
{
	*report = (struct replay_report){
		.source = source,
		.sequences = write_sequences_new(NULL, -1),
		.what_if = what_if_new(),
	};
	return read_states(report) ? replay(report, fd, listeners) : EXIT_USAGE;
}

enum exit_code replay_report_make(struct replay_report *report,
                                  const struct scenario_recording *source,
                                  const struct replay_listeners *listeners)
{
	char *error = NULL;
	int fd = recording_open(source->file, &error);

	*report = (struct replay_report){ .source = source };
	if (fd < 0) {
		fprintf(stderr, "msirace: %s\n", error);
		g_free(error);
		return EXIT_USAGE;
	}
	enum exit_code code = replay_report_make_open(report, fd, source, listeners);
	close(fd);
	return code;
}

void replay_report_release(struct replay_report *report)
{
	for (size_t i = 0; i < report->options.snapshots_count; i++) {
		g_free(report->options.snapshots[i].name);
		g_free(report->options.snapshots[i].difference);
		matrix_state_free(report->options.snapshots[i].state);
	}
	g_free(report->options.snapshots);
	matrix_state_free(report->start);
	replay_result_release(&report->result);
	write_sequences_free(report->sequences);
	what_if_free(report->what_if);
}

uint64_t replay_report_compared(const struct replay_report *report)
{
	return replay_compared(&report->result, &report->options) + report->writes->compared;
}

void replay_report_print(const struct replay_report *report, FILE *out)
{
	const struct replay_others others = { report->writes->compared,
		                              report->writes->divergences > 0 };

	replay_print(&report->result, &report->options, report->source->file, out);
	replay_print_verdict(&report->result, &report->options, &others, out);
	write_sequences_print(report->writes, out);
	if (report->result.parts) {
		what_if_print(report->what_if, out);
	}
}

char *replay_report_differences(const struct replay_report *report)
{
	GString *text = g_string_new(NULL);

	if (report->agrees) {
		return g_string_free(text, TRUE);
	}
	if (replay_report_compared(report) == 0) {
		g_string_append(text, "nothing in the recording could be compared\n");
	}
	if (report->result.divergences) {
		g_string_append(text, report->result.divergence);
	}
	for (size_t i = 0; i < report->options.snapshots_count; i++) {
		const struct replay_snapshot *snapshot = &report->options.snapshots[i];
		if (replay_snapshot_disagrees(snapshot)) {
			g_string_append_printf(text, "snapshot %s: %s\n", snapshot->name,
			                       snapshot->difference);
		}
	}
	if (report->writes->divergences) {
		g_string_append(text, report->writes->divergence);
	}
	g_strchomp(text->str);
	return g_string_free(text, FALSE);
}
