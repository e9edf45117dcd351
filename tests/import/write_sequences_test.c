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
		/* one message tells the destination of the CPU that the interrupt goes to, two do not */
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee02000") END(1), -1 },
		{ CHANGE(9, "5") UPDATE(9, "5") MESSAGE(9, "5", "0xfee04004") END(9), -1 },
		{ CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", "0xfee02000") MESSAGE(1, "5", "0xfee07000") END(1),
		  SEQUENCE_NO_DESTINATION },
		/* the mask of the first 64 CPUs says nothing about CPU 70 */
		{ AT(1) "vector_config: irq=5 vector=43 cpu=70 apicdest=0x0000008c\n" CHANGE(1, "5")
			  MESSAGE(1, "5", "0xfee8c000") END(1),
		  SEQUENCE_SHORT_MASK },
		{ AT(1) "vector_config: irq=5 vector=43 cpu=70 apicdest=0x0000018c\n" AT(
			  1) "k_do_set_affinity: (f) irq=5 msk={0x0,0x40} force=0\n" MESSAGE(1, "5", "0xfee8c020")
			  END(1),
		  -1 },
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

/* The same recording of a machine in physical mode: CPU n has the APIC ID 2n + 0x13. */
static char *in_physical_mode(const char *text, bool config)
{
	static const char address[] = "addr_lo=0x", told[] = "apicdest=0x";
	GString *out = g_string_new(NULL);

	while (*text) {
		bool is_address = g_str_has_prefix(text, address), is_told = g_str_has_prefix(text, told);
		if (!is_address && !is_told) {
			g_string_append_c(out, *text++);
			continue;
		}
		char *end;
		uint64_t value = g_ascii_strtoull(strchr(text, 'x') + 1, &end, 16);
		uint64_t bits = is_told ? value : value >> 12 & 0xff;
		uint64_t id = bits ? 2 * (uint64_t)__builtin_ctzll(bits) + 0x13 : 0;
		if (is_address && value && !(value & 0x10)) {
			g_string_append_printf(out, "%s%" G_GINT64_MODIFIER "x", address, 0xfee00000 | id << 12);
		} else if (is_address) {
			g_string_append_printf(out, "%s%" G_GINT64_MODIFIER "x", address, value);
		} else if (config) {
			g_string_append_printf(out, "%s%08" G_GINT64_MODIFIER "x", told, id);
		}
		text = end;
	}
	return g_string_free(out, FALSE);
}

