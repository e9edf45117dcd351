/* SPDX-License-Identifier: MIT */
#include "sim/output_conflicts.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/output_file.h"

/* Options with a file that is read. */
static const char *const inputs[] = { "--snapshot", "--start", "--log" };

struct identity {
	enum { NOWHERE, EXISTS, PATH } kind;
	dev_t device;
	ino_t inode;
	char *path;      /* of PATH */
};

static struct identity identity_of_stat(const struct stat *s)
{
	return (struct identity){
		.kind = S_ISREG(s->st_mode) ? EXISTS : NOWHERE,
		.device = s->st_dev,
		.inode = s->st_ino,
	};
}

/* NOWHERE: it is no regular file and will not become one, or its folder is missing. */
static struct identity identity_of(const char *path)
{
	struct stat s;
	bool direct;

	if (strcmp(path, "-") == 0) {
		return (struct identity){ NOWHERE };
	}
	g_autofree char *target = output_file_resolve(path, &direct);
	if (!target || direct) {
		return (struct identity){ NOWHERE };
	}
	if (stat(target, &s) == 0) {
		return identity_of_stat(&s);
	}
	g_autofree char *folder = g_path_get_dirname(target);
	g_autofree char *name = g_path_get_basename(target);
	char *real = realpath(folder, NULL);
	struct identity identity = { real ? PATH : NOWHERE };
	identity.path = real ? g_build_filename(real, name, NULL) : NULL;
	free(real);
	return identity;
}

static struct identity identity_of_stdout(void)
{
	struct stat s;

	return fstat(STDOUT_FILENO, &s) == 0 ? identity_of_stat(&s)
					     : (struct identity){ NOWHERE };
}

/* Takes over both. */
static bool are_same(struct identity a, struct identity b)
{
	bool same = a.kind == b.kind &&
		    (a.kind == EXISTS ? a.device == b.device && a.inode == b.inode
				      : a.kind == PATH && strcmp(a.path, b.path) == 0);

	g_free(a.path);
	g_free(b.path);
	return same;
}

static bool is_file(const struct option *option)
{
	return option->argument && (strcmp(option->argument, "FILE") == 0 ||
				    strcmp(option->argument, "SCENARIO") == 0);
}

static bool is_read(const struct option *option)
{
	for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
		if (strcmp(option->name, inputs[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* The file that an option writes; NULL: none, or not given. */
static const char *output_of(const struct invocation *invocation, const struct option *option)
{
	bool written = is_file(option) && !is_read(option);

	return written ? option_value(invocation, option->name) : NULL;
}

enum exit_code output_conflicts_input(const struct invocation *invocation, const char *path)
{
	for (const struct option *o = invocation->command->options; path && o->name; o++) {
		const char *output = output_of(invocation, o);
		if (output && are_same(identity_of(output), identity_of(path))) {
			return usage_error(invocation->command,
					   "%s: '%s' would overwrite '%s', which is read", o->name,
					   output, path);
		}
	}
	return EXIT_HELD;
}

enum exit_code output_conflicts_output(const struct invocation *invocation, const char *path)
{
	for (size_t i = 0; i < invocation->operands_count; i++) {
		const char *operand = invocation->operands[i];
		if (are_same(identity_of(path), identity_of(operand))) {
			return usage_error(invocation->command,
					   "'%s' would overwrite '%s', which is read", path,
					   operand);
		}
	}
	for (const struct option *o = invocation->command->options; o->name; o++) {
		const char *output = output_of(invocation, o);
		if (output && are_same(identity_of(output), identity_of(path))) {
			return usage_error(invocation->command,
					   "%s: '%s' would overwrite '%s', which is written too",
					   o->name, output, path);
		}
	}
	return EXIT_HELD;
}

static enum exit_code check_inputs(const struct invocation *invocation)
{
	enum exit_code code = EXIT_HELD;

	for (size_t i = 0; i < invocation->operands_count && code == EXIT_HELD; i++) {
		code = output_conflicts_input(invocation, invocation->operands[i]);
	}
	for (size_t i = 0; i < invocation->given_count && code == EXIT_HELD; i++) {
		const struct given_option *given = &invocation->given[i];
		if (is_file(given->option) && is_read(given->option)) {
			code = output_conflicts_input(invocation, given->value);
		}
	}
	return code;
}

/* Each with those behind it. */
static enum exit_code check_output(const struct invocation *invocation, const struct option *first)
{
	const char *a = output_of(invocation, first);

	if (a && are_same(identity_of(a), identity_of_stdout())) {
		return usage_error(invocation->command, "%s: '%s' is where standard output goes",
				   first->name, a);
	}
	for (const struct option *second = first + 1; a && second->name; second++) {
		const char *b = output_of(invocation, second);
		if (b && are_same(identity_of(a), identity_of(b))) {
			return usage_error(invocation->command,
					   "%s and %s: '%s' and '%s' are the same file",
					   first->name, second->name, a, b);
		}
	}
	return EXIT_HELD;
}

enum exit_code output_conflicts_typed(const struct invocation *invocation)
{
	enum exit_code code = check_inputs(invocation);

	for (const struct option *o = invocation->command->options; o->name && code == EXIT_HELD;
	     o++) {
		code = check_output(invocation, o);
	}
	return code;
}
