/* SPDX-License-Identifier: MIT */
/* Composing a message for an interrupt, and writing it into its device. */
#ifndef MSIRACE_MODELS_OS_MSI_MESSAGE_H
#define MSIRACE_MODELS_OS_MSI_MESSAGE_H

#include <stdint.h>

#include "models/hw/device.h"

struct kthread;

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
