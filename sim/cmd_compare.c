/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/compare.h"
#include "sim/report.h"
#include "sim/suggest.h"
#include "sim/units.h"

static const struct option options[] = {
	{ "--fail-on", 0, "METRIC,...", "what may fail: lost,stale,p99; default: every metric" },
	{ "--alpha", 0, "P", "probability of a false alarm in the whole comparison; default 0.01" },
	{ "--margin", 0, "PERCENT",
	  "a difference that does not matter, relative to BASE; default 5%" },
	{ "--any-scenario", 0, NULL, "compare runs of different scenarios too, in their order" },
	{ "--json", 0, "FILE",
	  "write every row as JSON; - is standard output, in place of the text" },
	{ "--junit", 0, "FILE", "write what may fail as JUnit test cases" },
	{ "--markdown", 0, "FILE", "write the differences as a Markdown table" },
	{ 0 },
};

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static size_t metrics_count(void)
{
	size_t count = 0;

	while (compare_metric_get(count)) {
		count++;
	}
	return count;
}

static enum exit_code unknown_metric(const struct invocation *invocation, const char *key)
{
	struct suggestion near = suggestion_for(key);

	for (size_t i = 0; compare_metric_get(i); i++) {
		suggestion_offer(&near, compare_metric_get(i)->key);
	}
	g_autofree char *hint = suggestion_hint(&near);
	return usage_error(invocation->command, "--fail-on: unknown metric '%s'%s", key, hint);
}

/* *fail_on, which the caller frees, stays NULL where the option is not given. */
static enum exit_code read_fail_on(const struct invocation *invocation, bool **fail_on)
{
	const char *text = option_value(invocation, "--fail-on");
	enum exit_code code = EXIT_HELD;

	if (!text) {
		return EXIT_HELD;
	}
	gchar **keys = g_strsplit(text, ",", -1);
	*fail_on = g_new0(bool, metrics_count());
	for (gchar **key = keys; *key && code == EXIT_HELD; key++) {
		int number = compare_metric_find(g_strstrip(*key));
		if (number < 0) {
			code = unknown_metric(invocation, *key);
		} else {
			(*fail_on)[number] = true;
		}
	}
	g_strfreev(keys);
	return code;
}

static enum exit_code read_numbers(const struct invocation *invocation, struct compare_options *o)
{
	const char *alpha = option_value(invocation, "--alpha");
	const char *margin = option_value(invocation, "--margin");
	g_autofree char *alpha_error = alpha ? units_read_decimal(alpha, &o->alpha) : NULL;
	g_autofree char *margin_error = margin ? units_read_fraction(margin, &o->margin) : NULL;

	if (alpha_error || !(o->alpha > 0.0 && o->alpha < 1.0)) {
		return usage_error(invocation->command, "--alpha: %s",
				   alpha_error ? alpha_error : "more than 0 and less than 1");
	}
	if (margin_error || !(o->margin >= 0.0)) {
		return usage_error(invocation->command, "--margin: %s",
				   margin_error ? margin_error : "0% or more");
	}
	return EXIT_HELD;
}

static enum exit_code read_options(const struct invocation *invocation, struct compare_options *o,
				   bool **fail_on)
{
	*o = (struct compare_options){
		.alpha = COMPARE_ALPHA,
		.margin = COMPARE_MARGIN,
		.any_scenario = option_value(invocation, "--any-scenario") != NULL,
	};
	if (is_stdout(option_value(invocation, "--json")) +
		    is_stdout(option_value(invocation, "--junit")) +
		    is_stdout(option_value(invocation, "--markdown")) >
	    1) {
		return usage_error(
			invocation->command,
			"standard output carries one document: only one of --json, --junit "
			"and --markdown can be -");
	}
	enum exit_code code = read_numbers(invocation, o);
	if (code == EXIT_HELD) {
		code = read_fail_on(invocation, fail_on);
	}
	o->fail_on = *fail_on;
	return code;
}

