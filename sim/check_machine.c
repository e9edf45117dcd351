// SPDX-License-Identifier: MIT
#include "sim/check_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/hw/controller.h"
#include "models/os/irq_flow.h"
#include "models/os/irq_alloc.h"
#include "models/os/kapi.h"
#include "models/os/root_domain.h"
#include "models/strategies/operations.h"
#include "sim/actor.h"
#include "sim/surrender.h"

/* The actor of a thread, and the steps that it has really taken since its beginning. */
struct check_thread {
	struct check_machine *owner;
	struct kthread *kthread;
	struct actor *actor;      /* NULL: not begun */
	uint64_t *history;        /* serials */
	uint32_t history_count;
	uint32_t history_capacity;
	uint32_t chosen;
};

/* Objects of footprints; a device's are its registers, its channel and whether its sources want service. */
#define TOUCHES_CPU(cpu) (1u << (cpu))
#define TOUCHES_CPUS ((1u << CHECK_CPUS_MAX) - 1)
#define TOUCHES_DEVICE(device) (1u << (CHECK_CPUS_MAX + (device)))
#define TOUCHES_KERNEL (1u << 30)
#define TOUCHES_REMAP (1u << 31)
#define TOUCHES_ALL UINT32_MAX

#define EVENT_CODE(kind, rest) ((uint32_t)CHECK_EVENT << 28 | (uint32_t)(kind) << 24 | (rest))

static struct check_machine *check_of(const struct machine *m)
{
	return m->env_data;
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		abort();
	}
	return memory;
}

static char *copy(const char *text)
{
	char *out = strdup(text);

	if (!out) {
		abort();
	}
	return out;
}

static void broken(struct check_machine *c, const char *text)
{
	if (!c->error) {
		c->error = copy(text);
	}
}

/* ---- The world ---- */

static volatile sig_atomic_t world_interrupted;

static struct {
	void (*main_function)(void *argument);
	void *argument;
} world;

static void on_signal(int number)
{
	(void)number;
	world_interrupted = 1;
}

static void world_main(void *argument)
{
	(void)argument;
	/* Only here: SimGrid has set handlers of its own when it started. */
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	world.main_function(world.argument);
}

/* Distances do not matter: the platform that has enough CPUs serves all scenarios. */
static struct scenario *widest(struct scenario *const *scenarios, size_t count)
{
	struct scenario *widest = scenarios[0];

	for (size_t i = 1; i < count; i++) {
		widest = scenarios[i]->machine.cpus > widest->machine.cpus ? scenarios[i] : widest;
	}
	return widest;
}

bool check_world_run(struct scenario *const *scenarios, size_t count, volatile sig_atomic_t **interrupted,
		     void (*main_function)(void *argument), void *argument)
{
	int descriptor;
	char *path = platform_path(widest(scenarios, count), &descriptor);
	bool ran;

	if (!path) {
		fprintf(stderr, "msirace: no platform can be written\n");
		return false;
	}
	*interrupted = &world_interrupted;
	world.main_function = main_function;
	world.argument = argument;
	ran = actor_world_run(path, world_main, NULL);
	free(path);
	if (descriptor >= 0) {
		close(descriptor);
	}
	return ran;
}

/* ---- The environment ---- */

static bool carries_message(const struct hw_event *event)
{
	return event->kind == HW_MESSAGE_ARRIVES || event->kind == HW_REMAP_DONE ||
	       event->kind == HW_FABRIC_DELIVERS || event->kind == HW_IPI_ARRIVES;
}

/* Where no order is kept, content decides the place, so that the order of posting leaves no trace. */
static uint64_t unordered_key(const struct check_machine *c, const struct hw_event *event)
{
	uint32_t source = event->causes.head ? c->machine.raises.records[event->causes.head].source + 1 : 0;

	return (uint64_t)event->device << 48 | (uint64_t)event->cpu << 32 | event->value << 16 | source;
}

static bool goes_before(const struct check_machine *c, const struct hw_event *a, const struct hw_event *b)
{
	if (a->kind != b->kind) {
		return a->kind < b->kind;
	}
	if (a->channel != b->channel) {
		return a->channel < b->channel;
	}
	return a->kind == HW_FABRIC_DELIVERS && a->channel == UINT32_MAX &&
	       unordered_key(c, a) < unordered_key(c, b);
}

