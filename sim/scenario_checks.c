/* SPDX-License-Identifier: MIT */
/* What one key alone cannot tell: defaults that depend on other keys, and values that do not go together. */
#include <string.h>

#include "sim/loader_internal.h"
#include "sim/platform_file.h"
#include "sim/units.h"

/* The name of an enumeration's value, as the file writes it. */
static const char *name_in(const char *section, const char *key, int value)
{
	const struct schema_key *row = schema_find(schema_find(schema_root(), section)->section, key);

	return schema_name_of(row->names, value);
}

/*
 * What each arch and remap can be: the range that vectors are taken from, what it may be widened to, and Linux's
 * reservations in it (x86: the legacy timer's vector, the legacy mouse's of the real-time clock, the system call gate).
 */
static const struct vector_space {
	enum machine_arch arch;
	enum machine_remap remap;
	uint32_t first, end;         /* default; end is exclusive */
	uint32_t lowest, limit;      /* hardware; limit is exclusive */
} vector_spaces[] = {
	{ ARCH_X86, REMAP_NONE, 32, 236, 32, 256 },
	{ ARCH_X86, REMAP_VTD, 32, 236, 32, 256 },
	{ ARCH_X86, REMAP_AMDVI, 32, 236, 32, 256 },
	{ ARCH_X86, REMAP_HYPERV, 32, 236, 32, 256 },
	{ ARCH_RISCV, REMAP_NONE, 1, 256, 1, 2048 },
	{ ARCH_RISCV, REMAP_RISCV_IOMMU, 1, 256, 1, 2048 },
	{ ARCH_ARM, REMAP_ITS, 8192, 73728, 8192, 1 << 24 },
	{ ARCH_ARM, REMAP_V2M, 32, 1020, 32, 1020 },
};

static const uint32_t x86_system_vectors[] = { 32, 50, 128 };

static const struct vector_space *find_space(struct loader *l, const struct yaml_node *node,
					     const struct scenario_machine *machine)
{
	struct mark at = key_mark(node, yaml_find(node, "remap") ? "remap" : "arch");

	for (size_t i = 0; i < G_N_ELEMENTS(vector_spaces); i++) {
		if (vector_spaces[i].arch == machine->arch && vector_spaces[i].remap == machine->remap) {
			return &vector_spaces[i];
		}
	}
	diagnose(l->d, &at, "remap '%s' does not exist on arch '%s'", name_in("machine", "remap", machine->remap),
		 name_in("machine", "arch", machine->arch));
	return NULL;
}

static void preset_system_vectors(struct scenario_machine *machine)
{
	uint32_t *vectors = g_new0(uint32_t, G_N_ELEMENTS(x86_system_vectors));
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(x86_system_vectors) && machine->arch == ARCH_X86; i++) {
		if (x86_system_vectors[i] >= machine->vectors_first && x86_system_vectors[i] < machine->vectors_end) {
			vectors[count++] = x86_system_vectors[i];
		}
	}
	machine->system_vectors = vectors;
	machine->system_vectors_count = count;
}

static bool check_system_vectors(struct loader *l, const struct mark *at, const struct scenario_machine *machine)
{
	GHashTable *seen = g_hash_table_new(NULL, NULL);
	bool sound = true;

	for (size_t i = 0; i < machine->system_vectors_count && sound; i++) {
		uint32_t vector = machine->system_vectors[i];
		if (vector < machine->vectors_first || vector >= machine->vectors_end) {
			diagnose(l->d, at, "system: vector %u is outside the range %u to %u", vector,
				 machine->vectors_first, machine->vectors_end - 1);
			sound = false;
		} else if (!g_hash_table_add(seen, GUINT_TO_POINTER(vector))) {
			diagnose(l->d, at, "system: vector %u is named twice", vector);
			sound = false;
		}
	}
	g_hash_table_destroy(seen);
	if (sound && machine->system_vectors_count >= machine->vectors_end - machine->vectors_first) {
		diagnose(l->d, at, "no vector is left to allocate");
		sound = false;
	}
	return sound;
}

