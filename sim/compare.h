/* SPDX-License-Identifier: MIT */
/*
 * Did a change make anything worse? Two documents of `msirace run --json`, metric by metric.
 *
 * What is tested, and how (p values are two-sided):
 *
 *   counts (lost, stale, ...)    rates per migration. Poisson's exact conditional test of two counts. Where the counts
 *                                scatter over the replications more than Poisson's (index of dispersion, p < 0.3), or
 *                                there are too few to show it, also the likelihood ratio divided by that scatter, and the
 *                                larger p value counts: the exact test alone would take a burst of losses for many
 *                                independent ones. With one replication a side there is only the exact test, and no
 *                                protection from bursts.
 *   times (stale_time, ...)      rates per migration, and levels (vectors_leaked, ...) per replication: Welch's test on the
 *                                replications, with the floor of constancy_p_value() where neither side has any spread.
 *   latency                      Mann-Whitney's statistic P(new > base) + P(equal) / 2 from the histograms, ties corrected.
 *                                Its error is the larger of that for independent latencies and that from the spread of the
 *                                replications' mean ranks; Welch's degrees of freedom.
 *   latency_p50, p99, p99.9      exceedances of the pooled percentile, by the exact test of two counts; with two or more
 *                                replications also Welch's test on their own percentiles; the larger p value.
 *
 * The p values are corrected by Holm's method within what may fail (fail_on), and within the rest, so that with equal
 * programs the whole comparison reports a regression with a probability of at most alpha. Metrics without an event on either
 * side are not tested.
 *
 *   same           equal in every replication, or nothing happened on either side, or the whole interval of the difference
 *                  lies within the margin
 *   better, worse  otherwise, the corrected p value is at most alpha; less is better for every metric here
 *   inconclusive   neither: more replications would tell
 *
 * Intervals of differences have the confidence 1 - alpha each, uncorrected, by the method of variance estimates recovery
 * from the intervals of both sides (G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008).
 */
#ifndef MSIRACE_SIM_COMPARE_H
#define MSIRACE_SIM_COMPARE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/results.h"

enum compare_verdict {
	COMPARE_SAME,
	COMPARE_BETTER,
	COMPARE_WORSE,
	COMPARE_INCONCLUSIVE,
	COMPARE_VERDICTS
};

/* "same", "better", "worse", "inconclusive". */
const char *compare_verdict_name(enum compare_verdict verdict);

/* How a metric's values are shown. */
enum compare_unit { COMPARE_NUMBER, COMPARE_DURATION, COMPARE_PROBABILITY };

/* What is compared; compare_metric_get() lists them. */
struct compare_metric {
	const char *key;           /* "lost", "latency_p99" */
	const char *alias;         /* "p99"; NULL: none */
	enum compare_unit unit;
	const char *documentation;
};

/* The metric of a number from 0 on; NULL: no more. */
const struct compare_metric *compare_metric_get(size_t number);

/* The number of a key or an alias; -1 where there is none. */
int compare_metric_find(const char *key);

struct compare_options {
	double alpha;              /* in (0, 1): of a false alarm in the whole comparison */
	double margin;             /* 0 or more, relative to base: a difference that does not matter; latency: of P */
	const bool *fail_on;       /* [number of metrics]: which may fail; NULL: all */
	bool any_scenario;         /* compare different scenarios too, by the order of their runs */
};

#define COMPARE_ALPHA 0.01
#define COMPARE_MARGIN 0.05

struct compare_row {
	const char *scenario;      /* borrowed from the documents, as is contender */
	const char *contender;
	const struct compare_metric *metric;
	const char *per;           /* "move", "ask", "second", "replication"; "" for latencies */
	double base;               /* NAN: undefined, as are the others then; INFINITY: in the histogram's overflow */
	double new;
	double difference;         /* new - base; latency: P(new > base) + P(equal) / 2 - 1/2 */
	double low;                /* of the difference; may be infinite */
	double high;
	const char *test;          /* "none", "exact", "exact, scatter", "exact, welch", "welch", "mann-whitney" */
	double p_value;            /* 1 where nothing was tested */
	double p_corrected;
	bool may_fail;
	enum compare_verdict verdict;
};

struct comparison {
	struct compare_options options;
	const struct results_set *base;  /* borrowed */
	const struct results_set *new;
	struct compare_row *rows;        /* by scenario, contender and metric, in the order of base */
	size_t rows_count;
	size_t verdicts[COMPARE_VERDICTS];
	size_t regressions;              /* rows that are worse and may fail */
	size_t unknown;                  /* contenders and scenarios of base that new did not finish */
	char **notes;                    /* NULL-terminated lines: what could not be compared, what was partial */
};

/*
 * Compares runs of the same name, and in them contenders of the same name. NULL where nothing can be compared, or where the
 * scenarios differ in more than seed, replications, strategies, expectations and texts and options do not allow it; *error,
 * g_free()d by the caller, then says what differs. Both sets must outlive the comparison.
 */
struct comparison *compare_results(const struct results_set *base, const struct results_set *new,
				   const struct compare_options *options, char **error);

void compare_free(struct comparison *c);

/* For people: the rows that are not the same, the notes, and how many there are of each verdict. */
GString *compare_text(const struct comparison *c);

/*
 * One JSON object: schema_version 1, kind "msirace compare", version, alpha, margin, base and new: {path, runs:
 * [{scenario, version, seed, partial}]}, rows: [{scenario, contender, metric, per, base, new, difference, low, high, test,
 * p_value, p_corrected, verdict, may_fail}] (durations in ps, null where undefined or infinite), verdicts: {name: count},
 * regressions, unknown, notes.
 */
GString *compare_json(const struct comparison *c, const char *version);

/* A test case for each row that may fail: worse is a failure, inconclusive is skipped. */
GString *compare_junit(const struct comparison *c, const char *version);

/* The same as the text, as a GitHub-flavoured Markdown table. */
GString *compare_markdown(const struct comparison *c);

#endif
