/* SPDX-License-Identifier: MIT */
/*
 * The root domain of RISC-V: identities of the harts' interrupt files for irq_descs, over
 * core/vector_matrix. After Linux 6.10 to 6.16 drivers/irqchip/irq-riscv-imsic-state.c and
 * irq-riscv-imsic-platform.c.
 *
 * The kernel keeps a record of each identity of each hart: whether it should be enabled, and the
 * other end of a move that is under way (move_next of the old one, move_prev of the new one). Only
 * a hart itself can reach its file's eie and eip bits, so whoever changes a record marks it dirty,
 * and its hart has to synchronise:
 *
 *   old hart: eie off; with looks_for_new, where the NEW identity is pending here: clear it, raise
 *             it again here if it is in use here, and write it to the new hart; where the old
 *             identity is pending: clear it and write the new one to the new hart; free the old one
 *   new hart: eie on; the move is over for it, with new_waits only when the old hart is through
 *
 * A move is refused (EBUSY) until the new hart's side is closed.
 *
 * Timers: one for each hart, numbered behind those of the sources: it synchronises at the second tick
 * where the change was made elsewhere, and again two ticks later where the new side still waits. The
 * timers of sources are never armed.
 *
 * Identities are allocated with the interrupt, not when it is requested: there is no reservation,
 * and managed interrupts set nothing aside. A hart that goes off line synchronises nothing any
 * more, nor does anybody else for it, until it is back: its file keeps what is pending.
 */
#ifndef MSIRACE_MODELS_OS_IMSIC_VECTOR_H
#define MSIRACE_MODELS_OS_IMSIC_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "models/os/root_domain.h"

/* The end of a move that is somewhere else; identity 0: none. */
struct imsic_end {
	uint16_t cpu;
	uint16_t identity;
};

struct imsic_vector {
	struct imsic_end move_next;   /* of an old identity: where it goes */
	struct imsic_end move_prev;   /* of a new identity: where it comes from */
	uint8_t enable;
	uint8_t pad[3];
};

extern const struct root_domain imsic_vector_domain;

/*
 * A new identity for desc on some online hart of the mask; desc and the record of who owns it are
 * changed, the interrupt file is not. same: only the same identity on another hart will do. 1:
 * assigned; 0: nothing to change; -EBUSY; -ENOSPC.
 */
int imsic_assign(struct kthread *k, uint32_t desc, const uint64_t *mask, bool same);

/*
 * The message leads to the identity that desc has now: moves the enable bit there from its old one,
 * and has both harts synchronise, at once on the thread's own CPU and by timers elsewhere.
 */
void imsic_move(struct kthread *k, uint32_t desc, uint32_t old_cpu, uint32_t old_identity);

/* Writes an identity into a hart's file, with raises that it stands for; from CPU from. */
void imsic_write(struct machine *m, uint32_t from, uint32_t cpu, uint32_t identity,
		 struct causes causes);

#endif
