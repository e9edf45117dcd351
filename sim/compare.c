/* SPDX-License-Identifier: MIT */
#include "sim/compare.h"

#include <math.h>
#include <string.h>

#include "sim/estimate.h"
#include "sim/statistics.h"

#define SECOND_PS 1e12

/*
 * Below this probability of so much scatter, counts are not taken for independent. High, as few
 * replications show little: of clusters of three, five replications on either side show this much
 * in 92 % of cases. With less than the minimum on both sides together no sample shows enough, and
 * scatter is always allowed for. Simulated with five contenders, of which three lose in clusters of
 * 2 to 10: at alpha 0.01, 56 of 2,000 comparisons raised a false alarm with two replications a side
 * before that minimum, 13 with three, 4 with five, 1 with ten.
 */
#define CLUSTERED_P_VALUE 0.3
#define CLUSTERED_REPLICATIONS_MIN 6

enum compare_kind { KIND_COUNT, KIND_TIME, KIND_LEVEL, KIND_RANK, KIND_PERCENTILE };

enum compare_exposure { PER_MOVE, PER_ASK, PER_SECOND, PER_REPLICATION };

static const char *const exposure_names[] = {
	[PER_MOVE] = "move",
	[PER_ASK] = "ask",
	[PER_SECOND] = "second",
	[PER_REPLICATION] = "replication",
};

struct row_kind {
	struct compare_metric metric;
	enum compare_kind kind;
	enum metric_counter counter;
	enum compare_exposure exposure;
	enum results_percentile percentile;
	double fraction;
};

#define COUNT(id, key, exposure, text) \
	{ \
		{ key, NULL, COMPARE_NUMBER, text }, KIND_COUNT, METRIC_##id, exposure, 0, 0 \
	}
#define TIME(id, key, exposure, text) \
	{ \
		{ key, NULL, COMPARE_DURATION, text }, KIND_TIME, METRIC_##id, exposure, 0, 0 \
	}
#define LEVEL(id, key, text) \
	{ \
		{ key, NULL, COMPARE_NUMBER, text }, KIND_LEVEL, METRIC_##id, PER_REPLICATION, 0, \
			0 \
	}
#define PERCENTILE(id, key, alias, fraction, text) \
	{ \
		{ key, alias, COMPARE_DURATION, text }, KIND_PERCENTILE, 0, 0, RESULTS_##id, \
			fraction \
	}

static const struct row_kind row_kinds[] = {
	COUNT(LOST, "lost", PER_MOVE, "raises whose message started no handler of theirs"),
	COUNT(STALE, "stale", PER_MOVE, "lost raises that left the device unserviced"),
	COUNT(SPURIOUS, "spurious", PER_MOVE, "handler runs and vectors without a raise"),
	TIME(STALE_TIME, "stale_time", PER_MOVE, "time that devices waited unserviced"),
	COUNT(STALE_OPEN, "stale_open", PER_MOVE, "stale raises not serviced by the end"),
	COUNT(STALLS, "stalls", PER_SECOND, "commands that waited for a time-out"),
	TIME(STALL_TIME, "stall_time", PER_SECOND, "time that devices stood still"),
	COUNT(MIGRATIONS_BUSY, "migrations_busy", PER_ASK, "moves refused as one was in progress"),
	LEVEL(MIGRATIONS_NOSPC, "migrations_nospc", "moves refused for want of a vector"),
	LEVEL(AFFINITY_BROKEN, "affinity_broken", "interrupts moved outside their mask"),
	LEVEL(ALLOC_FAILED, "alloc_failed", "allocations refused"),
	LEVEL(HOTPLUG_REFUSED, "hotplug_refused", "CPU offlines refused"),
	LEVEL(VECTORS_LEAKED, "vectors_leaked", "vectors that belong to no interrupt"),
	COUNT(FAULTS, "faults", PER_SECOND, "requests that the remap hardware refused"),
	TIME(CPU_IRQ_TIME, "cpu_irq_time", PER_SECOND, "time of CPUs in interrupt context"),
	{ { "latency", NULL, COMPARE_PROBABILITY,
	    "the chance that a new latency is the longer one" },
	  KIND_RANK,
	  0,
	  0,
	  0,
	  0 },
	PERCENTILE(P50, "latency_p50", "p50", 0.5, "median latency"),
	PERCENTILE(P99, "latency_p99", "p99", 0.99, "99th percentile of latency"),
	PERCENTILE(P99_9, "latency_p99.9", "p99.9", 0.999, "99.9th percentile of latency"),
};

