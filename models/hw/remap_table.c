// SPDX-License-Identifier: MIT
#include "models/hw/remap_table.h"

#include "models/hw/fabric.h"
#include "models/hw/invalidation.h"
#include "models/machine.h"

void remap_table_lay_out(struct machine *m, struct state_layout *layout, uint32_t entries)
{
	m->remap_table = state_place(layout, sizeof(*m->remap_table));
	m->invalidation = state_place(layout, sizeof(*m->invalidation));
	m->irte = state_place(layout, entries * sizeof(*m->irte));
	m->irte_cache = state_place(layout, entries * sizeof(*m->irte_cache));
}

struct irte remap_table_fetch(struct machine *m, uint32_t index, uint64_t *took_ps)
{
	const struct model_timings *timings = &m->config->timings;

	if (m->irte_cache[index].present) {
		*took_ps = timings->remap_hit_ps;
		return m->irte_cache[index];
	}
	*took_ps = timings->remap_miss_ps;
	if (m->config->remap_cache) {
		m->irte_cache[index] = m->irte[index];
	}
	return m->irte[index];
}

void remap_table_forward(struct machine *m, uint32_t device, const struct irte *irte,
			 uint64_t took_ps, struct causes causes)
{
	invalidation_look_up(m, device, took_ps, &(struct hw_event){
		.cpu = irte->cpu, .value = irte->vector, .causes = causes });
}

void remap_table_fault(struct machine *m, uint32_t device, struct causes causes, uint32_t reason)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_FAULT, .device = device, .value = reason, .source = SOURCE_NONE,
		.cpu = CPU_NONE, .thread = THREAD_NONE });
	fabric_drop(m, device, causes, LOSS_BLOCKED);
}

void remap_table_looked_up(struct machine *m, const struct hw_event *event)
{
	invalidation_looked_up(m, event);
	fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
}

static void forget(struct machine *m, uint32_t entry)
{
	m->irte_cache[entry] = (struct irte){ 0 };
}

void remap_table_flush(struct kthread *k, uint32_t first, uint32_t count)
{
	invalidation_run(k, first, count, forget);
}
