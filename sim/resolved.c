/* SPDX-License-Identifier: MIT */
/*
 * The whole scenario with every default, as YAML that loads to the same structs. It is written by the table of keys; a key
 * without a default of its own is left out where it is empty.
 */
#include <string.h>

#include "sim/loader_internal.h"
#include "sim/units.h"
#include "sim/yaml_write.h"

struct writer {
	GString *out;
	const struct scenario *s;
};

/* Does the key say anything in this mapping? */
typedef bool key_filter(const void *base, const char *key);

static void write_counts(GString *out, const uint32_t *values, size_t count)
{
	g_string_append_c(out, '[');
	for (size_t i = 0; i < count; i++) {
		g_string_append_printf(out, "%s%u", i ? ", " : "", values[i]);
	}
	g_string_append_c(out, ']');
}

static void write_durations(GString *out, const uint64_t *values_ps, size_t count)
{
	g_string_append_c(out, '[');
	for (size_t i = 0; i < count; i++) {
		g_autofree char *text = units_write_duration(values_ps[i]);
		g_string_append_printf(out, "%s%s", i ? ", " : "", text);
	}
	g_string_append_c(out, ']');
}

static void write_taken(GString *out, char *text)
{
	g_string_append(out, text);
	g_free(text);
}

/* A file name as the scenario file would write it: relative to its folder. */
static const char *file_name(const struct writer *w, const char *path)
{
	g_autofree char *folder = g_path_get_dirname(w->s->file);
	size_t length = strlen(folder);
	bool below = strcmp(folder, ".") != 0 && strncmp(path, folder, length) == 0 &&
		     path[length] == '/' && path[length + 1] != '/';

	return below ? path + length + 1 : path;
}

static void write_file_names(struct writer *w, char *const *paths, size_t count)
{
	g_string_append_c(w->out, '[');
	for (size_t i = 0; i < count; i++) {
		g_string_append(w->out, i ? ", " : "");
		yaml_write_item(w->out, file_name(w, paths[i]));
	}
	g_string_append_c(w->out, ']');
}

static void write_target(GString *out, const struct scenario_action *action)
{
	if (action->target == TARGET_LIST) {
		write_counts(out, action->target_cpus, action->target_cpus_count);
	} else {
		g_string_append(out, action->target == TARGET_RANDOM ? "random" : "round-robin");
	}
}

static const char *device_name(const struct scenario *s, int32_t number, uint32_t count)
{
	const struct scenario_device *device = &s->devices[number];

	return count == device->group_count && device->group_index == 0 ? device->group
									: device->name;
}

static bool is_empty(const struct schema_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset,
		   *count = (const char *)base + key->count_offset;

	switch (key->type) {
	case TYPE_TEXT:
	case TYPE_NAME:
	case TYPE_FILE:
		return !*(char *const *)field;
	case TYPE_COUNT:
		return *(const uint32_t *)field == 0;
	case TYPE_COUNT64:
	case TYPE_DURATION:
		return *(const uint64_t *)field == 0;
	case TYPE_RATE:
	case TYPE_FRACTION:
		return *(const double *)field == 0;
	case TYPE_COUNT_LIST:
	case TYPE_DURATION_LIST:
	case TYPE_FILE_LIST:
		return *(const size_t *)count == 0;
	default:
		return false;
	}
}

static void write_number(GString *out, const struct schema_key *key, uint32_t value)
{
	if (key->word && value == UINT32_MAX) {
		g_string_append(out, key->word);
	} else {
		g_string_append_printf(out, "%u", value);
	}
}

static void write_vcpu(struct writer *w, const struct schema_key *key, int32_t vcpu)
{
	yaml_write_text(w->out, vcpu < 0 ? key->word : w->s->vcpus[vcpu].name);
}

