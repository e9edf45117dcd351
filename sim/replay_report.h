/* SPDX-License-Identifier: MIT */
/*
 * The replay of a recording, as `import` makes it, and `run` of a scenario that names one: decisions,
 * counters and snapshots, the messages of every affinity change, and the same history under the other
 * placements.
 */
#ifndef MSIRACE_SIM_REPLAY_REPORT_H
#define MSIRACE_SIM_REPLAY_REPORT_H

#include <stdio.h>

#include "sim/commands.h"
#include "sim/import/replay.h"
#include "sim/import/what_if.h"
#include "sim/json_write.h"
#include "sim/scenario.h"
#include "sim/write_sequences.h"

struct recorded_scenario;
struct log_match;

/* What reads every event along; NULL: nothing. */
struct replay_listeners {
	struct recorded_scenario *scenario;
	struct log_match *log;
};

struct replay_report {
	const struct scenario_recording *source; /* borrowed */
	struct replay_options options;           /* the snapshots, with what came of each */
	struct matrix_state *start;              /* of source->start; NULL: concluded */
	struct replay_result result;
	struct write_sequences *sequences;
	const struct write_sequence_counts *writes;
	struct what_if *what_if;
	bool agrees; /* something could be compared, and all that could be is equal */
};

/*
 * Reads what source names and replays it, and the listeners read along. EXIT_NOT_HELD: something
 * that can be compared is not equal, or nothing can be; EXIT_USAGE: a file cannot be read, or is no
 * recording of a vector allocator, told on stderr. The report is filled in by both of the others, and
 * released by replay_report_release() after each of the three.
 */
enum exit_code replay_report_make(struct replay_report *report,
                                  const struct scenario_recording *source,
                                  const struct replay_listeners *listeners);

/* The same for a recording that is open: fd is the caller's and seekable, source->file only a name. */
enum exit_code replay_report_make_open(struct replay_report *report, int fd,
                                       const struct scenario_recording *source,
                                       const struct replay_listeners *listeners);

void replay_report_release(struct replay_report *report);

/* Decisions, counters, snapshots and affinity changes that were compared; 0 is no agreement. */
uint64_t replay_report_compared(const struct replay_report *report);

/* The text that people read. */
void replay_report_print(const struct replay_report *report, FILE *out);

/* Everything that is not equal, the first of each kind, several lines (g_free()); NULL: it agrees. */
char *replay_report_differences(const struct replay_report *report);

/*
 * A member of this key. 0 as a line: there is none.
 *   recording, start (null: concluded), agreement, compared: how much was (0: no agreement), lines, events, cpus, first_ns, last_ns, parts,
 *   ignored: [{reason, count, first_line}]; lost_events, unknown_losses: of the markers; backwards, held: earlier than
 *   the latest time above, at which they are taken
 *   operations: {verb: n}; operations_out_of_range, warnings (of the allocator core), contradictions, unfinished: {count, first_line}
 *   decisions: [{decision, made, compared, equal, not_comparable}]; every kind
 *   not_comparable: [{reason, decisions, first_line}]
 *   counters: {compared, equal, not_comparable}
 *   divergences, divergence: {line, text, states: ["recording  ...", "replay  ..."]}; null: none
 *   snapshots: [{name, mark_line, equal, equal_line, gap_line, difference}]; gap_line: it fits the gap before it
 *   writes: {changes, compared, equal, messages, kinds: [{kind, equal}],
 *            not_comparable: [{reason, changes, first_line}], reservations_concluded,
 *            reservations_revised, destinations: {changes, learned, contradictions, first_line},
 *            divergences, divergence: as above}
 *   what_if: [{placement, granted, refused, not_refused, elsewhere, displaced, stranded,
 *              most_on_a_cpu, in_use, leaked}]; empty where nothing was replayed
 */
void replay_report_json(struct json_writer *w, const char *key, const struct replay_report *report);

#endif
