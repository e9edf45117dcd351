// SPDX-License-Identifier: MIT
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "sim/commands.h"
#include "sim/output_conflicts.h"
#include "sim/plot_input.h"
#include "sim/report.h"
#include "sim/report_html.h"

#define REPORT_DEFAULT "report.html"

static const struct option options[] = {
	{ "--output", 'o', "FILE", "the report; default: " REPORT_DEFAULT "; - is standard output" },
	{ "--against", 0, "KEY",
	  "of a sweep, the key on the x axis; default: that with the most numbers" },
	{ "--all-cells", 0, NULL, "of a sweep, pictures of every cell, not only of the last one" },
	{ 0 },
};

static void remove_folder(const char *folder)
{
	GDir *files = g_dir_open(folder, 0, NULL);
	const char *name;

	while (files && (name = g_dir_read_name(files))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_unlink(path);
	}
	if (files) {
		g_dir_close(files);
	}
	g_rmdir(folder);
}

/* The texts of all pictures, drawn in a folder; fewer than there are plots where *error is set. */
static GPtrArray *draw(const GPtrArray *plots, const char *folder, char **error)
{
	GPtrArray *svg = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < plots->len; i++) {
		const struct plot *plot = g_ptr_array_index(plots, i);
		g_autofree char *path =
			g_strdup_printf("%s/%s.svg", folder, plot->figure->stem);
		char *text = NULL;
		if (!figure_draw(plot->figure, folder, 1u << FIGURE_SVG, error)) {
			break;
		}
		if (!g_file_get_contents(path, &text, NULL, NULL)) {
			*error = g_strdup_printf("%s: gnuplot drew nothing", path);
			break;
		}
		g_ptr_array_add(svg, text);
	}
	return svg;
}

static bool write_report(const struct plot_inputs *inputs, const char *path)
{
	g_autofree char *error = NULL;
	GError *problem = NULL;
	g_autofree char *folder = g_dir_make_tmp("msirace-report-XXXXXX", &problem);

	if (!folder) {
		fprintf(stderr, "msirace: %s\n", problem->message);
		g_error_free(problem);
		return false;
	}
	GPtrArray *svg = draw(inputs->plots, folder, &error);
	if (!error) {
		GString *page = report_html(inputs, (const char *const *)svg->pdata, MSIRACE_VERSION);
		report_write(path, page, &error);
		g_string_free(page, TRUE);
	}
	if (error) {
		fprintf(stderr, "msirace: %s\n", error);
	}
	g_ptr_array_unref(svg);
	remove_folder(folder);
	return error == NULL;
}

static enum exit_code run(const struct invocation *invocation)
{
	const char *path = option_value(invocation, "--output");
	enum exit_code code =
		path ? EXIT_HELD : output_conflicts_output(invocation, REPORT_DEFAULT);
	struct plot_options plot = {
		.against = option_value(invocation, "--against"),
		.all_cells = option_value(invocation, "--all-cells"),
	};

	if (code != EXIT_HELD) {
		return code;
	}
	struct plot_inputs *inputs =
		plot_inputs_load(invocation->operands, invocation->operands_count, &plot);
	if (!inputs) {
		return EXIT_USAGE;
	}
	code = write_report(inputs, path ? path : REPORT_DEFAULT) ? EXIT_HELD : EXIT_BROKEN;
	plot_inputs_free(inputs);
	return code;
}

const struct command command_report = {
	.name = "report",
	.operands = "RESULTS.json...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "Write finished runs as one HTML page for a review",
	.description =
		"Reads documents of 'msirace run --json' (runs and sweeps), traces of 'run --trace' and witnesses of\n"
		"'check', and writes one page that needs no network: questions, verdicts, pictures, witnesses as\n"
		"columns, and each scenario with every default, so that a reader can run it again.",
	.options = options,
	.example =
		"  msirace run scenarios/ --json results.json --quiet\n"
		"  msirace report results.json -o report.html",
	.run = run,
};
