/* SPDX-License-Identifier: MIT */
/* What the replay of a recording found, as a part of the page. */
#include "sim/report_html.h"

static void append_text_cell(GString *out, const char *class, const char *text)
{
	g_string_append_printf(out, "<td class=\"%s\">", class);
	report_html_text(out, text);
	g_string_append(out, "</td>");
}

static void append_number(GString *out, uint64_t number)
{
	g_string_append_printf(out,
			       "<td data-value=\"%" G_GUINT64_FORMAT "\">%" G_GUINT64_FORMAT "</td>",
			       number, number);
}

static void append_compared(GString *out, const char *what, const struct results_compared *row)
{
	g_string_append(out, "<tr>");
	append_text_cell(out, "text", what);
	append_number(out, row->made);
	append_number(out, row->compared);
	append_number(out, row->equal);
	append_number(out, row->made - MIN(row->compared, row->made));
	g_string_append(out, "</tr>\n");
}

static void append_table(GString *out, const struct results_replay *replay)
{
	g_string_append(out, "<div class=\"wide\" tabindex=\"0\"><table class=\"sortable\">\n<thead><tr>"
			     "<th class=\"text\">what the kernel did</th><th>recorded</th><th>compared</th>"
			     "<th>equal</th><th>not comparable</th></tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < replay->decisions_count; i++) {
		append_compared(out, replay->decisions[i].what, &replay->decisions[i]);
	}
	append_compared(out, "counters", &replay->counters);
	append_compared(out, "messages of an affinity change", &replay->writes);
	g_string_append(out, "</tbody>\n</table></div>\n");
}

static void append_reasons(GString *out, const struct results_replay *replay)
{
	if (replay->reasons_count == 0) {
		return;
	}
	g_string_append(out, "<p class=\"note\">Not comparable: ");
	for (uint32_t i = 0; i < replay->reasons_count; i++) {
		const struct results_reason *reason = &replay->reasons[i];
		g_string_append_printf(out, "%s%" G_GUINT64_FORMAT ", the first in line %" G_GUINT64_FORMAT ": ",
				       i ? "; " : "", reason->count, reason->first_line);
		report_html_text(out, reason->text);
	}
	g_string_append(out, ".</p>\n");
}

static void append_divergence(GString *out, const struct results_divergence *divergence, const char *what)
{
	if (divergence->count == 0) {
		return;
	}
	g_string_append_printf(out, "<p class=\"bad\">%" G_GUINT64_FORMAT " %s not equal, the first: ",
			       divergence->count, what);
	report_html_text(out, divergence->text);
	g_string_append(out, "</p>\n<pre>");
	report_html_text(out, divergence->states);
	g_string_append(out, "</pre>\n");
}

static void append_snapshots(GString *out, const struct results_replay *replay)
{
	for (uint32_t i = 0; i < replay->snapshots_count; i++) {
		const struct results_snapshot *snapshot = &replay->snapshots[i];
		g_string_append_printf(out, "<p class=\"%s\">Snapshot ", snapshot->equal ? "good" : "bad");
		report_html_text(out, snapshot->name);
		g_string_append(out, snapshot->equal ? " is equal" : ": ");
		if (!snapshot->equal && snapshot->difference) {
			report_html_text(out, snapshot->difference);
		}
		g_string_append(out, ".</p>\n");
	}
}

static void append_what_if(GString *out, const struct results_replay *replay)
{
	if (replay->what_if_count == 0) {
		return;
	}
	g_string_append(out, "<div class=\"wide\" tabindex=\"0\"><table class=\"sortable\">\n<thead><tr>"
			     "<th class=\"text\">placement</th><th>granted</th><th>refused here</th>"
			     "<th>refused there</th><th>on another CPU</th><th>moved at offline</th>"
			     "<th>stranded</th><th>most on one CPU</th><th>in use at the end</th>"
			     "<th>leaked</th></tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < replay->what_if_count; i++) {
		const struct results_placement *p = &replay->what_if[i];
		const uint64_t cells[] = {
			p->granted,  p->refused,       p->not_refused, p->elsewhere, p->displaced,
			p->stranded, p->most_on_a_cpu, p->in_use,      p->leaked,
		};
		g_string_append(out, "<tr>");
		append_text_cell(out, "text", p->name);
		for (size_t cell = 0; cell < G_N_ELEMENTS(cells); cell++) {
			append_number(out, cells[cell]);
		}
		g_string_append(out, "</tr>\n");
	}
	g_string_append(out, "</tbody>\n</table></div>\n<p class=\"note\">The same history under "
			     "other placements of the vector allocator.</p>\n");
}

static const char *verdict_of(const struct results_replay *replay)
{
	uint64_t compared = replay->counters.compared + replay->writes.compared + replay->snapshots_count;

	for (uint32_t i = 0; i < replay->decisions_count; i++) {
		compared += replay->decisions[i].compared;
	}
	return replay->agreement ? "All that can be compared with the kernel is equal."
	       : compared	 ? "Not all that can be compared with the kernel is equal."
				 : "Nothing could be compared with the kernel.";
}

void report_html_replay(GString *out, const struct results_replay *replay)
{
	if (!replay) {
		return;
	}
	g_string_append(out, "<h3>The recording, replayed</h3>\n<p class=\"origin\">");
	report_html_text(out, replay->recording);
	g_string_append_printf(out,
			       ": %" G_GUINT64_FORMAT " lines, %" G_GUINT64_FORMAT
			       " events</p>\n<p class=\"%s\">%s</p>\n",
			       replay->lines, replay->events, replay->agreement ? "good" : "bad",
			       verdict_of(replay));
	append_table(out, replay);
	append_reasons(out, replay);
	append_divergence(out, &replay->divergence, "decisions or counters are");
	append_divergence(out, &replay->writes_divergence, "sequences of messages are");
	append_snapshots(out, replay);
	append_what_if(out, replay);
}
