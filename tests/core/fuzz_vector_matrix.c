// SPDX-License-Identifier: MIT
/* libFuzzer: the first bytes are the shape of a matrix, the rest the operations on it and on its naive twin. */
#include <stdio.h>
#include <stdlib.h>

#include "matrix_drive.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u32 cpus[] = { 1, 2, 3, 4, 8, 63, 64, 65, 130, 200 };
	struct choices choices = { data, size, 0 };
	struct matrix_shape shape;
	const char *different;

	if (size < 4) {
		return 0;
	}
	shape.cpus = cpus[choose(&choices, 10)];
	shape.vectors = 1 + choose(&choices, 200);
	shape.first = choose(&choices, shape.vectors);
	shape.end = shape.first + 1 + choose(&choices, shape.vectors - shape.first);
	different = matrix_drive(&choices, &shape, 4096, 16);
	if (different) {
		fprintf(stderr, "the twin differs in: %s\n", different);
		abort();
	}
	return 0;
}
