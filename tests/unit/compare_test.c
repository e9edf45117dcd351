/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <math.h>

#include "sim/compare.h"
#include "sim/statistics.h"
#include "tests/unit/test_random.h"
#include "tests/unit/xmllint.h"

#define REPLICATIONS 5

static const char yaml[] =
	"name: race\nmachine:\n  cpus: 4\n  timings:\n    handler: 2us\n"
	"strategies:\n- one\ndevices:\n- name: nic\n  kind: msi\nduration: 1s\nseed: 1\n";

/* What one contender's replications are drawn from. */
struct draw {
	double losses;	       /* a replication, of 1,000 migrations */
	double burst;	       /* mean size of a cluster of losses */
	double latency_ps;     /* exponential mean */
	double latency_spread; /* of the replications' means, relative */
	uint64_t leaked;
	uint64_t latencies;
};

static const struct draw plain = { .losses = 30, .burst = 1, .latency_ps = 3e6, .latencies = 500 };

static struct results_set *new_set(uint32_t contenders)
{
	struct results_set *set = g_new0(struct results_set, 1);

	set->path = g_strdup("x.json");
	set->count = 1;
	set->each = g_new0(struct results, 1);
	set->each->version = g_strdup("1.2.3");
	set->each->scenario = g_strdup("race");
	set->each->file = g_strdup("race.yaml");
	set->each->resolved = g_strdup(yaml);
	set->each->contenders = g_new0(struct results_contender, contenders);
	return set;
}

static void fill_replication(struct results_replication *r, struct histogram *own,
			     const struct draw *d, uint64_t *state)
{
	uint64_t lost = 0;
	double mean_ps = d->latency_ps * (1.0 + d->latency_spread * (random_unit(state) * 2 - 1));

	for (uint64_t i = random_poisson(state, d->losses / d->burst); i > 0; i--) {
		lost += d->burst > 1 ? random_geometric(state, d->burst) : 1;
	}
	r->counter[METRIC_LOST] = lost;
	r->counter[METRIC_STALE] = lost;
	r->counter[METRIC_MIGRATIONS_DONE] = 1000;
	r->counter[METRIC_SIMULATED_TIME] = UINT64_C(1000000000000);
	r->counter[METRIC_VECTORS_LEAKED] = d->leaked;
	r->latencies = d->latencies;
	for (uint64_t i = 0; i < d->latencies; i++) {
		histogram_add(own, (uint64_t)random_exponential(state, mean_ps));
	}
	static const double fractions[RESULTS_PERCENTILES] = { 0.5, 0.99, 0.999 };
	for (int i = 0; i < RESULTS_PERCENTILES; i++) {
		r->percentile_ps[i] = d->latencies ? estimate_quantile(own, fractions[i]) : NAN;
	}
}

static void add_contender(struct results_set *set, const char *name, const struct draw *d,
			  uint32_t replications, uint64_t *state)
{
	struct results_contender *c = &set->each->contenders[set->each->contenders_count++];
	struct histogram *own = g_new0(struct histogram, replications);

	c->name = g_strdup(name);
	c->replications = replications;
	c->each = g_new0(struct results_replication, replications);
	for (uint32_t i = 0; i < replications; i++) {
		fill_replication(&c->each[i], &own[i], d, state);
		histogram_merge(&c->latency, &own[i]);
	}
	for (uint32_t i = 0; i < replications; i++) {
		c->each[i].mean_rank = d->latencies ? histogram_mean_rank(&own[i], &c->latency)
						    : NAN;
	}
	g_free(own);
}

static struct results_set *one(const struct draw *d, uint32_t replications, uint64_t seed)
{
	struct results_set *set = new_set(1);

	add_contender(set, "one", d, replications, &seed);
	return set;
}

static const struct compare_row *row_of(const struct comparison *c, const char *key)
{
	for (size_t i = 0; i < c->rows_count; i++) {
		if (strcmp(c->rows[i].metric->key, key) == 0) {
			return &c->rows[i];
		}
	}
	cr_assert_fail("no row %s", key);
	return NULL;
}

static const struct compare_options defaults = { COMPARE_ALPHA, COMPARE_MARGIN, NULL, false };

