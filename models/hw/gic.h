/* SPDX-License-Identifier: MIT */
/*
 * The Arm GIC as a CPU sees it: LPIs in the redistributors, SPIs in the distributor. GIC
 * architecture specification, Arm IHI 0069H, chapters 4 to 6.
 *
 * An interrupt has one number for the whole machine (vector is its INTID: LPIs from 8192, SPIs 32
 * to 1019) and is pending at one CPU at a time: an LPI at the redistributor that its collection
 * names, an SPI where the distributor routes it. What makes the two differ is the active state: an
 * SPI that is active is not taken again anywhere until its end of interrupt. An LPI has none, so it
 * can be taken on another CPU while its handler runs.
 */
#ifndef MSIRACE_MODELS_HW_GIC_H
#define MSIRACE_MODELS_HW_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "models/hw/controller.h"

struct machine;
struct state_layout;

/* A configuration byte, as of the LPI tables: priority 7:2, lower ones first; enable bit 0. */
#define GIC_ENABLED 0x01u
#define GIC_PRIORITY 0xfcu
#define GIC_PRIORITY_DEFAULT 0xa0u

/* Indexed by the machine's vectors, from vector_base. */
struct gic {
	uint8_t *config;       /* as the GIC sees it */
	uint8_t *property;     /* LPIs: the table in memory; the GIC sees a change after INV */
	uint16_t *active;      /* SPIs: CPU + 1 where it is active */
	uint16_t *route;       /* SPIs: GICD_IROUTER or GICD_ITARGETSR */
	uint32_t *load;        /* [cpu * 2 + managed]: interrupts that the kernel has put there */
	uint32_t *lowest_free; /* one value: below it no number is free */
};

extern const struct controller gic_controller;

void gic_lay_out(struct machine *m, struct state_layout *layout);

/* The GIC sees a new configuration of a vector that is pending, if at all, at cpu. */
void gic_configure(struct machine *m, uint32_t vector, uint32_t cpu, uint8_t config);

/*
 * A write of an SPI's routing register: what is pending goes to the new CPU, what is active stays.
 */
void gic_route(struct machine *m, uint32_t vector, uint32_t cpu);

#endif
