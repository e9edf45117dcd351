// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "index_env.h"
#include "vector_matrix.h"

#define ARENA_BYTES 65536

static u64 arena[ARENA_BYTES / 8];
static struct vector_matrix *const m = (struct vector_matrix *)arena;

/* CPUs 0 to online - 1 are online. */
static void make(u32 cpus, u32 vectors, u32 first, u32 end, u32 online)
{
	cr_assert_eq(vector_matrix_init(arena, sizeof(arena), cpus, vectors, first, end, NULL), 0);
	for (u32 cpu = 0; cpu < online; cpu++) {
		cr_assert_eq(vector_matrix_online(m, cpu), 0);
	}
}

static struct vector_matrix_cpu_stats stats_of(u32 cpu)
{
	struct vector_matrix_cpu_stats stats;

	cr_assert_eq(vector_matrix_cpu_stats(m, cpu, &stats), 0);
	return stats;
}

/* The masks name the first 64 CPUs. The result has the CPU in the thousands: 2040 is vector 40 on CPU 2. */
static int alloc(u64 mask)
{
	const u64 words[3] = { mask };
	u32 cpu = 0;
	int ret = vector_matrix_alloc(m, words, false, &cpu);

	return ret < 0 ? ret : (int)cpu * 1000 + ret;
}

static int alloc_range(u64 mask, u32 count, u32 align)
{
	const u64 words[3] = { mask };
	u32 cpu = 0;
	int ret = vector_matrix_alloc_range(m, words, count, align, &cpu);

	return ret < 0 ? ret : (int)cpu * 1000 + ret;
}

static int alloc_managed(u64 mask)
{
	const u64 words[3] = { mask };
	u32 cpu = 0;
	int ret = vector_matrix_alloc_managed(m, words, &cpu);

	return ret < 0 ? ret : (int)cpu * 1000 + ret;
}

static int alloc_same(u32 vector, u64 mask)
{
	const u64 words[3] = { mask };
	u32 cpu = 0;
	int ret = vector_matrix_alloc_same(m, vector, words, &cpu);

	return ret < 0 ? ret : (int)cpu * 1000 + ret;
}

static int reserve_managed(u64 mask)
{
	const u64 words[3] = { mask };

	return vector_matrix_reserve_managed(m, words);
}

static int remove_managed(u64 mask)
{
	const u64 words[3] = { mask };

	return vector_matrix_remove_managed(m, words);
}

/* The call fails with this error, warns if this is its first time, and leaves every byte as it was. */
#define REFUSED(error, warning, call)                                                       \
	do {                                                                                \
		static u64 before[ARENA_BYTES / 8];                                         \
		u32 warnings = index_env.warnings;                                          \
		memcpy(before, arena, sizeof(arena));                                       \
		cr_assert_eq((call), -(error));                                             \
		cr_assert_eq(index_env.warnings - warnings, (warning));                     \
		cr_assert_eq(memcmp(before, arena, sizeof(arena)), 0);                      \
	} while (0)

Test(vector_matrix, shapes)
{
	cr_assert_eq(vector_matrix_size(0, 1), 0);
	cr_assert_eq(vector_matrix_size(1, 0), 0);
	cr_assert_eq(vector_matrix_size(8193, 1), 0);
	cr_assert_eq(vector_matrix_size(1, 2049), 0);
	cr_assert_eq(vector_matrix_size(0xffffffffu, 0xffffffffu), 0);
	cr_assert_gt(vector_matrix_size(8192, 2048), 8192 * 2048 / 8 * 2);
	cr_assert_eq(vector_matrix_size(3, 65) % 8, 0);
}

