/* SPDX-License-Identifier: MIT */
/*
 * Reads ftrace's text: a `trace` file, or the output of `trace-cmd report`. Streaming, in constant
 * memory. Fields are found by their names, in any order. Every line is either an event that this
 * knows, a gap, or counted by the reason for which it is ignored; nothing is skipped silently.
 */
#ifndef MSIRACE_SIM_IMPORT_FTRACE_H
#define MSIRACE_SIM_IMPORT_FTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/import/text_lines.h"

#define FTRACE_CPUS_MAX 8192
#define FTRACE_MASK_WORDS (FTRACE_CPUS_MAX / 64)

/*
 * The events, with the fields that each must have: X(kind, "name in the trace", fields). The k_
 * ones are kprobes that tools/record/msirace-record sets up, for what no tracepoint shows. Fields
 * of a kprobe's own that the importer does not use, and fields that newer kernels add, are allowed
 * everywhere.
 */
#define FTRACE_EVENTS(X)                                                                           \
	X(MATRIX_ONLINE, "irq_matrix_online", GLOBALS)                                             \
	X(MATRIX_OFFLINE, "irq_matrix_offline", GLOBALS)                                           \
	X(MATRIX_RESERVE, "irq_matrix_reserve", GLOBALS)                                           \
	X(MATRIX_REMOVE_RESERVED, "irq_matrix_remove_reserved", GLOBALS)                           \
	X(MATRIX_ASSIGN_SYSTEM, "irq_matrix_assign_system", GLOBALS | F(BIT))                      \
	X(MATRIX_ASSIGN, "irq_matrix_assign", PER_CPU)                                             \
	X(MATRIX_ALLOC, "irq_matrix_alloc", PER_CPU)                                               \
	X(MATRIX_FREE, "irq_matrix_free", PER_CPU)                                                 \
	X(MATRIX_RESERVE_MANAGED, "irq_matrix_reserve_managed", PER_CPU)                           \
	X(MATRIX_REMOVE_MANAGED, "irq_matrix_remove_managed", PER_CPU)                             \
	X(MATRIX_ALLOC_MANAGED, "irq_matrix_alloc_managed", PER_CPU)                               \
	X(VECTOR_CONFIG, "vector_config", F(IRQ) | F(VECTOR) | F(CPU))                             \
	X(VECTOR_UPDATE, "vector_update",                                                          \
	  F(IRQ) | F(VECTOR) | F(CPU) | F(PREV_VECTOR) | F(PREV_CPU))                              \
	X(VECTOR_CLEAR, "vector_clear",                                                            \
	  F(IRQ) | F(VECTOR) | F(CPU) | F(PREV_VECTOR) | F(PREV_CPU))                              \
	X(VECTOR_RESERVE, "vector_reserve", F(IRQ) | F(RET))                                       \
	X(VECTOR_RESERVE_MANAGED, "vector_reserve_managed", F(IRQ) | F(RET))                       \
	X(VECTOR_ALLOC, "vector_alloc", F(IRQ) | F(VECTOR) | F(RESERVED) | F(RET))                 \
	X(VECTOR_ALLOC_MANAGED, "vector_alloc_managed", F(IRQ) | F(VECTOR) | F(RET))               \
	X(VECTOR_ACTIVATE, "vector_activate", F(IRQ))                                              \
	X(VECTOR_DEACTIVATE, "vector_deactivate", F(IRQ))                                          \
	X(VECTOR_SETUP, "vector_setup", F(IRQ))                                                    \
	X(VECTOR_TEARDOWN, "vector_teardown", F(IRQ))                                              \
	X(VECTOR_FREE_MOVED, "vector_free_moved", F(IRQ) | F(CPU) | F(VECTOR))                     \
	X(K_ALLOC, "k_alloc", F(MSK) | F(RESV))                                                    \
	X(K_ALLOC_RET, "k_alloc_ret", F(RET))                                                      \
	X(K_ALLOC_MANAGED, "k_alloc_managed", F(MSK))                                              \
	X(K_ALLOC_MANAGED_RET, "k_alloc_managed_ret", F(RET))                                      \
	X(K_RESERVE_MANAGED, "k_reserve_managed", F(MSK))                                          \
	X(K_REMOVE_MANAGED, "k_remove_managed", F(MSK))                                            \
	X(K_MATRIX_FREE, "k_matrix_free", F(CPU) | F(BIT) | F(MANAGED))                            \
	X(K_MATRIX_OFFLINE, "k_matrix_offline", 0)                                                 \
	X(K_UPDATE_VECTOR, "k_update_vector", F(IRQ) | F(VECTOR) | F(CPU))                         \
	X(K_CAN_UNPLUG, "k_can_unplug", F(RET))                                                    \
	X(K_FIXUP_IRQS, "k_fixup_irqs", 0)                                                         \
	X(K_MIGRATE_ALL, "k_migrate_all", 0)                                                       \
	X(K_LAPIC_OFFLINE, "k_lapic_offline", 0)                                                   \
	X(K_LAPIC_ONLINE, "k_lapic_online", 0)                                                     \
	X(K_FORCE_COMPLETE_MOVE, "k_force_complete_move", F(IRQ))                                  \
	X(K_MANAGED_SHUTDOWN, "k_managed_shutdown", F(IRQ))                                        \
	X(K_DO_SET_AFFINITY, "k_do_set_affinity", F(IRQ) | F(MSK))                                 \
	X(K_SET_AFFINITY_LOCKED, "k_set_affinity_locked", F(IRQ) | F(MSK))                         \
	X(K_MOVE_IRQ, "k_move_irq", F(IRQ))                                                        \
	X(K_MOVE_CLEANUP, "k_move_cleanup", 0)                                                     \
	X(K_MSI_WRITE, "k_msi_write", F(IRQ) | F(ADDR_LO) | F(ADDR_HI) | F(DATA))                  \
	X(K_RETRIGGER, "k_retrigger", F(IRQ))                                                      \
	X(HANDLER_ENTRY, "irq_handler_entry", F(IRQ))                                              \
	X(MARK, "tracing_mark_write", 0)

