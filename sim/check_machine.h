/* SPDX-License-Identifier: MIT */
/*
 * A machine without time: the second environment of the models, in which everything that is under
 * way may happen next. It knows the transitions of a state, makes one happen, and can be put back
 * into any state that it was in.
 *
 * A state is the machine's block of memory and struct check_plain, both free of durations, of
 * addresses and of history: two equal states have the same future. Threads are actors, whose stacks
 * cannot be put back: a thread that stands elsewhere than a state has it is run again from its
 * beginning, through the states in which it took its steps.
 */
#ifndef MSIRACE_SIM_CHECK_MACHINE_H
#define MSIRACE_SIM_CHECK_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/machine.h"
#include "sim/actions.h"
#include "sim/build.h"
#include "sim/platform.h"
#include "sim/scenario.h"

#define CHECK_CPUS_MAX 8
#define CHECK_DEVICES_MAX 16
#define CHECK_SOURCES_MAX 32
#define CHECK_ACTIONS_MAX 16
#define CHECK_THREADS_MAX (CHECK_ACTIONS_MAX + CHECK_CPUS_MAX)
#define CHECK_EVENTS_MAX 64
#define CHECK_RAISES_MAX 128
#define CHECK_TRANSITIONS_MAX 128

/* How often the outside acts, at most. */
struct check_bounds {
	uint32_t raises;       /* each device */
	uint32_t migrations;   /* each action that migrates */
	bool stalls;           /* commands of a closed loop can time out */
};

enum check_thread_status {
	CHECK_THREAD_NONE,      /* no such thread */
	CHECK_THREAD_READY,     /* before its next step */
	CHECK_THREAD_WOKEN,     /* blocked, and about to look again */
	CHECK_THREAD_BLOCKED,
	CHECK_THREAD_CHOOSING,
	CHECK_THREAD_SETTLING,  /* waits until what was under way has arrived */
	CHECK_THREAD_FINISHED
};

struct check_event {
	struct hw_event event;
	uint32_t awaited;       /* threads that are settling on it: bit by number */
	uint32_t posted_at;     /* the step of a recorded path that posted it; 0 while nothing is
				   recorded */
};

/* What a state has besides the machine's block. */
struct check_plain {
	uint8_t status[CHECK_THREADS_MAX];      /* enum check_thread_status */
	uint8_t choices[CHECK_THREADS_MAX];     /* of a thread that is choosing */
	uint8_t raises_left[CHECK_DEVICES_MAX];
	uint8_t wanted[CHECK_SOURCES_MAX];      /* raises since the handler last started; 1
						   stands for any number but in a closed loop */
	uint32_t seen;                          /* bit by enum check_subject: what has happened */
	uint32_t offline_count;
	uint32_t offline[CHECK_CPUS_MAX];       /* CPUs that actions took off line */
	uint32_t events_count;
	uint32_t raises_count;
	struct {
		uint32_t source;
		uint32_t next;
	} raise[CHECK_RAISES_MAX];              /* [1 .. raises_count] */
	struct check_event event[CHECK_EVENTS_MAX]; /* by kind and channel, oldest first */
};

enum check_transition_kind { CHECK_STEP, CHECK_EVENT, CHECK_RAISE, CHECK_TIMEOUT };

/* One way on. code names the same thing in any state in which it can happen. */
struct check_transition {
	uint32_t code;
	uint32_t footprint;    /* what it may touch: two with disjoint footprints commute */
	uint8_t kind;          /* enum check_transition_kind */
	uint8_t choice;        /* CHECK_STEP: of the choices */
	uint16_t number;       /* thread, index in check_plain.event, or source */
};

/*
 * A transition that is the outside's to make or not: what is left when only these are left is
 * quiet.
 */
static inline bool check_transition_is_outside(uint32_t code)
{
	return code >> 28 == CHECK_RAISE || code >> 28 == CHECK_TIMEOUT;
}

struct check_fingerprint {
	uint64_t word[2];
};

/* One step of a path: what a thread that is run again goes by. */
struct check_level {
	void *frame;                    /* the state before the step */
	struct check_transition taken;
	uint64_t serial;                /* of this execution of the step; never used twice */
};

struct check_path {
	struct check_level *level;      /* [capacity] */
	uint32_t depth;                 /* levels whose step is taken */
	uint32_t capacity;
};

/* Hears what happens while a path is recorded. */
struct check_recorder {
	void (*event)(void *data, const struct machine *m, const struct model_event *event);
	void (*posted)(void *data, const struct machine *m, const struct hw_event *event);
	void *data;
};

struct check_thread;

struct check_machine {
	struct machine machine;
	struct check_plain plain;
	const struct scenario *scenario;
	struct check_bounds bounds;
	struct built built;
	struct topology topology;
	struct check_path path;
	struct check_thread *threads;   /* [threads_count] */
	struct action *actions;
	struct actor *main;
	const struct check_recorder *recorder;
	uint32_t recorded_step;
	uint32_t inherits;              /* awaited bits of the event that happens now */
	uint64_t serials;
	bool rebuilding;                /* a thread is run again: its effects do not count */
	char *error;                    /* what broke, malloc'ed; the exploration ends */
};

/*
 * Inside of actor_world_run(), on a platform with the scenario's CPUs. NULL, or why the scenario
 * cannot be checked, malloc'ed: what it has too many of. The scenario outlives it. The machine
 * stands in the initial state, level 0.
 */
char *check_machine_create(struct check_machine *c, const struct scenario *s,
			   const struct scenario_contender *contender,
			   const struct check_bounds *bounds);
void check_machine_destroy(struct check_machine *c);

/* Bytes of a state as a level of the path holds it. */
size_t check_machine_frame_size(const struct check_machine *c);

/* Goes to a depth of the path, at most its present depth: the state before that level's step. */
void check_machine_back_to(struct check_machine *c, uint32_t depth);

/*
 * The ways on from the present state, in the order of tokens. Returns their number, at most
 * CHECK_TRANSITIONS_MAX.
 */
uint32_t check_machine_transitions(struct check_machine *c, struct check_transition *transitions);

/* Takes one of them: the path grows by a level. False where the machine broke: error says how. */
bool check_machine_take(struct check_machine *c, const struct check_transition *transition);

struct check_fingerprint check_machine_fingerprint(const struct check_machine *c);

/*
 * Bit by enum check_subject: what has happened, and CHECK_STALE for a raise that is not serviced so
 * far.
 */
uint32_t check_machine_subjects(const struct check_machine *c);

/* Whether a thread is in the middle of something: in a quiet state that is a deadlock. */
bool check_machine_unfinished(const struct check_machine *c);

/* How often in all the scenario's actions migrate, within the bounds, and what else they do. */
void check_count_actions(const struct scenario *s, const struct check_bounds *bounds,
			 uint32_t *migrations, uint32_t *others);

#endif
