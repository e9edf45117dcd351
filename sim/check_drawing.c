// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <string.h>

#include "sim/check_witness.h"
#include "sim/json_write.h"

#define COLUMNS_MAX (CHECK_CPUS_MAX + CHECK_DEVICES_MAX)
#define GAP 2
#define NUMBER_WIDTH 3
#define NARROWEST 10

static const struct witness_step *step_at(const struct witness *w, guint n)
{
	return &g_array_index(w->steps, struct witness_step, n);
}

static const struct witness_cell *cell_at(const struct witness_step *step, guint n)
{
	return &g_array_index(step->cells, struct witness_cell, n);
}

static char *column_name(const struct witness *w, uint32_t column)
{
	uint32_t cpus = w->scenario->machine.cpus;

	return column < cpus ? g_strdup_printf("CPU%u", column) : g_strdup(w->scenario->devices[column - cpus].name);
}

/* ---- Columns ---- */

/* Widths of the columns that have something to say; 0: none. */
static void needed_widths(const struct witness *w, uint32_t *width)
{
	for (guint n = 0; n < w->steps->len; n++) {
		const struct witness_step *step = step_at(w, n);

		for (guint i = 0; i < step->cells->len; i++) {
			const struct witness_cell *cell = cell_at(step, i);
			g_autofree char *name = column_name(w, cell->column);
			uint32_t needed = (uint32_t)MAX(cell->text->len, strlen(name));

			width[cell->column] = MAX(width[cell->column], needed);
		}
	}
}

/* The widest columns give way until all fit; what does not fit in one line of its column goes on in the next. */
static void fit(uint32_t *width)
{
	for (;;) {
		uint32_t total = NUMBER_WIDTH;
		uint32_t widest = 0;

		for (uint32_t i = 0; i < COLUMNS_MAX; i++) {
			total += width[i] ? width[i] + GAP : 0;
			widest = width[i] > width[widest] ? i : widest;
		}
		if (total <= CHECK_WITNESS_WIDTH || width[widest] <= NARROWEST) {
			return;
		}
		width[widest]--;
	}
}

/* How much of a text goes into a line: up to the last space that fits, or as much as fits. */
static uint32_t line_of(const char *text, uint32_t width)
{
	uint32_t length = (uint32_t)strlen(text);

	if (length <= width) {
		return length;
	}
	for (uint32_t at = width; at > 0; at--) {
		if (text[at] == ' ') {
			return at;
		}
	}
	return width;
}

static void pad_to(GString *line, uint32_t column)
{
	while (line->len < column) {
		g_string_append_c(line, ' ');
	}
}

/* One line of a row; returns whether something is left for another one. */
static bool draw_line(const uint32_t *width, const char **left, GString *line)
{
	uint32_t at = NUMBER_WIDTH;
	bool more = false;

	for (uint32_t i = 0; i < COLUMNS_MAX; i++) {
		if (!width[i]) {
			continue;
		}
		at += GAP;
		if (left[i]) {
			uint32_t length = line_of(left[i], width[i]);

			pad_to(line, at);
			g_string_append_len(line, left[i], length);
			left[i] += length + (left[i][length] == ' ');
			left[i] = *left[i] ? left[i] : NULL;
			more |= left[i] != NULL;
		}
		at += width[i];
	}
	return more;
}

static void draw_row(const uint32_t *width, const char *number, const char **text, GString *out)
{
	bool more = true;

	for (bool first = true; more; first = false) {
		GString *line = g_string_new(first ? number : "");

		more = draw_line(width, text, line);
		g_string_append_printf(out, "%s\n", line->str);
		g_string_free(line, TRUE);
	}
}

static void draw_heading(const struct witness *w, const uint32_t *width, GString *out)
{
	const char *names[COLUMNS_MAX] = { NULL };

	for (uint32_t i = 0; i < COLUMNS_MAX; i++) {
		names[i] = width[i] ? column_name(w, i) : NULL;
	}
	char *owned[COLUMNS_MAX];
	memcpy(owned, names, sizeof(owned));
	draw_row(width, "", names, out);
	for (uint32_t i = 0; i < COLUMNS_MAX; i++) {
		g_free(owned[i]);
	}
}

static void draw_end(const struct witness *w, GString *out)
{
	if (w->unfinished && w->quiet) {
		g_string_append(out, "     DEADLOCK: nothing is left to happen, and a thread is in the middle of something\n");
	} else if (w->waiting->len && w->quiet) {
		g_string_append(out, "     STALE:");
		for (guint i = 0; i < w->waiting->len; i++) {
			g_string_append_printf(out, "%s %s", i ? "," : "", (const char *)w->waiting->pdata[i]);
		}
		g_string_append(out, " waits for service, and nothing is left to happen\n");
	}
}

void witness_columns(const struct witness *w, GString *out)
{
	uint32_t width[COLUMNS_MAX] = { 0 };

	needed_widths(w, width);
	fit(width);
	draw_heading(w, width, out);
	for (guint n = 0; n < w->steps->len; n++) {
		const struct witness_step *step = step_at(w, n);
		const char *text[COLUMNS_MAX] = { NULL };
		g_autofree char *number = g_strdup_printf("%*u", NUMBER_WIDTH, n + 1);

		for (guint i = 0; i < step->cells->len; i++) {
			text[cell_at(step, i)->column] = cell_at(step, i)->text->str;
		}
		if (step->cells->len) {
			draw_row(width, number, text, out);
		}
	}
	draw_end(w, out);
}

