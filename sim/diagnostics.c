/* SPDX-License-Identifier: MIT */
#include "sim/diagnostics.h"

#include <glib.h>
#include <string.h>

/* Errors past this one are counted and not shown: a binary mishap must not fill a log. */
#define SHOWN_MAX 100
#define SOURCE_COLUMNS 100

struct diagnostic {
	struct mark at;
	char *message;
	char *origin;        /* what at.origin points to */
	guint order;
};

struct diagnostics {
	char *file_name;
	char *source;
	GArray *all;
	GHashTable *seen;    /* "origin:line:column:message" */
};

static void diagnostic_clear(gpointer data)
{
	struct diagnostic *one = data;

	g_free(one->message);
	g_free(one->origin);
}

struct diagnostics *diagnostics_new(const char *file_name)
{
	struct diagnostics *d = g_new0(struct diagnostics, 1);

	d->file_name = g_strdup(file_name);
	d->all = g_array_new(FALSE, TRUE, sizeof(struct diagnostic));
	g_array_set_clear_func(d->all, diagnostic_clear);
	d->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return d;
}

void diagnostics_free(struct diagnostics *d)
{
	if (!d) {
		return;
	}
	g_free(d->file_name);
	g_free(d->source);
	g_array_free(d->all, TRUE);
	g_hash_table_destroy(d->seen);
	g_free(d);
}

void diagnostics_source(struct diagnostics *d, const char *text, size_t length)
{
	g_free(d->source);
	d->source = g_strndup(text, length);
}

void diagnose(struct diagnostics *d, const struct mark *at, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	char *identity = g_strdup_printf("%s:%d:%d:%s", at->origin ? at->origin : "", at->line,
					 at->column, message);
	if (!g_hash_table_add(d->seen, identity)) {
		return;
	}
	struct diagnostic one = { .at = *at,
				  .message = g_steal_pointer(&message),
				  .order = d->all->len };
	one.origin = g_strdup(at->origin);
	one.at.origin = one.origin;
	g_array_append_val(d->all, one);
}

size_t diagnostics_count(const struct diagnostics *d)
{
	return d->all->len;
}

static int diagnostic_compare(gconstpointer left, gconstpointer right)
{
	const struct diagnostic *a = left, *b = right;

	if (!a->at.origin != !b->at.origin) {
		return a->at.origin ? -1 : 1;
	}
	if (!a->at.origin && a->at.line != b->at.line) {
		return a->at.line < b->at.line ? -1 : 1;
	}
	if (!a->at.origin && a->at.column != b->at.column) {
		return a->at.column < b->at.column ? -1 : 1;
	}
	return a->order < b->order ? -1 : 1;
}

/* Prints length bytes of valid UTF-8, with every character that could command a terminal replaced. */
static void print_harmless(FILE *out, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		gunichar c = g_utf8_get_char_validated(text, end - text);
		if (c == (gunichar)-1 || c == (gunichar)-2) {
			fputc('?', out);
			text++;
			continue;
		}
		const char *next = g_utf8_next_char(text);
		if (c == '\t') {
			fputc(' ', out);
		} else if (g_unichar_isprint(c)) {
			fwrite(text, 1, (size_t)(next - text), out);
		} else {
			fputc('?', out);
		}
		text = next;
	}
}

static const char *source_line(const char *source, int line, size_t *length)
{
	while (source && --line > 0) {
		source = strchr(source, '\n');
		source = source ? source + 1 : NULL;
	}
	if (source) {
		*length = strcspn(source, "\r\n");
	}
	return source;
}

/* The line and the caret under it; of a long line the part around the place. */
static void print_source(const struct diagnostics *d, const struct mark *at, FILE *out)
{
	size_t length;
	const char *line = source_line(d->source, at->line, &length);

	if (!line || !g_utf8_validate(line, (gssize)length, NULL)) {
		return;
	}
	long columns = g_utf8_strlen(line, (gssize)length);
	if (at->column < 1 || at->column > columns + 1) {
		return;
	}
	long from = columns > SOURCE_COLUMNS && at->column > SOURCE_COLUMNS / 2 ?
		at->column - SOURCE_COLUMNS / 2 : 0;
	long shown = MIN(columns - from, SOURCE_COLUMNS);
	const char *begin = g_utf8_offset_to_pointer(line, from);
	const char *end = g_utf8_offset_to_pointer(begin, shown);

	fprintf(out, "%5d | ", at->line);
	print_harmless(out, begin, (size_t)(end - begin));
	fprintf(out, "\n      | ");
	for (const char *c = begin; g_utf8_pointer_to_offset(begin, c) < at->column - 1 - from;
	     c = g_utf8_next_char(c)) {
		fputs(g_unichar_iswide(g_utf8_get_char(c)) ? "  " : " ", out);
	}
	fputc('^', out);
	for (long i = 1; i < at->width && at->column - from + i <= shown; i++) {
		fputc('~', out);
	}
	fputc('\n', out);
}

void diagnostics_print(struct diagnostics *d, FILE *out)
{
	g_array_sort(d->all, diagnostic_compare);
	for (guint i = 0; i < d->all->len && i < SHOWN_MAX; i++) {
		const struct diagnostic *one = &g_array_index(d->all, struct diagnostic, i);
		if (one->at.origin) {
			print_harmless(out, one->at.origin, strlen(one->at.origin));
			fprintf(out, ": error: ");
		} else if (one->at.line == 0) {
			fprintf(out, "%s: error: ", d->file_name);
		} else {
			fprintf(out, "%s:%d:%d: error: ", d->file_name, one->at.line,
				one->at.column);
		}
		print_harmless(out, one->message, strlen(one->message));
		fputc('\n', out);
		if (!one->at.origin && one->at.line) {
			print_source(d, &one->at, out);
		}
	}
	if (d->all->len > SHOWN_MAX) {
		fprintf(out, "%s: %u more errors\n", d->file_name, d->all->len - SHOWN_MAX);
	}
}
