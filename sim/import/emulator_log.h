/* SPDX-License-Identifier: MIT */
/*
 * The emulator's own log, in true order: QEMU's trace events pci_cfg_write and apic_deliver_irq,
 * one a line, with lines
 * "# cycle name=NAME tag=N verdict=STALE|SERVICED" of the harness between the CPU-offline cycles
 * that it ran. It shows what the guest's own trace cannot: between which writes of a message update
 * the device raised, and what the message was.
 *
 * One cycle is a sequence of configuration writes to the MSI capability of one device, and messages
 * that arrive. The device's registers are followed write by write, so that a message can be told to
 * be the old one, the new one or a torn one. QEMU composes a message from what the registers hold
 * at that instant and delivers it within the raise, so the place of the line is the place of the
 * raise.
 */
#ifndef MSIRACE_SIM_IMPORT_EMULATOR_LOG_H
#define MSIRACE_SIM_IMPORT_EMULATOR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets of the registers in the capability, with a 64-bit address. */
enum log_register { LOG_CONTROL, LOG_ADDRESS_LOW, LOG_ADDRESS_HIGH, LOG_DATA, LOG_REGISTERS };

struct log_message {
	uint32_t address_low;
	uint32_t data;
};

enum log_step_kind {
	LOG_WRITE, /* of a register of the message */
	LOG_RAISE  /* a message arrives */
};

struct log_step {
	enum log_step_kind kind;
	enum log_register reg;
	uint32_t value;       /* written */
	uint32_t destination; /* of the message: logical, one bit a CPU */
	uint32_t vector;
	uint64_t line;
};

/* Where the one raise of a cycle fell, as to the writes of the message. */
enum log_place {
	LOG_NO_RAISE,
	LOG_BEFORE,  /* the first write of the cycle */
	LOG_INSIDE,  /* between the writes of one message: address written, data not */
	LOG_BETWEEN, /* after a whole message, before the next one */
	LOG_AFTER,   /* the last write */
	LOG_PLACES
};

#define LOG_STEPS_MAX 64

struct log_cycle {
	char name[32];
	uint64_t tag;
	uint64_t line;
	bool stale;  /* the harness's verdict: the device stayed unserviced */
	bool judged; /* there is one */
	struct log_step steps[LOG_STEPS_MAX];
	size_t steps_count;
	size_t raises;
	enum log_place place; /* of the last raise */
	/*
	 * The last raise's message went to where the cycle's last message goes, with another
	 * vector: nobody waits for it there.
	 */
	bool torn;
	/* Whole messages in the order in which they were completed by the write of their data. */
	struct log_message messages[LOG_STEPS_MAX];
	size_t messages_count;
};

struct emulator_log {
	struct log_cycle *cycles;
	size_t cycles_count;
	uint64_t lines;
	uint64_t other_writes; /* to registers outside the message */
	uint64_t outside; /* messages and writes of them before the first cycle */
	uint64_t ignored;      /* lines that are none of these */
	uint64_t ignored_line; /* the first */
	uint64_t too_many;     /* steps and cycles beyond what is kept */
};

/* Reads the whole log. 0, or a negative errno value where reading failed. Release it either way. */
int emulator_log_read(int fd, struct emulator_log *log);
void emulator_log_release(struct emulator_log *log);

const char *log_place_name(enum log_place place);

#endif
