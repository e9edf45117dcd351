// SPDX-License-Identifier: MIT
/*
 * The self-test as a user program: KTAP on stdout, and exit status 1 if a case failed. With an argument, everything
 * that the core calls by that name fails (see core_inject_failure()), and so must cases of the self-test.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core_selftest.h"
#include "index_env.h"

void core_selftest_print(const char *line)
{
	puts(line);
}

int main(int argc, char **argv)
{
	struct core_selftest test = { .size = core_selftest_size(), .lock = &test };
	int failed;

	index_env.inject = argc > 1 ? argv[1] : NULL;
	test.mem = malloc(test.size);
	failed = test.mem ? core_selftest_run(&test) : -ENOMEM;
	printf("# %u cases, %u failed, %zu bytes, %u warnings wanted by the cases\n", test.cases,
	       test.failed, test.size, index_env.warnings);
	free(test.mem);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