/* The fields, X(field, "name in the trace"). */
#define FTRACE_FIELDS(X)                                                                           \
	X(BIT, "bit")                                                                              \
	X(CPU, "cpu")                                                                              \
	X(ONLINE, "online")                                                                        \
	X(AVL, "avl")                                                                              \
	X(ALLOC, "alloc")                                                                          \
	X(MANAGED, "managed")                                                                      \
	X(ONLINE_MAPS, "online_maps")                                                              \
	X(GLOBAL_AVL, "global_avl")                                                                \
	X(GLOBAL_RSVD, "global_rsvd")                                                              \
	X(TOTAL_ALLOC, "total_alloc")                                                              \
	X(IRQ, "irq")                                                                              \
	X(VECTOR, "vector")                                                                        \
	X(PREV_VECTOR, "prev_vector")                                                              \
	X(PREV_CPU, "prev_cpu")                                                                    \
	X(IS_MANAGED, "is_managed")                                                                \
	X(CAN_RESERVE, "can_reserve")                                                              \
	X(RESERVE, "reserve")                                                                      \
	X(RESERVED, "reserved")                                                                    \
	X(RET, "ret")                                                                              \
	X(MSK, "msk")                                                                              \
	X(RESV, "resv")                                                                            \
	X(ADDR_LO, "addr_lo")                                                                      \
	X(ADDR_HI, "addr_hi")                                                                      \
	X(DATA, "data")                                                                            \
	X(APICDEST, "apicdest")

enum ftrace_field {
#define X(field, name) FTRACE_##field,
	FTRACE_FIELDS(X)
#undef X
	FTRACE_FIELDS_COUNT
};

