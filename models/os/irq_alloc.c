// SPDX-License-Identifier: MIT
#include "models/os/irq_alloc.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/remap.h"
#include "models/machine.h"
#include "models/os/irq_manage.h"
#include "models/os/irq_spread.h"
#include "models/os/kapi.h"
#include "models/os/msi_domain.h"
#include "models/os/msi_message.h"
#include "models/os/root_domain.h"
#include "models/os/timer.h"
#include "models/strategies/operations.h"
#include "msi_index.h"

static const struct device_config *device_of(const struct machine *m, uint32_t desc)
{
	return &m->config->devices[m->source[desc].device];
}

/*
 * The vectors of a managed device that its CPUs are dealt to; those that come later, and other domains, are not managed. A
 * device that names its CPUs has one vector, which has them all.
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
		irq_spread(m->config->cpus, m->config->sockets, m->device[source->device].spread, source->index, mask);
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

/* Descriptor of one source, as pci_alloc_irq_vectors() leaves it, and its vector where it cannot wait for the request. */
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
	if (!request && (managed || d->flags & DESC_CAN_RESERVE)) {
		return 0;
	}
	error = m->root->activate(m, desc);
	if (error) {
		goto unreserve;
	}
	d->flags |= request ? DESC_STARTED : 0;
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

/* The irq numbers of core/msi_index are the numbers of the irq_descs. */
struct irq_source {
	struct machine *machine;
	struct msi_cookie cookie;
	uint16_t by;          /* thread + 1; 0: before the run */
	bool request;
	bool forgets;         /* release leaves the vectors of the descriptor behind */
};

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
	return (struct msi_index_irqs){ .alloc = number_alloc, .release = number_release, .context = from };
}

/* One hardware index of a domain; index-less stores have none, and are taken in their order. */
static int allocate_at(struct irq_source *from, uint32_t index, uint32_t group, uint32_t *desc)
{
	struct msi_index_irqs irqs = numbers(from);
	struct msi_index *domain = msi_domain_index(from->machine, from->cookie);
	struct msi_index_entry entry = { 0 };
	int error;

	if (from->machine->config->devices[from->cookie.device].domain[from->cookie.domain].indexless) {
		error = msi_index_alloc_indexless(domain, &irqs, group, &entry);
	} else {
		error = msi_index_alloc_at(domain, &irqs, group, index, &entry);
	}
	*desc = entry.irq;
	return error;
}

static void release_one(struct machine *m, uint32_t device, uint32_t vector, bool forgets)
{
	struct irq_source from = { .machine = m, .forgets = forgets };
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

static void emit_allocation(struct machine *m, const struct kthread *k, uint32_t device, uint32_t count, uint8_t detail)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_ALLOCATION, .detail = detail, .device = device, .value = count,
		.thread = k ? k->number : THREAD_NONE, .cpu = k ? k->cpu : CPU_NONE, .source = SOURCE_NONE });
}

/* Before the run only what fails is told: what a device has from the start nobody asks for. */
static void refused_at_boot(struct machine *m, uint32_t device, uint32_t count)
{
	emit_allocation(m, NULL, device, count, 0);
	emit_allocation(m, NULL, device, count, 2);
}

/* The first count vectors of a domain, as many as there are; how many, or -ENOSPC for less than needed. */
static int boot_vectors(struct machine *m, uint32_t device, uint32_t domain, uint32_t count, uint32_t needed)
{
	const struct domain_config *config = &m->config->devices[device].domain[domain];
	struct irq_source from = { .machine = m, .cookie = { device, domain } };
	uint32_t first = msi_domain_source(m, from.cookie, 0) - m->device[device].first_source;
	uint32_t got = 0;
	uint32_t keep;
	uint32_t desc;

	for (bool more = true; more && got < count; got += more) {
		from.request = got < config->allocated - config->reserved;
		more = !allocate_at(&from, got, MSI_INDEX_GROUP_DEFAULT, &desc);
	}
	keep = got < needed ? 0 : got;
	/* The one message of PCI MSI selects among a power of two. */
	while (config->kind == DEVICE_MSI && keep & (keep - 1)) {
		keep--;
	}
	while (got > keep) {
		release_one(m, device, first + --got, false);
	}
	return keep >= needed ? (int)keep : -ENOSPC;
}

/* A managed device's CPUs are dealt to as many vectors as it gets, never to more than there are CPUs. */
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
			release_one(m, device, vector, false);
		}
		d->spread = (uint32_t)got;
	}
}

