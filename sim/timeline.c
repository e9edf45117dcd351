/* SPDX-License-Identifier: MIT */
/*
 * Actions at fixed times, in the order in which they happen, against the state that they find: vectors allocated, functions
 * enabled, CPUs on line. What a repeated action touches is unknown from the start, and nothing is said about it, but a
 * repetition that can only fail the second time is an error too.
 */
#include <string.h>

#include "sim/loader_internal.h"

/* Vectors that fixed actions may touch all together; beyond, the scenario is refused rather than looked at for minutes. */
#define STEPS_MAX UINT64_C(100000000)

enum state { STATE_UNKNOWN, STATE_OFF, STATE_ON };

struct timeline {
	struct loader *l;
	uint8_t *cpus;             /* enum state of each */
	uint8_t **vectors; /* of each device: enum state of each vector; NULL: as at the start */
	bool *vectors_unknown;
	uint8_t *enabled;
};

static const struct scenario_device *device_at(const struct timeline *t, uint32_t number)
{
	return &g_array_index(t->l->devices, struct scenario_device, number);
}

static const struct scenario_action *action_at(const struct timeline *t, guint number)
{
	return &g_array_index(t->l->actions, struct scenario_action, number);
}

static struct mark mark_at(const struct timeline *t, guint number, const char *key)
{
	return key_mark(g_ptr_array_index(t->l->action_nodes, number), key);
}

static uint8_t *vectors_of(struct timeline *t, uint32_t number)
{
	const struct scenario_device *device = device_at(t, number);

	if (!t->vectors[number]) {
		t->vectors[number] = g_malloc(device->vectors);
		for (uint32_t i = 0; i < device->vectors; i++) {
			t->vectors[number][i] = i < device->allocated ? STATE_ON : STATE_OFF;
		}
	}
	return t->vectors[number];
}

static enum state vector_state(const struct timeline *t, uint32_t device, uint32_t vector)
{
	if (t->vectors_unknown[device]) {
		return STATE_UNKNOWN;
	}
	if (t->vectors[device]) {
		return t->vectors[device][vector];
	}
	return vector < device_at(t, device)->allocated ? STATE_ON : STATE_OFF;
}

/* Is there another action that undoes this one, at any time? */
static bool has_opposite(const struct timeline *t, const struct scenario_action *action,
			 enum scenario_verb opposite)
{
	for (guint i = 0; i < t->l->actions->len; i++) {
		const struct scenario_action *other = action_at(t, i);
		bool same_cpu = other->cpu < 0 || action->cpu < 0 || other->cpu == action->cpu;
		bool same_device = other->device < (int64_t)action->device + action->device_count &&
				   action->device < (int64_t)other->device + other->device_count;
		bool cpu_verb = opposite == ACTION_OFFLINE || opposite == ACTION_ONLINE;
		if (other->verb == opposite && (cpu_verb ? same_cpu : same_device)) {
			return true;
		}
	}
	return false;
}

/* Not of the vectors of the first domain, or not of vectors that the file names. */
static bool is_loose(const struct scenario_action *action)
{
	return action->domain != DOMAIN_FIRST || action->want ||
	       (action->verb == ACTION_FREE && action->group != UINT32_MAX);
}

static void check_repetition(struct timeline *t, guint number)
{
	static const struct {
		enum scenario_verb verb, opposite;
		const char *message;
	} pairs[] = {
		{ ACTION_FREE, ACTION_ALLOCATE, "frees again what nothing allocates again" },
		{ ACTION_ALLOCATE, ACTION_FREE, "allocates again what nothing frees" },
		{ ACTION_OFFLINE, ACTION_ONLINE, "takes CPUs down again that nothing brings back" },
		{ ACTION_ONLINE, ACTION_OFFLINE, "brings back CPUs that nothing takes down" },
		{ ACTION_ENABLE, ACTION_DISABLE, "enables again what nothing disables" },
		{ ACTION_DISABLE, ACTION_ENABLE, "disables again what nothing enables" },
	};
	const struct scenario_action *action = action_at(t, number);

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		if (pairs[i].verb == action->verb && action->count != 1 && !is_loose(action) &&
		    !has_opposite(t, action, pairs[i].opposite)) {
			struct mark at = mark_at(t, number, "do");
			diagnose(t->l->d, &at, "contradiction: the action %s", pairs[i].message);
		}
	}
}

