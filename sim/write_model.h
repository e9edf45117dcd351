/* SPDX-License-Identifier: MIT */
/*
 * What a modelled strategy writes into a device for one affinity change of a recording: a machine
 * of 8 CPUs, of which a change names three at most, with the interrupt where the recorded one was, and
 * the strategy's own function run on the CPU that made the change. CPU and vector are those that the recorded kernel assigned;
 * whether the allocator would choose the same is the replay's question.
 *
 * Nothing else happens in that machine, so its thread runs on the caller's stack.
 */
#ifndef MSIRACE_SIM_WRITE_MODEL_H
#define MSIRACE_SIM_WRITE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to so many CPUs Linux addresses messages by logical destinations, one bit a CPU. */
#define WRITE_MODEL_CPUS 8
#define MESSAGE_WRITES_MAX 8

struct message_write {
	uint64_t address;
	uint32_t data;
};

struct write_change {
	uint32_t writer_cpu; /* that the change is made on */
	uint32_t old_cpu;
	uint32_t old_vector; /* 0: the interrupt has none */
	uint32_t new_cpu;    /* these two where assigned */
	uint32_t new_vector;
	bool assigned; /* the kernel assigned a vector; otherwise it may have refused */
	bool stays;    /* the old CPU is in the mask and online: there is nothing to change */
	bool started;
	bool can_reserve; /* irqd_can_reserve(): not managed, and the device can mask it */
};

struct write_model;

/* move: a name of the strategy registry. NULL where there is none of that name. */
struct write_model *write_model_new(const char *move);
void write_model_free(struct write_model *w);

/*
 * The whole messages that the strategy writes for one change, at most MESSAGE_WRITES_MAX of them
 * into writes; how many there are. All CPUs of the change are below WRITE_MODEL_CPUS, vectors below
 * 256.
 */
size_t write_model_run(struct write_model *w, const struct write_change *change,
                       struct message_write *writes);

#endif
