// SPDX-License-Identifier: MIT
#include "models/os/vtd_domain.h"

#include <errno.h>

#include "models/hw/invalidation.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/remap_blocks.h"
#include "models/os/vcpu.h"
#include "models/strategies/operations.h"
#include "remap_index.h"

static void lay_out(struct machine *m, struct state_layout *layout)
{
	remap_table_lay_out(m, layout, remap_blocks_entries(m));
	remap_blocks_lay_out(m, layout);
}

static int init(struct machine *m)
{
	m->remap_table->entries = remap_blocks_entries(m);
	return remap_blocks_init(m);
}

/*
 * One block for all messages of PCI MSI, whose data is added to the handle; one entry each
 * otherwise.
 */
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
			entry = remap_index_alloc(m->remap_index,
						  block ? remap_blocks_order(domain->vectors) : 0);
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
	m->irte[m->desc[desc].entry] =
		vcpu_owns(m, desc) ? vtd_posted_entry_of(m, desc) : vtd_entry_of(m, desc);
}

static void program(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irte irte =
		vcpu_owns(m, desc) ? vtd_posted_entry_of(m, desc) : vtd_entry_of(m, desc);

	k_irte_write(k, m->desc[desc].entry, &irte, desc);
	k_irte_flush(k, m->desc[desc].entry);
}

/* Without a vector there is none in the entry. */
static void release(struct kthread *k, uint32_t desc)
{
	static const struct irte empty;
	uint32_t entry = k->machine->desc[desc].entry;

	if (k->machine->desc[desc].cpu == CPU_NONE) {
		return;
	}
	/*
	 * From here on a request that has to fetch the entry faults; one that finds it cached goes
	 * to the old vector, which stays until the flush has completed.
	 */
	k_irte_write(k, entry, &empty, desc);
	k_irte_flush(k, entry);
}

const struct remap_unit vtd_unit = {
	.lay_out = lay_out, .init = init, .request = vtd_request, .looked_up = vtd_looked_up,
	.flush_done = invalidation_done, .allocate = allocate, .message = message, .boot = boot,
	.program = program, .release = release
};
