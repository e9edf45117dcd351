/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "recorded.h"
#include "sim/import/ftrace.h"

#define ALLOC                                                                                      \
	"bit=33 cpu=1 online=1 avl=200 alloc=1 managed=0 online_maps=4 global_avl=802, "           \
	"global_rsvd=13, total_alloc=2"

/* The first event of a text, or none; the counts of the whole text. */
static struct ftrace_event first;
static char first_text[64];
static struct ftrace_counts counts;

static size_t read_all(const char *text, size_t length)
{
	struct ftrace_reader reader;
	struct ftrace_event e;
	size_t events = 0;
	int fd = recorded_fd(text, length);

	cr_assert_eq(ftrace_open(&reader, fd), 0);
	while (ftrace_next(&reader, &e) > 0) {
		if (events++ == 0) {
			first = e;
			g_snprintf(first_text, sizeof(first_text), "%.*s",
			           e.kind == FT_MARK ? (int)e.text_length : 0, e.text);
		}
	}
	counts = reader.counts;
	ftrace_close(&reader);
	close(fd);
	return events;
}

static size_t read_text(const char *text)
{
	return read_all(text, strlen(text));
}

static void expect_ignored(const char *text, enum ftrace_ignored reason)
{
	cr_expect_eq(read_text(text), 0, "%s", text);
	cr_expect_eq(counts.ignored[reason], 1, "%s: %s", text, ftrace_ignored_text(reason));
	cr_expect_eq(counts.first_line[reason], 1);
}

static void expect_alloc(const char *text)
{
	cr_expect_eq(read_text(text), 1, "%s", text);
	cr_expect_eq(first.kind, FT_MATRIX_ALLOC);
	cr_expect_eq(first.line, 1);
	cr_expect_eq(first.cpu, 3);
	cr_expect_eq(first.time_ns, 1234567000, "%lu", (unsigned long)first.time_ns);
	cr_expect_eq(first.value[FTRACE_BIT], 33);
	cr_expect_eq(first.value[FTRACE_CPU], 1);
	cr_expect_eq(first.value[FTRACE_AVL], 200);
	cr_expect_eq(first.value[FTRACE_GLOBAL_AVL], 802);
	cr_expect_eq(first.value[FTRACE_GLOBAL_RSVD], 13);
	cr_expect_eq(first.value[FTRACE_TOTAL_ALLOC], 2);
}

Test(ftrace, forms_of_one_event)
{
	expect_alloc("          <idle>-0       [003] d..1.     1.234567: irq_matrix_alloc: " ALLOC
	             "\n");
	expect_alloc("<idle>-0 [003] d..1. 1.234567: irq_matrix_alloc: " ALLOC "\r\n");
	/* trace-cmd report, with and without flags, and in nanoseconds */
	expect_alloc("          <idle>-0     [003]     1.234567: irq_matrix_alloc:     " ALLOC
	             "\n");
	expect_alloc("          <idle>-0     [003] d..1. 1.234567000: irq_matrix_alloc:     " ALLOC
	             "\n");
	/* options record-tgid and names that are hard to tell */
	expect_alloc(
		"  kworker/0:1-17      (     17) [003] d..1.     1.234567: irq_matrix_alloc: " ALLOC
		"\n");
	expect_alloc(
		"  a [007] b-17      (-------) [003] d..1.     1.234567: irq_matrix_alloc: " ALLOC
		"\n");
	expect_alloc("  a: b-9 [1]: x-17 [003] d..1.     1.234567: irq_matrix_alloc: " ALLOC "\n");
	/* another kernel's order, fields of its own, no commas, hexadecimal */
	expect_alloc("x-1 [003] .... 1.234567: irq_matrix_alloc: node=7 total_alloc=0x2 "
	             "global_rsvd=13 global_avl=802 "
	             "online_maps=4 managed=0 alloc=1 avl=0xc8 online=1 cpu=1 bit=33 bit2=9\n");
}

