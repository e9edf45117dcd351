// SPDX-License-Identifier: MIT
/*
 * Lost and stale per migration, on logarithmic axes. What never happened has no place on such an axis: it is drawn as its
 * upper bound, with a mark of its own.
 */
#include <math.h>
#include <string.h>

#include "sim/closed_form.h"
#include "sim/loader.h"
#include "sim/plot.h"
#include "sim/units.h"

static const int subjects[] = { METRIC_LOST_PER_MIGRATION, METRIC_STALE_PER_MIGRATION };

static const struct estimate *estimate_of(const struct results_contender *c, int metric)
{
	return &c->derived[metric - METRIC_COUNTERS_COUNT];
}

/* The range of a logarithmic axis. */
struct range {
	double low;
	double high;
};

static void widen(struct range *range, double value)
{
	if (isfinite(value) && value > 0.0) {
		range->low = isnan(range->low) ? value : MIN(range->low, value);
		range->high = isnan(range->high) ? value : MAX(range->high, value);
	}
}

static void widen_by_contender(struct range *range, const struct results_contender *c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(subjects); i++) {
		const struct estimate *estimate = estimate_of(c, subjects[i]);
		widen(range, estimate->value);
		widen(range, estimate->high);
		/* An interval that comes near zero would leave no room for the others. */
		widen(range, MAX(estimate->low, estimate->value / 10.0));
	}
}

/* Whole decades have ticks; a little room at either end. */
static void define_range(struct figure *f, const struct range *range)
{
	double low = range->low / 1.6;
	double high = range->high * 1.6;

	if (high / low < 20.0) {
		low = MIN(low, pow(10.0, floor(log10(range->low))));
		high = MAX(high, pow(10.0, ceil(log10(range->high))));
	}
	figure_define(f, "low", low);
	figure_define(f, "high", high);
}

/* The scenario of a run, loaded again; NULL where this program does not take it. */
static struct scenario *scenario_of(const struct results *run)
{
	struct diagnostics *d = diagnostics_new(run->file);
	struct scenario *s = scenario_load_text(run->file, run->resolved, strlen(run->resolved),
						NULL, d);

	diagnostics_free(d);
	return s;
}

static double closed_form(const struct scenario *s, const char *name)
{
	for (size_t i = 0; s && i < s->contenders_count; i++) {
		if (strcmp(s->contenders[i].name, name) == 0) {
			return closed_form_lost_per_migration(s, &s->contenders[i]);
		}
	}
	return NAN;
}

static void append_estimate(GString *table, const struct estimate *estimate)
{
	figure_number(table, estimate->value);
	g_string_append_c(table, '\t');
	figure_number(table, estimate->low);
	g_string_append_c(table, '\t');
	figure_number(table, estimate->high);
	g_string_append_c(table, '\t');
}

#define ESTIMATE_COLUMNS "lost\tlost_low\tlost_high\tstale\tstale_low\tstale_high\tclosed_form\tmigrations\n"

static void append_contender(GString *table, const struct results_contender *c,
			     double closed_form)
{
	uint64_t migrations = 0;

	for (uint32_t i = 0; i < c->replications; i++) {
		migrations += c->each[i].counter[METRIC_MIGRATIONS_DONE];
	}
	for (size_t i = 0; i < G_N_ELEMENTS(subjects); i++) {
		append_estimate(table, estimate_of(c, subjects[i]));
	}
	figure_number(table, closed_form);
	g_string_append_printf(table, "\t%" G_GUINT64_FORMAT "\n", migrations);
}

struct figure *plot_loss(const struct results_set *set, const struct results *run)
{
	g_autofree char *stem = plot_stem(run, "loss");
	g_autofree char *caption = plot_caption(set, run);
	g_autofree const char **names = plot_contender_names(run);
	struct figure *f = figure_new("loss", stem, "Interrupts lost per migration", caption);
	struct scenario *s = scenario_of(run);
	struct range range = { NAN, NAN };

	g_string_append(f->table[0], "row\tstrategy\t" ESTIMATE_COLUMNS);
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		double pencil = closed_form(s, names[i]);
		g_string_append_printf(f->table[0], "%u\t", i + 1);
		figure_cell(f->table[0], names[i]);
		g_string_append_c(f->table[0], '\t');
		append_contender(f->table[0], &run->contenders[i], pencil);
		widen_by_contender(&range, &run->contenders[i]);
		widen(&range, pencil);
	}
	scenario_free(s);
	if (isnan(range.low)) {
		figure_free(f);
		return NULL;
	}
	figure_define(f, "height", 186 + 27 * run->contenders_count);
	figure_define(f, "rows", run->contenders_count);
	figure_define_texts(f, "strategy", names, run->contenders_count);
	define_range(f, &range);
	return f;
}

/* How the values of a key read as numbers, with the unit of their axis; the first that fits all of them is taken. */
struct scale {
	const char *unit;      /* as gnuplot's format */
	const char *column;
	bool (*read)(const char *text, double *value);
};

