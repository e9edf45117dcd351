/* SPDX-License-Identifier: MIT */
/* One value of the file into its struct, by its type. */
#include <string.h>

#include "sim/loader_internal.h"
#include "sim/suggest.h"
#include "sim/units.h"

/* No number, name or word of ours is longer; what is would only fill the message. */
#define WORD_BYTES_MAX 100
#define TEXT_BYTES_MAX 4096

/* Where a value goes. */
static void *field_of(const struct schema_key *key, void *base)
{
	return (char *)base + key->offset;
}

static void *second_field_of(const struct schema_key *key, void *base)
{
	return (char *)base + key->count_offset;
}

const char *scalar_text(struct loader *l, const char *name, const struct yaml_node *node)
{
	if (node->broken) {
		return NULL;
	}
	if (node->kind != YAML_SCALAR) {
		diagnose(l->d, &node->mark, "'%s' must be a single value, not a %s", name,
			 node->kind == YAML_MAPPING ? "mapping" : "list");
		return NULL;
	}
	if (!node->quoted && (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
			      strcmp(node->text, "null") == 0)) {
		diagnose(l->d, &node->mark, "'%s' has no value", name);
		return NULL;
	}
	return node->text;
}

/* A scalar that is short, as all but texts are. */
static const char *word_text(struct loader *l, const struct schema_key *key,
			     const struct yaml_node *node)
{
	const char *text = scalar_text(l, key->name, node);

	if (text && strlen(text) > WORD_BYTES_MAX) {
		diagnose(l->d, &node->mark, "'%s' is too long for a %s", key->name,
			 schema_type_text(key->type));
		return NULL;
	}
	return text;
}

/* Takes over a reader's error. */
static bool sound_or(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		     char *error)
{
	if (!error) {
		return true;
	}
	diagnose(l->d, &node->mark, "%s: %s", key->name, error);
	g_free(error);
	return false;
}

static bool is_word(const struct schema_key *key, const struct yaml_node *node)
{
	return key->word && node->kind == YAML_SCALAR && strcmp(node->text, key->word) == 0;
}

static bool in_range(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		     uint64_t value)
{
	if (value >= key->min && value <= key->max) {
		return true;
	}
	diagnose(l->d, &node->mark,
		 "%s: %s is out of range: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, key->name,
		 node->text, key->min, key->max);
	return false;
}

/* A text of any use; NULL, and an error, for another. */
static const char *sound_text(struct loader *l, const struct schema_key *key,
			      const struct yaml_node *node)
{
	const char *text = scalar_text(l, key->name, node);

	if (text && (text[0] == '\0' || strlen(text) > TEXT_BYTES_MAX)) {
		diagnose(l->d, &node->mark, "'%s' must have 1 to %d bytes", key->name,
			 TEXT_BYTES_MAX);
		return NULL;
	}
	return text;
}

/* Takes over text, which may be NULL: then the field stays. */
static bool set_text(const struct schema_key *key, void *base, char *text)
{
	char **field = field_of(key, base);

	if (!text) {
		return false;
	}
	g_free(*field);
	*field = text;
	return true;
}

static bool load_text(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      void *base)
{
	return set_text(key, base, g_strdup(sound_text(l, key, node)));
}

