/* SPDX-License-Identifier: MIT */
/* Cells in aligned columns: the first column to the left, the others to the right, two spaces between them. */
#ifndef MSIRACE_SIM_REPORT_GRID_H
#define MSIRACE_SIM_REPORT_GRID_H

#include <glib.h>

struct grid;

struct grid *grid_new(size_t columns);

/* The next cell, row by row, to append text to; owned by the grid, valid until the next call. */
GString *grid_cell(struct grid *grid);

/* Appends the rows as lines and frees the grid. The last row must be full. */
void grid_print(struct grid *grid, GString *out);

#endif
