/* SPDX-License-Identifier: MIT */
/*
 * Frames that turn messages into SPIs: GICv2m, and the message-based interrupts (MBI) of a GICv3
 * distributor. A message is a write of an SPI's number to the frame's set register; who gets the
 * SPI is the distributor's affair, and so is its pending bit. Arm Server Base System Architecture,
 * appendix on GICv2m; Arm IHI 0069H, GICD_SETSPI_NSR.
 */
#ifndef MSIRACE_MODELS_HW_V2M_H
#define MSIRACE_MODELS_HW_V2M_H

#include <stdint.h>

#include "models/raise.h"

struct machine;

/* MSI_SETSPI_NS, where the machine that QEMU calls virt has it. */
#define V2M_SETSPI 0x08020040u

/* A message arrives. What is not a write of one of the frame's SPIs to its register is dropped. */
void v2m_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
		 struct causes causes);

#endif
