// SPDX-License-Identifier: MIT
#include "models/hw/invalidation.h"

#include "models/machine.h"

void invalidation_look_up(struct machine *m, uint32_t device, uint64_t took_ps,
			  const struct hw_event *event)
{
	struct invalidation *queue = m->invalidation;
	uint64_t *ready_ps = &m->device[device].remapped_ps;
	struct hw_event posted = *event;

	if (*ready_ps < m->now_ps + took_ps) {
		*ready_ps = m->now_ps + took_ps;
	}
	queue->in_lookup[queue->epoch]++;
	posted.kind = HW_REMAP_DONE;
	posted.flag = (uint8_t)(event->flag << 1 | queue->epoch);
	posted.device = device;
	posted.channel = device;
	machine_post(m, *ready_ps - m->now_ps, &posted);
}

/* Whether look-ups that began before the running invalidation are still under way. */
static bool waits(const struct invalidation *queue)
{
	return queue->in_lookup[!queue->epoch];
}

static void wake(struct machine *m)
{
	const struct invalidation *queue = m->invalidation;

	if (queue->thread && queue->done && !waits(queue)) {
		m->env->wake(m, queue->thread - 1u);
	}
}

uint8_t invalidation_looked_up(struct machine *m, const struct hw_event *event)
{
	m->invalidation->in_lookup[event->flag & 1]--;
	wake(m);
	return event->flag >> 1;
}

void invalidation_done(struct machine *m, const struct hw_event *event)
{
	(void)event;
	m->invalidation->done = 1;
	wake(m);
}

static void emit_flush(const struct kthread *k, uint32_t first, uint8_t detail)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_FLUSH, .detail = detail, .thread = k->number, .cpu = k->cpu,
		.value = first, .device = DEVICE_NONE, .source = SOURCE_NONE });
}

void invalidation_run(struct kthread *k, uint32_t first, uint32_t count,
		      void (*forget)(struct machine *m, uint32_t entry))
{
	struct machine *m = k->machine;
	struct invalidation *queue = m->invalidation;

	k->waiting_flush = 1;
	while (queue->thread) {
		m->env->block(k);
	}
	k->waiting_flush = 0;
	queue->thread = (uint16_t)(k->number + 1);
	queue->done = 0;
	queue->epoch = !queue->epoch;
	for (uint32_t entry = first; entry < first + count; entry++) {
		forget(m, entry);
	}
	emit_flush(k, first, 0);
	machine_post(m, m->config->timings.invalidate_ps, &(struct hw_event){
		.kind = HW_FLUSH_DONE });
	while (!queue->done || waits(queue)) {
		m->env->block(k);
	}
	queue->thread = 0;
	queue->done = 0;
	emit_flush(k, first, 1);
	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_flush) {
			m->env->wake(m, i);
		}
	}
}
