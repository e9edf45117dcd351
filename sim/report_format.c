/* SPDX-License-Identifier: MIT */
#include "sim/report_format.h"

#include <math.h>
#include <string.h>

static void append_number(GString *out, double value, int digits)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	char format[8];

	g_snprintf(format, sizeof(format), "%%.%dg", digits);
	g_string_append(out, g_ascii_formatd(text, sizeof(text), format, value));
}

void format_duration(GString *out, double value_ps)
{
	static const char *const units[] = { "ps", "ns", "us", "ms", "s" };
	size_t unit = 0;

	if (isnan(value_ps)) {
		g_string_append_c(out, '-');
		return;
	}
	if (isinf(value_ps)) {
		g_string_append(out, ">17.59s");
		return;
	}
	/* 999.95 would be rounded to 1000 of its unit. */
	while (unit + 1 < G_N_ELEMENTS(units) && fabs(value_ps) >= 999.95) {
		value_ps /= 1000.0;
		unit++;
	}
	if (value_ps == 0.0) {
		g_string_append_c(out, '0');
		return;
	}
	append_number(out, fabs(value_ps) >= 9999.5 ? round(value_ps) : value_ps,
		      fabs(value_ps) >= 9999.5 ? 15 : 4);
	g_string_append(out, units[unit]);
}

void format_value(GString *out, int metric, double value)
{
	const char *unit = metric_get(metric)->unit;

	if (strcmp(unit, "ps") == 0) {
		format_duration(out, value);
	} else if (isnan(value) || isinf(value)) {
		g_string_append_c(out, '-');
	} else if (strcmp(unit, "count") == 0) {
		append_number(out, value, 15);
	} else if (fabs(value) >= 9999.5) {
		append_number(out, round(value), 15);
	} else {
		append_number(out, value, 4);
	}
}

void format_estimate(GString *out, int metric, const struct estimate *estimate)
{
	format_value(out, metric, estimate->value);
	if (estimate->method == ESTIMATE_UNDEFINED || estimate->method == ESTIMATE_EXACT) {
		return;
	}
	g_string_append(out, " [");
	format_value(out, metric, estimate->low);
	g_string_append(out, ", ");
	if (isinf(estimate->high)) {
		g_string_append_c(out, '-');
	} else {
		format_value(out, metric, estimate->high);
	}
	g_string_append_c(out, ']');
}

static size_t last_line_columns(const GString *out)
{
	const char *newline = strrchr(out->str, '\n');

	return (size_t)g_utf8_strlen(newline ? newline + 1 : out->str, -1);
}

void format_wrapped(GString *out, const char *text, size_t indent)
{
	gchar **words = g_strsplit_set(text, " \t\r\n", -1);
	size_t columns = last_line_columns(out);
	bool first = true;

	for (gchar **word = words; *word; word++) {
		size_t length = (size_t)g_utf8_strlen(*word, -1);
		if (length == 0) {
			continue;
		}
		if (!first && columns + 1 + length > REPORT_COLUMNS) {
			g_string_append_printf(out, "\n%*s", (int)indent, "");
			columns = indent;
		} else if (!first) {
			g_string_append_c(out, ' ');
			columns++;
		}
		g_string_append(out, *word);
		columns += length;
		first = false;
	}
	g_strfreev(words);
}

static const struct timing_row {
	const char *key;
	uint64_t default_ps;
	bool estimate;
	size_t offset;
} timing_rows[] = {
#define X(field, key, value, estimate, documentation) \
	{ key, value, estimate, offsetof(struct model_timings, field) },
	MODEL_TIMINGS(X)
#undef X
};

bool next_timing_estimate(const struct model_timings *timings, size_t *position,
			  struct timing_estimate *estimate)
{
	while (*position < G_N_ELEMENTS(timing_rows)) {
		const struct timing_row *row = &timing_rows[(*position)++];
		uint64_t value_ps;
		memcpy(&value_ps, (const char *)timings + row->offset, sizeof(value_ps));
		if (row->estimate && value_ps == row->default_ps) {
			*estimate = (struct timing_estimate){ row->key, value_ps };
			return true;
		}
	}
	return false;
}
