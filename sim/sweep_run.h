/* SPDX-License-Identifier: MIT */
/* Runs the cells of a sweep, those that a store does not hold already, and makes its document and its table. */
#ifndef MSIRACE_SIM_SWEEP_RUN_H
#define MSIRACE_SIM_SWEEP_RUN_H

#include <glib.h>

#include "sim/commands.h"
#include "sim/loader.h"
#include "sim/report.h"
#include "sim/run.h"

struct sweep_options {
	struct run_options run;
	struct report_options report;
	const char *store;      /* the database of finished cells */
	bool resume;            /* with the cells that it holds; otherwise it begins empty */
	double precision;       /* of run_to_precision(); 0: the scenario's replications */
	bool quiet;
};

/*
 * Appends the table to table, and to json one object, ended by a newline:
 *   schema_version, kind ("sweep"), version, name, file, question, replay (as in a run's), keys: [path], partial,
 *   cells: [{keys: {path: value}, result: the document of a run (sim/report.h), without its timing}]
 * A cell's document is the same whatever the number of jobs, and however often the sweep was resumed.
 */
enum exit_code sweep_run(const struct scenario *s, const struct scenario_load_options *load,
			 const struct sweep_options *options, GString *table, GString *json);

#endif
