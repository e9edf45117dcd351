// SPDX-License-Identifier: MIT
#include "models/hw/fabric.h"

#include "models/hw/controller.h"
#include "models/hw/remap.h"
#include "models/machine.h"

/*
 * Where the destination is known when the message leaves, its whole flight is one event; a remapped one first flies to the
 * root complex, which is where its device's nearest CPU is.
 */
static uint64_t flight_ps(const struct machine *m, uint32_t device, uint64_t address, uint32_t data)
{
	const struct machine_config *config = m->config;
	uint32_t vector;
	uint32_t cpu;

	if (config->cpu_places == 1) {
		cpu = 0;
	} else if (m->remap || !m->controller->decode(m, address, data, &cpu, &vector)) {
		cpu = config->devices[device].socket * (config->cpus / config->sockets);
	}
	return machine_message_ps(m, device, cpu);
}

/* One message of the device is as far as completions push it. */
static void message_through(struct machine *m, uint32_t device)
{
	struct device *d = &m->device[device];

	d->in_flight--;
	if (!d->waiting) {
		return;
	}
	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		struct kthread *k = &m->thread[i];

		if (k->waiting_device == device + 1 && k->waiting_messages && !--k->waiting_messages) {
			m->env->wake(m, i);
		}
	}
}

void fabric_send(struct machine *m, uint32_t device, uint64_t address, uint32_t data, struct causes causes)
{
	struct device *d = &m->device[device];
	uint64_t arrives_ps = m->now_ps + flight_ps(m, device, address, data);

	if (arrives_ps < d->arrives_ps) {
		arrives_ps = d->arrives_ps;
	}
	d->arrives_ps = arrives_ps;
	d->in_flight++;
	machine_post(m, arrives_ps - m->now_ps, &(struct hw_event){
		.kind = HW_MESSAGE_ARRIVES, .device = device, .channel = device,
		.address = address, .value = data, .causes = causes });
}

void fabric_request_done(struct machine *m, uint32_t device)
{
	if (m->config->fabric == FABRIC_ORDERED) {
		message_through(m, device);
	}
}

void fabric_drop(struct machine *m, uint32_t device, struct causes causes, enum loss loss)
{
	causes_lose(m, &causes, loss, CPU_NONE, 0);
	fabric_request_done(m, device);
}

void fabric_message_arrives(struct machine *m, const struct hw_event *event)
{
	struct causes causes = event->causes;
	uint32_t cpu;
	uint32_t vector;

	if (m->config->fabric == FABRIC_WEAK) {
		message_through(m, event->device);
	}
	if (m->remap) {
		m->remap->request(m, event->device, event->address, event->value, causes);
		return;
	}
	if (!m->controller->decode(m, event->address, event->value, &cpu, &vector)) {
		fabric_drop(m, event->device, causes, LOSS_DROPPED);
		return;
	}
	fabric_deliver(m, event->device, cpu, vector, causes);
}

void fabric_deliver(struct machine *m, uint32_t device, uint32_t cpu, uint32_t vector, struct causes causes)
{
	if (m->config->fabric == FABRIC_ORDERED) {
		controller_accept(m, cpu, vector, causes, false);
		message_through(m, device);
		return;
	}
	machine_post(m, m->config->timings.fabric_hop_ps, &(struct hw_event){
		.kind = HW_FABRIC_DELIVERS, .cpu = (uint16_t)cpu, .device = device, .channel = UINT32_MAX,
		.value = vector, .causes = causes });
}

void fabric_delivers(struct machine *m, const struct hw_event *event)
{
	controller_accept(m, event->cpu, event->value, event->causes, false);
}

void fabric_post_write(struct machine *m, uint32_t cpu, uint32_t device, uint32_t vector, enum device_register reg,
		       uint32_t value)
{
	uint32_t channel = device * m->config->cpus + cpu;

	/* One constant time for each CPU and device keeps them in order. */
	m->posted_writes[channel]++;
	machine_post(m, machine_write_ps(m, device, cpu), &(struct hw_event){
		.kind = HW_WRITE_LANDS, .flag = (uint8_t)reg, .cpu = (uint16_t)cpu, .device = device,
		.channel = channel, .value = value, .address = vector });
}

void fabric_write_lands(struct machine *m, const struct hw_event *event)
{
	uint32_t vector = (uint32_t)event->address;

	m->posted_writes[event->channel]--;
	machine_emit(m, &(struct model_event){
		.kind = EV_WRITE, .detail = event->flag, .cpu = event->cpu, .device = event->device,
		.source = m->device[event->device].first_source + vector, .value = event->value,
		.thread = THREAD_NONE });
	device_write(m, event->device, vector, event->flag, event->value);
	if (m->posted_writes[event->channel]) {
		return;
	}
	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_writes == event->device + 1 && m->thread[i].cpu == event->cpu) {
			m->env->wake(m, i);
		}
	}
}

void fabric_wait_writes(struct kthread *k, uint32_t device)
{
	struct machine *m = k->machine;

	k->waiting_writes = device + 1;
	while (m->posted_writes[device * m->config->cpus + k->cpu]) {
		m->env->block(k);
	}
	k->waiting_writes = 0;
}

void fabric_wait_completion(struct kthread *k, uint32_t device)
{
	struct machine *m = k->machine;
	struct device *d = &m->device[device];

	if (!d->in_flight) {
		return;
	}
	k->waiting_device = device + 1;
	k->waiting_messages = d->in_flight;
	d->waiting++;
	while (k->waiting_messages) {
		m->env->block(k);
	}
	d->waiting--;
	k->waiting_device = 0;
}
