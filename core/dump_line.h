/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One line of a dump, put together without a formatter of the environment's. What does not fit is
 * cut off; the dumps keep their lines well below the capacity.
 */
#ifndef MSIRACE_DUMP_LINE_H
#define MSIRACE_DUMP_LINE_H

#include "core_env.h"

#define DUMP_LINE_CAPACITY 160u

/**
 * struct dump_line - text under construction, always terminated
 * @length: characters before the terminator
 */
struct dump_line {
	u32 length;
	char text[DUMP_LINE_CAPACITY];
};

static inline void dump_line_begin(struct dump_line *line)
{
	line->length = 0;
	line->text[0] = '\0';
}

static inline void dump_line_text(struct dump_line *line, const char *text)
{
	while (*text && line->length < DUMP_LINE_CAPACITY - 1) {
		line->text[line->length++] = *text++;
	}
	line->text[line->length] = '\0';
}

/* By subtraction: a 64-bit division is a library call on 32-bit machines. */
static inline void dump_line_number(struct dump_line *line, u64 number)
{
	static const u64 powers[] = {
		10000000000000000000ull, 1000000000000000000ull, 100000000000000000ull,
		10000000000000000ull, 1000000000000000ull, 100000000000000ull, 10000000000000ull,
		1000000000000ull, 100000000000ull, 10000000000ull, 1000000000ull, 100000000ull,
		10000000ull, 1000000ull, 100000ull, 10000ull, 1000ull, 100ull, 10ull, 1ull,
	};
	char text[sizeof(powers) / sizeof(powers[0]) + 1];
	u32 power;
	u32 length = 0;

	for (power = 0; power < sizeof(powers) / sizeof(powers[0]); power++) {
		char digit = '0';

		while (number >= powers[power]) {
			number -= powers[power];
			digit++;
		}
		if (digit != '0' || length || powers[power] == 1) {
			text[length++] = digit;
		}
	}
	text[length] = '\0';
	dump_line_text(line, text);
}

#endif
