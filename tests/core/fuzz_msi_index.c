// SPDX-License-Identifier: MIT
/* libFuzzer: the first bytes are the shape of a domain, the rest the operations on it and on its naive twin. */
#include <stdio.h>
#include <stdlib.h>

#include "msi_index_drive.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct choices choices = { data, size, 0 };
	struct msi_index_shape shape;
	const char *different;

	shape.table_size = choose(&choices, 200);
	shape.indexless_size = choose(&choices, 100);
	shape.groups = choose(&choices, 8);
	shape.flags = choose(&choices, 5);
	if (!data || !msi_index_size(&shape)) {
		return 0;
	}
	different = msi_index_drive(&choices, &shape, 4096, 8);
	if (different) {
		fprintf(stderr, "the twin differs in: %s\n", different);
		abort();
	}
	return 0;
}
