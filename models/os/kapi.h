/* SPDX-License-Identifier: MIT */
/*
 * The verbs that strategies are written in: what kernel code can do to the hardware, and the time that it takes. A thread
 * consumes time only here. Each verb that touches shared state is one step: the touch happens at one instant, after the
 * part of its cost that lies before it; other threads and the hardware run between steps.
 *
 * Where a verb returns a value, the thread has read it from the machine; kapi_observe() notes what a thread learns by any other
 * way, so that `check` can tell apart two threads that know different things.
 */
#ifndef MSIRACE_MODELS_OS_KAPI_H
#define MSIRACE_MODELS_OS_KAPI_H

#include <stdbool.h>
#include <stdint.h>

#include "models/machine.h"

/* CPU time on nothing shared. */
void k_work(struct kthread *k, uint64_t cost_ps);

/*
 * CPU time that outlasts what is under way: every message and IPI that was sent before has arrived at its CPU afterwards.
 * How long that has to be is the caller's assumption about the machine.
 */
void k_settle(struct kthread *k, uint64_t cost_ps);

/* The step before an access to memory, or to a register of the CPU itself: next to no time beside a device's registers. */
void k_access(struct kthread *k);

/* Gives up the CPU for at least that long. */
void k_sleep(struct kthread *k, uint64_t time_ps);

/* Takes and gives back the CPU that the thread shall run on; k_migrate() changes to another one. */
void k_cpu_get(struct kthread *k);
void k_cpu_put(struct kthread *k);
void k_migrate(struct kthread *k, uint32_t cpu);

/* Interrupts of the thread's CPU; they nest. */
void k_irq_save(struct kthread *k);
void k_irq_restore(struct kthread *k);

/* Raw spinlocks: of an irq_desc, and the vector lock. With interrupts off. */
void k_desc_lock(struct kthread *k, uint32_t desc);
void k_desc_unlock(struct kthread *k, uint32_t desc);
void k_vector_lock(struct kthread *k);
void k_vector_unlock(struct kthread *k);

/*
 * Configuration space: not posted. The write is at the device half its time after the start, and the thread goes on when
 * the completion is back.
 */
void k_cfg_write(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg, uint32_t value);
uint32_t k_cfg_read(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg);

/* A function-level reset, through configuration space (device_reset()). */
void k_device_reset(struct kthread *k, uint32_t device);

/* Memory space: writes are posted and stay in order; a read waits for the writes before it, and for the device's messages. */
void k_mmio_write(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg, uint32_t value);
uint32_t k_mmio_read(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg);

/*
 * An index-less message: written into the queue's context in memory, whole, then a command tells the device to read it. Until
 * the command is done the device uses the message that it had. Waits for that.
 */
void k_context_message(struct kthread *k, uint32_t source, struct msi_message message);

/* Whether the vector is pending at the thread's own CPU. */
bool k_irr_pending(struct kthread *k, uint32_t vector);

/*
 * Sends the vector of desc to its CPU in place of a message that source's raise set pending on the thread's own CPU under
 * pending_vector. The bit there stays; the raises of that source that it holds go with the IPI.
 */
void k_retrigger(struct kthread *k, uint32_t desc, uint32_t pending_vector);

/* A remap-table entry, in one store. */
void k_irte_write(struct kthread *k, uint32_t entry, const struct irte *irte, uint32_t source);
struct irte k_irte_read(struct kthread *k, uint32_t entry);

/* Invalidation of one cached entry, or of [first, first + count), and the wait until it is done. */
void k_irte_flush(struct kthread *k, uint32_t entry);
void k_irte_flush_range(struct kthread *k, uint32_t first, uint32_t count);

/* The property of an LPI in the table in memory, which the GIC reads again after INV. */
void k_lpi_property(struct kthread *k, uint32_t lpi, uint32_t property);

/* Queues a command of the ITS and, but for MAPD, a SYNC behind it, and waits until that is carried out. */
void k_its_command(struct kthread *k, const struct its_command *command);

/* The same for INT, which carries on what the descriptor's DESC_PENDING stands for. */
void k_its_resend(struct kthread *k, uint32_t desc, const struct its_command *command);

/* Registers of the distributor, for one SPI. Enabling is one write; disabling waits until the distributor reports it. */
void k_spi_route(struct kthread *k, uint32_t spi, uint32_t cpu);
void k_spi_enable(struct kthread *k, uint32_t spi, bool enable);

/* A call to the hypervisor: what the thread does next, the hypervisor has done for it. */
void k_hypercall(struct kthread *k);

/* Sends the interrupt of desc, which is marked pending, to its CPU again. */
void k_resend(struct kthread *k, uint32_t desc);

/*
 * The control half of a vCPU's posted-interrupt descriptor, in one compare-exchange; the ON bit at that moment. And ON set
 * where the PIR is not empty.
 */
bool k_posted_control(struct kthread *k, uint32_t vcpu, struct posted_control control);
void k_posted_recompute(struct kthread *k, uint32_t vcpu);

/* Whether the vCPU's interrupts are to be virtualized from its next VM entry on. */
void k_vcpu_apicv(struct kthread *k, uint32_t vcpu, bool on);

/* Folds a value that the thread has learned into what it knows. */
void kapi_observe(struct kthread *k, uint64_t value);

/* A step that changes the kernel's own state and that a reader of the interleaving should see. */
void k_note(struct kthread *k, const char *text, uint32_t source, uint32_t cpu, uint32_t value);

#endif
