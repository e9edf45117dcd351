// SPDX-License-Identifier: MIT
#include "models/os/irq_manage.h"

#include <errno.h>

#include "models/hw/device.h"
#include "models/hw/remap.h"
#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/node_mask.h"
#include "models/strategies/operations.h"

static void emit_move(struct kthread *k, uint32_t desc, enum move_outcome outcome)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_MOVE, .detail = (uint8_t)outcome, .source = desc, .thread = k->number,
		.cpu = k->machine->desc[desc].cpu, .device = k->machine->source[desc].device });
}

bool irq_mask_reaches_online(const struct machine *m, const uint64_t *mask)
{
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		if (mask[word] & m->online[word]) {
			return true;
		}
	}
	return false;
}

/* masks: affinity or pending_affinity of the machine. */
static void store_mask(const struct machine *m, uint64_t *masks, uint32_t desc, const uint64_t *mask)
{
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		masks[(size_t)desc * m->cpu_words + word] = mask[word];
	}
}

void irq_setup_affinity(struct machine *m, uint32_t desc)
{
	const struct irq_desc *d = &m->desc[desc];
	const uint64_t *affinity = &m->affinity[(size_t)desc * m->cpu_words];
	uint32_t socket = m->config->devices[m->source[desc].device].socket;
	uint64_t online[MACHINE_CPU_WORDS_MAX];
	uint64_t near[MACHINE_CPU_WORDS_MAX];
	const uint64_t *mask;

	if (d->flags & DESC_MANAGED) {
		return;
	}
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		online[word] = affinity[word] & m->online[word];
	}
	mask = node_mask(m, socket, online, near) ? near : online;
	if (mask[d->cpu / 64] >> (d->cpu % 64) & 1) {
		store_mask(m, m->affinity, desc, mask);
	}
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
	store_mask(m, m->affinity, desc, mask);
	emit_move(k, desc, moved ? MOVE_DONE : MOVE_NOTHING);
	return 0;
}

/* Takes the lock with interrupts off: where the strategy asks for it on the interrupt's CPU, which may change meanwhile. */
static void lock_in_place(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	const struct irq_desc *d = &m->desc[desc];
	bool follow = m->config->move->context == MOVE_ON_OLD_CPU;

	for (;;) {
		if (follow && d->cpu != CPU_NONE && cpu_is_online(m, d->cpu)) {
			k_migrate(k, d->cpu);
		}
		k_irq_save(k);
		k_desc_lock(k, desc);
		if (!follow || d->cpu == CPU_NONE || !cpu_is_online(m, d->cpu) || d->cpu == k->cpu) {
			return;
		}
		k_desc_unlock(k, desc);
		k_irq_restore(k);
	}
}

/*
 * Of an interrupt that waits for its request only the mask changes: that is where it will start. After free_irq() that is so
 * with a vector, too; between its allocation and its first request what has a vector is active, and moves like any other.
 */
static bool waits_for_request(const struct irq_desc *d)
{
	if (d->flags & (DESC_STARTED | DESC_MANAGED)) {
		return false;
	}
	return d->flags & DESC_DEACTIVATED || (d->flags & DESC_CAN_RESERVE && d->cpu == CPU_NONE);
}

static void leave_to_acknowledge(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct machine *m = k->machine;

	store_mask(m, m->pending_affinity, desc, mask);
	m->desc[desc].flags |= DESC_MOVE_PENDING;
	emit_move(k, desc, MOVE_DEFERRED_TO_ACK);
}

/* irq_set_affinity_locked() for a mask that can be reached. */
static int move_or_defer(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	const struct move_operations *move = k->machine->config->move;
	const struct irq_desc *d = &k->machine->desc[desc];
	int error = -EBUSY;

	/* A move that is pending is not overtaken: its mask is replaced. */
	if (!(d->flags & DESC_MOVE_PENDING) && move->context != MOVE_IN_ACKNOWLEDGE) {
		error = irq_do_set_affinity(k, desc, mask);
		if (error != -EBUSY) {
			return error;
		}
	}
	if (move->refuses_busy) {
		emit_move(k, desc, MOVE_BUSY);
		return error;
	}
	leave_to_acknowledge(k, desc, mask);
	return 0;
}

int irq_set_affinity(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	int error = 0;

	k_work(k, m->config->timings.set_affinity_ps);
	lock_in_place(k, desc);
	if (waits_for_request(d) && irq_mask_reaches_online(m, mask)) {
		store_mask(m, m->affinity, desc, mask);
		k_desc_unlock(k, desc);
		k_irq_restore(k);
		return 0;
	}
	emit_move(k, desc, MOVE_ASKED);
	if (d->flags & DESC_MANAGED) {
		/* The kernel keeps managed interrupts where it has spread them. */
		error = -EIO;
	} else if (!irq_mask_reaches_online(m, mask) || !(d->flags & DESC_ALLOCATED)) {
		error = -EINVAL;
	} else {
		error = move_or_defer(k, desc, mask);
	}
	k_desc_unlock(k, desc);
	k_irq_restore(k);
	return error;
}

static bool parent_masks(const struct machine *m)
{
	return m->remap && m->remap->mask;
}

static bool can_mask(const struct machine *m, uint32_t desc)
{
	return machine_domain(m, desc)->maskable || parent_masks(m);
}

static void write_mask(struct kthread *k, uint32_t desc, uint32_t masked)
{
	struct machine *m = k->machine;
	const struct source *source = &m->source[desc];

	if (!machine_domain(m, desc)->maskable) {
		return;
	}
	if (device_kind_of(m, desc) == DEVICE_MSI) {
		k_cfg_write(k, source->device, source->vector, REG_MASK, masked);
		return;
	}
	k_mmio_write(k, source->device, source->vector, REG_MASK, masked);
	if (masked) {
		k_mmio_read(k, source->device, source->vector, REG_MASK);
	}
}

void irq_mask(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	if (!can_mask(m, desc) || m->desc[desc].flags & DESC_MASKED) {
		return;
	}
	m->desc[desc].flags |= DESC_MASKED;
	write_mask(k, desc, 1);
	if (parent_masks(m)) {
		m->remap->mask(k, desc, true);
	}
}

void irq_unmask(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	if (!can_mask(m, desc) || !(m->desc[desc].flags & DESC_MASKED)) {
		return;
	}
	m->desc[desc].flags &= (uint16_t)~DESC_MASKED;
	write_mask(k, desc, 0);
	if (parent_masks(m)) {
		m->remap->mask(k, desc, false);
	}
}

void irq_synchronize(struct kthread *k, uint32_t desc)
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
	irq_synchronize(k, desc);
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