static bool finish_vectors(struct loader *l, const struct yaml_node *node, struct scenario_machine *machine,
			   const struct vector_space *space)
{
	const struct yaml_entry *entry = yaml_find(node, "vectors");
	const struct yaml_node *vectors = entry ? entry->value : NULL;
	struct mark at = entry ? entry->key->mark : key_mark(node, "arch");

	machine->vectors_first = machine->vectors_first ? machine->vectors_first : space->first;
	machine->vectors_end = machine->vectors_end ? machine->vectors_end : space->end;
	if (machine->vectors_first < space->lowest || machine->vectors_end > space->limit) {
		diagnose(l->d, &at, "vectors: %u to %u is outside the hardware's range, %u to %u",
			 machine->vectors_first, machine->vectors_end - 1, space->lowest, space->limit - 1);
		return false;
	}
	if (machine->vectors_first >= machine->vectors_end) {
		diagnose(l->d, &at, "vectors: 'first' (%u) must be below 'end' (%u)", machine->vectors_first,
			 machine->vectors_end);
		return false;
	}
	if (!yaml_find(vectors, "system")) {
		preset_system_vectors(machine);
	}
	return check_system_vectors(l, &at, machine);
}

static bool check_platform(struct loader *l, const struct yaml_node *node, const struct scenario_machine *machine)
{
	const struct yaml_entry *entry = yaml_find(node, "platform");

	if (!machine->platform_file) {
		return true;
	}
	g_autofree char *error = platform_file_check(machine->platform_file);
	if (error) {
		diagnose(l->d, &entry->value->mark, "%s", error);
	}
	return !error;
}

bool finish_machine(struct loader *l, const struct yaml_node *node, struct scenario_machine *machine)
{
	bool sound = true;

	if (!yaml_find(node, "remap")) {
		machine->remap = machine->arch == ARCH_ARM ? REMAP_ITS : REMAP_NONE;
	}
	const struct vector_space *space = find_space(l, node, machine);
	if (machine->cpus % machine->sockets != 0) {
		struct mark at = key_mark(node, "sockets");
		diagnose(l->d, &at, "sockets: %u CPUs cannot be dealt to %u sockets in equal shares", machine->cpus,
			 machine->sockets);
		sound = false;
	}
	return check_platform(l, node, machine) & sound && space && finish_vectors(l, node, machine, space);
}

/* The keys of each arrival process: those that it must have, and those that it may. */
static const struct process_keys {
	enum scenario_process process;
	const char *required[4];
	const char *optional[4];
} process_keys[] = {
	{ PROCESS_NONE, { NULL }, { NULL } },
	{ PROCESS_POISSON, { "rate" }, { NULL } },
	{ PROCESS_PERIODIC, { "period" }, { "jitter" } },
	{ PROCESS_BURSTS, { "rate", "on", "off" }, { NULL } },
	{ PROCESS_TIMES, { "at" }, { NULL } },
	{ PROCESS_CLOSED, { NULL }, { "depth", "service", "timeout" } },
};

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++) {
		if (strcmp(*names, name) == 0) {
			return true;
		}
	}
	return false;
}

bool arrivals_key_applies(enum scenario_process process, const char *key)
{
	return strcmp(key, "process") == 0 || is_among(process_keys[process].required, key) ||
	       is_among(process_keys[process].optional, key);
}

static void preset_closed(const struct yaml_node *node, struct scenario_arrivals *arrivals)
{
	arrivals->depth = yaml_find(node, "depth") ? arrivals->depth : 1;
	arrivals->service_ps = yaml_find(node, "service") ? arrivals->service_ps : 100 * US;
	arrivals->timeout_ps = yaml_find(node, "timeout") ? arrivals->timeout_ps : 30 * SECOND;
}

bool finish_arrivals(struct loader *l, const struct yaml_node *node, const struct mark *at,
		     struct scenario_arrivals *arrivals)
{
	bool sound = true;