Test(vector_matrix, init_refuses_and_writes_nothing)
{
	size_t size = vector_matrix_size(4, 256);

	REFUSED(EINVAL, 0, vector_matrix_init(NULL, size, 4, 256, 32, 236, NULL));
	REFUSED(EINVAL, 0, vector_matrix_init((char *)arena + 4, size, 4, 256, 32, 236, NULL));
	REFUSED(EINVAL, 0, vector_matrix_init(arena, size, 0, 256, 32, 236, NULL));
	REFUSED(EINVAL, 0, vector_matrix_init(arena, size, 8193, 256, 32, 236, NULL));
	REFUSED(EINVAL, 0, vector_matrix_init(arena, size, 4, 2049, 32, 236, NULL));
	REFUSED(EINVAL, 0, vector_matrix_init(arena, size, 4, 256, 236, 236, NULL));
	REFUSED(EINVAL, 0, vector_matrix_init(arena, size, 4, 256, 32, 257, NULL));
	REFUSED(ENOMEM, 0, vector_matrix_init(arena, size - 1, 4, 256, 32, 236, NULL));
	REFUSED(ENOMEM, 0, vector_matrix_init(arena, 0, 4, 256, 32, 236, NULL));
}

Test(vector_matrix, init_uses_no_more_than_its_size)
{
	size_t size = vector_matrix_size(70, 100);

	memset(arena, 0x5a, sizeof(arena));
	cr_assert_eq(vector_matrix_init(arena, size, 70, 100, 0, 100, NULL), 0);
	for (size_t n = size; n < sizeof(arena); n++) {
		cr_assert_eq(((unsigned char *)arena)[n], 0x5a);
	}
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, most_available_then_lowest_cpu_then_lowest_vector)
{
	make(4, 256, 32, 236, 3);
	cr_assert_eq(alloc(0xf), 32);
	cr_assert_eq(alloc(0xf), 1032);
	cr_assert_eq(alloc(0xf), 2032);
	cr_assert_eq(alloc(0xf), 33);
	cr_assert_eq(alloc(0x6), 1033);
	cr_assert_eq(alloc(0x3), 34);
	cr_assert_eq(vector_matrix_free(m, 0, 33, false), 0);
	cr_assert_eq(alloc(0x1), 33);
	cr_assert_eq(vector_matrix_available(m), 3 * 204 - 6);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, masks)
{
	u64 words[3] = { 0, 0, 1ull << 40 };
	u32 cpu = 7;

	make(130, 8, 0, 8, 130);
	/* Bits beyond the CPUs do not count. */
	cr_assert_eq(vector_matrix_alloc(m, words, false, &cpu), -EINVAL);
	cr_assert_eq(cpu, 7, "a failure wrote a result");
	words[2] |= 2;
	cr_assert_eq(vector_matrix_alloc(m, words, false, &cpu), 0);
	cr_assert_eq(cpu, 129);
	cr_assert_eq(vector_matrix_alloc(m, NULL, false, &cpu), 0);
	cr_assert_eq(cpu, 0);
	memset(words, 0, sizeof(words));
	REFUSED(EINVAL, 0, vector_matrix_alloc(m, words, false, &cpu));
	REFUSED(EINVAL, 0, vector_matrix_alloc_managed(m, words, &cpu));
	REFUSED(EINVAL, 0, vector_matrix_alloc_range(m, words, 1, 1, &cpu));
	REFUSED(EINVAL, 0, vector_matrix_alloc_same(m, 3, words, &cpu));
	REFUSED(EINVAL, 0, vector_matrix_reserve_managed(m, words));
	REFUSED(EINVAL, 0, vector_matrix_remove_managed(m, words));
}

