/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "sim/commands.h"
#include "sim/scenario_files.h"

static const struct option options[] = {
	{ "--resolved", 0, NULL,
	  "print each scenario with every default, as YAML that loads to the same" },
	SCENARIO_FILES_OPTIONS,
	{ 0 },
};

static enum exit_code run(const struct invocation *invocation)
{
	struct scenario_files files;
	enum exit_code code = scenario_files_load(invocation, &files);
	bool resolved = option_value(invocation, "--resolved");

	for (size_t i = 0; i < files.count; i++) {
		const struct scenario *s = files.each[i];
		if (resolved) {
			printf("%s%s", i ? "---\n" : "", s->resolved_yaml);
		} else {
			printf("%s: valid: %zu devices, %zu actions, %zu strategies, %zu expectations\n",
			       s->file, s->devices_count, s->actions_count, s->contenders_count,
			       s->expectations_count + s->check.expectations_count);
		}
	}
	scenario_files_free(&files);
	return code;
}

const struct command command_validate = {
	.name = "validate",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "Check scenario files without running them",
	.description =
		"Reports every error of every file on standard error, with line and column, and each valid file on\n"
		"standard output. Of a folder every .yaml file in it is checked.",
	.options = options,
	.example = "  msirace validate scenarios/\n"
		   "  msirace validate --resolved scenarios/affinity-race.yaml",
	.run = run,
};
