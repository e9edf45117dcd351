/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "sim/import/replay.h"

static const char *const decision_names[REPLAY_DECISIONS] = {
	[DECISION_ALLOC] = "allocate",
	[DECISION_ALLOC_MANAGED] = "allocate managed",
	[DECISION_RESERVE_MANAGED] = "reserve managed",
	[DECISION_REMOVE_MANAGED] = "remove managed",
	[DECISION_CAN_UNPLUG] = "may go offline",
};

static const char *const incomparable_texts[REPLAY_INCOMPARABLE] = {
	[INCOMPARABLE_NO_MASK] = "no probe recorded the mask: only the vector is compared",
	[INCOMPARABLE_SHORT_MASK] =
		"the probe recorded fewer CPUs than there are: only the vector is compared",
	[INCOMPARABLE_NO_CPU] =
		"nothing tells the CPU; the counters are not compared from there on",
	[INCOMPARABLE_COUNTS] = "the recording begins too late to know how much each CPU had left",
	[INCOMPARABLE_VECTORS] = "the recording begins too late to know which vectors were taken",
};

const char *replay_decision_name(enum replay_decision decision)
{
	return decision_names[decision];
}

const char *replay_incomparable_text(enum replay_incomparable why)
{
	return incomparable_texts[why];
}

static uint64_t events_of(const struct ftrace_counts *trace)
{
	uint64_t sum = 0;

	for (int kind = 0; kind < FTRACE_KINDS; kind++) {
		sum += trace->events[kind];
	}
	return sum;
}

static void print_start(const struct replay_result *result, FILE *out)
{
	if (result->parts > 1) {
		fprintf(out, "parts      %" PRIu64 ", with gaps between them\n", result->parts);
	}
	if (result->jumps) {
		fprintf(out,
		        "parts      %" PRIu64
		        " gaps show only in the counters, the first before line %" PRIu64
		        ": operations are missing there\n",
		        result->jumps, result->jump_line);
	}
	if (result->parts && result->parts_concluded == 0) {
		fprintf(out, "start      complete: the recording begins before the first vector is "
		             "allocated\n");
	} else if (result->parts == result->parts_concluded) {
		fprintf(out,
		        "start      in the middle of the machine's life: counters of %u of %u "
		        "CPUs, and something about %u "
		        "vectors, follow from what happens later\n",
		        result->start_cpus_counted, result->cpus, result->start_vectors_concluded);
	}
	if (result->start_warning) {
		fprintf(out, "start      %s\n", result->start_warning);
	}
}

static void print_operations(const struct replay_result *result, FILE *out)
{
	const char *separator = "replayed   ";

	for (int verb = 0; verb < OP_COUNTERS; verb++) {
		if (result->operations[verb]) {
			fprintf(out, "%s%" PRIu64 " %s", separator, result->operations[verb],
			        history_verb_name((enum history_verb)verb));
			separator = ", ";
		}
	}
	fputs(separator[0] == ','
	              ? "\n"
	              : "replayed   nothing: there is no event of the vector allocator\n",
	      out);
	if (result->out_of_range) {
		fprintf(out,
		        "left out   %" PRIu64 " operations on CPUs or vectors that there cannot "
		                              "be, the first in line %" PRIu64 "\n",
		        result->out_of_range, result->out_of_range_line);
	}
	if (result->warnings) {
		fprintf(out,
		        "warnings   %" PRIu64 " of the allocator core, the first in line %" PRIu64
		        ": %s\n",
		        result->warnings, result->warning_line, result->warning);
	}
	if (result->history.contradictions) {
		fprintf(out,
		        "history    %" PRIu64
		        " probes contradict their tracepoint, the first in line %" PRIu64 "\n",
		        result->history.contradictions, result->history.contradictions_line);
	}
	if (result->history.unfinished) {
		fprintf(out,
		        "history    %" PRIu64
		        " operations have no outcome, the first in line %" PRIu64 "\n",
		        result->history.unfinished, result->history.unfinished_line);
	}
}

