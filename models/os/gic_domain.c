// SPDX-License-Identifier: MIT
#include "models/os/gic_domain.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/machine.h"

#define ANY_SOCKET UINT32_MAX

void gic_domain_init(struct machine *m)
{
	for (size_t i = 0; i < m->config->system_vectors_count; i++) {
		uint32_t index = m->config->system_vectors[i] - m->vector_base;

		if (index < m->vectors) {
			m->vector_irq[index] = VECTOR_SYSTEM;
		}
	}
}

static void emit_vector(struct machine *m, enum model_event_kind kind, uint32_t desc)
{
	machine_emit(m, &(struct model_event){
		.kind = (uint8_t)kind, .cpu = m->desc[desc].cpu, .source = desc,
		.value = m->desc[desc].vector, .device = DEVICE_NONE, .thread = THREAD_NONE });
}

static bool block_free(const struct machine *m, uint32_t index, uint32_t size)
{
	for (uint32_t i = index; i < index + size; i++) {
		if (i >= m->vectors || m->vector_irq[i] != VECTOR_UNUSED) {
			return false;
		}
	}
	return true;
}

/*
 * Numbers that PCI MSI adds to its message have to follow each other, in a block aligned to its
 * size.
 */
static uint32_t block_size(const struct machine *m, uint32_t desc)
{
	return m->config->remap == REMAP_V2M && device_kind_of(m, desc) == DEVICE_MSI ?
	       machine_domain(m, desc)->vectors : 1;
}

static uint32_t find_number(struct machine *m, uint32_t desc)
{
	uint32_t size = block_size(m, desc);
	uint32_t index = *m->gic.lowest_free;

	if (size > 1 && m->source[desc].index > 0) {
		uint32_t base = m->desc[desc - m->source[desc].index].vector;

		index = base - m->vector_base + m->source[desc].index;
		return base && block_free(m, index, 1) ? index : m->vectors;
	}
	index += (size - (m->vector_base + index) % size) % size;
	while (index < m->vectors && !block_free(m, index, size)) {
		index += size;
	}
	return index;
}

static int reserve(struct machine *m, uint32_t desc)
{
	uint32_t *lowest_free = m->gic.lowest_free;
	uint32_t index = find_number(m, desc);

	if (index >= m->vectors) {
		return -ENOSPC;
	}
	m->vector_irq[index] = desc;
	m->desc[desc].vector = m->vector_base + index;
	while (*lowest_free < m->vectors && m->vector_irq[*lowest_free] != VECTOR_UNUSED) {
		++*lowest_free;
	}
	return 0;
}

static void unreserve(struct machine *m, uint32_t desc)
{
	struct irq_desc *d = &m->desc[desc];
	uint32_t index = d->vector - m->vector_base;

	if (!d->vector) {
		return;
	}
	m->vector_irq[index] = VECTOR_UNUSED;
	if (index < *m->gic.lowest_free) {
		*m->gic.lowest_free = index;
	}
	d->vector = 0;
}

static uint32_t *load_of(const struct machine *m, uint32_t desc, uint32_t cpu)
{
	return &m->gic.load[cpu * 2 + ((m->desc[desc].flags & DESC_MANAGED) != 0)];
}

static bool better(const struct machine *m, uint32_t load, uint32_t best)
{
	switch (m->config->placement) {
	case PLACE_SPREAD:
		return load < best;
	case PLACE_PACK:
		return load > best;
	case PLACE_FIRST_FIT:
		break;
	}
	return false;
}

/*
 * The CPU of the mask, on line, and of the socket; CPU_NONE where there is none. What desc adds
 * itself does not count.
 */
static uint32_t by_load(const struct machine *m, uint32_t desc, const uint64_t *mask,
			uint32_t socket)
{
	uint32_t share = m->config->cpus / m->config->sockets;
	uint32_t first = socket == ANY_SOCKET ? 0 : socket * share;
	uint32_t end = socket == ANY_SOCKET ? m->config->cpus : first + share;
	uint32_t best_load = 0;
	uint32_t best = CPU_NONE;

	for (uint32_t cpu = first; cpu < end; cpu++) {
		uint32_t load = *load_of(m, desc, cpu) - (m->desc[desc].cpu == cpu);

		if ((mask[cpu / 64] & m->online[cpu / 64]) >> (cpu % 64) & 1 &&
		    (best == CPU_NONE || better(m, load, best_load))) {
			best_load = load;
			best = cpu;
		}
	}
	return best;
}

/*
 * A managed LPI stays within its mask; the others prefer their node, and would rather leave the
 * mask than the machine.
 */
