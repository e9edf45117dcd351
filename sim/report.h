/* SPDX-License-Identifier: MIT */
/*
 * A finished run as a document: the table that people read, and JSON, CSV and JUnit for programs.
 * Each is made in memory, byte for byte the same for the same result, but for what
 * report_options.timing adds.
 */
#ifndef MSIRACE_SIM_REPORT_H
#define MSIRACE_SIM_REPORT_H

#include <glib.h>
#include <stdbool.h>

#include "sim/expect.h"
#include "sim/run.h"

/* Of the JSON document; a reader refuses one that it does not know. */
#define REPORT_SCHEMA_VERSION 1
#define REPORT_KIND "msirace run"

/* The characters of occupancy.map, by level. */
#define REPORT_MAP_LEVELS ".123456789#"

struct replay_report;

struct report_options {
	const char *version; /* of the program, as in `msirace --version` */
	bool timing;         /* the wall clock's figures too: the table's last line, JSON's
				"timing", JUnit's times */
	const struct replay_report *replay; /* of the scenario's recording; NULL: it has none */
	bool quiet;          /* the table: only the expectations that did not hold, nothing where
				all did */
};

/*
 * The table: plain ASCII, at most 110 columns as long as contenders' names have at most 28
 * characters, a longer name widens the columns. A row for each contender in three grids (raises by
 * fate, moves, latency and vectors), then what happened besides (causes, kinds, refusals, stalled
 * time), the expectations that did not hold, and a footer that names the estimated timings left at
 * their defaults.
 */
GString *report_table(const struct run_result *result, const struct expect_outcomes *outcomes,
		      const struct report_options *options);

/*
 * The short form, for several scenarios: a line with the name and the question, then one for each
 * contender with its counts over all replications and what its expectations say, then the
 * expectations that did not hold. heading: the titles of the columns come first. The columns are
 * the same in every scenario as long as contenders' names have at most 28 characters.
 */
GString *report_summary(const struct run_result *result, const struct expect_outcomes *outcomes,
			bool heading);

/* The expectations that did not hold, a paragraph each. */
void report_broken_expectations(GString *out, const struct scenario *s,
				const struct expect_outcomes *outcomes);

/*
 * One JSON object, ended by a newline. A member that is added keeps the schema version, as readers
 * pass over what they do not know; one that goes or means something else needs the next.
 *   schema_version, kind ("msirace run"), version, seed, partial
 *   scenario: {name, file, question, duration_ps, drain_ps, replications, resolved}; resolved is YAML that runs again
 *   estimated_timings: [{key, value_ps}]; those that are estimates without a published source, left at their defaults
 *   contenders: [{name, replications,
 *                 pooled: {counter: n},
 *                 each: [{counter: n, latency: {count, p50_ps, p99_ps, p99.9_ps, max_ps, mean_rank}}],
 *                 derived: {metric: {value, low, high, method, unit}}; null where there is no value or no bound,
 *                 latency, stale: {count, overflow, max_ps, linear_bits, buckets: [[low_ps, count]]},
 *                 occupancy: {interval_ps, samples: [[used, leaked, migrations, online, cpu_min, cpu_median, cpu_max]],
 *                             cpus, cpus_per_row, vector_first, vectors, vectors_per_column, map: ["row"]}}]
 *   expectations: [{text, contender, metric, op, value, verdict, found, low, high, method, message, line}]
 *   replay: as replay_report_json() says; only where the scenario has a recording
 *   timing: {wall_seconds, interrupts_per_wall_second, contenders: [{name, wall_seconds}]}
 * A percentile in each[] is null where there is no value, or it lies in the overflow; mean_rank
 * places the replication's latencies among all of its contender's (histogram_mean_rank()), null
 * where it has none. An integer above 2^63 - 1 is written as that. A bucket [low_ps, count] ends
 * below low_ps + max(1, 2^(k - linear_bits)), with 2^k the largest power of two that is not above
 * low_ps. occupancy is that of the first replication (sim/occupancy.h), null where that one is not
 * finished. A row of the map has a character for each column: "." never in use, "1" for at most a
 * tenth of the time, ... "9" for at most nine tenths, "#" beyond.
 */
GString *report_json(const struct run_result *result, const struct expect_outcomes *outcomes,
		     const struct report_options *options);

/*
 * RFC 4180 with a header: scenario, seed, contender, replication, every counter (times as KEY_ps),
 * then latency_p50_ps, latency_p99_ps, latency_p99.9_ps, latency_max_ps, latency_overflow. One row
 * a contender and replication. A percentile that falls into the overflow, or of no values, is
 * empty. The replay of a recording has no contender, and no row.
 */
GString *report_csv(const struct run_result *result);

/*
 * JUnit XML: a test suite named as the scenario, a test case for each expectation and contender
 * (classname "scenario.contender", name the expectation's text), and one for the replay of a
 * recording (classname "scenario.replay", name the recording's file), which fails with all that is
 * not equal. Failed: <failure>; inconclusive: <skipped>; both with the message.
 */
GString *report_junit(const struct run_result *result, const struct expect_outcomes *outcomes,
		      const struct report_options *options);

/*
 * Writes a document to path, or to stdout where path is "-" or NULL. A file that is there is
 * replaced when the whole document is on disk (sim/output_file.h). False where a file failed, even
 * at the last byte (a full disk); *error, g_free()d by the caller, then names the file and the
 * reason. What standard output does not take is told at the end
 * of the program (sim/standard_output.h).
 */
bool report_write(const char *path, const GString *document, char **error);

/* The same; what fails is said on stderr. */
bool report_deliver(const char *path, const GString *document);

#endif
