// SPDX-License-Identifier: MIT
/*
 * A race as a sequence of rows, time downward, a lane for each CPU, device and thread. Rows are as far apart as their texts
 * need, not as the moments are: a move takes microseconds, the wait before it milliseconds. The moment stands beside the row.
 */
#include <math.h>
#include <string.h>

#include "sim/plot.h"
#include "sim/report_format.h"

/* As many rows as are legible on half a page; of those this many before the loss. */
#define ROWS_MAX 32
#define ROWS_BEFORE 20

/* Pixels. */
#define LINE_HEIGHT 14
#define ROW_GAP 8
#define CHARACTER_WIDTH 6.7
#define LANE_WIDTH_MIN 90.0
#define MARGIN_LEFT 84.0
#define HEAD_HEIGHT 84.0
#define FOOT_HEIGHT 58.0

#define CHARACTERS_MAX 30

/* An arrow begins below the text of its row and ends above that of the other one. */
#define ARROW_DROP 8.0
#define ARROW_RISE 7.0

struct drawing {
	const struct race *race;
	GArray *moments;       /* of uint64_t: the different times, ascending; all of the race's */
	guint first, end;      /* those that are drawn */
	double *y;             /* [end - first]: of each moment's first line */
	double height;
	double *x;             /* [lanes]: NAN: not drawn */
	double width;
	struct figure *figure;
};

static const struct race_event *event_at(const struct race *race, guint i)
{
	return &g_array_index(race->events, struct race_event, i);
}

static const struct race_arrow *arrow_at(const struct race *race, guint i)
{
	return &g_array_index(race->arrows, struct race_arrow, i);
}

static gint by_moment(gconstpointer a, gconstpointer b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void list_moments(struct drawing *d)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(uint64_t));

	for (guint i = 0; i < d->race->events->len; i++) {
		g_array_append_val(all, event_at(d->race, i)->at);
	}
	for (guint i = 0; i < d->race->arrows->len; i++) {
		g_array_append_val(all, arrow_at(d->race, i)->from);
		g_array_append_val(all, arrow_at(d->race, i)->to);
	}
	g_array_sort(all, by_moment);
	for (guint i = 0; i < all->len; i++) {
		uint64_t moment = g_array_index(all, uint64_t, i);
		if (d->moments->len == 0 ||
		    g_array_index(d->moments, uint64_t, d->moments->len - 1) != moment) {
			g_array_append_val(d->moments, moment);
		}
	}
}

