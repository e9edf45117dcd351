/* SPDX-License-Identifier: MIT */
/*
 * The GICv3 interrupt translation service: a message is a write of an EventID to its doorbell; with
 * the sender's DeviceID it leads through a device table and the device's own table (ITT) to an LPI
 * and a collection, and a collection to a redistributor. GIC architecture specification, Arm IHI
 * 0069H, chapter 5.
 *
 * Translations and commands are carried out one after the other: a translation sees an entry before
 * or after a command, never in between, and MOVI takes what is pending along.
 *
 * Events: HW_REMAP_DONE, a translation reads its entries and sets the LPI pending, in the order of
 * each device's messages; HW_COMMAND_DONE on one channel, the next command of the queue.
 */
#ifndef MSIRACE_MODELS_HW_ITS_H
#define MSIRACE_MODELS_HW_ITS_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct hw_event;
struct kthread;
struct machine;
struct state_layout;

/* GITS_TRANSLATER, where the machine that QEMU calls virt has it. */
#define ITS_TRANSLATER 0x08090040u

enum its_command_kind {
	ITS_MAPD,      /* device, valid */
	ITS_MAPC,      /* collection, valid: to the redistributor of the CPU of that number */
	ITS_MAPTI,     /* device, event, lpi, collection */
	ITS_MOVI,      /* device, event, collection: and what is pending goes along */
	ITS_INV,       /* device, event: reads the LPI's property again */
	ITS_INT,       /* device, event, causes: as if the message had come */
	ITS_DISCARD,   /* device, event: the mapping, and what is pending, are gone */
	ITS_SYNC,      /* everything before it has taken effect */
	ITS_COMMANDS
};

struct its_command {
	enum its_command_kind kind;
	bool valid;
	uint16_t collection;
	uint32_t device;
	uint32_t event;
	uint32_t lpi;
	struct causes causes;
};

struct its_device {
	uint8_t valid;
	uint8_t mapped;      /* as the kernel has asked for, whether the command is done or not */
};

struct its_entry {
	uint8_t valid;
	uint8_t cached;
	uint16_t collection;
	uint32_t lpi;
};

struct its_collection {
	uint16_t cpu;
	uint8_t valid;
};

struct its_queue {
	uint32_t outstanding;
	uint64_t busy_ps;    /* until when; 0 where nothing is outstanding */
};

struct its {
	struct its_device *device;         /* [device] */
	struct its_entry *entry;           /* [source]: a device's ITT begins at its first source */
	struct its_collection *collection; /* [cpu] */
	struct its_queue *queue;           /* one */
};

void its_lay_out(struct machine *m, struct state_layout *layout);

/*
 * A message arrives. Anything but a write of EventIDs to the doorbell, and what is not mapped, is
 * dropped.
 */
void its_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
		 struct causes causes);
void its_translated(struct machine *m, const struct hw_event *event);

/*
 * Appends a command to the queue; of SYNC the thread hears when it is done (kthread.waiting_sync).
 */
void its_issue(struct kthread *k, const struct its_command *command);
void its_command_done(struct machine *m, const struct hw_event *event);

/* "MAPD", "MOVI", ... */
const char *its_command_name(enum its_command_kind kind);

#endif
