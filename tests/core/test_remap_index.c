// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "index_env.h"
#include "remap_index.h"

static struct remap_index *remap;
static void *copy;
static size_t size;

static void make(u32 entries)
{
	size = remap_index_size(entries);
	remap = malloc(size);
	copy = malloc(size);
	cr_assert_eq(remap_index_init(remap, size, entries, NULL), 0);
}

static void drop(void)
{
	cr_assert_eq(remap_index_check(remap), 0);
	free(copy);
	free(remap);
}

static void remember(void)
{
	memcpy(copy, remap, size);
}

static bool unchanged(void)
{
	return !memcmp(copy, remap, size);
}

Test(remap_index, shapes_and_memory_are_checked)
{
	static u64 memory[1024];
	size_t needed = remap_index_size(64);

	cr_assert_eq(remap_index_size(0), 0);
	cr_assert_eq(remap_index_size(REMAP_INDEX_ENTRIES_MAX + 1), 0);
	cr_assert_eq(remap_index_size(0xffffffffu), 0);
	cr_assert_gt(remap_index_size(REMAP_INDEX_ENTRIES_MAX), 0);
	cr_assert_eq(needed % 8, 0);
	cr_assert_leq(needed, sizeof(memory));
	cr_assert_eq(remap_index_init(NULL, needed, 64, NULL), -EINVAL);
	cr_assert_eq(remap_index_init((char *)memory + 4, needed, 64, NULL), -EINVAL);
	cr_assert_eq(remap_index_init(memory, needed, 0, NULL), -EINVAL);
	cr_assert_eq(remap_index_init(memory, needed - 1, 64, NULL), -ENOMEM);
	cr_assert_eq(memory[0], 0, "a failed init wrote something");
	cr_assert_eq(remap_index_init(memory, needed, 64, NULL), 0);
	cr_assert_eq(remap_index_entries((struct remap_index *)memory), 64);
}

Test(remap_index, every_order_at_full_size)
{
	u32 order;

	for (order = 0; order <= REMAP_INDEX_ORDER_MAX; order++) {
		u32 first;

		make(REMAP_INDEX_ENTRIES_MAX);
		for (first = 0; first < REMAP_INDEX_ENTRIES_MAX; first += 1u << order) {
			cr_assert_eq(remap_index_alloc(remap, order), (int)first);
		}
		cr_assert_eq(remap_index_alloc(remap, 0), -ENOSPC);
		cr_assert_eq(remap_index_available(remap), 0);
		drop();
	}
}

Test(remap_index, an_order_that_is_too_high)
{
	make(REMAP_INDEX_ENTRIES_MAX);
	cr_assert_eq(remap_index_alloc(remap, 17), -EINVAL);
	cr_assert_eq(remap_index_alloc(remap, 0xffffffffu), -EINVAL);
	cr_assert_eq(remap_index_alloc(remap, 16), 0);
	cr_assert_eq(remap_index_free(remap, 0, 0xffffffffu), -ERANGE);
	drop();
}

Test(remap_index, an_injected_failure_changes_nothing)
{
	make(256);
	cr_assert_eq(remap_index_alloc(remap, 3), 0);
	cr_assert_eq(remap_index_free(remap, 0, 3), 0);
	cr_assert_eq(remap_index_flush_begin(remap), 1);
	remember();
	index_env.inject = "remap_index_alloc";
	cr_assert_eq(remap_index_alloc(remap, 0), -ENOMEM);
	index_env.inject = "remap_index_flush_done";
	cr_assert_eq(remap_index_flush_done(remap, 1), -ENOMEM);
	cr_assert(unchanged());
	index_env.inject = NULL;
	cr_assert_eq(remap_index_flush_done(remap, 1), 8);
	drop();
}

Test(remap_index, misuse_is_refused_and_warns_once)
{
	make(256);
	cr_assert_eq(remap_index_alloc(remap, 4), 0);
	remember();
	cr_assert_eq(remap_index_free(remap, 16, 0), -ENOENT);
	cr_assert_eq(index_env.warnings, 1);
	cr_assert_eq(remap_index_free(remap, 17, 0), -ENOENT);
	cr_assert_eq(index_env.warnings, 1, "the same place warned again");
	cr_assert_eq(remap_index_free(remap, 0, 3), -EINVAL);
	cr_assert_eq(remap_index_free(remap, 4, 2), -EINVAL);
	cr_assert_eq(index_env.warnings, 2);
	cr_assert_eq(remap_index_flush_done(remap, 1), -EINVAL);
	cr_assert_eq(remap_index_flush_done(remap, ~0ull), -EINVAL);
	cr_assert_eq(index_env.warnings, 3);
	cr_assert(unchanged());
	cr_assert_eq(remap_index_free(remap, 0, 4), 0);
	cr_assert_eq(remap_index_free(remap, 0, 4), -ENOENT);
	drop();
}

Test(remap_index, the_lock_is_asserted)
{
	int lock;

	make(64);
	cr_assert_eq(remap_index_init(remap, size, 64, &lock), 0);
	cr_assert_eq(remap_index_available(remap), 64);
	cr_assert_eq(index_env.warnings, 0);
	index_env.lock_not_held = true;
	cr_assert_eq(remap_index_alloc(remap, 0), 0);
	cr_assert_eq(index_env.warnings, 1);
	cr_assert_str_eq(index_env.last_warning, "lock not held");
	drop();
}

/*
 * Not damaged are the lock and the number of entries: the walk has to believe how long its memory is. Of the rest it
 * may miss two things: another number of tickets taken (64 bits), and the padding behind 130 heads (6 bytes).
 */
Test(remap_index, check_notices_damage)
{
	u32 first = (sizeof(void *) + sizeof(u32)) * 8;
	u32 missed = 0;
	u32 bit;
	u8 *bytes;

	make(130);
	cr_assert_eq(remap_index_alloc(remap, 2), 0);
	cr_assert_eq(remap_index_alloc(remap, 6), 64);
	cr_assert_eq(remap_index_free(remap, 0, 2), 0);
	bytes = (u8 *)remap;
	for (bit = first; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (u8)(1u << (bit % 8));
		missed += !remap_index_check(remap);
		bytes[bit / 8] ^= (u8)(1u << (bit % 8));
	}
	cr_assert_eq(missed, 64 + 6 * 8);
	drop();
}

static void collect(void *context, const char *text)
{
	char *all = context;

	strcat(all, text);
	strcat(all, "\n");
}

Test(remap_index, dump)
{
	char all[512] = "";

	make(300);
	cr_assert_eq(remap_index_alloc(remap, 0), 0);
	cr_assert_eq(remap_index_alloc(remap, 5), 32);
	cr_assert_eq(remap_index_flush_begin(remap), 1);
	cr_assert_eq(remap_index_free(remap, 32, 5), 0);
	remap_index_dump(remap, collect, all);
	cr_assert_str_eq(all,
			 "remap_index: entries 300 available 267 allocated 1 awaiting 32 "
			 "tickets 1\n"
			 "  0-0 allocated\n"
			 "  32-63 awaiting ticket 2\n");
	drop();
}
