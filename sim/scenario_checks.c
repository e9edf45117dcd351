/* SPDX-License-Identifier: MIT */
/* What one key alone cannot tell: defaults that depend on other keys, and values that do not go together. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "models/strategies/operations.h"
#include "sim/loader_internal.h"
#include "sim/platform_file.h"
#include "sim/units.h"

/* The name of an enumeration's value, as the file writes it. */
static const char *name_in(const char *section, const char *key, int value)
{
	const struct schema_key *row =
		schema_find(schema_find(schema_root(), section)->section, key);

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

/* What Linux keeps for itself. riscv: the identity of the IPIs. */
static const struct system_vector {
	enum machine_arch arch;
	uint32_t vector;
} system_vectors[] = {
	{ ARCH_X86, 32 },
	{ ARCH_X86, 50 },
	{ ARCH_X86, 128 },
	{ ARCH_RISCV, 1 },
};

static const struct vector_space *find_space(struct loader *l, const struct yaml_node *node,
					     const struct scenario_machine *machine)
{
	struct mark at = key_mark(node, yaml_find(node, "remap") ? "remap" : "arch");

	for (size_t i = 0; i < G_N_ELEMENTS(vector_spaces); i++) {
		if (vector_spaces[i].arch == machine->arch &&
		    vector_spaces[i].remap == machine->remap) {
			return &vector_spaces[i];
		}
	}
	diagnose(l->d, &at, "remap '%s' does not exist on arch '%s'",
		 name_in("machine", "remap", machine->remap),
		 name_in("machine", "arch", machine->arch));
	return NULL;
}

static void preset_system_vectors(struct scenario_machine *machine)
{
	uint32_t *vectors = g_new0(uint32_t, G_N_ELEMENTS(system_vectors));
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(system_vectors); i++) {
		const struct system_vector *row = &system_vectors[i];
		if (row->arch == machine->arch && row->vector >= machine->vectors_first &&
		    row->vector < machine->vectors_end) {
			vectors[count++] = row->vector;
		}
	}
	machine->system_vectors = vectors;
	machine->system_vectors_count = count;
}

static bool check_system_vectors(struct loader *l, const struct mark *at,
				 const struct scenario_machine *machine)
{
	GHashTable *seen = g_hash_table_new(NULL, NULL);
	bool sound = true;

	for (size_t i = 0; i < machine->system_vectors_count && sound; i++) {
		uint32_t vector = machine->system_vectors[i];
		if (vector < machine->vectors_first || vector >= machine->vectors_end) {
			diagnose(l->d, at, "system: vector %u is outside the range %u to %u",
				 vector, machine->vectors_first, machine->vectors_end - 1);
			sound = false;
		} else if (!g_hash_table_add(seen, GUINT_TO_POINTER(vector))) {
			diagnose(l->d, at, "system: vector %u is named twice", vector);
			sound = false;
		}
	}
	g_hash_table_destroy(seen);
	if (sound &&
	    machine->system_vectors_count >= machine->vectors_end - machine->vectors_first) {
		diagnose(l->d, at, "no vector is left to allocate");
		sound = false;
	}
	return sound;
}

static bool finish_vectors(struct loader *l, const struct yaml_node *node,
			   struct scenario_machine *machine, const struct vector_space *space)
{
	const struct yaml_entry *entry = yaml_find(node, "vectors");
	const struct yaml_node *vectors = entry ? entry->value : NULL;
	struct mark at = entry ? entry->key->mark : key_mark(node, "arch");

	machine->vectors_first = machine->vectors_first ? machine->vectors_first : space->first;
	machine->vectors_end = machine->vectors_end ? machine->vectors_end : space->end;
	if (machine->vectors_first < space->lowest || machine->vectors_end > space->limit) {
		diagnose(l->d, &at, "vectors: %u to %u is outside the hardware's range, %u to %u",
			 machine->vectors_first, machine->vectors_end - 1, space->lowest,
			 space->limit - 1);
		return false;
	}
	if (machine->vectors_first >= machine->vectors_end) {
		diagnose(l->d, &at, "vectors: 'first' (%u) must be below 'end' (%u)",
			 machine->vectors_first, machine->vectors_end);
		return false;
	}
	if (!yaml_find(vectors, "system")) {
		preset_system_vectors(machine);
	}
	return check_system_vectors(l, &at, machine);
}