/* Frees both sets with the comparison. */
static struct comparison *compare(struct results_set *base, struct results_set *new,
				  const struct compare_options *options)
{
	char *error;
	struct comparison *c = compare_results(base, new, options, &error);

	cr_assert_not_null(c, "%s", error);
	return c;
}

static void release(struct comparison *c)
{
	results_free((struct results_set *)(uintptr_t)c->base);
	results_free((struct results_set *)(uintptr_t)c->new);
	compare_free(c);
}

Test(compare, metrics_are_found)
{
	for (size_t i = 0; compare_metric_get(i); i++) {
		cr_assert_eq(compare_metric_find(compare_metric_get(i)->key), (int)i);
	}
	cr_assert_eq(compare_metric_find("p99"), compare_metric_find("latency_p99"));
	cr_assert_eq(compare_metric_find("p98"), -1);
	cr_assert_eq(compare_metric_find(""), -1);
}

Test(compare, equal_documents_are_the_same)
{
	struct comparison *c = compare(one(&plain, 3, 1), one(&plain, 3, 1), &defaults);

	cr_assert_eq(c->verdicts[COMPARE_SAME], c->rows_count);
	cr_assert_eq(c->regressions, 0);
	release(c);
}

Test(compare, more_losses_are_worse_and_fewer_better)
{
	struct draw doubled = plain;

	doubled.losses *= 2;
	struct comparison *c =
		compare(one(&plain, REPLICATIONS, 1), one(&doubled, REPLICATIONS, 2), &defaults);
	const struct compare_row *row = row_of(c, "stale");
	cr_assert_eq(row->verdict, COMPARE_WORSE);
	cr_assert_str_eq(row->per, "move");
	cr_assert(row->low > 0.0 && row->low < 0.03 && row->high > 0.03, "%g %g", row->low,
		  row->high);
	cr_assert_eq(row_of(c, "spurious")->verdict, COMPARE_SAME);
	cr_assert_eq(c->regressions, 2);
	release(c);

	c = compare(one(&doubled, REPLICATIONS, 1), one(&plain, REPLICATIONS, 2), &defaults);
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_BETTER);
	cr_assert_eq(c->regressions, 0);
	release(c);
}

Test(compare, only_what_may_fail_is_a_regression)
{
	struct draw doubled = plain;
	bool fail_on[64] = { false };
	struct compare_options options = defaults;

	doubled.losses *= 2;
	fail_on[compare_metric_find("latency_p99")] = true;
	options.fail_on = fail_on;
	struct comparison *c =
		compare(one(&plain, REPLICATIONS, 1), one(&doubled, REPLICATIONS, 2), &options);
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_WORSE);
	cr_assert_eq(c->regressions, 0);
	release(c);
}

Test(compare, from_nothing_lost_to_something)
{
	struct draw none = plain, some = plain;

	none.losses = 0;
	some.losses = 5;
	struct comparison *c =
		compare(one(&none, REPLICATIONS, 1), one(&some, REPLICATIONS, 2), &defaults);
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_WORSE);
	cr_assert_eq(row_of(c, "lost")->base, 0.0);
	release(c);
	c = compare(one(&some, REPLICATIONS, 1), one(&none, REPLICATIONS, 2), &defaults);
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_BETTER);
	release(c);
}

/* One replication has only the exact test. */
/*
 * In clusters of ten, one more on either side is no news, though ten independent losses would be.
 */
Test(compare, clusters_are_not_independent_losses)
{
	struct results_set *base = one(&plain, REPLICATIONS, 1),
			   *new = one(&plain, REPLICATIONS, 1);

	for (int i = 0; i < REPLICATIONS; i++) {
		base->each->contenders->each[i].counter[METRIC_LOST] = i == 0 ? 10 : 0;
		new->each->contenders->each[i].counter[METRIC_LOST] = i < 3 ? 10 : 0;
	}
	struct comparison *c = compare(base, new, &defaults);
	cr_assert_str_eq(row_of(c, "lost")->test, "exact, scatter");
	cr_assert_gt(row_of(c, "lost")->p_value, 0.1);
	release(c);
	base = one(&plain, REPLICATIONS, 1);
	new = one(&plain, REPLICATIONS, 1);
	for (int i = 0; i < REPLICATIONS; i++) {
		base->each->contenders->each[i].counter[METRIC_LOST] = 2;
		new->each->contenders->each[i].counter[METRIC_LOST] = 6;
	}
	c = compare(base, new, &defaults);
	cr_assert_str_eq(row_of(c, "lost")->test, "exact");
	cr_assert_float_eq(row_of(c, "lost")->p_value, counts_p_value(10, 1, 30, 1), 1e-12);
	release(c);
}

