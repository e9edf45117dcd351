// SPDX-License-Identifier: MIT
#include "models/strategies/x86_common.h"

#include "models/hw/controller.h"
#include "models/machine.h"
#include "models/os/irq_manage.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"

int x86_begin_move(struct kthread *k, uint32_t desc, const uint64_t *mask, bool same)
{
	int moved;

	k_vector_lock(k);
	kapi_observe(k, (uint64_t)k->machine->desc[desc].cpu << 16 | k->machine->desc[desc].vector);
	moved = k->machine->root->assign(k->machine, desc, mask, same);
	kapi_observe(k, (uint64_t)moved);
	kapi_observe(k, (uint64_t)k->machine->desc[desc].cpu << 16 | k->machine->desc[desc].vector);
	k_vector_unlock(k);
	return moved;
}

int x86_end_move(struct kthread *k, uint32_t desc)
{
	struct machine *m = k->machine;

	if (m->desc[desc].flags & DESC_MOVE_IN_PROGRESS) {
		k_vector_lock(k);
		m->config->cleanup->moved(m, desc);
		k_vector_unlock(k);
	}
	return 1;
}

struct msi_message x86_message(const struct kthread *k, uint32_t desc)
{
	const struct irq_desc *d = &k->machine->desc[desc];

	return k->machine->controller->compose(k->machine, d->cpu, d->vector);
}

void x86_mask(struct kthread *k, uint32_t desc)
{
	irq_mask(k, desc);
}

void x86_unmask(struct kthread *k, uint32_t desc)
{
	irq_unmask(k, desc);
}
