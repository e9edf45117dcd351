// SPDX-License-Identifier: MIT
#include "models/os/irq_flow.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/os/vcpu.h"
#include "models/strategies/operations.h"

static void emit_cpu(struct machine *m, enum model_event_kind kind, uint32_t cpu, uint32_t source, uint8_t detail,
		     struct causes causes)
{
	machine_emit(m, &(struct model_event){
		.kind = (uint8_t)kind, .detail = detail, .cpu = (uint16_t)cpu, .source = source,
		.device = DEVICE_NONE, .value = m->cpu[cpu].vector, .thread = THREAD_NONE, .causes = causes });
}

static uint32_t *slot_of(const struct machine *m, uint32_t cpu)
{
	return &m->vector_irq[(size_t)cpu * m->vectors + m->cpu[cpu].vector];
}

/*
 * A vector without a descriptor: logged, or swallowed once where the slot said that it may still come. It is cleared then,
 * whatever it holds by now.
 */
static void no_handler(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	uint32_t *slot = slot_of(m, cpu);
	bool silent = c->slot_read == VECTOR_SHUTDOWN || c->slot_read == VECTOR_RETRIGGERED;

	emit_cpu(m, EV_NO_HANDLER, cpu, SOURCE_NONE, silent, c->causes);
	if (silent) {
		*slot = VECTOR_UNUSED;
	}
	c->slot_read = 0;
	causes_lose(m, &c->causes, LOSS_UNASSIGNED, cpu, c->vector);
	m->controller->eoi(m, cpu);
	cpu_irq_exit(m, cpu);
}

static void run_handler(struct machine *m, uint32_t cpu, struct causes *causes, uint8_t origin)
{
	struct cpu *c = &m->cpu[cpu];
	const struct device_config *device;
	uint64_t handler_ps;

	device = &m->config->devices[m->source[c->desc].device];
	handler_ps = device->handler_ps ? device->handler_ps : m->config->timings.handler_ps;
	if (vcpu_owns(m, c->desc)) {
		vcpu_forward(m, cpu, c->desc, causes);
	} else {
		emit_cpu(m, EV_HANDLER_START, cpu, c->desc, origin, *causes);
		causes_release(m, causes);
		m->env->serviced(m, c->desc);
	}
	machine_post(m, handler_ps, &(struct hw_event){
		.kind = HW_HANDLER_ENDS, .cpu = (uint16_t)cpu, .channel = cpu });
}

/* The edge flow behind the acknowledge. */
static void handle_event(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	m->controller->eoi(m, cpu);
	desc->flags |= DESC_IN_PROGRESS;
	desc->handler_cpu = (uint16_t)cpu;
	run_handler(m, cpu, &c->causes, c->origin);
}

/*
 * The edge flow up to the acknowledge. A raise that finds the handler running elsewhere, or the interrupt disabled or
 * without an action, leaves PENDING for the running loop, the enable or nobody.
 */
static void edge_flow(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	m->root->arrived(m, c->desc, cpu);
	if ((desc->flags & (DESC_IN_PROGRESS | DESC_DISABLED)) || !(desc->flags & DESC_STARTED)) {
		desc->flags |= DESC_PENDING;
		desc->pending_origin = c->origin;
		causes_append(m, &desc->pending, c->causes);
		c->causes = (struct causes){ 0, 0 };
		m->controller->eoi(m, cpu);
		cpu_irq_exit(m, cpu);
		return;
	}
	if (desc->flags & DESC_MOVE_PENDING) {
		struct kthread *k = &m->thread[m->config->threads + cpu];

		desc->lock = (uint16_t)(k->number + 1);
		k->work = c->desc + 1;
		m->env->wake(m, k->number);
		return;
	}
	handle_event(m, cpu);
}

static void dispatch_to(struct machine *m, uint32_t cpu, uint32_t desc)
{
	struct cpu *c = &m->cpu[cpu];

	c->desc = desc;
	if (m->desc[desc].lock) {
		c->spinning = SPIN_ON_DESC;
		m->desc[desc].spinners++;
		return;
	}
	edge_flow(m, cpu);
}

/*
 * The slot held no descriptor. Who sets vectors up holds the vector lock, so a second look under that lock sees either all
 * of it or nothing.
 */
