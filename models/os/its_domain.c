// SPDX-License-Identifier: MIT
#include "models/os/its_domain.h"

#include "models/machine.h"
#include "models/os/gic_domain.h"
#include "models/os/kapi.h"

static void lay_out(struct machine *m, struct state_layout *layout)
{
	gic_lay_out(m, layout);
	its_lay_out(m, layout);
}

static int init(struct machine *m)
{
	gic_domain_init(m);
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		m->its.collection[cpu] =
			(struct its_collection){ .cpu = (uint16_t)cpu, .valid = 1 };
	}
	return 0;
}

static struct msi_message message(const struct machine *m, uint32_t desc)
{
	return (struct msi_message){ .address_lo = ITS_TRANSLATER, .data = m->source[desc].vector };
}

static struct its_command command_for(const struct machine *m, uint32_t desc,
				      enum its_command_kind kind)
{
	return (struct its_command){
		.kind = kind, .device = m->source[desc].device, .event = m->source[desc].vector,
		.collection = m->desc[desc].cpu, .lpi = m->desc[desc].vector };
}

static void boot(struct machine *m, uint32_t desc)
{
	const struct irq_desc *d = &m->desc[desc];
	uint32_t index = d->vector - m->vector_base;

	m->its.device[m->source[desc].device] = (struct its_device){ .valid = 1, .mapped = 1 };
	m->its.entry[desc] =
		(struct its_entry){ .valid = 1, .collection = d->cpu, .lpi = d->vector };
	m->gic.property[index] = GIC_PRIORITY_DEFAULT | GIC_ENABLED;
	m->gic.config[index] = m->gic.property[index];
}

static void map_device(struct kthread *k, uint32_t device, bool valid)
{
	struct its_device *mapped = &k->machine->its.device[device];

	kapi_observe(k, mapped->mapped);
	if (mapped->mapped != valid) {
		mapped->mapped = valid;
		k_its_command(k, &(struct its_command){
			.kind = ITS_MAPD, .device = device, .valid = valid });
	}
}

/*
 * The event is mapped, its LPI still disabled: whoever maps it unmasks it when the message is in
 * place.
 */
static void program(struct kthread *k, uint32_t desc)
{
	struct its_command mapti = command_for(k->machine, desc, ITS_MAPTI);

	map_device(k, mapti.device, true);
	k_lpi_property(k, mapti.lpi, GIC_PRIORITY_DEFAULT);
	k_its_command(k, &mapti);
}

static void mask(struct kthread *k, uint32_t desc, bool masked)
{
	struct its_command inv = command_for(k->machine, desc, ITS_INV);

	k_lpi_property(k, inv.lpi, GIC_PRIORITY_DEFAULT | (masked ? 0 : GIC_ENABLED));
	k_its_command(k, &inv);
}

static bool last_of_device(const struct machine *m, uint32_t desc)
{
	uint32_t device = m->source[desc].device;
	uint32_t first = m->device[device].first_source;

	for (uint32_t other = first; other < first + m->config->devices[device].vectors; other++) {
		if (other != desc && (m->desc[other].flags & DESC_ALLOCATED)) {
			return false;
		}
	}
	return true;
}

static void release(struct kthread *k, uint32_t desc)
{
	struct its_command discard = command_for(k->machine, desc, ITS_DISCARD);

	k_its_command(k, &discard);
	if (last_of_device(k->machine, desc)) {
		map_device(k, discard.device, false);
	}
}

static void resend(struct kthread *k, uint32_t desc)
{
	struct its_command again = command_for(k->machine, desc, ITS_INT);

	k_its_resend(k, desc, &again);
}

static void cpu_online(struct kthread *k, uint32_t cpu)
{
	k_its_command(k, &(struct its_command){
		.kind = ITS_MAPC, .collection = (uint16_t)cpu, .valid = true });
}

void its_move(struct kthread *k, uint32_t desc)
{
	struct its_command movi = command_for(k->machine, desc, ITS_MOVI);

	k_its_command(k, &movi);
}

const struct remap_unit its_unit = {
	.lay_out = lay_out, .init = init, .request = its_request, .looked_up = its_translated,
	.command_done = its_command_done, .message = message, .boot = boot,
	.program = program, .mask = mask, .release = release, .resend = resend,
	.cpu_online = cpu_online
};
