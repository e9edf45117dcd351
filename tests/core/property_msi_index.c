// SPDX-License-Identifier: MIT
/* msi_index against its naive twin: 200,000 operations over domains of many shapes. */
#include <criterion/criterion.h>

#include "msi_index_drive.h"

static void drive(const struct msi_index_shape *shape, u64 seed, u32 operations, u32 compare_every)
{
	struct choices choices = { .seed = seed };
	const char *different = msi_index_drive(&choices, shape, operations, compare_every);

	cr_assert_null(different, "%u slots, %u stores, %u groups, flags %u: the twin differs: %s",
		       shape->table_size, shape->indexless_size, shape->groups, shape->flags,
		       different);
}

Test(property_msi_index, small_domains_compared_after_every_operation)
{
	static const u32 tables[] = { 1, 2, 7, 32, 63, 64, 65, 128 };
	static const u32 stores[] = { 0, 1, 20, 64 };
	u32 flags;
	u32 i;

	for (flags = 0; flags < 4; flags++) {
		for (i = 0; i < 32; i++) {
			struct msi_index_shape shape = { tables[i % 8], stores[i / 8], 1 + i % 5,
							 flags };

			drive(&shape, i * 4 + flags, 1250, 1);
		}
	}
}

Test(property_msi_index, domains_without_a_table)
{
	u32 flags;

	for (flags = 0; flags < 4; flags++) {
		struct msi_index_shape shape = { 0, 70, 3, flags };

		drive(&shape, 1000 + flags, 4000, 1);
	}
}

Test(property_msi_index, large_domains)
{
	static const struct msi_index_shape shapes[] = {
		{ 2048, 0, 64, MSI_INDEX_GROW_ENABLED | MSI_INDEX_ENABLE_AGAIN },
		{ 2048, 300, 8, MSI_INDEX_GROW_ENABLED },
		{ 4096, 4096, 300, MSI_INDEX_GROW_ENABLED | MSI_INDEX_ENABLE_AGAIN },
		{ 65536, 2000, 65536, MSI_INDEX_GROW_ENABLED },
	};
	static const u32 operations[] = { 12000, 10000, 5000, 400 };
	u32 i;

	for (i = 0; i < 4; i++) {
		drive(&shapes[i], 2000 + i, operations[i], operations[i] / 3);
	}
}
