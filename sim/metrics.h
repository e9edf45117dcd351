/* SPDX-License-Identifier: MIT */
/*
 * What a run is measured by. One row a counter; a figure that never happened is 0, not absent. The words are defined in
 * README.md, section "How to read the table".
 */
#ifndef MSIRACE_SIM_METRICS_H
#define MSIRACE_SIM_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/estimate.h"
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
	X(STALE_TIME, "stale_time", "ps", "time that devices waited unserviced, each from its first stale raise on") \
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
	X(POSTED, "posted", "count", "raises that the remap hardware put into a vCPU's descriptor") \
	X(NOTIFICATIONS, "notifications", "count", "notifications that it sent for them") \
	X(FORWARDED, "forwarded", "count", "interrupts of a guest that the host's handler had to pass on") \
	X(VM_EXITS, "vm_exits", "count", "times that a CPU left guest mode") \
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

/*
 * What is computed from the counters and histograms of all replications. X(id, key, unit, documentation). The unit "ps"
 * is a duration, "per migration" a count over migrations_done, "per second" a count over simulated seconds, "cpus" a time
 * over simulated time.
 */
#define METRIC_DERIVED(X) \
	X(LOST_PER_MIGRATION, "lost_per_migration", "per migration", "lost over migrations_done") \
	X(COVERED_PER_MIGRATION, "covered_per_migration", "per migration", "covered over migrations_done") \
	X(STALE_PER_MIGRATION, "stale_per_migration", "per migration", "stale over migrations_done") \
	X(SPURIOUS_PER_MIGRATION, "spurious_per_migration", "per migration", "spurious over migrations_done") \
	X(STALE_TIME_PER_MIGRATION, "stale_time_per_migration", "ps", "stale_time over migrations_done") \
	X(LATENCY_P50, "latency_p50", "ps", "median of the time from a raise to the start of its handler") \
	X(LATENCY_P99, "latency_p99", "ps", "99th percentile of the same") \
	X(LATENCY_P99_9, "latency_p99.9", "ps", "99.9th percentile of the same") \
	X(LATENCY_MAX, "latency_max", "ps", "largest of the same, overflow included; 0: none") \
	X(LATENCY_OVERFLOW, "latency_overflow", "count", "latencies of 17.6 s and more") \
	X(STALE_TIME_P50, "stale_time_p50", "ps", "median of the time from a stale raise to the rescue of its device") \
	X(STALE_TIME_P99, "stale_time_p99", "ps", "99th percentile of the same") \
	X(STALE_TIME_MAX, "stale_time_max", "ps", "largest of the same, overflow included; 0: none") \
	X(INTERRUPTS_PER_SECOND, "interrupts_per_second", "per second", "raised over simulated time") \
	X(IRQ_LOAD, "irq_load", "cpus", "CPUs' worth of time in interrupt context: cpu_irq_time over simulated_time")

/* A metric's number: the counters' first, then the derived ones'. */
enum metric_derived {
	METRIC_DERIVED_FIRST = METRIC_COUNTERS_COUNT - 1,
#define X(id, key, unit, documentation) METRIC_##id,
	METRIC_DERIVED(X)
#undef X
	METRICS_COUNT
};

/* Everything that one replication of one contender yields; plain data. */
struct run_metrics {
	uint64_t counter[METRIC_COUNTERS_COUNT];
	struct histogram latency;  /* raise to start of the handler that services it, ps; delivered and recovered */
	struct histogram stale;    /* stale raise to the handler start that serviced it, ps; closed ones only */
};

struct metric {
	const char *key;
	const char *unit;          /* "count", "ps", "per migration", "per second" or "cpus" */
	const char *documentation;
};

/* The metric of a number in [0, METRICS_COUNT); NULL outside. */
const struct metric *metric_get(int number);

/* Is it an estimate with an interval? False: a plain fact of the sample, such as a counter or a maximum. */
bool metric_is_sampled(int number);

/* The counter of events that a metric divides by migrations or time; -1 where it is no such metric. */
int metric_events(int number);

/* The number of a key, as in the tables above; -1 where there is none. */
int metric_find(const char *key);

/*
 * A counter over all replications: their sum, saturated at UINT64_MAX; for levels at the end of a run (vectors_in_use,
 * vectors_leaked) the largest.
 */
uint64_t metric_pooled(const struct run_metrics *each, uint32_t replications, enum metric_counter counter);

/*
 * The metric of that number over the replications each[0 .. replications), at 95 % as sim/estimate.h says.
 * ESTIMATE_UNDEFINED where replications is 0.
 */
struct estimate metric_estimate(int number, const struct run_metrics *each, uint32_t replications);

#endif
