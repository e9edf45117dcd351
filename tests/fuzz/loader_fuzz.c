/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a scenario: either errors with a place, or a scenario whose resolved form loads again to the same text.
 * Bytes behind a line "--set" are overrides, a PATH=VALUE each.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses the buffer of a long token where the token turns out to be wrong. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

#define OVERRIDES_MAX 4

/* An error without a message, or a file of errors that prints nothing, is a bug. */
static void print_errors(struct diagnostics *d)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	diagnostics_print(d, out);
	fclose(out);
	if (diagnostics_count(d) && !strstr(text, "error: ")) {
		abort();
	}
	free(text);
}

static struct scenario *load(const char *text, size_t length,
			     const struct scenario_load_options *options)
{
	struct diagnostics *d = diagnostics_new("fuzz.yaml");
	struct scenario *s = scenario_load_text("fuzz.yaml", text, length, options, d);

	print_errors(d);
	if (!s == !diagnostics_count(d)) {
		abort();
	}
	diagnostics_free(d);
	return s;
}

static void load_again(const struct scenario *s)
{
	struct scenario *again = load(s->resolved_yaml, strlen(s->resolved_yaml), NULL);

	if (!again || strcmp(again->resolved_yaml, s->resolved_yaml) != 0) {
		fprintf(stderr, "%s\n---\n%s\n", s->resolved_yaml,
			again ? again->resolved_yaml : "(errors)");
		abort();
	}
	scenario_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct scenario_override overrides[OVERRIDES_MAX];
	struct scenario_load_options options = { .overrides = overrides };
	char *set = strstr(text, "\n--set\n");
	size_t length = set ? (size_t)(set - text) : size;
	g_auto(GStrv) lines = g_strsplit(set ? set + strlen("\n--set\n") : "", "\n", OVERRIDES_MAX);

	for (char **line = lines; *line; line++) {
		char *equals = strchr(*line, '=');
		if (equals) {
			*equals = '\0';
			overrides[options.overrides_count++] =
				(struct scenario_override){ "--set", *line, equals + 1 };
		}
	}
	struct scenario *s = load(set ? text : (const char *)data, length, &options);
	if (s) {
		load_again(s);
	}
	scenario_free(s);
	return 0;
}
