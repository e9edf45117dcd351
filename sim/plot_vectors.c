// SPDX-License-Identifier: MIT
/* The vector space: how full it is, CPU by vector, and how that changes in time. */
#include <math.h>
#include <string.h>

#include "sim/plot.h"

/* Neighbours of one level are one rectangle of the picture. */
static uint32_t run_length(const struct occupancy *o, uint32_t row, uint32_t column)
{
	uint32_t end = column + 1;

	while (end < o->columns && o->level[row][end] == o->level[row][column]) {
		end++;
	}
	return end - column;
}

static uint32_t edge(uint32_t number, uint32_t each, uint32_t total)
{
	return MIN(number * each, total) - 1;
}

/* Returns the last vector that was ever in use. */
static uint32_t append_map(GString *table, const struct occupancy *o)
{
	uint32_t last = o->vector_first;

	g_string_append(table, "cpu_first\tcpu_last\tvector_first\tvector_last\ttenths_of_time\n");
	for (uint32_t row = 0; row < o->rows; row++) {
		for (uint32_t column = 0, length; column < o->columns; column += length) {
			length = run_length(o, row, column);
			if (o->level[row][column] == 0) {
				continue;
			}
			uint32_t end = o->vector_first +
				       edge(column + length, o->vectors_per_column, o->vectors);
			g_string_append_printf(table, "%u\t%u\t%u\t%u\t%u\n", row * o->cpus_per_row,
					       edge(row + 1, o->cpus_per_row, o->cpus),
					       o->vector_first + column * o->vectors_per_column,
					       end, o->level[row][column]);
			last = MAX(last, end);
		}
	}
	return last;
}

/* The samples' last one is of the end of the run. */
static double sample_time_s(const struct results *run, const struct occupancy *o, uint32_t sample)
{
	double end_s = (double)(run->duration_ps + run->drain_ps) * 1e-12;

	return MIN((double)(sample + 1) * (double)o->interval_ps * 1e-12, end_s);
}

static void append_spread(GString *table, const struct results *run, const struct occupancy *o)
{
	g_string_append(table, "time_s\tcpu_min\tcpu_median\tcpu_max\tused\tcpus_online\n");
	for (uint32_t i = 0; i < o->samples; i++) {
		const struct occupancy_sample *sample = &o->sample[i];
		figure_number(table, sample_time_s(run, o, i));
		g_string_append_printf(table, "\t%u\t%u\t%u\t%" G_GUINT64_FORMAT "\t%u\n",
				       sample->cpu_min, sample->cpu_median, sample->cpu_max,
				       sample->used, sample->online);
	}
}

static struct figure *draw_occupancy(const struct results_set *set, const struct results *run,
				     const struct results_contender *c, const char *alike)
{
	g_autofree char *what = g_strdup_printf("occupancy-%.60s", c->name);
	g_autofree char *stem = plot_stem(run, what);
	g_autofree char *from = plot_caption(set, run);
	g_autofree char *caption = g_strdup_printf("%s, first replication", from);
	g_autofree char *title = g_strdup_printf("Vectors in use: %s", c->name);
	struct figure *f = figure_new("occupancy", stem, title, caption);
	const struct occupancy *o = c->occupancy;

	uint32_t last = append_map(f->table[0], o);
	f->table[1] = g_string_new(NULL);
	append_spread(f->table[1], run, o);
	uint32_t max = 1;
	for (uint32_t i = 0; i < o->samples; i++) {
		max = MAX(max, o->sample[i].cpu_max);
	}
	figure_define(f, "height", 590);
	figure_define_text(f, "alike", alike);
	figure_define(f, "cpus", o->cpus);
	figure_define(f, "vector_first", o->vector_first);
	figure_define(f, "vector_end", (double)o->vector_first + o->vectors);
	figure_define(f, "vector_last", last);
	figure_define(f, "vectors_max", max);
	figure_define(f, "end_s", (double)(run->duration_ps + run->drain_ps) * 1e-12);
	return f;
}

/* What a line of the picture has room for. */
#define ALIKE_MAX 125

