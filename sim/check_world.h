/* SPDX-License-Identifier: MIT */
/*
 * The process around an exploration: SimGrid, whose actors the threads are, and the signals that
 * end it.
 */
#ifndef MSIRACE_SIM_CHECK_WORLD_H
#define MSIRACE_SIM_CHECK_WORLD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct scenario;

/*
 * Runs main_function inside of actor_world_run(), on a platform for any of the scenarios; at most
 * once a process. SIGINT, SIGTERM and SIGHUP set *interrupted meanwhile. False, with a message, where there
 * is no platform.
 */
bool check_world_run(struct scenario *const *scenarios, size_t count,
		     volatile sig_atomic_t **interrupted, void (*main_function)(void *argument),
		     void *argument);

#endif
