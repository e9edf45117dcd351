// SPDX-License-Identifier: MIT
#include "models/hw/amdvi.h"

#include "models/hw/fabric.h"
#include "models/hw/lapic.h"
#include "models/machine.h"

void amdvi_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
		   struct causes causes)
{
	uint32_t index = data & AMDVI_INDEX_MASK;
	struct irte irte;
	uint64_t took_ps;

	if (address >> 20 != LAPIC_ADDRESS_BASE >> 20) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	if (index >= m->config->devices[device].vectors) {
		remap_table_fault(m, device, causes, AMDVI_IO_PAGE_FAULT);
		return;
	}
	irte = remap_table_fetch(m, m->device[device].first_source + index, &took_ps);
	if (!irte.present) {
		remap_table_fault(m, device, causes, AMDVI_IO_PAGE_FAULT);
		return;
	}
	remap_table_forward(m, device, &irte, took_ps, causes);
}
