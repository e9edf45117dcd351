// SPDX-License-Identifier: MIT
/*
 * Adding vectors to a device whose other queues are busy. What the protocols differ in is whether the function is enabled
 * meanwhile, and what is left after an error.
 *
 *   monitor (qemu-realloc)              device, queue 0 busy
 *   disable MSI-X
 *                                       completion: goes to INTx, or nowhere
 *   free 0..n, allocate 0..n + 1
 *                                       completion: the same
 *   enable MSI-X
 */
#include <errno.h>
#include <stdint.h>

#include "models/machine.h"
#include "models/os/irq_alloc.h"
#include "models/os/kapi.h"
#include "models/strategies/operations.h"
#include "msi_index.h"

/* Everything at once before the function is enabled, as before Linux 6.2: later there is no way to add one. */
static int batch(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int error;

	if (irq_device_enabled(k->machine, device)) {
		return -EINVAL;
	}
	error = irq_setup(k, device, first, end, MSI_INDEX_GROUP_DEFAULT);
	if (!error) {
		k_work(k, k->machine->config->timings.msix_enable_ps);
		irq_program(k, device, first, end);
		irq_device_enable(k, device, true);
	}
	return error;
}

/* Linux 6.2 pci_msix_alloc_irq_at(): each new entry stays masked until its message is whole; the function stays enabled. */
static int dynamic(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int error = irq_setup(k, device, first, end, MSI_INDEX_GROUP_DEFAULT);

	if (error) {
		return error;
	}
	irq_program(k, device, first, end);
	if (!irq_device_enabled(k->machine, device) && k->machine->config->devices[device].domain[0].kind != DEVICE_IMS) {
		irq_device_enable(k, device, true);
	}
	return 0;
}

/*
 * The 2019 proposal of MSI-X groups as first sent: the function is disabled while a group is set up, and an error leaves it
 * so. The groups in use send to INTx, or nowhere, from then on.
 */
static int group_disable(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int group = irq_group_begin(k, device);
	int error;

	if (group < 0) {
		return group;
	}
	/* From here on the queues in use are cut off. */
	irq_device_enable(k, device, false);
	k_work(k, k->machine->config->timings.msix_enable_ps);
	error = irq_setup(k, device, first, end, (uint32_t)group);
	if (error) {
		return error;
	}
	irq_program(k, device, first, end);
	/* From here on they send again; what they sent in between was not kept. */
	irq_device_enable(k, device, true);
	return 0;
}

/* A group with the function enabled throughout: its entries are masked until they are written, an error touches no other. */
static int group_live(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int group = irq_group_begin(k, device);
	int error;

	if (group < 0) {
		return group;
	}
	error = irq_setup(k, device, first, end, (uint32_t)group);
	if (!error) {
		irq_program(k, device, first, end);
	}
	return error;
}

/*
 * One round of vfio without dynamic allocation (VFIO_IRQ_INFO_NORESIZE): disable the whole index, free every vector,
 * allocate [0, end), enable. Where the host has too few vectors left, nothing is enabled any more.
 */
static int reallocate(struct kthread *k, uint32_t device, uint32_t end)
{
	struct machine *m = k->machine;
	int error;

	/* From here on no vector of the device delivers. */
	irq_device_enable(k, device, false);
	irq_free_vectors(k, device, 0, m->config->devices[device].domain[0].vectors);
	k_work(k, m->config->timings.vfio_realloc_ps);
	error = irq_setup(k, device, 0, end, MSI_INDEX_GROUP_DEFAULT);
	if (error) {
		return error;
	}
	irq_program(k, device, 0, end);
	irq_device_enable(k, device, true);
	return 0;
}

/* QEMU before 2023: the guest unmasks one vector after the other, and each costs a round. */
static int qemu_realloc(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int error = 0;

	for (uint32_t vector = first; vector < end && !error; vector++) {
		k_work(k, k->machine->config->timings.trap_ps);
		error = reallocate(k, device, vector + 1);
	}
	return error;
}

/* All unmasked vectors of a burst are committed in one round. */
static int qemu_deferred(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	k_work(k, (end - first) * k->machine->config->timings.trap_ps);
	return reallocate(k, device, end);
}

/* vfio with dynamic MSI-X (Linux 6.4) and a QEMU that uses it: one vector is allocated, the others never notice. */
static int qemu_dynamic(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int error = 0;

	for (uint32_t vector = first; vector < end && !error; vector++) {
		k_work(k, k->machine->config->timings.trap_ps);
		error = dynamic(k, device, vector, vector + 1);
	}
	return error;
}

const struct allocation_operations allocation_batch = { batch };
const struct allocation_operations allocation_dynamic = { dynamic };
const struct allocation_operations allocation_group_disable = { group_disable };
const struct allocation_operations allocation_group_live = { group_live };
const struct allocation_operations allocation_qemu_realloc = { qemu_realloc };
const struct allocation_operations allocation_qemu_deferred = { qemu_deferred };
const struct allocation_operations allocation_qemu_dynamic = { qemu_dynamic };