static bool check_platform(struct loader *l, const struct yaml_node *node,
			   const struct scenario_machine *machine)
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

static bool refuse(struct loader *l, const struct yaml_node *node, const char *key,
		   const char *message)
{
	struct mark at = key_mark(node, key);

	diagnose(l->d, &at, "%s", message);
	return false;
}

/* It is read when the scenario runs; that it is there can be said now, and where the file names it. */
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

bool finish_machine(struct loader *l, const struct yaml_node *node,
		    struct scenario_machine *machine)
{
	bool sound = true;

	if (!yaml_find(node, "remap")) {
		machine->remap = machine->arch == ARCH_ARM ? REMAP_ITS : REMAP_NONE;
	}
	const struct vector_space *space =
		KEYS_SOUND(l, node, "arch", "remap") ? find_space(l, node, machine) : NULL;
	if (KEYS_SOUND(l, node, "cpus", "sockets") && machine->cpus % machine->sockets != 0) {
		struct mark at = key_mark(node, "sockets");
		diagnose(l->d, &at,
			 "sockets: %u CPUs cannot be dealt to %u sockets in equal shares",
			 machine->cpus, machine->sockets);
		sound = false;
	}
	if (!yaml_find(node, "ecam")) {
		machine->ecam = machine->arch != ARCH_X86;
	} else if (KEYS_SOUND(l, node, "arch", "ecam") && !machine->ecam &&
		   machine->arch != ARCH_X86) {
		sound = refuse(l, node, "ecam", "ecam: only x86 has the CF8/CFC pair");
	}
	sound &= KEYS_SOUND(l, node, "platform") && check_platform(l, node, machine);
	bool vectors_sound =
		space && KEYS_SOUND(l, node, "vectors") && finish_vectors(l, node, machine, space);
	return sound && vectors_sound;
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

	if (!KEYS_SOUND(l, node, "process")) {
		return false;
	}
	if (!yaml_find(node, "process")) {
		arrivals->process = yaml_find(node, "rate") && node->count == 1 ? PROCESS_POISSON
										: PROCESS_NONE;
	}
	const struct schema_section *section =
		schema_find(schema_find(schema_root(), "devices")->section, "raise")->section;
	const char *process =
		schema_name_of(schema_find(section, "process")->names, (int)arrivals->process);
	const struct process_keys *keys = &process_keys[arrivals->process];
	for (size_t i = 0; keys->required[i]; i++) {
		if (!yaml_find(node, keys->required[i])) {
			diagnose(l->d, at, "missing key '%s': process '%s' needs it",
				 keys->required[i], process);
			sound = false;
		}
	}
	for (uint32_t i = 0; node && i < node->count; i++) {
		const struct yaml_node *key = node->entries[i].key;
		if (schema_find(section, key->text) &&
		    !arrivals_key_applies(arrivals->process, key->text)) {
			diagnose(l->d, &key->mark, "'%s' says nothing about process '%s'",
				 key->text, process);
			sound = false;
		}
	}
	if (arrivals->process == PROCESS_CLOSED) {
		preset_closed(node, arrivals);
	}
	return sound;
}

/* What the specifications say of each kind's mask and pending bits, where the file is silent; and what it cannot be. */
static bool finish_masking(struct loader *l, const struct yaml_node *node,
			   struct scenario_device *device)
{
	bool maskable_given = yaml_find(node, "maskable"),
	     pending_given = yaml_find(node, "pending_bits");

