// SPDX-License-Identifier: MIT
#include "models/os/irq_manage.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/device.h"
#include "models/hw/remap.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/msi_message.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"

static const struct device_config *device_of(const struct machine *m, uint32_t desc)
{
	return &m->config->devices[m->source[desc].device];
}

static void emit_move(struct kthread *k, uint32_t desc, enum move_outcome outcome)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_MOVE, .detail = (uint8_t)outcome, .source = desc, .thread = k->number,
		.cpu = k->machine->desc[desc].cpu, .device = k->machine->source[desc].device });
}

static bool mask_reaches_online(const struct machine *m, const uint64_t *mask)
{
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		if (mask[word] & m->online[word]) {
			return true;
		}
	}
	return false;
}

int irq_do_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct machine *m = k->machine;
	int moved = m->config->move->set_affinity(k, desc, mask);

	kapi_observe(k, (uint64_t)moved);
	if (moved == -ENOSPC) {
		emit_move(k, desc, MOVE_NOSPC);
	}
	if (moved < 0) {
		return moved;
	}
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		m->affinity[(size_t)desc * m->cpu_words + word] = mask[word];
	}
	emit_move(k, desc, moved ? MOVE_DONE : MOVE_NOTHING);
	return 0;
}

int irq_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	int error = 0;

	k_work(k, m->config->timings.set_affinity_ps);
	if (m->config->move->context == MOVE_ON_OLD_CPU && d->cpu != CPU_NONE && cpu_is_online(m, d->cpu)) {
		k_migrate(k, d->cpu);
	}
	k_irq_save(k);
	k_desc_lock(k, desc);
	emit_move(k, desc, MOVE_ASKED);
	if (d->flags & DESC_MANAGED) {
		/* The kernel keeps managed interrupts where it has spread them. */
		error = -EIO;
	} else if (!mask_reaches_online(m, mask) || !(d->flags & DESC_ALLOCATED)) {
		error = -EINVAL;
	} else if (m->config->move->context == MOVE_IN_ACKNOWLEDGE && d->flags & DESC_STARTED) {
		for (uint32_t word = 0; word < m->cpu_words; word++) {
			m->pending_affinity[(size_t)desc * m->cpu_words + word] = mask[word];
		}
		d->flags |= DESC_MOVE_PENDING;
		emit_move(k, desc, MOVE_DEFERRED_TO_ACK);
	} else {
		error = irq_do_set_affinity(k, desc, mask);
	}
	/* In the acknowledge it is no refusal: the next interrupt tries again. */
	if (error == -EBUSY) {
		emit_move(k, desc, MOVE_BUSY);
	}
	k_desc_unlock(k, desc);
	k_irq_restore(k);
	return error;
}

void irq_mask(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	const struct source *source = &m->source[desc];
	const struct device_config *device = device_of(m, desc);

	if (!device->maskable || m->desc[desc].flags & DESC_MASKED) {
		return;
	}
	m->desc[desc].flags |= DESC_MASKED;
	if (device->kind == DEVICE_MSI) {
		k_cfg_write(k, source->device, source->vector, REG_MASK, 1);
		return;
	}
	k_mmio_write(k, source->device, source->vector, REG_MASK, 1);
	k_mmio_read(k, source->device, source->vector, REG_MASK);
}

void irq_unmask(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	const struct source *source = &m->source[desc];
	const struct device_config *device = device_of(m, desc);

	if (!device->maskable || !(m->desc[desc].flags & DESC_MASKED)) {
		return;
	}
	m->desc[desc].flags &= (uint16_t)~DESC_MASKED;
	if (device->kind == DEVICE_MSI) {
		k_cfg_write(k, source->device, source->vector, REG_MASK, 0);
		return;
	}
	k_mmio_write(k, source->device, source->vector, REG_MASK, 0);
}

/*
 * The share of the CPUs that a managed vector is spread to: consecutive and even, as irq_create_affinity_masks() deals
 * them; with more vectors than CPUs, one CPU each in turn.
 */
