/* SPDX-License-Identifier: MIT */
/*
 * The messages that the kernel wrote for each affinity change of a recording, and those that the
 * modelled strategy writes for the same change: values, order, count.
 *
 * A change begins with k_do_set_affinity on one CPU and has all its writes there, because it is
 * made with interrupts off. What it depends on is taken from the events before it: where the
 * interrupt was, whether it has been started, whether it could be reserved (vector_activate),
 * whether its messages are remapped (bit 4 of the address).
 */
#ifndef MSIRACE_SIM_WRITE_SEQUENCES_H
#define MSIRACE_SIM_WRITE_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/import/ftrace.h"

enum write_sequence {
	SEQUENCE_NONE,      /* refused: nothing is written */
	SEQUENCE_REMAPPED,  /* the remap entry changes, the message stays */
	SEQUENCE_UNCHANGED, /* nothing to change: the same message once more */
	SEQUENCE_ONE,       /* the new message */
	SEQUENCE_TWO,       /* by way of a temporary message */
	WRITE_SEQUENCES
};

enum sequence_incomparable {
	SEQUENCE_NO_MESSAGE, /* no message of the interrupt is recorded: not an MSI, or written earlier */
	SEQUENCE_NO_TARGET,  /* it is not told where the interrupt was */
	SEQUENCE_PHYSICAL,   /* the machine addresses CPUs by APIC IDs, which the recording does not have */
	SEQUENCE_GAP,        /* events are missing, or the recording ends */
	SEQUENCE_TOO_MANY,   /* interrupts with numbers beyond what is followed */
	SEQUENCE_INCOMPARABLE
};

struct write_sequence_counts {
	uint64_t changes;
	uint64_t compared;
	uint64_t equal[WRITE_SEQUENCES];
	uint64_t messages; /* of the changes that were compared */
	uint64_t concluded; /* interrupts whose reservation bit follows from their own changes */
	uint64_t revised;   /* how often a later change needs the other bit: something sets it */
	uint64_t incomparable[SEQUENCE_INCOMPARABLE];
	uint64_t incomparable_line[SEQUENCE_INCOMPARABLE];
	uint64_t divergences;
	char *divergence; /* the first, several lines; NULL: none */
};

struct write_sequences;

/*
 * move: the strategy of interrupts whose messages are not remapped; NULL: x86-linux-6.1. reservable:
 * 0 or 1 for interrupts that no vector_activate tells about; -1: concluded from each interrupt's
 * changes where only one of the two fits. NULL: there is no such strategy.
 */
struct write_sequences *write_sequences_new(const char *move, int reservable);
void write_sequences_free(struct write_sequences *s);

void write_sequences_event(struct write_sequences *s, const struct ftrace_event *e);

/*
 * What the events so far tell of an interrupt: whether it can be reserved, 0 or 1, -1 unknown; whether
 * its messages are known to be remapped.
 */
int write_sequences_reservable(const struct write_sequences *s, uint32_t irq);
bool write_sequences_remapped(const struct write_sequences *s, uint32_t irq);

/* The recording ends. The counts belong to s. */
const struct write_sequence_counts *write_sequences_end(struct write_sequences *s);

void write_sequences_print(const struct write_sequence_counts *counts, FILE *out);

#endif
