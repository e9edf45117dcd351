// SPDX-License-Identifier: MIT
#include "models/hw/hyperv.h"

#include "models/hw/fabric.h"
#include "models/hw/lapic.h"
#include "models/machine.h"

struct msi_message hyperv_message(uint32_t index)
{
	return (struct msi_message){ .address_lo = LAPIC_ADDRESS_BASE, .data = index };
}

static void fault(struct machine *m, uint32_t device, struct causes causes, enum hyperv_fault reason)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_FAULT, .device = device, .value = reason, .source = SOURCE_NONE,
		.cpu = CPU_NONE, .thread = THREAD_NONE });
	fabric_drop(m, device, causes, LOSS_BLOCKED);
}

void hyperv_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes)
{
	uint32_t index = data & 0xffff;
	const struct hyperv_entry *entry;

	if (address != LAPIC_ADDRESS_BASE) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	if (index >= m->hyperv->entries) {
		fault(m, device, causes, HYPERV_FAULT_INDEX);
		return;
	}
	entry = &m->hyperv->entry[index];
	if (!entry->present) {
		fault(m, device, causes, HYPERV_FAULT_NO_TARGET);
		return;
	}
	if (entry->requester != device + 1) {
		fault(m, device, causes, HYPERV_FAULT_SOURCE);
		return;
	}
	/* One constant time keeps a device's requests in order. */
	machine_post(m, m->config->timings.remap_hit_ps, &(struct hw_event){
		.kind = HW_REMAP_DONE, .device = device, .channel = device, .cpu = entry->cpu,
		.value = entry->vector, .causes = causes });
}

void hyperv_looked_up(struct machine *m, const struct hw_event *event)
{
	fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
}
