// SPDX-License-Identifier: MIT
#include "sim/actions.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/os/hotplug.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/msi_domain.h"
#include "models/os/vcpu.h"
#include "models/strategies/operations.h"
#include "sim/engine.h"

/* The thread runs on the named CPU, or on the lowest one on line that is neither the interrupt's nor its target's. */
static void take_place(struct action *a, struct kthread *k, uint32_t avoid, uint32_t avoid_too)
{
	const struct machine *m = k->machine;
	uint32_t fallback = k->cpu;

	if (a->action->on >= 0 && cpu_is_online(m, (uint32_t)a->action->on)) {
		k_migrate(k, (uint32_t)a->action->on);
		return;
	}
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		if (!cpu_is_online(m, cpu)) {
			continue;
		}
		if (cpu != avoid && cpu != avoid_too) {
			k_migrate(k, cpu);
			return;
		}
		fallback = cpu != avoid ? cpu : fallback;
	}
	k_migrate(k, fallback);
}

static uint32_t choice_count(const struct action *a)
{
	return a->action->target_cpus ? (uint32_t)a->action->target_cpus_count : a->scenario->machine.cpus;
}

static uint32_t choice(const struct action *a, uint32_t index)
{
	return a->action->target_cpus ? a->action->target_cpus[index] : index;
}

/* The next CPU on line behind the present one, in the order of the choices. */
static uint32_t round_robin(const struct action *a, const struct machine *m, uint32_t present)
{
	uint32_t count = choice_count(a);
	uint32_t at = count - 1;

	for (uint32_t i = 0; i < count; i++) {
		if (choice(a, i) == present) {
			at = i;
		}
	}
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t cpu = choice(a, (at + i) % count);

		if (cpu_is_online(m, cpu)) {
			return cpu;
		}
	}
	return present;
}

static uint32_t any_other(struct action *a, struct kthread *k, uint32_t present)
{
	const struct machine *m = k->machine;
	uint32_t candidates = 0;
	uint32_t chosen;

	for (uint32_t i = 0; i < choice_count(a); i++) {
		candidates += choice(a, i) != present && cpu_is_online(m, choice(a, i));
	}
	if (!candidates) {
		return present;
	}
	chosen = choice_below(&a->where, k, candidates);
	for (uint32_t i = 0; i < choice_count(a); i++) {
		uint32_t cpu = choice(a, i);

		if (cpu != present && cpu_is_online(m, cpu) && chosen-- == 0) {
			return cpu;
		}
	}
	return present;
}

static uint32_t target_of(struct action *a, struct kthread *k, uint32_t present)
{
	switch (a->action->target) {
	case TARGET_ROUND_ROBIN:
		return round_robin(a, k->machine, present);
	case TARGET_RANDOM:
		return any_other(a, k, present);
	case TARGET_LIST:
		return choice(a, a->turn++ % choice_count(a));
	}
	return present;
}

/* Each CPU of the action's list. */
static void fill_mask(const struct action *a, uint64_t *mask)
{
	for (uint32_t i = 0; i < choice_count(a); i++) {
		mask[choice(a, i) / 64] |= UINT64_C(1) << (choice(a, i) % 64);
	}
}

static void migrate(struct action *a, struct kthread *k, uint32_t source)
{
	const struct machine *m = k->machine;
	uint64_t mask[MACHINE_CPU_WORDS_MAX] = { 0 };
	uint32_t present = m->desc[source].cpu;
	uint32_t target;

	if (!(m->desc[source].flags & DESC_ALLOCATED)) {
		return;
	}
	if (a->action->as_mask) {
		target = choice(a, 0);
		fill_mask(a, mask);
	} else {
		target = target_of(a, k, present);
		mask[target / 64] = UINT64_C(1) << (target % 64);
	}
	kapi_observe(k, (uint64_t)target << 16 | present);
	take_place(a, k, present, target);
	irq_set_affinity(k, source, mask);
}

