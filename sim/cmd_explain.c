/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/strategies/registry.h"
#include "sim/commands.h"
#include "sim/metrics.h"
#include "sim/schema.h"
#include "sim/suggest.h"
#include "sim/units.h"

static const struct option options[] = {
	{ 0 },
};

struct search {
	const char *word;          /* without "[]" */
	unsigned found;
	struct suggestion near;
};

static char *without_brackets(const char *path)
{
	GString *plain = g_string_new(NULL);

	for (const char *c = path; *c; c++) {
		if (*c != '[' && *c != ']') {
			g_string_append_c(plain, *c);
		}
	}
	return g_string_free(plain, FALSE);
}

static void print_range(const struct schema_key *key)
{
	g_autofree char *min = NULL, *max = NULL;

	switch (key->type) {
	case TYPE_COUNT:
	case TYPE_COUNT64:
		printf("  range    %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT "\n", key->min,
		       key->max);
		break;
	case TYPE_DURATION:
		min = units_write_duration(key->min);
		max = units_write_duration(key->max);
		printf("  range    %s to %s\n", min, max);
		break;
	case TYPE_RATE:
		max = units_write_rate((double)key->max);
		printf("  range    0.001Hz to %s\n", max);
		break;
	case TYPE_FRACTION:
		printf("  range    %" G_GUINT64_FORMAT "%% to %" G_GUINT64_FORMAT "%%\n", key->min,
		       key->max);
		break;
	default:
		break;
	}
}

static void print_default(const struct schema_key *key)
{
	if (key->required) {
		printf("  required\n");
	} else if (key->preset_ps) {
		g_autofree char *preset = units_write_duration(key->preset_ps);
		printf("  default  %s%s\n", preset,
		       key->estimate ? " (an estimate: no published source)" : "");
	} else if (key->preset || key->preset_note) {
		printf("  default  %s\n", key->preset ? key->preset : key->preset_note);
	}
}

static void print_key(const char *path, const struct schema_key *key)
{
	printf("%s\n  %s\n  type     %s\n", path, key->documentation, schema_type_text(key->type));
	if (key->word) {
		printf("           or %s\n", key->word);
	}
	print_range(key);
	print_default(key);
	for (const struct schema_name *name = key->names; name && name->name; name++) {
		printf("    %-14s %s\n", name->name, name->documentation);
	}
	for (size_t i = 0; key->section && i < key->section->keys_count; i++) {
		printf("    %-14s %s\n", key->section->keys[i].name,
		       key->section->keys[i].documentation);
	}
}

static void match_key(void *context, const char *path, const struct schema_key *key)
{
	struct search *search = context;
	g_autofree char *plain = without_brackets(path);
	size_t length = strlen(plain), wanted = strlen(search->word);

	suggestion_offer(&search->near, key->name);
	if (wanted > length || strcmp(plain + length - wanted, search->word) != 0 ||
	    (wanted < length && plain[length - wanted - 1] != '.')) {
		return;
	}
	printf("%s", search->found++ ? "\n" : "");
	print_key(path, key);
}

static void match_metric(struct search *search)
{
	for (int i = 0; i < METRICS_COUNT; i++) {
		const struct metric *metric = metric_get(i);
		suggestion_offer(&search->near, metric->key);
		if (strcmp(metric->key, search->word) == 0) {
			printf("%s%s\n  %s\n  a metric, in %s%s\n", search->found++ ? "\n" : "",
			       metric->key, metric->documentation, metric->unit,
			       metric_is_sampled(i) ? "; an estimate with a 95 % interval" : "");
		}
	}
}

static void match_strategy(struct search *search)
{
	size_t count;
	const struct strategy *all = strategy_registry(&count);

	for (size_t i = 0; i < count; i++) {
		suggestion_offer(&search->near, all[i].name);
		if (strcmp(all[i].name, search->word) == 0) {
			printf("%s%s\n  %s%s\n  a strategy: %s\n", search->found++ ? "\n" : "",
			       all[i].name, all[i].summary, strategy_context(&all[i]),
			       all[i].family);
		}
	}
}

static enum exit_code run(const struct invocation *invocation)
{
	g_autofree char *word = without_brackets(invocation->operands[0]);
	struct search search = { .word = word, .near = suggestion_for(word) };

	schema_walk(match_key, &search);
	match_metric(&search);
	match_strategy(&search);
	if (search.found == 0) {
		g_autofree char *hint = suggestion_hint(&search.near);
		return usage_error(invocation->command, "nothing is called '%s'%s",
				   invocation->operands[0], hint);
	}
	return EXIT_HELD;
}

const struct command command_explain = {
	.name = "explain",
	.operands = "KEY",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Explain a key of scenario files, a metric or a strategy",
	.description =
		"A key is named by its path or by the last part of it; every one that fits is explained.",
	.options = options,
	.example = "  msirace explain devices.raise.rate\n"
		   "  msirace explain stale",
	.run = run,
};
