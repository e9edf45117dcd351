/* SPDX-License-Identifier: MIT */
/*
 * What lies between CPUs and devices. Upstream: messages, in order for each device up to the root complex, from there through
 * the remap hardware to the CPU's interrupt controller. Downstream: posted writes, in order for each CPU and device.
 *
 * A completion never overtakes a message of the same device (PCIe base specification 6.0, section 2.4.1), so a read, and a
 * configuration access of either direction, returns only when the device's earlier messages are at the root complex; on an
 * ordered fabric that includes the CPU's interrupt controller.
 */
#ifndef MSIRACE_MODELS_HW_FABRIC_H
#define MSIRACE_MODELS_HW_FABRIC_H

#include <stdint.h>

#include "models/hw/device.h"

struct hw_event;
struct kthread;

/* A device's message leaves; causes go with it. */
void fabric_send(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes);

/* HW_MESSAGE_ARRIVES and HW_FABRIC_DELIVERS. */
void fabric_message_arrives(struct machine *m, const struct hw_event *event);
void fabric_delivers(struct machine *m, const struct hw_event *event);

/* A remapped or unremapped request goes on to its CPU. */
void fabric_deliver(struct machine *m, uint32_t device, uint32_t cpu, uint32_t vector, struct causes causes);

/* A request ends here: its raises are lost. */
void fabric_drop(struct machine *m, uint32_t device, struct causes causes, enum loss loss);

/* A request ends in memory: it pushes as far as one that reached a CPU. */
void fabric_ends(struct machine *m, uint32_t device);

/* A posted write of cpu leaves; HW_WRITE_LANDS makes it land. */
void fabric_post_write(struct machine *m, uint32_t cpu, uint32_t device, uint32_t vector, enum device_register reg,
		       uint32_t value);
void fabric_write_lands(struct machine *m, const struct hw_event *event);

/* Returns when every posted write of the thread's CPU to the device has landed. */
void fabric_wait_writes(struct kthread *k, uint32_t device);

/* A completion leaves the device: returns to the thread when the messages that the device has sent by now are through. */
void fabric_wait_completion(struct kthread *k, uint32_t device);

#endif
