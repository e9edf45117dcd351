/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>

#include "recorded.h"

/*
 * What each recording must agree in. A decision that can be compared and is not compared is a
 * failure too.
 */
static const struct expected {
	const char *name;
	uint64_t parts, jumps;
	uint64_t made, compared;
	uint64_t counters;
	size_t snapshots, snapshots_placed;
} expected[] = {
	{ "boot-4cpu", 1, 0, 42, 41, 904, 3, 3 },
	{ "affinity-4cpu", 1, 0, 126, 125, 2312, 13, 13 },
	{ "intremap-4cpu", 1, 0, 177, 175, 3124, 13, 13 },
	{ "hotplug-8cpu", 1, 0, 202, 201, 2148, 34, 34 },
	{ "exhaust-2cpu", 1, 0, 452, 451, 13980, 20, 20 },
	{ "multimsi-4cpu", 1, 0, 23, 22, 704, 9, 9 },
	/* Recording was off from 2 s to 104 s; the first snapshot is of that time. */
	{ "edu-race-4cpu", 2, 1, 39, 34, 1048, 2, 1 },
	/* These begin in the middle of the machine's life. */
	{ "edu-kernel-K-6cpu", 1, 0, 40, 38, 648, 2, 2 },
	{ "edu-kernel-Q-6cpu", 1, 0, 40, 38, 640, 2, 2 },
	{ "edu-offline-K", 3, 0, 36, 30, 240, 0, 0 },
	{ "edu-offline-Q", 4, 0, 48, 40, 320, 0, 0 },
	{ "handlers-4cpu", 1, 0, 216, 193, 3196, 0, 0 },
	{ "handlers-intremap-4cpu", 1, 0, 224, 182, 3444, 0, 0 },
};

static void expect_agreement(const struct expected *want)
{
	g_autofree char *file = g_strdup_printf("%s.trace", want->name);
	size_t length, placed = 0;
	g_autofree char *text = recorded_text(file, &length);
	struct replay_options options = { 0 };

	options.snapshots = recorded_snapshots(want->name, &options.snapshots_count);
	struct replay_result result = recorded_replay(text, length, &options);
	struct recorded_sums sums = recorded_sums(&result);
	cr_expect(replay_agrees(&result, &options), "%s: %s", want->name, result.divergence);
	cr_expect_eq(result.divergences, 0);
	cr_expect_null(result.start_warning, "%s: %s", want->name, result.start_warning);
	cr_expect_eq(result.parts, want->parts, "%s: %lu parts", want->name,
	             (unsigned long)result.parts);
	cr_expect_eq(result.jumps, want->jumps, "%s: %lu jumps", want->name,
	             (unsigned long)result.jumps);
	cr_expect_eq(sums.made, want->made, "%s: %lu made", want->name, (unsigned long)sums.made);
	cr_expect_eq(sums.compared, want->compared, "%s: %lu compared", want->name,
	             (unsigned long)sums.compared);
	cr_expect_eq(sums.equal, want->compared, "%s: %lu equal", want->name,
	             (unsigned long)sums.equal);
	cr_expect_eq(result.counters_compared, want->counters, "%s: %lu counters", want->name,
	             (unsigned long)result.counters_compared);
	cr_expect_eq(result.counters_equal, want->counters);
	cr_expect_eq(result.counters_open, 0);
	cr_expect_eq(result.history.contradictions, 0);
	cr_expect_eq(result.history.unfinished, 0);
	cr_expect_eq(result.out_of_range, 0);
	cr_expect_eq(options.snapshots_count, want->snapshots);
	for (size_t i = 0; i < options.snapshots_count; i++) {
		const struct replay_snapshot *s = &options.snapshots[i];
		placed += !s->difference || s->equal_line;
	}
	cr_expect_eq(placed, want->snapshots_placed, "%s: %zu snapshots", want->name, placed);
	recorded_snapshots_free(options.snapshots, options.snapshots_count);
	replay_result_release(&result);
}

Test(replay, every_recording_agrees)
{
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		expect_agreement(&expected[i]);
	}
}

/* A snapshot from before makes what a late recording leaves open comparable. */
Test(replay, a_known_start_leaves_nothing_open)
{
	size_t length, count;
	g_autofree char *text = recorded_text("edu-kernel-Q-6cpu.trace", &length);
	struct replay_snapshot *snapshots = recorded_snapshots("edu-kernel-Q-6cpu", &count);
	struct replay_options options = { .start = snapshots[0].state };
	struct replay_result result = recorded_replay(text, length, &options);
	struct recorded_sums sums = recorded_sums(&result);

	cr_expect_eq(sums.made, 40);
	cr_expect_eq(sums.compared, 40);
	cr_expect_eq(sums.equal, 40);
	cr_expect_eq(result.start_cpus_counted, 6);
	replay_result_release(&result);
	recorded_snapshots_free(snapshots, count);
}

