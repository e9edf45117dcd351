// SPDX-License-Identifier: MIT
#include "sim/plot_input.h"

#include <stdio.h>

static bool load(const char *path, const struct plot_options *options, GHashTable *stems,
		 GPtrArray *plots, struct plot_input *input)
{
	g_autofree char *error = NULL;

	input->plots_first = plots->len;
	input->results = results_load(path, &error);
	if (!input->results || !plot_results(input->results, options, stems, plots, &error)) {
		fprintf(stderr, "msirace: %s\n", error);
		return false;
	}
	input->plots_end = plots->len;
	return true;
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
	}
	g_free(inputs->each);
	g_ptr_array_unref(inputs->plots);
	g_free(inputs);
}
