/* SPDX-License-Identifier: MIT */
/* The keys that a scenario sweeps. That each value is a good one shows when its cell is loaded. */
#include "sim/loader_internal.h"

static bool load_values(struct loader *l, const char *path, const struct yaml_node *node,
			struct scenario_sweep *sweep)
{
	bool sound = true;

	if (node->kind != YAML_SEQUENCE || node->count == 0) {
		diagnose(l->d, &node->mark, "sweep of '%s' needs a list of values", path);
		return false;
	}
	if (!count_values(l, node->count, &node->mark)) {
		return false;
	}
	sweep->values = g_new0(char *, node->count);
	for (uint32_t i = 0; i < node->count; i++) {
		const char *text = scalar_text(l, path, node->items[i]);
		sound &= text != NULL;
		sweep->values[i] = g_strdup(text ? text : "");
	}
	sweep->values_count = node->count;
	return sound;
}

bool load_sweep(struct loader *l, const struct yaml_node *node)
{
	bool sound = true;

	if (l->options->cell) {
		return true;
	}
	if (node->kind != YAML_MAPPING) {
		diagnose(l->d, &node->mark, "'sweep' needs a mapping of paths to lists of values");
		return false;
	}
	l->s->sweep = g_new0(struct scenario_sweep, node->count);
	for (uint32_t i = 0; i < node->count; i++) {
		struct scenario_sweep *sweep = &l->s->sweep[l->s->sweep_count++];
		const char *path = node->entries[i].key->text;
		sweep->path = g_strdup(path);
		sweep->line = node->entries[i].key->mark.line;
		if (g_str_has_prefix(path, "recording")) {
			diagnose(l->d, &node->entries[i].key->mark,
				 "'%s' cannot be swept: a recording is replayed once, before all cells", path);
			sound = false;
		}
		sound &= load_values(l, path, node->entries[i].value, sweep);
	}
	return sound;
}
