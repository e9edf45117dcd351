/* SPDX-License-Identifier: MIT */
#ifndef MSIRACE_SIM_PLATFORM_PROBE_H
#define MSIRACE_SIM_PLATFORM_PROBE_H

#include "sim/scenario.h"

/*
 * Loads the scenario's own platform file in a child process, and asks it for every route that a run needs. SimGrid aborts on
 * what it dislikes; there it takes only the child along. NULL where the file serves, otherwise what is wrong, which the
 * caller frees with g_free().
 */
char *platform_probe(const struct scenario *s);

#endif
