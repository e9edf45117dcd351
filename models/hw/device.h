/* SPDX-License-Identifier: MIT */
/*
 * A device as its interrupts see it: message registers, mask and pending bits, the enable bit, the legacy line.
 *
 * A raise samples the registers at that instant, whatever state a rewrite has left them in. PCI MSI and MSI-X registers
 * are those of PCIe base specification 6.0, sections 7.7.1 and 7.7.2.
 */
#ifndef MSIRACE_MODELS_HW_DEVICE_H
#define MSIRACE_MODELS_HW_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/kinds.h"
#include "models/raise.h"

struct machine;

enum device_register {
	REG_CONTROL,      /* CONTROL_ENABLE, CONTROL_FUNCTION_MASK */
	REG_ADDRESS_LO,
	REG_ADDRESS_HI,
	REG_DATA,
	REG_MASK,         /* 1: the vector is masked */
	REG_PENDING,      /* read only */
	REG_INTX_DISABLE,
	DEVICE_REGISTERS
};

#define CONTROL_ENABLE 0x1u
#define CONTROL_FUNCTION_MASK 0x2u

/* What the kernel programs into a device. */
struct msi_message {
	uint32_t address_lo;
	uint32_t address_hi;
	uint32_t data;
};

/* What one entry sends, and whether it may. */
struct msi_entry {
	uint32_t address_lo;
	uint32_t address_hi;
	uint32_t data;
	uint8_t masked;
	uint8_t half_written;      /* an address was written since the last data write */
	uint16_t pad;
	/*
	 * The message as of the last data write, or as it was when the entry was unmasked: what some functions still send. Of a
	 * monitored device, the monitor's copy.
	 */
	uint32_t latched_lo;
	uint32_t latched_hi;
	uint32_t latched_data;
	uint32_t pad2;
	struct causes pending;     /* of the pending bit; the bit is set where pending_bit is */
	uint8_t pending_bit;
	uint8_t command_busy;      /* index-less: the device has not read the new message yet */
	uint8_t pad3[6];
};

struct device {
	uint32_t first_source;     /* its sources are consecutive */
	uint8_t control;           /* CONTROL_* */
	uint8_t intx_disabled;
	uint8_t mode;              /* enum device_kind of its first domain, after a fall-back */
	uint8_t pad;
	uint32_t granted;          /* vectors that a driver got which wanted more: the others share them; 0: all it wanted */
	uint32_t spread;           /* vectors that a managed device's CPUs are dealt to */
	uint16_t descs_lock;       /* thread + 1 that changes what is allocated; 0: none */
	uint16_t pad2;
	struct causes intx;        /* raises that went to the legacy line */
	uint32_t in_flight;        /* messages that a completion may not overtake */
	uint32_t waiting;          /* threads that wait for them */
	uint64_t arrives_ps;       /* when its last message reaches the root complex: later ones do not overtake it */
	uint64_t remapped_ps;      /* the same behind the remap hardware */
};

/* The device decides that source wants service. */
void device_raise(struct machine *m, uint32_t source);

/* A write reaches the device's register of that vector. */
void device_write(struct machine *m, uint32_t device, uint32_t vector, enum device_register reg, uint32_t value);

uint32_t device_read(const struct machine *m, uint32_t device, uint32_t vector, enum device_register reg);

/*
 * A reset of the function: disabled, every entry masked and empty, nothing pending any more. INTx is as at power-on.
 */
void device_reset(struct machine *m, uint32_t device);

/* How the source's interrupts leave the device. */
enum device_kind device_kind_of(const struct machine *m, uint32_t source);

/* The source's handler has run: it serves every vector that shares it. */
void device_serviced(struct machine *m, uint32_t source);

/* HW_COMMAND_DONE of a device: it uses the message as it is in its queue's context now. */
void device_command_done(struct machine *m, uint32_t source);

/* Whether the vector's events are held back or swallowed by a mask now. */
bool device_vector_masked(const struct machine *m, uint32_t source);

#endif
