// SPDX-License-Identifier: MIT
/*
 * Moves of SPIs behind a GICv2m or MBI frame: neither message nor number change, only where the
 * distributor routes the SPI. What is pending waits in the distributor and follows the route; what
 * is active stays with its CPU, and the SPI is taken nowhere else until its end of interrupt. There
 * is no moment at which a message has no place to go.
 */
#include <stdint.h>

#include "models/machine.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"

static int begin(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	struct machine *m = k->machine;
	int moved;

	kapi_observe(k, m->desc[desc].cpu);
	moved = m->root->assign(m, desc, mask, false);
	kapi_observe(k, (uint64_t)moved << 16 | m->desc[desc].cpu);
	return moved;
}

/* GICv2: the target byte of the SPI, in one write. */
static int route(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	int moved = begin(k, desc, mask);

	if (moved > 0) {
		/* An SPI that comes now is taken on the old or the new CPU. */
		k_spi_route(k, k->machine->desc[desc].vector, k->machine->desc[desc].cpu);
	}
	return moved;
}

/* GICv3: the route is rewritten while the SPI is disabled. */
static int disabled_route(struct kthread *k, uint32_t desc, const uint64_t *mask)
{
	uint32_t vector = k->machine->desc[desc].vector;
	bool enabled = !(k->machine->desc[desc].flags & DESC_MASKED);
	int moved = begin(k, desc, mask);

	kapi_observe(k, enabled);
	if (moved <= 0 || !enabled) {
		if (moved > 0) {
			k_spi_route(k, vector, k->machine->desc[desc].cpu);
		}
		return moved;
	}
	/* From here on an SPI that comes waits in the distributor. */
	k_spi_enable(k, vector, false);
	k_spi_route(k, vector, k->machine->desc[desc].cpu);
	/* From here on it is taken, on the new CPU. */
	k_spi_enable(k, vector, true);
	return moved;
}

const struct move_operations v2m_route = { .set_affinity = route };
const struct move_operations mbi_route = { .set_affinity = disabled_route };
