// SPDX-License-Identifier: MIT
#include "models/os/hyperv_domain.h"

#include <errno.h>
#include <stdlib.h>

#include "models/hw/hyperv.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/remap_blocks.h"
#include "remap_index.h"

static void lay_out(struct machine *m, struct state_layout *layout)
{
	size_t entries_size = remap_blocks_entries(m) * sizeof(struct hyperv_entry);

	m->hyperv = state_place(layout, sizeof(*m->hyperv) + entries_size);
	remap_blocks_lay_out(m, layout);
}

static int init(struct machine *m)
{
	m->hyperv->entries = remap_blocks_entries(m);
	return remap_blocks_init(m);
}

/* The sources [first, end) that share a block with desc. */
struct block {
	uint32_t first;
	uint32_t end;
	uint32_t order;
};

static struct block block_of(const struct machine *m, uint32_t desc)
{
	const struct domain_config *domain = machine_domain(m, desc);
	struct block block = { .first = desc, .end = desc + 1 };

	if (domain->kind == DEVICE_MSI) {
		block.first = desc - m->source[desc].index;
		block.end = block.first + domain->vectors;
		block.order = remap_blocks_order(domain->vectors);
	}
	return block;
}

static int create(struct machine *m, const struct block *block)
{
	int entry = remap_index_alloc(m->remap_index, block->order);

	if (entry < 0) {
		return -ENOSPC;
	}
	for (uint32_t source = block->first; source < block->end; source++) {
		m->desc[source].entry = (uint32_t)entry + source - block->first;
	}
	return 0;
}

static int allocate(struct machine *m, uint32_t device)
{
	uint32_t source = m->device[device].first_source;
	uint32_t end = source + m->config->devices[device].vectors;
	int error = 0;

	while (source < end && !error) {
		struct block block = block_of(m, source);

		error = create(m, &block);
		source = block.end;
	}
	return error;
}

static struct msi_message message(const struct machine *m, uint32_t desc)
{
	return hyperv_message(m->desc[block_of(m, desc).first].entry);
}

static void retarget(struct machine *m, uint32_t desc)
{
	m->hyperv->entry[m->desc[desc].entry] = (struct hyperv_entry){
		.present = 1, .vector = (uint8_t)m->desc[desc].vector, .cpu = m->desc[desc].cpu,
		.requester = m->source[desc].device + 1
	};
}

void hyperv_retarget(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	k_hypercall(k);
	retarget(m, desc);
	machine_emit(m, &(struct model_event){
		.kind = EV_ENTRY_WRITE, .cpu = k->cpu, .thread = k->number, .source = desc,
		.device = DEVICE_NONE, .address = m->desc[desc].cpu,
		.value = m->desc[desc].vector });
}

void hyperv_delete_block(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct block block = block_of(m, desc);

	k_hypercall(k);
	for (uint32_t source = block.first; source < block.end; source++) {
		m->hyperv->entry[m->desc[source].entry] = (struct hyperv_entry){ 0 };
	}
	k_note(k, "block of entries deleted", desc, k->cpu, m->desc[block.first].entry);
}

void hyperv_create_block(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct block block = block_of(m, desc);

	k_hypercall(k);
	remap_index_free(m->remap_index, m->desc[block.first].entry, block.order);
	remap_index_flush_done(m->remap_index, remap_index_flush_begin(m->remap_index));
	/* The room that it has just given back is there. */
	if (create(m, &block)) {
		abort();
	}
	k_note(k, "block of entries created", desc, k->cpu, m->desc[block.first].entry);
}

static void boot(struct machine *m, uint32_t desc)
{
	retarget(m, desc);
}

const struct remap_unit hyperv_unit = {
	.lay_out = lay_out, .init = init, .request = hyperv_request, .looked_up = hyperv_looked_up,
	.allocate = allocate, .message = message, .boot = boot, .program = hyperv_retarget
};
