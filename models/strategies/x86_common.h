/* SPDX-License-Identifier: MIT */
/* The two ends that every move of an x86 vector has, and the message between them. */
#ifndef MSIRACE_MODELS_STRATEGIES_X86_COMMON_H
#define MSIRACE_MODELS_STRATEGIES_X86_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include "models/os/msi_message.h"

struct kthread;

/* Assigns the new vector under the vector lock, as x86_vector_assign(); same: only the same vector will do. */
int x86_begin_move(struct kthread *k, uint32_t desc, const uint64_t *mask, bool same);

/* The new message is in place: hands the old vector to the contender's clean-up. Returns 1, moved. */
int x86_end_move(struct kthread *k, uint32_t desc);

/* The message of desc as it is assigned now. */
struct msi_message x86_message(const struct kthread *k, uint32_t desc);

/* Chip mask and unmask where the interrupt is not masked anyhow (the deferred move masks it). */
void x86_mask(struct kthread *k, uint32_t desc);
void x86_unmask(struct kthread *k, uint32_t desc);

#endif
