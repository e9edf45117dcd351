// SPDX-License-Identifier: MIT
/*
 * Messages and handlers of interrupts that are set up: request_irq(), as far as the vector and the
 * device see it.
 */
#include "models/os/irq_alloc_internal.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/remap.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"

struct msi_message irq_message_of(const struct machine *m, uint32_t desc)
{
	if (m->remap) {
		return m->remap->message(m, desc);
	}
	return m->controller->compose(m, m->desc[desc].cpu, m->desc[desc].vector);
}

bool irq_message_sleeps(const struct machine *m, uint32_t desc)
{
	return machine_domain(m, desc)->indexless;
}

void irq_start_vector(struct machine *m, struct kthread *k, uint32_t desc)
{
	if (m->root->start) {
		m->root->start(m, k, desc);
	}
}

bool irq_has_message(const struct machine *m, uint32_t desc)
{
	return device_kind_of(m, desc) != DEVICE_MSI || m->source[desc].index == 0;
}

/* The entry behind a remap table, and the message, of an interrupt that has its vector. */
static void program(struct kthread *k, uint32_t desc)
{
	if (k->machine->remap) {
		k->machine->remap->program(k, desc);
	}
	if (irq_has_message(k->machine, desc)) {
		msi_write_message(k, desc, irq_message_of(k->machine, desc));
	}
}

static void program_one(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	bool atomic = !irq_message_sleeps(m, desc);

	if (atomic) {
		k_irq_save(k);
	}
	m->desc[desc].flags |=
		m->entry[desc].masked || (m->remap && m->remap->mask) ? DESC_MASKED : 0;
	if (!(m->desc[desc].flags & DESC_SHUT_DOWN)) {
		program(k, desc);
		irq_start_vector(m, k, desc);
		irq_unmask(k, desc);
	}
	m->desc[desc].set_up_by = 0;
	if (atomic) {
		k_irq_restore(k);
	}
}

/*
 * A vector that could not wait has its message before it has a handler, and stays masked where it
 * can.
 */
static void program_unrequested(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	if (m->desc[desc].cpu != CPU_NONE) {
		k_irq_save(k);
		m->desc[desc].flags |= m->entry[desc].masked ? DESC_MASKED : 0;
		program(k, desc);
		k_irq_restore(k);
	}
	m->desc[desc].set_up_by = 0;
}

void irq_program(struct kthread *k, const struct irq_request *request)
{
	uint32_t first = k->machine->device[request->device].first_source;

	for (uint32_t vector = request->low; vector < request->high; vector++) {
		if (!irq_is_new(k, first + vector)) {
			continue;
		}
		if (request->unrequested) {
			program_unrequested(k, first + vector);
		} else {
			program_one(k, first + vector);
		}
	}
}

/*
 * x86_vector_activate(): a vector that free_irq() could not give back is exchanged for another one where the affinity has
 * changed meanwhile, if there is one; without room it stays.
 */
static int take_vector(struct machine *m, uint32_t desc)
{
	const uint64_t *affinity = &m->affinity[(size_t)desc * m->cpu_words];
	struct irq_desc *d = &m->desc[desc];
	bool kept = d->cpu != CPU_NONE;

	if (kept && d->flags & DESC_DEACTIVATED &&
	    m->root->assign(m, desc, affinity, false) > 0 && d->flags & DESC_MOVE_IN_PROGRESS) {
		m->config->cleanup->moved(m, desc);
	}
	d->flags &= (uint16_t)~DESC_DEACTIVATED;
	return kept ? 0 : m->root->activate(m, desc);
}

/* 0: it has its vector, or as a managed interrupt whose CPUs are off line waits for them. */
static int activate(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	if (irq_lacks_cpu(m, desc)) {
		m->root->deactivate(m, desc);
		d->flags |= DESC_SHUT_DOWN;
		return 0;
	}
	if (take_vector(m, desc)) {
		return -ENOSPC;
	}
	d->flags |= DESC_STARTED;
	irq_setup_affinity(m, desc);
	return 0;
}

static int request_one(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	const struct irq_desc *d = &m->desc[desc];
	int error;

	k_irq_save(k);
	k_vector_lock(k);
	error = activate(m, desc);
	kapi_observe(k, (uint64_t)error);
	k_vector_unlock(k);
	k_irq_restore(k);
	if (error) {
		return error;
	}
	program_one(k, desc);
	m->source[desc].active = 1;
	/* irq_startup() sends again what came while there was no handler. */
	if (d->flags & DESC_PENDING) {
		irq_enable(k, desc);
	}
	return 0;
}

int irq_request_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	struct machine *m = k->machine;
	uint32_t asked = 0;
	uint32_t refused = 0;

	irq_lock_descs(k, device);
	irq_emit_allocation(m, k, device, end - first, 0);
	for (uint32_t vector = first; vector < end; vector++) {
		uint32_t desc = m->device[device].first_source + vector;

		if (m->desc[desc].flags & DESC_ALLOCATED &&
		    !(m->desc[desc].flags & (DESC_STARTED | DESC_SHUT_DOWN))) {
			asked++;
			refused += request_one(k, desc) != 0;
		}
	}
	irq_emit_allocation(m, k, device, refused ? refused : asked, refused ? 2 : 1);
	irq_unlock_descs(k, device);
	return refused ? -ENOSPC : 0;
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
		irq_start_vector(m, k, desc);
		irq_unmask(k, desc);
		if (m->desc[desc].flags & DESC_PENDING) {
			k_resend(k, desc);
		}
	}
}