static void post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	struct check_machine *c = check_of(m);
	struct check_plain *p = &c->plain;
	uint32_t at = p->events_count;

	(void)delay_ps;
	if (p->events_count == CHECK_EVENTS_MAX) {
		broken(c, "more is under way than `check` has room for");
		return;
	}
	while (at > 0 && goes_before(c, event, &p->event[at - 1].event)) {
		p->event[at] = p->event[at - 1];
		at--;
	}
	p->event[at] = (struct check_event){
		.event = *event, .awaited = carries_message(event) ? c->inherits : 0,
		.posted_at = c->recorder ? c->recorded_step : 0
	};
	p->events_count++;
	if (c->recorder && !c->rebuilding) {
		c->recorder->posted(c->recorder->data, m, event);
	}
}

/* Back to the explorer, until it lets the thread go on. */
static void give_up(struct kthread *k, enum check_thread_status status)
{
	struct check_machine *c = check_of(k->machine);

	c->plain.status[k->number] = (uint8_t)status;
	actor_switch(c->main, 0);
}

static void step(struct kthread *k, uint64_t cost_ps)
{
	(void)cost_ps;
	kapi_observe(k, 1);
	give_up(k, CHECK_THREAD_READY);
}

static void delay(struct kthread *k, uint64_t cost_ps)
{
	(void)k;
	(void)cost_ps;
}

static void settle(struct kthread *k, uint64_t cost_ps)
{
	struct check_plain *p = &check_of(k->machine)->plain;

	(void)cost_ps;
	kapi_observe(k, 2);
	for (uint32_t i = 0; i < p->events_count; i++) {
		if (carries_message(&p->event[i].event)) {
			p->event[i].awaited |= 1u << k->number;
		}
	}
	give_up(k, CHECK_THREAD_SETTLING);
}

static void block(struct kthread *k)
{
	give_up(k, CHECK_THREAD_BLOCKED);
}

static void wake(struct machine *m, uint32_t thread)
{
	struct check_plain *p = &check_of(m)->plain;

	if (p->status[thread] == CHECK_THREAD_BLOCKED) {
		p->status[thread] = CHECK_THREAD_WOKEN;
	}
}

/* ---- The oracle: what has happened, by the definitions of sim/fates.h ---- */

static void saw(struct check_machine *c, enum check_subject subject)
{
	c->plain.seen |= 1u << subject;
}

static void saw_spurious(struct check_machine *c, enum check_subject kind)
{
	saw(c, CHECK_SPURIOUS);
	saw(c, kind);
}

static void handler_started(struct check_machine *c, const struct model_event *event)
{
	const struct machine *m = &c->machine;
	bool own = false;

	for (uint32_t index = event->causes.head; index; index = m->raises.records[index].next) {
		if (m->raises.records[index].source == event->source) {
			own = true;
		} else {
			saw(c, CHECK_LOST);
		}
	}
	if (!own) {
		saw_spurious(c, event->detail == RUN_BY_MESSAGE ? CHECK_SPURIOUS_STRAY : CHECK_SPURIOUS_DUPLICATE);
	}
}

static const struct scenario_arrivals *arrivals_of(const struct check_machine *c, uint32_t source)
{
	const struct source *from = &c->machine.source[source];

	return scenario_arrivals_of(&c->scenario->devices[from->device], from->domain);
}

static uint32_t outstanding_max(const struct check_machine *c, uint32_t source)
{
	const struct scenario_arrivals *arrivals = arrivals_of(c, source);

	return arrivals->process == PROCESS_CLOSED && arrivals->depth < UINT8_MAX ? arrivals->depth : 1;
}

static void judge(struct check_machine *c, const struct model_event *event)
{
	switch ((enum model_event_kind)event->kind) {
	case EV_RAISE:
		if (c->plain.wanted[event->source] < outstanding_max(c, event->source)) {
			c->plain.wanted[event->source]++;
		}
		break;
	case EV_HANDLER_START:
		handler_started(c, event);
		break;
	case EV_LOST:
		saw(c, CHECK_LOST);
		break;
	case EV_NO_HANDLER:
		if (!event->detail) {
			saw_spurious(c, CHECK_SPURIOUS_UNHANDLED);
		}
		break;
	case EV_INTX:
		saw_spurious(c, CHECK_SPURIOUS_INTX);
		break;
	default:
		break;
	}
}

static void serviced(struct machine *m, uint32_t source)
{
	check_of(m)->plain.wanted[source] = 0;
}

/* What a thread does is a part of what it knows. */
static void remember(struct kthread *k, const struct model_event *event)
{
	kapi_observe(k, (uint64_t)event->kind << 56 | (uint64_t)event->detail << 48 | (uint64_t)event->cpu << 32 |
		     event->value);
	kapi_observe(k, event->address ^ (uint64_t)event->source << 32 ^ event->device);
}

