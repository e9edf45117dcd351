/* SPDX-License-Identifier: MIT */
#include "sim/recorded_scenario.h"

#include <glib.h>
#include <inttypes.h>

#include "models/strategies/registry.h"
#include "sim/scenario.h"

#define IRQS_MAX 65536
/* What a scenario can hold in lists; more is counted and left out. */
#define RAISES_MAX 1000000
#define ACTIONS_MAX 100000
#define OTHERS_MAX 1024
#define DEVICES_MAX (SCENARIO_DEVICES_MAX - OTHERS_MAX)
#define DURATION_NS_MAX (SCENARIO_DURATION_PS_MAX / 1000 - 1000000)

struct recorded_irq {
	bool message; /* one was written: it is an MSI */
	bool managed;
	int8_t reservable; /* -1: unknown */
	int32_t first_cpu; /* -1: unknown */
	int32_t last_cpu;
	uint64_t asked_ns; /* of an affinity write that has not been carried out; 0: none */
	uint64_t raises;
	GArray *times_ns; /* of the raises; NULL: none */
};

struct recorded_action {
	enum scenario_verb verb;
	uint64_t at_ns;
	uint32_t irq;
	uint32_t cpu;
};

struct recorded_scenario {
	bool fit;
	bool handlers; /* there are irq_handler_entry events */
	bool remapped;
	struct recorded_irq *irqs[IRQS_MAX];
	GArray *actions;
	uint64_t offline[FTRACE_MASK_WORDS];
	bool begun;
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t raises;
	uint64_t raises_left_out;
	uint64_t actions_left_out;
	uint64_t hotplug_ns[FTRACE_CPUS_MAX]; /* of each CPU's last action */
	uint64_t moves_to_offline;
	uint64_t later_left_out; /* beyond what simulated time can count */
};

struct recorded_scenario *recorded_scenario_new(bool fit)
{
	struct recorded_scenario *r = g_new0(struct recorded_scenario, 1);

	r->fit = fit;
	r->actions = g_array_new(FALSE, FALSE, sizeof(struct recorded_action));
	return r;
}

