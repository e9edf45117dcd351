/* SPDX-License-Identifier: MIT */
/*
 * The protocols that are compared. One file a protocol family in this folder, one row a protocol in
 * registry.c.
 *
 * A protocol fills one slot of a contender: how an interrupt is moved, how its old vector is
 * cleaned up, how a CPU goes off line, how vectors are allocated at run time. A contender names at
 * most one for each slot ("vtd-no-flush+immediate"); the slots that it does not name get the
 * machine's default.
 */
#ifndef MSIRACE_MODELS_STRATEGIES_REGISTRY_H
#define MSIRACE_MODELS_STRATEGIES_REGISTRY_H

#include <stddef.h>

#include "models/kinds.h"

enum strategy_slot {
	SLOT_MOVE,
	SLOT_CLEANUP,
	SLOT_HOTPLUG,
	SLOT_ALLOCATION,
	SLOT_POSTED,
	SLOT_SETUP,
	SLOT_SWAP,
	SLOT_MONITOR,
	STRATEGY_SLOTS
};

#define NEEDS_ANY (~0u)
#define NEEDS(kind) (1u << (kind))

enum needs_masking { MASKING_ANY, MASKING_REQUIRED };

struct strategy {
	const char *name;
	enum strategy_slot slot;
	const char *family;             /* as `list strategies` groups them: "x86, not remapped" */
	const char *summary;            /* one line: what it does */
	/* Preconditions; the loader refuses a scenario that breaks one. */
	unsigned arches;                /* NEEDS(ARCH_X86) | ... */
	unsigned remaps;                /* NEEDS(REMAP_NONE) | ... */
	unsigned kinds;                 /* of every device that the scenario moves:
					   NEEDS(DEVICE_MSI) | ... */
	enum needs_masking masking;     /* every device that the scenario moves can mask its
					   vectors */
	const void *operations;         /* struct move_operations, ... by slot */
	unsigned cpus_max;              /* a precondition too: CPUs that it can reach; 0: any
					   number */
};

/* Every protocol, in the order of `list strategies`. */
const struct strategy *strategy_registry(size_t *count);

/* The protocol of that name; NULL where there is none. */
const struct strategy *strategy_find(const char *name);

/*
 * Where a move runs, to be said behind its summary; "" where that is any CPU, and for what is no
 * move.
 */
const char *strategy_context(const struct strategy *strategy);

/*
 * What a contender gets in a slot that it does not name; never NULL for an arch and remap that a
 * machine can have.
 */
const struct strategy *strategy_default(enum strategy_slot slot, enum machine_arch arch,
					enum machine_remap remap);

#endif
