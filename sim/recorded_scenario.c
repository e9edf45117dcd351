/* SPDX-License-Identifier: MIT */
#include "sim/recorded_scenario.h"

#include <string.h>

#include "sim/recorded_scenario_internal.h"

/* After a CPU offline that the kernel refused: under a strategy or placement that can do it, the CPU is back after this time. */
#define REFUSED_OFFLINE_NS 50000000

/* A mask that CPU offline tells of is set so long before it. */
#define BEFORE_OFFLINE_NS 1000000

#define DURATION_NS_MAX (SCENARIO_DURATION_PS_MAX / 1000 - 1000000)

struct recorded_scenario *recorded_scenario_new(bool fit)
{
	struct recorded_scenario *r = g_new0(struct recorded_scenario, 1);

	r->fit = fit;
	r->irqs = g_ptr_array_new();
	r->actions = g_array_new(FALSE, FALSE, sizeof(struct recorded_action));
	r->holdings = g_array_new(FALSE, FALSE, sizeof(struct recorded_holding));
	r->held = g_hash_table_new(NULL, NULL);
	r->masks = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
	return r;
}

static void forget_raises(struct recorded_scenario *r)
{
	for (guint i = 0; i < r->irqs->len; i++) {
		recorded_irq(r, i)->raises = 0;
		g_clear_pointer(&recorded_irq(r, i)->times_ns, g_array_unref);
	}
	r->raises = 0;
	r->raises_left_out = 0;
}

void recorded_scenario_free(struct recorded_scenario *r)
{
	if (!r) {
		return;
	}
	forget_raises(r);
	for (guint i = 0; i < r->irqs->len; i++) {
		g_free(recorded_irq(r, i));
	}
	g_ptr_array_free(r->irqs, TRUE);
	g_array_free(r->actions, TRUE);
	g_array_free(r->holdings, TRUE);
	g_hash_table_destroy(r->held);
	g_hash_table_destroy(r->masks);
	g_free(r->start_allocated);
	g_free(r);
}

void recorded_scenario_start(struct recorded_scenario *r, const struct matrix_state *start)
{
	if (r->start_allocated) {
		return;
	}
	r->start_cpus = start->cpus;
	r->start_allocated = g_new0(uint32_t, start->cpus + 1);
	r->start_reserved = start->counted ? start->reserved : 0;
	for (uint32_t cpu = 0; cpu < start->cpus; cpu++) {
		const uint8_t *set = &start->vector[(size_t)cpu * start->vectors];
		if (start->cpu[cpu].counted) {
			r->start_allocated[cpu] = start->cpu[cpu].allocated;
			continue;
		}
		for (uint32_t vector = start->first; vector < start->end; vector++) {
			bool taken = set[vector] == VECTOR_ALLOCATED || set[vector] == VECTOR_MANAGED_ALLOCATED;
			r->start_allocated[cpu] += taken && !start->system[vector];
		}
	}
}

/*
 * The interrupt that has the number now. One that was freed is another one when the number is allocated again. Where there
 * are too many, the last one goes on.
 */
static uint32_t irq_of(struct recorded_scenario *r, uint32_t number, enum ftrace_kind kind)
{
	bool allocates = kind == FT_VECTOR_SETUP || kind == FT_VECTOR_RESERVE || kind == FT_VECTOR_RESERVE_MANAGED;
	struct recorded_irq *last = r->current[number] ? recorded_irq(r, r->current[number] - 1) : NULL;
	struct recorded_irq *irq;

	if (last && !(allocates && last->freed)) {
		return r->current[number] - 1;
	}
	if (last && r->irqs->len >= RECORDED_ACTIONS_MAX) {
		r->actions_left_out++;
		return r->current[number] - 1;
	}
	irq = g_new0(struct recorded_irq, 1);
	irq->number = number;
	irq->generation = last ? last->generation + 1 : 0;
	irq->first_cpu = -1;
	irq->reservable = -1;
	g_ptr_array_add(r->irqs, irq);
	r->current[number] = r->irqs->len;
	return r->irqs->len - 1;
}

static bool is_offline(const struct recorded_scenario *r, uint32_t cpu)
{
	return r->offline[cpu / 64] >> (cpu % 64) & 1;
}

