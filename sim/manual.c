/* SPDX-License-Identifier: MIT */
#include "sim/manual.h"

#include <string.h>

#include "sim/schema.h"
#include "sim/units.h"

/* Text for troff: backslashes and hyphens escaped, and no line that begins like a request. */
static void roff(GString *out, const char *text)
{
	bool line_begins = true;

	for (const char *c = text; *c; c++) {
		if (line_begins && (*c == '.' || *c == '\'')) {
			g_string_append(out, "\\&");
		}
		if (*c == '\\') {
			g_string_append(out, "\\e");
		} else if (*c == '-') {
			g_string_append(out, "\\-");
		} else {
			g_string_append_c(out, *c);
		}
		line_begins = *c == '\n';
	}
}

static void section(GString *out, const char *title)
{
	g_string_append_printf(out, ".SH %s\n", title);
}

static void paragraph(GString *out, const char *text)
{
	roff(out, text);
	g_string_append_c(out, '\n');
}

/* An item of a list: a bold term, and what it means. */
static void item(GString *out, const char *term, const char *argument, const char *text)
{
	g_string_append(out, ".TP\n\\fB");
	roff(out, term);
	g_string_append(out, "\\fR");
	if (argument) {
		g_string_append(out, " \\fI");
		roff(out, argument);
		g_string_append(out, "\\fR");
	}
	g_string_append_c(out, '\n');
	paragraph(out, text);
}

static GString *page(const char *name, int number, const char *summary)
{
	GString *out = g_string_new(NULL);
	g_autofree char *upper = g_ascii_strup(name, -1);

	g_string_append_printf(out, ".TH \"%s\" %d \"\" \"msirace " MSIRACE_VERSION "\"\n", upper,
			       number);
	section(out, "NAME");
	roff(out, name);
	g_string_append(out, " \\- ");
	paragraph(out, summary);
	return out;
}

static void exit_statuses(GString *out)
{
	section(out, "EXIT STATUS");
	item(out, "0", NULL, "everything that was expected held");
	item(out, "1", NULL, "an expectation failed");
	item(out, "2", NULL, "the command line or a scenario is wrong");
	item(out, "3", NULL, "the simulation, or writing its results, failed");
	item(out, "130", NULL, "interrupted; what was finished is written");
	item(out, "141", NULL,
	     "ended by SIGPIPE: all held, but standard output was no longer read; files are written");
}

static void example(GString *out, const char *text)
{
	section(out, "EXAMPLE");
	g_string_append(out, ".nf\n");
	paragraph(out, text);
	g_string_append(out, ".fi\n");
}

GString *manual_program(void)
{
	GString *out = page("msirace", 1, "simulate MSI delivery and affinity races");

	section(out, "SYNOPSIS");
	g_string_append(out, "\\fBmsirace\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n");
	section(out, "DESCRIPTION");
	paragraph(out, "Simulates the delivery of message-signalled interrupts while the kernel "
		       "moves them, adds to them or takes their CPU away, and counts what each "
		       "protocol loses.");
	section(out, "COMMANDS");
	for (size_t i = 0; commands[i]; i++) {
		item(out, commands[i]->name, NULL, commands[i]->summary);
	}
	exit_statuses(out);
	section(out, "SEE ALSO");
	for (size_t i = 0; commands[i]; i++) {
		g_string_append_printf(out, ".BR msirace\\-%s (1),\n", commands[i]->name);
	}
	g_string_append(out, ".BR msirace\\-scenario (5)\n");
	return out;
}

GString *manual_command(const struct command *command)
{
	g_autofree char *name = g_strdup_printf("msirace-%s", command->name);
	GString *out = page(name, 1, command->summary);

	section(out, "SYNOPSIS");
	g_string_append_printf(out, "\\fBmsirace %s\\fR [\\fIOPTIONS\\fR] \\fI", command->name);
	roff(out, command->operands);
	g_string_append(out, "\\fR\n");
	section(out, "DESCRIPTION");
	paragraph(out, command->description);
	section(out, "OPTIONS");
	for (const struct option *option = command->options; option->name; option++) {
		g_autofree char *names =
			option->letter ? g_strdup_printf("-%c, %s", option->letter, option->name) :
					 g_strdup(option->name);
		item(out, names, option->argument, option->documentation);
	}
	item(out, "-h, --help", NULL, "show a summary of this page");
	exit_statuses(out);
	example(out, command->example);
	section(out, "SEE ALSO");
	g_string_append(out, ".BR msirace (1),\n.BR msirace\\-scenario (5)\n");
	return out;
}

static void describe_key(void *context, const char *path, const struct schema_key *key)
{
	GString *out = context;
	g_autofree char *preset = key->preset_ps ? units_write_duration(key->preset_ps) : NULL;
	const char *value = key->preset ? key->preset : preset ? preset : key->preset_note;
	GString *text = g_string_new(key->documentation);

	g_string_append_printf(text, ". %s", schema_type_text(key->type));
	if (key->required) {
		g_string_append(text, "; required");
	} else if (value) {
		g_string_append_printf(text, "; default: %s%s", value,
				       key->estimate ? " (an estimate without a published source)" :
						       "");
	}
	g_string_append_c(text, '.');
	item(out, path, NULL, text->str);
	for (const struct schema_name *name = key->type == TYPE_ENUM ? key->names : NULL;
	     name && name->name; name++) {
		g_string_append(out, ".RS\n");
		item(out, name->name, NULL, name->documentation ? name->documentation : "");
		g_string_append(out, ".RE\n");
	}
	g_string_free(text, TRUE);
}

GString *manual_scenario(void)
{
	GString *out = page("msirace-scenario", 5, "what a scenario file says");

	section(out, "DESCRIPTION");
	paragraph(out, "A scenario is a YAML file. Scalars are text with units: 10us, 100kHz, 25%, "
		       "0x20; a bare number where a unit is due is an error. Lists of devices and "
		       "actions are written with [] here.");
	section(out, "KEYS");
	schema_walk(describe_key, out);
	section(out, "SEE ALSO");
	g_string_append(out, ".BR msirace (1),\n.BR msirace\\-explain (1)\n");
	return out;
}
