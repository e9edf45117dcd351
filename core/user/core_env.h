/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The seam of the allocator core, user-space edition: all that the core needs from outside. The
 * kernel edition is core/kernel/core_env.h; the include path chooses. Both editions offer the same
 * names:
 *
 *   u8 u16 u32 u64 s32 s64 bool size_t     the kernel's integer types
 *   E2BIG, EINVAL, ENOSPC, ...             errno values; the core returns them negated. ENOTSUPP is
 *                                          the kernel's 524
 *   memcpy memset memmove memcmp           the only library functions that the core calls
 *   core_ctz64 core_popcount64             bits of one word; core_ctz64(0) is undefined
 *   core_always_inline                     for a function that costs more as a call than it does
 *                                          itself, whatever the compiler thinks of its size
 *   core_warn_once(condition, message)     value of the condition; says the message the first time
 *                                          that it is true at this place, and never stops the
 *                                          caller
 *   core_assert_held(lock)                 warns once where the caller's lock is not held; a NULL
 *                                          lock is never checked
 *   core_inject_failure(place)             true where a test wants the operation named by place to
 *                                          fail
 *   CORE_EXPORT(symbol)                    makes a symbol usable by other kernel modules; nothing
 *                                          here
 */
#ifndef MSIRACE_CORE_ENV_H
#define MSIRACE_CORE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* The numbers of Linux's asm-generic errno headers; <errno.h> is no freestanding header. */
#ifndef ENOENT
#define ENOENT 2
#define ENOMEM 12
#define EBUSY 16
#define EEXIST 17
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define EOVERFLOW 75
#endif
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

static inline u32 core_ctz64(u64 word)
{
	return (u32)__builtin_ctzll(word);
}

/* Not __builtin_popcountll: without a popcount instruction that is a call into libgcc. */
static inline u32 core_popcount64(u64 word)
{
	word -= (word >> 1) & 0x5555555555555555ull;
	word = (word & 0x3333333333333333ull) + ((word >> 2) & 0x3333333333333333ull);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (u32)((word * 0x0101010101010101ull) >> 56);
}

/* What a program that uses the core provides; core/user/core_env.c is the plain edition. */
void core_env_warn(const char *file, int line, const char *message);
bool core_env_lock_held(const void *lock);
bool core_env_inject_failure(const char *place);

/* True: each warning is said each time, not only the first of its place. */
extern bool core_env_warn_always;

/*
 * Of the plain edition: warnings go to this function, each of them, until it is NULL again; then they go to stderr.
 * message is a constant. Not for several threads at once.
 */
void core_env_listen(void (*listener)(void *context, const char *message), void *context);

#define core_warn_once(condition, message)                                          \
	({                                                                          \
		static bool core_warned;                                            \
		bool core_condition = (condition);                                  \
		if (core_condition && (!core_warned || core_env_warn_always)) {     \
			core_warned = true;                                         \
			core_env_warn(__FILE__, __LINE__, message);                 \
		}                                                                   \
		core_condition;                                                     \
	})

#define core_assert_held(lock)                                                      \
	((void)core_warn_once((lock) && !core_env_lock_held(lock), "lock not held"))

#define core_inject_failure(place) core_env_inject_failure(place)

#define CORE_EXPORT(symbol)

#define core_always_inline inline __attribute__((always_inline))

#endif
