/* SPDX-License-Identifier: MIT */
/* The kinds of machine and device that the models know. */
#ifndef MSIRACE_MODELS_KINDS_H
#define MSIRACE_MODELS_KINDS_H

enum machine_arch { ARCH_X86, ARCH_RISCV, ARCH_ARM };

/* What stands between a device's message and the CPUs' interrupt controllers. */
enum machine_remap { REMAP_NONE, REMAP_VTD, REMAP_AMDVI, REMAP_RISCV_IOMMU, REMAP_ITS, REMAP_V2M, REMAP_HYPERV };

/*
 * What a completed read of a device guarantees about the messages that it sent before: ORDERED, that they have reached
 * the CPU's interrupt controller; WEAK, only that they have reached the root complex.
 */
enum machine_fabric { FABRIC_ORDERED, FABRIC_WEAK };

/* What an MSI-X function sends while an unmasked entry is half rewritten: undefined by the PCIe specification. */
enum msix_torn { TORN_MIX, TORN_OLD, TORN_NEW, TORN_CACHED };

/*
 * How an interrupt leaves its device, and so the kind of its device domain. DEVICE_WIRED is a line into a wire-to-message
 * bridge (IO-APIC, mbigen), whose message is rewritten while the line is held back.
 */
enum device_kind { DEVICE_MSI, DEVICE_MSIX, DEVICE_IMS, DEVICE_PLATFORM, DEVICE_WIRED };

/* Device domains that one device can own at once: its own kind, IMS, platform MSI and wired lines. */
#define DEVICE_DOMAINS_MAX 4

enum vector_placement { PLACE_SPREAD, PLACE_PACK, PLACE_FIRST_FIT };

#endif
