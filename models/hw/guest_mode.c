// SPDX-License-Identifier: MIT
#include "models/hw/guest_mode.h"

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/vcpu.h"

void vcpu_arm(struct machine *m, uint32_t vcpu, enum vcpu_event event, uint64_t delay_ps)
{
	machine_post(m, delay_ps, &(struct hw_event){
		.kind = HW_VCPU, .flag = (uint8_t)event, .cpu = m->vcpu[vcpu].cpu, .device = DEVICE_NONE,
		.channel = vcpu, .value = ++m->vcpu[vcpu].generation[event] });
}

void vcpu_cancel(struct machine *m, uint32_t vcpu, enum vcpu_event event)
{
	m->vcpu[vcpu].generation[event]++;
}

static void emit(struct machine *m, enum model_event_kind kind, uint32_t vcpu, uint32_t source, struct causes causes)
{
	machine_emit(m, &(struct model_event){
		.kind = (uint8_t)kind, .detail = m->vcpu[vcpu].origin, .cpu = m->vcpu[vcpu].cpu, .source = source,
		.device = DEVICE_NONE, .value = m->vcpu[vcpu].vector, .thread = THREAD_NONE, .causes = causes });
}

static uint32_t highest(const uint64_t *map)
{
	for (uint32_t word = POSTED_WORDS; word-- > 0;) {
		if (map[word]) {
			return word * 64 + 63 - (uint32_t)__builtin_clzll(map[word]);
		}
	}
	return VECTOR_NONE;
}

bool guest_idle(const struct machine *m, uint32_t vcpu)
{
	return m->vcpu[vcpu].irq == GUEST_IDLE && highest(m->vcpu[vcpu].irr) == VECTOR_NONE;
}

static void go_on_in(struct machine *m, uint32_t vcpu, uint64_t time_ps)
{
	m->vcpu[vcpu].irq_ps = m->now_ps + time_ps;
	vcpu_arm(m, vcpu, VCPU_IRQ, time_ps);
}

/*
 * The guest is interrupted by the highest virtual interrupt that is requested, once it is through
 * with the last one.
 */
static void recognise(struct machine *m, uint32_t vcpu)
{
	struct vcpu *v = &m->vcpu[vcpu];
	uint32_t vector = highest(v->irr);
	uint64_t bit = UINT64_C(1) << (vector % 64);
	struct causes *slot;

	if (v->irq != GUEST_IDLE) {
		return;
	}
	if (vector == VECTOR_NONE) {
		if (v->halting && v->thread) {
			m->env->wake(m, v->thread - 1u);
		}
		return;
	}
	slot = posted_virtual_slot(m, vcpu, vector);
	v->irr[vector / 64] &= ~bit;
	v->origin = v->by_software[vector / 64] & bit ? RUN_BY_RETRIGGER : RUN_BY_MESSAGE;
	v->by_software[vector / 64] &= ~bit;
	v->causes = *slot;
	*slot = (struct causes){ 0, 0 };
	v->vector = (uint8_t)vector;
	v->irq = GUEST_IN_ENTRY;
	go_on_in(m, vcpu, m->config->timings.irq_entry_ps);
}

void guest_enter(struct machine *m, uint32_t vcpu)
{
	struct vcpu *v = &m->vcpu[vcpu];

	m->cpu[v->cpu].guest = (uint16_t)(vcpu + 1);
	v->virtualized = v->apicv;
	emit(m, EV_VM_ENTRY, vcpu, SOURCE_NONE, (struct causes){ 0, 0 });
	if (v->irq != GUEST_IDLE) {
		go_on_in(m, vcpu, v->irq_ps);
	}
	recognise(m, vcpu);
	cpu_poll(m, v->cpu);
}

bool guest_exit(struct machine *m, uint32_t cpu)
{
	uint32_t vcpu = m->cpu[cpu].guest - 1u;

	if (!m->cpu[cpu].guest) {
		return false;
	}
	m->cpu[cpu].guest = 0;
	if (m->vcpu[vcpu].irq != GUEST_IDLE) {
		m->vcpu[vcpu].irq_ps -= m->now_ps;
		vcpu_cancel(m, vcpu, VCPU_IRQ);
	}
	emit(m, EV_VM_EXIT, vcpu, SOURCE_NONE, (struct causes){ 0, 0 });
	return true;
}

bool guest_takes(struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint32_t vcpu = m->cpu[cpu].guest - 1u;
	struct causes causes;
	bool by_software;

	if (!m->cpu[cpu].guest || vector != POSTED_NOTIFICATION_VECTOR || !m->vcpu[vcpu].virtualized) {
		return false;
	}
	causes = controller_take(m, cpu, vector, &by_software);
	causes_lose(m, &causes, LOSS_FOREIGN, cpu, vector);
	m->controller->eoi(m, cpu);
	posted_sync(m, vcpu);
	recognise(m, vcpu);
	cpu_poll(m, cpu);
	return true;
}

static void handler_starts(struct machine *m, uint32_t vcpu)
{
	struct vcpu *v = &m->vcpu[vcpu];
	uint32_t source = m->guest_source[(size_t)vcpu * POSTED_VECTORS + v->vector];
	const struct device_config *device;

	if (source == SOURCE_NONE) {
		emit(m, EV_NO_HANDLER, vcpu, SOURCE_NONE, v->causes);
		causes_lose(m, &v->causes, LOSS_UNASSIGNED, v->cpu, v->vector);
		v->irq = GUEST_IDLE;
		return;
	}
	device = &m->config->devices[m->source[source].device];
	v->irq = GUEST_IN_HANDLER;
	emit(m, EV_HANDLER_START, vcpu, source, v->causes);
	causes_release(m, &v->causes);
	device_serviced(m, source);
	go_on_in(m, vcpu, device->handler_ps ? device->handler_ps : m->config->timings.handler_ps);
}

static void handler_ends(struct machine *m, uint32_t vcpu)
{
	struct vcpu *v = &m->vcpu[vcpu];
	uint32_t source = m->guest_source[(size_t)vcpu * POSTED_VECTORS + v->vector];

	emit(m, EV_HANDLER_END, vcpu, source, (struct causes){ 0, 0 });
	v->irq = GUEST_IDLE;
}

void guest_irq_goes_on(struct machine *m, uint32_t vcpu)
{
	struct vcpu *v = &m->vcpu[vcpu];

	if (v->irq == GUEST_IN_ENTRY) {
		handler_starts(m, vcpu);
	} else {
		handler_ends(m, vcpu);
	}
	if (v->irq != GUEST_IDLE) {
		return;
	}
	v->vector = 0;
	v->irq_ps = 0;
	if (v->virtualized) {
		recognise(m, vcpu);
		return;
	}
	/* Without virtualization the end of interrupt is the host's to see. */
	guest_exit(m, v->cpu);
	vcpu_enter(m, vcpu);
}