static void print_decisions(const struct replay_result *result, FILE *out)
{
	uint64_t sums[3] = { 0 };

	fprintf(out, "\n%-18s %10s %10s %10s %15s\n", "decision", "made", "compared", "equal",
	        "not comparable");
	for (int i = 0; i < REPLAY_DECISIONS; i++) {
		sums[0] += result->decisions[i];
		sums[1] += result->compared[i];
		sums[2] += result->equal[i];
		if (result->decisions[i]) {
			fprintf(out,
			        "%-18s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %15" PRIu64 "\n",
			        decision_names[i], result->decisions[i], result->compared[i],
			        result->equal[i], result->decisions[i] - result->compared[i]);
		}
	}
	fprintf(out, "%-18s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %15" PRIu64 "\n", "all",
	        sums[0], sums[1], sums[2], sums[0] - sums[1]);
	fprintf(out, "%-18s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %15" PRIu64 "\n\n",
	        "counters", result->counters_compared + result->counters_open,
	        result->counters_compared, result->counters_equal, result->counters_open);
	for (int i = 0; i < REPLAY_INCOMPARABLE; i++) {
		if (result->incomparable[i]) {
			fprintf(out,
			        "not comparable: %" PRIu64 " decisions, the first in line %" PRIu64
			        ": %s\n",
			        result->incomparable[i], result->incomparable_line[i],
			        incomparable_texts[i]);
		}
	}
}

static void print_snapshot(const struct replay_snapshot *s, FILE *out)
{
	fprintf(out, "snapshot   %s", s->name);
	if (s->mark_line) {
		fprintf(out, ", mark in line %" PRIu64 ": ", s->mark_line);
	} else {
		fputs(", no mark: ", out);
	}
	if (!s->difference) {
		fputs(s->mark_line ? "equal\n" : "equal at the end\n", out);
	} else if (s->equal_line) {
		fprintf(out, "equal after line %" PRIu64 "\n", s->equal_line);
	} else if (s->gap_line) {
		fprintf(out,
		        "not compared: it fits the gap before line %" PRIu64
		        ", between what was before and after it; %s\n",
		        s->gap_line, s->difference);
	} else {
		fprintf(out, "%s; equal nowhere\n", s->difference);
	}
}

void replay_print_verdict(const struct replay_result *result, const struct replay_options *options,
                          const struct replay_others *others, FILE *out)
{
	if (result->divergences) {
		fprintf(out, "divergence %" PRIu64 ", the first in %s\n", result->divergences,
		        result->divergence);
	} else if (!replay_agrees(result, options)) {
		fputs("agreement  none: a snapshot is not equal\n", out);
	} else if (others->differ) {
		fputs("agreement  none: messages of an affinity change are not equal\n", out);
	} else if (replay_compared(result, options) + others->compared == 0) {
		fputs("agreement  none: nothing in it could be compared\n", out);
	} else {
		fputs("agreement  complete: every decision and every counter that can be compared "
		      "is equal\n",
		      out);
	}
}

void replay_print(const struct replay_result *result, const struct replay_options *options,
                  const char *name, FILE *out)
{
	fprintf(out,
	        "recording  %s: %" PRIu64 " lines, %" PRIu64 " events, %u CPUs, %" PRIu64
	        ".%06" PRIu64 " to %" PRIu64 ".%06" PRIu64 " s\n",
	        name, result->trace.lines, events_of(&result->trace), result->cpus,
	        result->first_ns / 1000000000, result->first_ns / 1000 % 1000000,
	        result->last_ns / 1000000000, result->last_ns / 1000 % 1000000);
	ftrace_print_ignored(&result->trace, out);
	print_start(result, out);
	print_operations(result, out);
	print_decisions(result, out);
	for (size_t i = 0; i < options->snapshots_count; i++) {
		print_snapshot(&options->snapshots[i], out);
	}
}
