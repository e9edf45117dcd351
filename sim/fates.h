/* SPDX-License-Identifier: MIT */
/*
 * The fate of every raise, from what the models tell, and the metrics that follow. It only listens.
 *
 * A lost raise is covered where a handler run that was already owed when it was raised, to an earlier raise of the same
 * interrupt, started after it: that run read the device's status and left nothing undone. Otherwise it is stale until
 * the next run of the handler, whatever starts that one.
 */
#ifndef MSIRACE_SIM_FATES_H
#define MSIRACE_SIM_FATES_H

#include <stdbool.h>
#include <stdint.h>

#include "models/machine.h"
#include "sim/metrics.h"

/* Handler starts remembered per source: a raise is found lost at most a message's flight after it was sent. */
#define FATES_STARTS 8

/* One start of a handler, and the oldest raise of its own that it had (none: UINT64_MAX). */
struct handler_start {
	uint64_t start_ps;
	uint64_t raised_ps;
};

/* Lost raises of one source whose handler has not run since; oldest first. */
struct lost_raises {
	uint64_t *raised_ps;
	uint32_t count;
	uint32_t capacity;
};

/*
 * A raise that waits where nobody takes it as things are (an IMSIC identity that is not enabled, a memory-resident file). It
 * may be found lost long after it was sent, so the first handler start after it is remembered with it.
 */
struct held_raise {
	uint32_t number;                  /* of the raise that was held in this place of the pool; 0: none was */
	struct handler_start start;       /* start_ps 0: none yet */
};

/* Held raises of one source whose handler has not run since, by their places in the pool. */
struct waiting_raises {
	uint32_t *index;
	uint32_t count;
	uint32_t capacity;
};

struct fates {
	struct run_metrics *metrics;
	struct handler_start *starts;     /* [source * FATES_STARTS + n % FATES_STARTS] */
	uint64_t *starts_count;           /* [source] */
	struct lost_raises *lost;         /* [source] */
	struct held_raise *held;          /* [held_capacity], by place in the pool */
	uint32_t held_capacity;
	struct waiting_raises *waiting;   /* [source] */
	uint64_t stranded;                /* raises that were live at the end and are lost */
	uint32_t sources;
};

/* metrics is borrowed, and set to zero. */
void fates_init(struct fates *f, uint32_t sources, struct run_metrics *metrics);
void fates_release(struct fates *f);

/* A listener of the engine to these kinds; data is the struct fates. */
#define FATES_KIND(kind) (UINT64_C(1) << (kind))
#define FATES_KINDS \
	(FATES_KIND(EV_RAISE) | FATES_KIND(EV_HANDLER_START) | FATES_KIND(EV_LOST) | FATES_KIND(EV_NO_HANDLER) | \
	 FATES_KIND(EV_INTX) | FATES_KIND(EV_IRQ_EXIT) | FATES_KIND(EV_MOVE) | FATES_KIND(EV_RETRIGGER) | \
	 FATES_KIND(EV_AFFINITY_BROKEN) | FATES_KIND(EV_ALLOCATION) | FATES_KIND(EV_HOTPLUG) | FATES_KIND(EV_FAULT) | \
	 FATES_KIND(EV_HELD) | FATES_KIND(EV_POSTED) | FATES_KIND(EV_NOTIFY) | FATES_KIND(EV_FORWARDED) | \
	 FATES_KIND(EV_VM_EXIT))
void fates_event(void *data, const struct machine *m, const struct model_event *event);

/* The run is over: what is open becomes in flight or stale for ever, the state of the vectors is counted. */
void fates_finish(struct fates *f, const struct machine *m);

/* The conservation law. NULL where it holds; else what does not, with the numbers, malloc'ed. */
char *fates_check(const struct fates *f, const struct machine *m);

#endif
