// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "index_env.h"
#include "irq_source.h"

static struct msi_index *msi;
static void *copy;
static size_t size;
static struct irq_source source;
static struct msi_index_irqs irqs = IRQ_SOURCE_OPS(&source);
static struct msi_index_entry entries[64];

static void make(u32 table_size, u32 indexless_size, u32 groups, u32 flags)
{
	struct msi_index_shape shape = { table_size, indexless_size, groups, flags };

	size = msi_index_size(&shape);
	msi = malloc(size);
	copy = malloc(size);
	source.limit = IRQ_SOURCE_NUMBERS;
	cr_assert_eq(msi_index_init(msi, size, &shape, NULL), 0);
}

static void drop(void)
{
	cr_assert_eq(msi_index_check(msi), 0);
	free(copy);
	free(msi);
}

static void remember(void)
{
	memcpy(copy, msi, size);
	source.log_length = 0;
}

static bool unchanged(void)
{
	return !memcmp(copy, msi, size);
}

Test(msi_index, shapes_and_memory_are_checked)
{
	static u64 memory[512];
	static const struct msi_index_shape bad[] = {
		{ 0, 0, 1, 0 }, { 65537, 0, 1, 0 }, { 1, 65537, 1, 0 }, { 1, 0, 0, 0 },
		{ 1, 0, 65537, 0 }, { 1, 0, 1, 4 }, { 0xffffffffu, 1, 1, 0 },
	};
	struct msi_index_shape shape = { 32, 3, 2, 3 };
	struct msi_index_shape largest = { 65536, 65536, 65536, 3 };
	size_t needed = msi_index_size(&shape);
	u32 i;

	cr_assert_eq(msi_index_size(NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(msi_index_size(&bad[i]), 0);
		cr_assert_eq(msi_index_init(memory, sizeof(memory), &bad[i], NULL), -EINVAL);
	}
	cr_assert_gt(msi_index_size(&largest), 0);
	cr_assert_eq(needed % 8, 0);
	cr_assert_eq(msi_index_init(NULL, needed, &shape, NULL), -EINVAL);
	cr_assert_eq(msi_index_init((char *)memory + 1, needed, &shape, NULL), -EINVAL);
	cr_assert_eq(msi_index_init(memory, needed - 1, &shape, NULL), -ENOMEM);
	cr_assert_eq(memory[3], 0, "a failed init wrote something");
	cr_assert_eq(msi_index_init(memory, needed, &shape, NULL), 0);
}

/* The failing entry is each one of the batch in turn. */
Test(msi_index, a_batch_rolls_back_from_any_entry)
{
	u32 failing;

	make(64, 0, 2, 0);
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 3, 3, NULL), 3);
	for (failing = 0; failing < 20; failing++) {
		u32 i;

		remember();
		index_env.inject = "msi_index_alloc";
		index_env.inject_after = failing;
		cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 1, 20, entries), -ENOMEM);
		cr_assert(unchanged());
		cr_assert_eq(source.out, 3);
		cr_assert_eq(source.log_length, 2 * failing);
		for (i = 0; i < failing; i++) {
			const struct irq_source_call *taken = &source.log[i];
			const struct irq_source_call *given = &source.log[2 * failing - 1 - i];

			cr_assert(!taken->release && given->release);
			cr_assert_eq(taken->irq, given->irq);
			cr_assert_eq(taken->index, given->index);
		}
	}
	index_env.inject = NULL;
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 1, 20, entries), 20);
	drop();
}

Test(msi_index, shortage_gives_fewer_and_failure_gives_none)
{
	make(64, 0, 2, 0);
	source.limit = 10;
	remember();
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 11, 20, entries), -ENOSPC);
	cr_assert(unchanged());
	source.fail_with = -EBUSY;
	source.fail_after = 8;
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 4, 20, entries), -EBUSY);
	cr_assert(unchanged());
	source.fail_with = 0;
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 4, 20, entries), 10);
	drop();
}

Test(msi_index, a_batch_that_cannot_fit_does_not_ask_the_source)
{
	make(8, 0, 1, 0);
	remember();
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 9, 9, NULL), -ENOSPC);
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 1, 65537, NULL), -EINVAL);
	cr_assert_eq(source.log_length, 0);
	cr_assert(unchanged());
	drop();
}