Test(vector_matrix, offline_cpus_are_not_chosen_and_keep_their_vectors)
{
	make(3, 64, 0, 4, 2);
	REFUSED(ENOSPC, 0, alloc(0x4));
	cr_assert_eq(alloc(0x2), 1000);
	cr_assert_eq(alloc(0x2), 1001);
	cr_assert_eq(vector_matrix_offline(m, 1), 0);
	REFUSED(ENOSPC, 0, alloc(0x2));
	cr_assert_eq(vector_matrix_available(m), 4);
	cr_assert_eq(vector_matrix_available_without(m, 1), 4);
	cr_assert_eq(vector_matrix_available_without(m, 0), 0);
	cr_assert_eq(vector_matrix_allocated(m, 1), 2);
	cr_assert_eq(vector_matrix_online(m, 1), 0);
	cr_assert_eq(stats_of(1).available, 2);
	cr_assert_eq(alloc(0x2), 1002);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, a_free_on_an_offline_cpu_stays_in_the_total)
{
	struct vector_matrix_stats stats;

	make(2, 64, 0, 64, 2);
	cr_assert_eq(alloc(0x2), 1000);
	cr_assert_eq(vector_matrix_offline(m, 1), 0);
	cr_assert_eq(vector_matrix_free(m, 1, 0, false), 0);
	vector_matrix_stats(m, &stats);
	cr_assert_eq(stats.total_allocated, 1);
	cr_assert_eq(stats.freed_offline, 1);
	cr_assert_eq(stats.available, 64);
	cr_assert_eq(stats_of(1).available, 64);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, managed_ties_go_to_the_highest_cpu)
{
	make(70, 64, 0, 8, 70);
	cr_assert_eq(vector_matrix_reserve_managed(m, NULL), 0);
	cr_assert_eq(alloc_managed(0xf), 3000);
	cr_assert_eq(alloc_managed(0xf), 2000);
	cr_assert_eq(alloc_managed(0xf), 1000);
	cr_assert_eq(alloc_managed(0xf), 0);
	REFUSED(ENOSPC, 0, alloc_managed(0xf));
	cr_assert_eq(vector_matrix_free(m, 2, 0, true), 0);
	cr_assert_eq(vector_matrix_state(m, 2, 0), VECTOR_MATRIX_MANAGED);
	cr_assert_eq(alloc_managed(0xf), 2000);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, a_cpu_without_managed_vectors_may_win_and_fail)
{
	make(2, 64, 0, 8, 2);
	cr_assert_eq(reserve_managed(0x1), 0);
	REFUSED(ENOSPC, 0, alloc_managed(0x3));
	cr_assert_eq(alloc_managed(0x1), 0);
}

Test(vector_matrix, managed_reservations_are_all_or_nothing)
{
	make(3, 64, 0, 2, 3);
	cr_assert_eq(alloc(0x4), 2000);
	cr_assert_eq(alloc(0x4), 2001);
	REFUSED(ENOSPC, 0, reserve_managed(0x7));
	cr_assert_eq(reserve_managed(0x3), 0);
	REFUSED(ENOENT, 1, remove_managed(0x7));
	cr_assert_eq(alloc_managed(0x2), 1000);
	REFUSED(ENOENT, 0, remove_managed(0x3));
	cr_assert_eq(remove_managed(0x1), 0);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, managed_changes_of_an_offline_cpu_are_not_counted)
{
	make(2, 64, 0, 4, 2);
	cr_assert_eq(vector_matrix_offline(m, 1), 0);
	for (u32 n = 0; n < 4; n++) {
		cr_assert_eq(reserve_managed(0x2), 0);
	}
	cr_assert_eq(vector_matrix_online(m, 1), 0);
	cr_assert_eq(stats_of(1).available, 4);
	cr_assert_eq(stats_of(1).unused, 0);
	for (u32 n = 0; n < 3; n++) {
		cr_assert_eq(alloc(0x1), (int)n);
	}
	/* CPU 1 wins with an available count that nothing backs. */
	REFUSED(ENOSPC, 0, alloc(0x3));
	cr_assert_eq(vector_matrix_set_placement(m, VECTOR_MATRIX_PACK), 0);
	cr_assert_eq(alloc(0x3), 3);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, an_available_count_never_wraps)
{
	make(1, 64, 0, 4, 1);
	for (u32 n = 0; n < 4; n++) {
		cr_assert_eq(reserve_managed(0x1), 0);
	}
	cr_assert_eq(vector_matrix_offline(m, 0), 0);
	cr_assert_eq(remove_managed(0x1), 0);
	cr_assert_eq(vector_matrix_online(m, 0), 0);
	cr_assert_eq(stats_of(0).available, 0);
	cr_assert_eq(stats_of(0).unused, 1);
	REFUSED(EOVERFLOW, 1, reserve_managed(0x1));
	REFUSED(EOVERFLOW, 1, vector_matrix_assign(m, 0, 0));
	REFUSED(ENOSPC, 0, alloc(0x1));
}

