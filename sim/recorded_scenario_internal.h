/* SPDX-License-Identifier: MIT */
/* What sim/recorded_scenario.c has collected of a recording, for sim/recorded_scenario_write.c. */
#ifndef MSIRACE_SIM_RECORDED_SCENARIO_INTERNAL_H
#define MSIRACE_SIM_RECORDED_SCENARIO_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/import/ftrace.h"
#include "sim/import/matrix_state.h"
#include "sim/scenario.h"

#define RECORDED_NUMBERS_MAX 65536
/* What a scenario can hold in lists; more is counted and left out. Of interrupts a file holds as many as of actions. */
#define RECORDED_RAISES_MAX 1000000
#define RECORDED_ACTIONS_MAX 100000

enum recorded_life {
	LIFE_UNKNOWN,
	LIFE_ABSENT,
	LIFE_RESERVED,  /* allocated, without a handler */
	LIFE_REQUESTED, /* with one */
	LIFE_SHUT_DOWN  /* managed, and the last CPU of its mask is off line */
};

/* An interrupt from its allocation until it is freed: then its number may be another one's. */
struct recorded_irq {
	uint32_t number;     /* of Linux */
	uint32_t generation; /* how many had the number before */
	bool message; /* one was written: it is an MSI */
	bool managed;
	int8_t reservable; /* -1: unknown */
	enum recorded_life first_life; /* when the recording begins */
	enum recorded_life life;
	bool freed; /* its number may be allocated again */
	int32_t first_cpu; /* where it is requested for the first time, or is from the start; -1: unknown */
	GBytes *first_mask; /* its affinity then; NULL: unknown, first_cpu stands for it. Masks are the scenario's */
	GBytes *mask;       /* that the scenario has given it by now; NULL: none yet */
	bool mask_guessed;  /* a CPU stands for it */
	bool asked;         /* an affinity write has not been carried out */
	GBytes *managed_mask; /* NULL: unknown */
	uint64_t activated_ns;    /* of an activation that has got no vector so far */
	bool refused;             /* one attempt of it failed */
	bool interrupted;  /* since its last move, as far as is known */
	bool forced;       /* its clean-up is CPU offline's, not an interrupt's */
	uint64_t requested_ns; /* of the last time */
	uint64_t active_ns;    /* how long it had a handler before that */
	uint64_t raises;
	GArray *times_ns; /* of the raises; NULL: none */
	guint reservation; /* its open one in holdings, and 1; 0: none */
};

/*
 * ACTION_MIGRATE, _ALLOCATE (without handlers), _REQUEST, _RELEASE and _FREE of irq, an index of irqs; _OFFLINE and
 * _ONLINE of cpu.
 */
struct recorded_action {
	uint64_t at_ns;
	uint64_t sequence; /* of the event; orders what happens at the same time */
	enum scenario_verb verb;
	uint32_t irq;
	uint32_t cpu;
	GBytes *mask; /* MIGRATE: words of CPUs, without zero words at the end */
};

#define HOLDING_NO_IRQ UINT32_MAX /* in place of an index of irqs */
#define HOLDING_RESERVATION UINT32_MAX /* as the CPU: a reserved vector has none */
#define HOLDING_FROM_START 0           /* as the first sequence number */
#define HOLDING_TO_END UINT64_MAX

/* A vector of a CPU, or a reservation, that an interrupt has from one event to another one. */
struct recorded_holding {
	uint32_t cpu;
	uint32_t irq;
	uint64_t from_ns, from_sequence;
	uint64_t to_ns, to_sequence;
};

struct recorded_scenario {
	bool fit;
	bool handlers; /* there are irq_handler_entry events */
	bool remapped;
	GPtrArray *irqs;                        /* of struct recorded_irq */
	uint32_t current[RECORDED_NUMBERS_MAX]; /* index in irqs of the one that has the number, and 1; 0: none yet */
	GArray *actions;       /* of struct recorded_action */
	GArray *holdings;      /* of struct recorded_holding */
	GHashTable *held;      /* CPU and vector to the index of its open holding, and 1; 0: it is free again */
	bool system[X86_VECTORS]; /* vectors that the kernel keeps to itself, where the recording shows it setting them aside */
	uint32_t start_cpus;
	uint32_t *start_allocated; /* [start_cpus]: vectors of each CPU when the recording begins */
	uint32_t start_reserved;
	struct ftrace_event managed_event; /* k_reserve_managed, whose mask is the next vector_reserve_managed's on that CPU */
	uint32_t torn_down;                /* index of the last irq that was, and 1; 0: k_remove_managed has told its mask */
	uint32_t torn_down_cpu;
	uint64_t offline[FTRACE_MASK_WORDS];
	uint64_t hotplug_ns[FTRACE_CPUS_MAX]; /* of each CPU's last action */
	GHashTable *masks;  /* of GBytes: each mask once, so that two are equal where their pointers are */
	GBytes *alloc_mask; /* of the last k_alloc, for the vector_update that follows on its CPU */
	uint32_t alloc_cpu;
	bool cleanup_ipi;   /* the kernel cleans up by an IPI */
	bool waits; /* the last event, for the time of the next one */
	struct ftrace_event waiting;
	int waiting_reservable; /* what was known of its interrupt when it came */
	bool waiting_remapped;
	bool begun;
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t sequence;
	uint64_t raises;
	uint64_t raises_left_out;
	uint64_t actions_left_out;
	uint64_t moves_to_offline;
	uint64_t later_left_out; /* beyond what simulated time can count */
};

static inline struct recorded_irq *recorded_irq(const struct recorded_scenario *r, uint32_t index)
{
	return g_ptr_array_index(r->irqs, index);
}

#endif
