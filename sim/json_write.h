/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON (RFC 8259) to a string, so laid out that a difference of two documents can be read: a container's members
 * stand on lines of their own, or all on one line. Reading is json-glib's.
 */
#ifndef MSIRACE_SIM_JSON_WRITE_H
#define MSIRACE_SIM_JSON_WRITE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 16

enum json_layout { JSON_LINES, JSON_ONE_LINE };

struct json_writer {
	GString *out; /* borrowed */
	unsigned depth;
	struct json_level {
		char end;
		enum json_layout layout;
		bool filled;
	} level[JSON_DEPTH_MAX];
};

/*
 * key is the member's name in an object, and NULL in an array and at the top. Containers are closed in reverse order;
 * nesting beyond JSON_DEPTH_MAX is an error of the program and aborts.
 */
void json_object_begin(struct json_writer *w, const char *key, enum json_layout layout);
void json_array_begin(struct json_writer *w, const char *key, enum json_layout layout);
void json_end(struct json_writer *w);

/* NULL is written as null. Bytes that are not UTF-8 become U+FFFD. */
void json_string(struct json_writer *w, const char *key, const char *value);
/* Saturated at 2^63 - 1, beyond which readers, json-glib among them, have no integers. */
void json_uint(struct json_writer *w, const char *key, uint64_t value);
/* The shortest text that reads back as the same double; NAN and infinities, which JSON lacks, as null. */
void json_double(struct json_writer *w, const char *key, double value);
void json_bool(struct json_writer *w, const char *key, bool value);

/* A JSON string with its quotes. */
void json_append_quoted(GString *out, const char *text);

#endif
