/* SPDX-License-Identifier: MIT */
/*
 * What stands between the devices' messages and the CPUs' interrupt controllers: its hardware, and
 * the kernel's domain that drives it. One struct remap_unit for each kind (VT-d, AMD-Vi, RISC-V
 * IOMMU, ITS); a machine without one has none.
 */
#ifndef MSIRACE_MODELS_HW_REMAP_H
#define MSIRACE_MODELS_HW_REMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "models/hw/device.h"
#include "models/os/root_domain.h"
#include "models/raise.h"

struct hw_event;
struct kthread;
struct machine;
struct state_layout;

struct remap_unit {
	/*
	 * Its part of the machine's state, placed with state_place(), and what it is before the
	 * run. 0 or a negative errno.
	 */
	void (*lay_out)(struct machine *m, struct state_layout *layout);
	int (*init)(struct machine *m);
	/* A message arrives; it ends in fabric_deliver() or fabric_drop(). */
	void (*request)(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
			struct causes causes);
	/* HW_REMAP_DONE, HW_FLUSH_DONE and HW_COMMAND_DONE; NULL where it posts none. */
	void (*looked_up)(struct machine *m, const struct hw_event *event);
	void (*flush_done)(struct machine *m, const struct hw_event *event);
	void (*command_done)(struct machine *m, const struct hw_event *event);
	/*
	 * The kernel's side. Entries for a device, before its vectors are allocated; 0 or -ENOSPC.
	 * NULL where that takes none (an ITT has room for every event of its device).
	 */
	int (*allocate)(struct machine *m, uint32_t device);
	/* What the device is programmed with for desc: it stays, wherever the interrupt goes. */
	struct msi_message (*message)(const struct machine *m, uint32_t desc);
	/*
	 * The entry of desc leads to its CPU and vector: before the run without taking time, later
	 * by a thread.
	 */
	void (*boot)(struct machine *m, uint32_t desc);
	void (*program)(struct kthread *k, uint32_t desc);
	/* What only some have; NULL elsewhere. */
	/*
	 * Holds the interrupt of desc back, or lets it go, wherever its device can or cannot mask.
	 */
	void (*mask)(struct kthread *k, uint32_t desc, bool masked);
	/* The entry of desc is withdrawn, before its vector is given back. */
	void (*release)(struct kthread *k, uint32_t desc);
	/*
	 * Makes the interrupt of desc pending again at its CPU, in place of what DESC_PENDING
	 * stands for.
	 */
	void (*resend)(struct kthread *k, uint32_t desc);
	/* A CPU comes on line. */
	void (*cpu_online)(struct kthread *k, uint32_t cpu);
	/* An interrupt of the unit's own reached the kernel of cpu. */
	void (*notice)(struct machine *m, uint32_t cpu);
	/* As root_domain's. */
	void (*stranded)(const struct machine *m, stranded_visit *visit, void *context);
};

#endif