enum ftrace_kind {
#define X(kind, name, fields) FT_##kind,
	FTRACE_EVENTS(X)
#undef X
	FT_GAP, /* events are missing here: text says how the trace put it */
	FTRACE_KINDS
};

struct ftrace_event {
	enum ftrace_kind kind;
	uint64_t line;
	uint64_t time_ns; /* never less than that of the event before; 0 of FT_GAP */
	uint64_t told_ns; /* as the line has it */
	uint32_t cpu;     /* that the event happened on */
	char context;     /* 'h', 'H': in a hard interrupt; 's': in a soft one; 0: not told */
	uint32_t present; /* 1 << enum ftrace_field */
	int64_t value[FTRACE_FIELDS_COUNT];
	uint32_t mask_words; /* that the probe recorded of "msk": 1 covers the first 64 CPUs */
	uint64_t mask[FTRACE_MASK_WORDS];
	const char *text; /* FT_MARK, FT_GAP: not terminated, valid until the next event */
	size_t text_length;
};

static inline bool ftrace_has(const struct ftrace_event *e, enum ftrace_field field)
{
	return e->present >> field & 1;
}

enum ftrace_ignored {
	IGNORED_COMMENT, /* '#' and empty lines, trace-cmd's heading */
	IGNORED_UNKNOWN_EVENT,
	IGNORED_NO_EVENT, /* no task, [CPU] and time, or no event behind them */
	IGNORED_BAD_TIME, /* a timestamp that is not in seconds */
	IGNORED_MISSING_FIELD,
	IGNORED_BAD_VALUE, /* of a field that is needed: no number, or out of range */
	IGNORED_TOO_LONG,
	IGNORED_BINARY,
	IGNORED_CUT, /* the last line, without its newline: a number may be cut */
	IGNORED_REASONS
};

#define FTRACE_UNKNOWN_NAMES 8
#define FTRACE_NAME_BYTES 40

struct ftrace_counts {
	uint64_t lines;
	uint64_t events[FTRACE_KINDS];
	uint64_t ignored[IGNORED_REASONS];
	uint64_t first_line[IGNORED_REASONS]; /* 0: none */
	uint64_t lost_events;                 /* as the markers say */
	uint64_t unknown_losses;              /* markers without a number */
	uint64_t backwards;                   /* events earlier than the one directly above */
	uint64_t backwards_line;              /* the first one's */
	uint64_t held; /* events earlier than the latest above them, whose time they take */
	struct {
		char name[FTRACE_NAME_BYTES];
		uint64_t count;
	} unknown[FTRACE_UNKNOWN_NAMES]; /* the first names that were not known */
	uint32_t cpus_named;             /* by the heading (#P:4, cpus=4); 0: not said */
	uint32_t cpus_seen;              /* highest CPU of an event, plus 1 */
	uint64_t entries_in_buffer; /* of the headings; the rest of what was written is lost */
	uint64_t entries_written;
};

struct ftrace_reader {
	struct text_lines lines;
	uint64_t time_ns;  /* the latest so far */
	uint64_t above_ns; /* of the event before, as it is written */
	uint64_t events; /* since the last heading */
	struct ftrace_counts counts;
};

/* fd is the caller's, and seekable. 0, or a negative errno value. */
int ftrace_open(struct ftrace_reader *r, int fd);
void ftrace_close(struct ftrace_reader *r);

/* 1 and the next event; 0 at the end; a negative errno value where reading failed. */
int ftrace_next(struct ftrace_reader *r, struct ftrace_event *e);

/* Reads one line. True: it is an event or a gap. Otherwise the reason is counted. */
bool ftrace_parse(struct ftrace_reader *r, const struct text_line *line, struct ftrace_event *e);

const char *ftrace_kind_name(enum ftrace_kind kind);
const char *ftrace_ignored_text(enum ftrace_ignored reason);

/*
 * The first reason's line, the counts by reason, losses, times that go backwards: one line each,
 * nothing where all was read.
 */
void ftrace_print_ignored(const struct ftrace_counts *counts, FILE *out);

#endif
