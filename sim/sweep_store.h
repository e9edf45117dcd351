/* SPDX-License-Identifier: MIT */
/*
 * The finished cells of a sweep, in an SQLite database: whatever ends the program, what is finished stays. Write-ahead log,
 * one transaction a cell.
 *
 * A cell is found again by a digest of its resolved scenario and the program's version: with another seed, key or version it
 * is another cell.
 */
#ifndef MSIRACE_SIM_SWEEP_STORE_H
#define MSIRACE_SIM_SWEEP_STORE_H

#include <stdbool.h>

#include "sim/scenario.h"

struct sweep_store;

/* Opens a store, and makes it where it is not there; keep: with what it holds. NULL, and *error (g_free()), otherwise. */
struct sweep_store *sweep_store_open(const char *path, bool keep, char **error);
void sweep_store_close(struct sweep_store *store);

/* The document of a finished cell, g_free()d by the caller; NULL where it is not finished. */
char *sweep_store_find(struct sweep_store *store, const struct scenario *cell, const char *version);

/* Keeps a document. When this returns true it is on disk. */
bool sweep_store_add(struct sweep_store *store, const struct scenario *cell, const char *version,
		     const char *document, char **error);

#endif