Test(vector_matrix, an_available_count_runs_ahead_only_so_far)
{
	make(1, 64, 0, 40, 1);
	for (u32 round = 0; round < 1500; round++) {
		cr_assert_eq(vector_matrix_offline(m, 0), 0);
		for (u32 n = 0; n < 40; n++) {
			cr_assert_eq(reserve_managed(0x1), 0);
		}
		cr_assert_eq(vector_matrix_online(m, 0), 0);
		for (u32 n = 0; n < 40; n++) {
			cr_assert_eq(remove_managed(0x1), 0);
		}
	}
	cr_assert_eq(stats_of(0).available, 60040);
	cr_assert_eq(vector_matrix_check(m), 0);
	cr_assert_eq(alloc(0x1), 0);
	cr_assert_eq(vector_matrix_offline(m, 0), 0);
	REFUSED(EOVERFLOW, 1, reserve_managed(0x1));
	cr_assert_eq(vector_matrix_free(m, 0, 0, false), 0);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, system_vectors)
{
	make(3, 256, 32, 236, 0);
	cr_assert_eq(vector_matrix_assign_system(m, 0, 2, false), 0);
	cr_assert_eq(vector_matrix_assign_system(m, 0, 32, false), 0);
	REFUSED(EEXIST, 1, vector_matrix_assign_system(m, 0, 2, false));
	cr_assert_eq(vector_matrix_online(m, 1), 0);
	cr_assert_eq(stats_of(1).available, 203);
	REFUSED(EBUSY, 0, vector_matrix_assign_system(m, 1, 50, false));
	REFUSED(ENOENT, 0, vector_matrix_assign_system(m, 1, 50, true));
	cr_assert_eq(vector_matrix_assign(m, 1, 50), 0);
	REFUSED(EBUSY, 0, vector_matrix_assign_system(m, 0, 50, true));
	cr_assert_eq(vector_matrix_assign_system(m, 1, 50, true), 0);
	cr_assert_eq(stats_of(1).available, 202);
	cr_assert_eq(stats_of(1).allocated, 0);
	cr_assert_eq(vector_matrix_online(m, 2), 0);
	cr_assert_eq(stats_of(2).available, 202);
	REFUSED(EBUSY, 0, vector_matrix_assign_system(m, 1, 51, true));
	REFUSED(EINVAL, 0, vector_matrix_assign_system(m, 3, 51, true));
	REFUSED(EINVAL, 0, vector_matrix_assign_system(m, 1, 256, true));
	cr_assert_eq(alloc(0x2), 1033);
	cr_assert_eq(vector_matrix_state(m, 0, 50), VECTOR_MATRIX_SYSTEM);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, a_managed_vector_becomes_no_system_vector)
{
	make(2, 64, 0, 8, 0);
	cr_assert_eq(reserve_managed(0x2), 0);
	REFUSED(EBUSY, 1, vector_matrix_assign_system(m, 0, 0, false));
	cr_assert_eq(vector_matrix_assign_system(m, 0, 1, false), 0);
	cr_assert_eq(vector_matrix_online(m, 1), 0);
	cr_assert_eq(stats_of(1).available, 6);
}

Test(vector_matrix, reservations)
{
	u32 cpu;

	make(1, 64, 0, 2, 1);
	REFUSED(EINVAL, 1, vector_matrix_alloc(m, NULL, true, &cpu));
	REFUSED(EINVAL, 1, vector_matrix_remove_reserved(m, 1));
	cr_assert_eq(vector_matrix_reserve(m, 5), 0);
	cr_assert_eq(vector_matrix_alloc(m, NULL, true, &cpu), 0);
	cr_assert_eq(vector_matrix_alloc(m, NULL, false, &cpu), 1);
	REFUSED(ENOSPC, 0, vector_matrix_alloc(m, NULL, true, &cpu));
	cr_assert_eq(vector_matrix_reserved(m), 4);
	REFUSED(EOVERFLOW, 1, vector_matrix_reserve(m, 0xffffffffu - 3));
	cr_assert_eq(vector_matrix_reserve(m, 0xffffffffu - 4), 0);
	cr_assert_eq(vector_matrix_remove_reserved(m, 0xffffffffu), 0);
	cr_assert_eq(vector_matrix_reserved(m), 0);
}

