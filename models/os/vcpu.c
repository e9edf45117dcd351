// SPDX-License-Identifier: MIT
#include "models/os/vcpu.h"

#include "models/hw/controller.h"
#include "models/hw/guest_mode.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/strategies/operations.h"

/* A vector with an empty handler, to make a CPU leave guest mode. */
#define RESCHEDULE_VECTOR 0xfdu

#define VCPU_NONE UINT32_MAX

enum vcpu_slice { SLICE_NONE, SLICE_RUNS, SLICE_OVER };

static void set_state(struct machine *m, uint32_t vcpu, enum vcpu_state state)
{
	m->vcpu[vcpu].state = (uint8_t)state;
	machine_emit(m, &(struct model_event){
		.kind = EV_VCPU, .detail = (uint8_t)state, .cpu = m->vcpu[vcpu].cpu, .value = vcpu,
		.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
}

bool vcpu_owns(const struct machine *m, uint32_t source)
{
	return m->config->devices[m->source[source].device].posted_to != 0;
}

static uint32_t guest_vector(const struct machine *m, uint32_t source)
{
	return m->config->devices[m->source[source].device].guest_vector + m->source[source].vector;
}

void vcpu_init(struct machine *m)
{
	for (size_t i = 0; i < (size_t)m->config->vcpus_count * POSTED_VECTORS; i++) {
		m->guest_source[i] = SOURCE_NONE;
	}
	for (uint32_t vcpu = 0; vcpu < m->config->vcpus_count; vcpu++) {
		const struct vcpu_config *config = &m->config->vcpus[vcpu];

		m->vcpu[vcpu].cpu = (uint16_t)config->cpu;
		m->vcpu[vcpu].apicv = config->apicv;
		m->vcpu[vcpu].place = (uint16_t)vcpu;
		m->posted[vcpu].control = (struct posted_control){
			.nv = POSTED_NOTIFICATION_VECTOR, .ndst = (uint16_t)config->cpu
		};
	}
	for (uint32_t source = 0; source < m->sources_count; source++) {
		uint32_t posted_to = m->config->devices[m->source[source].device].posted_to;

		if (posted_to) {
			m->guest_source[(posted_to - 1) * POSTED_VECTORS + guest_vector(m, source)] = source;
		}
	}
}

void vcpu_start(struct machine *m, uint32_t vcpu)
{
	m->cpu[m->vcpu[vcpu].cpu].vcpu = (uint16_t)(vcpu + 1);
	guest_enter(m, vcpu);
}

void vcpu_enter(struct machine *m, uint32_t vcpu)
{
	vcpu_arm(m, vcpu, VCPU_ENTERS, m->config->timings.vm_entry_ps);
}

/*
 * The last look at the PIR with interrupts off, then the VM entry: a notification that comes later
 * is seen by the CPU.
 */
static void entered(struct machine *m, uint32_t vcpu)
{
	struct vcpu *v = &m->vcpu[vcpu];
	const struct cpu *c = &m->cpu[v->cpu];

	/* An interrupt came first: its end begins the entry again. */
	if (c->vcpu != vcpu + 1 || c->guest || c->in_irq || c->stopped) {
		return;
	}
	if (m->posted[vcpu].on && (v->apicv || m->config->posted->syncs_without_apicv)) {
		posted_sync(m, vcpu);
	}
	guest_enter(m, vcpu);
}

static void wake(struct machine *m, uint32_t vcpu)
{
	if (m->vcpu[vcpu].thread) {
		m->env->wake(m, m->vcpu[vcpu].thread - 1u);
	}
}

/* The vCPU that a thread runs; VCPU_NONE: none. */
static uint32_t vcpu_of(const struct machine *m, uint16_t thread)
{
	for (uint32_t vcpu = 0; vcpu < m->config->vcpus_count; vcpu++) {
		if (m->vcpu[vcpu].thread == thread) {
			return vcpu;
		}
	}
	return VCPU_NONE;
}

static void want(struct machine *m, uint32_t vcpu)
{
	m->vcpu[vcpu].wanted = 1;
	wake(m, vcpu);
}

void vcpu_event(struct machine *m, const struct hw_event *event)
{
	struct vcpu *v = &m->vcpu[event->channel];

	if (v->generation[event->flag] != event->value) {
		return;
	}
	switch ((enum vcpu_event)event->flag) {
	case VCPU_ENTERS:
		entered(m, event->channel);
		break;
	case VCPU_IRQ:
		guest_irq_goes_on(m, event->channel);
		break;
	case VCPU_TIMER:
		v->time_up = 1;
		wake(m, event->channel);
		break;
	case VCPU_SLICE:
		v->slice = SLICE_OVER;
		want(m, event->channel);
		break;
	case VCPU_EVENTS:
		break;
	}
}

static void send_ipi(struct machine *m, uint32_t from, uint32_t to, uint32_t vector)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_IPI, .cpu = (uint16_t)to, .value = vector, .source = SOURCE_NONE,
		.device = DEVICE_NONE, .thread = THREAD_NONE });
	machine_post(m, machine_ipi_ps(m, from, to), &(struct hw_event){
		.kind = HW_IPI_ARRIVES, .cpu = (uint16_t)to, .device = DEVICE_NONE,
		.channel = from * m->config->cpus + to, .value = vector });
}

