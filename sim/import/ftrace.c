/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "sim/import/ftrace.h"

#include <inttypes.h>
#include <string.h>

#define F(field) (UINT32_C(1) << FTRACE_##field)
#define GLOBALS (F(ONLINE_MAPS) | F(GLOBAL_AVL) | F(GLOBAL_RSVD) | F(TOTAL_ALLOC))
#define PER_CPU (GLOBALS | F(BIT) | F(CPU) | F(ONLINE) | F(AVL) | F(ALLOC) | F(MANAGED))

struct event_row {
	const char *name;
	size_t length;
	uint32_t required;
};
static const struct event_row event_rows[FTRACE_KINDS] = {
#define X(kind, text, fields) [FT_##kind] = { text, sizeof(text) - 1, fields },
	FTRACE_EVENTS(X)
#undef X
};

struct field_row {
	const char *name;
	size_t length;
};
static const struct field_row field_rows[FTRACE_FIELDS_COUNT] = {
#define X(field, text) [FTRACE_##field] = { text, sizeof(text) - 1 },
	FTRACE_FIELDS(X)
#undef X
};

static const char *const ignored_texts[IGNORED_REASONS] = {
	[IGNORED_COMMENT] = "headings and empty lines",
	[IGNORED_UNKNOWN_EVENT] = "events of another kind",
	[IGNORED_NO_EVENT] = "lines without a task, a [CPU], a time and an event",
	[IGNORED_BAD_TIME] = "events whose time is not in seconds",
	[IGNORED_MISSING_FIELD] = "events without a field that is needed",
	[IGNORED_BAD_VALUE] = "events with a value that cannot be",
	[IGNORED_TOO_LONG] = "lines longer than 16384 bytes",
	[IGNORED_BINARY] = "lines that are not text",
	[IGNORED_CUT] = "last line without its end",
};

int ftrace_open(struct ftrace_reader *r, int fd)
{
	*r = (struct ftrace_reader){ 0 };
	return text_lines_open(&r->lines, fd);
}

void ftrace_close(struct ftrace_reader *r)
{
	text_lines_close(&r->lines);
}

struct cursor {
	const char *at;
	const char *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip_spaces(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t')) {
		c->at++;
	}
}

/* Decimal digits. False where there are none, or too many for 64 bits. */
static bool read_decimal(struct cursor *c, uint64_t *value)
{
	const char *begin = c->at;
	uint64_t sum = 0;

	while (c->at < c->end && is_digit(*c->at)) {
		uint64_t digit = (uint64_t)(*c->at - '0');
		if (sum > (UINT64_MAX - digit) / 10) {
			return false;
		}
		sum = sum * 10 + digit;
		c->at++;
	}
	*value = sum;
	return c->at > begin;
}

