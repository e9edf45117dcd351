/* SPDX-License-Identifier: MIT */
#include "sim/import/history.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

enum open_kind { OPEN_NOTHING, OPEN_ALLOC, OPEN_ALLOC_MANAGED };

/* What is under way on one CPU of the recording. */
struct open_operation {
	enum open_kind kind;
	uint64_t line;
	bool outcome_seen; /* the tracepoint came; the return value is only compared with it */
	uint32_t vector;   /* the outcome */
	bool returned;     /* the return value came first: the CPU follows in k_update_vector */
	int64_t returned_vector;
	int32_t reserved;
	uint32_t mask_words;
	uint64_t *mask; /* [FTRACE_MASK_WORDS], made when first needed */

	/* k_matrix_free was carried out; its tracepoint adds the counters. */
	bool freed;
	uint32_t freed_cpu;
	uint32_t freed_vector;

	/* CPUs of k_reserve_managed whose tracepoint has not come yet. */
	bool reserving;
	uint32_t reserving_words;
	uint64_t *reserving_mask;

	bool offline; /* since k_matrix_offline, k_lapic_offline or irq_matrix_offline */
};

struct history {
	struct open_operation *cpu; /* [cpus] */
	uint32_t cpus;
	struct history_counts counts;
};

static const char *const verb_names[HISTORY_VERBS] = {
	[OP_ASSIGN_SYSTEM] = "assign_system",
	[OP_ONLINE] = "online",
	[OP_OFFLINE] = "offline",
	[OP_ASSIGN] = "assign",
	[OP_RESERVE] = "reserve",
	[OP_REMOVE_RESERVED] = "remove_reserved",
	[OP_RESERVE_MANAGED] = "reserve_managed",
	[OP_REMOVE_MANAGED] = "remove_managed",
	[OP_ALLOC] = "alloc",
	[OP_ALLOC_MANAGED] = "alloc_managed",
	[OP_FREE] = "free",
	[OP_CAN_UNPLUG] = "can_unplug",
	[OP_COUNTERS] = "counters",
};

struct history *history_new(void)
{
	return g_new0(struct history, 1);
}

void history_free(struct history *h)
{
	if (!h) {
		return;
	}
	for (size_t i = 0; i < h->cpus; i++) {
		g_free(h->cpu[i].mask);
		g_free(h->cpu[i].reserving_mask);
	}
	g_free(h->cpu);
	g_free(h);
}

static void note_contradiction(struct history *h, uint64_t line)
{
	if (h->counts.contradictions++ == 0) {
		h->counts.contradictions_line = line;
	}
}

static void note_unfinished(struct history *h, uint64_t line)
{
	if (h->counts.unfinished++ == 0) {
		h->counts.unfinished_line = line;
	}
}

static struct history_op make_op(const struct ftrace_event *e, enum history_verb verb)
{
	struct history_op op = {
		.verb = verb,
		.line = e->line,
		.time_ns = e->time_ns,
		.trace_cpu = e->cpu,
		.cpu = HISTORY_CPU_UNKNOWN,
		.managed = MANAGED_UNKNOWN,
		.reserved = -1,
	};

	if (ftrace_has(e, FTRACE_CPU)) {
		op.cpu = (uint32_t)e->value[FTRACE_CPU];
	}
	if (ftrace_has(e, FTRACE_BIT)) {
		op.vector = (uint32_t)e->value[FTRACE_BIT];
	}
	if (ftrace_has(e, FTRACE_GLOBAL_AVL)) {
		op.has_globals = true;
		op.counters.online_cpus = (uint32_t)e->value[FTRACE_ONLINE_MAPS];
		op.counters.global_available = (uint32_t)e->value[FTRACE_GLOBAL_AVL];
		op.counters.global_reserved = (uint32_t)e->value[FTRACE_GLOBAL_RSVD];
		op.counters.total_allocated = (uint32_t)e->value[FTRACE_TOTAL_ALLOC];
	}
	if (ftrace_has(e, FTRACE_AVL)) {
		op.has_cpu_counters = true;
		op.online = e->value[FTRACE_ONLINE];
		op.counters.available = (uint32_t)e->value[FTRACE_AVL];
		op.counters.allocated = (uint32_t)e->value[FTRACE_ALLOC];
		op.counters.managed = (uint32_t)e->value[FTRACE_MANAGED];
	}
	return op;
}

static void keep_mask(uint64_t **kept, uint32_t *words, const struct ftrace_event *e)
{
	if (!*kept) {
		*kept = g_new0(uint64_t, FTRACE_MASK_WORDS);
	}
	memcpy(*kept, e->mask, e->mask_words * sizeof(e->mask[0]));
	*words = e->mask_words;
}

/*
 * An operation whose outcome never came: another one begins on the CPU, or the recording breaks
 * off.
 */
