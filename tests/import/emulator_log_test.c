/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "recorded.h"
#include "sim/import/emulator_log.h"

static struct emulator_log read_text(const char *text, size_t length)
{
	struct emulator_log log;
	int fd = recorded_fd(text, length);

	cr_assert_eq(emulator_log_read(fd, &log), 0);
	close(fd);
	return log;
}

static struct emulator_log read_recording(const char *name)
{
	size_t length;
	g_autofree char *text = recorded_text(name, &length);

	return read_text(text, length);
}

struct tally {
	size_t cycles, stale, inside, inside_stale, torn, two_messages;
};

static struct tally tally(const struct emulator_log *log)
{
	struct tally t = { .cycles = log->cycles_count };

	for (size_t i = 0; i < log->cycles_count; i++) {
		const struct log_cycle *c = &log->cycles[i];
		cr_expect(c->judged, "%s %lu", c->name, (unsigned long)c->tag);
		cr_expect_eq(c->raises, 1);
		cr_expect_eq(c->stale, c->torn, "line %lu", (unsigned long)c->line);
		t.stale += c->stale;
		t.torn += c->torn;
		t.inside += c->place == LOG_INSIDE;
		t.inside_stale += c->place == LOG_INSIDE && c->stale;
		t.two_messages += c->messages_count == 2;
	}
	cr_expect_eq(log->ignored, 0);
	cr_expect_eq(log->too_many, 0);
	return t;
}

/* As shipped one message is written, and exactly the raises inside it go stale. */
Test(emulator_log, direct_write)
{
	struct emulator_log log = read_recording("edu-offline-K.qemu");
	struct tally t = tally(&log);

	cr_expect_eq(t.cycles, 12);
	cr_expect_eq(t.stale, 6);
	cr_expect_eq(t.inside, 6);
	cr_expect_eq(t.inside_stale, 6);
	cr_expect_eq(t.two_messages, 0);
	cr_expect_str_eq(log.cycles[0].name, "K-torn");
	cr_expect_eq(log.cycles[0].tag, 3);
	cr_assert_eq(log.cycles[0].messages_count, 1);
	cr_expect_eq(log.cycles[0].messages[0].address_low, 0xfee02004);
	cr_expect_eq(log.cycles[0].messages[0].data, 0x33);
	emulator_log_release(&log);
}

/*
 * The careful path: the new vector at the old CPU, then the new message; nothing goes stale,
 * wherever the raise falls.
 */
Test(emulator_log, temporary_message)
{
	struct emulator_log log = read_recording("edu-offline-Q.qemu");
	struct tally t = tally(&log);

	cr_expect_eq(t.cycles, 16);
	cr_expect_eq(t.stale, 0);
	cr_expect_eq(t.two_messages, 16);
	for (size_t i = 0; i < log.cycles_count; i++) {
		const struct log_message *m = log.cycles[i].messages;
		cr_expect_eq(m[0].data, m[1].data);
		cr_expect_neq(m[0].address_low, m[1].address_low);
	}
	emulator_log_release(&log);
}

Test(emulator_log, places)
{
	static const struct {
		const char *text;
		enum log_place place;
		bool torn;
	} cases[] = {
#define RAISE(dest, vector)                                                                        \
	"1@1.0:apic_deliver_irq dest " #dest " dest_mode 1 delivery_mode 0 vector " #vector        \
	" trigger_mode 0\n"
#define LOW(value) "1@1.0:pci_cfg_write edu 00:01.0 @0x44 <- " value "\n"
#define DATA(value) "1@1.0:pci_cfg_write edu 00:01.0 @0x4c <- " value "\n"
		{ RAISE(4, 43) LOW("0xfee02004") DATA("0x33"), LOG_BEFORE, false },
		{ LOW("0xfee02004") RAISE(2, 43) DATA("0x33"), LOG_INSIDE, true },
		/* the same vector on both CPUs cannot be torn */
		{ LOW("0xfee02004") RAISE(2, 51) DATA("0x33"), LOG_INSIDE, false },
		{ LOW("0xfee02004") DATA("0x33") RAISE(2, 51), LOG_AFTER, false },
		{ LOW("0xfee04004") DATA("0x33") RAISE(4, 51) LOW("0xfee02004") DATA("0x33"),
		  LOG_BETWEEN, false },
		{ LOW("0xfee02004") DATA("0x33"), LOG_NO_RAISE, false },
		{ RAISE(2, 51), LOG_BEFORE, false },
		{ "", LOG_NO_RAISE, false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("# cycle name=x tag=1 verdict=STALE\n%s",
		                                        cases[i].text);
		struct emulator_log log = read_text(text, strlen(text));
		cr_assert_eq(log.cycles_count, 1);
		cr_expect_eq(log.cycles[0].place, cases[i].place, "%zu: %s", i,
		             log_place_name(log.cycles[0].place));
		cr_expect_eq(log.cycles[0].torn, cases[i].torn, "%zu", i);
		emulator_log_release(&log);
	}
}

/* Nothing is skipped silently, and nothing outside a cycle is taken for a part of one. */
Test(emulator_log, what_it_cannot_read)
{
	static const char text[] = "1@1.0:pci_cfg_write edu 00:01.0 @0x44 <- 0x1\n"
				   "garbage\n"
				   "1@1.0:pci_cfg_write edu 00:01.0 @0x44 <- \n"
				   "1@1.0:apic_deliver_irq dest 2 vector 999\n"
				   "# cycle tag=x\n"
				   "1@1.0:pci_cfg_write edu 00:01.0 @0xc <- 0x80\n";
	struct emulator_log log = read_text(text, sizeof(text) - 1);

	cr_expect_eq(log.lines, 6);
	cr_expect_eq(log.ignored, 3);
	cr_expect_eq(log.ignored_line, 2);
	cr_expect_eq(log.other_writes, 1);
	cr_assert_eq(log.cycles_count, 1);
	cr_expect_eq(log.cycles[0].steps_count, 0);
	cr_expect_not(log.cycles[0].judged);
	emulator_log_release(&log);
}

/* More steps than a cycle keeps are counted. */
Test(emulator_log, too_many_steps)
{
	GString *text = g_string_new("# cycle name=x\n");

	for (int i = 0; i < LOG_STEPS_MAX + 5; i++) {
		g_string_append(text, LOW("0x1"));
	}
	struct emulator_log log = read_text(text->str, text->len);
	cr_expect_eq(log.cycles[0].steps_count, LOG_STEPS_MAX);
	cr_expect_eq(log.too_many, 5);
	emulator_log_release(&log);
	g_string_free(text, TRUE);
}
