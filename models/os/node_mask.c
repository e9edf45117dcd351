// SPDX-License-Identifier: MIT
#include "models/os/node_mask.h"

#include "models/machine.h"

bool node_mask(const struct machine *m, uint32_t socket, const uint64_t *within, uint64_t *mask)
{
	uint32_t share = m->config->cpus / m->config->sockets;
	bool any = false;

	for (uint32_t word = 0; word < m->cpu_words; word++) {
		mask[word] = 0;
	}
	for (uint32_t cpu = socket * share; cpu < (socket + 1) * share; cpu++) {
		if (within[cpu / 64] >> (cpu % 64) & 1) {
			mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
			any = true;
		}
	}
	return any;
}
