/* SPDX-License-Identifier: MIT */
/*
 * Threads of control for the software plane: SimGrid actors from a pool, run one at a time. Whoever runs says who runs next;
 * the others stand still. An actor is pinned to a SimGrid host; the SimGrid clock follows the simulated time whenever
 * control passes on.
 *
 * actor_world_run() starts SimGrid and calls main_function as one of its actors. Everything below it runs inside of that.
 */
#ifndef MSIRACE_SIM_ACTOR_H
#define MSIRACE_SIM_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

struct actor;

/* One SimGrid simulation on a platform file; at most once a process. Returns false, with a message, where SimGrid cannot. */
bool actor_world_run(const char *platform_file, void (*main_function)(void *argument), void *argument);

/* Before or inside of the run: latency of the route between two hosts in ps; UINT64_MAX where there is none. */
uint64_t actor_world_latency_ps(const char *from_host, const char *to_host);

/* An idle actor of the pool, now on that host. It first runs at actor_switch(). NULL where the host does not exist. */
struct actor *actor_start(const char *host, void (*function)(void *argument), void *argument);

/* The actor that runs now. */
struct actor *actor_self(void);

/* Passes control on; returns when somebody passes it back. now_ps: the simulated time, for SimGrid's clock. */
void actor_switch(struct actor *to, uint64_t now_ps);

/*
 * Takes an actor that stands still out of what it does: it jumps from its actor_switch() back into the pool. Control
 * comes back to the caller. The function's frames are plain C and own nothing.
 */
void actor_abandon(struct actor *actor);

/* The last call of an actor's function: when that returns, control passes to this actor. */
void actor_leave(struct actor *to, uint64_t now_ps);

/* Whether the actor's function has returned. */
bool actor_finished(const struct actor *actor);

#endif