/* The first domain, with all the ways down: fewer vectors, then, where one will do, PCI MSI and INTx. */
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

/* A root domain that enables vectors one by one does so once their messages are whole. */
static void start(struct machine *m, struct kthread *k, uint32_t desc)
{
	if (m->root->start) {
		m->root->start(m, k, desc);
	}
}

/* A driver that lacks one thing gives back all. */
static void boot_undo(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;

	for (uint32_t vector = m->config->devices[device].vectors; vector-- > 0;) {
		if (m->desc[first + vector].flags & DESC_ALLOCATED) {
			release_one(m, device, vector, false);
		}
	}
	for (uint32_t domain = 0; domain < m->config->devices[device].domains; domain++) {
		struct msi_index *index = msi_domain_index(m, (struct msi_cookie){ device, domain });

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

		if (m->desc[first + vector].flags & DESC_ALLOCATED && m->desc[first + vector].cpu != CPU_NONE) {
			boot_vector(m, device, vector);
			start(m, NULL, first + vector);
		}
		source->active = (m->desc[first + vector].flags & DESC_STARTED) || (shares && source->domain == 0 && wanted);
	}
}

int irq_boot_device(struct machine *m, uint32_t device)
{
	const struct device_config *config = &m->config->devices[device];

	if (m->remap && m->remap->allocate(m, device)) {
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
			msi_index_enable(msi_domain_index(m, (struct msi_cookie){ device, domain }));
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

/*
 * One thread at a time changes what a device has allocated (msi_lock_descs()); whoever has to wait sleeps.
 */
static void lock_descs(struct kthread *k, uint32_t device)
{
	struct device *d = &k->machine->device[device];

	if (d->descs_lock) {
		k_cpu_put(k);
		k->waiting_descs = device + 1;
		while (d->descs_lock) {
			k->machine->env->block(k);
		}
		k->waiting_descs = 0;
		d->descs_lock = (uint16_t)(k->number + 1);
		k_cpu_get(k);
	}
	d->descs_lock = (uint16_t)(k->number + 1);
}

static void unlock_descs(struct kthread *k, uint32_t device)
{
	struct machine *m = k->machine;

	m->device[device].descs_lock = 0;
	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_descs == device + 1) {
			m->env->wake(m, i);
		}
	}
}

/* The driver starts the queues that it has new interrupts for. */
static void start_queues(struct machine *m, const struct irq_request *request)
{
	uint32_t first = m->device[request->device].first_source;

	for (uint32_t vector = request->low; vector < request->high; vector++) {
		if (m->source[first + vector].domain == request->domain &&
		    m->desc[first + vector].flags & DESC_STARTED) {
			m->source[first + vector].active = 1;
		}
	}
}

static int allocate_locked(struct kthread *k, struct irq_request *request)
{
	struct machine *m = k->machine;
	int error;

	emit_allocation(m, k, request->device, request->want, 0);
	request->granted = 0;
	request->low = m->config->devices[request->device].vectors;
	request->high = 0;
	error = m->config->allocation->grow(k, request);
	emit_allocation(m, k, request->device, error ? request->want : request->granted, error ? 2 : 1);
	/* After an error too: a guest that unmasks one vector after the other has those before it. */
	start_queues(m, request);
	return error;
}

int irq_allocate(struct kthread *k, struct irq_request *request)
{
	int error;

	lock_descs(k, request->device);
	error = allocate_locked(k, request);
	unlock_descs(k, request->device);
	return error;
}

int irq_grow(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	uint32_t source = k->machine->device[device].first_source + first;
	struct irq_request request = {
		.device = device, .domain = k->machine->source[source].domain, .first = k->machine->source[source].index,
		.want = end - first, .at_least = end - first
	};

	request.end = request.first + request.want;
	return irq_allocate(k, &request);
}

int irq_group_begin(struct kthread *k, uint32_t device, uint32_t domain)
{
	uint32_t group;
	int error = msi_index_group_begin(msi_domain_index(k->machine, (struct msi_cookie){ device, domain }), &group);

	return error ? error : (int)group;
}

void irq_group_end(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group)
{
	struct irq_source from = { .machine = k->machine, .cookie = { device, domain } };
	struct msi_index_irqs irqs = numbers(&from);

	msi_index_free_group(msi_domain_index(k->machine, from.cookie), &irqs, group);
}

