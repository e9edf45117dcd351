// SPDX-License-Identifier: MIT
#include "models/machine.h"

#include <errno.h>
#include <stdlib.h>

#include "models/hw/controller.h"
#include "models/hw/fabric.h"
#include "models/hw/lapic.h"
#include "models/hw/remap.h"
#include "models/os/hyperv_domain.h"
#include "models/os/irq_flow.h"
#include "models/os/timer.h"
#include "models/os/vcpu.h"
#include "models/os/vtd_domain.h"
#include "models/os/x86_vector.h"
#include "vector_matrix.h"

void *state_place(struct state_layout *layout, size_t size)
{
	size_t offset = (layout->size + 63) & ~(size_t)63;

	layout->size = offset + size;
	return layout->base ? layout->base + offset : NULL;
}

static void lay_out(struct machine *m, struct state_layout *layout)
{
	const struct machine_config *config = m->config;
	size_t cpus = config->cpus;
	size_t words = cpus * m->vector_words;
	size_t sources = m->sources_count;

	m->cpu = state_place(layout, cpus * sizeof(*m->cpu));
	m->pending = state_place(layout, words * sizeof(*m->pending));
	m->in_service = state_place(layout, words * sizeof(*m->in_service));
	m->by_software = state_place(layout, words * sizeof(*m->by_software));
	m->slot = state_place(layout, cpus * m->vectors * sizeof(*m->slot));
	m->vector_irq = state_place(layout, cpus * m->vectors * sizeof(*m->vector_irq));
	m->device = state_place(layout, config->devices_count * sizeof(*m->device));
	m->entry = state_place(layout, sources * sizeof(*m->entry));
	m->source = state_place(layout, sources * sizeof(*m->source));
	m->desc = state_place(layout, sources * sizeof(*m->desc));
	m->affinity = state_place(layout, sources * m->cpu_words * sizeof(*m->affinity));
	m->pending_affinity = state_place(layout, sources * m->cpu_words * sizeof(*m->pending_affinity));
	m->online = state_place(layout, m->cpu_words * sizeof(*m->online));
	m->posted_writes = state_place(layout, cpus * config->devices_count * sizeof(*m->posted_writes));
	m->timer = state_place(layout, m->timers_count * sizeof(*m->timer));
	m->thread = state_place(layout, m->threads_count * sizeof(*m->thread));
	m->locks = state_place(layout, sizeof(*m->locks));
	m->matrix = state_place(layout, vector_matrix_size(config->cpus, m->vectors));
	posted_lay_out(m, layout);
	if (m->remap) {
		m->remap->lay_out(m, layout);
	}
}

static void initial_cpus(struct machine *m)
{
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		m->cpu[cpu].controller_enabled = 1;
		m->cpu[cpu].desc = DESC_NONE;
		m->online[cpu / 64] |= UINT64_C(1) << (cpu % 64);
	}
	for (size_t i = 0; i < (size_t)m->config->cpus * m->vectors; i++) {
		m->vector_irq[i] = VECTOR_UNUSED;
	}
}

static void initial_devices(struct machine *m)
{
	uint32_t source = 0;

	for (uint32_t device = 0; device < m->config->devices_count; device++) {
		m->device[device].first_source = source;
		m->device[device].present = 1;
		for (uint32_t vector = 0; vector < m->config->devices[device].vectors; vector++, source++) {
			m->source[source] = (struct source){ device, vector, DESC_NONE };
			m->desc[source].cpu = CPU_NONE;
		}
	}
}

static int initial_vectors(struct machine *m)
{
	const struct machine_config *config = m->config;
	static const enum vector_matrix_placement placements[] = {
		[PLACE_SPREAD] = VECTOR_MATRIX_SPREAD,
		[PLACE_PACK] = VECTOR_MATRIX_PACK,
		[PLACE_FIRST_FIT] = VECTOR_MATRIX_FIRST_FIT,
	};
	int error = vector_matrix_init(m->matrix, vector_matrix_size(config->cpus, m->vectors), config->cpus,
				       m->vectors, config->vectors_first, config->vectors_end, NULL);

	for (size_t i = 0; !error && i < config->system_vectors_count; i++) {
		error = vector_matrix_assign_system(m->matrix, 0, config->system_vectors[i], false);
	}
	for (uint32_t cpu = 0; !error && cpu < config->cpus; cpu++) {
		error = vector_matrix_online(m->matrix, cpu);
	}
	if (!error) {
		error = vector_matrix_set_placement(m->matrix, placements[config->placement]);
	}
	if (!error && m->remap) {
		error = m->remap->init(m);
	}
	return error;
}