static void write_value(struct writer *w, const struct schema_key *key, const void *base)
{
	const void *field = (const char *)base + key->offset,
		   *second = (const char *)base + key->count_offset;
	GString *out = w->out;

	switch (key->type) {
	case TYPE_TEXT:
	case TYPE_NAME:
		yaml_write_text(out, *(char *const *)field);
		break;
	case TYPE_FILE:
		yaml_write_text(out, file_name(w, *(char *const *)field));
		break;
	case TYPE_BOOL:
		g_string_append(out, *(const bool *)field ? "true" : "false");
		break;
	case TYPE_ENUM:
		g_string_append(out, schema_name_of(key->names, *(const int *)field));
		break;
	case TYPE_COUNT:
	case TYPE_CPU:
		write_number(out, key, *(const uint32_t *)field);
		break;
	case TYPE_COUNT64:
		g_string_append_printf(out, "%" G_GUINT64_FORMAT, *(const uint64_t *)field);
		break;
	case TYPE_DURATION:
		write_taken(out, units_write_duration(*(const uint64_t *)field));
		break;
	case TYPE_RATE:
		write_taken(out, units_write_rate(*(const double *)field));
		break;
	case TYPE_FRACTION:
		write_taken(out, units_write_fraction(*(const double *)field));
		break;
	case TYPE_CPU_LIST:
		if (*(const size_t *)second == 0) {
			g_string_append(out, key->word);
			break;
		}
		/* fall through */
	case TYPE_COUNT_LIST:
		write_counts(out, *(uint32_t *const *)field, *(const size_t *)second);
		break;
	case TYPE_DURATION_LIST:
		write_durations(out, *(uint64_t *const *)field, *(const size_t *)second);
		break;
	case TYPE_FILE_LIST:
		write_file_names(w, *(char *const *const *)field, *(const size_t *)second);
		break;
	case TYPE_DEVICE:
		yaml_write_text(out,
			   device_name(w->s, *(const int32_t *)field, *(const uint32_t *)second));
		break;
	case TYPE_VCPU:
		write_vcpu(w, key, *(const int32_t *)field);
		break;
	case TYPE_VECTORS:
		g_string_append_printf(out, "%u-%u", *(const uint32_t *)field,
				       *(const uint32_t *)second - 1);
		break;
	case TYPE_TARGET:
		write_target(out, base);
		break;
	default:
		g_assert_not_reached();
	}
}

/* text is "CONTENDER: EXPRESSION". */
static void write_expectation(struct writer *w, unsigned indent, int32_t contender,
			      const char *text)
{
	const char *name = contender < 0 ? "all" : w->s->contenders[contender].name;

	g_string_append_printf(w->out, "%*s- %s: ", (int)indent, "", name);
	yaml_write_text(w->out, text + strlen(name) + strlen(": "));
	g_string_append_c(w->out, '\n');
}

static void write_strategies(struct writer *w, unsigned indent)
{
	for (size_t i = 0; i < w->s->contenders_count; i++) {
		g_string_append_printf(w->out, "%*s- %s\n", (int)indent, "",
				       w->s->contenders[i].name);
	}
}

static void write_section(struct writer *w, const struct schema_section *section, const void *base,
			  unsigned indent, key_filter *filter);

/* An item of a list: its first key stands behind the dash. */
static void write_item(struct writer *w, const struct schema_section *section, const void *base,
		       unsigned indent, key_filter *filter)
{
	gsize start = w->out->len;

	write_section(w, section, base, indent + 2, filter);
	w->out->str[start + indent] = '-';
}

static bool action_filter(const void *base, const char *key)
{
	return action_key_applies(base, key);
}

static bool arrivals_filter(const void *base, const char *key)
{
	return arrivals_key_applies(((const struct scenario_arrivals *)base)->process, key);
}

static void write_devices(struct writer *w, const struct schema_key *key, unsigned indent)
{
	for (size_t i = 0; i < w->s->devices_count; i++) {
		struct scenario_device device = w->s->devices[i];
		if (device.group_index > 0) {
			continue;
		}
		device.socket = device.socket_dealt ? UINT32_MAX : device.socket;
		write_item(w, key->section, &device, indent, NULL);
	}
}

static size_t list_length(const struct scenario *s, enum schema_type type)
{
	switch (type) {
	case TYPE_VCPUS:
		return s->vcpus_count;
	case TYPE_DEVICES:
		return s->devices_count;
	case TYPE_ACTIONS:
		return s->actions_count;
	case TYPE_STRATEGIES:
		return s->contenders_count;
	case TYPE_EXPECT:
		return s->expectations_count;
	case TYPE_SWEEP:
		return s->sweep_count;
	default:
		return s->check.expectations_count;
	}
}

