// SPDX-License-Identifier: MIT
/*
 * The thread that raises, one raise or one burst after another, and settles each: handled, or lost.
 *
 * What is waited for: a handler run that takes lab.outstanding; after RAISER_PATIENCE_US without
 * one, proof that no CPU has a device vector pending, twice in a row. Twice, because a message may
 * be sent on from one CPU to another by the update protocol while the CPUs are asked one after the
 * other; its IRR check runs with interrupts off and a CPU answers with interrupts on, so one more
 * round cannot miss it again.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>

#include "lab.h"

#define RAISER_PATIENCE_US 1000

static struct task_struct *raiser_task;
static atomic_t settled;
static u32 burst_raises;
static u32 raise_gap_us;

/* Context: interrupts off, so that nothing that is seen pending here can be taken meanwhile. */
static void look_for_pending(void *found)
{
	u32 vector;

	for (vector = FIRST_EXTERNAL_VECTOR; vector < FIRST_SYSTEM_VECTOR; vector++) {
		if (apic->read(APIC_IRR + (vector / 32) * 0x10) & BIT(vector % 32)) {
			atomic_set(found, 1);
		}
	}
}

bool raise_is_under_way(void)
{
	atomic_t found = ATOMIC_INIT(0);

	on_each_cpu(look_for_pending, &found, 1);
	return atomic_read(&found);
}

static void raise(void)
{
	atomic_set(&lab.outstanding, 1);
	atomic_inc(&lab.counts.raised);
	edu_raise(SUBJECT);
}

static void declare_lost(void)
{
	u32 status = edu_status(SUBJECT);

	if (status && atomic_xchg(&lab.outstanding, 0)) {
		edu_acknowledge(SUBJECT, status);
		atomic_inc(&lab.counts.lost);
	}
}

static void settle(void)
{
	u32 waited_us;
	u32 quiet = 0;

	for (waited_us = 0; waited_us < RAISER_PATIENCE_US; waited_us++) {
		if (!atomic_read(&lab.outstanding)) {
			return;
		}
		udelay(1);
	}
	while (atomic_read(&lab.outstanding)) {
		quiet = raise_is_under_way() ? 0 : quiet + 1;
		if (quiet >= 2) {
			declare_lost();
		}
		cond_resched();
	}
}

static int raiser(void *unused)
{
	while (!kthread_should_stop()) {
		u32 i;

		for (i = 0; i < burst_raises; i++) {
			raise();
			udelay(raise_gap_us);
		}
		settle();
		atomic_inc(&settled);
		cond_resched();
	}
	return 0;
}

u32 raiser_settled(void)
{
	return atomic_read(&settled);
}

int raiser_start(u32 burst, u32 gap_us)
{
	burst_raises = burst;
	raise_gap_us = gap_us;
	raiser_task = kthread_create(raiser, NULL, "race_lab_raiser");
	if (IS_ERR(raiser_task)) {
		return PTR_ERR(raiser_task);
	}
	kthread_bind(raiser_task, LAB_RAISER_CPU);
	wake_up_process(raiser_task);
	return 0;
}

void raiser_stop(void)
{
	kthread_stop(raiser_task);
}
