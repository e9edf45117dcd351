/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "sim/report.h"
#include "sim/report_format.h"
#include "sim/report_grid.h"

static void cell_metric(struct grid *grid, const struct contender_result *c, int metric)
{
	struct estimate estimate = metric_estimate(metric, c->each, c->replications);

	format_value(grid_cell(grid), metric, estimate.value);
}

static void cell_interval(struct grid *grid, const struct contender_result *c, int metric)
{
	struct estimate estimate = metric_estimate(metric, c->each, c->replications);
	GString *cell = grid_cell(grid);

	if (estimate.method == ESTIMATE_UNDEFINED) {
		g_string_append_c(cell, '-');
		return;
	}
	format_value(cell, metric, estimate.low);
	g_string_append(cell, " .. ");
	format_value(cell, metric, estimate.high);
}

static void cell_moves(struct grid *grid, const struct contender_result *c)
{
	g_string_append_printf(grid_cell(grid), "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
			       metric_pooled(c->each, c->replications, METRIC_MIGRATIONS_DONE),
			       metric_pooled(c->each, c->replications, METRIC_MIGRATIONS_ASKED));
}

enum cell { CELL_VALUE, CELL_INTERVAL, CELL_MOVES };

struct column {
	const char *title;
	enum cell cell;
	int metric;
};

static const struct column raises[] = {
	{ "raised", CELL_VALUE, METRIC_RAISED },
	{ "delivered", CELL_VALUE, METRIC_DELIVERED },
	{ "recovered", CELL_VALUE, METRIC_RECOVERED },
	{ "coalesced", CELL_VALUE, METRIC_COALESCED },
	{ "lost", CELL_VALUE, METRIC_LOST },
	{ "covered", CELL_VALUE, METRIC_COVERED },
	{ "stale", CELL_VALUE, METRIC_STALE },
	{ "spurious", CELL_VALUE, METRIC_SPURIOUS },
};

static const struct column moves[] = {
	{ "done/asked", CELL_MOVES, 0 },
	{ "lost/move", CELL_VALUE, METRIC_LOST_PER_MIGRATION },
	{ "95 % interval", CELL_INTERVAL, METRIC_LOST_PER_MIGRATION },
	{ "stale/move", CELL_VALUE, METRIC_STALE_PER_MIGRATION },
	{ "95 % interval", CELL_INTERVAL, METRIC_STALE_PER_MIGRATION },
};

static const struct column latencies[] = {
	{ "p50", CELL_VALUE, METRIC_LATENCY_P50 },
	{ "p99", CELL_VALUE, METRIC_LATENCY_P99 },
	{ "p99.9", CELL_VALUE, METRIC_LATENCY_P99_9 },
	{ "max", CELL_VALUE, METRIC_LATENCY_MAX },
	{ "overflow", CELL_VALUE, METRIC_LATENCY_OVERFLOW },
	{ "stalls", CELL_VALUE, METRIC_STALLS },
	{ "vectors", CELL_VALUE, METRIC_VECTORS_IN_USE },
	{ "leaked", CELL_VALUE, METRIC_VECTORS_LEAKED },
};

static void append_grid(GString *out, const struct run_result *result, const char *title,
			const struct column *columns, size_t count)
{
	const struct scenario *s = result->scenario;
	struct grid *grid = grid_new(1 + count, 1);

	g_string_append(grid_cell(grid), title);
	for (size_t i = 0; i < count; i++) {
		g_string_append(grid_cell(grid), columns[i].title);
	}
	for (size_t c = 0; c < s->contenders_count; c++) {
		g_string_append(grid_cell(grid), s->contenders[c].name);
		for (size_t i = 0; i < count; i++) {
			switch (columns[i].cell) {
			case CELL_VALUE:
				cell_metric(grid, &result->contenders[c], columns[i].metric);
				break;
			case CELL_INTERVAL:
				cell_interval(grid, &result->contenders[c], columns[i].metric);
				break;
			case CELL_MOVES:
				cell_moves(grid, &result->contenders[c]);
				break;
			}
		}
	}
	grid_print(grid, out);
	grid_free(grid);
	g_string_append_c(out, '\n');
}

