/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "sim/compare.h"
#include "sim/json_write.h"
#include "sim/junit.h"
#include "sim/report_format.h"
#include "sim/report_grid.h"

#define COMPARE_SCHEMA_VERSION 1

enum column {
	COLUMN_CONTENDER,
	COLUMN_METRIC,
	COLUMN_BASE,
	COLUMN_NEW,
	COLUMN_DIFFERENCE,
	COLUMN_INTERVAL,
	COLUMN_P,
	COLUMN_VERDICT,
	COLUMNS
};

static void append_signed(GString *out, const struct compare_row *row, double value, bool sign)
{
	if (isnan(value)) {
		g_string_append_c(out, '-');
		return;
	}
	if (sign) {
		g_string_append_c(out, value < 0.0 ? '-' : '+');
		value = fabs(value);
	}
	if (row->metric->unit == COMPARE_DURATION && isfinite(value)) {
		format_duration(out, value);
	} else if (isinf(value)) {
		g_string_append(out, sign ? "inf" : ">17.59s");
	} else {
		format_value(out, METRIC_LOST_PER_MIGRATION, value);
	}
}

static void append_column_name(GString *out, enum column column, double alpha)
{
	static const char *const names[COLUMNS] = {
		[COLUMN_CONTENDER] = "contender", [COLUMN_METRIC] = "metric",
		[COLUMN_BASE] = "base",		  [COLUMN_NEW] = "new",
		[COLUMN_DIFFERENCE] = "change",	  [COLUMN_P] = "p",
		[COLUMN_VERDICT] = "verdict",
	};

	if (column == COLUMN_INTERVAL) {
		g_string_append_printf(out, "%g %% interval", 100.0 * (1.0 - alpha));
	} else {
		g_string_append(out, names[column]);
	}
}

static void append_p(GString *out, const struct compare_row *row)
{
	if (row->verdict == COMPARE_SAME && row->p_value == 1.0) {
		g_string_append_c(out, '-');
	} else if (row->p_corrected < 1e-4) {
		g_string_append(out, "<0.0001");
	} else {
		g_string_append_printf(out, "%.4f", row->p_corrected);
	}
}

static void append_cell(GString *out, const struct compare_row *row, enum column column)
{
	switch (column) {
	case COLUMN_CONTENDER:
		g_string_append(out, row->contender);
		break;
	case COLUMN_METRIC:
		g_string_append(out, row->metric->key);
		if (*row->per) {
			g_string_append_printf(out, "/%s", row->per);
		}
		break;
	case COLUMN_BASE:
		append_signed(out, row, row->base, false);
		break;
	case COLUMN_NEW:
		append_signed(out, row, row->new, false);
		break;
	case COLUMN_DIFFERENCE:
		append_signed(out, row, row->difference, true);
		break;
	case COLUMN_INTERVAL:
		append_signed(out, row, row->low, true);
		g_string_append(out, " .. ");
		append_signed(out, row, row->high, true);
		break;
	case COLUMN_P:
		append_p(out, row);
		break;
	case COLUMN_VERDICT:
		g_string_append(out, compare_verdict_name(row->verdict));
		if (row->verdict == COMPARE_WORSE && !row->may_fail) {
			g_string_append(out, " (allowed)");
		}
		break;
	case COLUMNS:
		break;
	}
}

static void append_summary(GString *out, const struct comparison *c)
{
	g_string_append_printf(out, "%zu worse, %zu better, %zu the same, %zu inconclusive; ",
			       c->verdicts[COMPARE_WORSE], c->verdicts[COMPARE_BETTER],
			       c->verdicts[COMPARE_SAME], c->verdicts[COMPARE_INCONCLUSIVE]);
	if (c->regressions == 0 && c->unknown) {
		g_string_append_printf(out, "regression unknown: %zu not finished in new\n",
				       c->unknown);
	} else if (c->regressions == 0) {
		g_string_append(out, "no regression\n");
	} else {
		g_string_append_printf(out, "%zu regression%s\n", c->regressions,
				       c->regressions == 1 ? "" : "s");
	}
}