Test(msi_index, a_source_that_repeats_itself_is_refused)
{
	make(8, 0, 1, 0);
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 2, 2, NULL), 2);
	remember();
	source.fail_with = IRQ_SOURCE_DUPLICATE;
	source.fail_after = 3;
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, 0, 1, 6, NULL), -EEXIST);
	cr_assert_eq(index_env.warnings, 1);
	cr_assert_eq(source.out, 2);
	cr_assert(unchanged());
	source.fail_with = 7;
	source.fail_after = 0;
	cr_assert_eq(msi_index_alloc_any(msi, &irqs, 0, NULL), -EINVAL);
	cr_assert_eq(index_env.warnings, 2);
	cr_assert(unchanged());
	source.fail_with = 0;
	drop();
}

Test(msi_index, an_incomplete_source_is_refused)
{
	struct msi_index_irqs no_release = { irq_source_alloc, NULL, &source };
	struct msi_index_irqs no_alloc = { NULL, irq_source_release, &source };

	make(8, 2, 1, 0);
	remember();
	cr_assert_eq(msi_index_alloc_any(msi, NULL, 0, NULL), -EINVAL);
	cr_assert_eq(msi_index_alloc_at(msi, &no_release, 0, 0, NULL), -EINVAL);
	cr_assert_eq(msi_index_alloc_range(msi, &no_alloc, 0, 0, 8, NULL), -EINVAL);
	cr_assert_eq(msi_index_alloc_indexless(msi, NULL, 0, NULL), -EINVAL);
	cr_assert_eq(msi_index_alloc_batch(msi, NULL, 0, 1, 1, NULL), -EINVAL);
	cr_assert_eq(msi_index_free(msi, NULL, 0), -EINVAL);
	cr_assert_eq(msi_index_free_group(msi, NULL, 0), -EINVAL);
	cr_assert_eq(msi_index_free_all(msi, NULL), -EINVAL);
	cr_assert_eq(msi_index_lookup(msi, 0, NULL), -EINVAL);
	cr_assert_eq(msi_index_lookup_irq(msi, 0, NULL), -EINVAL);
	cr_assert_eq(msi_index_group_begin(msi, NULL), -EINVAL);
	cr_assert_eq(msi_index_group_next(msi, 0, 0, NULL), -EINVAL);
	cr_assert(unchanged());
	drop();
}

Test(msi_index, enabling_twice)
{
	make(8, 0, 1, 0);
	cr_assert_eq(msi_index_disable(msi), -EINVAL);
	index_env.inject = "msi_index_enable";
	cr_assert_eq(msi_index_enable(msi), -ENOMEM);
	cr_assert_not(msi_index_enabled(msi));
	index_env.inject = NULL;
	cr_assert_eq(msi_index_enable(msi), 0);
	cr_assert_eq(msi_index_enable(msi), -EINVAL);
	cr_assert(msi_index_enabled(msi));
	cr_assert_eq(index_env.warnings, 1);
	drop();
	make(8, 0, 1, MSI_INDEX_ENABLE_AGAIN);
	cr_assert_eq(msi_index_enable(msi), 0);
	index_env.inject = "msi_index_enable";
	cr_assert_eq(msi_index_enable(msi), -ENOMEM);
	cr_assert(msi_index_enabled(msi), "a failed second enable switched the first one off");
	index_env.inject = NULL;
	cr_assert_eq(msi_index_enable(msi), 0);
	drop();
}

Test(msi_index, groups_come_to_an_end)
{
	u32 group;

	make(8, 0, 2, 0);
	index_env.inject = "msi_index_group_begin";
	cr_assert_eq(msi_index_group_begin(msi, &group), -ENOMEM);
	index_env.inject = NULL;
	cr_assert_eq(msi_index_group_begin(msi, &group), 0);
	cr_assert_eq(group, 1, "a failed begin used up a number");
	cr_assert_eq(msi_index_group_begin(msi, &group), -ENOSPC);
	cr_assert_eq(msi_index_free_group(msi, &irqs, 1), 0);
	cr_assert_eq(msi_index_free_group(msi, &irqs, 1), -ENOENT);
	cr_assert_eq(msi_index_group_begin(msi, &group), 0);
	cr_assert_eq(group, 2);
	drop();
}