static void emit(struct machine *m, const struct model_event *event)
{
	struct check_machine *c = check_of(m);

	if (event->thread < m->threads_count) {
		remember(&m->thread[event->thread], event);
	}
	judge(c, event);
	if (c->recorder && !c->rebuilding) {
		c->recorder->event(c->recorder->data, m, event);
	}
}

static const struct machine_env check_env = {
	.post = post, .step = step, .delay = delay, .settle = settle, .block = block, .wake = wake, .emit = emit,
	.serviced = serviced, .exhausted = surrender
};

/* ---- Threads ---- */

static uint32_t choose(struct choice *choice, struct kthread *k, uint32_t count)
{
	struct check_machine *c = check_of(k->machine);

	(void)choice;
	if (count == 1) {
		return 0;
	}
	if (count > UINT8_MAX) {
		broken(c, "an action has more choices than `check` has room for");
		count = UINT8_MAX;
	}
	c->plain.choices[k->number] = (uint8_t)count;
	kapi_observe(k, 3);
	give_up(k, CHECK_THREAD_CHOOSING);
	c->plain.choices[k->number] = 0;
	kapi_observe(k, c->threads[k->number].chosen);
	return c->threads[k->number].chosen;
}

static uint32_t action_times(const struct scenario_action *action, const struct check_bounds *bounds)
{
	uint32_t times = 1;

	if (action->when != WHEN_AT && action->verb == ACTION_MIGRATE) {
		times = bounds->migrations;
	}
	return action->count && action->count < times ? action->count : times;
}

void check_count_actions(const struct scenario *s, const struct check_bounds *bounds, uint32_t *migrations,
			 uint32_t *others)
{
	*migrations = 0;
	*others = 0;
	for (size_t i = 0; i < s->actions_count; i++) {
		uint32_t times = action_times(&s->actions[i], bounds);

		if (s->actions[i].verb == ACTION_MIGRATE) {
			*migrations += times;
		} else {
			*others += times;
		}
	}
}

static void action_body(struct check_machine *c, struct kthread *k)
{
	struct action *a = &c->actions[k->number];
	uint32_t times = action_times(a->action, &c->bounds);

	a->turn = 0;
	for (uint32_t done = 0; done < times; done++) {
		if (done) {
			step(k, 0);
		}
		/* The time of an action is ignored: it begins at any moment. */
		k_cpu_get(k);
		action_do(a, k);
		k_cpu_put(k);
	}
}

static void thread_main(void *argument)
{
	struct check_thread *t = argument;
	struct kthread *k = t->kthread;

	if (k->irq_context) {
		irq_context_thread(k);
	} else {
		action_body(t->owner, k);
	}
	/* A thread that is done knows nothing that matters. */
	k->observed = 0;
	t->owner->plain.status[k->number] = CHECK_THREAD_FINISHED;
}

static void thread_forget(struct check_thread *t)
{
	if (t->actor) {
		actor_abandon(t->actor);
		t->actor = NULL;
	}
	t->history_count = 0;
}

/* An interrupt context between two pieces of work is as good as new. */
static bool is_idle(const struct kthread *k, const struct check_plain *p)
{
	return k->irq_context && !k->observed &&
	       (p->status[k->number] == CHECK_THREAD_BLOCKED || p->status[k->number] == CHECK_THREAD_WOKEN);
}

static void thread_resume(struct check_machine *c, uint32_t number, uint32_t choice, uint64_t serial)
{
	struct check_thread *t = &c->threads[number];

	t->chosen = choice;
	if (!t->actor) {
		char host[16];

		snprintf(host, sizeof(host), "cpu%u", t->kthread->cpu);
		t->actor = actor_start(host, thread_main, t);
		if (!t->actor) {
			abort();
		}
	}
	if (t->history_count == t->history_capacity) {
		t->history_capacity = t->history_capacity ? t->history_capacity * 2 : 64;
		t->history = realloc(t->history, t->history_capacity * sizeof(*t->history));
		if (!t->history) {
			abort();
		}
	}
	t->history[t->history_count++] = serial;
	actor_switch(t->actor, 0);
	if (is_idle(t->kthread, &c->plain)) {
		t->history_count = 0;
	}
	if (c->plain.status[number] == CHECK_THREAD_FINISHED) {
		t->actor = NULL;
		t->history_count = 0;
	}
}

/* ---- States ---- */

size_t check_machine_frame_size(const struct check_machine *c)
{
	return c->machine.state_size + sizeof(struct check_plain);
}

static size_t plain_size(const struct check_plain *p)
{
	return offsetof(struct check_plain, event) + p->events_count * sizeof(p->event[0]);
}

