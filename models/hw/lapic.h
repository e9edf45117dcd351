/* SPDX-License-Identifier: MIT */
/*
 * The x86 local APIC: request (IRR) and service (ISR) bits of 256 vectors, priority classes, EOI, software enable.
 * Intel SDM volume 3, chapter 11 "Advanced Programmable Interrupt Controller". And the message that addresses it.
 */
#ifndef MSIRACE_MODELS_HW_LAPIC_H
#define MSIRACE_MODELS_HW_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct machine;

#define LAPIC_VECTORS 256
#define LAPIC_NONE UINT32_MAX

/*
 * A vector arrives. Into a clear IRR bit, or merged into a set one; a disabled APIC drops it. by_software: an IPI, not a
 * device's message.
 */
void lapic_accept(struct machine *m, uint32_t cpu, uint32_t vector, struct causes causes, bool by_software);

/* The highest requested vector whose class is above that of the highest one in service; LAPIC_NONE: there is none. */
uint32_t lapic_next(const struct machine *m, uint32_t cpu);

/* Moves a requested vector into service; returns the raises that its bit held, and whether software set it. */
struct causes lapic_begin_service(struct machine *m, uint32_t cpu, uint32_t vector, bool *by_software);

/* End of interrupt: the highest vector in service is done. */
void lapic_eoi(struct machine *m, uint32_t cpu);

bool lapic_requested(const struct machine *m, uint32_t cpu, uint32_t vector);

/* Clears a request; its raises are the caller's. */
struct causes lapic_withdraw(struct machine *m, uint32_t cpu, uint32_t vector);

/*
 * Message addresses, SDM volume 3, section 11.11: 0xfee in bits 31:20, the destination in 19:12. Destinations above 255 use
 * bits 11:5 as their bits 14:8, as hypervisors offer it (extended destination id). Up to eight CPUs the kernel
 * uses logical flat destinations (bit 2 set, one bit a CPU), beyond that physical ones.
 */
#define LAPIC_ADDRESS_BASE 0xfee00000u
#define LAPIC_ADDRESS_LOGICAL 0x4u

uint32_t lapic_address(const struct machine *m, uint32_t cpu);

/* The CPU that an address names; LAPIC_NONE where it names none that exists. */
uint32_t lapic_target(const struct machine *m, uint64_t address);

#endif
