/* SPDX-License-Identifier: MIT */
/* What the files behind check_machine.h share. */
#ifndef MSIRACE_SIM_CHECK_MACHINE_INTERNAL_H
#define MSIRACE_SIM_CHECK_MACHINE_INTERNAL_H

#include "sim/check_machine.h"

/* The actor of a thread, and the steps that it has really taken since its beginning. */
struct check_thread {
	struct check_machine *owner;
	struct kthread *kthread;
	struct actor *actor;      /* NULL: not begun */
	uint64_t *history;        /* serials */
	uint32_t history_count;
	uint32_t history_capacity;
	uint32_t chosen;
};

static inline struct check_machine *check_of(const struct machine *m)
{
	return m->env_data;
}

/* check_machine.c: both abort where there is no memory. */
void *check_allocate(size_t count, size_t size);
char *check_copy(const char *text);

/* The first one counts. */
void check_broken(struct check_machine *c, const char *text);

/* check_environment.c */
extern const struct machine_env check_env;

/* Back to the explorer, until it lets the thread go on. */
void check_give_up(struct kthread *k, enum check_thread_status status);

const struct scenario_arrivals *check_arrivals_of(const struct check_machine *c, uint32_t source);
uint32_t check_outstanding_max(const struct check_machine *c, uint32_t source);

/* check_thread.c */
uint32_t check_choose(struct choice *choice, struct kthread *k, uint32_t count);
uint32_t check_action_times(const struct scenario_action *action,
			    const struct check_bounds *bounds);
void check_thread_forget(struct check_thread *t);

/* An interrupt context between two pieces of work is as good as new. */
static inline bool check_thread_is_idle(const struct kthread *k, const struct check_plain *p)
{
	return k->irq_context && !k->observed &&
	       (p->status[k->number] == CHECK_THREAD_BLOCKED ||
		p->status[k->number] == CHECK_THREAD_WOKEN);
}

/* Runs the thread up to where it gives up next; serial: of this step. */
void check_thread_resume(struct check_machine *c, uint32_t number, uint32_t choice,
			 uint64_t serial);

/* check_state.c: frames are of check_machine_frame_size(). */
void check_state_save(const struct check_machine *c, void *frame);
void check_state_load(struct check_machine *c, const void *frame);
void check_canonical_raises(struct check_machine *c);
void check_remove_event(struct check_plain *p, uint32_t at);

/*
 * What would change nothing is taken out. An interrupt that its CPU cannot take any more is one:
 * the models post it again when the CPU can.
 */
void check_settle_events(struct check_machine *c);

/* check_path.c */
struct check_level *check_path_level(struct check_machine *c, uint32_t depth);

#endif
