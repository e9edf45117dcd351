// SPDX-License-Identifier: MIT
#include "models/hw/riscv_iommu.h"

#include "models/hw/fabric.h"
#include "models/hw/imsic.h"
#include "models/hw/invalidation.h"
#include "models/machine.h"

uint64_t riscv_iommu_address(uint32_t entry)
{
	return IMSIC_ADDRESS_BASE + (uint64_t)entry * IMSIC_PAGE_BYTES;
}

static struct msi_pte look_up(struct machine *m, uint32_t entry, uint64_t *took_ps)
{
	const struct model_timings *timings = &m->config->timings;
	bool hit = m->msi_pte_cache[entry].mode != MSI_PTE_INVALID;
	struct msi_pte pte = hit ? m->msi_pte_cache[entry] : m->msi_pte[entry];

	*took_ps = hit ? timings->remap_hit_ps : timings->remap_miss_ps;
	if (m->config->remap_cache) {
		m->msi_pte_cache[entry] = pte;
	}
	return pte;
}

void riscv_iommu_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
			 struct causes causes)
{
	uint64_t page = address - IMSIC_ADDRESS_BASE;
	struct msi_pte pte;
	uint64_t took_ps;

	if (page % IMSIC_PAGE_BYTES || page / IMSIC_PAGE_BYTES >= m->sources_count) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	pte = look_up(m, (uint32_t)(page / IMSIC_PAGE_BYTES), &took_ps);
	if (pte.mode == MSI_PTE_INVALID || pte.requester != device + 1) {
		remap_table_fault(m, device, causes, RISCV_IOMMU_FAULT_MSI_PTE_INVALID);
		return;
	}
	invalidation_look_up(m, device, took_ps, &(struct hw_event){
		.flag = pte.mode, .cpu = pte.cpu, .value = data, .address = page / IMSIC_PAGE_BYTES,
		.causes = causes });
}

/* An atomic OR to the file in memory, then the notice. */
static void record(struct machine *m, const struct hw_event *event)
{
	uint32_t entry = (uint32_t)event->address;
	uint64_t *word = &m->mrif[(size_t)entry * m->vector_words + event->value / 64];

	*word |= UINT64_C(1) << (event->value % 64);
	machine_emit(m, &(struct model_event){
		.kind = EV_HELD, .cpu = CPU_NONE, .value = event->value, .causes = event->causes,
		.source = SOURCE_NONE, .device = event->device, .thread = THREAD_NONE });
	causes_append(m, &m->mrif_slot[(size_t)entry * m->vectors + event->value], event->causes);
	fabric_deliver(m, event->device, event->cpu, m->riscv_iommu->notice,
		       (struct causes){ 0, 0 });
}

void riscv_iommu_looked_up(struct machine *m, const struct hw_event *event)
{
	uint8_t mode = invalidation_looked_up(m, event);

	if (!imsic_implemented(m, event->value)) {
		fabric_drop(m, event->device, event->causes, LOSS_DROPPED);
	} else if (mode == MSI_PTE_MRIF) {
		record(m, event);
	} else {
		fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
	}
}

static void forget(struct machine *m, uint32_t entry)
{
	m->msi_pte_cache[entry] = (struct msi_pte){ 0 };
}

void riscv_iommu_fence(struct kthread *k, uint32_t entry)
{
	invalidation_run(k, entry, 1, forget);
}

bool riscv_iommu_mrif_take(struct machine *m, uint32_t entry, uint32_t identity,
			   struct causes *causes)
{
	uint64_t *word = &m->mrif[(size_t)entry * m->vector_words + identity / 64];
	uint64_t bit = UINT64_C(1) << (identity % 64);
	struct causes *slot = &m->mrif_slot[(size_t)entry * m->vectors + identity];
	bool pending = *word & bit;

	*word &= ~bit;
	*causes = *slot;
	*slot = (struct causes){ 0, 0 };
	return pending;
}