static void add(struct recorded_scenario *r, const struct recorded_action *action)
{
	if (r->actions->len == RECORDED_ACTIONS_MAX) {
		r->actions_left_out++;
		return;
	}
	g_array_append_vals(r->actions, action, 1);
}

static void add_of_irq(struct recorded_scenario *r, enum scenario_verb verb, uint32_t irq, uint64_t at_ns)
{
	add(r, &(struct recorded_action){ .at_ns = at_ns, .sequence = r->sequence, .verb = verb, .irq = irq });
}

static void add_of_cpu(struct recorded_scenario *r, enum scenario_verb verb, uint32_t cpu, uint64_t at_ns)
{
	add(r, &(struct recorded_action){ .at_ns = at_ns, .sequence = r->sequence, .verb = verb, .cpu = cpu });
}

static void add_raise(struct recorded_scenario *r, struct recorded_irq *irq, uint64_t at_ns)
{
	irq->raises++;
	if (r->fit) {
		return;
	}
	if (!irq->times_ns) {
		irq->times_ns = g_array_new(FALSE, FALSE, sizeof(at_ns));
	}
	GArray *times = irq->times_ns;
	bool again = times->len && g_array_index(times, uint64_t, times->len - 1) >= at_ns;
	if (again || r->raises == RECORDED_RAISES_MAX) {
		r->raises_left_out++;
		return;
	}
	g_array_append_val(times, at_ns);
	r->raises++;
}

/* Holdings. */

static gpointer holding_key(uint32_t cpu, uint32_t vector)
{
	return GUINT_TO_POINTER(cpu * X86_VECTORS + vector);
}

/* Its index, and 1; 0 where there are too many. */
static guint add_holding(struct recorded_scenario *r, uint32_t cpu, uint32_t irq, uint64_t from_ns,
                         uint64_t from_sequence)
{
	struct recorded_holding holding = { cpu, irq, from_ns, from_sequence, HOLDING_TO_END, HOLDING_TO_END };

	if (r->holdings->len == RECORDED_ACTIONS_MAX) {
		r->actions_left_out++;
		return 0;
	}
	g_array_append_val(r->holdings, holding);
	return r->holdings->len;
}

static void close_holding(struct recorded_scenario *r, guint number, uint64_t now_ns)
{
	struct recorded_holding *holding = &g_array_index(r->holdings, struct recorded_holding, number - 1);

	holding->to_ns = now_ns;
	holding->to_sequence = r->sequence;
}

static guint open_at(const struct recorded_scenario *r, uint32_t cpu, uint32_t vector)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(r->held, holding_key(cpu, vector)));
}

/* It is told by a probe and by a tracepoint: the second one of them says nothing new. */
static void hold(struct recorded_scenario *r, uint32_t cpu, uint32_t vector, uint32_t irq, uint64_t now_ns)
{
	guint open = open_at(r, cpu, vector);

	if (open && g_array_index(r->holdings, struct recorded_holding, open - 1).irq == irq) {
		return;
	}
	if (open) {
		close_holding(r, open, now_ns);
	}
	g_hash_table_insert(r->held, holding_key(cpu, vector),
	                    GUINT_TO_POINTER(add_holding(r, cpu, irq, now_ns, r->sequence)));
}

/* An interrupt turns out to have had this vector before the recording began. */
static void held_from_start(struct recorded_scenario *r, int64_t cpu, int64_t vector, uint32_t irq)
{
	if (cpu < 0 || cpu >= FTRACE_CPUS_MAX || vector <= 0 || vector >= X86_VECTORS ||
	    g_hash_table_contains(r->held, holding_key((uint32_t)cpu, (uint32_t)vector))) {
		return;
	}
	g_hash_table_insert(r->held, holding_key((uint32_t)cpu, (uint32_t)vector),
	                    GUINT_TO_POINTER(add_holding(r, (uint32_t)cpu, irq, 0, HOLDING_FROM_START)));
}

/* What nobody was seen to get was there from the start, unless it was let go of already. */
static void let_go(struct recorded_scenario *r, uint32_t cpu, uint32_t vector, uint64_t now_ns)
{
	guint open = open_at(r, cpu, vector);

	if (!g_hash_table_contains(r->held, holding_key(cpu, vector))) {
		open = add_holding(r, cpu, HOLDING_NO_IRQ, 0, HOLDING_FROM_START);
	}
	if (open) {
		close_holding(r, open, now_ns);
	}
	g_hash_table_insert(r->held, holding_key(cpu, vector), NULL);
}