/* From here on nobody knows the state of what a repeated action changes. */
static void forget(struct timeline *t, const struct scenario_action *action)
{
	uint32_t cpus = t->l->s->machine.cpus;

	for (uint32_t i = 0; action->device >= 0 && i < action->device_count; i++) {
		uint32_t number = (uint32_t)action->device + i;
		bool plug = action->verb == ACTION_UNPLUG || action->verb == ACTION_PLUG;
		if (action->verb == ACTION_FREE || action->verb == ACTION_ALLOCATE || plug) {
			t->vectors_unknown[number] = true;
			t->enabled[number] = plug ? STATE_UNKNOWN : t->enabled[number];
		} else if (action->verb == ACTION_ENABLE || action->verb == ACTION_DISABLE) {
			t->enabled[number] = STATE_UNKNOWN;
		}
	}
	if (action->verb != ACTION_OFFLINE && action->verb != ACTION_ONLINE) {
		return;
	}
	if (action->cpu >= 0) {
		t->cpus[action->cpu] = STATE_UNKNOWN;
	} else {
		memset(t->cpus, STATE_UNKNOWN, cpus);
	}
}

static void set_vectors(struct timeline *t, guint number, enum state before, enum state after,
			const char *message)
{
	const struct scenario_action *action = action_at(t, number);

	for (uint32_t i = 0; i < action->device_count; i++) {
		uint32_t device = (uint32_t)action->device + i;
		if (t->vectors_unknown[device]) {
			continue;
		}
		uint8_t *states = vectors_of(t, device);
		for (uint32_t vector = action->vector_first; vector < action->vector_end;
		     vector++) {
			if (states[vector] != before) {
				struct mark at = mark_at(t, number, "do");
				diagnose(t->l->d, &at,
					 "contradiction: vector %u of '%s' %s at that time", vector,
					 device_at(t, device)->name, message);
				return;
			}
			states[vector] = (uint8_t)after;
		}
	}
}

static void set_enabled(struct timeline *t, guint number, enum state after, const char *message)
{
	const struct scenario_action *action = action_at(t, number);

	for (uint32_t i = 0; i < action->device_count; i++) {
		uint32_t device = (uint32_t)action->device + i;
		if (t->enabled[device] == after) {
			struct mark at = mark_at(t, number, "do");
			diagnose(t->l->d, &at, "contradiction: '%s' is %s at that time",
				 device_at(t, device)->name, message);
			return;
		}
		if (t->enabled[device] != STATE_UNKNOWN) {
			t->enabled[device] = (uint8_t)after;
		}
	}
}

static uint32_t count_not(const struct timeline *t, enum state state)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < t->l->s->machine.cpus; i++) {
		count += t->cpus[i] != state;
	}
	return count;
}

static void set_cpu(struct timeline *t, guint number, enum state after)
{
	const struct scenario_action *action = action_at(t, number);
	struct mark at = mark_at(t, number, "do");

	if (after == STATE_OFF && count_not(t, STATE_OFF) <= 1) {
		diagnose(t->l->d, &at, "contradiction: no CPU would be left on line");
		return;
	}
	if (after == STATE_ON && count_not(t, STATE_ON) == 0) {
		diagnose(t->l->d, &at, "contradiction: no CPU is off line at that time");
		return;
	}
	if (action->cpu < 0) {
		/* Which one it is depends on the run: all are unknown from now on, but the last one stays on line. */
		if (count_not(t, STATE_UNKNOWN)) {
			memset(t->cpus, STATE_UNKNOWN, t->l->s->machine.cpus);
		}
		return;
	}
	if (t->cpus[action->cpu] == after) {
		diagnose(t->l->d, &at, "contradiction: CPU %d is %s at that time", action->cpu,
			 after == STATE_ON ? "on line" : "off line");
		return;
	}
	t->cpus[action->cpu] = (uint8_t)after;
}

static void check_migration(struct timeline *t, guint number)
{
	const struct scenario_action *action = action_at(t, number);
	bool reachable = action->target_cpus_count == 0;

	for (size_t i = 0; i < action->target_cpus_count && !reachable; i++) {
		reachable = t->cpus[action->target_cpus[i]] != STATE_OFF;
	}
	if (!reachable) {
		struct mark at = mark_at(t, number, "do");
		diagnose(t->l->d, &at,
			 "contradiction: every CPU to move to is off line at that time");
	}
	for (uint32_t i = 0; i < action->device_count; i++) {
		uint32_t device = (uint32_t)action->device + i;
		for (uint32_t vector = action->vector_first; vector < action->vector_end;
		     vector++) {
			if (vector_state(t, device, vector) == STATE_OFF) {
				struct mark at = mark_at(t, number, "do");
				diagnose(
					t->l->d, &at,
					"contradiction: vector %u of '%s' is not allocated at that time",
					vector, device_at(t, device)->name);
				return;
			}
		}
	}
}

