/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <math.h>

#include "sim/expect.h"
#include "tests/unit/sample_result.h"

#define H EXPECT_HELD
#define F EXPECT_FAILED
#define I EXPECT_INCONCLUSIVE

/* An interval [2, 4] against values below it, at its ends, inside and above. */
Test(expect, interval)
{
	const struct estimate e = { 3.0, 2.0, 4.0, ESTIMATE_T };
	static const double values[] = { 1, 2, 3, 4, 5 };
	static const enum expect_verdict table[][5] = {
		[EXPECT_EQ] = { F, I, I, I, F }, [EXPECT_NE] = { H, I, I, I, H },
		[EXPECT_LT] = { F, F, I, I, H }, [EXPECT_LE] = { F, I, I, H, H },
		[EXPECT_GT] = { H, I, I, F, F }, [EXPECT_GE] = { H, H, I, I, F },
	};

	for (int op = EXPECT_EQ; op <= EXPECT_GE; op++) {
		for (int i = 0; i < 5; i++) {
			cr_assert_eq(expect_compare(&e, (enum expect_op)op, values[i]),
				     table[op][i], "%s %g", expect_op_name((enum expect_op)op),
				     values[i]);
		}
	}
}

Test(expect, fact)
{
	const struct estimate e = { 3.0, 3.0, 3.0, ESTIMATE_EXACT };
	static const enum expect_verdict table[][3] = {
		[EXPECT_EQ] = { F, H, F }, [EXPECT_NE] = { H, F, H }, [EXPECT_LT] = { F, F, H },
		[EXPECT_LE] = { F, H, H }, [EXPECT_GT] = { H, F, F }, [EXPECT_GE] = { H, H, F },
	};

	for (int op = EXPECT_EQ; op <= EXPECT_GE; op++) {
		for (int i = 0; i < 3; i++) {
			cr_assert_eq(expect_compare(&e, (enum expect_op)op, 2.0 + i), table[op][i]);
		}
	}
}

Test(expect, undefined_and_unbounded_are_inconclusive)
{
	const struct estimate undefined = { NAN, NAN, NAN, ESTIMATE_UNDEFINED };
	const struct estimate unbounded = { 5.0, 4.0, INFINITY, ESTIMATE_ORDER };

	for (int op = EXPECT_EQ; op <= EXPECT_GE; op++) {
		cr_assert_eq(expect_compare(&undefined, (enum expect_op)op, 0.0), I);
	}
	cr_assert_eq(expect_compare(&unbounded, EXPECT_LT, 1e9), I);
	cr_assert_eq(expect_compare(&unbounded, EXPECT_LT, 4.0), F);
	cr_assert_eq(expect_compare(&unbounded, EXPECT_GT, 3.0), H);
}

Test(expect, sample)
{
	struct run_result *result = sample_result();
	struct expect_outcomes *o = expect_evaluate(result);

	cr_assert_eq(o->count, 8);
	cr_assert_eq(o->each[0].verdict, H);
	cr_assert_eq(o->each[1].verdict, F);
	cr_assert_str_eq(o->each[1].message, "lost is 6, expected == 0");
	cr_assert_eq(o->each[2].contender, SAMPLE_DIRECT);
	cr_assert_eq(o->each[4].contender, SAMPLE_CLEAN);
	cr_assert_eq(o->each[5].verdict, H);
	cr_assert_str_eq(
		o->each[5].message,
		"stale is 0, at most 0.001524 per migration with 95 % confidence, expected == 0");
	cr_assert_eq(o->each[6].verdict, I);
	cr_assert_not_null(strstr(o->each[6].message, "stale_per_migration is 0.1017 ["));
	cr_assert_eq(o->each[7].verdict, F);
	cr_assert_eq(o->verdicts[H] + o->verdicts[F] + o->verdicts[I], o->count);
	cr_assert_eq(o->verdicts[I], 1);
	expect_free(o);
	sample_free(result);
}

/* One expectation on the sample's clean contender. */
static enum expect_verdict verdict_of(int metric, enum expect_op op, double value,
				      uint32_t replications)
{
	struct run_result *result = sample_result();
	struct scenario s = *result->scenario;
	struct scenario_expectation x = { NULL, SAMPLE_CLEAN, metric, op, value, 1 };

	s.expectations = &x;
	s.expectations_count = 1;
	result->scenario = &s;
	result->contenders[SAMPLE_CLEAN].replications = replications;
	struct expect_outcomes *o = expect_evaluate(result);
	enum expect_verdict verdict = o->each[0].verdict;
	cr_assert_eq(o->count, 1);
	expect_free(o);
	sample_free(result);
	return verdict;
}

Test(expect, zero_is_a_question_of_the_count)
{
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_EQ, 0, SAMPLE_REPLICATIONS), H);
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_LE, 0, SAMPLE_REPLICATIONS), H);
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_GT, 0, SAMPLE_REPLICATIONS), F);
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_NE, 0, SAMPLE_REPLICATIONS), F);
	cr_assert_eq(verdict_of(METRIC_STALE, EXPECT_GT, 0, SAMPLE_REPLICATIONS), F);
	/* An upper bound of 3 in 1,966. */
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_LT, 0.01, SAMPLE_REPLICATIONS),
		     H);
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_LT, 0.001, SAMPLE_REPLICATIONS),
		     I);
}

Test(expect, cut_short_is_inconclusive)
{
	cr_assert_eq(verdict_of(METRIC_STALE, EXPECT_EQ, 0, 3), I);
	cr_assert_eq(verdict_of(METRIC_STALE, EXPECT_EQ, 0, 0), I);
	cr_assert_eq(verdict_of(METRIC_STALE_PER_MIGRATION, EXPECT_EQ, 0, 0), I);
}
