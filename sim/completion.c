/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "models/strategies/registry.h"
#include "sim/manual.h"

static void append_strategies(GString *out)
{
	size_t count;
	const struct strategy *strategies = strategy_registry(&count);

	for (size_t i = 0; i < count; i++) {
		g_string_append_printf(out, "%s%s", i ? " " : "", strategies[i].name);
	}
}

static void append_commands(GString *out)
{
	for (size_t i = 0; commands[i]; i++) {
		g_string_append_printf(out, "%s%s", i ? " " : "", commands[i]->name);
	}
}

GString *completion_bash(void)
{
	GString *out = g_string_new("# bash completion for msirace\n_msirace()\n{\n"
				    "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
				    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");

	append_commands(out);
	g_string_append(out, " --help --version' -- \"$word\"))\n\t\treturn\n\tfi\n"
			     "\tif [ \"$before\" = --strategy ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	append_strategies(out);
	g_string_append(out, "' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; commands[i]; i++) {
		g_string_append_printf(out, "\t%s) options='--help", commands[i]->name);
		for (const struct option *option = commands[i]->options; option->name; option++) {
			g_string_append_printf(out, " %s", option->name);
		}
		g_string_append(out, "' ;;\n");
	}
	g_string_append(out, "\tesac\n\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
			     "\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n\tesac\n}\n"
			     "complete -o filenames -F _msirace msirace\n");
	return out;
}

/* Text inside of '...[...]' of _arguments. */
static void append_description(GString *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'') {
			g_string_append(out, "'\\''");
		} else if (*c == '[' || *c == ']' || *c == ':' || *c == '\\') {
			g_string_append_printf(out, "\\%c", *c);
		} else {
			g_string_append_c(out, *c);
		}
	}
}

static void append_zsh_option(GString *out, const struct option *option)
{
	g_string_append_printf(out, " \\\n\t\t\t'*%s[", option->name);
	append_description(out, option->documentation);
	g_string_append(out, "]");
	if (option->argument && strcmp(option->name, "--strategy") == 0) {
		g_string_append(out, ":strategy:(");
		append_strategies(out);
		g_string_append(out, ")");
	} else if (option->argument) {
		g_string_append_printf(out, ":%s:%s", option->argument,
				       strcmp(option->argument, "FILE") == 0 ? "_files" : "");
	}
	g_string_append_c(out, '\'');
}

GString *completion_zsh(void)
{
	GString *out = g_string_new("#compdef msirace\n# zsh completion for msirace\n_msirace()\n{\n"
				    "\tlocal -a commands=(\n");

	for (size_t i = 0; commands[i]; i++) {
		g_string_append_printf(out, "\t\t'%s:", commands[i]->name);
		append_description(out, commands[i]->summary);
		g_string_append(out, "'\n");
	}
	g_string_append(out, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
			     "\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		g_string_append_printf(out, "\t%s)\n\t\t_arguments", commands[i]->name);
		for (const struct option *option = commands[i]->options; option->name; option++) {
			append_zsh_option(out, option);
		}
		g_string_append(out, " \\\n\t\t\t'*:file:_files' ;;\n");
	}
	g_string_append(out, "\tesac\n}\n_msirace \"$@\"\n");
	return out;
}