	if (!yaml_find(node, "process")) {
		arrivals->process = yaml_find(node, "rate") && node->count == 1 ? PROCESS_POISSON : PROCESS_NONE;
	}
	const struct schema_section *section = schema_find(schema_find(schema_root(), "devices")->section,
							   "raise")->section;
	const char *process = schema_name_of(schema_find(section, "process")->names, (int)arrivals->process);
	const struct process_keys *keys = &process_keys[arrivals->process];
	for (size_t i = 0; keys->required[i]; i++) {
		if (!yaml_find(node, keys->required[i])) {
			diagnose(l->d, at, "missing key '%s': process '%s' needs it", keys->required[i], process);
			sound = false;
		}
	}
	for (uint32_t i = 0; node && i < node->count; i++) {
		const struct yaml_node *key = node->entries[i].key;
		if (schema_find(section, key->text) && !arrivals_key_applies(arrivals->process, key->text)) {
			diagnose(l->d, &key->mark, "'%s' says nothing about process '%s'", key->text, process);
			sound = false;
		}
	}
	if (arrivals->process == PROCESS_CLOSED) {
		preset_closed(node, arrivals);
	}
	return sound;
}

static bool refuse(struct loader *l, const struct yaml_node *node, const char *key, const char *message)
{
	struct mark at = key_mark(node, key);

	diagnose(l->d, &at, "%s", message);
	return false;
}

/* What the specifications say of each kind's mask and pending bits, where the file is silent; and what it cannot be. */
static bool finish_masking(struct loader *l, const struct yaml_node *node, struct scenario_device *device)
{
	bool maskable_given = yaml_find(node, "maskable"), pending_given = yaml_find(node, "pending_bits");

	if (!maskable_given) {
		device->maskable = device->kind == DEVICE_MSIX || device->kind == DEVICE_IMS;
	}
	if (!pending_given) {
		device->pending_bits = device->kind == DEVICE_MSIX || (device->kind == DEVICE_MSI && device->maskable);
	}
	if (device->kind == DEVICE_MSIX && !device->maskable) {
		return refuse(l, node, "maskable", "MSI-X always has mask bits");
	}
	if (device->kind == DEVICE_IMS && !device->maskable) {
		return refuse(l, node, "maskable", "IMS always has mask bits");
	}
	if (device->kind == DEVICE_MSIX && !device->pending_bits) {
		return refuse(l, node, "pending_bits", "MSI-X always has pending bits");
	}
	if (device->kind == DEVICE_IMS && device->pending_bits) {
		return refuse(l, node, "pending_bits", "IMS has no pending bits");
	}
	if (device->pending_bits && !device->maskable) {
		return refuse(l, node, "pending_bits", "pending bits need mask bits: 'maskable' is false");
	}
	return true;
}

static bool finish_kind(struct loader *l, const struct yaml_node *node, struct scenario_device *device)
{
	bool pci = device->kind == DEVICE_MSI || device->kind == DEVICE_MSIX;

	if (!yaml_find(node, "intx")) {
		device->intx = pci;
	}
	if (device->intx && !pci) {
		return refuse(l, node, "intx", "only msi and msix devices have a legacy line");
	}
	if (device->kind == DEVICE_MSI && (device->vectors > 32 || (device->vectors & (device->vectors - 1)))) {
		return refuse(l, node, "vectors", "vectors: MSI has a power of two, up to 32");
	}
	if (device->kind == DEVICE_MSIX && device->vectors > 2048) {
		return refuse(l, node, "vectors", "vectors: MSI-X has at most 2048");
	}
	if (device->kind == DEVICE_MSI && device->torn != TORN_MIX) {
		return refuse(l, node, "torn", "torn: an MSI capability always sends what its registers hold: mix");
	}
	return true;
}

