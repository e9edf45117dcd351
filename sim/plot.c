// SPDX-License-Identifier: MIT
#include "sim/plot.h"

#include <string.h>

#include "sim/report_format.h"

const char *const plot_kind_names[PLOT_KINDS] = {
	[PLOT_LOSS] = "loss",
	[PLOT_CAUSES] = "causes",
	[PLOT_LATENCY] = "latency",
	[PLOT_OCCUPANCY] = "occupancy",
	[PLOT_STORM] = "storm",
	[PLOT_RACE] = "race",
};

static void free_plot(gpointer data)
{
	struct plot *plot = data;

	figure_free(plot->figure);
	g_free(plot);
}

GPtrArray *plot_array_new(void)
{
	return g_ptr_array_new_with_free_func(free_plot);
}

GHashTable *plot_stems_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void plot_add(GPtrArray *plots, GHashTable *stems, enum plot_kind kind, uint32_t run,
	      struct figure *figure)
{
	struct plot *plot;

	if (!figure) {
		return;
	}
	/* Some file systems take upper and lower case for the same. */
	g_autofree char *stem = g_strdup(figure->stem);
	g_autofree char *lower = g_ascii_strdown(stem, -1);
	for (unsigned n = 2; !g_hash_table_add(stems, g_strdup(lower)); n++) {
		g_free(figure->stem);
		g_free(lower);
		figure->stem = g_strdup_printf("%s.%u", stem, n);
		lower = g_ascii_strdown(figure->stem, -1);
	}
	plot = g_new0(struct plot, 1);
	*plot = (struct plot){ kind, run, figure };
	g_ptr_array_add(plots, plot);
}

char *plot_stem(const struct results *run, const char *what)
{
	return g_strdup_printf("%.60s-%s", run->scenario, what);
}

const char **plot_contender_names(const struct results *run)
{
	const char **names = g_new0(const char *, (gsize)run->contenders_count + 1);

	for (uint32_t i = 0; i < run->contenders_count; i++) {
		names[i] = run->contenders[i].name;
	}
	return names;
}

char *plot_caption(const struct results_set *set, const struct results *run)
{
	GString *caption = g_string_new(NULL);

	g_string_append_printf(caption, "%s (%s), seed %" G_GUINT64_FORMAT ", %u × ",
			       run->scenario, run->file, run->seed, run->replications_asked);
	format_duration(caption, (double)run->duration_ps);
	for (uint32_t i = 0; run->values && i < set->keys_count; i++) {
		g_string_append_printf(caption, ", %s = %s", set->keys[i], run->values[i]);
	}
	g_string_append_printf(caption, ", msirace %s%s", run->version,
			       run->partial || set->partial ? ", PARTIAL" : "");
	return g_string_free(caption, FALSE);
}

static bool wanted(const struct plot_options *options, enum plot_kind kind)
{
	return options->kinds == 0 || (options->kinds & 1u << kind);
}

/* Storms are drawn of themselves only where CPUs went off line, or vectors leaked. */
static bool storms(const struct results *run)
{
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		for (uint32_t n = 0; n < run->contenders[i].replications; n++) {
			const uint64_t *counter = run->contenders[i].each[n].counter;
			if (counter[METRIC_HOTPLUG_DONE] || counter[METRIC_HOTPLUG_REFUSED] ||
			    counter[METRIC_VECTORS_LEAKED]) {
				return true;
			}
		}
	}
	return false;
}

static void plot_run(const struct results_set *set, uint32_t number,
		     const struct plot_options *options, GHashTable *stems, GPtrArray *plots)
{
	const struct results *run = &set->each[number];

	if (wanted(options, PLOT_LOSS)) {
		plot_add(plots, stems, PLOT_LOSS, number, plot_loss(set, run));
	}
	if (wanted(options, PLOT_CAUSES)) {
		plot_add(plots, stems, PLOT_CAUSES, number, plot_causes(set, run));
	}
	if (wanted(options, PLOT_LATENCY)) {
		plot_add(plots, stems, PLOT_LATENCY, number, plot_latency(set, run));
	}
	if (options->kinds ? wanted(options, PLOT_STORM) : storms(run)) {
		plot_add(plots, stems, PLOT_STORM, number, plot_storm(set, run));
	}
	if (wanted(options, PLOT_OCCUPANCY)) {
		plot_occupancy(set, number, stems, plots);
	}
}

static bool find_key(const struct results_set *set, const char *name, uint32_t *key, char **error)
{
	*key = plot_sweep_key(set);
	if (!name) {
		return true;
	}
	for (*key = 0; *key < set->keys_count; (*key)++) {
		if (strcmp(set->keys[*key], name) == 0) {
			return true;
		}
	}
	g_autofree char *keys = set->sweep ? g_strjoinv(", ", set->keys) : NULL;
	*error = g_strdup_printf("%s: nothing was swept over '%s'%s%s", set->path, name,
				 keys ? ": the keys are " : ": it is no sweep",
				 keys ? keys : "");
	return false;
}

bool plot_results(const struct results_set *set, const struct plot_options *options,
		  GHashTable *stems, GPtrArray *plots, char **error)
{
	uint32_t key = 0;

	if (!find_key(set, options->against, &key, error)) {
		return false;
	}
	if (set->sweep && wanted(options, PLOT_LOSS)) {
		plot_sweep_loss(set, key, stems, plots);
	}
	for (uint32_t i = set->sweep && !options->all_cells ? set->count - 1 : 0; i < set->count;
	     i++) {
		plot_run(set, i, options, stems, plots);
	}
	return true;
}
