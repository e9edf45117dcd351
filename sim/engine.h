/* SPDX-License-Identifier: MIT */
/*
 * The two planes on one clock. Hardware events come out of the calendar; threads of the software plane are actors that run
 * one at a time. Whichever thread waits also pumps: it makes hardware events happen up to the moment at which a thread is
 * due, and passes control on if that is another one. So no thread ever sees a state of its future or its past, and a
 * hardware event costs no context switch.
 *
 * An engine lives inside of actor_world_run().
 */
#ifndef MSIRACE_SIM_ENGINE_H
#define MSIRACE_SIM_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/machine.h"
#include "sim/calendar.h"

struct actor;
struct engine;

/* The simulator's own events in the calendar, struct hw_event's flag where its kind is HW_SIMULATOR. */
enum simulator_event {
	SIM_THREAD,    /* device: thread number, value: its generation */
	SIM_ARRIVAL,   /* device: source; value, address: the arrival process's own */
	SIM_TIMEOUT    /* device: source, value: generation */
};

#define ENGINE_LISTENERS_MAX 3

struct engine_thread {
	struct actor *actor;
	void (*body)(struct kthread *k, void *argument);
	void *argument;
	struct kthread *kthread;
	struct engine *engine;
	uint32_t generation;   /* tells the wake-up that counts from cancelled ones */
	bool blocked;
	bool finished;
};

struct engine_listener {
	uint64_t kinds;      /* bit map of enum model_event_kind: what it wants to hear */
	void (*event)(void *data, const struct machine *m, const struct model_event *event);
	void *data;
};

struct engine {
	struct machine machine;
	struct calendar calendar;
	struct engine_thread *threads;       /* [machine.threads_count] */
	struct actor *main;
	uint64_t end_ps;
	bool deadlocked;                     /* nothing was left to happen, and a thread waited */
	/* Set by the owner before the run. */
	void (*simulator_event)(struct engine *e, const struct hw_event *event);
	void (*serviced)(struct engine *e, uint32_t source);
	struct engine_listener listeners[ENGINE_LISTENERS_MAX];
	uint32_t listeners_count;
	void *owner;
};

/* Creates the machine; 0 or a negative errno. The config outlives the engine. */
int engine_create(struct engine *e, const struct machine_config *config);
void engine_destroy(struct engine *e);

/*
 * The thread begins at start_ps of the run, on the CPU that its kthread names. Host names are "cpu0", "cpu1", ... Before it
 * begins and after its body has returned it costs nothing.
 */
void engine_thread_create(struct engine *e, uint32_t thread, uint64_t start_ps,
			  void (*body)(struct kthread *k, void *argument), void *argument);

/* Before the run; at most ENGINE_LISTENERS_MAX. */
void engine_listen(struct engine *e, const struct engine_listener *listener);

/* Runs until end_ps. */
void engine_run(struct engine *e, uint64_t end_ps);

static inline void engine_post(struct engine *e, uint64_t delay_ps, const struct hw_event *event)
{
	calendar_post(&e->calendar, e->machine.now_ps, delay_ps, event);
}

#endif
