// SPDX-License-Identifier: MIT
/*
 * Adding vectors to a device whose other queues are busy. What the protocols differ in is whether the function is enabled
 * meanwhile, and what is left after an error.
 *
 *   monitor (qemu-realloc)              device, queue 0 busy
 *   mask and free 0..n
 *                                       completion: waits in its pending bit
 *   disable MSI-X
 *                                       completion: goes to INTx, or nowhere
 *   allocate 0..n + 1
 *                                       completion: the same
 *   enable MSI-X
 */
#include <errno.h>
#include <stdint.h>

#include "models/machine.h"
#include "models/os/irq_alloc.h"
#include "models/os/kapi.h"
#include "models/os/msi_domain.h"
#include "models/strategies/operations.h"
#include "msi_index.h"

static bool has_enable_bit(const struct kthread *k, const struct irq_request *request)
{
	return request->domain == 0 && msi_domain_is_pci(k->machine->device[request->device].mode);
}

/* Everything at once before the function is enabled, as before Linux 6.2: later there is no way to add one. */
static int batch(struct kthread *k, struct irq_request *request)
{
	int error;

	if (has_enable_bit(k, request) && irq_device_enabled(k->machine, request->device)) {
		return -EINVAL;
	}
	error = irq_setup(k, request, MSI_INDEX_GROUP_DEFAULT);
	if (error) {
		return error;
	}
	k_work(k, k->machine->config->timings.msix_enable_ps);
	irq_program(k, request);
	if (has_enable_bit(k, request)) {
		irq_device_enable(k, request->device, true);
	}
	return 0;
}

/*
 * Linux 6.2 pci_msix_alloc_irq_at(): each new entry stays masked until its message is whole; the function stays enabled.
 * The first vectors of a function enable it.
 */
static int dynamic(struct kthread *k, struct irq_request *request)
{
	int error = irq_setup(k, request, MSI_INDEX_GROUP_DEFAULT);

	if (error) {
		return error;
	}
	irq_program(k, request);
	if (has_enable_bit(k, request) && !irq_device_enabled(k->machine, request->device)) {
		irq_device_enable(k, request->device, true);
	}
	return 0;
}

/* pci_alloc_irq_vectors(1, n): a driver that is content with fewer. */
static int dynamic_fewer(struct kthread *k, struct irq_request *request)
{
	request->at_least = 1;
	return dynamic(k, request);
}

/* The device's own message store; its number among the device's domains, or 0 where it has none. */
static uint32_t store_of(const struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];

	for (uint32_t domain = 0; domain < config->domains; domain++) {
		if (config->domain[domain].kind == DEVICE_IMS) {
			return domain;
		}
	}
	return 0;
}

/*
 * Linux 6.2 pci_ims_alloc_irq(): what is wanted beyond the vectors of the start comes from the device's message store,
 * at whatever slot is free. A slot is masked until its message is whole; a store in a queue's context takes the message by
 * a command to the device. Nothing in use is touched.
 */
static int ims(struct kthread *k, struct irq_request *request)
{
	uint32_t store = store_of(k->machine, request->device);

	if (store && request->domain == 0) {
		request->domain = store;
		request->anywhere = true;
		request->first = 0;
		request->end = k->machine->config->devices[request->device].domain[store].vectors;
	}
	return dynamic(k, request);
}

static bool has_groups(const struct kthread *k, const struct irq_request *request)
{
	return k->machine->config->devices[request->device].domain[request->domain].groups;
}

/*
 * The 2019 proposal of MSI-X groups as first sent: the function is disabled while a group is set up, and an error leaves it
 * so. The groups in use send to INTx, or nowhere, from then on.
 */
static int group_disable(struct kthread *k, struct irq_request *request)
{
	int group;
	int error;

	if (!has_groups(k, request)) {
		return dynamic(k, request);
	}
	group = irq_group_begin(k, request->device, request->domain);
	if (group < 0) {
		return group;
	}
	/* From here on the queues in use are cut off. */
	if (has_enable_bit(k, request) && irq_device_enabled(k->machine, request->device)) {
		irq_device_enable(k, request->device, false);
	}
	k_work(k, k->machine->config->timings.msix_enable_ps);
	error = irq_setup(k, request, (uint32_t)group);
	if (error) {
		irq_group_end(k, request->device, request->domain, (uint32_t)group);
		return error;
	}
	irq_program(k, request);
	/* From here on they send again; what they sent in between was not kept. */
	if (has_enable_bit(k, request)) {
		irq_device_enable(k, request->device, true);
	}
	return 0;
}

/* A group with the function enabled throughout: its entries are masked until they are written, an error touches no other. */
static int group_live(struct kthread *k, struct irq_request *request)
{
	int group;
	int error;

	if (!has_groups(k, request)) {
		return dynamic(k, request);
	}
	group = irq_group_begin(k, request->device, request->domain);
	if (group < 0) {
		return group;
	}
	error = irq_setup(k, request, (uint32_t)group);
	if (error) {
		irq_group_end(k, request->device, request->domain, (uint32_t)group);
		return error;
	}
	irq_program(k, request);
	if (has_enable_bit(k, request) && !irq_device_enabled(k->machine, request->device)) {
		irq_device_enable(k, request->device, true);
	}
	return 0;
}

