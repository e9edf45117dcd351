/* SPDX-License-Identifier: MIT */
/*
 * The chain of domains that an interrupt passes through: device domain, remap unit where there is one, root. Each level has
 * a chip operation for set_affinity: that of Linux, in words. One level's is the contender's move strategy.
 */
#ifndef MSIRACE_MODELS_OS_HIERARCHY_H
#define MSIRACE_MODELS_OS_HIERARCHY_H

#include <stdbool.h>
#include <stdint.h>

#include "models/kinds.h"

#define HIERARCHY_LEVELS_MAX 3

struct hierarchy_level {
	const char *name;
	const char *set_affinity;  /* NULL: the move strategy's */
};

/* The levels of an interrupt of that kind, from its device to the root; how many. */
uint32_t hierarchy_levels(enum machine_arch arch, enum machine_remap remap, enum device_kind kind, bool indexless,
			  struct hierarchy_level levels[HIERARCHY_LEVELS_MAX]);

#endif