static const char *const verdict_names[COMPARE_VERDICTS] = {
	[COMPARE_SAME] = "same",
	[COMPARE_BETTER] = "better",
	[COMPARE_WORSE] = "worse",
	[COMPARE_INCONCLUSIVE] = "inconclusive",
};

const char *compare_verdict_name(enum compare_verdict verdict)
{
	return verdict_names[verdict];
}

const struct compare_metric *compare_metric_get(size_t number)
{
	return number < G_N_ELEMENTS(row_kinds) ? &row_kinds[number].metric : NULL;
}

int compare_metric_find(const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(row_kinds); i++) {
		const struct compare_metric *metric = &row_kinds[i].metric;
		if (strcmp(key, metric->key) == 0 || g_strcmp0(key, metric->alias) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* One side of a row: what happened in each replication, and what that is divided by. */
struct side {
	double *above;
	double *below;
	size_t count;
	double sum;
};

static double exposure_of(const struct results_replication *r, enum compare_exposure exposure)
{
	switch (exposure) {
	case PER_MOVE:
		return (double)r->counter[METRIC_MIGRATIONS_DONE];
	case PER_ASK:
		return (double)r->counter[METRIC_MIGRATIONS_ASKED];
	case PER_SECOND:
		return (double)r->counter[METRIC_SIMULATED_TIME] / SECOND_PS;
	case PER_REPLICATION:
		return 1.0;
	}
	g_assert_not_reached();
}

static bool has_exposure(const struct results_contender *c, enum compare_exposure exposure)
{
	for (uint32_t i = 0; i < c->replications; i++) {
		if (exposure_of(&c->each[i], exposure) > 0.0) {
			return true;
		}
	}
	return false;
}

static struct side side_of(const struct results_contender *c, enum metric_counter counter,
			   enum compare_exposure exposure)
{
	struct side side = {
		.above = g_new(double, c->replications),
		.below = g_new(double, c->replications),
		.count = c->replications,
	};

	for (uint32_t i = 0; i < c->replications; i++) {
		side.above[i] = (double)c->each[i].counter[counter];
		side.below[i] = exposure_of(&c->each[i], exposure);
		side.sum += side.above[i];
	}
	return side;
}

static void side_release(struct side *side)
{
	g_free(side->above);
	g_free(side->below);
}

static bool equal_values(const double *a, const double *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i] != b[i]) {
			return false;
		}
	}
	return true;
}

static bool equal_sides(const struct side *a, const struct side *b)
{
	return a->count == b->count && equal_values(a->above, b->above, a->count) &&
	       equal_values(a->below, b->below, a->count);
}

/* The values, and the interval of their difference from those of both (Zou and Donner). */
static void set_estimates(struct compare_row *row, const struct estimate *base,
			  const struct estimate *new)
{
	row->base = base->value;
	row->new = new->value;
	row->difference = new->value - base->value;
	row->low = row->difference - hypot(new->value - new->low, base->high - base->value);
	row->high = row->difference + hypot(new->high - new->value, base->value - base->low);
}

/* Both sides lie in the overflow: an infinite difference of unknown sign. */
static bool is_known(const struct compare_row *row)
{
	return !isnan(row->difference);
}

static double total(const double *values, size_t count)
{
	double sum = 0.0;

	for (size_t i = 0; i < count; i++) {
		sum += values[i];
	}
	return sum;
}