/* What is told only where it happened: grouped, in this order. */
static const struct detail {
	const char *group;
	const char *label;
	int metric;
} details[] = {
	{ "lost to", "vectors nobody owned", METRIC_LOST_UNASSIGNED },
	{ "lost to", "other interrupts' vectors", METRIC_LOST_FOREIGN },
	{ "lost to", "remap faults", METRIC_LOST_BLOCKED },
	{ "lost to", "disabled functions or controllers", METRIC_LOST_DISABLED },
	{ "lost to", "freed or unmapped targets", METRIC_LOST_DROPPED },
	{ "stale", "in all", METRIC_STALE_TIME },
	{ "stale", "longest", METRIC_STALE_TIME_MAX },
	{ "stale", "not rescued by the end", METRIC_STALE_OPEN },
	{ "spurious", "unhandled vectors", METRIC_SPURIOUS_UNHANDLED },
	{ "spurious", "stray handler runs", METRIC_SPURIOUS_STRAY },
	{ "spurious", "duplicate handler runs", METRIC_SPURIOUS_DUPLICATE },
	{ "spurious", "INTx", METRIC_SPURIOUS_INTX },
	{ "moves", "deferred", METRIC_MIGRATIONS_DEFERRED },
	{ "moves", "refused EBUSY", METRIC_MIGRATIONS_BUSY },
	{ "moves", "refused ENOSPC", METRIC_MIGRATIONS_NOSPC },
	{ "moves", "retriggers", METRIC_RETRIGGERS },
	{ "moves", "affinity broken", METRIC_AFFINITY_BROKEN },
	{ "allocations", "asked", METRIC_ALLOC_ASKED },
	{ "allocations", "refused", METRIC_ALLOC_FAILED },
	{ "hotplug", "done", METRIC_HOTPLUG_DONE },
	{ "hotplug", "refused", METRIC_HOTPLUG_REFUSED },
	{ "stalled", "in all", METRIC_STALL_TIME },
	{ "remap", "faults", METRIC_FAULTS },
	{ "guests", "posted", METRIC_POSTED },
	{ "guests", "notifications", METRIC_NOTIFICATIONS },
	{ "guests", "passed on by the host", METRIC_FORWARDED },
	{ "guests", "VM exits", METRIC_VM_EXITS },
	{ "at the end", "in flight", METRIC_IN_FLIGHT },
};

static void append_details_of(GString *out, const char *name, const struct contender_result *c)
{
	GString *line = g_string_new(NULL);
	const char *group = "";

	for (size_t i = 0; i < G_N_ELEMENTS(details); i++) {
		const struct detail *d = &details[i];
		double value = metric_estimate(d->metric, c->each, c->replications).value;
		if (isnan(value) || value == 0.0) {
			continue;
		}
		if (strcmp(group, d->group) != 0) {
			g_string_append_printf(line, "%s%s: ", line->len ? "; " : "", d->group);
			group = d->group;
		} else {
			g_string_append(line, ", ");
		}
		format_value(line, d->metric, value);
		g_string_append_printf(line, " %s", d->label);
	}
	if (line->len) {
		g_string_append_printf(out, "  %s: ", name);
		format_wrapped(out, line->str, 4);
		g_string_append_c(out, '\n');
	}
	g_string_free(line, TRUE);
}

static void append_details(GString *out, const struct run_result *result)
{
	const struct scenario *s = result->scenario;
	GString *lines = g_string_new(NULL);

	for (size_t c = 0; c < s->contenders_count; c++) {
		append_details_of(lines, s->contenders[c].name, &result->contenders[c]);
	}
	if (lines->len) {
		g_string_append_printf(out, "BESIDES\n%s\n", lines->str);
	}
	g_string_free(lines, TRUE);
}

void report_broken_expectations(GString *out, const struct scenario *s,
				const struct expect_outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++) {
		const struct expect_outcome *o = &outcomes->each[i];
		if (o->verdict == EXPECT_HELD) {
			continue;
		}
		g_string_append_printf(
			out, "  %s: ", o->verdict == EXPECT_FAILED ? "FAILED" : "inconclusive");
		gchar *text =
			g_strdup_printf("%s: %s", s->contenders[o->contender].name, o->message);
		format_wrapped(out, text, 4);
		g_free(text);
		g_string_append_c(out, '\n');
	}
}

