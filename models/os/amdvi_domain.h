/* SPDX-License-Identifier: MIT */
/*
 * The kernel's domain above AMD-Vi interrupt remapping: what goes into the entries, and what makes
 * the hardware see it.
 */
#ifndef MSIRACE_MODELS_OS_AMDVI_DOMAIN_H
#define MSIRACE_MODELS_OS_AMDVI_DOMAIN_H

#include "models/hw/amdvi.h"
#include "models/hw/remap.h"

extern const struct remap_unit amdvi_unit;

/* The entry that leads to the present CPU and vector of desc. */
struct irte amdvi_entry_of(const struct machine *m, uint32_t desc);

/* INVALIDATE_INTERRUPT_TABLE of the device of desc, all of its entries, and COMPLETION_WAIT. */
void amdvi_flush(struct kthread *k, uint32_t desc);

#endif
