// SPDX-License-Identifier: MIT
#include "sim/build.h"

#include <stdlib.h>

#include "models/strategies/registry.h"

static void *table(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		abort();
	}
	return memory;
}

/* The device keeps the message that it has read, until a command makes it read its queue's context again. */
static enum msix_torn torn_of(enum msix_torn torn, bool indexless)
{
	return indexless ? TORN_CACHED : torn;
}

static void build_first_domain(const struct scenario_device *from, struct domain_config *to)
{
	bool indexless = from->kind == DEVICE_IMS && from->store == STORE_QUEUE;

	*to = (struct domain_config){
		.kind = from->kind, .torn = torn_of(from->torn, indexless), .maskable = from->maskable,
		.pending_bits = from->pending_bits, .indexless = indexless, .groups = from->groups,
		.vectors = from->vectors, .allocated = from->allocated,
		.reserved = from->allocated - from->requested, .needed = from->needed == UINT32_MAX ? 0 : from->needed
	};
}

static void build_domain(const struct scenario_device *from, enum scenario_domain_name name, struct device_config *to)
{
	const struct scenario_domain *domain = scenario_domain_of(from, name);
	bool indexless = name == DOMAIN_IMS && domain->store == STORE_QUEUE;

	if (!domain->vectors) {
		return;
	}
	to->domain[to->domains++] = (struct domain_config){
		.kind = scenario_domain_kind(from, name), .torn = torn_of(domain->torn, indexless),
		.maskable = domain->maskable, .pending_bits = domain->pending_bits, .indexless = indexless,
		.groups = domain->groups, .vectors = domain->vectors, .allocated = domain->allocated
	};
	to->vectors += domain->vectors;
}

void build_device(const struct scenario_device *from, struct device_config *to)
{
	*to = (struct device_config){
		.intx = from->intx, .address_64 = from->address_bits == 64, .managed = from->managed,
		.falls_back = from->falls_back, .vectors = from->vectors, .socket = from->socket,
		.handler_ps = from->handler_ps, .domains = 1
	};
	to->monitored = from->monitored;
	to->posted_to = (uint32_t)(from->posted_to + 1);
	to->guest_vector = from->guest_vector;
	build_first_domain(from, &to->domain[0]);
	build_domain(from, DOMAIN_IMS, to);
	build_domain(from, DOMAIN_PLATFORM, to);
	build_domain(from, DOMAIN_WIRED, to);
}

static void build_affinity(const struct scenario_device *from, struct device_config *to, uint64_t *affinity)
{
	if (!from->initial_cpus) {
		return;
	}
	for (size_t i = 0; i < from->initial_cpus_count; i++) {
		affinity[from->initial_cpus[i] / 64] |= UINT64_C(1) << (from->initial_cpus[i] % 64);
	}
	to->affinity = affinity;
}

/* NULL where the machine has no use for the slot. */
static const void *operations(const struct scenario_contender *contender, enum strategy_slot slot)
{
	return contender->slot[slot] ? contender->slot[slot]->operations : NULL;
}

void build_config(struct built *b, const struct scenario *s, const struct scenario_contender *contender,
		  const struct topology *t, uint32_t threads)
{
	const struct scenario_machine *machine = &s->machine;
	uint32_t words = (machine->cpus + 63) / 64;

	b->devices = table(s->devices_count, sizeof(*b->devices));
	b->affinities = table(s->devices_count * words, sizeof(*b->affinities));
	for (size_t device = 0; device < s->devices_count; device++) {
		build_device(&s->devices[device], &b->devices[device]);
		build_affinity(&s->devices[device], &b->devices[device], &b->affinities[device * words]);
	}
	b->vcpus = table(s->vcpus_count, sizeof(*b->vcpus));
	for (size_t vcpu = 0; vcpu < s->vcpus_count; vcpu++) {
		b->vcpus[vcpu] = (struct vcpu_config){ (uint32_t)s->vcpus[vcpu].cpu, s->vcpus[vcpu].apicv };
	}
	b->config = (struct machine_config){
		.arch = machine->arch, .remap = machine->remap, .fabric = machine->fabric,
		.placement = machine->placement, .ecam = machine->ecam, .remap_cache = machine->remap_cache,
		.cpus = machine->cpus, .sockets = machine->sockets, .vectors_first = machine->vectors_first,
		.vectors_end = machine->vectors_end, .system_vectors = machine->system_vectors,
		.system_vectors_count = machine->system_vectors_count, .timings = machine->timings,
		.devices = b->devices, .devices_count = (uint32_t)s->devices_count, .cpu_place = t->cpu_place,
		.device_place = t->device_place, .cpu_places = t->cpu_places, .message_ps = t->message_ps,
		.write_ps = t->write_ps, .ipi_extra_ps = t->ipi_extra_ps, .threads = threads,
		.move = contender->slot[SLOT_MOVE]->operations,
		.cleanup = contender->slot[SLOT_CLEANUP]->operations,
		.hotplug = contender->slot[SLOT_HOTPLUG]->operations,
		.allocation = contender->slot[SLOT_ALLOCATION]->operations
	};
	b->config.vcpus = b->vcpus;
	b->config.vcpus_count = (uint32_t)s->vcpus_count;
	b->config.posted = operations(contender, SLOT_POSTED);
	b->config.setup = operations(contender, SLOT_SETUP);
	b->config.swap = operations(contender, SLOT_SWAP);
	b->config.monitor = operations(contender, SLOT_MONITOR);
}

void build_release(struct built *b)
{
	free(b->devices);
	free(b->affinities);
	free(b->vcpus);
}
