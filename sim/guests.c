// SPDX-License-Identifier: MIT
#include "sim/guests.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/os/kapi.h"
#include "models/os/vcpu.h"
#include "sim/engine.h"

static uint64_t draw_ps(struct guest *guest, uint64_t mean_ps)
{
	if (guest->vcpu->durations == DURATIONS_FIXED) {
		return mean_ps;
	}
	return random_exponential_ps(&guest->stream, (double)mean_ps);
}

/* Runs, is preempted, runs, blocks; what the schedule leaves out does not happen. */
static void body(struct kthread *k, void *argument)
{
	struct guest *guest = argument;
	const struct scenario_vcpu *vcpu = guest->vcpu;

	k_cpu_get(k);
	if (!vcpu->preempt_ps && !vcpu->block_ps) {
		vcpu_run(k, guest->number, VCPU_FOR_EVER, false);
	}
	for (;;) {
		if (vcpu->preempt_ps) {
			vcpu_run(k, guest->number, draw_ps(guest, vcpu->run_ps), false);
			vcpu_preempt(k, guest->number, draw_ps(guest, vcpu->preempt_ps));
		}
		if (vcpu->block_ps) {
			vcpu_run(k, guest->number, draw_ps(guest, vcpu->run_ps), true);
			vcpu_block(k, guest->number, draw_ps(guest, vcpu->block_ps));
		}
	}
}

void guests_init(struct guests *g, struct engine *e, const struct scenario *s, uint64_t replication)
{
	char name[256];

	g->guests = calloc(s->vcpus_count ? s->vcpus_count : 1, sizeof(*g->guests));
	if (!g->guests) {
		abort();
	}
	for (uint32_t i = 0; i < s->vcpus_count; i++) {
		struct guest *guest = &g->guests[i];
		uint32_t thread = (uint32_t)s->actions_count + i;

		guest->vcpu = &s->vcpus[i];
		guest->number = i;
		snprintf(name, sizeof(name), "vcpu %s", s->vcpus[i].name);
		random_stream_init(&guest->stream, s->seed, replication, name);
		e->machine.thread[thread].cpu = (uint16_t)s->vcpus[i].cpu;
		e->machine.vcpu[i].thread = (uint16_t)(thread + 1);
		engine_thread_create(e, thread, 0, body, guest);
	}
}

void guests_release(struct guests *g)
{
	free(g->guests);
}
