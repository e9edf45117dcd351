// SPDX-License-Identifier: MIT
#include "models/hw/v2m.h"

#include "models/hw/controller.h"
#include "models/hw/fabric.h"
#include "models/machine.h"

void v2m_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
		 struct causes causes)
{
	uint32_t index = data - m->vector_base;

	if (address != V2M_SETSPI || index >= m->vectors) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	controller_accept(m, m->gic.route[index], data, causes, false);
	fabric_request_done(m, device);
}