static void reserve(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, uint64_t now_ns)
{
	if (!irq->reservation) {
		irq->reservation = add_holding(r, HOLDING_RESERVATION, index, now_ns, r->sequence);
	}
}

static void unreserve(struct recorded_scenario *r, struct recorded_irq *irq, uint64_t now_ns)
{
	if (irq->reservation) {
		close_holding(r, irq->reservation, now_ns);
		irq->reservation = 0;
	}
}

/* Lives. */

static void live(struct recorded_irq *irq, enum recorded_life life, uint64_t now_ns)
{
	if (irq->life == LIFE_REQUESTED && life != LIFE_REQUESTED) {
		irq->active_ns += now_ns - irq->requested_ns;
	}
	if (irq->life != LIFE_REQUESTED && life == LIFE_REQUESTED) {
		irq->requested_ns = now_ns;
	}
	irq->life = life;
}

/* What is seen of it for the first time tells how it was before. */
static void was(struct recorded_irq *irq, enum recorded_life life)
{
	if (irq->life == LIFE_UNKNOWN) {
		irq->first_life = irq->life = life;
	}
}

/* Affinities. */

static GBytes *mask_of(struct recorded_scenario *r, const uint64_t *words, uint32_t count)
{
	GBytes *mask;
	gpointer known;

	while (count && !words[count - 1]) {
		count--;
	}
	mask = g_bytes_new(words, count * sizeof(*words));
	if (g_hash_table_lookup_extended(r->masks, mask, &known, NULL)) {
		g_bytes_unref(mask);
		return known;
	}
	g_hash_table_add(r->masks, mask);
	return mask;
}

static GBytes *mask_of_cpu(struct recorded_scenario *r, uint32_t cpu)
{
	uint64_t words[FTRACE_MASK_WORDS] = { 0 };

	words[cpu / 64] = UINT64_C(1) << (cpu % 64);
	return mask_of(r, words, cpu / 64 + 1);
}

/* NULL: the probe recorded none. */
static GBytes *mask_of_event(struct recorded_scenario *r, const struct ftrace_event *e)
{
	GBytes *mask = mask_of(r, e->mask, e->mask_words);

	return g_bytes_get_size(mask) ? mask : NULL;
}

/* cpu: stands for the mask where that is NULL. */
static void set_affinity(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, GBytes *mask,
                         uint32_t cpu, uint64_t at_ns)
{
	irq->mask_guessed = !mask;
	irq->mask = mask ? mask : mask_of_cpu(r, cpu);
	add(r, &(struct recorded_action){ .at_ns = at_ns, .sequence = r->sequence, .verb = ACTION_MIGRATE,
	                                  .irq = index, .mask = irq->mask });
}

/* The affinity that it has when it gets its first handler, or has from the start. */
static void set_first_affinity(struct recorded_scenario *r, struct recorded_irq *irq, GBytes *mask, uint32_t cpu)
{
	irq->first_cpu = (int32_t)cpu;
	irq->first_mask = mask;
	irq->mask = mask ? mask : mask_of_cpu(r, cpu);
	irq->mask_guessed = !mask;
}

/* Whatever follows a failed activation but another attempt of it: the request was refused. */
static void settle_refusal(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index)
{
	if (irq->refused && irq->life == LIFE_RESERVED) {
		add_of_irq(r, ACTION_REQUEST, index, irq->activated_ns);
	}
	irq->refused = false;
}

static void allocated(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, uint64_t now_ns)
{
	if (irq->life == LIFE_ABSENT) {
		add_of_irq(r, ACTION_ALLOCATE, index, now_ns);
		live(irq, LIFE_RESERVED, now_ns);
	}
}

/* mask: that the vector was allocated from; NULL: unknown. */
static void requested(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, GBytes *mask, uint32_t cpu,
                      uint64_t now_ns)
{
	irq->refused = false;
	allocated(r, irq, index, now_ns);
	if (irq->first_cpu < 0) {
		set_first_affinity(r, irq, mask, cpu);
	}
	if (irq->life == LIFE_RESERVED) {
		bool elsewhere = mask ? irq->mask != mask : irq->mask != mask_of_cpu(r, cpu);
		if (elsewhere && !irq->managed && !is_offline(r, cpu)) {
			set_affinity(r, irq, index, mask, cpu, now_ns);
		}
		add_of_irq(r, ACTION_REQUEST, index, now_ns);
	}
	irq->asked = false;
	live(irq, LIFE_REQUESTED, now_ns);
}

