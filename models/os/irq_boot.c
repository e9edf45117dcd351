// SPDX-License-Identifier: MIT
/* What a device has before the run begins. */
#include "models/os/irq_alloc_internal.h"

#include <errno.h>

#include "models/hw/remap.h"

static void boot_vector(struct machine *m, uint32_t device, uint32_t vector)
{
	uint32_t desc = m->device[device].first_source + vector;
	struct msi_message message = irq_message_of(m, desc);

	if (m->remap) {
		m->remap->boot(m, desc);
	}
	if (!irq_has_message(m, desc)) {
		return;
	}
	device_write(m, device, vector, REG_ADDRESS_LO, message.address_lo);
	device_write(m, device, vector, REG_ADDRESS_HI, message.address_hi);
	device_write(m, device, vector, REG_DATA, message.data);
	m->entry[desc].latched_lo = message.address_lo;
	m->entry[desc].latched_hi = message.address_hi;
	m->entry[desc].latched_data = message.data;
}

/* Before the run only what fails is told: what a device has from the start nobody asks for. */
static void refused_at_boot(struct machine *m, uint32_t device, uint32_t count)
{
	irq_emit_allocation(m, NULL, device, count, 0);
	irq_emit_allocation(m, NULL, device, count, 2);
}

/*
 * The first count vectors of a domain, as many as there are; how many, or -ENOSPC for less than
 * needed.
 */
static int boot_vectors(struct machine *m, uint32_t device, uint32_t domain, uint32_t count,
			uint32_t needed)
{
	const struct domain_config *config = &m->config->devices[device].domain[domain];
	struct irq_source from = { .machine = m, .cookie = { device, domain } };
	uint32_t first = msi_domain_source(m, from.cookie, 0) - m->device[device].first_source;
	uint32_t got = 0;
	uint32_t keep;
	uint32_t desc;

	for (bool more = true; more && got < count; got += more) {
		from.request = got < config->allocated - config->reserved;
		more = !irq_index_allocate(&from, got, MSI_INDEX_GROUP_DEFAULT, &desc);
	}
	keep = got < needed ? 0 : got;
	/* The one message of PCI MSI selects among a power of two. */
	while (config->kind == DEVICE_MSI && keep & (keep - 1)) {
		keep--;
	}
	while (got > keep) {
		irq_index_release(m, device, first + --got, false);
	}
	return keep >= needed ? (int)keep : -ENOSPC;
}

/*
 * A managed device's CPUs are dealt to as many vectors as it gets, never to more than there are
 * CPUs.
 */
static int boot_spread(struct machine *m, uint32_t device, uint32_t count, uint32_t needed)
{
	struct device *d = &m->device[device];
	int got;

	if (!m->config->devices[device].managed) {
		return boot_vectors(m, device, 0, count, needed);
	}
	d->spread = count < m->config->cpus ? count : m->config->cpus;
	for (;;) {
		/* A driver that needs more than there are CPUs is refused. */
		got = needed <= d->spread ? boot_vectors(m, device, 0, d->spread, needed) : -ENOSPC;
		if (got <= 0 || (uint32_t)got == d->spread) {
			return got;
		}
		/* Fewer are dealt anew. */
		for (uint32_t vector = 0; vector < (uint32_t)got; vector++) {
			irq_index_release(m, device, vector, false);
		}
		d->spread = (uint32_t)got;
	}
}

/*
 * The first domain, with all the ways down: fewer vectors, then, where one will do, PCI MSI and
 * INTx.
 */
static int boot_first_domain(struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];
	const struct domain_config *domain = &config->domain[0];
	static const enum device_kind ways_down[] = { DEVICE_MSI, DEVICE_WIRED };
	uint32_t needed = domain->needed ? domain->needed : domain->allocated;
	int got = boot_spread(m, device, domain->allocated, needed);

	for (uint32_t i = 0; got < 0 && config->falls_back && needed == 1 && i < 2; i++) {
		refused_at_boot(m, device, domain->allocated);
		m->device[device].mode = (uint8_t)ways_down[i];
		got = boot_spread(m, device, 1, 1);
	}
	if (got < 0) {
		refused_at_boot(m, device, domain->allocated);
	} else if ((uint32_t)got < domain->allocated) {
		m->device[device].granted = (uint32_t)got;
	}
	return got;
}

/* Entries that nobody uses stay masked, as enabling MSI-X leaves them. */
static void mask_unused(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;

	for (uint32_t vector = 0; vector < m->config->devices[device].vectors; vector++) {
		if (!(m->desc[first + vector].flags & DESC_STARTED)) {
			device_write(m, device, vector, REG_MASK, 1);
		}
	}
}

/* A driver that lacks one thing gives back all. */
static void boot_undo(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;

	for (uint32_t vector = m->config->devices[device].vectors; vector-- > 0;) {
		if (m->desc[first + vector].flags & DESC_ALLOCATED) {
			irq_index_release(m, device, vector, false);
		}
	}
	for (uint32_t domain = 0; domain < m->config->devices[device].domains; domain++) {
		struct msi_index *index =
			msi_domain_index(m, (struct msi_cookie){ device, domain });

		if (msi_index_enabled(index)) {
			msi_index_disable(index);
		}
	}
	m->device[device].granted = 0;
	mask_unused(m, device);
}

/* The driver starts its queues: those that it has interrupts for, and those that share one. */
static void boot_sources(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;
	bool shares = m->device[device].granted;

	for (uint32_t vector = 0; vector < m->config->devices[device].vectors; vector++) {
		struct source *source = &m->source[first + vector];
		const struct domain_config *domain = machine_domain(m, first + vector);
		bool wanted = source->index < domain->allocated - domain->reserved;

		if (m->desc[first + vector].flags & DESC_ALLOCATED &&
		    m->desc[first + vector].cpu != CPU_NONE) {
			boot_vector(m, device, vector);
			irq_start_vector(m, NULL, first + vector);
		}
		source->active = (m->desc[first + vector].flags & DESC_STARTED) ||
				 (shares && source->domain == 0 && wanted);
	}
}

int irq_boot_device(struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];

	if (m->remap && m->remap->allocate && m->remap->allocate(m, device)) {
		refused_at_boot(m, device, config->vectors);
		return -ENOSPC;
	}
	for (uint32_t domain = 0; domain < config->domains; domain++) {
		uint32_t allocated = config->domain[domain].allocated;
		int got = domain == 0 ? boot_first_domain(m, device) :
					boot_vectors(m, device, domain, allocated, allocated);

		if (got < 0) {
			if (domain > 0) {
				refused_at_boot(m, device, allocated);
			}
			boot_undo(m, device);
			return got;
		}
		if (got > 0) {
			msi_index_enable(
				msi_domain_index(m, (struct msi_cookie){ device, domain }));
		}
	}
	boot_sources(m, device);
	mask_unused(m, device);
	if (config->domain[0].allocated && msi_domain_is_pci(m->device[device].mode)) {
		device_write(m, device, 0, REG_INTX_DISABLE, 1);
		device_write(m, device, 0, REG_CONTROL, CONTROL_ENABLE);
	}
	return 0;
}
