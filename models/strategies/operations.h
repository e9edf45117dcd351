/* SPDX-License-Identifier: MIT */
/* What a protocol of each slot provides; struct strategy's operations point to one of these. */
#ifndef MSIRACE_MODELS_STRATEGIES_OPERATIONS_H
#define MSIRACE_MODELS_STRATEGIES_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct kthread;
struct machine;

/* Where an affinity write carries the move out. CPU offline does it on the dying CPU in any case. */
enum move_context {
	MOVE_ANYWHERE,       /* the writing thread, on whatever CPU it is */
	MOVE_ON_OLD_CPU,     /* the writing thread, on the interrupt's present CPU */
	MOVE_IN_ACKNOWLEDGE  /* the interrupt's next acknowledge; the write only marks the move */
};

struct move_operations {
	enum move_context context;
	/*
	 * Moves desc to a CPU of the mask: assigns the vector and rewrites the message or the remap entry. Called with the
	 * descriptor's lock held and interrupts off: in process context, in the acknowledge, or on a CPU that goes off line.
	 * 1: moved; 0: nothing to change; -EBUSY; -ENOSPC.
	 */
	int (*set_affinity)(struct kthread *k, uint32_t desc, const uint64_t *mask);
};

struct cleanup_operations {
	/* A move left its old vector live; called at the end of the move, with the vector lock held. */
	void (*moved)(struct machine *m, uint32_t desc);
	/* The first interrupt arrived at the new CPU; the old one is on line. */
	void (*arrived)(struct machine *m, uint32_t desc);
	/* The clean-up found the old vector pending. */
	void (*retry)(struct machine *m, uint32_t desc);
};

struct hotplug_operations {
	bool disables_first;   /* the interrupt controller is silenced before the interrupts are moved away */
	bool scans_pending;    /* what is pending when they are moved away is sent on to their new CPUs */
	bool completes_moves;  /* old vectors that moves left on the CPU are freed; otherwise they leak */
};

struct posted_operations {
	bool syncs_without_apicv;  /* a VM entry looks at the PIR even where interrupts are not virtualized */
	bool keeps_entry;          /* an affinity write leaves an entry alone that posts to a vCPU */
	bool recomputes_on;        /* ON is set again on the return of a preempted vCPU whose PIR is not empty */
};

/* A machine without one rechecks. */
struct setup_operations {
	bool rechecks;             /* a slot without a descriptor is read again under the vector lock before it is cleared */
};

struct swap_operations {
	/* Gives the handler of a guest's interrupt another event counter, because the guest changed its affinity. */
	void (*swap)(struct kthread *k, uint32_t desc);
};

struct monitor_operations {
	bool copies_every_write;   /* otherwise only a write of the control register refreshes the monitor's copy */
};

#endif