Test(ftrace, probes)
{
	cr_assert_eq(read_text("x-1 [000] d..4. 1.000001: k_alloc: (irq_matrix_alloc+0x0/0x140) "
	                       "msk=0x8 resv=1\n"),
	             1);
	cr_expect_eq(first.kind, FT_K_ALLOC);
	cr_expect_eq(first.mask_words, 1);
	cr_expect_eq(first.mask[0], 8);
	cr_expect_eq(first.value[FTRACE_RESV], 1);
	cr_assert_eq(read_text("x-1 [000] d..4. 1.0: k_alloc: (f) msk={0x1,0xffffffffffffffff,0x4} "
	                       "resv=0\n"),
	             1);
	cr_expect_eq(first.mask_words, 3);
	cr_expect_eq(first.mask[1], UINT64_MAX);
	cr_expect_eq(first.mask[2], 4);
	cr_assert_eq(read_text("x-1 [000] d..4. 1.0: k_alloc_ret: (a+0x85/0x160 <- "
	                       "irq_matrix_alloc) ret=-28\n"),
	             1);
	cr_expect_eq(first.value[FTRACE_RET], -28);
	cr_assert_eq(read_text("x-1 [000] .... 1.0: tracing_mark_write: KT snap one\n"), 1);
	cr_expect_str_eq(first_text, "KT snap one");
	cr_assert_eq(read_text("x-1 [000] 1.0: print: tracing_mark_write: KT snap one\n"), 1);
	cr_expect_str_eq(first_text, "KT snap one");
	cr_assert_eq(read_text("x-1 [000] d.h1. 1.0: irq_handler_entry: irq=28 name=edu\n"), 1);
	cr_expect_eq(first.kind, FT_HANDLER_ENTRY);
}

Test(ftrace, every_reason_to_ignore)
{
	expect_ignored("# comment\n", IGNORED_COMMENT);
	expect_ignored("\n", IGNORED_COMMENT);
	expect_ignored("cpus=4\n", IGNORED_COMMENT);
	expect_ignored("x-1 [000] .... 1.0: sched_switch: prev=1\n", IGNORED_UNKNOWN_EVENT);
	cr_expect_str_eq(counts.unknown[0].name, "sched_switch");
	cr_expect_eq(counts.unknown[0].count, 1);
	expect_ignored("x-1 [000] .... 1.0: wait_status.constprop.0: done\n",
	               IGNORED_UNKNOWN_EVENT);
	expect_ignored("no event at all\n", IGNORED_NO_EVENT);
	expect_ignored("x-1 [000] .... 1.0: \n", IGNORED_NO_EVENT);
	expect_ignored("x-1 [000] .... 1.0: do_idle <-cpu_startup_entry\n", IGNORED_NO_EVENT);
	expect_ignored("x-1 [000\n", IGNORED_NO_EVENT);
	expect_ignored("x-1 [000] .... 12345: irq_matrix_alloc: " ALLOC "\n", IGNORED_BAD_TIME);
	expect_ignored("x-1 [000] .... 99999999999.0: irq_matrix_alloc: " ALLOC "\n",
	               IGNORED_BAD_TIME);
	expect_ignored("x-1 [000] .... 1.0: irq_matrix_alloc: bit=33 cpu=1 online=1 av\n",
	               IGNORED_MISSING_FIELD);
	expect_ignored("x-1 [000] .... 1.0: k_alloc: (f) msk= resv=0\n", IGNORED_BAD_VALUE);
	expect_ignored("x-1 [000] .... 1.0: k_alloc: (f) msk={0x1,} resv=0\n", IGNORED_BAD_VALUE);
	expect_ignored("x-1 [000] .... 1.0: k_alloc: (f) msk=0x11112222333344445 resv=0\n",
	               IGNORED_BAD_VALUE);
	expect_ignored("x-1 [000] .... 1.0: k_alloc_ret: (f) ret=(fault)\n", IGNORED_BAD_VALUE);
	expect_ignored("x-1 [000] .... 1.0: irq_handler_entry: irq=-1 name=x\n", IGNORED_BAD_VALUE);
	expect_ignored("x-1 [8192] .... 1.0: k_matrix_offline: (f)\n", IGNORED_BAD_VALUE);
	expect_ignored("x-1 [000] .... 1.0: irq_handler_entry: irq=2", IGNORED_CUT);
	static const char binary[] = "x-1 [000] .... 1.0: k_move_irq: (f) irq=1\0\n";
	cr_expect_eq(read_all(binary, sizeof(binary) - 1), 0);
	cr_expect_eq(counts.ignored[IGNORED_BINARY], 1);
}

