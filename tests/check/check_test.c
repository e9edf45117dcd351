/* SPDX-License-Identifier: MIT */
/*
 * The explorer against itself: with and without its two reductions, each witness run again,
 * budgets, and a machine put back. Each test is a process of its own, as SimGrid needs it.
 */
#include <criterion/criterion.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check_explore.h"
#include "sim/check_witness.h"
#include "sim/check_world.h"
#include "sim/loader.h"

/*
 * Under the sanitizers each actor is a thread and a step far slower: fewer scenarios, and shorter
 * ones.
 */
static const char *const library[] = {
	"msi",
#ifndef __SANITIZE_ADDRESS__
	"cleanup", "msi-weak", "msix", "offline", "offline-move", "two-devices", "two-moves", "vtd"
#endif
};

/* Small enough to follow every path. */
#ifdef __SANITIZE_ADDRESS__
#define PATHS_MAX 1000
#else
#define PATHS_MAX 20000
#endif

static struct scenario *load(const char *name)
{
	g_autofree char *path = g_strdup_printf(PROJECT_DIR "/scenarios/check/%s.yaml", name);
	struct diagnostics *d = diagnostics_new(path);
	struct scenario *s = scenario_load(path, NULL, d);

	cr_assert(s, "%s does not load", path);
	diagnostics_free(d);
	return s;
}

static void explore_within(const struct scenario *s, size_t contender,
			   const struct check_bounds *bounds, const struct check_limits *limits,
			   enum check_reduction reduction, struct check_result *r)
{
	struct check_machine c;
	char *error = check_machine_create(&c, s, &s->contenders[contender], bounds);

	cr_assert(!error, "%s: %s", s->name, error);
	check_explore(&c, limits, reduction, r);
	check_machine_destroy(&c);
}

static void explore(const struct scenario *s, size_t contender, const struct check_bounds *bounds,
		    enum check_reduction reduction, struct check_result *r)
{
	static const volatile sig_atomic_t never;
	const struct check_limits limits = { UINT64_C(1) << 31, 600, &never };

	explore_within(s, contender, bounds, &limits, reduction, r);
	cr_assert_eq(r->end, CHECK_COMPLETE, "%s/%s ended with %d: %s", s->name,
		     s->contenders[contender].name, r->end, r->error ? r->error : "");
}

/* True where it was small enough to be compared. */
static bool compare(const struct scenario *s, size_t contender, const struct check_bounds *bounds,
		    enum check_reduction full)
{
	const char *name = s->contenders[contender].name;
	struct check_result reduced, other;

	explore(s, contender, bounds, CHECK_REDUCED, &reduced);
	if (full == CHECK_EVERY_PATH && reduced.interleavings > PATHS_MAX) {
		check_result_release(&reduced);
		return false;
	}
	explore(s, contender, bounds, full, &other);
	for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
		cr_assert_eq(reduced.verdict[subject], other.verdict[subject], "%s/%s: %s", s->name,
			     name, check_subject_name((enum check_subject)subject));
		cr_assert_eq(!reduced.shortest[subject].code, !other.shortest[subject].code);
		cr_assert_eq(reduced.shortest[subject].count, other.shortest[subject].count,
			     "%s/%s: %s", s->name, name,
			     check_subject_name((enum check_subject)subject));
	}
	cr_assert_eq(reduced.interleavings, other.interleavings,
		     "%s/%s: %.0f and %.0f interleavings", s->name, name, reduced.interleavings,
		     other.interleavings);
	if (full == CHECK_EVERY_EDGE) {
		cr_assert_eq(reduced.states, other.states, "%s/%s", s->name, name);
		cr_assert_eq(reduced.executed + reduced.commuted, other.executed, "%s/%s", s->name,
			     name);
	} else {
		cr_assert_leq(reduced.executed, other.executed);
	}
	check_result_release(&reduced);
	check_result_release(&other);
	return true;
}

static size_t compare_all(const char *const *names, size_t count, uint32_t raises,
			  enum check_reduction full)
{
	size_t compared = 0;

	for (size_t i = 0; i < count; i++) {
		struct scenario *s = load(names[i]);
		const struct check_bounds bounds = { .raises = raises,
						     .migrations = s->check.migrations };

		for (size_t contender = 0; contender < s->contenders_count; contender++) {
			compared += compare(s, contender, &bounds, full);
		}
		scenario_free(s);
	}
	return compared;
}

static void in_world(void (*test)(void *argument))
{
	struct scenario *widest = load("msi");
	volatile sig_atomic_t *interrupted;

	cr_assert(check_world_run(&widest, 1, &interrupted, test, NULL));
	scenario_free(widest);
}

static void every_path(void *argument)
{
	(void)argument;
	size_t compared = compare_all(library, G_N_ELEMENTS(library), 1, CHECK_EVERY_PATH);
	cr_assert_geq(compared, PATHS_MAX < 20000 ? 1 : 20, "only %zu were small enough", compared);
}

Test(check, the_reductions_agree_with_every_path)
{
	in_world(every_path);
}

static void every_edge(void *argument)
{
	(void)argument;
	compare_all(library, G_N_ELEMENTS(library), 1, CHECK_EVERY_EDGE);
}

/* Counting the paths of the graph finds an edge that leads to the wrong state. */
Test(check, what_commutes_leads_where_execution_leads)
{
	in_world(every_edge);
}

static void two_devices(void *argument)
{
	static const char *const names[] = { "two-devices" };

	(void)argument;
	compare_all(names, 1, 2, CHECK_EVERY_EDGE);
}

Test(check, what_commutes_with_two_devices)
{
#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("too slow here");
#endif
	in_world(two_devices);
}

