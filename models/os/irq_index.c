// SPDX-License-Identifier: MIT
/*
 * Index, descriptor and vector of one interrupt: the irq numbers that core/msi_index asks for and
 * gives back.
 */
#include "models/os/irq_alloc_internal.h"

#include <errno.h>

#include "models/os/irq_manage.h"
#include "models/os/irq_spread.h"
#include "models/os/root_domain.h"
#include "models/os/timer.h"

static const struct device_config *device_of(const struct machine *m, uint32_t desc)
{
	return &m->config->devices[m->source[desc].device];
}

/*
 * The vectors of a managed device that its CPUs are dealt to; those that come later, and other
 * domains, are not managed. A device that names its CPUs has one vector, which has them all.
 */
static bool is_managed(const struct machine *m, uint32_t desc)
{
	const struct source *source = &m->source[desc];
	const struct device_config *device = device_of(m, desc);

	return device->managed && source->domain == 0 &&
	       (device->affinity || source->index < m->device[source->device].spread);
}

static void initial_affinity(struct machine *m, uint32_t desc)
{
	const uint64_t *affinity = device_of(m, desc)->affinity;
	const struct source *source = &m->source[desc];
	uint64_t *mask = &m->affinity[(size_t)desc * m->cpu_words];

	for (uint32_t word = 0; word < m->cpu_words; word++) {
		mask[word] = 0;
	}
	if (is_managed(m, desc) && !affinity) {
		irq_spread(m->config->cpus, m->config->sockets, m->device[source->device].spread,
			   source->index, mask);
		return;
	}
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		uint64_t bit = UINT64_C(1) << (cpu % 64);

		if (!affinity || affinity[cpu / 64] & bit) {
			mask[cpu / 64] |= bit;
		}
	}
}

/* PCI MSI and MSI-X that can be masked: without a vector they can wait until they are requested. */
static bool can_reserve(const struct machine *m, uint32_t desc)
{
	enum device_kind kind = device_kind_of(m, desc);

	return machine_domain(m, desc)->maskable && (kind == DEVICE_MSI || kind == DEVICE_MSIX);
}

bool irq_lacks_cpu(const struct machine *m, uint32_t desc)
{
	return m->desc[desc].flags & DESC_MANAGED &&
	       !irq_mask_reaches_online(m, &m->affinity[(size_t)desc * m->cpu_words]);
}

/*
 * Descriptor of one source, as pci_alloc_irq_vectors() leaves it, and its vector where it cannot
 * wait for the request.
 */
static int set_up(struct machine *m, uint32_t desc, bool request)
{
	struct irq_desc *d = &m->desc[desc];
	bool managed = is_managed(m, desc);
	int error;

	m->source[desc].desc = desc;
	d->flags = (uint16_t)(DESC_ALLOCATED | (d->flags & DESC_IN_PROGRESS));
	d->flags |= managed ? DESC_MANAGED : 0;
	d->flags |= can_reserve(m, desc) && !managed ? DESC_CAN_RESERVE : 0;
	initial_affinity(m, desc);
	error = m->root->reserve(m, desc);
	if (error) {
		goto free_desc;
	}
	if (irq_lacks_cpu(m, desc)) {
		d->flags |= request ? DESC_SHUT_DOWN : 0;
		return 0;
	}
	if (!request && can_reserve(m, desc)) {
		return 0;
	}
	error = m->root->activate(m, desc);
	if (error) {
		goto unreserve;
	}
	if (request) {
		d->flags |= DESC_STARTED;
		irq_setup_affinity(m, desc);
	}
	return 0;
unreserve:
	m->root->unreserve(m, desc);
free_desc:
	d->flags &= DESC_IN_PROGRESS;
	m->source[desc].desc = DESC_NONE;
	return error;
}

