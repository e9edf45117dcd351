// SPDX-License-Identifier: MIT
#include "models/hw/its.h"

#include "models/hw/controller.h"
#include "models/hw/fabric.h"
#include "models/machine.h"

/* No device's command has this channel. */
#define QUEUE_CHANNEL UINT32_MAX

const char *its_command_name(enum its_command_kind kind)
{
	static const char *const names[ITS_COMMANDS] = {
		[ITS_MAPD] = "MAPD", [ITS_MAPC] = "MAPC", [ITS_MAPTI] = "MAPTI",
		[ITS_MOVI] = "MOVI", [ITS_INV] = "INV", [ITS_INT] = "INT",
		[ITS_DISCARD] = "DISCARD", [ITS_SYNC] = "SYNC"
	};

	return names[kind];
}

void its_lay_out(struct machine *m, struct state_layout *layout)
{
	struct its *its = &m->its;

	its->device = state_place(layout, m->config->devices_count * sizeof(*its->device));
	its->entry = state_place(layout, m->sources_count * sizeof(*its->entry));
	its->collection = state_place(layout, m->config->cpus * sizeof(*its->collection));
	its->queue = state_place(layout, sizeof(*its->queue));
}

/*
 * The place of an event in its device's ITT; NULL where the device is not mapped or the event is
 * beyond it.
 */
static struct its_entry *place_of(const struct machine *m, uint32_t device, uint32_t event)
{
	if (!m->its.device[device].valid || event >= m->config->devices[device].vectors) {
		return NULL;
	}
	return &m->its.entry[m->device[device].first_source + event];
}

/* The entry of an event that is mapped all the way to a redistributor; NULL where it is not. */
static struct its_entry *entry_of(const struct machine *m, uint32_t device, uint32_t event)
{
	struct its_entry *entry = place_of(m, device, event);

	return entry && entry->valid && m->its.collection[entry->collection].valid ? entry : NULL;
}

static uint32_t cpu_of(const struct machine *m, const struct its_entry *entry)
{
	return m->its.collection[entry->collection].cpu;
}

void its_request(struct machine *m, uint32_t device, uint64_t address, uint32_t data,
		 struct causes causes)
{
	const struct model_timings *timings = &m->config->timings;
	const struct its_entry *entry = entry_of(m, device, data);
	struct device *d = &m->device[device];
	uint64_t ready_ps = m->now_ps;

	if (address != ITS_TRANSLATER) {
		fabric_drop(m, device, causes, LOSS_DROPPED);
		return;
	}
	ready_ps += entry && entry->cached ? timings->remap_hit_ps : timings->remap_miss_ps;
	if (ready_ps < d->remapped_ps) {
		ready_ps = d->remapped_ps;
	}
	d->remapped_ps = ready_ps;
	machine_post(m, ready_ps - m->now_ps, &(struct hw_event){
		.kind = HW_REMAP_DONE, .device = device, .channel = device, .value = data,
		.causes = causes });
}

void its_translated(struct machine *m, const struct hw_event *event)
{
	struct its_entry *entry = entry_of(m, event->device, event->value);

	if (!entry) {
		fabric_drop(m, event->device, event->causes, LOSS_DROPPED);
		return;
	}
	entry->cached = m->config->remap_cache;
	controller_accept(m, cpu_of(m, entry), entry->lpi, event->causes, false);
	fabric_request_done(m, event->device);
}

static void emit_command(struct machine *m, const struct its_command *command, uint16_t thread,
			 uint8_t detail)
{
	bool of_device = command->kind != ITS_MAPC && command->kind != ITS_SYNC;

	machine_emit(m, &(struct model_event){
		.kind = EV_COMMAND, .detail = detail, .thread = thread, .cpu = command->collection,
		.device = of_device ? command->device : DEVICE_NONE, .source = SOURCE_NONE,
		.value = command->event, .text = its_command_name(command->kind) });
}

/* A command on its way through the calendar. */
static struct hw_event packed(const struct its_command *command)
{
	return (struct hw_event){
		.kind = HW_COMMAND_DONE, .flag = COMMAND_OF_REMAP, .channel = QUEUE_CHANNEL,
		.cpu = command->collection, .device = command->device, .value = command->event,
		.address = (uint64_t)command->kind << 48 | (uint64_t)command->valid << 32 |
			   command->lpi,
		.causes = command->causes };
}

