// SPDX-License-Identifier: MIT
#include "models/os/v2m_domain.h"

#include "models/hw/v2m.h"
#include "models/machine.h"
#include "models/os/gic_domain.h"
#include "models/os/kapi.h"

static int init(struct machine *m)
{
	gic_domain_init(m);
	return 0;
}

static struct msi_message message(const struct machine *m, uint32_t desc)
{
	return (struct msi_message){ .address_lo = V2M_SETSPI, .data = m->desc[desc].vector };
}

static void boot(struct machine *m, uint32_t desc)
{
	uint32_t index = m->desc[desc].vector - m->vector_base;

	m->gic.route[index] = m->desc[desc].cpu;
	m->gic.config[index] = GIC_PRIORITY_DEFAULT | GIC_ENABLED;
}

/* The SPI is routed, still disabled: whoever asks unmasks it when the message is in place. */
static void program(struct kthread *k, uint32_t desc)
{
	k_spi_route(k, k->machine->desc[desc].vector, k->machine->desc[desc].cpu);
}

static void mask(struct kthread *k, uint32_t desc, bool masked)
{
	k_spi_enable(k, k->machine->desc[desc].vector, !masked);
}

const struct remap_unit v2m_unit = {
	.lay_out = gic_lay_out, .init = init, .request = v2m_request,
	.message = message, .boot = boot, .program = program, .mask = mask
};
