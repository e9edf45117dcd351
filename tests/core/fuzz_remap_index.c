// SPDX-License-Identifier: MIT
/* libFuzzer: the first bytes are the size of a table, the rest the operations on it and on its naive twin. */
#include <stdio.h>
#include <stdlib.h>

#include "remap_index_drive.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct choices choices = { data, size, 0 };
	const char *different;
	u32 entries = choose(&choices, 600);

	if (!data || !remap_index_size(entries)) {
		return 0;
	}
	different = remap_index_drive(&choices, entries, 4096, 8);
	if (different) {
		fprintf(stderr, "the twin differs in: %s\n", different);
		abort();
	}
	return 0;
}