static void tear_down(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	m->root->deactivate(m, desc);
	if (d->flags & (DESC_MANAGED | DESC_RESERVED) || m->root->global) {
		m->root->unreserve(m, desc);
	}
	causes_lose(m, &d->pending, LOSS_DROPPED, CPU_NONE, 0);
	d->flags &= DESC_IN_PROGRESS;
	d->set_up_by = 0;
	m->source[desc].desc = DESC_NONE;
}

static int number_alloc(void *context, uint32_t index, uint32_t *irq)
{
	struct irq_source *from = context;
	int error;

	*irq = msi_domain_source(from->machine, from->cookie, index);
	error = set_up(from->machine, *irq, from->request);
	if (!error) {
		from->machine->desc[*irq].set_up_by = from->by;
	}
	return error;
}

/* The vectors stay allocated, and nobody knows any more that they were this interrupt's. */
static void forget(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	timer_cancel(m, desc);
	if (d->vector && *machine_vector_irq(m, d->cpu, d->vector) == desc) {
		*machine_vector_irq(m, d->cpu, d->vector) = VECTOR_UNUSED;
	}
	d->vector = 0;
	d->previous_vector = 0;
	d->cpu = CPU_NONE;
	causes_lose(m, &d->pending, LOSS_DROPPED, CPU_NONE, 0);
	d->flags &= DESC_IN_PROGRESS;
	m->source[desc].desc = DESC_NONE;
}

static void number_release(void *context, uint32_t index, uint32_t irq)
{
	struct irq_source *from = context;

	(void)index;
	if (from->forgets) {
		forget(from->machine, irq);
	} else {
		tear_down(from->machine, irq);
	}
}

static struct msi_index_irqs numbers(struct irq_source *from)
{
	return (struct msi_index_irqs){
		.alloc = number_alloc, .release = number_release, .context = from
	};
}

/*
 * The vectors of PCI MSI have to follow each other. Those that x86 gives do not, so without a remap
 * unit, whose entries do, there is one (Linux: MSI_FLAG_MULTI_PCI_MSI).
 */
static bool is_refused(const struct irq_source *from, uint32_t index)
{
	const struct machine *m = from->machine;

	return m->config->arch == ARCH_X86 && m->config->remap == REMAP_NONE && index > 0 &&
	       device_kind_of(m, msi_domain_source(m, from->cookie, index)) == DEVICE_MSI;
}

int irq_index_allocate(struct irq_source *from, uint32_t index, uint32_t group, uint32_t *desc)
{
	struct msi_index_irqs irqs = numbers(from);
	struct msi_index *domain = msi_domain_index(from->machine, from->cookie);
	const struct device_config *config = &from->machine->config->devices[from->cookie.device];
	struct msi_index_entry entry = { 0 };
	int error;

	if (is_refused(from, index)) {
		return -ENOSPC;
	}
	if (config->domain[from->cookie.domain].indexless) {
		error = msi_index_alloc_indexless(domain, &irqs, group, &entry);
	} else {
		error = msi_index_alloc_at(domain, &irqs, group, index, &entry);
	}
	*desc = entry.irq;
	return error;
}

void irq_index_release(struct machine *m, uint32_t device, uint32_t vector, bool forgets)
{
	struct irq_source from = { .machine = m, .forgets = forgets };
	struct msi_index_irqs irqs = numbers(&from);
	uint32_t index;

	from.cookie = msi_domain_of(m, device, vector, &index);
	msi_index_free(msi_domain_index(m, from.cookie), &irqs, index);
}

int irq_group_begin(struct kthread *k, uint32_t device, uint32_t domain)
{
	uint32_t group;
	int error = msi_index_group_begin(
		msi_domain_index(k->machine, (struct msi_cookie){ device, domain }), &group);

	return error ? error : (int)group;
}

void irq_group_end(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group)
{
	struct irq_source from = { .machine = k->machine, .cookie = { device, domain } };
	struct msi_index_irqs irqs = numbers(&from);

	msi_index_free_group(msi_domain_index(k->machine, from.cookie), &irqs, group);
}