	if (!maskable_given) {
		device->maskable = device->kind == DEVICE_MSIX || device->kind == DEVICE_WIRED ||
				   (device->kind == DEVICE_IMS && device->store == STORE_SLOTS);
	}
	if (!pending_given) {
		device->pending_bits = device->kind == DEVICE_MSIX ||
				       device->kind == DEVICE_WIRED ||
				       (device->kind == DEVICE_MSI && device->maskable);
	}
	if (device->kind == DEVICE_MSIX && !device->maskable) {
		return refuse(l, node, "maskable", "MSI-X always has mask bits");
	}
	if (device->kind == DEVICE_IMS && device->store == STORE_SLOTS && !device->maskable) {
		return refuse(l, node, "maskable", "slots of IMS always have mask bits");
	}
	if (device->kind == DEVICE_WIRED && !(device->maskable && device->pending_bits)) {
		return refuse(l, node, device->maskable ? "pending_bits" : "maskable",
			      "a line is masked at its bridge, and stays raised meanwhile");
	}
	if (device->kind == DEVICE_MSIX && !device->pending_bits) {
		return refuse(l, node, "pending_bits", "MSI-X always has pending bits");
	}
	if (device->kind == DEVICE_IMS && device->pending_bits) {
		return refuse(l, node, "pending_bits", "IMS has no pending bits");
	}
	if (device->pending_bits && !device->maskable) {
		return refuse(l, node, "pending_bits",
			      "pending bits need mask bits: 'maskable' is false");
	}
	return true;
}

static bool finish_kind(struct loader *l, const struct yaml_node *node,
			struct scenario_device *device)
{
	bool pci = device->kind == DEVICE_MSI || device->kind == DEVICE_MSIX;

	if (!yaml_find(node, "intx")) {
		device->intx = pci;
	}
	if (device->intx && !pci) {
		return refuse(l, node, "intx", "only msi and msix devices have a legacy line");
	}
	if (device->kind == DEVICE_MSI &&
	    (device->vectors > 32 || (device->vectors & (device->vectors - 1)))) {
		return refuse(l, node, "vectors", "vectors: MSI has a power of two, up to 32");
	}
	if (device->kind == DEVICE_MSI && device->vectors > 1 && l->machine_sound &&
	    l->s->machine.arch == ARCH_RISCV) {
		return refuse(l, node, "vectors",
			      "vectors: Linux has no multi-message MSI with IMSIC files: 1, or kind msix");
	}
	if (device->kind == DEVICE_MSIX && device->vectors > 2048) {
		return refuse(l, node, "vectors", "vectors: MSI-X has at most 2048");
	}
	if (device->kind == DEVICE_MSI && device->torn != TORN_MIX) {
		return refuse(l, node, "torn",
			      "torn: an MSI capability always sends what its registers hold: mix");
	}
	return true;
}

/* How many of its vectors the driver gets, requests and is content with. */
static bool finish_counts(struct loader *l, const struct yaml_node *node,
			  struct scenario_device *device)
{
	if (device->allocated == UINT32_MAX) {
		device->allocated = device->vectors;
	}
	if (device->allocated > device->vectors) {
		return refuse(l, node, "allocated", "allocated: the device has fewer vectors");
	}
	if (device->requested == UINT32_MAX) {
		device->requested = device->allocated;
	}
	if (device->requested > device->allocated) {
		return refuse(l, node, "requested",
			      "requested: fewer vectors are allocated at the start");
	}
	if (device->needed != UINT32_MAX && device->needed > device->allocated) {
		return refuse(l, node, "needed", "needed: fewer vectors are allocated at the start");
	}
	return true;
}

/* What only some kinds have. */
static bool check_abilities(struct loader *l, const struct yaml_node *node,
			    const struct scenario_device *device)
{
	if (device->falls_back && device->kind != DEVICE_MSIX) {
		return refuse(l, node, "falls_back", "falls_back: only msix has MSI below it");
	}
	if (device->falls_back && MIN(device->needed, device->allocated) > 1) {
		return refuse(l, node, "falls_back",
			      "falls_back: to one MSI, or INTx, only where one vector will do: "
			      "'needed' is more");
	}
	if (device->groups && device->kind != DEVICE_MSIX && device->kind != DEVICE_IMS) {
		return refuse(l, node, "groups", "groups: only msix and ims have groups of vectors");
	}
	if (device->store != STORE_SLOTS && device->kind != DEVICE_IMS) {
		return refuse(l, node, "store", "store: the device is not of kind ims");
	}
	return true;
}