Test(ftrace, gaps)
{
	cr_expect_eq(read_text("CPU:1 [LOST 120 EVENTS]\n"), 1);
	cr_expect_eq(first.kind, FT_GAP);
	cr_expect_eq(counts.lost_events, 120);
	cr_expect_eq(read_text("CPU:1 [7 EVENTS DROPPED]\nCPU:0 [EVENTS DROPPED]\n"), 2);
	cr_expect_eq(counts.lost_events, 7);
	cr_expect_eq(counts.unknown_losses, 1);
	cr_expect_eq(read_text("##### CPU 2 buffer started ####\n"), 1);
	cr_expect_eq(counts.unknown_losses, 1);
	/* Another recording in the same file; the heading of the first is none. */
	cr_expect_eq(read_text("# tracer: nop\nx-1 [000] .... 1.0: k_move_irq: (f) irq=1\n# "
	                       "tracer: nop\n"),
	             2);
	cr_expect_eq(first.kind, FT_K_MOVE_IRQ);
}

Test(ftrace, heading)
{
	cr_expect_eq(read_text("# entries-in-buffer/entries-written: 205/300   #P:12\n"), 0);
	cr_expect_eq(counts.cpus_named, 12);
	cr_expect_eq(counts.entries_written - counts.entries_in_buffer, 95);
	cr_expect_eq(read_text("cpus=5\n"), 0);
	cr_expect_eq(counts.cpus_named, 5);
	cr_expect_eq(read_text("# entries-in-buffer/entries-written: 300/205   #P:99999999\n"), 0);
	cr_expect_eq(counts.entries_written, 0);
	cr_expect_eq(counts.cpus_named, 0);
}

Test(ftrace, times_go_backwards)
{
	cr_expect_eq(read_text("x-1 [000] .... 2.0: k_move_irq: (f) irq=1\n"
	                       "x-1 [001] .... 1.0: k_move_irq: (f) irq=1\n"
	                       "x-1 [001] .... 1.5: k_move_irq: (f) irq=1\n"),
	             3);
	cr_expect_eq(counts.backwards, 1);
	cr_expect_eq(counts.backwards_line, 2);
	cr_expect_eq(counts.held, 2);
}

/* A line longer than the reader's limit, in a file longer than its buffer, is one ignored line. */
Test(ftrace, huge_lines)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 17000 * (i % 5); j++) {
			g_string_append_c(text, 'x');
		}
		g_string_append(text, "\nx-1 [000] .... 1.0: k_move_irq: (f) irq=1\n");
	}
	cr_expect_eq(read_all(text->str, text->len), 40);
	cr_expect_eq(counts.lines, 80);
	cr_expect_eq(counts.ignored[IGNORED_TOO_LONG], 32);
	cr_expect_eq(counts.ignored[IGNORED_COMMENT], 8);
	g_string_free(text, TRUE);
}

/* Every line of the recordings is an event that is known, or has a reason; the sum is right. */
Test(ftrace, nothing_is_skipped_silently)
{
	static const char *const names[] = { "affinity-4cpu.trace", "edu-offline-K.trace",
		                             "hotplug-8cpu.trace", "handlers-4cpu.trace" };

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		size_t length;
		g_autofree char *text = recorded_text(names[n], &length);
		uint64_t sum = read_all(text, length);
		for (int i = 0; i < IGNORED_REASONS; i++) {
			sum += counts.ignored[i];
		}
		cr_expect_eq(sum, counts.lines);
	}
}
