// SPDX-License-Identifier: MIT
#include "models/os/irq_flow.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/remap.h"
#include "models/machine.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/os/vcpu.h"
#include "models/strategies/operations.h"

static void emit_cpu(struct machine *m, enum model_event_kind kind, uint32_t cpu, uint32_t source,
		     uint8_t detail, struct causes causes)
{
	machine_emit(m, &(struct model_event){
		.kind = (uint8_t)kind, .detail = detail, .cpu = (uint16_t)cpu, .source = source,
		.device = DEVICE_NONE, .value = m->cpu[cpu].vector, .thread = THREAD_NONE,
		.causes = causes });
}

static uint32_t *slot_of(const struct machine *m, uint32_t cpu)
{
	return machine_vector_irq(m, cpu, m->cpu[cpu].vector);
}

/*
 * Back to what was interrupted; a kernel that claims its vectors first looks whether there is
 * another one.
 */
static void leave(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (m->controller->claimed_by_kernel && m->controller->next(m, cpu) != VECTOR_NONE) {
		c->desc = DESC_NONE;
		machine_post(m, 0, &(struct hw_event){
			.kind = HW_IRQ_DISPATCHED, .flag = 1, .cpu = (uint16_t)cpu,
			.channel = cpu });
		return;
	}
	cpu_irq_exit(m, cpu);
}

/*
 * A vector without a descriptor: logged, or swallowed once where the slot said that it may still
 * come. It is cleared then, whatever it holds by now.
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
	leave(m, cpu);
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
		device_serviced(m, c->desc);
	}
	machine_post(m, handler_ps, &(struct hw_event){
		.kind = HW_HANDLER_ENDS, .cpu = (uint16_t)cpu, .channel = cpu });
}

static void start_handler(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	desc->flags |= DESC_IN_PROGRESS;
	desc->handler_cpu = (uint16_t)cpu;
	run_handler(m, cpu, &c->causes, c->origin);
}

/* The edge flow behind the acknowledge. */
static void handle_event(struct machine *m, uint32_t cpu)
{
	m->controller->eoi(m, cpu);
	start_handler(m, cpu);
}

/*
 * What the CPU has taken waits in its descriptor: for the running loop, the resend, the enable or
 * nobody.
 */
static void leave_pending(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	desc->flags |= DESC_PENDING;
	desc->pending_origin = c->origin;
	causes_append(m, &desc->pending, c->causes);
	c->causes = (struct causes){ 0, 0 };
	m->controller->eoi(m, cpu);
	leave(m, cpu);
}

/* The CPU's interrupt context goes on with the interrupt, behind the descriptor's lock. */
static void hand_over(struct machine *m, uint32_t cpu, enum irq_work kind)
{
	struct kthread *k = &m->thread[m->config->threads + cpu];
	uint32_t desc = m->cpu[cpu].desc;

	m->desc[desc].lock = (uint16_t)(k->number + 1);
	k->work = desc + 1;
	k->work_kind = (uint8_t)kind;
	m->env->wake(m, k->number);
}

/* The edge flow up to the acknowledge. */
static void edge_flow(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	m->root->arrived(m, c->desc, cpu);
	if ((desc->flags & DESC_IN_PROGRESS) && m->config->move->drops_in_progress) {
		causes_lose(m, &c->causes, LOSS_DROPPED, cpu, c->vector);
		m->controller->eoi(m, cpu);
		leave(m, cpu);
		return;
	}
	if ((desc->flags & (DESC_IN_PROGRESS | DESC_DISABLED)) || !(desc->flags & DESC_STARTED)) {
		leave_pending(m, cpu);
		return;
	}
	if (desc->flags & DESC_MOVE_PENDING) {
		hand_over(m, cpu, IRQ_WORK_MOVE);
		return;
	}
	handle_event(m, cpu);
}

/*
 * The fasteoi flow, whose end of interrupt comes after the handler and which has no replay loop:
 * Linux 6.12 handle_fasteoi_irq(). An interrupt that finds its handler running elsewhere, which
 * only one without an active state can, is dropped, or left pending for the resend at the handler's
 * end.
 */