bool finish_device(struct loader *l, const struct yaml_node *node, struct scenario_device *device)
{
	const struct scenario_machine *machine = &l->s->machine;
	bool sound = finish_masking(l, node, device) & finish_kind(l, node, device);

	if (device->allocated == UINT32_MAX) {
		device->allocated = device->vectors;
	}
	if (device->allocated > device->vectors) {
		sound = refuse(l, node, "allocated", "allocated: the device has fewer vectors");
	}
	device->socket_dealt = device->socket == UINT32_MAX;
	if (device->socket_dealt) {
		device->socket = 0;
	}
	if (l->machine_sound && device->socket >= machine->sockets) {
		struct mark at = key_mark(node, "socket");
		diagnose(l->d, &at, "socket: there is no socket %u: the machine has %u, from 0", device->socket,
			 machine->sockets);
		sound = false;
	}
	if (device->managed && device->initial_cpus) {
		sound = refuse(l, node, "cpus", "cpus: the affinity of a managed device is the kernel's");
	}
	return sound;
}

/* What each verb needs and takes, besides at, every, rate, start, count and on. */
enum need { NO, MAY, MUST };
static const struct verb_keys {
	enum need device, vectors, to, cpus, cpu;
} verb_keys[] = {
	[ACTION_MIGRATE] = { MUST, MAY, MAY, MAY, NO },
	[ACTION_ALLOCATE] = { MUST, MAY, NO, NO, NO },
	[ACTION_FREE] = { MUST, MAY, NO, NO, NO },
	[ACTION_ENABLE] = { MUST, NO, NO, NO, NO },
	[ACTION_DISABLE] = { MUST, NO, NO, NO, NO },
	[ACTION_OFFLINE] = { MAY, NO, NO, NO, MAY },
	[ACTION_ONLINE] = { NO, NO, NO, NO, MAY },
	[ACTION_RAISE] = { MUST, MAY, NO, NO, NO },
	[ACTION_SWAP] = { MUST, MAY, NO, NO, NO },
	[ACTION_APICV_ON] = { NO, NO, NO, NO, NO },
	[ACTION_APICV_OFF] = { NO, NO, NO, NO, NO },
};

static enum need verb_need(enum scenario_verb verb, const char *key)
{
	const struct verb_keys *row = &verb_keys[verb];
	const struct {
		const char *key;
		enum need need;
	} needs[] = {
		{ "device", row->device }, { "vectors", row->vectors }, { "to", row->to },
		{ "cpus", row->cpus }, { "cpu", row->cpu },
		{ "vcpu", verb == ACTION_APICV_ON || verb == ACTION_APICV_OFF ? MUST : NO },
		/* A raise is the device's doing: no CPU runs it. */
		{ "on", verb == ACTION_RAISE ? NO : MAY },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
		if (strcmp(needs[i].key, key) == 0) {
			return needs[i].need;
		}
	}
	return MAY;
}

bool action_key_applies(const struct scenario_action *action, const char *key)
{
	bool once = action->when == WHEN_AT;

	if (strcmp(key, "at") == 0) {
		return once;
	}
	if (strcmp(key, "every") == 0) {
		return action->when == WHEN_EVERY;
	}
	if (strcmp(key, "rate") == 0) {
		return action->when == WHEN_RATE;
	}
	if (strcmp(key, "start") == 0 || strcmp(key, "count") == 0) {
		return !once;
	}
	if (strcmp(key, "cpus") == 0 && action->target == TARGET_LIST) {
		return false;
	}
	if (strcmp(key, "device") == 0 && action->verb == ACTION_OFFLINE && action->device < 0) {
		return false;
	}
	return verb_need(action->verb, key) != NO;
}

static bool find_when(struct loader *l, const struct yaml_node *node, struct scenario_action *action)
{
	static const struct {
		const char *key;
		enum scenario_when when;
	} whens[] = { { "at", WHEN_AT }, { "every", WHEN_EVERY }, { "rate", WHEN_RATE } };
	unsigned given = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(whens); i++) {
		if (yaml_find(node, whens[i].key)) {
			action->when = whens[i].when;
			given++;
		}
	}
	if (given != 1) {
		diagnose(l->d, &node->mark, "an action happens once ('at'), regularly ('every') or at random ('rate'): "
					    "exactly one of them is needed");
		return false;
	}
	if (action->when == WHEN_AT) {
		action->count = yaml_find(node, "count") ? action->count : 1;
	}
	return true;
}

