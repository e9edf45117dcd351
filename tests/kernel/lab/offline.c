// SPDX-License-Identifier: MIT
/*
 * The CPU that receives the interrupt goes offline while the device raises by itself, at the end of a DMA. The kernel then
 * rewrites the message from a context that owes no handler run: what is torn there stays undone.
 *
 * The writes are address low, address high, data; the careful path makes them twice: {old CPU, new vector} first.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/irq.h>

#include "lab.h"

#define OFFLINE_CPU (LAB_TARGET_FIRST + 1)
/* Behind the start of the DMA; the device raises 100 ms after it, when the CPU has long arrived at the wait. */
#define OFFLINE_BEGIN_MS 20
/* Long enough for a pending vector to be handled; a stale device stays stale however long it is watched. */
#define OFFLINE_WATCH_MS 100

/* Too large for a stack. */
static struct cpumask allowed;

/* Puts the subject on the CPU that will go, with another vector than it will get on the CPU that stays. */
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
	edu_raise(SUBJECT);
	usleep_range(2000, 4000);
	return err;
}

/*
 * The first and the last write of a cycle to the cache line size, a register that means nothing to this device, mark the
 * cycle in the emulator's log of configuration writes.
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
	edu_dma_start(SUBJECT);
	if (wait_before_write) {
		msleep(OFFLINE_BEGIN_MS);
	}
	err = remove_cpu(OFFLINE_CPU);
	WRITE_ONCE(message_writes.place, false);
	msleep(OFFLINE_WATCH_MS);
	return err;
}

static int offline_cycle(u32 cycle, u32 wait_before_write)
{
	u32 old_vector;
	u32 old_cpu;
	int handled;
	bool stale;
	int err = subject_place();

	if (err) {
		return err;
	}
	old_vector = edu_vector(SUBJECT);
	old_cpu = edu_cpu(SUBJECT);
	handled = atomic_read(&lab.counts.handled);
	mark(LAB_MARK_BEGIN | cycle % LAB_MARK_BEGIN);
	err = go_offline_under_dma(wait_before_write);
	mark(cycle % LAB_MARK_BEGIN);
	if (err) {
		return err;
	}
	stale = edu_status(SUBJECT) & EDU_STATUS_DMA;
	if (stale && atomic_xchg(&lab.outstanding, 0)) {
		atomic_inc(&lab.counts.lost);
	}
	pr_info("race_lab: cycle=%u old=%u/%u new=%u/%u writes=%d raised_before=%u %s\n", cycle,
		old_cpu, old_vector, edu_cpu(SUBJECT), edu_vector(SUBJECT),
		atomic_read(&message_writes.count), message_writes.raised_before,
		stale ? "stale" : "handled");
	if (!stale && atomic_read(&lab.counts.handled) == handled) {
		pr_err("race_lab: the status is gone, but no handler ran\n");
		err = -EIO;
	}
	edu_acknowledge(SUBJECT, edu_status(SUBJECT));
	return add_cpu(OFFLINE_CPU) ?: err;
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
