/* SPDX-License-Identifier: MIT */
/*
 * Guest mode of a CPU: a vCPU runs on it, takes virtual interrupts out of its virtual IRR, and runs
 * its handlers. Intel SDM volume 3, chapter 30 "APIC Virtualization and Virtual Interrupts".
 *
 * Events, HW_VCPU, each void where its generation is not the vCPU's: VCPU_ENTERS, the VM entry is
 * complete; VCPU_IRQ, the guest has entered its kernel for a virtual interrupt, or its handler
 * ends; VCPU_TIMER, the vCPU's time is up; VCPU_SLICE, another vCPU has waited for the CPU long
 * enough. The guest stands still while the CPU is not in guest mode.
 */
#ifndef MSIRACE_MODELS_HW_GUEST_MODE_H
#define MSIRACE_MODELS_HW_GUEST_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/hw/posted.h"
#include "models/raise.h"

struct machine;
struct hw_event;

enum vcpu_event { VCPU_ENTERS, VCPU_IRQ, VCPU_TIMER, VCPU_SLICE, VCPU_EVENTS };

enum guest_irq { GUEST_IDLE, GUEST_IN_ENTRY, GUEST_IN_HANDLER };

struct vcpu {
	uint64_t irr[POSTED_WORDS];          /* virtual interrupts that are requested */
	uint64_t by_software[POSTED_WORDS];  /* of these and of the PIR, those that the host's software asked for first */
	uint8_t state;          /* enum vcpu_state, os/vcpu.h */
	uint8_t apicv;          /* as the host wants it */
	uint8_t virtualized;    /* as the CPU has it since the last VM entry: notifications are processed without an exit */
	uint8_t irq;            /* enum guest_irq */
	uint8_t vector;         /* of that interrupt */
	uint8_t origin;         /* enum run_origin of it */
	uint8_t time_up;        /* VCPU_TIMER has come */
	uint8_t halting;        /* its thread waits until the guest has nothing to do */
	uint8_t wanted;         /* another thread wants the CPU */
	uint8_t slice;          /* enum vcpu_slice, os/vcpu.c: another vCPU wants it */
	uint8_t woken;
	uint16_t cpu;           /* where it runs, or ran last */
	uint16_t thread;        /* + 1 that runs it; 0: it runs for ever, without one */
	uint16_t place;         /* among the vCPUs, when several wait for a CPU: the lowest gets it */
	uint8_t pad[3];
	uint32_t generation[VCPU_EVENTS];
	uint64_t irq_ps;        /* in guest mode: when the entry or the handler ends; outside: how long it still takes */
	struct causes causes;   /* of the interrupt in entry */
};

/* Makes a vCPU's event happen, in place of an earlier one of its kind; vcpu_cancel(): none. */
void vcpu_arm(struct machine *m, uint32_t vcpu, enum vcpu_event event, uint64_t delay_ps);
void vcpu_cancel(struct machine *m, uint32_t vcpu, enum vcpu_event event);

/*
 * The VM entry is complete: virtual interrupts that are requested, and a notification that came
 * meanwhile, are seen.
 */
void guest_enter(struct machine *m, uint32_t vcpu);

/* Leaves guest mode; true where the CPU was in it. */
bool guest_exit(struct machine *m, uint32_t cpu);

/* Whether the CPU, in guest mode, deals with this vector without an exit; it has done so then. */
bool guest_takes(struct machine *m, uint32_t cpu, uint32_t vector);

/* VCPU_IRQ. */
void guest_irq_goes_on(struct machine *m, uint32_t vcpu);

/* Nothing is requested, in service or in a handler. */
bool guest_idle(const struct machine *m, uint32_t vcpu);

#endif
