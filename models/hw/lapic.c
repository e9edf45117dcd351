// SPDX-License-Identifier: MIT
#include "models/hw/lapic.h"

#include "models/machine.h"

static uint64_t *words_of(const struct machine *m, uint64_t *map, uint32_t cpu)
{
	return &map[(size_t)cpu * m->vector_words];
}

static uint32_t highest(const uint64_t *words, uint32_t count)
{
	for (uint32_t word = count; word-- > 0;) {
		if (words[word]) {
			return word * 64 + 63 - (uint32_t)__builtin_clzll(words[word]);
		}
	}
	return LAPIC_NONE;
}

void lapic_accept(struct machine *m, uint32_t cpu, uint32_t vector, struct causes causes, bool by_software)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);
	uint64_t *irr = &words_of(m, m->pending, cpu)[vector / 64];
	bool merged = *irr & bit;

	if (!m->cpu[cpu].controller_enabled) {
		causes_lose(m, &causes, LOSS_DISABLED, cpu, vector);
		return;
	}
	*irr |= bit;
	if (by_software && !merged) {
		words_of(m, m->by_software, cpu)[vector / 64] |= bit;
	}
	causes_append(m, &m->slot[(size_t)cpu * m->vectors + vector], causes);
	machine_emit(m, &(struct model_event){
		.kind = EV_IRR_SET, .detail = merged, .cpu = (uint16_t)cpu, .value = vector,
		.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	cpu_poll(m, cpu);
}

uint32_t lapic_next(const struct machine *m, uint32_t cpu)
{
	uint32_t requested = highest(words_of(m, m->pending, cpu), m->vector_words);
	uint32_t serviced;

	if (requested == LAPIC_NONE) {
		return LAPIC_NONE;
	}
	serviced = highest(words_of(m, m->in_service, cpu), m->vector_words);
	if (serviced != LAPIC_NONE && requested >> 4 <= serviced >> 4) {
		return LAPIC_NONE;
	}
	return requested;
}

struct causes lapic_withdraw(struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);
	struct causes *slot = &m->slot[(size_t)cpu * m->vectors + vector];
	struct causes causes = *slot;

	*slot = (struct causes){ 0, 0 };
	words_of(m, m->pending, cpu)[vector / 64] &= ~bit;
	words_of(m, m->by_software, cpu)[vector / 64] &= ~bit;
	return causes;
}

struct causes lapic_begin_service(struct machine *m, uint32_t cpu, uint32_t vector, bool *by_software)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);

	*by_software = words_of(m, m->by_software, cpu)[vector / 64] & bit;
	words_of(m, m->in_service, cpu)[vector / 64] |= bit;
	return lapic_withdraw(m, cpu, vector);
}

void lapic_eoi(struct machine *m, uint32_t cpu)
{
	uint64_t *isr = words_of(m, m->in_service, cpu);
	uint32_t vector = highest(isr, m->vector_words);

	if (vector != LAPIC_NONE) {
		isr[vector / 64] &= ~(UINT64_C(1) << (vector % 64));
	}
}

bool lapic_requested(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	return words_of(m, m->pending, cpu)[vector / 64] >> (vector % 64) & 1;
}

static bool logical_flat(const struct machine *m)
{
	return m->config->cpus <= 8;
}

uint32_t lapic_address(const struct machine *m, uint32_t cpu)
{
	if (logical_flat(m)) {
		return LAPIC_ADDRESS_BASE | LAPIC_ADDRESS_LOGICAL | 1u << (12 + cpu);
	}
	return LAPIC_ADDRESS_BASE | (cpu & 0xff) << 12 | (cpu >> 8 & 0x7f) << 5;
}

uint32_t lapic_target(const struct machine *m, uint64_t address)
{
	uint32_t destination = (uint32_t)(address >> 12 & 0xff);
	uint32_t cpu;

	if (address >> 20 != LAPIC_ADDRESS_BASE >> 20) {
		return LAPIC_NONE;
	}
	if (address & LAPIC_ADDRESS_LOGICAL) {
		if (!destination) {
			return LAPIC_NONE;
		}
		/* Several bits name several CPUs; the kernel sets one, and a torn address is still one of its two. */
		cpu = (uint32_t)__builtin_ctz(destination);
	} else {
		cpu = destination | (uint32_t)(address >> 5 & 0x7f) << 8;
	}
	return cpu < m->config->cpus ? cpu : LAPIC_NONE;
}
