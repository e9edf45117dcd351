/* SPDX-License-Identifier: MIT */
#include "sim/write_model.h"

#include <errno.h>
#include <glib.h>

#include "models/machine.h"
#include "models/os/irq_alloc.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"
#include "models/strategies/registry.h"

enum { PLAIN_MSI, MSIX, DEVICES };

struct due {
	uint64_t time_ps;
	uint64_t sequence;
	struct hw_event event;
};

struct write_model {
	struct machine machine;
	struct machine_config config;
	struct device_config devices[DEVICES];
	struct root_domain root;
	uint16_t places[WRITE_MODEL_CPUS];
	uint64_t message_ps;
	uint64_t write_ps;
	uint64_t ipi_extra_ps;
	GArray *due;
	uint64_t sequence;
	const struct write_change *change;
	struct message_write *writes;
	size_t writes_count;
};

static struct write_model *model_of(const struct machine *m)
{
	return m->env_data;
}

static void post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	struct write_model *w = model_of(m);
	struct due due = { m->now_ps + delay_ps, w->sequence++, *event };

	g_array_append_val(w->due, due);
}

/* False: nothing is due up to then. */
static bool dispatch_next(struct machine *m, uint64_t until_ps)
{
	GArray *due = model_of(m)->due;
	guint first = 0;

	for (guint i = 1; i < due->len; i++) {
		const struct due *a = &g_array_index(due, struct due, i);
		const struct due *b = &g_array_index(due, struct due, first);
		if (a->time_ps < b->time_ps ||
		    (a->time_ps == b->time_ps && a->sequence < b->sequence)) {
			first = i;
		}
	}
	if (due->len == 0 || g_array_index(due, struct due, first).time_ps > until_ps) {
		return false;
	}
	struct due next = g_array_index(due, struct due, first);
	g_array_remove_index(due, first);
	m->now_ps = next.time_ps;
	machine_dispatch(m, &next.event);
	return true;
}

static void step(struct kthread *k, uint64_t cost_ps)
{
	struct machine *m = k->machine;
	uint64_t until_ps = m->now_ps + cost_ps;

	while (dispatch_next(m, until_ps)) {
	}
	m->now_ps = until_ps;
}

/* The only thread waits for the hardware; without anything under way it would wait for ever. */
static void block(struct kthread *k)
{
	if (!dispatch_next(k->machine, UINT64_MAX)) {
		g_error("a modelled strategy waits for nothing");
	}
}

/* block() returns when anything has happened, and its caller looks again. */
static void wake(struct machine *m, uint32_t thread)
{
	(void)m;
	(void)thread;
}

static void emit(struct machine *m, const struct model_event *event)
{
	struct write_model *w = model_of(m);

	if (event->kind != EV_MESSAGE_WRITE || !w->change) {
		return;
	}
	if (w->writes_count < MESSAGE_WRITES_MAX) {
		w->writes[w->writes_count] = (struct message_write){ event->address, event->value };
	}
	w->writes_count++;
}

static void serviced(struct machine *m, uint32_t source)
{
	(void)m;
	(void)source;
}

static const struct machine_env environment = {
	.post = post,
	.step = step,
	.delay = step,
	.settle = step,
	.block = block,
	.wake = wake,
	.emit = emit,
	.serviced = serviced,
};

/* The recorded kernel's answer in place of the allocator's. */
static int recorded_assign(struct machine *m, uint32_t desc, const uint64_t *mask, bool same)
{
	const struct write_change *c = model_of(m)->change;
	struct irq_desc *d = &m->desc[desc];

	(void)mask;
	(void)same;
	if (c->stays) {
		return 0;
	}
	if (!c->assigned) {
		return -EBUSY;
	}
	d->cpu = (uint16_t)c->new_cpu;
	d->vector = c->new_vector;
	return 1;
}

static void set_device(struct device_config *device, enum device_kind kind, bool maskable)
{
	*device = (struct device_config){
		.domains = 1,
		.vectors = 1,
		.address_64 = true,
		.domain[0] = { .kind = kind, .maskable = maskable, .vectors = 1, .allocated = 1 },
	};
}

