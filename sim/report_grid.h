/* SPDX-License-Identifier: MIT */
/* Cells in aligned columns: the first ones to the left, the others to the right, two spaces between them. */
#ifndef MSIRACE_SIM_REPORT_GRID_H
#define MSIRACE_SIM_REPORT_GRID_H

#include <glib.h>

struct grid;

struct grid *grid_new(size_t columns, size_t left_columns);

/* The next cell, row by row, to append text to; owned by the grid, valid until the next call. */
GString *grid_cell(struct grid *grid);

/* Appends the rows as lines, without spaces at their ends. The last row must be full. */
void grid_print(const struct grid *grid, GString *out);

void grid_free(struct grid *grid);

#endif
