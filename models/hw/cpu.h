/* SPDX-License-Identifier: MIT */
/*
 * A CPU as interrupts see it: whether it takes one now, what it is in, and the time that it loses to them.
 *
 * Events: an interrupt controller sets a pending bit and calls cpu_poll(). Where the CPU can be interrupted that posts
 * HW_IRQ_TAKEN at once: the highest pending vector goes in service (where the kernel claims it, that waits for the kernel),
 * and the CPU is in interrupt context with interrupts off until the handler's end. irq_entry later HW_IRQ_DISPATCHED looks
 * the vector up, and the flow of os/irq_flow.c goes on from there.
 */
#ifndef MSIRACE_MODELS_HW_CPU_H
#define MSIRACE_MODELS_HW_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct machine;

/* How far another CPU's stop_machine() has this one: first its threads stand still, then its interrupts are off too. */
enum cpu_stopped { CPU_RUNS, CPU_THREADS_STOPPED, CPU_STOPPED };

/* What an interrupt waits for: its irq_desc's lock, in the flow before its handler or behind it, or the vector lock. */
enum cpu_spin { SPIN_NONE, SPIN_BEFORE_HANDLER, SPIN_AFTER_HANDLER, SPIN_ON_VECTOR_LOCK };

struct cpu {
	uint8_t controller_enabled;  /* the local APIC's software enable, the IMSIC file's delivery enable */
	uint8_t in_irq;
	uint8_t take_posted;
	uint8_t irqs_off;            /* depth, of the thread that runs here */
	uint8_t stopped;             /* enum cpu_stopped */
	uint8_t spinning;            /* in interrupt context: enum cpu_spin */
	uint8_t origin;              /* enum run_origin of the interrupt in service */
	uint16_t running;            /* thread + 1 that has the CPU; 0: idle */
	uint16_t parked;             /* thread + 1 whose step waits for the end of the interrupt */
	uint16_t vcpu;               /* + 1 that the running thread has loaded; 0: none */
	uint16_t guest;              /* the same, while the CPU is in guest mode */
	uint32_t vector;             /* in service, while in_irq */
	uint32_t slot_read;          /* vector_irq[] as the interrupt entry has read it */
	uint32_t desc;               /* the irq_desc whose flow runs here */
	uint32_t timers_due;         /* timers that wait until the CPU can be interrupted */
	struct causes causes;        /* of the interrupt in service */
	uint64_t irq_began_ps;
	uint64_t stolen_ps;          /* interrupt time so far */
};

/* Whether the CPU would take an interrupt now, given a pending one of sufficient priority. */
bool cpu_interruptible(const struct machine *m, uint32_t cpu);

/* Looks whether there is something to take; called whenever a bit was set or an obstacle went away. */
void cpu_poll(struct machine *m, uint32_t cpu);

/* HW_IRQ_TAKEN. */
void cpu_take_interrupt(struct machine *m, uint32_t cpu);

/*
 * The CPU, in interrupt context, takes its next pending vector: withdrawn from the pending bits, its raises are the
 * interrupt's. False where there is none.
 */
bool cpu_claim(struct machine *m, uint32_t cpu);

/* Back from interrupt context: parked thread, due timers, the next interrupt. */
void cpu_irq_exit(struct machine *m, uint32_t cpu);

/* Whether a thread that has the CPU has to wait: an interrupt runs, or the CPU is stopped. */
bool cpu_withheld(const struct machine *m, uint32_t cpu);

/*
 * The two stages of a stop, each true where it is reached: the threads of the CPU stand still, if none is in a critical
 * section; its interrupts are off, if it is not in one.
 */
bool cpu_stop_threads(struct machine *m, uint32_t cpu);
bool cpu_stop(struct machine *m, uint32_t cpu);
void cpu_resume(struct machine *m, uint32_t cpu);

/* Of the thread that runs on the CPU; they nest. */
void cpu_irqs_disable(struct machine *m, uint32_t cpu);
void cpu_irqs_enable(struct machine *m, uint32_t cpu);

#endif
