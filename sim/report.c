/* SPDX-License-Identifier: MIT */
#include "sim/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool report_write(const char *path, const GString *document, char **error)
{
	bool to_stdout = path == NULL || strcmp(path, "-") == 0;
	const char *name = to_stdout ? "standard output" : path;
	FILE *out = to_stdout ? stdout : fopen(path, "w");
	int code = out ? 0 : errno;

	*error = NULL;
	if (out && fwrite(document->str, 1, document->len, out) != document->len) {
		code = errno;
	}
	/* A full disk may show only when the buffer is flushed, or at the last close. */
	if (out && (to_stdout ? fflush(out) : fclose(out)) != 0 && code == 0) {
		code = errno;
	}
	if (code) {
		*error = g_strdup_printf("%s: cannot write: %s", name, g_strerror(code));
	}
	return code == 0;
}
