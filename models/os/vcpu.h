/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's hypervisor does with vCPUs that devices post interrupts to: run, preempt,
 * block, wake, and what happens to interrupts that arrive meanwhile. After Linux 6.12
 * arch/x86/kvm/vmx/posted_intr.c and arch/x86/kvm/x86.c.
 *
 *   state      SN   NV             NDST              an interrupt that is posted
 *   runs       0    notification   its CPU           the CPU in guest mode takes it without an exit
 *   preempted  1    notification   where it was      stays in the PIR; on the return ON is computed again and the VM entry
 *                                                    sees it
 *   blocked    0    wake-up        where it blocked  the host's handler of that vector wakes it
 */
#ifndef MSIRACE_MODELS_OS_VCPU_H
#define MSIRACE_MODELS_OS_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct hw_event;
struct kthread;
struct machine;

enum vcpu_state { VCPU_RUNS, VCPU_PREEMPTED, VCPU_BLOCKED };

#define VCPU_FOR_EVER UINT64_MAX

/* Before the run: what the descriptors hold, and which guest vectors the devices have. */
void vcpu_init(struct machine *m);

/* A vCPU that runs for ever from now on, with no thread of its own. */
void vcpu_start(struct machine *m, uint32_t vcpu);

/*
 * Of the thread that runs the vCPU, which has its CPU. Runs the guest for that long, the time of
 * interrupts included, and gives the CPU to other threads that want it; with halts, on until the
 * guest has nothing to do.
 */
void vcpu_run(struct kthread *k, uint32_t vcpu, uint64_t time_ps, bool halts);

/* Another thread of the host has the CPU for that long. */
void vcpu_preempt(struct kthread *k, uint32_t vcpu, uint64_t time_ps);

/* The guest has halted: until an interrupt for it comes, or that long. */
void vcpu_block(struct kthread *k, uint32_t vcpu, uint64_t time_ps);

/*
 * From any thread: APIC virtualization of a vCPU, from its next VM entry on, which this brings
 * about.
 */
void vcpu_set_apicv(struct kthread *k, uint32_t vcpu, bool on);

/* The way back into guest mode begins; interrupts may still come before it ends. */
void vcpu_enter(struct machine *m, uint32_t vcpu);

/* HW_VCPU. */
void vcpu_event(struct machine *m, const struct hw_event *event);

/* The host takes one of its own vectors for posted interrupts; false for any other vector. */
bool vcpu_takes_host_vector(struct machine *m, uint32_t cpu);

/* Whether a source's interrupts are a guest's. */
bool vcpu_owns(const struct machine *m, uint32_t source);

/*
 * The host's handler of a guest's interrupt runs on a CPU: it passes the interrupt on by way of its
 * event counter.
 */
void vcpu_forward(struct machine *m, uint32_t cpu, uint32_t source, struct causes *causes);

/* Whether the thread runs its vCPU's guest: it is blocked then, and waits for nothing. */
bool vcpu_runs_in(const struct kthread *k);

/* A thread waits for its CPU: a vCPU there gives way, to another vCPU after one jiffy. */
void vcpu_give_way(struct kthread *k);

/*
 * Who gets a CPU that is free: of the threads that wait for it, a vCPU's only after all others.
 * THREAD_NONE: nobody.
 */
uint32_t vcpu_next_thread(const struct machine *m, uint32_t cpu);

#endif