static void save(const struct check_machine *c, void *frame)
{
	memcpy(frame, c->machine.state, c->machine.state_size);
	memcpy((char *)frame + c->machine.state_size, &c->plain, plain_size(&c->plain));
}

static void load(struct check_machine *c, const void *frame)
{
	struct machine *m = &c->machine;
	const struct check_plain *p = (const void *)((const char *)frame + m->state_size);

	memcpy(m->state, frame, m->state_size);
	memcpy(&c->plain, p, plain_size(p));
	m->raises.free = 0;
	m->raises.used = c->plain.raises_count;
	m->raises.live = c->plain.raises_count;
	m->raises.numbered = 0;
	for (uint32_t index = 1; index <= c->plain.raises_count; index++) {
		m->raises.records[index] = (struct raise){
			.source = c->plain.raise[index].source, .next = c->plain.raise[index].next, .live = 1
		};
	}
}

/* Renumbers raises in the order in which the state is walked; of one source a carrier needs to hold only one. */
struct renumbering {
	struct check_machine *c;
	uint32_t found;
	uint32_t count;
	struct raise records[CHECK_RAISES_MAX];
};

static void renumber(void *data, struct causes *causes)
{
	struct renumbering *r = data;
	const struct raise *old = r->c->machine.raises.records;
	uint32_t sources = 0;
	struct causes list = { 0, 0 };

	if (!causes->head) {
		return;
	}
	for (uint32_t index = causes->head; index; index = old[index].next) {
		sources |= 1u << old[index].source;
		r->found++;
	}
	for (; sources; sources &= sources - 1) {
		if (r->count + 1 == CHECK_RAISES_MAX) {
			broken(r->c, "more raises are under way than `check` has room for");
			return;
		}
		r->records[++r->count] = (struct raise){ .source = (uint32_t)__builtin_ctz(sources), .live = 1 };
		if (list.tail) {
			r->records[list.tail].next = r->count;
		} else {
			list.head = r->count;
		}
		list.tail = r->count;
	}
	*causes = list;
}

static void canonical_raises(struct check_machine *c)
{
	struct raise_pool *pool = &c->machine.raises;
	struct renumbering r = { .c = c };

	if (pool->live) {
		machine_each_causes(&c->machine, renumber, &r);
		for (uint32_t i = 0; i < c->plain.events_count; i++) {
			renumber(&r, &c->plain.event[i].event.causes);
		}
		/* A place that machine_each_causes() does not know would make different states look the same. */
		if (r.found != pool->live) {
			broken(c, "a model keeps raises where machine_each_causes() does not look");
		}
	}
	memset(&c->plain.raise[1], 0, sizeof(c->plain.raise[0]) * c->plain.raises_count);
	pool->free = 0;
	pool->used = r.count;
	pool->live = r.count;
	c->plain.raises_count = r.count;
	for (uint32_t index = 1; index <= r.count; index++) {
		pool->records[index] = r.records[index];
		c->plain.raise[index].source = r.records[index].source;
		c->plain.raise[index].next = r.records[index].next;
	}
}

static void remove_event(struct check_plain *p, uint32_t at)
{
	p->events_count--;
	memmove(&p->event[at], &p->event[at + 1], (p->events_count - at) * sizeof(p->event[0]));
}

/* A cancelled timer: its expiry would change nothing. */
static bool is_cancelled(const struct machine *m, const struct hw_event *event)
{
	return event->kind == HW_TIMER &&
	       (!m->timer[event->channel].armed || m->timer[event->channel].generation != event->value);
}

/*
 * What would change nothing is taken out. An interrupt that its CPU cannot take any more is one: the models post it again
 * when the CPU can.
 */
static void settle_events(struct check_machine *c)
{
	struct machine *m = &c->machine;
	struct check_plain *p = &c->plain;

	for (uint32_t i = 0; i < p->events_count;) {
		struct hw_event event = p->event[i].event;

		if (is_cancelled(m, &event)) {
			remove_event(p, i);
		} else if (event.kind == HW_IRQ_TAKEN && !machine_event_enabled(m, &event)) {
			remove_event(p, i);
			machine_dispatch(m, &event);
		} else {
			i++;
		}
	}
	for (uint32_t number = 0; number < m->timers_count; number++) {
		m->timer[number].generation = m->timer[number].armed;
	}
	for (uint32_t i = 0; i < p->events_count; i++) {
		if (p->event[i].event.kind == HW_TIMER) {
			p->event[i].event.value = 1;
		}
	}
}

static struct check_fingerprint mix(struct check_fingerprint hash, const void *data, size_t size)
{
	const char *at = data;

