/* SPDX-License-Identifier: MIT */
#include "sim/scenario.h"

#include <glib.h>

const char *check_subject_name(enum check_subject subject)
{
	static const char *const names[CHECK_SUBJECTS] = {
		[CHECK_STALE] = "stale",
		[CHECK_LOST] = "lost",
		[CHECK_SPURIOUS] = "spurious",
		[CHECK_SPURIOUS_UNHANDLED] = "spurious_unhandled",
		[CHECK_SPURIOUS_STRAY] = "spurious_stray",
		[CHECK_SPURIOUS_DUPLICATE] = "spurious_duplicate",
		[CHECK_SPURIOUS_INTX] = "spurious_intx",
	};

	return names[subject];
}

const char *check_verdict_name(enum check_verdict verdict)
{
	static const char *const names[] = { "Never", "Sometimes", "Always" };

	return names[verdict];
}

static void free_devices(struct scenario *s)
{
	for (size_t i = 0; i < s->devices_count; i++) {
		g_free(s->devices[i].name);
		g_free(s->devices[i].group);
		g_free(s->devices[i].initial_cpus);
		g_free(s->devices[i].arrivals.times_ps);
	}
	g_free(s->devices);
}

static void free_expectations(struct scenario *s)
{
	for (size_t i = 0; i < s->expectations_count; i++) {
		g_free(s->expectations[i].text);
	}
	g_free(s->expectations);
	for (size_t i = 0; i < s->check.expectations_count; i++) {
		g_free(s->check.expectations[i].text);
	}
	g_free(s->check.expectations);
}

void scenario_free(struct scenario *s)
{
	if (!s) {
		return;
	}
	free_devices(s);
	for (size_t i = 0; i < s->vcpus_count; i++) {
		g_free(s->vcpus[i].name);
	}
	g_free(s->vcpus);
	free_expectations(s);
	for (size_t i = 0; i < s->actions_count; i++) {
		g_free(s->actions[i].target_cpus);
	}
	g_free(s->actions);
	for (size_t i = 0; i < s->contenders_count; i++) {
		g_free(s->contenders[i].name);
	}
	g_free(s->contenders);
	g_free(s->machine.system_vectors);
	g_free(s->machine.platform_file);
	g_free(s->file);
	g_free(s->name);
	g_free(s->question);
	g_free(s->resolved_yaml);
	g_free(s);
}
