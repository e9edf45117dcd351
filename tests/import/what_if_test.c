/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>

#include "recorded.h"
#include "sim/import/what_if.h"

static void on_part(void *what_if, const struct matrix_state *start)
{
	what_if_part(what_if, start);
}

static void on_op(void *what_if, const struct history_op *op)
{
	what_if_op(what_if, op);
}

static struct what_if *run(const char *text, size_t length, struct replay_result *result)
{
	struct what_if *w = what_if_new();
	struct replay_options options = { .part = on_part, .op = on_op, .context = w };

	*result = recorded_replay(text, length, &options);
	return w;
}

/* Linux spreads: that row is the recording, and its end is the replay's. */
Test(what_if, spread_is_what_the_kernel_did)
{
	static const struct {
		const char *name;
		uint64_t granted;
	} files[] = {
		{ "affinity-4cpu.trace", 114 }, { "boot-4cpu.trace", 30 },
		{ "hotplug-8cpu.trace", 134 },  { "exhaust-2cpu.trace", 435 },
		{ "intremap-4cpu.trace", 165 }, { "edu-kernel-Q-6cpu.trace", 40 },
		{ "handlers-4cpu.trace", 204 }, { "handlers-intremap-4cpu.trace", 214 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		size_t length;
		g_autofree char *text = recorded_text(files[i].name, &length);
		struct replay_result result;
		struct what_if *w = run(text, length, &result);
		const struct what_if_row *rows = what_if_rows(w);
		uint64_t in_use = 0;
		for (uint32_t cpu = 0; cpu < result.end->cpus; cpu++) {
			in_use += result.end->cpu[cpu].allocated;
		}
		cr_expect_str_eq(rows[0].placement, "spread");
		cr_expect_eq(rows[0].in_use, in_use, "%s", files[i].name);
		cr_expect_eq(rows[0].granted, files[i].granted, "%s: %lu", files[i].name,
		             (unsigned long)rows[0].granted);
		cr_expect_eq(rows[0].elsewhere + rows[0].refused + rows[0].not_refused, 0);
		for (int row = 0; row < WHAT_IF_PLACEMENTS; row++) {
			cr_expect_eq(rows[row].leaked, 0);
			cr_expect_eq(rows[row].granted + rows[row].refused, rows[0].granted);
			cr_expect_leq(rows[0].most_on_a_cpu, rows[row].most_on_a_cpu);
		}
		what_if_free(w);
		replay_result_release(&result);
	}
}

/*
 * Two CPUs; two interrupts that may be anywhere, dealt by the kernel. Packed, both are on CPU 0; when
 * that goes offline the second one, which the kernel had on CPU 1, has to leave.
 */
Test(what_if, offline_displaces_what_is_packed)
{
	struct what_if *w = what_if_new();
	struct matrix_state *state = matrix_state_new(2);
	uint64_t both = 3;
	struct history_op online = { .verb = OP_ONLINE },
			  alloc = { .verb = OP_ALLOC, .mask = &both, .mask_words = 1, .vector = 33 },
			  release = { .verb = OP_FREE, .vector = 33 },
			  offline = { .verb = OP_OFFLINE };

	for (uint32_t i = 0; i < 2 * X86_VECTORS; i++) {
		state->vector[i] = VECTOR_FREE;
	}
	what_if_part(w, state);
	what_if_op(w, &online);
	online.cpu = online.trace_cpu = 1;
	what_if_op(w, &online);
	what_if_op(w, &alloc);
	alloc.cpu = 1;
	what_if_op(w, &alloc);
	const struct what_if_row *rows = what_if_rows(w);
	cr_expect_eq(rows[0].elsewhere, 0);
	cr_expect_eq(rows[1].elsewhere, 1);
	cr_expect_eq(rows[2].elsewhere, 1);
	cr_expect_eq(rows[1].most_on_a_cpu, 2);
	/* the kernel moves what it has on CPU 0 to CPU 1, and lets the old vector go */
	uint64_t second = 2;
	struct history_op move = {
		.verb = OP_ALLOC, .mask = &second, .mask_words = 1, .cpu = 1, .vector = 34
	};
	what_if_op(w, &move);
	what_if_op(w, &release);
	what_if_op(w, &offline);
	rows = what_if_rows(w);
	cr_expect_eq(rows[0].displaced, 0);
	cr_expect_eq(rows[1].displaced, 1);
	cr_expect_eq(rows[2].displaced, 1);
	for (int row = 0; row < WHAT_IF_PLACEMENTS; row++) {
		cr_expect_eq(rows[row].in_use, 2);
		cr_expect_eq(rows[row].leaked, 0);
		cr_expect_eq(rows[row].stranded, 0);
	}
	matrix_state_free(state);
	what_if_free(w);
}
