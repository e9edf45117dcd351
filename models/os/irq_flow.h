/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does with an interrupt that a CPU has taken: look the vector up, the edge flow with its deferred move in
 * the acknowledge, the handler, the replay; on Arm the fasteoi flow. After Linux 6.1 and 6.12 arch/x86/kernel/irq.c and
 * kernel/irq/chip.c.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_FLOW_H
#define MSIRACE_MODELS_OS_IRQ_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct machine_config;
struct kthread;

/*
 * HW_IRQ_DISPATCHED: the kernel has been entered for the vector in service, or, where it claims
 * vectors itself, to find one. again: it has been entered before. One that claims its vectors looks
 * for another one; one with a setup strategy has found no descriptor in the slot slot_gap ago, and
 * is about to clear it.
 */
void irq_dispatch(struct machine *m, uint32_t cpu, bool again);

/*
 * HW_HANDLER_ENDS: the device's handler returns. The edge flow replays it once for what came in between, the fasteoi flow
 * sends that again; then the CPU leaves.
 */
void irq_handler_ends(struct machine *m, uint32_t cpu);

/* A descriptor's lock was released: CPUs that spin on it in interrupt context go on. */
void irq_desc_unlocked(struct machine *m, uint32_t desc);

/* The vector lock was released: the same. */
void irq_vector_unlocked(struct machine *m);

/* Whether an interrupt of such a machine can find work for its CPU's interrupt-context thread. */
bool irq_context_has_work(const struct machine_config *config);

/* Body of the interrupt-context thread of a CPU: the deferred move or the resend that its interrupt found, for ever. */
void irq_context_thread(struct kthread *k);

#endif