/* Every vCPU that blocked on this CPU and has an outstanding notification. */
static void wake_blocked(struct machine *m, uint32_t cpu)
{
	for (uint32_t vcpu = 0; vcpu < m->config->vcpus_count; vcpu++) {
		struct vcpu *v = &m->vcpu[vcpu];

		if (v->state == VCPU_BLOCKED && m->posted[vcpu].control.ndst == cpu && m->posted[vcpu].on) {
			v->woken = 1;
			wake(m, vcpu);
		}
	}
}

bool vcpu_takes_host_vector(struct machine *m, uint32_t cpu)
{
	struct cpu *c = &m->cpu[cpu];

	if (!m->config->vcpus_count || c->vector < POSTED_HOST_VECTORS) {
		return false;
	}
	/*
	 * A notification for a vCPU that is not in guest mode here finds nothing to do: its VM
	 * entry looks at the PIR.
	 */
	if (c->vector == POSTED_WAKEUP_VECTOR) {
		wake_blocked(m, cpu);
	}
	causes_lose(m, &c->causes, LOSS_FOREIGN, cpu, c->vector);
	m->controller->eoi(m, cpu);
	cpu_irq_exit(m, cpu);
	return true;
}

/* The hypervisor itself interrupts a guest; from: the CPU that it runs on. */
static void inject(struct machine *m, uint32_t from, uint32_t vcpu, uint32_t vector, struct causes causes)
{
	struct vcpu *v = &m->vcpu[vcpu];
	struct posted_descriptor *d = &m->posted[vcpu];
	uint64_t bit = UINT64_C(1) << (vector % 64);
	bool in_guest = m->cpu[v->cpu].guest == vcpu + 1;

	if (!((d->pir[vector / 64] | v->irr[vector / 64]) & bit)) {
		v->by_software[vector / 64] |= bit;
	}
	if (v->apicv) {
		bool told = d->on;

		posted_set(m, vcpu, vector, causes);
		d->on = 1;
		if (in_guest && !told) {
			send_ipi(m, from, v->cpu, POSTED_NOTIFICATION_VECTOR);
		}
	} else {
		v->irr[vector / 64] |= bit;
		causes_append(m, posted_virtual_slot(m, vcpu, vector), causes);
		if (in_guest) {
			send_ipi(m, from, v->cpu, RESCHEDULE_VECTOR);
		}
	}
	if (v->state == VCPU_BLOCKED) {
		v->woken = 1;
		wake(m, vcpu);
	}
}