static void append_expectations(GString *out, const struct scenario *s,
				const struct expect_outcomes *outcomes)
{
	if (outcomes->count == 0) {
		return;
	}
	g_string_append_printf(out, "EXPECTATIONS %zu held, %zu failed, %zu inconclusive\n",
			       outcomes->verdicts[EXPECT_HELD], outcomes->verdicts[EXPECT_FAILED],
			       outcomes->verdicts[EXPECT_INCONCLUSIVE]);
	report_broken_expectations(out, s, outcomes);
}

static void append_partial(GString *out, const struct run_result *result)
{
	const struct scenario *s = result->scenario;

	if (!result->partial) {
		return;
	}
	g_string_append(out, "PARTIAL: the run was interrupted. Finished replications:\n");
	for (size_t c = 0; c < s->contenders_count; c++) {
		g_string_append_printf(out, "  %s: %u of %u\n", s->contenders[c].name,
				       result->contenders[c].replications, s->replications);
	}
}

static void append_timing_estimates(GString *out, const struct scenario *s)
{
	GString *text = g_string_new(
		"Timings that are estimates without a published source, left at their defaults:");
	struct timing_estimate estimate;
	size_t position = 0, count = 0;

	while (next_timing_estimate(&s->machine.timings, &position, &estimate)) {
		g_string_append_printf(text, "%s %s ", count++ ? "," : "", estimate.key);
		format_duration(text, (double)estimate.value_ps);
	}
	if (count) {
		format_wrapped(out, text->str, 2);
		g_string_append_c(out, '\n');
	}
	g_string_free(text, TRUE);
}

static void append_footer(GString *out, const struct run_result *result,
			  const struct report_options *options)
{
	const struct scenario *s = result->scenario;
	double raised = 0.0, simulated_ps = 0.0;

	for (size_t c = 0; c < s->contenders_count; c++) {
		const struct contender_result *contender = &result->contenders[c];
		raised += (double)metric_pooled(contender->each, contender->replications,
						METRIC_RAISED);
		simulated_ps += (double)metric_pooled(contender->each, contender->replications,
						      METRIC_SIMULATED_TIME);
	}
	append_timing_estimates(out, s);
	g_string_append(out, "Simulated ");
	format_duration(out, simulated_ps);
	g_string_append(out, " and ");
	format_value(out, METRIC_RAISED, raised);
	g_string_append_printf(out, " interrupts, seed %" G_GUINT64_FORMAT "\n", s->seed);
	if (options->timing) {
		g_string_append(out, "Took ");
		format_duration(out, result->wall_seconds * 1e12);
		g_string_append(out, ": ");
		format_value(out, METRIC_INTERRUPTS_PER_SECOND, raised / result->wall_seconds);
		g_string_append(out, " interrupts a second\n");
	}
}

static void append_title(GString *out, const struct scenario *s)
{
	g_string_append(out, s->name);
	if (s->question && *s->question) {
		g_string_append(out, ": ");
		format_wrapped(out, s->question, 2);
	}
	g_string_append_printf(out, "\n%u replication%s of ", s->replications,
			       s->replications == 1 ? "" : "s");
	format_duration(out, (double)s->duration_ps);
	g_string_append(out, " each\n\n");
}

GString *report_table(const struct run_result *result, const struct expect_outcomes *outcomes,
		      const struct report_options *options)
{
	const struct scenario *s = result->scenario;
	GString *out = g_string_new(NULL);

	if (options->quiet) {
		report_broken_expectations(out, s, outcomes);
		append_partial(out, result);
		return out;
	}
	append_title(out, s);
	append_grid(out, result, "RAISES", raises, G_N_ELEMENTS(raises));
	append_grid(out, result, "MOVES", moves, G_N_ELEMENTS(moves));
	append_grid(out, result, "LATENCY", latencies, G_N_ELEMENTS(latencies));
	append_details(out, result);
	append_expectations(out, s, outcomes);
	append_partial(out, result);
	append_footer(out, result, options);
	return out;
}
