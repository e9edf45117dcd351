/* SPDX-License-Identifier: MIT */
/*
 * The commands of the program. Each is one row of sim/commands.c and one file cmd_NAME.c; its table
 * of options drives the parser, --help, the manual and the shell completion.
 */
#ifndef MSIRACE_SIM_COMMANDS_H
#define MSIRACE_SIM_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

enum exit_code {
	EXIT_HELD = 0,          /* everything that was expected held */
	EXIT_NOT_HELD = 1,      /* an expectation failed */
	EXIT_USAGE = 2,         /* the command line or a scenario is wrong */
	EXIT_BROKEN = 3,        /* the simulation, or writing its results, failed */
	EXIT_INTERRUPTED = 130, /* what was finished is written */
	EXIT_UNREAD = 141       /* held, but the reader of standard output left: in general the
				   process ends by SIGPIPE */
};

struct option {
	const char *name;          /* "--json"; NULL ends a table */
	char letter;               /* 'o' for -o; 0: none */
	const char *argument;      /* "FILE"; NULL: the option takes none */
	const char *documentation;
};

struct invocation;

struct command {
	const char *name;
	const char *operands;      /* as in the synopsis: "FILE..." */
	size_t operands_min;
	size_t operands_max;       /* SIZE_MAX: no limit */
	const char *summary;       /* one line */
	const char *description;   /* paragraphs */
	const struct option *options;
	const char *example;       /* lines that can be typed */
	enum exit_code (*run)(const struct invocation *invocation);
};

extern const struct command command_run, command_validate, command_explain, command_list;
extern const struct command command_compare, command_check, command_replay, command_plot,
	command_report;
extern const struct command command_manual, command_review;
extern const struct command command_import;

/* Every command in the order of `msirace --help`; NULL ends it. */
extern const struct command *const commands[];

/* What was typed after the command's name. */
struct invocation {
	const struct command *command;
	char **operands;
	size_t operands_count;
	struct given_option *given;
	size_t given_count;
};

struct given_option {
	const struct option *option;
	const char *value;         /* NULL: the option takes none */
};

/* The last value of an option; NULL where it is not given, "" where it takes none. */
const char *option_value(const struct invocation *invocation, const char *name);

/*
 * All values of an option in the order in which they were given, NULL at the end; freed by the
 * caller with g_free().
 */
const char **option_values(const struct invocation *invocation, const char *name);

/* Runs one command, as a step of another: argv[1] is its name. */
enum exit_code commands_run(int argc, char **argv);

/* Runs the command line; what main() returns. argv[0] is the program. */
int commands_main(int argc, char **argv);

/* Reports a usage error of a command on stderr. */
enum exit_code usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