/* A domain beside the first one; without a node the device has none. */
bool finish_domain(struct loader *l, const struct yaml_node *node, const char *name,
		   struct scenario_domain *domain)
{
	bool ims = strcmp(name, "ims") == 0, wired = strcmp(name, "wired") == 0;

	if (!node) {
		domain->allocated = 0;
		return true;
	}
	if (!KEYS_SOUND(l, node, "vectors", "allocated", "store", "maskable")) {
		return false;
	}
	domain->vectors = domain->vectors ? domain->vectors : 1;
	if (domain->allocated == UINT32_MAX) {
		domain->allocated = domain->vectors;
	}
	if (domain->allocated > domain->vectors) {
		return refuse(l, node, "allocated", "allocated: the domain has fewer vectors");
	}
	if (!yaml_find(node, "maskable")) {
		domain->maskable = wired || (ims && domain->store == STORE_SLOTS);
	}
	if (ims && domain->store == STORE_SLOTS && !domain->maskable) {
		return refuse(l, node, "maskable", "slots of IMS always have mask bits");
	}
	domain->pending_bits = wired;
	return true;
}

/* Linux: the parent domain has to say that it takes IMS, and only those of the remap units of x86 do. */
static void check_store(struct loader *l, const struct yaml_node *node,
			const struct scenario_device *device)
{
	const struct scenario_machine *machine = &l->s->machine;
	bool below_remap = machine->remap == REMAP_VTD || machine->remap == REMAP_AMDVI;

	if ((device->kind == DEVICE_IMS || device->ims.vectors) && !below_remap &&
	    l->machine_sound) {
		refuse(l, node, device->kind == DEVICE_IMS ? "kind" : "ims",
		       "IMS exists only below interrupt remapping: machine.remap must be vtd or "
		       "amdvi");
	}
}

bool finish_device(struct loader *l, const struct yaml_node *node, struct scenario_device *device)
{
	const struct scenario_machine *machine = &l->s->machine;
	bool sound = yaml_find(node, "kind") && KEYS_SOUND(l, node, "kind");

	if (sound && KEYS_SOUND(l, node, "maskable", "pending_bits", "store")) {
		sound &= finish_masking(l, node, device);
	}
	if (sound && KEYS_SOUND(l, node, "intx", "vectors", "torn")) {
		sound &= finish_kind(l, node, device);
	}
	if (KEYS_SOUND(l, node, "vectors", "allocated", "requested", "needed")) {
		sound &= finish_counts(l, node, device);
		sound = sound && check_abilities(l, node, device);
	}
	if (sound) {
		check_store(l, node, device);
	}
	device->socket_dealt = device->socket == UINT32_MAX;
	if (device->socket_dealt) {
		device->socket = 0;
	}
	if (l->machine_sound && KEYS_SOUND(l, node, "socket") &&
	    device->socket >= machine->sockets) {
		struct mark at = key_mark(node, "socket");
		diagnose(l->d, &at, "socket: there is no socket %u: the machine has %u, from 0",
			 device->socket, machine->sockets);
		sound = false;
	}
	if (device->managed && device->initial_cpus && device->vectors > 1) {
		sound = refuse(l, node, "cpus",
			       "cpus: the kernel deals a managed device's CPUs to its vectors; only one "
			       "vector can have them all");
	}
	return sound;
}

