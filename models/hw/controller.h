/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller of a CPU: pending bits with the raises that they stand for, which one is taken next, and the
 * message that sets one. The bits are the same for every architecture; what differs is in struct controller: the x86 local
 * APIC (lapic.c), the RISC-V IMSIC file, the Arm redistributor's LPIs.
 */
#ifndef MSIRACE_MODELS_HW_CONTROLLER_H
#define MSIRACE_MODELS_HW_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/hw/device.h"
#include "models/raise.h"

struct machine;
struct state_layout;

#define VECTOR_NONE UINT32_MAX

struct controller {
	/* State of its own, beside the maps of struct machine, placed with state_place(); NULL: none. */
	void (*lay_out)(struct machine *m, struct state_layout *layout);
	/* Whether a pending vector may be taken at all (IMSIC eie); NULL: always. */
	bool (*enabled)(const struct machine *m, uint32_t cpu, uint32_t vector);
	/* While it is disabled it still records what arrives (IMSIC eidelivery); otherwise that is lost (local APIC). */
	bool records_when_disabled;
	/*
	 * The kernel learns the vector, and takes it, from a register that it reads after its entry (IMSIC topei), and reads
	 * on until there is none; otherwise the CPU takes the vector with the interrupt (x86).
	 */
	bool claimed_by_kernel;
	/* Bits for each CPU, and the number of the first one; NULL: 0. */
	uint32_t (*vectors)(const struct machine *m);
	uint32_t (*first)(const struct machine *m);
	/* The pending vector that a CPU would take now; VECTOR_NONE where there is none of sufficient priority. */
	uint32_t (*next)(const struct machine *m, uint32_t cpu);
	/* The CPU takes the vector: its pending bit is cleared already. */
	void (*begin_service)(struct machine *m, uint32_t cpu, uint32_t vector);
	/* End of interrupt, as the kernel's acknowledge does it. */
	void (*eoi)(struct machine *m, uint32_t cpu);
	/*
	 * The message that sets the vector pending at the CPU, and back: false where it names no CPU or vector that exists.
	 * NULL where no message goes straight to a CPU.
	 */
	struct msi_message (*compose)(const struct machine *m, uint32_t cpu, uint32_t vector);
	bool (*decode)(const struct machine *m, uint64_t address, uint32_t data, uint32_t *cpu, uint32_t *vector);
};

/*
 * A vector arrives: into a clear pending bit, or merged into a set one; a disabled controller drops it. by_software: an IPI,
 * not a device's message.
 */
void controller_accept(struct machine *m, uint32_t cpu, uint32_t vector, struct causes causes, bool by_software);

bool controller_pending(const struct machine *m, uint32_t cpu, uint32_t vector);

/* Clears a pending bit; its raises are the caller's. */
struct causes controller_withdraw(struct machine *m, uint32_t cpu, uint32_t vector);

/* Takes a pending vector: withdrawn, and in service. *by_software: an IPI or a retrigger set the bit first. */
struct causes controller_take(struct machine *m, uint32_t cpu, uint32_t vector, bool *by_software);

/* Takes a pending vector to another CPU, with its raises, merged where it is pending there too. */
void controller_transfer(struct machine *m, uint32_t from, uint32_t to, uint32_t vector);

/* The lowest set bit of a CPU's map of vectors; VECTOR_NONE: all are clear. */
uint32_t vector_map_lowest(const struct machine *m, const uint64_t *map, uint32_t cpu);

#endif