static uint32_t pick_lpi_cpu(const struct machine *m, uint32_t desc, const uint64_t *mask)
{
	uint32_t socket = m->config->devices[m->source[desc].device].socket;
	uint32_t cpu = CPU_NONE;

	if (m->desc[desc].flags & DESC_MANAGED) {
		return by_load(m, desc, mask, ANY_SOCKET);
	}
	if (m->config->sockets > 1) {
		cpu = by_load(m, desc, mask, socket);
	}
	if (cpu == CPU_NONE) {
		cpu = by_load(m, desc, mask, ANY_SOCKET);
	}
	return cpu == CPU_NONE ? by_load(m, desc, m->online, ANY_SOCKET) : cpu;
}

static uint32_t pick_spi_cpu(const struct machine *m, uint32_t desc, const uint64_t *mask)
{
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		uint64_t bits = mask[word] & m->online[word];

		if (bits) {
			return word * 64 + (uint32_t)__builtin_ctzll(bits);
		}
	}
	return m->desc[desc].flags & DESC_MANAGED ? CPU_NONE : pick_spi_cpu(m, desc, m->online);
}

static uint32_t pick_cpu(const struct machine *m, uint32_t desc, const uint64_t *mask)
{
	if (m->config->remap == REMAP_V2M) {
		return pick_spi_cpu(m, desc, mask);
	}
	return pick_lpi_cpu(m, desc, mask);
}

static void put_on(struct machine *m, uint32_t desc, uint32_t cpu)
{
	struct irq_desc *d = &m->desc[desc];

	if (d->cpu != CPU_NONE) {
		--*load_of(m, desc, d->cpu);
		emit_vector(m, EV_VECTOR_FREED, desc);
	}
	d->cpu = (uint16_t)cpu;
	if (cpu != CPU_NONE) {
		++*load_of(m, desc, cpu);
		emit_vector(m, EV_VECTOR_ASSIGNED, desc);
	}
}

static int assign(struct machine *m, uint32_t desc, const uint64_t *mask, bool same)
{
	uint32_t cpu = pick_cpu(m, desc, mask);

	/* The number is the same everywhere. */
	(void)same;
	if (cpu == CPU_NONE) {
		return -ENOSPC;
	}
	if (cpu == m->desc[desc].cpu) {
		return 0;
	}
	put_on(m, desc, cpu);
	return 1;
}

static int activate(struct machine *m, uint32_t desc)
{
	const uint64_t *mask = &m->affinity[(size_t)desc * m->cpu_words];
	uint32_t cpu = pick_cpu(m, desc, mask);

	if (cpu == CPU_NONE) {
		return -ENOSPC;
	}
	put_on(m, desc, cpu);
	if (!(mask[cpu / 64] >> (cpu % 64) & 1)) {
		m->desc[desc].flags |= DESC_AFFINITY_BROKEN;
		emit_vector(m, EV_AFFINITY_BROKEN, desc);
	}
	return 0;
}

static void deactivate(struct machine *m, uint32_t desc)
{
	put_on(m, desc, CPU_NONE);
}

static bool can_offline(const struct machine *m, uint32_t cpu)
{
	(void)m;
	(void)cpu;
	return true;
}

static void count(const struct machine *m, uint64_t *in_use, uint64_t *leaked)
{
	uint64_t owned = 0;

	*in_use = 0;
	for (uint32_t index = 0; index < m->vectors; index++) {
		uint32_t owner = m->vector_irq[index];

		*in_use += owner != VECTOR_UNUSED && owner != VECTOR_SYSTEM;
	}
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		owned += m->desc[desc].vector != 0;
	}
	*leaked = *in_use - owned;
}

/* Each number in use is its owner's, the loads add up, and nothing is pending at two CPUs. */
static bool sound(const struct machine *m)
{
	uint64_t load = 0;

	for (uint32_t index = 0; index < m->vectors; index++) {
		uint32_t owner = m->vector_irq[index];
		uint32_t pending = 0;

		for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
			pending += controller_pending(m, cpu, m->vector_base + index);
		}
		if (pending > 1 || (owner < m->sources_count &&
				    m->desc[owner].vector != m->vector_base + index)) {
			return false;
		}
	}
	for (uint32_t cpu = 0; cpu < 2 * m->config->cpus; cpu++) {
		load += m->gic.load[cpu];
	}
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		load -= m->desc[desc].cpu != CPU_NONE;
	}
	return load == 0;
}

static uint32_t extra_timers(const struct machine *m)
{
	(void)m;
	return 0;
}

#define DOMAIN \
	.global = true, .fasteoi = true, .assign = assign, .reserve = reserve, \
	.unreserve = unreserve, .activate = activate, .deactivate = deactivate, \
	.can_offline = can_offline, .count = count, .extra_timers = extra_timers, .sound = sound

const struct root_domain lpi_domain = { .name = "LPIs", DOMAIN };
const struct root_domain spi_domain = { .name = "SPIs", DOMAIN };