static void set_config(struct write_model *w, const struct strategy *move)
{
	static const uint32_t system_vectors[] = { 32, 50, 128 };
	enum machine_remap remap = move->remaps & NEEDS(REMAP_VTD) ? REMAP_VTD : REMAP_NONE;

	set_device(&w->devices[PLAIN_MSI], DEVICE_MSI, false);
	set_device(&w->devices[MSIX], DEVICE_MSIX, true);
	w->config = (struct machine_config){
		.arch = ARCH_X86,
		.remap = remap,
		.cpus = WRITE_MODEL_CPUS,
		.sockets = 1,
		.vectors_first = 32,
		.vectors_end = 236,
		.system_vectors = system_vectors,
		.system_vectors_count = G_N_ELEMENTS(system_vectors),
		.devices = w->devices,
		.devices_count = DEVICES,
		.cpu_place = w->places,
		.device_place = w->places,
		.cpu_places = 1,
		.message_ps = &w->message_ps,
		.write_ps = &w->write_ps,
		.ipi_extra_ps = &w->ipi_extra_ps,
		.threads = 1,
		.move = move->operations,
		.cleanup = strategy_default(SLOT_CLEANUP, ARCH_X86, remap)->operations,
		.hotplug = strategy_default(SLOT_HOTPLUG, ARCH_X86, remap)->operations,
		.allocation = strategy_default(SLOT_ALLOCATION, ARCH_X86, remap)->operations,
	};
#define X(field, key, value, estimate, documentation) w->config.timings.field = (value);
	MODEL_TIMINGS(X)
#undef X
	w->message_ps = w->config.timings.message_ps;
	w->write_ps = w->config.timings.posted_write_ps;
}

struct write_model *write_model_new(const char *move)
{
	const struct strategy *strategy = strategy_find(move);

	if (!strategy || strategy->slot != SLOT_MOVE || !(strategy->arches & NEEDS(ARCH_X86))) {
		return NULL;
	}
	struct write_model *w = g_new0(struct write_model, 1);
	w->due = g_array_new(FALSE, FALSE, sizeof(struct due));
	set_config(w, strategy);
	if (machine_create(&w->machine, &w->config, &environment, w) < 0) {
		g_error("out of memory");
	}
	for (uint32_t device = 0; device < DEVICES; device++) {
		if (irq_boot_device(&w->machine, device) < 0) {
			g_error("no vectors in a new machine");
		}
	}
	w->root = *w->machine.root;
	w->root.assign = recorded_assign;
	w->machine.root = &w->root;
	return w;
}

void write_model_free(struct write_model *w)
{
	if (!w) {
		return;
	}
	machine_destroy(&w->machine);
	g_array_free(w->due, TRUE);
	g_free(w);
}

/* The careful path marks the slot in which it expects a stray. */
static void forget_stray(struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint32_t *slot = machine_vector_irq(m, cpu, vector);

	if (*slot == VECTOR_RETRIGGERED) {
		*slot = VECTOR_UNUSED;
	}
}

size_t write_model_run(struct write_model *w, const struct write_change *change,
                       struct message_write *writes)
{
	struct machine *m = &w->machine;
	uint32_t desc = m->device[change->can_reserve ? MSIX : PLAIN_MSI].first_source;
	struct kthread *k = &m->thread[0];
	struct irq_desc saved = m->desc[desc];
	struct irq_desc *d = &m->desc[desc];
	uint64_t mask[MACHINE_CPU_WORDS_MAX] = { 0 };

	d->cpu = (uint16_t)change->old_cpu;
	d->vector = change->old_vector;
	d->flags = (uint16_t)(DESC_ALLOCATED | (change->started ? DESC_STARTED : 0) |
	                      (change->can_reserve ? DESC_CAN_RESERVE : 0));
	/* As in the acknowledge, or on a dying CPU: interrupts are off already. */
	k->cpu = (uint16_t)change->writer_cpu;
	k->irq_context = 1;
	w->change = change;
	w->writes = writes;
	w->writes_count = 0;
	mask[0] = UINT64_C(1) << (change->stays ? change->old_cpu : change->new_cpu);
	w->config.move->set_affinity(k, desc, mask);
	while (dispatch_next(m, UINT64_MAX)) {
	}
	w->change = NULL;
	forget_stray(m, change->old_cpu, change->new_vector);
	*d = saved;
	return w->writes_count;
}
