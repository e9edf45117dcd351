/* SPDX-License-Identifier: MIT */
/*
 * A recording that begins late, ends early or has gaps knows less, but never contradicts a kernel
 * that was right: whatever is cut from a recording that agrees, with a marker in its place, the
 * rest agrees. And whatever is done to the text, the replay comes to its end.
 */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>

#include "recorded.h"
#include "sim/import/what_if.h"
#include "sim/loader.h"
#include "sim/recorded_scenario.h"
#include "sim/write_sequences.h"

static const char *const names[] = {
	"affinity-4cpu.trace",     "intremap-4cpu.trace", "hotplug-8cpu.trace",
	"exhaust-2cpu.trace",      "multimsi-4cpu.trace", "edu-offline-K.trace",
	"edu-kernel-K-6cpu.trace",
};

/* Joins [from, to) of the lines. */
static void append_lines(GString *text, char **lines, guint from, guint to)
{
	for (guint i = from; i < to; i++) {
		g_string_append_printf(text, "%s\n", lines[i]);
	}
}

static size_t occurrences(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

/* A snapshot's moment is in the text if its last mark, the next mark and all between them are. */
static bool has_moment(const GString *text, const char *whole, const struct replay_snapshot *s)
{
	g_autofree char *mark = g_strdup_printf("KT snap %s\n", s->name);
	const char *at = text->str;

	if (!s->mark_line || occurrences(whole, mark) != occurrences(text->str, mark)) {
		return false;
	}
	for (uint64_t line = 1; line <= s->mark_line; line++) {
		at = strchr(at, '\n') + 1;
	}
	const char *next = strstr(at, "tracing_mark_write"), *gap = strstr(at, "CPU:1 [LOST");
	return next && (!gap || gap > next);
}

/* Everything that reads along. */
struct readers {
	struct write_sequences *writes;
	struct what_if *what_if;
	struct recorded_scenario *scenario;
};

static void on_part(void *context, const struct matrix_state *start)
{
	struct readers *readers = context;

	what_if_part(readers->what_if, start);
	recorded_scenario_start(readers->scenario, start);
}

static void on_op(void *context, const struct history_op *op)
{
	what_if_op(((struct readers *)context)->what_if, op);
}

static void on_event(void *context, const struct ftrace_event *e)
{
	struct readers *readers = context;

	write_sequences_event(readers->writes, e);
	recorded_scenario_event(readers->scenario, e, readers->writes);
}

static struct readers readers_new(void)
{
	return (struct readers){ write_sequences_new(NULL, -1), what_if_new(),
		                 recorded_scenario_new(false) };
}

static void let_read(struct readers *readers, struct replay_options *options)
{
	options->part = on_part;
	options->op = on_op;
	options->event = on_event;
	options->context = readers;
}

/* A scenario that is written loads. */
static void expect_scenario(const struct readers *readers, uint32_t cpus, const char *name)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	recorded_scenario_end(readers->scenario);
	bool any = recorded_scenario_write(readers->scenario, cpus, "recording: /dev/null\n", out);

	fclose(out);
	if (any) {
		struct diagnostics *d = diagnostics_new(name);
		struct scenario *s = scenario_load_text(name, text, length, NULL, d);
		if (!s) {
			diagnostics_print(d, stderr);
		}
		cr_assert_not_null(s, "%s", name);
		scenario_free(s);
		diagnostics_free(d);
	}
	free(text);
}

static void readers_free(struct readers *readers)
{
	write_sequences_free(readers->writes);
	what_if_free(readers->what_if);
	recorded_scenario_free(readers->scenario);
}

