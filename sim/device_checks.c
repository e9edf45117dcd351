/* SPDX-License-Identifier: MIT */
/* Devices: how they raise, what their kind can be, and their further domains. */
#include <string.h>

#include "sim/loader_internal.h"
#include "sim/units.h"

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

/*
 * What the specifications say of each kind's mask and pending bits, where the file is silent; and
 * what it cannot be.
 */
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
		return refuse_key(l, node, "maskable", "MSI-X always has mask bits");
	}
	if (device->kind == DEVICE_IMS && device->store == STORE_SLOTS && !device->maskable) {
		return refuse_key(l, node, "maskable", "slots of IMS always have mask bits");
	}
	if (device->kind == DEVICE_WIRED && !(device->maskable && device->pending_bits)) {
		return refuse_key(l, node, device->maskable ? "pending_bits" : "maskable",
				  "a line is masked at its bridge, and stays raised meanwhile");
	}
	if (device->kind == DEVICE_MSIX && !device->pending_bits) {
		return refuse_key(l, node, "pending_bits", "MSI-X always has pending bits");
	}
	if (device->kind == DEVICE_IMS && device->pending_bits) {
		return refuse_key(l, node, "pending_bits", "IMS has no pending bits");
	}
	if (device->pending_bits && !device->maskable) {
		return refuse_key(l, node, "pending_bits",
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
		return refuse_key(l, node, "intx", "only msi and msix devices have a legacy line");
	}
	if (device->kind == DEVICE_MSI &&
	    (device->vectors > 32 || (device->vectors & (device->vectors - 1)))) {
		return refuse_key(l, node, "vectors", "vectors: MSI has a power of two, up to 32");
	}
	if (device->kind == DEVICE_MSI && device->vectors > 1 && l->machine_sound &&
	    l->s->machine.arch == ARCH_RISCV) {
		return refuse_key(l, node, "vectors",
				  "vectors: Linux has no multi-message MSI with IMSIC files: 1, or "
				  "kind msix");
	}
	if (device->kind == DEVICE_MSIX && device->vectors > 2048) {
		return refuse_key(l, node, "vectors", "vectors: MSI-X has at most 2048");
	}
	if (device->kind == DEVICE_MSI && device->torn != TORN_MIX) {
		return refuse_key(
			l, node, "torn",
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
		return refuse_key(l, node, "allocated", "allocated: the device has fewer vectors");
	}
	if (device->requested == UINT32_MAX) {
		device->requested = device->allocated;
	}
	if (device->requested > device->allocated) {
		return refuse_key(l, node, "requested",
				  "requested: fewer vectors are allocated at the start");
	}
	if (device->needed != UINT32_MAX && device->needed > device->allocated) {
		return refuse_key(l, node, "needed",
				  "needed: fewer vectors are allocated at the start");
	}
	return true;
}

/*
 * Linux: a domain of x86 vectors without a remap unit has no multi-message MSI, since the vectors
 * that one gets are in no order.
 */
static bool check_messages(struct loader *l, const struct yaml_node *node,
			   const struct scenario_device *device)
{
	const struct scenario_machine *machine = &l->s->machine;

	if (device->kind != DEVICE_MSI || MIN(device->needed, device->allocated) <= 1 ||
	    !l->machine_sound || machine->arch != ARCH_X86 || machine->remap != REMAP_NONE) {
		return true;
	}
	return refuse_key(l, node, yaml_find(node, "needed") ? "needed" : "vectors",
			  "on x86 without remapping Linux gives an MSI device one message, and "
			  "drivers are content with that: 'needed: 1'");
}

/* What only some kinds have. */
static bool check_abilities(struct loader *l, const struct yaml_node *node,
			    const struct scenario_device *device)
{
	if (device->falls_back && device->kind != DEVICE_MSIX) {
		return refuse_key(l, node, "falls_back", "falls_back: only msix has MSI below it");
	}
	if (device->falls_back && MIN(device->needed, device->allocated) > 1) {
		return refuse_key(l, node, "falls_back",
				  "falls_back: to one MSI, or INTx, only where one vector will do: "
				  "'needed' is more");
	}
	if (device->groups && device->kind != DEVICE_MSIX && device->kind != DEVICE_IMS) {
		return refuse_key(l, node, "groups",
				  "groups: only msix and ims have groups of vectors");
	}
	if (device->store != STORE_SLOTS && device->kind != DEVICE_IMS) {
		return refuse_key(l, node, "store", "store: the device is not of kind ims");
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
		return refuse_key(l, node, "allocated", "allocated: the domain has fewer vectors");
	}
	if (!yaml_find(node, "maskable")) {
		domain->maskable = wired || (ims && domain->store == STORE_SLOTS);
	}
	if (ims && domain->store == STORE_SLOTS && !domain->maskable) {
		return refuse_key(l, node, "maskable", "slots of IMS always have mask bits");
	}
	domain->pending_bits = wired;
	return true;
}

/*
 * Linux: the parent domain has to say that it takes IMS, and only those of the remap units of x86
 * do.
 */
static void check_store(struct loader *l, const struct yaml_node *node,
			const struct scenario_device *device)
{
	const struct scenario_machine *machine = &l->s->machine;
	bool below_remap = machine->remap == REMAP_VTD || machine->remap == REMAP_AMDVI;

	if ((device->kind == DEVICE_IMS || device->ims.vectors) && !below_remap &&
	    l->machine_sound) {
		refuse_key(
			l, node, device->kind == DEVICE_IMS ? "kind" : "ims",
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
		sound = sound && check_abilities(l, node, device) &&
			check_messages(l, node, device);
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
		sound = refuse_key(
			l, node, "cpus",
			"cpus: the kernel deals a managed device's CPUs to its vectors; only one "
			"vector can have them all");
	}
	return sound;
}
