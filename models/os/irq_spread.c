// SPDX-License-Identifier: MIT
#include "models/os/irq_spread.h"

static void add_cpus(uint64_t *mask, uint32_t first, uint32_t count)
{
	for (uint32_t cpu = first; cpu < first + count; cpu++) {
		mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
	}
}

/* Group number `group` of a node's own groups: the first ones take what does not come out even. */
static void add_share(uint64_t *mask, uint32_t first, uint32_t cpus, uint32_t groups, uint32_t group)
{
	uint32_t each = cpus / groups;
	uint32_t larger = cpus % groups;

	if (group < larger) {
		add_cpus(mask, first + group * (each + 1), each + 1);
	} else {
		add_cpus(mask, first + group * each + larger, each);
	}
}

void irq_spread(uint32_t cpus, uint32_t nodes, uint32_t groups, uint32_t group, uint64_t *mask)
{
	uint32_t share = cpus / nodes;
	uint32_t cpus_left = cpus;
	uint32_t groups_left = groups;

	for (uint32_t node = 0; node < nodes; node++) {
		uint32_t own = (uint32_t)((uint64_t)groups_left * share / cpus_left);
		uint32_t first_group = groups - groups_left;

		if (groups <= nodes) {
			if (node % groups == group) {
				add_cpus(mask, node * share, share);
			}
			continue;
		}
		own = own ? own : 1;
		if (group >= first_group && group < first_group + own) {
			add_share(mask, node * share, share, own, group - first_group);
		}
		cpus_left -= share;
		groups_left -= own;
	}
}