/* Replaces the nth occurrence of a text that has the same length. */
static void overwrite(char *text, const char *from, const char *to, int nth)
{
	char *at = text;

	cr_assert_eq(strlen(from), strlen(to));
	for (; nth >= 0; nth--) {
		at = strstr(nth == 0 || at != text ? at : text, from);
		cr_assert_not_null(at, "%s", from);
		at += nth > 0;
	}
	memcpy(at, to, strlen(to));
}

static uint64_t line_of(const char *text, const char *part)
{
	const char *at = strstr(text, part);
	uint64_t line = 1;

	cr_assert_not_null(at);
	for (const char *c = text; c < at; c++) {
		line += *c == '\n';
	}
	return line;
}

/* A kernel that had chosen otherwise: the same counters, another decision. */
static void expect_divergence(const char *from, const char *to, const char *divergence)
{
	size_t length;
	g_autofree char *text = recorded_text("affinity-4cpu.trace", &length);

	uint64_t line = line_of(text, from);
	overwrite(text, from, to, 0);
	struct replay_result result = recorded_replay(text, length, NULL);
	struct replay_options none = { 0 };
	cr_expect_not(replay_agrees(&result, &none));
	cr_assert_not_null(result.divergence, "%s", to);
	cr_expect_eq(result.divergence_line, line, "%lu, not %lu: %s",
	             (unsigned long)result.divergence_line, (unsigned long)line, result.divergence);
	cr_expect(strstr(result.divergence, divergence), "%s", result.divergence);
	replay_result_release(&result);
}

Test(replay, another_decision_is_a_divergence_at_its_line)
{
	/* another vector than the lowest */
	expect_divergence("irq_matrix_alloc: bit=42 cpu=1 online=1 avl=191 alloc=9 managed=3",
	                  "irq_matrix_alloc: bit=77 cpu=1 online=1 avl=191 alloc=9 managed=3",
	                  "the replay chose CPU 1 vector 42");
	expect_divergence("irq_matrix_reserve_managed: bit=35 cpu=1",
	                  "irq_matrix_reserve_managed: bit=44 cpu=1", "the replay chose vector 35");
	expect_divergence("irq_matrix_alloc_managed: bit=35 cpu=2",
	                  "irq_matrix_alloc_managed: bit=99 cpu=2",
	                  "the replay chose CPU 2 vector 35");
}

/*
 * The mask says where the kernel was allowed to choose: with another one it would have chosen
 * another CPU.
 */
Test(replay, the_mask_decides)
{
	size_t length;
	g_autofree char *text = recorded_text("affinity-4cpu.trace", &length);

	overwrite(text, "k_alloc: (irq_matrix_alloc+0x0/0x140) msk=0x2 ",
	          "k_alloc: (irq_matrix_alloc+0x0/0x140) msk=0x8 ", 0);
	struct replay_result result = recorded_replay(text, length, NULL);
	cr_assert_not_null(result.divergence);
	cr_expect(strstr(result.divergence, "the replay chose CPU 3"), "%s", result.divergence);
	/* The replay goes on with what the kernel did, so this is the only one. */
	cr_expect_eq(result.divergences, 1, "%lu", (unsigned long)result.divergences);
	replay_result_release(&result);
}

/* Lines that hold a text are taken out. */
static char *without(const char *text, const char *const *parts, size_t *length)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *rest = g_string_new(NULL);

	for (size_t i = 0; lines[i] && (lines[i][0] || lines[i + 1]); i++) {
		bool drop = false;
		for (size_t p = 0; parts[p]; p++) {
			drop = drop || strstr(lines[i], parts[p]);
		}
		if (!drop) {
			g_string_append_printf(rest, "%s\n", lines[i]);
		}
	}
	*length = rest->len;
	return g_string_free(rest, FALSE);
}

