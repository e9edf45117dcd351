/* SPDX-License-Identifier: MIT */
#include "sim/sweep.h"

#include <glib.h>
#include <stdio.h>

static size_t count_cells(const struct scenario *s)
{
	size_t cells = 1;

	for (size_t key = 0; key < s->sweep_count && cells <= SWEEP_CELLS_MAX; key++) {
		cells *= s->sweep[key].values_count;
	}
	return cells;
}

/* The digits of a number in the mixed base of the keys' value counts. */
static void values_of(const struct scenario *s, size_t number, const char **values)
{
	for (size_t key = s->sweep_count; key-- > 0;) {
		values[key] = s->sweep[key].values[number % s->sweep[key].values_count];
		number /= s->sweep[key].values_count;
	}
}

static struct scenario *load_cell(const struct scenario *s, const struct scenario_load_options *options,
				  const char *const *values)
{
	size_t given = options->overrides_count;
	struct scenario_override *overrides = g_new0(struct scenario_override, given + s->sweep_count);
	GPtrArray *origins = g_ptr_array_new_with_free_func(g_free);
	struct scenario_load_options of_cell = *options;
	struct diagnostics *d = diagnostics_new(s->file);

	for (size_t i = 0; i < given; i++) {
		overrides[i] = options->overrides[i];
	}
	for (size_t key = 0; key < s->sweep_count; key++) {
		char *origin = g_strdup_printf("sweep %s", s->sweep[key].path);
		g_ptr_array_add(origins, origin);
		overrides[given + key] = (struct scenario_override){ origin, s->sweep[key].path, values[key] };
	}
	of_cell.overrides = overrides;
	of_cell.overrides_count = given + s->sweep_count;
	of_cell.cell = true;
	struct scenario *cell = scenario_load(s->file, &of_cell, d);
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	g_ptr_array_free(origins, TRUE);
	g_free(overrides);
	return cell;
}

bool sweep_load(struct sweep *sweep, const struct scenario *s, const struct scenario_load_options *options)
{
	size_t cells = count_cells(s);

	*sweep = (struct sweep){ .scenario = s };
	if (cells > SWEEP_CELLS_MAX) {
		fprintf(stderr, "%s:%d: error: the sweep has more than %d cells\n", s->file, s->sweep[0].line,
			SWEEP_CELLS_MAX);
		return false;
	}
	sweep->cells = g_new0(struct sweep_cell, cells);
	for (size_t i = 0; i < cells; i++) {
		struct sweep_cell *cell = &sweep->cells[sweep->cells_count++];
		cell->values = g_new0(const char *, s->sweep_count);
		values_of(s, i, cell->values);
		cell->scenario = load_cell(s, options, cell->values);
		if (!cell->scenario) {
			return false;
		}
	}
	return true;
}

void sweep_free(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->cells_count; i++) {
		g_free(sweep->cells[i].values);
		scenario_free(sweep->cells[i].scenario);
	}
	g_free(sweep->cells);
	*sweep = (struct sweep){ 0 };
}
