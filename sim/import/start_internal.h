/* SPDX-License-Identifier: MIT */
/* What is known of a start: start.c collects it, start_resolve.c makes a state of it. */
#ifndef MSIRACE_SIM_IMPORT_START_INTERNAL_H
#define MSIRACE_SIM_IMPORT_START_INTERNAL_H

#include "sim/import/start.h"

/* What is known of one CPU at the start, and what has happened to its counters since. */
struct start_cpu {
	uint8_t possible[X86_VECTORS]; /* at the start */
	bool touched[X86_VECTORS]; /* changed since: events say nothing about the start any more */
	bool online_known;
	bool online; /* at the start */
	bool offline_now;
	bool available_known;
	bool maps_known;   /* allocated and managed */
	int64_t available; /* at the start */
	int64_t allocated;
	int64_t managed;
	int64_t available_since;
	int64_t allocated_since;
	int64_t managed_since;
};

struct start {
	struct start_cpu **cpu; /* [cpus]; NULL: nothing happened there */
	uint32_t cpus;
	bool any;
	bool birth;
	bool system[X86_VECTORS]; /* made during the part */
	bool capacity_known;
	uint32_t capacity; /* what the first CPU that came online brought */
	bool globals_known;
	bool sum_known;      /* available */
	int64_t online_cpus; /* at the start */
	int64_t available;
	int64_t reserved;
	int64_t total;
	bool available_since_known; /* no CPU whose count is open went on or off line */
	bool latest_known;
	int64_t latest; /* available in the whole matrix, by the latest counters and what happened
	                   since */
	bool ambiguous; /* a free that may or may not have changed the available counts */
	int64_t online_since;
	int64_t available_since;
	int64_t reserved_since;
	int64_t total_since;
};

/* How many vectors of a CPU of each kind are still to be placed. */
struct quota {
	int64_t allocated;
	int64_t managed;
	int64_t managed_allocated;
};

/*
 * Places them: vector and possible have X86_VECTORS elements, and so has likely, which may be NULL.
 * What is over, or was taken beyond what is left, stays in left.
 */
void start_place(uint8_t *vector, const uint8_t *possible, const uint8_t *likely,
                 const bool *system, struct quota *left);

#endif
