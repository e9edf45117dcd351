/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "recorded.h"
#include "sim/write_sequences.h"

static void follow(void *sequences, const struct ftrace_event *e)
{
	write_sequences_event(sequences, e);
}

/* The caller frees the sequences. */
static struct write_sequences *compare(const char *text, size_t length, const char *move,
                                       int reservable)
{
	struct write_sequences *s = write_sequences_new(move, reservable);
	struct replay_options options = { .event = follow, .context = s };
	struct replay_result result;

	cr_assert_not_null(s);
	result = recorded_replay(text, length, &options);
	replay_result_release(&result);
	write_sequences_end(s);
	return s;
}

static struct write_sequences *compare_recording(const char *file, const char *move, int reservable)
{
	size_t length;
	g_autofree char *text = recorded_text(file, &length);

	return compare(text, length, move, reservable);
}

static uint64_t equal_sum(const struct write_sequence_counts *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < WRITE_SEQUENCES; i++) {
		sum += c->equal[i];
	}
	return sum;
}

/* Every change of every recording: what is equal, by the shape of its writes. */
Test(write_sequences, recordings)
{
	static const struct {
		const char *file;
		uint64_t changes, compared, equal[WRITE_SEQUENCES], concluded, revised, no_target;
	} cases[] = {
		/* equal: refused, remapped, the same again, one message, two messages */
		{ "affinity-4cpu.trace", 135, 130, { 7, 0, 40, 62, 21 }, 0, 0, 0 },
		{ "boot-4cpu.trace", 30, 23, { 0, 0, 23, 0, 0 }, 0, 0, 0 },
		{ "edu-kernel-K-6cpu.trace", 240, 240, { 200, 0, 0, 40, 0 }, 1, 0, 0 },
		{ "edu-kernel-Q-6cpu.trace", 110, 110, { 70, 0, 0, 0, 40 }, 1, 0, 0 },
		{ "edu-offline-K.trace", 36, 36, { 0, 0, 12, 24, 0 }, 3, 0, 0 },
		/* the harness forces the bit around each of the 16 CPU offlines in four recordings */
		{ "edu-offline-Q.trace", 48, 48, { 0, 0, 16, 16, 16 }, 4, 28, 0 },
		{ "edu-race-4cpu.trace", 51, 46, { 19, 0, 3, 24, 0 }, 0, 0, 0 },
		{ "exhaust-2cpu.trace", 434, 426, { 0, 0, 419, 1, 6 }, 0, 0, 0 },
		/* begun when the devices were there: of some, the first change tells where they are */
		{ "handlers-4cpu.trace", 295, 287, { 61, 0, 69, 131, 26 }, 5, 0, 4 },
		{ "handlers-intremap-4cpu.trace", 252, 191, { 0, 191, 0, 0, 0 }, 0, 0, 0 },
		{ "hotplug-8cpu.trace", 164, 150, { 0, 0, 105, 20, 25 }, 0, 0, 0 },
		{ "intremap-4cpu.trace", 184, 174, { 0, 174, 0, 0, 0 }, 0, 0, 0 },
		{ "multimsi-4cpu.trace", 14, 9, { 0, 0, 9, 0, 0 }, 0, 0, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct write_sequences *s = compare_recording(cases[i].file, NULL, -1);
		const struct write_sequence_counts *c = write_sequences_end(s);
		cr_expect_eq(c->divergences, 0, "%s: %s", cases[i].file, c->divergence);
		cr_expect_eq(c->changes, cases[i].changes, "%s", cases[i].file);
		cr_expect_eq(c->compared, cases[i].compared, "%s", cases[i].file);
		/* a recording from boot tells what each interrupt is: nothing is fitted */
		cr_expect_eq(c->concluded, cases[i].concluded, "%s: %lu", cases[i].file,
		             (unsigned long)c->concluded);
		cr_expect_eq(c->revised, cases[i].revised, "%s: %lu", cases[i].file,
		             (unsigned long)c->revised);
		cr_expect_eq(c->incomparable[SEQUENCE_NO_TARGET], cases[i].no_target, "%s",
		             cases[i].file);
		/* the rest are interrupts that have no message, and a CPU's last change */
		cr_expect_eq(c->incomparable[SEQUENCE_NO_MESSAGE] + c->incomparable[SEQUENCE_GAP],
		             c->changes - c->compared - cases[i].no_target);
		cr_expect_leq(c->incomparable[SEQUENCE_GAP], 2);
		for (int kind = 0; kind < WRITE_SEQUENCES; kind++) {
			cr_expect_eq(c->equal[kind], cases[i].equal[kind], "%s, kind %d: %lu",
			             cases[i].file, kind, (unsigned long)c->equal[kind]);
		}
		write_sequences_free(s);
	}
}

/* The same device, as shipped and with the bit forced, under both readings of the predicate. */
Test(write_sequences, predicate)
{
	static const struct {
		const char *file, *move;
		int reservable;
		uint64_t divergences;
	} cases[] = {
		{ "edu-kernel-K-6cpu.trace", "x86-linux-6.1", 0, 0 },
		{ "edu-kernel-K-6cpu.trace", "x86-linux-6.1", 1, 40 },
		{ "edu-kernel-K-6cpu.trace", "x86-linux-6.1-as-commented", 0, 40 },
		{ "edu-kernel-K-6cpu.trace", "x86-linux-5.6", 1, 0 },
		{ "edu-kernel-Q-6cpu.trace", "x86-linux-6.1", 1, 0 },
		{ "edu-kernel-Q-6cpu.trace", "x86-linux-6.1", 0, 40 },
		{ "edu-kernel-Q-6cpu.trace", "x86-linux-6.1-as-commented", 0, 0 },
		{ "edu-kernel-Q-6cpu.trace", "x86-linux-5.6", 1, 40 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct write_sequences *s =
			compare_recording(cases[i].file, cases[i].move, cases[i].reservable);
		const struct write_sequence_counts *c = write_sequences_end(s);
		cr_expect_eq(c->divergences, cases[i].divergences, "%zu: %lu", i,
		             (unsigned long)c->divergences);
		cr_expect_eq(equal_sum(c) + c->divergences, c->compared);
		write_sequences_free(s);
	}
	cr_expect_null(write_sequences_new("x86-linux-7.7", -1));
}

static char *replace_first(const char *text, const char *after, const char *old, const char *new)
{
	const char *from = strstr(text, after);
	const char *at = from ? strstr(from, old) : NULL;

	cr_assert_not_null(at, "%s", old);
	return g_strdup_printf("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* A value, a missing write, one too many, the other order: each is seen. */
Test(write_sequences, what_differs_is_seen)
{
	static const char first[] = "addr_lo=0xfee08004 addr_hi=0x0 data=0x25";
	static const char second[] = "addr_lo=0xfee04004 addr_hi=0x0 data=0x25";
	static const char anchor[] = "k_move_irq";
	static const struct {
		const char *old, *new;
	} changes[] = {
		{ first, "addr_lo=0xfee08004 addr_hi=0x0 data=0x26" },
		{ first, "addr_lo=0xfee10004 addr_hi=0x0 data=0x25" },
		{ first, "addr_lo=0xfee08004 addr_hi=0x1 data=0x25" },
		{ first, second },
		{ second, first },
		{ "k_msi_write", "k_other" },
	};
	size_t length;
	g_autofree char *text = recorded_text("edu-kernel-Q-6cpu.trace", &length);

	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *changed =
			replace_first(text, anchor, changes[i].old, changes[i].new);
		struct write_sequences *s = compare(changed, strlen(changed), NULL, 1);
		const struct write_sequence_counts *c = write_sequences_end(s);
		cr_expect_eq(c->divergences, 1, "%zu: %lu", i, (unsigned long)c->divergences);
		cr_expect_not_null(strstr(c->divergence, "irq 34"));
		write_sequences_free(s);
	}
}

/* What cannot be compared is counted by its reason, and nothing else. */
Test(write_sequences, not_comparable)
{
#define AT(cpu) "          <idle>-0       [00" #cpu "] d.h2.     1.000000: "
#define CHANGE(cpu, irq) AT(cpu) "k_do_set_affinity: (f) irq=" irq " msk=0x4 force=0\n"
#define UPDATE(cpu, irq)                                                                           \
	AT(cpu) "vector_update: irq=" irq " vector=43 cpu=2 prev_vector=51 prev_cpu=1\n"
#define MESSAGE(cpu, irq, low)                                                                     \
	AT(cpu) "k_msi_write: (f) irq=" irq " addr_lo=" low " addr_hi=0x0 data=0x2b\n"
#define END(cpu) AT(cpu) "k_move_irq: (f) irq=7\n"
	static const struct {
		const char *text;
		int reason; /* -1: compared */
	} cases[] = {
		{ CHANGE(1, "5") UPDATE(1, "5") END(1), SEQUENCE_NO_MESSAGE },
		{ CHANGE(1, "5") MESSAGE(1, "5", "0xfee04004") END(1), SEQUENCE_NO_TARGET },
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee02000") END(1), SEQUENCE_PHYSICAL },
		{ CHANGE(9, "5") UPDATE(9, "5") MESSAGE(9, "5", "0xfee04004") END(9), SEQUENCE_PHYSICAL },
		{ CHANGE(1, "5") "CPU:1 [LOST 3 EVENTS]\n", SEQUENCE_GAP },
		{ CHANGE(1, "65536"), SEQUENCE_TOO_MANY },
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee04004"), SEQUENCE_GAP },
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee04004") END(1), -1 },
		/* another interrupt's message, and that of giving it up, are not part of the change */
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee04004") MESSAGE(1, "6", "0xfee08004"),
		  -1 },
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee04004") MESSAGE(1, "5", "0x0"), -1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct write_sequences *s =
			compare(cases[i].text, strlen(cases[i].text), NULL, -1);
		const struct write_sequence_counts *c = write_sequences_end(s);
		cr_expect_eq(c->changes, 1, "%zu", i);
		cr_expect_eq(c->compared, cases[i].reason < 0, "%zu", i);
		cr_expect_eq(c->divergences, 0, "%zu: %s", i, c->divergence);
		for (int reason = 0; reason < SEQUENCE_INCOMPARABLE; reason++) {
			cr_expect_eq(c->incomparable[reason], reason == cases[i].reason,
			             "%zu, reason %d", i, reason);
		}
		write_sequences_free(s);
	}
}