	for (; size >= 16; at += 16, size -= 16) {
		uint64_t word[2];
		unsigned __int128 product;

		memcpy(word, at, sizeof(word));
		product = (unsigned __int128)(word[0] ^ hash.word[0] ^ UINT64_C(0xa0761d6478bd642f)) *
			  (word[1] ^ UINT64_C(0xe7037ed1a0b428db));
		hash.word[0] = (uint64_t)product ^ (uint64_t)(product >> 64);
		hash.word[1] = (hash.word[1] ^ word[0]) * UINT64_C(0x9e3779b97f4a7c15) +
			       (word[1] ^ (hash.word[1] >> 31));
	}
	if (size) {
		char rest[16] = { 0 };

		memcpy(rest, at, size);
		return mix(hash, rest, sizeof(rest));
	}
	return hash;
}

struct check_fingerprint check_machine_fingerprint(const struct check_machine *c)
{
	struct check_fingerprint hash = { { UINT64_C(0x8ebc6af09c88c6e3), UINT64_C(0x589965cc75374cc3) } };

	hash = mix(hash, c->machine.state, c->machine.state_size);
	return mix(hash, &c->plain, plain_size(&c->plain));
}

/* ---- Transitions ---- */

static uint32_t message_footprint(const struct machine *m, const struct hw_event *event)
{
	uint32_t vector;
	uint32_t cpu;

	if (m->remap) {
		return TOUCHES_DEVICE(event->device) | TOUCHES_REMAP | TOUCHES_CPUS;
	}
	if (m->config->fabric == FABRIC_WEAK) {
		return TOUCHES_DEVICE(event->device);
	}
	if (!m->controller->decode(m, event->address, event->value, &cpu, &vector)) {
		return TOUCHES_DEVICE(event->device);
	}
	return TOUCHES_DEVICE(event->device) | TOUCHES_CPU(cpu);
}

static uint32_t kernel_footprint(const struct machine *m, uint32_t cpu, uint32_t desc)
{
	uint32_t device = desc < m->sources_count ? TOUCHES_DEVICE(m->source[desc].device) : 0;

	/* The end of an active SPI lets another CPU take it. */
	return (m->root->global ? TOUCHES_CPUS : TOUCHES_CPU(cpu)) | TOUCHES_KERNEL | device;
}

/* Everything that dispatching the event can read or write; TOUCHES_ALL where that is not known. */
static uint32_t footprint_of(const struct machine *m, const struct hw_event *event)
{
	const struct cpu *cpu = event->cpu < m->config->cpus ? &m->cpu[event->cpu] : NULL;

	switch ((enum hw_event_kind)event->kind) {
	case HW_WRITE_LANDS:
		return TOUCHES_DEVICE(event->device);
	case HW_MESSAGE_ARRIVES:
		return message_footprint(m, event);
	case HW_REMAP_DONE:
		/* An ITS reads only then where the message leads. */
		return TOUCHES_DEVICE(event->device) | TOUCHES_REMAP |
		       (m->config->remap == REMAP_ITS ? TOUCHES_CPUS : TOUCHES_CPU(event->cpu));
	case HW_FABRIC_DELIVERS:
	case HW_IPI_ARRIVES:
	case HW_IRQ_TAKEN:
		return TOUCHES_CPU(event->cpu);
	case HW_IRQ_DISPATCHED:
		return kernel_footprint(m, event->cpu, *machine_vector_irq(m, event->cpu, cpu->vector));
	case HW_HANDLER_ENDS:
		return kernel_footprint(m, event->cpu, cpu->desc);
	case HW_FLUSH_DONE:
		return TOUCHES_REMAP;
	case HW_TIMER:
		return TOUCHES_KERNEL | TOUCHES_CPU(m->timer[event->channel].cpu);
	case HW_COMMAND_DONE:
	case HW_VCPU:
	case HW_SIMULATOR:
		break;
	}
	return TOUCHES_ALL;
}

static bool interrupt_comes_first(const struct check_machine *c, uint32_t cpu)
{
	for (uint32_t i = 0; i < c->plain.events_count; i++) {
		const struct hw_event *event = &c->plain.event[i].event;

		if (event->kind == HW_IRQ_TAKEN && event->cpu == cpu && machine_event_enabled(&c->machine, event)) {
			return true;
		}
	}
	return false;
}

/* A CPU takes what is pending and not held off before the next instruction of what it runs; other CPUs may go on. */
static bool has_its_cpu(const struct check_machine *c, uint32_t thread)
{
	const struct kthread *k = &c->machine.thread[thread];

	return !k->has_cpu || k->irq_context ||
	       (!cpu_withheld(&c->machine, k->cpu) && !interrupt_comes_first(c, k->cpu));
}