static struct its_command unpacked(const struct hw_event *event)
{
	return (struct its_command){
		.kind = (enum its_command_kind)(event->address >> 48),
		.valid = event->address >> 32 & 1,
		.lpi = (uint32_t)event->address, .collection = event->cpu, .device = event->device,
		.event = event->value, .causes = event->causes };
}

void its_issue(struct kthread *k, const struct its_command *command)
{
	struct machine *m = k->machine;
	const struct model_timings *timings = &m->config->timings;
	struct its_queue *queue = m->its.queue;
	struct its_command issued = *command;
	struct hw_event event;

	if (queue->busy_ps < m->now_ps) {
		queue->busy_ps = m->now_ps;
	}
	queue->busy_ps +=
		command->kind == ITS_SYNC ? timings->its_sync_ps : timings->its_command_ps;
	queue->outstanding++;
	emit_command(m, command, k->number, 0);
	if (command->kind == ITS_SYNC) {
		issued.event = k->number;
		k->waiting_sync = 1;
	}
	event = packed(&issued);
	machine_post(m, queue->busy_ps - m->now_ps, &event);
}

static void unmap_device(struct machine *m, uint32_t device)
{
	uint32_t first = m->device[device].first_source;

	for (uint32_t event = 0; event < m->config->devices[device].vectors; event++) {
		m->its.entry[first + event] = (struct its_entry){ 0 };
	}
}

static void mapti(struct machine *m, const struct its_command *command)
{
	struct its_entry *entry = place_of(m, command->device, command->event);

	if (entry) {
		*entry = (struct its_entry){
			.valid = 1, .collection = command->collection, .lpi = command->lpi };
		gic_configure(m, command->lpi, m->its.collection[command->collection].cpu,
			      m->gic.property[command->lpi - m->vector_base]);
	}
}

static void movi(struct machine *m, struct its_entry *entry, uint16_t collection)
{
	uint32_t from = cpu_of(m, entry);

	entry->collection = collection;
	entry->cached = 0;
	if (from != cpu_of(m, entry)) {
		controller_transfer(m, from, cpu_of(m, entry), entry->lpi);
	}
}

static void discard(struct machine *m, struct its_entry *entry)
{
	uint32_t cpu = cpu_of(m, entry);
	struct causes causes = controller_withdraw(m, cpu, entry->lpi);

	causes_lose(m, &causes, LOSS_DROPPED, cpu, entry->lpi);
	*entry = (struct its_entry){ 0 };
}

/* What a command does to an entry; one for an event that is not mapped does nothing. */
static void on_entry(struct machine *m, const struct its_command *command)
{
	struct its_entry *entry = entry_of(m, command->device, command->event);
	struct causes causes = command->causes;

	if (!entry) {
		causes_lose(m, &causes, LOSS_DROPPED, CPU_NONE, 0);
		return;
	}
	switch (command->kind) {
	case ITS_MOVI:
		movi(m, entry, command->collection);
		break;
	case ITS_INV:
		gic_configure(m, entry->lpi, cpu_of(m, entry),
			      m->gic.property[entry->lpi - m->vector_base]);
		break;
	case ITS_INT:
		controller_accept(m, cpu_of(m, entry), entry->lpi, causes, true);
		break;
	default:
		discard(m, entry);
		break;
	}
}

static void carry_out(struct machine *m, const struct its_command *command)
{
	switch (command->kind) {
	case ITS_MAPD:
		m->its.device[command->device].valid = command->valid;
		if (!command->valid) {
			unmap_device(m, command->device);
		}
		break;
	case ITS_MAPC:
		m->its.collection[command->collection] = (struct its_collection){
			.cpu = command->collection, .valid = command->valid };
		break;
	case ITS_MAPTI:
		mapti(m, command);
		break;
	case ITS_SYNC:
		m->thread[command->event].waiting_sync = 0;
		m->env->wake(m, command->event);
		break;
	case ITS_MOVI:
	case ITS_INV:
	case ITS_INT:
	case ITS_DISCARD:
		on_entry(m, command);
		break;
	case ITS_COMMANDS:
		break;
	}
}

void its_command_done(struct machine *m, const struct hw_event *event)
{
	struct its_command command = unpacked(event);

	if (!--m->its.queue->outstanding) {
		m->its.queue->busy_ps = 0;
	}
	emit_command(m, &command, THREAD_NONE, 1);
	carry_out(m, &command);
}
