/* SPDX-License-Identifier: MIT */
/*
 * The kernel's domain above the RISC-V IOMMU: one entry of the MSI page table, and one
 * memory-resident interrupt file, for each interrupt. A device is programmed once, with the page of
 * its entry's virtual file and an identity; moves change the entry and keep the identity.
 *
 * Notices go to hart 0, under an identity of the kernel's own. They say that some memory-resident
 * file has changed: those in use are looked through, and what is pending there goes to the file
 * that its interrupt belongs to now.
 */
#ifndef MSIRACE_MODELS_OS_RISCV_IOMMU_DOMAIN_H
#define MSIRACE_MODELS_OS_RISCV_IOMMU_DOMAIN_H

#include "models/hw/remap.h"
#include "models/hw/riscv_iommu.h"

extern const struct remap_unit riscv_iommu_unit;

/*
 * The entry of desc in that mode, with its present hart, in one store: a 128-bit compare-and-swap
 * where both halves change.
 */
void riscv_iommu_point(struct kthread *k, uint32_t desc, enum msi_pte_mode mode);

/* IOTINVAL of the entry, IOFENCE.C, and the wait. */
void riscv_iommu_synchronise(struct kthread *k, uint32_t desc);

/* Nothing is pending in the memory-resident file of desc: it is about to be used. */
void riscv_iommu_clear(struct kthread *k, uint32_t desc);

/*
 * What is pending in the memory-resident file of desc goes to the interrupt file that it belongs to
 * now.
 */
void riscv_iommu_merge(struct kthread *k, uint32_t desc);

#endif