void vcpu_forward(struct machine *m, uint32_t cpu, uint32_t source, struct causes *causes)
{
	uint32_t vcpu = m->config->devices[m->source[source].device].posted_to - 1;
	struct causes passed = *causes;

	*causes = (struct causes){ 0, 0 };
	causes_mark_retriggered(m, passed);
	machine_emit(m, &(struct model_event){
		.kind = EV_FORWARDED, .cpu = (uint16_t)cpu, .source = source, .device = m->source[source].device,
		.value = m->cpu[cpu].vector, .thread = THREAD_NONE, .causes = passed });
	inject(m, cpu, vcpu, guest_vector(m, source), passed);
}

/* The thread waits for the CPU that the vCPU has. */
static void waits_for(struct machine *m, uint32_t thread, uint32_t vcpu)
{
	if (vcpu_of(m, (uint16_t)(thread + 1)) == VCPU_NONE) {
		want(m, vcpu);
	} else if (m->vcpu[vcpu].slice == SLICE_NONE) {
		m->vcpu[vcpu].slice = SLICE_RUNS;
		vcpu_arm(m, vcpu, VCPU_SLICE, m->config->timings.jiffy_ps);
	}
}

bool vcpu_runs_in(const struct kthread *k)
{
	const struct cpu *c = &k->machine->cpu[k->cpu];

	return c->vcpu && c->running == k->number + 1;
}

void vcpu_give_way(struct kthread *k)
{
	uint32_t vcpu = vcpu_of(k->machine, k->machine->cpu[k->cpu].running);

	if (vcpu != VCPU_NONE) {
		waits_for(k->machine, k->number, vcpu);
	}
}

/* The vCPU is scheduled in: notifications go to this CPU again. */
static void load(struct kthread *k, uint32_t vcpu)
{
	struct machine *m = k->machine;
	struct posted_control control = { .nv = POSTED_NOTIFICATION_VECTOR, .ndst = k->cpu };

	m->vcpu[vcpu].cpu = k->cpu;
	for (uint32_t n = 0; machine_has_live_process(m, n); n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_cpu && m->thread[i].cpu == k->cpu) {
			waits_for(m, i, vcpu);
		}
	}
	k_irq_save(k);
	k_posted_control(k, vcpu, control);
	/*
	 * What was posted while SN was set has set no ON, and nobody but us will ever look for it.
	 */
	if (m->config->posted->recomputes_on) {
		k_posted_recompute(k, vcpu);
	}
	k_irq_restore(k);
	set_state(m, vcpu, VCPU_RUNS);
}

uint32_t vcpu_next_thread(const struct machine *m, uint32_t cpu)
{
	uint32_t next = THREAD_NONE;
	uint32_t lowest = UINT32_MAX;

	for (uint32_t n = 0; machine_has_live_process(m, n); n++) {
		uint32_t i = m->live_thread[n];
		uint32_t vcpu, place;

		if (!m->thread[i].waiting_cpu || m->thread[i].cpu != cpu) {
			continue;
		}
		vcpu = m->config->vcpus_count ? vcpu_of(m, (uint16_t)(i + 1)) : VCPU_NONE;
		place = vcpu == VCPU_NONE ? 0 : m->vcpu[vcpu].place + 1u;
		if (place < lowest) {
			next = i;
			lowest = place;
		}
	}
	return next;
}

/* Behind all others, with a slice of its own ahead. */
static void to_the_back(struct machine *m, uint32_t vcpu)
{
	for (uint32_t i = 0; i < m->config->vcpus_count; i++) {
		m->vcpu[i].place -= m->vcpu[i].place > m->vcpu[vcpu].place;
	}
	m->vcpu[vcpu].place = (uint16_t)(m->config->vcpus_count - 1);
	m->vcpu[vcpu].slice = SLICE_NONE;
	vcpu_cancel(m, vcpu, VCPU_SLICE);
}

/* The vCPU is scheduled out, ready to run: nobody is to be told until it is back. */
static void put(struct kthread *k, uint32_t vcpu)
{
	struct machine *m = k->machine;
	struct vcpu *v = &m->vcpu[vcpu];
	struct posted_control control = m->posted[vcpu].control;

	control.sn = 1;
	k_irq_save(k);
	k_posted_control(k, vcpu, control);
	k_irq_restore(k);
	v->wanted = 0;
	/* Whoever only had to let another thread through goes on with the rest of its slice. */
	if (v->slice == SLICE_OVER) {
		to_the_back(m, vcpu);
	}
	set_state(m, vcpu, VCPU_PREEMPTED);
}

