/* SPDX-License-Identifier: MIT */
/*
 * The kernel's domain above a frame that turns messages into SPIs: after Linux 6.12 irq-gic-v2m.c
 * and irq-gic-v3-mbi.c.
 */
#ifndef MSIRACE_MODELS_OS_V2M_DOMAIN_H
#define MSIRACE_MODELS_OS_V2M_DOMAIN_H

#include "models/hw/remap.h"

extern const struct remap_unit v2m_unit;

#endif
