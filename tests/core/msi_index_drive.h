/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a msi_index and on a naive twin of it, side by side: every result, every entry, every call of
 * the irq source and every count is compared.
 */
#ifndef MSIRACE_TEST_MSI_INDEX_DRIVE_H
#define MSIRACE_TEST_MSI_INDEX_DRIVE_H

#include "index_env.h"
#include "msi_index.h"

/**
 * msi_index_drive - run a sequence
 * @operations: at most so many; it also ends where the choices do
 * @compare_every: compare the whole state and walk the invariants after every so many operations
 *
 * Finally makes the same state anew, by another way, and compares the bytes.
 *
 * Return: NULL if all agreed, or what did not.
 */
const char *msi_index_drive(struct choices *choices, const struct msi_index_shape *shape,
			    u32 operations, u32 compare_every);

#endif
