// SPDX-License-Identifier: MIT
#include "models/hw/vtd.h"

#include "models/hw/fabric.h"
#include "models/hw/lapic.h"
#include "models/machine.h"

#define MESSAGE_REMAPPABLE 0x10u
#define MESSAGE_SUBHANDLE_VALID 0x08u

uint32_t vtd_message_address(uint32_t index)
{
	return LAPIC_ADDRESS_BASE | (index & 0x7fff) << 5 | MESSAGE_REMAPPABLE | MESSAGE_SUBHANDLE_VALID |
	       (index >> 15 & 1) << 2;
}

void vtd_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes)
{
	uint32_t index = (uint32_t)(address >> 5 & 0x7fff) | (uint32_t)(address >> 2 & 1) << 15;
	struct irte irte;
	uint64_t took_ps;

	if (address >> 20 != LAPIC_ADDRESS_BASE >> 20) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	if (!(address & MESSAGE_REMAPPABLE)) {
		remap_table_fault(m, device, causes, VTD_FAULT_COMPATIBILITY_FORMAT);
		return;
	}
	if (address & MESSAGE_SUBHANDLE_VALID) {
		index += data & 0xffff;
	}
	if (index >= m->remap_table->entries) {
		remap_table_fault(m, device, causes, VTD_FAULT_INDEX);
		return;
	}
	irte = remap_table_fetch(m, index, &took_ps);
	if (!irte.present) {
		remap_table_fault(m, device, causes, VTD_FAULT_NOT_PRESENT);
		return;
	}
	if (irte.requester != device + 1) {
		remap_table_fault(m, device, causes, VTD_FAULT_SOURCE_ID);
		return;
	}
	remap_table_forward(m, device, &irte, took_ps, causes);
}