Test(compare, single_replications)
{
	struct draw doubled = plain;

	doubled.losses = 90;
	struct comparison *c = compare(one(&plain, 1, 1), one(&doubled, 1, 2), &defaults);
	cr_assert_str_eq(row_of(c, "lost")->test, "exact");
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_WORSE);
	release(c);
}

Test(compare, a_leak_in_every_replication)
{
	struct draw leaking = plain;
	bool fail_on[64] = { false };
	struct compare_options options = defaults;

	leaking.leaked = 1;
	fail_on[compare_metric_find("vectors_leaked")] = true;
	options.fail_on = fail_on;
	struct comparison *c =
		compare(one(&plain, REPLICATIONS, 1), one(&leaking, REPLICATIONS, 1), &options);
	cr_assert_eq(row_of(c, "vectors_leaked")->verdict, COMPARE_WORSE);
	cr_assert_float_eq(row_of(c, "vectors_leaked")->p_value, 2.0 / 1024, 1e-9);
	cr_assert_eq(c->regressions, 1);
	release(c);
	c = compare(one(&plain, 2, 1), one(&leaking, 2, 1), &options);
	cr_assert_eq(row_of(c, "vectors_leaked")->verdict, COMPARE_INCONCLUSIVE);
	release(c);
}

Test(compare, longer_latencies)
{
	struct draw slow = plain;

	slow.latency_ps *= 1.3;
	struct comparison *c =
		compare(one(&plain, REPLICATIONS, 1), one(&slow, REPLICATIONS, 2), &defaults);
	const struct compare_row *row = row_of(c, "latency");
	cr_assert_eq(row->verdict, COMPARE_WORSE);
	/* Of two exponential variables, the new one is the longer with probability 1.3 / 2.3. */
	cr_assert(row->low < 1.3 / 2.3 - 0.5 && row->high > 1.3 / 2.3 - 0.5);
	cr_assert_eq(row_of(c, "latency_p50")->verdict, COMPARE_WORSE);
	release(c);
}

/* Replications that differ by themselves: a shift of one run is no news. */
Test(compare, latencies_that_vary_between_replications)
{
	struct draw varying = plain;
	int alarms = 0;

	varying.latency_spread = 0.5;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct comparison *c = compare(one(&varying, REPLICATIONS, 2 * seed),
					       one(&varying, REPLICATIONS, 2 * seed + 1),
					       &defaults);
		alarms += row_of(c, "latency")->verdict == COMPARE_WORSE;
		release(c);
	}
	cr_assert_leq(alarms, 1, "%d", alarms);
}

Test(compare, a_difference_within_the_margin_is_the_same)
{
	struct compare_options wide = defaults;

	wide.margin = 2.0;
	struct comparison *c =
		compare(one(&plain, REPLICATIONS, 1), one(&plain, REPLICATIONS, 2), &wide);
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_SAME);
	cr_assert_neq(row_of(c, "lost")->difference, 0.0);
	release(c);
	c = compare(one(&plain, REPLICATIONS, 1), one(&plain, REPLICATIONS, 2), &defaults);
	cr_assert_eq(row_of(c, "lost")->verdict, COMPARE_INCONCLUSIVE);
	release(c);
}

Test(compare, no_latencies)
{
	struct draw silent = plain;

	silent.latencies = 0;
	struct comparison *c = compare(one(&silent, 2, 1), one(&silent, 2, 2), &defaults);
	cr_assert_eq(row_of(c, "latency")->verdict, COMPARE_SAME);
	release(c);
	c = compare(one(&plain, 2, 1), one(&silent, 2, 2), &defaults);
	cr_assert_eq(row_of(c, "latency")->verdict, COMPARE_INCONCLUSIVE);
	cr_assert_eq(row_of(c, "latency_p99")->verdict, COMPARE_INCONCLUSIVE);
	release(c);
}

