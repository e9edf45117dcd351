// SPDX-License-Identifier: MIT
#include "models/hw/lapic.h"

#include "models/machine.h"

#define LAPIC_WORDS (LAPIC_VECTORS / 64)

static uint32_t vectors(const struct machine *m)
{
	(void)m;
	return LAPIC_VECTORS;
}

/* The highest set bit of a CPU's map of vectors; VECTOR_NONE: all are clear. */
static uint32_t highest(const uint64_t *map, uint32_t cpu)
{
	const uint64_t *words = &map[(size_t)cpu * LAPIC_WORDS];

	for (uint32_t word = LAPIC_WORDS; word-- > 0;) {
		if (words[word]) {
			return word * 64 + 63 - (uint32_t)__builtin_clzll(words[word]);
		}
	}
	return VECTOR_NONE;
}

/* The highest requested vector, if its priority class is above that of the highest one in service. */
static uint32_t next(const struct machine *m, uint32_t cpu)
{
	uint32_t requested = highest(m->pending, cpu);
	uint32_t serviced;

	if (requested == VECTOR_NONE) {
		return VECTOR_NONE;
	}
	serviced = highest(m->in_service, cpu);
	return serviced != VECTOR_NONE && requested >> 4 <= serviced >> 4 ? VECTOR_NONE : requested;
}

static void begin_service(struct machine *m, uint32_t cpu, uint32_t vector)
{
	m->in_service[(size_t)cpu * LAPIC_WORDS + vector / 64] |= UINT64_C(1) << (vector % 64);
}

static void eoi(struct machine *m, uint32_t cpu)
{
	uint32_t vector = highest(m->in_service, cpu);

	if (vector != VECTOR_NONE) {
		m->in_service[(size_t)cpu * LAPIC_WORDS + vector / 64] &= ~(UINT64_C(1) << (vector % 64));
	}
}

static struct msi_message compose(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint32_t address = LAPIC_ADDRESS_BASE;

	if (m->config->cpus <= 8) {
		address |= LAPIC_ADDRESS_LOGICAL | 1u << (12 + cpu);
	} else {
		address |= (cpu & 0xff) << 12 | (cpu >> 8 & 0x7f) << 5;
	}
	return (struct msi_message){ .address_lo = address, .data = vector };
}

static bool decode(const struct machine *m, uint64_t address, uint32_t data, uint32_t *cpu, uint32_t *vector)
{
	uint32_t destination = (uint32_t)(address >> 12 & 0xff);

	*vector = data & 0xff;
	if (address >> 20 != LAPIC_ADDRESS_BASE >> 20) {
		return false;
	}
	if (address & LAPIC_ADDRESS_LOGICAL) {
		/* Several bits name several CPUs; the kernel sets one, and a torn address is still one of its two. */
		*cpu = destination ? (uint32_t)__builtin_ctz(destination) : UINT32_MAX;
	} else {
		*cpu = destination | (uint32_t)(address >> 5 & 0x7f) << 8;
	}
	return *cpu < m->config->cpus;
}

const struct controller lapic_controller = {
	.vectors = vectors, .next = next, .begin_service = begin_service, .eoi = eoi, .compose = compose, .decode = decode
};