static void no_descriptor(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (m->config->setup && !m->config->setup->rechecks) {
		no_handler(m, cpu);
		return;
	}
	if (m->locks->vector_lock) {
		c->spinning = SPIN_ON_VECTOR_LOCK;
		m->locks->spinners++;
		return;
	}
	c->slot_read = *slot_of(m, cpu);
	if (c->slot_read >= m->sources_count) {
		no_handler(m, cpu);
		return;
	}
	c->slot_read = 0;
	dispatch_to(m, cpu, *slot_of(m, cpu));
}

void irq_dispatch(struct machine *m, uint32_t cpu, bool again)
{
	struct cpu *c = &m->cpu[cpu];

	if (again) {
		no_descriptor(m, cpu);
		return;
	}
	if (vcpu_takes_host_vector(m, cpu)) {
		return;
	}
	if (*slot_of(m, cpu) < m->sources_count) {
		dispatch_to(m, cpu, *slot_of(m, cpu));
		return;
	}
	c->slot_read = *slot_of(m, cpu);
	machine_post(m, m->config->timings.slot_gap_ps, &(struct hw_event){
		.kind = HW_IRQ_DISPATCHED, .flag = 1, .cpu = (uint16_t)cpu, .channel = cpu });
}

void irq_vector_unlocked(struct machine *m)
{
	for (uint32_t cpu = 0; m->locks->spinners && cpu < m->config->cpus; cpu++) {
		if (m->cpu[cpu].spinning == SPIN_ON_VECTOR_LOCK) {
			m->cpu[cpu].spinning = SPIN_NOT;
			m->locks->spinners--;
			no_descriptor(m, cpu);
		}
	}
}

void irq_desc_unlocked(struct machine *m, uint32_t desc)
{
	if (!m->desc[desc].spinners) {
		return;
	}
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		struct cpu *c = &m->cpu[cpu];

		if (c->spinning == SPIN_ON_DESC && c->desc == desc && !m->desc[desc].lock) {
			c->spinning = SPIN_NOT;
			m->desc[desc].spinners--;
			edge_flow(m, cpu);
		}
	}
}

/* Threads in free_irq() that wait for the handler's end. */
static void wake_synchronizers(struct machine *m, uint32_t desc)
{
	for (uint32_t i = 0; i < m->config->threads; i++) {
		if (m->thread[i].waiting_handler == desc + 1) {
			m->env->wake(m, i);
		}
	}
}

void irq_handler_ends(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	if (!vcpu_owns(m, c->desc)) {
		emit_cpu(m, EV_HANDLER_END, cpu, c->desc, 0, (struct causes){ 0, 0 });
	}
	if (desc->flags & DESC_PENDING && !(desc->flags & DESC_DISABLED)) {
		struct causes causes = desc->pending;

		desc->flags &= (uint16_t)~DESC_PENDING;
		desc->pending = (struct causes){ 0, 0 };
		run_handler(m, cpu, &causes, desc->pending_origin);
		return;
	}
	desc->flags &= (uint16_t)~DESC_IN_PROGRESS;
	wake_synchronizers(m, c->desc);
	cpu_irq_exit(m, cpu);
}

/*
 * The part of the acknowledge that takes time: mask where the chip can, move, unmask. EBUSY leaves the move pending for
 * the interrupt after this one. The descriptor's lock is held throughout, as in the kernel's flow handlers.
 */
static void move_in_acknowledge(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	const uint64_t *mask = &m->pending_affinity[(size_t)desc * m->cpu_words];

	d->flags &= (uint16_t)~DESC_MOVE_PENDING;
	irq_mask(k, desc);
	if (irq_do_set_affinity(k, desc, mask) == -EBUSY) {
		d->flags |= DESC_MOVE_PENDING;
	}
	irq_unmask(k, desc);
	handle_event(m, k->cpu);
	k_desc_unlock(k, desc);
}

void irq_context_thread(struct kthread *k)
{
	for (;;) {
		uint32_t desc;

		while (!k->work) {
			k->machine->env->block(k);
		}
		desc = k->work - 1;
		k->work = 0;
		k->observed = 0;
		move_in_acknowledge(k, desc);
	}
}