static struct results_set *load(const char *path)
{
	g_autofree char *error = NULL;
	struct results_set *set = results_load(path, &error);

	if (set == NULL) {
		fprintf(stderr, "msirace: %s\n", error);
	}
	return set;
}

/* Takes over document. */
static bool write_document(const char *path, GString *document)
{
	bool written = report_deliver(path, document);

	g_string_free(document, TRUE);
	return written;
}

static bool write_documents(const struct invocation *invocation, const struct comparison *c)
{
	const char *json = option_value(invocation, "--json");
	const char *junit = option_value(invocation, "--junit");
	const char *markdown = option_value(invocation, "--markdown");
	bool written = true;

	if (json) {
		written &= write_document(json, compare_json(c, MSIRACE_VERSION));
	}
	if (junit) {
		written &= write_document(junit, compare_junit(c, MSIRACE_VERSION));
	}
	if (markdown) {
		written &= write_document(markdown, compare_markdown(c));
	}
	if (!is_stdout(json) && !is_stdout(junit) && !is_stdout(markdown)) {
		written &= write_document("-", compare_text(c));
	}
	return written;
}

static enum exit_code compare_sets(const struct invocation *invocation,
				   const struct compare_options *o, const struct results_set *base,
				   const struct results_set *new)
{
	g_autofree char *error = NULL;
	struct comparison *c = compare_results(base, new, o, &error);

	if (c == NULL) {
		fprintf(stderr, "msirace: %s%s\n", error,
			o->any_scenario ? "" : "; --any-scenario compares different ones");
		return EXIT_USAGE;
	}
	enum exit_code code = c->regressions || c->unknown ? EXIT_NOT_HELD : EXIT_HELD;
	if (c->unknown) {
		fprintf(stderr, "msirace: %s: regression unknown: %zu not finished\n",
			new->path, c->unknown);
	}
	if (!write_documents(invocation, c)) {
		code = EXIT_BROKEN;
	}
	compare_free(c);
	return code;
}

static enum exit_code run(const struct invocation *invocation)
{
	struct compare_options o;
	g_autofree bool *fail_on = NULL;

	enum exit_code code = read_options(invocation, &o, &fail_on);
	if (code != EXIT_HELD) {
		return code;
	}
	/* Both are read, so that one run tells what is wrong with either. */
	struct results_set *base = load(invocation->operands[0]);
	struct results_set *new = load(invocation->operands[1]);
	code = base && new ? compare_sets(invocation, &o, base, new) : EXIT_USAGE;
	results_free(base);
	results_free(new);
	return code;
}

const struct command command_compare = {
	.name = "compare",
	.operands = "BASE.json NEW.json",
	.operands_min = 2,
	.operands_max = 2,
	.summary = "Compare two finished runs, metric by metric",
	.description = "Reads two documents of 'msirace run --json' and tells of each strategy and "
		       "metric whether NEW is\n"
		       "better, worse, the same or inconclusive. Exit status 1 where a metric that "
		       "may fail is worse; on\n"
		       "equal programs that happens with a probability of at most alpha. Less is "
		       "better for all metrics:\n"
		       "lost, stale, spurious, stale_time, stale_open, stalls, stall_time, "
		       "migrations_busy,\n"
		       "migrations_nospc, affinity_broken, alloc_failed, hotplug_refused, "
		       "vectors_leaked, faults,\n"
		       "cpu_irq_time, latency, and latency_p50, p99 and p99.9, or p50, p99 and "
		       "p99.9 for short. The scenarios\n"
		       "must be the same but for seed, replications, strategies and expectations.\n\n"
		       "Exit status 1 also where a strategy or a scenario of BASE has no finished replication "
		       "in NEW, which\n"
		       "was interrupted: whether it is worse is unknown.",
	.options = options,
	.example = "  msirace compare base.json new.json --fail-on lost,stale,p99\n"
		   "  msirace compare base.json new.json --alpha 0.05 --markdown - "
		   ">>\"$GITHUB_STEP_SUMMARY\"",
	.run = run,
};
