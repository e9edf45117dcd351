/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <string.h>

#include "sim/replay_report.h"

static void write_count_and_line(struct json_writer *w, const char *key, uint64_t count, uint64_t line)
{
	json_object_begin(w, key, JSON_ONE_LINE);
	json_uint(w, "count", count);
	json_uint(w, "first_line", line);
	json_end(w);
}

/* What there is none of has no element. */
static void write_reason(struct json_writer *w, const char *reason, const char *unit, uint64_t count,
                         uint64_t line)
{
	if (count) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "reason", reason);
		json_uint(w, unit, count);
		json_uint(w, "first_line", line);
		json_end(w);
	}
}

static void write_trace(struct json_writer *w, const struct replay_result *result)
{
	const struct ftrace_counts *trace = &result->trace;
	uint64_t events = 0;

	for (int kind = 0; kind < FTRACE_KINDS; kind++) {
		events += trace->events[kind];
	}
	json_uint(w, "lines", trace->lines);
	json_uint(w, "events", events);
	json_uint(w, "cpus", result->cpus);
	json_uint(w, "first_ns", result->first_ns);
	json_uint(w, "last_ns", result->last_ns);
	json_uint(w, "parts", result->parts);
	json_array_begin(w, "ignored", JSON_LINES);
	for (int reason = 0; reason < IGNORED_REASONS; reason++) {
		write_reason(w, ftrace_ignored_text((enum ftrace_ignored)reason), "count",
		             trace->ignored[reason], trace->first_line[reason]);
	}
	json_end(w);
	json_uint(w, "lost_events", trace->lost_events);
	json_uint(w, "unknown_losses", trace->unknown_losses);
	write_count_and_line(w, "backwards", trace->backwards, trace->backwards_line);
	json_uint(w, "held", trace->held);
}

static void write_operations(struct json_writer *w, const struct replay_result *result)
{
	json_object_begin(w, "operations", JSON_ONE_LINE);
	for (int verb = 0; verb < OP_COUNTERS; verb++) {
		json_uint(w, history_verb_name((enum history_verb)verb), result->operations[verb]);
	}
	json_end(w);
	write_count_and_line(w, "operations_out_of_range", result->out_of_range,
	                     result->out_of_range_line);
	write_count_and_line(w, "warnings", result->warnings, result->warning_line);
	write_count_and_line(w, "contradictions", result->history.contradictions,
	                     result->history.contradictions_line);
	write_count_and_line(w, "unfinished", result->history.unfinished,
	                     result->history.unfinished_line);
}

static void write_decisions(struct json_writer *w, const struct replay_result *result)
{
	json_array_begin(w, "decisions", JSON_LINES);
	for (int i = 0; i < REPLAY_DECISIONS; i++) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "decision", replay_decision_name((enum replay_decision)i));
		json_uint(w, "made", result->decisions[i]);
		json_uint(w, "compared", result->compared[i]);
		json_uint(w, "equal", result->equal[i]);
		json_uint(w, "not_comparable", result->decisions[i] - result->compared[i]);
		json_end(w);
	}
	json_end(w);
	json_array_begin(w, "not_comparable", JSON_LINES);
	for (int i = 0; i < REPLAY_INCOMPARABLE; i++) {
		write_reason(w, replay_incomparable_text((enum replay_incomparable)i), "decisions",
		             result->incomparable[i], result->incomparable_line[i]);
	}
	json_end(w);
	json_object_begin(w, "counters", JSON_ONE_LINE);
	json_uint(w, "compared", result->counters_compared);
	json_uint(w, "equal", result->counters_equal);
	json_uint(w, "not_comparable", result->counters_open);
	json_end(w);
}

/* text: a first line, and an indented one for each state. */
static void write_divergence(struct json_writer *w, uint64_t count, uint64_t line, const char *text)
{
	json_uint(w, "divergences", count);
	if (!count) {
		json_string(w, "divergence", NULL);
		return;
	}
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	json_object_begin(w, "divergence", JSON_LINES);
	json_uint(w, "line", line);
	json_string(w, "text", lines[0]);
	json_array_begin(w, "states", JSON_LINES);
	for (char **state = lines + 1; *state; state++) {
		if (**state) {
			json_string(w, NULL, g_strstrip(*state));
		}
	}
	json_end(w);
	json_end(w);
}

