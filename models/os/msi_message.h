/* SPDX-License-Identifier: MIT */
/* Composing a message for an interrupt, and writing it into its device. */
#ifndef MSIRACE_MODELS_OS_MSI_MESSAGE_H
#define MSIRACE_MODELS_OS_MSI_MESSAGE_H

#include <stdint.h>

struct kthread;
struct machine;

struct msi_message {
	uint32_t address_lo;
	uint32_t address_hi;
	uint32_t data;
};

/* The message that makes the vector pending at the CPU. */
struct msi_message msi_compose(const struct machine *m, uint32_t cpu, uint32_t vector);

/*
 * Writes a message as Linux does. PCI MSI: control read and written back, address low, high where it has 64 bits, data,
 * control read. MSI-X: masked if it is not, address low, high, data, mask restored, read back.
 */
void msi_write_message(struct kthread *k, uint32_t desc, struct msi_message message);

/* The parts, for strategies that write them in another order or under another protection. */
void msi_write_address(struct kthread *k, uint32_t desc, struct msi_message message);
void msi_write_data(struct kthread *k, uint32_t desc, struct msi_message message);
void msi_write_control(struct kthread *k, uint32_t desc, uint32_t control);
void msi_write_flush(struct kthread *k, uint32_t desc);

#endif