/* What each verb needs and takes, besides at, every, rate, start, count and on. */
enum need { NO, MAY, MUST };
static const struct verb_keys {
	enum need device, vectors, to, cpus, cpu, domain;
} verb_keys[] = {
	[ACTION_MIGRATE] = { MUST, MAY, MAY, MAY, NO, MAY },
	[ACTION_ALLOCATE] = { MUST, MAY, NO, NO, NO, MAY },
	[ACTION_FREE] = { MUST, MAY, NO, NO, NO, MAY },
	[ACTION_ENABLE] = { MUST, NO, NO, NO, NO, NO },
	[ACTION_DISABLE] = { MUST, NO, NO, NO, NO, NO },
	[ACTION_OFFLINE] = { MAY, NO, NO, NO, MAY, NO },
	[ACTION_ONLINE] = { NO, NO, NO, NO, MAY, NO },
	[ACTION_RAISE] = { MUST, MAY, NO, NO, NO, MAY },
	[ACTION_REQUEST] = { MUST, MAY, NO, NO, NO, NO },
	[ACTION_RELEASE] = { MUST, MAY, NO, NO, NO, NO },
	[ACTION_MASK] = { MUST, MAY, NO, NO, NO, MAY },
	[ACTION_UNMASK] = { MUST, MAY, NO, NO, NO, MAY },
	[ACTION_REBOOT] = { MUST, NO, NO, NO, NO, NO },
	[ACTION_UNPLUG] = { MUST, NO, NO, NO, NO, NO },
	[ACTION_PLUG] = { MUST, NO, NO, NO, NO, NO },
	[ACTION_SWAP] = { MUST, MAY, NO, NO, NO, MAY },
	[ACTION_APICV_ON] = { NO, NO, NO, NO, NO, NO },
	[ACTION_APICV_OFF] = { NO, NO, NO, NO, NO, NO },
};

static enum need verb_need(enum scenario_verb verb, const char *key)
{
	const struct verb_keys *row = &verb_keys[verb];
	const struct {
		const char *key;
		enum need need;
	} needs[] = {
		{ "device", row->device }, { "vectors", row->vectors }, { "to", row->to },
		{ "cpus", row->cpus }, { "cpu", row->cpu }, { "domain", row->domain },
		{ "want", verb == ACTION_ALLOCATE ? MAY : NO },
		{ "at_least", verb == ACTION_ALLOCATE ? MAY : NO },
		{ "request", verb == ACTION_ALLOCATE ? MAY : NO },
		{ "group", verb == ACTION_FREE ? MAY : NO },
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
	if ((strcmp(key, "at_least") == 0 && !action->want) ||
	    (strcmp(key, "group") == 0 && action->group == UINT32_MAX)) {
		return false;
	}
	if (strcmp(key, "vectors") == 0 && action->verb == ACTION_FREE &&
	    action->group != UINT32_MAX) {
		return false;
	}
	if (strcmp(key, "cpus") == 0 && action->target == TARGET_LIST) {
		return false;
	}
	if (strcmp(key, "device") == 0 && action->verb == ACTION_OFFLINE && action->device < 0) {
		return false;
	}
	return verb_need(action->verb, key) != NO;
}

static bool find_when(struct loader *l, const struct yaml_node *node,
		      struct scenario_action *action)
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
		diagnose(
			l->d, &node->mark,
			"an action happens once ('at'), regularly ('every') or at random ('rate'): "
			"exactly one of them is needed");
		return false;
	}
	if (action->when == WHEN_AT) {
		action->count = yaml_find(node, "count") ? action->count : 1;
	}
	return true;
}

static bool check_action_keys(struct loader *l, const struct yaml_node *node,
			      const struct scenario_action *action)
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
		} else if (strcmp(key->text, "at_least") == 0) {
			diagnose(l->d, &key->mark, "'at_least' needs 'want'");
		} else if (strcmp(key->text, "vectors") == 0) {
			diagnose(l->d, &key->mark,
				 "'group' names the vectors already: leave 'vectors' out");
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

/* How many vectors an allocation wants. */
static bool check_want(struct loader *l, const struct yaml_node *node,
		       const struct scenario_device *device, struct scenario_action *action)
{
	uint32_t room = action->vector_end - action->vector_first;
	bool indexless = action->domain == DOMAIN_FIRST ?
				 device->kind == DEVICE_IMS && device->store == STORE_QUEUE :
				 scenario_domain_of(device, action->domain)->store == STORE_QUEUE;

	if (indexless && !action->want) {
		return refuse(l, node, "vectors",
			      "an index-less store has no indices to name: say how many with 'want'");
	}
	if (action->want > room) {
		struct mark at = key_mark(node, "want");
		diagnose(l->d, &at, "want: there are only %u vectors to choose from", room);
		return false;
	}
	if (action->at_least > action->want) {
		return refuse(l, node, "at_least", "at_least: fewer are wanted");
	}
	action->at_least = action->at_least ? action->at_least : action->want;
	return true;
}

static bool check_action_vectors(struct loader *l, const struct yaml_node *node,
				 struct scenario_action *action)
{
	bool all = action->vector_end == UINT32_MAX;

	if (action->device < 0) {
		action->vector_first = action->vector_end = 0;
		return true;
	}
	const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device,
							      (guint)action->device);
	uint32_t vectors = scenario_domain_vectors(device, action->domain);
	if (vectors == 0) {
		struct mark at = key_mark(node, "domain");
		diagnose(l->d, &at, "domain: '%s' has none of this kind", device->group);
		return false;
	}
	if (all) {
		action->vector_end = vectors;
	}
	if (action->vector_end > vectors) {
		struct mark at = key_mark(node, "vectors");
		diagnose(l->d, &at, "vectors: '%s' has %u, from 0", device->group, vectors);
		return false;
	}
	return action->verb != ACTION_ALLOCATE || check_want(l, node, device, action);
}

