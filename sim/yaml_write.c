/* SPDX-License-Identifier: MIT */
#include "sim/yaml_write.h"

#include <stdbool.h>
#include <string.h>

#define SAFE_IN_LISTS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-+./ <>=!%"

static bool is_plain(const char *text, const char *safe)
{
	size_t length = strlen(text);

	return g_ascii_isalpha(text[0]) && strspn(text, safe) == length && text[length - 1] != ' ' &&
	       strcmp(text, "null") != 0;
}

static void write_quoted(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\') {
			g_string_append_printf(out, "\\%c", *c);
		} else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			g_string_append_printf(out, "\\x%02x", (unsigned char)*c);
		} else {
			g_string_append_c(out, *c);
		}
	}
	g_string_append_c(out, '"');
}

void yaml_write_text(GString *out, const char *text)
{
	if (is_plain(text, SAFE_IN_LISTS ",")) {
		g_string_append(out, text);
	} else {
		write_quoted(out, text);
	}
}

void yaml_write_item(GString *out, const char *text)
{
	if (is_plain(text, SAFE_IN_LISTS)) {
		g_string_append(out, text);
	} else {
		write_quoted(out, text);
	}
}
