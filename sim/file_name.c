/* SPDX-License-Identifier: MIT */
#include "sim/file_name.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

char *file_name_stem(const char *text)
{
	GString *stem = g_string_new(NULL);

	for (const char *at = text; *at && stem->len < FILE_STEM_MAX; at++) {
		bool plain = g_ascii_isalnum(*at) || (strchr("._-", *at) && stem->len);
		if (plain) {
			g_string_append_c(stem, *at);
		} else if (stem->len == 0 || stem->str[stem->len - 1] != '_') {
			g_string_append_c(stem, '_');
		}
	}
	if (stem->len == 0) {
		g_string_append_c(stem, '_');
	}
	return g_string_free(stem, FALSE);
}
