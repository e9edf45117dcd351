// SPDX-License-Identifier: MIT
#include "models/hw/vtd.h"

#include "models/hw/fabric.h"
#include "models/hw/invalidation.h"
#include "models/hw/lapic.h"
#include "models/hw/posted.h"
#include "models/machine.h"

#define MESSAGE_REMAPPABLE 0x10u
#define MESSAGE_SUBHANDLE_VALID 0x08u

uint32_t vtd_message_address(uint32_t index)
{
	return LAPIC_ADDRESS_BASE | (index & 0x7fff) << 5 | MESSAGE_REMAPPABLE | MESSAGE_SUBHANDLE_VALID |
	       (index >> 15 & 1) << 2;
}

static enum vtd_delivery delivery_of(const struct irte *entry)
{
	if (!entry->posted) {
		return VTD_REMAPPED;
	}
	return entry->urgent ? VTD_POSTED_URGENT : VTD_POSTED;
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
	invalidation_look_up(m, device, took_ps + (irte.posted ? m->config->timings.posted_update_ps : 0),
			     &(struct hw_event){
		.flag = (uint8_t)delivery_of(&irte), .cpu = irte.posted ? (uint16_t)(irte.posted - 1) : irte.cpu,
		.value = irte.vector, .causes = causes });
}

void vtd_looked_up(struct machine *m, const struct hw_event *event)
{
	uint8_t delivery = invalidation_looked_up(m, event);

	if (delivery == VTD_REMAPPED) {
		fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
		return;
	}
	posted_request(m, event->cpu, event->value, delivery == VTD_POSTED_URGENT, event->causes);
	fabric_request_done(m, event->device);
}