static void offline(struct action *a, struct kthread *k)
{
	const struct machine *m = k->machine;
	uint32_t cpu;

	if (a->action->cpu >= 0) {
		cpu = (uint32_t)a->action->cpu;
	} else {
		cpu = m->desc[m->device[a->action->device].first_source].cpu;
	}
	if (cpu == CPU_NONE || !cpu_is_online(m, cpu)) {
		return;
	}
	kapi_observe(k, cpu);
	if (!hotplug_offline(k, cpu)) {
		a->offline[(*a->offline_count)++] = cpu;
		take_place(a, k, cpu, cpu);
	}
}

static void online(struct action *a, struct kthread *k)
{
	uint32_t at = 0;
	uint32_t cpu;

	if (a->action->cpu >= 0) {
		while (at < *a->offline_count && a->offline[at] != (uint32_t)a->action->cpu) {
			at++;
		}
	}
	if (at >= *a->offline_count) {
		return;
	}
	cpu = a->offline[at];
	kapi_observe(k, cpu);
	for (; at + 1 < *a->offline_count; at++) {
		a->offline[at] = a->offline[at + 1];
	}
	--*a->offline_count;
	take_place(a, k, cpu, cpu);
	hotplug_online(k, cpu);
}

static void allocate(const struct scenario_action *action, struct kthread *k, uint32_t device, uint32_t domain)
{
	uint32_t all = action->vector_end - action->vector_first;
	struct irq_request request = {
		.device = device, .domain = domain, .first = action->vector_first, .end = action->vector_end,
		.anywhere = action->want > 0, .want = action->want ? action->want : all,
		.at_least = action->want ? action->at_least : all, .unrequested = !action->request
	};

	irq_allocate(k, &request);
}

static void mask(struct kthread *k, uint32_t desc, bool on)
{
	if (!(k->machine->desc[desc].flags & DESC_STARTED)) {
		return;
	}
	k_irq_save(k);
	k_desc_lock(k, desc);
	if (on) {
		irq_mask(k, desc);
	} else {
		irq_unmask(k, desc);
	}
	k_desc_unlock(k, desc);
	k_irq_restore(k);
}

static void swap(struct action *a, struct kthread *k, uint32_t source)
{
	const struct machine *m = k->machine;

	if (m->desc[source].flags & DESC_STARTED) {
		take_place(a, k, m->desc[source].cpu, CPU_NONE);
		m->config->swap->swap(k, source);
	}
}

static void act_on_vector(struct action *a, struct kthread *k, uint32_t source)
{
	switch (a->action->verb) {
	case ACTION_MIGRATE:
		migrate(a, k, source);
		break;
	case ACTION_SWAP:
		swap(a, k, source);
		break;
	case ACTION_RAISE:
		/* As by itself, only from a queue that its driver has started. */
		if (k->machine->source[source].active) {
			device_raise(k->machine, source);
		}
		break;
	case ACTION_MASK:
	case ACTION_UNMASK:
		mask(k, source, a->action->verb == ACTION_MASK);
		break;
	default:
		break;
	}
}

static void act_on_device(struct action *a, struct kthread *k, uint32_t device)
{
	struct machine *m = k->machine;
	const struct scenario_action *action = a->action;
	const struct scenario_device *named = &a->scenario->devices[device];
	uint32_t domain = scenario_domain_number(named, action->domain);
	uint32_t first_source = m->device[device].first_source;
	uint32_t base = msi_domain_source(m, (struct msi_cookie){ device, domain }, 0) - first_source;
	uint32_t first = base + action->vector_first;
	uint32_t end = base + action->vector_end;

	switch (action->verb) {
	case ACTION_ALLOCATE:
		allocate(action, k, device, domain);
		break;
	case ACTION_FREE:
		if (action->group == UINT32_MAX) {
			irq_free_vectors(k, device, first, end);
		} else if (irq_free_group(k, device, domain, action->group)) {
			k_note(k, "there is no such group", SOURCE_NONE, k->cpu, action->group);
		}
		break;
	case ACTION_REQUEST:
		irq_request_vectors(k, device, first, end);
		break;
	case ACTION_RELEASE:
		irq_unrequest_vectors(k, device, first, end);
		break;
	case ACTION_ENABLE:
	case ACTION_DISABLE:
		irq_device_enable(k, device, action->verb == ACTION_ENABLE);
		break;
	case ACTION_REBOOT:
		irq_guest_reboot(k, device);
		break;
	case ACTION_UNPLUG:
		irq_unplug(k, device);
		break;
	case ACTION_PLUG:
		irq_plug(k, device);
		break;
	case ACTION_SWAP:
	case ACTION_MIGRATE:
	case ACTION_RAISE:
	case ACTION_MASK:
	case ACTION_UNMASK:
		for (uint32_t vector = first; vector < end; vector++) {
			act_on_vector(a, k, first_source + vector);
		}
		break;
	case ACTION_OFFLINE:
	case ACTION_ONLINE:
	case ACTION_APICV_ON:
	case ACTION_APICV_OFF:
		break;
	}
}