Test(compare, percentiles_in_the_overflow)
{
	struct draw endless = plain;

	endless.latency_ps = 1e16;
	struct comparison *c =
		compare(one(&plain, REPLICATIONS, 1), one(&endless, REPLICATIONS, 2), &defaults);
	cr_assert_eq(row_of(c, "latency_p99")->verdict, COMPARE_WORSE);
	cr_assert(isinf(row_of(c, "latency_p99")->new));
	release(c);
	c = compare(one(&endless, REPLICATIONS, 1), one(&endless, REPLICATIONS, 2), &defaults);
	cr_assert_neq(row_of(c, "latency_p99")->verdict, COMPARE_WORSE);
	GString *text = compare_text(c);
	cr_assert_null(strstr(text->str, "nan"));
	g_string_free(text, TRUE);
	release(c);
}

/* Five contenders of different habits; equal programs; alpha of the whole comparison. */
static int count_alarms(double alpha, uint32_t replications)
{
	const struct draw draws[] = {
		plain,
		{ .losses = 30, .burst = 6, .latency_ps = 3e6, .latencies = 200 },
		{ .losses = 2,
		  .burst = 1,
		  .latency_ps = 3e6,
		  .latency_spread = 0.3,
		  .latencies = 200 },
		{ .losses = 20, .burst = 2, .latency_ps = 3e6, .latencies = 200 },
		{ .losses = 3, .burst = 10, .latency_ps = 3e6, .latencies = 200 },
	};
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct compare_options options = defaults;
	int alarms = 0;

	options.alpha = alpha;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint64_t state = seed;
		struct results_set *base = new_set(5), *new = new_set(5);
		for (int i = 0; i < 5; i++) {
			add_contender(base, names[i], &draws[i], replications, &state);
			add_contender(new, names[i], &draws[i], replications, &state);
		}
		struct comparison *c = compare(base, new, &options);
		alarms += c->regressions > 0;
		release(c);
	}
	return alarms;
}

Test(compare, false_alarms)
{
	cr_assert_leq(count_alarms(0.05, 2), 10);
	cr_assert_leq(count_alarms(0.05, 5), 10);
	cr_assert_leq(count_alarms(0.05, 10), 10);
	cr_assert_leq(count_alarms(0.01, 5), 2);
}

Test(compare, power)
{
	struct draw half_more = plain;
	int found = 0;

	half_more.losses *= 1.5;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct comparison *c = compare(one(&plain, 10, 2 * seed),
					       one(&half_more, 10, 2 * seed + 1), &defaults);
		found += row_of(c, "lost")->verdict == COMPARE_WORSE;
		release(c);
	}
	cr_assert_geq(found, 90, "%d of 100", found);
}

static char *error_of(struct results_set *base, struct results_set *new)
{
	char *error;

	cr_assert_null(compare_results(base, new, &defaults, &error));
	results_free(base);
	results_free(new);
	return error;
}

static void set_resolved(struct results_set *set, const char *from, const char *to)
{
	GString *text = g_string_new(set->each->resolved);

	cr_assert_gt(g_string_replace(text, from, to, 0), 0);
	g_free(set->each->resolved);
	set->each->resolved = g_string_free(text, FALSE);
}

Test(compare, different_scenarios_are_refused_unless_told)
{
	struct compare_options any = defaults;
	struct results_set *other = one(&plain, 2, 2);

	set_resolved(other, "handler: 2us", "handler: 3us");
	char *error = error_of(one(&plain, 2, 1), other);
	cr_assert_str_eq(error,
			 "the scenarios named 'race' differ: base has 'handler: 2us' where new "
			 "has 'handler: 3us'");
	g_free(error);
	any.any_scenario = true;
	other = one(&plain, 2, 2);
	set_resolved(other, "duration: 1s\n", "");
	release(compare(one(&plain, 2, 1), other, &any));
}

Test(compare, seed_and_strategies_may_differ)
{
	struct results_set *other = one(&plain, 2, 2);

	set_resolved(other, "seed: 1", "seed: 2\nreplications: 9");
	set_resolved(other, "- one\n", "- one\n- two\n");
	release(compare(one(&plain, 2, 1), other, &defaults));
}

Test(compare, nothing_in_common)
{
	struct results_set *other = one(&plain, 2, 2);

	g_free(other->each->scenario);
	other->each->scenario = g_strdup("other");
	char *error = error_of(one(&plain, 2, 1), other);
	cr_assert_str_eq(error,
			 "nothing can be compared: race is only in base; other is only in new");
	g_free(error);
	other = one(&plain, 2, 2);
	g_free(other->each->contenders->name);
	other->each->contenders->name = g_strdup("two");
	error = error_of(one(&plain, 2, 1), other);
	cr_assert_str_eq(error, "nothing can be compared: race: one is only in base; "
				"race: two is only in new");
	g_free(error);
}

