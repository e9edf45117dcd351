// SPDX-License-Identifier: MIT
#include "sim/report_html.h"

#include <math.h>
#include <string.h>

#include "sim/embedded.h"
#include "sim/report_format.h"

void report_html_text(GString *out, const char *text)
{
	static const struct {
		gunichar c;
		const char *entity;
	} entities[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
	};
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		const char *entity = NULL;
		for (size_t i = 0; i < G_N_ELEMENTS(entities); i++) {
			entity = entities[i].c == c ? entities[i].entity : entity;
		}
		bool control = (c < ' ' && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
		if (entity) {
			g_string_append(out, entity);
		} else {
			g_string_append_unichar(out, control || c == 0xfffe || c == 0xffff ? 0xfffd : c);
		}
	}
}

/* ---- Pictures ---- */

/* Appends text up to the next occurrence of mark, and returns what stands behind that; NULL: there is none. */
static const char *copy_until(GString *out, const char *text, const char *mark)
{
	const char *found = strstr(text, mark);

	if (!found) {
		return NULL;
	}
	g_string_append_len(out, text, found - text);
	return found + strlen(mark);
}

/* A text that looks like one of these attributes is shown with the number in it; it stays a text, as gnuplot escapes it. */
static char *own_ids(const char *svg, guint number)
{
	static const char *const starts[] = { " id='", " id=\"", "xlink:href='#", "url(#" };
	GString *out = g_string_new(svg);

	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autofree char *own = g_strdup_printf("%sp%u-", starts[i], number);
		g_string_replace(out, starts[i], own, 0);
	}
	return g_string_free(out, FALSE);
}

void report_html_svg(GString *out, const char *svg, guint number, const char *title)
{
	const char *begin = strstr(svg, "<svg");
	g_autofree char *own = own_ids(begin ? begin : "", number);
	const char *rest = copy_until(out, own, "<title>");
	const char *behind = rest ? strstr(rest, "</desc>") : NULL;

	if (!behind) {
		g_string_append(out, own);
		return;
	}
	g_string_append(out, "<title>");
	report_html_text(out, title);
	g_string_append(out, "</title>");
	g_string_append(out, behind + strlen("</desc>"));
}

static void append_figure(GString *out, const struct plot_inputs *inputs,
			  const char *const *svg, guint number)
{
	const struct plot *plot = g_ptr_array_index(inputs->plots, number);

	g_string_append(out, "<figure>\n<div class=\"picture\" tabindex=\"0\">\n");
	report_html_svg(out, svg[number], number, plot->figure->title);
	g_string_append(out, "</div>\n</figure>\n");
}

/* Pictures of the vector space are many and alike: they wait to be opened, but for the first. */
static void append_figures(GString *out, const struct plot_inputs *inputs, const char *const *svg,
			   const struct plot_input *input, guint run)
{
	guint occupancies = 0;

	for (guint i = input->plots_first; i < input->plots_end; i++) {
		const struct plot *plot = g_ptr_array_index(inputs->plots, i);
		if (plot->run != run) {
			continue;
		}
		occupancies += plot->kind == PLOT_OCCUPANCY;
		if (plot->kind == PLOT_OCCUPANCY && occupancies > 1) {
			g_string_append(out, "<details><summary>");
			report_html_text(out, plot->figure->title);
			g_string_append(out, "</summary>\n");
			append_figure(out, inputs, svg, i);
			g_string_append(out, "</details>\n");
		} else {
			append_figure(out, inputs, svg, i);
		}
	}
}

/* ---- Tables ---- */

static uint64_t total(const struct results_contender *c, enum metric_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < c->replications; i++) {
		sum += c->each[i].counter[counter];
	}
	return sum;
}

static uint64_t most(const struct results_contender *c, enum metric_counter counter)
{
	uint64_t max = 0;

	for (uint32_t i = 0; i < c->replications; i++) {
		max = MAX(max, c->each[i].counter[counter]);
	}
	return max;
}

