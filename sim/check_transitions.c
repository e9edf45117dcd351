// SPDX-License-Identifier: MIT
/* The ways on from a state, and what each may touch. */
#include "sim/check_machine_internal.h"

#include "models/hw/controller.h"
#include "models/os/root_domain.h"

/*
 * Objects of footprints; a device's are its registers, its channel and whether its sources want
 * service.
 */
#define TOUCHES_CPU(cpu) (1u << (cpu))
#define TOUCHES_CPUS ((1u << CHECK_CPUS_MAX) - 1)
#define TOUCHES_DEVICE(device) (1u << (CHECK_CPUS_MAX + (device)))
#define TOUCHES_KERNEL (1u << 30)
#define TOUCHES_REMAP (1u << 31)
#define TOUCHES_ALL UINT32_MAX

#define EVENT_CODE(kind, rest) ((uint32_t)CHECK_EVENT << 28 | (uint32_t)(kind) << 24 | (rest))

static uint32_t message_footprint(const struct machine *m, const struct hw_event *event)
{
	uint32_t vector;
	uint32_t cpu;

	if (m->remap) {
		return TOUCHES_DEVICE(event->device) | TOUCHES_REMAP | TOUCHES_CPUS;
	}
	if (m->config->fabric == FABRIC_WEAK) {
		return TOUCHES_DEVICE(event->device);
	}
	if (!m->controller->decode(m, event->address, event->value, &cpu, &vector)) {
		return TOUCHES_DEVICE(event->device);
	}
	return TOUCHES_DEVICE(event->device) | TOUCHES_CPU(cpu);
}

static uint32_t kernel_footprint(const struct machine *m, uint32_t cpu, uint32_t desc)
{
	uint32_t device = desc < m->sources_count ? TOUCHES_DEVICE(m->source[desc].device) : 0;

	/* The end of an active SPI lets another CPU take it. */
	return (m->root->global ? TOUCHES_CPUS : TOUCHES_CPU(cpu)) | TOUCHES_KERNEL | device;
}

/* Everything that dispatching the event can read or write; TOUCHES_ALL where that is not known. */
static uint32_t footprint_of(const struct machine *m, const struct hw_event *event)
{
	const struct cpu *cpu = event->cpu < m->config->cpus ? &m->cpu[event->cpu] : NULL;

	switch ((enum hw_event_kind)event->kind) {
	case HW_WRITE_LANDS:
		return TOUCHES_DEVICE(event->device);
	case HW_MESSAGE_ARRIVES:
		return message_footprint(m, event);
	case HW_REMAP_DONE:
		/* An ITS reads only then where the message leads. */
		return TOUCHES_DEVICE(event->device) | TOUCHES_REMAP |
		       (m->config->remap == REMAP_ITS ? TOUCHES_CPUS : TOUCHES_CPU(event->cpu));
	case HW_FABRIC_DELIVERS:
	case HW_IPI_ARRIVES:
	case HW_IRQ_TAKEN:
		return TOUCHES_CPU(event->cpu);
	case HW_IRQ_DISPATCHED:
		return kernel_footprint(m, event->cpu,
					*machine_vector_irq(m, event->cpu, cpu->vector));
	case HW_HANDLER_ENDS:
		return kernel_footprint(m, event->cpu, cpu->desc);
	case HW_FLUSH_DONE:
		return TOUCHES_REMAP;
	case HW_TIMER:
		return TOUCHES_KERNEL | TOUCHES_CPU(m->timer[event->channel].cpu);
	case HW_COMMAND_DONE:
	case HW_VCPU:
	case HW_SIMULATOR:
		break;
	}
	return TOUCHES_ALL;
}

static bool interrupt_comes_first(const struct check_machine *c, uint32_t cpu)
{
	for (uint32_t i = 0; i < c->plain.events_count; i++) {
		const struct hw_event *event = &c->plain.event[i].event;

		if (event->kind == HW_IRQ_TAKEN && event->cpu == cpu &&
		    machine_event_enabled(&c->machine, event)) {
			return true;
		}
	}
	return false;
}

/*
 * A CPU takes what is pending and not held off before the next instruction of what it runs; other
 * CPUs may go on.
 */
static bool has_its_cpu(const struct check_machine *c, uint32_t thread)
{
	const struct kthread *k = &c->machine.thread[thread];

	return !k->has_cpu || k->irq_context ||
	       (!cpu_withheld(&c->machine, k->cpu) && !interrupt_comes_first(c, k->cpu));
}

static bool is_settled(const struct check_plain *p, uint32_t thread)
{
	for (uint32_t i = 0; i < p->events_count; i++) {
		if (p->event[i].awaited >> thread & 1) {
			return false;
		}
	}
	return true;
}

