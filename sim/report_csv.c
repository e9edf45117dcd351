/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sim/report.h"

/* RFC 4180: a field with a comma, a quote or a line break is quoted, and its quotes are doubled. */
static void append_text(GString *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		g_string_append(out, text);
		return;
	}
	g_string_append_c(out, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"') {
			g_string_append_c(out, '"');
		}
		g_string_append_c(out, *c);
	}
	g_string_append_c(out, '"');
}

static void append_uint(GString *out, uint64_t value)
{
	g_string_append_printf(out, ",%" G_GUINT64_FORMAT, value);
}

static void append_percentile(GString *out, const struct histogram *h, double fraction)
{
	uint64_t value_ps = histogram_quantile(h, fraction);

	if (h->count && value_ps != UINT64_MAX) {
		append_uint(out, value_ps);
	} else {
		g_string_append_c(out, ',');
	}
}

static void append_header(GString *out)
{
	g_string_append(out, "scenario,seed,contender,replication");
	for (int i = 0; i < METRIC_COUNTERS_COUNT; i++) {
		const struct metric *metric = metric_get(i);
		g_string_append_printf(out, ",%s%s", metric->key,
				       strcmp(metric->unit, "ps") == 0 ? "_ps" : "");
	}
	g_string_append(out, ",latency_p50_ps,latency_p99_ps,latency_p99.9_ps,latency_max_ps,"
			     "latency_overflow\r\n");
}

static void append_row(GString *out, const struct scenario *s, const char *contender,
		       uint32_t replication, const struct run_metrics *m)
{
	append_text(out, s->name);
	append_uint(out, s->seed);
	g_string_append_c(out, ',');
	append_text(out, contender);
	append_uint(out, replication);
	for (int i = 0; i < METRIC_COUNTERS_COUNT; i++) {
		append_uint(out, m->counter[i]);
	}
	append_percentile(out, &m->latency, 0.5);
	append_percentile(out, &m->latency, 0.99);
	append_percentile(out, &m->latency, 0.999);
	append_uint(out, m->latency.max_ps);
	append_uint(out, m->latency.overflow);
	g_string_append(out, "\r\n");
}

GString *report_csv(const struct run_result *result)
{
	const struct scenario *s = result->scenario;
	GString *out = g_string_new(NULL);

	append_header(out);
	for (size_t c = 0; c < s->contenders_count; c++) {
		const struct contender_result *contender = &result->contenders[c];
		for (uint32_t r = 0; r < contender->replications; r++) {
			append_row(out, s, s->contenders[c].name, r, &contender->each[r]);
		}
	}
	return out;
}