/* ---- JSON ---- */

static void json_step(const struct witness *w, struct json_writer *json, guint n)
{
	const struct witness_step *step = step_at(w, n);

	json_object_begin(json, NULL, JSON_ONE_LINE);
	json_uint(json, "step", n + 1);
	if (step->cause) {
		json_uint(json, "set_off_by", step->cause);
	}
	json_array_begin(json, "happens", JSON_ONE_LINE);
	for (guint i = 0; i < step->cells->len; i++) {
		g_autofree char *where = column_name(w, cell_at(step, i)->column);

		json_object_begin(json, NULL, JSON_ONE_LINE);
		json_string(json, "where", where);
		json_string(json, "what", cell_at(step, i)->text->str);
		json_end(json);
	}
	json_end(json);
	json_end(json);
}

static void json_subjects(const struct witness *w, struct json_writer *json)
{
	json_array_begin(json, "shows", JSON_ONE_LINE);
	for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
		/* A raise may still be on its way: only what is quiet is stale. */
		if (w->subjects >> subject & 1 && (subject != CHECK_STALE || w->quiet)) {
			json_string(json, NULL, check_subject_name((enum check_subject)subject));
		}
	}
	json_end(json);
}

void witness_json(const struct witness *w, GString *out)
{
	struct json_writer json = { .out = out };

	json_object_begin(&json, NULL, JSON_LINES);
	json_uint(&json, "schema_version", 1);
	json_string(&json, "scenario", w->scenario->name);
	json_string(&json, "strategy", w->contender->name);
	json_string(&json, "token", w->token_text);
	json_object_begin(&json, "bounds", JSON_ONE_LINE);
	json_uint(&json, "raises", w->token.bounds.raises);
	json_uint(&json, "migrations", w->token.bounds.migrations);
	json_bool(&json, "stalls", w->token.bounds.stalls);
	json_end(&json);
	json_subjects(w, &json);
	json_bool(&json, "quiet", w->quiet);
	json_bool(&json, "deadlock", w->quiet && w->unfinished);
	json_array_begin(&json, "waiting", JSON_ONE_LINE);
	for (guint i = 0; i < w->waiting->len; i++) {
		json_string(&json, NULL, w->waiting->pdata[i]);
	}
	json_end(&json);
	json_array_begin(&json, "steps", JSON_LINES);
	for (guint n = 0; n < w->steps->len; n++) {
		json_step(w, &json, n);
	}
	json_end(&json);
	json_string(&json, "resolved", w->scenario->resolved_yaml);
	json_end(&json);
	g_string_append(out, out->len && out->str[out->len - 1] != '\n' ? "\n" : "");
}

/* ---- Graph ---- */

static void dot_quoted(GString *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\') {
			g_string_append_c(out, '\\');
		}
		g_string_append_c(out, *text);
	}
}

/* Order within a place is solid, cause between places dashed. */
static void dot_edges(const struct witness *w, guint n, uint32_t *last, GString *out)
{
	const struct witness_step *step = step_at(w, n);

	for (guint i = 0; i < step->cells->len; i++) {
		uint32_t column = cell_at(step, i)->column;

		if (last[column]) {
			g_string_append_printf(out, "\ts%u_%u -> s%u_%u;\n", last[column], column, n + 1, column);
		}
		last[column] = n + 1;
	}
	if (step->cause && step->cells->len) {
		const struct witness_step *cause = step_at(w, step->cause - 1);

		if (cause->cells->len && cell_at(cause, 0)->column != cell_at(step, 0)->column) {
			g_string_append_printf(out, "\ts%u_%u -> s%u_%u [style=dashed];\n", step->cause,
					       cell_at(cause, 0)->column, n + 1, cell_at(step, 0)->column);
		}
	}
}

static void dot_place(const struct witness *w, uint32_t column, GString *out)
{
	GString *nodes = g_string_new(NULL);
	g_autofree char *name = column_name(w, column);

	for (guint n = 0; n < w->steps->len; n++) {
		const struct witness_step *step = step_at(w, n);

		for (guint i = 0; i < step->cells->len; i++) {
			if (cell_at(step, i)->column == column) {
				g_string_append_printf(nodes, "\t\ts%u_%u [label=\"%u: ", n + 1, column, n + 1);
				dot_quoted(nodes, cell_at(step, i)->text->str);
				g_string_append(nodes, "\"];\n");
			}
		}
	}
	if (nodes->len) {
		g_string_append_printf(out, "\tsubgraph cluster_%u {\n\t\tlabel=\"", column);
		dot_quoted(out, name);
		g_string_append_printf(out, "\";\n%s\t}\n", nodes->str);
	}
	g_string_free(nodes, TRUE);
}

void witness_dot(const struct witness *w, GString *out)
{
	uint32_t last[COLUMNS_MAX] = { 0 };

	g_string_append(out, "digraph witness {\n\tlabel=\"");
	dot_quoted(out, w->scenario->name);
	g_string_append(out, "/");
	dot_quoted(out, w->contender->name);
	g_string_append(out, "\";\n\tnode [shape=box, fontsize=10];\n");
	for (uint32_t column = 0; column < COLUMNS_MAX; column++) {
		if (column < w->scenario->machine.cpus + w->scenario->devices_count) {
			dot_place(w, column, out);
		}
	}
	for (guint n = 0; n < w->steps->len; n++) {
		dot_edges(w, n, last, out);
	}
	g_string_append(out, "}\n");
}