Test(compare, partial_documents_are_noted)
{
	struct results_set *base = one(&plain, 2, 1), *new = new_set(1);
	uint64_t state = 2;

	add_contender(new, "one", &plain, 0, &state);
	new->each->partial = true;
	char *error = error_of(base, new);
	cr_assert_str_eq(error, "nothing can be compared: race: new is partial; "
				"race: one has no finished replication in new");
	g_free(error);
}

static struct comparison *sample(void)
{
	struct draw doubled = plain, shifted = plain;
	struct results_set *base = new_set(2), *new = new_set(2);
	uint64_t state = 4;

	doubled.losses *= 2;
	shifted.latency_ps *= 2;
	add_contender(base, "one|<two>", &plain, REPLICATIONS, &state);
	add_contender(new, "one|<two>", &doubled, REPLICATIONS, &state);
	add_contender(base, "same", &shifted, REPLICATIONS, &state);
	add_contender(new, "same", &plain, REPLICATIONS, &state);
	return compare(base, new, &defaults);
}

Test(compare, text)
{
	struct comparison *c = sample();
	GString *text = compare_text(c);
	gchar *expected = NULL, *path = g_build_filename(TEST_DATA_DIR, "report/compare.txt", NULL);

	if (g_strcmp0(g_getenv("MSIRACE_GOLDEN"), "write") == 0) {
		cr_assert(g_file_set_contents(path, text->str, -1, NULL));
	}
	cr_assert(g_file_get_contents(path, &expected, NULL, NULL));
	cr_assert_str_eq(text->str, expected, "%s", text->str);
	g_free(expected);
	g_free(path);
	g_string_free(text, TRUE);
	release(c);
}

Test(compare, json)
{
	struct comparison *c = sample();
	GString *json = compare_json(c, "1.2.3");
	JsonParser *parser = json_parser_new();
	GError *error = NULL;

	cr_assert(json_parser_load_from_data(parser, json->str, -1, &error), "%s",
		  error ? error->message : "");
	JsonObject *root = json_node_get_object(json_parser_get_root(parser));
	JsonArray *rows = json_object_get_array_member(root, "rows");
	cr_assert_eq(json_array_get_length(rows), c->rows_count);
	for (guint i = 0; i < c->rows_count; i++) {
		JsonObject *row = json_array_get_object_element(rows, i);
		cr_assert_str_eq(json_object_get_string_member(row, "metric"),
				 c->rows[i].metric->key);
		cr_assert_eq(json_object_get_double_member(row, "p_value"), c->rows[i].p_value);
		cr_assert_str_eq(json_object_get_string_member(row, "verdict"),
				 compare_verdict_name(c->rows[i].verdict));
	}
	cr_assert_eq(json_object_get_int_member(root, "regressions"), (gint64)c->regressions);
	g_object_unref(parser);
	g_string_free(json, TRUE);
	release(c);
}

Test(compare, junit)
{
	struct comparison *c = sample();
	GString *document = compare_junit(c, "1.2.3");

	assert_valid_junit(document);
	cr_assert_not_null(
		strstr(document->str, "classname=\"race.one|&lt;two&gt;\" name=\"lost\""));
	cr_assert_not_null(strstr(document->str, "failures=\"2\""), "%s", document->str);
	g_string_free(document, TRUE);
	release(c);
}

Test(compare, markdown)
{
	struct comparison *c = sample();
	GString *document = compare_markdown(c);
	gchar **lines = g_strsplit(document->str, "\n", -1);

	for (gchar **line = lines; *line; line++) {
		int bars = 0;
		for (const gchar *at = *line; *at; at++) {
			bars += *at == '|' && (at == *line || at[-1] != '\\');
		}
		cr_assert(bars == 0 || bars == 10, "%s", *line);
	}
	cr_assert_not_null(strstr(document->str, "| race | one\\|\\<two> | lost/move |"), "%s",
			   document->str);
	g_strfreev(lines);
	g_string_free(document, TRUE);
	release(c);
}
