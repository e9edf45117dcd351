/* SPDX-License-Identifier: MIT */
/*
 * The root of the interrupt hierarchy: who gives an irq_desc its CPU and vector. One struct root_domain an architecture:
 * x86 vectors (x86_vector.c), IMSIC ids, LPIs and SPIs (gic_domain.c). A thread calls these with the vector lock held.
 */
#ifndef MSIRACE_MODELS_OS_ROOT_DOMAIN_H
#define MSIRACE_MODELS_OS_ROOT_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct kthread;
struct machine;
struct state_layout;

/* Raises that sit where nobody will ever look for them; causes is not released. */
typedef void stranded_visit(void *context, const struct machine *m, struct causes causes);

struct root_domain {
	const char *name;   /* as `list domains` prints it */
	/*
	 * Vectors belong to the machine and not to a CPU: there is no vector_matrix, machine->vector_irq has one slot a
	 * vector, and a move keeps the vector. There is nothing to do on arrival, by timers, or for an old vector: arrived,
	 * timer and free_previous are NULL.
	 */
	bool global;
	/* The kernel's flow handler: edge, or fasteoi, which acknowledges after the handler and replays nothing. */
	bool fasteoi;
	/*
	 * A vector for desc on some online CPU of the mask: none where its present CPU will do. same: on the new CPU only the
	 * same vector will do. 1: assigned, 0: nothing to change, -EBUSY while an earlier move is not cleaned up, -ENOSPC.
	 */
	int (*assign)(struct machine *m, uint32_t desc, const uint64_t *mask, bool same);
	/* Allocation without a vector yet: reserved, or for a managed interrupt one set aside on each CPU of its mask. */
	int (*reserve)(struct machine *m, uint32_t desc);
	void (*unreserve)(struct machine *m, uint32_t desc);
	/*
	 * The vector of an interrupt that is requested: within its affinity on its node, its affinity, its node, any online
	 * CPU (affinity broken). 0 or -ENOSPC.
	 */
	int (*activate)(struct machine *m, uint32_t desc);
	/* Gives back all vectors of desc. */
	void (*deactivate)(struct machine *m, uint32_t desc);
	/* An interrupt of desc arrived at cpu: the first one on the new CPU lets the clean-up of the old vector begin. */
	void (*arrived)(struct machine *m, uint32_t desc, uint32_t cpu);
	/* The timer of that number runs (os/timer.h). */
	void (*timer)(struct machine *m, uint32_t number);
	/* Frees the old vector of desc, whatever is pending. */
	void (*free_previous)(struct machine *m, uint32_t desc);
	/* Whether the other CPUs have vectors for what cpu would leave behind. */
	bool (*can_offline)(const struct machine *m, uint32_t cpu);
	/* Vectors allocated in all, and those among them that no descriptor owns. */
	void (*count)(const struct machine *m, uint64_t *in_use, uint64_t *leaked);
	/* Timers that it arms, besides one for each source. */
	uint32_t (*extra_timers)(const struct machine *m);
	/* Where it is global: whether its records agree with each other. */
	bool (*sound)(const struct machine *m);
	/* The rest is NULL where there is nothing to do. */
	/* Its own part of the machine's state, placed with state_place(). */
	void (*lay_out)(struct machine *m, struct state_layout *layout);
	/* The message of desc is in place: its vector may be taken. k: who asks; NULL before the run. */
	void (*start)(struct machine *m, struct kthread *k, uint32_t desc);
	/* The kernel of a CPU that claims vectors itself has been entered, and has claimed none yet. */
	void (*entered)(struct machine *m, uint32_t cpu);
	/*
	 * On the way off line: whether the old vector of desc is given back (NULL: where either of its CPUs goes), and the end
	 * of the vector space there. Back on line, before the CPU takes interrupts: NULL: every vector is unused.
	 */
	bool (*completes_move)(const struct machine *m, uint32_t desc, uint32_t cpu);
	void (*offline)(struct machine *m, uint32_t cpu);
	void (*online)(struct machine *m, uint32_t cpu);
	/* At the end of a run. */
	void (*stranded)(const struct machine *m, stranded_visit *visit, void *context);
};

#endif
