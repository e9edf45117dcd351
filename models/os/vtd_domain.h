/* SPDX-License-Identifier: MIT */
/*
 * The kernel's domain above VT-d interrupt remapping: entries for devices, and what goes into them.
 */
#ifndef MSIRACE_MODELS_OS_VTD_DOMAIN_H
#define MSIRACE_MODELS_OS_VTD_DOMAIN_H

#include <stdbool.h>

#include "models/hw/remap.h"
#include "models/hw/vtd.h"

extern const struct remap_unit vtd_unit;

/* The entry that leads to the present CPU and vector of desc. */
struct irte vtd_entry_of(const struct machine *m, uint32_t desc);

/* The entry that posts desc to the vCPU that its device belongs to. */
struct irte vtd_posted_entry_of(const struct machine *m, uint32_t desc);

/*
 * Whether a move of desc has to leave the entry alone, because it posts to a vCPU and the contender
 * sees that.
 */
bool vtd_entry_is_kept(const struct machine *m, uint32_t desc);

#endif
