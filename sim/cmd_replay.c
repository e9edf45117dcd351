// SPDX-License-Identifier: MIT
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check_witness.h"
#include "sim/check_world.h"
#include "sim/commands.h"
#include "sim/report.h"
#include "sim/scenario_files.h"

static const struct option options[] = {
	{ "--path", 0, "TOKEN", "the path, as 'msirace check' printed it" },
	{ "--strategy", 0, "NAME", "where the path is of a strategy that the scenario does not name" },
	{ "--set", 0, "PATH=VALUE", "replace a value, as for the check that found the path" },
	{ "--json", 0, "FILE", "write the path as JSON; - is standard output, in place of the columns" },
	{ "--dot", 0, "FILE", "write the path as a graph for Graphviz" },
	{ 0 },
};

struct replay {
	const struct invocation *invocation;
	struct scenario_files files;
	struct check_token token;
	volatile sig_atomic_t *interrupted;
	enum exit_code code;
};

static const struct scenario_contender *contender_of(const struct scenario *s, uint64_t hash)
{
	for (size_t i = 0; i < s->contenders_count; i++) {
		if (check_token_hash(s, &s->contenders[i]) == hash) {
			return &s->contenders[i];
		}
	}
	return NULL;
}

static void write_document(struct replay *replay, const char *option, GString *document)
{
	const char *path = option_value(replay->invocation, option);

	if (path && !report_deliver(path, document)) {
		replay->code = EXIT_BROKEN;
	}
	g_string_free(document, TRUE);
}

static void print_witness(struct replay *replay, const struct witness *w)
{
	const char *json = option_value(replay->invocation, "--json");
	GString *columns = g_string_new(NULL), *document = g_string_new(NULL),
		*dot = g_string_new(NULL);

	witness_columns(w, columns);
	if (!json || strcmp(json, "-") != 0) {
		printf("%s/%s, %u steps:\n\n%s", w->scenario->name, w->contender->name,
		       w->steps->len, columns->str);
	}
	g_string_free(columns, TRUE);
	witness_json(w, document);
	witness_dot(w, dot);
	write_document(replay, "--json", document);
	write_document(replay, "--dot", dot);
	if (w->quiet && w->unfinished) {
		replay->code = EXIT_BROKEN;
	}
}

static void replay_main(void *argument)
{
	struct replay *replay = argument;
	const struct scenario *s = replay->files.each[0];
	const struct scenario_contender *contender = contender_of(s, replay->token.hash);
	char *error;

	if (!contender) {
		replay->code = usage_error(replay->invocation->command,
					   "the path is of another scenario, or of a strategy "
					   "or a value that --strategy or --set gave");
		return;
	}
	struct witness *w =
		witness_run(s, contender, &replay->token.bounds, NULL, &replay->token, &error);
	if (!w) {
		fprintf(stderr, "%s: %s: %s\n", s->file, contender->name, error);
		free(error);
		replay->code = EXIT_USAGE;
		return;
	}
	print_witness(replay, w);
	witness_free(w);
}

static enum exit_code read_token(const struct invocation *invocation, struct check_token *token)
{
	const char *text = option_value(invocation, "--path");

	if (!text) {
		return usage_error(invocation->command, "--path is missing");
	}
	char *error = check_token_read(text, token);
	if (error) {
		enum exit_code code = usage_error(invocation->command,
						  "--path: '%s' is no path: %s", text, error);
		free(error);
		free(token->choice);
		return code;
	}
	return EXIT_HELD;
}

static enum exit_code run(const struct invocation *invocation)
{
	struct replay replay = { .invocation = invocation };

	enum exit_code code = read_token(invocation, &replay.token);
	if (code != EXIT_HELD) {
		return code;
	}
	code = scenario_files_load(invocation, &replay.files);
	if (code == EXIT_HELD && replay.files.count > 1) {
		code = usage_error(invocation->command, "a path is of one scenario, not of %zu",
				   replay.files.count);
	}
	if (code == EXIT_HELD) {
		bool ran = check_world_run(replay.files.each, replay.files.count,
					   &replay.interrupted, replay_main, &replay);
		code = ran ? replay.code : EXIT_BROKEN;
	}
	scenario_files_free(&replay.files);
	free(replay.token.choice);
	return code;
}

const struct command command_replay = {
	.name = "replay",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Run one interleaving that 'check' found again",
	.description = "Prints the path as columns, one for each CPU and device, time downward.",
	.options = options,
	.example = "  msirace replay scenarios/check/msi.yaml --path TOKEN",
	.run = run,
};
