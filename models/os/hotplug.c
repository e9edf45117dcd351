// SPDX-License-Identifier: MIT
/*
 * CPU offline after Linux 6.1 arch/x86/kernel/smpboot.c and kernel/irq/cpuhotplug.c, inside stop_machine: every CPU has
 * its interrupts off while the dying one moves its interrupts away, waits 1 ms for what is under way, and sends on what
 * is pending.
 */
#include "models/os/hotplug.h"

#include <errno.h>

#include "models/hw/controller.h"
#include "models/hw/remap.h"
#include "models/machine.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"
#include "vector_matrix.h"

static void emit_hotplug(struct kthread *k, uint32_t cpu, enum hotplug_outcome outcome)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_HOTPLUG, .detail = (uint8_t)outcome, .cpu = (uint16_t)cpu, .thread = k->number,
		.source = SOURCE_NONE, .device = DEVICE_NONE });
}

/* One CPU at a time goes off line or comes back; whoever has to wait sleeps. */
static void hotplug_begin(struct kthread *k)
{
	struct machine *m = k->machine;

	if (m->locks->hotplug) {
		k_cpu_put(k);
		k->waiting_hotplug = 1;
		while (m->locks->hotplug) {
			m->env->block(k);
		}
		k->waiting_hotplug = 0;
		m->locks->hotplug = (uint16_t)(k->number + 1);
		k_cpu_get(k);
	}
	m->locks->hotplug = (uint16_t)(k->number + 1);
}

static void hotplug_end(struct kthread *k)
{
	struct machine *m = k->machine;

	m->locks->hotplug = 0;
	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_hotplug) {
			m->env->wake(m, i);
		}
	}
}

/* Returns when every other CPU has reached a stage. */
static void stop_others(struct kthread *k, bool (*stop)(struct machine *m, uint32_t cpu))
{
	struct machine *m = k->machine;

	for (;;) {
		bool all = true;

		for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
			if (cpu != k->cpu && cpu_is_online(m, cpu) && !stop(m, cpu)) {
				all = false;
			}
		}
		if (all) {
			break;
		}
		m->locks->stopper = (uint16_t)(k->number + 1);
		m->env->block(k);
	}
	m->locks->stopper = 0;
}

/*
 * No CPU turns its interrupts off before the threads of all of them stand still, as in multi_cpu_stop(): otherwise a move
 * on one CPU could run beside one that no longer takes what it was sent before.
 */
static void stop_machine(struct kthread *k)
{
	stop_others(k, cpu_stop_threads);
	k_irq_save(k);
	stop_others(k, cpu_stop);
}

static void resume_machine(struct kthread *k)
{
	struct machine *m = k->machine;

	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		if (m->cpu[cpu].stopped) {
			cpu_resume(m, cpu);
		}
	}
}

static bool overlaps(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	for (uint32_t word = 0; word < words; word++) {
		if (a[word] & b[word]) {
			return true;
		}
	}
	return false;
}

/* An old vector that a move left behind, on either of the two CPUs that are concerned. */
static void force_complete_move(struct kthread *k, uint32_t desc, uint32_t cpu)
{
	const struct irq_desc *d = &k->machine->desc[desc];

	const struct root_domain *root = k->machine->root;

	if (!d->previous_vector) {
		return;
	}
	if (root->completes_move ? root->completes_move(k->machine, desc, cpu) : d->cpu == cpu || d->previous_cpu == cpu) {
		root->free_previous(k->machine, desc);
	}
}

