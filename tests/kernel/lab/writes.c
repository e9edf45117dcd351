// SPDX-License-Identifier: MIT
/*
 * Sees every write to the subject's message registers, whoever makes it, just before it is made. On
 * request the writer waits there until the device has raised, which places a raise between two
 * writes of the kernel's.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>

#include "lab.h"

/* Longer than a DMA of the device, which raises 100 ms after its start. */
#define WRITES_WAIT_US 300000
#define WRITES_WAIT_STEP_US 20

struct message_writes message_writes;

static void wait_for_status(void)
{
	u32 waited_us;

	for (waited_us = 0; waited_us < WRITES_WAIT_US; waited_us += WRITES_WAIT_STEP_US) {
		if (edu_status(SUBJECT)) {
			return;
		}
		udelay(WRITES_WAIT_STEP_US);
	}
}

static void on_message_write(void)
{
	u32 number = atomic_inc_return(&message_writes.count);

	if (!READ_ONCE(message_writes.place)) {
		return;
	}
	if (number == message_writes.wait_before) {
		wait_for_status();
	}
	if (!message_writes.raised_before && edu_status(SUBJECT)) {
		message_writes.raised_before = number;
	}
}

/* Arguments of both functions: device, register, value. */
static int on_config_write(struct kprobe *probe, struct pt_regs *regs)
{
	u32 reg = (u32)regs->si - SUBJECT->pci->msi_cap;

	if ((struct pci_dev *)regs->di == SUBJECT->pci &&
	    (reg == PCI_MSI_ADDRESS_LO || reg == PCI_MSI_ADDRESS_HI || reg == PCI_MSI_DATA_64)) {
		on_message_write();
	}
	return 0;
}

static struct kprobe dword_probe = {
	.symbol_name = "pci_write_config_dword",
	.pre_handler = on_config_write,
};
static struct kprobe word_probe = {
	.symbol_name = "pci_write_config_word",
	.pre_handler = on_config_write,
};
static struct kprobe *write_probes[] = { &dword_probe, &word_probe };

int writes_watch(void)
{
	return register_kprobes(write_probes, ARRAY_SIZE(write_probes));
}

void writes_unwatch(void)
{
	unregister_kprobes(write_probes, ARRAY_SIZE(write_probes));
}
