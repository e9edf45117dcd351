/* SPDX-License-Identifier: MIT */
/*
 * Raises and where they are. A raise is a device's decision to interrupt. Its record lives from that instant until its fate
 * is known, and moves with whatever carries it: a message in flight, a pending bit, an IPI. A bit can hold many raises,
 * also of different devices when messages are torn, so carriers hold a list, the causes.
 *
 * Provenance is for the observers: no model may decide anything from it, because no hardware could.
 */
#ifndef MSIRACE_MODELS_RAISE_H
#define MSIRACE_MODELS_RAISE_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

struct raise {
	uint64_t raised_ps;
	uint32_t source;      /* the interrupt source: a device's vector, dense over the machine */
	uint32_t next;        /* in its list; 0 ends it */
	uint8_t retriggered;  /* carried on by software: a later delivery is a recovery */
	uint8_t live;         /* in use; 0 in the free list */
	uint16_t pad;
	uint32_t number;      /* of the raises of this run, from 1 */
};

/* A list of raises by their numbers in the pool, oldest first; {0, 0} is empty. */
struct causes {
	uint32_t head;
	uint32_t tail;
};

/* The records; index 0 is never used. It grows with what is pending at once, not with the length of a run. */
struct raise_pool {
	struct raise *records;
	uint32_t capacity;
	uint32_t free;        /* head of the free list */
	uint32_t used;        /* records 1..used have been in use */
	uint32_t live;
	uint32_t numbered;
};

/* Why a raise was lost. */
enum loss { LOSS_UNASSIGNED, LOSS_FOREIGN, LOSS_BLOCKED, LOSS_DISABLED, LOSS_DROPPED, LOSSES };

static inline bool causes_empty(struct causes causes)
{
	return causes.head == 0;
}

/* A new raise of source, now, as a list of its own. */
struct causes raise_new(struct machine *m, uint32_t source);

void causes_append(struct machine *m, struct causes *to, struct causes more);

/* Takes the raises of one source out of a list; their order stays. */
struct causes causes_extract(struct machine *m, struct causes *from, uint32_t source);

void causes_mark_retriggered(struct machine *m, struct causes causes);

/* The end of raises whose fate has been told; *causes becomes empty. */
void causes_release(struct machine *m, struct causes *causes);

/* Tells that all of them are lost, and releases them. */
void causes_lose(struct machine *m, struct causes *causes, enum loss loss, uint32_t cpu, uint32_t vector);

#endif
