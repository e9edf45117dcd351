// SPDX-License-Identifier: MIT
/* When devices raise, for each arrival process: the raises of a run in which nothing else happens. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/actor.h"
#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/platform.h"
#include "sim/replicate.h"

#define RAISES_MAX 400000

/* What a run in a process of its own leaves behind: SimGrid runs once in a process. */
struct found {
	uint32_t count;
	uint64_t at_ps[RAISES_MAX];
	struct run_metrics metrics;
	char error[256];
};

struct task {
	struct scenario *scenario;
	struct found *found;
};

static void on_raise(void *data, const struct machine *m, const struct model_event *event)
{
	struct found *found = data;

	(void)event;
	if (found->count < RAISES_MAX) {
		found->at_ps[found->count++] = m->now_ps;
	}
}

static void body(void *argument)
{
	const struct task *task = argument;
	struct engine_listener listener = { UINT64_C(1) << EV_RAISE, on_raise, task->found };
	struct topology topology = { 0 };
	char *error = topology_load(task->scenario, &topology);

	if (!error) {
		error = replicate(task->scenario, &task->scenario->contenders[0], 0, &topology, &listener,
				  &task->found->metrics, NULL);
	}
	if (error) {
		snprintf(task->found->error, sizeof(task->found->error), "%s", error);
	}
	topology_release(&topology);
	free(error);
	_exit(0);
}

static struct found *run(const char *raise)
{
	struct diagnostics *d = diagnostics_new("arrivals.yaml");
	struct task task;
	char text[512];
	int status;
	pid_t child;

	snprintf(text, sizeof(text), "machine: {cpus: 1}\ndevices: [{name: nic, kind: msix, handler: 1us, raise: %s}]\n"
		 "strategies: [x86-tmp]\nduration: 1s\n", raise);
	task.scenario = scenario_load_text("arrivals.yaml", text, strlen(text), NULL, d);
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	cr_assert_not_null(task.scenario);
	task.found = mmap(NULL, sizeof(*task.found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(task.found, MAP_FAILED);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		int descriptor;
		char *platform = platform_path(task.scenario, &descriptor);

		actor_world_run(platform, body, &task);
		_exit(1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_str_empty(task.found->error);
	scenario_free(task.scenario);
	return task.found;
}

static double mean_gap_ps(const struct found *found)
{
	return (double)(found->at_ps[found->count - 1] - found->at_ps[0]) / (found->count - 1);
}

/* Standard deviation of the gaps over their mean: 1 for Poisson, 0 for a clock, more for bursts. */
static double variation(const struct found *found)
{
	double mean = mean_gap_ps(found);
	double sum = 0;

	for (uint32_t i = 1; i < found->count; i++) {
		double gap = (double)(found->at_ps[i] - found->at_ps[i - 1]);

		sum += (gap - mean) * (gap - mean);
	}
	return sqrt(sum / (found->count - 1)) / mean;
}

Test(arrivals, poisson_has_its_rate_and_its_variation)
{
	struct found *found = run("{rate: 100kHz}");

	cr_expect_lt(fabs(found->count - 100000.0), 4 * sqrt(100000.0));
	cr_expect_lt(fabs(variation(found) - 1), 0.02);
	cr_expect_lt(found->at_ps[found->count - 1], UINT64_C(1000000000000));
}

Test(arrivals, periodic_keeps_to_its_grid)
{
	struct found *found = run("{process: periodic, period: 1ms}");

	cr_assert_eq(found->count, 1000);
	for (uint32_t i = 0; i < found->count; i++) {
		cr_assert_eq(found->at_ps[i], (i + 1) * UINT64_C(1000000000));
	}
}

Test(arrivals, jitter_moves_a_raise_but_not_the_grid)
{
	struct found *found = run("{process: periodic, period: 1ms, jitter: 20%}");
	uint32_t early = 0;

	cr_assert_geq(found->count, 999);
	for (uint32_t i = 0; i < found->count; i++) {
		int64_t off_ps = (int64_t)found->at_ps[i] - (int64_t)((i + 1) * UINT64_C(1000000000));

		cr_assert_leq(llabs(off_ps), 200000000);
		early += off_ps < 0;
	}
	cr_expect_lt(fabs(early - 500.0), 4 * sqrt(250.0));
}

Test(arrivals, bursts_raise_at_their_rate_during_their_part_of_the_time)
{
	struct found *found = run("{process: bursts, rate: 300kHz, on: 1ms, off: 2ms}");

	/* About 333 bursts with a mean of 300 raises, both exponential or nearly so. */
	cr_expect_lt(fabs(found->count - 100000.0), 4 * 100000.0 / sqrt(333.0) * 1.5);
	cr_expect_gt(variation(found), 2);
}

Test(arrivals, times_are_the_times)
{
	struct found *found = run("{process: times, at: [1ms, 2ms, 2ms, 999ms]}");

	cr_assert_eq(found->count, 4);
	cr_expect_eq(found->at_ps[0], UINT64_C(1000000000));
	cr_expect_eq(found->at_ps[1], found->at_ps[2]);
	cr_expect_eq(found->at_ps[3], UINT64_C(999000000000));
}

Test(arrivals, none_is_none)
{
	cr_expect_eq(run("{process: none}")->count, 0);
}

/* Service 99 us, message 0.5 us, entry 0.7 us: the next command begins when the handler starts. */
Test(arrivals, closed_loop_of_depth_1_waits_for_its_handler)
{
	struct found *found = run("{process: closed, depth: 1, service: 99us, timeout: 50ms}");

	cr_expect_lt(fabs(mean_gap_ps(found) - 100.2e6), 4 * 99e6 / sqrt(found->count));
	cr_expect_eq(found->metrics.counter[METRIC_STALLS], 0);
	for (uint32_t i = 1; i < found->count; i++) {
		cr_assert_gt(found->at_ps[i] - found->at_ps[i - 1], UINT64_C(1200000));
	}
}

Test(arrivals, depth_multiplies_the_rate_of_a_closed_loop)
{
	struct found *found = run("{process: closed, depth: 8, service: 990us, timeout: 50ms}");

	cr_expect_lt(fabs(mean_gap_ps(found) / (991.2e6 / 8) - 1), 0.05);
}
