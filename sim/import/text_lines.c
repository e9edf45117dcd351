/* SPDX-License-Identifier: MIT */
#include "sim/import/text_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)256 * 1024)

int text_lines_open(struct text_lines *t, int fd)
{
	*t = (struct text_lines){ .fd = fd, .buffer = malloc(BUFFER_BYTES) };
	return t->buffer ? 0 : -ENOMEM;
}

void text_lines_close(struct text_lines *t)
{
	free(t->buffer);
	t->buffer = NULL;
}

/*
 * Makes room behind what is left over, and reads. 1, 0 at the end of the file, or a negative errno
 * value.
 */
static int refill(struct text_lines *t)
{
	ssize_t got;

	memmove(t->buffer, t->buffer + t->begin, t->end - t->begin);
	t->end -= t->begin;
	t->begin = 0;
	do {
		got = pread(t->fd, t->buffer + t->end, BUFFER_BYTES - t->end, (off_t)t->offset);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return -errno;
	}
	t->at_end = got == 0;
	t->end += (size_t)got;
	t->offset += (size_t)got;
	return got > 0;
}

/* Throws away up to and including the next newline. 0, or a negative errno value. */
static int skip_rest(struct text_lines *t)
{
	for (uint64_t end = t->offset + TEXT_LINE_SKIPPED_BYTES_MAX; t->offset < end;) {
		char *newline = memchr(t->buffer + t->begin, '\n', t->end - t->begin);
		if (newline) {
			t->begin = (size_t)(newline - t->buffer) + 1;
			return 0;
		}
		t->begin = t->end;
		int got = refill(t);
		if (got <= 0) {
			return got;
		}
	}
	return -EOVERFLOW;
}

int text_lines_next(struct text_lines *t, struct text_line *line)
{
	char *newline;
	size_t searched = 0;

	for (;;) {
		char *begin = t->buffer + t->begin;
		size_t there = t->end - t->begin;

		newline = memchr(begin + searched, '\n', there - searched);
		if (newline || there > TEXT_LINE_BYTES_MAX || t->at_end) {
			break;
		}
		searched = there;
		int got = refill(t);
		if (got < 0) {
			return got;
		}
	}
	char *begin = t->buffer + t->begin;
	size_t length = newline ? (size_t)(newline - begin) : t->end - t->begin;
	if (!newline && length == 0) {
		return 0;
	}
	*line = (struct text_line){
		.text = begin,
		.length = length < TEXT_LINE_BYTES_MAX ? length : TEXT_LINE_BYTES_MAX,
		.number = ++t->number,
		.too_long = length > TEXT_LINE_BYTES_MAX,
		.unterminated = !newline && t->at_end,
	};
	if (newline) {
		t->begin += length + 1;
		return 1;
	}
	if (!line->too_long) {
		t->begin += length;
		return 1;
	}
	/*
	 * The skipping reuses the buffer: what is delivered moves to where no refill can reach it.
	 */
	static _Thread_local char kept[TEXT_LINE_BYTES_MAX];
	memcpy(kept, begin, TEXT_LINE_BYTES_MAX);
	line->text = kept;
	int error = skip_rest(t);
	return error < 0 ? error : 1;
}