static void released(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, uint64_t now_ns)
{
	settle_refusal(r, irq, index);
	if (irq->life == LIFE_REQUESTED) {
		add_of_irq(r, ACTION_RELEASE, index, now_ns);
		live(irq, LIFE_RESERVED, now_ns);
	}
}

static void freed(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, uint64_t now_ns)
{
	settle_refusal(r, irq, index);
	if (irq->life != LIFE_ABSENT) {
		add_of_irq(r, ACTION_FREE, index, now_ns);
		live(irq, LIFE_ABSENT, now_ns);
	}
}

/* An affinity write that was recorded has the move as its consequence; without the probe the move tells of the write. */
static void moved(struct recorded_scenario *r, struct recorded_irq *irq, uint32_t index, uint32_t cpu,
                  uint64_t now_ns)
{
	bool asked = irq->asked;

	irq->asked = false;
	irq->interrupted = false;
	irq->forced = false;
	if (irq->managed || asked) {
		return;
	}
	if (is_offline(r, cpu)) {
		r->moves_to_offline++;
		return;
	}
	set_affinity(r, irq, index, NULL, cpu, now_ns);
}

/* An affinity write of user space. */
static void take_write(struct recorded_scenario *r, const struct ftrace_event *e, struct recorded_irq *irq,
                       uint32_t index, uint64_t now_ns)
{
	GBytes *mask = mask_of_event(r, e);

	if (!mask || irq->managed || (irq->life != LIFE_REQUESTED && irq->life != LIFE_RESERVED)) {
		return;
	}
	set_affinity(r, irq, index, mask, 0, now_ns);
	irq->asked = irq->life == LIFE_REQUESTED;
}

/*
 * What the kernel carries out tells the mask where only a CPU was known. On a CPU that goes off line the vector is there
 * still: with that CPU in it the mask moves nothing before its time.
 */
static void take_carried_out(struct recorded_scenario *r, const struct ftrace_event *e, struct recorded_irq *irq,
                             uint32_t index, uint64_t now_ns)
{
	uint64_t words[FTRACE_MASK_WORDS] = { 0 };
	uint32_t count = MAX(e->mask_words, e->cpu / 64 + 1);
	uint64_t at_ns = now_ns;

	if (!irq->mask_guessed || irq->asked || irq->managed || irq->life != LIFE_REQUESTED || !e->mask_words) {
		return;
	}
	memcpy(words, e->mask, e->mask_words * sizeof(*words));
	if (is_offline(r, e->cpu)) {
		words[e->cpu / 64] |= UINT64_C(1) << (e->cpu % 64);
		at_ns = r->hotplug_ns[e->cpu] - MIN(r->hotplug_ns[e->cpu], BEFORE_OFFLINE_NS);
		at_ns = MAX(at_ns, irq->requested_ns);
	}
	set_affinity(r, irq, index, mask_of(r, words, count), 0, at_ns);
}

/* Events. */

static bool has_place(const struct ftrace_event *e, enum ftrace_field cpu, enum ftrace_field vector)
{
	return e->value[cpu] >= 0 && e->value[cpu] < FTRACE_CPUS_MAX && e->value[vector] > 0 &&
	       e->value[vector] < X86_VECTORS;
}

/* A vector that the interrupt gets: its first one, or one that replaces another one. */
static void take_update(struct recorded_scenario *r, const struct ftrace_event *e,
                        struct recorded_irq *irq, uint32_t index, uint64_t now_ns)
{
	uint32_t cpu = (uint32_t)e->value[FTRACE_CPU];
	bool moves = has_place(e, FTRACE_PREV_CPU, FTRACE_PREV_VECTOR);

