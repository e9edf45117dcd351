// SPDX-License-Identifier: MIT
/*
 * One load is one run: the parameters say what to do, one line in the kernel log says what
 * happened.
 *
 *	insmod race_lab.ko protocol=T migrations=1000 write_gap_us=5 vector_irq=0x1f2e0
 */
#include <linux/cpu.h>
#include <linux/irq.h>
#include <linux/module.h>

#include "lab.h"

static char *protocol = "A";
module_param(protocol, charp, 0444);
MODULE_PARM_DESC(protocol, "A, D, M, U or T; K for the kernel's own path, Q for its careful one");
static unsigned int migrations = 1000;
module_param(migrations, uint, 0444);
MODULE_PARM_DESC(migrations, "number of moves, or of offline cycles");
static unsigned int write_gap_us;
module_param(write_gap_us, uint, 0444);
MODULE_PARM_DESC(write_gap_us, "pause between address and data (protocols A to T)");
static unsigned int raise_gap_us = 2;
module_param(raise_gap_us, uint, 0444);
MODULE_PARM_DESC(raise_gap_us, "pause after each raise");
static unsigned int burst = 1;
module_param(burst, uint, 0444);
MODULE_PARM_DESC(burst, "raises without waiting for a handler");
static bool offline;
module_param(offline, bool, 0444);
MODULE_PARM_DESC(offline, "K and Q: move by taking the CPU offline");
static unsigned int wait_before_write;
module_param(wait_before_write, uint, 0444);
MODULE_PARM_DESC(wait_before_write,
	"offline: the message write that waits for the raise, from 1; 0 for none");
static unsigned long vector_irq_address;
module_param_named(vector_irq, vector_irq_address, ulong, 0444);
MODULE_PARM_DESC(vector_irq, "address of vector_irq in /proc/kallsyms");

struct lab lab;
struct deliveries deliveries;

static void report(void)
{
	const struct counts *c = &lab.counts;
	const struct deliveries *d = &deliveries;

	pr_info("race_lab: protocol=%s offline=%d wait_before_write=%u burst=%u write_gap_us=%u "
		"raise_gap_us=%u migrations=%u writes=%d raised=%d handled=%d lost=%d empty=%d "
		"rescued=%d unowned=%d temporary=%d other=%d retriggered=%d shutdown=%d\n",
		protocol, offline, wait_before_write, burst, write_gap_us, raise_gap_us, migrations,
		atomic_read(&message_writes.count), atomic_read(&c->raised),
		atomic_read(&c->handled), atomic_read(&c->lost), atomic_read(&c->empty),
		atomic_read(&c->rescued), atomic_read(&d->unowned), atomic_read(&d->temporary),
		atomic_read(&d->other), atomic_read(&d->retriggered), atomic_read(&d->shutdown));
}

/*
 * The reservation bit is what Linux tests before it takes the direct write; see its commit
 * b56ebe7c896d.
 */
static void choose_careful_path(bool careful)
{
	struct irq_data *data = irq_get_irq_data(SUBJECT->irq);

	if (careful) {
		irqd_set_can_reserve(data);
	} else {
		irqd_clr_can_reserve(data);
	}
}

static int run(void)
{
	bool by_kernel = protocol[0] == 'K' || protocol[0] == 'Q';
	const struct protocol *ours = protocol_find(protocol[0]);
	int err;

	if (protocol[1] || (!ours && !by_kernel) || (offline && !by_kernel)) {
		return -EINVAL;
	}
	if (!migrations || !burst) {
		return -EINVAL;
	}
	err = edu_move_and_wait(SUBJECT, LAB_TARGET_FIRST);
	if (err) {
		return err;
	}
	choose_careful_path(protocol[0] == 'Q');
	atomic_set(&message_writes.count, 0);
	if (offline) {
		return offline_cycles(migrations, wait_before_write);
	}
	err = raiser_start(burst, raise_gap_us);
	if (err) {
		return err;
	}
	err = by_kernel ? moves_by_kernel(migrations) :
			  moves_by_protocol(ours, migrations, write_gap_us);
	raiser_stop();
	return err;
}

static int __init race_lab_init(void)
{
	int err = num_online_cpus() < LAB_TARGET_FIRST + LAB_TARGETS ? -ENODEV : edu_find_all();

	if (err) {
		return err;
	}
	err = deliveries_watch(vector_irq_address);
	if (err) {
		goto release;
	}
	err = writes_watch();
	if (err) {
		goto unwatch_deliveries;
	}
	err = run();
	choose_careful_path(false);
	writes_unwatch();
	if (!err) {
		report();
	}
unwatch_deliveries:
	deliveries_unwatch();
release:
	if (err) {
		edu_release_all();
	}
	return err;
}

static void __exit race_lab_exit(void)
{
	edu_release_all();
}

module_init(race_lab_init);
module_exit(race_lab_exit);
MODULE_DESCRIPTION("Races between raises of QEMU's edu device and changes of its MSI message");
MODULE_LICENSE("Dual MIT/GPL");
