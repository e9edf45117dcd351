/* SPDX-License-Identifier: MIT */
/*
 * JSON that somebody else may have made. json-glib parses by recursion, without a limit, and takes
 * comments; here what is nested deeper than JSON_READ_DEPTH_MAX, or holds characters that JSON
 * has only in strings, is refused before it is parsed.
 */
#ifndef MSIRACE_SIM_JSON_READ_H
#define MSIRACE_SIM_JSON_READ_H

#include <json-glib/json-glib.h>

/* Our own documents have at most JSON_DEPTH_MAX of sim/json_write.h, and four more in a sweep. */
#define JSON_READ_DEPTH_MAX 24

/*
 * The parser of a whole document, unref'd by the caller. NULL where it is none; *error, g_free()d by
 * the caller, is then one line: "NAME:LINE:COLUMN: problem".
 */
JsonParser *json_read_text(const char *name, const char *text, gsize length, char **error);
JsonParser *json_read_file(const char *path, char **error);

#endif
