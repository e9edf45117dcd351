/* SPDX-License-Identifier: MIT */
/* What a protocol of each slot provides; struct strategy's operations point to one of these. */
#ifndef MSIRACE_MODELS_STRATEGIES_OPERATIONS_H
#define MSIRACE_MODELS_STRATEGIES_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct irq_request;
struct kthread;
struct machine;

/*
 * Where an affinity write carries the move out. CPU offline does it on the dying CPU in any case. A move in process context
 * that finds an earlier one unfinished is left to the interrupt's next acknowledge, as irq_try_set_affinity() does it, and so
 * are those after it until that has happened: also under the protocols that no kernel has, because the interrupt core above
 * them is the same. Each of them can run there: none sleeps.
 */
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
	/* The fasteoi flow keeps what arrives while the handler runs elsewhere, and sends it again at its end. */
	bool resends_in_progress;
	/* The flow drops what arrives while the handler still runs elsewhere, instead of leaving it pending for it. */
	bool drops_in_progress;
	/* The kernel knows no pending moves (without GENERIC_PENDING_IRQ): one that comes too early is refused, EBUSY. */
	bool refuses_busy;
	/* How the two harts of a move come to an agreement; RISC-V only. */
	const struct imsic_protocol *imsic;
};

/* What a hart does when it synchronises its interrupt file with the kernel's records (os/imsic_vector.h). */
struct imsic_protocol {
	bool looks_for_new;    /* the old hart looks for the new identity too: a temporary message brought it there */
	bool new_waits;        /* the new hart's side of a move is open until the old hart's is closed */
	bool syncs_on_entry;   /* every interrupt synchronises its hart first; otherwise only the timers do */
};

struct cleanup_operations {
	/* x86: */
	/* A move left its old vector live; called at the end of the move, with the vector lock held. */
	void (*moved)(struct machine *m, uint32_t desc);
	/* The first interrupt arrived at the new CPU; the old one is on line. */
	void (*arrived)(struct machine *m, uint32_t desc);
	/* The clean-up found the old vector pending. */
	void (*retry)(struct machine *m, uint32_t desc);
	/* RISC-V: the timer that synchronises another hart is added on the CPU that wants it instead of on that hart. */
	bool syncs_on_caller;
};

struct hotplug_operations {
	bool disables_first;   /* the interrupt controller is silenced before the interrupts are moved away */
	bool scans_pending;    /* what is pending when they are moved away is sent on to their new CPUs */
	bool keeps_pending;    /* what is pending stays where it is, until the CPU is back */
	bool completes_moves;  /* old vectors that moves left on the CPU are freed; otherwise they leak */
};

struct allocation_operations {
	/* Adds vectors to a device that may be in use; see irq_allocate() in os/irq_alloc.h. 0 or a negative errno. */
	int (*grow)(struct kthread *k, struct irq_request *request);
	bool needs_groups;       /* the device hands out its vectors in groups */
	bool needs_store;        /* the device has an interrupt message store */
	bool noresize;           /* what is enabled can only be changed by disabling all */
	bool forgets_on_reboot;  /* the host does not give back the vectors of a guest that reboots */
};

struct posted_operations {
	bool syncs_without_apicv;  /* a VM entry looks at the PIR even where interrupts are not virtualized */
	bool keeps_entry;          /* an affinity write leaves an entry alone that posts to a vCPU */
	bool recomputes_on;        /* ON is set again on the return of a preempted vCPU whose PIR is not empty */
};

/*
 * What lies between the interrupt entry's look at a vector's slot and its clearing, slot_gap apart.
 * A machine without one does both at once.
 */
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
