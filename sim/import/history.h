/* SPDX-License-Identifier: MIT */
/*
 * From trace events to operations of the vector allocator, in the order in which the kernel carried
 * them out.
 *
 * One operation shows as up to four events on one CPU: k_alloc with the mask, the tracepoint with
 * the outcome and the counters, k_alloc_ret, k_update_vector. All of them happen under the kernel's
 * vector lock, so no other operation lies between them. On a CPU that is going offline the
 * tracepoint is missing: the kernel suppresses tracepoints once the CPU is no longer marked online,
 * and only the probes tell what happens from k_fixup_irqs to k_lapic_offline.
 */
#ifndef MSIRACE_SIM_IMPORT_HISTORY_H
#define MSIRACE_SIM_IMPORT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/import/ftrace.h"

enum history_verb {
	OP_ASSIGN_SYSTEM, /* vector */
	OP_ONLINE,        /* cpu */
	OP_OFFLINE,       /* cpu */
	OP_ASSIGN,        /* cpu, vector */
	OP_RESERVE,
	OP_REMOVE_RESERVED,
	OP_RESERVE_MANAGED, /* cpu, vector, or a refusal */
	OP_REMOVE_MANAGED,  /* cpu, vector */
	OP_ALLOC,           /* mask, cpu, vector, or a refusal */
	OP_ALLOC_MANAGED,   /* mask, cpu, vector, or a refusal */
	OP_FREE,            /* cpu, vector, managed */
	OP_CAN_UNPLUG,      /* cpu, or a refusal: may it go offline? */
	OP_COUNTERS,        /* the counters of an operation that a probe showed already */
	HISTORY_VERBS
};

#define HISTORY_CPU_UNKNOWN UINT32_MAX

enum history_managed { MANAGED_NO, MANAGED_YES, MANAGED_UNKNOWN };

struct history_counters {
	uint32_t available; /* of op.cpu */
	uint32_t allocated;
	uint32_t managed;
	uint32_t online_cpus; /* of the whole matrix */
	uint32_t global_available;
	uint32_t global_reserved;
	uint32_t total_allocated;
};

struct history_op {
	enum history_verb verb;
	uint64_t line; /* of the event that told the outcome */
	uint64_t time_ns;
	uint32_t trace_cpu;
	uint32_t cpu; /* HISTORY_CPU_UNKNOWN: nothing tells on which CPU */
	uint32_t vector;
	int32_t error; /* 0, or the negative errno value with which the kernel refused */
	enum history_managed managed;
	bool online;          /* with has_cpu_counters: op.cpu is */
	int32_t reserved;     /* OP_ALLOC: one reservation becomes this vector; -1: not told */
	bool silent;          /* no tracepoint: the CPU is going offline */
	const uint64_t *mask; /* NULL: no probe recorded it */
	uint32_t mask_words;
	bool has_cpu_counters;
	bool has_globals;
	struct history_counters counters;
};

/*
 * What the probes and the tracepoints say about one operation, and disagree about; and what remains
 * open.
 */
struct history_counts {
	uint64_t contradictions; /* a probe's return value is not the tracepoint's vector, and the
	                            like */
	uint64_t contradictions_line;
	uint64_t unfinished; /* a probe showed the beginning of an operation, and nothing its end */
	uint64_t unfinished_line;
};

struct history;

struct history *history_new(void);
void history_free(struct history *h);

/*
 * Takes the next event. True: it completes an operation, which *op tells; op->mask is valid until
 * the next call. Events of other kinds complete nothing. An FT_GAP breaks off what is open, as
 * history_break() does.
 */
bool history_event(struct history *h, const struct ftrace_event *e, struct history_op *op);

/* The recording ends or has a gap: nothing that is open will be completed. */
void history_break(struct history *h);

const struct history_counts *history_counts(const struct history *h);

const char *history_verb_name(enum history_verb verb);

#endif