static void managed_affinity(const struct machine *m, uint32_t desc, uint64_t *mask)
{
	uint32_t vectors = device_of(m, desc)->vectors;
	uint32_t vector = m->source[desc].vector;
	uint32_t cpus = m->config->cpus;
	uint32_t first = vectors <= cpus ? (uint32_t)((uint64_t)vector * cpus / vectors) : vector % cpus;
	uint32_t end = vectors <= cpus ? (uint32_t)((uint64_t)(vector + 1) * cpus / vectors) : first + 1;

	for (uint32_t cpu = first; cpu < end; cpu++) {
		mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
	}
}

static void initial_affinity(struct machine *m, uint32_t desc)
{
	const uint64_t *affinity = device_of(m, desc)->affinity;
	uint64_t *mask = &m->affinity[(size_t)desc * m->cpu_words];

	for (uint32_t word = 0; word < m->cpu_words; word++) {
		mask[word] = 0;
	}
	if (device_of(m, desc)->managed) {
		managed_affinity(m, desc, mask);
		return;
	}
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		uint64_t bit = UINT64_C(1) << (cpu % 64);

		if (!affinity || affinity[cpu / 64] & bit) {
			mask[cpu / 64] |= bit;
		}
	}
}

/* Descriptor, remap entry and vector of one source, as pci_alloc_irq_vectors() and request_irq() leave them. */
static int set_up(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];
	const struct device_config *device = device_of(m, desc);
	int error;

	m->source[desc].desc = desc;
	d->flags = DESC_ALLOCATED;
	d->flags |= device->managed ? DESC_MANAGED : 0;
	d->flags |= device->maskable && !device->managed ? DESC_CAN_RESERVE : 0;
	initial_affinity(m, desc);
	error = m->root->reserve(m, desc);
	if (error) {
		goto free_desc;
	}
	error = m->root->activate(m, desc);
	if (error) {
		goto unreserve;
	}
	d->flags |= DESC_STARTED;
	return 0;
unreserve:
	m->root->unreserve(m, desc);
free_desc:
	d->flags = 0;
	m->source[desc].desc = DESC_NONE;
	return error;
}

static void tear_down(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	m->root->deactivate(m, desc);
	if (d->flags & DESC_MANAGED) {
		m->root->unreserve(m, desc);
	}
	causes_lose(m, &d->pending, LOSS_DROPPED, CPU_NONE, 0);
	d->flags &= DESC_IN_PROGRESS;
	m->source[desc].desc = DESC_NONE;
}

static struct msi_message message_of(const struct machine *m, uint32_t desc)
{
	if (m->remap) {
		return m->remap->message(m, desc);
	}
	return m->controller->compose(m, m->desc[desc].cpu, m->desc[desc].vector);
}

static void boot_vector(struct machine *m, uint32_t device, uint32_t vector)
{
	uint32_t desc = m->device[device].first_source + vector;
	struct msi_message message = message_of(m, desc);

	if (m->remap) {
		m->remap->boot(m, desc);
	}
	if (m->config->devices[device].kind == DEVICE_MSI && vector > 0) {
		return;
	}
	device_write(m, device, vector, REG_ADDRESS_LO, message.address_lo);
	device_write(m, device, vector, REG_ADDRESS_HI, message.address_hi);
	device_write(m, device, vector, REG_DATA, message.data);
	m->entry[desc].latched_lo = message.address_lo;
	m->entry[desc].latched_hi = message.address_hi;
	m->entry[desc].latched_data = message.data;
}

int irq_boot_device(struct machine *m, uint32_t device)
{
	int error = m->remap ? m->remap->allocate(m, device) : 0;

	for (uint32_t vector = 0; !error && vector < m->config->devices[device].allocated; vector++) {
		error = set_up(m, m->device[device].first_source + vector);
		if (!error) {
			boot_vector(m, device, vector);
		}
	}
	if (!error && m->config->devices[device].allocated) {
		device_write(m, device, 0, REG_INTX_DISABLE, 1);
		device_write(m, device, 0, REG_CONTROL, CONTROL_ENABLE);
	}
	return error;
}

static void emit_allocation(struct kthread *k, uint32_t device, uint32_t count, uint8_t detail)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_ALLOCATION, .detail = detail, .device = device, .value = count,
		.thread = k->number, .cpu = k->cpu, .source = SOURCE_NONE });
}

