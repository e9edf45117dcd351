/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "sim/junit.h"
#include "sim/replay_report.h"
#include "sim/report.h"

static enum junit_outcome outcome_of(enum expect_verdict verdict)
{
	static const enum junit_outcome outcomes[EXPECT_VERDICTS] = {
		[EXPECT_HELD] = JUNIT_PASSED,
		[EXPECT_FAILED] = JUNIT_FAILED,
		[EXPECT_INCONCLUSIVE] = JUNIT_SKIPPED,
	};

	return outcomes[verdict];
}

GString *report_junit(const struct run_result *result, const struct expect_outcomes *outcomes,
		      const struct report_options *options)
{
	const struct scenario *s = result->scenario;
	struct junit_case *cases = g_new0(struct junit_case, outcomes->count + 1);
	size_t count = 0;
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	gchar *seed = g_strdup_printf("%" G_GUINT64_FORMAT, s->seed);
	const struct junit_property properties[] = {
		{ "version", options->version },
		{ "scenario", s->file },
		{ "seed", seed },
		{ "partial", result->partial ? "true" : "false" },
	};

	g_autofree char *differences = NULL;
	if (options->replay) {
		gchar *name = g_strdup_printf("%s.replay", s->name);
		g_ptr_array_add(names, name);
		differences = replay_report_differences(options->replay);
		cases[count++] = (struct junit_case){ name, options->replay->source->file,
						      differences ? JUNIT_FAILED : JUNIT_PASSED, differences };
	}
	for (size_t i = 0; i < outcomes->count; i++) {
		const struct expect_outcome *o = &outcomes->each[i];
		gchar *name = g_strdup_printf("%s.%s", s->name, s->contenders[o->contender].name);
		g_ptr_array_add(names, name);
		cases[count++] = (struct junit_case){ name, o->expectation->text, outcome_of(o->verdict),
						o->message };
	}
	const struct junit_suite suite = {
		.name = s->name,
		.seconds = options->timing ? result->wall_seconds : NAN,
		.properties = properties,
		.properties_count = G_N_ELEMENTS(properties),
		.cases = cases,
		.cases_count = count,
	};
	GString *document = junit_document(&suite, 1);
	g_ptr_array_free(names, TRUE);
	g_free(cases);
	g_free(seed);
	return document;
}