static const struct estimate *derived(const struct results_contender *c, int metric)
{
	return &c->derived[metric - METRIC_COUNTERS_COUNT];
}

/* What has no value sorts behind all that has. */
static void append_value_cell(GString *out, double value, const char *text)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_ascii_formatd(number, sizeof(number), "%.9g", isfinite(value) ? value : 1e300);
	g_string_append_printf(out, "<td data-value=\"%s\">", number);
	report_html_text(out, text);
	g_string_append(out, "</td>");
}

static void append_estimate_cell(GString *out, const struct results_contender *c, int metric)
{
	GString *text = g_string_new(NULL);

	format_estimate(text, metric, derived(c, metric));
	append_value_cell(out, derived(c, metric)->value, text->str);
	g_string_free(text, TRUE);
}

static void append_metric_cell(GString *out, const struct results_contender *c, int metric)
{
	GString *text = g_string_new(NULL);

	format_value(text, metric, derived(c, metric)->value);
	append_value_cell(out, derived(c, metric)->value, text->str);
	g_string_free(text, TRUE);
}

static void append_count_cell(GString *out, uint64_t count)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, count);

	append_value_cell(out, (double)count, text);
}

/* In a sentence, and how it is to be seen. */
static void append_verdict(GString *out, const struct results_contender *c)
{
	const struct estimate *lost = derived(c, METRIC_LOST_PER_MIGRATION);
	uint64_t leaked = most(c, METRIC_VECTORS_LEAKED);
	const char *class = "good";
	GString *words = g_string_new(NULL);

	if (total(c, METRIC_STALE)) {
		class = "bad";
		g_string_append(words, "leaves devices waiting, the longest for ");
		format_duration(words, derived(c, METRIC_STALE_TIME_MAX)->value);
		if (total(c, METRIC_STALE_OPEN)) {
			g_string_append(words, " and some until the end");
		}
	} else if (total(c, METRIC_LOST)) {
		class = "warn";
		g_string_append(words, "loses, but a handler was owed each time");
	} else if (lost->method == ESTIMATE_UNDEFINED) {
		class = "warn";
		g_string_append(words, total(c, METRIC_MIGRATIONS_ASKED)
					       ? "made no move that it was asked for"
					       : "lost nothing; no move was asked for");
	} else {
		g_string_append(words, "lost nothing: fewer than ");
		format_value(words, METRIC_LOST_PER_MIGRATION, lost->high);
		g_string_append(words, " per move at 95 %");
	}
	if (leaked) {
		class = "bad";
		g_string_append_printf(words, "; leaks %" G_GUINT64_FORMAT " vectors", leaked);
	}
	g_string_append_printf(out, "<td class=\"words %s\">%s</td>", class, words->str);
	g_string_free(words, TRUE);
}

static void append_row(GString *out, const struct results_set *set, const struct results *run,
		       const struct results_contender *c)
{
	g_autofree char *moves = g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
						 total(c, METRIC_MIGRATIONS_DONE),
						 total(c, METRIC_MIGRATIONS_ASKED));

	g_string_append(out, "<tr>");
	for (uint32_t i = 0; run->values && i < set->keys_count; i++) {
		g_string_append(out, "<td class=\"text\">");
		report_html_text(out, run->values[i]);
		g_string_append(out, "</td>");
	}
	g_string_append(out, "<td class=\"text\">");
	report_html_text(out, c->name);
	g_string_append(out, "</td>");
	append_verdict(out, c);
	append_value_cell(out, (double)total(c, METRIC_MIGRATIONS_DONE), moves);
	append_estimate_cell(out, c, METRIC_LOST_PER_MIGRATION);
	append_estimate_cell(out, c, METRIC_STALE_PER_MIGRATION);
	append_count_cell(out, total(c, METRIC_SPURIOUS));
	append_metric_cell(out, c, METRIC_LATENCY_P99);
	append_metric_cell(out, c, METRIC_LATENCY_MAX);
	append_count_cell(out, most(c, METRIC_VECTORS_LEAKED));
	g_string_append(out, "</tr>\n");
}

