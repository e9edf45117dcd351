/* SPDX-License-Identifier: MIT */
/* What `import` prints of a recording, and `run` of a scenario that names one. */
#ifndef MSIRACE_SIM_REPLAY_REPORT_H
#define MSIRACE_SIM_REPLAY_REPORT_H

#include <stdio.h>

#include "sim/commands.h"
#include "sim/import/replay.h"

struct recorded_scenario;

/*
 * Replays fd, which must be seekable, and prints the agreement of decisions and of message writes,
 * then the same history under the other placements. options: without hooks. scenario, NULL: none,
 * reads along. The result is the caller's to release. EXIT_NOT_HELD: something that can be compared
 * is not equal; EXIT_USAGE: the recording cannot be read, reported on stderr.
 */
enum exit_code replay_report(int fd, const char *name, struct replay_options *options,
                             struct recorded_scenario *scenario, struct replay_result *result,
                             FILE *out);

/* The same for a file by its name, as text appended to *text. */
enum exit_code replay_report_file(const char *path, char **text);

#endif
