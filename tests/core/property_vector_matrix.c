// SPDX-License-Identifier: MIT
/* vector_matrix against its naive twin: 620,000 operations over matrices of many shapes. */
#include <criterion/criterion.h>

#include "matrix_drive.h"

static void drive(struct matrix_shape shape, u32 seed, u32 operations, u32 compare_every)
{
	struct choices choices = { .seed = seed };
	const char *different = matrix_drive(&choices, &shape, operations, compare_every);

	cr_assert_null(different, "%u CPUs, %u vectors, %u to %u, seed %u: the twin differs in: %s",
		shape.cpus, shape.vectors, shape.first, shape.end, seed, different);
}

/* 256 shapes of 1,000 operations, everything compared after each. */
Test(property_vector_matrix, tiny_matrices)
{
	static const u32 cpus[] = { 1, 2, 3, 4, 5, 7, 8, 16 };
	static const u32 vectors[] = { 1, 2, 8, 33, 63, 64, 65, 130 };

	for (u32 n = 0; n < 256; n++) {
		u32 end = vectors[n / 8 % 8];
		struct matrix_shape shape = { cpus[n % 8], end, 0, end };
		if (shape.vectors > 3) {
			shape.first = n / 64 * shape.vectors / 9;
			shape.end -= n / 64 * shape.vectors / 8;
		}
		drive(shape, n, 1000, 1);
	}
}

/* Around the borders of a block of 64 CPUs, where the summary has one level, and then two. */
Test(property_vector_matrix, blocks_of_64)
{
	static const u32 cpus[] = { 63, 64, 65, 127, 128, 129, 200 };

	for (u32 n = 0; n < 28; n++) {
		struct matrix_shape shape = { cpus[n % 7], 64, 4, 20 + n };
		drive(shape, 1000 + n, 8000, 50);
	}
}

/* The x86 shape. */
Test(property_vector_matrix, x86)
{
	static const u32 cpus[] = { 4, 48, 256, 1024 };
	static const u32 operations[] = { 30000, 30000, 20000, 8000 };

	for (u32 n = 0; n < 4; n++) {
		struct matrix_shape shape = { cpus[n], 256, 32, 236 };
		drive(shape, 2000 + n, operations[n], operations[n] / 20);
	}
}

/* The RISC-V IMSIC shape, and the ends of what is supported. */
Test(property_vector_matrix, largest)
{
	static const struct matrix_shape shapes[] = {
		{ 16, 2048, 1, 2048 }, { 300, 2048, 1, 2048 }, { 4095, 64, 0, 64 },
		{ 4096, 3, 0, 3 }, { 4097, 40, 7, 40 }, { 8192, 256, 32, 236 },
		{ 8191, 2, 0, 2 }, { 8192, 1, 0, 1 }, { 1, 2048, 2047, 2048 },
	};
	static const u32 operations[] = { 12000, 6000, 2500, 2500, 2500, 2000, 2500, 2500, 20000 };

	for (u32 n = 0; n < sizeof(shapes) / sizeof(shapes[0]); n++) {
		drive(shapes[n], 3000 + n, operations[n], operations[n] / 2);
	}
}