static void drop_open(struct history *h, struct open_operation *o)
{
	if (o->kind != OPEN_NOTHING && !o->outcome_seen) {
		note_unfinished(h, o->line);
	}
	o->kind = OPEN_NOTHING;
}

static void begin_alloc(struct history *h, const struct ftrace_event *e, enum open_kind kind)
{
	struct open_operation *o = &h->cpu[e->cpu];

	drop_open(h, o);
	o->kind = kind;
	o->line = e->line;
	o->outcome_seen = false;
	o->returned = false;
	o->reserved = kind == OPEN_ALLOC ? (e->value[FTRACE_RESV] & 0xff) != 0 : 0;
	keep_mask(&o->mask, &o->mask_words, e);
}

static void add_mask(struct history_op *op, const struct open_operation *o)
{
	op->mask = o->mask;
	op->mask_words = o->mask_words;
	op->reserved = o->reserved;
}

/* The tracepoint: outcome and counters. */
static bool alloc_outcome(struct history *h, const struct ftrace_event *e, enum open_kind kind,
                          struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];

	*op = make_op(e, kind == OPEN_ALLOC ? OP_ALLOC : OP_ALLOC_MANAGED);
	if (o->kind == kind && !o->outcome_seen) {
		add_mask(op, o);
		o->outcome_seen = true;
		o->vector = op->vector;
	} else {
		drop_open(h, o);
	}
	return true;
}

/* Some probes print a negative number as what the register holds. */
static int64_t signed_return(const struct ftrace_event *e)
{
	int64_t ret = e->value[FTRACE_RET];

	return ret > INT32_MAX ? ret - (INT64_C(1) << 32) : ret;
}

/*
 * k_alloc_ret: compared where the tracepoint came, a refusal where it is negative, else the CPU is
 * still to come.
 */
static bool alloc_returned(struct history *h, const struct ftrace_event *e, enum open_kind kind,
                           struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];
	int64_t ret = signed_return(e);

	if (o->kind == kind && o->outcome_seen) {
		if (ret != (int64_t)o->vector) {
			note_contradiction(h, e->line);
		}
		o->kind = OPEN_NOTHING;
		return false;
	}
	if (ret >= 0) {
		o->returned = o->kind == kind;
		o->returned_vector = ret;
		return false;
	}
	*op = make_op(e, kind == OPEN_ALLOC ? OP_ALLOC : OP_ALLOC_MANAGED);
	op->error = (int32_t)ret;
	if (o->kind == kind) {
		add_mask(op, o);
	}
	o->kind = OPEN_NOTHING;
	return true;
}

/* Completes an allocation that no tracepoint showed. */
static bool vector_updated(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];

	if (o->kind == OPEN_NOTHING || o->outcome_seen) {
		o->kind = OPEN_NOTHING;
		return false;
	}
	*op = make_op(e, o->kind == OPEN_ALLOC ? OP_ALLOC : OP_ALLOC_MANAGED);
	op->vector = (uint32_t)e->value[FTRACE_VECTOR];
	op->silent = true;
	add_mask(op, o);
	if (o->returned && o->returned_vector != (int64_t)op->vector) {
		note_contradiction(h, e->line);
	}
	o->kind = OPEN_NOTHING;
	return true;
}

static bool free_probed(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];

	*op = make_op(e, OP_FREE);
	op->managed = (e->value[FTRACE_MANAGED] & 0xff) ? MANAGED_YES : MANAGED_NO;
	op->silent = true;
	o->freed = true;
	o->freed_cpu = op->cpu;
	o->freed_vector = op->vector;
	return true;
}

static bool free_traced(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];

	*op = make_op(e, OP_FREE);
	if (o->freed && o->freed_cpu == op->cpu && o->freed_vector == op->vector) {
		op->verb = OP_COUNTERS;
	}
	o->freed = false;
	return true;
}

static void begin_reserve_managed(struct history *h, const struct ftrace_event *e)
{
	struct open_operation *o = &h->cpu[e->cpu];

	o->reserving = true;
	keep_mask(&o->reserving_mask, &o->reserving_words, e);
}

static bool reserved_managed(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];

	*op = make_op(e, OP_RESERVE_MANAGED);
	if (o->reserving && op->cpu / 64 < o->reserving_words) {
		o->reserving_mask[op->cpu / 64] &= ~(UINT64_C(1) << (op->cpu % 64));
	}
	return true;
}

/* The kernel walks the mask upwards and stops at the first CPU that has no vector left. */
static bool reserve_managed_refused(struct history *h, const struct ftrace_event *e, int32_t error,
                                    struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];
	uint32_t word = 0;

	if (!o->reserving) {
		return false;
	}
	o->reserving = false;
	while (word < o->reserving_words && !o->reserving_mask[word]) {
		word++;
	}
	if (word == o->reserving_words) {
		return false;
	}
	*op = make_op(e, OP_RESERVE_MANAGED);
	op->cpu = word * 64 + (uint32_t)__builtin_ctzll(o->reserving_mask[word]);
	op->error = error;
	return true;
}

