// SPDX-License-Identifier: MIT
/*
 * Threads are actors; an actor that stands elsewhere than a state has it is given up, and begins
 * anew.
 */
#include "sim/check_machine_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/os/irq_flow.h"
#include "models/os/kapi.h"
#include "sim/actor.h"

uint32_t check_choose(struct choice *choice, struct kthread *k, uint32_t count)
{
	struct check_machine *c = check_of(k->machine);

	(void)choice;
	if (count == 1) {
		return 0;
	}
	if (count > UINT8_MAX) {
		check_broken(c, "an action has more choices than `check` has room for");
		count = UINT8_MAX;
	}
	c->plain.choices[k->number] = (uint8_t)count;
	kapi_observe(k, 3);
	check_give_up(k, CHECK_THREAD_CHOOSING);
	c->plain.choices[k->number] = 0;
	kapi_observe(k, c->threads[k->number].chosen);
	return c->threads[k->number].chosen;
}

uint32_t check_action_times(const struct scenario_action *action, const struct check_bounds *bounds)
{
	uint32_t times = 1;

	if (action->when != WHEN_AT && action->verb == ACTION_MIGRATE) {
		times = bounds->migrations;
	}
	return action->count && action->count < times ? action->count : times;
}

void check_count_actions(const struct scenario *s, const struct check_bounds *bounds,
			 uint32_t *migrations, uint32_t *others)
{
	*migrations = 0;
	*others = 0;
	for (size_t i = 0; i < s->actions_count; i++) {
		uint32_t times = check_action_times(&s->actions[i], bounds);

		if (s->actions[i].verb == ACTION_MIGRATE) {
			*migrations += times;
		} else {
			*others += times;
		}
	}
}

static void action_body(struct check_machine *c, struct kthread *k)
{
	struct action *a = &c->actions[k->number];
	uint32_t times = check_action_times(a->action, &c->bounds);

	a->turn = 0;
	for (uint32_t done = 0; done < times; done++) {
		if (done) {
			k->machine->env->step(k, 0);
		}
		/* The time of an action is ignored: it begins at any moment. */
		k_cpu_get(k);
		action_do(a, k);
		k_cpu_put(k);
	}
}

static void thread_main(void *argument)
{
	struct check_thread *t = argument;
	struct kthread *k = t->kthread;

	if (k->irq_context) {
		irq_context_thread(k);
	} else {
		action_body(t->owner, k);
	}
	/* A thread that is done knows nothing that matters. */
	k->observed = 0;
	t->owner->plain.status[k->number] = CHECK_THREAD_FINISHED;
}

void check_thread_forget(struct check_thread *t)
{
	if (t->actor) {
		actor_abandon(t->actor);
		t->actor = NULL;
	}
	t->history_count = 0;
}

void check_thread_resume(struct check_machine *c, uint32_t number, uint32_t choice, uint64_t serial)
{
	struct check_thread *t = &c->threads[number];

	t->chosen = choice;
	if (!t->actor) {
		char host[16];

		snprintf(host, sizeof(host), "cpu%u", t->kthread->cpu);
		t->actor = actor_start(host, thread_main, t);
		if (!t->actor) {
			abort();
		}
	}
	if (t->history_count == t->history_capacity) {
		t->history_capacity = t->history_capacity ? t->history_capacity * 2 : 64;
		t->history = realloc(t->history, t->history_capacity * sizeof(*t->history));
		if (!t->history) {
			abort();
		}
	}
	t->history[t->history_count++] = serial;
	actor_switch(t->actor, 0);
	if (check_thread_is_idle(t->kthread, &c->plain)) {
		t->history_count = 0;
	}
	if (c->plain.status[number] == CHECK_THREAD_FINISHED) {
		t->actor = NULL;
		t->history_count = 0;
	}
}
