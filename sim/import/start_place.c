/* SPDX-License-Identifier: MIT */
/* Which vectors of a CPU are taken, where only how many is known. */
#include "sim/import/start_internal.h"

#include <glib.h>
#include <string.h>

static bool take(struct quota *left, uint8_t kind)
{
	int64_t *of = kind == VECTOR_ALLOCATED           ? &left->allocated
	              : kind == VECTOR_MANAGED           ? &left->managed
	              : kind == VECTOR_MANAGED_ALLOCATED ? &left->managed_allocated
	                                                 : NULL;

	if (of) {
		--*of;
	}
	return of;
}

static bool has(const struct quota *left, uint8_t kind)
{
	return kind == VECTOR_ALLOCATED ? left->allocated > 0
	       : kind == VECTOR_MANAGED
	               ? left->managed > 0
	               : kind == VECTOR_MANAGED_ALLOCATED && left->managed_allocated > 0;
}

static bool is_single(uint8_t set)
{
	return (set & (set - 1)) == 0;
}

static const uint8_t kinds_in_order[] = { VECTOR_ALLOCATED, VECTOR_MANAGED_ALLOCATED,
	                                  VECTOR_MANAGED };

static uint32_t members(uint8_t set)
{
	return (uint32_t)__builtin_popcount(set);
}

/*
 * The likely kind of a vector, if it may be of it and one of it is left; otherwise the first one
 * that it may be.
 */
static uint8_t choose(uint8_t possible, uint8_t likely, const struct quota *left)
{
	if (is_single(likely) && (possible & likely) && has(left, likely)) {
		return likely;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(kinds_in_order); i++) {
		if ((possible & kinds_in_order[i]) && has(left, kinds_in_order[i])) {
			return kinds_in_order[i];
		}
	}
	return VECTOR_FREE;
}

/*
 * Vectors that are taken for certain, whatever the counters say; those with the smallest choice
 * first.
 */
static void place_taken(uint8_t *vector, const uint8_t *possible, const uint8_t *likely,
                        const bool *system, struct quota *left)
{
	for (uint32_t choices = 2; choices <= 3; choices++) {
		for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
			if (!system[v] && vector[v] == VECTOR_FREE &&
			    !(possible[v] & VECTOR_FREE) && members(possible[v]) == choices) {
				uint8_t kind = choose(possible[v], likely ? likely[v] : 0, left);
				vector[v] = kind != VECTOR_FREE
				                    ? kind
				                    : (uint8_t)(possible[v] & -possible[v]);
				take(left, vector[v]);
			}
		}
	}
}

static void place_likely(uint8_t *vector, const uint8_t *possible, const uint8_t *likely,
                         struct quota *left)
{
	for (uint32_t v = X86_VECTOR_FIRST; likely && v < X86_VECTOR_END; v++) {
		if (vector[v] == VECTOR_FREE && is_single(likely[v]) && (possible[v] & likely[v]) &&
		    has(left, likely[v])) {
			vector[v] = likely[v];
			take(left, likely[v]);
		}
	}
}

/* From the top, where they are in nobody's way. */
static void place_rest(uint8_t *vector, const uint8_t *possible, const bool *system,
                       struct quota *left)
{
	for (uint32_t v = X86_VECTOR_END; v-- > X86_VECTOR_FIRST;) {
		if (!system[v] && vector[v] == VECTOR_FREE) {
			vector[v] = choose(possible[v], 0, left);
			take(left, vector[v]);
		}
	}
}

void start_place(uint8_t *vector, const uint8_t *possible, const uint8_t *likely,
                 const bool *system, struct quota *left)
{
	memset(vector, VECTOR_FREE, X86_VECTORS);
	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		if (!system[v] && is_single(possible[v]) && take(left, possible[v])) {
			vector[v] = possible[v];
		}
	}
	place_taken(vector, possible, likely, system, left);
	place_likely(vector, possible, likely, left);
	place_rest(vector, possible, system, left);
}
