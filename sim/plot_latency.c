// SPDX-License-Identifier: MIT
/*
 * The complementary cumulative distribution of latencies: the share of all that is longer. A point stands at the end of a
 * bucket, where its share is exact. What is in the histogram's overflow is longer than the axis can tell: the curve then
 * ends at the overflow's begin, at its share, with a mark.
 */
#include <math.h>

#include "sim/plot.h"

/* Points closer than this on both logarithmic axes are left out; half a pixel of the picture. */
#define STEP 0.006

struct curve {
	GString *table;
	uint32_t series;
	const char *name;
	double latency_s;   /* of the last point; 0: none */
	double share;
};

static void add_point(struct curve *curve, uint64_t latency_ps, double share)
{
	double latency_s = (double)latency_ps * 1e-12;

	g_string_append_printf(curve->table, "%u\t", curve->series);
	figure_cell(curve->table, curve->name);
	g_string_append_c(curve->table, '\t');
	figure_number(curve->table, latency_s);
	g_string_append_c(curve->table, '\t');
	figure_number(curve->table, share);
	g_string_append_c(curve->table, '\n');
	curve->latency_s = latency_s;
	curve->share = share;
}

static bool is_apart(const struct curve *curve, uint64_t latency_ps, double share)
{
	return log10((double)latency_ps * 1e-12 / curve->latency_s) > STEP ||
	       log10(curve->share / share) > STEP;
}

static uint64_t bucket_end(uint32_t bucket)
{
	return bucket + 1 == HISTOGRAM_BUCKETS ? UINT64_C(1) << HISTOGRAM_VALUE_BITS
					       : histogram_bucket_low(bucket + 1);
}

static void add_curve(struct curve *curve, const struct histogram *h)
{
	uint64_t longer = h->count;
	double count = (double)h->count;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && longer > h->overflow; i++) {
		if (h->bucket[i] == 0) {
			continue;
		}
		if (curve->latency_s == 0.0) {
			add_point(curve, MAX(histogram_bucket_low(i), 1), 1.0);
		}
		longer -= h->bucket[i];
		double share = (double)longer / count;
		if (longer > h->overflow && is_apart(curve, bucket_end(i), share)) {
			add_point(curve, bucket_end(i), share);
		}
		/* The last one that is not in the overflow: the curve falls to it, or to nothing. */
		if (longer == h->overflow) {
			add_point(curve, h->overflow ? bucket_end(i) : MAX(h->max_ps, 1),
				  MAX(share, 0.5 / count));
		}
	}
	if (h->overflow) {
		add_point(curve, UINT64_C(1) << HISTOGRAM_VALUE_BITS, (double)h->overflow / count);
	}
}

/* The second table: a row for each strategy with an overflow. */
static uint32_t add_overflow(GString *table, uint32_t series, const struct results_contender *c)
{
	if (c->latency.overflow == 0) {
		return 0;
	}
	g_string_append_printf(table, "%u\t", series);
	figure_cell(table, c->name);
	g_string_append_c(table, '\t');
	figure_number(table, (double)(UINT64_C(1) << HISTOGRAM_VALUE_BITS) * 1e-12);
	g_string_append_c(table, '\t');
	figure_number(table, (double)c->latency.overflow / (double)c->latency.count);
	g_string_append_printf(table, "\t%" G_GUINT64_FORMAT "\n", c->latency.overflow);
	return 1;
}

struct figure *plot_latency(const struct results_set *set, const struct results *run)
{
	g_autofree char *stem = plot_stem(run, "latency");
	g_autofree char *caption = plot_caption(set, run);
	g_autofree const char **names = plot_contender_names(run);
	struct figure *f = figure_new("latency", stem, "Time from a raise to its handler", caption);
	uint64_t most = 0, high_ps = 1;
	uint32_t overflows = 0;

	f->table[1] = g_string_new("series\tstrategy\tlatency_s\tshare\tcount\n");
	g_string_append(f->table[0], "series\tstrategy\tlatency_s\tshare_longer\n");
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		const struct histogram *h = &run->contenders[i].latency;
		struct curve curve = { .table = f->table[0], .series = i + 1, .name = names[i] };
		add_curve(&curve, h);
		overflows += add_overflow(f->table[1], i + 1, &run->contenders[i]);
		most = MAX(most, h->count);
		high_ps = MAX(high_ps, h->overflow ? UINT64_C(1) << HISTOGRAM_VALUE_BITS : h->max_ps);
	}
	if (most == 0) {
		figure_free(f);
		return NULL;
	}
	/* The legend's lines decide from twenty on. */
	figure_define(f, "height", MAX(560, 100 + 24 * run->contenders_count));
	figure_define(f, "series", run->contenders_count);
	figure_define_texts(f, "strategy", names, run->contenders_count);
	figure_define(f, "overflows", overflows);
	figure_define(f, "share_low", 0.4 / (double)most);
	figure_define(f, "latency_high_s", (double)high_ps * 1e-12);
	return f;
}
