/* SPDX-License-Identifier: MIT */
#include "sim/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/standard_output.h"

/* A full disk may show only when the file is closed. */
static int write_file(const char *path, const GString *document)
{
	FILE *out = fopen(path, "w");
	int error = 0;

	if (!out) {
		return errno;
	}
	if (fwrite(document->str, 1, document->len, out) != document->len) {
		error = errno;
	}
	if (fclose(out) != 0 && !error) {
		error = errno;
	}
	return error;
}

bool report_write(const char *path, const GString *document, char **error)
{
	*error = NULL;
	if (path == NULL || strcmp(path, "-") == 0) {
		fwrite(document->str, 1, document->len, stdout);
		standard_output_flush();
		return true;
	}
	int code = write_file(path, document);
	if (code) {
		*error = g_strdup_printf("%s: cannot write: %s", path, g_strerror(code));
	}
	return code == 0;
}

bool report_deliver(const char *path, const GString *document)
{
	g_autofree char *error = NULL;
	bool written = report_write(path, document, &error);

	if (!written) {
		fprintf(stderr, "msirace: %s\n", error);
	}
	return written;
}
