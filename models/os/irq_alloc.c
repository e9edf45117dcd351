// SPDX-License-Identifier: MIT
#include "models/os/irq_alloc.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/remap.h"
#include "models/machine.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/msi_domain.h"
#include "models/os/msi_message.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"
#include "msi_index.h"

static const struct device_config *device_of(const struct machine *m, uint32_t desc)
{
	return &m->config->devices[m->source[desc].device];
}

/*
 * The share of the CPUs that a managed vector is spread to: consecutive and even, as irq_create_affinity_masks() deals
 * them; with more vectors than CPUs, one CPU each in turn.
 */
static void managed_affinity(const struct machine *m, uint32_t desc, uint64_t *mask)
{
	uint32_t vectors = machine_domain(m, desc)->vectors;
	uint32_t index = m->source[desc].index;
	uint32_t cpus = m->config->cpus;
	uint32_t first = vectors <= cpus ? (uint32_t)((uint64_t)index * cpus / vectors) : index % cpus;
	uint32_t end = vectors <= cpus ? (uint32_t)((uint64_t)(index + 1) * cpus / vectors) : first + 1;

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

/* Descriptor and vector of one source, as pci_alloc_irq_vectors() and request_irq() leave them. */
static int set_up(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];
	const struct device_config *device = device_of(m, desc);
	int error;

	m->source[desc].desc = desc;
	d->flags = (uint16_t)(DESC_ALLOCATED | (d->flags & DESC_IN_PROGRESS));
	d->flags |= device->managed ? DESC_MANAGED : 0;
	d->flags |= machine_domain(m, desc)->maskable && !device->managed ? DESC_CAN_RESERVE : 0;
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
	d->flags &= DESC_IN_PROGRESS;
	m->source[desc].desc = DESC_NONE;
	return error;
}

static void tear_down(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];

	m->root->deactivate(m, desc);
	if (d->flags & DESC_MANAGED || m->root->global) {
		m->root->unreserve(m, desc);
	}
	causes_lose(m, &d->pending, LOSS_DROPPED, CPU_NONE, 0);
	d->flags &= DESC_IN_PROGRESS;
	m->source[desc].desc = DESC_NONE;
}

/* The irq numbers of core/msi_index are the numbers of the irq_descs. */
struct irq_source {
	struct machine *machine;
	struct msi_cookie cookie;
};

static int number_alloc(void *context, uint32_t index, uint32_t *irq)
{
	struct irq_source *from = context;

	*irq = msi_domain_source(from->machine, from->cookie, index);
	return set_up(from->machine, *irq);
}

static void number_release(void *context, uint32_t index, uint32_t irq)
{
	struct irq_source *from = context;

	(void)index;
	tear_down(from->machine, irq);
}

static struct msi_index_irqs numbers(struct irq_source *from)
{
	return (struct msi_index_irqs){ .alloc = number_alloc, .release = number_release, .context = from };
}

static int allocate_one(struct machine *m, uint32_t device, uint32_t vector, uint32_t group)
{
	struct irq_source from = { .machine = m };
	struct msi_index_irqs irqs = numbers(&from);
	uint32_t index;

	from.cookie = msi_domain_of(m, device, vector, &index);
	if (index >= MSI_INDEX_INDEXLESS_BASE) {
		return msi_index_alloc_indexless(msi_domain_index(m, from.cookie), &irqs, group, NULL);
	}
	return msi_index_alloc_at(msi_domain_index(m, from.cookie), &irqs, group, index, NULL);
}

static void release_one(struct machine *m, uint32_t device, uint32_t vector)
{
	struct irq_source from = { .machine = m };
	struct msi_index_irqs irqs = numbers(&from);
	uint32_t index;

	from.cookie = msi_domain_of(m, device, vector, &index);
	msi_index_free(msi_domain_index(m, from.cookie), &irqs, index);
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
	if (device_kind_of(m, desc) == DEVICE_MSI && m->source[desc].index > 0) {
		return;
	}
	device_write(m, device, vector, REG_ADDRESS_LO, message.address_lo);
	device_write(m, device, vector, REG_ADDRESS_HI, message.address_hi);
	device_write(m, device, vector, REG_DATA, message.data);
	m->entry[desc].latched_lo = message.address_lo;
	m->entry[desc].latched_hi = message.address_hi;
	m->entry[desc].latched_data = message.data;
}

