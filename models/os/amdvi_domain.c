// SPDX-License-Identifier: MIT
#include "models/os/amdvi_domain.h"

#include <errno.h>

#include "models/hw/invalidation.h"
#include "models/hw/lapic.h"
#include "models/machine.h"
#include "models/os/kapi.h"

static void lay_out(struct machine *m, struct state_layout *layout)
{
	remap_table_lay_out(m, layout, m->sources_count);
}

static int init(struct machine *m)
{
	m->remap_table->entries = m->sources_count;
	return 0;
}

/* One entry for each vector, in the device's own table. */
static int allocate(struct machine *m, uint32_t device)
{
	uint32_t vectors = m->config->devices[device].vectors;
	uint32_t first = m->device[device].first_source;

	if (vectors > AMDVI_INDEX_MASK + 1) {
		return -ENOSPC;
	}
	for (uint32_t source = first; source < first + vectors; source++) {
		m->desc[source].entry = source;
	}
	return 0;
}

struct irte amdvi_entry_of(const struct machine *m, uint32_t desc)
{
	return (struct irte){
		.present = 1, .vector = (uint8_t)m->desc[desc].vector, .cpu = m->desc[desc].cpu,
		.requester = m->source[desc].device + 1
	};
}

void amdvi_flush(struct kthread *k, uint32_t desc)
{
	const struct machine *m = k->machine;
	uint32_t device = m->source[desc].device;

	k_irte_flush_range(k, m->device[device].first_source, m->config->devices[device].vectors);
}

static struct msi_message message(const struct machine *m, uint32_t desc)
{
	return (struct msi_message){
		.address_lo = LAPIC_ADDRESS_BASE, .data = m->source[desc].vector };
}

static void boot(struct machine *m, uint32_t desc)
{
	m->irte[desc] = amdvi_entry_of(m, desc);
}

static void program(struct kthread *k, uint32_t desc)
{
	struct irte irte = amdvi_entry_of(k->machine, desc);

	k_irte_write(k, desc, &irte, desc);
	amdvi_flush(k, desc);
}

/* As VT-d's (vtd_domain.c): RemapEn is clear, and nothing of the device is cached any more. */
static void release(struct kthread *k, uint32_t desc)
{
	static const struct irte empty;

	if (k->machine->desc[desc].cpu == CPU_NONE) {
		return;
	}
	k_irte_write(k, desc, &empty, desc);
	amdvi_flush(k, desc);
}

const struct remap_unit amdvi_unit = {
	.lay_out = lay_out, .init = init, .request = amdvi_request,
	.looked_up = remap_table_looked_up, .flush_done = invalidation_done, .allocate = allocate,
	.message = message, .boot = boot, .program = program, .release = release
};