static int hex_digit(char c)
{
	if (is_digit(c)) {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0x and hexadecimal digits, or decimal digits; 64 bits. */
static bool read_unsigned(struct cursor *c, uint64_t *value)
{
	if (c->end - c->at < 3 || c->at[0] != '0' || (c->at[1] != 'x' && c->at[1] != 'X')) {
		return read_decimal(c, value);
	}
	const char *begin = c->at += 2;
	uint64_t sum = 0;
	while (c->at < c->end && hex_digit(*c->at) >= 0) {
		if (sum >> 60) {
			return false;
		}
		sum = sum << 4 | (uint64_t)hex_digit(*c->at);
		c->at++;
	}
	*value = sum;
	return c->at > begin;
}

static bool ends_value(const struct cursor *c)
{
	return c->at == c->end || *c->at == ' ' || *c->at == ',' || *c->at == '\t' || *c->at == ')';
}

static bool read_value(struct cursor *c, int64_t *value)
{
	bool negative = c->at < c->end && *c->at == '-';
	uint64_t magnitude;

	c->at += negative;
	if (!read_unsigned(c, &magnitude) || !ends_value(c) || magnitude > INT64_MAX) {
		return false;
	}
	*value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return true;
}

/* One number, or a probe's array of them: {0x3,0x0}. */
static bool read_mask(struct cursor *c, struct ftrace_event *e)
{
	bool list = c->at < c->end && *c->at == '{';

	e->mask_words = 0;
	c->at += list;
	for (;;) {
		uint64_t word;
		if (!read_unsigned(c, &word) || e->mask_words == FTRACE_MASK_WORDS) {
			return false;
		}
		e->mask[e->mask_words++] = word;
		if (!list) {
			return ends_value(c);
		}
		if (c->at < c->end && *c->at == ',') {
			c->at++;
			continue;
		}
		return c->at < c->end && *c->at++ == '}' && ends_value(c);
	}
}

static void count_ignored(struct ftrace_reader *r, enum ftrace_ignored reason, uint64_t line)
{
	if (r->counts.ignored[reason]++ == 0) {
		r->counts.first_line[reason] = line;
	}
}

static void count_unknown(struct ftrace_reader *r, const char *name, size_t length)
{
	for (size_t i = 0; i < FTRACE_UNKNOWN_NAMES; i++) {
		char *known = r->counts.unknown[i].name;
		size_t kept = length < FTRACE_NAME_BYTES - 1 ? length : FTRACE_NAME_BYTES - 1;

		if (known[0] == '\0') {
			memcpy(known, name, kept);
			known[kept] = '\0';
		}
		if (strlen(known) == kept && memcmp(known, name, kept) == 0) {
			r->counts.unknown[i].count++;
			return;
		}
	}
}

/* "kworker/0:1-17 [000]", with "( 16)" or "(-------)" between where thread groups are recorded. */
static bool read_task_and_cpu(struct cursor *c, uint64_t *cpu)
{
	const char *at = c->at;

	while (at < c->end) {
		const char *bracket = memchr(at, '[', (size_t)(c->end - at));
		if (!bracket) {
			return false;
		}
		struct cursor inside = { bracket + 1, c->end };
		const char *before = bracket;
		while (before > c->at && before[-1] == ' ') {
			before--;
		}
		if (before > c->at && before[-1] == ')') {
			while (before > c->at && before[-1] != '(') {
				before--;
			}
			before -= before > c->at;
			while (before > c->at && before[-1] == ' ') {
				before--;
			}
		}
		const char *digits = before;
		while (digits > c->at && is_digit(digits[-1])) {
			digits--;
		}
		bool task = digits < before && digits > c->at && digits[-1] == '-';
		if (task && read_decimal(&inside, cpu) && inside.at + 1 < inside.end &&
		    inside.at[0] == ']' && inside.at[1] == ' ') {
			c->at = inside.at + 1;
			return true;
		}
		at = bracket + 1;
	}
	return false;
}

/* "12.345678:" of microseconds or nanoseconds. */
static bool read_time(struct cursor *c, uint64_t *time_ns)
{
	uint64_t seconds, fraction;

	if (!read_decimal(c, &seconds) || c->at == c->end || *c->at != '.') {
		return false;
	}
	const char *begin = ++c->at;
	if (!read_decimal(c, &fraction) || c->at == c->end || *c->at != ':') {
		return false;
	}
	size_t digits = (size_t)(c->at - begin);
	c->at++;
	if (digits > 9 || seconds > UINT64_C(9000000000)) {
		return false;
	}
	for (; digits < 9; digits++) {
		fraction *= 10;
	}
	*time_ns = seconds * UINT64_C(1000000000) + fraction;
	return true;
}

static int find_event(const char *name, size_t length)
{
	/* trace-cmd's name for the event of a mark. */
	if (length == 5 && memcmp(name, "print", 5) == 0) {
		return FT_MARK;
	}
	for (int kind = 0; kind < FT_GAP; kind++) {
		const struct event_row *row = &event_rows[kind];
		if (row->length == length && row->name[length - 1] == name[length - 1] &&
		    memcmp(row->name, name, length) == 0) {
			return kind;
		}
	}
	return -1;
}

static int find_field(const char *name, size_t length)
{
	for (int field = 0; field < FTRACE_FIELDS_COUNT; field++) {
		const struct field_row *row = &field_rows[field];
		if (row->length == length && memcmp(row->name, name, length) == 0) {
			return field;
		}
	}
	return -1;
}

/* Behind the event's name: "name=value" between blanks, commas and what else a kernel prints. */
static bool read_fields(struct cursor *c, uint32_t wanted, struct ftrace_event *e)
{
	int expected = 0;

	while (c->at < c->end) {
		if (!is_name(*c->at)) {
			c->at++;
			continue;
		}
		const char *name = c->at;
		while (c->at < c->end && is_name(*c->at)) {
			c->at++;
		}
		if (c->at == c->end || *c->at != '=') {
			continue;
		}
		size_t length = (size_t)(c->at - name);
		const struct field_row *row = &field_rows[expected];
		int field = expected < FTRACE_FIELDS_COUNT && row->length == length &&
		                            memcmp(row->name, name, length) == 0
		                    ? expected
		                    : find_field(name, length);
		c->at++;
		if (field < 0 || !(wanted >> field & 1) ||
		    ftrace_has(e, (enum ftrace_field)field)) {
			continue;
		}
		bool fine = field == FTRACE_MSK ? read_mask(c, e) : read_value(c, &e->value[field]);
		if (!fine) {
			return false;
		}
		e->present |= UINT32_C(1) << field;
		expected = field + 1 < FTRACE_FIELDS_COUNT ? field + 1 : 0;
	}
	return true;
}

/* Fields that are read where an event has them. */
static uint32_t optional_of(enum ftrace_kind kind)
{
	switch (kind) {
	case FT_VECTOR_ACTIVATE:
		return F(IS_MANAGED) | F(CAN_RESERVE) | F(RESERVE);
	case FT_VECTOR_CONFIG:
		return F(APICDEST);
	default:
		return 0;
	}
}

#define VALUE_RANGE(field, low, high)                                                              \
	(!ftrace_has(e, FTRACE_##field) ||                                                         \
	 (e->value[FTRACE_##field] >= (low) && e->value[FTRACE_##field] <= (high)))

/* What the allocator and the kernel can hold; everything behind this may rely on it. */
static bool in_range(const struct ftrace_event *e)
{
	return VALUE_RANGE(BIT, 0, 65535) && VALUE_RANGE(VECTOR, 0, 65535) &&
	       VALUE_RANGE(PREV_VECTOR, 0, 65535) && VALUE_RANGE(CPU, 0, UINT32_MAX) &&
	       VALUE_RANGE(PREV_CPU, 0, UINT32_MAX) && VALUE_RANGE(IRQ, 0, UINT32_MAX) &&
	       VALUE_RANGE(ONLINE, 0, 1) && VALUE_RANGE(AVL, 0, UINT32_MAX) &&
	       VALUE_RANGE(ALLOC, 0, UINT32_MAX) && VALUE_RANGE(MANAGED, 0, UINT32_MAX) &&
	       VALUE_RANGE(ONLINE_MAPS, 0, UINT32_MAX) && VALUE_RANGE(GLOBAL_AVL, 0, UINT32_MAX) &&
	       VALUE_RANGE(GLOBAL_RSVD, 0, UINT32_MAX) && VALUE_RANGE(TOTAL_ALLOC, 0, UINT32_MAX) &&
	       VALUE_RANGE(RET, INT32_MIN, UINT32_MAX) && VALUE_RANGE(RESV, 0, UINT32_MAX) &&
	       VALUE_RANGE(ADDR_LO, 0, UINT32_MAX) && VALUE_RANGE(ADDR_HI, 0, UINT32_MAX) &&
	       VALUE_RANGE(DATA, 0, UINT32_MAX);
}

static bool begins_with(const struct cursor *c, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(c->end - c->at) >= length && memcmp(c->at, text, length) == 0;
}

static const char *find_text(const struct cursor *c, const char *text)
{
	return memmem(c->at, (size_t)(c->end - c->at), text, strlen(text));
}

static bool make_gap(struct ftrace_event *e, const struct text_line *line)
{
	e->kind = FT_GAP;
	e->line = line->number;
	e->time_ns = 0;
	e->present = 0;
	e->text = line->text;
	e->text_length = line->length;
	return true;
}

/*
 * "CPU:1 [LOST 120 EVENTS]", "CPU:1 [EVENTS DROPPED]", "CPU:1 [120 EVENTS DROPPED]", and "##### CPU
 * 1 buffer started ####": what came before on that CPU was overwritten.
 */
static bool is_loss(struct ftrace_reader *r, const struct cursor *c)
{
	struct cursor number;
	uint64_t lost;

	if (begins_with(c, "##### CPU ") && find_text(c, " buffer started ")) {
		r->counts.unknown_losses++;
		return true;
	}
	if (!begins_with(c, "CPU:")) {
		return false;
	}
	const char *bracket = memchr(c->at, '[', (size_t)(c->end - c->at));
	if (!bracket || !find_text(c, "EVENTS")) {
		return false;
	}
	number = (struct cursor){ bracket + 1, c->end };
	if (begins_with(&number, "LOST ")) {
		number.at += 5;
	}
	if (read_decimal(&number, &lost) && lost <= UINT64_MAX - r->counts.lost_events) {
		r->counts.lost_events += lost;
	} else {
		r->counts.unknown_losses++;
	}
	return true;
}

/* "# entries-in-buffer/entries-written: 205/300   #P:4", and trace-cmd's "cpus=4". */
static void read_heading(struct ftrace_reader *r, const struct cursor *c)
{
	const char *found;
	uint64_t in_buffer, written, cpus;

	found = find_text(c, "entries-written:");
	if (found) {
		struct cursor number = { found + strlen("entries-written:"), c->end };
		skip_spaces(&number);
		if (read_decimal(&number, &in_buffer) && number.at < number.end &&
		    *number.at++ == '/' && read_decimal(&number, &written) &&
		    written >= in_buffer && written <= UINT64_MAX - r->counts.entries_written) {
			r->counts.entries_in_buffer += in_buffer;
			r->counts.entries_written += written;
		}
	}
	const char *key = *c->at == '#' ? "#P:" : "cpus=";
	found = find_text(c, key);
	if (found) {
		struct cursor number = { found + strlen(key), c->end };
		if (read_decimal(&number, &cpus) && cpus >= 1 && cpus <= FTRACE_CPUS_MAX) {
			r->counts.cpus_named = cpus > r->counts.cpus_named ? (uint32_t)cpus
			                                                   : r->counts.cpus_named;
		}
	}
}

/*
 * A second heading in the file begins another recording: what happened between the two is not
 * known.
 */
static bool begins_recording(struct ftrace_reader *r, const struct cursor *c)
{
	bool another = begins_with(c, "# tracer:") && r->events > 0;

	if (another) {
		r->events = 0;
	}
	return another;
}

/* Lines that are neither events nor gaps nor blank. */
static bool is_heading(const struct cursor *c)
{
	return c->at == c->end || *c->at == '#' || begins_with(c, "cpus=") ||
	       begins_with(c, "version = ") || begins_with(c, "CPU ");
}

static bool ignore(struct ftrace_reader *r, enum ftrace_ignored reason,
                   const struct text_line *line)
{
	count_ignored(r, reason, line->number);
	return false;
}

static void note_event(struct ftrace_reader *r, struct ftrace_event *e)
{
	r->events++;
	if (e->time_ns < r->above_ns && r->counts.backwards++ == 0) {
		r->counts.backwards_line = e->line;
	}
	r->above_ns = e->time_ns;
	e->told_ns = e->time_ns;
	if (e->time_ns < r->time_ns) {
		r->counts.held++;
		e->time_ns = r->time_ns;
	}
	r->time_ns = e->time_ns;
	r->counts.events[e->kind]++;
	if (e->cpu >= r->counts.cpus_seen) {
		r->counts.cpus_seen = e->cpu + 1;
	}
}

bool ftrace_parse(struct ftrace_reader *r, const struct text_line *line, struct ftrace_event *e)
{
	struct cursor c = { line->text, line->text + line->length };
	uint64_t cpu;

	r->counts.lines++;
	if (line->too_long) {
		return ignore(r, IGNORED_TOO_LONG, line);
	}
	if (memchr(c.at, '\0', line->length)) {
		return ignore(r, IGNORED_BINARY, line);
	}
	if (c.at < c.end && c.end[-1] == '\r') {
		c.end--;
	}
	if (is_loss(r, &c)) {
		return make_gap(e, line);
	}
	if (begins_recording(r, &c)) {
		return make_gap(e, line);
	}
	if (is_heading(&c)) {
		if (c.at < c.end) {
			read_heading(r, &c);
		}
		return ignore(r, IGNORED_COMMENT, line);
	}
	if (line->unterminated) {
		return ignore(r, IGNORED_CUT, line);
	}
	skip_spaces(&c);
	if (!read_task_and_cpu(&c, &cpu)) {
		return ignore(r, IGNORED_NO_EVENT, line);
	}
	skip_spaces(&c);
	e->context = 0;
	if (c.at < c.end && !is_digit(*c.at)) {
		/* irqs-off, need-resched, hardirq/softirq, ... */
		e->context = c.end - c.at > 2 ? c.at[2] : 0;
		while (c.at < c.end && *c.at != ' ') {
			c.at++;
		}
		skip_spaces(&c);
	}
	const char *time = c.at;
	if (!read_time(&c, &e->time_ns)) {
		return ignore(r,
		              time < c.end && is_digit(*time) ? IGNORED_BAD_TIME : IGNORED_NO_EVENT,
		              line);
	}
	skip_spaces(&c);
	const char *name = c.at;
	/* trace_printk() puts the name of a function there, which may hold a dot. */
	while (c.at < c.end && (is_name(*c.at) || *c.at == '.')) {
		c.at++;
	}
	size_t length = (size_t)(c.at - name);
	if (length == 0 || c.at == c.end || *c.at != ':') {
		return ignore(r, IGNORED_NO_EVENT, line);
	}
	c.at++;
	int kind = find_event(name, length);
	if (kind < 0) {
		count_unknown(r, name, length);
		return ignore(r, IGNORED_UNKNOWN_EVENT, line);
	}
	if (cpu >= FTRACE_CPUS_MAX) {
		return ignore(r, IGNORED_BAD_VALUE, line);
	}
	e->kind = (enum ftrace_kind)kind;
	e->line = line->number;
	e->cpu = (uint32_t)cpu;
	e->present = 0;
	e->mask_words = 0;
	if (kind == FT_MARK) {
		skip_spaces(&c);
		if (begins_with(&c, "tracing_mark_write: ")) {
			c.at += strlen("tracing_mark_write: ");
		}
		e->text = c.at;
		e->text_length = (size_t)(c.end - c.at);
	} else {
		uint32_t required = event_rows[kind].required;
		if (!read_fields(&c, required | optional_of(kind), e) || !in_range(e)) {
			return ignore(r, IGNORED_BAD_VALUE, line);
		}
		if ((e->present & required) != required) {
			return ignore(r, IGNORED_MISSING_FIELD, line);
		}
	}
	note_event(r, e);
	return true;
}

int ftrace_next(struct ftrace_reader *r, struct ftrace_event *e)
{
	struct text_line line;
	int got;

	while ((got = text_lines_next(&r->lines, &line)) > 0) {
		if (ftrace_parse(r, &line, e)) {
			return 1;
		}
	}
	return got;
}

const char *ftrace_kind_name(enum ftrace_kind kind)
{
	return kind == FT_GAP ? "gap" : event_rows[kind].name;
}

const char *ftrace_ignored_text(enum ftrace_ignored reason)
{
	return ignored_texts[reason];
}

static void print_unknown(const struct ftrace_counts *counts, FILE *out)
{
	uint64_t named = 0;

	for (size_t i = 0; i < FTRACE_UNKNOWN_NAMES && counts->unknown[i].name[0]; i++) {
		fprintf(out, "%s%s %" PRIu64, i ? ", " : " (", counts->unknown[i].name,
		        counts->unknown[i].count);
		named += counts->unknown[i].count;
	}
	if (named < counts->ignored[IGNORED_UNKNOWN_EVENT]) {
		fprintf(out, ", others %" PRIu64, counts->ignored[IGNORED_UNKNOWN_EVENT] - named);
	}
	fputs(")", out);
}

void ftrace_print_ignored(const struct ftrace_counts *counts, FILE *out)
{
	for (int reason = 0; reason < IGNORED_REASONS; reason++) {
		if (counts->ignored[reason] == 0) {
			continue;
		}
		fprintf(out, "ignored    %" PRIu64 " %s, the first in line %" PRIu64,
		        counts->ignored[reason], ignored_texts[reason], counts->first_line[reason]);
		if (reason == IGNORED_UNKNOWN_EVENT) {
			print_unknown(counts, out);
		}
		fputc('\n', out);
	}
	if (counts->lost_events || counts->unknown_losses) {
		fprintf(out,
		        "lost       %" PRIu64 " events by the kernel's count, and %" PRIu64
		        " markers without one\n",
		        counts->lost_events, counts->unknown_losses);
	}
	if (counts->entries_written > counts->entries_in_buffer) {
		fprintf(out,
		        "lost       %" PRIu64
		        " events before the first, overwritten in the ring buffer\n",
		        counts->entries_written - counts->entries_in_buffer);
	}
	if (counts->backwards) {
		fprintf(out,
		        "time       %" PRIu64
		        " events are earlier than the line above them, the first in line %" PRIu64
		        "; %" PRIu64 " are earlier than the latest one above, and are taken at its time\n",
		        counts->backwards, counts->backwards_line, counts->held);
	}
}
