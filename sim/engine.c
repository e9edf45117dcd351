// SPDX-License-Identifier: MIT
#include "sim/engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/os/vcpu.h"
#include "sim/actor.h"
#include "sim/surrender.h"

#define NOBODY UINT32_MAX

static struct engine *engine_of(const struct machine *m)
{
	return m->env_data;
}

static void post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	calendar_post(&engine_of(m)->calendar, m->now_ps, delay_ps, event);
}

static void emit(struct machine *m, const struct model_event *event)
{
	const struct engine *e = engine_of(m);

	for (uint32_t i = 0; i < e->listeners_count; i++) {
		if (e->listeners[i].kinds >> event->kind & 1) {
			e->listeners[i].event(e->listeners[i].data, m, event);
		}
	}
}

static void serviced(struct machine *m, uint32_t source)
{
	struct engine *e = engine_of(m);

	e->serviced(e, source);
}

static struct actor *pump(struct engine *e, uint32_t self);

static void thread_main(void *argument)
{
	struct engine_thread *thread = argument;
	struct engine *e = thread->engine;

	thread->body(thread->kthread, thread->argument);
	machine_thread_ends(&e->machine, thread->kthread->number);
	thread->finished = true;
	/* Its actor goes back to the pool, for a thread that begins later. */
	thread->actor = NULL;
	actor_leave(pump(e, NOBODY), e->machine.now_ps);
}

/* A thread has an actor from its first moment on. */
static struct actor *actor_of(struct engine_thread *t)
{
	char host[16];

	if (!t->actor) {
		machine_thread_begins(&t->engine->machine, t->kthread->number);
		snprintf(host, sizeof(host), "cpu%u", t->kthread->cpu);
		t->actor = actor_start(host, thread_main, t);
		if (!t->actor) {
			abort();
		}
	}
	return t->actor;
}

/*
 * Makes things happen until a thread is due, and returns its actor: NULL where it is self, who is never due as NOBODY. At
 * the end of the run it is the main actor's turn.
 */
static struct actor *pump(struct engine *e, uint32_t self)
{
	struct machine *m = &e->machine;
	struct hw_event event;

	for (;;) {
		if (!calendar_take(&e->calendar, m->now_ps, e->end_ps, &m->now_ps, &event)) {
			return actor_self() == e->main ? NULL : e->main;
		}
		if (event.kind != HW_SIMULATOR) {
			machine_dispatch(m, &event);
			continue;
		}
		if (event.flag != SIM_THREAD) {
			e->simulator_event(e, &event);
			continue;
		}
		if (e->threads[event.device].generation != event.value) {
			continue;
		}
		return event.device == self ? NULL : actor_of(&e->threads[event.device]);
	}
}

/*
 * Returns when thread self is due, or the main actor at the end of the run; whoever gave control away before is abandoned
 * there.
 */
static void stand_still(struct engine *e, uint32_t self)
{
	struct actor *next = pump(e, self);

	if (next) {
		actor_switch(next, e->machine.now_ps);
	}
}

static void wait_until(struct engine *e, uint32_t self, uint64_t target_ps)
{
	engine_post(e, target_ps - e->machine.now_ps, &(struct hw_event){
		.kind = HW_SIMULATOR, .flag = SIM_THREAD, .device = self,
		.value = ++e->threads[self].generation });
	stand_still(e, self);
}

static void block(struct kthread *k)
{
	struct engine *e = engine_of(k->machine);

	e->threads[k->number].blocked = true;
	e->threads[k->number].generation++;
	stand_still(e, k->number);
}

static void wake(struct machine *m, uint32_t thread)
{
	struct engine *e = engine_of(m);

	if (!e->threads[thread].blocked) {
		return;
	}
	e->threads[thread].blocked = false;
	engine_post(e, 0, &(struct hw_event){
		.kind = HW_SIMULATOR, .flag = SIM_THREAD, .device = thread,
		.value = e->threads[thread].generation });
}

/* While the CPU is withheld the thread stands still. */
static void wait_for_cpu(struct kthread *k)
{
	struct machine *m = k->machine;

	while (cpu_withheld(m, k->cpu)) {
		m->cpu[k->cpu].parked = (uint16_t)(k->number + 1);
		block(k);
	}
}

/* The time that interrupts take from the CPU meanwhile comes on top. */
static void step(struct kthread *k, uint64_t cost_ps)
{
	struct machine *m = k->machine;
	struct engine *e = engine_of(m);
	const struct cpu *cpu = &m->cpu[k->cpu];
	uint64_t target_ps = m->now_ps + cost_ps;
	uint64_t stolen_ps = cpu->stolen_ps;
	bool preemptible = k->has_cpu && !k->irq_context;

	for (;;) {
		/* What is due now, an interrupt that was just enabled say, comes first. */
		if (target_ps > m->now_ps || e->calendar.due_count) {
			wait_until(e, k->number, target_ps);
		}
		if (!preemptible) {
			return;
		}
		wait_for_cpu(k);
		if (cpu->stolen_ps == stolen_ps) {
			return;
		}
		target_ps += cpu->stolen_ps - stolen_ps;
		stolen_ps = cpu->stolen_ps;
		if (target_ps < m->now_ps) {
			target_ps = m->now_ps;
		}
	}
}

static const struct machine_env run_env = {
	.post = post, .step = step, .delay = step, .settle = step, .block = block, .wake = wake, .emit = emit, .serviced = serviced,
	.exhausted = surrender
};

int engine_create(struct engine *e, const struct machine_config *config)
{
	int error;

	*e = (struct engine){ .main = actor_self() };
	error = machine_create(&e->machine, config, &run_env, e);
	if (error) {
		return error;
	}
	e->machine.listened = 0;
	machine_threads_wait(&e->machine);
	calendar_init(&e->calendar);
	e->threads = calloc(e->machine.threads_count, sizeof(*e->threads));
	if (!e->threads) {
		abort();
	}
	return 0;
}

void engine_destroy(struct engine *e)
{
	calendar_release(&e->calendar);
	machine_destroy(&e->machine);
	free(e->threads);
}

void engine_thread_create(struct engine *e, uint32_t thread, uint64_t start_ps,
			  void (*body)(struct kthread *k, void *argument), void *argument)
{
	e->threads[thread] = (struct engine_thread){
		.body = body, .argument = argument, .engine = e, .kthread = &e->machine.thread[thread]
	};
	engine_post(e, start_ps, &(struct hw_event){ .kind = HW_SIMULATOR, .flag = SIM_THREAD, .device = thread });
}

void engine_listen(struct engine *e, const struct engine_listener *listener)
{
	e->listeners[e->listeners_count++] = *listener;
	e->machine.listened |= listener->kinds;
}

/*
 * A thread in interrupt context waits for work whenever it has none, and a guest may idle; the others
 * wait for something.
 */
static bool somebody_waits(const struct engine *e)
{
	for (uint32_t i = 0; i < e->machine.config->threads; i++) {
		const struct engine_thread *t = &e->threads[i];

		if (t->actor && t->blocked && !t->finished && !vcpu_runs_in(t->kthread)) {
			return true;
		}
	}
	return false;
}

void engine_run(struct engine *e, uint64_t end_ps)
{
	e->end_ps = end_ps;
	stand_still(e, NOBODY);
	e->deadlocked = calendar_empty(&e->calendar) && somebody_waits(e);
	for (uint32_t i = 0; i < e->machine.threads_count; i++) {
		if (e->threads[i].actor) {
			actor_abandon(e->threads[i].actor);
		}
	}
	e->machine.now_ps = end_ps;
}