/* "the same: a, b": the contenders behind the given one whose occupancy is no other; "" where there is none. */
static char *same_occupancy(const struct results *run, uint32_t first)
{
	GString *names = g_string_new(NULL);
	uint32_t left_out = 0;

	for (uint32_t i = first + 1; i < run->contenders_count; i++) {
		const struct occupancy *o = run->contenders[i].occupancy;
		if (!o || memcmp(o, run->contenders[first].occupancy, sizeof(*o)) != 0) {
			continue;
		}
		if (names->len + strlen(run->contenders[i].name) > ALIKE_MAX) {
			left_out++;
			continue;
		}
		g_string_append_printf(names, "%s%s", names->len ? ", " : "the same: ",
				       run->contenders[i].name);
	}
	if (left_out) {
		g_string_append_printf(names, "%s%u more", names->len ? ", " : "the same: ", left_out);
	}
	return g_string_free(names, FALSE);
}

static bool seen_before(const struct results *run, uint32_t number)
{
	const struct occupancy *o = run->contenders[number].occupancy;

	for (uint32_t i = 0; i < number; i++) {
		const struct occupancy *earlier = run->contenders[i].occupancy;
		if (earlier && memcmp(o, earlier, sizeof(*o)) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_empty(const struct occupancy *o)
{
	for (uint32_t row = 0; row < o->rows; row++) {
		for (uint32_t column = 0; column < o->columns; column++) {
			if (o->level[row][column]) {
				return false;
			}
		}
	}
	return true;
}

void plot_occupancy(const struct results_set *set, uint32_t number, GHashTable *stems,
		    GPtrArray *plots)
{
	const struct results *run = &set->each[number];

	for (uint32_t i = 0; i < run->contenders_count; i++) {
		const struct results_contender *c = &run->contenders[i];
		if (!c->occupancy || is_empty(c->occupancy) || seen_before(run, i)) {
			continue;
		}
		g_autofree char *alike = same_occupancy(run, i);
		plot_add(plots, stems, PLOT_OCCUPANCY, number,
			 draw_occupancy(set, run, c, alike));
	}
}

struct figure *plot_storm(const struct results_set *set, const struct results *run)
{
	g_autofree char *stem = plot_stem(run, "storm");
	g_autofree char *from = plot_caption(set, run);
	g_autofree char *caption = g_strdup_printf("%s, first replication", from);
	g_autofree const char **names = plot_contender_names(run);
	struct figure *f = figure_new("storm", stem, "Vectors and migrations in time", caption);
	uint64_t used = 1, leaked = 1, migrations = 1;
	uint32_t online = 1, rows = 0;

	g_string_append(f->table[0],
			"series\tstrategy\ttime_s\tused\tleaked\tmigrations\tcpus_online\n");
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		const struct occupancy *o = run->contenders[i].occupancy;
		for (uint32_t n = 0; o && n < o->samples; n++, rows++) {
			const struct occupancy_sample *sample = &o->sample[n];
			g_string_append_printf(f->table[0], "%u\t", i + 1);
			figure_cell(f->table[0], names[i]);
			g_string_append_c(f->table[0], '\t');
			figure_number(f->table[0], sample_time_s(run, o, n));
			g_string_append_printf(f->table[0],
					       "\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT
					       "\t%" G_GUINT64_FORMAT "\t%u\n",
					       sample->used, sample->leaked, sample->migrations,
					       sample->online);
			used = MAX(used, sample->used);
			leaked = MAX(leaked, sample->leaked);
			migrations = MAX(migrations, sample->migrations);
			online = MAX(online, sample->online);
		}
	}
	if (rows == 0) {
		figure_free(f);
		return NULL;
	}
	figure_define(f, "height", 640);
	figure_define(f, "series", run->contenders_count);
	figure_define_texts(f, "strategy", names, run->contenders_count);
	figure_define(f, "used_max", (double)used);
	figure_define(f, "leaked_max", (double)leaked);
	figure_define(f, "migrations_max", (double)migrations);
	figure_define(f, "online_max", online);
	figure_define(f, "end_s", (double)(run->duration_ps + run->drain_ps) * 1e-12);
	return f;
}
