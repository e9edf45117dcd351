/* SPDX-License-Identifier: MIT */
/*
 * Allocating and freeing a device's interrupts: descriptor, message index, vector, message. After
 * Linux 6.12 drivers/pci/msi/{api,msi}.c and kernel/irq/manage.c. Vectors are those of the device,
 * its domains one after the other.
 *
 * Allocation and request are two steps: an interrupt that is allocated but not requested only
 * counts in the vector space where its device can mask it (reservation mode), and gets its vector
 * when it is requested.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_ALLOC_H
#define MSIRACE_MODELS_OS_IRQ_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

struct kthread;
struct machine;

/* What a driver or a guest wants at run time, of one domain of a device. */
struct irq_request {
	uint32_t device;
	uint32_t domain;      /* of the device, from 0 */
	uint32_t first;       /* hardware indices [first, end) of the domain */
	uint32_t end;
	bool anywhere;        /* want of them, wherever there is room; otherwise exactly these */
	uint32_t want;
	uint32_t at_least;    /* of those, how many will do: 1 to want */
	bool unrequested;     /* without handlers: they wait for irq_request_vectors() */
	bool dealt;           /* irq_allocate()'s own: a managed device's first vectors */
	/* The result. */
	uint32_t granted;     /* how many were allocated */
	uint32_t low;         /* they are vectors of the device in [low, high) */
	uint32_t high;
};

/*
 * Before the run, without taking time: allocates and enables what the device has from the start.
 * Too few vectors: as many as there are if those will do, then, where the device falls back and one
 * will do, PCI MSI, then INTx. 0 or -ENOSPC: the device's driver gives up, and the device stays
 * silent.
 */
int irq_boot_device(struct machine *m, uint32_t device);

/*
 * By the contender's allocation strategy. 0, or a negative errno: -ENOSPC, -EBUSY for an index in
 * use, -EINVAL and -ENOTSUPP where the domain cannot grow now. What is allocated after an error is
 * the strategy's matter.
 */
int irq_allocate(struct kthread *k, struct irq_request *request);

/* The same for exactly the vectors [first, end) of the device, which all lie in one domain. */
int irq_grow(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/*
 * Requests those of [first, end) that are allocated and not requested yet. 0 or -ENOSPC: the others
 * have theirs. A managed one whose CPUs are all off line starts when one of them comes.
 */
int irq_request_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/*
 * The reverse: those of [first, end) that have a handler lose it, and stay allocated. x86 only.
 * irq_unrequest_vectors() ends what the device does with them first, as a driver does before
 * free_irq(). irq_take_handlers() does not: a guest's device does not learn of it, and goes on.
 */
void irq_unrequest_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);
void irq_take_handlers(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/*
 * Frees vectors [first, end): masked, message zeroed, handler waited for, vector given back. Those
 * that are not allocated are left alone. irq_free_vectors() ends what the device does with them,
 * irq_release_vectors() does not: the guest of a monitor that takes them away for a moment does not
 * know.
 */
void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);
void irq_release_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/* Frees every vector of a group of the device's domain, and ends the group. 0 or -ENOENT. */
int irq_free_group(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group);

/*
 * The guest that has the device reboots with its vectors enabled: the device is reset, the host
 * gives the vectors back (or forgets them, where the strategy does), and the guest allocates as
 * many again.
 */
int irq_guest_reboot(struct kthread *k, uint32_t device);

/*
 * Hot-unplug: the driver lets go of all vectors and the slot loses its power; hot-plug: the driver
 * gets as many as at the start. 0 or -ENOSPC.
 */
void irq_unplug(struct kthread *k, uint32_t device);
int irq_plug(struct kthread *k, uint32_t device);

/* The parts, for allocation strategies. */

/*
 * Index, descriptor and vector of what is wanted, in a group: nothing is written to the device. All
 * that is wanted, or at the end of the vectors at_least; otherwise none.
 */
int irq_setup(struct kthread *k, struct irq_request *request, uint32_t group);

/*
 * A new group of a device's domain; its id, or a negative errno. irq_group_end(): of one that
 * stayed empty.
 */
int irq_group_begin(struct kthread *k, uint32_t device, uint32_t domain);
void irq_group_end(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group);

/*
 * Messages of what the thread has set up, each masked until it is whole where the device can mask;
 * then unmasked.
 */
void irq_program(struct kthread *k, const struct irq_request *request);

/* The function's enable bit, and INTx in its place, in the order that the kernel keeps. */
void irq_device_enable(struct kthread *k, uint32_t device, bool enable);
bool irq_device_enabled(const struct machine *m, uint32_t device);

/*
 * Vectors of the first domain that are allocated, from the first one on: where the next one would
 * be.
 */
uint32_t irq_allocated_end(const struct machine *m, uint32_t device);

/*
 * A managed interrupt is shut down as the last CPU of its mask goes off line, and starts on one
 * that comes back; the vector is set aside there. With the descriptor's lock held and interrupts
 * off.
 */
void irq_shut_down_managed(struct kthread *k, uint32_t desc);
void irq_restart_managed(struct kthread *k, uint32_t desc);

#endif
