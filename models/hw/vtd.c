// SPDX-License-Identifier: MIT
#include "models/hw/vtd.h"

#include "models/hw/fabric.h"
#include "models/hw/lapic.h"
#include "models/hw/posted.h"
#include "models/machine.h"

#define MESSAGE_REMAPPABLE 0x10u
#define MESSAGE_SUBHANDLE_VALID 0x08u

uint32_t vtd_message_address(uint32_t index)
{
	return LAPIC_ADDRESS_BASE | (index & 0x7fff) << 5 | MESSAGE_REMAPPABLE | MESSAGE_SUBHANDLE_VALID |
	       (index >> 15 & 1) << 2;
}

static void fault(struct machine *m, uint32_t device, struct causes causes, enum vtd_fault reason)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_FAULT, .device = device, .value = reason, .source = SOURCE_NONE,
		.cpu = CPU_NONE, .thread = THREAD_NONE });
	fabric_drop(m, device, causes, LOSS_BLOCKED);
}

static enum vtd_delivery delivery_of(const struct irte *entry)
{
	if (!entry->posted) {
		return VTD_REMAPPED;
	}
	return entry->urgent ? VTD_POSTED_URGENT : VTD_POSTED;
}

void vtd_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes)
{
	const struct model_timings *timings = &m->config->timings;
	struct device *d = &m->device[device];
	uint32_t index = (uint32_t)(address >> 5 & 0x7fff) | (uint32_t)(address >> 2 & 1) << 15;
	uint64_t ready_ps = m->now_ps + timings->remap_hit_ps;
	struct irte *cached;

	if (address >> 20 != LAPIC_ADDRESS_BASE >> 20) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	if (!(address & MESSAGE_REMAPPABLE)) {
		fault(m, device, causes, VTD_FAULT_COMPATIBILITY_FORMAT);
		return;
	}
	if (address & MESSAGE_SUBHANDLE_VALID) {
		index += data & 0xffff;
	}
	if (index >= m->vtd->entries) {
		fault(m, device, causes, VTD_FAULT_INDEX);
		return;
	}
	cached = &m->irte_cache[index];
	if (!cached->present) {
		*cached = m->irte[index];
		ready_ps = m->now_ps + timings->remap_miss_ps;
	}
	if (!cached->present) {
		fault(m, device, causes, VTD_FAULT_NOT_PRESENT);
		return;
	}
	if (cached->requester != device + 1) {
		fault(m, device, causes, VTD_FAULT_SOURCE_ID);
		return;
	}
	if (cached->posted) {
		ready_ps += timings->posted_update_ps;
	}
	/* A hit does not overtake an earlier miss of the same device. */
	if (ready_ps < d->remapped_ps) {
		ready_ps = d->remapped_ps;
	}
	d->remapped_ps = ready_ps;
	m->vtd->in_lookup++;
	machine_post(m, ready_ps - m->now_ps, &(struct hw_event){
		.kind = HW_REMAP_DONE, .flag = (uint8_t)delivery_of(cached), .device = device, .channel = device,
		.cpu = cached->posted ? (uint16_t)(cached->posted - 1) : cached->cpu,
		.value = cached->vector, .causes = causes });
	if (!m->config->remap_cache) {
		*cached = (struct irte){ 0 };
	}
}

static void flush_wake(struct machine *m)
{
	if (m->vtd->flush_done && !m->vtd->flush_waits && m->vtd->flush_thread) {
		m->env->wake(m, m->vtd->flush_thread - 1u);
	}
}

void vtd_looked_up(struct machine *m, const struct hw_event *event)
{
	m->vtd->in_lookup--;
	if (m->vtd->flush_waits) {
		m->vtd->flush_waits--;
		flush_wake(m);
	}
	if (event->flag == VTD_REMAPPED) {
		fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
		return;
	}
	posted_request(m, event->cpu, event->value, event->flag == VTD_POSTED_URGENT, event->causes);
	fabric_ends(m, event->device);
}

void vtd_flush_done(struct machine *m, const struct hw_event *event)
{
	(void)event;
	m->vtd->flush_done = 1;
	flush_wake(m);
}

void vtd_flush(struct kthread *k, uint32_t index)
{
	struct machine *m = k->machine;
	struct vtd *vtd = m->vtd;

	k->waiting_flush = 1;
	while (vtd->flush_thread) {
		m->env->block(k);
	}
	k->waiting_flush = 0;
	vtd->flush_thread = (uint16_t)(k->number + 1);
	vtd->flush_done = 0;
	vtd->flush_waits = vtd->in_lookup;
	m->irte_cache[index] = (struct irte){ 0 };
	machine_emit(m, &(struct model_event){
		.kind = EV_FLUSH, .thread = k->number, .cpu = k->cpu, .value = index,
		.device = DEVICE_NONE, .source = SOURCE_NONE });
	machine_post(m, m->config->timings.invalidate_ps, &(struct hw_event){ .kind = HW_FLUSH_DONE });
	while (!vtd->flush_done || vtd->flush_waits) {
		m->env->block(k);
	}
	vtd->flush_thread = 0;
	vtd->flush_done = 0;
	machine_emit(m, &(struct model_event){
		.kind = EV_FLUSH, .detail = 1, .thread = k->number, .cpu = k->cpu, .value = index,
		.device = DEVICE_NONE, .source = SOURCE_NONE });
	for (uint32_t i = 0; i < m->threads_count; i++) {
		if (m->thread[i].waiting_flush) {
			m->env->wake(m, i);
		}
	}
}
