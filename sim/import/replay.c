/* SPDX-License-Identifier: MIT */
#include "sim/import/replay_internal.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core_env.h"

/* Operations on what no machine of this kind has are counted and left out. */
static bool in_range(struct replay_result *result, const struct history_op *op, bool counting)
{
	bool fine = (op->cpu < FTRACE_CPUS_MAX || op->cpu == HISTORY_CPU_UNKNOWN) &&
	            op->vector < X86_VECTORS;
	bool on_vector = op->verb == OP_ASSIGN || op->verb == OP_RESERVE_MANAGED ||
	                 op->verb == OP_REMOVE_MANAGED || op->verb == OP_ALLOC ||
	                 op->verb == OP_ALLOC_MANAGED || op->verb == OP_FREE;

	if (fine && on_vector && op->error == 0) {
		fine = op->vector >= X86_VECTOR_FIRST && op->vector < X86_VECTOR_END;
	}
	if (!fine && counting && result->out_of_range++ == 0) {
		result->out_of_range_line = op->line;
	}
	return fine;
}

static void note_cpu(struct replay *r, uint32_t cpu, uint64_t line)
{
	struct replay_result *result = r->result;

	if (cpu == HISTORY_CPU_UNKNOWN || cpu < result->cpus) {
		return;
	}
	if (r->options->cpus && cpu >= r->options->cpus && !result->beyond_line) {
		result->beyond_cpu = cpu;
		result->beyond_line = line;
	}
	result->cpus = cpu + 1;
}

/* True: the part ends before this operation. */
static bool scan_op(struct replay *r, const struct history_op *op)
{
	struct scanner *s = &r->scanner;

	if (!in_range(r->result, op, false)) {
		return false;
	}
	if (!start_op(s->start, op)) {
		s->jumped = true;
		s->next = *op;
		if (op->mask) {
			memcpy(s->next_mask, op->mask, op->mask_words * sizeof(op->mask[0]));
			s->next.mask = s->next_mask;
		}
		s->end_line = op->line;
		return true;
	}
	note_cpu(r, op->cpu, op->line);
	s->operations++;
	return false;
}

/* Reads the next part to its end. 0, or a negative errno value. */
static int scan_part(struct replay *r)
{
	struct scanner *s = &r->scanner;
	struct ftrace_event e;
	struct history_op op;
	int got;

	start_free(s->start);
	s->start = start_new();
	s->operations = 0;
	s->end_line = 0;
	if (s->jumped) {
		s->jumped = false;
		scan_op(r, &s->next);
	}
	while ((got = ftrace_next(&s->reader, &e)) > 0) {
		bool complete = history_event(s->history, &e, &op);
		if (e.kind == FT_GAP) {
			s->end_line = e.line;
			return 0;
		}
		note_cpu(r, e.cpu, e.line);
		if (complete && scan_op(r, &op)) {
			return 0;
		}
	}
	return got;
}

static void follow(struct replay *r, const struct history_op *op, int error)
{
	if (error) {
		replay_diverge(r, op, "the replay cannot follow: error %d", error);
	}
}

static void compare_number(struct replay *r, bool comparable, uint64_t recorded, int64_t ours,
                           bool *differs)
{
	if (!comparable) {
		r->result->counters_open++;
		return;
	}
	r->result->counters_compared++;
	if ((int64_t)recorded == ours) {
		r->result->counters_equal++;
	} else {
		*differs = true;
	}
}

static void compare_counters(struct replay *r, const struct history_op *op)
{
	const struct history_counters *want = &op->counters;
	struct vector_matrix_cpu_stats c;
	struct vector_matrix_stats stats;
	bool differs = false;

	if (op->has_cpu_counters && replay_has_cpu(r, op)) {
		bool counted = r->state->counted[op->cpu];
		vector_matrix_cpu_stats(r->matrix, op->cpu, &c);
		compare_number(r, counted, want->available, c.available, &differs);
		compare_number(r, r->state->mapped[op->cpu], want->allocated, c.allocated,
		               &differs);
		compare_number(r, r->state->mapped[op->cpu], want->managed, c.managed, &differs);
		compare_number(r, r->state->online_known, op->online, c.online, &differs);
	}
	if (op->has_globals) {
		vector_matrix_stats(r->matrix, &stats);
		compare_number(r, r->state->online_known, want->online_cpus, stats.online_cpus,
		               &differs);
		compare_number(r, r->sum_known, want->global_available, stats.available, &differs);
		compare_number(r, r->state->globals_known, want->global_reserved, stats.reserved,
		               &differs);
		compare_number(r, r->state->globals_known, want->total_allocated,
		               (int64_t)stats.total_allocated + r->state->total_offset, &differs);
	}
	if (differs) {
		replay_diverge(r, op, "the counters differ");
	}
}