/* The rows of a scenario that are not the same, from *i on, which ends behind its last row. */
static void append_scenario(GString *out, const struct comparison *c, size_t *i)
{
	const char *scenario = c->rows[*i].scenario;
	struct grid *grid = grid_new(COLUMNS, 2);
	size_t shown = 0;

	for (enum column column = 0; column < COLUMNS; column++) {
		append_column_name(grid_cell(grid), column, c->options.alpha);
	}
	for (; *i < c->rows_count && c->rows[*i].scenario == scenario; (*i)++) {
		if (c->rows[*i].verdict == COMPARE_SAME) {
			continue;
		}
		shown++;
		for (enum column column = 0; column < COLUMNS; column++) {
			append_cell(grid_cell(grid), &c->rows[*i], column);
		}
	}
	g_string_append_printf(out, "%s%s\n", scenario, shown ? "" : ": all the same");
	if (shown) {
		grid_print(grid, out);
	}
	grid_free(grid);
	g_string_append_c(out, '\n');
}

GString *compare_text(const struct comparison *c)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "base %s, new %s\n\n", c->base->path, c->new->path);
	for (size_t i = 0; i < c->rows_count;) {
		append_scenario(out, c, &i);
	}
	for (char **line = c->notes; *line; line++) {
		g_string_append_printf(out, "note: %s\n", *line);
	}
	append_summary(out, c);
	return out;
}

/* A cell may hold no bar and no line break. */
static void append_markdown_cell(GString *out, const char *text)
{
	g_string_append(out, " ");
	for (; *text; text++) {
		if (*text == '|' || *text == '\\' || *text == '<' || *text == '&' || *text == '`' ||
		    *text == '*' || *text == '_' || *text == '[') {
			g_string_append_c(out, '\\');
		}
		g_string_append_c(out, *text == '\n' || *text == '\r' ? ' ' : *text);
	}
	g_string_append(out, " |");
}

static void append_markdown_header(GString *out, double alpha)
{
	g_string_append(out, "| scenario |");
	for (enum column column = 0; column < COLUMNS; column++) {
		GString *name = g_string_new(NULL);
		append_column_name(name, column, alpha);
		append_markdown_cell(out, name->str);
		g_string_free(name, TRUE);
	}
	g_string_append(out, "\n|---|---|---|--:|--:|--:|--:|--:|---|\n");
}

static void append_markdown_row(GString *out, const struct compare_row *row)
{
	g_string_append_c(out, '|');
	append_markdown_cell(out, row->scenario);
	for (enum column column = 0; column < COLUMNS; column++) {
		GString *cell = g_string_new(NULL);
		append_cell(cell, row, column);
		append_markdown_cell(out, cell->str);
		g_string_free(cell, TRUE);
	}
	g_string_append_c(out, '\n');
}

GString *compare_markdown(const struct comparison *c)
{
	GString *out = g_string_new(NULL);

	append_summary(out, c);
	if (c->verdicts[COMPARE_SAME] < c->rows_count) {
		g_string_append_c(out, '\n');
		append_markdown_header(out, c->options.alpha);
	}
	for (size_t i = 0; i < c->rows_count; i++) {
		if (c->rows[i].verdict != COMPARE_SAME) {
			append_markdown_row(out, &c->rows[i]);
		}
	}
	for (char **line = c->notes; *line; line++) {
		g_string_append_printf(out, "\nNote: %s\n", *line);
	}
	return out;
}

static void write_set(struct json_writer *w, const char *key, const struct results_set *set)
{
	json_object_begin(w, key, JSON_LINES);
	json_string(w, "path", set->path);
	json_array_begin(w, "runs", JSON_LINES);
	for (uint32_t i = 0; i < set->count; i++) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "scenario", set->each[i].scenario);
		json_string(w, "version", set->each[i].version);
		json_uint(w, "seed", set->each[i].seed);
		json_bool(w, "partial", set->each[i].partial);
		json_end(w);
	}
	json_end(w);
	json_end(w);
}

