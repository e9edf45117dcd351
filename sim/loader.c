/* SPDX-License-Identifier: MIT */
#include "sim/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/loader_internal.h"
#include "sim/platform_probe.h"
#include "sim/suggest.h"
#include "sim/units.h"

bool count_values(struct loader *l, uint64_t count, const struct mark *at)
{
	l->values += count;
	if (l->values <= LOADER_VALUES_MAX) {
		return true;
	}
	diagnose(l->d, at, "too large: the scenario has more than %" G_GUINT64_FORMAT " values",
		 LOADER_VALUES_MAX);
	return false;
}

struct mark key_mark(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_entry *entry = yaml_find(mapping, key);

	return entry ? entry->key->mark : mapping ? mapping->mark : (struct mark){ .line = 0 };
}

static void refuse_unknown_key(struct loader *l, const struct schema_section *section,
			       const struct yaml_node *key)
{
	struct suggestion near = suggestion_for(key->text);

	for (size_t i = 0; i < section->keys_count; i++) {
		suggestion_offer(&near, section->keys[i].name);
	}
	g_autofree char *hint = suggestion_hint(&near);
	diagnose(l->d, &key->mark, "unknown key '%.60s'%s", key->text, hint);
}

/* node is NULL where the file has no such mapping: its keys then have their defaults. */
bool load_map_of(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		 const struct mark *at, void *base)
{
	struct scenario *s = l->s;
	bool sound = load_section(l, key->section, node, at, (char *)base + key->offset);

	if (node && node->kind != YAML_MAPPING) {
		return false;
	}
	if (strcmp(key->section->name, "machine") == 0) {
		sound &= finish_machine(l, node, &s->machine);
		l->machine_sound = sound;
	} else if (strcmp(key->section->name, "recording") == 0) {
		sound = sound && finish_recording(l, node, at, &s->recording);
	} else if (strcmp(key->section->name, "check") == 0) {
		s->check.present = node != NULL;
	} else if (strcmp(key->name, "raise") == 0) {
		sound &= finish_arrivals(l, node, at,
					 (struct scenario_arrivals *)((char *)base + key->offset));
	} else if (strcmp(key->section->what, "ims") == 0 ||
		   strcmp(key->section->what, "platform") == 0 ||
		   strcmp(key->section->what, "wired") == 0) {
		sound &= finish_domain(l, node, key->section->what,
				       (struct scenario_domain *)((char *)base + key->offset));
	}
	return sound;
}

static bool load_preset(struct loader *l, const struct schema_key *key, const struct mark *at,
			void *base)
{
	if (key->preset_ps) {
		*(uint64_t *)((char *)base + key->offset) = key->preset_ps;
		return true;
	}
	if (key->type == TYPE_MAP) {
		return load_map_of(l, key, NULL, at, base);
	}
	return !key->preset || load_value(l, key, yaml_scalar(l->tree, key->preset, at), base);
}

static const struct yaml_node *mapping_of_one(struct loader *l, const char *name,
					       const struct yaml_node *value)
{
	struct yaml_node *mapping = yaml_mapping(l->tree, &value->mark);

	yaml_mapping_set(l->tree, mapping, yaml_scalar(l->tree, name, &value->mark),
			 yaml_clone(l->tree, value));
	return mapping;
}

/* Whether a value is sound is remembered, for the checks that need several. */
static bool load_entry(struct loader *l, const struct schema_key *key,
		       const struct yaml_entry *entry, void *base)
{
	const struct yaml_node *value = entry->value;
	bool map = key->type == TYPE_MAP, sound = !value->broken;

	if (sound && map && value->kind == YAML_SCALAR) {
		sound = scalar_text(l, key->name, value);
		value = sound && key->single ? mapping_of_one(l, key->single, value) : value;
	}
	if (sound) {
		sound = map ? load_map_of(l, key, value, &entry->key->mark, base)
			    : load_value(l, key, value, base);
	}
	if (!sound) {
		g_hash_table_add(l->unsound, entry->value);
	}
	return sound;
}

bool keys_are_sound(const struct loader *l, const struct yaml_node *mapping,
		    const char *const *keys)
{
	for (; *keys; keys++) {
		const struct yaml_entry *entry = yaml_find(mapping, *keys);
		if (entry && g_hash_table_contains(l->unsound, entry->value)) {
			return false;
		}
	}
	return true;
}

/* The keys in the order of the table, so that what a key refers to is there before it. */
bool load_section(struct loader *l, const struct schema_section *section,
		  const struct yaml_node *node, const struct mark *at, void *base)
{
	bool sound = true;

	if (node && node->kind != YAML_MAPPING) {
		diagnose(l->d, &node->mark, "%s must be a mapping of keys to values",
			 section->what);
		return false;
	}
	for (uint32_t i = 0; node && i < node->count; i++) {
		if (!schema_find(section, node->entries[i].key->text)) {
			refuse_unknown_key(l, section, node->entries[i].key);
		}
	}
	for (size_t i = 0; i < section->keys_count; i++) {
		const struct schema_key *key = &section->keys[i];
		const struct yaml_entry *entry = yaml_find(node, key->name);
		if (entry) {
			sound &= load_entry(l, key, entry, base);
		} else if (key->required) {
			diagnose(l->d, at, "missing key '%s'", key->name);
			sound = false;
		} else {
			sound &= load_preset(l, key, at, base);
		}
	}
	return sound;
}

