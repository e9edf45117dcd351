/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a remap_index and on a naive twin of it, side by side: every result and every count is compared.
 */
#ifndef MSIRACE_TEST_REMAP_INDEX_DRIVE_H
#define MSIRACE_TEST_REMAP_INDEX_DRIVE_H

#include "index_env.h"
#include "remap_index.h"

/**
 * remap_index_drive - run a sequence
 * @operations: at most so many; it also ends where the choices do
 * @compare_every: compare the whole state and walk the invariants after every so many operations
 *
 * Finally makes the same state anew, by another way, and compares the bytes.
 *
 * Return: NULL if all agreed, or what did not.
 */
const char *remap_index_drive(struct choices *choices, u32 entries, u32 operations,
			      u32 compare_every);

#endif
