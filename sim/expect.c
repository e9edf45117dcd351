/* SPDX-License-Identifier: MIT */
#include "sim/expect.h"

#include <glib.h>
#include <math.h>

#include "sim/report_format.h"

static const char *const verdict_names[EXPECT_VERDICTS] = {
	[EXPECT_HELD] = "held",
	[EXPECT_FAILED] = "failed",
	[EXPECT_INCONCLUSIVE] = "inconclusive",
};

static const char *const op_names[] = {
	[EXPECT_EQ] = "==", [EXPECT_NE] = "!=", [EXPECT_LT] = "<",
	[EXPECT_LE] = "<=", [EXPECT_GT] = ">",	[EXPECT_GE] = ">=",
};

const char *expect_verdict_name(enum expect_verdict verdict)
{
	return verdict_names[verdict];
}

const char *expect_op_name(enum expect_op op)
{
	return op_names[op];
}

static enum expect_verdict fact(bool holds)
{
	return holds ? EXPECT_HELD : EXPECT_FAILED;
}

static enum expect_verdict compare_fact(double found, enum expect_op op, double value)
{
	switch (op) {
	case EXPECT_EQ:
		return fact(found == value);
	case EXPECT_NE:
		return fact(found != value);
	case EXPECT_LT:
		return fact(found < value);
	case EXPECT_LE:
		return fact(found <= value);
	case EXPECT_GT:
		return fact(found > value);
	case EXPECT_GE:
		return fact(found >= value);
	}
	g_assert_not_reached();
}

static enum expect_verdict either(bool holds, bool fails)
{
	if (holds) {
		return EXPECT_HELD;
	}
	return fails ? EXPECT_FAILED : EXPECT_INCONCLUSIVE;
}

enum expect_verdict expect_compare(const struct estimate *e, enum expect_op op, double value)
{
	bool outside = value < e->low || value > e->high;

	if (e->method == ESTIMATE_UNDEFINED) {
		return EXPECT_INCONCLUSIVE;
	}
	if (e->method == ESTIMATE_EXACT) {
		return compare_fact(e->value, op, value);
	}
	switch (op) {
	case EXPECT_EQ:
		return either(false, outside);
	case EXPECT_NE:
		return either(outside, false);
	case EXPECT_LT:
		return either(e->high < value, e->low >= value);
	case EXPECT_LE:
		return either(e->high <= value, e->low > value);
	case EXPECT_GT:
		return either(e->low > value, e->high <= value);
	case EXPECT_GE:
		return either(e->low >= value, e->high < value);
	}
	g_assert_not_reached();
}

/*
 * Is it compared as a fact, although it is an estimate: a count of events over something, compared
 * with 0?
 */
static bool is_zero_question(const struct scenario_expectation *x, const struct estimate *e)
{
	return x->value == 0.0 && e->method != ESTIMATE_UNDEFINED && metric_events(x->metric) >= 0;
}

static void append_zero_bound(GString *message, const struct expect_outcome *o,
			      const struct contender_result *c)
{
	int per_migration = METRIC_LOST_PER_MIGRATION;

	switch (o->expectation->metric) {
	case METRIC_LOST:
		break;
	case METRIC_COVERED:
		per_migration = METRIC_COVERED_PER_MIGRATION;
		break;
	case METRIC_STALE:
		per_migration = METRIC_STALE_PER_MIGRATION;
		break;
	case METRIC_SPURIOUS:
		per_migration = METRIC_SPURIOUS_PER_MIGRATION;
		break;
	default:
		return;
	}
	struct estimate bound = metric_estimate(per_migration, c->each, c->replications);
	if (bound.method == ESTIMATE_ZERO) {
		g_string_append(message, ", at most ");
		format_value(message, per_migration, bound.high);
		g_string_append(message, " per migration with 95 % confidence");
	}
}

static char *describe(const struct expect_outcome *o, const struct contender_result *c,
		      uint32_t asked)
{
	const struct scenario_expectation *x = o->expectation;
	GString *message = g_string_new(metric_get(x->metric)->key);

	g_string_append(message, " is ");
	if (o->estimate.method == ESTIMATE_UNDEFINED) {
		g_string_append(message, "undefined: nothing to take it from");
	} else {
		format_estimate(message, x->metric, &o->estimate);
	}
	if (o->estimate.value == 0.0) {
		append_zero_bound(message, o, c);
	}
	g_string_append_printf(message, ", expected %s ", op_names[x->op]);
	format_value(message, x->metric, x->value);
	if (c->replications < asked) {
		g_string_append_printf(message, "; only %u of %u replications", c->replications,
				       asked);
	}
	return g_string_free(message, FALSE);
}

static struct expect_outcome judge(const struct scenario_expectation *x, uint32_t contender,
				   const struct contender_result *c, uint32_t asked)
{
	struct expect_outcome o = {
		.expectation = x,
		.contender = contender,
		.estimate = metric_estimate(x->metric, c->each, c->replications),
	};

	if (c->replications < asked) {
		o.verdict = EXPECT_INCONCLUSIVE;
	} else if (is_zero_question(x, &o.estimate)) {
		o.verdict = compare_fact(o.estimate.value, x->op, 0.0);
	} else {
		o.verdict = expect_compare(&o.estimate, x->op, x->value);
	}
	o.message = describe(&o, c, asked);
	return o;
}

struct expect_outcomes *expect_evaluate(const struct run_result *result)
{
	const struct scenario *s = result->scenario;
	struct expect_outcomes *outcomes = g_new0(struct expect_outcomes, 1);

	outcomes->each = g_new0(struct expect_outcome, s->expectations_count * s->contenders_count);
	for (size_t i = 0; i < s->expectations_count; i++) {
		const struct scenario_expectation *x = &s->expectations[i];
		for (uint32_t c = 0; c < s->contenders_count; c++) {
			if (x->contender >= 0 && (uint32_t)x->contender != c) {
				continue;
			}
			struct expect_outcome o =
				judge(x, c, &result->contenders[c], s->replications);
			outcomes->verdicts[o.verdict]++;
			outcomes->each[outcomes->count++] = o;
		}
	}
	return outcomes;
}

void expect_free(struct expect_outcomes *outcomes)
{
	if (outcomes == NULL) {
		return;
	}
	for (size_t i = 0; i < outcomes->count; i++) {
		g_free(outcomes->each[i].message);
	}
	g_free(outcomes->each);
	g_free(outcomes);
}