static bool check_action_keys(struct loader *l, const struct yaml_node *node, const struct scenario_action *action)
{
	const char *verb = name_in("actions", "do", (int)action->verb);
	bool sound = true;

	for (uint32_t i = 0; i < node->count; i++) {
		const struct yaml_node *key = node->entries[i].key;
		if (!schema_find(schema_find(schema_root(), "actions")->section, key->text) ||
		    action_key_applies(action, key->text)) {
			continue;
		}
		if (verb_need(action->verb, key->text) == NO) {
			diagnose(l->d, &key->mark, "'%s' says nothing about '%s'", key->text, verb);
		} else if (strcmp(key->text, "cpus") == 0) {
			diagnose(l->d, &key->mark, "'to' names the CPUs already: leave 'cpus' out");
		} else {
			diagnose(l->d, &key->mark, "'%s' does not go with 'at'", key->text);
		}
		sound = false;
	}
	if (verb_need(action->verb, "device") == MUST && !yaml_find(node, "device")) {
		diagnose(l->d, &node->mark, "missing key 'device': '%s' needs it", verb);
		sound = false;
	}
	if (verb_need(action->verb, "vcpu") == MUST && !yaml_find(node, "vcpu")) {
		diagnose(l->d, &node->mark, "missing key 'vcpu': '%s' needs it", verb);
		sound = false;
	}
	return sound;
}

static bool check_action_vectors(struct loader *l, const struct yaml_node *node, struct scenario_action *action)
{
	bool all = action->vector_end == UINT32_MAX;

	if (action->device < 0) {
		action->vector_first = action->vector_end = 0;
		return true;
	}
	const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device,
							      (guint)action->device);
	if (all) {
		action->vector_end = device->vectors;
	}
	if (action->vector_end > device->vectors) {
		struct mark at = key_mark(node, "vectors");
		diagnose(l->d, &at, "vectors: '%s' has %u, from 0", device->group, device->vectors);
		return false;
	}
	return true;
}

static bool check_offline_target(struct loader *l, const struct yaml_node *node, const struct scenario_action *action)
{
	if (action->verb != ACTION_OFFLINE) {
		return true;
	}
	if (action->cpu < 0 && action->device < 0) {
		diagnose(l->d, &node->mark, "'offline' needs 'cpu', or a 'device' whose CPU is meant");
		return false;
	}
	if (action->cpu >= 0 && action->device >= 0) {
		return refuse(l, node, "device", "'device' and 'cpu' both name the CPU to take down: leave one out");
	}
	return true;
}

bool finish_action(struct loader *l, const struct yaml_node *node, struct scenario_action *action)
{
	bool sound = find_when(l, node, action) && check_action_keys(l, node, action);

	return sound & check_action_vectors(l, node, action) & check_offline_target(l, node, action);
}

static const struct yaml_node *node_of(const GPtrArray *nodes, guint i)
{
	return g_ptr_array_index(nodes, i);
}

/* Does anything in the scenario make this device's interrupts change their CPU? Hotplug moves what is not managed. */
static bool device_moves(const struct loader *l, guint number)
{
	const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device, number);

	for (guint i = 0; i < l->actions->len; i++) {
		const struct scenario_action *action = &g_array_index(l->actions, struct scenario_action, i);
		bool named = (int64_t)number >= action->device &&
			     (int64_t)number < (int64_t)action->device + action->device_count;
		if ((action->verb == ACTION_MIGRATE && action->device >= 0 && named) ||
		    (action->verb == ACTION_OFFLINE && !device->managed)) {
			return true;
		}
	}
	return false;
}

