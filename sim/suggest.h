/* SPDX-License-Identifier: MIT */
/* "did you mean": the known name that is nearest to a mistyped one. */
#ifndef MSIRACE_SIM_SUGGEST_H
#define MSIRACE_SIM_SUGGEST_H

#include <stddef.h>

/* Feed it every known name, then ask for the hint. */
struct suggestion {
	const char *mistyped;
	const char *best;    /* borrowed from the names that were offered */
	size_t distance;
};

struct suggestion suggestion_for(const char *mistyped);
void suggestion_offer(struct suggestion *s, const char *known);

/* ", did you mean 'maskable'?", or "" where no name is near. Caller frees with g_free(). */
char *suggestion_hint(const struct suggestion *s);

#endif
