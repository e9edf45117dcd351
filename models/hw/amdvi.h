/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi interrupt remapping: every device has a table of its own, and the low bits of a message's
 * data are an index into it. An entry has 32 bits, or 128 where guest virtual APIC support (GA) or
 * x2APIC need more. AMD I/O virtualization specification (48882) 3.10, sections 2.2.5 and 2.4.2.
 * Entries, cache, completion wait: remap_table.c.
 *
 * The tables of all devices lie behind each other in machine->irte; a device's one begins at its
 * first source.
 */
#ifndef MSIRACE_MODELS_HW_AMDVI_H
#define MSIRACE_MODELS_HW_AMDVI_H

#include <stdint.h>

#include "models/hw/remap_table.h"

/* Bits of a message's data that are the index: a table has at most 2,048 entries. */
#define AMDVI_INDEX_MASK 0x7ffu

/*
 * Event code of the event log: RemapEn is clear, or the index is beyond the table; the request is
 * aborted.
 */
#define AMDVI_IO_PAGE_FAULT 0x2u

/* A request arrives at the IOMMU. */
void amdvi_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
		   struct causes causes);

#endif
