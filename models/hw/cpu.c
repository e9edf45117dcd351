// SPDX-License-Identifier: MIT
#include "models/hw/cpu.h"

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/irq_flow.h"
#include "models/os/timer.h"
#include "models/os/vcpu.h"

bool cpu_interruptible(const struct machine *m, uint32_t cpu)
{
	const struct cpu *c = &m->cpu[cpu];

	return !c->in_irq && !c->irqs_off && c->stopped != CPU_STOPPED && c->controller_enabled;
}

void cpu_poll(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (c->take_posted || !cpu_interruptible(m, cpu) || m->controller->next(m, cpu) == VECTOR_NONE) {
		return;
	}
	c->take_posted = 1;
	machine_post(m, 0, &(struct hw_event){
		.kind = HW_IRQ_TAKEN, .cpu = (uint16_t)cpu, .channel = cpu });
}

static void claim(struct machine *m, uint32_t cpu, uint32_t vector)
{
	struct cpu *c = &m->cpu[cpu];
	bool by_software;

	c->causes = controller_take(m, cpu, vector, &by_software);
	c->vector = vector;
	c->origin = by_software ? RUN_BY_RETRIGGER : RUN_BY_MESSAGE;
	if (machine_listened(m, EV_IRQ_TAKEN)) {
		machine_emit(m, &(struct model_event){
			.kind = EV_IRQ_TAKEN, .cpu = (uint16_t)cpu, .value = vector,
			.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	}
}

bool cpu_claim(struct machine *m, uint32_t cpu)
{
	uint32_t vector = m->controller->next(m, cpu);

	if (vector == VECTOR_NONE) {
		return false;
	}
	claim(m, cpu, vector);
	return true;
}

void cpu_take_interrupt(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	uint64_t entry_ps = m->config->timings.irq_entry_ps;
	uint32_t vector;

	c->take_posted = 0;
	if (!cpu_interruptible(m, cpu)) {
		return;
	}
	vector = m->controller->next(m, cpu);
	if (vector == VECTOR_NONE || guest_takes(m, cpu, vector)) {
		return;
	}
	entry_ps += guest_exit(m, cpu) ? m->config->timings.vm_exit_ps : 0;
	if (!m->controller->claimed_by_kernel) {
		claim(m, cpu, vector);
	}
	c->in_irq = 1;
	c->irq_began_ps = m->now_ps;
	machine_post(m, entry_ps, &(struct hw_event){
		.kind = HW_IRQ_DISPATCHED, .cpu = (uint16_t)cpu, .channel = cpu });
}

static void cpu_unpark(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (c->parked) {
		uint32_t thread = c->parked - 1u;

		c->parked = 0;
		m->env->wake(m, thread);
	}
}

/* The CPU may have become quiet enough for a stop_machine() that waits for it. */
static void wake_stopper(struct machine *m)
{
	if (m->locks->stopper) {
		m->env->wake(m, m->locks->stopper - 1u);
	}
}

void cpu_irq_exit(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];
	uint64_t spent_ps = m->now_ps - c->irq_began_ps;

	c->in_irq = 0;
	c->desc = DESC_NONE;
	c->stolen_ps += spent_ps;
	c->vector = 0;
	c->origin = 0;
	c->irq_began_ps = 0;
	machine_emit(m, &(struct model_event){
		.kind = EV_IRQ_EXIT, .cpu = (uint16_t)cpu, .address = spent_ps,
		.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	timers_run_due(m, cpu);
	cpu_poll(m, cpu);
	if (c->vcpu) {
		vcpu_enter(m, c->vcpu - 1u);
	}
	cpu_unpark(m, cpu);
	wake_stopper(m);
}

bool cpu_withheld(const struct machine *m, uint32_t cpu)
{
	return m->cpu[cpu].in_irq || m->cpu[cpu].stopped;
}

bool cpu_stop_threads(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (!c->irqs_off && c->stopped == CPU_RUNS) {
		c->stopped = CPU_THREADS_STOPPED;
	}
	return c->stopped != CPU_RUNS;
}

bool cpu_stop(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (!c->in_irq) {
		c->stopped = CPU_STOPPED;
	}
	return c->stopped == CPU_STOPPED;
}

void cpu_resume(struct machine *m, uint32_t cpu)
{
	m->cpu[cpu].stopped = CPU_RUNS;
	timers_run_due(m, cpu);
	cpu_poll(m, cpu);
	cpu_unpark(m, cpu);
}

void cpu_irqs_disable(struct machine *m, uint32_t cpu)
{
	m->cpu[cpu].irqs_off++;
}

void cpu_irqs_enable(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	c->irqs_off--;
	if (!c->irqs_off) {
		timers_run_due(m, cpu);
		cpu_poll(m, cpu);
		wake_stopper(m);
	}
}