/* The next index of a request; -ENOSPC where there is none. */
static int next_index(const struct machine *m, const struct irq_request *request, uint32_t after)
{
	struct msi_index *domain = msi_domain_index(m, (struct msi_cookie){ request->device, request->domain });
	struct msi_index_entry entry;

	if (!request->anywhere) {
		return (int)(request->first + request->granted);
	}
	for (uint32_t index = after; index < request->end; index++) {
		if (msi_index_lookup(domain, index, &entry)) {
			return (int)index;
		}
	}
	return -ENOSPC;
}

static void note_granted(struct irq_request *request, uint32_t vector)
{
	request->granted++;
	request->low = vector < request->low ? vector : request->low;
	request->high = vector >= request->high ? vector + 1 : request->high;
}

/* Whether the thread has set it up and not programmed it yet. */
static bool is_new(const struct kthread *k, uint32_t desc)
{
	return k->machine->desc[desc].set_up_by == k->number + 1;
}

static void undo_setup(struct kthread *k, struct irq_request *request)
{
	uint32_t first = k->machine->device[request->device].first_source;

	for (uint32_t vector = request->high; vector-- > request->low;) {
		if (is_new(k, first + vector)) {
			release_one(k->machine, request->device, vector, false);
		}
	}
	request->granted = 0;
	request->high = 0;
}

int irq_setup(struct kthread *k, struct irq_request *request, uint32_t group)
{
	struct machine *m = k->machine;
	struct irq_source from = {
		.machine = m, .cookie = { request->device, request->domain }, .by = (uint16_t)(k->number + 1),
		.request = !request->unrequested
	};
	int index = (int)request->first;
	int error = 0;

	k_irq_save(k);
	k_vector_lock(k);
	while (request->granted < request->want && !error) {
		uint32_t desc = 0;

		index = next_index(m, request, (uint32_t)index);
		error = index < 0 ? index : allocate_at(&from, (uint32_t)index, group, &desc);
		if (!error) {
			note_granted(request, m->source[desc].vector);
		}
	}
	if (error == -ENOSPC && request->granted >= request->at_least) {
		error = 0;
	}
	if (error) {
		undo_setup(k, request);
	}
	kapi_observe(k, (uint64_t)error);
	k_vector_unlock(k);
	k_irq_restore(k);
	return error;
}

/* A command that a device has to carry out is nothing to wait for with interrupts off. */
static bool message_sleeps(const struct machine *m, uint32_t desc)
{
	return machine_domain(m, desc)->indexless;
}

/* The entry behind a remap table, and the message, of an interrupt that has its vector. */
static void program(struct kthread *k, uint32_t desc)
{
	if (k->machine->remap) {
		k->machine->remap->program(k, desc);
	}
	msi_write_message(k, desc, message_of(k->machine, desc));
}

static void program_one(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	bool atomic = !message_sleeps(m, desc);

	if (atomic) {
		k_irq_save(k);
	}
	m->desc[desc].flags |= m->entry[desc].masked || (m->remap && m->remap->mask) ? DESC_MASKED : 0;
	program(k, desc);
	start(m, k, desc);
	irq_unmask(k, desc);
	m->desc[desc].set_up_by = 0;
	if (atomic) {
		k_irq_restore(k);
	}
}

/* A vector that could not wait has its message before it has a handler, and stays masked where it can. */
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
		if (!is_new(k, first + vector)) {
			continue;
		}
		if (request->unrequested) {
			program_unrequested(k, first + vector);
		} else {
			program_one(k, first + vector);
		}
	}
}

static int request_one(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	int error;

	k_irq_save(k);
	k_vector_lock(k);
	error = d->cpu != CPU_NONE ? 0 : m->root->activate(m, desc);
	if (!error) {
		d->flags |= DESC_STARTED;
	}
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

	lock_descs(k, device);
	emit_allocation(m, k, device, end - first, 0);
	for (uint32_t vector = first; vector < end; vector++) {
		uint32_t desc = m->device[device].first_source + vector;

		if (m->desc[desc].flags & DESC_ALLOCATED && !(m->desc[desc].flags & (DESC_STARTED | DESC_SHUT_DOWN))) {
			asked++;
			refused += request_one(k, desc) != 0;
		}
	}
	emit_allocation(m, k, device, refused ? refused : asked, refused ? 2 : 1);
	unlock_descs(k, device);
	return refused ? -ENOSPC : 0;
}