	if (!has_place(e, FTRACE_CPU, FTRACE_VECTOR)) {
		return;
	}
	if (moves) {
		held_from_start(r, e->value[FTRACE_PREV_CPU], e->value[FTRACE_PREV_VECTOR], index);
	}
	was(irq, moves ? LIFE_REQUESTED : LIFE_RESERVED);
	if (moves && irq->first_cpu < 0) {
		set_first_affinity(r, irq, NULL, (uint32_t)e->value[FTRACE_PREV_CPU]);
	}
	hold(r, cpu, (uint32_t)e->value[FTRACE_VECTOR], index, now_ns);
	unreserve(r, irq, now_ns);
	if (moves && irq->life == LIFE_REQUESTED) {
		moved(r, irq, index, cpu, now_ns);
	} else {
		requested(r, irq, index, r->alloc_cpu == e->cpu ? r->alloc_mask : NULL, cpu, now_ns);
	}
}

static void take_clear(struct recorded_scenario *r, const struct ftrace_event *e,
                       struct recorded_irq *irq, uint32_t index)
{
	if (!has_place(e, FTRACE_CPU, FTRACE_VECTOR)) {
		return;
	}
	was(irq, LIFE_REQUESTED);
	if (irq->first_cpu < 0) {
		set_first_affinity(r, irq, NULL, (uint32_t)e->value[FTRACE_CPU]);
	}
	held_from_start(r, e->value[FTRACE_CPU], e->value[FTRACE_VECTOR], index);
	held_from_start(r, e->value[FTRACE_PREV_CPU], e->value[FTRACE_PREV_VECTOR], index);
}

static void take_managed(struct recorded_scenario *r, const struct ftrace_event *e, struct recorded_irq *irq)
{
	if (e->value[FTRACE_RET] != 0) {
		return;
	}
	was(irq, LIFE_ABSENT);
	irq->managed = true;
	if (r->managed_event.kind == FT_K_RESERVE_MANAGED && r->managed_event.cpu == e->cpu) {
		irq->managed_mask = mask_of_event(r, &r->managed_event);
	}
}

/* The mask is given back behind the teardown; it tells that of an interrupt which was there from the start. */
static void take_remove_managed(struct recorded_scenario *r, const struct ftrace_event *e)
{
	struct recorded_irq *irq = r->torn_down ? recorded_irq(r, r->torn_down - 1) : NULL;

	if (irq && irq->managed && !irq->managed_mask && r->torn_down_cpu == e->cpu) {
		irq->managed_mask = mask_of_event(r, e);
	}
	r->torn_down = 0;
}

/*
 * Without handler entries, the interrupts that are known are those that carry out a move, and the first one on the new CPU
 * after a move, which has the old vector freed: at once where it sends an IPI. Behind remapping the move itself does that,
 * and a timer comes later.
 */
static void take_free_moved(struct recorded_scenario *r, const struct ftrace_event *e, struct recorded_irq *irq,
                            uint64_t now_ns)
{
	r->cleanup_ipi = r->cleanup_ipi || e->context == 'h' || e->context == 'H';
	if (!r->handlers && !irq->forced && !irq->interrupted && r->cleanup_ipi && !r->remapped) {
		add_raise(r, irq, now_ns);
	}
	irq->forced = false;
	irq->interrupted = true;
}

static void take_entry(struct recorded_scenario *r, const struct ftrace_event *e, struct recorded_irq *irq,
                       uint64_t now_ns)
{
	if (!r->handlers) {
		r->handlers = true;
		forget_raises(r);
	}
	if (irq->life == LIFE_UNKNOWN) {
		set_first_affinity(r, irq, NULL, e->cpu);
	}
	was(irq, LIFE_REQUESTED);
	add_raise(r, irq, now_ns);
}

/* An activation or deactivation tells what kind of interrupt it is. */
static void take_kind(struct recorded_irq *irq, const struct ftrace_event *e)
{
	if (ftrace_has(e, FTRACE_IS_MANAGED)) {
		irq->managed = e->value[FTRACE_IS_MANAGED];
	}
	if (ftrace_has(e, FTRACE_CAN_RESERVE)) {
		irq->reservable = e->value[FTRACE_CAN_RESERVE] != 0;
	}
}

