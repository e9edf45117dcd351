/* SPDX-License-Identifier: MIT */
/*
 * How fast is a recording read, and how much memory does that take? A boot recording, followed by
 * as many events of ordinary kinds as are asked for; the replay reads each line twice.
 * `import_bench RECORDING [LINES]`.
 */
#define _GNU_SOURCE /* memmem */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sim/import/ftrace.h"
#include "sim/import/replay.h"

/* The recording, then lines of it that change nothing, at later times. */
static uint64_t write_lines(FILE *out, const char *recording, uint64_t lines)
{
	gchar *text = NULL;
	uint64_t written = 0, time_us = 100 * UINT64_C(1000000);

	if (!g_file_get_contents(recording, &text, NULL, NULL)) {
		return 0;
	}
	fputs(text, out);
	g_auto(GStrv) each = g_strsplit(text, "\n", -1);
	g_free(text);
	for (guint i = 0; written < lines; i = each[i + 1] ? i + 1 : 0) {
		const char *event = strstr(each[i], ": "), *flags = strstr(each[i], "] ");
		if (each[i][0] == '#' || !event || !flags || strstr(event, ": irq_matrix") ||
		    strstr(event, "k_matrix") || strstr(event, ": k_alloc")) {
			continue;
		}
		const char *time = flags + 2 + strcspn(flags + 2, " ");
		time_us++;
		fprintf(out, "%.*s %" PRIu64 ".%06" PRIu64 "%s\n", (int)(time - each[i]), each[i],
		        time_us / 1000000, time_us % 1000000, event);
		written++;
	}
	return written;
}

/* CPU time, so that a busy machine does not change the figure. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long memory_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

int main(int argc, char **argv)
{
	uint64_t lines = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 2000000;
	FILE *file = tmpfile();
	struct ftrace_reader reader;
	struct ftrace_event event;
	struct replay_options options = { 0 };
	struct replay_result result;
	char *error = NULL;

	if (argc < 2 || !file || write_lines(file, argv[1], lines) < lines || fflush(file)) {
		fprintf(stderr, "usage: import_bench RECORDING [LINES]\n");
		return 2;
	}
	int fd = fileno(file);
	double begin = cpu_seconds();
	if (ftrace_open(&reader, fd) < 0) {
		return 3;
	}
	uint64_t events = 0;
	while (ftrace_next(&reader, &event) > 0) {
		events++;
	}
	double reading = cpu_seconds() - begin;
	printf("read        %9.0f lines a second of CPU time  (%" PRIu64 " lines, %" PRIu64
	       " events)\n",
	       (double)reader.counts.lines / reading, reader.counts.lines, events);
	ftrace_close(&reader);
	long before = memory_kb();
	begin = cpu_seconds();
	if (replay_recording(fd, &options, &result, &error) < 0 || result.divergences) {
		fprintf(stderr, "%s\n", error ? error : result.divergence);
		return 3;
	}
	double replaying = cpu_seconds() - begin;
	printf("replay      %9.0f lines a second of CPU time  (each line is read twice), %ld KiB "
	       "at most, %ld KiB more than before\n",
	       (double)result.trace.lines / replaying, memory_kb(), memory_kb() - before);
	replay_result_release(&result);
	fclose(file);
	return 0;
}
