// SPDX-License-Identifier: MIT
#include "models/os/riscv_iommu_domain.h"

#include <errno.h>

#include "models/hw/imsic.h"
#include "models/hw/invalidation.h"
#include "models/machine.h"
#include "models/os/imsic_vector.h"
#include "models/os/kapi.h"
#include "vector_matrix.h"

#define NOTICE_CPU 0

static void lay_out(struct machine *m, struct state_layout *layout)
{
	size_t entries = m->sources_count;

	m->riscv_iommu = state_place(layout, sizeof(*m->riscv_iommu));
	m->invalidation = state_place(layout, sizeof(*m->invalidation));
	m->msi_pte = state_place(layout, entries * sizeof(*m->msi_pte));
	m->msi_pte_cache = state_place(layout, entries * sizeof(*m->msi_pte_cache));
	m->mrif = state_place(layout, entries * m->vector_words * sizeof(*m->mrif));
	m->mrif_slot = state_place(layout, entries * m->vectors * sizeof(*m->mrif_slot));
}

static int init(struct machine *m)
{
	uint32_t identity = m->config->vectors_end - 1;

	/*
	 * The highest one is in nobody's way: interrupts get low ones, and keep theirs when they
	 * move.
	 */
	while (identity > m->config->vectors_first &&
	       vector_matrix_state(m->matrix, NOTICE_CPU, identity)) {
		identity--;
	}
	if (vector_matrix_assign(m->matrix, NOTICE_CPU, identity)) {
		return -ENOSPC;
	}
	m->riscv_iommu->notice = identity;
	m->vector_irq[(size_t)NOTICE_CPU * m->vectors + identity] = VECTOR_SYSTEM;
	imsic_enable(m, NOTICE_CPU, identity, true);
	return 0;
}

/* A device's entries are there from the start: they are those of its interrupts. */
static int allocate(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;

	for (uint32_t vector = 0; vector < m->config->devices[device].vectors; vector++) {
		m->desc[first + vector].entry = first + vector;
	}
	return 0;
}

static struct msi_message message(const struct machine *m, uint32_t desc)
{
	uint64_t address = riscv_iommu_address(m->desc[desc].entry);

	return (struct msi_message){
		.address_lo = (uint32_t)address, .address_hi = (uint32_t)(address >> 32),
		.data = m->desc[desc].vector
	};
}

static void store(struct machine *m, uint32_t desc, enum msi_pte_mode mode)
{
	/* Freed while it was moved: nothing is there to lead to. */
	if (m->desc[desc].cpu == CPU_NONE) {
		mode = MSI_PTE_INVALID;
	}
	m->msi_pte[m->desc[desc].entry] = (struct msi_pte){
		.mode = (uint8_t)mode, .cpu = mode == MSI_PTE_MRIF ? NOTICE_CPU : m->desc[desc].cpu,
		.requester = m->source[desc].device + 1
	};
}

static void boot(struct machine *m, uint32_t desc)
{
	store(m, desc, MSI_PTE_BASIC);
}

void riscv_iommu_point(struct kthread *k, uint32_t desc, enum msi_pte_mode mode)
{
	k_access(k);
	store(k->machine, desc, mode);
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_ENTRY_WRITE, .cpu = k->cpu, .thread = k->number, .source = desc,
		.device = DEVICE_NONE,
		.address = k->machine->msi_pte[k->machine->desc[desc].entry].cpu,
		.value = k->machine->desc[desc].vector });
}

void riscv_iommu_synchronise(struct kthread *k, uint32_t desc)
{
	k_access(k);
	riscv_iommu_fence(k, k->machine->desc[desc].entry);
}

static void program(struct kthread *k, uint32_t desc)
{
	riscv_iommu_point(k, desc, MSI_PTE_BASIC);
	riscv_iommu_synchronise(k, desc);
}

static bool merge(struct machine *m, uint32_t from, uint32_t desc)
{
	const struct irq_desc *d = &m->desc[desc];
	struct causes causes;

	if (!riscv_iommu_mrif_take(m, d->entry, d->vector, &causes)) {
		return false;
	}
	machine_emit(m, &(struct model_event){
		.kind = EV_RETRIGGER, .cpu = d->cpu, .value = d->vector, .source = desc,
		.thread = THREAD_NONE, .device = DEVICE_NONE, .causes = causes });
	imsic_write(m, from, d->cpu, d->vector, causes);
	return true;
}

void riscv_iommu_clear(struct kthread *k, uint32_t desc)
{
	const struct irq_desc *d = &k->machine->desc[desc];
	struct causes causes;

	k_access(k);
	riscv_iommu_mrif_take(k->machine, d->entry, d->vector, &causes);
	causes_lose(k->machine, &causes, LOSS_DROPPED, d->cpu, d->vector);
}

void riscv_iommu_merge(struct kthread *k, uint32_t desc)
{
	k_access(k);
	kapi_observe(k, merge(k->machine, k->cpu, desc));
}

static void notice(struct machine *m, uint32_t cpu)
{
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		if ((m->desc[desc].flags & DESC_ALLOCATED) &&
		    m->msi_pte[m->desc[desc].entry].mode == MSI_PTE_MRIF) {
			merge(m, cpu, desc);
		}
	}
}

/* Stored in a memory-resident file that is not in use any more. */
static void stranded(const struct machine *m, stranded_visit *visit, void *context)
{
	for (uint32_t entry = 0; entry < m->sources_count; entry++) {
		if (m->msi_pte[entry].mode == MSI_PTE_MRIF) {
			continue;
		}
		for (uint32_t identity = 0; identity < m->vectors; identity++) {
			visit(context, m, m->mrif_slot[(size_t)entry * m->vectors + identity]);
		}
	}
}

const struct remap_unit riscv_iommu_unit = {
	.lay_out = lay_out, .init = init, .request = riscv_iommu_request,
	.looked_up = riscv_iommu_looked_up, .flush_done = invalidation_done, .allocate = allocate,
	.message = message, .boot = boot, .program = program, .notice = notice, .stranded = stranded
};