static void fasteoi_flow(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	const struct irq_desc *desc = &m->desc[c->desc];
	bool may_run = !(desc->flags & DESC_IN_PROGRESS);

	if (!may_run && !m->config->move->resends_in_progress) {
		causes_lose(m, &c->causes, LOSS_DROPPED, cpu, c->vector);
		m->controller->eoi(m, cpu);
		cpu_irq_exit(m, cpu);
	} else if (!may_run || (desc->flags & DESC_DISABLED) || !(desc->flags & DESC_STARTED)) {
		leave_pending(m, cpu);
	} else {
		start_handler(m, cpu);
	}
}

static void flow(struct machine *m, uint32_t cpu)
{
	if (m->root->fasteoi) {
		fasteoi_flow(m, cpu);
	} else {
		edge_flow(m, cpu);
	}
}

/* The CPU waits for the descriptor's lock, with interrupts off. */
static void spin(struct machine *m, uint32_t cpu, enum cpu_spin where)
{
	m->cpu[cpu].spinning = (uint8_t)where;
	m->desc[m->cpu[cpu].desc].spinners++;
}

static void dispatch_to(struct machine *m, uint32_t cpu, uint32_t desc)
{
	struct cpu *c = &m->cpu[cpu];

	c->desc = desc;
	if (m->desc[desc].lock) {
		spin(m, cpu, SPIN_BEFORE_HANDLER);
		return;
	}
	flow(m, cpu);
}

/* Threads in free_irq() that wait for the handler's end. */
static void wake_synchronizers(struct machine *m, uint32_t desc)
{
	for (uint32_t n = 0; machine_has_live_process(m, n); n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_handler == desc + 1) {
			m->env->wake(m, i);
		}
	}
}

/*
 * The fasteoi flow behind the handler, with the descriptor's lock: what was left pending meanwhile
 * is sent again.
 */
static void fasteoi_end(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	desc->flags &= (uint16_t)~DESC_IN_PROGRESS;
	desc->handler_cpu = 0;
	wake_synchronizers(m, c->desc);
	m->controller->eoi(m, cpu);
	if (desc->flags & DESC_PENDING && desc->flags & DESC_STARTED &&
	    !(desc->flags & DESC_DISABLED)) {
		hand_over(m, cpu, IRQ_WORK_RESEND);
		return;
	}
	cpu_irq_exit(m, cpu);
}

/*
 * The slot held no descriptor. Who sets vectors up holds the vector lock, so a second look under
 * that lock sees either all of it or nothing.
 */
