// SPDX-License-Identifier: MIT
#include "sim/embedded.h"

#include <glib.h>
#include <string.h>

const char *embedded_text(const char *name)
{
	for (const struct embedded_file *file = embedded_files; file->name; file++) {
		if (strcmp(file->name, name) == 0) {
			return file->text;
		}
	}
	g_error("no file '%s' was built in", name);
}
