/* SPDX-License-Identifier: MIT */
#include "sim/scenario_files.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/loader.h"
#include "sim/output_conflicts.h"

static gint compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_names(const char *folder, bool deep, GPtrArray *found)
{
	g_autoptr(GError) error = NULL;
	GDir *dir = g_dir_open(folder, 0, &error);
	const char *name;

	if (!dir) {
		fprintf(stderr, "%s: error: cannot be opened: %s\n", folder, error->message);
		return false;
	}
	bool opened = true;
	while ((name = g_dir_read_name(dir))) {
		char *path = g_build_filename(folder, name, NULL);
		if (g_str_has_suffix(name, ".yaml") && name[0] != '.') {
			g_ptr_array_add(found, path);
			continue;
		}
		if (deep && name[0] != '.' && g_file_test(path, G_FILE_TEST_IS_DIR)) {
			opened &= list_names(path, deep, found);
		}
		g_free(path);
	}
	g_dir_close(dir);
	return opened;
}

static bool list_folder(const char *folder, bool deep, GPtrArray *paths)
{
	GPtrArray *found = g_ptr_array_new();

	if (!list_names(folder, deep, found)) {
		g_ptr_array_set_free_func(found, g_free);
		g_ptr_array_free(found, TRUE);
		return false;
	}
	g_ptr_array_sort(found, compare_paths);
	bool any = found->len > 0;
	if (!any) {
		fprintf(stderr, "%s: error: there is no .yaml file in this folder\n", folder);
	}
	g_ptr_array_extend_and_steal(paths, found);
	return any;
}

static bool list_files(const struct invocation *invocation, bool deep, GPtrArray *paths)
{
	bool found = true;

	for (size_t i = 0; i < invocation->operands_count; i++) {
		if (g_file_test(invocation->operands[i], G_FILE_TEST_IS_DIR)) {
			found &= list_folder(invocation->operands[i], deep, paths);
		} else {
			g_ptr_array_add(paths, g_strdup(invocation->operands[i]));
		}
	}
	return found;
}

static void add_override(GArray *overrides, const char *option, const char *path, const char *value)
{
	struct scenario_override override = { option, path, value };

	g_array_append_val(overrides, override);
}

/* In the order of the command line, so that a later option wins over an earlier one. */
static enum exit_code collect_overrides(const struct invocation *invocation, GArray *overrides,
					GPtrArray *paths)
{
	static const struct {
		const char *option, *path;
	} shortcuts[] = {
		{ "--seed", "seed" },
		{ "--replications", "replications" },
		{ "--duration", "duration" },
	};

	for (size_t i = 0; i < invocation->given_count; i++) {
		const struct given_option *given = &invocation->given[i];
		for (size_t j = 0; j < G_N_ELEMENTS(shortcuts); j++) {
			if (strcmp(given->option->name, shortcuts[j].option) == 0) {
				add_override(overrides, shortcuts[j].option, shortcuts[j].path,
					     given->value);
			}
		}
		if (strcmp(given->option->name, "--set") != 0) {
			continue;
		}
		const char *equals = strchr(given->value, '=');
		if (!equals || equals == given->value) {
			return usage_error(invocation->command, "--set needs PATH=VALUE, not '%s'",
					   given->value);
		}
		char *path = g_strndup(given->value, (gsize)(equals - given->value));
		g_ptr_array_add(paths, path);
		add_override(overrides, "--set", path, equals + 1);
	}
	return EXIT_HELD;
}

static bool load_one(const char *path, const struct scenario_load_options *options,
		     struct scenario_files *files)
{
	struct diagnostics *d = diagnostics_new(path);
	struct scenario *s = scenario_load(path, options, d);

	diagnostics_print(d, stderr);
	diagnostics_free(d);
	if (s) {
		files->each[files->count++] = s;
	}
	return s != NULL;
}

/* What was found in a folder, and what a scenario names, is read as well as what was typed. */
static enum exit_code check_outputs(const struct invocation *invocation, const struct scenario *s)
{
	const struct scenario_recording *recording = &s->recording;
	const char *const named[] = {
		s->file,
		s->machine.platform_file,
		recording->file,
		recording->start,
	};
	enum exit_code code = EXIT_HELD;

	for (size_t i = 0; i < G_N_ELEMENTS(named) && code == EXIT_HELD; i++) {
		code = output_conflicts_input(invocation, named[i]);
	}
	for (size_t i = 0; i < recording->snapshots_count && code == EXIT_HELD; i++) {
		code = output_conflicts_input(invocation, recording->snapshots[i]);
	}
	return code;
}

static enum exit_code load(const struct invocation *invocation, bool deep, struct scenario_files *files)
{
	const char **strategies = option_values(invocation, "--strategy");
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	*files = (struct scenario_files){
		.overrides = g_array_new(FALSE, FALSE, sizeof(struct scenario_override)),
		.override_paths = g_ptr_array_new_with_free_func(g_free),
	};
	enum exit_code code =
		collect_overrides(invocation, files->overrides, files->override_paths);
	if (code == EXIT_HELD && !list_files(invocation, deep, paths)) {
		code = EXIT_USAGE;
	}
	files->strategies = strategies;
	files->options = (struct scenario_load_options){
		.overrides = (const struct scenario_override *)(void *)files->overrides->data,
		.overrides_count = files->overrides->len,
		.strategies = strategies,
	};
	while (strategies[files->options.strategies_count]) {
		files->options.strategies_count++;
	}
	files->each = g_new0(struct scenario *, paths->len + 1);
	for (guint i = 0; i < paths->len; i++) {
		if (!load_one(g_ptr_array_index(paths, i), &files->options, files)) {
			code = EXIT_USAGE;
		}
	}
	g_ptr_array_free(paths, TRUE);
	for (size_t i = 0; i < files->count && code == EXIT_HELD; i++) {
		code = check_outputs(invocation, files->each[i]);
	}
	return code;
}

enum exit_code scenario_files_load(const struct invocation *invocation, struct scenario_files *files)
{
	return load(invocation, false, files);
}

enum exit_code scenario_files_load_deep(const struct invocation *invocation, struct scenario_files *files)
{
	return load(invocation, true, files);
}

void scenario_files_free(struct scenario_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		scenario_free(files->each[i]);
	}
	g_free(files->each);
	g_free(files->strategies);
	g_ptr_array_free(files->override_paths, TRUE);
	g_array_free(files->overrides, TRUE);
}
