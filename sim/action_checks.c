/* SPDX-License-Identifier: MIT */
/* Actions: what each verb needs and takes, and the vectors and CPUs that it names. */
#include <string.h>

#include "sim/loader_internal.h"

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
		{ "as_mask", verb == ACTION_MIGRATE ? MAY : NO },
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
	if ((strcmp(key, "cpus") == 0 && action->target == TARGET_LIST) ||
	    (strcmp(key, "as_mask") == 0 && action->target != TARGET_LIST)) {
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
	const char *verb = schema_value_name("actions", "do", (int)action->verb);
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
		} else if (strcmp(key->text, "as_mask") == 0) {
			diagnose(l->d, &key->mark, "'as_mask' needs a list of CPUs in 'to'");
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
		return refuse_key(
			l, node, "vectors",
			"an index-less store has no indices to name: say how many with 'want'");
	}
	if (action->want > room) {
		struct mark at = key_mark(node, "want");
		diagnose(l->d, &at, "want: there are only %u vectors to choose from", room);
		return false;
	}
	if (action->at_least > action->want) {
		return refuse_key(l, node, "at_least", "at_least: fewer are wanted");
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
	return refuse_key(
		l, node, "do",
		"'release' is for x86: only there a vector can wait for its request again");
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
		return refuse_key(
			l, node, "device",
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