static void take_of_irq(struct recorded_scenario *r, const struct ftrace_event *e,
                        uint64_t now_ns)
{
	uint32_t number = (uint32_t)e->value[FTRACE_IRQ];
	uint32_t index = irq_of(r, number, e->kind);
	struct recorded_irq *irq = recorded_irq(r, index);

	irq->reservable = r->waiting_reservable < 0 ? irq->reservable : (int8_t)r->waiting_reservable;
	switch (e->kind) {
	case FT_K_MSI_WRITE:
		/* An all-zero one too, at its deactivation. */
		irq->message = true;
		r->remapped = r->remapped || r->waiting_remapped;
		break;
	case FT_VECTOR_SETUP:
		was(irq, LIFE_ABSENT);
		if (ftrace_has(e, FTRACE_RET) && e->value[FTRACE_RET] < 0) {
			/* Told before the error, and no teardown follows. */
			irq->freed = true;
		} else {
			allocated(r, irq, index, now_ns);
		}
		break;
	case FT_VECTOR_RESERVE:
		if (e->value[FTRACE_RET] == 0) {
			was(irq, LIFE_ABSENT);
			reserve(r, irq, index, now_ns);
		}
		break;
	case FT_VECTOR_RESERVE_MANAGED:
		take_managed(r, e, irq);
		break;
	case FT_VECTOR_ACTIVATE:
		was(irq, LIFE_RESERVED);
		settle_refusal(r, irq, index);
		irq->activated_ns = now_ns;
		take_kind(irq, e);
		break;
	case FT_VECTOR_ALLOC:
		irq->refused = irq->refused || e->value[FTRACE_RET] < 0;
		break;
	case FT_VECTOR_UPDATE:
		take_update(r, e, irq, index, now_ns);
		break;
	case FT_K_UPDATE_VECTOR:
		if (has_place(e, FTRACE_CPU, FTRACE_VECTOR)) {
			hold(r, (uint32_t)e->value[FTRACE_CPU], (uint32_t)e->value[FTRACE_VECTOR], index, now_ns);
		}
		break;
	case FT_VECTOR_CLEAR:
		take_clear(r, e, irq, index);
		break;
	case FT_VECTOR_DEACTIVATE:
		was(irq, LIFE_REQUESTED);
		take_kind(irq, e);
		released(r, irq, index, now_ns);
		break;
	case FT_VECTOR_TEARDOWN:
		was(irq, LIFE_RESERVED);
		unreserve(r, irq, now_ns);
		freed(r, irq, index, now_ns);
		irq->freed = true;
		r->torn_down = index + 1;
		r->torn_down_cpu = e->cpu;
		break;
	case FT_K_MANAGED_SHUTDOWN:
		was(irq, LIFE_REQUESTED);
		live(irq, LIFE_SHUT_DOWN, now_ns);
		break;
	case FT_K_FORCE_COMPLETE_MOVE:
		irq->forced = true;
		break;
	case FT_K_SET_AFFINITY_LOCKED:
		take_write(r, e, irq, index, now_ns);
		break;
	case FT_K_DO_SET_AFFINITY:
		take_carried_out(r, e, irq, index, now_ns);
		break;
	case FT_K_MOVE_IRQ:
		irq->interrupted = true;
		if (!r->handlers) {
			add_raise(r, irq, now_ns);
		}
		break;
	case FT_VECTOR_FREE_MOVED:
		take_free_moved(r, e, irq, now_ns);
		break;
	case FT_HANDLER_ENTRY:
		take_entry(r, e, irq, now_ns);
		break;
	default:
		break;
	}
}

static void take_hotplug(struct recorded_scenario *r, const struct ftrace_event *e, uint64_t now_ns)
{
	uint64_t *word = &r->offline[e->cpu / 64], bit = UINT64_C(1) << (e->cpu % 64);

	if (e->kind == FT_K_CAN_UNPLUG && e->value[FTRACE_RET] < 0 && !(*word & bit)) {
		add_of_cpu(r, ACTION_OFFLINE, e->cpu, now_ns);
		add_of_cpu(r, ACTION_ONLINE, e->cpu, now_ns + REFUSED_OFFLINE_NS);
	} else if (e->kind == FT_K_FIXUP_IRQS && !(*word & bit)) {
		*word |= bit;
		r->hotplug_ns[e->cpu] = now_ns;
		add_of_cpu(r, ACTION_OFFLINE, e->cpu, now_ns);
	} else if ((e->kind == FT_K_LAPIC_ONLINE || e->kind == FT_MATRIX_ONLINE) && *word & bit) {
		*word &= ~bit;
		r->hotplug_ns[e->cpu] = now_ns;
		add_of_cpu(r, ACTION_ONLINE, e->cpu, now_ns);
	}
}

