// SPDX-License-Identifier: MIT
#include "models/os/remap_blocks.h"

#include <stddef.h>

#include "models/machine.h"
#include "remap_index.h"

uint32_t remap_blocks_entries(const struct machine *m)
{
	uint32_t entries = 64;

	while (entries < 2 * m->sources_count && entries < REMAP_INDEX_ENTRIES_MAX) {
		entries *= 2;
	}
	return entries;
}

void remap_blocks_lay_out(struct machine *m, struct state_layout *layout)
{
	m->remap_index = state_place(layout, remap_index_size(remap_blocks_entries(m)));
}

int remap_blocks_init(struct machine *m)
{
	uint32_t entries = remap_blocks_entries(m);

	return remap_index_init(m->remap_index, remap_index_size(entries), entries, NULL);
}

uint32_t remap_blocks_order(uint32_t count)
{
	uint32_t order = 0;

	while (1u << order < count) {
		order++;
	}
	return order;
}
