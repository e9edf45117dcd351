/* SPDX-License-Identifier: MIT */
/* From a YAML file to the structs of sim/scenario.h, by the table of sim/schema.h. */
#ifndef MSIRACE_SIM_LOADER_H
#define MSIRACE_SIM_LOADER_H

#include <stddef.h>

#include "sim/diagnostics.h"
#include "sim/scenario.h"

/* A value from the command line in place of the file's. */
struct scenario_override {
	const char *
		option; /* "--set", "--seed": errors are reported under it, with the path after --set */
	const char *path;     /* machine.cpus, devices.nic.raise.rate, devices[0].vectors */
	const char *value;    /* YAML: 8, 100kHz, [a, b] */
};

struct scenario_load_options {
	const struct scenario_override *overrides;
	size_t overrides_count;
	/*
	 * The contenders to run in place of the file's, which may name more; none: the file's. Expectations on contenders of
	 * the file that are left out are dropped.
	 */
	const char *const *strategies;
	size_t strategies_count;
	bool cell;            /* of a sweep, which is not read again */
};

/*
 * Loads a scenario. NULL where anything is wrong: then d, made for this file, holds every error. options may be NULL.
 * The result is released by scenario_free().
 */
struct scenario *scenario_load(const char *path, const struct scenario_load_options *options,
			       struct diagnostics *d);

/* The same from memory; path is what files that the scenario names are relative to. */
struct scenario *scenario_load_text(const char *path, const char *text, size_t length,
				    const struct scenario_load_options *options,
				    struct diagnostics *d);

#endif
