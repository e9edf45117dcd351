/* SPDX-License-Identifier: MIT */
/*
 * The root domain of x86: vectors of the per-CPU spaces for irq_descs, over core/vector_matrix. After Linux 6.1
 * arch/x86/kernel/apic/vector.c: a move keeps the old vector live until its clean-up, and is refused (EBUSY) meanwhile.
 *
 * A thread calls these with the vector lock held.
 */
#ifndef MSIRACE_MODELS_OS_X86_VECTOR_H
#define MSIRACE_MODELS_OS_X86_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

/* What an interrupt that is allocated but not requested has programmed: Linux's MANAGED_IRQ_SHUTDOWN_VECTOR. */
#define X86_SHUTDOWN_VECTOR 0xef

/*
 * A vector for desc on some online CPU of the mask: none where its present CPU will do. same: on the new CPU only the same
 * vector will do. Return: 1 assigned, 0 nothing to change, -EBUSY while an earlier move is not cleaned up, -ENOSPC.
 */
int x86_vector_assign(struct machine *m, uint32_t desc, const uint64_t *mask, bool same);

/* Allocation without a vector yet: reserved, or for a managed interrupt one set aside on each CPU of its mask. */
int x86_vector_reserve(struct machine *m, uint32_t desc);
void x86_vector_unreserve(struct machine *m, uint32_t desc);

/*
 * The vector of an interrupt that is requested: within its affinity on its node, its affinity, its node, any online CPU
 * (affinity broken). 0 or -ENOSPC.
 */
int x86_vector_activate(struct machine *m, uint32_t desc);

/* Gives both vectors back; what still arrives at them is swallowed once (VECTOR_SHUTDOWN). */
void x86_vector_deactivate(struct machine *m, uint32_t desc);

/* An interrupt of desc arrived at cpu: the first one on the new CPU lets the clean-up of the old vector begin. */
void x86_vector_arrived(struct machine *m, uint32_t desc, uint32_t cpu);

/*
 * The clean-up itself, on the old CPU: where the old vector is still pending there (IRR) it is tried again a tick later,
 * else it is freed.
 */
void x86_vector_cleanup(struct machine *m, uint32_t desc);

/* Frees the old vector of desc, whatever is pending; its slot becomes VECTOR_UNUSED. */
void x86_vector_free_previous(struct machine *m, uint32_t desc);

/* Vectors allocated in all, and those among them that no descriptor owns. */
void x86_vector_count(const struct machine *m, uint64_t *in_use, uint64_t *leaked);

/* Whether the CPUs other than cpu have vectors for the interrupts that cpu would leave behind. */
bool x86_vector_can_offline(const struct machine *m, uint32_t cpu);

#endif
