// SPDX-License-Identifier: MIT
#include "sim/actor.h"

#include <math.h>
#include <setjmp.h>
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xbt/dynar.h>

/*
 * An actor waits on its own semaphore while it stands still. The SimGrid actor behind it loops: wait for a function, run
 * it, give itself back to the pool.
 */
struct actor {
	sg_actor_t simgrid;
	sg_sem_t baton;
	void (*function)(void *argument);
	void *argument;
	struct actor *heir;
	struct actor *next_idle;
	jmp_buf pool_loop;
	bool abandoned;
	bool finished;
};

static struct {
	struct actor *running;
	struct actor *idle;
	uint64_t base_ps;       /* simulated time 0 of the current run on SimGrid's clock */
	void (*main_function)(void *argument);
	void *main_argument;
} world;

struct actor *actor_self(void)
{
	return world.running;
}

bool actor_finished(const struct actor *actor)
{
	return actor->finished;
}

/*
 * SimGrid's clock is brought to the simulated time. One of its seconds is one picosecond; each run of many in one process
 * begins where SimGrid's clock stands, so only the difference within a run is ever slept.
 */
static void follow_time(uint64_t now_ps)
{
	double clock = simgrid_get_clock() - (double)world.base_ps;

	if (now_ps == 0 || clock > (double)now_ps) {
		world.base_ps = (uint64_t)simgrid_get_clock();
		clock = 0;
	}
	if ((double)now_ps > clock) {
		sg_actor_sleep_for((double)now_ps - clock);
	}
}

/* Passes the baton without waiting for it to come back. */
static void hand_over(struct actor *to)
{
	world.running = to;
	sg_sem_release(to->baton);
}

static void wait_for_baton(struct actor *self)
{
	sg_sem_acquire(self->baton);
	if (self->abandoned) {
		longjmp(self->pool_loop, 1);
	}
}

void actor_switch(struct actor *to, uint64_t now_ps)
{
	struct actor *self = world.running;

	follow_time(now_ps);
	hand_over(to);
	wait_for_baton(self);
}

void actor_leave(struct actor *to, uint64_t now_ps)
{
	follow_time(now_ps);
	world.running->heir = to;
}

static void become_idle(struct actor *self)
{
	self->function = NULL;
	self->next_idle = world.idle;
	world.idle = self;
}

/* The body of every pooled SimGrid actor. */
static void pool_loop(int argc, char **argv)
{
	struct actor *volatile self = sg_actor_self_get_data();

	(void)argc;
	(void)argv;
	if (setjmp(self->pool_loop)) {
		struct actor *heir = self->heir;

		self->abandoned = false;
		self->finished = true;
		become_idle(self);
		hand_over(heir);
	}
	for (;;) {
		sg_sem_acquire(self->baton);
		if (!self->function) {
			sg_sem_destroy(self->baton);
			free(self);
			return;
		}
		if (!self->abandoned) {
			self->function(self->argument);
		}
		self->abandoned = false;
		self->finished = true;
		become_idle(self);
		hand_over(self->heir);
	}
}

static struct actor *new_actor(sg_host_t host)
{
	struct actor *actor = calloc(1, sizeof(*actor));
	static unsigned number;
	char name[32];

	if (!actor) {
		abort();
	}
	actor->baton = sg_sem_init(0);
	snprintf(name, sizeof(name), "thread-%u", number++);
	actor->simgrid = sg_actor_init(name, host);
	sg_actor_set_data(actor->simgrid, actor);
	sg_actor_start_(actor->simgrid, pool_loop, 0, NULL);
	return actor;
}

struct actor *actor_start(const char *host_name, void (*function)(void *argument), void *argument)
{
	sg_host_t host = sg_host_by_name(host_name);
	struct actor *actor = world.idle;

	if (!host) {
		return NULL;
	}
	if (actor) {
		world.idle = actor->next_idle;
		if (sg_actor_get_host(actor->simgrid) != host) {
			sg_actor_set_host(actor->simgrid, host);
		}
	} else {
		actor = new_actor(host);
	}
	actor->function = function;
	actor->argument = argument;
	actor->heir = world.running;
	actor->abandoned = false;
	actor->finished = false;
	return actor;
}

void actor_abandon(struct actor *actor)
{
	struct actor *self = world.running;

	if (actor->finished) {
		return;
	}
	actor->abandoned = true;
	actor->heir = self;
	hand_over(actor);
	sg_sem_acquire(self->baton);
}

static void dismiss_pool(void)
{
	while (world.idle) {
		struct actor *actor = world.idle;

		world.idle = actor->next_idle;
		sg_sem_release(actor->baton);
	}
}

static void main_actor(int argc, char **argv)
{
	struct actor self = { .simgrid = sg_actor_self(), .baton = sg_sem_init(0) };

	(void)argc;
	(void)argv;
	world.running = &self;
	world.main_function(world.main_argument);
	dismiss_pool();
	sg_sem_destroy(self.baton);
}

/* Under the sanitizers each actor is a thread: only then do they know its stack. */
#ifdef __SANITIZE_ADDRESS__
#define CONTEXTS "--cfg=contexts/factory:thread"
#else
#define CONTEXTS "--cfg=contexts/factory:raw"
#endif

bool actor_world_run(const char *platform_file, void (*main_function)(void *argument), void *argument)
{
	/* SimGrid parses the command line that it is given, --help included, so it gets one of its own. */
	char program[] = "msirace";
	char contexts[] = CONTEXTS;
	char stack[] = "--cfg=contexts/stack-size:256";
	char quiet[] = "--log=root.thresh:critical";
	char *arguments[] = { program, contexts, stack, quiet, NULL };
	int count = 4;
	sg_host_t *hosts;

	world.main_function = main_function;
	world.main_argument = argument;
	simgrid_init(&count, arguments);
	simgrid_load_platform(platform_file);
	if (sg_host_count() == 0) {
		return false;
	}
	hosts = sg_host_list();
	sg_actor_start_(sg_actor_init("main", hosts[0]), main_actor, 0, NULL);
	free(hosts);
	simgrid_run();
	return true;
}

uint64_t actor_world_latency_ps(const char *from_host, const char *to_host)
{
	sg_host_t from = sg_host_by_name(from_host);
	sg_host_t to = sg_host_by_name(to_host);

	if (!from || !to) {
		return UINT64_MAX;
	}
	/* A platform file speaks of real seconds; what no run can wait for is no route. */
	double latency_ps = sg_host_get_route_latency(from, to) * 1e12;
	return latency_ps >= 0 && latency_ps < 9007199254740992.0 ? (uint64_t)(latency_ps + 0.5) : UINT64_MAX;
}
