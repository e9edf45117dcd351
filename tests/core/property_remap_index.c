// SPDX-License-Identifier: MIT
/* remap_index against its naive twin: 200,000 operations over tables of all kinds of sizes. */
#include <criterion/criterion.h>

#include "remap_index_drive.h"

static void drive(u32 entries, u32 operations, u32 compare_every)
{
	struct choices choices = { .seed = 0x4d5349ull * (entries + 1) };
	const char *different = remap_index_drive(&choices, entries, operations, compare_every);

	cr_assert_null(different, "%u entries: the twin differs in: %s", entries, different);
}

Test(property_remap_index, small_tables_compared_after_every_operation)
{
	u32 entries;

	for (entries = 1; entries <= 96; entries++) {
		drive(entries, 800, 1);
	}
}

Test(property_remap_index, middle_tables_compared_after_every_operation)
{
	static const u32 sizes[] = { 127, 128, 129, 255, 256, 320, 500, 1000, 1024 };
	u32 i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		drive(sizes[i], 4000, 1);
	}
}

Test(property_remap_index, large_tables)
{
	static const u32 sizes[] = { 4095, 4096, 4097, 10000, 32768, 65535, 65536 };
	u32 i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		drive(sizes[i], 13000, 2000);
	}
}