static void forget_raises(struct recorded_scenario *r)
{
	for (size_t i = 0; i < IRQS_MAX; i++) {
		if (r->irqs[i]) {
			r->irqs[i]->raises = 0;
			g_clear_pointer(&r->irqs[i]->times_ns, g_array_unref);
		}
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
	for (size_t i = 0; i < IRQS_MAX; i++) {
		g_free(r->irqs[i]);
	}
	g_array_free(r->actions, TRUE);
	g_free(r);
}

static struct recorded_irq *irq_of(struct recorded_scenario *r, uint32_t number)
{
	if (!r->irqs[number]) {
		r->irqs[number] = g_new0(struct recorded_irq, 1);
		r->irqs[number]->first_cpu = -1;
		r->irqs[number]->reservable = -1;
	}
	return r->irqs[number];
}

static void add_action(struct recorded_scenario *r, enum scenario_verb verb, uint64_t at_ns,
                       uint32_t irq, uint32_t cpu)
{
	struct recorded_action action = { verb, at_ns, irq, cpu };

	if (r->actions->len == ACTIONS_MAX) {
		r->actions_left_out++;
		return;
	}
	g_array_append_val(r->actions, action);
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
	bool again = times->len && g_array_index(times, uint64_t, times->len - 1) == at_ns;
	if (again || r->raises == RAISES_MAX) {
		r->raises_left_out++;
		return;
	}
	g_array_append_val(times, at_ns);
	r->raises++;
}

/* A vector that replaces another one: a move, if not on a CPU that goes off line. */
static void take_update(struct recorded_scenario *r, const struct ftrace_event *e,
                        struct recorded_irq *irq, uint32_t number, uint64_t now_ns)
{
	int64_t cpu = e->value[FTRACE_CPU], previous = e->value[FTRACE_PREV_CPU];
	bool moves = e->value[FTRACE_PREV_VECTOR] != 0;

	if (cpu < 0 || cpu >= FTRACE_CPUS_MAX || previous < 0 || previous >= FTRACE_CPUS_MAX) {
		return;
	}
	if (irq->first_cpu < 0) {
		irq->first_cpu = (int32_t)(moves ? previous : cpu);
	}
	irq->last_cpu = (int32_t)cpu;
	if (!moves) {
		return;
	}
	/* The CPU that is asked for must be there at that time. */
	uint64_t asked_ns = irq->asked_ns > r->hotplug_ns[cpu] ? irq->asked_ns : now_ns;
	irq->asked_ns = 0;
	if (r->offline[cpu / 64] >> (cpu % 64) & 1) {
		r->moves_to_offline++;
		return;
	}
	add_action(r, ACTION_MIGRATE, asked_ns, number, (uint32_t)cpu);
}

static void take_of_irq(struct recorded_scenario *r, const struct ftrace_event *e,
                        const struct write_sequences *sequences, uint64_t now_ns)
{
	uint32_t number = (uint32_t)e->value[FTRACE_IRQ];
	struct recorded_irq *irq = irq_of(r, number);
	int reservable = write_sequences_reservable(sequences, number);

	irq->reservable = reservable < 0 ? irq->reservable : (int8_t)reservable;
	switch (e->kind) {
	case FT_K_MSI_WRITE:
		irq->message = irq->message || e->value[FTRACE_ADDR_LO] != 0;
		r->remapped = r->remapped || write_sequences_remapped(sequences, number);
		break;
	case FT_VECTOR_ACTIVATE:
		irq->managed = ftrace_has(e, FTRACE_IS_MANAGED) && e->value[FTRACE_IS_MANAGED];
		break;
	case FT_K_SET_AFFINITY_LOCKED:
		irq->asked_ns = now_ns;
		break;
	case FT_VECTOR_UPDATE:
		take_update(r, e, irq, number, now_ns);
		break;
	case FT_K_MOVE_IRQ:
		if (!r->handlers) {
			add_raise(r, irq, now_ns);
		}
		break;
	case FT_HANDLER_ENTRY:
		if (!r->handlers) {
			r->handlers = true;
			forget_raises(r);
		}
		add_raise(r, irq, now_ns);
		break;
	default:
		break;
	}
}

void recorded_scenario_event(struct recorded_scenario *r, const struct ftrace_event *e,
                             const struct write_sequences *sequences)
{
	if (e->kind == FT_GAP || e->cpu >= FTRACE_CPUS_MAX) {
		return;
	}
	if (!r->begun) {
		r->begun = true;
		r->first_ns = e->time_ns;
	}
	uint64_t now_ns = e->time_ns - r->first_ns;
	uint64_t *word = &r->offline[e->cpu / 64], bit = UINT64_C(1) << (e->cpu % 64);
	if (now_ns > DURATION_NS_MAX) {
		r->later_left_out++;
		return;
	}
	r->last_ns = now_ns;
	if (e->kind == FT_K_FIXUP_IRQS && !(*word & bit)) {
		*word |= bit;
		r->hotplug_ns[e->cpu] = now_ns;
		add_action(r, ACTION_OFFLINE, now_ns, 0, e->cpu);
	} else if ((e->kind == FT_K_LAPIC_ONLINE || e->kind == FT_MATRIX_ONLINE) && *word & bit) {
		*word &= ~bit;
		r->hotplug_ns[e->cpu] = now_ns;
		add_action(r, ACTION_ONLINE, now_ns, 0, e->cpu);
	}
	if (ftrace_has(e, FTRACE_IRQ) && e->value[FTRACE_IRQ] >= 0 &&
	    e->value[FTRACE_IRQ] < IRQS_MAX) {
		take_of_irq(r, e, sequences, now_ns);
	}
}

static bool is_device(const struct recorded_irq *irq)
{
	return irq && irq->message && !irq->managed && irq->first_cpu >= 0;
}

static bool can_mask(const struct recorded_scenario *r, const struct recorded_irq *irq)
{
	return r->remapped || irq->reservable != 0;
}

struct left_out {
	uint64_t devices, managed, not_msi, unplaced, assumed, moves, raises;
};

static struct left_out count_left_out(const struct recorded_scenario *r)
{
	struct left_out n = { 0 };

	for (size_t i = 0; i < IRQS_MAX; i++) {
		const struct recorded_irq *irq = r->irqs[i];
		if (!irq) {
			continue;
		}
		if (is_device(irq)) {
			n.devices++;
			n.assumed += irq->reservable < 0 && !r->remapped;
			continue;
		}
		n.raises += irq->raises;
		n.managed += irq->managed;
		n.not_msi += !irq->managed && !irq->message;
		n.unplaced += !irq->managed && irq->message;
	}
	for (guint i = 0; i < r->actions->len; i++) {
		const struct recorded_action *a =
			&g_array_index(r->actions, struct recorded_action, i);
		n.moves += a->verb == ACTION_MIGRATE && !is_device(r->irqs[a->irq]);
	}
	return n;
}

static void write_comment(const struct recorded_scenario *r, const struct left_out *n, FILE *out)
{
	const struct {
		uint64_t count;
		const char *text;
	} lines[] = {
		{ n->not_msi, "interrupts without a recorded message (not MSIs)" },
		{ n->managed, "managed interrupts, whose affinity is the kernel's" },
		{ n->unplaced, "MSIs that never had a vector" },
		{ n->moves, "moves of these" },
		{ n->raises, "raises of these" },
		{ r->moves_to_offline, "moves to CPUs that are offline: their return is not recorded" },
		{ r->raises_left_out, "raises at the same time as another one, or beyond 1,000,000" },
		{ r->actions_left_out, "actions beyond 100,000" },
		{ r->later_left_out, "events later than simulated time can count" },
	};

	fputs("# Made by `msirace import` from a recording of a real kernel. Every device is there from the\n"
	      "# start, with the CPU that its interrupt had first; a move goes to the CPU that the kernel\n"
	      "# chose, at the time when it was asked for. The vectors of all other interrupts are those of\n"
	      "# the silent devices others0, others1, ..., one for each CPU.\n",
	      out);
	fprintf(out, "# Raises are %s%s.\n",
	        r->handlers ? "the recorded handler entries"
	                    : "only the interrupts that carried out a move: there is no "
	                      "irq_handler_entry in the recording",
	        r->fit ? ", as a Poisson rate for each device" : "");
	if (n->assumed) {
		fprintf(out, "# %" PRIu64 " devices are taken for maskable: nothing tells.\n", n->assumed);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		if (lines[i].count) {
			fprintf(out, "# Left out: %" PRIu64 " %s.\n", lines[i].count, lines[i].text);
		}
	}
}

static void write_raises(const struct recorded_scenario *r, const struct recorded_irq *irq, FILE *out)
{
	if (irq->raises == 0) {
		return;
	}
	if (r->fit) {
		double rate_hz = (double)irq->raises * 1e9 / (double)MAX(r->last_ns, 1);
		fprintf(out, "    raise: {process: poisson, rate: %.6fHz}\n", CLAMP(rate_hz, 1e-6, 1e9));
		return;
	}
	fputs("    raise: {process: times, at: [", out);
	for (guint i = 0; i < irq->times_ns->len; i++) {
		fprintf(out, "%s%" PRIu64 "ns", i ? ", " : "",
		        g_array_index(irq->times_ns, uint64_t, i));
	}
	fputs("]}\n", out);
}

/* First, because they hold the lowest vectors: they were there before. */
static void write_others(const struct recorded_scenario *r, uint32_t cpus,
                           const struct matrix_state *end, FILE *out)
{
	g_autofree uint32_t *others = g_new0(uint32_t, cpus);
	size_t written = 0;

	for (uint32_t cpu = 0; end && cpu < MIN(cpus, end->cpus); cpu++) {
		others[cpu] = end->cpu[cpu].allocated;
	}
	for (size_t i = 0; i < IRQS_MAX; i++) {
		bool counted = is_device(r->irqs[i]) && (uint32_t)r->irqs[i]->last_cpu < cpus;
		if (counted && others[r->irqs[i]->last_cpu]) {
			others[r->irqs[i]->last_cpu]--;
		}
	}
	for (uint32_t cpu = 0; cpu < cpus && written < OTHERS_MAX; cpu++) {
		if (others[cpu]) {
			fprintf(out,
			        "  - {name: others%u, kind: msix, vectors: %u, needed: 1, cpus: [%u]}\n",
			        cpu, others[cpu], cpu);
			written++;
		}
	}
}

static void write_devices(const struct recorded_scenario *r, uint32_t cpus,
                          const struct matrix_state *end, FILE *out)
{
	fputs("devices:\n", out);
	write_others(r, cpus, end, out);
	for (size_t i = 0; i < IRQS_MAX; i++) {
		const struct recorded_irq *irq = r->irqs[i];
		if (!is_device(irq)) {
			continue;
		}
		fprintf(out, "  - name: irq%zu\n    kind: %s\n    cpus: [%d]\n", i,
		        can_mask(r, irq) ? "msix" : "msi\n    maskable: false", irq->first_cpu);
		write_raises(r, irq, out);
	}
}

static void write_actions(const struct recorded_scenario *r, FILE *out)
{
	bool any = false;

	for (guint i = 0; i < r->actions->len; i++) {
		const struct recorded_action *a =
			&g_array_index(r->actions, struct recorded_action, i);
		if (a->verb == ACTION_MIGRATE && !is_device(r->irqs[a->irq])) {
			continue;
		}
		fputs(any ? "" : "actions:\n", out);
		any = true;
		if (a->verb == ACTION_MIGRATE) {
			fprintf(out, "  - {do: migrate, device: irq%u, at: %" PRIu64 "ns, to: %u}\n",
			        a->irq, a->at_ns, a->cpu);
		} else {
			fprintf(out, "  - {do: %s, cpu: %u, at: %" PRIu64 "ns}\n",
			        a->verb == ACTION_OFFLINE ? "offline" : "online", a->cpu, a->at_ns);
		}
	}
}

/* Every move strategy whose preconditions the machine and all its devices fulfil. */
static void write_strategies(const struct recorded_scenario *r, uint32_t cpus, FILE *out)
{
	enum machine_remap remap = r->remapped ? REMAP_VTD : REMAP_NONE;
	bool maskable = true;
	unsigned kinds = 0;
	size_t count;
	const struct strategy *all = strategy_registry(&count);

	for (size_t i = 0; i < IRQS_MAX; i++) {
		if (is_device(r->irqs[i])) {
			bool masks = can_mask(r, r->irqs[i]);
			maskable = maskable && masks;
			kinds |= masks ? NEEDS(DEVICE_MSIX) : NEEDS(DEVICE_MSI);
		}
	}
	fputs("strategies:\n", out);
	for (size_t i = 0; i < count; i++) {
		const struct strategy *s = &all[i];
		bool fits = s->slot == SLOT_MOVE && s->arches & NEEDS(ARCH_X86) &&
		            s->remaps & NEEDS(remap) && (s->kinds & kinds) == kinds &&
		            (maskable || s->masking != MASKING_REQUIRED) &&
		            (!s->cpus_max || cpus <= s->cpus_max);
		if (fits) {
			fprintf(out, "  - %s\n", s->name);
		}
	}
}

bool recorded_scenario_write(const struct recorded_scenario *r, uint32_t cpus,
                             const struct matrix_state *end, const char *recording, FILE *out)
{
	struct left_out n = count_left_out(r);

	if (n.devices == 0 || n.devices > DEVICES_MAX) {
		return false;
	}
	write_comment(r, &n, out);
	fprintf(out,
	        "question: What would this machine have lost under each strategy?\n"
	        "%s"
	        "machine:\n  arch: x86\n  remap: %s\n  cpus: %u\n",
	        recording, r->remapped ? "vtd" : "none", cpus);
	write_devices(r, cpus, end, out);
	write_actions(r, out);
	write_strategies(r, cpus, out);
	fprintf(out, "duration: %" PRIu64 "ns\nreplications: %d\n", r->last_ns + 1000000,
	        r->fit ? 5 : 2);
	return true;
}
