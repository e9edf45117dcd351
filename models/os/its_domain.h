/* SPDX-License-Identifier: MIT */
/*
 * The kernel's domain above an ITS: which commands map, move, mask and unmap the event of an
 * irq_desc. After Linux 6.12 drivers/irqchip/irq-gic-v3-its.c: every command but MAPD is followed
 * by SYNC, and waited for.
 */
#ifndef MSIRACE_MODELS_OS_ITS_DOMAIN_H
#define MSIRACE_MODELS_OS_ITS_DOMAIN_H

#include "models/hw/remap.h"

extern const struct remap_unit its_unit;

/* MOVI, SYNC: the event of desc leads to the CPU that desc has now, with what is pending. */
void its_move(struct kthread *k, uint32_t desc);

#endif