static void write_snapshots(struct json_writer *w, const struct replay_options *options)
{
	json_array_begin(w, "snapshots", JSON_LINES);
	for (size_t i = 0; i < options->snapshots_count; i++) {
		const struct replay_snapshot *snapshot = &options->snapshots[i];
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "name", snapshot->name);
		json_uint(w, "mark_line", snapshot->mark_line);
		json_bool(w, "equal", !snapshot->difference || snapshot->equal_line);
		json_uint(w, "equal_line", snapshot->equal_line);
		json_uint(w, "gap_line", snapshot->gap_line);
		json_string(w, "difference", snapshot->difference);
		json_end(w);
	}
	json_end(w);
}

static void write_writes(struct json_writer *w, const struct write_sequence_counts *writes)
{
	uint64_t equal = 0;

	for (int kind = 0; kind < WRITE_SEQUENCES; kind++) {
		equal += writes->equal[kind];
	}
	json_object_begin(w, "writes", JSON_LINES);
	json_uint(w, "changes", writes->changes);
	json_uint(w, "compared", writes->compared);
	json_uint(w, "equal", equal);
	json_uint(w, "messages", writes->messages);
	json_array_begin(w, "kinds", JSON_LINES);
	for (int kind = 0; kind < WRITE_SEQUENCES; kind++) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "kind", write_sequence_text((enum write_sequence)kind));
		json_uint(w, "equal", writes->equal[kind]);
		json_end(w);
	}
	json_end(w);
	json_array_begin(w, "not_comparable", JSON_LINES);
	for (int i = 0; i < SEQUENCE_INCOMPARABLE; i++) {
		write_reason(w, sequence_incomparable_text((enum sequence_incomparable)i), "changes",
		             writes->incomparable[i], writes->incomparable_line[i]);
	}
	json_end(w);
	json_uint(w, "reservations_concluded", writes->concluded);
	json_uint(w, "reservations_revised", writes->revised);
	json_object_begin(w, "destinations", JSON_ONE_LINE);
	json_uint(w, "changes", writes->by_destination);
	json_uint(w, "learned", writes->destinations_learned);
	json_uint(w, "contradictions", writes->destination_contradictions);
	json_uint(w, "first_line", writes->destination_contradictions_line);
	json_end(w);
	write_divergence(w, writes->divergences, writes->divergence_line, writes->divergence);
	json_end(w);
}

static void write_what_if(struct json_writer *w, const struct replay_report *report)
{
	const struct what_if_row *rows = what_if_rows(report->what_if);
	int count = report->result.parts ? WHAT_IF_PLACEMENTS : 0;

	json_array_begin(w, "what_if", JSON_LINES);
	for (const struct what_if_row *row = rows; row < rows + count; row++) {
		json_object_begin(w, NULL, JSON_ONE_LINE);
		json_string(w, "placement", row->placement);
		json_uint(w, "granted", row->granted);
		json_uint(w, "refused", row->refused);
		json_uint(w, "not_refused", row->not_refused);
		json_uint(w, "elsewhere", row->elsewhere);
		json_uint(w, "displaced", row->displaced);
		json_uint(w, "stranded", row->stranded);
		json_uint(w, "most_on_a_cpu", row->most_on_a_cpu);
		json_uint(w, "in_use", row->in_use);
		json_uint(w, "leaked", row->leaked);
		json_end(w);
	}
	json_end(w);
}

void replay_report_json(struct json_writer *w, const char *key, const struct replay_report *report)
{
	json_object_begin(w, key, JSON_LINES);
	json_string(w, "recording", report->source->file);
	json_string(w, "start", report->source->start);
	json_bool(w, "agreement", report->agrees);
	json_uint(w, "compared", replay_report_compared(report));
	write_trace(w, &report->result);
	write_operations(w, &report->result);
	write_decisions(w, &report->result);
	write_divergence(w, report->result.divergences, report->result.divergence_line,
	                 report->result.divergence);
	write_snapshots(w, &report->options);
	write_writes(w, report->writes);
	write_what_if(w, report);
	json_end(w);
}