/* A CPU whose count is a guess makes the sum one when it comes or goes. */
static void note_hotplug(struct replay *r, const struct history_op *op)
{
	if (replay_has_cpu(r, op) && !r->state->counted[op->cpu]) {
		r->sum_known = false;
	}
}

static void carry_out(struct replay *r, const struct history_op *op)
{
	switch (op->verb) {
	case OP_ASSIGN_SYSTEM:
		/* The start was concluded, or the system vectors were filled in. */
		if (vector_matrix_state(r->matrix, op->trace_cpu, op->vector) &
		    VECTOR_MATRIX_SYSTEM) {
			break;
		}
		follow(r, op,
		       vector_matrix_assign_system(
			       r->matrix, op->trace_cpu, op->vector,
			       vector_matrix_state(r->matrix, op->trace_cpu, op->vector) &
				       VECTOR_MATRIX_ALLOCATED));
		break;
	case OP_ONLINE:
		follow(r, op, vector_matrix_online(r->matrix, op->cpu));
		note_hotplug(r, op);
		break;
	case OP_OFFLINE:
		follow(r, op, vector_matrix_offline(r->matrix, op->cpu));
		note_hotplug(r, op);
		break;
	case OP_ASSIGN:
		follow(r, op, vector_matrix_assign(r->matrix, op->cpu, op->vector));
		replay_learn(r, op->cpu, op->vector, VECTOR_ALLOCATED);
		break;
	case OP_RESERVE:
		follow(r, op, vector_matrix_reserve(r->matrix, 1));
		break;
	case OP_REMOVE_RESERVED:
		follow(r, op, vector_matrix_remove_reserved(r->matrix, 1));
		break;
	case OP_RESERVE_MANAGED:
		replay_decide_managed(r, op, DECISION_RESERVE_MANAGED);
		break;
	case OP_REMOVE_MANAGED:
		replay_decide_managed(r, op, DECISION_REMOVE_MANAGED);
		break;
	case OP_ALLOC:
		replay_decide_alloc(r, op, DECISION_ALLOC);
		break;
	case OP_ALLOC_MANAGED:
		replay_decide_alloc(r, op, DECISION_ALLOC_MANAGED);
		break;
	case OP_FREE:
		replay_take_free(r, op);
		break;
	case OP_CAN_UNPLUG:
		replay_decide_unplug(r, op);
		break;
	case OP_COUNTERS:
	case HISTORY_VERBS:
		break;
	}
}

static void replay_op(struct replay *r, const struct history_op *op)
{
	if (!in_range(r->result, op, true)) {
		return;
	}
	r->result->operations[op->verb]++;
	carry_out(r, op);
	compare_counters(r, op);
	replay_seek_snapshots(r, op->line);
	if (r->options->op) {
		r->options->op(r->options->context, op);
	}
}

static void leave_part(struct replay *r)
{
	if (r->matrix) {
		matrix_state_free(r->result->end);
		r->result->end = matrix_state_of(r->matrix);
		start_state_free(r->before);
		r->before = g_steal_pointer(&r->state);
	}
	start_state_free(r->state);
	g_free(r->matrix);
	r->state = NULL;
	r->matrix = NULL;
}

/* Scans the next part and builds the allocator that it begins with. */
static int enter_part(struct replay *r, char **error)
{
	struct replay_result *result = r->result;
	bool first = !result->end, jumped = r->scanner.jumped;
	uint64_t line = r->scanner.end_line;
	int got = scan_part(r);

	if (got < 0) {
		return got;
	}
	note_cpu(r, start_cpus_min(r->scanner.start) - 1, 0);
	const struct matrix_state *hint = first ? r->options->start : result->end;
	r->state = start_resolve(r->scanner.start, result->cpus, hint, first && hint);
	r->matrix = matrix_state_build(r->state->state, error);
	if (!r->matrix) {
		return -EINVAL;
	}
	r->sum_known = r->state->sum_known;
	if (!first) {
		replay_seek_in_gap(r, line);
	}
	if (r->options->part) {
		r->options->part(r->options->context, r->state->state);
	}
	if (jumped && result->jumps++ == 0) {
		result->jump_line = line;
	}
	if (r->scanner.operations == 0) {
		return 0;
	}
	if (result->parts++ == 0) {
		result->start_cpus_counted = r->state->cpus_counted;
		result->start_vectors_concluded = r->state->vectors_concluded;
	}
	result->parts_concluded += !start_is_birth(r->scanner.start);
	if (r->state->warning && !result->start_warning) {
		result->start_warning = g_strdup(r->state->warning);
	}
	return 0;
}

