/* SPDX-License-Identifier: MIT */
/* What one key alone cannot tell, of the scenario as a whole; and what such checks share. */
#include <errno.h>
#include <unistd.h>

#include "sim/loader_internal.h"
#include "sim/units.h"

bool refuse_key(struct loader *l, const struct yaml_node *node, const char *key,
		const char *message)
{
	struct mark at = key_mark(node, key);

	diagnose(l->d, &at, "%s", message);
	return false;
}

/*
 * It is read when the scenario runs; that it is there can be said now, and where the file names it.
 */
static bool check_readable(struct loader *l, const struct yaml_node *name, const char *path)
{
	int error = access(path, R_OK) == 0 ? 0 : errno;

	error = !error && g_file_test(path, G_FILE_TEST_IS_DIR) ? EISDIR : error;
	if (error) {
		diagnose(l->d, &name->mark, "%s: %s", path, g_strerror(error));
	}
	return !error;
}

bool finish_recording(struct loader *l, const struct yaml_node *node, const struct mark *at,
		      const struct scenario_recording *recording)
{
	const struct yaml_entry *file = yaml_find(node, "file"), *start = yaml_find(node, "start"),
				*snapshots = yaml_find(node, "snapshots");
	bool sound = true;

	if (node && !file) {
		diagnose(l->d, at, "missing key 'file': 'recording' needs it");
		return false;
	}
	sound &= !file || check_readable(l, file->value, recording->file);
	sound &= !start || check_readable(l, start->value, recording->start);
	for (size_t i = 0; i < recording->snapshots_count; i++) {
		const struct yaml_node *list = snapshots->value;
		const struct yaml_node *name = list->kind == YAML_SEQUENCE ? list->items[i] : list;
		sound &= check_readable(l, name, recording->snapshots[i]);
	}
	return sound;
}

static const struct yaml_node *node_of(const GPtrArray *nodes, guint i)
{
	return g_ptr_array_index(nodes, i);
}

static void deal_sockets(struct loader *l)
{
	for (guint i = 0; i < l->devices->len; i++) {
		struct scenario_device *device =
			&g_array_index(l->devices, struct scenario_device, i);
		if (device->socket_dealt) {
			device->socket =
				(uint32_t)((uint64_t)i * l->s->machine.sockets / l->devices->len);
		}
	}
}

static void check_clock(struct loader *l, const struct yaml_node *root)
{
	const struct scenario *s = l->s;

	if (s->duration_ps <= SCENARIO_DURATION_PS_MAX && s->drain_ps <= SCENARIO_DURATION_PS_MAX &&
	    s->duration_ps + s->drain_ps > SCENARIO_DURATION_PS_MAX) {
		struct mark at = key_mark(root, "duration");
		diagnose(l->d, &at,
			 "duration and drain together are past the end of the simulated "
			 "clock, " CLOCK_END_TEXT);
	}
}

static void check_action_times(struct loader *l)
{
	for (guint i = 0; i < l->actions->len && l->s->duration_ps; i++) {
		const struct scenario_action *action =
			&g_array_index(l->actions, struct scenario_action, i);
		if (action->at_ps > l->s->duration_ps) {
			const char *key = action->when == WHEN_AT ? "at" : "start";
			struct mark at = key_mark(node_of(l->action_nodes, i), key);
			g_autofree char *end = units_write_duration(l->s->duration_ps);
			diagnose(l->d, &at, "%s: the run ends at %s, before the action", key, end);
		}
	}
}

static void check_managed(struct loader *l)
{
	for (guint i = 0; i < l->actions->len; i++) {
		const struct scenario_action *action =
			&g_array_index(l->actions, struct scenario_action, i);
		if (action->verb != ACTION_MIGRATE || action->domain != DOMAIN_FIRST) {
			continue;
		}
		const struct scenario_device *device =
			&g_array_index(l->devices, struct scenario_device, (guint)action->device);
		if (device->managed) {
			refuse_key(l, node_of(l->action_nodes, i), "device",
				   "the device is managed: its affinity is the kernel's and cannot "
				   "be set");
		}
	}
}

void finish_scenario(struct loader *l, const struct yaml_node *root)
{
	check_clock(l, root);
	check_vcpus(l, root);
	deal_sockets(l);
	check_action_times(l);
	check_managed(l);
	check_timeline(l);
	if (l->machine_sound && l->devices_sound) {
		check_strategies(l);
		fill_default_slots(l);
	}
}