/*
 * Losses that come in clusters scatter more over the replications than independent ones. The
 * scatter is estimated by the sides that have counts, each with its own rate.
 */
static void test_clusters(struct compare_row *row, const struct side *base, const struct side *new)
{
	double degrees_base, degrees_new;
	double squares = dispersion(base->above, base->below, base->count, &degrees_base) +
			 dispersion(new->above, new->below, new->count, &degrees_new);
	double degrees = degrees_base + degrees_new;

	bool shows = chi_square_at_least(squares, degrees) < CLUSTERED_P_VALUE;
	bool too_few_to_show = base->count + new->count < CLUSTERED_REPLICATIONS_MIN;
	if (degrees == 0.0 || !(shows || too_few_to_show)) {
		return;
	}
	double p = scattered_counts_p_value(
		base->sum, total(base->below, base->count), new->sum, total(new->below, new->count),
		fmax(1.0, squares / degrees), (double)(base->count + new->count) - 2.0);
	row->test = "exact, scatter";
	row->p_value = fmax(row->p_value, p);
}

static void test_counts(struct compare_row *row, const struct side *base, const struct side *new)
{
	row->test = "exact";
	row->p_value = counts_p_value((uint64_t)base->sum, total(base->below, base->count),
				      (uint64_t) new->sum, total(new->below, new->count));
	test_clusters(row, base, new);
}

static void test_means(struct compare_row *row, const struct side *base, const struct side *new)
{
	struct sample_mean mean_base, mean_new;

	if (!ratio_mean(base->above, base->below, base->count, &mean_base) ||
	    !ratio_mean(new->above, new->below, new->count, &mean_new)) {
		return;
	}
	row->test = "welch";
	row->p_value = welch_p_value(&mean_base, &mean_new);
	if (mean_base.error == 0.0 && mean_new.error == 0.0) {
		row->p_value = fmax(row->p_value, constancy_p_value(base->count, new->count));
	}
}

static void compare_sides(struct compare_row *row, const struct row_kind *kind,
			  const struct side *base, const struct side *new, double alpha)
{
	struct estimate estimate_base, estimate_new;

	if (kind->kind == KIND_COUNT) {
		estimate_base = estimate_events(base->above, base->below, base->count, alpha);
		estimate_new = estimate_events(new->above, new->below, new->count, alpha);
	} else {
		estimate_base = estimate_ratio(base->above, base->below, base->count, alpha);
		estimate_new = estimate_ratio(new->above, new->below, new->count, alpha);
	}
	set_estimates(row, &estimate_base, &estimate_new);
	if (base->sum == 0.0 && new->sum == 0.0) {
		row->verdict = COMPARE_SAME;
	} else if (equal_sides(base, new)) {
		row->verdict = COMPARE_SAME;
	} else if (kind->kind == KIND_COUNT) {
		test_counts(row, base, new);
	} else {
		test_means(row, base, new);
	}
}

/* Where one side has no migration, there is still simulated time to divide by. */
static enum compare_exposure common_exposure(const struct row_kind *kind,
					     const struct results_contender *base,
					     const struct results_contender *new)
{
	bool both = has_exposure(base, kind->exposure) && has_exposure(new, kind->exposure);

	return both ? kind->exposure : PER_SECOND;
}

static void compare_counter(struct compare_row *row, const struct row_kind *kind,
			    const struct results_contender *base,
			    const struct results_contender *new, double alpha)
{
	enum compare_exposure exposure = common_exposure(kind, base, new);
	struct side side_base = side_of(base, kind->counter, exposure);
	struct side side_new = side_of(new, kind->counter, exposure);

	row->per = exposure_names[exposure];
	compare_sides(row, kind, &side_base, &side_new, alpha);
	side_release(&side_base);
	side_release(&side_new);
}