static bool is_settled(const struct check_plain *p, uint32_t thread)
{
	for (uint32_t i = 0; i < p->events_count; i++) {
		if (p->event[i].awaited >> thread & 1) {
			return false;
		}
	}
	return true;
}

static uint32_t add_steps(const struct check_machine *c, struct check_transition *out)
{
	const struct machine *m = &c->machine;
	uint32_t count = 0;

	for (uint32_t thread = 0; thread < m->threads_count; thread++) {
		uint8_t status = c->plain.status[thread];
		uint32_t ways = 0;

		if (status == CHECK_THREAD_READY || status == CHECK_THREAD_WOKEN) {
			ways = 1;
		} else if (status == CHECK_THREAD_CHOOSING) {
			ways = c->plain.choices[thread];
		} else if (status == CHECK_THREAD_SETTLING) {
			ways = is_settled(&c->plain, thread);
		}
		if (!has_its_cpu(c, thread)) {
			ways = 0;
		}
		for (uint32_t way = 0; way < ways && count < CHECK_TRANSITIONS_MAX; way++) {
			out[count++] = (struct check_transition){
				.code = (uint32_t)CHECK_STEP << 28 | thread << 8 | way, .kind = CHECK_STEP,
				.choice = (uint8_t)way, .number = (uint16_t)thread, .footprint = TOUCHES_ALL
			};
		}
	}
	return count;
}

static bool is_unordered(const struct hw_event *event)
{
	return event->kind == HW_FABRIC_DELIVERS && event->channel == UINT32_MAX;
}

static uint32_t event_code(const struct hw_event *event)
{
	if (is_unordered(event)) {
		return EVENT_CODE(event->kind, (event->device & 0xff) << 16 | (event->cpu & 0xffu) << 8 |
				  (event->value & 0xff));
	}
	return EVENT_CODE(event->kind, event->channel & 0xffffff);
}

static bool is_behind_another(const struct check_machine *c, uint32_t at)
{
	const struct hw_event *event = &c->plain.event[at].event;
	const struct hw_event *before = at ? &c->plain.event[at - 1].event : NULL;

	if (!before || before->kind != event->kind || before->channel != event->channel) {
		return false;
	}
	return !is_unordered(event) || event_code(before) == event_code(event);
}

static uint32_t add_events(const struct check_machine *c, struct check_transition *out, uint32_t room)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->plain.events_count && count < room; i++) {
		const struct hw_event *event = &c->plain.event[i].event;

		if (!is_behind_another(c, i) && machine_event_enabled(&c->machine, event)) {
			out[count++] = (struct check_transition){
				.code = event_code(event), .kind = CHECK_EVENT, .number = (uint16_t)i,
				.footprint = footprint_of(&c->machine, event)
			};
		}
	}
	return count;
}

static bool can_raise(const struct check_machine *c, uint32_t source)
{
	uint32_t device = c->machine.source[source].device;
	enum scenario_process process = arrivals_of(c, source)->process;

	if (process == PROCESS_NONE || !c->machine.source[source].active || !c->plain.raises_left[device]) {
		return false;
	}
	return process != PROCESS_CLOSED || c->plain.wanted[source] < outstanding_max(c, source);
}

static bool can_time_out(const struct check_machine *c, uint32_t source)
{
	return c->bounds.stalls && arrivals_of(c, source)->process == PROCESS_CLOSED && c->plain.wanted[source];
}

static uint32_t add_outside(const struct check_machine *c, struct check_transition *out, uint32_t room)
{
	uint32_t count = 0;

	for (uint32_t source = 0; source < c->machine.sources_count; source++) {
		uint32_t footprint = TOUCHES_DEVICE(c->machine.source[source].device);

		if (can_raise(c, source) && count < room) {
			out[count++] = (struct check_transition){
				.code = (uint32_t)CHECK_RAISE << 28 | source, .kind = CHECK_RAISE,
				.number = (uint16_t)source, .footprint = footprint
			};
		}
		if (can_time_out(c, source) && count < room) {
			out[count++] = (struct check_transition){
				.code = (uint32_t)CHECK_TIMEOUT << 28 | source, .kind = CHECK_TIMEOUT,
				.number = (uint16_t)source, .footprint = footprint
			};
		}
	}
	return count;
}

uint32_t check_machine_transitions(struct check_machine *c, struct check_transition *transitions)
{
	uint32_t count = add_steps(c, transitions);

	count += add_events(c, transitions + count, CHECK_TRANSITIONS_MAX - count);
	count += add_outside(c, transitions + count, CHECK_TRANSITIONS_MAX - count);
	if (count == CHECK_TRANSITIONS_MAX) {
		broken(c, "more can happen at once than `check` has room for");
	}
	return count;
}

