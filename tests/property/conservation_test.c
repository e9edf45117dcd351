// SPDX-License-Identifier: MIT
/*
 * Random scenarios: in every one each raise has exactly one fate (a run that breaks that law ends
 * with an error), and where all that happens is moves, a protocol that is said to lose nothing
 * loses nothing.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "random_scenario.h"
#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/run.h"

/* The sanitizers slow it down ten times. */
#ifdef __SANITIZE_ADDRESS__
#define SCENARIOS 40
#else
#define SCENARIOS 300
#endif

static void check_nothing_lost(const struct run_result *result, const char *const *safe,
			       const char *text)
{
	const struct scenario *s = result->scenario;

	for (size_t i = 0; i < s->contenders_count; i++) {
		const struct run_metrics *metrics = &result->contenders[i].each[0];

		for (size_t n = 0; safe[n]; n++) {
			cr_assert(strcmp(s->contenders[i].name, safe[n]) ||
				  !metrics->counter[METRIC_LOST],
				  "%s lost %llu:\n%s", safe[n],
				  (unsigned long long)metrics->counter[METRIC_LOST], text);
		}
	}
}

static void run_one(const struct random_system *system, const char *const *safe, uint64_t number,
		    bool moves_only, uint64_t *raised)
{
	char *text = random_scenario(system, number, moves_only);
	struct run_options options = { .jobs = 1 };
	struct run_result result;
	struct diagnostics *d = diagnostics_new("random.yaml");
	struct scenario *s = scenario_load_text("random.yaml", text, strlen(text), NULL, d);
	char *error = NULL;

	cr_assert_not_null(s, "scenario %llu does not load:\n%s", (unsigned long long)number, text);
	cr_assert_eq(run_scenario(s, &options, &result, &error), RUN_OK, "scenario %llu: %s\n%s",
		     (unsigned long long)number, error ? error : "", text);
	if (moves_only && (s->machine.fabric == FABRIC_ORDERED || !system->safe_when_ordered)) {
		check_nothing_lost(&result, safe, text);
	}
	for (size_t i = 0; i < s->contenders_count; i++) {
		cr_assert_eq(result.contenders[i].each[0].counter[METRIC_VECTORS_LEAKED], 0, "%s leaks:\n%s",
			     s->contenders[i].name, text);
	}
	*raised += result.contenders[0].each[0].counter[METRIC_RAISED];
	run_result_release(&result);
	scenario_free(s);
	diagnostics_free(d);
	free(error);
	free(text);
}

static void run_system(const struct random_system *system, const char *const *safe)
{
	uint64_t raised = 0;

	for (uint64_t number = 0; number < SCENARIOS; number++) {
		run_one(system, safe, number, number % 3 == 0, &raised);
	}
	cr_assert_gt(raised, 100 * SCENARIOS, "hardly anything was raised");
}

Test(conservation, its)
{
	static const char *const safe[] = { "its-movi", NULL };

	run_system(&(struct random_system){
		.machine = "arch: arm, remap: its", .strategies = "its-movi, its-no-resend",
		.cpus_max = 8, .global_first = 8192 }, safe);
}

Test(conservation, v2m)
{
	static const char *const safe[] = { "v2m", "mbi", NULL };

	run_system(&(struct random_system){
		.machine = "arch: arm, remap: v2m", .strategies = "v2m, mbi", .cpus_max = 8,
		.global_first = 32 }, safe);
}

Test(conservation, amdvi)
{
	static const char *const safe[] = { "amd-ga", "amd-32", NULL };

	run_system(&(struct random_system){
		.machine = "remap: amdvi",
		.strategies = "amd-ga, amd-32, amd-split, amd-split+immediate",
		.cpus_max = 8 }, safe);
}

/* The temporary message, and the fence, end with a read or a wait that only an ordered fabric carries to the file. */
Test(conservation, imsic)
{
	static const char *const safe[] = { "imsic-tmp", "imsic-tmp+sync-timer-wrong-cpu", NULL };

	run_system(&(struct random_system){
		.machine = "arch: riscv", .strategies = "imsic-tmp, imsic-tmp+sync-timer-wrong-cpu, imsic-tmp-remote, "
		"imsic-lazy, imsic-direct", .cpus_max = 8, .one_message = true, .safe_when_ordered = true }, safe);
}

Test(conservation, riscv_iommu)
{
	static const char *const safe[] = { "imsic-iommu", "imsic-mrif", NULL };

	run_system(&(struct random_system){
		.machine = "arch: riscv, remap: riscv-iommu", .strategies = "imsic-iommu, imsic-iommu-no-fence, "
		"imsic-mrif, imsic-mrif-early-merge", .cpus_max = 8, .one_message = true,
		.safe_when_ordered = true }, safe);
}