static void append_verdicts(GString *out, const struct results_set *set, uint32_t first,
			    uint32_t end)
{
	g_string_append(out, "<div class=\"wide\" tabindex=\"0\"><table class=\"sortable\">\n<thead><tr>");
	for (uint32_t i = 0; i < set->keys_count; i++) {
		g_string_append(out, "<th class=\"text\">");
		report_html_text(out, set->keys[i]);
		g_string_append(out, "</th>");
	}
	g_string_append(out,
			"<th class=\"text\">strategy</th><th class=\"text\">verdict</th>"
			"<th>moves done/asked</th><th>lost per move</th><th>stale per move</th>"
			"<th>spurious</th><th>latency p99</th><th>latency max</th><th>leaked</th>"
			"</tr></thead>\n<tbody>\n");
	for (uint32_t n = first; n < end; n++) {
		for (uint32_t i = 0; i < set->each[n].contenders_count; i++) {
			append_row(out, set, &set->each[n], &set->each[n].contenders[i]);
		}
	}
	g_string_append(out, "</tbody>\n</table></div>\n<p class=\"note\">In brackets: the 95 % "
			     "interval.</p>\n");
}

static void append_expectations(GString *out, const struct results *run)
{
	if (run->expectations_count == 0) {
		return;
	}
	g_string_append(out, "<h3>What was expected</h3>\n<div class=\"wide\" tabindex=\"0\">"
			     "<table class=\"sortable\">\n<thead><tr><th class=\"text\">expected</th>"
			     "<th class=\"text\">strategy</th><th class=\"text\">verdict</th>"
			     "<th class=\"text\">found</th></tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < run->expectations_count; i++) {
		const struct results_expectation *x = &run->expectations[i];
		const char *class = strcmp(x->verdict, "held") == 0	? "good"
				    : strcmp(x->verdict, "failed") == 0 ? "bad"
									: "warn";
		g_string_append(out, "<tr><td class=\"text\">");
		report_html_text(out, x->text);
		g_string_append(out, "</td><td class=\"text\">");
		report_html_text(out, x->contender);
		g_string_append_printf(out, "</td><td class=\"text %s\">", class);
		report_html_text(out, x->verdict);
		g_string_append(out, "</td><td class=\"words\">");
		report_html_text(out, x->message ? x->message : "");
		g_string_append(out, "</td></tr>\n");
	}
	g_string_append(out, "</tbody>\n</table></div>\n");
}

/* ---- Sections ---- */

static void append_heading(GString *out, const char *name, guint *section)
{
	g_string_append_printf(out, "<h2 id=\"s%u\"%s>", *section,
			       *section == 1 ? " class=\"first\"" : "");
	report_html_text(out, name);
	g_string_append(out, "</h2>\n");
	(*section)++;
}

static void append_origin(GString *out, const struct results_set *set, const struct results *run)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%s, seed %" G_GUINT64_FORMAT ", %u replications of ",
			       run->file, run->seed, run->replications_asked);
	format_duration(text, (double)run->duration_ps);
	g_string_append_printf(text, " each, run by msirace %s; from %s", run->version, set->path);
	g_string_append(out, "<p class=\"origin\">");
	report_html_text(out, text->str);
	g_string_append(out, "</p>\n");
	if (run->partial || set->partial) {
		g_string_append(out, "<p class=\"bad\">Partial: the run was interrupted.</p>\n");
	}
	g_string_free(text, TRUE);
}

static void append_question(GString *out, const struct results *run)
{
	if (run->question) {
		g_string_append(out, "<p class=\"question\">");
		report_html_text(out, run->question);
		g_string_append(out, "</p>\n");
	}
}

