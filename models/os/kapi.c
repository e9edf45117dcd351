// SPDX-License-Identifier: MIT
#include "models/os/kapi.h"

#include "models/hw/fabric.h"
#include "models/hw/controller.h"
#include "models/os/irq_flow.h"
#include "models/os/vcpu.h"

static const struct model_timings *timings_of(const struct kthread *k)
{
	return &k->machine->config->timings;
}

/* A step at which the thread touches what others see. */
static void step(struct kthread *k, uint64_t cost_ps)
{
	k->machine->env->step(k, cost_ps);
}

void kapi_observe(struct kthread *k, uint64_t value)
{
	k->observed = (k->observed ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	k->observed ^= k->observed >> 29;
}

static void emit_access(struct kthread *k, enum model_event_kind kind, uint32_t device, uint32_t vector,
			enum device_register reg, uint32_t value)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = (uint8_t)kind, .detail = (uint8_t)reg, .cpu = k->cpu, .thread = k->number,
		.device = device, .source = k->machine->device[device].first_source + vector, .value = value });
}

void k_note(struct kthread *k, const char *text, uint32_t source, uint32_t cpu, uint32_t value)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_NOTE, .cpu = (uint16_t)cpu, .thread = k->number, .device = DEVICE_NONE,
		.source = source, .value = value, .text = text });
}

void k_work(struct kthread *k, uint64_t cost_ps)
{
	k->machine->env->delay(k, cost_ps);
}

void k_access(struct kthread *k)
{
	step(k, 0);
}

void k_settle(struct kthread *k, uint64_t cost_ps)
{
	k->machine->env->settle(k, cost_ps);
}

/* A thread whose CPU went off line goes on at the lowest one that is left. */
static uint32_t cpu_for(const struct kthread *k)
{
	const struct machine *m = k->machine;
	uint32_t cpu = k->cpu;

	for (uint32_t i = 0; !cpu_is_online(m, cpu) && i < m->config->cpus; i++) {
		cpu = i;
	}
	return cpu;
}

void k_cpu_get(struct kthread *k)
{
	struct machine *m = k->machine;

	k->cpu = (uint16_t)cpu_for(k);
	while (m->cpu[k->cpu].running) {
		k->waiting_cpu = 1;
		vcpu_give_way(k);
		m->env->block(k);
		k->cpu = (uint16_t)cpu_for(k);
	}
	k->waiting_cpu = 0;
	m->cpu[k->cpu].running = (uint16_t)(k->number + 1);
	k->has_cpu = 1;
}

void k_cpu_put(struct kthread *k)
{
	struct machine *m = k->machine;
	uint32_t next;

	m->cpu[k->cpu].running = 0;
	k->has_cpu = 0;
	/* Of a CPU that went off line nobody else gives it back: all of them go elsewhere. */
	for (uint32_t n = 0; !cpu_is_online(m, k->cpu) && machine_has_live_process(m, n); n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_cpu && m->thread[i].cpu == k->cpu) {
			m->env->wake(m, i);
		}
	}
	if (!cpu_is_online(m, k->cpu)) {
		return;
	}
	next = vcpu_next_thread(m, k->cpu);
	if (next != THREAD_NONE) {
		m->env->wake(m, next);
	}
}

void k_migrate(struct kthread *k, uint32_t cpu)
{
	if (k->cpu == cpu) {
		return;
	}
	k_cpu_put(k);
	k->cpu = (uint16_t)cpu;
	k_cpu_get(k);
}

void k_sleep(struct kthread *k, uint64_t time_ps)
{
	k_cpu_put(k);
	step(k, time_ps);
	k_cpu_get(k);
}

void k_irq_save(struct kthread *k)
{
	if (k->irq_context) {
		return;
	}
	step(k, 0);
	cpu_irqs_disable(k->machine, k->cpu);
}

void k_irq_restore(struct kthread *k)
{
	if (k->irq_context) {
		return;
	}
	step(k, 0);
	cpu_irqs_enable(k->machine, k->cpu);
}

static void lock_take(struct kthread *k, uint16_t *lock)
{
	step(k, 0);
	while (*lock) {
		k->waiting_lock = 1;
		k->machine->env->block(k);
	}
	k->waiting_lock = 0;
	*lock = (uint16_t)(k->number + 1);
}

static void lock_wake(struct kthread *k)
{
	struct machine *m = k->machine;

	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_lock) {
			m->env->wake(m, i);
		}
	}
}

void k_desc_lock(struct kthread *k, uint32_t desc)
{
	lock_take(k, &k->machine->desc[desc].lock);
}

void k_desc_unlock(struct kthread *k, uint32_t desc)
{
	step(k, 0);
	k->machine->desc[desc].lock = 0;
	irq_desc_unlocked(k->machine, desc);
	lock_wake(k);
}

void k_vector_lock(struct kthread *k)
{
	lock_take(k, &k->machine->locks->vector_lock);
}

