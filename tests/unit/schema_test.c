/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>

#include "sim/loader.h"
#include "sim/schema.h"

struct seen {
	GHashTable *paths;
	unsigned keys;
};

static void check_key(void *context, const char *path, const struct schema_key *key)
{
	struct seen *seen = context;
	bool has_section = key->type == TYPE_MAP || key->type == TYPE_VCPUS ||
			   key->type == TYPE_DEVICES || key->type == TYPE_ACTIONS;

	seen->keys++;
	cr_expect(g_hash_table_add(seen->paths, g_strdup(path)), "%s stands twice in the table",
		  path);
	cr_expect(key->documentation && key->documentation[0], "%s is not documented", path);
	cr_expect_not_null(schema_type_text(key->type), "%s", path);
	cr_expect_eq(has_section, key->section != NULL, "%s", path);
	cr_expect_eq(key->type == TYPE_ENUM, key->names != NULL, "%s", path);
	cr_expect_not(key->required && (key->preset || key->preset_note),
		      "%s is required and has a default", path);
	if (key->type == TYPE_COUNT || key->type == TYPE_DURATION || key->type == TYPE_COUNT64) {
		cr_expect_gt(key->max, key->min, "%s has no range", path);
	}
	for (const struct schema_name *name = key->names; name && name->name; name++) {
		cr_expect_not_null(name->documentation, "%s: %s is not documented", path,
				   name->name);
		cr_expect_str_eq(schema_name_of(key->names, name->value), name->name);
	}
}

Test(schema, every_row_is_whole)
{
	struct seen seen = { .paths =
				     g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };

	schema_walk(check_key, &seen);
	cr_expect_gt(seen.keys, 80);
	cr_expect(g_hash_table_contains(seen.paths, "machine.timings.mmio_gap"));
	cr_expect(g_hash_table_contains(seen.paths, "devices[].raise.rate"));
	cr_expect_null(schema_find(schema_root(), "maskable"));
	g_hash_table_destroy(seen.paths);
}

/* A default must be a value that the loader takes: set to it, every key loads. */
static void set_default(void *context, const char *path, const struct schema_key *key)
{
	static const char text[] =
		"machine: {remap: vtd}\n"
		"vcpus: [{name: guest, cpu: 1, run: 1ms, block: 1ms}]\n"
		"devices: [{name: nic, kind: msix, raise: {rate: 1kHz}}]\n"
		"actions: [{do: migrate, device: nic, every: 1ms}]\n"
		"strategies: [vtd]\nduration: 1ms\n";

	if (!key->preset || strcmp(path, "actions[].cpu") == 0) {
		return;
	}
	g_autofree char *at = g_strdup(path);
	for (char *c = strstr(at, "[]"); c; c = strstr(at, "[]")) {
		c[0] = '.';
		c[1] = '0';
	}
	struct diagnostics *d = diagnostics_new("test.yaml");
	/* It is a key of another verb than the text's. */
	bool allocates = strcmp(path, "actions[].request") == 0;
	bool lists = strcmp(path, "actions[].as_mask") == 0;
	struct scenario_override overrides[] = {
		{ "--set", at, key->preset },
		{ "--set", "actions.0.do", "allocate" },
		{ "--set", "devices.0.allocated", "0" },
		{ "--set", "actions.0.count", "1" },
	};
	if (lists) {
		overrides[1] = (struct scenario_override){ "--set", "actions.0.to", "1" };
	}
	struct scenario_load_options options = {
		.overrides = overrides, .overrides_count = allocates ? 4 : lists ? 2 : 1
	};
	struct scenario *s = scenario_load_text("test.yaml", text, strlen(text), &options, d);
	if (!s) {
		diagnostics_print(d, stderr);
	}
	cr_expect_not_null(s, "%s: its default '%s' is refused", path, key->preset);
	scenario_free(s);
	diagnostics_free(d);
	(*(unsigned *)context)++;
}

Test(schema, defaults_are_valid_values)
{
	unsigned tried = 0;

	schema_walk(set_default, &tried);
	cr_expect_gt(tried, 20);
}