static void play(struct timeline *t, guint number)
{
	const struct scenario_action *action = action_at(t, number);
	bool vectors = action->verb == ACTION_ALLOCATE || action->verb == ACTION_FREE ||
		       action->verb == ACTION_MIGRATE;

	if (action->on >= 0 && t->cpus[action->on] == STATE_OFF) {
		struct mark at = mark_at(t, number, "on");
		diagnose(t->l->d, &at, "contradiction: CPU %d is off line at that time",
			 action->on);
	}
	if (vectors && is_loose(action)) {
		forget(t, action);
		return;
	}
	switch (action->verb) {
	case ACTION_ALLOCATE:
		set_vectors(t, number, STATE_OFF, STATE_ON, "is allocated already");
		break;
	case ACTION_FREE:
		set_vectors(t, number, STATE_ON, STATE_OFF, "is not allocated");
		break;
	case ACTION_ENABLE:
		set_enabled(t, number, STATE_ON, "enabled already");
		break;
	case ACTION_DISABLE:
		set_enabled(t, number, STATE_OFF, "disabled already");
		break;
	case ACTION_OFFLINE:
		set_cpu(t, number, STATE_OFF);
		break;
	case ACTION_ONLINE:
		set_cpu(t, number, STATE_ON);
		break;
	case ACTION_MIGRATE:
		check_migration(t, number);
		break;
	case ACTION_UNPLUG:
	case ACTION_PLUG:
		forget(t, action);
		break;
	case ACTION_RAISE:
	case ACTION_REQUEST:
	case ACTION_RELEASE:
	case ACTION_MASK:
	case ACTION_UNMASK:
	case ACTION_REBOOT:
	case ACTION_SWAP:
	case ACTION_APICV_ON:
	case ACTION_APICV_OFF:
		break;
	}
}

static gint compare_times(gconstpointer a, gconstpointer b, gpointer data)
{
	guint left = *(const guint *)a, right = *(const guint *)b;
	uint64_t left_ps = action_at(data, left)->at_ps, right_ps = action_at(data, right)->at_ps;

	if (left_ps != right_ps) {
		return left_ps < right_ps ? -1 : 1;
	}
	return left < right ? -1 : left > right;
}

static bool is_small_enough(struct timeline *t)
{
	uint64_t steps = 0;

	for (guint i = 0; i < t->l->actions->len; i++) {
		const struct scenario_action *action = action_at(t, i);
		steps += 1 +
			 (uint64_t)action->device_count *
				 (action->vector_end - action->vector_first) +
			 action->target_cpus_count;
		if (action->verb == ACTION_OFFLINE || action->verb == ACTION_ONLINE) {
			steps += t->l->s->machine.cpus;
		}
		if (action->when != WHEN_AT) {
			steps += t->l->actions->len;
		}
		if (steps > STEPS_MAX) {
			struct mark at = mark_at(t, i, "do");
			diagnose(t->l->d, &at,
				 "too large: the actions touch more than %" G_GUINT64_FORMAT
				 " vectors and CPUs",
				 STEPS_MAX);
			return false;
		}
	}
	return true;
}

static void play_all(struct timeline *t)
{
	GArray *order = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < t->l->actions->len; i++) {
		if (action_at(t, i)->when == WHEN_AT) {
			g_array_append_val(order, i);
		} else {
			check_repetition(t, i);
			forget(t, action_at(t, i));
		}
	}
	g_array_sort_with_data(order, compare_times, t);
	for (guint i = 0; i < order->len; i++) {
		play(t, g_array_index(order, guint, i));
	}
	g_array_free(order, TRUE);
}

void check_timeline(struct loader *l)
{
	uint32_t cpus = l->s->machine.cpus;
	guint devices = l->devices->len;

	/* What is wrong by itself says nothing about what it would contradict. */
	if (!l->machine_sound || !l->devices_sound || !l->actions_sound) {
		return;
	}
	struct timeline t = {
		.l = l,
		.cpus = g_malloc(cpus),
		.vectors = g_new0(uint8_t *, devices + 1),
		.vectors_unknown = g_new0(bool, devices + 1),
		.enabled = g_malloc(devices + 1),
	};
	memset(t.cpus, STATE_ON, cpus);
	memset(t.enabled, STATE_ON, devices + 1);
	if (is_small_enough(&t)) {
		play_all(&t);
	}
	for (guint i = 0; i < devices; i++) {
		g_free(t.vectors[i]);
	}
	g_free(t.vectors);
	g_free(t.vectors_unknown);
	g_free(t.enabled);
	g_free(t.cpus);
}
