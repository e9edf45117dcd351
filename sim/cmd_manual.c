/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "sim/commands.h"
#include "sim/manual.h"
#include "sim/report.h"

static const struct option options[] = {
	{ 0 },
};

/* Takes over document. */
static bool write_page(const char *folder, const char *name, GString *document)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	bool written = report_deliver(path, document);

	g_string_free(document, TRUE);
	return written;
}

static enum exit_code run(const struct invocation *invocation)
{
	const char *folder = invocation->operands[0];

	if (g_mkdir_with_parents(folder, 0755) != 0) {
		fprintf(stderr, "msirace: %s: cannot be made\n", folder);
		return EXIT_BROKEN;
	}
	bool written = write_page(folder, "msirace.1", manual_program()) &
		       write_page(folder, "msirace-scenario.5", manual_scenario()) &
		       write_page(folder, "msirace.bash", completion_bash()) &
		       write_page(folder, "_msirace", completion_zsh());
	for (size_t i = 0; commands[i]; i++) {
		g_autofree char *name = g_strdup_printf("msirace-%s.1", commands[i]->name);
		written &= write_page(folder, name, manual_command(commands[i]));
	}
	return written ? EXIT_HELD : EXIT_BROKEN;
}

const struct command command_manual = {
	.name = "manual",
	.operands = "FOLDER",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Write the man pages and the shell completion",
	.description = "Writes a man page for each command, msirace-scenario(5) for the keys of a scenario, and completion for\n"
		       "bash and zsh into a folder. Installing the program does it too.",
	.options = options,
	.example = "  msirace manual pages && man pages/msirace-run.1",
	.run = run,
};
