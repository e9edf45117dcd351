/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does with an interrupt that a CPU has taken: look the vector up, the edge flow with its deferred move in
 * the acknowledge, the handler, the replay. After Linux 6.1 arch/x86/kernel/irq.c and kernel/irq/chip.c.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_FLOW_H
#define MSIRACE_MODELS_OS_IRQ_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct kthread;

/*
 * HW_IRQ_DISPATCHED: the kernel has been entered for the vector in service. Where its slot holds no descriptor, again with
 * again set, slot_gap later: the slot is cleared.
 */
void irq_dispatch(struct machine *m, uint32_t cpu, bool again);

/* HW_HANDLER_ENDS: the device's handler returns; replays once for each raise that came in between, then leaves. */
void irq_handler_ends(struct machine *m, uint32_t cpu);

/* A descriptor's lock was released: CPUs that spin on it in interrupt context go on. */
void irq_desc_unlocked(struct machine *m, uint32_t desc);

/* The vector lock was released: the same. */
void irq_vector_unlocked(struct machine *m);

/* Body of the interrupt-context thread of a CPU: carries out the deferred move that its interrupt found, for ever. */
void irq_context_thread(struct kthread *k);

#endif