/* What is compared in logical mode is compared in physical mode too, but where nothing tells a destination. */
Test(write_sequences, physical_mode)
{
	static const struct {
		const char *file;
		/* by vector_config, and by the messages of other changes */
		uint64_t told, untold, learned;
	} cases[] = {
		{ "affinity-4cpu.trace", 130, 130, 4 },
		{ "boot-4cpu.trace", 23, 23, 4 },
		{ "edu-kernel-K-6cpu.trace", 240, 240, 2 },
		/* every change has two messages: they are not what teaches */
		{ "edu-kernel-Q-6cpu.trace", 109, 70, 0 },
		{ "edu-offline-K.trace", 36, 36, 6 },
		{ "edu-offline-Q.trace", 32, 32, 4 },
		{ "edu-race-4cpu.trace", 46, 46, 2 },
		{ "exhaust-2cpu.trace", 426, 426, 2 },
		{ "hotplug-8cpu.trace", 150, 150, 8 },
		{ "intremap-4cpu.trace", 174, 174, 0 },
		{ "multimsi-4cpu.trace", 9, 9, 4 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t length;
		g_autofree char *text = recorded_text(cases[i].file, &length);
		g_autofree char *told = in_physical_mode(text, true);
		g_autofree char *untold = in_physical_mode(text, false);
		struct write_sequences *sequences[] = {
			compare(text, length, NULL, -1),
			compare(told, strlen(told), NULL, -1),
			compare(untold, strlen(untold), NULL, -1),
		};
		const uint64_t logical = write_sequences_end(sequences[0])->compared;
		const uint64_t compared[] = { logical, cases[i].told, cases[i].untold };
		for (int n = 0; n < 3; n++) {
			const struct write_sequence_counts *c = write_sequences_end(sequences[n]);
			cr_expect_eq(c->divergences, 0, "%s: %s", cases[i].file, c->divergence);
			cr_expect_eq(c->destination_contradictions, 0, "%s", cases[i].file);
			cr_expect_eq(c->compared, compared[n], "%s, %d: %lu", cases[i].file, n,
				     (unsigned long)c->compared);
			cr_expect_eq(equal_sum(c), c->compared);
			cr_expect_eq(c->incomparable[SEQUENCE_NO_DESTINATION], logical - c->compared);
			cr_expect_eq(c->by_destination, n ? c->compared - c->equal[SEQUENCE_REMAPPED] : 0);
			write_sequences_free(sequences[n]);
		}
		struct write_sequences *s = compare(untold, strlen(untold), NULL, -1);
		cr_expect_eq(write_sequences_end(s)->destinations_learned, cases[i].learned, "%s: %lu",
			     cases[i].file, (unsigned long)write_sequences_end(s)->destinations_learned);
		write_sequences_free(s);
	}
}

/* Another CPU's APIC ID, nobody's, that of the other message, a high part: each is seen. */
Test(write_sequences, what_differs_is_seen_in_physical_mode)
{
	static const char first[] = "addr_lo=0xfee19000 addr_hi=0x0", second[] = "addr_lo=0xfee17000 addr_hi=0x0";
	static const struct {
		const char *old, *new;
	} changes[] = {
		{ first, "addr_lo=0xfee13000 addr_hi=0x0" }, { first, "addr_lo=0xfee14000 addr_hi=0x0" },
		{ first, "addr_lo=0xfee19004 addr_hi=0x0" }, { first, "addr_lo=0xfee19000 addr_hi=0x1" },
		{ first, "addr_lo=0xfee19020 addr_hi=0x0" }, { first, second },
		{ second, first },
	};
	size_t length;
	g_autofree char *text = recorded_text("edu-kernel-Q-6cpu.trace", &length);
	g_autofree char *physical = in_physical_mode(text, true);
	const char *third = physical;

	/* Both of its destinations are told by then. */
	for (int i = 0; i < 3; i++) {
		third = strstr(third, "k_move_irq") + 1;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *rest = replace_first(third, third, changes[i].old, changes[i].new);
		g_autofree char *changed = g_strdup_printf("%.*s%s", (int)(third - physical), physical, rest);
		struct write_sequences *s = compare(changed, strlen(changed), NULL, 1);
		const struct write_sequence_counts *c = write_sequences_end(s);
		cr_expect_eq(c->divergences, 1, "%zu: %lu", i, (unsigned long)c->divergences);
		cr_expect_gt(c->divergence_line, 0);
		write_sequences_free(s);
	}
}

/* A kernel with 12 CPUs, whose APIC IDs are not their numbers. */
Test(write_sequences, physical_recording)
{
	static const uint64_t equal[WRITE_SEQUENCES] = { 128, 0, 65, 131, 14 };
	size_t length;
	g_autofree char *text = recorded_text("physical-12cpu.trace", &length);
	struct write_sequences *s = compare(text, length, NULL, -1);
	const struct write_sequence_counts *c = write_sequences_end(s);

	cr_expect_eq(c->changes, 346);
	cr_expect_eq(c->compared, 338);
	cr_expect_eq(c->by_destination, 338);
	cr_expect_eq(c->divergences, 0, "%s", c->divergence);
	cr_expect_eq(c->destination_contradictions, 0);
	cr_expect_eq(c->incomparable[SEQUENCE_NO_DESTINATION], 1);
	for (int kind = 0; kind < WRITE_SEQUENCES; kind++) {
		cr_expect_eq(c->equal[kind], equal[kind], "kind %d: %lu", kind, (unsigned long)c->equal[kind]);
	}
	write_sequences_free(s);
	/* its numbers in place of the IDs, of CPUs 6 to 11 */
	static const char *const ids[][2] = { { "0xfee08000", "0xfee06000" }, { "0xfee0b000", "0xfee09000" },
					      { "0xfee0d000", "0xfee0b000" } };
	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_auto(GStrv) parts = g_strsplit(text, ids[i][0], -1);
		g_autofree char *numbered = g_strjoinv(ids[i][1], parts);
		s = compare(numbered, strlen(numbered), NULL, -1);
		cr_expect_gt(write_sequences_end(s)->divergences, 0, "%s", ids[i][0]);
		write_sequences_free(s);
	}
}

/* A CPU with two destinations, and two CPUs with one; what vector_config tells later wins. */
Test(write_sequences, destinations_contradict)
{
#define CONFIG(vector, cpu, id) AT(1) "vector_config: irq=6 vector=" vector " cpu=" cpu " apicdest=0x000000" id "\n"
#define MOVE(low) CHANGE(1, "5") UPDATE(1, "5") MESSAGE(1, "5", low) END(1)
	static const struct {
		const char *text;
		uint64_t contradictions, divergences;
	} cases[] = {
		{ CONFIG("40", "2", "20") MOVE("0xfee20000"), 0, 0 },
		{ CONFIG("40", "2", "20") CONFIG("41", "2", "20") MOVE("0xfee20000"), 0, 0 },
		{ CONFIG("40", "2", "20") MOVE("0xfee21000"), 1, 1 },
		{ CONFIG("40", "2", "21") CONFIG("41", "2", "20") MOVE("0xfee20000"), 1, 0 },
		{ CONFIG("40", "3", "20") CONFIG("41", "2", "20") MOVE("0xfee20000"), 1, 0 },
		{ MOVE("0xfee20000") MOVE("0xfee20000"), 0, 0 },
		{ MOVE("0xfee20000") MOVE("0xfee21000"), 1, 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct write_sequences *s = compare(cases[i].text, strlen(cases[i].text), NULL, -1);
		const struct write_sequence_counts *c = write_sequences_end(s);
		cr_expect_eq(c->destination_contradictions, cases[i].contradictions, "%zu: %lu", i,
			     (unsigned long)c->destination_contradictions);
		cr_expect_eq(c->divergences, cases[i].divergences, "%zu: %s", i, c->divergence);
		write_sequences_free(s);
	}
}
