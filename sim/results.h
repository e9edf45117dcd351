/* SPDX-License-Identifier: MIT */
/*
 * A document of `msirace run --json` read back, for what compares, draws and reports finished runs: one run, an array of
 * runs, or a sweep, which is
 *   {schema_version, kind ("sweep"), file, name, question, keys: ["devices.edu.raise.rate"], partial,
 *    cells: [{keys: {"devices.edu.raise.rate": "50kHz"}, result: {a run}}]}
 * where each cell names every key once.
 */
#ifndef MSIRACE_SIM_RESULTS_H
#define MSIRACE_SIM_RESULTS_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/estimate.h"
#include "sim/histogram.h"
#include "sim/metrics.h"
#include "sim/occupancy.h"

#define RESULTS_KIND_SWEEP "sweep"

/* The percentiles that a document holds of each replication. */
enum results_percentile { RESULTS_P50, RESULTS_P99, RESULTS_P99_9, RESULTS_PERCENTILES };

struct results_replication {
	uint64_t counter[METRIC_COUNTERS_COUNT];
	uint64_t latencies;                          /* how many */
	double percentile_ps[RESULTS_PERCENTILES];   /* NAN: no value; INFINITY: in the overflow */
	double mean_rank;                            /* among all of the contender's latencies, 0 to 1; NAN: none */
};

struct results_contender {
	char *name;
	uint32_t replications;
	struct results_replication *each;            /* [replications] */
	struct histogram latency;                    /* of all replications */
	struct histogram stale;
	struct estimate derived[METRICS_COUNT - METRIC_COUNTERS_COUNT]; /* NAN: no value; INFINITY: no upper bound */
	struct occupancy *occupancy;                 /* of the first replication; NULL: none */
};

struct results_expectation {
	char *text;
	char *contender;
	char *verdict;        /* "held", "failed", "inconclusive" */
	char *message;
};

/* "not comparable" by reason. */
struct results_reason {
	char *text;
	uint64_t count;
	uint64_t first_line;
};

/* Of the first difference: the line's text, and the states below it. */
struct results_divergence {
	uint64_t count;       /* of all; 0: the others are empty */
	char *text;           /* NULL: none */
	char *states;         /* lines */
};

/* The replay of the scenario's recording, as replay_report_json() writes it. */
struct results_replay {
	char *recording;
	bool agreement;
	uint64_t lines;
	uint64_t events;
	struct results_compared {
		char *what;
		uint64_t made;
		uint64_t compared;
		uint64_t equal;
	} *decisions;
	uint32_t decisions_count;
	struct results_compared counters;  /* what is NULL */
	struct results_compared writes;    /* what is NULL */
	struct results_reason *reasons;    /* of decisions, then of writes */
	uint32_t reasons_count;
	struct results_divergence divergence;
	struct results_divergence writes_divergence;
	struct results_snapshot {
		char *name;
		bool equal;
		char *difference; /* NULL: none */
	} *snapshots;
	uint32_t snapshots_count;
	struct results_placement {
		char *name;
		uint64_t granted, refused, not_refused, elsewhere, displaced, stranded;
		uint64_t most_on_a_cpu, in_use, leaked;
	} *what_if;
	uint32_t what_if_count;
};

struct results {
	char *version;        /* of the program that wrote it */
	char *scenario;       /* name */
	char *file;           /* of the scenario */
	char *question;       /* NULL: none */
	char *resolved;       /* the scenario with every default, as YAML */
	uint64_t seed;
	uint64_t duration_ps;
	uint64_t drain_ps;
	uint32_t replications_asked;
	bool partial;
	struct results_contender *contenders;
	uint32_t contenders_count;
	struct results_expectation *expectations;
	uint32_t expectations_count;
	struct results_replay *replay; /* NULL: the scenario has no recording, or is a sweep's cell */
	char **values;        /* [set->keys_count] of a sweep's cell, in the order of its keys; else NULL */
};

/* The runs of one document: of one scenario, of several, or the cells of a sweep. */
struct results_set {
	char *path;
	struct results *each;
	uint32_t count;
	bool sweep;
	struct results_replay *replay; /* of a sweep; NULL: the scenario has no recording */
	bool partial;         /* a sweep that lacks cells */
	char **keys;          /* [keys_count + 1] of a sweep, at least one and then NULL; else NULL */
	uint32_t keys_count;
};

/*
 * Reads and checks a document with at least one run. NULL where it cannot be read, is not JSON, is not ours, has another schema version or holds
 * what cannot be; *error, g_free()d by the caller, is then one line that names the file and the member.
 */
struct results_set *results_load(const char *path, char **error);

/* The same of a document that is parsed; path is what it is called. root may be NULL: it was empty. */
struct results_set *results_read(const char *path, JsonNode *root, char **error);

void results_free(struct results_set *set);

/* The contender of that name; NULL where there is none. */
const struct results_contender *results_find(const struct results *results, const char *name);

#endif
