/* SPDX-License-Identifier: MIT */
/*
 * The RISC-V IMSIC: one supervisor-level interrupt file a hart, with a pending bit (eip) and an
 * enable bit (eie) for each identity. RISC-V Advanced Interrupt Architecture 1.0, chapter 3
 * "Incoming MSI Controller".
 *
 *   - A message is a 32-bit write of the identity to seteipnum_le, at the start of the file's page
 *     (sections 3.2 and 3.5). It sets a bit and is idempotent; an identity that is not implemented
 *     is ignored. Pages lie 4 KiB apart, one hart after the other (section 3.6).
 *   - Identities run from 1 to one less than a multiple of 64, at most 2,047 (section 3.1). The
 *     lowest has priority (3.3).
 *   - A pending bit is set whether or not the identity is enabled, the file delivers (eidelivery)
 *     or the threshold lets it through (sections 3.8.1 to 3.8.4): what is held back is not lost.
 *   - A write of *topei claims the identity that the same instruction reads: no other one can come
 *     in between (section 3.10). There is no end of interrupt.
 */
#ifndef MSIRACE_MODELS_HW_IMSIC_H
#define MSIRACE_MODELS_HW_IMSIC_H

#include "models/hw/controller.h"

#define IMSIC_IDENTITIES_MAX 2047
/* Where QEMU's virt machine has its supervisor-level files. */
#define IMSIC_ADDRESS_BASE UINT64_C(0x28000000)
#define IMSIC_PAGE_BYTES 4096u

struct imsic_file {
	uint32_t eithreshold;   /* identities from here on are held back; 0: none is */
};

extern const struct controller imsic_controller;

/* The hart writes its own eie bit or eithreshold; what becomes due is taken. */
void imsic_enable(struct machine *m, uint32_t cpu, uint32_t identity, bool enable);
void imsic_set_threshold(struct machine *m, uint32_t cpu, uint32_t threshold);

bool imsic_enabled(const struct machine *m, uint32_t cpu, uint32_t identity);

/* Whether files have that identity. */
bool imsic_implemented(const struct machine *m, uint32_t identity);

#endif