/* Deactivation writes an all-zero message: a device that still fires writes to address 0. */
static void write_zero(struct kthread *k, uint32_t desc)
{
	static const struct msi_message zero;

	if (device_kind_of(k->machine, desc) != DEVICE_MSI || k->machine->source[desc].index == 0) {
		msi_write_message(k, desc, zero);
	}
}

/* free_irq() up to the vector; the vector lock is held then, and interrupts are off. */
static void shut_down(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	k_irq_save(k);
	k_desc_lock(k, desc);
	m->desc[desc].flags &= (uint16_t)~(DESC_STARTED | DESC_MOVE_PENDING);
	irq_mask(k, desc);
	k_desc_unlock(k, desc);
	k_irq_restore(k);
	irq_synchronize(k, desc);
	if (message_sleeps(m, desc)) {
		write_zero(k, desc);
	}
	k_irq_save(k);
	if (!message_sleeps(m, desc)) {
		write_zero(k, desc);
	}
	if (m->remap && m->remap->release) {
		m->remap->release(k, desc);
	}
	k_vector_lock(k);
}

static void free_one(struct kthread *k, uint32_t device, uint32_t vector)
{
	shut_down(k, k->machine->device[device].first_source + vector);
	release_one(k->machine, device, vector, false);
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

		if (m->desc[desc].flags & DESC_STARTED) {
			unrequest_one(k, desc);
		}
	}
}

void irq_take_handlers(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	lock_descs(k, device);
	unrequest_locked(k, device, first, end);
	unlock_descs(k, device);
}

void irq_unrequest_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	lock_descs(k, device);
	stop_queues(k, device, first, end);
	unrequest_locked(k, device, first, end);
	unlock_descs(k, device);
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

/* Without its vectors PCI MSI is off, as pci_disable_msi() leaves it: it cannot get any while it is on. */
static void free_locked(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	stop_queues(k, device, first, end);
	irq_release_vectors(k, device, first, end);
	if (k->machine->device[device].mode == DEVICE_MSI && irq_device_enabled(k->machine, device) &&
	    irq_allocated_end(k->machine, device) == 0) {
		irq_device_enable(k, device, false);
	}
}

void irq_free_vectors(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	lock_descs(k, device);
	free_locked(k, device, first, end);
	unlock_descs(k, device);
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

		free_locked(k, device, vector, vector + 1);
	}
	irq_group_end(k, device, domain, group);
	return 0;
}

int irq_free_group(struct kthread *k, uint32_t device, uint32_t domain, uint32_t group)
{
	int error;

	lock_descs(k, device);
	error = free_group_locked(k, device, domain, group);
	unlock_descs(k, device);
	return error;
}

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
		release_one(m, device, vector, true);
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

	return count ? allocate_locked(k, &request) : 0;
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

	lock_descs(k, device);
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
	unlock_descs(k, device);
	return error;
}

void irq_unplug(struct kthread *k, uint32_t device)
{
	const struct device_config *config = &k->machine->config->devices[device];

	/* The button's blinking and the slot's power: nothing of it takes CPU time. */
	k_sleep(k, k->machine->config->timings.hot_unplug_ps);
	lock_descs(k, device);
	free_locked(k, device, 0, config->vectors);
	if (msi_domain_is_pci(k->machine->device[device].mode) && irq_device_enabled(k->machine, device)) {
		irq_device_enable(k, device, false);
	}
	k_device_reset(k, device);
	unlock_descs(k, device);
}

int irq_plug(struct kthread *k, uint32_t device)
{
	const struct device_config *config = &k->machine->config->devices[device];
	int error = 0;

	lock_descs(k, device);
	for (uint32_t domain = 0; domain < config->domains && !error; domain++) {
		uint32_t count = config->domain[domain].allocated;
		struct irq_request request = {
			.device = device, .domain = domain, .end = count, .want = count,
			.at_least = config->domain[domain].needed ? config->domain[domain].needed : count
		};

		error = count ? allocate_locked(k, &request) : 0;
	}
	unlock_descs(k, device);
	return error;
}

bool irq_device_enabled(const struct machine *m, uint32_t device)
{
	return m->device[device].control & CONTROL_ENABLE;
}

void irq_device_enable(struct kthread *k, uint32_t device, bool enable)
{
	struct msi_cookie cookie = { device, 0 };

	if (enable) {
		msi_domain_enable(k->machine, cookie);
		k_cfg_write(k, device, 0, REG_INTX_DISABLE, 1);
		k_cfg_write(k, device, 0, REG_CONTROL, CONTROL_ENABLE);
	} else {
		msi_domain_disable(k->machine, cookie);
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
