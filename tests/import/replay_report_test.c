/* SPDX-License-Identifier: MIT */
/* The documents of a replay: what JSON, JUnit and the page say is what the replay found. */
#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "recorded.h"
#include "sim/replay_report.h"
#include "sim/report_html.h"
#include "sim/results.h"

/* The caller releases the report. */
static enum exit_code make(struct replay_report *report, const struct scenario_recording *source, const char *text,
			   size_t length)
{
	int fd = recorded_fd(text, length);
	enum exit_code code = replay_report_make_open(report, fd, source, &(struct replay_listeners){ 0 });

	close(fd);
	return code;
}

/* The sample run's document with this member before its contenders, read back. */
static struct results_set *read_back(const char *member, char **error)
{
	g_autofree char *sample = g_build_filename(TEST_DATA_DIR, "report", "run.json", NULL);
	g_autofree char *path = NULL;
	g_autofree char *contents = NULL;
	gsize length;
	int fd = g_file_open_tmp("msirace-replay-XXXXXX.json", &path, NULL);

	cr_assert(g_close(fd, NULL) && g_file_get_contents(sample, &contents, &length, NULL));
	GString *document = g_string_new_len(contents, (gssize)length);
	GString *with = g_string_new(member);
	g_string_append(with, ",\n\t\"contenders\": [");
	cr_assert_eq(g_string_replace(document, "\"contenders\": [", with->str, 1), 1);
	cr_assert(g_file_set_contents(path, document->str, (gssize)document->len, NULL));
	struct results_set *set = results_load(path, error);
	g_unlink(path);
	g_string_free(document, TRUE);
	g_string_free(with, TRUE);
	return set;
}

static char *json_of(const struct replay_report *report)
{
	struct json_writer w = { .out = g_string_new("\"replay\": ") };

	replay_report_json(&w, NULL, report);
	return g_string_free(w.out, FALSE);
}

static void expect_divergence(const struct results_divergence *read, uint64_t count, const char *text)
{
	cr_expect_eq(read->count, count);
	cr_expect_eq(read->text != NULL, count > 0);
	if (count) {
		cr_expect(g_str_has_prefix(text, read->text), "%s", read->text);
		cr_expect(g_str_has_prefix(read->states, "recording "), "%s", read->states);
	}
}

static void expect_same(const struct results_replay *read, const struct replay_report *report)
{
	const struct replay_result *result = &report->result;

	cr_assert_not_null(read);
	cr_expect_str_eq(read->recording, report->source->file);
	cr_expect_eq(read->agreement, report->agrees);
	cr_expect_eq(read->lines, result->trace.lines);
	cr_assert_eq(read->decisions_count, REPLAY_DECISIONS);
	for (int i = 0; i < REPLAY_DECISIONS; i++) {
		cr_expect_str_eq(read->decisions[i].what, replay_decision_name((enum replay_decision)i));
		cr_expect_eq(read->decisions[i].made, result->decisions[i]);
		cr_expect_eq(read->decisions[i].compared, result->compared[i]);
		cr_expect_eq(read->decisions[i].equal, result->equal[i]);
	}
	cr_expect_eq(read->counters.made, result->counters_compared + result->counters_open);
	cr_expect_eq(read->counters.equal, result->counters_equal);
	cr_expect_eq(read->writes.made, report->writes->changes);
	cr_expect_eq(read->writes.compared, report->writes->compared);
	expect_divergence(&read->divergence, result->divergences, result->divergence);
	expect_divergence(&read->writes_divergence, report->writes->divergences, report->writes->divergence);
	cr_assert_eq(read->snapshots_count, report->options.snapshots_count);
	for (uint32_t i = 0; i < read->snapshots_count; i++) {
		cr_expect_str_eq(read->snapshots[i].name, report->options.snapshots[i].name);
		cr_expect_eq(read->snapshots[i].equal,
			     !replay_snapshot_disagrees(&report->options.snapshots[i]));
	}
	cr_assert_eq(read->what_if_count, WHAT_IF_PLACEMENTS);
	const struct what_if_row *rows = what_if_rows(report->what_if);
	for (int i = 0; i < WHAT_IF_PLACEMENTS; i++) {
		cr_expect_str_eq(read->what_if[i].name, rows[i].placement);
		cr_expect_eq(read->what_if[i].granted, rows[i].granted);
		cr_expect_eq(read->what_if[i].elsewhere, rows[i].elsewhere);
		cr_expect_eq(read->what_if[i].in_use, rows[i].in_use);
	}
}

/* The page of it holds what differs, escaped. */
static void expect_page(const struct results_replay *read)
{
	GString *page = g_string_new(NULL);

	report_html_replay(page, read);
	cr_expect_eq(strstr(page->str, "Not all that can be compared") == NULL, read->agreement);
	cr_expect_null(strstr(page->str, "<tricky>"));
	cr_expect_not_null(strstr(page->str, "&lt;tricky&gt;"));
	if (read->divergence.count) {
		GString *escaped = g_string_new(NULL);
		report_html_text(escaped, read->divergence.states);
		cr_expect_not_null(strstr(page->str, escaped->str));
		g_string_free(escaped, TRUE);
	}
	g_string_free(page, TRUE);
}

