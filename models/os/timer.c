// SPDX-License-Identifier: MIT
#include "models/os/timer.h"

#include "models/hw/cpu.h"
#include "models/machine.h"
#include "models/os/root_domain.h"

static void arm(struct machine *m, uint32_t number, uint32_t cpu, uint64_t delay_ps)
{
	struct kernel_timer *timer = &m->timer[number];

	timer->cpu = (uint16_t)cpu;
	timer->armed = 1;
	machine_post(m, delay_ps, &(struct hw_event){
		.kind = HW_TIMER, .cpu = (uint16_t)cpu, .channel = number, .value = timer->generation });
}

void timer_arm(struct machine *m, uint32_t number, uint32_t cpu)
{
	uint64_t jiffy_ps = m->config->timings.jiffy_ps;

	arm(m, number, cpu, 2 * jiffy_ps - m->now_ps % jiffy_ps);
}

void timer_arm_now(struct machine *m, uint32_t number, uint32_t cpu)
{
	arm(m, number, cpu, m->config->timings.ipi_ps);
}

void timer_cancel(struct machine *m, uint32_t number)
{
	struct kernel_timer *timer = &m->timer[number];

	if (timer->due) {
		timer->due = 0;
		m->cpu[timer->cpu].timers_due--;
	} else if (timer->armed) {
		/* The posted expiry is still to come. */
		timer->generation++;
	}
	timer->armed = 0;
}

static bool can_run(const struct machine *m, uint32_t cpu)
{
	const struct cpu *c = &m->cpu[cpu];

	return !c->in_irq && !c->irqs_off && c->stopped != CPU_STOPPED && !m->locks->vector_lock;
}

static void run(struct machine *m, uint32_t number)
{
	m->timer[number].armed = 0;
	m->root->timer(m, number);
}

void timer_expires(struct machine *m, const struct hw_event *event)
{
	struct kernel_timer *timer = &m->timer[event->channel];

	if (!timer->armed || timer->generation != event->value) {
		return;
	}
	if (can_run(m, timer->cpu)) {
		run(m, event->channel);
		return;
	}
	timer->due = 1;
	m->cpu[timer->cpu].timers_due++;
}

void timers_run_due(struct machine *m, uint32_t cpu)
{
	if (!m->cpu[cpu].timers_due || !can_run(m, cpu)) {
		return;
	}
	for (uint32_t number = 0; number < m->timers_count; number++) {
		struct kernel_timer *timer = &m->timer[number];

		if (timer->due && timer->cpu == cpu) {
			timer->due = 0;
			m->cpu[cpu].timers_due--;
			run(m, number);
		}
	}
}