static void migrate_one(struct kthread *k, uint32_t desc, uint32_t cpu)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	const uint64_t *mask = &m->affinity[(size_t)desc * m->cpu_words];
	bool mask_chip = m->config->move->context == MOVE_IN_ACKNOWLEDGE && !(d->flags & DESC_MASKED);
	bool broken = false;
	int error;

	if (d->flags & DESC_MOVE_PENDING) {
		const uint64_t *pending = &m->pending_affinity[(size_t)desc * m->cpu_words];

		d->flags &= (uint16_t)~DESC_MOVE_PENDING;
		mask = overlaps(pending, m->online, m->cpu_words) ? pending : mask;
	}
	kapi_observe(k, (uint64_t)d->flags << 16 | mask[0]);
	if (mask_chip) {
		irq_mask(k, desc);
	}
	if (!overlaps(mask, m->online, m->cpu_words)) {
		if (d->flags & DESC_MANAGED) {
			irq_shut_down_managed(k, desc);
			return;
		}
		mask = m->online;
		broken = true;
	}
	error = irq_do_set_affinity(k, desc, mask);
	if (error == -ENOSPC && !(d->flags & DESC_MANAGED) && mask != m->online) {
		broken = true;
		error = irq_do_set_affinity(k, desc, m->online);
	}
	if (broken && !error) {
		d->flags |= DESC_AFFINITY_BROKEN;
		machine_emit(m, &(struct model_event){
			.kind = EV_AFFINITY_BROKEN, .source = desc, .cpu = (uint16_t)cpu,
			.thread = k->number, .device = DEVICE_NONE });
	}
	if (mask_chip) {
		irq_unmask(k, desc);
	}
}

static void migrate_all(struct kthread *k, uint32_t cpu)
{
	struct machine *m = k->machine;

	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		const struct irq_desc *d = &m->desc[desc];
		bool here = (d->flags & DESC_STARTED) && d->cpu == cpu;

		if (!(d->flags & DESC_STARTED)) {
			continue;
		}
		kapi_observe(k, (uint64_t)desc << 1 | here);
		if (here || (m->config->hotplug->completes_moves && d->previous_vector && d->previous_cpu == cpu)) {
			k_desc_lock(k, desc);
			force_complete_move(k, desc, cpu);
			if (here) {
				migrate_one(k, desc, cpu);
			}
			k_desc_unlock(k, desc);
		}
	}
}

/* What is pending on the dying CPU goes to the new CPU of its interrupt; its slot swallows what still comes. */
static void scan_pending(struct kthread *k, uint32_t cpu)
{
	struct machine *m = k->machine;

	for (uint32_t vector = m->config->vectors_first; vector < m->vectors; vector++) {
		uint32_t *slot = machine_vector_irq(m, cpu, vector);
		uint32_t desc = *slot;

		if (desc >= m->sources_count) {
			continue;
		}
		*slot = VECTOR_UNUSED;
		if (m->config->hotplug->scans_pending && k_irr_pending(k, vector) && m->desc[desc].vector) {
			k_retrigger(k, desc, vector);
			*slot = VECTOR_RETRIGGERED;
		}
	}
}

/* The controller falls silent: what it still holds is lost. */
static void silence(struct machine *m, uint32_t cpu)
{
	m->cpu[cpu].controller_enabled = 0;
}

static void drop_pending(struct machine *m, uint32_t cpu)
{
	for (uint32_t vector = m->vector_base; vector < m->vector_base + m->vectors; vector++) {
		if (controller_pending(m, cpu, vector)) {
			struct causes causes = controller_withdraw(m, cpu, vector);

			causes_lose(m, &causes, LOSS_DISABLED, cpu, vector);
		}
	}
}

static void drop_cleanups(struct machine *m, uint32_t cpu)
{
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		if ((m->desc[desc].flags & DESC_CLEANUP_QUEUED) && m->desc[desc].previous_cpu == cpu) {
			m->root->free_previous(m, desc);
		}
	}
}