static bool read_rate(const char *text, double *value)
{
	g_autofree char *error = units_read_rate(text, value);

	return error == NULL;
}

static bool read_duration(const char *text, double *value)
{
	uint64_t value_ps = 0;
	g_autofree char *error = units_read_duration(text, &value_ps);

	*value = (double)value_ps * 1e-12;
	return error == NULL;
}

static bool read_fraction(const char *text, double *value)
{
	g_autofree char *error = units_read_fraction(text, value);

	*value *= 100.0;
	return error == NULL;
}

static bool read_plain(const char *text, double *value)
{
	uint64_t count = 0;
	g_autofree char *error = units_read_count(text, &count);

	if (error == NULL) {
		*value = (double)count;
		return true;
	}
	g_autofree char *decimal_error = units_read_decimal(text, value);
	return decimal_error == NULL;
}

static const struct scale scales[] = {
	{ "%.0s %cHz", "rate_hz", read_rate },
	{ "%.0s %cs", "time_s", read_duration },
	{ "%g %%", "percent", read_fraction },
	{ "%g", "number", read_plain },
};

/* NULL: the values are words, which stand at even distances in the order of the sweep. */
static const struct scale *scale_of(const struct results_set *set, uint32_t key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(scales); i++) {
		bool all = true;
		for (uint32_t cell = 0; cell < set->count && all; cell++) {
			double value;
			all = scales[i].read(set->each[cell].values[key], &value);
		}
		if (all) {
			return &scales[i];
		}
	}
	return NULL;
}

/* The different values of a key, in the order of the sweep; borrowed. */
static GPtrArray *values_of(const struct results_set *set, uint32_t key)
{
	GPtrArray *values = g_ptr_array_new();

	for (uint32_t cell = 0; cell < set->count; cell++) {
		char *value = set->each[cell].values[key];
		if (!g_ptr_array_find_with_equal_func(values, value, g_str_equal, NULL)) {
			g_ptr_array_add(values, value);
		}
	}
	return values;
}

uint32_t plot_sweep_key(const struct results_set *set)
{
	uint32_t best = 0;
	guint most = 0;

	for (uint32_t key = 0; key < set->keys_count; key++) {
		g_autoptr(GPtrArray) values = values_of(set, key);
		guint numbers = scale_of(set, key) ? values->len : 0;
		if (numbers > most) {
			most = numbers;
			best = key;
		}
	}
	return best;
}

struct sweep {
	const struct results_set *set;
	uint32_t key;
	const struct scale *scale;
	GPtrArray *values;      /* of the key */
	GPtrArray *strategies;  /* of all cells, in the order in which they appear */
};

static void list_strategies(struct sweep *sweep)
{
	for (uint32_t cell = 0; cell < sweep->set->count; cell++) {
		const struct results *run = &sweep->set->each[cell];
		for (uint32_t i = 0; i < run->contenders_count; i++) {
			char *name = run->contenders[i].name;
			if (!g_ptr_array_find_with_equal_func(sweep->strategies, name, g_str_equal,
							      NULL)) {
				g_ptr_array_add(sweep->strategies, name);
			}
		}
	}
}

/* Do two cells agree in all keys but that of the x axis? */
static bool same_panel(const struct sweep *sweep, const struct results *a, const struct results *b)
{
	for (uint32_t key = 0; key < sweep->set->keys_count; key++) {
		if (key != sweep->key && strcmp(a->values[key], b->values[key]) != 0) {
			return false;
		}
	}
	return true;
}

static bool is_first_of_panel(const struct sweep *sweep, uint32_t cell)
{
	for (uint32_t i = 0; i < cell; i++) {
		if (same_panel(sweep, &sweep->set->each[i], &sweep->set->each[cell])) {
			return false;
		}
	}
	return true;
}

static double position_of(const struct sweep *sweep, const struct results *run)
{
	const char *text = run->values[sweep->key];
	double value = 0.0;
	guint index = 0;

	if (sweep->scale) {
		sweep->scale->read(text, &value);
		return value;
	}
	g_ptr_array_find_with_equal_func(sweep->values, text, g_str_equal, &index);
	return index + 1.0;
}

/* The caption of a panel names the other keys' values, not the one of the axis. */
static char *panel_caption(const struct sweep *sweep, const struct results *run)
{
	const struct results_set *set = sweep->set;
	struct results_set others = *set;
	struct results alike = *run;

	others.keys = g_new0(char *, set->keys_count);
	alike.values = g_new0(char *, set->keys_count);
	others.keys_count = 0;
	for (uint32_t key = 0; key < set->keys_count; key++) {
		if (key != sweep->key) {
			others.keys[others.keys_count] = set->keys[key];
			alike.values[others.keys_count++] = run->values[key];
		}
	}
	char *caption = plot_caption(&others, &alike);
	g_free(others.keys);
	g_free(alike.values);
	return caption;
}

