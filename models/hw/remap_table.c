// SPDX-License-Identifier: MIT
#include "models/hw/remap_table.h"

#include "models/hw/fabric.h"
#include "models/machine.h"

void remap_table_lay_out(struct machine *m, struct state_layout *layout, uint32_t entries)
{
	m->remap_table = state_place(layout, sizeof(*m->remap_table));
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

void remap_table_forward(struct machine *m, uint32_t device, const struct irte *irte, uint64_t took_ps,
			 struct causes causes)
{
	struct remap_table *table = m->remap_table;
	struct device *d = &m->device[device];
	uint64_t ready_ps = m->now_ps + took_ps;

	if (ready_ps < d->remapped_ps) {
		ready_ps = d->remapped_ps;
	}
	d->remapped_ps = ready_ps;
	table->in_lookup[table->epoch]++;
	machine_post(m, ready_ps - m->now_ps, &(struct hw_event){
		.kind = HW_REMAP_DONE, .flag = table->epoch, .device = device, .channel = device, .cpu = irte->cpu,
		.value = irte->vector, .causes = causes });
}

void remap_table_fault(struct machine *m, uint32_t device, struct causes causes, uint32_t reason)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_FAULT, .device = device, .value = reason, .source = SOURCE_NONE,
		.cpu = CPU_NONE, .thread = THREAD_NONE });
	fabric_drop(m, device, causes, LOSS_BLOCKED);
}

/* Whether look-ups that began before the running invalidation are still under way. */
static bool flush_waits(const struct remap_table *table)
{
	return table->in_lookup[!table->epoch];
}

static void flush_wake(struct machine *m)
{
	const struct remap_table *table = m->remap_table;

	if (table->flush_thread && table->flush_done && !flush_waits(table)) {
		m->env->wake(m, table->flush_thread - 1u);
	}
}

void remap_table_looked_up(struct machine *m, const struct hw_event *event)
{
	m->remap_table->in_lookup[event->flag]--;
	flush_wake(m);
	fabric_deliver(m, event->device, event->cpu, event->value, event->causes);
}

void remap_table_flush_done(struct machine *m, const struct hw_event *event)
{
	(void)event;
	m->remap_table->flush_done = 1;
	flush_wake(m);
}

static void emit_flush(const struct kthread *k, uint32_t first, uint8_t detail)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_FLUSH, .detail = detail, .thread = k->number, .cpu = k->cpu, .value = first,
		.device = DEVICE_NONE, .source = SOURCE_NONE });
}

void remap_table_flush(struct kthread *k, uint32_t first, uint32_t count)
{
	struct machine *m = k->machine;
	struct remap_table *table = m->remap_table;

	k->waiting_flush = 1;
	while (table->flush_thread) {
		m->env->block(k);
	}
	k->waiting_flush = 0;
	table->flush_thread = (uint16_t)(k->number + 1);
	table->flush_done = 0;
	table->epoch = !table->epoch;
	for (uint32_t index = first; index < first + count; index++) {
		m->irte_cache[index] = (struct irte){ 0 };
	}
	emit_flush(k, first, 0);
	machine_post(m, m->config->timings.invalidate_ps, &(struct hw_event){ .kind = HW_FLUSH_DONE });
	while (!table->flush_done || flush_waits(table)) {
		m->env->block(k);
	}
	table->flush_thread = 0;
	table->flush_done = 0;
	emit_flush(k, first, 1);
	for (uint32_t i = 0; i < m->threads_count; i++) {
		if (m->thread[i].waiting_flush) {
			m->env->wake(m, i);
		}
	}
}