static uint32_t add_steps(const struct check_machine *c, struct check_transition *out)
{
	const struct machine *m = &c->machine;
	uint32_t count = 0;

	for (uint32_t thread = 0; thread < m->threads_count; thread++) {
		uint8_t status = c->plain.status[thread];
		uint32_t ways = 0;

		if (status == CHECK_THREAD_READY || status == CHECK_THREAD_WOKEN) {
			ways = 1;
		} else if (status == CHECK_THREAD_CHOOSING) {
			ways = c->plain.choices[thread];
		} else if (status == CHECK_THREAD_SETTLING) {
			ways = is_settled(&c->plain, thread);
		}
		if (!has_its_cpu(c, thread)) {
			ways = 0;
		}
		for (uint32_t way = 0; way < ways && count < CHECK_TRANSITIONS_MAX; way++) {
			out[count++] = (struct check_transition){
				.code = (uint32_t)CHECK_STEP << 28 | thread << 8 | way,
				.kind = CHECK_STEP, .choice = (uint8_t)way,
				.number = (uint16_t)thread, .footprint = TOUCHES_ALL
			};
		}
	}
	return count;
}

static bool is_unordered(const struct hw_event *event)
{
	return event->kind == HW_FABRIC_DELIVERS && event->channel == UINT32_MAX;
}

static uint32_t event_code(const struct hw_event *event)
{
	if (is_unordered(event)) {
		return EVENT_CODE(event->kind, (event->device & 0xff) << 16 |
						       (event->cpu & 0xffu) << 8 |
						       (event->value & 0xff));
	}
	return EVENT_CODE(event->kind, event->channel & 0xffffff);
}

static bool is_behind_another(const struct check_machine *c, uint32_t at)
{
	const struct hw_event *event = &c->plain.event[at].event;
	const struct hw_event *before = at ? &c->plain.event[at - 1].event : NULL;

	if (!before || before->kind != event->kind || before->channel != event->channel) {
		return false;
	}
	return !is_unordered(event) || event_code(before) == event_code(event);
}

static uint32_t add_events(const struct check_machine *c, struct check_transition *out,
			   uint32_t room)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->plain.events_count && count < room; i++) {
		const struct hw_event *event = &c->plain.event[i].event;

		if (!is_behind_another(c, i) && machine_event_enabled(&c->machine, event)) {
			out[count++] = (struct check_transition){
				.code = event_code(event), .kind = CHECK_EVENT,
				.number = (uint16_t)i, .footprint = footprint_of(&c->machine, event)
			};
		}
	}
	return count;
}

static bool can_raise(const struct check_machine *c, uint32_t source)
{
	uint32_t device = c->machine.source[source].device;
	enum scenario_process process = check_arrivals_of(c, source)->process;

	if (process == PROCESS_NONE || !c->machine.source[source].active ||
	    !c->plain.raises_left[device]) {
		return false;
	}
	return process != PROCESS_CLOSED ||
	       c->plain.wanted[source] < check_outstanding_max(c, source);
}

static bool can_time_out(const struct check_machine *c, uint32_t source)
{
	return c->bounds.stalls && check_arrivals_of(c, source)->process == PROCESS_CLOSED &&
	       c->plain.wanted[source];
}

static uint32_t add_outside(const struct check_machine *c, struct check_transition *out,
			    uint32_t room)
{
	uint32_t count = 0;

	for (uint32_t source = 0; source < c->machine.sources_count; source++) {
		uint32_t footprint = TOUCHES_DEVICE(c->machine.source[source].device);

		if (can_raise(c, source) && count < room) {
			out[count++] = (struct check_transition){
				.code = (uint32_t)CHECK_RAISE << 28 | source, .kind = CHECK_RAISE,
				.number = (uint16_t)source, .footprint = footprint
			};
		}
		if (can_time_out(c, source) && count < room) {
			out[count++] = (struct check_transition){
				.code = (uint32_t)CHECK_TIMEOUT << 28 | source,
				.kind = CHECK_TIMEOUT, .number = (uint16_t)source, .footprint = footprint
			};
		}
	}
	return count;
}

uint32_t check_machine_transitions(struct check_machine *c, struct check_transition *transitions)
{
	uint32_t count = add_steps(c, transitions);

	count += add_events(c, transitions + count, CHECK_TRANSITIONS_MAX - count);
	count += add_outside(c, transitions + count, CHECK_TRANSITIONS_MAX - count);
	if (count == CHECK_TRANSITIONS_MAX) {
		check_broken(c, "more can happen at once than `check` has room for");
	}
	return count;
}
