/* SPDX-License-Identifier: MIT */
/*
 * A document on its way to a file. Whatever ends the program, the name has either what it had
 * before or the whole new document: it is written to a file without a name in the same folder,
 * which takes the name's place when it is complete. Nothing else is left, even by SIGKILL, but in
 * the moment in which the file gets its name.
 *
 * Symbolic links stay, and what they lead to is replaced. A file that is there keeps its permission
 * bits and, where the system allows it, its owner and group; other hard links to it keep the old
 * content. What is not a regular file (a terminal, a pipe, /dev/full), and a descriptor (/dev/stdout,
 * /dev/fd/N, /proc/...), is written directly.
 */
#ifndef MSIRACE_SIM_OUTPUT_FILE_H
#define MSIRACE_SIM_OUTPUT_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

struct output_file;

/* NULL where the file cannot be written; *error is the errno then. */
struct output_file *output_file_open(const char *path, int *error);

/* Buffered, for writing; the file's own. */
FILE *output_file_stream(struct output_file *file);

/*
 * Puts the document in its place, and frees file. 0, or the errno of the first thing that failed,
 * even at the last byte (a full disk); the name then has what it had before.
 */
int output_file_finish(struct output_file *file);

/* All of it. 0, or an errno as above. */
int output_file_write(const char *path, const void *data, gsize length);

/*
 * The path behind all symbolic links of its last part, which need not exist; NULL with errno where
 * they go in circles. is_direct: it is a descriptor. g_free()d by the caller.
 */
char *output_file_resolve(const char *path, bool *is_direct);

#endif
