// SPDX-License-Identifier: MIT
/*
 * Sees every device vector that arrives at a CPU before the kernel looks it up, by a probe on
 * __common_interrupt().
 */
#include <linux/irq.h>
#include <linux/kprobes.h>
#include <asm/hw_irq.h>

#include "lab.h"

static struct irq_desc *(__percpu *vector_irq_table)[NR_VECTORS];

/*
 * {CPU, vector} of the update protocol's temporary message; 0 for none, as vector 0 is an
 * exception.
 */
static atomic_t temporary;

void deliveries_expect_temporary(u32 cpu, u32 vector)
{
	atomic_set(&temporary, cpu << 8 | vector);
}

static bool is_ours(const struct irq_desc *desc)
{
	u32 i;

	for (i = 0; i < lab.devices; i++) {
		if (desc->irq_data.irq == lab.edu[i].irq) {
			return true;
		}
	}
	return false;
}

static atomic_t *delivery_class(u32 cpu, u32 vector)
{
	struct irq_desc *desc = READ_ONCE((*per_cpu_ptr(vector_irq_table, cpu))[vector]);

	if (desc == VECTOR_UNUSED) {
		return (u32)atomic_read(&temporary) == (cpu << 8 | vector) ? &deliveries.temporary :
									      &deliveries.unowned;
	}
	if (desc == VECTOR_SHUTDOWN) {
		return &deliveries.shutdown;
	}
	if (desc == VECTOR_RETRIGGERED) {
		return &deliveries.retriggered;
	}
	return is_ours(desc) ? &deliveries.ours : &deliveries.other;
}

/* Second argument: the vector. */
static int on_interrupt(struct kprobe *probe, struct pt_regs *regs)
{
	u32 vector = regs->si;

	if (vector < NR_VECTORS) {
		atomic_inc(delivery_class(smp_processor_id(), vector));
	}
	return 0;
}

static struct kprobe interrupt_probe = {
	.symbol_name = "__common_interrupt",
	.pre_handler = on_interrupt,
};

int deliveries_watch(unsigned long vector_irq)
{
	if (!vector_irq) {
		return -EINVAL;
	}
	vector_irq_table = (void __percpu *)vector_irq;
	return register_kprobe(&interrupt_probe);
}

void deliveries_unwatch(void)
{
	unregister_kprobe(&interrupt_probe);
}
