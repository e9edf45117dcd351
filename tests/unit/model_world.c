// SPDX-License-Identifier: MIT
#include "model_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "models/os/hotplug.h"
#include "models/os/irq_flow.h"
#include "models/os/irq_alloc.h"
#include "models/os/irq_manage.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"
#include "models/strategies/registry.h"
#include "vector_matrix.h"

const struct device_config world_msix = {
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 1,
		      .allocated = 1 } },
	.domains = 1, .vectors = 1, .address_64 = true
};
const struct device_config world_msi = {
	.domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } },
	.domains = 1, .vectors = 1, .address_64 = true
};

/*
 * The sanitizers warn of swapcontext(); that each thread keeps to a stack of its own is what they
 * ask for.
 */
#define STACK_SIZE (256 * 1024)

/* A thread's wake-up is an event of this kind: value is its generation. */
#define EVENT_THREAD HW_SIMULATOR

struct world_event {
	uint64_t time_ps;
	uint64_t sequence;
	bool due;                 /* posted without a delay */
	struct hw_event event;
};

struct world_thread {
	ucontext_t context;
	ucontext_t back;
	void *stack;
	void (*function)(struct kthread *k, void *argument);
	void *argument;
	struct kthread *kthread;
	uint32_t generation;
	bool started;
	bool blocked;
	bool finished;
};

static struct world *world_of(const struct machine *m)
{
	return m->env_data;
}

static void *grown(void *memory, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity) {
		return memory;
	}
	*capacity = *capacity ? *capacity * 2 : 64;
	memory = realloc(memory, *capacity * size);
	cr_assert_not_null(memory);
	return memory;
}

static void post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	struct world *w = world_of(m);

	w->events = grown(w->events, w->events_count, &w->events_capacity, sizeof(*w->events));
	w->events[w->events_count++] = (struct world_event){
		m->now_ps + delay_ps, w->sequence++, delay_ps == 0, *event
	};
}

/*
 * Due ones first, then by time, kind and sequence: the order of sim/calendar.h, by the slowest
 * means.
 */
static bool before(const struct world_event *a, const struct world_event *b)
{
	if (a->due != b->due) {
		return a->due;
	}
	if (a->due) {
		return a->sequence < b->sequence;
	}
	if (a->time_ps != b->time_ps) {
		return a->time_ps < b->time_ps;
	}
	if (a->event.kind != b->event.kind) {
		return a->event.kind < b->event.kind;
	}
	return a->sequence < b->sequence;
}

static void emit(struct machine *m, const struct model_event *event)
{
	struct world *w = world_of(m);

	w->records = grown(w->records, w->records_count, &w->records_capacity, sizeof(*w->records));
	w->records[w->records_count++] = (struct world_record){ m->now_ps, *event };
	fates_event(&w->fates, m, event);
}

static void serviced(struct machine *m, uint32_t source)
{
	(void)source;
	world_of(m)->serviced++;
}

static void give_up(struct world_thread *thread)
{
	swapcontext(&thread->context, &thread->back);
}

static struct world_thread *thread_of(struct kthread *k)
{
	return &world_of(k->machine)->threads[k->number];
}

static void wait_until(struct kthread *k, uint64_t delay_ps)
{
	struct world_thread *thread = thread_of(k);

	post(k->machine, delay_ps, &(struct hw_event){
		.kind = EVENT_THREAD, .device = k->number, .value = ++thread->generation });
	give_up(thread);
}

static void block(struct kthread *k)
{
	struct world_thread *thread = thread_of(k);

	thread->blocked = true;
	thread->generation++;
	give_up(thread);
}

static void wake(struct machine *m, uint32_t number)
{
	struct world_thread *thread = &world_of(m)->threads[number];

	if (!thread->blocked) {
		return;
	}
	thread->blocked = false;
	post(m, 0,
	     &(struct hw_event){
		     .kind = EVENT_THREAD, .device = number, .value = thread->generation });
}

/* As the simulator does it: what interrupts take from the CPU comes on top. */
static void step(struct kthread *k, uint64_t cost_ps)
{
	struct machine *m = k->machine;
	const struct cpu *cpu = &m->cpu[k->cpu];
	uint64_t stolen_ps = cpu->stolen_ps;

	for (;;) {
		wait_until(k, cost_ps);
		if (!k->has_cpu || k->irq_context) {
			return;
		}
		while (cpu_withheld(m, k->cpu)) {
			m->cpu[k->cpu].parked = (uint16_t)(k->number + 1);
			block(k);
		}
		if (cpu->stolen_ps == stolen_ps) {
			return;
		}
		cost_ps = cpu->stolen_ps - stolen_ps;
		stolen_ps = cpu->stolen_ps;
	}
}

static const struct machine_env test_env = {
	.post = post, .step = step, .delay = step, .settle = step, .block = block, .wake = wake,
	.emit = emit,
	.serviced = serviced
};

/* makecontext() passes integers only. */
static struct world_thread *beginning;