static void same_text(const struct witness *a, const struct witness *b)
{
	GString *first = g_string_new(NULL), *second = g_string_new(NULL);

	witness_columns(a, first);
	witness_columns(b, second);
	cr_assert_str_eq(first->str, second->str);
	g_string_truncate(first, 0);
	g_string_truncate(second, 0);
	witness_json(a, first);
	witness_json(b, second);
	cr_assert_str_eq(first->str, second->str);
	g_string_free(first, TRUE);
	g_string_free(second, TRUE);
}

static void fits_the_page(const struct witness *w)
{
	GString *text = g_string_new(NULL);

	witness_columns(w, text);
	g_auto(GStrv) lines = g_strsplit(text->str, "\n", 0);
	for (char **line = lines; *line; line++) {
		cr_assert_leq(strlen(*line), CHECK_WITNESS_WIDTH, "%s", *line);
	}
	g_string_free(text, TRUE);
}

/* A path that was found shows its subject when it is run, and its token is the same path. */
static void run_again(const struct scenario *s, size_t contender, const struct check_bounds *bounds,
		      const struct check_codes *path, enum check_subject subject)
{
	struct check_token token;
	char *error;
	struct witness *w = witness_run(s, &s->contenders[contender], bounds, path, NULL, &error);

	cr_assert(w, "%s", error);
	cr_assert(w->subjects >> subject & 1, "%s/%s: the path does not show %s", s->name,
		  s->contenders[contender].name, check_subject_name(subject));
	cr_assert(subject != CHECK_STALE || (w->quiet && w->waiting->len > 0));
	fits_the_page(w);
	cr_assert_null(check_token_read(w->token_text, &token));
	cr_assert_eq(token.hash, check_token_hash(s, &s->contenders[contender]));
	struct witness *again =
		witness_run(s, &s->contenders[contender], &token.bounds, NULL, &token, &error);
	cr_assert(again, "%s", error);
	same_text(w, again);
	witness_free(w);
	witness_free(again);
	free(token.choice);
}

static void witnesses(void *argument)
{
	(void)argument;
	for (size_t i = 0; i < G_N_ELEMENTS(library); i++) {
		struct scenario *s = load(library[i]);
		const struct check_bounds bounds = { .raises = 1,
						     .migrations = s->check.migrations };

		for (size_t contender = 0; contender < s->contenders_count; contender++) {
			struct check_result r;

			explore(s, contender, &bounds, CHECK_REDUCED, &r);
			for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
				if (r.shortest[subject].code) {
					run_again(s, contender, &bounds, &r.shortest[subject],
						  (enum check_subject)subject);
				}
			}
			check_result_release(&r);
		}
		scenario_free(s);
	}
}

Test(check, every_witness_runs_again)
{
	in_world(witnesses);
}

static size_t contender_named(const struct scenario *s, const char *name)
{
	for (size_t i = 0; i < s->contenders_count; i++) {
		if (strcmp(s->contenders[i].name, name) == 0) {
			return i;
		}
	}
	cr_assert_fail("no contender %s", name);
	return 0;
}

static void budgets(void *argument)
{
	static const volatile sig_atomic_t never, always = 1;
	const struct check_bounds bounds = { .raises = 2, .migrations = 1 };
	struct scenario *s = load("msi");
	struct check_result r;

	(void)argument;
	for (int reduction = CHECK_REDUCED; reduction <= CHECK_EVERY_PATH; reduction++) {
		const struct check_limits few = { 100, 600, &never };
		const struct check_limits stopped = { 1000000, 600, &always };

		explore_within(s, contender_named(s, "x86-tmp"), &bounds, &few,
			       (enum check_reduction)reduction, &r);
		cr_assert_eq(r.end, CHECK_STATES_EXCEEDED);
		cr_assert_leq(r.states, 101);
		check_result_release(&r);
		explore_within(s, contender_named(s, "x86-tmp"), &bounds, &stopped,
			       (enum check_reduction)reduction, &r);
		cr_assert_eq(r.end, CHECK_INTERRUPTED);
		check_result_release(&r);
	}
	const struct check_limits no_time = { 1000000, 0, &never };
	explore_within(s, contender_named(s, "x86-tmp"), &bounds, &no_time, CHECK_REDUCED, &r);
	cr_assert_eq(r.end, CHECK_SECONDS_EXCEEDED);
	check_result_release(&r);
	scenario_free(s);
}

Test(check, a_budget_ends_without_a_verdict)
{
	in_world(budgets);
}

static void nothing_happens(void *argument)
{
	struct scenario *s = load("msi");
	struct check_result r;

	(void)argument;
	/* Without a raise nothing can be lost, and without a move nothing is torn. */
	for (size_t contender = 0; contender < s->contenders_count; contender++) {
		explore(s, contender, &(struct check_bounds){ .raises = 0, .migrations = 1 },
			CHECK_REDUCED, &r);
		cr_assert_eq(r.verdict[CHECK_STALE], VERDICT_NEVER);
		check_result_release(&r);
		explore(s, contender, &(struct check_bounds){ .raises = 2, .migrations = 0 },
			CHECK_REDUCED, &r);
		cr_assert_eq(r.verdict[CHECK_LOST], VERDICT_NEVER);
		cr_assert_eq(r.verdict[CHECK_SPURIOUS], VERDICT_NEVER);
		cr_assert_eq(r.quiet, 3, "after no, one and two raises");
		check_result_release(&r);
	}
	scenario_free(s);
}

Test(check, without_a_raise_or_a_move)
{
	in_world(nothing_happens);
}