Test(vector_matrix, ranges_are_contiguous_and_aligned)
{
	make(2, 256, 32, 236, 2);
	cr_assert_eq(vector_matrix_assign(m, 0, 40), 0);
	cr_assert_eq(alloc_range(0x1, 8, 8), 32);
	cr_assert_eq(alloc_range(0x1, 8, 8), 48);
	cr_assert_eq(alloc_range(0x1, 3, 1), 41);
	cr_assert_eq(alloc_range(0x1, 32, 32), 64);
	cr_assert_eq(alloc_range(0x3, 32, 32), 1032);
	REFUSED(ENOSPC, 0, alloc_range(0x3, 205, 1));
	REFUSED(ENOSPC, 0, alloc_range(0x3, 0xffffffffu, 1));
	REFUSED(ENOSPC, 0, alloc_range(0x3, 1, 1u << 31));
	REFUSED(EINVAL, 1, alloc_range(0x3, 0, 1));
	REFUSED(EINVAL, 0, alloc_range(0x3, 2, 0));
	REFUSED(EINVAL, 0, alloc_range(0x3, 2, 6));
	cr_assert_eq(stats_of(0).allocated, 52);
	cr_assert_eq(vector_matrix_check(m), 0);
}

Test(vector_matrix, a_range_goes_past_the_best_cpu_if_that_is_fragmented)
{
	make(3, 64, 0, 8, 3);
	cr_assert_eq(vector_matrix_assign(m, 0, 3), 0);
	cr_assert_eq(alloc_range(0x2, 4, 4), 1000);
	for (u32 vector = 0; vector < 5; vector++) {
		cr_assert_eq(vector_matrix_assign(m, 2, vector), 0);
	}
	cr_assert_eq(alloc_range(0x7, 4, 4), 4);
	cr_assert_eq(alloc_range(0x7, 4, 4), 1004);
	REFUSED(ENOSPC, 0, alloc_range(0x7, 4, 4));
}

Test(vector_matrix, the_same_vector_on_another_cpu)
{
	make(3, 64, 8, 16, 3);
	cr_assert_eq(alloc(0x1), 8);
	cr_assert_eq(alloc_same(8, 0x7), 1008);
	cr_assert_eq(alloc_same(8, 0x7), 2008);
	REFUSED(ENOSPC, 0, alloc_same(8, 0x7));
	REFUSED(EINVAL, 1, alloc_same(16, 0x7));
	REFUSED(EINVAL, 0, alloc_same(7, 0x7));
}

Test(vector_matrix, placements)
{
	make(3, 64, 0, 3, 3);
	cr_assert_eq(vector_matrix_assign(m, 1, 2), 0);
	cr_assert_eq(vector_matrix_set_placement(m, VECTOR_MATRIX_PACK), 0);
	cr_assert_eq(alloc(0x7), 1000);
	cr_assert_eq(alloc(0x7), 1001);
	cr_assert_eq(alloc(0x7), 0);
	cr_assert_eq(alloc(0x6), 2000);
	cr_assert_eq(vector_matrix_set_placement(m, VECTOR_MATRIX_FIRST_FIT), 0);
	cr_assert_eq(alloc(0x7), 1);
	cr_assert_eq(alloc(0x7), 2);
	cr_assert_eq(alloc(0x7), 2001);
	cr_assert_eq(vector_matrix_set_placement(m, VECTOR_MATRIX_SPREAD), 0);
	cr_assert_eq(vector_matrix_free(m, 0, 0, false), 0);
	cr_assert_eq(alloc(0x7), 0);
	REFUSED(EINVAL, 1, vector_matrix_set_placement(m, (enum vector_matrix_placement)3));
}

