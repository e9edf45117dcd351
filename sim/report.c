/* SPDX-License-Identifier: MIT */
#include "sim/report.h"

#include <stdio.h>
#include <string.h>

#include "sim/output_file.h"
#include "sim/standard_output.h"

bool report_write(const char *path, const GString *document, char **error)
{
	*error = NULL;
	if (path == NULL || strcmp(path, "-") == 0) {
		fwrite(document->str, 1, document->len, stdout);
		standard_output_flush();
		return true;
	}
	int code = output_file_write(path, document->str, document->len);
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