static char *changed(const char *text, const char *old, const char *new)
{
	GString *all = g_string_new(text);

	cr_assert(!old || g_string_replace(all, old, new, 1) == 1, "%s", old);
	return g_string_free(all, FALSE);
}

static char *snapshot_path(const char *recording, const char *name)
{
	return g_strdup_printf("%s/%s.snap/%s.ktdump", RECORDINGS_DIR, recording, name);
}

Test(replay_report, documents_say_what_was_found)
{
	static const struct {
		const char *old, *new;   /* in the recording */
		const char *snapshots_of;
		const char *differences; /* a part of them; NULL: it agrees */
	} cases[] = {
		{ NULL, NULL, "affinity-4cpu", NULL },
		{ "bit=42 cpu=1 online=1 avl=191 alloc=9", "bit=77 cpu=1 online=1 avl=191 alloc=9", "affinity-4cpu",
		  "the replay chose CPU 1 vector 42" },
		{ "addr_hi=0x0 data=0x2a", "addr_hi=0x0 data=0x2b", "affinity-4cpu", "0x2b" },
		{ NULL, NULL, "intremap-4cpu", "snapshot 00-before: " },
	};
	size_t length;
	g_autofree char *text = recorded_text("affinity-4cpu.trace", &length);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *recording = changed(text, cases[i].old, cases[i].new);
		g_autofree char *snapshot = snapshot_path(cases[i].snapshots_of, "00-before");
		struct scenario_recording source = { .file = (char[]){ "<tricky>" }, .cpus = 4,
						     .snapshots = &snapshot, .snapshots_count = 1 };
		struct replay_report report;
		enum exit_code code = make(&report, &source, recording, strlen(recording));
		g_autofree char *differences = replay_report_differences(&report);
		g_autofree char *json = json_of(&report);
		char *error;
		struct results_set *set = read_back(json, &error);

		cr_assert_not_null(set, "%s", error);
		cr_expect_eq(code, cases[i].differences ? EXIT_NOT_HELD : EXIT_HELD, "%zu", i);
		cr_expect_eq(differences != NULL, cases[i].differences != NULL);
		cr_expect(!differences || strstr(differences, cases[i].differences), "%zu: %s", i, differences);
		expect_same(set->each[0].replay, &report);
		expect_page(set->each[0].replay);
		results_free(set);
		replay_report_release(&report);
	}
}

/* Without the key there is nothing, and a member that is wrong is told with its place. */
Test(replay_report, a_wrong_document_is_refused)
{
	static const struct {
		const char *old, *new, *error;
	} cases[] = {
		{ "\"agreement\": true", "\"agreement\": 1", "replay.agreement: neither true nor false" },
		{ "\"made\": 105", "\"made\": -1", "replay.decisions[0].made: not a whole number from 0 on" },
		{ "\"decisions\": [", "\"decisions\": [1, ", "replay.decisions[0]: not an object" },
		{ "\"changes\": 135", "\"changes\": 1.5", "replay.writes.changes: not a whole number from 0 on" },
		{ "\"divergences\": 0", "\"divergences\": 1", "replay.divergence: not an object" },
		{ "\"placement\": \"pack\"", "\"placement\": 1", "replay.what_if[1].placement: not a string" },
		{ "\"counters\": {", "\"counter\": {", "replay.counters: missing" },
		{ "\"replay\": {", "\"replay\": null, \"x\": {", "replay: not an object" },
	};
	const struct scenario_recording source = { .file = (char[]){ "x" } };
	struct replay_report report;
	size_t length;
	g_autofree char *text = recorded_text("affinity-4cpu.trace", &length);

	make(&report, &source, text, length);
	g_autofree char *json = json_of(&report);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *wrong = changed(json, cases[i].old, cases[i].new);
		char *error = NULL;
		cr_assert_null(read_back(wrong, &error), "%zu", i);
		cr_expect(g_str_has_suffix(error, cases[i].error), "%s", error);
		g_free(error);
	}
	char *error;
	struct results_set *without = read_back("\"x\": 0", &error);
	cr_assert_not_null(without, "%s", error);
	cr_expect_null(without->each[0].replay);
	results_free(without);
	replay_report_release(&report);
}

/* Files that are not what they should be: refused, and nothing is left over. */
Test(replay_report, files_that_cannot_be_read)
{
	char nowhere[] = "/nonexistent", *wrong[] = { nowhere };
	const struct scenario_recording sources[] = {
		{ .file = nowhere },
		{ .file = (char[]){ "/dev/null" }, .start = nowhere },
		{ .file = (char[]){ "/dev/null" }, .snapshots = wrong, .snapshots_count = 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
		struct replay_report report;
		cr_expect_eq(replay_report_make(&report, &sources[i], &(struct replay_listeners){ 0 }), EXIT_USAGE, "%zu", i);
		replay_report_release(&report);
	}
}
