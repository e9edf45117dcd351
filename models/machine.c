// SPDX-License-Identifier: MIT
#include "models/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/hw/controller.h"
#include "models/hw/fabric.h"
#include "models/hw/imsic.h"
#include "models/hw/lapic.h"
#include "models/hw/remap.h"
#include "models/os/amdvi_domain.h"
#include "models/os/gic_domain.h"
#include "models/os/hyperv_domain.h"
#include "models/os/imsic_vector.h"
#include "models/os/irq_flow.h"
#include "models/os/its_domain.h"
#include "models/os/msi_domain.h"
#include "models/os/riscv_iommu_domain.h"
#include "models/os/timer.h"
#include "models/os/v2m_domain.h"
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

/* A vector that is the machine's is pending at one CPU at a time: it needs one place for what it stands for. */
static size_t vector_slots(const struct machine *m)
{
	return (m->root->global ? (size_t)1 : m->config->cpus) * m->vectors;
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
	m->slot = state_place(layout, vector_slots(m) * sizeof(*m->slot));
	m->vector_irq = state_place(layout, vector_slots(m) * sizeof(*m->vector_irq));
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
	if (!m->root->global) {
		m->matrix = state_place(layout, vector_matrix_size(config->cpus, m->vectors));
	}
	posted_lay_out(m, layout);
	if (m->controller->lay_out) {
		m->controller->lay_out(m, layout);
	}
	if (m->root->lay_out) {
		m->root->lay_out(m, layout);
	}
	if (m->remap) {
		m->remap->lay_out(m, layout);
	}
	msi_domains_lay_out(m, layout);
}

static void initial_cpus(struct machine *m)
{
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		m->cpu[cpu].controller_enabled = 1;
		m->cpu[cpu].desc = DESC_NONE;
		m->online[cpu / 64] |= UINT64_C(1) << (cpu % 64);
	}
	for (size_t i = 0; i < vector_slots(m); i++) {
		m->vector_irq[i] = VECTOR_UNUSED;
	}
}

/* The sources of a device, domain by domain; returns the number of the next one. */
static uint32_t initial_sources(struct machine *m, uint32_t device, uint32_t source)
{
	const struct device_config *config = &m->config->devices[device];
	uint32_t vector = 0;

	for (uint32_t domain = 0; domain < config->domains; domain++) {
		for (uint32_t index = 0; index < config->domain[domain].vectors; index++) {
			m->source[source] = (struct source){ device, vector++, index, domain, DESC_NONE, 0 };
			m->desc[source].cpu = CPU_NONE;
			source++;
		}
	}
	return source;
}

static void initial_devices(struct machine *m)
{
	uint32_t source = 0;

	for (uint32_t device = 0; device < m->config->devices_count; device++) {
		m->device[device].first_source = source;
		source = initial_sources(m, device, source);
	}
}

static int initial_matrix(struct machine *m)
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
	return error;
}

static int initial_vectors(struct machine *m)
{
	int error = m->root->global ? 0 : initial_matrix(m);

	if (!error && m->remap) {
		error = m->remap->init(m);
	}
	if (!error) {
		error = msi_domains_init(m);
	}
	return error;
}

static void initial_threads(struct machine *m)
{
	for (uint32_t i = 0; i < m->threads_count; i++) {
		struct kthread *k = &m->thread[i];

		m->live_thread[m->live_threads_count++] = (uint16_t)i;
		k->machine = m;
		k->number = (uint16_t)i;
		if (i >= m->config->threads) {
			k->irq_context = 1;
			k->cpu = (uint16_t)(i - m->config->threads);
		}
	}
}

void machine_threads_wait(struct machine *m)
{
	m->live_threads_count = 0;
}

/* Where the thread is among the live ones, or would be. */
static uint32_t place_of(const struct machine *m, uint32_t thread)
{
	uint32_t low = 0;
	uint32_t high = m->live_threads_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->live_thread[middle] < thread) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

void machine_thread_begins(struct machine *m, uint32_t thread)
{
	uint32_t place = place_of(m, thread);

	memmove(&m->live_thread[place + 1], &m->live_thread[place],
		(m->live_threads_count - place) * sizeof(*m->live_thread));
	m->live_thread[place] = (uint16_t)thread;
	m->live_threads_count++;
}