/* The message and, behind a remap table, the entry of an interrupt that has just got its vector. */
static void program(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	if (m->remap) {
		m->remap->program(k, desc);
	}
	msi_write_message(k, desc, message_of(m, desc));
}

/* One vector at run time, with the device's registers written the way the driver core does. */
static int request_one(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	int error;

	k_irq_save(k);
	k_vector_lock(k);
	error = set_up(m, desc);
	k_vector_unlock(k);
	if (!error) {
		/* Masked until its message is whole; a device that cannot mask has its function disabled meanwhile. */
		m->desc[desc].flags |= device_of(m, desc)->maskable ? DESC_MASKED : 0;
		program(k, desc);
		irq_unmask(k, desc);
	}
	k_irq_restore(k);
	return error;
}

int irq_request_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	struct machine *m = k->machine;
	uint32_t base = m->device[device].first_source;
	uint32_t vector;
	int error = 0;

	emit_allocation(k, device, end - first, 0);
	for (vector = first; vector < end && !error; vector++) {
		if (!(m->desc[base + vector].flags & DESC_ALLOCATED)) {
			error = request_one(k, base + vector);
		}
	}
	if (error) {
		irq_free_vectors(k, device, first, vector - 1);
		emit_allocation(k, device, end - first, 2);
		return error;
	}
	if (!(m->device[device].control & CONTROL_ENABLE)) {
		irq_device_enable(k, device, true);
	}
	emit_allocation(k, device, end - first, 1);
	return 0;
}

void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	struct machine *m = k->machine;
	uint32_t base = m->device[device].first_source;
	static const struct msi_message zero;

	for (uint32_t vector = first; vector < end; vector++) {
		uint32_t desc = base + vector;

		if (!(m->desc[desc].flags & DESC_ALLOCATED)) {
			continue;
		}
		k_irq_save(k);
		irq_mask(k, desc);
		/* Deactivation writes an all-zero message: a device that still fires writes to address 0. */
		msi_write_message(k, desc, zero);
		k_vector_lock(k);
		tear_down(m, desc);
		k_vector_unlock(k);
		k_irq_restore(k);
	}
}

void irq_restart_managed(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	k_vector_lock(k);
	if (!m->root->activate(m, desc)) {
		m->desc[desc].flags &= (uint16_t)~DESC_SHUT_DOWN;
		m->desc[desc].flags |= DESC_STARTED;
	}
	k_vector_unlock(k);
	if (m->desc[desc].flags & DESC_STARTED) {
		program(k, desc);
		irq_unmask(k, desc);
	}
}

void irq_device_enable(struct kthread *k, uint32_t device, bool enable)
{
	struct machine *m = k->machine;

	if (m->config->devices[device].kind == DEVICE_MSIX && enable) {
		k_work(k, m->config->timings.msix_enable_ps);
	}
	if (enable) {
		k_cfg_write(k, device, 0, REG_INTX_DISABLE, 1);
		k_cfg_write(k, device, 0, REG_CONTROL, CONTROL_ENABLE);
	} else {
		k_cfg_write(k, device, 0, REG_CONTROL, 0);
		k_cfg_write(k, device, 0, REG_INTX_DISABLE, 0);
	}
}

static void synchronize(struct kthread *k, uint32_t desc)
{
	k->waiting_handler = desc + 1;
	while (k->machine->desc[desc].flags & DESC_IN_PROGRESS) {
		k->machine->env->block(k);
	}
	k->waiting_handler = 0;
}

void irq_disable(struct kthread *k, uint32_t desc)
{
	k_irq_save(k);
	k_desc_lock(k, desc);
	k->machine->desc[desc].flags |= DESC_DISABLED;
	k_desc_unlock(k, desc);
	k_irq_restore(k);
	synchronize(k, desc);
}

void irq_enable(struct kthread *k, uint32_t desc)
{
	struct irq_desc *d = &k->machine->desc[desc];

	k_irq_save(k);
	k_desc_lock(k, desc);
	d->flags &= (uint16_t)~DESC_DISABLED;
	if ((d->flags & DESC_PENDING) && (d->flags & DESC_STARTED)) {
		k_resend(k, desc);
	}
	k_desc_unlock(k, desc);
	k_irq_restore(k);
}