void k_vector_unlock(struct kthread *k)
{
	struct machine *m = k->machine;

	step(k, 0);
	m->locks->vector_lock = 0;
	irq_vector_unlocked(m);
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		timers_run_due(m, cpu);
	}
	lock_wake(k);
}

static uint64_t cfg_ps(const struct kthread *k, uint32_t device)
{
	if (k->machine->config->devices[device].monitored) {
		return timings_of(k)->trap_ps;
	}
	return k->machine->config->ecam ? timings_of(k)->cfg_ecam_ps : timings_of(k)->cfg_pair_ps;
}

void k_cfg_write(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg, uint32_t value)
{
	uint64_t cost_ps = cfg_ps(k, device);

	step(k, cost_ps / 2);
	emit_access(k, EV_WRITE, device, vector, reg, value);
	device_write(k->machine, device, vector, reg, value);
	fabric_wait_completion(k, device);
	k_work(k, cost_ps - cost_ps / 2);
}

uint32_t k_cfg_read(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg)
{
	uint64_t cost_ps = cfg_ps(k, device);
	uint32_t value;

	step(k, cost_ps / 2);
	value = device_read(k->machine, device, vector, reg);
	emit_access(k, EV_READ, device, vector, reg, value);
	kapi_observe(k, value);
	fabric_wait_completion(k, device);
	k_work(k, cost_ps - cost_ps / 2);
	return value;
}

void k_device_reset(struct kthread *k, uint32_t device)
{
	step(k, cfg_ps(k, device));
	k_note(k, "function reset", SOURCE_NONE, k->cpu, device);
	device_reset(k->machine, device);
}

void k_mmio_write(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg, uint32_t value)
{
	step(k, timings_of(k)->mmio_gap_ps);
	fabric_post_write(k->machine, k->cpu, device, vector, reg, value);
}

uint32_t k_mmio_read(struct kthread *k, uint32_t device, uint32_t vector, enum device_register reg)
{
	struct machine *m = k->machine;
	uint64_t cost_ps = timings_of(k)->mmio_read_ps;
	uint64_t down_ps = machine_write_ps(m, device, k->cpu);
	uint32_t value;

	down_ps = down_ps < cost_ps ? down_ps : cost_ps;
	step(k, down_ps);
	fabric_wait_writes(k, device);
	value = device_read(m, device, vector, reg);
	emit_access(k, EV_READ, device, vector, reg, value);
	kapi_observe(k, value);
	fabric_wait_completion(k, device);
	k_work(k, cost_ps - down_ps);
	return value;
}

void k_context_message(struct kthread *k, uint32_t source, struct msi_message message)
{
	struct machine *m = k->machine;
	struct msi_entry *entry = &m->entry[source];

	step(k, timings_of(k)->mmio_gap_ps);
	entry->address_lo = message.address_lo;
	entry->address_hi = message.address_hi;
	entry->data = message.data;
	entry->command_busy = 1;
	machine_emit(m, &(struct model_event){
		.kind = EV_COMMAND, .cpu = k->cpu, .thread = k->number, .source = source,
		.device = m->source[source].device, .value = message.data, .address = message.address_lo });
	machine_post(m, timings_of(k)->device_command_ps, &(struct hw_event){
		.kind = HW_COMMAND_DONE, .flag = COMMAND_OF_DEVICE, .channel = m->source[source].device,
		.device = m->source[source].device, .value = source });
	k->waiting_command = source + 1;
	while (entry->command_busy) {
		m->env->block(k);
	}
	k->waiting_command = 0;
}

bool k_irr_pending(struct kthread *k, uint32_t vector)
{
	bool pending;

	step(k, 0);
	pending = controller_pending(k->machine, k->cpu, vector);
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_IRR_READ, .detail = pending, .cpu = k->cpu, .thread = k->number, .value = vector,
		.source = SOURCE_NONE, .device = DEVICE_NONE });
	kapi_observe(k, (uint64_t)vector << 1 | pending);
	return pending;
}

void k_retrigger(struct kthread *k, uint32_t desc, uint32_t pending_vector)
{
	struct machine *m = k->machine;
	uint32_t cpu = m->desc[desc].cpu;
	struct causes causes;

	step(k, 0);
	causes = causes_extract(m, machine_slot(m, k->cpu, pending_vector), desc);
	causes_mark_retriggered(m, causes);
	machine_emit(m, &(struct model_event){
		.kind = EV_RETRIGGER, .cpu = (uint16_t)cpu, .thread = k->number, .source = desc,
		.value = m->desc[desc].vector, .device = DEVICE_NONE, .causes = causes });
	machine_post(m, machine_ipi_ps(m, k->cpu, cpu), &(struct hw_event){
		.kind = HW_IPI_ARRIVES, .cpu = (uint16_t)cpu, .channel = k->cpu * m->config->cpus + cpu,
		.value = m->desc[desc].vector, .causes = causes });
}

