/* SPDX-License-Identifier: MIT */
/*
 * Whether an emulator's log is of the same run as a trace, and whether its cycles agree with
 * themselves. A cycle of the log is one CPU offline, so the trace has one k_fixup_irqs for each, in
 * the same order; and what the guest wrote to the cycle's device is there as k_msi_write of one
 * interrupt, between k_fixup_irqs and k_lapic_offline on the CPU that goes.
 */
#ifndef MSIRACE_SIM_IMPORT_LOG_MATCH_H
#define MSIRACE_SIM_IMPORT_LOG_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/import/emulator_log.h"
#include "sim/import/ftrace.h"

/* What one cycle tells. Only a whole cycle can agree. */
enum cycle_verdict {
	CYCLE_AGREES,   /* stale and its message torn, or serviced and whole */
	CYCLE_DIFFERS,  /* stale and whole, or serviced and torn */
	CYCLE_NO_RAISE, /* no message arrives in it, or several: the verdict is of one */
	CYCLE_MANY_RAISES,
	CYCLE_NO_MESSAGE, /* no whole message is written in it */
	CYCLE_NOT_JUDGED, /* the harness gave no verdict */
	CYCLE_VERDICTS
};

enum cycle_verdict log_cycle_verdict(const struct log_cycle *c);
const char *log_cycle_text(enum cycle_verdict verdict);

#define LOG_MATCH_IRQS 32 /* with writes in one offline; those beyond are not followed */

struct log_match {
	const struct emulator_log *log; /* borrowed */
	uint64_t offlines;
	uint64_t writes; /* k_msi_write, anywhere */
	uint64_t equal;  /* offlines with the writes of their cycle */
	uint64_t differing_line; /* of the first k_fixup_irqs without; 0: none */
	size_t differing_cycle;
	bool open; /* an offline */
	uint32_t cpu;
	uint64_t line;
	struct {
		uint32_t irq;
		size_t count;
		bool differs;
	} irqs[LOG_MATCH_IRQS];
	size_t irqs_count;
};

/* Every event of the trace, in its order. */
void log_match_event(struct log_match *m, const struct ftrace_event *e);

/* The trace ends. */
void log_match_end(struct log_match *m);

/* The trace has what the log can be held against. */
bool log_match_possible(const struct log_match *m);

/* After the end: one cycle for each offline, and the same writes in it. */
bool log_match_same(const struct log_match *m);

void log_match_print(const struct log_match *m, FILE *out);

#endif
