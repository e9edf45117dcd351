/* SPDX-License-Identifier: MIT */
/*
 * The pictures of finished runs. Each kind is a file plot_KIND.c, which extracts tables from the results, and a template of
 * tools/plot, which says how they are drawn.
 */
#ifndef MSIRACE_SIM_PLOT_H
#define MSIRACE_SIM_PLOT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/figure.h"
#include "sim/race.h"
#include "sim/results.h"

enum plot_kind {
	PLOT_LOSS,        /* lost and stale per migration: by strategy, or against a swept key */
	PLOT_CAUSES,      /* lost by cause and spurious by kind, stacked */
	PLOT_LATENCY,     /* complementary cumulative distributions */
	PLOT_OCCUPANCY,   /* CPU by vector, and the spread over the CPUs in time */
	PLOT_STORM,       /* vectors in use, leaked ones, moves and CPUs in time */
	PLOT_RACE,        /* what happened, one lane a CPU and device, from a trace or a witness */
	PLOT_KINDS
};

extern const char *const plot_kind_names[PLOT_KINDS]; /* "loss", ... */

struct plot_options {
	unsigned kinds;        /* set of 1 << enum plot_kind; 0: all that have something to show */
	const char *against;   /* the swept key on the x axis; NULL: the one with the most values that are numbers */
	bool all_cells;        /* of a sweep every cell's own pictures, not only the last one's */
};

/* A picture, and which run of its set, or witness of its document, it is of; of a whole sweep: PLOT_OF_SWEEP. */
#define PLOT_OF_SWEEP UINT32_MAX
struct plot {
	enum plot_kind kind;
	uint32_t run;
	struct figure *figure;
};

/*
 * Appends the pictures of a document to plots, a GPtrArray of struct plot * made by plot_array_new(). stems, a set of
 * strings that it extends, keeps file names apart. False where options->against names no key of a sweep; *error,
 * g_free()d by the caller, then says so.
 */
bool plot_results(const struct results_set *set, const struct plot_options *options, GHashTable *stems,
		  GPtrArray *plots, char **error);

GPtrArray *plot_array_new(void);
GHashTable *plot_stems_new(void);

/*
 * For the files plot_KIND.c: adds a picture unless figure is NULL, and returns it. Its stem is changed where another
 * picture has it.
 */
void plot_add(GPtrArray *plots, GHashTable *stems, enum plot_kind kind, uint32_t run, struct figure *figure);

/* "affinity-race-loss" */
char *plot_stem(const struct results *run, const char *what);

/* Scenario, file, seed, size of the sample, a cell's values, the program's version, and "PARTIAL" where it is. */
char *plot_caption(const struct results_set *set, const struct results *run);

/* The names of the contenders, NULL at the end; freed with g_free(), the names are borrowed. */
const char **plot_contender_names(const struct results *run);

/* NULL where there is nothing to draw: no moves, no losses, no latencies, no occupancy. */
struct figure *plot_loss(const struct results_set *set, const struct results *run);
struct figure *plot_causes(const struct results_set *set, const struct results *run);
struct figure *plot_latency(const struct results_set *set, const struct results *run);
struct figure *plot_storm(const struct results_set *set, const struct results *run);

/* Of a trace the moments around the first loss; NULL where nothing happens in it. */
struct figure *plot_race(const struct race *race);

/* One picture for each different occupancy; appended. */
void plot_occupancy(const struct results_set *set, uint32_t run, GHashTable *stems, GPtrArray *plots);

/* One picture for each combination of the other keys' values. key is an index of set->keys. */
void plot_sweep_loss(const struct results_set *set, uint32_t key, GHashTable *stems, GPtrArray *plots);

/* The key with the most different values among those whose values are numbers; 0 where none is. */
uint32_t plot_sweep_key(const struct results_set *set);

#endif