static void append_resolved(GString *out, const struct results_set *set, const struct results *run)
{
	g_string_append(out, "<details><summary>The scenario with every default, to run it again");
	for (uint32_t i = 0; run->values && i < set->keys_count; i++) {
		g_string_append(out, i ? ", " : ": ");
		report_html_text(out, set->keys[i]);
		g_string_append(out, " = ");
		report_html_text(out, run->values[i]);
	}
	g_string_append_printf(out,
			       "</summary>\n<p>Saved as <code>again.yaml</code>, "
			       "<code>msirace run again.yaml --seed %" G_GUINT64_FORMAT
			       "</code> gives the same figures.</p>\n<pre>",
			       run->seed);
	report_html_text(out, run->resolved);
	g_string_append(out, "</pre>\n</details>\n");
}

static void append_sweep(GString *out, const struct plot_inputs *inputs, const char *const *svg,
			 const struct plot_input *input, guint *section)
{
	const struct results_set *set = input->results;

	append_heading(out, set->each[0].scenario, section);
	append_question(out, &set->each[0]);
	append_origin(out, set, &set->each[0]);
	report_html_replay(out, set->replay);
	append_figures(out, inputs, svg, input, PLOT_OF_SWEEP);
	g_string_append(out, "<h3>The last cell</h3>\n");
	append_verdicts(out, set, set->count - 1, set->count);
	g_string_append_printf(out, "<details><summary>All %u cells</summary>\n", set->count);
	append_verdicts(out, set, 0, set->count);
	g_string_append(out, "</details>\n");
	for (uint32_t i = 0; i < set->count; i++) {
		append_expectations(out, &set->each[i]);
		append_figures(out, inputs, svg, input, i);
	}
	for (uint32_t i = 0; i < set->count; i++) {
		append_resolved(out, set, &set->each[i]);
	}
}

static void append_runs(GString *out, const struct plot_inputs *inputs, const char *const *svg,
			const struct plot_input *input, guint *section)
{
	const struct results_set *set = input->results;

	for (uint32_t i = 0; i < set->count; i++) {
		append_heading(out, set->each[i].scenario, section);
		append_question(out, &set->each[i]);
		append_origin(out, set, &set->each[i]);
		append_verdicts(out, set, i, i + 1);
		append_expectations(out, &set->each[i]);
		report_html_replay(out, set->each[i].replay);
		append_figures(out, inputs, svg, input, i);
		append_resolved(out, set, &set->each[i]);
	}
}

static char *race_heading(const struct race *race)
{
	return g_strdup_printf("%s, %s: %s", race->scenario, race->strategy,
			       race->token ? "a witness" : "a trace");
}

/* A row for each step, a column for each place: what happened, in words. */
static void append_columns(GString *out, const struct race *race)
{
	g_string_append(out, "<div class=\"wide\" tabindex=\"0\"><table class=\"witness\">\n<thead><tr><th></th>");
	for (guint lane = 0; lane < race->lanes->len; lane++) {
		g_string_append(out, "<th>");
		report_html_text(out, g_ptr_array_index(race->lanes, lane));
		g_string_append(out, "</th>");
	}
	g_string_append(out, "</tr></thead>\n<tbody>\n");
	for (guint i = 0; i < race->events->len;) {
		uint64_t at = g_array_index(race->events, struct race_event, i).at;
		guint end = i;
		while (end < race->events->len &&
		       g_array_index(race->events, struct race_event, end).at == at) {
			end++;
		}
		g_string_append_printf(out, "<tr><td>%" G_GUINT64_FORMAT "</td>", at);
		for (guint lane = 0; lane < race->lanes->len; lane++) {
			g_string_append(out, "<td>");
			for (guint n = i; n < end; n++) {
				const struct race_event *event =
					&g_array_index(race->events, struct race_event, n);
				if (event->lane != lane) {
					continue;
				}
				g_string_append(out, event->bad ? "<span class=\"bad\">" : "<span>");
				report_html_text(out, event->text);
				g_string_append(out, "</span> ");
			}
			g_string_append(out, "</td>");
		}
		g_string_append(out, "</tr>\n");
		i = end;
	}
	g_string_append(out, "</tbody>\n</table></div>\n");
}

