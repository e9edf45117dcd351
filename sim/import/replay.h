/* SPDX-License-Identifier: MIT */
/*
 * Replays a recording through the allocator core, decision by decision: which CPU and which vector
 * did the kernel choose, and which would ours; what do the kernel's counters say after it, and what
 * do ours. Everything is read twice: one reader runs ahead and concludes how the allocator stood at
 * the start, the other one compares. Memory does not depend on the file's length.
 *
 * A recording has parts where it has gaps: a marker of lost events, another recording's heading, or
 * counters that cannot follow from those before, because operations are missing. Each part begins
 * with a state of its own.
 */
#ifndef MSIRACE_SIM_IMPORT_REPLAY_H
#define MSIRACE_SIM_IMPORT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/import/ftrace.h"
#include "sim/import/history.h"
#include "sim/import/matrix_state.h"

/* Each allocation, refusal and hotplug question is one decision. */
enum replay_decision {
	DECISION_ALLOC,
	DECISION_ALLOC_MANAGED,
	DECISION_RESERVE_MANAGED,
	DECISION_REMOVE_MANAGED,
	DECISION_CAN_UNPLUG,
	REPLAY_DECISIONS
};

/*
 * Why a decision could not be compared completely. What can be compared of it is: at least, that
 * nothing contradicts it.
 */
enum replay_incomparable {
	INCOMPARABLE_NO_MASK, /* no probe recorded the mask: only the vector is compared */
	INCOMPARABLE_SHORT_MASK, /* the probe recorded fewer CPUs than are online: only the vector
	                            is compared */
	INCOMPARABLE_NO_CPU, /* no event tells on which CPU the kernel allocated; no count is proven
	                        any more */
	INCOMPARABLE_COUNTS, /* it begins too late to know what a candidate has left */
	INCOMPARABLE_VECTORS, /* the recording begins too late to know which lower vectors were
	                         taken */
	REPLAY_INCOMPARABLE
};

struct replay_snapshot {
	char *name; /* of the file, without folder and ".ktdump" */
	struct matrix_state *state;
	uint64_t mark_line; /* of the last mark "snap NAME"; 0: there is none */
	/*
	 * The snapshot was taken between its mark and the next mark, or if there is none at any
	 * time. It is equal where the state is equal to it at one moment of that.
	 */
	uint64_t equal_line; /* after it, for the last time; 0: never */
	char *difference;    /* at the mark, or without one at the end; NULL: equal then */
	/*
	 * It is equal nowhere, and may have been taken in the gap that ends before this line: there
	 * each of its vectors is as it was before the gap, or as it is after it, and each count is
	 * between the two. 0: in no gap.
	 */
	uint64_t gap_line;
	bool open;
};

struct replay_options {
	struct replay_snapshot *snapshots;
	size_t snapshots_count;
	const struct matrix_state
		*start; /* the allocator when the recording begins; NULL: concluded */
	uint32_t cpus;  /* 0: as the recording says */
	/*
	 * Each operation after it was carried out, and each event, for what else reads along; NULL:
	 * nobody.
	 */
	void (*part)(void *context, const struct matrix_state *start); /* a part begins */
	void (*op)(void *context, const struct history_op *op);
	void (*event)(void *context, const struct ftrace_event *e);
	void *context;
};

struct replay_result {
	struct ftrace_counts trace;
	struct history_counts history;
	uint32_t cpus;
	uint32_t beyond_cpu;         /* the first that is beyond options.cpus ... */
	uint64_t beyond_line;        /* ... in this line; 0: none, or only by the counters */
	uint64_t parts;              /* of the recording that have operations in them */
	uint64_t jumps;              /* gaps that only the counters tell */
	uint64_t jump_line;          /* before the first one's */
	uint64_t parts_concluded;    /* whose start had to be concluded */
	uint32_t start_cpus_counted; /* of the first part */
	uint32_t start_vectors_concluded;
	char *start_warning; /* of any part; NULL: none */
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t operations[HISTORY_VERBS];
	uint64_t out_of_range; /* operations on CPUs or vectors that there cannot be */
	uint64_t out_of_range_line;
	uint64_t decisions[REPLAY_DECISIONS];
	uint64_t compared[REPLAY_DECISIONS]; /* completely */
	uint64_t equal[REPLAY_DECISIONS];
	uint64_t incomparable[REPLAY_INCOMPARABLE];
	uint64_t incomparable_line[REPLAY_INCOMPARABLE];
	uint64_t counters_compared; /* one for each number */
	uint64_t counters_equal;
	uint64_t counters_open; /* not comparable: the recording begins too late */
	uint64_t warnings; /* of the allocator core: it was asked for what it does not do, here or
	                      under another placement */
	uint64_t warning_line; /* at the first one; 0: at the start */
	const char *warning;   /* the first; NULL: none */
	uint64_t divergences;
	uint64_t divergence_line;
	char *divergence; /* the first, with both states, several lines; NULL: none */
	struct matrix_state *end; /* of the last part; NULL: no operation */
};

/*
 * fd must be seekable; it is read from its beginning. 0, or a negative errno value where reading
 * failed, -EINVAL where the start cannot be built (*error says why, g_free()). The result is filled
 * in as far as it went, and is to be released.
 */
int replay_recording(int fd, const struct replay_options *options, struct replay_result *result,
                     char **error);
void replay_result_release(struct replay_result *result);

/* Events of the vector allocator and of its callers: neither marks nor handlers. */
uint64_t replay_allocator_events(const struct replay_result *result);

/* The snapshot is equal nowhere, and no gap explains that. */
bool replay_snapshot_disagrees(const struct replay_snapshot *s);

/* Decisions and counters that were compared completely, and snapshots that are equal somewhere. */
uint64_t replay_compared(const struct replay_result *result, const struct replay_options *options);

/*
 * No decision, counter or snapshot differs. That is no agreement where replay_compared() is 0: then
 * nothing could differ.
 */
bool replay_agrees(const struct replay_result *result, const struct replay_options *options);

/* As the table shows them. */
const char *replay_decision_name(enum replay_decision decision);
const char *replay_incomparable_text(enum replay_incomparable why);

/* What was replayed and compared, as the table of `msirace import`. */
void replay_print(const struct replay_result *result, const struct replay_options *options,
                  const char *name, FILE *out);

/* What else was compared with the recording. */
struct replay_others {
	uint64_t compared;
	bool differ;
};

/* The line that says whether all of it agrees, and the first divergence. */
void replay_print_verdict(const struct replay_result *result, const struct replay_options *options,
                          const struct replay_others *others, FILE *out);

#endif
