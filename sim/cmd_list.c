/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/strategies/registry.h"
#include "models/timings.h"
#include "sim/commands.h"
#include "sim/list_domains.h"
#include "sim/metrics.h"
#include "sim/scenario_files.h"
#include "sim/schema.h"
#include "sim/suggest.h"
#include "sim/units.h"

static const struct option options[] = {
	SCENARIO_FILES_OPTIONS,
	{ "--markdown", 0, NULL, "scenarios as a table" },
	{ 0 },
};

static void print_needs(const struct strategy *strategy)
{
	const struct {
		const char *section, *key;
		unsigned needs;
	} rows[] = {
		{ "machine", "arch", strategy->arches },
		{ "machine", "remap", strategy->remaps },
		{ "devices", "kind", strategy->kinds },
	};
	const char *separator = "needs ";

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].needs == NEEDS_ANY) {
			continue;
		}
		const struct schema_section *section =
			schema_find(schema_root(), rows[i].section)->section;
		printf("%s%s ", separator, rows[i].key);
		const char *lead = "";
		for (const struct schema_name *name = schema_find(section, rows[i].key)->names;
		     name->name; name++) {
			if (rows[i].needs & NEEDS(name->value)) {
				printf("%s%s", lead, name->name);
				lead = "/";
			}
		}
		separator = ", ";
	}
	if (strategy->masking == MASKING_REQUIRED) {
		printf("%smask bits", separator);
		separator = ", ";
	}
	if (strcmp(separator, ", ") == 0) {
		printf("\n");
	}
}

static bool has_needs(const struct strategy *strategy)
{
	return strategy->arches != NEEDS_ANY || strategy->remaps != NEEDS_ANY ||
	       strategy->kinds != NEEDS_ANY || strategy->masking == MASKING_REQUIRED;
}

static void list_strategies(void)
{
	size_t count;
	const struct strategy *all = strategy_registry(&count);

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(all[i].family, all[i - 1].family) != 0) {
			printf("%s%s\n", i ? "\n" : "", all[i].family);
		}
		printf("  %-28s %s%s\n", all[i].name, all[i].summary, strategy_context(&all[i]));
		if (has_needs(&all[i])) {
			printf("  %-28s ", "");
			print_needs(&all[i]);
		}
	}
}

static void list_timings(void)
{
	static const struct {
		const char *key, *documentation;
		uint64_t value_ps;
		bool estimate;
	} timings[] = {
#define X(field, key, value, estimate, text) { key, text, value, estimate },
		MODEL_TIMINGS(X)
#undef X
	};

	for (size_t i = 0; i < G_N_ELEMENTS(timings); i++) {
		g_autofree char *value = units_write_duration(timings[i].value_ps);
		printf("%-14s %8s  %-8s  %s\n", timings[i].key, value,
		       timings[i].estimate ? "estimate" : "", timings[i].documentation);
	}
}

static void list_metrics(void)
{
	for (int i = 0; i < METRICS_COUNT; i++) {
		const struct metric *metric = metric_get(i);
		printf("%-26s %-13s  %s\n", metric->key, metric->unit, metric->documentation);
	}
}

static void print_key(void *context, const char *path, const struct schema_key *key)
{
	printf("%-30s %s\n", path, key->documentation);
}

static void list_keys(void)
{
	schema_walk(print_key, NULL);
}

/* The files behind the first operand. */
static enum exit_code load_files(const struct invocation *invocation, struct scenario_files *files)
{
	struct invocation rest = *invocation;

	rest.operands++;
	rest.operands_count--;
	return scenario_files_load(&rest, files);
}

static void print_domains(const struct invocation *invocation, const struct scenario_files *files)
{
	GString *out = g_string_new(NULL);

	(void)invocation;
	for (size_t i = 0; i < files->count; i++) {
		if (files->count > 1) {
			g_string_append_printf(out, "%s# %s\n", i ? "\n" : "",
					       files->each[i]->name);
		}
		list_domains(out, files->each[i]);
	}
	fputs(out->str, stdout);
	g_string_free(out, TRUE);
}

static void print_scenarios(const struct invocation *invocation, const struct scenario_files *files)
{
	GString *out = g_string_new(NULL);

	list_scenarios(out, files->each, files->count, invocation->operands[1],
		       option_value(invocation, "--markdown"));
	fputs(out->str, stdout);
	g_string_free(out, TRUE);
}

static const struct listing {
	const char *name;
	void (*print)(void);
	/* Of scenarios, which follow. */
	void (*print_files)(const struct invocation *invocation,
			    const struct scenario_files *files);
} listings[] = {
	{ "strategies", list_strategies, NULL },
	{ "timings", list_timings, NULL },
	{ "metrics", list_metrics, NULL },
	{ "keys", list_keys, NULL },
	{ "domains", NULL, print_domains },
	{ "scenarios", NULL, print_scenarios },
};

static enum exit_code print_listing(const struct invocation *invocation,
				    const struct listing *listing)
{
	struct scenario_files files;

	if (listing->print) {
		if (invocation->operands_count > 1) {
			return usage_error(invocation->command, "'%s' takes no files",
					   listing->name);
		}
		listing->print();
		return EXIT_HELD;
	}
	if (invocation->operands_count < 2) {
		return usage_error(invocation->command, "'%s' needs a scenario or a folder",
				   listing->name);
	}
	enum exit_code code = load_files(invocation, &files);
	if (code == EXIT_HELD) {
		listing->print_files(invocation, &files);
	}
	scenario_files_free(&files);
	return code;
}

static enum exit_code run(const struct invocation *invocation)
{
	const char *what = invocation->operands[0];
	struct suggestion near = suggestion_for(what);

	for (size_t i = 0; i < G_N_ELEMENTS(listings); i++) {
		if (strcmp(listings[i].name, what) == 0) {
			return print_listing(invocation, &listings[i]);
		}
		suggestion_offer(&near, listings[i].name);
	}
	g_autofree char *hint = suggestion_hint(&near);
	return usage_error(invocation->command, "there is no list of '%s'%s", what,
			   hint[0] ? hint :
				     ": strategies, timings, metrics, keys, domains or scenarios");
}

const struct command command_list = {
	.name = "list",
	.operands = "strategies|timings|metrics|keys|domains FILE|scenarios FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "List the strategies, timings, metrics or keys, or what scenarios have",
	.description =
		"Strategies, timings, metrics and keys: one line each on standard output; a strategy's second line\n"
		"tells what it needs. Domains: the chain of interrupt domains of each device of a scenario, with what\n"
		"moves an interrupt at each. Scenarios: question, systems and expectations of files and folders.",
	.options = options,
	.example =
		"  msirace list strategies\n"
		"  msirace list domains scenarios/affinity-race.yaml\n"
		"  msirace list scenarios scenarios/ --markdown",
	.run = run,
};
