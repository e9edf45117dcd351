/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "sim/import/emulator_log.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/import/text_lines.h"

#define CYCLES_MAX 1000000

static const char *const place_names[LOG_PLACES] = {
	[LOG_NO_RAISE] = "no raise",
	[LOG_BEFORE] = "before the writes",
	[LOG_INSIDE] = "between address and data",
	[LOG_BETWEEN] = "between two messages",
	[LOG_AFTER] = "after the writes",
};

/* The edu device's capability begins at 0x40. */
static const uint32_t register_offsets[LOG_REGISTERS] = {
	[LOG_CONTROL] = 0x42,
	[LOG_ADDRESS_LOW] = 0x44,
	[LOG_ADDRESS_HIGH] = 0x48,
	[LOG_DATA] = 0x4c,
};

const char *log_place_name(enum log_place place)
{
	return place_names[place];
}

/* The text behind key, up to a blank or the end; NULL where key is missing. */
static const char *value_of(const char *line, const char *key)
{
	const char *found = strstr(line, key);

	return found ? found + strlen(key) : NULL;
}

static bool read_number(const char *text, int base, uint64_t *value)
{
	char *end;

	if (!text || !(base == 16 ? g_ascii_isxdigit(*text) : g_ascii_isdigit(*text))) {
		return false;
	}
	*value = g_ascii_strtoull(text, &end, base);
	return (*end == '\0' || *end == ' ') && *value <= UINT32_MAX;
}

static void begin_cycle(struct emulator_log *log, const char *line, uint64_t number)
{
	if (log->cycles_count == CYCLES_MAX) {
		log->too_many++;
		return;
	}
	if ((log->cycles_count & (log->cycles_count - 1)) == 0) {
		log->cycles = g_renew(struct log_cycle, log->cycles,
		                      MAX(16, 2 * log->cycles_count));
	}
	struct log_cycle *c = &log->cycles[log->cycles_count++];
	*c = (struct log_cycle){ .line = number };
	const char *name = value_of(line, "name="), *verdict = value_of(line, "verdict=");
	if (name) {
		size_t length = strcspn(name, " ");
		memcpy(c->name, name, MIN(length, sizeof(c->name) - 1));
	}
	read_number(value_of(line, "tag="), 10, &c->tag);
	c->stale = verdict && strncmp(verdict, "STALE", 5) == 0;
	c->judged = c->stale || (verdict && strncmp(verdict, "SERVICED", 8) == 0);
}

static void add_step(struct emulator_log *log, const struct log_step *step)
{
	if (log->cycles_count == 0) {
		log->outside++;
		return;
	}
	struct log_cycle *c = &log->cycles[log->cycles_count - 1];
	if (c->steps_count == LOG_STEPS_MAX) {
		log->too_many++;
		return;
	}
	c->steps[c->steps_count++] = *step;
	c->raises += step->kind == LOG_RAISE;
}

/* "pci_cfg_write edu 00:01.0 @0x44 <- 0xfee02004" */
static bool read_write(struct emulator_log *log, const char *line, uint64_t number)
{
	uint64_t offset, value;
	struct log_step step = { .kind = LOG_WRITE, .line = number };

	if (!read_number(value_of(line, "@0x"), 16, &offset) ||
	    !read_number(value_of(line, "<- 0x"), 16, &value)) {
		return false;
	}
	step.value = (uint32_t)value;
	for (int reg = 0; reg < LOG_REGISTERS; reg++) {
		if (register_offsets[reg] == offset) {
			step.reg = (enum log_register)reg;
			add_step(log, &step);
			return true;
		}
	}
	log->other_writes++;
	return true;
}

/* "apic_deliver_irq dest 2 dest_mode 1 delivery_mode 0 vector 43 trigger_mode 0" */
static bool read_delivery(struct emulator_log *log, const char *line, uint64_t number)
{
	uint64_t destination, vector;
	struct log_step step = { .kind = LOG_RAISE, .line = number };

	if (!read_number(value_of(line, " dest "), 10, &destination) ||
	    !read_number(value_of(line, " vector "), 10, &vector) || vector > 255) {
		return false;
	}
	step.destination = (uint32_t)destination;
	step.vector = (uint32_t)vector;
	add_step(log, &step);
	return true;
}

static bool read_line(struct emulator_log *log, const char *line, uint64_t number)
{
	if (g_str_has_prefix(line, "# cycle ")) {
		begin_cycle(log, line, number);
		return true;
	}
	if (strstr(line, ":pci_cfg_write ")) {
		return read_write(log, line, number);
	}
	if (strstr(line, ":apic_deliver_irq ")) {
		return read_delivery(log, line, number);
	}
	return line[0] == '\0' || line[0] == '#';
}

/* Logical destination of a message's address: bits 12 to 19. */
static uint32_t destination_of(uint32_t address_low)
{
	return address_low >> 12 & 0xff;
}

/* Follows the registers: which messages were completed, and where the raise fell. */
static void judge_cycle(struct log_cycle *c)
{
	struct log_message message = { 0, 0 };
	bool open = false; /* the address of a message is written, its data not yet */

	for (size_t i = 0; i < c->steps_count; i++) {
		const struct log_step *step = &c->steps[i];
		if (step->kind == LOG_RAISE) {
			c->place = open ? LOG_INSIDE : c->messages_count ? LOG_AFTER : LOG_BEFORE;
		} else if (step->reg == LOG_ADDRESS_LOW) {
			message.address_low = step->value;
			open = true;
			c->place = c->place == LOG_AFTER ? LOG_BETWEEN : c->place;
		} else if (step->reg == LOG_DATA) {
			message.data = step->value;
			open = false;
			c->messages[c->messages_count++] = message;
		}
	}
	for (size_t i = 0; c->messages_count && i < c->steps_count; i++) {
		const struct log_message *last = &c->messages[c->messages_count - 1];
		const struct log_step *step = &c->steps[i];
		if (step->kind == LOG_RAISE) {
			c->torn = step->destination == destination_of(last->address_low) &&
			          step->vector != (last->data & 0xff);
		}
	}
}

int emulator_log_read(int fd, struct emulator_log *log)
{
	struct text_lines lines;
	struct text_line line;
	int got;

	*log = (struct emulator_log){ 0 };
	got = text_lines_open(&lines, fd);
	if (got < 0) {
		return got;
	}
	while ((got = text_lines_next(&lines, &line)) > 0) {
		g_autofree char *text = g_strndup(line.text, line.length);
		log->lines++;
		if ((line.too_long || !read_line(log, text, line.number)) && log->ignored++ == 0) {
			log->ignored_line = line.number;
		}
	}
	text_lines_close(&lines);
	for (size_t i = 0; i < log->cycles_count; i++) {
		judge_cycle(&log->cycles[i]);
	}
	return got;
}

void emulator_log_release(struct emulator_log *log)
{
	g_free(log->cycles);
	log->cycles = NULL;
	log->cycles_count = 0;
}
