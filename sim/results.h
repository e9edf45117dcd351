/* SPDX-License-Identifier: MIT */
/*
 * A document of `msirace run --json` read back, for what compares, draws and reports finished runs.
 */
#ifndef MSIRACE_SIM_RESULTS_H
#define MSIRACE_SIM_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/histogram.h"
#include "sim/metrics.h"

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
};

struct results {
	char *version;        /* of the program that wrote it */
	char *scenario;       /* name */
	char *file;           /* of the scenario */
	char *question;       /* NULL: none */
	char *resolved;       /* the scenario with every default, as YAML */
	uint64_t seed;
	uint64_t duration_ps;
	uint32_t replications_asked;
	bool partial;
	struct results_contender *contenders;
	uint32_t contenders_count;
};

/* The runs of one document: of one scenario, or of several. */
struct results_set {
	char *path;
	struct results *each;
	uint32_t count;
};

/*
 * Reads and checks a document: one run, or an array of at least one. NULL where it cannot be read, is not JSON, is not ours, has another schema version or holds
 * what cannot be; *error, g_free()d by the caller, is then one line that names the file and the member.
 */
struct results_set *results_load(const char *path, char **error);

void results_free(struct results_set *set);

/* The contender of that name; NULL where there is none. */
const struct results_contender *results_find(const struct results *results, const char *name);

#endif