static void check_device_needs(struct loader *l, const struct strategy *strategy, guint number, const struct mark *at)
{
	const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device, number);

	if (!(strategy->kinds & NEEDS(device->kind))) {
		diagnose(l->d, at, "'%s' does not work for devices of kind '%s': '%s' in line %d is moved",
			 strategy->name, name_in("devices", "kind", (int)device->kind), device->group, device->line);
	} else if (strategy->masking == MASKING_REQUIRED && !device->maskable) {
		diagnose(l->d, at, "'%s' needs devices with mask bits: '%s' in line %d is moved and has none",
			 strategy->name, device->group, device->line);
	}
}

static void check_needs(struct loader *l, const struct strategy *strategy, const bool *moves, const struct mark *at)
{
	const struct scenario_machine *machine = &l->s->machine;

	if (!(strategy->arches & NEEDS(machine->arch))) {
		diagnose(l->d, at, "'%s' does not work on arch '%s'", strategy->name,
			 name_in("machine", "arch", machine->arch));
		return;
	}
	if (!(strategy->remaps & NEEDS(machine->remap))) {
		diagnose(l->d, at, "'%s' does not work with remap '%s'", strategy->name,
			 name_in("machine", "remap", machine->remap));
		return;
	}
	for (guint i = 0; i < l->devices->len; i++) {
		const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device, i);
		if (moves[i] && device->group_index == 0) {
			check_device_needs(l, strategy, i, at);
		}
	}
}

static void check_preconditions(struct loader *l)
{
	bool *moves = g_new0(bool, l->devices->len + 1);

	for (guint i = 0; i < l->devices->len; i++) {
		moves[i] = device_moves(l, i);
	}
	for (guint i = 0; i < l->contenders->len; i++) {
		const struct scenario_contender *contender =
			&g_array_index(l->contenders, struct scenario_contender, i);
		const struct mark *at = &g_array_index(l->contender_marks, struct mark, i);
		for (int slot = 0; slot < STRATEGY_SLOTS; slot++) {
			if (contender->slot[slot]) {
				check_needs(l, contender->slot[slot], moves, at);
			}
		}
	}
	g_free(moves);
}

static void fill_default_slots(struct loader *l)
{
	const struct scenario_machine *machine = &l->s->machine;

	for (guint i = 0; i < l->contenders->len; i++) {
		struct scenario_contender *contender = &g_array_index(l->contenders, struct scenario_contender, i);
		for (int slot = 0; slot < STRATEGY_SLOTS; slot++) {
			if (!contender->slot[slot]) {
				contender->slot[slot] = strategy_default((enum strategy_slot)slot, machine->arch,
									 machine->remap);
			}
		}
	}
}

static void deal_sockets(struct loader *l)
{
	for (guint i = 0; i < l->devices->len; i++) {
		struct scenario_device *device = &g_array_index(l->devices, struct scenario_device, i);
		if (device->socket_dealt) {
			device->socket = (uint32_t)((uint64_t)i * l->s->machine.sockets / l->devices->len);
		}
	}
}

static void check_clock(struct loader *l, const struct yaml_node *root)
{
	const struct scenario *s = l->s;

	if (s->duration_ps <= SCENARIO_DURATION_PS_MAX && s->drain_ps <= SCENARIO_DURATION_PS_MAX &&
	    s->duration_ps + s->drain_ps > SCENARIO_DURATION_PS_MAX) {
		struct mark at = key_mark(root, "duration");
		g_autofree char *max = units_write_duration(SCENARIO_DURATION_PS_MAX);
		diagnose(l->d, &at, "duration and drain together are past the end of the simulated clock, %s", max);
	}
}

static void check_action_times(struct loader *l)
{
	for (guint i = 0; i < l->actions->len && l->s->duration_ps; i++) {
		const struct scenario_action *action = &g_array_index(l->actions, struct scenario_action, i);
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
		const struct scenario_action *action = &g_array_index(l->actions, struct scenario_action, i);
		if (action->verb != ACTION_MIGRATE) {
			continue;
		}
		const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device,
								      (guint)action->device);
		if (device->managed) {
			refuse(l, node_of(l->action_nodes, i), "device",
			       "the device is managed: its affinity is the kernel's and cannot be set");
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
		check_preconditions(l);
		fill_default_slots(l);
	}
}
