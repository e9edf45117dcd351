/* SPDX-License-Identifier: MIT */
/*
 * Interrupt remapping as the Hyper-V hypervisor offers it to a guest: the guest never writes an
 * entry. It asks for a block of entries, gets the message that leads to it, and has single entries
 * of the block retargeted. A request reads its entry as it is at that moment: the hypervisor keeps
 * no stale copy of its own.
 *
 * The message is the hypervisor's choice; here its data is the index of the entry, to which
 * multi-message MSI adds the number of the vector.
 */
#ifndef MSIRACE_MODELS_HW_HYPERV_H
#define MSIRACE_MODELS_HW_HYPERV_H

#include <stdint.h>

#include "models/hw/device.h"
#include "models/raise.h"

struct hw_event;
struct machine;

/* Why a request is refused. */
enum hyperv_fault { HYPERV_FAULT_INDEX = 1, HYPERV_FAULT_NO_TARGET, HYPERV_FAULT_SOURCE };

struct hyperv_entry {
	uint8_t present;      /* it has been retargeted since its block was allocated */
	uint8_t vector;
	uint16_t cpu;
	uint32_t requester;   /* device + 1 */
};

/* The table, in the machine's state. */
struct hyperv {
	uint32_t entries;
	uint32_t pad;
	struct hyperv_entry entry[];
};

struct msi_message hyperv_message(uint32_t index);

/* A request of a device arrives; then its HW_REMAP_DONE. */
void hyperv_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes);
void hyperv_looked_up(struct machine *m, const struct hw_event *event);

#endif
