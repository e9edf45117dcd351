/* SPDX-License-Identifier: MIT */
#include "sim/suggest.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* Longer names are never near one of ours. */
#define NAME_MAX_BYTES 64

struct suggestion suggestion_for(const char *mistyped)
{
	return (struct suggestion){ .mistyped = mistyped, .distance = SIZE_MAX };
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal string alignment). */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows = strlen(a), columns = strlen(b);
	size_t d[NAME_MAX_BYTES + 1][NAME_MAX_BYTES + 1];

	for (size_t i = 0; i <= rows; i++) {
		d[i][0] = i;
	}
	for (size_t j = 0; j <= columns; j++) {
		d[0][j] = j;
	}
	for (size_t i = 1; i <= rows; i++) {
		for (size_t j = 1; j <= columns; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			d[i][j] =
				MIN(MIN(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
			}
		}
	}
	return d[rows][columns];
}

void suggestion_offer(struct suggestion *s, const char *known)
{
	if (strlen(s->mistyped) > NAME_MAX_BYTES || strlen(known) > NAME_MAX_BYTES) {
		return;
	}
	size_t distance = edit_distance(s->mistyped, known);
	if (distance < s->distance) {
		s->distance = distance;
		s->best = known;
	}
}

char *suggestion_hint(const struct suggestion *s)
{
	size_t allowed = MAX((size_t)1, strlen(s->mistyped) / 3);

	if (!s->best || s->distance > allowed) {
		return g_strdup("");
	}
	return g_strdup_printf(", did you mean '%s'?", s->best);
}
