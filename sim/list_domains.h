/* SPDX-License-Identifier: MIT */
/* What `msirace list domains SCENARIO` and `msirace list scenarios FOLDER` print. */
#ifndef MSIRACE_SIM_LIST_DOMAINS_H
#define MSIRACE_SIM_LIST_DOMAINS_H

#include <glib.h>
#include <stddef.h>

#include "sim/scenario.h"

/*
 * Appends a tree for each device: its domains, the domains below each with the operation that moves
 * an interrupt there, and the indices that a monitor sees.
 */
void list_domains(GString *out, const struct scenario *s);

/*
 * Appends a table of scenarios: name, question, systems, what is expected, and how much is
 * simulated. folder is cut off the front of the file names.
 */
void list_scenarios(GString *out, struct scenario *const *scenarios, size_t count,
		    const char *folder, bool markdown);

#endif
