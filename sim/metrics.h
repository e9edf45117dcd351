/* SPDX-License-Identifier: MIT */
/*
 * What a run is measured by. One row a counter; a figure that never happened is 0, not absent. The words are defined in
 * README.md, section "How to read the table".
 */
#ifndef MSIRACE_SIM_METRICS_H
#define MSIRACE_SIM_METRICS_H

#include <stdint.h>

#include "sim/histogram.h"

/*
 * X(id, key, unit, documentation). The unit is "count" or "ps" (a sum of simulated time). Order: that of the documents.
 * raised = delivered + recovered + coalesced + lost + in_flight; lost = covered + stale = the sum of lost_*;
 * spurious = the sum of spurious_*.
 */
#define METRIC_COUNTERS(X) \
	X(RAISED, "raised", "count", "interrupts that devices decided to send") \
	X(DELIVERED, "delivered", "count", "raises whose message started their handler") \
	X(RECOVERED, "recovered", "count", "raises delivered late, by a retrigger or a resend of the strategy") \
	X(COALESCED, "coalesced", "count", "raises merged into a pending bit whose handler run lay ahead") \
	X(LOST, "lost", "count", "raises whose message started no handler of theirs") \
	X(LOST_UNASSIGNED, "lost_unassigned", "count", "lost to a vector that nobody owned") \
	X(LOST_FOREIGN, "lost_foreign", "count", "lost to a vector of another interrupt") \
	X(LOST_BLOCKED, "lost_blocked", "count", "lost to a remap fault") \
	X(LOST_DISABLED, "lost_disabled", "count", "lost to a disabled function or interrupt controller") \
	X(LOST_DROPPED, "lost_dropped", "count", "lost to something unmapped or freed on the way") \
	X(COVERED, "covered", "count", "lost, but a handler run that was already owed serviced the device") \
	X(STALE, "stale", "count", "lost and not covered: the device waited unserviced") \
	X(IN_FLIGHT, "in_flight", "count", "raises still under way when the run ended") \
	X(SPURIOUS, "spurious", "count", "handler runs and logged vectors without a raise of their own") \
	X(SPURIOUS_UNHANDLED, "spurious_unhandled", "count", "logged vectors that had no handler") \
	X(SPURIOUS_STRAY, "spurious_stray", "count", "handler runs caused by another device's message") \
	X(SPURIOUS_DUPLICATE, "spurious_duplicate", "count", "handler runs caused by a needless retrigger") \
	X(SPURIOUS_INTX, "spurious_intx", "count", "raises of the legacy line") \
	X(HANDLER_RUNS, "handler_runs", "count", "handlers started") \
	X(STALE_TIME, "stale_time", "ps", "time that devices waited unserviced after a stale raise") \
	X(STALE_OPEN, "stale_open", "count", "stale raises that nothing had serviced when the run ended") \
	X(MIGRATIONS_ASKED, "migrations_asked", "count", "affinity changes asked for") \
	X(MIGRATIONS_DONE, "migrations_done", "count", "affinity changes that took effect") \
	X(MIGRATIONS_DEFERRED, "migrations_deferred", "count", "affinity changes left to the next interrupt") \
	X(MIGRATIONS_BUSY, "migrations_busy", "count", "affinity changes refused: one was in progress (EBUSY)") \
	X(MIGRATIONS_NOSPC, "migrations_nospc", "count", "affinity changes refused: no vector left (ENOSPC)") \
	X(RETRIGGERS, "retriggers", "count", "IPIs that a strategy sent in place of a message") \
	X(AFFINITY_BROKEN, "affinity_broken", "count", "interrupts moved outside their affinity mask") \
	X(ALLOC_ASKED, "alloc_asked", "count", "interrupt allocations asked for") \
	X(ALLOC_FAILED, "alloc_failed", "count", "interrupt allocations refused") \
	X(HOTPLUG_DONE, "hotplug_done", "count", "CPUs taken off line or brought back") \
	X(HOTPLUG_REFUSED, "hotplug_refused", "count", "CPU offlines refused for want of vectors") \
	X(VECTORS_IN_USE, "vectors_in_use", "count", "vectors allocated when the run ended") \
	X(VECTORS_LEAKED, "vectors_leaked", "count", "of those, vectors that belong to no interrupt") \
	X(FAULTS, "faults", "count", "requests that the remap hardware refused") \
	X(STALLS, "stalls", "count", "commands that waited until the driver's time-out") \
	X(STALL_TIME, "stall_time", "ps", "time that devices stood still until a time-out") \
	X(CPU_IRQ_TIME, "cpu_irq_time", "ps", "time that CPUs spent in interrupt context, all CPUs together") \
	X(SIMULATED_TIME, "simulated_time", "ps", "length of the run")

enum metric_counter {
#define X(id, key, unit, documentation) METRIC_##id,
	METRIC_COUNTERS(X)
#undef X
	METRIC_COUNTERS_COUNT
};

/* Everything that one replication of one contender yields; plain data. */
struct run_metrics {
	uint64_t counter[METRIC_COUNTERS_COUNT];
	struct histogram latency;  /* raise to start of the handler that services it, ps; delivered and recovered */
	struct histogram stale;    /* stale raise to the handler start that serviced it, ps; closed ones only */
};

#endif
