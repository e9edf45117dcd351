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

const struct scenario_domain *scenario_domain_of(const struct scenario_device *device,
						 enum scenario_domain_name name)
{
	return name == DOMAIN_IMS      ? &device->ims :
	       name == DOMAIN_PLATFORM ? &device->platform :
					 &device->wired;
}

const struct scenario_arrivals *scenario_arrivals_of(const struct scenario_device *device,
						     uint32_t number)
{
	for (int name = DOMAIN_IMS; name <= DOMAIN_WIRED; name++) {
		const struct scenario_domain *domain =
			scenario_domain_of(device, (enum scenario_domain_name)name);
		if (domain->vectors > 0 && number-- == 1) {
			return &domain->arrivals;
		}
	}
	return &device->arrivals;
}

uint32_t scenario_domain_vectors(const struct scenario_device *device,
				 enum scenario_domain_name name)
{
	return name == DOMAIN_FIRST ? device->vectors : scenario_domain_of(device, name)->vectors;
}

enum device_kind scenario_domain_kind(const struct scenario_device *device,
				      enum scenario_domain_name name)
{
	return name == DOMAIN_FIRST    ? device->kind :
	       name == DOMAIN_IMS      ? DEVICE_IMS :
	       name == DOMAIN_PLATFORM ? DEVICE_PLATFORM :
					 DEVICE_WIRED;
}

uint32_t scenario_domain_number(const struct scenario_device *device,
				enum scenario_domain_name name)
{
	uint32_t number = name != DOMAIN_FIRST;

	for (int before = DOMAIN_IMS; before < (int)name; before++) {
		number += scenario_domain_of(device, (enum scenario_domain_name)before)->vectors > 0;
	}
	return number;
}

static void free_devices(struct scenario *s)
{
	for (size_t i = 0; i < s->devices_count; i++) {
		g_free(s->devices[i].name);
		g_free(s->devices[i].group);
		g_free(s->devices[i].initial_cpus);
		g_free(s->devices[i].arrivals.times_ps);
		g_free(s->devices[i].ims.arrivals.times_ps);
		g_free(s->devices[i].platform.arrivals.times_ps);
		g_free(s->devices[i].wired.arrivals.times_ps);
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

static void free_recording(struct scenario_recording *recording)
{
	g_free(recording->file);
	g_free(recording->start);
	for (size_t i = 0; i < recording->snapshots_count; i++) {
		g_free(recording->snapshots[i]);
	}
	g_free(recording->snapshots);
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
	for (size_t i = 0; i < s->sweep_count; i++) {
		for (size_t j = 0; j < s->sweep[i].values_count; j++) {
			g_free(s->sweep[i].values[j]);
		}
		g_free(s->sweep[i].values);
		g_free(s->sweep[i].path);
	}
	g_free(s->sweep);
	g_free(s->machine.system_vectors);
	g_free(s->machine.platform_file);
	g_free(s->file);
	g_free(s->name);
	g_free(s->question);
	free_recording(&s->recording);
	g_free(s->resolved_yaml);
	g_free(s);
}
