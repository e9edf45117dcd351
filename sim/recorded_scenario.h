/* SPDX-License-Identifier: MIT */
/*
 * An ordinary scenario out of a recording: its MSIs as devices, and as actions what the kernel did to
 * them: allocation, request, moves, release and free, managed ones included, each at its time; and its
 * CPUs going off line and coming back. What other interrupts hold of the vector space is held by silent
 * devices, from when they got it until they gave it back. It names the recording, so that `run` replays
 * that too.
 *
 * A raise is an irq_handler_entry; in a recording without these, an interrupt that carried out a move
 * (k_move_irq), or completed one (vector_free_moved), is all that is known. What has no counterpart in
 * a scenario is left out, counted, and said in the file's comment.
 */
#ifndef MSIRACE_SIM_RECORDED_SCENARIO_H
#define MSIRACE_SIM_RECORDED_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/import/ftrace.h"
#include "sim/import/matrix_state.h"
#include "sim/write_sequences.h"

struct recorded_scenario;

/* fit: a Poisson rate for each interrupt instead of the times of its raises. */
struct recorded_scenario *recorded_scenario_new(bool fit);
void recorded_scenario_free(struct recorded_scenario *r);

/* The allocator when the recording begins, as far as it is known: of several parts, the first one's. */
void recorded_scenario_start(struct recorded_scenario *r, const struct matrix_state *start);

/* sequences has taken the event before: it knows what the interrupt is. */
void recorded_scenario_event(struct recorded_scenario *r, const struct ftrace_event *e,
                             const struct write_sequences *sequences);

/* The recording ends. */
void recorded_scenario_end(struct recorded_scenario *r);

/*
 * After recorded_scenario_end(). cpus: of the recorded machine. recording: the scenario's key of that name, whole lines of YAML; "":
 * none. False: the
 * recording has no MSI that a scenario could be made of, and nothing is written.
 */
bool recorded_scenario_write(const struct recorded_scenario *r, uint32_t cpus, const char *recording,
                             FILE *out);

#endif
