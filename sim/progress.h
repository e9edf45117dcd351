/* SPDX-License-Identifier: MIT */
/* A line on stderr that tells how far a long run is. Only on a terminal, and only after a second. */
#ifndef MSIRACE_SIM_PROGRESS_H
#define MSIRACE_SIM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *name;        /* of what runs */
	int64_t start_us;        /* monotonic */
	bool enabled;
	bool shown;
};

struct progress progress_begin(const char *name, bool quiet);

/* As run_options.progress; context is a struct progress. */
void progress_update(void *context, uint64_t done_ps, uint64_t total_ps);

/* Clears the line. */
void progress_end(struct progress *progress);

#endif