static bool equal_histograms(const struct histogram *a, const struct histogram *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * The variance of Mann-Whitney's statistic over the product of both counts, if all values are
 * independent.
 */
static double rank_variance(const struct histogram *base, const struct histogram *new)
{
	double n = (double)base->count, m = (double)new->count, all = n + m, ties = 0.0;

	for (uint32_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		bool overflow = i == HISTOGRAM_BUCKETS;
		double t = overflow ? (double)base->overflow + (double)new->overflow
				    : (double)base->bucket[i] + (double)new->bucket[i];
		ties += t * t * t - t;
	}
	return all > 1.0 ? (all + 1.0 - ties / (all * (all - 1.0))) / (12.0 * n * m) : INFINITY;
}

/*
 * The mean rank of a side's latencies among its own, which is 1/2, with its error over
 * replications.
 */
static bool mean_rank(const struct results_contender *c, struct sample_mean *mean)
{
	double *above = g_new(double, c->replications), *below = g_new(double, c->replications);

	for (uint32_t i = 0; i < c->replications; i++) {
		const struct results_replication *r = &c->each[i];
		below[i] = (double)r->latencies;
		above[i] = r->latencies && !isnan(r->mean_rank) ? r->mean_rank * below[i] : 0.0;
	}
	bool known = ratio_mean(above, below, c->replications, mean);
	g_free(above);
	g_free(below);
	return known;
}

static void compare_ranks(struct compare_row *row, const struct results_contender *base,
			  const struct results_contender *new, double alpha)
{
	/*
	 * A normal distribution, where there are no replications to take degrees of freedom from.
	 */
	struct sample_mean theta = { .degrees = 1e9 }, rank_base, rank_new;
	const struct sample_mean half = { 0.5, 0.0, 1e9 };

	theta.value = histogram_mean_rank(&new->latency, &base->latency);
	theta.error = sqrt(fmax(rank_variance(&base->latency, &new->latency), 0.0));
	if (mean_rank(base, &rank_base) && mean_rank(new, &rank_new)) {
		theta.error = fmax(theta.error, hypot(rank_base.error, rank_new.error));
		theta.degrees = welch_degrees(&rank_base, &rank_new);
	}
	struct interval interval = mean_interval(&theta, alpha);
	row->base = 0.5;
	row->new = theta.value;
	row->difference = theta.value - 0.5;
	row->low = fmax(interval.low, 0.0) - 0.5;
	row->high = fmin(interval.high, 1.0) - 0.5;
	row->test = "mann-whitney";
	row->p_value = welch_p_value(&theta, &half);
}

static size_t own_percentiles(const struct results_contender *c, enum results_percentile percentile,
			      double *own)
{
	size_t count = 0;

	for (uint32_t i = 0; i < c->replications; i++) {
		if (c->each[i].latencies) {
			own[count++] = c->each[i].percentile_ps[percentile];
		}
	}
	return count;
}

/* How many values lie in buckets above that one; in the overflow, where it is that. */
static uint64_t exceedances(const struct histogram *h, uint32_t bucket)
{
	uint64_t count = h->count;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && i <= bucket; i++) {
		count -= h->bucket[i];
	}
	return bucket == HISTOGRAM_BUCKETS ? h->overflow : count;
}

static double exceedance_p_value(const struct histogram *base, const struct histogram *new,
				 double fraction)
{
	struct histogram *pooled = g_new(struct histogram, 1);

	*pooled = *base;
	histogram_merge(pooled, new);
	uint32_t bucket = histogram_bucket_at(pooled, histogram_rank(pooled, fraction));
	g_free(pooled);
	return counts_p_value(exceedances(base, bucket), (double)base->count,
			      exceedances(new, bucket), (double)new->count);
}

static bool all_finite(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(values[i])) {
			return false;
		}
	}
	return true;
}

