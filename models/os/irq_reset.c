// SPDX-License-Identifier: MIT
/* A device whose guest reboots, or that is pulled and put back: its driver begins anew. */
#include "models/os/irq_alloc_internal.h"

#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/strategies/operations.h"

/* The host does not learn that the vectors of a guest that is gone can be given back. */
static void forget_vectors(struct kthread *k, uint32_t device, uint32_t end)
{
	struct machine *m = k->machine;

	for (uint32_t vector = 0; vector < end; vector++) {
		uint32_t desc = m->device[device].first_source + vector;

		if (!(m->desc[desc].flags & DESC_ALLOCATED)) {
			continue;
		}
		k_irq_save(k);
		k_desc_lock(k, desc);
		m->desc[desc].flags &= (uint16_t)~(DESC_STARTED | DESC_MOVE_PENDING);
		k_desc_unlock(k, desc);
		k_irq_restore(k);
		irq_synchronize(k, desc);
		k_irq_save(k);
		k_vector_lock(k);
		irq_index_release(m, device, vector, true);
		k_vector_unlock(k);
		k_irq_restore(k);
	}
}

/* As many vectors of a domain as the driver had. */
static int allocate_again(struct kthread *k, uint32_t device, uint32_t domain, uint32_t count)
{
	struct irq_request request = {
		.device = device, .domain = domain, .end = count, .want = count, .at_least = count
	};

	return count ? irq_allocate_locked(k, &request) : 0;
}

static uint32_t allocated_in(const struct machine *m, struct msi_cookie cookie)
{
	const struct msi_index *index = msi_domain_index(m, cookie);

	return msi_index_allocated(index) + msi_index_allocated_indexless(index);
}

static void host_takes_back(struct kthread *k, uint32_t device)
{
	uint32_t vectors = k->machine->config->devices[device].vectors;

	if (k->machine->config->allocation->forgets_on_reboot) {
		forget_vectors(k, device, vectors);
	} else {
		irq_release_vectors(k, device, 0, vectors);
	}
}

int irq_guest_reboot(struct kthread *k, uint32_t device)
{
	struct machine *m = k->machine;
	const struct device_config *config = &m->config->devices[device];
	uint32_t had[DEVICE_DOMAINS_MAX];
	int error = 0;

	irq_lock_descs(k, device);
	for (uint32_t vector = 0; vector < config->vectors; vector++) {
		m->source[m->device[device].first_source + vector].active = 0;
	}
	for (uint32_t domain = 0; domain < config->domains; domain++) {
		had[domain] = allocated_in(m, (struct msi_cookie){ device, domain });
	}
	k_work(k, m->config->timings.trap_ps);
	k_device_reset(k, device);
	msi_domain_disable(m, (struct msi_cookie){ device, 0 });
	host_takes_back(k, device);
	for (uint32_t domain = 0; domain < config->domains && !error; domain++) {
		error = allocate_again(k, device, domain, had[domain]);
	}
	irq_unlock_descs(k, device);
	return error;
}

void irq_unplug(struct kthread *k, uint32_t device)
{
	const struct device_config *config = &k->machine->config->devices[device];

	/* The button's blinking and the slot's power: nothing of it takes CPU time. */
	k_sleep(k, k->machine->config->timings.hot_unplug_ps);
	irq_lock_descs(k, device);
	irq_free_locked(k, device, 0, config->vectors);
	if (msi_domain_is_pci(k->machine->device[device].mode) &&
	    irq_device_enabled(k->machine, device)) {
		irq_device_enable(k, device, false);
	}
	k_device_reset(k, device);
	irq_unlock_descs(k, device);
}

int irq_plug(struct kthread *k, uint32_t device)
{
	const struct device_config *config = &k->machine->config->devices[device];
	int error = 0;

	irq_lock_descs(k, device);
	for (uint32_t domain = 0; domain < config->domains && !error; domain++) {
		uint32_t count = config->domain[domain].allocated;
		struct irq_request request = { .device = device,
					       .domain = domain,
					       .end = count,
					       .want = count,
					       .at_least = config->domain[domain].needed ?
								   config->domain[domain].needed :
								   count };

		error = count ? irq_allocate_locked(k, &request) : 0;
	}
	irq_unlock_descs(k, device);
	return error;
}