static void no_descriptor(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (!m->config->setup->rechecks) {
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

/* A vector of the kernel's own: the notices of the remap hardware. */
static void system_vector(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	causes_lose(m, &c->causes, LOSS_FOREIGN, cpu, c->vector);
	m->remap->notice(m, cpu);
	m->controller->eoi(m, cpu);
	leave(m, cpu);
}

/* The kernel's own work at its entry, then the vector. */
static bool claim(struct machine *m, uint32_t cpu, bool again)
{
	if (!again) {
		m->root->entered(m, cpu);
	}
	return cpu_claim(m, cpu);
}

/* Looks the vector in service up. */
static void look_up(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	uint32_t desc = *slot_of(m, cpu);

	if (desc == VECTOR_SYSTEM && m->remap && m->remap->notice) {
		system_vector(m, cpu);
		return;
	}
	if (desc < m->sources_count) {
		dispatch_to(m, cpu, desc);
		return;
	}
	c->slot_read = desc;
	if (!m->config->setup) {
		no_handler(m, cpu);
		return;
	}
	machine_post(m, m->config->timings.slot_gap_ps, &(struct hw_event){
		.kind = HW_IRQ_DISPATCHED, .flag = 1, .cpu = (uint16_t)cpu, .channel = cpu });
}

void irq_dispatch(struct machine *m, uint32_t cpu, bool again)
{
	if (again && m->config->setup) {
		no_descriptor(m, cpu);
		return;
	}
	if (m->controller->claimed_by_kernel && !claim(m, cpu, again)) {
		cpu_irq_exit(m, cpu);
		return;
	}
	if (!vcpu_takes_host_vector(m, cpu)) {
		look_up(m, cpu);
	}
}

void irq_vector_unlocked(struct machine *m)
{
	for (uint32_t cpu = 0; m->locks->spinners && cpu < m->config->cpus; cpu++) {
		if (m->cpu[cpu].spinning == SPIN_ON_VECTOR_LOCK) {
			m->cpu[cpu].spinning = SPIN_NONE;
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

		bool after = c->spinning == SPIN_AFTER_HANDLER;
		bool on_desc = after || c->spinning == SPIN_BEFORE_HANDLER;

		if (on_desc && c->desc == desc && !m->desc[desc].lock) {
			c->spinning = SPIN_NONE;
			m->desc[desc].spinners--;
			if (after) {
				fasteoi_end(m, cpu);
			} else {
				flow(m, cpu);
			}
		}
	}
}

void irq_handler_ends(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	struct irq_desc *desc = &m->desc[c->desc];

	if (!vcpu_owns(m, c->desc) && machine_listened(m, EV_HANDLER_END)) {
		emit_cpu(m, EV_HANDLER_END, cpu, c->desc, 0, (struct causes){ 0, 0 });
	}
	if (m->root->fasteoi) {
		if (desc->lock) {
			spin(m, cpu, SPIN_AFTER_HANDLER);
		} else {
			fasteoi_end(m, cpu);
		}
		return;
	}
	if (desc->flags & DESC_PENDING && !(desc->flags & DESC_DISABLED)) {
		struct causes causes = desc->pending;

		desc->flags &= (uint16_t)~DESC_PENDING;
		desc->pending = (struct causes){ 0, 0 };
		run_handler(m, cpu, &causes, desc->pending_origin);
		desc->pending_origin = 0;
		return;
	}
	desc->flags &= (uint16_t)~DESC_IN_PROGRESS;
	wake_synchronizers(m, c->desc);
	desc->handler_cpu = 0;
	leave(m, cpu);
}

/*
 * The part of the acknowledge that takes time: mask where the chip can, move, unmask what was not masked before. EBUSY
 * leaves the move pending for the interrupt after this one. The descriptor's lock is held throughout, as in the kernel's
 * flow handlers.
 */
static void move_in_acknowledge(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	const uint64_t *mask = &m->pending_affinity[(size_t)desc * m->cpu_words];
	bool masked = d->flags & DESC_MASKED;

	d->flags &= (uint16_t)~DESC_MOVE_PENDING;
	irq_mask(k, desc);
	/* The mask may have lost its last CPU since it was asked for. */
	if (irq_mask_reaches_online(m, mask) && irq_do_set_affinity(k, desc, mask) == -EBUSY) {
		d->flags |= DESC_MOVE_PENDING;
	}
	if (!masked) {
		irq_unmask(k, desc);
	}
	handle_event(m, k->cpu);
	k_desc_unlock(k, desc);
}

/* The resend of the fasteoi flow: the interrupt is made pending again where it leads now. */
static void resend(struct kthread *k, uint32_t desc)
{
	k->machine->remap->resend(k, desc);
	k_desc_unlock(k, desc);
	cpu_irq_exit(k->machine, k->cpu);
}

bool irq_context_has_work(const struct machine_config *config)
{
	const struct move_operations *move = config->move;

	/* Arm's interrupt controllers are never busy. */
	return move->resends_in_progress || (config->arch != ARCH_ARM && !move->refuses_busy);
}

void irq_context_thread(struct kthread *k)
{
	for (;;) {
		uint32_t desc;

		/* Idle again, the thread knows nothing of what it did before. */
		k->observed = 0;
		while (!k->work) {
			k->machine->env->block(k);
		}
		desc = k->work - 1;
		k->work = 0;
		kapi_observe(k, desc);
		if (k->work_kind == IRQ_WORK_RESEND) {
			k->work_kind = IRQ_WORK_MOVE;
			resend(k, desc);
		} else {
			move_in_acknowledge(k, desc);
		}
	}
}