/* Vectors [first, first + count) of one domain, as many as there are; how many, or -ENOSPC for less than needed. */
static int boot_domain(struct machine *m, uint32_t device, uint32_t first, uint32_t count, uint32_t needed)
{
	uint32_t got = 0;

	while (got < count && !allocate_one(m, device, first + got, MSI_INDEX_GROUP_DEFAULT)) {
		got++;
	}
	if (got >= needed) {
		return (int)got;
	}
	while (got-- > 0) {
		release_one(m, device, first + got);
	}
	return -ENOSPC;
}

/* The first domain, with all the ways down: fewer vectors, PCI MSI, INTx. */
static int boot_first_domain(struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];
	const struct domain_config *domain = &config->domain[0];
	static const enum device_kind ways_down[] = { DEVICE_MSI, DEVICE_WIRED };
	int got = boot_domain(m, device, 0, domain->allocated, domain->needed ? domain->needed : domain->allocated);

	for (uint32_t i = 0; got < 0 && config->falls_back && i < 2; i++) {
		m->device[device].mode = (uint8_t)ways_down[i];
		got = boot_domain(m, device, 0, 1, 1);
	}
	if (got > 0 && (uint32_t)got < domain->allocated) {
		m->device[device].granted = (uint32_t)got;
	}
	return got;
}

/* Entries that nobody uses stay masked, as enabling MSI-X leaves them. */
static void mask_unused(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;

	for (uint32_t vector = 0; vector < m->config->devices[device].vectors; vector++) {
		if (!(m->desc[first + vector].flags & DESC_ALLOCATED)) {
			device_write(m, device, vector, REG_MASK, 1);
		}
	}
}

/* A root domain that enables vectors one by one does so once their messages are whole. */
static void start(struct machine *m, struct kthread *k, uint32_t desc)
{
	if (m->root->start) {
		m->root->start(m, k, desc);
	}
}

int irq_boot_device(struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];
	uint32_t first_source = m->device[device].first_source;
	uint32_t first = 0;

	if (m->remap && m->remap->allocate(m, device)) {
		return -ENOSPC;
	}
	for (uint32_t domain = 0; domain < config->domains; domain++) {
		uint32_t allocated = config->domain[domain].allocated;
		int got = domain == 0 ? boot_first_domain(m, device) : boot_domain(m, device, first, allocated, allocated);

		if (got < 0) {
			return got;
		}
		if (got > 0) {
			msi_index_enable(msi_domain_index(m, (struct msi_cookie){ device, domain }));
		}
		first += config->domain[domain].vectors;
	}
	for (uint32_t vector = 0; vector < config->vectors; vector++) {
		if (m->desc[first_source + vector].flags & DESC_ALLOCATED) {
			boot_vector(m, device, vector);
			start(m, NULL, first_source + vector);
		}
	}
	mask_unused(m, device);
	if (config->domain[0].allocated && m->device[device].mode != DEVICE_WIRED) {
		device_write(m, device, 0, REG_INTX_DISABLE, 1);
		device_write(m, device, 0, REG_CONTROL, CONTROL_ENABLE);
	}
	return 0;
}

static void emit_allocation(struct kthread *k, uint32_t device, uint32_t count, uint8_t detail)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_ALLOCATION, .detail = detail, .device = device, .value = count,
		.thread = k->number, .cpu = k->cpu, .source = SOURCE_NONE });
}

int irq_grow(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	int error;

	emit_allocation(k, device, end - first, 0);
	error = k->machine->config->allocation->grow(k, device, first, end);
	emit_allocation(k, device, end - first, error ? 2 : 1);
	return error;
}

int irq_group_begin(struct kthread *k, uint32_t device)
{
	uint32_t group;
	int error = msi_index_group_begin(msi_domain_index(k->machine, (struct msi_cookie){ device, 0 }), &group);

	return error ? error : (int)group;
}