static bool load_name(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      void *base)
{
	const char *text = word_text(l, key, node);

	if (!text) {
		return false;
	}
	if (!g_ascii_isalpha(text[0]) ||
	    text[strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-")] != '\0') {
		diagnose(l->d, &node->mark,
			 "%s: '%s' is no name: letters, digits, '_' and '-', the first a letter",
			 key->name, text);
		return false;
	}
	return load_text(l, key, node, base);
}

/* What a name in the scenario file is from the working directory. */
static char *from_folder(const struct loader *l, const char *name)
{
	g_autofree char *folder = g_path_get_dirname(l->s->file);

	return g_path_is_absolute(name) || strcmp(folder, ".") == 0 ?
		       g_strdup(name) :
		       g_build_filename(folder, name, NULL);
}

/* Relative to the scenario file's folder. */
static bool load_file_name(struct loader *l, const struct schema_key *key,
			   const struct yaml_node *node, void *base)
{
	const char *text = sound_text(l, key, node);

	return set_text(key, base, text ? from_folder(l, text) : NULL);
}

static bool load_bool(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      void *base)
{
	const char *text = word_text(l, key, node);

	if (!text) {
		return false;
	}
	bool yes = strcmp(text, "true") == 0;
	if (!yes && strcmp(text, "false") != 0) {
		diagnose(l->d, &node->mark, "%s: '%s' is neither true nor false", key->name, text);
		return false;
	}
	*(bool *)field_of(key, base) = yes;
	return true;
}

/* Says what is allowed where nothing is near. */
static void refuse_name(struct loader *l, const struct schema_key *key,
			const struct yaml_node *node, const char *text)
{
	struct suggestion near = suggestion_for(text);
	GString *all = g_string_new(": one of");

	for (const struct schema_name *name = key->names; name->name; name++) {
		suggestion_offer(&near, name->name);
		g_string_append_printf(all, "%s %s", name == key->names ? "" : ",", name->name);
	}
	g_autofree char *hint = suggestion_hint(&near);
	diagnose(l->d, &node->mark, "unknown %s '%s'%s", key->name, text,
		 hint[0] ? hint : all->str);
	g_string_free(all, TRUE);
}

static bool load_enum(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      void *base)
{
	const char *text = word_text(l, key, node);

	if (!text) {
		return false;
	}
	for (const struct schema_name *name = key->names; name->name; name++) {
		if (strcmp(name->name, text) == 0) {
			*(int *)field_of(key, base) = name->value;
			return true;
		}
	}
	refuse_name(l, key, node, text);
	return false;
}

static bool load_number(struct loader *l, const struct schema_key *key,
			const struct yaml_node *node, uint64_t *value)
{
	const char *text = word_text(l, key, node);

	return text && sound_or(l, key, node, units_read_count(text, value)) &&
	       in_range(l, key, node, *value);
}

static bool load_count(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		       void *base)
{
	uint64_t value = UINT32_MAX;

	if (!is_word(key, node) && !load_number(l, key, node, &value)) {
		return false;
	}
	*(uint32_t *)field_of(key, base) = (uint32_t)value;
	return true;
}

static bool load_count64(struct loader *l, const struct schema_key *key,
			 const struct yaml_node *node, void *base)
{
	return load_number(l, key, node, field_of(key, base));
}

static bool check_cpu(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      uint64_t cpu)
{
	uint32_t cpus = l->s->machine.cpus;

	/* 0: the number of CPUs itself was wrong, and is reported. */
	if (cpus == 0 || cpu < cpus) {
		return true;
	}
	diagnose(l->d, &node->mark,
		 "%s: there is no CPU %" G_GUINT64_FORMAT ": the machine has %u, from 0", key->name,
		 cpu, cpus);
	return false;
}

static bool load_cpu(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		     void *base)
{
	uint64_t cpu = 0;

	if (is_word(key, node)) {
		*(int32_t *)field_of(key, base) = -1;
		return true;
	}
	const char *text = word_text(l, key, node);
	if (!text || !sound_or(l, key, node, units_read_count(text, &cpu)) ||
	    !check_cpu(l, key, node, cpu) || cpu >= SCENARIO_CPUS_MAX) {
		return false;
	}
	*(int32_t *)field_of(key, base) = (int32_t)cpu;
	return true;
}

static bool load_duration_ps(struct loader *l, const struct schema_key *key,
			     const struct yaml_node *node, uint64_t *value_ps)
{
	const char *text = word_text(l, key, node);

	if (!text || !sound_or(l, key, node, units_read_duration(text, value_ps))) {
		return false;
	}
	if (*value_ps >= key->min && *value_ps <= key->max) {
		return true;
	}
	if (*value_ps < key->min) {
		g_autofree char *min = units_write_duration(key->min);
		diagnose(l->d, &node->mark, "%s: %s is too short: at least %s", key->name, text,
			 min);
	} else {
		diagnose(l->d, &node->mark,
			 "%s: %s is past the end of the simulated clock, " CLOCK_END_TEXT,
			 key->name, text);
	}
	return false;
}

static bool load_duration(struct loader *l, const struct schema_key *key,
			  const struct yaml_node *node, void *base)
{
	uint64_t value_ps = 0;

	if (!load_duration_ps(l, key, node, &value_ps)) {
		return false;
	}
	*(uint64_t *)field_of(key, base) = value_ps;
	return true;
}

/* A rate of 0 would never come; leave the key out, or raise by nothing. */
static bool load_rate(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      void *base)
{
	const char *text = word_text(l, key, node);
	double value_hz = 0;

	if (!text || !sound_or(l, key, node, units_read_rate(text, &value_hz))) {
		return false;
	}
	if (value_hz < SCENARIO_RATE_HZ_MIN || value_hz > (double)key->max) {
		g_autofree char *max = units_write_rate((double)key->max);
		diagnose(l->d, &node->mark, "%s: %s is out of range: 0.001Hz to %s", key->name,
			 text, max);
		return false;
	}
	*(double *)field_of(key, base) = value_hz;
	return true;
}

static bool load_fraction(struct loader *l, const struct schema_key *key,
			  const struct yaml_node *node, void *base)
{
	const char *text = word_text(l, key, node);
	double value = 0;

	if (!text || !sound_or(l, key, node, units_read_fraction(text, &value))) {
		return false;
	}
	if (value > (double)key->max / 100) {
		diagnose(l->d, &node->mark,
			 "%s: %s is out of range: 0%% to %" G_GUINT64_FORMAT "%%", key->name, text,
			 key->max);
		return false;
	}
	*(double *)field_of(key, base) = value;
	return true;
}

/* A list; a single value stands for a list of one. */
struct items {
	const struct yaml_node *const *each;
	const struct yaml_node *only;
	uint32_t count;
};

static bool list_items(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		       struct items *items)
{
	if (node->kind == YAML_MAPPING) {
		diagnose(l->d, &node->mark, "'%s' must be a list, not a mapping", key->name);
		return false;
	}
	*items = (struct items){ .only = node, .count = 1 };
	if (node->kind == YAML_SEQUENCE) {
		items->each = (const struct yaml_node *const *)node->items;
		items->count = node->count;
	}
	return count_values(l, items->count, &node->mark);
}

static const struct yaml_node *item(const struct items *items, uint32_t i)
{
	return items->each ? items->each[i] : items->only;
}

static bool load_count_list(struct loader *l, const struct schema_key *key,
			    const struct yaml_node *node, void *base)
{
	struct items items;
	bool sound = true;

	if (!list_items(l, key, node, &items)) {
		return false;
	}
	uint32_t *values = g_new0(uint32_t, items.count + 1);
	for (uint32_t i = 0; i < items.count; i++) {
		uint64_t value = 0;
		sound &= load_number(l, key, item(&items, i), &value);
		values[i] = (uint32_t)value;
	}
	*(uint32_t **)field_of(key, base) = values;
	*(size_t *)second_field_of(key, base) = items.count;
	return sound;
}

static bool load_file_list(struct loader *l, const struct schema_key *key,
			   const struct yaml_node *node, void *base)
{
	struct items items;
	bool sound = true;

	if (!list_items(l, key, node, &items)) {
		return false;
	}
	char **names = g_new0(char *, items.count + 1);
	size_t count = 0;
	for (uint32_t i = 0; i < items.count; i++) {
		const char *text = sound_text(l, key, item(&items, i));
		sound &= text != NULL;
		if (text) {
			names[count++] = from_folder(l, text);
		}
	}
	*(char ***)field_of(key, base) = names;
	*(size_t *)second_field_of(key, base) = count;
	return sound;
}

static bool load_duration_list(struct loader *l, const struct schema_key *key,
			       const struct yaml_node *node, void *base)
{
	struct items items;
	bool sound = true;

	if (!list_items(l, key, node, &items)) {
		return false;
	}
	uint64_t *values = g_new0(uint64_t, items.count + 1);
	for (uint32_t i = 0; i < items.count; i++) {
		bool read = load_duration_ps(l, key, item(&items, i), &values[i]);
		if (read && sound && i > 0 && values[i] < values[i - 1]) {
			diagnose(l->d, &item(&items, i)->mark, "%s: the times must ascend",
				 key->name);
			read = false;
		}
		sound &= read;
	}
	*(uint64_t **)field_of(key, base) = values;
	*(size_t *)second_field_of(key, base) = items.count;
	return sound;
}

/* "3" or "0-7"; the end is exclusive. */
static char *read_range(const char *text, uint64_t *first, uint64_t *end)
{
	const char *dash = strchr(text + (text[0] == '-'), '-');
	g_autofree char *low = dash ? g_strndup(text, (gsize)(dash - text)) : g_strdup(text);
	uint64_t last = 0;

	char *error = units_read_count(g_strstrip(low), first);
	if (!error) {
		g_autofree char *high = g_strdup(dash ? dash + 1 : low);
		error = units_read_count(g_strstrip(high), &last);
	}
	if (error) {
		return error;
	}
	if (last < *first) {
		return g_strdup_printf("'%s' runs backwards", text);
	}
	if (last >= UINT32_MAX) {
		return g_strdup_printf("'%s' is out of range", text);
	}
	*end = last + 1;
	return NULL;
}

/* One item of a CPU list, itself "0-3,8". */
static bool append_cpus(struct loader *l, const struct schema_key *key,
			const struct yaml_node *node, GArray *cpus)
{
	const char *text = scalar_text(l, key->name, node);

	if (!text) {
		return false;
	}
	if (strlen(text) > TEXT_BYTES_MAX) {
		diagnose(l->d, &node->mark, "'%s' is too long for a list of CPUs", key->name);
		return false;
	}
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	for (char **part = parts; *part; part++) {
		uint64_t first = 0, end = 0;
		if (!sound_or(l, key, node, read_range(g_strstrip(*part), &first, &end)) ||
		    !check_cpu(l, key, node, end - 1) || end > SCENARIO_CPUS_MAX ||
		    !count_values(l, end - first, &node->mark)) {
			return false;
		}
		for (uint32_t cpu = (uint32_t)first; cpu < end; cpu++) {
			g_array_append_val(cpus, cpu);
		}
	}
	return true;
}

static bool load_cpus(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		      uint32_t **field, size_t *count)
{
	struct items items;
	bool sound = true;

	if (!list_items(l, key, node, &items)) {
		return false;
	}
	GArray *cpus = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (uint32_t i = 0; i < items.count; i++) {
		sound &= append_cpus(l, key, item(&items, i), cpus);
	}
	if (sound && cpus->len == 0) {
		diagnose(l->d, &node->mark, "%s: the list of CPUs is empty", key->name);
		sound = false;
	}
	g_free(*field);
	*count = sound ? cpus->len : 0;
	*field = sound ? (uint32_t *)(void *)g_array_free(cpus, FALSE) : NULL;
	if (!sound) {
		g_array_free(cpus, TRUE);
	}
	return sound;
}

static int compare_cpus(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* A mask: ascending, each once. */
static bool load_cpu_list(struct loader *l, const struct schema_key *key,
			  const struct yaml_node *node, void *base)
{
	uint32_t **field = field_of(key, base);
	size_t *count = second_field_of(key, base);

	if (is_word(key, node)) {
		return true;
	}
	if (!load_cpus(l, key, node, field, count)) {
		return false;
	}
	uint32_t *cpus = *field;
	size_t kept = 1;
	qsort(cpus, *count, sizeof(cpus[0]), compare_cpus);
	for (size_t i = 1; i < *count; i++) {
		if (cpus[i] != cpus[kept - 1]) {
			cpus[kept++] = cpus[i];
		}
	}
	*count = kept;
	return true;
}

static bool load_vectors(struct loader *l, const struct schema_key *key,
			 const struct yaml_node *node, void *base)
{
	uint64_t first = 0, end = UINT32_MAX;

	if (!is_word(key, node)) {
		const char *text = word_text(l, key, node);
		if (!text || !sound_or(l, key, node, read_range(text, &first, &end))) {
			return false;
		}
	}
	*(uint32_t *)field_of(key, base) = (uint32_t)first;
	*(uint32_t *)second_field_of(key, base) = (uint32_t)end;
	return true;
}

static bool load_target(struct loader *l, const struct schema_key *key,
			const struct yaml_node *node, struct scenario_action *action)
{
	const char *text = node->kind == YAML_SCALAR ? word_text(l, key, node) : NULL;

	if (node->kind == YAML_SCALAR && !text) {
		return false;
	}
	if (text && strcmp(text, "round-robin") == 0) {
		action->target = TARGET_ROUND_ROBIN;
		return true;
	}
	if (text && strcmp(text, "random") == 0) {
		action->target = TARGET_RANDOM;
		return true;
	}
	if (text && !g_ascii_isdigit(text[0])) {
		struct suggestion near = suggestion_for(text);
		suggestion_offer(&near, "round-robin");
		suggestion_offer(&near, "random");
		g_autofree char *hint = suggestion_hint(&near);
		diagnose(l->d, &node->mark, "unknown target '%s'%s", text,
			 hint[0] ? hint : ": round-robin, random, a CPU, or a list of CPUs");
		return false;
	}
	action->target = TARGET_LIST;
	return load_cpus(l, key, node, &action->target_cpus, &action->target_cpus_count);
}

static void release_device(struct scenario_device *device)
{
	g_free(device->name);
	g_free(device->group);
	g_free(device->initial_cpus);
	g_free(device->arrivals.times_ps);
	g_free(device->ims.arrivals.times_ps);
	g_free(device->platform.arrivals.times_ps);
	g_free(device->wired.arrivals.times_ps);
}

/*
 * Claims a name for the device that comes next, or for its whole group; false, and an error, where
 * a device or group has it.
 */
static bool claim_name(struct loader *l, const struct yaml_node *node, const char *name)
{
	struct mark at = key_mark(node, "name");

	if (!g_hash_table_contains(l->names, name)) {
		g_hash_table_insert(l->names, g_strdup(name), GUINT_TO_POINTER(l->devices->len));
		return true;
	}
	diagnose(l->d, &at, "there is a device '%s' already", name);
	return false;
}

static void copy_times(struct scenario_arrivals *arrivals)
{
	arrivals->times_ps =
		g_memdup2(arrivals->times_ps, arrivals->times_count * sizeof(uint64_t));
}

static bool append_device(struct loader *l, const struct yaml_node *node,
			  const struct scenario_device *draft, uint32_t index)
{
	struct scenario_device device = *draft;

	device.name = draft->group_count > 1 ? g_strdup_printf("%s%u", draft->group, index)
					     : g_strdup(draft->group);
	if (draft->group_count > 1 && !claim_name(l, node, device.name)) {
		g_free(device.name);
		return false;
	}
	device.group = g_strdup(draft->group);
	device.group_index = index;
	device.initial_cpus =
		g_memdup2(draft->initial_cpus, draft->initial_cpus_count * sizeof(uint32_t));
	copy_times(&device.arrivals);
	copy_times(&device.ims.arrivals);
	copy_times(&device.platform.arrivals);
	copy_times(&device.wired.arrivals);
	g_array_append_val(l->devices, device);
	g_ptr_array_add(l->device_nodes, (gpointer)(uintptr_t)node);
	return true;
}

/* A count above 1 makes as many devices of one entry. */
static bool replicate_device(struct loader *l, const struct yaml_node *node,
			     const struct scenario_device *draft)
{
	uint64_t lists = draft->initial_cpus_count + draft->arrivals.times_count +
			 draft->ims.arrivals.times_count + draft->platform.arrivals.times_count +
			 draft->wired.arrivals.times_count;

	if (l->devices->len + draft->group_count > SCENARIO_DEVICES_MAX) {
		struct mark at = key_mark(node, "count");
		diagnose(l->d, &at, "more than %d devices", SCENARIO_DEVICES_MAX);
		return false;
	}
	if (!claim_name(l, node, draft->group) ||
	    !count_values(l, lists * draft->group_count, &node->mark)) {
		return false;
	}
	for (uint32_t i = 0; i < draft->group_count; i++) {
		if (!append_device(l, node, draft, i)) {
			return false;
		}
	}
	return true;
}

static bool load_device(struct loader *l, const struct schema_key *key,
			const struct yaml_node *node)
{
	struct scenario_device draft = { .posted_to = -1, .line = node->mark.line };

	bool sound = load_section(l, key->section, node, &node->mark, &draft);
	sound &= finish_device(l, node, &draft);
	sound = sound && replicate_device(l, node, &draft);
	release_device(&draft);
	return sound;
}

static bool load_vcpu(struct loader *l, const struct schema_key *key, const struct yaml_node *node)
{
	struct scenario_vcpu vcpu = { .line = node->mark.line };

	bool sound = load_section(l, key->section, node, &node->mark, &vcpu);
	if (!sound || !finish_vcpu(l, node, &vcpu)) {
		g_free(vcpu.name);
		return false;
	}
	g_array_append_val(l->vcpus, vcpu);
	return true;
}

static bool load_action(struct loader *l, const struct schema_key *key,
			const struct yaml_node *node)
{
	struct scenario_action action = {
		.device = -1, .vcpu = -1, .group = UINT32_MAX, .line = node->mark.line
	};

	bool sound = load_section(l, key->section, node, &node->mark, &action);
	if (!(sound & finish_action(l, node, &action))) {
		g_free(action.target_cpus);
		return false;
	}
	g_array_append_val(l->actions, action);
	g_ptr_array_add(l->action_nodes, (gpointer)(uintptr_t)node);
	return true;
}

static bool load_mapping(struct loader *l, const struct schema_key *key,
			 const struct yaml_node *node)
{
	switch (key->type) {
	case TYPE_VCPUS:
		return load_vcpu(l, key, node);
	case TYPE_DEVICES:
		return load_device(l, key, node);
	default:
		return load_action(l, key, node);
	}
}

static bool load_mappings(struct loader *l, const struct schema_key *key,
			  const struct yaml_node *node)
{
	bool sound = true;

	if (node->kind != YAML_SEQUENCE) {
		diagnose(l->d, &node->mark, "'%s' must be a list", key->name);
		return false;
	}
	if (key->type == TYPE_ACTIONS && node->count > SCENARIO_ACTIONS_MAX) {
		diagnose(l->d, &node->items[SCENARIO_ACTIONS_MAX]->mark, "more than %d actions",
			 SCENARIO_ACTIONS_MAX);
		return false;
	}
	if (key->required && node->count == 0) {
		diagnose(l->d, &node->mark, "'%s' is empty", key->name);
		return false;
	}
	if (!count_values(l, node->count, &node->mark)) {
		return false;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		sound &= load_mapping(l, key, node->items[i]);
	}
	return sound;
}

bool load_value(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		void *base)
{
	switch (key->type) {
	case TYPE_TEXT:
		return load_text(l, key, node, base);
	case TYPE_NAME:
		return load_name(l, key, node, base);
	case TYPE_FILE:
		return load_file_name(l, key, node, base);
	case TYPE_BOOL:
		return load_bool(l, key, node, base);
	case TYPE_ENUM:
		return load_enum(l, key, node, base);
	case TYPE_COUNT:
		return load_count(l, key, node, base);
	case TYPE_COUNT64:
		return load_count64(l, key, node, base);
	case TYPE_CPU:
		return load_cpu(l, key, node, base);
	case TYPE_DURATION:
		return load_duration(l, key, node, base);
	case TYPE_RATE:
		return load_rate(l, key, node, base);
	case TYPE_FRACTION:
		return load_fraction(l, key, node, base);
	case TYPE_COUNT_LIST:
		return load_count_list(l, key, node, base);
	case TYPE_CPU_LIST:
		return load_cpu_list(l, key, node, base);
	case TYPE_DURATION_LIST:
		return load_duration_list(l, key, node, base);
	case TYPE_FILE_LIST:
		return load_file_list(l, key, node, base);
	case TYPE_DEVICE:
		return load_device_reference(l, node, field_of(key, base),
					     second_field_of(key, base));
	case TYPE_VCPU:
		return load_vcpu_reference(l, key, node, field_of(key, base));
	case TYPE_VECTORS:
		return load_vectors(l, key, node, base);
	case TYPE_TARGET:
		return load_target(l, key, node, base);
	case TYPE_VCPUS:
		return l->vcpus_sound = load_mappings(l, key, node);
	case TYPE_DEVICES:
		return l->devices_sound = load_mappings(l, key, node);
	case TYPE_ACTIONS:
		return l->actions_sound = load_mappings(l, key, node);
	case TYPE_STRATEGIES:
		return l->contenders_sound = load_strategies(l, key, node);
	case TYPE_EXPECT:
		return load_expectations(l, node);
	case TYPE_CHECK_EXPECT:
		return load_check_expectations(l, node);
	case TYPE_SWEEP:
		return load_sweep(l, node);
	case TYPE_MAP:
	case SCHEMA_TYPES:
		break;
	}
	return false;
}
