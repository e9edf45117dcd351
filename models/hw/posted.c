// SPDX-License-Identifier: MIT
#include "models/hw/posted.h"

#include "models/hw/controller.h"
#include "models/machine.h"

void posted_lay_out(struct machine *m, struct state_layout *layout)
{
	size_t vcpus = m->config->vcpus_count;

	m->vcpu = state_place(layout, vcpus * sizeof(*m->vcpu));
	m->posted = state_place(layout, vcpus * sizeof(*m->posted));
	m->posted_slot = state_place(layout, 2 * vcpus * POSTED_VECTORS * sizeof(*m->posted_slot));
	m->guest_source = state_place(layout, vcpus * POSTED_VECTORS * sizeof(*m->guest_source));
}

void posted_each_causes(struct machine *m, void (*visit)(void *data, struct causes *causes), void *data)
{
	for (uint32_t vcpu = 0; vcpu < m->config->vcpus_count; vcpu++) {
		visit(data, &m->vcpu[vcpu].causes);
	}
	for (size_t i = 0; i < 2 * (size_t)m->config->vcpus_count * POSTED_VECTORS; i++) {
		visit(data, &m->posted_slot[i]);
	}
}

struct causes *posted_slot(const struct machine *m, uint32_t vcpu, uint32_t vector)
{
	return &m->posted_slot[(size_t)vcpu * 2 * POSTED_VECTORS + vector];
}

struct causes *posted_virtual_slot(const struct machine *m, uint32_t vcpu, uint32_t vector)
{
	return &m->posted_slot[((size_t)vcpu * 2 + 1) * POSTED_VECTORS + vector];
}

bool posted_pir_empty(const struct posted_descriptor *descriptor)
{
	uint64_t any = 0;

	for (uint32_t word = 0; word < POSTED_WORDS; word++) {
		any |= descriptor->pir[word];
	}
	return !any;
}

bool posted_set(struct machine *m, uint32_t vcpu, uint32_t vector, struct causes causes)
{
	uint64_t *word = &m->posted[vcpu].pir[vector / 64];
	uint64_t bit = UINT64_C(1) << (vector % 64);
	bool merged = *word & bit;

	*word |= bit;
	causes_append(m, posted_slot(m, vcpu, vector), causes);
	return merged;
}

void posted_request(struct machine *m, uint32_t vcpu, uint32_t vector, bool urgent, struct causes causes)
{
	struct posted_descriptor *d = &m->posted[vcpu];
	bool merged = posted_set(m, vcpu, vector, causes);

	machine_emit(m, &(struct model_event){
		.kind = EV_POSTED, .detail = merged, .cpu = d->control.ndst, .value = vector,
		.source = m->guest_source[(size_t)vcpu * POSTED_VECTORS + vector],
		.device = DEVICE_NONE, .thread = THREAD_NONE });
	if (d->on || (d->control.sn && !urgent)) {
		return;
	}
	d->on = 1;
	machine_emit(m, &(struct model_event){
		.kind = EV_NOTIFY, .cpu = d->control.ndst, .value = d->control.nv,
		.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	/*
	 * An interrupt message of the remap hardware itself: from the root complex, in no order
	 * with others.
	 */
	machine_post(m, m->config->timings.fabric_hop_ps, &(struct hw_event){
		.kind = HW_FABRIC_DELIVERS, .cpu = d->control.ndst, .device = DEVICE_NONE, .channel = UINT32_MAX,
		.value = d->control.nv });
}

void posted_sync(struct machine *m, uint32_t vcpu)
{
	struct posted_descriptor *d = &m->posted[vcpu];

	d->on = 0;
	for (uint32_t word = 0; word < POSTED_WORDS; word++) {
		for (uint64_t left = d->pir[word]; left; left &= left - 1) {
			uint32_t vector = word * 64 + (uint32_t)__builtin_ctzll(left);
			struct causes *from = posted_slot(m, vcpu, vector);

			causes_append(m, posted_virtual_slot(m, vcpu, vector), *from);
			*from = (struct causes){ 0, 0 };
		}
		m->vcpu[vcpu].irr[word] |= d->pir[word];
		d->pir[word] = 0;
	}
}
