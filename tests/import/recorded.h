/* SPDX-License-Identifier: MIT */
/* Recordings for tests: the unpacked files, changed copies of them, and text made up by a test. */
#ifndef MSIRACE_TESTS_RECORDED_H
#define MSIRACE_TESTS_RECORDED_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/import/replay.h"

/* The text of NAME.trace or another file of the recordings; the test fails without it. */
char *recorded_text(const char *file, size_t *length);

/* A file without a name that holds text; its position is the beginning. */
int recorded_fd(const char *text, size_t length);

/* What one line of a table or one mutated text replays to; released by replay_result_release(). */
struct replay_result recorded_replay(const char *text, size_t length,
                                     const struct replay_options *options);

/* Every snapshot of NAME.snap; the count in *count. */
struct replay_snapshot *recorded_snapshots(const char *name, size_t *count);
void recorded_snapshots_free(struct replay_snapshot *snapshots, size_t count);

/* Decisions made, compared and equal, of all kinds. */
struct recorded_sums {
	uint64_t made, compared, equal;
};
struct recorded_sums recorded_sums(const struct replay_result *result);

#endif
