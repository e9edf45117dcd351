/* SPDX-License-Identifier: MIT */
#include "sim/replay_report.h"

#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/import/what_if.h"
#include "sim/recorded_scenario.h"
#include "sim/recording_file.h"
#include "sim/write_sequences.h"

struct readers {
	struct write_sequences *writes;
	struct what_if *what_if;
	struct recorded_scenario *scenario;
};

static void read_part(void *context, const struct matrix_state *start)
{
	struct readers *readers = context;

	what_if_part(readers->what_if, start);
	if (readers->scenario) {
		recorded_scenario_start(readers->scenario, start);
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
	if (readers->scenario) {
		recorded_scenario_event(readers->scenario, e, readers->writes);
	}
}

enum exit_code replay_report(int fd, const char *name, struct replay_options *options,
                             struct recorded_scenario *scenario, struct replay_result *result,
                             FILE *out)
{
	struct readers readers = { write_sequences_new(NULL, -1), what_if_new(), scenario };
	enum exit_code code = EXIT_USAGE;
	char *error = NULL;

	options->part = read_part;
	options->op = read_op;
	options->event = read_event;
	options->context = &readers;
	int got = replay_recording(fd, options, result, &error);
	if (got < 0) {
		fprintf(stderr, "msirace: %s: %s\n", name, error ? error : g_strerror(-got));
		g_free(error);
	} else {
		const struct write_sequence_counts *writes = write_sequences_end(readers.writes);
		bool agrees = replay_agrees(result, options) && !writes->divergences;
		replay_print(result, options, name, out);
		write_sequences_print(writes, out);
		if (result->parts) {
			what_if_print(readers.what_if, out);
		}
		code = agrees ? EXIT_HELD : EXIT_NOT_HELD;
	}
	write_sequences_free(readers.writes);
	what_if_free(readers.what_if);
	return code;
}

enum exit_code replay_report_file(const char *path, char **text)
{
	struct replay_options options = { 0 };
	struct replay_result result = { 0 };
	size_t length;
	int fd = recording_open(path);

	if (fd < 0) {
		fprintf(stderr, "msirace: %s: %s\n", path, g_strerror(-fd));
		return EXIT_USAGE;
	}
	FILE *out = open_memstream(text, &length);
	if (!out) {
		g_error("out of memory");
	}
	enum exit_code code = replay_report(fd, path, &options, NULL, &result, out);
	fclose(out);
	replay_result_release(&result);
	close(fd);
	return code;
}
