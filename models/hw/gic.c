// SPDX-License-Identifier: MIT
#include "models/hw/gic.h"

#include "models/machine.h"

/* Power-of-two blocks of 32 messages at most, which need room to be aligned. */
#define BLOCK_SLACK 64

void gic_lay_out(struct machine *m, struct state_layout *layout)
{
	struct gic *gic = &m->gic;

	gic->config = state_place(layout, m->vectors * sizeof(*gic->config));
	gic->property = state_place(layout, m->vectors * sizeof(*gic->property));
	gic->active = state_place(layout, m->vectors * sizeof(*gic->active));
	gic->route = state_place(layout, m->vectors * sizeof(*gic->route));
	gic->load = state_place(layout, m->config->cpus * 2 * sizeof(*gic->load));
	gic->lowest_free = state_place(layout, sizeof(*gic->lowest_free));
}

/* No more than the range has, and no more than all devices together can ask for. */
static uint32_t vectors(const struct machine *m)
{
	const struct machine_config *config = m->config;
	uint64_t range = config->vectors_end - config->vectors_first;
	uint64_t wanted = BLOCK_SLACK + 2 * (uint64_t)m->sources_count;

	wanted += config->system_vectors_count;
	return (uint32_t)(wanted < range ? wanted : range);
}

static uint32_t first(const struct machine *m)
{
	return m->config->vectors_first;
}

/*
 * The enabled, inactive one of the highest priority, that is of the lowest value; the lowest number
 * among equals.
 */
static uint32_t next(const struct machine *m, uint32_t cpu)
{
	const uint64_t *words = &m->pending[(size_t)cpu * m->vector_words];
	uint32_t best_priority = GIC_PRIORITY + 1;
	uint32_t best = VECTOR_NONE;

	for (uint32_t word = 0; word < m->vector_words; word++) {
		for (uint64_t bits = words[word]; bits; bits &= bits - 1) {
			uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(bits);
			uint32_t priority = m->gic.config[index] & GIC_PRIORITY;

			if ((m->gic.config[index] & GIC_ENABLED) && !m->gic.active[index] &&
			    priority < best_priority) {
				best_priority = priority;
				best = m->vector_base + index;
			}
		}
	}
	return best;
}

static void begin_service(struct machine *m, uint32_t cpu, uint32_t vector)
{
	if (m->config->remap == REMAP_V2M) {
		m->gic.active[vector - m->vector_base] = (uint16_t)(cpu + 1);
	}
}

static void eoi(struct machine *m, uint32_t cpu)
{
	uint32_t index = m->cpu[cpu].vector - m->vector_base;

	if (m->gic.active[index]) {
		m->gic.active[index] = 0;
		cpu_poll(m, m->gic.route[index]);
	}
}

const struct controller gic_controller = {
	.vectors = vectors, .first = first, .next = next, .begin_service = begin_service, .eoi = eoi
};

void gic_configure(struct machine *m, uint32_t vector, uint32_t cpu, uint8_t config)
{
	m->gic.config[vector - m->vector_base] = config;
	cpu_poll(m, cpu);
}

void gic_route(struct machine *m, uint32_t vector, uint32_t cpu)
{
	uint32_t from = m->gic.route[vector - m->vector_base];

	m->gic.route[vector - m->vector_base] = (uint16_t)cpu;
	if (from != cpu) {
		controller_transfer(m, from, cpu, vector);
	}
}
