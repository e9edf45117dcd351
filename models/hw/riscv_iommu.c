// SPDX-License-Identifier: MIT
#include "models/hw/riscv_iommu.h"

#include "models/hw/fabric.h"
#include "models/hw/imsic.h"
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

static void refuse(struct machine *m, uint32_t device, struct causes causes)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_FAULT, .device = device, .value = RISCV_IOMMU_FAULT_MSI_PTE_INVALID,
		.source = SOURCE_NONE, .cpu = CPU_NONE, .thread = THREAD_NONE });
	fabric_drop(m, device, causes, LOSS_BLOCKED);
}

void riscv_iommu_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes)
{
	struct riscv_iommu *iommu = m->riscv_iommu;
	uint64_t *ready_ps = &m->device[device].remapped_ps;
	uint64_t page = address - IMSIC_ADDRESS_BASE;
	struct msi_pte pte;
	uint64_t took_ps;

	if (page % IMSIC_PAGE_BYTES || page / IMSIC_PAGE_BYTES >= m->sources_count) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	pte = look_up(m, (uint32_t)(page / IMSIC_PAGE_BYTES), &took_ps);
	if (pte.mode == MSI_PTE_INVALID || pte.requester != device + 1) {
		refuse(m, device, causes);
		return;
	}
	/* One that is found in the cache does not overtake an earlier one of the device that is not. */
	*ready_ps = *ready_ps > m->now_ps + took_ps ? *ready_ps : m->now_ps + took_ps;
	iommu->in_lookup[iommu->epoch]++;
	machine_post(m, *ready_ps - m->now_ps, &(struct hw_event){
		.kind = HW_REMAP_DONE, .flag = (uint8_t)(iommu->epoch | pte.mode << 1), .device = device, .channel = device,
		.cpu = pte.cpu, .value = data, .address = page / IMSIC_PAGE_BYTES, .causes = causes });
}

/* An atomic OR to the file in memory, then the notice. */
static void record(struct machine *m, const struct hw_event *event)
{
	uint32_t entry = (uint32_t)event->address;

	m->mrif[(size_t)entry * m->vector_words + event->value / 64] |= UINT64_C(1) << (event->value % 64);
	machine_emit(m, &(struct model_event){
		.kind = EV_HELD, .cpu = CPU_NONE, .value = event->value, .causes = event->causes,
		.source = SOURCE_NONE, .device = event->device, .thread = THREAD_NONE });
	causes_append(m, &m->mrif_slot[(size_t)entry * m->vectors + event->value], event->causes);
	fabric_deliver(m, event->device, event->cpu, m->riscv_iommu->notice, (struct causes){ 0, 0 });
}

static void wake_fence(struct machine *m)
{
	const struct riscv_iommu *iommu = m->riscv_iommu;

	if (iommu->fence_thread && iommu->fence_done && !iommu->in_lookup[!iommu->epoch]) {
		m->env->wake(m, iommu->fence_thread - 1u);
	}
}

void riscv_iommu_looked_up(struct machine *m, const struct hw_event *event)
{
	m->riscv_iommu->in_lookup[event->flag & 1]--;
	wake_fence(m);
	if (!imsic_implemented(m, event->value)) {
		fabric_drop(m, event->device, event->causes, LOSS_DROPPED);
	} else if (event->flag >> 1 == MSI_PTE_MRIF) {
		record(m, event);
	} else {
		fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
	}
}

void riscv_iommu_fence_done(struct machine *m, const struct hw_event *event)
{
	(void)event;
	m->riscv_iommu->fence_done = 1;
	wake_fence(m);
}

static void emit_fence(const struct kthread *k, uint32_t entry, uint8_t detail)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_FLUSH, .detail = detail, .thread = k->number, .cpu = k->cpu, .value = entry,
		.device = DEVICE_NONE, .source = SOURCE_NONE });
}

void riscv_iommu_fence(struct kthread *k, uint32_t entry)
{
	struct machine *m = k->machine;
	struct riscv_iommu *iommu = m->riscv_iommu;

	k->waiting_flush = 1;
	while (iommu->fence_thread) {
		m->env->block(k);
	}
	k->waiting_flush = 0;
	iommu->fence_thread = (uint16_t)(k->number + 1);
	iommu->epoch = !iommu->epoch;
	m->msi_pte_cache[entry] = (struct msi_pte){ 0 };
	emit_fence(k, entry, 0);
	machine_post(m, m->config->timings.invalidate_ps, &(struct hw_event){ .kind = HW_FLUSH_DONE });
	while (!iommu->fence_done || iommu->in_lookup[!iommu->epoch]) {
		m->env->block(k);
	}
	iommu->fence_thread = 0;
	iommu->fence_done = 0;
	emit_fence(k, entry, 1);
	for (uint32_t i = 0; i < m->threads_count; i++) {
		if (m->thread[i].waiting_flush) {
			m->env->wake(m, i);
		}
	}
}

bool riscv_iommu_mrif_take(struct machine *m, uint32_t entry, uint32_t identity, struct causes *causes)
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