static void expect_agreement(const GString *text, const char *whole, const char *name,
                             const char *cut)
{
	g_autofree char *recording = g_strndup(name, strlen(name) - strlen(".trace"));
	struct replay_options options = { 0 };

	struct readers readers = readers_new();
	let_read(&readers, &options);
	options.snapshots = recorded_snapshots(recording, &options.snapshots_count);
	struct replay_result result = recorded_replay(text->str, text->len, &options);
	struct recorded_sums sums = recorded_sums(&result);
	cr_assert_eq(result.divergences, 0, "%s, %s: %s", name, cut, result.divergence);
	cr_assert_eq(sums.compared, sums.equal);
	cr_assert_eq(result.counters_compared, result.counters_equal);
	for (size_t i = 0; i < options.snapshots_count; i++) {
		const struct replay_snapshot *s = &options.snapshots[i];
		cr_assert(!s->difference || s->equal_line || !has_moment(text, whole, s),
		          "%s, %s: %s: %s", name, cut, s->name, s->difference);
	}
	const struct write_sequence_counts *writes = write_sequences_end(readers.writes);
	cr_assert_eq(writes->divergences, 0, "%s, %s: %s", name, cut, writes->divergence);
	expect_scenario(&readers, result.cpus, name);
	readers_free(&readers);
	recorded_snapshots_free(options.snapshots, options.snapshots_count);
	replay_result_release(&result);
}

Test(replay, late_begin_and_early_end)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		size_t length;
		g_autofree char *whole = recorded_text(names[n], &length);
		g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);
		guint count = g_strv_length(lines) - 1;
		for (int i = 0; i < 12; i++) {
			guint from = (guint)g_rand_int_range(random, 0, (gint32)count);
			guint to = (guint)g_rand_int_range(random, (gint32)from, (gint32)count) + 1;
			g_autofree char *cut = g_strdup_printf("lines %u to %u", from + 1, to);
			GString *text = g_string_new(NULL);
			append_lines(text, lines, from, to);
			expect_agreement(text, whole, names[n], cut);
			g_string_free(text, TRUE);
		}
	}
}

Test(replay, gaps)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(2);

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		size_t length;
		g_autofree char *whole = recorded_text(names[n], &length);
		g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);
		guint count = g_strv_length(lines) - 1;
		for (int i = 0; i < 8; i++) {
			GString *text = g_string_new(NULL), *cuts = g_string_new("gaps at");
			guint at = 0;
			while (at < count) {
				guint to = at + (guint)g_rand_int_range(random, 1, 800);
				to = MIN(to, count);
				append_lines(text, lines, at, to);
				g_string_append_printf(cuts, " %u", to + 1);
				g_string_append(text, "CPU:1 [LOST 9 EVENTS]\n");
				at = to + (guint)g_rand_int_range(random, 0, 60);
			}
			expect_agreement(text, whole, names[n], cuts->str);
			g_string_free(text, TRUE);
			g_string_free(cuts, TRUE);
		}
	}
}

/*
 * Bytes and lines changed, doubled, swapped and dropped without a marker: no crash, no endless
 * loop, nothing uncounted.
 */
Test(replay, damage)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(3);

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		size_t length;
		g_autofree char *whole = recorded_text(names[n], &length);
		for (int i = 0; i < 5; i++) {
			g_autofree char *text = g_memdup2(whole, length);
			for (int k = 0; k < 60; k++) {
				size_t at = (size_t)g_rand_int_range(random, 0,
				                                     (gint32)length - 400);
				switch (g_rand_int_range(random, 0, 4)) {
				case 0:
					text[at] = (char)g_rand_int_range(random, 0, 256);
					break;
				case 1:
					text[at] = (char)('0' + g_rand_int_range(random, 0, 10));
					break;
				case 2:
					memmove(text + at, text + at + 200, 200);
					break;
				default:
					memset(text + at, '\n',
					       (size_t)g_rand_int_range(random, 1, 300));
					break;
				}
			}
			struct replay_options options = { 0 };
			struct readers readers = readers_new();
			let_read(&readers, &options);
			struct replay_result result = recorded_replay(text, length, &options);
			cr_expect_eq(what_if_rows(readers.what_if)[0].leaked, 0);
			write_sequences_end(readers.writes);
			if (result.cpus <= 64) {
				expect_scenario(&readers, result.cpus, names[n]);
			}
			readers_free(&readers);
			uint64_t sum = 0;
			for (int k = 0; k < FTRACE_KINDS; k++) {
				sum += result.trace.events[k];
			}
			for (int k = 0; k < IGNORED_REASONS; k++) {
				sum += result.trace.ignored[k];
			}
			/* What begins another part is counted as neither. */
			cr_expect_leq(sum, result.trace.lines);
			cr_expect_geq(sum + result.parts + result.trace.unknown_losses + 1,
			              result.trace.lines);
			replay_result_release(&result);
		}
	}
}
