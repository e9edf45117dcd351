/* SPDX-License-Identifier: MIT */
/*
 * The RISC-V IOMMU as messages see it: an MSI page table whose entries say where the page of a
 * (virtual) interrupt file really is, a cache of them, and the commands that end a change:
 * IOTINVAL, then IOFENCE.C. RISC-V Advanced Interrupt Architecture 1.0, chapter 8 "IOMMU Support
 * for MSIs to Virtual Machines", and RISC-V IOMMU 1.0, sections 3.1 and 4.
 *
 *   - Basic translate mode names the page of a hart's file: the address is translated, the identity
 *     in the data stays.
 *   - MRIF mode names a memory-resident interrupt file: the identity's pending bit is set in
 *     memory, in any case, and then a notice message goes to the hypervisor (section 8.4.2 of the
 *     former).
 *   - An entry that is not valid is a fault of cause 262, and the message is gone.
 *
 * Each device context points to a table of its own. Here all of them are one, and an entry belongs
 * to one device: to the others it is not valid.
 */
#ifndef MSIRACE_MODELS_HW_RISCV_IOMMU_H
#define MSIRACE_MODELS_HW_RISCV_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct machine;
struct hw_event;
struct kthread;

/* Field M of an MSI PTE, or 0 where field V is clear. */
enum msi_pte_mode { MSI_PTE_INVALID = 0, MSI_PTE_MRIF = 1, MSI_PTE_BASIC = 3 };

#define RISCV_IOMMU_FAULT_MSI_PTE_INVALID 262

struct msi_pte {
	uint8_t mode;
	uint8_t pad;
	uint16_t cpu;         /* basic: whose file; MRIF: where its notices go */
	uint32_t requester;   /* device + 1 whose context it belongs to */
};

struct riscv_iommu {
	uint32_t notice;         /* identity of notices */
};

/* The page that the device is programmed with, of an entry's virtual file. */
uint64_t riscv_iommu_address(uint32_t entry);

/* A message arrives; HW_REMAP_DONE. */
void riscv_iommu_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
			 struct causes causes);
void riscv_iommu_looked_up(struct machine *m, const struct hw_event *event);

/* IOTINVAL of one cached entry, then IOFENCE.C, and the wait for its end (hw/invalidation.h). */
void riscv_iommu_fence(struct kthread *k, uint32_t entry);

/*
 * Whether the identity is pending in the entry's memory-resident file; clears it, and hands out its
 * raises.
 */
bool riscv_iommu_mrif_take(struct machine *m, uint32_t entry, uint32_t identity,
			   struct causes *causes);

#endif