int irq_setup(struct kthread *k, uint32_t device, uint32_t first, uint32_t end, uint32_t group)
{
	struct machine *m = k->machine;
	uint32_t vector = first;
	int error = 0;

	k_irq_save(k);
	k_vector_lock(k);
	while (vector < end && !error) {
		error = allocate_one(m, device, vector, group);
		vector += !error;
	}
	while (error && vector-- > first) {
		release_one(m, device, vector);
	}
	kapi_observe(k, (uint64_t)error);
	k_vector_unlock(k);
	k_irq_restore(k);
	return error;
}

/* The entry behind a remap table, and the message, of an interrupt that has its vector. */
static void program(struct kthread *k, uint32_t desc)
{
	if (k->machine->remap) {
		k->machine->remap->program(k, desc);
	}
	msi_write_message(k, desc, message_of(k->machine, desc));
}

void irq_program(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	struct machine *m = k->machine;

	for (uint32_t vector = first; vector < end; vector++) {
		uint32_t desc = m->device[device].first_source + vector;

		k_irq_save(k);
		m->desc[desc].flags |= m->entry[desc].masked || (m->remap && m->remap->mask) ? DESC_MASKED : 0;
		program(k, desc);
		start(m, k, desc);
		irq_unmask(k, desc);
		k_irq_restore(k);
	}
}

/* free_irq() returns when the handler does not run anywhere. */
static void synchronize(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	k->waiting_handler = desc + 1;
	while (m->desc[desc].flags & DESC_IN_PROGRESS) {
		m->env->block(k);
	}
	k->waiting_handler = 0;
}

static void free_one(struct kthread *k, uint32_t device, uint32_t vector)
{
	struct machine *m = k->machine;
	uint32_t desc = m->device[device].first_source + vector;
	static const struct msi_message zero;

	k_irq_save(k);
	k_desc_lock(k, desc);
	m->desc[desc].flags &= (uint16_t)~(DESC_STARTED | DESC_MOVE_PENDING);
	irq_mask(k, desc);
	k_desc_unlock(k, desc);
	k_irq_restore(k);
	synchronize(k, desc);
	k_irq_save(k);
	/* Deactivation writes an all-zero message: a device that still fires writes to address 0. */
	if (device_kind_of(m, desc) != DEVICE_MSI || m->source[desc].index == 0) {
		msi_write_message(k, desc, zero);
	}
	if (m->remap && m->remap->release) {
		m->remap->release(k, desc);
	}
	k_vector_lock(k);
	release_one(m, device, vector);
	k_vector_unlock(k);
	k_irq_restore(k);
}

void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	const struct machine *m = k->machine;

	for (uint32_t vector = first; vector < end; vector++) {
		if (m->desc[m->device[device].first_source + vector].flags & DESC_ALLOCATED) {
			free_one(k, device, vector);
		}
	}
}

int irq_free_group(struct kthread *k, uint32_t device, uint32_t group)
{
	const struct machine *m = k->machine;
	struct msi_cookie cookie = { device, 0 };
	struct msi_index *index = msi_domain_index(m, cookie);
	struct msi_index_entry entry = { 0 };

	if (msi_index_group_count(index, group) < 0) {
		return -ENOENT;
	}
	while (!msi_index_group_next(index, group, 0, &entry)) {
		free_one(k, device, m->source[entry.irq].vector);
	}
	return 0;
}

bool irq_device_enabled(const struct machine *m, uint32_t device)
{
	return m->device[device].control & CONTROL_ENABLE;
}

void irq_device_enable(struct kthread *k, uint32_t device, bool enable)
{
	struct machine *m = k->machine;
	struct msi_index *index = msi_domain_index(m, (struct msi_cookie){ device, 0 });

	if (enable) {
		msi_index_enable(index);
		k_cfg_write(k, device, 0, REG_INTX_DISABLE, 1);
		k_cfg_write(k, device, 0, REG_CONTROL, CONTROL_ENABLE);
	} else {
		msi_index_disable(index);
		k_cfg_write(k, device, 0, REG_CONTROL, 0);
		k_cfg_write(k, device, 0, REG_INTX_DISABLE, 0);
	}
}

uint32_t irq_allocated_end(const struct machine *m, uint32_t device)
{
	uint32_t end = m->config->devices[device].domain[0].vectors;

	while (end > 0 && !(m->desc[m->device[device].first_source + end - 1].flags & DESC_ALLOCATED)) {
		end--;
	}
	return end;
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
		start(m, k, desc);
		irq_unmask(k, desc);
	}
}