static bool reserve_managed_ended(struct history *h, const struct ftrace_event *e,
                                  struct history_op *op)
{
	int64_t ret = signed_return(e);

	if (ret < 0) {
		return reserve_managed_refused(h, e, (int32_t)ret, op);
	}
	h->cpu[e->cpu].reserving = false;
	return false;
}

static bool go_offline(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	struct open_operation *o = &h->cpu[e->cpu];

	if (o->offline) {
		return false;
	}
	o->offline = true;
	*op = make_op(e, OP_OFFLINE);
	op->cpu = e->cpu;
	op->silent = e->kind != FT_MATRIX_OFFLINE;
	return true;
}

/* The CPU is the one that the event happens on: the tracepoint has no field for it. */
static bool go_online(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	h->cpu[e->cpu].offline = false;
	*op = make_op(e, OP_ONLINE);
	op->cpu = e->cpu;
	return true;
}

static bool can_unplug(const struct ftrace_event *e, struct history_op *op)
{
	*op = make_op(e, OP_CAN_UNPLUG);
	op->cpu = e->cpu;
	op->error = (int32_t)signed_return(e);
	return true;
}

static bool plain(const struct ftrace_event *e, enum history_verb verb, struct history_op *op)
{
	*op = make_op(e, verb);
	return true;
}

bool history_event(struct history *h, const struct ftrace_event *e, struct history_op *op)
{
	if (e->kind == FT_GAP) {
		history_break(h);
		return false;
	}
	if (e->cpu >= h->cpus) {
		h->cpu = g_renew(struct open_operation, h->cpu, e->cpu + 1);
		memset(h->cpu + h->cpus, 0, (e->cpu + 1 - h->cpus) * sizeof(h->cpu[0]));
		h->cpus = e->cpu + 1;
	}
	if (e->kind != FT_MATRIX_FREE) {
		h->cpu[e->cpu].freed = false;
	}
	switch (e->kind) {
	case FT_MATRIX_ONLINE:
		return go_online(h, e, op);
	case FT_MATRIX_OFFLINE:
	case FT_K_MATRIX_OFFLINE:
		return go_offline(h, e, op);
	case FT_MATRIX_RESERVE:
		return plain(e, OP_RESERVE, op);
	case FT_MATRIX_REMOVE_RESERVED:
		return plain(e, OP_REMOVE_RESERVED, op);
	case FT_MATRIX_ASSIGN_SYSTEM:
		return plain(e, OP_ASSIGN_SYSTEM, op);
	case FT_MATRIX_ASSIGN:
		return plain(e, OP_ASSIGN, op);
	case FT_MATRIX_ALLOC:
		return alloc_outcome(h, e, OPEN_ALLOC, op);
	case FT_MATRIX_ALLOC_MANAGED:
		return alloc_outcome(h, e, OPEN_ALLOC_MANAGED, op);
	case FT_MATRIX_FREE:
		return free_traced(h, e, op);
	case FT_MATRIX_RESERVE_MANAGED:
		return reserved_managed(h, e, op);
	case FT_MATRIX_REMOVE_MANAGED:
		return plain(e, OP_REMOVE_MANAGED, op);
	case FT_K_ALLOC:
		begin_alloc(h, e, OPEN_ALLOC);
		return false;
	case FT_K_ALLOC_MANAGED:
		begin_alloc(h, e, OPEN_ALLOC_MANAGED);
		return false;
	case FT_K_ALLOC_RET:
		return alloc_returned(h, e, OPEN_ALLOC, op);
	case FT_K_ALLOC_MANAGED_RET:
		return alloc_returned(h, e, OPEN_ALLOC_MANAGED, op);
	case FT_K_UPDATE_VECTOR:
		return vector_updated(h, e, op);
	case FT_K_MATRIX_FREE:
		return free_probed(h, e, op);
	case FT_K_RESERVE_MANAGED:
		begin_reserve_managed(h, e);
		return false;
	case FT_K_REMOVE_MANAGED:
		return reserve_managed_refused(h, e, -ENOSPC, op);
	case FT_VECTOR_RESERVE_MANAGED:
		return reserve_managed_ended(h, e, op);
	case FT_K_CAN_UNPLUG:
		return can_unplug(e, op);
	default:
		return false;
	}
}

void history_break(struct history *h)
{
	for (size_t i = 0; i < h->cpus; i++) {
		struct open_operation *o = &h->cpu[i];
		drop_open(h, o);
		o->freed = false;
		o->reserving = false;
		o->offline = false;
	}
}

const struct history_counts *history_counts(const struct history *h)
{
	return &h->counts;
}

const char *history_verb_name(enum history_verb verb)
{
	return verb_names[verb];
}