/* In guest mode but for interrupts, until the time is up or another thread wants the CPU. */
static void in_guest(struct kthread *k, uint32_t vcpu, bool halts)
{
	struct machine *m = k->machine;
	struct vcpu *v = &m->vcpu[vcpu];

	m->cpu[k->cpu].vcpu = (uint16_t)(vcpu + 1);
	vcpu_enter(m, vcpu);
	while (!v->wanted && !(v->time_up && (!halts || guest_idle(m, vcpu)))) {
		m->env->block(k);
	}
	/* An interrupt that is under way comes first. */
	k_work(k, 0);
	m->cpu[k->cpu].vcpu = 0;
	vcpu_cancel(m, vcpu, VCPU_ENTERS);
	if (guest_exit(m, k->cpu)) {
		k_work(k, m->config->timings.vm_exit_ps);
	}
}

void vcpu_run(struct kthread *k, uint32_t vcpu, uint64_t time_ps, bool halts)
{
	struct machine *m = k->machine;
	struct vcpu *v = &m->vcpu[vcpu];

	v->thread = (uint16_t)(k->number + 1);
	v->time_up = 0;
	v->halting = halts;
	if (time_ps != VCPU_FOR_EVER) {
		vcpu_arm(m, vcpu, VCPU_TIMER, time_ps);
	}
	load(k, vcpu);
	for (;;) {
		in_guest(k, vcpu, halts);
		if (v->time_up && (!halts || guest_idle(m, vcpu))) {
			break;
		}
		put(k, vcpu);
		k_sleep(k, 0);
		load(k, vcpu);
	}
	v->halting = 0;
	vcpu_cancel(m, vcpu, VCPU_TIMER);
}

void vcpu_preempt(struct kthread *k, uint32_t vcpu, uint64_t time_ps)
{
	put(k, vcpu);
	to_the_back(k->machine, vcpu);
	k_sleep(k, time_ps);
}

void vcpu_block(struct kthread *k, uint32_t vcpu, uint64_t time_ps)
{
	struct machine *m = k->machine;
	struct vcpu *v = &m->vcpu[vcpu];
	struct posted_control control = { .nv = POSTED_WAKEUP_VECTOR, .ndst = k->cpu };

	v->time_up = 0;
	vcpu_arm(m, vcpu, VCPU_TIMER, time_ps);
	k_irq_save(k);
	set_state(m, vcpu, VCPU_BLOCKED);
	/*
	 * What was posted before this has sent the other vector, and with ON set nothing more is
	 * sent: the wake-up that it needs has to come from here.
	 */
	if (k_posted_control(k, vcpu, control)) {
		send_ipi(m, k->cpu, k->cpu, POSTED_WAKEUP_VECTOR);
	}
	/* Injected since the guest halted. */
	v->woken = !guest_idle(m, vcpu);
	k_irq_restore(k);
	v->wanted = 0;
	to_the_back(m, vcpu);
	k_cpu_put(k);
	while (!v->woken && !v->time_up) {
		m->env->block(k);
	}
	vcpu_cancel(m, vcpu, VCPU_TIMER);
	k_cpu_get(k);
	k_work(k, m->config->timings.wakeup_ps);
}

void vcpu_set_apicv(struct kthread *k, uint32_t vcpu, bool on)
{
	struct machine *m = k->machine;
	const struct vcpu *v = &m->vcpu[vcpu];

	k_note(k, on ? "APICv on" : "APICv off", SOURCE_NONE, v->cpu, vcpu);
	k_vcpu_apicv(k, vcpu, on);
	if (m->cpu[v->cpu].guest == vcpu + 1) {
		send_ipi(m, k->cpu, v->cpu, RESCHEDULE_VECTOR);
	}
}
