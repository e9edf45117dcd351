// SPDX-License-Identifier: MIT
#include "sim/check_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/actor.h"
#include "sim/platform.h"

static volatile sig_atomic_t world_interrupted;

static struct {
	void (*main_function)(void *argument);
	void *argument;
} world;

static void on_signal(int number)
{
	(void)number;
	world_interrupted = 1;
}

static void world_main(void *argument)
{
	(void)argument;
	/* Only here: SimGrid has set handlers of its own when it started. */
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (signal(SIGHUP, on_signal) == SIG_IGN) {
		/* Whoever started the program has it outlive its terminal. */
		signal(SIGHUP, SIG_IGN);
	}
	world.main_function(world.argument);
}

/* Distances do not matter: the platform that has enough CPUs serves all scenarios. */
static struct scenario *widest(struct scenario *const *scenarios, size_t count)
{
	struct scenario *widest = scenarios[0];

	for (size_t i = 1; i < count; i++) {
		widest = scenarios[i]->machine.cpus > widest->machine.cpus ? scenarios[i] : widest;
	}
	return widest;
}

bool check_world_run(struct scenario *const *scenarios, size_t count,
		     volatile sig_atomic_t **interrupted, void (*main_function)(void *argument),
		     void *argument)
{
	int descriptor;
	char *path = platform_path(widest(scenarios, count), &descriptor);
	bool ran;

	if (!path) {
		fprintf(stderr, "msirace: no platform can be written\n");
		return false;
	}
	*interrupted = &world_interrupted;
	world.main_function = main_function;
	world.argument = argument;
	ran = actor_world_run(path, world_main, NULL);
	free(path);
	if (descriptor >= 0) {
		close(descriptor);
	}
	return ran;
}