Test(msi_index, everything_is_freed_from_the_highest_group_and_index_down)
{
	u32 group;

	make(8, 2, 3, 0);
	cr_assert_eq(msi_index_group_begin(msi, &group), 0);
	cr_assert_eq(msi_index_alloc_at(msi, &irqs, group, 1, NULL), 0);
	cr_assert_eq(msi_index_alloc_at(msi, &irqs, 0, 5, NULL), 0);
	cr_assert_eq(msi_index_alloc_indexless(msi, &irqs, group, NULL), 0);
	cr_assert_eq(msi_index_alloc_at(msi, &irqs, 0, 2, NULL), 0);
	source.log_length = 0;
	cr_assert_eq(msi_index_free_all(msi, &irqs), 4);
	cr_assert_eq(source.log_length, 4);
	cr_assert_eq(source.log[0].index, MSI_INDEX_INDEXLESS_BASE);
	cr_assert_eq(source.log[1].index, 1);
	cr_assert_eq(source.log[2].index, 5);
	cr_assert_eq(source.log[3].index, 2);
	cr_assert_eq(msi_index_groups(msi), 1);
	drop();
}

Test(msi_index, the_lock_is_asserted)
{
	struct msi_index_shape shape = { 8, 0, 1, 0 };
	int lock;

	make(8, 0, 1, 0);
	cr_assert_eq(msi_index_init(msi, size, &shape, &lock), 0);
	cr_assert_eq(msi_index_available(msi), 8);
	cr_assert_eq(index_env.warnings, 0);
	index_env.lock_not_held = true;
	cr_assert_eq(msi_index_alloc_any(msi, &irqs, 0, NULL), 0);
	cr_assert_eq(index_env.warnings, 1);
	cr_assert_str_eq(index_env.last_warning, "lock not held");
	drop();
}

/*
 * Some bits may be anything: the lock, an irq number as long as the order stays, the number of groups begun, the size
 * of a limit. Damage anywhere else must be noticed: in links, groups, bitmaps, counts.
 */
Test(msi_index, check_notices_damaged_structure)
{
	struct msi_index_shape shape = { 70, 3, 3, 0 };
	size_t header = msi_index_size(&shape) - 73 * 16 - 3 * 16 - 74 * 4 - 3 * 8;
	size_t groups = header + 73 * 16;
	u32 group;
	u8 *bytes;
	u32 i;

	make(70, 3, 3, 0);
	cr_assert_eq(msi_index_group_begin(msi, &group), 0);
	cr_assert_eq(msi_index_alloc_batch(msi, &irqs, group, 5, 5, NULL), 5);
	cr_assert_eq(msi_index_alloc_indexless(msi, &irqs, 0, NULL), 0);
	bytes = (u8 *)msi;
	for (i = 0; i < size * 8; i++) {
		bool irq = i / 8 >= header && i / 8 < groups && (i / 8 - header) % 16 < 4;

		if (i / 8 < header || irq) {
			continue;
		}
		bytes[i / 8] ^= (u8)(1u << (i % 8));
		cr_expect_eq(msi_index_check(msi), -EINVAL, "bit %u of byte %u", i % 8, i / 8);
		bytes[i / 8] ^= (u8)(1u << (i % 8));
	}
	drop();
}

static void collect(void *context, const char *text)
{
	char *all = context;

	strcat(all, text);
	strcat(all, "\n");
}

static int irq_of_index(void *context, u32 index, u32 *irq)
{
	(void)context;
	*irq = 0xffffffffu - index;
	return 0;
}

static void irq_forget(void *context, u32 index, u32 irq)
{
	(void)context;
	(void)index;
	(void)irq;
}

Test(msi_index, dump)
{
	struct msi_index_irqs plain = { irq_of_index, irq_forget, NULL };
	char all[1024] = "";
	u32 group;

	make(2048, 4, 3, MSI_INDEX_GROW_ENABLED | MSI_INDEX_ENABLE_AGAIN);
	cr_assert_eq(msi_index_enable(msi), 0);
	cr_assert_eq(msi_index_group_begin(msi, &group), 0);
	cr_assert_eq(msi_index_alloc_at(msi, &plain, group, 2047, NULL), 0);
	cr_assert_eq(msi_index_alloc_any(msi, &plain, group, NULL), 0);
	cr_assert_eq(msi_index_alloc_indexless(msi, &plain, 0, NULL), 0);
	msi_index_dump(msi, collect, all);
	cr_assert_str_eq(all,
			 "msi_index: slots 2/2048 index-less 1/4 groups 2/3 enabled "
			 "grows-enabled enables-again\n"
			 "group 0: entries 1\n"
			 "  index 65536 irq 4294901759\n"
			 "group 1: entries 2\n"
			 "  index 0 irq 4294967295\n"
			 "  index 2047 irq 4294965248\n");
	drop();
}