static void disable_cpu(struct kthread *k, uint32_t cpu)
{
	struct machine *m = k->machine;

	if (m->config->hotplug->disables_first) {
		silence(m, cpu);
	}
	k_vector_lock(k);
	m->online[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
	k_vector_unlock(k);
	migrate_all(k, cpu);
	if (!m->root->global && !m->config->hotplug->keeps_pending) {
		/* Linux takes 1 ms to be enough for what was sent to this CPU. */
		k_settle(k, MS);
		scan_pending(k, cpu);
	}
	k_vector_lock(k);
	drop_cleanups(m, cpu);
	if (m->root->offline) {
		m->root->offline(m, cpu);
	}
	if (m->matrix) {
		vector_matrix_offline(m->matrix, cpu);
	}
	k_vector_unlock(k);
	silence(m, cpu);
	if (!m->config->hotplug->keeps_pending) {
		drop_pending(m, cpu);
	}
}

static int take_down(struct kthread *k, uint32_t cpu)
{
	struct machine *m = k->machine;
	uint32_t others = 0;
	uint64_t frame_ps = m->config->timings.cpu_offline_ps;

	if (!cpu_is_online(m, cpu)) {
		return -EINVAL;
	}
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		others += (uint32_t)__builtin_popcountll(m->online[word]);
	}
	if (others == 1) {
		emit_hotplug(k, cpu, HOTPLUG_REFUSED);
		return -EBUSY;
	}
	k_migrate(k, cpu);
	k_work(k, frame_ps > MS ? frame_ps - MS : 0);
	if (!m->root->can_offline(m, cpu)) {
		emit_hotplug(k, cpu, HOTPLUG_REFUSED);
		return -ENOSPC;
	}
	stop_machine(k);
	disable_cpu(k, cpu);
	emit_hotplug(k, cpu, HOTPLUG_OFFLINE);
	resume_machine(k);
	k_irq_restore(k);
	return 0;
}

/* Managed interrupts that were shut down for want of a CPU start again. */
static void restart_managed(struct kthread *k, uint32_t cpu)
{
	struct machine *m = k->machine;

	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		const struct irq_desc *d = &m->desc[desc];
		const uint64_t *mask = &m->affinity[(size_t)desc * m->cpu_words];

		if (!(d->flags & DESC_SHUT_DOWN) || !(mask[cpu / 64] >> (cpu % 64) & 1)) {
			continue;
		}
		k_desc_lock(k, desc);
		/* Its handler may have gone meanwhile. */
		if (d->flags & DESC_SHUT_DOWN) {
			irq_restart_managed(k, desc);
		}
		k_desc_unlock(k, desc);
	}
}

static void forget_vectors(struct machine *m, uint32_t cpu)
{
	for (uint32_t vector = 0; vector < m->vectors; vector++) {
		*machine_vector_irq(m, cpu, vector) = VECTOR_UNUSED;
	}
}

static int bring_up(struct kthread *k, uint32_t cpu)
{
	struct machine *m = k->machine;

	if (cpu_is_online(m, cpu)) {
		return -EINVAL;
	}
	k_work(k, m->config->timings.cpu_offline_ps);
	k_irq_save(k);
	k_vector_lock(k);
	if (m->matrix) {
		vector_matrix_online(m->matrix, cpu);
	}
	m->online[cpu / 64] |= UINT64_C(1) << (cpu % 64);
	if (m->root->online) {
		m->root->online(m, cpu);
	} else if (!m->root->global) {
		forget_vectors(m, cpu);
	}
	m->cpu[cpu].controller_enabled = 1;
	cpu_poll(m, cpu);
	k_vector_unlock(k);
	if (m->remap && m->remap->cpu_online) {
		m->remap->cpu_online(k, cpu);
	}
	restart_managed(k, cpu);
	k_irq_restore(k);
	emit_hotplug(k, cpu, HOTPLUG_ONLINE);
	return 0;
}

int hotplug_offline(struct kthread *k, uint32_t cpu)
{
	int error;

	hotplug_begin(k);
	error = take_down(k, cpu);
	hotplug_end(k);
	return error;
}

int hotplug_online(struct kthread *k, uint32_t cpu)
{
	int error;

	hotplug_begin(k);
	error = bring_up(k, cpu);
	hotplug_end(k);
	return error;
}