/* ---- Paths ---- */

static struct check_level *level_at(struct check_machine *c, uint32_t depth)
{
	struct check_path *path = &c->path;

	if (depth >= path->capacity) {
		uint32_t capacity = path->capacity ? path->capacity * 2 : 128;

		path->level = realloc(path->level, capacity * sizeof(*path->level));
		if (!path->level) {
			abort();
		}
		for (uint32_t i = path->capacity; i < capacity; i++) {
			path->level[i] = (struct check_level){ .frame = allocate(1, check_machine_frame_size(c)) };
		}
		path->capacity = capacity;
	}
	return &path->level[depth];
}

void check_machine_back_to(struct check_machine *c, uint32_t depth)
{
	c->path.depth = depth;
	load(c, c->path.level[depth].frame);
}

static bool idle_in_frame(const struct check_machine *c, const struct check_level *level, uint32_t thread)
{
	const struct machine *m = &c->machine;
	const char *frame = level->frame;
	const struct kthread *k = (const void *)(frame + ((const char *)&m->thread[thread] - (const char *)m->state));

	return is_idle(k, (const void *)(frame + m->state_size));
}

/* Where the thread's present work begins on the path: at its beginning, or where it was last idle. */
static uint32_t first_level(const struct check_machine *c, uint32_t thread)
{
	uint32_t level = c->path.depth;

	while (level > 0 && !idle_in_frame(c, &c->path.level[level], thread)) {
		level--;
	}
	return level;
}

static bool is_step_of(const struct check_level *level, uint32_t thread)
{
	return level->taken.kind == CHECK_STEP && level->taken.number == thread;
}

/* Whether the actor took only steps that are on the path, none left out. */
static bool is_on_path(const struct check_machine *c, const struct check_thread *t, uint32_t thread, uint32_t first)
{
	uint32_t known = 0;

	for (uint32_t i = first; i < c->path.depth && known < t->history_count; i++) {
		if (is_step_of(&c->path.level[i], thread) && t->history[known++] != c->path.level[i].serial) {
			return false;
		}
	}
	return known == t->history_count;
}

/* Brings a thread to where the path has it, by running the steps that its actor lacks. */
static void rebuild(struct check_machine *c, uint32_t thread)
{
	struct check_thread *t = &c->threads[thread];
	uint32_t first = first_level(c, thread);
	uint32_t known;

	if (!is_on_path(c, t, thread, first)) {
		thread_forget(t);
	}
	known = t->history_count;
	for (uint32_t i = first; i < c->path.depth; i++) {
		const struct check_level *level = &c->path.level[i];

		if (!is_step_of(level, thread) || known) {
			known -= is_step_of(level, thread);
			continue;
		}
		c->rebuilding = true;
		load(c, level->frame);
		thread_resume(c, thread, level->taken.choice, level->serial);
	}
	if (c->rebuilding) {
		c->rebuilding = false;
		load(c, c->path.level[c->path.depth].frame);
	}
}

static void make_happen(struct check_machine *c, const struct check_transition *transition, uint64_t serial)
{
	struct machine *m = &c->machine;
	struct check_event event;

	switch ((enum check_transition_kind)transition->kind) {
	case CHECK_STEP:
		thread_resume(c, transition->number, transition->choice, serial);
		break;
	case CHECK_EVENT:
		event = c->plain.event[transition->number];
		remove_event(&c->plain, transition->number);
		c->inherits = event.awaited;
		machine_dispatch(m, &event.event);
		c->inherits = 0;
		break;
	case CHECK_RAISE:
		c->plain.raises_left[m->source[transition->number].device]--;
		device_raise(m, transition->number);
		break;
	case CHECK_TIMEOUT:
		c->plain.wanted[transition->number] = 0;
		break;
	}
}

bool check_machine_take(struct check_machine *c, const struct check_transition *transition)
{
	struct check_level *level = &c->path.level[c->path.depth];

	if (transition->kind == CHECK_STEP) {
		rebuild(c, transition->number);
	}
	level->taken = *transition;
	level->serial = ++c->serials;
	make_happen(c, transition, level->serial);
	settle_events(c);
	canonical_raises(c);
	c->path.depth++;
	save(c, level_at(c, c->path.depth)->frame);
	return !c->error;
}

uint32_t check_machine_subjects(const struct check_machine *c)
{
	uint32_t subjects = c->plain.seen;

	for (uint32_t source = 0; source < c->machine.sources_count; source++) {
		if (c->plain.wanted[source]) {
			subjects |= 1u << CHECK_STALE;
		}
	}
	return subjects;
}

