/* SPDX-License-Identifier: MIT */
/* What the contenders' strategies need of the machine, its devices and what is done with them. */
#include "models/strategies/operations.h"
#include "sim/loader_internal.h"

/*
 * Does anything in the scenario make the interrupts of this device's domain change their CPU?
 * Hotplug moves what is not managed.
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
			 strategy->name, schema_value_name("devices", "kind", (int)kind),
			 device->group, device->line);
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

/*
 * A protocol that allocates in groups, or from a message store, needs one wherever the scenario
 * allocates.
 */
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
				 "'%s' needs devices with %s: '%s' in line %d allocates and has "
				 "none",
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
			 schema_value_name("machine", "arch", machine->arch));
		return;
	}
	if (!(strategy->remaps & NEEDS(machine->remap))) {
		diagnose(l->d, at, "'%s' does not work with remap '%s'", strategy->name,
			 schema_value_name("machine", "remap", machine->remap));
		return;
	}
	if (strategy->cpus_max && machine->cpus > strategy->cpus_max) {
		diagnose(l->d, at, "'%s' reaches at most %u CPUs: the machine has %u",
			 strategy->name, strategy->cpus_max, machine->cpus);
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

void check_strategies(struct loader *l)
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

void fill_default_slots(struct loader *l)
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
