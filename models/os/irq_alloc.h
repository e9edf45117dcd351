/* SPDX-License-Identifier: MIT */
/*
 * Allocating and freeing a device's interrupts: descriptor, message index, vector, message. After Linux 6.12
 * drivers/pci/msi/{api,msi}.c and kernel/irq/manage.c. Vectors are those of the device, its domains one after the other.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_ALLOC_H
#define MSIRACE_MODELS_OS_IRQ_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

struct kthread;
struct machine;

/*
 * Before the run, without taking time: allocates and enables what the device has from the start. Too few vectors: as many as
 * there are if those will do, then, where the device falls back, PCI MSI, then INTx. 0 or -ENOSPC.
 */
int irq_boot_device(struct machine *m, uint32_t device);

/*
 * What a driver or a guest wants at run time: vectors [first, end), by the contender's allocation strategy. 0, or a negative
 * errno; what is allocated then is the strategy's matter.
 */
int irq_grow(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/*
 * Frees vectors [first, end): masked, message zeroed, handler waited for, vector given back. Those that are not allocated
 * are left alone.
 */
void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/* Frees every vector of a group of the device's first domain. 0 or -ENOENT. */
int irq_free_group(struct kthread *k, uint32_t device, uint32_t group);

/* The parts, for allocation strategies. */

/* Index, descriptor and vector of [first, end) in a group: all or none, nothing is written to the device. */
int irq_setup(struct kthread *k, uint32_t device, uint32_t first, uint32_t end, uint32_t group);

/* A new group of the device's first domain. Its id, or a negative errno. */
int irq_group_begin(struct kthread *k, uint32_t device);

/* Messages of [first, end), each masked until it is whole where the device can mask; then unmasked. */
void irq_program(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/* The function's enable bit, and INTx in its place, in the order in which the kernel switches them. */
void irq_device_enable(struct kthread *k, uint32_t device, bool enable);
bool irq_device_enabled(const struct machine *m, uint32_t device);

/* Vectors allocated from the first one on: where the next one would be. */
uint32_t irq_allocated_end(const struct machine *m, uint32_t device);

/* A managed interrupt that was shut down starts on a CPU of its mask that came back; the vector is set aside there. */
void irq_restart_managed(struct kthread *k, uint32_t desc);

#endif