static char *file_stem(const char *path)
{
	g_autofree char *base = g_path_get_basename(path);
	char *dot = strrchr(base, '.');

	if (dot && dot != base) {
		*dot = '\0';
	}
	return g_steal_pointer(&base);
}

static void steal_array(GArray *array, void *pointer, size_t *count)
{
	*count = array->len;
	*(gpointer *)pointer = g_array_free(array, FALSE);
}

static void load_root(struct loader *l, const struct yaml_node *root)
{
	struct scenario *s = l->s;
	struct mark at = { .line = 1, .column = 1 };

	l->root = root;
	l->vcpus_sound = l->devices_sound = l->actions_sound = l->contenders_sound = true;
	bool sound = load_section(l, schema_root(), root, &at, s);
	/* What is refused must say why. */
	g_assert(sound || diagnostics_count(l->d) > 0);
	if (root->kind == YAML_MAPPING) {
		finish_scenario(l, root);
	}
	if (!s->name) {
		s->name = file_stem(s->file);
	}
}

static struct scenario *load_tree(struct yaml_tree *tree, const char *path,
				  const struct scenario_load_options *options,
				  struct diagnostics *d)
{
	static const struct scenario_load_options nothing;
	struct loader l = {
		.s = g_new0(struct scenario, 1),
		.options = options ? options : &nothing,
		.tree = tree,
		.d = d,
		.origins = g_ptr_array_new_with_free_func(g_free),
		.vcpus = g_array_new(FALSE, TRUE, sizeof(struct scenario_vcpu)),
		.devices = g_array_new(FALSE, TRUE, sizeof(struct scenario_device)),
		.device_nodes = g_ptr_array_new(),
		.actions = g_array_new(FALSE, TRUE, sizeof(struct scenario_action)),
		.action_nodes = g_ptr_array_new(),
		.contenders = g_array_new(FALSE, TRUE, sizeof(struct scenario_contender)),
		.contender_marks = g_array_new(FALSE, TRUE, sizeof(struct mark)),
		.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.unsound = g_hash_table_new(NULL, NULL),
		.dropped = g_ptr_array_new_with_free_func(g_free),
	};

	l.s->file = g_strdup(path);
	apply_overrides(&l);
	load_root(&l, yaml_tree_root(tree));
	steal_array(l.vcpus, &l.s->vcpus, &l.s->vcpus_count);
	steal_array(l.devices, &l.s->devices, &l.s->devices_count);
	steal_array(l.actions, &l.s->actions, &l.s->actions_count);
	steal_array(l.contenders, &l.s->contenders, &l.s->contenders_count);
	g_array_free(l.contender_marks, TRUE);
	g_ptr_array_free(l.device_nodes, TRUE);
	g_ptr_array_free(l.action_nodes, TRUE);
	g_hash_table_destroy(l.names);
	g_hash_table_destroy(l.unsound);
	g_ptr_array_free(l.dropped, TRUE);
	g_ptr_array_free(l.origins, TRUE);
	return l.s;
}

/* Last, as it takes a whole scenario to know what the platform must have. */
static bool try_platform(const struct scenario *s, struct mark at, struct diagnostics *d)
{
	g_autofree char *error = s->machine.platform_file ? platform_probe(s) : NULL;

	if (error) {
		diagnose(d, &at, "%s", error);
	}
	return !error;
}

struct scenario *scenario_load_text(const char *path, const char *text, size_t length,
				    const struct scenario_load_options *options,
				    struct diagnostics *d)
{
	struct yaml_tree *tree = yaml_tree_parse(text, length, NULL, d);

	diagnostics_source(d, text, length);
	if (!tree) {
		return NULL;
	}
	struct scenario *s = load_tree(tree, path, options, d);
	const struct yaml_entry *machine = yaml_find(yaml_tree_root(tree), "machine");
	const struct yaml_entry *platform = machine ? yaml_find(machine->value, "platform") : NULL;
	struct mark platform_mark = platform ? platform->value->mark : (struct mark){ .line = 0 };
	if (platform_mark.origin) {
		platform_mark.origin = "--set machine.platform";
	}
	yaml_tree_free(tree);
	if (diagnostics_count(d)) {
		scenario_free(s);
		return NULL;
	}
	s->resolved_yaml = resolved_scenario(s);
	if (!try_platform(s, platform_mark, d)) {
		scenario_free(s);
		return NULL;
	}
	return s;
}

static bool read_all(int fd, GString *text)
{
	char block[65536];
	ssize_t got;

	/* One byte past the limit is enough to see that it is exceeded, even from a device that never ends. */
	while (text->len <= YAML_BYTES_MAX) {
		got = read(fd, block, sizeof(block));
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got == 0;
		}
		g_string_append_len(text, block, got);
	}
	return true;
}

struct scenario *scenario_load(const char *path, const struct scenario_load_options *options,
			       struct diagnostics *d)
{
	const struct mark file = { .line = 0 };
	struct stat status;
	struct scenario *s = NULL;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		diagnose(d, &file, "cannot be opened: %s", g_strerror(errno));
		return NULL;
	}
	GString *text = g_string_new(NULL);
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		diagnose(d, &file, "is a directory, not a scenario");
	} else if (!read_all(fd, text)) {
		diagnose(d, &file, "cannot be read: %s", g_strerror(errno));
	} else {
		s = scenario_load_text(path, text->str, text->len, options, d);
	}
	g_string_free(text, TRUE);
	close(fd);
	return s;
}
