/* SPDX-License-Identifier: MIT */
/*
 * The messages that the kernel wrote for each affinity change of a recording, and those that the
 * modelled strategy writes for the same change: values, order, count.
 *
 * A change begins with k_do_set_affinity on one CPU and has all its writes there, because it is
 * made with interrupts off. What it depends on is taken from the events before it: where the
 * interrupt was, whether it has been started, whether it could be reserved (vector_activate),
 * whether its messages are remapped (bit 4 of the address).
 *
 * Up to 8 CPUs a message names its CPU by a bit (flat logical destinations), and the addresses follow
 * from the CPUs' numbers. Beyond that, or where the messages are in physical mode, they name APIC IDs,
 * which any firmware may number in its own way. vector_config tells each assigned CPU's destination;
 * without it a change with one plain message to a known CPU does. What a longer sequence says about a
 * CPU is never learned, only compared.
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
	SEQUENCE_NO_DESTINATION, /* physical destinations, and nothing tells that of a CPU */
	SEQUENCE_SHORT_MASK, /* the probe recorded fewer CPUs of the mask than the one that counts */
	SEQUENCE_GAP,        /* events are missing, or the recording ends */
	SEQUENCE_TOO_MANY,   /* interrupts with numbers beyond what is followed */
	SEQUENCE_INCOMPARABLE
};

struct write_sequence_counts {
	uint64_t changes;
	uint64_t compared;
	uint64_t equal[WRITE_SEQUENCES];
	uint64_t messages; /* of the changes that were compared */
	uint64_t by_destination; /* changes compared by what is known of the CPUs' destinations */
	uint64_t destinations_learned; /* CPUs whose destination no vector_config told, but a message */
	/*
	 * A CPU with two destinations, or two CPUs with one. The later one is taken where vector_config
	 * tells it, otherwise the earlier one stays.
	 */
	uint64_t destination_contradictions;
	uint64_t destination_contradictions_line;
	uint64_t concluded; /* interrupts whose reservation bit follows from their own changes */
	uint64_t revised;   /* how often a later change needs the other bit: something sets it */
	uint64_t incomparable[SEQUENCE_INCOMPARABLE];
	uint64_t incomparable_line[SEQUENCE_INCOMPARABLE];
	uint64_t divergences;
	uint64_t divergence_line;
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

/* As the table shows them. */
const char *write_sequence_text(enum write_sequence kind);
const char *sequence_incomparable_text(enum sequence_incomparable why);

void write_sequences_print(const struct write_sequence_counts *counts, FILE *out);

#endif
