/* SPDX-License-Identifier: MIT */
/*
 * Kernel timers: bound to a CPU, run at a tick when that CPU can be interrupted and the vector lock is free. All of them are
 * armed for jiffies + 1, and the timer wheel rounds up by one more so that none fires early (calc_index() in Linux
 * kernel/time/timer.c): they come at the second tick, (1, 2] jiffies later, and 2 where a tick is what armed them.
 *
 * Timers: one for each irq_desc, by its number: the clean-up of its old vector. It re-arms itself where
 * the vector is still pending at that CPU. Behind them those of the root domain.
 */
#ifndef MSIRACE_MODELS_OS_TIMER_H
#define MSIRACE_MODELS_OS_TIMER_H

#include <stdint.h>

struct machine;
struct hw_event;

struct kernel_timer {
	uint16_t cpu;
	uint8_t armed;
	uint8_t due;          /* expired while its CPU could not run it */
	uint32_t generation;  /* cancellations: tells an expiry that was cancelled from the one that is armed */
};

/* Arms a timer that is not armed, for the second tick of cpu from now. */
void timer_arm(struct machine *m, uint32_t number, uint32_t cpu);

/* Runs a timer on cpu as soon as that CPU can be interrupted. */
void timer_arm_now(struct machine *m, uint32_t number, uint32_t cpu);

void timer_cancel(struct machine *m, uint32_t number);

/* HW_TIMER. */
void timer_expires(struct machine *m, const struct hw_event *event);

/* The CPU can be interrupted again, or the vector lock is free: timers that expired meanwhile run now. */
void timers_run_due(struct machine *m, uint32_t cpu);

#endif