static void write_row(struct json_writer *w, const struct compare_row *row)
{
	json_object_begin(w, NULL, JSON_ONE_LINE);
	json_string(w, "scenario", row->scenario);
	json_string(w, "contender", row->contender);
	json_string(w, "metric", row->metric->key);
	json_string(w, "per", row->per);
	json_double(w, "base", row->base);
	json_double(w, "new", row->new);
	json_double(w, "difference", row->difference);
	json_double(w, "low", row->low);
	json_double(w, "high", row->high);
	json_string(w, "test", row->test);
	json_double(w, "p_value", row->p_value);
	json_double(w, "p_corrected", row->p_corrected);
	json_string(w, "verdict", compare_verdict_name(row->verdict));
	json_bool(w, "may_fail", row->may_fail);
	json_end(w);
}

static void write_verdicts(struct json_writer *w, const struct comparison *c)
{
	json_object_begin(w, "verdicts", JSON_ONE_LINE);
	for (enum compare_verdict verdict = 0; verdict < COMPARE_VERDICTS; verdict++) {
		json_uint(w, compare_verdict_name(verdict), c->verdicts[verdict]);
	}
	json_end(w);
	json_uint(w, "regressions", c->regressions);
	json_uint(w, "unknown", c->unknown);
	json_array_begin(w, "notes", JSON_LINES);
	for (char **line = c->notes; *line; line++) {
		json_string(w, NULL, *line);
	}
	json_end(w);
}

GString *compare_json(const struct comparison *c, const char *version)
{
	struct json_writer w = { .out = g_string_new(NULL) };

	json_object_begin(&w, NULL, JSON_LINES);
	json_uint(&w, "schema_version", COMPARE_SCHEMA_VERSION);
	json_string(&w, "kind", "msirace compare");
	json_string(&w, "version", version);
	json_double(&w, "alpha", c->options.alpha);
	json_double(&w, "margin", c->options.margin);
	write_set(&w, "base", c->base);
	write_set(&w, "new", c->new);
	json_array_begin(&w, "rows", JSON_LINES);
	for (size_t i = 0; i < c->rows_count; i++) {
		write_row(&w, &c->rows[i]);
	}
	json_end(&w);
	write_verdicts(&w, c);
	json_end(&w);
	g_string_append_c(w.out, '\n');
	return w.out;
}

static gchar *row_message(const struct compare_row *row)
{
	GString *message = g_string_new(NULL);

	append_cell(message, row, COLUMN_BASE);
	g_string_append(message, " became ");
	append_cell(message, row, COLUMN_NEW);
	g_string_append(message, ", change ");
	append_cell(message, row, COLUMN_INTERVAL);
	g_string_append(message, ", p ");
	append_cell(message, row, COLUMN_P);
	return g_string_free(message, FALSE);
}

static struct junit_case row_case(const struct compare_row *row, GPtrArray *texts)
{
	static const enum junit_outcome outcomes[COMPARE_VERDICTS] = {
		[COMPARE_SAME] = JUNIT_PASSED,
		[COMPARE_BETTER] = JUNIT_PASSED,
		[COMPARE_WORSE] = JUNIT_FAILED,
		[COMPARE_INCONCLUSIVE] = JUNIT_SKIPPED,
	};
	gchar *classname = g_strdup_printf("%s.%s", row->scenario, row->contender);
	gchar *message = row_message(row);

	g_ptr_array_add(texts, classname);
	g_ptr_array_add(texts, message);
	return (struct junit_case){ classname, row->metric->key, outcomes[row->verdict], message };
}

GString *compare_junit(const struct comparison *c, const char *version)
{
	struct junit_case *cases = g_new0(struct junit_case, c->rows_count);
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
	const struct junit_property properties[] = {
		{ "version", version },
		{ "base", c->base->path },
		{ "new", c->new->path },
	};
	struct junit_suite suite = {
		.name = "compare",
		.seconds = NAN,
		.properties = properties,
		.properties_count = G_N_ELEMENTS(properties),
		.cases = cases,
	};

	for (size_t i = 0; i < c->rows_count; i++) {
		if (c->rows[i].may_fail) {
			cases[suite.cases_count++] = row_case(&c->rows[i], texts);
		}
	}
	GString *document = junit_document(&suite, 1);
	g_ptr_array_free(texts, TRUE);
	g_free(cases);
	return document;
}
