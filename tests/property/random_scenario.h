/* SPDX-License-Identifier: MIT */
/*
 * Random scenarios of one kind of machine: devices of all sorts under all sorts of actions, as text
 * that the loader reads. The same system and number give the same scenario.
 */
#ifndef MSIRACE_TESTS_PROPERTY_RANDOM_SCENARIO_H
#define MSIRACE_TESTS_PROPERTY_RANDOM_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

struct random_system {
	const char *machine;      /* keys of machine: "arch: arm, remap: its" */
	const char *strategies;   /* "its-movi, its-no-resend" */
	uint32_t cpus_max;
	bool one_message;         /* PCI MSI has one vector */
	bool safe_when_ordered;   /* what loses nothing does so on an ordered fabric only */
	uint32_t global_first;    /* where all CPUs share their numbers: the lowest one; else 0 */
};

/* moves_only: nothing is allocated, freed, disabled or taken off line. malloc'ed. */
char *random_scenario(const struct random_system *system, uint64_t number, bool moves_only);

#endif
