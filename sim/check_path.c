// SPDX-License-Identifier: MIT
/*
 * The path from the initial state: a step is taken, or taken back, with the threads brought to
 * where it has them.
 */
#include "sim/check_machine_internal.h"

#include <stdlib.h>

struct check_level *check_path_level(struct check_machine *c, uint32_t depth)
{
	struct check_path *path = &c->path;

	if (depth >= path->capacity) {
		uint32_t capacity = path->capacity ? path->capacity * 2 : 128;

		path->level = realloc(path->level, capacity * sizeof(*path->level));
		if (!path->level) {
			abort();
		}
		for (uint32_t i = path->capacity; i < capacity; i++) {
			path->level[i] = (struct check_level){
				.frame = check_allocate(1, check_machine_frame_size(c))
			};
		}
		path->capacity = capacity;
	}
	return &path->level[depth];
}

void check_machine_back_to(struct check_machine *c, uint32_t depth)
{
	c->path.depth = depth;
	check_state_load(c, c->path.level[depth].frame);
}

static bool idle_in_frame(const struct check_machine *c, const struct check_level *level,
			  uint32_t thread)
{
	const struct machine *m = &c->machine;
	const char *frame = level->frame;
	const struct kthread *k =
		(const void *)(frame + ((const char *)&m->thread[thread] - (const char *)m->state));

	return check_thread_is_idle(k, (const void *)(frame + m->state_size));
}

/*
 * Where the thread's present work begins on the path: at its beginning, or where it was last idle.
 */
static uint32_t first_level(const struct check_machine *c, uint32_t thread)
{
	uint32_t level = c->path.depth;

	while (level > 0 && !idle_in_frame(c, &c->path.level[level], thread)) {
		level--;
	}
	return level;
}

static bool is_step_of(const struct check_level *level, uint32_t thread)
{
	return level->taken.kind == CHECK_STEP && level->taken.number == thread;
}

/* Whether the actor took only steps that are on the path, none left out. */
static bool is_on_path(const struct check_machine *c, const struct check_thread *t, uint32_t thread,
		       uint32_t first)
{
	uint32_t known = 0;

	for (uint32_t i = first; i < c->path.depth && known < t->history_count; i++) {
		if (is_step_of(&c->path.level[i], thread) &&
		    t->history[known++] != c->path.level[i].serial) {
			return false;
		}
	}
	return known == t->history_count;
}

/* Brings a thread to where the path has it, by running the steps that its actor lacks. */
static void rebuild(struct check_machine *c, uint32_t thread)
{
	struct check_thread *t = &c->threads[thread];
	uint32_t first = first_level(c, thread);
	uint32_t known;

	if (!is_on_path(c, t, thread, first)) {
		check_thread_forget(t);
	}
	known = t->history_count;
	for (uint32_t i = first; i < c->path.depth; i++) {
		const struct check_level *level = &c->path.level[i];

		if (!is_step_of(level, thread) || known) {
			known -= is_step_of(level, thread);
			continue;
		}
		c->rebuilding = true;
		check_state_load(c, level->frame);
		check_thread_resume(c, thread, level->taken.choice, level->serial);
	}
	if (c->rebuilding) {
		c->rebuilding = false;
		check_state_load(c, c->path.level[c->path.depth].frame);
	}
}

static void make_happen(struct check_machine *c, const struct check_transition *transition,
			uint64_t serial)
{
	struct machine *m = &c->machine;
	struct check_event event;

	switch ((enum check_transition_kind)transition->kind) {
	case CHECK_STEP:
		check_thread_resume(c, transition->number, transition->choice, serial);
		break;
	case CHECK_EVENT:
		event = c->plain.event[transition->number];
		check_remove_event(&c->plain, transition->number);
		c->inherits = event.awaited;
		machine_dispatch(m, &event.event);
		c->inherits = 0;
		break;
	case CHECK_RAISE:
		c->plain.raises_left[m->source[transition->number].device]--;
		device_raise(m, transition->number);
		break;
	case CHECK_TIMEOUT:
		c->plain.wanted[transition->number] = 0;
		break;
	}
}

bool check_machine_take(struct check_machine *c, const struct check_transition *transition)
{
	struct check_level *level = &c->path.level[c->path.depth];

	if (transition->kind == CHECK_STEP) {
		rebuild(c, transition->number);
	}
	level->taken = *transition;
	level->serial = ++c->serials;
	make_happen(c, transition, level->serial);
	check_settle_events(c);
	check_canonical_raises(c);
	c->path.depth++;
	check_state_save(c, check_path_level(c, c->path.depth)->frame);
	return !c->error;
}
