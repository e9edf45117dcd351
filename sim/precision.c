/* SPDX-License-Identifier: MIT */
#include "sim/precision.h"

#include <glib.h>
#include <math.h>

#include "sim/loader_internal.h"
#include "sim/metrics.h"

static bool narrow(const struct contender_result *c, int metric, double precision)
{
	struct estimate e = metric_estimate(metric, c->each, c->replications);

	if (e.method == ESTIMATE_UNDEFINED || e.method == ESTIMATE_ZERO) {
		return true;
	}
	return fmax(e.high - e.value, e.value - e.low) <= precision * e.value;
}

static bool all_narrow(const struct run_result *result, double precision)
{
	for (size_t i = 0; i < result->scenario->contenders_count; i++) {
		const struct contender_result *c = &result->contenders[i];
		if (!narrow(c, METRIC_LOST_PER_MIGRATION, precision) ||
		    !narrow(c, METRIC_STALE_PER_MIGRATION, precision)) {
			return false;
		}
	}
	return true;
}

enum run_status run_to_precision(const struct scenario *s, const struct run_options *options, double precision,
				 struct scenario **widened, struct run_result *result, char **error)
{
	struct run_options more = *options;
	struct run_result before = { 0 };
	enum run_status status;

	/* All but the number of replications and the text is shared with s. */
	*widened = g_memdup2(s, sizeof(*s));
	(*widened)->resolved_yaml = g_strdup(s->resolved_yaml);
	for (;;) {
		status = run_scenario(*widened, &more, result, error);
		if (more.previous) {
			run_result_release(&before);
		}
		if (status != RUN_OK || (*widened)->replications >= PRECISION_REPLICATIONS_MAX ||
		    all_narrow(result, precision)) {
			return status;
		}
		before = *result;
		more.previous = &before;
		(*widened)->replications = MIN((*widened)->replications * 2, PRECISION_REPLICATIONS_MAX);
		g_free((*widened)->resolved_yaml);
		(*widened)->resolved_yaml = resolved_scenario(*widened);
	}
}

void precision_free(struct scenario *widened)
{
	if (widened) {
		g_free(widened->resolved_yaml);
	}
	g_free(widened);
}
