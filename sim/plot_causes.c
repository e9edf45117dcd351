// SPDX-License-Identifier: MIT
#include "sim/plot.h"

/* In the order in which they are stacked; the template has the colours. */
static const struct part {
	enum metric_counter counter;
	const char *label;
} parts[] = {
	{ METRIC_LOST_UNASSIGNED, "vector that nobody owned" },
	{ METRIC_LOST_FOREIGN, "another interrupt's vector" },
	{ METRIC_LOST_BLOCKED, "remap fault" },
	{ METRIC_LOST_DISABLED, "function or controller off" },
	{ METRIC_LOST_DROPPED, "unmapped or freed" },
	{ METRIC_SPURIOUS_UNHANDLED, "vector without a handler" },
	{ METRIC_SPURIOUS_STRAY, "stray handler run" },
	{ METRIC_SPURIOUS_DUPLICATE, "duplicate handler run" },
	{ METRIC_SPURIOUS_INTX, "legacy line" },
};

#define LOST_PARTS 5

static uint64_t total(const struct results_contender *c, enum metric_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < c->replications; i++) {
		sum += c->each[i].counter[counter];
	}
	return sum;
}

struct figure *plot_causes(const struct results_set *set, const struct results *run)
{
	g_autofree char *stem = plot_stem(run, "causes");
	g_autofree char *caption = plot_caption(set, run);
	g_autofree const char **names = plot_contender_names(run);
	struct figure *f = figure_new("causes", stem,
				      "What was lost to what, and what ran for nothing", caption);
	const char *labels[G_N_ELEMENTS(parts)];
	uint64_t lost_max = 0, spurious_max = 0;

	g_string_append(f->table[0], "row\tstrategy");
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		labels[i] = parts[i].label;
		g_string_append_printf(f->table[0], "\t%s", metric_get((int)parts[i].counter)->key);
	}
	g_string_append_c(f->table[0], '\n');
	for (uint32_t row = 0; row < run->contenders_count; row++) {
		const struct results_contender *c = &run->contenders[row];
		g_string_append_printf(f->table[0], "%u\t", row + 1);
		figure_cell(f->table[0], c->name);
		for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
			g_string_append_printf(f->table[0], "\t%" G_GUINT64_FORMAT,
					       total(c, parts[i].counter));
		}
		g_string_append_c(f->table[0], '\n');
		lost_max = MAX(lost_max, total(c, METRIC_LOST));
		spurious_max = MAX(spurious_max, total(c, METRIC_SPURIOUS));
	}
	if (lost_max + spurious_max == 0) {
		figure_free(f);
		return NULL;
	}
	figure_define(f, "height", 200 + 27 * run->contenders_count);
	figure_define(f, "rows", run->contenders_count);
	figure_define_texts(f, "strategy", names, run->contenders_count);
	figure_define_texts(f, "label", labels, G_N_ELEMENTS(labels));
	figure_define(f, "lost_parts", LOST_PARTS);
	figure_define(f, "parts", G_N_ELEMENTS(parts));
	figure_define(f, "lost_max", (double)MAX(lost_max, 1));
	figure_define(f, "spurious_max", (double)MAX(spurious_max, 1));
	return f;
}
