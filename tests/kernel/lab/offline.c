// SPDX-License-Identifier: MIT
/*
 * The CPU that receives the interrupt goes offline while the device raises by itself, at the end of
 * a DMA. The kernel then rewrites the message from a context that owes no handler run: what is torn
 * there stays undone.
 *
 * The writes are address low, address high, data; the careful path makes them twice: {old CPU, new
 * vector} first.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/jiffies.h>

#include "lab.h"

#define OFFLINE_CPU (LAB_TARGET_FIRST + 1)
#define OFFLINE_WAIT_MS 5000

/* Too large for a stack. */
static struct cpumask allowed;

/*
 * Puts the subject on the CPU that will go, with another vector than it will get on the CPU that
 * stays.
 */
static int subject_place(void)
{
	u32 vector;
	int err = edu_move_and_wait(SUBJECT, OFFLINE_CPU);

	if (err) {
		return err;
	}
	vector = edu_vector(SUBJECT);
	err = edu_move_and_wait(SUBJECT, LAB_TARGET_FIRST);
	if (!err && edu_vector(SUBJECT) == vector) {
		/* A donor takes the vector that the subject would get again. */
		err = edu_move_and_wait(SUBJECT, OFFLINE_CPU);
		err = err ?: edu_move_and_wait(&lab.edu[1], LAB_TARGET_FIRST);
	}
	err = err ?: edu_move_and_wait(SUBJECT, OFFLINE_CPU);
	if (err) {
		return err;
	}
	/* Allow the CPU that stays too, so that the move goes there. */
	cpumask_clear(&allowed);
	cpumask_set_cpu(LAB_TARGET_FIRST, &allowed);
	cpumask_set_cpu(OFFLINE_CPU, &allowed);
	err = irq_set_affinity(SUBJECT->irq, &allowed);
	return err ?: edu_raise_and_wait(SUBJECT);
}

/*
 * The first and the last write of a cycle to the cache line size, a register that means nothing to
 * this device, mark the cycle in the emulator's log of configuration writes.
 */
static void mark(u8 value)
{
	pci_write_config_byte(SUBJECT->pci, PCI_CACHE_LINE_SIZE, value);
}

static int go_offline_under_dma(u32 wait_before_write)
{
	int err;

	atomic_set(&message_writes.count, 0);
	message_writes.wait_before = wait_before_write;
	message_writes.raised_before = 0;
	WRITE_ONCE(message_writes.place, true);
	atomic_set(&lab.outstanding, 1);
	atomic_inc(&lab.counts.raised);
	/* It raises in 100 ms: the CPU has to arrive at the wait before. */
	edu_dma_start(SUBJECT);
	err = remove_cpu(OFFLINE_CPU);
	WRITE_ONCE(message_writes.place, false);
	return err;
}

/*
 * Return: 1 if the device has raised and nobody will ever handle it, 0 if it was handled. Two looks
 * at the pending vectors, for a retrigger may be sent on between them.
 */
static int is_stale(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(OFFLINE_WAIT_MS);
	u32 quiet = 0;

	while (edu_dma_is_running(SUBJECT)) {
		if (time_after(jiffies, end)) {
			pr_err("race_lab: the DMA does not end\n");
			return -ETIMEDOUT;
		}
		usleep_range(1000, 2000);
	}
	while (atomic_read(&lab.outstanding) && quiet < 2) {
		quiet = raise_is_under_way() ? 0 : quiet + 1;
	}
	return atomic_xchg(&lab.outstanding, 0);
}

static int offline_cycle(u32 cycle, u32 wait_before_write)
{
	u32 old_vector;
	u32 old_cpu;
	int stale;
	int err = subject_place();

	if (err) {
		return err;
	}
	old_vector = edu_vector(SUBJECT);
	old_cpu = edu_cpu(SUBJECT);
	mark(LAB_MARK_BEGIN | cycle % LAB_MARK_BEGIN);
	err = go_offline_under_dma(wait_before_write);
	if (err) {
		return err;
	}
	stale = is_stale();
	mark(cycle % LAB_MARK_BEGIN);
	if (stale < 0) {
		return stale;
	}
	if (stale) {
		atomic_inc(&lab.counts.lost);
		if (!(edu_status(SUBJECT) & EDU_STATUS_DMA)) {
			pr_err("race_lab: the status is gone, but no handler ran\n");
			return -EIO;
		}
	}
	pr_info("race_lab: cycle=%u old=%u/%u new=%u/%u writes=%d raised_before=%u %s\n", cycle,
		old_cpu, old_vector, edu_cpu(SUBJECT), edu_vector(SUBJECT),
		atomic_read(&message_writes.count), message_writes.raised_before,
		stale ? "stale" : "handled");
	edu_acknowledge(SUBJECT, edu_status(SUBJECT));
	return add_cpu(OFFLINE_CPU);
}

int offline_cycles(u32 cycles, u32 wait_before_write)
{
	u32 i;
	int err = 0;

	for (i = 0; i < cycles && !err; i++) {
		err = offline_cycle(i, wait_before_write);
	}
	return err;
}
