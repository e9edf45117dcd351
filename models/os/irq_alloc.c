// SPDX-License-Identifier: MIT
#include "models/os/irq_alloc_internal.h"

#include <errno.h>

#include "models/os/kapi.h"
#include "models/strategies/operations.h"

/* Whoever has to wait sleeps. */
void irq_lock_descs(struct kthread *k, uint32_t device)
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

void irq_unlock_descs(struct kthread *k, uint32_t device)
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

void irq_emit_allocation(struct machine *m, const struct kthread *k, uint32_t device,
			 uint32_t count, uint8_t detail)
{
	machine_emit(m, &(struct model_event){
		.kind = EV_ALLOCATION, .detail = detail, .device = device, .value = count,
		.thread = k ? k->number : THREAD_NONE, .cpu = k ? k->cpu : CPU_NONE,
		.source = SOURCE_NONE });
}

/* The driver starts the queues that it has new interrupts for. */
static void start_queues(struct machine *m, const struct irq_request *request)
{
	uint32_t first = m->device[request->device].first_source;

	for (uint32_t vector = request->low; vector < request->high; vector++) {
		if (m->source[first + vector].domain == request->domain &&
		    m->desc[first + vector].flags & (DESC_STARTED | DESC_SHUT_DOWN)) {
			m->source[first + vector].active = 1;
		}
	}
}

/*
 * What a managed device's driver asks for while the device has nothing is what its CPUs are dealt
 * to, as at the start.
 */
static void deal_cpus(struct machine *m, struct irq_request *request)
{
	request->dealt = m->config->devices[request->device].managed && request->domain == 0 &&
			 request->first == 0 && irq_allocated_end(m, request->device) == 0;
	if (request->dealt) {
		m->device[request->device].spread =
			request->want < m->config->cpus ? request->want : m->config->cpus;
	}
}

int irq_allocate_locked(struct kthread *k, struct irq_request *request)
{
	struct machine *m = k->machine;
	int error;

	irq_emit_allocation(m, k, request->device, request->want, 0);
	request->granted = 0;
	request->low = m->config->devices[request->device].vectors;
	request->high = 0;
	deal_cpus(m, request);
	error = m->config->allocation->grow(k, request);
	irq_emit_allocation(m, k, request->device, error ? request->want : request->granted,
			    error ? 2 : 1);
	/*
	 * After an error too: a guest that unmasks one vector after the other has those before it.
	 */
	start_queues(m, request);
	return error;
}

int irq_allocate(struct kthread *k, struct irq_request *request)
{
	int error;

	irq_lock_descs(k, request->device);
	error = irq_allocate_locked(k, request);
	irq_unlock_descs(k, request->device);
	return error;
}

int irq_grow(struct kthread *k, uint32_t device, uint32_t first, uint32_t end)
{
	uint32_t source = k->machine->device[device].first_source + first;
	struct irq_request request = {
		.device = device, .domain = k->machine->source[source].domain,
		.first = k->machine->source[source].index,
		.want = end - first, .at_least = end - first
	};

	request.end = request.first + request.want;
	return irq_allocate(k, &request);
}

/* The next index of a request; -ENOSPC where there is none. */
static int next_index(const struct machine *m, const struct irq_request *request, uint32_t after)
{
	struct msi_index *domain =
		msi_domain_index(m, (struct msi_cookie){ request->device, request->domain });
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

static void undo_setup(struct kthread *k, struct irq_request *request)
{
	uint32_t first = k->machine->device[request->device].first_source;

	for (uint32_t vector = request->high; vector-- > request->low;) {
		if (irq_is_new(k, first + vector)) {
			irq_index_release(k->machine, request->device, vector, false);
		}
	}
	request->granted = 0;
	request->high = 0;
}

/* Without room for all, at_least will do; after an error what there was is left to be undone. */
static int set_up_wanted(struct kthread *k, struct irq_request *request, uint32_t group)
{
	struct machine *m = k->machine;
	struct irq_source from = {
		.machine = m, .cookie = { request->device, request->domain },
		.by = (uint16_t)(k->number + 1),
		.request = !request->unrequested
	};
	int index = (int)request->first;
	int error = 0;

	while (request->granted < request->want && !error) {
		uint32_t desc = 0;

		index = next_index(m, request, (uint32_t)index);
		error = index < 0 ? index :
				    irq_index_allocate(&from, (uint32_t)index, group, &desc);
		if (!error) {
			note_granted(request, m->source[desc].vector);
		}
	}
	return error == -ENOSPC && request->granted >= request->at_least ? 0 : error;
}

/* The same of a managed device, which has no more vectors than CPUs; fewer are dealt anew. */
static int set_up_dealt(struct kthread *k, struct irq_request *request, uint32_t group)
{
	uint32_t *spread = &k->machine->device[request->device].spread;
	int error;

	request->want = request->want < *spread ? request->want : *spread;
	if (request->at_least > request->want) {
		return -ENOSPC;
	}
	for (;;) {
		error = set_up_wanted(k, request, group);
		if (error || request->granted == request->want) {
			return error;
		}
		request->want = *spread = request->granted;
		undo_setup(k, request);
	}
}

int irq_setup(struct kthread *k, struct irq_request *request, uint32_t group)
{
	int error;

	k_irq_save(k);
	k_vector_lock(k);
	error = request->dealt ? set_up_dealt(k, request, group) :
				 set_up_wanted(k, request, group);
	if (error) {
		undo_setup(k, request);
	}
	kapi_observe(k, (uint64_t)error);
	k_vector_unlock(k);
	k_irq_restore(k);
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

	while (end > 0 &&
	       !(m->desc[m->device[device].first_source + end - 1].flags & DESC_ALLOCATED)) {
		end--;
	}
	return end;
}
