/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The seam of the allocator core, kernel edition: all that the core needs from outside. The
 * user-space edition is core/user/core_env.h and lists the names that both offer; the include path
 * chooses.
 *
 *   core_warn_once(condition, message)   as WARN_ONCE(), except in the task that runs the
 *                                        self-test, whose misuses are wanted: there it only counts,
 *                                        and the place keeps its one warning
 *   core_assert_held(lock)               the lock is a raw_spinlock_t. Its owner is known to
 *                                        lockdep alone; without lockdep, a lock that nobody holds
 *                                        is still found, except on a uniprocessor
 *   core_inject_failure(place)           true for the place that the parameter inject names
 *   CORE_EXPORT(symbol)                  EXPORT_SYMBOL_GPL()
 *   core_always_inline                   __always_inline
 */
#ifndef MSIRACE_CORE_ENV_H
#define MSIRACE_CORE_ENV_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

static inline u32 core_ctz64(u64 word)
{
	return __ffs64(word);
}

static inline u32 core_popcount64(u64 word)
{
	return hweight64(word);
}

/* What the module that holds the core provides; core/kernel/module.c. */
bool core_env_misuse_wanted(void);
bool core_env_inject_failure(const char *place);

#define core_warn_once(condition, message)                                          \
	({                                                                          \
		static bool __section(".data.once") core_warned;                    \
		bool core_condition = (condition);                                  \
		if (unlikely(core_condition) && !core_warned &&                     \
		    !core_env_misuse_wanted()) {                                    \
			core_warned = true;                                         \
			WARN(1, "%s: %s\n", __func__, message);                     \
		}                                                                   \
		core_condition;                                                     \
	})

static inline bool core_env_lock_held(const void *lock)
{
	raw_spinlock_t *held = (raw_spinlock_t *)lock;

	if (IS_ENABLED(CONFIG_LOCKDEP)) {
		return lockdep_is_held(held);
	}
	return !IS_ENABLED(CONFIG_SMP) || raw_spin_is_locked(held);
}

#define core_assert_held(lock)                                                      \
	((void)core_warn_once((lock) && !core_env_lock_held(lock), "lock not held"))

#define core_inject_failure(place) core_env_inject_failure(place)

/* With its own semicolon: the user edition is empty, so a use may stand without one. */
#define CORE_EXPORT(symbol) EXPORT_SYMBOL_GPL(symbol);

#define core_always_inline __always_inline

#endif
