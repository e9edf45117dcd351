/* SPDX-License-Identifier: MIT */
/*
 * The root domains of Arm: LPIs and SPIs for irq_descs. A number is the machine's, whatever the
 * CPU, so a move changes only the CPU and leaves no old vector behind.
 *
 * Which CPU of a mask: an LPI goes to the one with the fewest LPIs, first among those of its
 * device's node (Linux 6.12 drivers/irqchip/irq-gic-v3-its.c); an SPI to the lowest one (irq-gic.c,
 * irq-gic-v3.c).
 */
#ifndef MSIRACE_MODELS_OS_GIC_DOMAIN_H
#define MSIRACE_MODELS_OS_GIC_DOMAIN_H

#include "models/os/root_domain.h"

extern const struct root_domain lpi_domain;
extern const struct root_domain spi_domain;

/* Takes the machine's system vectors out of the numbers. */
void gic_domain_init(struct machine *m);

#endif
