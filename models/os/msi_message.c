// SPDX-License-Identifier: MIT
#include "models/os/msi_message.h"

#include "models/machine.h"
#include "models/os/kapi.h"

/* Where the registers of an interrupt's message are, and how the kernel reaches them. */
struct message_place {
	uint32_t device;
	uint32_t vector;
	enum device_kind kind;
	const struct device_config *config;
};

static struct message_place place_of(const struct kthread *k, uint32_t desc)
{
	const struct source *source = &k->machine->source[desc];

	return (struct message_place){
		source->device, source->vector, device_kind_of(k->machine, desc),
		&k->machine->config->devices[source->device]
	};
}

static void write_register(struct kthread *k, const struct message_place *at, enum device_register reg, uint32_t value)
{
	if (at->kind == DEVICE_MSI) {
		k_cfg_write(k, at->device, at->vector, reg, value);
	} else {
		k_mmio_write(k, at->device, at->vector, reg, value);
	}
}

void msi_write_address(struct kthread *k, uint32_t desc, struct msi_message message)
{
	struct message_place at = place_of(k, desc);

	write_register(k, &at, REG_ADDRESS_LO, message.address_lo);
	if (at.kind != DEVICE_MSI || at.config->address_64) {
		write_register(k, &at, REG_ADDRESS_HI, message.address_hi);
	}
}

void msi_write_data(struct kthread *k, uint32_t desc, struct msi_message message)
{
	struct message_place at = place_of(k, desc);

	write_register(k, &at, REG_DATA, message.data);
}

void msi_write_control(struct kthread *k, uint32_t desc, uint32_t control)
{
	struct message_place at = place_of(k, desc);

	k_cfg_write(k, at.device, at.vector, REG_CONTROL, control);
}

void msi_write_flush(struct kthread *k, uint32_t desc)
{
	struct message_place at = place_of(k, desc);

	if (at.kind == DEVICE_MSI) {
		k_cfg_read(k, at.device, at.vector, REG_CONTROL);
	} else {
		k_mmio_read(k, at.device, at.vector, REG_DATA);
	}
}

/* The control word of PCI MSI is written back with the number of enabled messages: a cycle that changes nothing here. */
static void write_msi(struct kthread *k, uint32_t desc, struct msi_message message)
{
	struct message_place at = place_of(k, desc);
	uint32_t control = k_cfg_read(k, at.device, at.vector, REG_CONTROL);

	k_cfg_write(k, at.device, at.vector, REG_CONTROL, control);
	msi_write_address(k, desc, message);
	msi_write_data(k, desc, message);
	msi_write_flush(k, desc);
}

static void write_msix(struct kthread *k, uint32_t desc, struct msi_message message)
{
	struct message_place at = place_of(k, desc);
	bool unmasked = !(k->machine->desc[desc].flags & DESC_MASKED);

	kapi_observe(k, unmasked);
	if (unmasked) {
		k_mmio_write(k, at.device, at.vector, REG_MASK, 1);
	}
	msi_write_address(k, desc, message);
	msi_write_data(k, desc, message);
	if (unmasked) {
		k_mmio_write(k, at.device, at.vector, REG_MASK, 0);
	}
	msi_write_flush(k, desc);
}

/*
 * An IMS slot, whose mask is the kernel's business (irq_mask()), or the write_msg callback of a platform device or a bridge: where
 * that is atomic the device takes the whole message with its data.
 */
static void write_plain(struct kthread *k, uint32_t desc, struct msi_message message)
{
	msi_write_address(k, desc, message);
	msi_write_data(k, desc, message);
	msi_write_flush(k, desc);
}

void msi_write_message(struct kthread *k, uint32_t desc, struct msi_message message)
{
	machine_emit(k->machine, &(struct model_event){
		.kind = EV_MESSAGE_WRITE, .cpu = k->cpu, .thread = k->number, .source = desc,
		.device = k->machine->source[desc].device,
		.address = (uint64_t)message.address_hi << 32 | message.address_lo, .value = message.data });
	switch (device_kind_of(k->machine, desc)) {
	case DEVICE_MSI:
		write_msi(k, desc, message);
		break;
	case DEVICE_MSIX:
		write_msix(k, desc, message);
		break;
	case DEVICE_IMS:
	case DEVICE_PLATFORM:
	case DEVICE_WIRED:
		if (machine_domain(k->machine, desc)->indexless) {
			k_context_message(k, desc, message);
		} else {
			write_plain(k, desc, message);
		}
		break;
	}
}
