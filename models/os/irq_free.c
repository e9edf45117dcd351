// SPDX-License-Identifier: MIT
/* Interrupts lose their handlers, and what they were allocated. */
#include "models/os/irq_alloc_internal.h"

#include <errno.h>

#include "models/hw/remap.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"

/* Deactivation writes an all-zero message: a device that still fires writes to address 0. */
static void write_zero(struct kthread *k, uint32_t desc)
{
	static const struct msi_message zero;

	if (irq_has_message(k->machine, desc)) {
		msi_write_message(k, desc, zero);
	}
}

/* free_irq() up to the vector; the vector lock is held then, and interrupts are off. */
static void shut_down(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	bool sleeps = irq_message_sleeps(m, desc);
	bool active;

	k_irq_save(k);
	k_desc_lock(k, desc);
	active = !(m->desc[desc].flags & DESC_SHUT_DOWN);
	/* A CPU of its mask that comes on line has nothing to start any more. */
	m->desc[desc].flags &= (uint16_t)~(DESC_STARTED | DESC_MOVE_PENDING | DESC_SHUT_DOWN);
	irq_mask(k, desc);
	k_desc_unlock(k, desc);
	k_irq_restore(k);
	irq_synchronize(k, desc);
	if (active && sleeps) {
		write_zero(k, desc);
	}
	k_irq_save(k);
	if (active && !sleeps) {
		write_zero(k, desc);
	}
	if (m->remap && m->remap->release) {
		m->remap->release(k, desc);
	}
	k_vector_lock(k);
}

void irq_shut_down_managed(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	irq_mask(k, desc);
	write_zero(k, desc);
	if (m->remap && m->remap->release) {
		m->remap->release(k, desc);
	}
	m->root->deactivate(m, desc);
	m->desc[desc].flags &= (uint16_t)~DESC_STARTED;
	m->desc[desc].flags |= DESC_SHUT_DOWN;
}

static void free_one(struct kthread *k, uint32_t device, uint32_t vector)
{
	shut_down(k, k->machine->device[device].first_source + vector);
	irq_index_release(k->machine, device, vector, false);
	k_vector_unlock(k);
	k_irq_restore(k);
}

/*
 * free_irq() alone: what can wait for a vector until it is requested again gives its vector back
 * and waits; what cannot keeps it. x86_vector_deactivate().
 */
static void unrequest_one(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];

	shut_down(k, desc);
	d->flags |= DESC_DEACTIVATED;
	if (d->flags & (DESC_CAN_RESERVE | DESC_MANAGED)) {
		m->root->deactivate(m, desc);
	}
	/* Without room, where CPUs went off line, the next request takes what there is. */
	if (d->flags & DESC_CAN_RESERVE) {
		kapi_observe(k, (uint64_t)m->root->reserve(m, desc));
	}
	k_vector_unlock(k);
	k_irq_restore(k);
}

/* The driver stops its queues before it lets go of their interrupts. */
static void stop_queues(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	for (uint32_t vector = first; vector < end; vector++) {
		k->machine->source[k->machine->device[device].first_source + vector].active = 0;
	}
}

static void unrequest_locked(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	const struct machine *m = k->machine;

	for (uint32_t vector = first; vector < end; vector++) {
		uint32_t desc = m->device[device].first_source + vector;

		if (m->desc[desc].flags & (DESC_STARTED | DESC_SHUT_DOWN)) {
			unrequest_one(k, desc);
		}
	}
}

void irq_take_handlers(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	irq_lock_descs(k, device);
	unrequest_locked(k, device, first, end);
	irq_unlock_descs(k, device);
}

void irq_unrequest_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	irq_lock_descs(k, device);
	stop_queues(k, device, first, end);
	unrequest_locked(k, device, first, end);
	irq_unlock_descs(k, device);
}

void irq_release_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	const struct machine *m = k->machine;

	for (uint32_t vector = first; vector < end; vector++) {
		if (m->desc[m->device[device].first_source + vector].flags & DESC_ALLOCATED) {
			free_one(k, device, vector);
		}
	}
}

/*
 * Without its vectors PCI MSI is off, as pci_disable_msi() leaves it: it cannot get any while it is
 * on.
 */
void irq_free_locked(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	stop_queues(k, device, first, end);
	irq_release_vectors(k, device, first, end);
	if (k->machine->device[device].mode == DEVICE_MSI &&
	    irq_device_enabled(k->machine, device) && irq_allocated_end(k->machine, device) == 0) {
		irq_device_enable(k, device, false);
	}
}

void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	irq_lock_descs(k, device);
	irq_free_locked(k, device, first, end);
	irq_unlock_descs(k, device);
}

static int free_group_locked(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group)
{
	const struct machine *m = k->machine;
	struct msi_index *index = msi_domain_index(m, (struct msi_cookie){ device, domain });
	struct msi_index_entry entry = { 0 };

	if (msi_index_group_count(index, group) < 0) {
		return -ENOENT;
	}
	while (!msi_index_group_next(index, group, 0, &entry)) {
		uint32_t vector = m->source[entry.irq].vector;

		irq_free_locked(k, device, vector, vector + 1);
	}
	irq_group_end(k, device, domain, group);
	return 0;
}

int irq_free_group(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group)
{
	int error;

	irq_lock_descs(k, device);
	error = free_group_locked(k, device, domain, group);
	irq_unlock_descs(k, device);
	return error;
}