static void compare_percentile(struct compare_row *row, const struct row_kind *kind,
			       const struct results_contender *base,
			       const struct results_contender *new, double alpha)
{
	double *own_base = g_new(double, base->replications);
	double *own_new = g_new(double, new->replications);
	size_t count_base = own_percentiles(base, kind->percentile, own_base);
	size_t count_new = own_percentiles(new, kind->percentile, own_new);
	struct sample_mean mean_base, mean_new;
	struct estimate estimate_base =
		estimate_percentile(&base->latency, kind->fraction, own_base, count_base, alpha);
	struct estimate estimate_new =
		estimate_percentile(&new->latency, kind->fraction, own_new, count_new, alpha);

	set_estimates(row, &estimate_base, &estimate_new);
	row->test = "exact";
	row->p_value = exceedance_p_value(&base->latency, &new->latency, kind->fraction);
	if (all_finite(own_base, count_base) && all_finite(own_new, count_new) &&
	    plain_mean(own_base, count_base, &mean_base) &&
	    plain_mean(own_new, count_new, &mean_new)) {
		row->test = "exact, welch";
		row->p_value = fmax(row->p_value, welch_p_value(&mean_base, &mean_new));
	}
	g_free(own_base);
	g_free(own_new);
}

static void compare_latency(struct compare_row *row, const struct row_kind *kind,
			    const struct results_contender *base,
			    const struct results_contender *new, double alpha)
{
	row->per = "";
	if (base->latency.count == 0 || new->latency.count == 0) {
		bool neither = base->latency.count == new->latency.count;
		row->verdict = neither ? COMPARE_SAME : COMPARE_INCONCLUSIVE;
		return;
	}
	if (kind->kind == KIND_RANK) {
		compare_ranks(row, base, new, alpha);
	} else {
		compare_percentile(row, kind, base, new, alpha);
	}
	if (equal_histograms(&base->latency, &new->latency)) {
		row->verdict = COMPARE_SAME;
		row->test = "none";
		row->p_value = 1.0;
	}
}

static struct compare_row compare_row(const char *scenario, const struct row_kind *kind,
				      const struct results_contender *base,
				      const struct results_contender *new,
				      const struct compare_options *options)
{
	size_t number = (size_t)(kind - row_kinds);
	struct compare_row row = {
		.scenario = scenario,
		.contender = base->name,
		.metric = &kind->metric,
		.base = NAN,
		.new = NAN,
		.difference = NAN,
		.low = NAN,
		.high = NAN,
		.test = "none",
		.p_value = 1.0,
		.p_corrected = 1.0,
		.may_fail = options->fail_on == NULL || options->fail_on[number],
		.verdict = COMPARE_INCONCLUSIVE,
	};

	if (kind->kind == KIND_RANK || kind->kind == KIND_PERCENTILE) {
		compare_latency(&row, kind, base, new, options->alpha);
	} else {
		compare_counter(&row, kind, base, new, options->alpha);
	}
	return row;
}

static bool is_tested(const struct compare_row *row)
{
	return row->verdict != COMPARE_SAME && strcmp(row->test, "none") != 0;
}

static int by_p_value(gconstpointer a, gconstpointer b)
{
	const struct compare_row *x = *(struct compare_row *const *)a;
	const struct compare_row *y = *(struct compare_row *const *)b;

	return x->p_value < y->p_value ? -1 : x->p_value > y->p_value;
}

/*
 * Holm (Scandinavian Journal of Statistics 6, 1979), over the tested rows that may fail, or over
 * those that may not.
 */
static void correct(struct comparison *c, bool may_fail)
{
	GPtrArray *family = g_ptr_array_new();
	double largest = 0.0;

	for (size_t i = 0; i < c->rows_count; i++) {
		if (is_tested(&c->rows[i]) && c->rows[i].may_fail == may_fail) {
			g_ptr_array_add(family, &c->rows[i]);
		}
	}
	g_ptr_array_sort(family, by_p_value);
	for (guint i = 0; i < family->len; i++) {
		struct compare_row *row = g_ptr_array_index(family, i);
		largest = fmax(largest, fmin(1.0, row->p_value * (double)(family->len - i)));
		row->p_corrected = largest;
	}
	g_ptr_array_free(family, TRUE);
}

