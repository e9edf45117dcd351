/* SPDX-License-Identifier: MIT */
/*
 * What a scenario's vCPUs need of the rest of it, and the guest vectors of the devices that post to
 * them.
 */
#include <string.h>

#include "models/hw/posted.h"
#include "sim/loader_internal.h"

/* Where the guest's kernel begins to hand out vectors to devices that name none. */
#define GUEST_VECTORS_FIRST 48

bool finish_vcpu(struct loader *l, const struct yaml_node *node, const struct scenario_vcpu *vcpu)
{
	bool sound = true;

	if (l->vcpus->len >= SCENARIO_VCPUS_MAX) {
		diagnose(l->d, &node->mark, "more than %d vCPUs", SCENARIO_VCPUS_MAX);
		return false;
	}
	for (guint i = 0; i < l->vcpus->len; i++) {
		if (strcmp(g_array_index(l->vcpus, struct scenario_vcpu, i).name, vcpu->name) == 0) {
			struct mark at = key_mark(node, "name");
			diagnose(l->d, &at, "there is a vCPU '%s' already", vcpu->name);
			sound = false;
		}
	}
	if (strcmp(vcpu->name, "host") == 0) {
		struct mark at = key_mark(node, "name");
		diagnose(l->d, &at, "'host' means no vCPU: another name, please");
		sound = false;
	}
	if (!vcpu->run_ps && (vcpu->preempt_ps || vcpu->block_ps)) {
		struct mark at = key_mark(node, vcpu->preempt_ps ? "preempt" : "block");
		diagnose(l->d, &at, "missing key 'run': a vCPU that runs for ever is never preempted and never blocks");
		sound = false;
	}
	if (vcpu->run_ps && !vcpu->preempt_ps && !vcpu->block_ps) {
		struct mark at = key_mark(node, "run");
		diagnose(l->d, &at, "'run' says nothing without 'preempt' or 'block'");
		sound = false;
	}
	return sound;
}

static void check_machine(struct loader *l, const struct yaml_node *root)
{
	const struct scenario_machine *machine = &l->s->machine;
	struct mark at = key_mark(root, "vcpus");

	if (machine->arch != ARCH_X86 || machine->remap != REMAP_VTD) {
		diagnose(l->d, &at, "interrupts are posted to vCPUs by VT-d only: the machine needs 'remap: vtd'");
	} else if (machine->vectors_end > POSTED_HOST_VECTORS) {
		diagnose(l->d, &at, "vCPUs need the vectors from %u on for the host: 'machine.vectors.end' is %u",
			 POSTED_HOST_VECTORS, machine->vectors_end);
	}
}

static void check_offline(struct loader *l)
{
	for (guint i = 0; i < l->actions->len; i++) {
		const struct scenario_action *action = &g_array_index(l->actions, struct scenario_action, i);

		if (action->verb == ACTION_OFFLINE) {
			struct mark at = key_mark(g_ptr_array_index(l->action_nodes, i), "do");
			diagnose(l->d, &at, "a machine with vCPUs keeps its CPUs on line: they are bound to them");
		}
	}
}

/* A free run of vectors of the vCPU from first on; 0 where there is none. */
static uint32_t free_run(const bool *used, uint32_t first, uint32_t count)
{
	uint32_t run = 0;

	for (uint32_t vector = first; vector < POSTED_VECTORS; vector++) {
		run = used[vector] ? 0 : run + 1;
		if (run == count) {
			return vector + 1 - count;
		}
	}
	return 0;
}

static bool claim(bool *used, uint32_t first, uint32_t count)
{
	if (free_run(used, first, count) != first) {
		return false;
	}
	memset(&used[first], true, count);
	return true;
}

/* Of all its domains: the vCPU takes each of them. */
static uint32_t vectors_of(const struct scenario_device *device)
{
	return device->vectors + device->ims.vectors + device->platform.vectors + device->wired.vectors;
}

/* Devices that name their vectors come before those that do not. */
static void assign_vectors(struct loader *l, bool *used, bool named)
{
	for (guint i = 0; i < l->devices->len; i++) {
		struct scenario_device *device = &g_array_index(l->devices, struct scenario_device, i);
		const struct yaml_node *node = g_ptr_array_index(l->device_nodes, i);
		struct mark at = key_mark(node, named ? "guest_vector" : "posted_to");

		if (device->posted_to < 0 || (yaml_find(node, "guest_vector") != NULL) != named) {
			continue;
		}
		uint32_t vectors = vectors_of(device);
		bool *mine = &used[(size_t)device->posted_to * POSTED_VECTORS];
		if (named) {
			device->guest_vector += device->group_index * vectors;
		} else {
			device->guest_vector = free_run(mine, GUEST_VECTORS_FIRST, vectors);
		}
		if (!device->guest_vector || !claim(mine, device->guest_vector, vectors)) {
			diagnose(l->d, &at, "the vCPU has no %u free vectors for '%s'%s", vectors, device->name,
				 named ? " there" : "");
			return;
		}
	}
}

static void check_devices(struct loader *l)
{
	for (guint i = 0; i < l->devices->len; i++) {
		const struct scenario_device *device = &g_array_index(l->devices, struct scenario_device, i);
		const struct yaml_node *node = g_ptr_array_index(l->device_nodes, i);
		struct mark at = key_mark(node, "monitored");

		if (device->monitored && device->kind != DEVICE_MSI && device->group_index == 0) {
			diagnose(l->d, &at, "monitored: only the MSI capability of an 'msi' device is emulated");
		}
		at = key_mark(node, "guest_vector");
		if (device->posted_to < 0 && yaml_find(node, "guest_vector") && device->group_index == 0) {
			diagnose(l->d, &at, "'guest_vector' says nothing without 'posted_to'");
		}
	}
}

/* Swaps resend what is pending by an IPI, which only x86 has for it. */
static void check_swaps(struct loader *l)
{
	for (guint i = 0; l->machine_sound && l->s->machine.arch != ARCH_X86 && i < l->actions->len; i++) {
		if (g_array_index(l->actions, struct scenario_action, i).verb == ACTION_SWAP) {
			struct mark at = key_mark(g_ptr_array_index(l->action_nodes, i), "do");
			diagnose(l->d, &at, "'swap' is modelled on arch 'x86' only");
		}
	}
}

void check_vcpus(struct loader *l, const struct yaml_node *root)
{
	check_devices(l);
	check_swaps(l);
	if (!l->vcpus->len || !l->machine_sound) {
		return;
	}
	check_machine(l, root);
	check_offline(l);
	bool *used = g_new0(bool, (gsize)l->vcpus->len * POSTED_VECTORS);
	assign_vectors(l, used, true);
	assign_vectors(l, used, false);
	g_free(used);
}
