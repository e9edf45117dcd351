/* SPDX-License-Identifier: MIT */
/*
 * The affinity of an interrupt, and its mask. After Linux 6.1 kernel/irq/manage.c. All take time on the calling thread's
 * CPU.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_MANAGE_H
#define MSIRACE_MODELS_OS_IRQ_MANAGE_H

#include <stdbool.h>
#include <stdint.h>

struct kthread;
struct machine;

/*
 * The smp_affinity write: moves now where the contender's strategy moves in process context, else leaves the move to the
 * interrupt's next acknowledge; so it does with one that comes while an earlier one is not finished or still pending. An
 * interrupt that waits for its request, without a vector or since free_irq(), only gets another mask to start with. 0; -EBUSY
 * where the kernel knows no pending moves; -ENOSPC; -EINVAL for a mask without an online CPU; -EIO for a managed interrupt.
 */
int irq_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask);

/* The move itself, with the descriptor's lock held and interrupts off: what the acknowledge and CPU offline call. */
int irq_do_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask);

/*
 * A request starts the interrupt, which has its CPU: its affinity keeps only the CPUs that are on line and, where there are
 * any, those of the device's node. That is what a later CPU offline works with. irq_setup_affinity(), without the second
 * attempt to move where the first one found no vector there.
 */
void irq_setup_affinity(struct machine *m, uint32_t desc);

/* Whether a CPU of the mask is on line. */
bool irq_mask_reaches_online(const struct machine *m, const uint64_t *mask);

/*
 * Mask and unmask, with the flush that Linux does on masking: at the device where it can, and at the parent where that one
 * can (Arm). Nothing where neither can.
 */
void irq_mask(struct kthread *k, uint32_t desc);
void irq_unmask(struct kthread *k, uint32_t desc);

/* Returns when no handler of the interrupt runs; the descriptor's lock is not held. */
void irq_synchronize(struct kthread *k, uint32_t desc);

/*
 * disable_irq() and enable_irq(): what arrives in between is marked pending, and sent again by the enable. The disable
 * returns when no handler of the interrupt runs. They do not nest.
 */
void irq_disable(struct kthread *k, uint32_t desc);
void irq_enable(struct kthread *k, uint32_t desc);

#endif