void machine_thread_ends(struct machine *m, uint32_t thread)
{
	uint32_t place = place_of(m, thread);

	m->live_threads_count--;
	memmove(&m->live_thread[place], &m->live_thread[place + 1],
		(m->live_threads_count - place) * sizeof(*m->live_thread));
}

static const struct controller *const controllers[] = {
	[ARCH_X86] = &lapic_controller,
	[ARCH_RISCV] = &imsic_controller,
	[ARCH_ARM] = &gic_controller,
};
static const struct root_domain *const roots[] = {
	[ARCH_X86] = &x86_vector_domain,
	[ARCH_RISCV] = &imsic_vector_domain,
	[ARCH_ARM] = &lpi_domain,
};
static const struct remap_unit *const remaps[] = {
	[REMAP_NONE] = NULL,
	[REMAP_VTD] = &vtd_unit,
	[REMAP_AMDVI] = &amdvi_unit,
	[REMAP_ITS] = &its_unit,
	[REMAP_V2M] = &v2m_unit,
	[REMAP_RISCV_IOMMU] = &riscv_iommu_unit,
	[REMAP_HYPERV] = &hyperv_unit,
};

int machine_create(struct machine *m, const struct machine_config *config, const struct machine_env *env, void *env_data)
{
	struct state_layout layout = { NULL, 0 };
	int error;

	*m = (struct machine){ .config = config, .env = env, .env_data = env_data, .listened = UINT64_MAX };
	for (uint32_t device = 0; device < config->devices_count; device++) {
		m->sources_count += config->devices[device].vectors;
	}
	m->controller = controllers[config->arch];
	m->root = config->remap == REMAP_V2M ? &spi_domain : roots[config->arch];
	m->remap = remaps[config->remap];
	m->vectors = m->controller->vectors(m);
	m->vector_base = m->controller->first ? m->controller->first(m) : 0;
	m->vector_stride = m->root->global ? 0 : m->vectors;
	m->vector_words = (m->vectors + 63) / 64;
	m->cpu_words = (config->cpus + 63) / 64;
	m->threads_count = config->threads + config->cpus;
	m->timers_count = m->sources_count + m->root->extra_timers(m);

	m->msi_index = calloc((size_t)config->devices_count * DEVICE_DOMAINS_MAX + 1, sizeof(struct msi_index *));
	m->live_thread = calloc(m->threads_count, sizeof(*m->live_thread));
	if (!m->msi_index || !m->live_thread) {
		machine_destroy(m);
		return -ENOMEM;
	}
	lay_out(m, &layout);
	m->state_size = layout.size;
	m->memory = calloc(1, layout.size + 64);
	if (!m->memory) {
		machine_destroy(m);
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
	free(m->msi_index);
	free(m->live_thread);
	m->msi_index = NULL;
	m->live_thread = NULL;
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
		if (event->flag == COMMAND_OF_DEVICE) {
			device_command_done(m, event->value);
		} else {
			m->remap->command_done(m, event);
		}
		break;
	case HW_VCPU:
		vcpu_event(m, event);
		break;
	case HW_SIMULATOR:
		break;
	}
}

void machine_each_causes(struct machine *m, void (*visit)(void *data, struct causes *causes), void *data)
{
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		visit(data, &m->cpu[cpu].causes);
	}
	for (size_t i = 0; i < vector_slots(m); i++) {
		visit(data, &m->slot[i]);
	}
	for (uint32_t device = 0; device < m->config->devices_count; device++) {
		visit(data, &m->device[device].intx);
	}
	for (uint32_t source = 0; source < m->sources_count; source++) {
		visit(data, &m->entry[source].pending);
		visit(data, &m->desc[source].pending);
	}
	if (m->mrif_slot) {
		for (size_t i = 0; i < (size_t)m->sources_count * m->vectors; i++) {
			visit(data, &m->mrif_slot[i]);
		}
	}
	posted_each_causes(m, visit, data);
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
