// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A vector matrix as text.
 */
#include "vector_matrix_layout.h"

struct matrix_text {
	vector_matrix_print_fn print;
	void *context;
	u32 length;
	char buffer[120];
};

static void text_flush(struct matrix_text *text)
{
	if (text->length) {
		text->print(text->context, text->buffer, text->length);
	}
	text->length = 0;
}

static void text_char(struct matrix_text *text, char c)
{
	if (text->length == sizeof(text->buffer)) {
		text_flush(text);
	}
	text->buffer[text->length++] = c;
}

static void text_string(struct matrix_text *text, const char *string)
{
	while (*string) {
		text_char(text, *string++);
	}
}

/*
 * In parts of 16 bits: a 64-bit division is a library call on 32-bit machines. Returns the
 * remainder.
 */
static u32 text_divide_by_ten(u64 *number)
{
	u64 quotient = 0;
	u32 remainder = 0;

	for (u32 shift = 64; shift;) {
		shift -= 16;
		remainder = remainder << 16 | (u32)(*number >> shift & 0xffff);
		quotient |= (u64)(remainder / 10) << shift;
		remainder %= 10;
	}
	*number = quotient;
	return remainder;
}

static void text_number(struct matrix_text *text, u64 number, u32 width)
{
	char digits[20];
	u32 used = 0;

	do {
		digits[used++] = (char)('0' + text_divide_by_ten(&number));
	} while (number);
	for (u32 blank = used; blank < width; blank++) {
		text_char(text, ' ');
	}
	while (used) {
		text_char(text, digits[--used]);
	}
}

static void text_count(struct matrix_text *text, const char *name, u64 number)
{
	text_string(text, name);
	text_number(text, number, 0);
}

/*
 * The system vectors, or all others that are not unused: vectors in the same state as ranges, with
 * its suffix.
 */
static void text_vectors(struct matrix_text *text, const struct vector_matrix *m, u32 cpu,
	bool system)
{
	static const char suffixes[][2] = { "", "", "m", "M" };

	for (u32 vector = 0; vector < m->vectors;) {
		u32 start = vector;
		int state = vector_matrix_state(m, cpu, start);
		while (vector < m->vectors && vector_matrix_state(m, cpu, vector) == state) {
			vector++;
		}
		if (!state || (state == VECTOR_MATRIX_SYSTEM) != system) {
			continue;
		}
		text_count(text, " ", start);
		if (vector - start > 1) {
			text_count(text, "-", vector - 1);
		}
		text_string(text, system ? "" : suffixes[state & 3]);
	}
}

static void text_cpu(struct matrix_text *text, const struct vector_matrix *m, u32 cpu)
{
	const struct matrix_cpu *c = matrix_cpu(m, cpu);

	text_number(text, cpu, 5);
	text_string(text, c->online ? " online " : " offline");
	text_number(text, c->available, 6);
	text_number(text, matrix_unused(m, c), 7);
	text_number(text, c->allocated, 6);
	text_number(text, c->managed, 8);
	text_number(text, c->managed_allocated, 14);
	text_string(text, " |");
	text_vectors(text, m, cpu, false);
	text_char(text, '\n');
	text_flush(text);
}

void vector_matrix_dump(const struct vector_matrix *m, vector_matrix_print_fn print, void *context)
{
	struct matrix_text text = { .print = print, .context = context };

	text_count(&text, "online ", m->online_cpus);
	text_count(&text, " available ", m->available);
	text_count(&text, " reserved ", m->reserved);
	text_count(&text, " total_allocated ", m->total_allocated);
	text_count(&text, " freed_offline ", m->freed_offline);
	text_count(&text, " range ", m->first);
	text_count(&text, "-", m->end - 1);
	text_string(&text, "\nsystem:");
	text_vectors(&text, m, 0, true);
	text_string(&text, "\n  cpu state   avail unused alloc managed managed_alloc | vectors\n");
	text_flush(&text);
	for (u32 cpu = 0; cpu < m->cpus; cpu++) {
		text_cpu(&text, m, cpu);
	}
}
CORE_EXPORT(vector_matrix_dump)
