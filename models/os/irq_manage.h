/* SPDX-License-Identifier: MIT */
/*
 * What drivers and user space ask of an interrupt: allocate and request, free, set the affinity. After Linux 6.1
 * kernel/irq/manage.c and drivers/pci/msi/api.c. All take time on the calling thread's CPU.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_MANAGE_H
#define MSIRACE_MODELS_OS_IRQ_MANAGE_H

#include <stdbool.h>
#include <stdint.h>

struct kthread;
struct machine;

/* Before the run: allocates, activates and enables every vector of a device, without taking time. 0 or -ENOSPC. */
int irq_boot_device(struct machine *m, uint32_t device);

/*
 * The smp_affinity write: moves now where the contender's strategy moves in process context, else leaves the move to the
 * interrupt's next acknowledge. 0; -EBUSY; -ENOSPC; -EINVAL for a mask without an online CPU.
 */
int irq_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask);

/* The move itself, with the descriptor's lock held and interrupts off: what the acknowledge and CPU offline call. */
int irq_do_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask);

/* Allocates and requests vectors [first, end) of a device at run time: all or none. 0 or -ENOSPC. */
int irq_request_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/* Frees what was requested; vectors of the range that are not are left alone. */
void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end);

/* A managed interrupt that was shut down starts on a CPU of its mask that came back; the vector is set aside there. */
void irq_restart_managed(struct kthread *k, uint32_t desc);

/* The function's enable bit, as a driver's suspend and resume drive it. */
void irq_device_enable(struct kthread *k, uint32_t device, bool enable);

/* Mask and unmask at the chip, with the flush that Linux does on masking. Nothing where the device cannot mask. */
void irq_mask(struct kthread *k, uint32_t desc);
void irq_unmask(struct kthread *k, uint32_t desc);

/*
 * disable_irq() and enable_irq(): what arrives in between is marked pending, and sent again by the enable. The disable
 * returns when no handler of the interrupt runs. They do not nest.
 */
void irq_disable(struct kthread *k, uint32_t desc);
void irq_enable(struct kthread *k, uint32_t desc);

#endif