bool check_machine_unfinished(const struct check_machine *c)
{
	const struct machine *m = &c->machine;

	for (uint32_t thread = 0; thread < m->threads_count; thread++) {
		uint8_t status = c->plain.status[thread];

		if (status != CHECK_THREAD_NONE && status != CHECK_THREAD_FINISHED &&
		    !is_idle(&m->thread[thread], &c->plain)) {
			return true;
		}
	}
	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		if (m->cpu[cpu].in_irq) {
			return true;
		}
	}
	return false;
}

/* ---- Lifecycle ---- */

static char *too_large(const struct scenario *s)
{
	uint32_t sources = 0;

	for (size_t device = 0; device < s->devices_count; device++) {
		sources += s->devices[device].vectors;
	}
	return s->machine.cpus > CHECK_CPUS_MAX ? copy("more than 8 CPUs") :
	       s->devices_count > CHECK_DEVICES_MAX ? copy("more than 16 devices") :
	       sources > CHECK_SOURCES_MAX ? copy("more than 32 vectors") :
	       s->actions_count > CHECK_ACTIONS_MAX ? copy("more than 16 actions") :
	       s->vcpus_count ? copy("vCPUs, whose guests run by the clock") : NULL;
}

/* One place, no distance. The timer tick is the one duration that must not be 0. */
static void forget_time(struct check_machine *c)
{
	struct topology *t = &c->topology;

	*t = (struct topology){
		.cpu_place = allocate(c->scenario->machine.cpus, sizeof(*t->cpu_place)),
		.device_place = allocate(c->scenario->devices_count, sizeof(*t->device_place)),
		.cpu_places = 1, .device_places = 1, .message_ps = allocate(1, sizeof(*t->message_ps)),
		.write_ps = allocate(1, sizeof(*t->write_ps)), .ipi_extra_ps = allocate(1, sizeof(*t->ipi_extra_ps))
	};
}

static void create_threads(struct check_machine *c)
{
	struct machine *m = &c->machine;
	const struct scenario *s = c->scenario;

	c->threads = allocate(m->threads_count, sizeof(*c->threads));
	c->actions = allocate(s->actions_count, sizeof(*c->actions));
	for (uint32_t thread = 0; thread < m->threads_count; thread++) {
		c->threads[thread] = (struct check_thread){ .owner = c, .kthread = &m->thread[thread] };
		c->plain.status[thread] = CHECK_THREAD_BLOCKED;
	}
	for (size_t i = 0; i < s->actions_count; i++) {
		c->actions[i] = (struct action){
			.scenario = s, .action = &s->actions[i], .where = { .below = choose },
			.offline = c->plain.offline, .offline_count = &c->plain.offline_count
		};
		m->thread[i].cpu = (uint16_t)(s->actions[i].on >= 0 ? s->actions[i].on : 0);
		c->plain.status[i] = action_times(&s->actions[i], &c->bounds) ? CHECK_THREAD_READY :
			CHECK_THREAD_FINISHED;
	}
}

char *check_machine_create(struct check_machine *c, const struct scenario *s, const struct scenario_contender *contender,
			   const struct check_bounds *bounds)
{
	char *error = too_large(s);

	*c = (struct check_machine){ .scenario = s, .bounds = *bounds, .main = actor_self() };
	if (error) {
		return error;
	}
	forget_time(c);
	build_config(&c->built, s, contender, &c->topology, (uint32_t)s->actions_count);
	c->built.config.timings = (struct model_timings){ .jiffy_ps = 1 };
	if (machine_create(&c->machine, &c->built.config, &check_env, c)) {
		return copy("no memory for the machine");
	}
	for (uint32_t device = 0; device < s->devices_count; device++) {
		c->plain.raises_left[device] = (uint8_t)bounds->raises;
		if (irq_boot_device(&c->machine, device)) {
			return copy("no vectors are left for its devices");
		}
	}
	create_threads(c);
	settle_events(c);
	canonical_raises(c);
	save(c, level_at(c, 0)->frame);
	return NULL;
}

void check_machine_destroy(struct check_machine *c)
{
	for (uint32_t thread = 0; c->threads && thread < c->machine.threads_count; thread++) {
		thread_forget(&c->threads[thread]);
		free(c->threads[thread].history);
	}
	for (uint32_t i = 0; i < c->path.capacity; i++) {
		free(c->path.level[i].frame);
	}
	free(c->path.level);
	free(c->threads);
	free(c->actions);
	free(c->error);
	machine_destroy(&c->machine);
	build_release(&c->built);
	topology_release(&c->topology);
}
