// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The plain user-space side of the seam: warnings go to stderr or to who listens, the caller's lock
 * counts as held (the simulator runs its models in one thread), and nothing fails on purpose. Tests
 * link their own.
 */
#include <stdio.h>

#include "core_env.h"

bool core_env_warn_always;

static void (*core_env_listener)(void *context, const char *message);
static void *core_env_listener_context;

void core_env_listen(void (*listener)(void *context, const char *message), void *context)
{
	core_env_listener = listener;
	core_env_listener_context = context;
	core_env_warn_always = listener;
}

void core_env_warn(const char *file, int line, const char *message)
{
	if (core_env_listener) {
		core_env_listener(core_env_listener_context, message);
		return;
	}
	fprintf(stderr, "%s:%d: warning: %s\n", file, line, message);
}

bool core_env_lock_held(const void *lock)
{
	return lock != NULL;
}

bool core_env_inject_failure(const char *place)
{
	(void)place;
	return false;
}
