// SPDX-License-Identifier: MIT
/*
 * Ways to change the message of an MSI that cannot be masked. The device composes a message from
 * what its registers hold when it raises, so a raise between two writes sends a mixture:
 *
 *   A  address, data                {new CPU, old vector}  nobody's vector: lost
 *   D  data, address                {old CPU, new vector}  nobody's vector: lost
 *   M  off, address, data, on       nothing                no message at all: lost
 *   U  {old CPU, new vector} first  the temporary message  nobody looks for it: lost
 *   T  the same, and an IRR check   the temporary message  found, sent on: handled
 *
 * U and T run on the old CPU with interrupts off, so that the temporary message stays in the IRR
 * and can be seen.
 */
#include <linux/delay.h>
#include <linux/random.h>
#include <linux/workqueue.h>
#include <asm/apic.h>

#include "lab.h"

/* Longest pause before an update in its thread, so that it meets raises of every phase. */
#define PROTOCOLS_PAUSE_US 64

static void write_address(const struct message *message)
{
	u8 msi = SUBJECT->pci->msi_cap;

	pci_write_config_dword(SUBJECT->pci, msi + PCI_MSI_ADDRESS_LO, message->address_lo);
	pci_write_config_dword(SUBJECT->pci, msi + PCI_MSI_ADDRESS_HI, message->address_hi);
}

static void write_data(const struct message *message)
{
	pci_write_config_word(SUBJECT->pci, SUBJECT->pci->msi_cap + PCI_MSI_DATA_64, message->data);
}

static void write_enable(bool enable)
{
	u16 flags;

	pci_read_config_word(SUBJECT->pci, SUBJECT->pci->msi_cap + PCI_MSI_FLAGS, &flags);
	flags = enable ? flags | PCI_MSI_FLAGS_ENABLE : flags & ~PCI_MSI_FLAGS_ENABLE;
	pci_write_config_word(SUBJECT->pci, SUBJECT->pci->msi_cap + PCI_MSI_FLAGS, flags);
}

static void update_address_first(const struct message *old, const struct message *new, u32 old_cpu,
	u32 new_cpu, u32 gap_us)
{
	write_address(new);
	/* A raise now goes to the new CPU with the old vector, which nobody owns there. */
	udelay(gap_us);
	write_data(new);
}

static void update_data_first(const struct message *old, const struct message *new, u32 old_cpu,
	u32 new_cpu, u32 gap_us)
{
	write_data(new);
	/* A raise now goes to the old CPU with the new vector, which nobody owns there. */
	udelay(gap_us);
	write_address(new);
}

static void update_msi_off(const struct message *old, const struct message *new, u32 old_cpu,
	u32 new_cpu, u32 gap_us)
{
	write_enable(false);
	/* A raise now sends nothing: INTx is off too, and this MSI has no pending bit. */
	write_address(new);
	udelay(gap_us);
	write_data(new);
	write_enable(true);
}

struct temporary_update {
	const struct message *new;
	u32 new_cpu;
	u32 gap_us;
	bool check;
};

static bool is_pending_here(u32 vector)
{
	return apic->read(APIC_IRR + (vector / 32) * 0x10) & BIT(vector % 32);
}

/* In a thread on the old CPU, so that the raises that come before are handled before. */
static long update_through_temporary(void *context)
{
	const struct temporary_update *update = context;
	u32 vector = update->new->data & 0xff;

	deliveries_expect_temporary(smp_processor_id(), vector);
	udelay(get_random_u32() % PROTOCOLS_PAUSE_US);
	local_irq_disable();
	write_data(update->new);
	/*
	 * A raise now goes to this CPU with the new vector and stays in the IRR until the check
	 * below.
	 */
	udelay(update->gap_us);
	write_address(update->new);
	/* A raise now is the new CPU's. */
	if (update->check && is_pending_here(vector)) {
		atomic_inc(&lab.counts.rescued);
		apic->send_IPI(update->new_cpu, vector);
	}
	local_irq_enable();
	return 0;
}

static void update_temporary_unchecked(const struct message *old, const struct message *new,
	u32 old_cpu, u32 new_cpu, u32 gap_us)
{
	struct temporary_update update = { new, new_cpu, gap_us, .check = false };

	work_on_cpu(old_cpu, update_through_temporary, &update);
}

static void update_temporary(const struct message *old, const struct message *new, u32 old_cpu,
	u32 new_cpu, u32 gap_us)
{
	struct temporary_update update = { new, new_cpu, gap_us, .check = true };

	work_on_cpu(old_cpu, update_through_temporary, &update);
}

static const struct protocol protocols[] = {
	{ 'A', update_address_first },
	{ 'D', update_data_first },
	{ 'M', update_msi_off },
	{ 'U', update_temporary_unchecked },
	{ 'T', update_temporary },
};

const struct protocol *protocol_find(char letter)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (protocols[i].letter == letter) {
			return &protocols[i];
		}
	}
	return NULL;
}
