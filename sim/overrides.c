/* SPDX-License-Identifier: MIT */
/*
 * Values of the command line, put into the tree before it is read: the same checks then find the same errors, under the
 * option's name instead of a line. Nodes on the path are cloned, as the file's aliases may share them.
 */
#include <string.h>

#include "sim/loader_internal.h"
#include "sim/suggest.h"
#include "sim/units.h"

/* One step of a path: "machine", "[0]" or, in a list, a device's name. */
static char **split_path(const char *path)
{
	GString *dotted = g_string_new(NULL);

	for (const char *c = path; *c; c++) {
		if (*c == '[') {
			g_string_append_c(dotted, '.');
		} else if (*c != ']') {
			g_string_append_c(dotted, *c);
		}
	}
	char **steps = g_strsplit(dotted->str, ".", -1);
	g_string_free(dotted, TRUE);
	return steps;
}

/* The item of that number or, where items are mappings, of that name. */
static struct yaml_node **list_step(struct loader *l, struct yaml_node *list, const char *step,
				    const struct mark *at)
{
	struct suggestion near = suggestion_for(step);
	uint64_t index = 0;

	if (g_ascii_isdigit(step[0])) {
		g_autofree char *error = units_read_count(step, &index);
		if (!error && index < list->count) {
			return &list->items[index];
		}
		diagnose(l->d, at, "there is no item %s: the list has %u, from 0", step,
			 list->count);
		return NULL;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		const struct yaml_entry *name = yaml_find(list->items[i], "name");
		if (!name || name->value->kind != YAML_SCALAR) {
			continue;
		}
		if (strcmp(name->value->text, step) == 0) {
			return &list->items[i];
		}
		suggestion_offer(&near, name->value->text);
	}
	g_autofree char *hint = suggestion_hint(&near);
	diagnose(l->d, at, "nothing in the list is named '%s'%s", step, hint);
	return NULL;
}

/* The place of a key's value; the key is added where it is not there. */
static struct yaml_node **map_step(struct loader *l, struct yaml_node *mapping, const char *step,
				   const struct mark *at)
{
	for (uint32_t i = 0; i < mapping->count; i++) {
		if (strcmp(mapping->entries[i].key->text, step) == 0) {
			/* An error in the key itself is then the option's. */
			mapping->entries[i].key = yaml_scalar(l->tree, step, at);
			return &mapping->entries[i].value;
		}
	}
	yaml_mapping_set(l->tree, mapping, yaml_scalar(l->tree, step, at),
			 yaml_mapping(l->tree, at));
	return &mapping->entries[mapping->count - 1].value;
}

static void set_at(struct loader *l, char **steps, struct yaml_node *value, const struct mark *at)
{
	struct yaml_node *node = yaml_tree_root(l->tree);

	for (; *steps; steps++) {
		struct yaml_node **place;
		if (node->kind == YAML_SCALAR) {
			diagnose(l->d, at, "there is nothing below a single value: '%s'", *steps);
			return;
		}
		place = node->kind == YAML_SEQUENCE ? list_step(l, node, *steps, at)
						    : map_step(l, node, *steps, at);
		if (!place) {
			return;
		}
		*place = steps[1] ? yaml_clone(l->tree, *place) : value;
		node = *place;
	}
}

/* Copies a parsed value into the scenario's own tree. Depth is bounded by YAML_DEPTH_MAX. */
static struct yaml_node *adopt(struct loader *l, const struct yaml_node *node,
			       const struct mark *at)
{
	struct yaml_node *copy = yaml_clone(l->tree, node);

	copy->mark = *at;
	copy->plain = false;
	if (node->kind == YAML_SCALAR) {
		copy->text = yaml_scalar(l->tree, node->text, at)->text;
		return copy;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_SEQUENCE) {
			copy->items[i] = adopt(l, node->items[i], at);
		} else {
			copy->entries[i].key = adopt(l, node->entries[i].key, at);
			copy->entries[i].value = adopt(l, node->entries[i].value, at);
		}
	}
	return copy;
}

static void apply(struct loader *l, const struct scenario_override *override)
{
	char *origin = strcmp(override->option, "--set") == 0 ?
		g_strdup_printf("--set %s", override->path) : g_strdup(override->option);
	struct mark at = { .origin = origin };

	g_ptr_array_add(l->origins, origin);
	if (override->value[0] == '\0') {
		diagnose(l->d, &at, "there is no value");
		return;
	}
	struct yaml_tree *parsed =
		yaml_tree_parse(override->value, strlen(override->value), origin, l->d);
	if (!parsed) {
		return;
	}
	g_auto(GStrv) steps = split_path(override->path);
	if (steps[0]) {
		set_at(l, steps, adopt(l, yaml_tree_root(parsed), &at), &at);
	} else {
		diagnose(l->d, &at, "there is no path");
	}
	yaml_tree_free(parsed);
}

void apply_overrides(struct loader *l)
{
	for (size_t i = 0; i < l->options->overrides_count; i++) {
		apply(l, &l->options->overrides[i]);
	}
}
