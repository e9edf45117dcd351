/* SPDX-License-Identifier: MIT */
/*
 * Intel VT-d interrupt remapping: a remappable message carries a handle into a table of entries (IRTE); its entry names
 * vector and destination. VT-d specification 4.1, chapter 5. Entries, cache, invalidation queue: remap_table.c.
 */
#ifndef MSIRACE_MODELS_HW_VTD_H
#define MSIRACE_MODELS_HW_VTD_H

#include <stdint.h>

#include "models/hw/remap_table.h"

/* HW_REMAP_DONE's flag, invalidation_look_up(); cpu is the vCPU where the entry is a posted one. */
enum vtd_delivery { VTD_REMAPPED, VTD_POSTED, VTD_POSTED_URGENT };

/* Fault reasons of the specification, section 7.2. */
enum vtd_fault {
	VTD_FAULT_INDEX = 0x21,
	VTD_FAULT_NOT_PRESENT = 0x22,
	VTD_FAULT_COMPATIBILITY_FORMAT = 0x25,
	VTD_FAULT_SOURCE_ID = 0x26
};

/* A request arrives at the remap hardware. */
void vtd_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes);

/* HW_REMAP_DONE: to the CPU, or into a vCPU's descriptor. */
void vtd_looked_up(struct machine *m, const struct hw_event *event);

/*
 * The message of a block of entries: address format 1 (bit 4), subhandle valid (bit 3), handle 14:0 in 19:5, handle 15 in
 * bit 2. Its data is the subhandle, added to the handle.
 */
uint32_t vtd_message_address(uint32_t index);

#endif
