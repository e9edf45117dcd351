/* SPDX-License-Identifier: MIT */
#include "sim/commands.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/output_conflicts.h"
#include "sim/standard_output.h"
#include "sim/suggest.h"

const struct command *const commands[] = {
	&command_run,
	&command_check,
	&command_replay,
	&command_validate,
	&command_explain,
	&command_list,
	&command_import,
	&command_compare,
	&command_plot,
	&command_report,
	&command_review,
	&command_manual,
	NULL,
};

static const struct option help_option = { "--help", 'h', NULL, "show this help" };

const char *option_value(const struct invocation *invocation, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < invocation->given_count; i++) {
		if (strcmp(invocation->given[i].option->name, name) == 0) {
			value = invocation->given[i].value ? invocation->given[i].value : "";
		}
	}
	return value;
}

const char **option_values(const struct invocation *invocation, const char *name)
{
	const char **values = g_new0(const char *, invocation->given_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < invocation->given_count; i++) {
		if (strcmp(invocation->given[i].option->name, name) == 0) {
			values[count++] = invocation->given[i].value;
		}
	}
	return values;
}

enum exit_code usage_error(const struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fprintf(stderr, "msirace %s: %s\n", command->name, message);
	fprintf(stderr, "Try 'msirace %s --help'.\n", command->name);
	return EXIT_USAGE;
}

static void print_option(const struct option *option)
{
	g_autofree char *letter =
		option->letter ? g_strdup_printf("-%c, ", option->letter) : g_strdup("");
	g_autofree char *left =
		g_strdup_printf("  %s%s%s%s", letter, option->name, option->argument ? " " : "",
				option->argument ? option->argument : "");

	printf("%-30s %s\n", left, option->documentation);
}

static void print_command_help(const struct command *command)
{
	printf("Usage: msirace %s [OPTIONS] %s\n\n%s.\n\n%s\n\nOptions:\n", command->name,
	       command->operands, command->summary, command->description);
	for (const struct option *option = command->options; option->name; option++) {
		print_option(option);
	}
	print_option(&help_option);
	printf("\nExample:\n%s\n", command->example);
}

static void print_help(void)
{
	printf("Usage: msirace COMMAND [OPTIONS] ...\n\n"
	       "Simulates the delivery of message signalled interrupts while their affinity changes, and counts what each\n"
	       "update strategy loses.\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++) {
		printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
	}
	printf("\n'msirace COMMAND --help' explains a command, 'msirace --version' tells the version.\n"
	       "Exit status: 0 all held, 1 an expectation failed, 2 usage or scenario error, 3 simulation error,\n"
	       "130 interrupted, 141 standard output was no longer read.\n\n"
	       "Example:\n  msirace run scenarios/affinity-race.yaml\n");
}

static const struct option *find_option(const struct command *command, const char *name,
					size_t length)
{
	for (const struct option *option = command->options; option->name; option++) {
		if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) {
			return option;
		}
		if (option->letter && length == 2 && name[0] == '-' && name[1] == option->letter) {
			return option;
		}
	}
	return NULL;
}

static enum exit_code unknown_option(const struct command *command, const char *name, size_t length)
{
	g_autofree char *typed = g_strndup(name, length);
	struct suggestion near = suggestion_for(typed);

	for (const struct option *option = command->options; option->name; option++) {
		suggestion_offer(&near, option->name);
	}
	g_autofree char *hint = suggestion_hint(&near);
	return usage_error(command, "unknown option '%s'%s", typed, hint);
}

/* Options may stand anywhere; behind "--" everything is an operand, and so is "-". */
static enum exit_code parse(struct invocation *invocation, int argc, char **argv)
{
	const struct command *command = invocation->command;
	bool options_end = false;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		if (options_end || word[0] != '-' || word[1] == '\0') {
			invocation->operands[invocation->operands_count++] = argv[i];
			continue;
		}
		if (strcmp(word, "--") == 0) {
			options_end = true;
			continue;
		}
		size_t length = strcspn(word, "=");
		const struct option *option = find_option(command, word, length);
		if (!option) {
			return unknown_option(command, word, length);
		}
		struct given_option *given = &invocation->given[invocation->given_count++];
		*given = (struct given_option){ .option = option };
		if (!option->argument && word[length] == '=') {
			return usage_error(command, "%s takes no value", option->name);
		}
		if (option->argument) {
			given->value = word[length] == '=' ? word + length + 1
				       : i + 1 < argc      ? argv[++i]
							   : NULL;
			if (!given->value) {
				return usage_error(command, "%s needs a value: %s", option->name,
						   option->argument);
			}
		}
	}
	if (invocation->operands_count < command->operands_min) {
		return usage_error(command, "%s is missing", command->operands);
	}
	if (invocation->operands_count > command->operands_max) {
		return usage_error(command, "there is one operand too many: '%s'",
				   invocation->operands[command->operands_max]);
	}
	return EXIT_HELD;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			return true;
		}
	}
	return false;
}

static enum exit_code run_command(const struct command *command, int argc, char **argv)
{
	if (asks_for_help(argc, argv)) {
		print_command_help(command);
		return EXIT_HELD;
	}
	struct invocation invocation = {
		.command = command,
		.operands = g_new0(char *, (size_t)argc + 1),
		.given = g_new0(struct given_option, (size_t)argc + 1),
	};
	enum exit_code code = parse(&invocation, argc, argv);
	if (code == EXIT_HELD) {
		code = output_conflicts_typed(&invocation);
	}
	if (code == EXIT_HELD) {
		code = command->run(&invocation);
	}
	g_free(invocation.operands);
	g_free(invocation.given);
	return code;
}

enum exit_code commands_run(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "msirace: a command is missing\nTry 'msirace --help'.\n");
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help();
		return EXIT_HELD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("msirace %s\n", MSIRACE_VERSION);
		return EXIT_HELD;
	}
	struct suggestion near = suggestion_for(argv[1]);
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, argv[1]) == 0) {
			return run_command(commands[i], argc - 2, argv + 2);
		}
		suggestion_offer(&near, commands[i]->name);
	}
	g_autofree char *hint = suggestion_hint(&near);
	fprintf(stderr, "msirace: unknown command '%s'%s\nTry 'msirace --help'.\n", argv[1], hint);
	return EXIT_USAGE;
}

int commands_main(int argc, char **argv)
{
	standard_output_begin();
	/* A file that grows too large is an error of its write. */
	signal(SIGXFSZ, SIG_IGN);
	return standard_output_end(commands_run(argc, argv));
}
