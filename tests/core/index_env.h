/* SPDX-License-Identifier: MIT */
/*
 * The tests' side of the core's seam, for msi_index and remap_index: it counts warnings instead of printing them, fails
 * where a test wants it to, and says whether the lock is held.
 */
#ifndef MSIRACE_TEST_INDEX_ENV_H
#define MSIRACE_TEST_INDEX_ENV_H

#include "core_env.h"

/**
 * struct index_env - what the seam does, and what it saw
 * @inject: place whose operations are to fail, or NULL
 * @inject_after: so many calls at that place succeed first; then all fail
 * @lock_not_held: what core_assert_held() finds
 * @warnings: number of warnings so far; each place in the core warns once per process
 * @last_warning: text of the last one
 */
struct index_env {
	const char *inject;
	u32 inject_after;
	bool lock_not_held;
	u32 warnings;
	const char *last_warning;
};

extern struct index_env index_env;

/**
 * struct choices - where a random sequence takes its decisions from: bytes (a fuzzer's), or a seed
 * @data: bytes left, or NULL for the seed
 */
struct choices {
	const u8 *data;
	size_t left;
	u64 seed;
};

/** choose - a number of [0, @count), @count at least 1; 0 when the bytes have run out */
u32 choose(struct choices *choices, u32 count);

/** choices_left - false when the bytes have run out */
bool choices_left(const struct choices *choices);

#endif