static void initial_threads(struct machine *m)
{
	for (uint32_t i = 0; i < m->threads_count; i++) {
		struct kthread *k = &m->thread[i];

		k->machine = m;
		k->number = (uint16_t)i;
		if (i >= m->config->threads) {
			k->irq_context = 1;
			k->cpu = (uint16_t)(i - m->config->threads);
		}
	}
}

static const struct controller *const controllers[] = { [ARCH_X86] = &lapic_controller };
static const struct root_domain *const roots[] = { [ARCH_X86] = &x86_vector_domain };
static const struct remap_unit *const remaps[] = {
	[REMAP_NONE] = NULL, [REMAP_VTD] = &vtd_unit, [REMAP_HYPERV] = &hyperv_unit
};

int machine_create(struct machine *m, const struct machine_config *config, const struct machine_env *env, void *env_data)
{
	struct state_layout layout = { NULL, 0 };
	int error;

	*m = (struct machine){ .config = config, .env = env, .env_data = env_data };
	for (uint32_t device = 0; device < config->devices_count; device++) {
		m->sources_count += config->devices[device].vectors;
	}
	m->controller = controllers[config->arch];
	m->root = roots[config->arch];
	m->remap = remaps[config->remap];
	m->vectors = m->controller->vectors(m);
	m->vector_words = (m->vectors + 63) / 64;
	m->cpu_words = (config->cpus + 63) / 64;
	m->threads_count = config->threads + config->cpus;
	m->timers_count = m->sources_count + m->root->extra_timers(m);

	lay_out(m, &layout);
	m->state_size = layout.size;
	m->memory = calloc(1, layout.size + 64);
	if (!m->memory) {
		return -ENOMEM;
	}
	m->state = (char *)m->memory + (64 - (uintptr_t)m->memory % 64) % 64;
	layout = (struct state_layout){ m->state, 0 };
	lay_out(m, &layout);

	initial_cpus(m);
	initial_devices(m);
	initial_threads(m);
	vcpu_init(m);
	error = initial_vectors(m);
	if (error) {
		machine_destroy(m);
	}
	return error;
}

void machine_destroy(struct machine *m)
{
	free(m->memory);
	m->memory = NULL;
	free(m->raises.records);
	m->state = NULL;
	m->raises = (struct raise_pool){ 0 };
}

void machine_dispatch(struct machine *m, const struct hw_event *event)
{
	switch ((enum hw_event_kind)event->kind) {
	case HW_WRITE_LANDS:
		fabric_write_lands(m, event);
		break;
	case HW_MESSAGE_ARRIVES:
		fabric_message_arrives(m, event);
		break;
	case HW_REMAP_DONE:
		m->remap->looked_up(m, event);
		break;
	case HW_FABRIC_DELIVERS:
		fabric_delivers(m, event);
		break;
	case HW_IPI_ARRIVES:
		controller_accept(m, event->cpu, event->value, event->causes, true);
		break;
	case HW_IRQ_TAKEN:
		cpu_take_interrupt(m, event->cpu);
		break;
	case HW_IRQ_DISPATCHED:
		irq_dispatch(m, event->cpu, event->flag);
		break;
	case HW_HANDLER_ENDS:
		irq_handler_ends(m, event->cpu);
		break;
	case HW_FLUSH_DONE:
		m->remap->flush_done(m, event);
		break;
	case HW_TIMER:
		timer_expires(m, event);
		break;
	case HW_COMMAND_DONE:
		m->remap->command_done(m, event);
		break;
	case HW_VCPU:
		vcpu_event(m, event);
		break;
	case HW_SIMULATOR:
		break;
	}
}

bool machine_event_enabled(const struct machine *m, const struct hw_event *event)
{
	switch ((enum hw_event_kind)event->kind) {
	case HW_IRQ_TAKEN:
		return cpu_interruptible(m, event->cpu);
	case HW_TIMER:
		return cpu_interruptible(m, (uint32_t)m->timer[event->channel].cpu);
	default:
		return true;
	}
}
