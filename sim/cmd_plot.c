// SPDX-License-Identifier: MIT
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/plot.h"
#include "sim/plot_input.h"
#include "sim/suggest.h"

static const struct option options[] = {
	{ "--output", 'o', "DIR", "folder for the pictures, made where it is missing" },
	{ "--format", 0, "LIST", "svg, png, pdf; default: svg" },
	{ "--kind", 0, "LIST",
	  "loss, causes, latency, occupancy, storm, race; default: all that show something" },
	{ "--against", 0, "KEY",
	  "of a sweep, the key on the x axis; default: that with the most numbers" },
	{ "--all-cells", 0, NULL, "of a sweep, pictures of every cell, not only of the last one" },
	{ 0 },
};

struct plot_plan {
	const char *folder;
	unsigned formats;
	struct plot_options plot;
};

/* The set of 1 << index of a list of names. */
static enum exit_code read_names(const struct invocation *invocation, const char *option,
				 const char *const *names, unsigned count, unsigned *set)
{
	const char *text = option_value(invocation, option);
	enum exit_code code = EXIT_HELD;

	if (!text) {
		return code;
	}
	*set = 0;
	gchar **words = g_strsplit(text, ",", -1);
	for (gchar **word = words; *word && code == EXIT_HELD; word++) {
		struct suggestion near = suggestion_for(g_strstrip(*word));
		unsigned found = count;
		for (unsigned i = 0; i < count; i++) {
			suggestion_offer(&near, names[i]);
			found = strcmp(names[i], *word) == 0 ? i : found;
		}
		if (found == count) {
			g_autofree char *hint = suggestion_hint(&near);
			g_autofree char *all = g_strjoinv(", ", (gchar **)(uintptr_t)names);
			code = usage_error(invocation->command, "%s: unknown '%s'%s; there are %s",
					   option, *word, hint, all);
		} else {
			*set |= 1u << found;
		}
	}
	g_strfreev(words);
	return code;
}

static enum exit_code read_plan(const struct invocation *invocation, struct plot_plan *plan)
{
	*plan = (struct plot_plan){
		.folder = option_value(invocation, "--output"),
		.formats = 1u << FIGURE_SVG,
		.plot = { .against = option_value(invocation, "--against"),
			  .all_cells = option_value(invocation, "--all-cells") },
	};
	if (!plan->folder) {
		return usage_error(invocation->command, "-o DIR is missing");
	}
	enum exit_code code = read_names(invocation, "--format", figure_format_names,
					 FIGURE_FORMATS, &plan->formats);
	return code == EXIT_HELD ? read_names(invocation, "--kind", plot_kind_names, PLOT_KINDS,
					      &plan->plot.kinds)
				 : code;
}

static bool draw_all(const struct plot_plan *plan, const GPtrArray *plots)
{
	if (g_mkdir_with_parents(plan->folder, 0777) != 0) {
		fprintf(stderr, "msirace: %s: cannot be made: %s\n", plan->folder,
			g_strerror(errno));
		return false;
	}
	for (guint i = 0; i < plots->len; i++) {
		const struct plot *plot = g_ptr_array_index(plots, i);
		g_autofree char *error = NULL;
		if (!figure_draw(plot->figure, plan->folder, plan->formats, &error)) {
			fprintf(stderr, "msirace: %s\n", error);
			return false;
		}
		for (int format = 0; format < FIGURE_FORMATS; format++) {
			if (plan->formats & 1u << format) {
				printf("%s/%s.%s\n", plan->folder, plot->figure->stem,
				       figure_format_names[format]);
			}
		}
	}
	return true;
}

static enum exit_code run(const struct invocation *invocation)
{
	struct plot_plan plan;

	enum exit_code code = read_plan(invocation, &plan);
	if (code != EXIT_HELD) {
		return code;
	}
	struct plot_inputs *inputs =
		plot_inputs_load(invocation->operands, invocation->operands_count, &plan.plot);
	if (!inputs) {
		return EXIT_USAGE;
	}
	if (inputs->plots->len == 0) {
		fprintf(stderr, "msirace: nothing to draw: no move was made, nothing was lost\n");
	}
	code = draw_all(&plan, inputs->plots) ? EXIT_HELD : EXIT_BROKEN;
	plot_inputs_free(inputs);
	return code;
}

const struct command command_plot = {
	.name = "plot",
	.operands = "RESULTS.json...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "Draw the pictures of finished runs",
	.description =
		"Reads documents of 'msirace run --json' (runs and sweeps) and 'run --trace', and draws with gnuplot:\n"
		"loss (per migration, by strategy or against a swept key), causes, latency, occupancy (CPU by\n"
		"vector), storm (vectors and moves in time, where CPUs went off line), race (what happened, a lane\n"
		"for each CPU and device). Beside each picture its script and data are left, STEM.gp and STEM.dat:\n"
		"'gnuplot STEM.gp' draws it again. Prints the names of the pictures.",
	.options = options,
	.example =
		"  msirace run scenarios/affinity-race.yaml --json race.json --quiet\n"
		"  msirace plot race.json -o pictures --format svg,pdf",
	.run = run,
};