/* Elsewhere a vector belongs to its interrupt for as long as that is allocated. */
static bool check_release(struct loader *l, const struct yaml_node *node,
			  const struct scenario_action *action)
{
	if (action->verb != ACTION_RELEASE || !l->machine_sound || l->s->machine.arch == ARCH_X86) {
		return true;
	}
	return refuse(l, node, "do", "'release' is for x86: only there a vector can wait for its request again");
}

static bool check_offline_target(struct loader *l, const struct yaml_node *node,
				 const struct scenario_action *action)
{
	if (action->verb != ACTION_OFFLINE) {
		return true;
	}
	if (action->cpu < 0 && action->device < 0) {
		diagnose(l->d, &node->mark,
			 "'offline' needs 'cpu', or a 'device' whose CPU is meant");
		return false;
	}
	if (action->cpu >= 0 && action->device >= 0) {
		return refuse(l, node, "device",
			      "'device' and 'cpu' both name the CPU to take down: leave one out");
	}
	return true;
}

bool finish_action(struct loader *l, const struct yaml_node *node, struct scenario_action *action)
{
	bool sound = node->kind == YAML_MAPPING && find_when(l, node, action);

	if (!sound || !yaml_find(node, "do") || !KEYS_SOUND(l, node, "do", "to")) {
		return false;
	}
	sound = check_action_keys(l, node, action);
	if (KEYS_SOUND(l, node, "device", "vectors", "domain", "want", "at_least")) {
		sound &= check_action_vectors(l, node, action);
	}
	if (KEYS_SOUND(l, node, "device", "cpu")) {
		sound &= check_offline_target(l, node, action);
	}
	sound &= check_release(l, node, action);
	return sound;
}

static const struct yaml_node *node_of(const GPtrArray *nodes, guint i)
{
	return g_ptr_array_index(nodes, i);
}

/*
 * Does anything in the scenario make the interrupts of this device's domain change their CPU? Hotplug moves what is not
 * managed.
 */
static bool domain_moves(const struct loader *l, guint number, enum scenario_domain_name domain)
{
	const struct scenario_device *device =
		&g_array_index(l->devices, struct scenario_device, number);

	for (guint i = 0; i < l->actions->len; i++) {
		const struct scenario_action *action =
			&g_array_index(l->actions, struct scenario_action, i);
		bool named = action->device >= 0 && (int64_t)number >= action->device &&
			     (int64_t)number < (int64_t)action->device + action->device_count;
		if ((action->verb == ACTION_MIGRATE && named && action->domain == domain) ||
		    (action->verb == ACTION_OFFLINE &&
		     (domain != DOMAIN_FIRST || !device->managed))) {
			return true;
		}
	}
	return false;
}

static bool domain_is_maskable(const struct scenario_device *device,
			       enum scenario_domain_name domain)
{
	return domain == DOMAIN_FIRST ? device->maskable :
					scenario_domain_of(device, domain)->maskable;
}

static void check_domain_needs(struct loader *l, const struct strategy *strategy,
			       const struct scenario_device *device,
			       enum scenario_domain_name domain, const struct mark *at)
{
	enum device_kind kind = scenario_domain_kind(device, domain);