static void note_time(struct replay_result *result, const struct ftrace_event *e)
{
	if (!result->first_ns) {
		result->first_ns = e->time_ns;
	}
	result->last_ns = e->time_ns;
}

static int replay_parts(struct replay *r, char **error)
{
	struct ftrace_event e;
	struct history_op op;
	int got = enter_part(r, error);

	while (got >= 0 && (got = ftrace_next(&r->reader, &e)) > 0) {
		bool complete = history_event(r->history, &e, &op);
		r->line = e.line;
		/*
		 * A gap ends a part by itself, an operation that does not follow is the next part's
		 * first.
		 */
		if (r->scanner.end_line == e.line && (e.kind == FT_GAP || complete)) {
			leave_part(r);
			got = enter_part(r, error);
			if (got < 0) {
				break;
			}
		}
		if (e.kind == FT_GAP) {
			if (r->options->event) {
				r->options->event(r->options->context, &e);
			}
			continue;
		}
		note_time(r->result, &e);
		if (complete) {
			replay_op(r, &op);
		}
		if (e.kind == FT_MARK) {
			replay_place_mark(r, &e);
		}
		if (r->options->event) {
			r->options->event(r->options->context, &e);
		}
	}
	return got;
}

static void close_readers(struct replay *r)
{
	r->result->trace = r->scanner.reader.counts;
	history_break(r->history);
	r->result->history = *history_counts(r->history);
	start_free(r->scanner.start);
	history_free(r->scanner.history);
	history_free(r->history);
	ftrace_close(&r->scanner.reader);
	ftrace_close(&r->reader);
}

static void hear_warning(void *context, const char *message)
{
	struct replay *r = context;

	if (r->result->warnings++ == 0) {
		r->result->warning = message;
		r->result->warning_line = r->line;
	}
}

int replay_recording(int fd, const struct replay_options *options, struct replay_result *result,
                     char **error)
{
	struct replay *r = g_new0(struct replay, 1);

	*result = (struct replay_result){ .cpus = MAX(options->cpus, 1) };
	*error = NULL;
	r->options = options;
	r->result = result;
	r->history = history_new();
	r->scanner.history = history_new();
	for (size_t i = 0; i < options->snapshots_count; i++) {
		result->cpus = MAX(result->cpus, options->snapshots[i].state->cpus);
	}
	if (options->start) {
		result->cpus = MAX(result->cpus, options->start->cpus);
	}
	int got = ftrace_open(&r->reader, fd);
	if (got == 0) {
		got = ftrace_open(&r->scanner.reader, fd);
	}
	core_env_listen(hear_warning, r);
	if (got == 0) {
		got = replay_parts(r, error);
	}
	replay_finish_snapshots(r);
	leave_part(r);
	core_env_listen(NULL, NULL);
	start_state_free(r->before);
	close_readers(r);
	g_free(r);
	return got;
}

void replay_result_release(struct replay_result *result)
{
	g_free(result->start_warning);
	g_free(result->divergence);
	matrix_state_free(result->end);
}

bool replay_snapshot_disagrees(const struct replay_snapshot *s)
{
	return s->difference && !s->equal_line && !s->gap_line;
}

static bool is_of_allocator(enum ftrace_kind kind)
{
	return kind != FT_MARK && kind != FT_HANDLER_ENTRY;
}

uint64_t replay_allocator_events(const struct replay_result *result)
{
	uint64_t sum = 0;

	for (int kind = 0; kind < FTRACE_KINDS; kind++) {
		sum += is_of_allocator((enum ftrace_kind)kind) ? result->trace.events[kind] : 0;
	}
	return sum;
}

uint64_t replay_compared(const struct replay_result *result, const struct replay_options *options)
{
	uint64_t sum = result->counters_compared;

	for (int i = 0; i < REPLAY_DECISIONS; i++) {
		sum += result->compared[i];
	}
	for (size_t i = 0; result->parts && i < options->snapshots_count; i++) {
		const struct replay_snapshot *s = &options->snapshots[i];
		sum += !s->difference || s->equal_line;
	}
	return sum;
}

bool replay_agrees(const struct replay_result *result, const struct replay_options *options)
{
	for (size_t i = 0; i < options->snapshots_count; i++) {
		if (replay_snapshot_disagrees(&options->snapshots[i])) {
			return false;
		}
	}
	return result->divergences == 0;
}