static void judge(struct compare_row *row, const struct compare_options *options)
{
	double limit = row->metric->unit == COMPARE_PROBABILITY ? options->margin
								: options->margin * row->base;

	if (row->verdict == COMPARE_SAME) {
		return;
	}
	if (is_known(row) && isfinite(limit) && row->low >= -limit && row->high <= limit) {
		row->verdict = COMPARE_SAME;
	} else if (is_known(row) && row->p_corrected <= options->alpha && row->difference != 0.0) {
		row->verdict = row->difference > 0.0 ? COMPARE_WORSE : COMPARE_BETTER;
	}
}

static void judge_all(struct comparison *c)
{
	correct(c, true);
	correct(c, false);
	for (size_t i = 0; i < c->rows_count; i++) {
		struct compare_row *row = &c->rows[i];
		judge(row, &c->options);
		c->verdicts[row->verdict]++;
		c->regressions += row->verdict == COMPARE_WORSE && row->may_fail;
	}
}

/* Keys of a scenario, at its top, that may differ between runs that are compared. */
static bool may_differ(const char *line)
{
	static const char *const keys[] = { "name:",	   "question:", "seed:", "replications:",
					    "strategies:", "expect:",	"check:" };

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_str_has_prefix(line, keys[i])) {
			return true;
		}
	}
	return false;
}

/* The lines of a resolved scenario that both runs must share. */
static GPtrArray *shared_lines(const char *resolved)
{
	GPtrArray *shared = g_ptr_array_new_with_free_func(g_free);
	gchar **lines = g_strsplit(resolved, "\n", -1);
	bool skipped = false;

	for (gchar **line = lines; *line; line++) {
		bool is_key = **line && strchr(" \t-#}]", **line) == NULL;
		skipped = is_key ? may_differ(*line) : skipped;
		if (!skipped && **line) {
			g_ptr_array_add(shared, g_strdup(*line));
		}
	}
	g_strfreev(lines);
	return shared;
}

static const char *line_of(const GPtrArray *lines, guint i)
{
	return i < lines->len ? g_strchug(g_ptr_array_index(lines, i)) : "nothing";
}

/*
 * The first line in which the scenarios of two runs differ, as an error; NULL where there is none.
 */
static char *scenario_difference(const struct results *base, const struct results *new)
{
	GPtrArray *a = shared_lines(base->resolved), *b = shared_lines(new->resolved);
	char *error = NULL;

	for (guint i = 0; i < MAX(a->len, b->len) && error == NULL; i++) {
		if (strcmp(line_of(a, i), line_of(b, i)) != 0) {
			error = g_strdup_printf(
				"the scenarios named '%s' differ: base has '%s' where new "
				"has '%s'",
				base->scenario, line_of(a, i), line_of(b, i));
		}
	}
	g_ptr_array_free(a, TRUE);
	g_ptr_array_free(b, TRUE);
	return error;
}

/* What a comparison is made of while it grows. */
struct building {
	const struct compare_options *options;
	GArray *rows;
	GPtrArray *notes;
	size_t unknown;
	char *error;
};

