/* SPDX-License-Identifier: MIT */
#ifndef MSIRACE_MODELS_STRATEGIES_X86_TEMPORARY_H
#define MSIRACE_MODELS_STRATEGIES_X86_TEMPORARY_H

#include <stdint.h>

struct kthread;

/*
 * Writes the message of desc, which has its new vector, by way of {old_cpu, new vector}, sends on what arrived under that,
 * and ends the move. Safe on old_cpu with interrupts off.
 */
int x86_write_careful(struct kthread *k, uint32_t desc, uint32_t old_cpu);

#endif
