/* SPDX-License-Identifier: MIT */
/*
 * What VT-d and AMD-Vi have in common: entries in memory, a cache of them in the hardware, requests
 * that wait for their entry, and an invalidation that ends with a wait descriptor.
 *
 * The hardware reads an entry from memory only when it is not in its cache, so until an
 * invalidation has completed a change may not be seen. What a message says, who may use an entry,
 * and what a fault is called is each unit's own (vtd.c, amdvi.c).
 */
#ifndef MSIRACE_MODELS_HW_REMAP_TABLE_H
#define MSIRACE_MODELS_HW_REMAP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct machine;
struct hw_event;
struct kthread;
struct state_layout;

/*
 * The parts of an entry that decide where a request goes. VT-d: present bit 0, vector 23:16,
 * destination 63:32. AMD-Vi, 128 bits: RemapEn bit 0 and destination 31:8 in the low half, vector
 * 7:0 in the high one.
 */
struct irte {
	uint8_t present;
	uint8_t vector;
	uint16_t cpu;
	uint32_t requester;   /* device + 1 that may use it (VT-d: source-id validation) */
	/* VT-d only. */
	uint16_t posted;      /* vCPU + 1 whose descriptor it goes to, vector then being the guest's; 0: to cpu */
	uint16_t urgent;      /* posted: notified even while notifications are suppressed */
};

struct remap_table {
	uint32_t entries;
};

void remap_table_lay_out(struct machine *m, struct state_layout *layout, uint32_t entries);

/*
 * The entry of an index below entries as the hardware sees it now, and how long the look took. Not
 * present: from memory, and not kept.
 */
struct irte remap_table_fetch(struct machine *m, uint32_t index, uint64_t *took_ps);

/*
 * The request of a device goes on to the target of the entry that it fetched; a fast one does not
 * overtake a slow one.
 */
void remap_table_forward(struct machine *m, uint32_t device, const struct irte *irte,
			 uint64_t took_ps, struct causes causes);

/* A request of the device is refused for that reason, logged as a fault, and dropped. */
void remap_table_fault(struct machine *m, uint32_t device, struct causes causes, uint32_t reason);

/* HW_REMAP_DONE. */
void remap_table_looked_up(struct machine *m, const struct hw_event *event);

/*
 * Invalidates the cached entries [first, first + count), and waits for the end (hw/invalidation.h).
 */
void remap_table_flush(struct kthread *k, uint32_t first, uint32_t count);

#endif
