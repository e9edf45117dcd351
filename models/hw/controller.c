// SPDX-License-Identifier: MIT
#include "models/hw/controller.h"

#include "models/machine.h"

static uint64_t *word_of(const struct machine *m, uint64_t *map, uint32_t cpu, uint32_t vector)
{
	return &map[(size_t)cpu * m->vector_words + (vector - m->vector_base) / 64];
}

static uint64_t bit_of(const struct machine *m, uint32_t vector)
{
	return UINT64_C(1) << ((vector - m->vector_base) % 64);
}

void controller_accept(struct machine *m, uint32_t cpu, uint32_t vector, struct causes causes, bool by_software)
{
	uint64_t bit = bit_of(m, vector);
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
	causes_append(m, machine_slot(m, cpu, vector), causes);
	if (machine_listened(m, EV_IRR_SET)) {
		machine_emit(m, &(struct model_event){
			.kind = EV_IRR_SET, .detail = merged, .cpu = (uint16_t)cpu, .value = vector,
			.source = SOURCE_NONE, .device = DEVICE_NONE, .thread = THREAD_NONE });
	}
	cpu_poll(m, cpu);
}

bool controller_pending(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	return *word_of(m, m->pending, cpu, vector) & bit_of(m, vector);
}

struct causes controller_withdraw(struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint64_t bit = bit_of(m, vector);
	struct causes *slot = machine_slot(m, cpu, vector);
	struct causes causes = *slot;

	*slot = (struct causes){ 0, 0 };
	*word_of(m, m->pending, cpu, vector) &= ~bit;
	*word_of(m, m->by_software, cpu, vector) &= ~bit;
	return causes;
}

struct causes controller_take(struct machine *m, uint32_t cpu, uint32_t vector, bool *by_software)
{
	*by_software = *word_of(m, m->by_software, cpu, vector) & bit_of(m, vector);
	m->controller->begin_service(m, cpu, vector);
	return controller_withdraw(m, cpu, vector);
}

void controller_transfer(struct machine *m, uint32_t from, uint32_t to, uint32_t vector)
{
	bool by_software = *word_of(m, m->by_software, from, vector) & bit_of(m, vector);

	if (controller_pending(m, from, vector)) {
		controller_accept(m, to, vector, controller_withdraw(m, from, vector), by_software);
	}
}

uint32_t vector_map_lowest(const struct machine *m, const uint64_t *map, uint32_t cpu)
{
	const uint64_t *words = &map[(size_t)cpu * m->vector_words];

	for (uint32_t word = 0; word < m->vector_words; word++) {
		if (words[word]) {
			return m->vector_base + word * 64 + (uint32_t)__builtin_ctzll(words[word]);
		}
	}
	return VECTOR_NONE;
}