static gint by_position(gconstpointer a, gconstpointer b, gpointer data)
{
	const struct sweep *sweep = data;
	double left = position_of(sweep, *(const struct results *const *)a);
	double right = position_of(sweep, *(const struct results *const *)b);

	return (left > right) - (left < right);
}

/* The cells of a panel from left to right, so that lines do not run back. */
static GPtrArray *panel_cells(struct sweep *sweep, uint32_t first)
{
	GPtrArray *cells = g_ptr_array_new();

	for (uint32_t cell = first; cell < sweep->set->count; cell++) {
		struct results *run = &sweep->set->each[cell];
		if (same_panel(sweep, &sweep->set->each[first], run)) {
			g_ptr_array_add(cells, run);
		}
	}
	g_ptr_array_sort_with_data(cells, by_position, sweep);
	return cells;
}

static void append_cell(struct figure *f, const struct sweep *sweep, const struct results *run,
			struct range *x, struct range *y)
{
	struct scenario *s = scenario_of(run);
	double position = position_of(sweep, run);

	widen(x, position);
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		const struct results_contender *c = &run->contenders[i];
		double pencil = closed_form(s, c->name);
		guint series = 0;
		g_ptr_array_find_with_equal_func(sweep->strategies, c->name, g_str_equal, &series);
		g_string_append_printf(f->table[0], "%u\t", series + 1);
		figure_cell(f->table[0], c->name);
		g_string_append_c(f->table[0], '\t');
		figure_cell(f->table[0], run->values[sweep->key]);
		g_string_append_c(f->table[0], '\t');
		figure_number(f->table[0], position);
		g_string_append_c(f->table[0], '\t');
		append_contender(f->table[0], c, pencil);
		widen_by_contender(y, c);
		widen(y, pencil);
	}
	scenario_free(s);
}

static void define_axis(struct figure *f, const struct sweep *sweep, const struct range *x)
{
	double low = INFINITY;

	for (uint32_t cell = 0; cell < sweep->set->count; cell++) {
		low = MIN(low, position_of(sweep, &sweep->set->each[cell]));
	}
	bool logarithmic = sweep->scale && low > 0.0 && x->high / x->low >= 4.0;
	figure_define(f, "x_words", sweep->scale ? 0 : 1);
	figure_define(f, "x_log", logarithmic ? 1 : 0);
	figure_define(f, "x_low", low);
	figure_define(f, "x_high", isnan(x->high) ? low : x->high);
	figure_define(f, "x_values", sweep->values->len);
	figure_define_texts(f, "x_word", (const char *const *)sweep->values->pdata,
			    sweep->values->len);
	figure_define_text(f, "x_column", sweep->scale ? sweep->scale->column : "position");
	figure_define_text(f, "x_format", sweep->scale ? sweep->scale->unit : "%g");
	figure_define_text(f, "x_label", sweep->set->keys[sweep->key]);
}

static struct figure *draw_panel(struct sweep *sweep, uint32_t first)
{
	const struct results *run = &sweep->set->each[first];
	g_autofree char *stem = plot_stem(run, "loss-sweep");
	g_autofree char *caption = panel_caption(sweep, run);
	struct figure *f = figure_new("loss_sweep", stem, "Interrupts lost per migration", caption);
	struct range x = { NAN, NAN }, y = { NAN, NAN };

	g_string_append_printf(f->table[0], "series\tstrategy\tvalue\t%s\t" ESTIMATE_COLUMNS,
			       sweep->scale ? sweep->scale->column : "position");
	g_autoptr(GPtrArray) cells = panel_cells(sweep, first);
	for (guint i = 0; i < cells->len; i++) {
		append_cell(f, sweep, g_ptr_array_index(cells, i), &x, &y);
	}
	if (isnan(y.low)) {
		figure_free(f);
		return NULL;
	}
	/* The legend's lines decide from eighteen on. */
	figure_define(f, "height", MAX(560, 130 + 24 * (sweep->strategies->len + 2)));
	figure_define(f, "series", sweep->strategies->len);
	figure_define_texts(f, "strategy", (const char *const *)sweep->strategies->pdata,
			    sweep->strategies->len);
	define_range(f, &y);
	define_axis(f, sweep, &x);
	return f;
}

void plot_sweep_loss(const struct results_set *set, uint32_t key, GHashTable *stems,
		     GPtrArray *plots)
{
	struct sweep sweep = {
		.set = set,
		.key = key,
		.scale = scale_of(set, key),
		.values = values_of(set, key),
		.strategies = g_ptr_array_new(),
	};

	list_strategies(&sweep);
	for (uint32_t cell = 0; cell < set->count; cell++) {
		if (is_first_of_panel(&sweep, cell)) {
			plot_add(plots, stems, PLOT_LOSS, PLOT_OF_SWEEP, draw_panel(&sweep, cell));
		}
	}
	g_ptr_array_unref(sweep.values);
	g_ptr_array_unref(sweep.strategies);
}
