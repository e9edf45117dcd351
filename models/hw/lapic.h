/* SPDX-License-Identifier: MIT */
/*
 * The x86 local APIC: request (IRR) and service (ISR) bits of 256 vectors, priority classes, EOI.
 * Intel SDM volume 3, chapter 11 "Advanced Programmable Interrupt Controller".
 *
 * Message addresses, section 11.11: 0xfee in bits 31:20, the destination in 19:12. Destinations above 255 use bits 11:5 as
 * their bits 14:8, as hypervisors offer it (extended destination id). Up to eight CPUs the kernel uses logical
 * flat destinations (bit 2 set, one bit a CPU), beyond that physical ones.
 */
#ifndef MSIRACE_MODELS_HW_LAPIC_H
#define MSIRACE_MODELS_HW_LAPIC_H

#include "models/hw/controller.h"

#define LAPIC_VECTORS 256
#define LAPIC_ADDRESS_BASE 0xfee00000u
#define LAPIC_ADDRESS_LOGICAL 0x4u

extern const struct controller lapic_controller;

#endif