static void take_of_matrix(struct recorded_scenario *r, const struct ftrace_event *e, uint64_t now_ns)
{
	/* A CPU that goes off line has no tracepoints: only there the probe is the one that tells. */
	bool frees = e->kind == FT_MATRIX_FREE || (e->kind == FT_K_MATRIX_FREE && is_offline(r, e->cpu));

	if (e->kind == FT_K_RESERVE_MANAGED) {
		r->managed_event = *e;
	} else if (e->kind == FT_K_REMOVE_MANAGED) {
		take_remove_managed(r, e);
	} else if (e->kind == FT_K_ALLOC) {
		r->alloc_mask = mask_of_event(r, e);
		r->alloc_cpu = e->cpu;
	} else if (e->kind == FT_VECTOR_ALLOC_MANAGED) {
		r->alloc_mask = NULL;
	} else if (e->kind == FT_K_MOVE_CLEANUP) {
		r->cleanup_ipi = true;
	}
	if (e->kind == FT_MATRIX_ASSIGN_SYSTEM && e->value[FTRACE_BIT] >= 0 && e->value[FTRACE_BIT] < X86_VECTORS) {
		r->system[e->value[FTRACE_BIT]] = true;
	}
	if ((!frees && e->kind != FT_MATRIX_ASSIGN) || !has_place(e, FTRACE_CPU, FTRACE_BIT)) {
		return;
	}
	if (frees) {
		let_go(r, (uint32_t)e->value[FTRACE_CPU], (uint32_t)e->value[FTRACE_BIT], now_ns);
	} else {
		hold(r, (uint32_t)e->value[FTRACE_CPU], (uint32_t)e->value[FTRACE_BIT], HOLDING_NO_IRQ, now_ns);
	}
}

/*
 * The waiting event happens now that the next one is known. A time that only it has, later than the one behind it, is no
 * time of its own; where a trace's times go back otherwise, its order counts.
 */
static void take_waiting(struct recorded_scenario *r, uint64_t next_ns)
{
	const struct ftrace_event *e = &r->waiting;
	uint64_t last_ns = r->first_ns + r->last_ns;
	uint64_t time_ns = next_ns < e->told_ns && next_ns >= last_ns ? next_ns : e->told_ns;

	r->waits = false;
	if (!r->begun) {
		r->begun = true;
		r->first_ns = time_ns;
	}
	uint64_t now_ns = MAX(time_ns, r->first_ns + r->last_ns) - r->first_ns;
	if (now_ns > DURATION_NS_MAX) {
		r->later_left_out++;
		return;
	}
	r->last_ns = now_ns;
	r->sequence++;
	take_hotplug(r, e, now_ns);
	take_of_matrix(r, e, now_ns);
	if (ftrace_has(e, FTRACE_IRQ) && e->value[FTRACE_IRQ] >= 0 &&
	    e->value[FTRACE_IRQ] < RECORDED_NUMBERS_MAX) {
		take_of_irq(r, e, now_ns);
	}
}

void recorded_scenario_event(struct recorded_scenario *r, const struct ftrace_event *e,
                             const struct write_sequences *sequences)
{
	bool of_irq = ftrace_has(e, FTRACE_IRQ) && e->value[FTRACE_IRQ] >= 0;

	if (e->kind == FT_GAP || e->cpu >= FTRACE_CPUS_MAX) {
		return;
	}
	if (r->waits) {
		take_waiting(r, e->told_ns);
	}
	r->waits = true;
	r->waiting = *e;
	r->waiting_reservable = of_irq ? write_sequences_reservable(sequences, (uint32_t)e->value[FTRACE_IRQ]) : -1;
	r->waiting_remapped = of_irq && write_sequences_remapped(sequences, (uint32_t)e->value[FTRACE_IRQ]);
}

void recorded_scenario_end(struct recorded_scenario *r)
{
	if (r->waits) {
		take_waiting(r, UINT64_MAX);
	}
	for (uint32_t i = 0; i < r->irqs->len; i++) {
		settle_refusal(r, recorded_irq(r, i), i);
	}
}
