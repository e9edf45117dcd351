/* SPDX-License-Identifier: MIT */
#include "sim/report_grid.h"

#include <stdbool.h>

struct grid {
	size_t columns;
	size_t left_columns;
	GPtrArray *cells; /* of GString */
};

static void free_cell(gpointer cell)
{
	g_string_free(cell, TRUE);
}

struct grid *grid_new(size_t columns, size_t left_columns)
{
	struct grid *grid = g_new0(struct grid, 1);

	grid->columns = columns;
	grid->left_columns = left_columns;
	grid->cells = g_ptr_array_new_with_free_func(free_cell);
	return grid;
}

GString *grid_cell(struct grid *grid)
{
	GString *cell = g_string_new(NULL);

	g_ptr_array_add(grid->cells, cell);
	return cell;
}

static glong cell_width(const struct grid *grid, size_t i)
{
	const GString *cell = g_ptr_array_index(grid->cells, i);

	return g_utf8_strlen(cell->str, -1);
}

static glong column_width(const struct grid *grid, size_t column)
{
	glong widest = 0;

	for (size_t i = column; i < grid->cells->len; i += grid->columns) {
		widest = MAX(widest, cell_width(grid, i));
	}
	return widest;
}

static void append_spaces(GString *out, glong count)
{
	for (glong i = 0; i < count; i++) {
		g_string_append_c(out, ' ');
	}
}

void grid_print(const struct grid *grid, GString *out)
{
	glong *widths = g_new(glong, grid->columns);

	g_assert(grid->cells->len % grid->columns == 0);
	for (size_t column = 0; column < grid->columns; column++) {
		widths[column] = column_width(grid, column);
	}
	for (size_t i = 0; i < grid->cells->len; i++) {
		size_t column = i % grid->columns;
		const GString *cell = g_ptr_array_index(grid->cells, i);
		glong padding = widths[column] - cell_width(grid, i);
		bool left = column < grid->left_columns, last = column == grid->columns - 1;
		append_spaces(out, (column ? 2 : 0) + (left ? 0 : padding));
		g_string_append(out, cell->str);
		append_spaces(out, left && !last ? padding : 0);
		if (last) {
			g_string_append_c(out, '\n');
		}
	}
	g_free(widths);
}

void grid_free(struct grid *grid)
{
	g_ptr_array_free(grid->cells, TRUE);
	g_free(grid);
}