void action_do(struct action *a, struct kthread *k)
{
	const struct scenario_action *action = a->action;

	switch (action->verb) {
	case ACTION_OFFLINE:
		offline(a, k);
		return;
	case ACTION_ONLINE:
		online(a, k);
		return;
	case ACTION_APICV_ON:
	case ACTION_APICV_OFF:
		take_place(a, k, (uint32_t)a->scenario->vcpus[action->vcpu].cpu, CPU_NONE);
		vcpu_set_apicv(k, (uint32_t)action->vcpu, action->verb == ACTION_APICV_ON);
		return;
	default:
		break;
	}
	for (uint32_t i = 0; i < action->device_count; i++) {
		act_on_device(a, k, (uint32_t)action->device + i);
	}
}

/* When the next time is; false where there is none. */
static bool next_time(struct action *a, uint32_t done, uint64_t now_ps, uint64_t *at_ps)
{
	const struct scenario_action *action = a->action;

	if (action->count && done >= action->count) {
		return false;
	}
	switch (action->when) {
	case WHEN_AT:
		*at_ps = action->at_ps;
		return done == 0;
	case WHEN_EVERY:
		/* On its grid, so that a slow contender is asked as often as a fast one; a tick that it misses is late. */
		*at_ps = (action->at_ps ? action->at_ps : action->every_ps) + done * action->every_ps;
		break;
	case WHEN_RATE:
		*at_ps = done == 0 && action->at_ps ? action->at_ps :
			 now_ps + random_exponential_ps(&a->when, 1e12 / action->rate_hz);
		break;
	}
	return *at_ps <= a->scenario->duration_ps;
}

static void body(struct kthread *k, void *argument)
{
	struct action *a = argument;
	uint64_t at_ps = 0;

	k_cpu_get(k);
	for (uint32_t done = 0; next_time(a, done, k->machine->now_ps, &at_ps); done++) {
		if (at_ps > k->machine->now_ps) {
			k_sleep(k, at_ps - k->machine->now_ps);
		}
		action_do(a, k);
	}
	k_cpu_put(k);
}

void actions_init(struct actions *a, struct engine *e, const struct scenario *s, uint64_t replication)
{
	char name[64];

	a->actions = calloc(s->actions_count ? s->actions_count : 1, sizeof(*a->actions));
	a->offline = calloc(s->machine.cpus, sizeof(*a->offline));
	a->offline_count = 0;
	if (!a->actions || !a->offline) {
		abort();
	}
	for (size_t i = 0; i < s->actions_count; i++) {
		struct action *action = &a->actions[i];

		*action = (struct action){
			.scenario = s, .action = &s->actions[i], .offline = a->offline,
			.offline_count = &a->offline_count
		};
		snprintf(name, sizeof(name), "action %zu when", i);
		random_stream_init(&action->when, s->seed, replication, name);
		snprintf(name, sizeof(name), "action %zu where", i);
		choice_seed(&action->where, s->seed, replication, name);
		e->machine.thread[i].cpu = (uint16_t)(s->actions[i].on >= 0 ? s->actions[i].on : 0);
		/* What happens once needs no thread before. */
		engine_thread_create(e, (uint32_t)i, s->actions[i].when == WHEN_AT ? s->actions[i].at_ps : 0, body, action);
	}
}

void actions_release(struct actions *a)
{
	free(a->actions);
	free(a->offline);
}
