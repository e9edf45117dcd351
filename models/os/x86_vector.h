/* SPDX-License-Identifier: MIT */
/*
 * The root domain of x86: vectors of the per-CPU spaces for irq_descs, over core/vector_matrix. After Linux 6.1
 * arch/x86/kernel/apic/vector.c: a move keeps the old vector live until its clean-up, and is refused (EBUSY) meanwhile.
 * What arrives at a vector that was given back is swallowed once (VECTOR_SHUTDOWN).
 *
 * Timers: one for each irq_desc, by its number: the clean-up of its old vector. Where the vector is still pending at the old
 * CPU (IRR), the contender's clean-up tries again.
 */
#ifndef MSIRACE_MODELS_OS_X86_VECTOR_H
#define MSIRACE_MODELS_OS_X86_VECTOR_H

#include "models/os/root_domain.h"

extern const struct root_domain x86_vector_domain;

#endif
