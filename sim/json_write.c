/* SPDX-License-Identifier: MIT */
#include "sim/json_write.h"

#include <math.h>
#include <string.h>

void json_append_quoted(GString *out, const char *text)
{
	gchar *valid = g_utf8_make_valid(text, -1);

	g_string_append_c(out, '"');
	for (const gchar *c = valid; *c; c++) {
		switch (*c) {
		case '"':
			g_string_append(out, "\\\"");
			break;
		case '\\':
			g_string_append(out, "\\\\");
			break;
		case '\n':
			g_string_append(out, "\\n");
			break;
		case '\t':
			g_string_append(out, "\\t");
			break;
		default:
			if ((guchar)*c < 0x20) {
				g_string_append_printf(out, "\\u%04x", (guchar)*c);
			} else {
				g_string_append_c(out, *c);
			}
		}
	}
	g_string_append_c(out, '"');
	g_free(valid);
}

static void new_line(struct json_writer *w)
{
	g_string_append_c(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++) {
		g_string_append_c(w->out, '\t');
	}
}

/* What stands before a value: the comma after the one before it, the line break, its key. */
static void before_value(struct json_writer *w, const char *key)
{
	if (w->depth) {
		struct json_level *level = &w->level[w->depth - 1];
		if (level->filled) {
			g_string_append_c(w->out, ',');
		}
		if (level->layout == JSON_LINES) {
			new_line(w);
		} else if (level->filled) {
			g_string_append_c(w->out, ' ');
		}
		level->filled = true;
	}
	if (key) {
		json_append_quoted(w->out, key);
		g_string_append(w->out, ": ");
	}
}

static void begin(struct json_writer *w, const char *key, char start, char end,
		  enum json_layout layout)
{
	before_value(w, key);
	g_assert(w->depth < JSON_DEPTH_MAX);
	w->level[w->depth++] = (struct json_level){ end, layout, false };
	g_string_append_c(w->out, start);
}

void json_object_begin(struct json_writer *w, const char *key, enum json_layout layout)
{
	begin(w, key, '{', '}', layout);
}

void json_array_begin(struct json_writer *w, const char *key, enum json_layout layout)
{
	begin(w, key, '[', ']', layout);
}

void json_end(struct json_writer *w)
{
	g_assert(w->depth > 0);
	struct json_level level = w->level[--w->depth];

	if (level.filled && level.layout == JSON_LINES) {
		new_line(w);
	}
	g_string_append_c(w->out, level.end);
}

void json_string(struct json_writer *w, const char *key, const char *value)
{
	before_value(w, key);
	if (value) {
		json_append_quoted(w->out, value);
	} else {
		g_string_append(w->out, "null");
	}
}

void json_uint(struct json_writer *w, const char *key, uint64_t value)
{
	before_value(w, key);
	g_string_append_printf(w->out, "%" G_GUINT64_FORMAT,
			       value > G_MAXINT64 ? (guint64)G_MAXINT64 : value);
}

void json_double(struct json_writer *w, const char *key, double value)
{
	static const char *const formats[] = { "%.15g", "%.16g", "%.17g" };
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	before_value(w, key);
	if (!isfinite(value)) {
		g_string_append(w->out, "null");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_ascii_formatd(text, sizeof(text), formats[i], value);
		if (g_ascii_strtod(text, NULL) == value) {
			break;
		}
	}
	g_string_append(w->out, text);
}

void json_bool(struct json_writer *w, const char *key, bool value)
{
	before_value(w, key);
	g_string_append(w->out, value ? "true" : "false");
}
