/* SPDX-License-Identifier: MIT */
/*
 * The kernel's interrupt descriptor with its chip data of the vector domain. There is one for each interrupt source, in use
 * while the source's interrupt is allocated.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_DESC_H
#define MSIRACE_MODELS_OS_IRQ_DESC_H

#include <stdint.h>

#include "models/raise.h"

#define DESC_NONE UINT32_MAX

/* What vector_irq[cpu][vector] holds besides a descriptor's number. */
#define VECTOR_UNUSED UINT32_MAX
#define VECTOR_SHUTDOWN (UINT32_MAX - 1)
#define VECTOR_RETRIGGERED (UINT32_MAX - 2)
#define VECTOR_SYSTEM (UINT32_MAX - 3)

enum desc_flag {
	DESC_ALLOCATED = 0x1,
	DESC_STARTED = 0x2,          /* requested: it has an action */
	DESC_DISABLED = 0x4,         /* disable_irq() */
	DESC_IN_PROGRESS = 0x8,
	DESC_PENDING = 0x10,         /* IRQS_PENDING: replay when the running handler is done */
	DESC_MASKED = 0x20,          /* as the kernel believes */
	DESC_MOVE_PENDING = 0x40,    /* a deferred move waits for the next acknowledge */
	DESC_MANAGED = 0x80,
	DESC_MOVE_IN_PROGRESS = 0x100, /* the old vector is still live */
	DESC_CLEANUP_QUEUED = 0x200,
	DESC_AFFINITY_BROKEN = 0x400,
	DESC_CAN_RESERVE = 0x800,    /* irqd_can_reserve(): reservation mode, set for MSI that can be masked */
	DESC_RESERVED = 0x1000,      /* counted in the vector space, no vector yet */
	DESC_SHUT_DOWN = 0x2000,     /* managed, and every CPU of its mask is off line */
	DESC_DEACTIVATED = 0x4000    /* without its handler since free_irq(), and with the vector that it cannot give back */
};

struct irq_desc {
	uint16_t flags;
	uint16_t lock;            /* thread + 1 that holds it; 0: free */
	uint16_t spinners;        /* CPUs that wait for the lock in interrupt context */
	uint16_t cpu;             /* target, CPU_NONE before the first activation */
	uint16_t previous_cpu;
	uint16_t handler_cpu;     /* where it is in progress; 0 while it is not */
	uint32_t vector;          /* 0: none */
	uint32_t previous_vector; /* 0: none */
	uint8_t pending_origin;   /* enum run_origin of what DESC_PENDING stands for */
	uint8_t pad;
	uint16_t set_up_by;       /* thread + 1 that has allocated it and not programmed its message yet; 0: none */
	uint32_t entry;           /* its remap-table entry */
	struct causes pending;    /* raises that DESC_PENDING stands for */
};

#endif
