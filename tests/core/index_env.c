// SPDX-License-Identifier: MIT
#include "index_env.h"

#include <string.h>

struct index_env index_env;
bool core_env_warn_always;

void core_env_warn(const char *file, int line, const char *message)
{
	(void)file;
	(void)line;
	index_env.warnings++;
	index_env.last_warning = message;
}

bool core_env_lock_held(const void *lock)
{
	(void)lock;
	return !index_env.lock_not_held;
}

bool core_env_inject_failure(const char *place)
{
	if (!index_env.inject || strcmp(index_env.inject, place) != 0) {
		return false;
	}
	if (index_env.inject_after) {
		index_env.inject_after--;
		return false;
	}
	return true;
}

/* SplitMix64. */
static u64 choices_random(struct choices *choices)
{
	u64 z = choices->seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

u32 choose(struct choices *choices, u32 count)
{
	u32 number = 0;
	u32 bytes = count > 65536 ? 3 : count > 256 ? 2 : 1;

	if (!choices->data) {
		return (u32)((choices_random(choices) >> 32) * count >> 32);
	}
	while (bytes-- && choices->left) {
		number = number << 8 | *choices->data++;
		choices->left--;
	}
	return number % count;
}

bool choices_left(const struct choices *choices)
{
	return !choices->data || choices->left;
}