static void irte_store(struct kthread *k, uint32_t entry, const struct irte *irte, uint32_t source)
{
	k->machine->irte[entry] = *irte;
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_ENTRY_WRITE, .detail = !irte->present, .cpu = k->cpu, .thread = k->number, .source = source,
		.device = DEVICE_NONE, .address = irte->cpu, .value = irte->vector });
}

void k_irte_write(struct kthread *k, uint32_t entry, const struct irte *irte, uint32_t source)
{
	step(k, timings_of(k)->entry_store_ps);
	irte_store(k, entry, irte, source);
}

struct irte k_irte_read(struct kthread *k, uint32_t entry)
{
	struct irte irte;

	step(k, 0);
	irte = k->machine->irte[entry];
	kapi_observe(k, (uint64_t)irte.posted << 32 | (uint64_t)irte.cpu << 16 | irte.vector << 1 |
			irte.present);
	return irte;
}

void k_irte_flush(struct kthread *k, uint32_t entry)
{
	k_irte_flush_range(k, entry, 1);
}

void k_irte_flush_range(struct kthread *k, uint32_t first, uint32_t count)
{
	step(k, 0);
	remap_table_flush(k, first, count);
}

void k_lpi_property(struct kthread *k, uint32_t lpi, uint32_t property)
{
	step(k, timings_of(k)->entry_store_ps);
	k->machine->gic.property[lpi - k->machine->vector_base] = (uint8_t)property;
}

static void its_wait(struct kthread *k)
{
	its_issue(k, &(struct its_command){ .kind = ITS_SYNC });
	while (k->waiting_sync) {
		k->machine->env->block(k);
	}
}

void k_its_command(struct kthread *k, const struct its_command *command)
{
	step(k, timings_of(k)->mmio_gap_ps);
	its_issue(k, command);
	if (command->kind != ITS_MAPD) {
		its_wait(k);
	}
}

void k_its_resend(struct kthread *k, uint32_t desc, const struct its_command *command)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	struct its_command resent = *command;

	step(k, timings_of(k)->mmio_gap_ps);
	resent.causes = d->pending;
	d->flags &= (uint16_t)~DESC_PENDING;
	d->pending = (struct causes){ 0, 0 };
	d->pending_origin = 0;
	causes_mark_retriggered(m, resent.causes);
	machine_emit(m, &(struct model_event){
		.kind = EV_RETRIGGER, .cpu = d->cpu, .thread = k->number, .source = desc,
		.value = d->vector, .device = DEVICE_NONE, .causes = resent.causes });
	its_issue(k, &resent);
	its_wait(k);
}

void k_spi_route(struct kthread *k, uint32_t spi, uint32_t cpu)
{
	step(k, timings_of(k)->gicd_write_ps);
	k_note(k, "SPI routed", SOURCE_NONE, cpu, spi);
	gic_route(k->machine, spi, cpu);
}

void k_spi_enable(struct kthread *k, uint32_t spi, bool enable)
{
	struct machine *m = k->machine;
	uint32_t index = spi - m->vector_base;

	step(k, timings_of(k)->gicd_write_ps);
	k_note(k, enable ? "SPI enabled" : "SPI disabled", SOURCE_NONE, m->gic.route[index], spi);
	gic_configure(m, spi, m->gic.route[index], GIC_PRIORITY_DEFAULT | (enable ? GIC_ENABLED : 0));
	if (!enable) {
		k_work(k, timings_of(k)->gicd_wait_ps);
	}
}

bool k_posted_control(struct kthread *k, uint32_t vcpu, struct posted_control control)
{
	struct posted_descriptor *d = &k->machine->posted[vcpu];

	step(k, 0);
	d->control = control;
	kapi_observe(k, d->on);
	return d->on;
}

void k_posted_recompute(struct kthread *k, uint32_t vcpu)
{
	struct posted_descriptor *d = &k->machine->posted[vcpu];

	step(k, 0);
	if (!posted_pir_empty(d)) {
		d->on = 1;
	}
}

void k_vcpu_apicv(struct kthread *k, uint32_t vcpu, bool on)
{
	step(k, 0);
	k->machine->vcpu[vcpu].apicv = on;
}

void k_hypercall(struct kthread *k)
{
	step(k, timings_of(k)->hypercall_ps);
}

void k_resend(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;
	struct irq_desc *d = &m->desc[desc];
	struct causes causes;

	step(k, 0);
	causes = d->pending;
	d->flags &= (uint16_t)~DESC_PENDING;
	d->pending = (struct causes){ 0, 0 };
	d->pending_origin = 0;
	causes_mark_retriggered(m, causes);
	machine_emit(m, &(struct model_event){
		.kind = EV_RETRIGGER, .cpu = d->cpu, .thread = k->number, .source = desc, .value = d->vector,
		.device = DEVICE_NONE, .causes = causes });
	machine_post(m, machine_ipi_ps(m, k->cpu, d->cpu), &(struct hw_event){
		.kind = HW_IPI_ARRIVES, .cpu = d->cpu, .channel = k->cpu * m->config->cpus + d->cpu,
		.value = d->vector, .causes = causes });
}
