/* SPDX-License-Identifier: MIT */
/* A thread of the software plane: where it runs. What it does is a function over the verbs of os/kapi.h. */
#ifndef MSIRACE_MODELS_OS_KTHREAD_H
#define MSIRACE_MODELS_OS_KTHREAD_H

#include <stdint.h>

struct machine;

struct kthread {
	struct machine *machine;
	uint16_t number;
	uint16_t cpu;
	uint8_t irq_context;     /* runs inside an interrupt: the CPU's interrupts are off, nothing steals its time */
	uint8_t has_cpu;
	uint8_t waiting_cpu;     /* queued for its CPU */
	uint8_t waiting_lock;    /* spins on a lock */
	uint8_t waiting_flush;   /* queued for the invalidation queue */
	uint32_t waiting_handler; /* irq_desc + 1 whose handler has to end */
	uint32_t waiting_writes; /* device + 1 that its own posted writes have to reach before its read does */
	uint32_t waiting_device; /* device + 1 whose messages have to arrive before its completion does */
	uint32_t waiting_messages;
	uint32_t work;           /* irq_context: the irq_desc that its CPU's interrupt has to move */
	uint64_t observed;       /* running hash of all that it has read */
};

#endif