static void write_sweep(struct writer *w, unsigned indent)
{
	for (size_t i = 0; i < w->s->sweep_count; i++) {
		const struct scenario_sweep *sweep = &w->s->sweep[i];
		g_string_append_printf(w->out, "%*s", (int)indent, "");
		yaml_write_text(w->out, sweep->path);
		g_string_append(w->out, ": [");
		for (size_t j = 0; j < sweep->values_count; j++) {
			g_string_append(w->out, j ? ", " : "");
			yaml_write_item(w->out, sweep->values[j]);
		}
		g_string_append(w->out, "]\n");
	}
}

static void write_list(struct writer *w, const struct schema_key *key, unsigned indent)
{
	if (list_length(w->s, key->type) == 0) {
		return;
	}
	g_string_append_printf(w->out, "%*s%s:\n", (int)indent, "", key->name);
	indent += 2;
	switch (key->type) {
	case TYPE_VCPUS:
		for (size_t i = 0; i < w->s->vcpus_count; i++) {
			write_item(w, key->section, &w->s->vcpus[i], indent, NULL);
		}
		break;
	case TYPE_DEVICES:
		write_devices(w, key, indent);
		break;
	case TYPE_ACTIONS:
		for (size_t i = 0; i < w->s->actions_count; i++) {
			write_item(w, key->section, &w->s->actions[i], indent, action_filter);
		}
		break;
	case TYPE_STRATEGIES:
		write_strategies(w, indent);
		break;
	case TYPE_SWEEP:
		write_sweep(w, indent);
		break;
	case TYPE_EXPECT:
		for (size_t i = 0; i < w->s->expectations_count; i++) {
			write_expectation(w, indent, w->s->expectations[i].contender,
					  w->s->expectations[i].text);
		}
		break;
	default:
		for (size_t i = 0; i < w->s->check.expectations_count; i++) {
			write_expectation(w, indent, w->s->check.expectations[i].contender,
					  w->s->check.expectations[i].text);
		}
		break;
	}
}

/* A domain that the device does not have. */
static bool is_missing_domain(const struct schema_key *key, const void *base)
{
	static const char *const names[] = { "ims", "platform", "wired" };
	bool domain = false;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		domain |= strcmp(key->name, names[i]) == 0;
	}
	return domain &&
	       ((const struct scenario_domain *)((const char *)base + key->offset))->vectors == 0;
}

static void write_map(struct writer *w, const struct schema_key *key, const void *base,
		      unsigned indent)
{
	bool arrivals = strcmp(key->name, "raise") == 0;

	bool absent = (strcmp(key->name, "check") == 0 && !w->s->check.present) ||
		      (strcmp(key->name, "recording") == 0 && !w->s->recording.file);

	if (absent) {
		return;
	}
	if (is_missing_domain(key, base)) {
		return;
	}
	g_string_append_printf(w->out, "%*s%s:\n", (int)indent, "", key->name);
	write_section(w, key->section, (const char *)base + key->offset, indent + 2,
		      arrivals ? arrivals_filter : NULL);
}

static void write_section(struct writer *w, const struct schema_section *section, const void *base,
			  unsigned indent, key_filter *filter)
{
	for (size_t i = 0; i < section->keys_count; i++) {
		const struct schema_key *key = &section->keys[i];
		if (filter && !filter(base, key->name)) {
			continue;
		}
		if (key->type == TYPE_MAP) {
			write_map(w, key, base, indent);
		} else if (key->type >= TYPE_VCPUS) {
			write_list(w, key, indent);
		} else if (key->zero_means || key->preset || !is_empty(key, base)) {
			g_string_append_printf(w->out, "%*s%s: ", (int)indent, "", key->name);
			write_value(w, key, base);
			g_string_append_c(w->out, '\n');
		}
	}
}

char *resolved_scenario(const struct scenario *s)
{
	struct writer w = { .out = g_string_new(NULL), .s = s };

	write_section(&w, schema_root(), s, 0, NULL);
	return g_string_free(w.out, FALSE);
}
