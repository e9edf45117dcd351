/* SPDX-License-Identifier: MIT */
/*
 * The guest kernel's domain above the hypervisor's remapping, after Linux
 * drivers/pci/controller/pci-hyperv.c: a device with several MSI messages has one block of entries
 * for all of them, MSI-X one entry for each vector.
 */
#ifndef MSIRACE_MODELS_OS_HYPERV_DOMAIN_H
#define MSIRACE_MODELS_OS_HYPERV_DOMAIN_H

#include <stdint.h>

#include "models/hw/remap.h"

extern const struct remap_unit hyperv_unit;

/*
 * One entry of the block is led to the CPU and vector of desc: a request sees the old or the new
 * target.
 */
void hyperv_retarget(struct kthread *k, uint32_t desc);

/*
 * Deletes the block that desc belongs to, with the entries of its siblings, and asks for another
 * one, whose entries lead nowhere until each is retargeted. The device still sends the old message.
 */
void hyperv_delete_block(struct kthread *k, uint32_t desc);
void hyperv_create_block(struct kthread *k, uint32_t desc);

#endif
