/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/check_token.h"

Test(token, reads_back_as_written)
{
	uint32_t choice[] = { 0, 1, 34, 35, 36, 70, 127, 3 };
	struct check_token token = {
		.hash = UINT64_C(0x0123456789ab), .bounds = { 2, 16, true }, .choice = choice, .count = 8
	};
	struct check_token read;
	char *text = check_token_write(&token);

	cr_assert_str_eq(text, "c1.0123456789ab.r2m16s.01yz0z1zz0zzzm3");
	cr_assert_null(check_token_read(text, &read));
	cr_assert_eq(read.hash, token.hash);
	cr_assert_eq(read.bounds.raises, 2);
	cr_assert_eq(read.bounds.migrations, 16);
	cr_assert(read.bounds.stalls);
	cr_assert_arr_eq(read.choice, choice, sizeof(choice));
	free(read.choice);
	free(text);
}

Test(token, damage_is_refused)
{
	static const char *const damaged[] = {
		"", "c1", "c1.0123456789ab.r2m1", "c2.0123456789ab.r2m1.0", "c1.0123456789a.r2m1.0",
		"c1.0123456789AB.r2m1.0", "c1.0123456789ab.r17m1.0", "c1.0123456789ab.r2m1x.0",
		"c1.0123456789ab.r2m1sx.0", "c1.0123456789ab.m1.0", "c1.0123456789ab.r2m1.0!", "c1.0123456789ab.r2m1.0z",
		"c1.0123456789ab.r2m1.A", "c1.0123456789ab.r2m1.0.1", "c1.0123456789ab.r-1m1.0"
	};

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct check_token token;
		char *error = check_token_read(damaged[i], &token);

		cr_assert(error, "'%s' is taken for a token", damaged[i]);
		free(error);
		free(token.choice);
	}
}
