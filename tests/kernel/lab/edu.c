// SPDX-License-Identifier: MIT
/* QEMU's edu device (its registers are documented in QEMU's docs/specs/edu). */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/irq.h>
#include <linux/jiffies.h>
#include <asm/hw_irq.h>

#include "lab.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

#define EDU_STATUS 0x24
#define EDU_RAISE 0x60
#define EDU_ACKNOWLEDGE 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_TARGET 0x88
#define EDU_DMA_SIZE 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_RUN 0x1
#define EDU_DMA_INTERRUPT 0x4
/* The device's own memory, where a DMA from RAM may land; anything else ends the emulator. */
#define EDU_DMA_MEMORY 0x40000

#define EDU_WAIT_MS 5000
#define EDU_MOVE_TRIES 1000

static void *dma_memory;
static dma_addr_t dma_address;

void edu_raise(struct edu *edu)
{
	iowrite32(EDU_STATUS_RAISED, edu->regs + EDU_RAISE);
}

u32 edu_status(struct edu *edu)
{
	return ioread32(edu->regs + EDU_STATUS);
}

void edu_acknowledge(struct edu *edu, u32 status)
{
	iowrite32(status, edu->regs + EDU_ACKNOWLEDGE);
}

/* The device raises by itself when the DMA ends, 100 ms of guest time from now. */
void edu_dma_start(struct edu *edu)
{
	writeq(dma_address, edu->regs + EDU_DMA_SOURCE);
	writeq(EDU_DMA_MEMORY, edu->regs + EDU_DMA_TARGET);
	writeq(4, edu->regs + EDU_DMA_SIZE);
	writeq(EDU_DMA_RUN | EDU_DMA_INTERRUPT, edu->regs + EDU_DMA_COMMAND);
}

/* The device ends its DMA and raises in one step. */
bool edu_dma_is_running(struct edu *edu)
{
	return readl(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_RUN;
}

void edu_message_read(struct edu *edu, struct message *message)
{
	u8 msi = edu->pci->msi_cap;

	pci_read_config_dword(edu->pci, msi + PCI_MSI_ADDRESS_LO, &message->address_lo);
	pci_read_config_dword(edu->pci, msi + PCI_MSI_ADDRESS_HI, &message->address_hi);
	pci_read_config_word(edu->pci, msi + PCI_MSI_DATA_64, &message->data);
}

u32 edu_vector(struct edu *edu)
{
	return irqd_cfg(irq_get_irq_data(edu->irq))->vector;
}

u32 edu_cpu(struct edu *edu)
{
	return cpumask_first(irq_data_get_effective_affinity_mask(irq_get_irq_data(edu->irq)));
}

/*
 * The status is cleared before the raise is settled: the raiser may raise again as soon as it is.
 */
static irqreturn_t edu_interrupt(int irq, void *context)
{
	struct edu *edu = context;
	u32 status = edu_status(SUBJECT);

	if (edu != SUBJECT) {
		edu_acknowledge(edu, edu_status(edu));
	}
	if (!status) {
		atomic_inc(&lab.counts.empty);
		return IRQ_HANDLED;
	}
	edu_acknowledge(SUBJECT, status);
	if (atomic_xchg(&lab.outstanding, 0)) {
		atomic_inc(&lab.counts.handled);
	} else {
		atomic_inc(&lab.counts.empty);
	}
	return IRQ_HANDLED;
}

/*
 * Returns when the handler has run: a move that the kernel makes in the acknowledge comes before
 * it. A busy host can delay the CPU of the interrupt, so only seconds are a failure.
 */
int edu_raise_and_wait(struct edu *edu)
{
	unsigned long end = jiffies + msecs_to_jiffies(EDU_WAIT_MS);

	edu_raise(edu);
	while (edu_status(edu)) {
		if (time_after(jiffies, end)) {
			pr_err("race_lab: the handler of irq %d does not run\n", edu->irq);
			return -ETIMEDOUT;
		}
		usleep_range(100, 200);
	}
	return 0;
}

/*
 * Without remapping the kernel moves an interrupt only in its own acknowledge, so it must be
 * raised: once to move, and once more so that the new CPU releases the old vector. While an earlier
 * move is being cleaned up nothing happens.
 */
int edu_move_and_wait(struct edu *edu, u32 cpu)
{
	u32 tries;

	for (tries = 0; edu_cpu(edu) != cpu; tries++) {
		int err = irq_set_affinity(edu->irq, cpumask_of(cpu));

		if (tries == EDU_MOVE_TRIES) {
			pr_err("race_lab: irq %d does not move to CPU %u\n", edu->irq, cpu);
			return -ETIMEDOUT;
		}
		if (err && err != -EBUSY) {
			return err;
		}
		err = edu_raise_and_wait(edu);
		if (err) {
			return err;
		}
		usleep_range(1000, 2000);
	}
	return edu_raise_and_wait(edu);
}

static int edu_open(struct edu *edu, struct pci_dev *pci)
{
	int err = pci_enable_device(pci);

	if (err) {
		return err;
	}
	pci_set_master(pci);
	err = dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(28));
	if (err) {
		goto disable;
	}
	edu->regs = pci_iomap(pci, 0, 0);
	if (!edu->regs) {
		err = -ENOMEM;
		goto disable;
	}
	err = pci_alloc_irq_vectors(pci, 1, 1, PCI_IRQ_MSI);
	if (err < 0) {
		goto unmap;
	}
	edu->pci = pci_dev_get(pci);
	edu->irq = pci_irq_vector(pci, 0);
	edu_acknowledge(edu, edu_status(edu));
	err = request_irq(edu->irq, edu_interrupt, 0, "race_lab", edu);
	if (err) {
		goto free_vectors;
	}
	return 0;

free_vectors:
	pci_dev_put(pci);
	pci_free_irq_vectors(pci);
unmap:
	pci_iounmap(pci, edu->regs);
disable:
	pci_disable_device(pci);
	return err;
}

static void edu_close(struct edu *edu)
{
	free_irq(edu->irq, edu);
	pci_free_irq_vectors(edu->pci);
	pci_iounmap(edu->pci, edu->regs);
	pci_disable_device(edu->pci);
	pci_dev_put(edu->pci);
}

void edu_release_all(void)
{
	if (dma_memory) {
		dma_free_coherent(&SUBJECT->pci->dev, 4, dma_memory, dma_address);
		dma_memory = NULL;
	}
	while (lab.devices) {
		edu_close(&lab.edu[--lab.devices]);
	}
}

int edu_find_all(void)
{
	struct pci_dev *pci = NULL;
	int err;

	while (lab.devices < LAB_DEVICES_MAX &&
	       (pci = pci_get_device(EDU_VENDOR, EDU_DEVICE, pci))) {
		err = edu_open(&lab.edu[lab.devices], pci);
		if (err) {
			pr_err("race_lab: %s: %d\n", pci_name(pci), err);
			pci_dev_put(pci);
			goto release;
		}
		lab.devices++;
	}
	pci_dev_put(pci);
	if (!lab.devices) {
		return -ENODEV;
	}
	dma_memory = dma_alloc_coherent(&SUBJECT->pci->dev, 4, &dma_address, GFP_KERNEL);
	if (dma_memory) {
		return 0;
	}
	err = -ENOMEM;
release:
	edu_release_all();
	return err;
}
