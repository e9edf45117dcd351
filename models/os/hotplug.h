/* SPDX-License-Identifier: MIT */
/* CPUs going off line and coming back: what a strategy of that slot does, and the frame around it. */
#ifndef MSIRACE_MODELS_OS_HOTPLUG_H
#define MSIRACE_MODELS_OS_HOTPLUG_H

#include <stdint.h>

struct kthread;

/*
 * Takes a CPU down, on a thread that runs on it: refused (-ENOSPC) where the remaining CPUs lack vectors or it is the
 * last one (-EBUSY). -EINVAL where it is down already.
 */
int hotplug_offline(struct kthread *k, uint32_t cpu);

int hotplug_online(struct kthread *k, uint32_t cpu);

#endif
