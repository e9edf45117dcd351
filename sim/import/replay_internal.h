/* SPDX-License-Identifier: MIT */
/*
 * What the files behind replay.h share: the recording on one side, the allocator core on the other.
 */
#ifndef MSIRACE_SIM_IMPORT_REPLAY_INTERNAL_H
#define MSIRACE_SIM_IMPORT_REPLAY_INTERNAL_H

#include "sim/import/replay.h"
#include "sim/import/start.h"

/* Reads ahead, one part at a time. */
struct scanner {
	struct ftrace_reader reader;
	struct history *history;
	struct start *start; /* of the part that is read */
	uint64_t operations; /* of it */
	uint64_t end_line; /* the part ends before this line's operation, or at this line's gap; 0:
	                      the file ends */
	bool jumped;       /* by an operation, which is the next part's first */
	struct history_op next;
	uint64_t next_mask[FTRACE_MASK_WORDS];
};

struct replay {
	const struct replay_options *options;
	struct replay_result *result;
	struct scanner scanner;
	struct ftrace_reader reader;
	struct history *history;
	struct vector_matrix *matrix; /* of the part that is replayed */
	struct start_state *state;    /* its start; sets and counted are kept up to date */
	bool sum_known;               /* of available counts */
	uint64_t line;                /* that is replayed */
	struct start_state *before;   /* the state of the part before this one; NULL: none */
};

static inline bool replay_mask_has(const struct history_op *op, uint32_t cpu)
{
	return cpu / 64 < op->mask_words && (op->mask[cpu / 64] >> (cpu % 64) & 1);
}

static inline bool replay_has_cpu(const struct replay *r, const struct history_op *op)
{
	return op->cpu != HISTORY_CPU_UNKNOWN && op->cpu < r->result->cpus;
}

/* replay_divergence.c: every divergence is counted, the first is kept with both states. */
void replay_diverge(struct replay *r, const struct history_op *op, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* replay_decisions.c: one operation each, compared and carried out. */
void replay_decide_alloc(struct replay *r, const struct history_op *op,
                         enum replay_decision decision);
void replay_decide_managed(struct replay *r, const struct history_op *op,
                           enum replay_decision decision);
void replay_decide_unplug(struct replay *r, const struct history_op *op);
void replay_take_free(struct replay *r, const struct history_op *op);

/* From now on the vector is what the kernel made of it. */
void replay_learn(struct replay *r, uint32_t cpu, uint32_t vector, uint8_t is);

/* replay_force.c */

/*
 * The mask that our allocator is asked with: the recorded one, cut to the shape, or only the CPU
 * that the kernel chose.
 */
void replay_make_mask(const struct replay *r, const struct history_op *op, bool recorded,
                      uint64_t *mask);

/*
 * Does on this very vector what the kernel did. False: the vector is not what it would have to be.
 */
bool replay_force(struct replay *r, const struct history_op *op, bool reservation);

/*
 * replay_snapshots.c: after each operation, in the gap that ends before a line, at each mark, and
 * when all is replayed.
 */
void replay_seek_snapshots(struct replay *r, uint64_t line);
void replay_seek_in_gap(struct replay *r, uint64_t line);
void replay_place_mark(struct replay *r, const struct ftrace_event *e);
void replay_finish_snapshots(struct replay *r);

#endif
