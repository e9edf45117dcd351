/* SPDX-License-Identifier: MIT */
/*
 * A source of irq numbers for the tests of msi_index: it hands out scattered numbers, notes every call, and fails when
 * told to.
 */
#ifndef MSIRACE_TEST_IRQ_SOURCE_H
#define MSIRACE_TEST_IRQ_SOURCE_H

#include "msi_index.h"

#define IRQ_SOURCE_NUMBERS 1024u
#define IRQ_SOURCE_LOG 2048u

/* fail_with: instead of an errno, hand out a number that is in use. */
#define IRQ_SOURCE_DUPLICATE (-9999)

struct irq_source_call {
	bool release;
	u32 index;
	u32 irq;
};

/**
 * struct irq_source - the numbers and the log
 * @limit: so many are out at most; then -ENOSPC. At most IRQ_SOURCE_NUMBERS
 * @fail_after: so many more calls of alloc succeed if @fail_with is not 0
 * @fail_with: what alloc returns then
 * @taken: which numbers are out, before they are scattered
 * @cursor: where the search for the next one begins
 * @log: calls since @log_length was last set to 0, without failed ones; those beyond IRQ_SOURCE_LOG are only counted
 */
struct irq_source {
	u32 limit;
	u32 fail_after;
	int fail_with;
	u32 out;
	u32 cursor;
	bool taken[IRQ_SOURCE_NUMBERS];
	u32 log_length;
	struct irq_source_call log[IRQ_SOURCE_LOG];
};

int irq_source_alloc(void *context, u32 index, u32 *irq);
void irq_source_release(void *context, u32 index, u32 irq);

#define IRQ_SOURCE_OPS(source) { irq_source_alloc, irq_source_release, (source) }

#endif
