/* SPDX-License-Identifier: MIT */
/* Where the replay and the recording part, with both states. */
#include "sim/import/replay_internal.h"

#include <glib.h>
#include <inttypes.h>

static void describe_cpu(GString *text, const struct replay *r, uint32_t cpu)
{
	struct vector_matrix_cpu_stats c;

	if (vector_matrix_cpu_stats(r->matrix, cpu, &c) < 0) {
		return;
	}
	g_string_append_printf(text,
	                       "  replay     CPU %u %s: available %u, allocated %u, managed %u (%u "
	                       "allocated); vectors",
	                       cpu, c.online ? "online" : "offline", c.available, c.allocated,
	                       c.managed, c.managed_allocated);
	for (uint32_t v = X86_VECTOR_FIRST; v < X86_VECTOR_END; v++) {
		int flags = vector_matrix_state(r->matrix, cpu, v);
		if (flags & (VECTOR_MATRIX_ALLOCATED | VECTOR_MATRIX_MANAGED)) {
			g_string_append_printf(text, " %u%s", v,
			                       !(flags & VECTOR_MATRIX_MANAGED)  ? ""
			                       : flags & VECTOR_MATRIX_ALLOCATED ? "M"
			                                                         : "m");
		}
	}
	g_string_append_c(text, '\n');
}

static void describe_recorded(GString *text, const struct history_op *op)
{
	g_string_append(text, "  recording  ");
	if (op->error) {
		g_string_append_printf(text, "refused with %d", op->error);
	} else if (op->cpu == HISTORY_CPU_UNKNOWN) {
		g_string_append_printf(text, "vector %u", op->vector);
	} else {
		g_string_append_printf(text, "CPU %u vector %u", op->cpu, op->vector);
	}
	if (op->has_cpu_counters) {
		g_string_append_printf(text, ": available %u, allocated %u, managed %u",
		                       op->counters.available, op->counters.allocated,
		                       op->counters.managed);
	}
	if (op->has_globals) {
		g_string_append_printf(
			text, "; online CPUs %u, available %u, reserved %u, allocated %u in all",
			op->counters.online_cpus, op->counters.global_available,
			op->counters.global_reserved, op->counters.total_allocated);
	}
	g_string_append_c(text, '\n');
}

static void describe_globals(GString *text, const struct replay *r)
{
	struct vector_matrix_stats stats;

	vector_matrix_stats(r->matrix, &stats);
	g_string_append_printf(
		text,
		"  replay     online CPUs %u, available %u, reserved %u, allocated %" PRId64
		" in all\n",
		stats.online_cpus, stats.available, stats.reserved,
		(int64_t)stats.total_allocated + r->state->total_offset);
}

void replay_diverge(struct replay *r, const struct history_op *op, const char *format, ...)
{
	va_list arguments;

	if (r->result->divergences++ > 0) {
		return;
	}
	GString *text = g_string_new(NULL);
	g_string_append_printf(text,
	                       "line %" PRIu64 ", %" PRIu64 ".%06" PRIu64 " s, %s: ", op->line,
	                       op->time_ns / 1000000000, op->time_ns / 1000 % 1000000,
	                       history_verb_name(op->verb));
	va_start(arguments, format);
	g_string_append_vprintf(text, format, arguments);
	va_end(arguments);
	g_string_append_c(text, '\n');
	describe_recorded(text, op);
	describe_globals(text, r);
	for (uint32_t cpu = 0; cpu < r->result->cpus; cpu++) {
		if (cpu == op->cpu || (op->mask && replay_mask_has(op, cpu))) {
			describe_cpu(text, r, cpu);
		}
	}
	r->result->divergence_line = op->line;
	r->result->divergence = g_string_free(text, FALSE);
}