Test(vector_matrix, misuse_of_free)
{
	make(2, 64, 8, 16, 2);
	cr_assert_eq(reserve_managed(0x1), 0);
	cr_assert_eq(alloc(0x1), 9);
	cr_assert_eq(alloc_managed(0x1), 8);
	REFUSED(ENOENT, 1, vector_matrix_free(m, 1, 9, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 2, 9, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 0xffffffffu, 9, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 0, 7, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 0, 16, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 0, 0xffffffffu, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 0, 8, false));
	REFUSED(EINVAL, 0, vector_matrix_free(m, 0, 9, true));
	cr_assert_eq(vector_matrix_free(m, 0, 9, false), 0);
	REFUSED(ENOENT, 0, vector_matrix_free(m, 0, 9, false));
}

Test(vector_matrix, misuse_of_the_rest)
{
	struct vector_matrix_cpu_stats stats;

	make(2, 64, 8, 16, 1);
	REFUSED(EINVAL, 1, vector_matrix_online(m, 0));
	REFUSED(EINVAL, 0, vector_matrix_online(m, 2));
	REFUSED(EINVAL, 1, vector_matrix_offline(m, 1));
	REFUSED(EINVAL, 0, vector_matrix_offline(m, 2));
	REFUSED(EINVAL, 1, vector_matrix_assign(m, 1, 8));
	REFUSED(EINVAL, 0, vector_matrix_assign(m, 2, 8));
	REFUSED(EINVAL, 0, vector_matrix_assign(m, 0, 7));
	REFUSED(EINVAL, 0, vector_matrix_assign(m, 0, 16));
	cr_assert_eq(vector_matrix_assign(m, 0, 8), 0);
	REFUSED(EBUSY, 0, vector_matrix_assign(m, 0, 8));
	REFUSED(EINVAL, 1, vector_matrix_cpu_stats(m, 2, &stats));
	REFUSED(EINVAL, 1, vector_matrix_state(m, 2, 8));
	REFUSED(EINVAL, 0, vector_matrix_state(m, 0, 64));
	cr_assert_eq(vector_matrix_allocated(m, 2), 0);
	cr_assert_eq(vector_matrix_available_without(m, 2), 7);
}

Test(vector_matrix, injected_failures_change_nothing)
{
	make(2, 64, 0, 8, 2);
	cr_assert_eq(reserve_managed(0x3), 0);
	index_env.inject = "vector_matrix_alloc";
	REFUSED(ENOSPC, 0, alloc(0x3));
	index_env.inject = "vector_matrix_alloc_managed";
	REFUSED(ENOSPC, 0, alloc_managed(0x3));
	index_env.inject = "vector_matrix_alloc_range";
	REFUSED(ENOSPC, 0, alloc_range(0x3, 2, 2));
	index_env.inject = "vector_matrix_alloc_same";
	REFUSED(ENOSPC, 0, alloc_same(5, 0x3));
	index_env.inject = "vector_matrix_reserve_managed";
	REFUSED(ENOSPC, 0, reserve_managed(0x3));
	index_env.inject = NULL;
	cr_assert_eq(alloc(0x3), 1);
}

