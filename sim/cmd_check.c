// SPDX-License-Identifier: MIT
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/actor.h"
#include "sim/check_explore.h"
#include "sim/commands.h"
#include "sim/platform.h"
#include "sim/scenario_files.h"
#include "sim/units.h"

#define STATES_DEFAULT 2000000
#define SECONDS_DEFAULT 600

static const struct option options[] = {
	{ "--raises", 0, "N", "raises of each device, at most; default: the scenario's" },
	{ "--migrations", 0, "N", "times that each repeated migration happens; default: the scenario's" },
	{ "--stalls", 0, NULL, "a command's time-out may come at any time" },
	{ "--states", 0, "N", "give up beyond this many states; default: 2000000, some 200 bytes each" },
	{ "--seconds", 0, "N", "give up on a strategy after this long; default: 600" },
	{ "--no-reduction", 0, NULL, "follow every path to its end, however often its states were seen" },
	{ "--strategy", 0, "NAME", "check this strategy instead of the scenario's; may be repeated" },
	{ "--set", 0, "PATH=VALUE", "replace a value: --set machine.fabric=weak" },
	{ "--quiet", 'q', NULL, "print only expectations that did not hold" },
	{ 0 },
};

static volatile sig_atomic_t interrupted;

struct plan {
	const struct invocation *invocation;
	struct scenario_files files;
	struct check_limits limits;
	uint64_t raises, migrations;      /* UINT64_MAX: the scenario's */
	bool stalls;
	bool reduction;
	bool quiet;
	enum exit_code code;
};

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* The worst that happened decides. */
static void worsen(struct plan *plan, enum exit_code code)
{
	plan->code = MAX(plan->code, code);
}

static enum exit_code read_number(const struct invocation *invocation, const char *name, uint64_t max, uint64_t *value)
{
	const char *text = option_value(invocation, name);

	if (!text) {
		return EXIT_HELD;
	}
	g_autofree char *error = units_read_count(text, value);
	if (error || *value > max) {
		g_autofree char *range = g_strdup_printf("at most %" G_GUINT64_FORMAT, max);
		return usage_error(invocation->command, "%s: %s", name, error ? error : range);
	}
	return EXIT_HELD;
}

static enum exit_code read_plan(const struct invocation *invocation, struct plan *plan)
{
	uint64_t states = STATES_DEFAULT, seconds = SECONDS_DEFAULT;

	*plan = (struct plan){
		.invocation = invocation, .raises = UINT64_MAX, .migrations = UINT64_MAX,
		.stalls = option_value(invocation, "--stalls"), .quiet = option_value(invocation, "--quiet"),
		.reduction = !option_value(invocation, "--no-reduction"),
	};
	enum exit_code code = read_number(invocation, "--raises", 16, &plan->raises);
	code = code == EXIT_HELD ? read_number(invocation, "--migrations", 16, &plan->migrations) : code;
	code = code == EXIT_HELD ? read_number(invocation, "--states", 1000000000, &states) : code;
	code = code == EXIT_HELD ? read_number(invocation, "--seconds", 1000000, &seconds) : code;
	plan->limits = (struct check_limits){ states, (double)seconds, &interrupted };
	return code;
}

static struct check_bounds bounds_for(const struct plan *plan, const struct scenario *s)
{
	return (struct check_bounds){
		.raises = plan->raises == UINT64_MAX ? s->check.raises : (uint32_t)plan->raises,
		.migrations = plan->migrations == UINT64_MAX ? s->check.migrations : (uint32_t)plan->migrations,
		.stalls = plan->stalls || s->check.stalls,
	};
}

static void print_line(const struct plan *plan, const struct scenario *s, const struct scenario_contender *contender,
		       const struct check_result *r)
{
	(void)plan;
	printf("Observation %s/%s %s stale", s->name, contender->name,
	       r->end == CHECK_COMPLETE ? check_verdict_name(r->verdict[CHECK_STALE]) : "Unknown");
	for (int subject = CHECK_LOST; subject < CHECK_SUBJECTS; subject++) {
		printf(" %s=%s", check_subject_name((enum check_subject)subject), check_verdict_name(r->verdict[subject]));
	}
	printf(" interleavings=%.0f%s states=%" PRIu64 " quiet=%" PRIu64 " executed=%" PRIu64 " commuted=%" PRIu64
	       " shortest=%u seconds=%.3f end=%d %s\n", r->interleavings, r->cyclic ? "+" : "", r->states, r->quiet, r->executed,
	       r->commuted, r->shortest[CHECK_STALE].count, r->seconds, r->end, r->error ? r->error : "");
}

static void check_one(struct plan *plan, const struct scenario *s, const struct scenario_contender *contender)
{
	struct check_bounds bounds = bounds_for(plan, s);
	struct check_machine machine;
	struct check_result result;

	char *error = check_machine_create(&machine, s, contender, &bounds);
	if (error) {
		fprintf(stderr, "%s: %s: cannot be checked: %s\n", s->file, contender->name, error);
		free(error);
		worsen(plan, EXIT_BROKEN);
		return;
	}
	check_explore(&machine, &plan->limits, plan->reduction, &result);
	print_line(plan, s, contender, &result);
	check_result_release(&result);
	check_machine_destroy(&machine);
}

static void check_all(void *argument)
{
	struct plan *plan = argument;

	/* Only here, because SimGrid sets handlers of its own when it starts. */
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (size_t i = 0; i < plan->files.count && !interrupted; i++) {
		const struct scenario *s = plan->files.each[i];
		for (size_t j = 0; j < s->contenders_count && !interrupted; j++) {
			check_one(plan, s, &s->contenders[j]);
		}
	}
	if (interrupted) {
		worsen(plan, EXIT_INTERRUPTED);
	}
}

/* Distances do not matter here: the platform that has enough CPUs serves all scenarios. */
static const struct scenario *widest(const struct scenario_files *files)
{
	const struct scenario *widest = files->each[0];

	for (size_t i = 1; i < files->count; i++) {
		widest = files->each[i]->machine.cpus > widest->machine.cpus ? files->each[i] : widest;
	}
	return widest;
}

static enum exit_code run(const struct invocation *invocation)
{
	struct plan plan;
	int descriptor;

	enum exit_code code = read_plan(invocation, &plan);
	if (code != EXIT_HELD) {
		return code;
	}
	code = scenario_files_load(invocation, &plan.files);
	if (code == EXIT_HELD) {
		char *path = platform_path(widest(&plan.files), &descriptor);
		actor_world_run(path, check_all, &plan);
		free(path);
		code = plan.code;
	}
	scenario_files_free(&plan.files);
	return code;
}

const struct command command_check = {
	.name = "check",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "Try every interleaving of small scenarios",
	.description = "",
	.options = options,
	.example = "  msirace check scenarios/check/\n",
	.run = run,
};
