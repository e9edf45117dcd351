/* SPDX-License-Identifier: MIT */
/*
 * The bytes are a recording, and go the whole way: replay, messages, placements, both documents, and
 * the scenario that import writes of it. Whatever they are, that scenario loads without an error, its
 * resolved form too, and the JSON is JSON. Its raises are fitted where the last byte is odd.
 */
#define _GNU_SOURCE /* memfd_create */
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/recorded_scenario.h"
#include "sim/replay_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses the buffer of a long token where the token turns out to be wrong. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		abort();
	}
	return fd;
}

static uint64_t sum(const uint64_t *counts, size_t length)
{
	uint64_t total = 0;

	for (size_t i = 0; i < length; i++) {
		total += counts[i];
	}
	return total;
}

/*
 * Every change is compared or counted by the reason for which it is not; what is compared is equal or
 * diverges.
 */
static void check_counts(const struct replay_report *report)
{
	const struct write_sequence_counts *w = report->writes;
	g_autofree char *differences = replay_report_differences(report);

	if (w->changes != w->compared + sum(w->incomparable, SEQUENCE_INCOMPARABLE) ||
	    w->compared != sum(w->equal, WRITE_SEQUENCES) + w->divergences ||
	    !w->divergence != !w->divergences || report->agrees != !differences) {
		abort();
	}
}

static void check_documents(const struct replay_report *report)
{
	struct json_writer w = { .out = g_string_new(NULL) };
	JsonParser *parser = json_parser_new();
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	replay_report_print(report, out);
	fclose(out);
	free(text);
	replay_report_json(&w, NULL, report);
	if (!json_parser_load_from_data(parser, w.out->str, (gssize)w.out->len, NULL)) {
		fprintf(stderr, "%s\n", w.out->str);
		abort();
	}
	g_object_unref(parser);
	g_string_free(w.out, TRUE);
}

static struct scenario *load(const char *text, size_t length)
{
	struct diagnostics *d = diagnostics_new("fuzz.yaml");
	struct scenario *s = scenario_load_text("fuzz.yaml", text, length, NULL, d);

	if (!s || diagnostics_count(d)) {
		diagnostics_print(d, stderr);
		fwrite(text, 1, length, stderr);
		abort();
	}
	diagnostics_free(d);
	return s;
}

static void check_scenario(struct recorded_scenario *recorded, const struct replay_report *report)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	recorded_scenario_end(recorded);
	bool any = recorded_scenario_write(recorded, report->result.cpus,
					   "recording: \"/dev/null\"\n", out);

	fclose(out);
	if (any) {
		struct scenario *s = load(text, length);
		struct scenario *again = load(s->resolved_yaml, strlen(s->resolved_yaml));
		if (strcmp(s->resolved_yaml, again->resolved_yaml) != 0) {
			abort();
		}
		scenario_free(again);
		scenario_free(s);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scenario_recording source = { .file = (char[]){ "fuzz" } };
	struct recorded_scenario *recorded = recorded_scenario_new(size && data[size - 1] & 1);
	struct replay_report report;
	int fd = file_of(data, size);

	if (replay_report_make_open(&report, fd, &source, &(struct replay_listeners){ recorded, NULL }) < EXIT_USAGE) {
		check_counts(&report);
		check_documents(&report);
		check_scenario(recorded, &report);
	}
	replay_report_release(&report);
	recorded_scenario_free(recorded);
	close(fd);
	return 0;
}
