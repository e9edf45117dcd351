/* SPDX-License-Identifier: MIT */
#include "sim/progress.h"

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

struct progress progress_begin(const char *name, bool quiet)
{
	return (struct progress){
		.name = name,
		.start_us = g_get_monotonic_time(),
		.enabled = !quiet && isatty(STDERR_FILENO),
	};
}

void progress_update(void *context, uint64_t done_ps, uint64_t total_ps)
{
	struct progress *progress = context;
	double elapsed = (double)(g_get_monotonic_time() - progress->start_us) / 1e6;

	if (!progress->enabled || elapsed < 1 || total_ps == 0) {
		return;
	}
	double part = MIN((double)done_ps / (double)total_ps, 1.0);
	fprintf(stderr, "\r\033[K%s: %3.0f %%", progress->name, 100 * part);
	if (part > 0) {
		fprintf(stderr, ", %.0f s left", elapsed / part - elapsed);
	}
	fflush(stderr);
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown) {
		fprintf(stderr, "\r\033[K");
	}
}
