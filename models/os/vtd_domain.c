// SPDX-License-Identifier: MIT
#include "models/os/vtd_domain.h"

#include <errno.h>

#include "models/hw/invalidation.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/vcpu.h"
#include "models/strategies/operations.h"
#include "remap_index.h"

/* Room for power-of-two blocks. */
static uint32_t entries_for(const struct machine *m)
{
	uint32_t entries = 64;

	while (entries < 2 * m->sources_count && entries < REMAP_INDEX_ENTRIES_MAX) {
		entries *= 2;
	}
	return entries;
}

static void lay_out(struct machine *m, struct state_layout *layout)
{
	uint32_t entries = entries_for(m);

	remap_table_lay_out(m, layout, entries);
	m->remap_index = state_place(layout, remap_index_size(entries));
}

static int init(struct machine *m)
{
	uint32_t entries = entries_for(m);

	m->remap_table->entries = entries;
	return remap_index_init(m->remap_index, remap_index_size(entries), entries, NULL);
}

static uint32_t order_of(uint32_t count)
{
	uint32_t order = 0;

	while (1u << order < count) {
		order++;
	}
	return order;
}

/* One block for all messages of PCI MSI, whose data is added to the handle; one entry each otherwise. */
static int allocate(struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];
	uint32_t first = m->device[device].first_source;
	int entry = 0;

	for (uint32_t vector = 0; vector < config->vectors; vector++) {
		const struct domain_config *domain = machine_domain(m, first + vector);
		bool block = domain->kind == DEVICE_MSI;

		if (block && m->source[first + vector].index > 0) {
			entry++;
		} else {
			entry = remap_index_alloc(m->remap_index, block ? order_of(domain->vectors) : 0);
		}
		if (entry < 0) {
			return -ENOSPC;
		}
		m->desc[first + vector].entry = (uint32_t)entry;
	}
	return 0;
}

struct irte vtd_entry_of(const struct machine *m, uint32_t desc)
{
	return (struct irte){
		.present = 1, .vector = (uint8_t)m->desc[desc].vector, .cpu = m->desc[desc].cpu,
		.requester = m->source[desc].device + 1
	};
}

struct irte vtd_posted_entry_of(const struct machine *m, uint32_t desc)
{
	const struct device_config *device = &m->config->devices[m->source[desc].device];

	return (struct irte){
		.present = 1, .vector = (uint8_t)(device->guest_vector + m->source[desc].vector),
		.requester = m->source[desc].device + 1, .posted = (uint16_t)device->posted_to
	};
}

bool vtd_entry_is_kept(const struct machine *m, uint32_t desc)
{
	return m->irte[m->desc[desc].entry].posted && m->config->posted->keeps_entry;
}

static struct msi_message message(const struct machine *m, uint32_t desc)
{
	return (struct msi_message){ .address_lo = vtd_message_address(m->desc[desc].entry) };
}

static void boot(struct machine *m, uint32_t desc)
{
	m->irte[m->desc[desc].entry] = vcpu_owns(m, desc) ? vtd_posted_entry_of(m, desc) : vtd_entry_of(m, desc);
}

static void program(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irte irte = vcpu_owns(m, desc) ? vtd_posted_entry_of(m, desc) : vtd_entry_of(m, desc);

	k_irte_write(k, m->desc[desc].entry, &irte, desc);
	k_irte_flush(k, m->desc[desc].entry);
}

const struct remap_unit vtd_unit = {
	.lay_out = lay_out, .init = init, .request = vtd_request, .looked_up = vtd_looked_up,
	.flush_done = invalidation_done, .allocate = allocate, .message = message, .boot = boot, .program = program
};