G_GNUC_PRINTF(2, 3) static void note(struct building *b, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(b->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static void note_missing(struct building *b, const struct results *in, const struct results *from,
			 const char *side)
{
	for (uint32_t i = 0; i < in->contenders_count; i++) {
		if (results_find(from, in->contenders[i].name) == NULL) {
			note(b, "%s: %s is only in %s", in->scenario, in->contenders[i].name, side);
		}
	}
}

static void compare_contender(struct building *b, const char *scenario,
			      const struct results_contender *base,
			      const struct results_contender *new)
{
	if (base->replications == 0 || new->replications == 0) {
		b->unknown += new->replications == 0;
		note(b, "%s: %s has no finished replication in %s", scenario, base->name,
		     base->replications ? "new" : "base");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(row_kinds); i++) {
		struct compare_row row =
			compare_row(scenario, &row_kinds[i], base, new, b->options);
		g_array_append_val(b->rows, row);
	}
}

static void compare_runs(struct building *b, const struct results *base, const struct results *new)
{
	if (!b->options->any_scenario) {
		b->error = b->error ? b->error : scenario_difference(base, new);
	}
	if (base->partial || new->partial) {
		note(b, "%s: %s is partial", base->scenario, base->partial ? "base" : "new");
	}
	for (uint32_t i = 0; i < base->contenders_count; i++) {
		const struct results_contender *contender = &base->contenders[i];
		const struct results_contender *other = results_find(new, contender->name);
		if (other) {
			compare_contender(b, base->scenario, contender, other);
		}
	}
	note_missing(b, base, new, "base");
	note_missing(b, new, base, "new");
}

static const struct results *find_run(const struct results_set *set, const char *scenario)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (strcmp(set->each[i].scenario, scenario) == 0) {
			return &set->each[i];
		}
	}
	return NULL;
}

/* What it has not may be what it had no time for. */
static bool is_interrupted(const struct results_set *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->each[i].partial) {
			return true;
		}
	}
	return set->partial;
}

static void compare_by_name(struct building *b, const struct results_set *base,
			    const struct results_set *new)
{
	for (uint32_t i = 0; i < base->count; i++) {
		const struct results *other = find_run(new, base->each[i].scenario);
		if (other) {
			compare_runs(b, &base->each[i], other);
		} else {
			note(b, "%s is only in base", base->each[i].scenario);
			b->unknown += is_interrupted(new);
		}
	}
	for (uint32_t i = 0; i < new->count; i++) {
		if (find_run(base, new->each[i].scenario) == NULL) {
			note(b, "%s is only in new", new->each[i].scenario);
		}
	}
}

static void compare_by_order(struct building *b, const struct results_set *base,
			     const struct results_set *new)
{
	for (uint32_t i = 0; i < MIN(base->count, new->count); i++) {
		compare_runs(b, &base->each[i], &new->each[i]);
	}
	if (base->count != new->count) {
		note(b, "base has %u runs, new has %u: the last ones are left out", base->count,
		     new->count);
	}
}

static char *nothing_in_common(const struct building *b)
{
	g_ptr_array_add(b->notes, NULL);
	gchar *notes = g_strjoinv("; ", (gchar **)b->notes->pdata);
	char *error = g_strdup_printf("nothing can be compared: %s", notes);

	g_free(notes);
	return error;
}

struct comparison *compare_results(const struct results_set *base, const struct results_set *new,
				   const struct compare_options *options, char **error)
{
	struct building b = {
		.options = options,
		.rows = g_array_new(FALSE, TRUE, sizeof(struct compare_row)),
		.notes = g_ptr_array_new_with_free_func(g_free),
	};

	if (options->any_scenario) {
		compare_by_order(&b, base, new);
	} else {
		compare_by_name(&b, base, new);
	}
	if (b.error == NULL && b.rows->len == 0) {
		b.error = nothing_in_common(&b);
	}
	*error = b.error;
	if (b.error) {
		g_array_free(b.rows, TRUE);
		g_ptr_array_free(b.notes, TRUE);
		return NULL;
	}
	struct comparison *c = g_new0(struct comparison, 1);
	c->options = *options;
	c->base = base;
	c->new = new;
	c->rows_count = b.rows->len;
	c->unknown = b.unknown;
	c->rows = (struct compare_row *)(void *)g_array_free(b.rows, FALSE);
	g_ptr_array_add(b.notes, NULL);
	c->notes = (char **)g_ptr_array_free(b.notes, FALSE);
	judge_all(c);
	return c;
}

void compare_free(struct comparison *c)
{
	if (c == NULL) {
		return;
	}
	g_free(c->rows);
	g_strfreev(c->notes);
	g_free(c);
}