static void thread_main(void)
{
	struct world_thread *thread = beginning;

	thread->function(thread->kthread, thread->argument);
	thread->finished = true;
	give_up(thread);
}

static void run_thread(struct world *w, const struct hw_event *event)
{
	struct world_thread *thread = &w->threads[event->device];

	if (thread->generation != event->value || thread->finished) {
		return;
	}
	if (!thread->started) {
		thread->started = true;
		getcontext(&thread->context);
		thread->stack = malloc(STACK_SIZE);
		thread->context.uc_stack.ss_sp = thread->stack;
		thread->context.uc_stack.ss_size = STACK_SIZE;
		makecontext(&thread->context, thread_main, 0);
	}
	beginning = thread;
	swapcontext(&thread->back, &thread->context);
}

static bool next(struct world *w, uint64_t end_ps)
{
	struct world_event taken;
	size_t least = 0;

	if (!w->events_count) {
		return false;
	}
	for (size_t i = 1; i < w->events_count; i++) {
		if (before(&w->events[i], &w->events[least])) {
			least = i;
		}
	}
	taken = w->events[least];
	if (taken.time_ps > end_ps) {
		return false;
	}
	w->events[least] = w->events[--w->events_count];
	w->machine.now_ps = taken.time_ps;
	if (taken.event.kind == EVENT_THREAD) {
		run_thread(w, &taken.event);
	} else {
		machine_dispatch(&w->machine, &taken.event);
	}
	return true;
}

void world_run(struct world *w, uint64_t time_ps)
{
	uint64_t end_ps = w->machine.now_ps + time_ps;

	while (next(w, end_ps)) {
	}
	w->machine.now_ps = end_ps;
}

void world_settle(struct world *w)
{
	while (next(w, UINT64_MAX)) {
	}
}

static void spawn(struct world *w, uint32_t thread,
		  void (*function)(struct kthread *k, void *argument), void *argument)
{
	struct world_thread *t = &w->threads[thread];

	cr_assert(!t->started || t->finished);
	free(t->stack);
	*t = (struct world_thread){
		.function = function, .argument = argument, .kthread = &w->machine.thread[thread],
		.generation = t->generation
	};
	post(&w->machine, 0, &(struct hw_event){
		.kind = EVENT_THREAD, .device = thread, .value = ++t->generation });
}

struct started {
	void (*function)(struct kthread *k, void *argument);
	void *argument;
};

/* A thread of the software plane has its CPU from the beginning to the end. */
static void with_cpu(struct kthread *k, void *argument)
{
	struct started started = *(struct started *)argument;

	free(argument);
	k_cpu_get(k);
	started.function(k, started.argument);
	k_cpu_put(k);
}

void world_spawn(struct world *w, uint32_t thread, uint32_t cpu,
		 void (*function)(struct kthread *k, void *argument), void *argument)
{
	struct started *started = malloc(sizeof(*started));

	cr_assert_not_null(started);
	*started = (struct started){ function, argument };
	w->machine.thread[thread].cpu = (uint16_t)cpu;
	spawn(w, thread, with_cpu, started);
}

bool world_finished(const struct world *w, uint32_t thread)
{
	return w->threads[thread].finished;
}

static void irq_context_body(struct kthread *k, void *argument)
{
	(void)argument;
	irq_context_thread(k);
}

static const void *operations_of(const struct world_setup *setup, const char *name,
				 enum strategy_slot slot)
{
	const struct strategy *strategy =
		name ? strategy_find(name) : strategy_default(slot, setup->arch, setup->remap);

	cr_assert_not_null(strategy, "no strategy %s", name);
	return strategy->operations;
}

static void default_timings(struct model_timings *timings)
{
#define X(field, key, value, estimate, documentation) \
	if (!timings->field) { \
		timings->field = (value); \
	}
	MODEL_TIMINGS(X)
#undef X
}

struct world *world_create(const struct world_setup *setup)
{
	static const struct {
		uint32_t first, end;
	} ranges[] = { [REMAP_NONE] = { 32, 236 },  [REMAP_VTD] = { 32, 236 },
		       [REMAP_AMDVI] = { 32, 236 }, [REMAP_ITS] = { 8192, 73728 },
		       [REMAP_V2M] = { 32, 1020 },  [REMAP_RISCV_IOMMU] = { 1, 64 } };
	static const struct {
		uint32_t vectors[3];
		size_t count;
	} systems[] = { [ARCH_X86] = { { 32, 50, 128 }, 3 },
			[ARCH_ARM] = { { 0 }, 0 },
			[ARCH_RISCV] = { { 1 }, 1 } };
	enum machine_remap range = setup->arch == ARCH_RISCV ? REMAP_RISCV_IOMMU : setup->remap;
	struct world *w = calloc(1, sizeof(*w));
	struct machine_config *config = &w->config;