	if (!(strategy->kinds & NEEDS(kind))) {
		diagnose(l->d, at,
			 "'%s' does not work for devices of kind '%s': '%s' in line %d is moved",
			 strategy->name, name_in("devices", "kind", (int)kind), device->group,
			 device->line);
	} else if (strategy->masking == MASKING_REQUIRED && !domain_is_maskable(device, domain)) {
		diagnose(l->d, at,
			 "'%s' needs devices with mask bits: '%s' in line %d is moved and has none",
			 strategy->name, device->group, device->line);
	}
}

/* Which of a device's domains are moved, a bit for each. */
static unsigned moved_domains(const struct loader *l, guint number)
{
	const struct scenario_device *device =
		&g_array_index(l->devices, struct scenario_device, number);
	unsigned moves = 0;

	for (int domain = DOMAIN_FIRST; domain <= DOMAIN_WIRED; domain++) {
		if (scenario_domain_vectors(device, (enum scenario_domain_name)domain) > 0 &&
		    domain_moves(l, number, (enum scenario_domain_name)domain)) {
			moves |= 1u << domain;
		}
	}
	return moves;
}

/* A protocol that allocates in groups, or from a message store, needs one wherever the scenario allocates. */
static void check_allocation_needs(struct loader *l, const struct strategy *strategy,
				   const struct mark *at)
{
	const struct allocation_operations *operations = strategy->operations;

	for (guint i = 0; i < l->actions->len; i++) {
		const struct scenario_action *action =
			&g_array_index(l->actions, struct scenario_action, i);
		if (action->verb != ACTION_ALLOCATE) {
			continue;
		}
		const struct scenario_device *device = &g_array_index(
			l->devices, struct scenario_device, (guint)action->device);
		bool groups = action->domain == DOMAIN_FIRST ?
				      device->groups :
				      scenario_domain_of(device, action->domain)->groups;
		bool store = device->ims.vectors || device->kind == DEVICE_IMS;
		if ((operations->needs_groups && !groups) || (operations->needs_store && !store)) {
			diagnose(l->d, at,
				 "'%s' needs devices with %s: '%s' in line %d allocates and has none",
				 strategy->name,
				 operations->needs_groups ? "'groups'" : "a message store ('ims')",
				 device->group, device->line);
			return;
		}
	}
}

static void check_needs(struct loader *l, const struct strategy *strategy, const unsigned *moves,
			const struct mark *at)
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
	if (strategy->cpus_max && machine->cpus > strategy->cpus_max) {
		diagnose(l->d, at, "'%s' reaches at most %u CPUs: the machine has %u", strategy->name,
			 strategy->cpus_max, machine->cpus);
		return;
	}
	if (strategy->slot == SLOT_ALLOCATION) {
		check_allocation_needs(l, strategy, at);
	}
	for (guint i = 0; i < l->devices->len; i++) {
		const struct scenario_device *device =
			&g_array_index(l->devices, struct scenario_device, i);
		for (int domain = DOMAIN_FIRST; domain <= DOMAIN_WIRED; domain++) {
			if ((moves[i] >> domain & 1) && device->group_index == 0) {
				check_domain_needs(l, strategy, device,
						   (enum scenario_domain_name)domain, at);
			}
		}
	}
}

static void check_preconditions(struct loader *l)
{
	unsigned *moves = g_new0(unsigned, l->devices->len + 1);

	for (guint i = 0; i < l->devices->len; i++) {
		moves[i] = moved_domains(l, i);
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
		struct scenario_contender *contender =
			&g_array_index(l->contenders, struct scenario_contender, i);
		for (int slot = 0; slot < STRATEGY_SLOTS; slot++) {
			if (!contender->slot[slot]) {
				contender->slot[slot] =
					strategy_default((enum strategy_slot)slot, machine->arch,
							 machine->remap);
			}
		}
	}
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
		diagnose(
			l->d, &at,
			"duration and drain together are past the end of the simulated clock, " CLOCK_END_TEXT);
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
