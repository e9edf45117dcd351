/* SPDX-License-Identifier: MIT */
/*
 * Intel VT-d interrupt remapping: a table of entries (IRTE) in memory, a cache of them in the hardware, an invalidation
 * queue with wait descriptors, faults. VT-d specification 4.1, chapter 5.
 *
 * A remappable message carries a handle; its entry names vector and destination. The hardware reads an entry from memory
 * only when it is not in its cache, so until an invalidation has completed a change may not be seen.
 */
#ifndef MSIRACE_MODELS_HW_VTD_H
#define MSIRACE_MODELS_HW_VTD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct machine;
struct hw_event;
struct kthread;

/* struct hw_event's flag where HW_REMAP_DONE is of a posted entry; its cpu is the vCPU then. */
enum vtd_delivery { VTD_REMAPPED, VTD_POSTED, VTD_POSTED_URGENT };

/* Fault reasons of the specification, section 7.2. */
enum vtd_fault {
	VTD_FAULT_INDEX = 0x21,
	VTD_FAULT_NOT_PRESENT = 0x22,
	VTD_FAULT_COMPATIBILITY_FORMAT = 0x25,
	VTD_FAULT_SOURCE_ID = 0x26
};

/* The parts of an IRTE that decide where a request goes. In hardware: present bit 0, vector 23:16, destination 63:32. */
struct irte {
	uint8_t present;
	uint8_t vector;
	uint16_t cpu;
	uint32_t requester;   /* device + 1 that may use it (source-id validation) */
	uint16_t posted;      /* vCPU + 1 whose descriptor it goes to, vector then being the guest's; 0: to cpu */
	uint16_t urgent;      /* posted: notified even while notifications are suppressed */
};

struct vtd {
	uint32_t entries;
	uint32_t in_lookup;      /* requests between their lookup and their delivery */
	uint32_t flush_waits;    /* of them, those that a running invalidation has to see delivered */
	uint16_t flush_thread;   /* thread + 1 whose invalidation runs; 0: none */
	uint16_t flush_done;     /* its wait descriptor is written */
};

/* A request arrives at the remap hardware. */
void vtd_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes);
void vtd_looked_up(struct machine *m, const struct hw_event *event);

/*
 * Invalidates one cached entry and waits for the wait descriptor: every request that was looked up before is delivered
 * then. One invalidation at a time, as the queue's lock has it.
 */
void vtd_flush(struct kthread *k, uint32_t index);

/* HW_FLUSH_DONE. */
void vtd_flush_done(struct machine *m, const struct hw_event *event);

/*
 * The message of a block of entries: address format 1 (bit 4), subhandle valid (bit 3), handle 14:0 in 19:5, handle 15 in
 * bit 2. Its data is the subhandle, added to the handle.
 */
uint32_t vtd_message_address(uint32_t index);

#endif