	cr_assert_not_null(w);
	memcpy(w->devices, setup->devices, setup->devices_count * sizeof(*setup->devices));
	*config = (struct machine_config){
		.arch = setup->arch,
		.remap = setup->remap,
		.fabric = setup->fabric,
		.remap_cache = !setup->uncached,
		.cpus = setup->cpus ? setup->cpus : 4,
		.sockets = setup->sockets ? setup->sockets : 1,
		.vectors_first = setup->vectors_first ? setup->vectors_first : ranges[range].first,
		.vectors_end = setup->vectors_end ? setup->vectors_end : ranges[range].end,
		.system_vectors = systems[setup->arch].vectors,
		.system_vectors_count =
			setup->without_system_vectors ? 0 : systems[setup->arch].count,
		.timings = setup->timings,
		.devices = w->devices,
		.devices_count = setup->devices_count,
		.cpu_place = w->places,
		.device_place = w->places,
		.cpu_places = 1,
		.message_ps = &w->message_ps,
		.write_ps = &w->write_ps,
		.ipi_extra_ps = &w->ipi_extra_ps,
		.threads = setup->threads ? setup->threads : 2,
		.move = operations_of(setup, setup->move, SLOT_MOVE),
		.cleanup = operations_of(setup, setup->cleanup, SLOT_CLEANUP),
		.hotplug = operations_of(setup, setup->hotplug, SLOT_HOTPLUG),
		.allocation = operations_of(setup, setup->allocation, SLOT_ALLOCATION)
	};
	default_timings(&config->timings);
	w->message_ps = config->timings.message_ps;
	w->write_ps = config->timings.posted_write_ps;
	cr_assert_eq(machine_create(&w->machine, config, &test_env, w), 0);
	fates_init(&w->fates, w->machine.sources_count, &w->metrics);
	w->threads = calloc(w->machine.threads_count, sizeof(*w->threads));
	cr_assert_not_null(w->threads);
	for (uint32_t device = 0; device < setup->devices_count; device++) {
		int error = irq_boot_device(&w->machine, device);

		cr_assert(error == 0 || (setup->may_fail && error == -ENOSPC));
	}
	for (uint32_t cpu = 0; cpu < config->cpus; cpu++) {
		spawn(w, config->threads + cpu, irq_context_body, NULL);
	}
	return w;
}

void world_end(struct world *w)
{
	world_end_with(w, NULL);
}

void world_end_with(struct world *w, struct run_metrics *metrics)
{
	char *broken;

	fates_finish(&w->fates, &w->machine);
	broken = fates_check(&w->fates, &w->machine);
	cr_expect_null(broken, "%s", broken ? broken : "");
	if (w->machine.root->global) {
		cr_expect(w->machine.root->sound(&w->machine));
	} else {
		cr_expect_eq(vector_matrix_check(w->machine.matrix), 0);
	}
	free(broken);
	if (metrics) {
		*metrics = w->metrics;
	}
	for (uint32_t i = 0; i < w->machine.threads_count; i++) {
		free(w->threads[i].stack);
	}
	fates_release(&w->fates);
	machine_destroy(&w->machine);
	free(w->threads);
	free(w->events);
	free(w->records);
	free(w);
}

size_t world_count(const struct world *w, enum model_event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < w->records_count; i++) {
		count += w->records[i].event.kind == kind;
	}
	return count;
}

size_t world_count_detail(const struct world *w, enum model_event_kind kind, uint8_t detail)
{
	size_t count = 0;

	for (size_t i = 0; i < w->records_count; i++) {
		count += w->records[i].event.kind == kind && w->records[i].event.detail == detail;
	}
	return count;
}

const struct world_record *world_nth(const struct world *w, enum model_event_kind kind, size_t n)
{
	for (size_t i = 0; i < w->records_count; i++) {
		if (w->records[i].event.kind == kind && n-- == 0) {
			return &w->records[i];
		}
	}
	return NULL;
}

const struct world_record *world_last(const struct world *w, enum model_event_kind kind)
{
	size_t count = world_count(w, kind);

	return count ? world_nth(w, kind, count - 1) : NULL;
}

void world_forget(struct world *w)
{
	w->records_count = 0;
}

const uint64_t *world_mask(uint32_t cpu)
{
	static uint64_t masks[4][MACHINE_CPU_WORDS_MAX];
	static unsigned turn;
	uint64_t *mask = masks[turn++ % 4];

	memset(mask, 0, sizeof(masks[0]));
	mask[cpu / 64] = UINT64_C(1) << (cpu % 64);
	return mask;
}

void world_move_body(struct kthread *k, void *argument)
{
	struct world_move *move = argument;

	move->result = irq_set_affinity(k, move->source, world_mask(move->cpu));
}

void world_offline_body(struct kthread *k, void *argument)
{
	int *cpu = argument;

	cpu[1] = hotplug_offline(k, (uint32_t)cpu[0]);
}

void world_online_body(struct kthread *k, void *argument)
{
	int *cpu = argument;

	cpu[1] = hotplug_online(k, (uint32_t)cpu[0]);
}