/* Without probes no CPU choice can be compared, and nothing of that is a divergence. */
Test(replay, without_probes)
{
	static const char *const probes[] = { ": k_", NULL };
	static const char *const names[] = { "affinity-4cpu.trace", "intremap-4cpu.trace",
		                             "exhaust-2cpu.trace" };

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		size_t length;
		g_autofree char *text = recorded_text(names[n], &length);
		g_autofree char *rest = without(text, probes, &length);
		struct replay_result result = recorded_replay(rest, length, NULL);
		cr_expect_eq(result.divergences, 0, "%s: %s", names[n], result.divergence);
		cr_expect_eq(result.compared[DECISION_ALLOC], 0);
		cr_expect_gt(result.decisions[DECISION_ALLOC], 100);
		cr_expect_gt(result.incomparable[INCOMPARABLE_NO_MASK], 100);
		replay_result_release(&result);
	}
}

/* Offline without probes: operations are missing, and the counters show where. */
Test(replay, a_dying_cpu_without_probes_is_a_gap)
{
	static const char *const probes[] = { ": k_", NULL };
	size_t length;
	g_autofree char *text = recorded_text("hotplug-8cpu.trace", &length);
	g_autofree char *rest = without(text, probes, &length);
	struct replay_result result = recorded_replay(rest, length, NULL);

	cr_expect_eq(result.divergences, 0, "%s", result.divergence);
	/* Twelve times a CPU went offline, several of them with nothing recorded between. */
	cr_expect_eq(result.jumps, 6, "%lu", (unsigned long)result.jumps);
	replay_result_release(&result);
}

/* trace-cmd prints the same events in another form. */
Test(replay, trace_cmd_report)
{
	size_t length;
	g_autofree char *text = recorded_text("hotplug-8cpu.trace", &length);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *report = g_string_new("version = 7\ncpus=8\n");

	for (size_t i = 0; lines[i]; i++) {
		char *flags = lines[i][0] == '#' ? NULL : strstr(lines[i], "] ");
		if (!flags) {
			continue;
		}
		char *time = flags + 2 + strcspn(flags + 2, " ");
		char *mark = strstr(time, " tracing_mark_write:");
		g_string_append_printf(report, "%.*s %s", (int)(flags + 1 - lines[i]), lines[i],
		                       time);
		if (mark) {
			g_string_truncate(report, report->len - strlen(mark));
			g_string_append_printf(report,
			                       " print:                tracing_mark_write:%s",
			                       mark + strlen(" tracing_mark_write:"));
		}
		g_string_append_c(report, '\n');
	}
	struct replay_result result = recorded_replay(report->str, report->len, NULL);
	struct recorded_sums sums = recorded_sums(&result);
	cr_expect_eq(result.divergences, 0, "%s", result.divergence);
	cr_expect_eq(sums.compared, 201);
	cr_expect_eq(sums.equal, 201);
	cr_expect_eq(result.trace.events[FT_MARK], 182);
	cr_expect_eq(result.cpus, 8);
	replay_result_release(&result);
	g_string_free(report, TRUE);
}

Test(replay, nothing_to_replay)
{
	static const char *const texts[] = { "", "\n", "x", "# tracer: nop\n",
		                             "CPU:1 [LOST 1 EVENTS]\nCPU:1 [LOST 1 EVENTS]\n" };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct replay_result result = recorded_replay(texts[i], strlen(texts[i]), NULL);
		cr_expect_eq(result.parts, 0);
		cr_expect_eq(result.divergences, 0);
		replay_result_release(&result);
	}
}

/* CPUs and vectors that no machine has are counted, and change nothing. */
Test(replay, impossible_operations)
{
#define GLOBALS "online_maps=1 global_avl=201, global_rsvd=0, total_alloc=0\n"
	static const char text[] = "x-1 [000] d..1. 1.0: irq_matrix_online: " GLOBALS
				   "x-1 [000] d..1. 1.0: irq_matrix_free: bit=33 cpu=4294967294 "
	                           "online=1 avl=1 alloc=1 managed=0 " GLOBALS
				   "x-1 [000] d..1. 1.0: irq_matrix_assign: bit=240 cpu=0 online=1 "
	                           "avl=1 alloc=1 managed=0 " GLOBALS
				   "x-1 [000] d..1. 1.0: irq_matrix_alloc: bit=9999 cpu=0 online=1 "
	                           "avl=1 alloc=1 managed=0 " GLOBALS;
	struct replay_result result = recorded_replay(text, sizeof(text) - 1, NULL);

	cr_expect_eq(result.out_of_range, 3);
	cr_expect_eq(result.out_of_range_line, 2);
	cr_expect_eq(result.divergences, 0, "%s", result.divergence);
	replay_result_release(&result);
}
