// SPDX-License-Identifier: MIT
#include "sim/plot_input.h"

#include <stdio.h>

#include "sim/json_read.h"

static void plot_races(const struct plot_options *options, GHashTable *stems, GPtrArray *plots,
		       const GPtrArray *races)
{
	for (guint i = 0; i < races->len && (!options->kinds || options->kinds & 1u << PLOT_RACE);
	     i++) {
		plot_add(plots, stems, PLOT_RACE, i, plot_race(g_ptr_array_index(races, i)));
	}
}

/* A trace, witnesses, or results: each is parsed once, as it may come through a pipe. */
static void read_document(const char *path, const struct plot_options *options, GHashTable *stems,
			  GPtrArray *plots, struct plot_input *input, char **error)
{
	g_autoptr(JsonParser) parser = json_read_file(path, error);
	JsonNode *root = parser ? json_parser_get_root(parser) : NULL;

	if (!parser) {
		return;
	}
	if (race_recognize(root) != RACE_NONE) {
		input->races = race_read(path, root, error);
		if (input->races) {
			plot_races(options, stems, plots, input->races);
		}
		return;
	}
	input->results = results_read(path, root, error);
	if (input->results) {
		plot_results(input->results, options, stems, plots, error);
	}
}

static bool load(const char *path, const struct plot_options *options, GHashTable *stems,
		 GPtrArray *plots, struct plot_input *input)
{
	g_autofree char *error = NULL;

	input->plots_first = plots->len;
	read_document(path, options, stems, plots, input, &error);
	input->plots_end = plots->len;
	if (error) {
		fprintf(stderr, "msirace: %s\n", error);
	}
	return error == NULL;
}

struct plot_inputs *plot_inputs_load(char **paths, size_t count, const struct plot_options *options)
{
	struct plot_inputs *inputs = g_new0(struct plot_inputs, 1);
	g_autoptr(GHashTable) stems = plot_stems_new();
	bool good = true;

	inputs->each = g_new0(struct plot_input, count);
	inputs->count = count;
	inputs->plots = plot_array_new();
	for (size_t i = 0; i < count; i++) {
		good &= load(paths[i], options, stems, inputs->plots, &inputs->each[i]);
	}
	if (!good) {
		plot_inputs_free(inputs);
		return NULL;
	}
	return inputs;
}

void plot_inputs_free(struct plot_inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		results_free(inputs->each[i].results);
		if (inputs->each[i].races) {
			g_ptr_array_unref(inputs->each[i].races);
		}
	}
	g_free(inputs->each);
	g_ptr_array_unref(inputs->plots);
	g_free(inputs);
}