static void append_races(GString *out, const struct plot_inputs *inputs, const char *const *svg,
			 const struct plot_input *input, guint *section)
{
	for (guint i = 0; i < input->races->len; i++) {
		const struct race *race = g_ptr_array_index(input->races, i);
		g_autofree char *heading = race_heading(race);
		append_heading(out, heading, section);
		if (race->ending) {
			g_string_append(out, "<p class=\"bad\">");
			report_html_text(out, race->ending);
			g_string_append(out, "</p>\n");
		}
		append_figures(out, inputs, svg, input, i);
		if (race->token) {
			append_columns(out, race);
			g_string_append(out, "<p>Replayed by <code>msirace replay --path ");
			report_html_text(out, race->token);
			g_string_append(out, "</code> and the scenario's file.</p>\n");
		}
	}
}

static void append_entry(GString *out, const char *name, guint *section)
{
	g_string_append_printf(out, "<li><a href=\"#s%u\">", (*section)++);
	report_html_text(out, name);
	g_string_append(out, "</a></li>\n");
}

static void append_contents(GString *out, const struct plot_inputs *inputs)
{
	guint section = 1;

	g_string_append(out, "<nav><ul>\n");
	for (size_t i = 0; i < inputs->count; i++) {
		const struct plot_input *input = &inputs->each[i];
		guint count = !input->results	    ? input->races->len
			      : input->results->sweep ? 1
						      : input->results->count;
		for (guint n = 0; n < count; n++) {
			g_autofree char *heading =
				input->results ? g_strdup(input->results->each[n].scenario)
					       : race_heading(g_ptr_array_index(input->races, n));
			append_entry(out, heading, &section);
		}
	}
	g_string_append(out, "</ul></nav>\n");
}

/* Scripts are allowed by their hash alone: text that slipped through as a script would not run. */
static void append_head(GString *out)
{
	const char *script = embedded_text("sort.js");
	guint8 digest[32];
	gsize size = sizeof(digest);
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(checksum, (const guchar *)script, (gssize)strlen(script));
	g_checksum_get_digest(checksum, digest, &size);
	g_checksum_free(checksum);
	g_autofree char *hash = g_base64_encode(digest, size);
	g_string_append_printf(
		out,
		"<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
		"<meta charset=\"utf-8\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"img-src data:; style-src 'unsafe-inline'; script-src 'sha256-%s'\"/>\n"
		"<title>msirace report</title>\n<style>\n%s</style>\n</head>\n<body>\n",
		hash, embedded_text("report.css"));
}

GString *report_html(const struct plot_inputs *inputs, const char *const *svg, const char *version)
{
	GString *out = g_string_new(NULL);
	guint section = 1;

	append_head(out);
	g_string_append(out, "<header>\n<h1>msirace report</h1>\n<p class=\"origin\">Interrupts lost while their "
			     "affinity changes, by strategy. Made by msirace ");
	report_html_text(out, version);
	g_string_append(out, ".</p>\n</header>\n");
	append_contents(out, inputs);
	g_string_append(out, "<main>\n");
	for (size_t i = 0; i < inputs->count; i++) {
		const struct plot_input *input = &inputs->each[i];
		if (!input->results) {
			append_races(out, inputs, svg, input, &section);
		} else if (input->results->sweep) {
			append_sweep(out, inputs, svg, input, &section);
		} else {
			append_runs(out, inputs, svg, input, &section);
		}
	}
	g_string_append_printf(out, "</main>\n<script>%s</script>\n</body>\n</html>\n",
			       embedded_text("sort.js"));
	return out;
}
