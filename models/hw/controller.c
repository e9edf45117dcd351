// SPDX-License-Identifier: MIT
#include "models/hw/controller.h"

#include "models/machine.h"

static uint64_t *word_of(const struct machine *m, uint64_t *map, uint32_t cpu, uint32_t vector)
{
	return &map[(size_t)cpu * m->vector_words + vector / 64];
}

void controller_accept(struct machine *m, uint32_t cpu, uint32_t vector, struct causes causes, bool by_software)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);
	uint64_t *pending = word_of(m, m->pending, cpu, vector);
	bool merged = *pending & bit;

	if (!m->cpu[cpu].controller_enabled && !m->controller->records_when_disabled) {
		causes_lose(m, &causes, LOSS_DISABLED, cpu, vector);
		return;
	}
	*pending |= bit;
	if (by_software && !merged) {
		*word_of(m, m->by_software, cpu, vector) |= bit;
	}
	if (m->controller->enabled && !m->controller->enabled(m, cpu, vector)) {
		machine_emit(m, &(struct model_event){
			.kind = EV_HELD, .cpu = (uint16_t)cpu, .value = vector, .causes = causes,
			.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	}
	causes_append(m, &m->slot[(size_t)cpu * m->vectors + vector], causes);
	machine_emit(m, &(struct model_event){
		.kind = EV_IRR_SET, .detail = merged, .cpu = (uint16_t)cpu, .value = vector,
		.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	cpu_poll(m, cpu);
}

bool controller_pending(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	return *word_of(m, m->pending, cpu, vector) >> (vector % 64) & 1;
}

struct causes controller_withdraw(struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);
	struct causes *slot = &m->slot[(size_t)cpu * m->vectors + vector];
	struct causes causes = *slot;

	*slot = (struct causes){ 0, 0 };
	*word_of(m, m->pending, cpu, vector) &= ~bit;
	*word_of(m, m->by_software, cpu, vector) &= ~bit;
	return causes;
}

struct causes controller_take(struct machine *m, uint32_t cpu, uint32_t vector, bool *by_software)
{
	*by_software = *word_of(m, m->by_software, cpu, vector) >> (vector % 64) & 1;
	m->controller->begin_service(m, cpu, vector);
	return controller_withdraw(m, cpu, vector);
}

uint32_t vector_map_highest(const struct machine *m, const uint64_t *map, uint32_t cpu)
{
	const uint64_t *words = &map[(size_t)cpu * m->vector_words];

	for (uint32_t word = m->vector_words; word-- > 0;) {
		if (words[word]) {
			return word * 64 + 63 - (uint32_t)__builtin_clzll(words[word]);
		}
	}
	return VECTOR_NONE;
}

uint32_t vector_map_lowest(const struct machine *m, const uint64_t *map, uint32_t cpu)
{
	const uint64_t *words = &map[(size_t)cpu * m->vector_words];

	for (uint32_t word = 0; word < m->vector_words; word++) {
		if (words[word]) {
			return word * 64 + (uint32_t)__builtin_ctzll(words[word]);
		}
	}
	return VECTOR_NONE;
}
