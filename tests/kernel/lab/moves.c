// SPDX-License-Identifier: MIT
/*
 * Moves the subject's interrupt between the target CPUs while the raiser raises, by a protocol of
 * ours or by the kernel.
 */
#include <linux/delay.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "lab.h"

/*
 * Between two moves at least this many raises (or bursts) are settled, so that moves meet raises of
 * every phase.
 */
#define MOVES_RAISES_BETWEEN 1
#define MOVES_PAUSE_US 64
#define MOVES_WAIT_MS 5000

static int wait_for_raises(u32 count)
{
	u32 since = raiser_settled();
	unsigned long end = jiffies + msecs_to_jiffies(MOVES_WAIT_MS);

	while (raiser_settled() - since < count) {
		if (time_after(jiffies, end)) {
			pr_err("race_lab: the raiser is stuck\n");
			return -ETIMEDOUT;
		}
		cpu_relax();
		cond_resched();
	}
	udelay(get_random_u32() % MOVES_PAUSE_US);
	return 0;
}

/*
 * Parks one donor on each target CPU. With equal vectors on both a half-written message would be a
 * whole one, so the spare donor takes the place of one then.
 */
static int donors_park(struct edu *donors[LAB_TARGETS])
{
	int err;

	if (lab.devices < LAB_DEVICES_MAX) {
		pr_err("race_lab: %u edu devices where %u are needed\n", lab.devices,
			LAB_DEVICES_MAX);
		return -ENODEV;
	}
	donors[0] = &lab.edu[1];
	donors[1] = &lab.edu[2];
	err = edu_move_and_wait(donors[0], LAB_TARGET_FIRST);
	err = err ?: edu_move_and_wait(donors[1], LAB_TARGET_FIRST + 1);
	if (err || edu_vector(donors[0]) != edu_vector(donors[1])) {
		return err;
	}
	donors[1] = &lab.edu[3];
	return edu_move_and_wait(donors[1], LAB_TARGET_FIRST + 1);
}

int moves_by_protocol(const struct protocol *protocol, u32 migrations, u32 write_gap_us)
{
	struct edu *donors[LAB_TARGETS];
	struct message messages[LAB_TARGETS];
	u32 at = 0;
	u32 i;
	int err = donors_park(donors);

	if (err) {
		return err;
	}
	for (i = 0; i < LAB_TARGETS; i++) {
		edu_message_read(donors[i], &messages[i]);
	}
	for (i = 0; i < migrations && !err; i++) {
		u32 to = (at + 1) % LAB_TARGETS;

		protocol->update(&messages[at], &messages[to], LAB_TARGET_FIRST + at,
			LAB_TARGET_FIRST + to, write_gap_us);
		at = to;
		err = wait_for_raises(MOVES_RAISES_BETWEEN);
	}
	return err;
}

/*
 * The kernel moves in the interrupt's acknowledge, so the raises that the raiser makes are what
 * moves it.
 */
static int kernel_move(u32 cpu)
{
	unsigned long end = jiffies + msecs_to_jiffies(MOVES_WAIT_MS);

	while (edu_cpu(SUBJECT) != cpu) {
		int err = irq_set_affinity(SUBJECT->irq, cpumask_of(cpu));

		if (err && err != -EBUSY) {
			return err;
		}
		err = wait_for_raises(MOVES_RAISES_BETWEEN);
		if (err) {
			return err;
		}
		if (time_after(jiffies, end)) {
			pr_err("race_lab: the kernel does not move the interrupt\n");
			return -ETIMEDOUT;
		}
	}
	return 0;
}

int moves_by_kernel(u32 migrations)
{
	u32 i;
	int err = 0;

	for (i = 0; i < migrations && !err; i++) {
		err = kernel_move(LAB_TARGET_FIRST + i % LAB_TARGETS);
	}
	return err;
}
