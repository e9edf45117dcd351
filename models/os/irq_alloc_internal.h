/* SPDX-License-Identifier: MIT */
/* What the files behind irq_alloc.h share. */
#ifndef MSIRACE_MODELS_OS_IRQ_ALLOC_INTERNAL_H
#define MSIRACE_MODELS_OS_IRQ_ALLOC_INTERNAL_H

#include "models/machine.h"
#include "models/os/irq_alloc.h"
#include "models/os/msi_domain.h"
#include "models/os/msi_message.h"
#include "msi_index.h"

/*
 * Who asks core/msi_index for interrupts of a domain; the irq numbers there are the numbers of the
 * irq_descs.
 */
struct irq_source {
	struct machine *machine;
	struct msi_cookie cookie;
	uint16_t by;          /* thread + 1; 0: before the run */
	bool request;
	bool forgets;         /* release leaves the vectors of the descriptor behind */
};

/*
 * irq_index.c: one hardware index of a domain; index-less stores have none, and are taken in their
 * order.
 */
int irq_index_allocate(struct irq_source *from, uint32_t index, uint32_t group, uint32_t *desc);
void irq_index_release(struct machine *m, uint32_t device, uint32_t vector, bool forgets);

/*
 * irq_alloc.c: msi_lock_descs(), behind which one thread at a time changes what a device has
 * allocated.
 */
void irq_lock_descs(struct kthread *k, uint32_t device);
void irq_unlock_descs(struct kthread *k, uint32_t device);
int irq_allocate_locked(struct kthread *k, struct irq_request *request);

/* k: NULL before the run. detail: as in EV_ALLOCATION. */
void irq_emit_allocation(struct machine *m, const struct kthread *k, uint32_t device,
			 uint32_t count, uint8_t detail);

/* Whether the thread has set it up and not programmed it yet. */
static inline bool irq_is_new(const struct kthread *k, uint32_t desc)
{
	return k->machine->desc[desc].set_up_by == k->number + 1;
}

/* Whether desc is managed, and no CPU of its mask is on line: it cannot start. */
bool irq_lacks_cpu(const struct machine *m, uint32_t desc);

/* irq_request.c */
struct msi_message irq_message_of(const struct machine *m, uint32_t desc);

/*
 * Whether desc has a message of its own. The vectors of PCI MSI share that of the first one, whose
 * data the device adds to: who writes it for another one redirects them all.
 */
bool irq_has_message(const struct machine *m, uint32_t desc);

/* A command that a device has to carry out is nothing to wait for with interrupts off. */
bool irq_message_sleeps(const struct machine *m, uint32_t desc);

/*
 * A root domain that enables vectors one by one does so once their messages are whole. k: NULL
 * before the run.
 */
void irq_start_vector(struct machine *m, struct kthread *k, uint32_t desc);

/* irq_free.c */
void irq_free_locked(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

#endif