static guint index_of(const struct drawing *d, uint64_t moment)
{
	guint low = 0, high = d->moments->len;

	while (low < high) {
		guint middle = (low + high) / 2;
		if (g_array_index(d->moments, uint64_t, middle) < moment) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool is_drawn(const struct drawing *d, uint64_t moment)
{
	guint index = index_of(d, moment);

	return index >= d->first && index < d->end;
}

/* What the picture is about: the first loss, else the first register write, else the begin. */
static uint64_t focus(const struct race *race)
{
	uint64_t moment = UINT64_MAX;

	for (guint i = 0; i < race->arrows->len; i++) {
		const struct race_arrow *arrow = arrow_at(race, i);
		moment = arrow->bad ? MIN(moment, arrow->to) : moment;
	}
	for (guint i = 0; i < race->events->len && moment == UINT64_MAX; i++) {
		moment = event_at(race, i)->bad ? event_at(race, i)->at : moment;
	}
	for (guint i = 0; i < race->arrows->len && moment == UINT64_MAX; i++) {
		const struct race_arrow *arrow = arrow_at(race, i);
		moment = arrow->from == arrow->to ? arrow->from : moment;
	}
	return moment;
}

/* A witness is short, and drawn whole. */
static void choose_window(struct drawing *d)
{
	uint64_t moment = focus(d->race);
	guint center = moment == UINT64_MAX ? 0 : index_of(d, moment);

	d->end = d->moments->len;
	if (!d->race->token && d->end > ROWS_MAX) {
		d->first = center > ROWS_BEFORE ? center - ROWS_BEFORE : 0;
		d->first = MIN(d->first, d->end - ROWS_MAX);
		d->end = d->first + ROWS_MAX;
	}
}

/* Lines of at most CHARACTERS_MAX characters, broken at spaces where there are any. */
static GPtrArray *wrap(const char *text)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	const char *rest = valid;

	while (g_utf8_strlen(rest, -1) > CHARACTERS_MAX) {
		const char *limit = g_utf8_offset_to_pointer(rest, CHARACTERS_MAX);
		const char *space = limit;
		while (space > rest && *space != ' ') {
			space--;
		}
		const char *cut = space > rest ? space : limit;
		g_ptr_array_add(lines, g_strndup(rest, (gsize)(cut - rest)));
		rest = *cut == ' ' ? cut + 1 : cut;
	}
	g_ptr_array_add(lines, g_strdup(rest));
	return lines;
}

static void place_lanes(struct drawing *d)
{
	const struct race *race = d->race;
	guint lanes = race->lanes->len;
	g_autofree double *width = g_new0(double, lanes + 1);

	for (guint i = 0; i < race->arrows->len; i++) {
		const struct race_arrow *arrow = arrow_at(race, i);
		if (is_drawn(d, arrow->from) && is_drawn(d, arrow->to)) {
			width[arrow->from_lane] = MAX(width[arrow->from_lane], LANE_WIDTH_MIN);
			width[arrow->to_lane] = MAX(width[arrow->to_lane], LANE_WIDTH_MIN);
		}
	}
	for (guint i = 0; i < race->events->len; i++) {
		const struct race_event *event = event_at(race, i);
		if (!is_drawn(d, event->at)) {
			continue;
		}
		g_autoptr(GPtrArray) lines = wrap(event->text);
		for (guint line = 0; line < lines->len; line++) {
			double characters =
				(double)g_utf8_strlen(g_ptr_array_index(lines, line), -1);
			double needed = MAX(LANE_WIDTH_MIN, characters * CHARACTER_WIDTH + 26.0);
			width[event->lane] = MAX(width[event->lane], needed);
		}
	}
	d->width = MARGIN_LEFT;
	for (guint i = 0; i < lanes; i++) {
		const char *name = g_ptr_array_index(race->lanes, i);
		double name_width = (double)g_utf8_strlen(name, -1) * CHARACTER_WIDTH * 1.25 + 18.0;
		d->x[i] = width[i] > 0.0 ? d->width + 6.0 : NAN;
		d->width += width[i] > 0.0 ? MAX(width[i], name_width) : 0.0;
	}
}

/* The texts of one moment in one lane stand below each other; the row is as high as the highest lane. */
static void place_rows(struct drawing *d)
{
	guint rows = d->end - d->first, lanes = d->race->lanes->len;
	g_autofree guint *lines_in = g_new0(guint, (gsize)rows * lanes + 1);

	for (guint i = 0; i < d->race->events->len; i++) {
		const struct race_event *event = event_at(d->race, i);
		if (is_drawn(d, event->at)) {
			g_autoptr(GPtrArray) lines = wrap(event->text);
			guint row = index_of(d, event->at) - d->first;
			lines_in[row * lanes + event->lane] += lines->len;
		}
	}
	d->height = HEAD_HEIGHT;
	for (guint row = 0; row < rows; row++) {
		guint most = 1;
		for (guint lane = 0; lane < lanes; lane++) {
			most = MAX(most, lines_in[row * lanes + lane]);
		}
		d->y[row] = d->height;
		d->height += most * LINE_HEIGHT + ROW_GAP;
	}
}

static double y_of(const struct drawing *d, uint64_t moment)
{
	return d->y[index_of(d, moment) - d->first];
}

/* Where a moment is that may have no row: between those around it, in proportion. */
static double y_between(const struct drawing *d, uint64_t moment)
{
	guint index = index_of(d, moment);

	if (index >= d->end) {
		return d->height - ROW_GAP;
	}
	uint64_t after = g_array_index(d->moments, uint64_t, index);
	if (after == moment || index == d->first) {
		return d->y[index - d->first];
	}
	uint64_t before = g_array_index(d->moments, uint64_t, index - 1);
	double share = (double)(moment - before) / (double)(after - before);
	return d->y[index - 1 - d->first] +
	       share * (d->y[index - d->first] - d->y[index - 1 - d->first]);
}

static void append_text(struct drawing *d, const char *lane, const char *when, const char *text,
			int kind, double x, double y)
{
	GString *table = d->figure->table[0];

	figure_cell(table, when);
	g_string_append_c(table, '\t');
	figure_cell(table, lane);
	g_string_append_c(table, '\t');
	figure_cell(table, text);
	g_string_append_printf(table, "\t%d\t%.0f\t%.0f\n", kind, x, y);
}

enum text_kind { TEXT_PLAIN, TEXT_BAD, TEXT_WHEN };
enum arrow_kind { ARROW_PLAIN, ARROW_BAD, ARROW_SPAN };

static char *when_of(const struct drawing *d, uint64_t moment)
{
	if (d->race->token) {
		return g_strdup_printf("%" G_GUINT64_FORMAT, moment);
	}
	GString *text = g_string_new("+");
	format_duration(text, (double)(moment - g_array_index(d->moments, uint64_t, d->first)));
	return g_string_free(text, FALSE);
}

static void append_whens(struct drawing *d)
{
	for (guint i = d->first; i < d->end; i++) {
		uint64_t moment = g_array_index(d->moments, uint64_t, i);
		g_autofree char *when = when_of(d, moment);
		append_text(d, "", when, when, TEXT_WHEN, MARGIN_LEFT - 8.0, y_of(d, moment));
	}
}

static void append_texts(struct drawing *d)
{
	guint rows = d->end - d->first, lanes = d->race->lanes->len;
	g_autofree guint *lines_in = g_new0(guint, (gsize)rows * lanes + 1);

	for (guint i = 0; i < d->race->events->len; i++) {
		const struct race_event *event = event_at(d->race, i);
		if (!is_drawn(d, event->at)) {
			continue;
		}
		g_autofree char *when = when_of(d, event->at);
		g_autoptr(GPtrArray) lines = wrap(event->text);
		guint row = index_of(d, event->at) - d->first;
		for (guint line = 0; line < lines->len; line++) {
			guint below = lines_in[row * lanes + event->lane]++;
			append_text(d, g_ptr_array_index(d->race->lanes, event->lane), when,
				    g_ptr_array_index(lines, line),
				    event->bad ? TEXT_BAD : TEXT_PLAIN, d->x[event->lane] + 9.0,
				    d->y[row] + LINE_HEIGHT * below);
		}
	}
}

static void append_arrow(struct drawing *d, guint from_lane, guint to_lane, enum arrow_kind kind,
			 double from_y, double to_y)
{
	GString *table = d->figure->table[1];

	figure_cell(table, g_ptr_array_index(d->race->lanes, from_lane));
	g_string_append_c(table, '\t');
	figure_cell(table, g_ptr_array_index(d->race->lanes, to_lane));
	g_string_append_printf(table, "\t%d\t%.0f\t%.0f\t%.0f\t%.0f\n", kind, d->x[from_lane],
			       from_y + (kind == ARROW_SPAN ? -ARROW_RISE : ARROW_DROP), d->x[to_lane],
			       to_y + (from_y == to_y ? ARROW_DROP : -ARROW_RISE));
}

static void append_arrows(struct drawing *d)
{
	for (guint i = 0; i < d->race->events->len; i++) {
		const struct race_event *event = event_at(d->race, i);
		if (event->end > event->at && is_drawn(d, event->at)) {
			append_arrow(d, event->lane, event->lane, ARROW_SPAN, y_of(d, event->at),
				     y_between(d, event->end));
		}
	}
	/* The bad ones last: they lie above the others. */
	for (int bad = 0; bad < 2; bad++) {
		for (guint i = 0; i < d->race->arrows->len; i++) {
			const struct race_arrow *arrow = arrow_at(d->race, i);
			if (arrow->bad == bad && is_drawn(d, arrow->from) && is_drawn(d, arrow->to)) {
				append_arrow(d, arrow->from_lane, arrow->to_lane,
					     bad ? ARROW_BAD : ARROW_PLAIN, y_of(d, arrow->from),
					     y_of(d, arrow->to));
			}
		}
	}
}

static void define_lanes(struct drawing *d)
{
	guint count = 0;
	g_autofree const char **names = g_new0(const char *, d->race->lanes->len + 1);

	for (guint i = 0; i < d->race->lanes->len; i++) {
		if (!isnan(d->x[i])) {
			g_autofree char *name = g_strdup_printf("lane_x_%u", count + 1);
			figure_define(d->figure, name, d->x[i]);
			names[count++] = g_ptr_array_index(d->race->lanes, i);
		}
	}
	figure_define_texts(d->figure, "lane", names, count);
	figure_define(d->figure, "lanes", count);
}

static char *caption_of(const struct drawing *d)
{
	const struct race *race = d->race;
	GString *caption = g_string_new(NULL);

	if (race->token) {
		g_string_append_printf(caption, "%s, a path that msirace check found",
				       race->scenario);
		return g_string_free(caption, FALSE);
	}
	g_string_append_printf(caption, "%s (%s), %s, seed %" G_GUINT64_FORMAT ", msirace %s; ", race->scenario,
			       race->file ? race->file : "?", race->strategy, race->seed,
			       race->version ? race->version : "?");
	if (d->end - d->first < d->moments->len) {
		g_string_append_printf(caption, "%u of %u moments; ", d->end - d->first, d->moments->len);
	}
	g_string_append(caption, "+0 is ");
	GString *start = g_string_new(NULL);
	format_duration(start, (double)g_array_index(d->moments, uint64_t, d->first));
	g_string_append(caption, start->str);
	g_string_free(start, TRUE);
	return g_string_free(caption, FALSE);
}

static struct figure *finish(struct drawing *d)
{
	const struct race *race = d->race;
	g_autofree char *stem = g_strdup_printf("%.60s-race-%.40s", race->scenario, race->strategy);
	g_autofree char *title = g_strdup_printf("What happened: %s", race->strategy);
	g_autofree char *caption = caption_of(d);

	d->figure = figure_new("race", stem, title, caption);
	d->figure->table[1] = g_string_new("from\tto\tkind\tx1\ty1\tx2\ty2\n");
	g_string_append(d->figure->table[0], "when\tlane\ttext\tkind\tx\ty\n");
	append_whens(d);
	append_texts(d);
	append_arrows(d);
	define_lanes(d);
	figure_define(d->figure, "width", MAX(d->width + 12.0, 760.0));
	figure_define(d->figure, "height", d->height + FOOT_HEIGHT);
	figure_define_text(d->figure, "token", race->token ? race->token : "");
	figure_define_text(d->figure, "ending", race->ending ? race->ending : "");
	return d->figure;
}

struct figure *plot_race(const struct race *race)
{
	struct drawing d = { .race = race };
	struct figure *figure = NULL;

	d.moments = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	list_moments(&d);
	choose_window(&d);
	d.x = g_new0(double, race->lanes->len + 1);
	d.y = g_new0(double, (gsize)(d.end - d.first) + 1);
	if (d.end > d.first) {
		place_lanes(&d);
		place_rows(&d);
		figure = finish(&d);
	}
	g_array_unref(d.moments);
	g_free(d.x);
	g_free(d.y);
	return figure;
}
