/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sim/report.h"
#include "sim/report_format.h"

#define NAME_COLUMNS 30
#define COUNT_COLUMNS 9

static const struct {
	const char *title;
	enum metric_counter counter;
} counts[] = {
	{ "raised", METRIC_RAISED },
	{ "lost", METRIC_LOST },
	{ "stale", METRIC_STALE },
	{ "spurious", METRIC_SPURIOUS },
	{ "refused", METRIC_ALLOC_FAILED },
	{ "leaked", METRIC_VECTORS_LEAKED },
};

static void append_heading(GString *out)
{
	g_string_append_printf(out, "%-*s", NAME_COLUMNS, "SCENARIO");
	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_string_append_printf(out, "%*s", COUNT_COLUMNS, counts[i].title);
	}
	g_string_append(out, "  verdict\n");
}

/* What the expectations say of one contender. */
static void append_verdict(GString *out, const struct expect_outcomes *outcomes, uint32_t contender)
{
	size_t verdicts[EXPECT_VERDICTS] = { 0 };

	for (size_t i = 0; i < outcomes->count; i++) {
		verdicts[outcomes->each[i].verdict] += outcomes->each[i].contender == contender;
	}
	if (verdicts[EXPECT_FAILED]) {
		g_string_append_printf(out, "%zu FAILED", verdicts[EXPECT_FAILED]);
	} else if (verdicts[EXPECT_INCONCLUSIVE]) {
		g_string_append_printf(out, "%zu inconclusive", verdicts[EXPECT_INCONCLUSIVE]);
	} else if (verdicts[EXPECT_HELD]) {
		g_string_append_printf(out, "as expected (%zu)", verdicts[EXPECT_HELD]);
	} else {
		g_string_append_c(out, '-');
	}
}

static void append_contender(GString *out, const struct run_result *result,
			     const struct expect_outcomes *outcomes, uint32_t contender)
{
	const struct contender_result *c = &result->contenders[contender];

	g_string_append_printf(out, "  %-*s", NAME_COLUMNS - 2,
			       result->scenario->contenders[contender].name);
	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_autoptr(GString) value = g_string_new(NULL);

		format_value(value, (int)counts[i].counter,
			     (double)metric_pooled(c->each, c->replications, counts[i].counter));
		g_string_append_printf(out, " %*s", COUNT_COLUMNS - 1, value->str);
	}
	g_string_append(out, "  ");
	append_verdict(out, outcomes, contender);
	g_string_append(out, result->partial ? ", PARTIAL\n" : "\n");
}

GString *report_summary(const struct run_result *result, const struct expect_outcomes *outcomes, bool heading)
{
	const struct scenario *s = result->scenario;
	GString *out = g_string_new(NULL);

	if (heading) {
		append_heading(out);
	}
	g_string_append(out, s->name);
	if (s->question && *s->question) {
		g_string_append(out, ": ");
		format_wrapped(out, s->question, 2);
	}
	g_string_append_c(out, '\n');
	for (uint32_t contender = 0; contender < s->contenders_count; contender++) {
		append_contender(out, result, outcomes, contender);
	}
	report_broken_expectations(out, s, outcomes);
	return out;
}