/* Each verb asserts the lock; the assertion warns and goes on. */
#define UNLOCKED(call)                                                                      \
	do {                                                                                \
		u32 warnings = index_env.warnings;                                          \
		cr_assert_geq((call), 0);                                                   \
		cr_assert_eq(index_env.warnings - warnings, 1, #call);                      \
		cr_assert_str_eq(index_env.last_warning, "lock not held");                  \
	} while (0)

Test(vector_matrix, the_lock_is_asserted)
{
	static int lock;

	cr_assert_eq(vector_matrix_init(arena, sizeof(arena), 2, 64, 0, 8, &lock), 0);
	cr_assert_eq(vector_matrix_online(m, 0), 0);
	cr_assert_eq(index_env.warnings, 0);
	index_env.lock_not_held = true;
	UNLOCKED(vector_matrix_online(m, 1));
	UNLOCKED(vector_matrix_offline(m, 1));
	UNLOCKED(vector_matrix_set_placement(m, VECTOR_MATRIX_SPREAD));
	UNLOCKED(reserve_managed(0x3));
	UNLOCKED(remove_managed(0x2));
	UNLOCKED(alloc_managed(0x1));
	UNLOCKED(vector_matrix_assign(m, 0, 5));
	UNLOCKED(vector_matrix_assign_system(m, 0, 5, true));
	UNLOCKED(vector_matrix_reserve(m, 1));
	UNLOCKED(vector_matrix_remove_reserved(m, 1));
	UNLOCKED(alloc(0x1));
	UNLOCKED(alloc_range(0x1, 2, 2));
	UNLOCKED(alloc_same(7, 0x1));
	UNLOCKED(vector_matrix_free(m, 0, 7, false));
	UNLOCKED(vector_matrix_check(m));
}

/* What was undone leaves the bytes from before, so equal states can be found by comparing memory. */
Test(vector_matrix, equal_states_are_equal_bytes)
{
	static u64 before[ARENA_BYTES / 8];

	make(70, 130, 5, 120, 69);
	for (u32 n = 0; n < 500; n++) {
		alloc(n * 0x9e3779b97f4a7c15ull | 1);
	}
	memcpy(before, arena, sizeof(arena));
	for (u32 round = 0; round < 40; round++) {
		u64 mask = (round + 1) * 0x9e3779b97f4a7c15ull | 1;
		int one = alloc(mask), two = alloc(mask), many = alloc_range(mask, 4, 4);
		cr_assert(one >= 0 && two >= 0 && many >= 0);
		cr_assert_eq(vector_matrix_offline(m, (u32)one / 1000), 0);
		cr_assert_eq(vector_matrix_online(m, (u32)one / 1000), 0);
		cr_assert_eq(vector_matrix_free(m, (u32)one / 1000, (u32)one % 1000, false), 0);
		for (u32 n = 0; n < 4; n++) {
			cr_assert_eq(vector_matrix_free(m, (u32)many / 1000,
				(u32)many % 1000 + n, false), 0);
		}
		cr_assert_eq(vector_matrix_free(m, (u32)two / 1000, (u32)two % 1000, false), 0);
		cr_assert_eq(memcmp(before, arena, sizeof(arena)), 0);
	}
}

static void free_on(u32 cpu, u32 count)
{
	for (u32 n = 0; n < count; n++) {
		for (u32 vector = 0; vector < 40; vector++) {
			if (vector_matrix_state(m, cpu, vector) == VECTOR_MATRIX_ALLOCATED) {
				cr_assert_eq(vector_matrix_free(m, cpu, vector, false), 0);
				break;
			}
		}
		cr_assert_eq(vector_matrix_check(m), 0);
	}
}

/* CPU 65 goes ahead of all; CPU 3, in another block, or 66, in the same, draws level, goes past it, and falls back. */
Test(vector_matrix, the_best_cpu_changes)
{
	const u64 neither[3] = { ~0ull, 1 };
	u32 cpu;

	for (u32 other = 3; other <= 66; other += 63) {
		make(70, 40, 0, 40, 70);
		for (u32 n = 0; n < 70 * 20; n++) {
			cr_assert_geq(vector_matrix_alloc(m, NULL, false, &cpu), 0);
		}
		free_on(65, 2);
		cr_assert_eq(vector_matrix_alloc(m, neither, false, &cpu), 20);
		cr_assert_eq(cpu, 0);
		free_on(other, 2);
		cr_assert_geq(vector_matrix_alloc(m, NULL, false, &cpu), 0);
		cr_assert_eq(cpu, other < 65 ? other : 65);
		free_on(cpu, 1);
		free_on(other, 1);
		for (u32 n = 0; n < 2; n++) {
			cr_assert_geq(vector_matrix_alloc(m, NULL, false, &cpu), 0);
			cr_assert_eq(cpu, n && other > 65 ? 65 : other);
			cr_assert_eq(vector_matrix_check(m), 0);
		}
		cr_assert_eq(vector_matrix_set_placement(m, VECTOR_MATRIX_PACK), 0);
		free_on(65, 3);
		cr_assert_geq(vector_matrix_alloc(m, NULL, false, &cpu), 0);
		cr_assert_eq(cpu, 0);
		cr_assert_eq(vector_matrix_set_placement(m, VECTOR_MATRIX_FIRST_FIT), 0);
		cr_assert_geq(vector_matrix_alloc(m, NULL, false, &cpu), 0);
		cr_assert_eq(cpu, 0);
		cr_assert_eq(vector_matrix_offline(m, 65), 0);
		cr_assert_eq(vector_matrix_check(m), 0);
		cr_assert_eq(vector_matrix_online(m, 65), 0);
		cr_assert_eq(vector_matrix_check(m), 0);
	}
}

/*
 * Each bit of the memory but the lock's is flipped in turn. What leaves a matrix that could be: the number of reservations
 * (32 bits), another placement (2), another number of vectors in as many words (5), another system vector outside the
 * range (5 below, 2 above it), and the one CPU that was never online having been so (1).
 */
Test(vector_matrix, check_finds_damage)
{
	size_t size = vector_matrix_size(66, 70);
	u32 unnoticed = 0;

	make(66, 70, 5, 68, 65);
	for (u32 n = 0; n < 300; n++) {
		alloc(~0ull);
	}
	cr_assert_eq(reserve_managed(0xff0), 0);
	cr_assert_geq(alloc_managed(0xff0), 0);
	for (size_t bit = 64; bit < size * 8; bit++) {
		((unsigned char *)arena)[bit / 8] ^= (unsigned char)(1u << bit % 8);
		unnoticed += vector_matrix_check(m) == 0;
		((unsigned char *)arena)[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	cr_assert_eq(vector_matrix_check(m), 0);
	cr_assert_eq(unnoticed, 32 + 2 + 5 + 5 + 2 + 1, "%u bits went unnoticed", unnoticed);
}

static char dumped[4096];

static void dump_append(void *context, const char *text, size_t length)
{
	size_t *used = context;

	cr_assert_lt(*used + length, sizeof(dumped));
	memcpy(dumped + *used, text, length);
	*used += length;
}

Test(vector_matrix, dump)
{
	size_t used = 0;

	make(3, 256, 32, 236, 0);
	cr_assert_eq(vector_matrix_assign_system(m, 0, 2, false), 0);
	cr_assert_eq(vector_matrix_assign_system(m, 0, 128, false), 0);
	cr_assert_eq(vector_matrix_online(m, 0), 0);
	cr_assert_eq(vector_matrix_online(m, 1), 0);
	cr_assert_eq(reserve_managed(0x5), 0);
	cr_assert_eq(reserve_managed(0x5), 0);
	cr_assert_eq(alloc_managed(0x1), 32);
	cr_assert_eq(vector_matrix_reserve(m, 4000000000u), 0);
	for (u32 vector = 40; vector < 43; vector++) {
		cr_assert_eq(vector_matrix_assign(m, 0, vector), 0);
	}
	for (u32 vector = 40; vector < 236; vector += 2) {
		if (vector != 128) {
			cr_assert_eq(vector_matrix_assign(m, 1, vector), 0);
		}
	}
	vector_matrix_dump(m, dump_append, &used);
	dumped[used] = '\0';
	cr_assert_not_null(strstr(dumped, "online 2 available 304 reserved 4000000000 "
		"total_allocated 101 freed_offline 0 range 32-235\nsystem: 2 128\n"), "%s", dumped);
	cr_assert_not_null(strstr(dumped,
		"\n    0 online    198    198     4       2             1 | 32M 33m 40-42\n"), "%s",
		dumped);
	cr_assert_not_null(strstr(dumped,
		"\n    1 online    106    106    97       0             0 | 40 42 44 46 "), "%s",
		dumped);
	cr_assert_not_null(strstr(dumped, " 126 130 132 "), "%s", dumped);
	cr_assert_not_null(strstr(dumped, " 232 234\n    2 offline     0    201     0 "), "%s",
		dumped);
	cr_assert_not_null(strstr(dumped, "| 32-33m\n"), "%s", dumped);
	cr_assert_eq(dumped[used - 1], '\n');
}
