/* SPDX-License-Identifier: MIT */
/*
 * A text file of any size, line by line, in constant memory. Lines longer than TEXT_LINE_BYTES_MAX
 * are delivered cut short and marked; nothing that a file may hold, bytes of value 0 included, ends
 * the reading early.
 */
#ifndef MSIRACE_SIM_IMPORT_TEXT_LINES_H
#define MSIRACE_SIM_IMPORT_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_LINE_BYTES_MAX 16384

/* A longer line has no end: no text has it, but a device, which may have no end itself. */
#define TEXT_LINE_SKIPPED_BYTES_MAX (UINT64_C(64) << 20)

struct text_lines {
	int fd; /* seekable, the caller's; its own position is neither used nor moved */
	char *buffer;
	size_t begin;    /* of the next line in the buffer */
	size_t end;      /* of what was read */
	uint64_t offset; /* in the file, of the next byte to read */
	uint64_t number; /* of the line delivered last, from 1 */
	bool at_end;
};

struct text_line {
	const char *text; /* without the newline, not terminated; valid until the next call */
	size_t length;
	uint64_t number;   /* from 1 */
	bool too_long;     /* the rest was skipped */
	bool unterminated; /* the file ends in it without a newline */
};

/* 0, or a negative errno value. Nothing is read yet. text_lines_close() leaves fd open. */
int text_lines_open(struct text_lines *t, int fd);
void text_lines_close(struct text_lines *t);

/*
 * 1 and the next line; 0 at the end; a negative errno value where reading failed, -EOVERFLOW in a
 * line of more than TEXT_LINE_SKIPPED_BYTES_MAX.
 */
int text_lines_next(struct text_lines *t, struct text_line *line);

#endif
