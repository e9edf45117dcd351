// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * msirace_core: the allocator core as a kernel module. It exports the core's symbols, runs the
 * self-test when it is loaded, with KTAP in the kernel log, and refuses to load if a case fails.
 *
 *	/sys/kernel/debug/msirace_core/selftest		how the self-test went
 *	/sys/kernel/debug/msirace_core/matrix/NAME	a matrix as the self-test left it
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "core_env.h"
#include "selftest/core_selftest.h"
#include "vector_matrix.h"

static char *inject;
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "place in the core whose operation fails, for tests (default: none)");

static DEFINE_RAW_SPINLOCK(selftest_lock);
static struct core_selftest selftest = { .lock = &selftest_lock };
static struct task_struct *selftest_task;
static unsigned int selftest_misuses;
static struct dentry *debug_dir;

bool core_env_misuse_wanted(void)
{
	if (READ_ONCE(selftest_task) != current) {
		return false;
	}
	selftest_misuses++;
	return true;
}

bool core_env_inject_failure(const char *place)
{
	return unlikely(inject) && !strcmp(inject, place);
}

void core_selftest_print(const char *line)
{
	printk(KERN_INFO "%s\n", line);
}

static int selftest_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "cases %u\nfailed %u\nmisuses caught %u\n", selftest.cases,
		selftest.failed, selftest_misuses);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(selftest);

static void matrix_print(void *file, const char *text, size_t length)
{
	seq_write(file, text, length);
}

/* Without the lock: nothing changes a matrix after the self-test. */
static int matrix_show(struct seq_file *file, void *unused)
{
	vector_matrix_dump(file->private, matrix_print, file);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(matrix);

static int selftest_run(void)
{
	int failed;

	raw_spin_lock(&selftest_lock);
	WRITE_ONCE(selftest_task, current);
	failed = core_selftest_run(&selftest);
	WRITE_ONCE(selftest_task, NULL);
	raw_spin_unlock(&selftest_lock);
	if (failed > 0) {
		pr_err("msirace_core: %d cases of the self-test failed\n", failed);
		return -EIO;
	}
	return failed;
}

/* debugfs is a convenience: where it is missing, the module works without it. */
static void debug_files_create(void)
{
	struct dentry *matrices;
	u32 i;

	debug_dir = debugfs_create_dir("msirace_core", NULL);
	debugfs_create_file("selftest", 0444, debug_dir, NULL, &selftest_fops);
	matrices = debugfs_create_dir("matrix", debug_dir);
	for (i = 0; i < CORE_SELFTEST_MATRICES; i++) {
		if (selftest.matrices[i].matrix) {
			debugfs_create_file(selftest.matrices[i].name, 0444, matrices,
				selftest.matrices[i].matrix, &matrix_fops);
		}
	}
}

static int __init msirace_core_init(void)
{
	int err;

	selftest.size = core_selftest_size();
	selftest.mem = kvzalloc(selftest.size, GFP_KERNEL);
	if (!selftest.mem) {
		return -ENOMEM;
	}
	err = selftest_run();
	if (err) {
		kvfree(selftest.mem);
		return err;
	}
	debug_files_create();
	return 0;
}

static void __exit msirace_core_exit(void)
{
	debugfs_remove(debug_dir);
	kvfree(selftest.mem);
}

module_init(msirace_core_init);
module_exit(msirace_core_exit);
MODULE_DESCRIPTION("msirace core: allocators of vectors, message indices, remap-table entries");
MODULE_LICENSE("Dual MIT/GPL");
