/* SPDX-License-Identifier: MIT */
/* The scenarios that a command line names: files, and folders of them, with the options that change them. */
#ifndef MSIRACE_SIM_SCENARIO_FILES_H
#define MSIRACE_SIM_SCENARIO_FILES_H

#include <glib.h>
#include <stddef.h>

#include "sim/commands.h"
#include "sim/loader.h"
#include "sim/scenario.h"

/* The options that scenario_files_load() reads, for the tables of commands. */
#define SCENARIO_FILES_OPTIONS \
	{ "--set", 0, "PATH=VALUE", "replace a value: --set devices.nic.raise.rate=200kHz" }, \
	{ "--strategy", 0, "NAME", "run this strategy instead of the scenario's; may be repeated" }, \
	{ "--seed", 0, "N", "replace the seed" }, \
	{ "--replications", 0, "N", "replace the number of replications" }, \
	{ "--duration", 0, "TIME", "replace the duration" }

struct scenario_files {
	struct scenario **each;
	size_t count;
	struct scenario_load_options options;   /* that they were loaded with, for cells of a sweep; the files' own */
	const char **strategies;
	GArray *overrides;
	GPtrArray *override_paths;
};

/*
 * Loads every operand of the command line; of a folder every *.yaml in it, by name. Every error of every file goes to
 * stderr. EXIT_HELD, or EXIT_USAGE where anything was wrong; the files are to be freed either way.
 */
enum exit_code scenario_files_load(const struct invocation *invocation, struct scenario_files *files);

/* The same, and of a folder the ones in its subfolders too. */
enum exit_code scenario_files_load_deep(const struct invocation *invocation, struct scenario_files *files);
void scenario_files_free(struct scenario_files *files);

#endif