/*
 * One round of vfio without dynamic allocation (VFIO_IRQ_INFO_NORESIZE): free every vector, disable the whole index,
 * allocate [0, end), all or none, enable. Where the host has too few vectors left, nothing is enabled any more: the
 * interrupts that the guest had are gone too.
 */
static int reallocate(struct kthread *k, uint32_t device, uint32_t end)
{
	struct machine *m = k->machine;
	struct irq_request all = { .device = device, .end = end, .want = end, .at_least = end };
	int error;

	all.low = end;
	/* Each vector is masked before it is freed: what the device raises from here on waits in the pending bits. */
	irq_release_vectors(k, device, 0, m->config->devices[device].domain[0].vectors);
	/* From here on what the device raises is lost, or goes to INTx. */
	if (irq_device_enabled(m, device)) {
		irq_device_enable(k, device, false);
	}
	k_work(k, m->config->timings.vfio_realloc_ps);
	error = irq_setup(k, &all, MSI_INDEX_GROUP_DEFAULT);
	if (error) {
		return error;
	}
	irq_program(k, &all);
	/* From here on it sends again, also what waits in the pending bits. */
	irq_device_enable(k, device, true);
	return 0;
}

/* Which vectors of the MSI-X index the guest unmasks: those named, or the next ones. -ENOSPC past the end of its table. */
static int unmasked_by_guest(const struct kthread *k, struct irq_request *request)
{
	uint32_t vectors = k->machine->config->devices[request->device].domain[0].vectors;

	request->low = request->anywhere ? irq_allocated_end(k->machine, request->device) : request->first;
	if (request->want > vectors - request->low) {
		return -ENOSPC;
	}
	request->high = request->low + request->want;
	return 0;
}

/*
 * The vectors of PCI MSI are not unmasked one by one: the guest switches them on in one go, by
 * their count.
 */
static bool switched_on_at_once(const struct kthread *k, const struct irq_request *request)
{
	return k->machine->device[request->device].mode == DEVICE_MSI;
}

/* All unmasked vectors of a burst are committed in one round. */
static int qemu_deferred(struct kthread *k, struct irq_request *request)
{
	int error;

	if (!has_enable_bit(k, request)) {
		return dynamic(k, request);
	}
	error = unmasked_by_guest(k, request);
	if (error) {
		return error;
	}
	k_work(k, (switched_on_at_once(k, request) ? 1 : request->want) *
			  k->machine->config->timings.trap_ps);
	if (request->high > irq_allocated_end(k->machine, request->device)) {
		error = reallocate(k, request->device, request->high);
	}
	request->granted = error ? 0 : request->want;
	return error;
}

/*
 * QEMU before 2023: the guest unmasks one vector after the other. One beyond what the host has enabled costs a round; one
 * below is there already.
 */
static int qemu_realloc(struct kthread *k, struct irq_request *request)
{
	int error;

	if (!has_enable_bit(k, request)) {
		return dynamic(k, request);
	}
	if (switched_on_at_once(k, request)) {
		return qemu_deferred(k, request);
	}
	error = unmasked_by_guest(k, request);
	for (uint32_t vector = request->low; vector < request->high && !error; vector++) {
		k_work(k, k->machine->config->timings.trap_ps);
		if (vector >= irq_allocated_end(k->machine, request->device)) {
			error = reallocate(k, request->device, vector + 1);
		}
		request->granted += !error;
	}
	return error;
}

/*
 * vfio with dynamic MSI-X (Linux 6.4) and a QEMU that uses it: one vector is allocated, the others never notice. Where the
 * host has none left the guest lacks this vector and those that it would have unmasked after it.
 */
static int qemu_dynamic(struct kthread *k, struct irq_request *request)
{
	struct irq_request one = *request;
	int error;

	if (!has_enable_bit(k, request)) {
		return dynamic(k, request);
	}
	if (switched_on_at_once(k, request)) {
		k_work(k, k->machine->config->timings.trap_ps);
		return dynamic(k, request);
	}
	error = unmasked_by_guest(k, request);
	for (uint32_t vector = request->low; vector < request->high && !error; vector++) {
		k_work(k, k->machine->config->timings.trap_ps);
		one.anywhere = false;
		one.first = one.low = vector;
		one.end = vector + 1;
		one.want = one.at_least = 1;
		one.granted = one.high = 0;
		error = dynamic(k, &one);
		request->granted += !error;
	}
	/* What the guest got before the error stays. */
	return request->granted >= request->at_least ? 0 : error;
}

const struct allocation_operations allocation_batch = { .grow = batch };
const struct allocation_operations allocation_dynamic = { .grow = dynamic };
const struct allocation_operations allocation_dynamic_fewer = { .grow = dynamic_fewer };
const struct allocation_operations allocation_ims = { .grow = ims, .needs_store = true };
const struct allocation_operations allocation_group_disable = { .grow = group_disable, .needs_groups = true };
const struct allocation_operations allocation_group_live = { .grow = group_live, .needs_groups = true };
const struct allocation_operations allocation_qemu_realloc = { .grow = qemu_realloc, .noresize = true };
const struct allocation_operations allocation_qemu_deferred = { .grow = qemu_deferred, .noresize = true };
const struct allocation_operations allocation_qemu_dynamic = { .grow = qemu_dynamic };
const struct allocation_operations allocation_reboot_leak = { .grow = qemu_dynamic, .forgets_on_reboot = true };
const struct allocation_operations allocation_reboot_free = { .grow = qemu_dynamic };
