/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "models/strategies/registry.h"
#include "sim/recorded_scenario.h"
#include "sim/recorded_scenario_internal.h"

/* Vectors of interrupts that are no devices: a silent device for each CPU, and one for reservations. */
#define OTHERS_CPUS_MAX 1024
#define OTHERS_VECTORS_MAX 2048
/* How long an interrupt must have had a handler to tell a rate. */
#define RATE_TIME_NS_MIN 1000000
#define DEVICES_MAX (SCENARIO_DEVICES_MAX - OTHERS_CPUS_MAX - 1)

/* The slots of one silent device: each holds one vector at a time. */
struct others {
	uint32_t at_start;  /* vectors that it has when the recording begins */
	GArray *taken;      /* of bool, by slot: as many as it needs at most */
};

/* One line of the file's actions. */
struct line {
	uint64_t at_ns;
	uint64_t sequence;
	enum scenario_verb verb;
	bool of_others;
	uint32_t irq; /* or of_others: the CPU, HOLDING_RESERVATION */
	uint32_t cpu; /* or of_others: the slot */
	GBytes *mask;
};

struct left_out {
	uint64_t not_msi, unknown, beyond, cpus, slots, actions, offline, moves, raises, rates;
};

struct writer {
	const struct recorded_scenario *r;
	uint32_t cpus;
	uint64_t devices;
	uint64_t assumed; /* of them, taken for maskable */
	bool *is_device; /* [r->irqs->len] */
	struct others *others; /* [cpus + 1]: the last one of the reservations */
	GArray *lines;
	struct left_out left_out;
};

static bool could_be_device(const struct recorded_irq *irq)
{
	if (!irq->message || irq->life == LIFE_UNKNOWN) {
		return false;
	}
	return irq->managed ? irq->managed_mask != NULL
			    : irq->first_life != LIFE_REQUESTED || irq->first_cpu >= 0;
}

static bool is_device(const struct writer *w, uint32_t irq)
{
	return irq != HOLDING_NO_IRQ && w->is_device[irq];
}

static bool can_mask(const struct recorded_scenario *r, const struct recorded_irq *irq)
{
	return r->remapped || irq->reservable != 0;
}

static uint64_t active_ns(const struct recorded_scenario *r, const struct recorded_irq *irq)
{
	return irq->active_ns + (irq->life == LIFE_REQUESTED ? r->last_ns - irq->requested_ns : 0);
}

/* Per second that it had a handler. */
static double rate_of(const struct recorded_scenario *r, const struct recorded_irq *irq)
{
	return (double)irq->raises * 1e9 / (double)MAX(active_ns(r, irq), 1);
}

static bool has_rate(const struct recorded_scenario *r, const struct recorded_irq *irq)
{
	double rate_hz = rate_of(r, irq);

	return active_ns(r, irq) >= RATE_TIME_NS_MIN && rate_hz >= SCENARIO_RATE_HZ_MIN &&
	       rate_hz <= (double)SCENARIO_RATE_HZ_MAX;
}

static void choose_devices(struct writer *w)
{
	const struct recorded_scenario *r = w->r;

	for (uint32_t i = 0; i < w->r->irqs->len; i++) {
		const struct recorded_irq *irq = recorded_irq(r, i);
		bool could = could_be_device(irq);
		bool chosen = could && w->devices < DEVICES_MAX;
		w->is_device[i] = chosen;
		w->devices += chosen;
		w->assumed += chosen && irq->reservable < 0 && !r->remapped && !irq->managed;
		w->left_out.beyond += could && !chosen;
		w->left_out.raises += chosen ? 0 : irq->raises;
		w->left_out.rates += chosen && r->fit && irq->raises && !has_rate(r, irq) ? irq->raises : 0;
		if (!could && irq->life != LIFE_UNKNOWN) {
			w->left_out.not_msi += !irq->message;
			w->left_out.unknown += irq->message;
		}
	}
}

/* The others. */

static struct others *others_of(struct writer *w, uint32_t cpu)
{
	if (cpu == HOLDING_RESERVATION) {
		return &w->others[w->cpus];
	}
	return cpu < MIN(w->cpus, OTHERS_CPUS_MAX) ? &w->others[cpu] : NULL;
}

/* What the allocator had when the recording began, but for what the devices had of it. */
static void count_start(struct writer *w)
{
	const struct recorded_scenario *r = w->r;
	uint32_t reserved = r->start_reserved;

	for (uint32_t cpu = 0; cpu < MIN(w->cpus, r->start_cpus); cpu++) {
		struct others *others = others_of(w, cpu);
		if (others) {
			others->at_start = r->start_allocated[cpu];
		} else {
			w->left_out.cpus += r->start_allocated[cpu] > 0;
		}
	}
	for (uint32_t i = 0; i < w->r->irqs->len; i++) {
		const struct recorded_irq *irq = is_device(w, i) ? recorded_irq(r, i) : NULL;
		struct others *others = irq && irq->first_cpu >= 0 ? others_of(w, (uint32_t)irq->first_cpu) : NULL;
		if (irq && irq->first_life == LIFE_REQUESTED && others && others->at_start) {
			others->at_start--;
		}
		reserved -= irq && irq->first_life == LIFE_RESERVED && irq->reservable != 0 && !irq->managed && reserved;
	}
	others_of(w, HOLDING_RESERVATION)->at_start = MIN(reserved, OTHERS_VECTORS_MAX);
	w->left_out.slots += reserved - MIN(reserved, OTHERS_VECTORS_MAX);
}

struct change {
	uint64_t at_ns;
	uint64_t sequence;
	guint holding;
	bool opens;
};

static gint compare_changes(gconstpointer a, gconstpointer b)
{
	const struct change *left = a, *right = b;

	if (left->sequence != right->sequence) {
		return left->sequence < right->sequence ? -1 : 1;
	}
	return left->opens - right->opens;
}

static GArray *changes_of_others(const struct writer *w)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(struct change));

	for (guint i = 0; i < w->r->holdings->len; i++) {
		const struct recorded_holding *h = &g_array_index(w->r->holdings, struct recorded_holding, i);
		struct change opens = { h->from_ns, h->from_sequence, i, true };
		struct change closes = { h->to_ns, h->to_sequence, i, false };
		if (is_device(w, h->irq)) {
			continue;
		}
		g_array_append_val(changes, opens);
		if (h->to_sequence != HOLDING_TO_END) {
			g_array_append_val(changes, closes);
		}
	}
	g_array_sort(changes, compare_changes);
	return changes;
}

/* The lowest free slot; a vector of the start takes one of those. UINT32_MAX: there are too many. */
static uint32_t take_slot(struct others *others)
{
	bool taken = true;

	for (uint32_t slot = 0; slot < others->taken->len; slot++) {
		if (!g_array_index(others->taken, bool, slot)) {
			g_array_index(others->taken, bool, slot) = true;
			return slot;
		}
	}
	if (others->taken->len == OTHERS_VECTORS_MAX) {
		return UINT32_MAX;
	}
	g_array_append_val(others->taken, taken);
	return others->taken->len - 1;
}

static void play_others(struct writer *w)
{
	GArray *changes = changes_of_others(w);
	g_autofree uint32_t *slots = g_new(uint32_t, w->r->holdings->len + 1);
	guint at = 0;

	for (; at < changes->len && g_array_index(changes, struct change, at).sequence == HOLDING_FROM_START; at++) {
		const struct change *c = &g_array_index(changes, struct change, at);
		struct others *others = others_of(w, g_array_index(w->r->holdings, struct recorded_holding, c->holding).cpu);
		slots[c->holding] = others ? take_slot(others) : UINT32_MAX;
	}
	for (uint32_t cpu = 0; cpu <= w->cpus; cpu++) {
		struct others *others = &w->others[cpu];
		while (others->taken->len < others->at_start) {
			take_slot(others);
		}
		others->at_start = others->taken->len;
	}
	for (; at < changes->len; at++) {
		const struct change *c = &g_array_index(changes, struct change, at);
		uint32_t cpu = g_array_index(w->r->holdings, struct recorded_holding, c->holding).cpu;
		struct others *others = others_of(w, cpu);
		if (c->opens) {
			slots[c->holding] = others ? take_slot(others) : UINT32_MAX;
			w->left_out.slots += slots[c->holding] == UINT32_MAX;
		}
		if (slots[c->holding] == UINT32_MAX) {
			continue;
		}
		g_array_index(others->taken, bool, slots[c->holding]) = c->opens;
		struct line line = { c->at_ns, c->sequence, c->opens ? ACTION_ALLOCATE : ACTION_FREE, true, cpu,
		                     slots[c->holding], NULL };
		g_array_append_val(w->lines, line);
	}
	g_array_free(changes, TRUE);
}

/* The actions. */

static void take_actions(struct writer *w)
{
	for (guint i = 0; i < w->r->actions->len; i++) {
		const struct recorded_action *a = &g_array_index(w->r->actions, struct recorded_action, i);
		bool hotplug = a->verb == ACTION_OFFLINE || a->verb == ACTION_ONLINE;
		if (hotplug ? a->cpu < w->cpus : is_device(w, a->irq) && a->cpu < w->cpus) {
			struct line line = { a->at_ns, a->sequence, a->verb, false, a->irq, a->cpu, a->mask };
			g_array_append_val(w->lines, line);
		}
	}
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
	const struct line *left = a, *right = b;

	if (left->at_ns != right->at_ns) {
		return left->at_ns < right->at_ns ? -1 : 1;
	}
	return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

static bool has_cpu(GBytes *mask, uint32_t cpu)
{
	gsize size;
	const uint64_t *words = g_bytes_get_data(mask, &size);

	return cpu / 64 < size / sizeof(*words) && words[cpu / 64] >> (cpu % 64) & 1;
}

static bool reaches(const struct writer *w, GBytes *mask, const bool *offline)
{
	for (uint32_t cpu = 0; cpu < w->cpus; cpu++) {
		if (has_cpu(mask, cpu) && !offline[cpu]) {
			return true;
		}
	}
	return false;
}

/* As a list of CPUs: "0-3", or [0, 2]. False: the machine has none of them, and nothing is written. */
static bool write_mask(const struct writer *w, const char *key, GBytes *mask, FILE *out)
{
	uint32_t first = UINT32_MAX, last = 0, count = 0;

	for (uint32_t cpu = 0; cpu < w->cpus; cpu++) {
		if (has_cpu(mask, cpu)) {
			first = MIN(first, cpu);
			last = cpu;
			count++;
		}
	}
	if (count == 0) {
		return false;
	}
	if (count == last - first + 1 && count > 1) {
		fprintf(out, "%s\"%u-%u\"", key, first, last);
		return true;
	}
	fprintf(out, "%s[", key);
	for (uint32_t cpu = first; cpu <= last; cpu++) {
		if (has_cpu(mask, cpu)) {
			fprintf(out, "%s%u", cpu == first ? "" : ", ", cpu);
		}
	}
	fputc(']', out);
	return true;
}

/* A trace with gaps may show the last CPU going off line; the scenario keeps it. */
static bool keeps_a_cpu(struct writer *w, const struct line *line, bool *offline, uint32_t *online)
{
	bool goes = line->verb == ACTION_OFFLINE;

	if (line->verb != ACTION_OFFLINE && line->verb != ACTION_ONLINE) {
		bool gone = line->verb == ACTION_MIGRATE && !reaches(w, line->mask, offline);
		w->left_out.moves += gone;
		return !gone;
	}
	if (offline[line->cpu] == goes || (goes && *online == 1)) {
		w->left_out.offline++;
		return false;
	}
	offline[line->cpu] = goes;
	*online += goes ? UINT32_MAX : 1;
	return true;
}

static void write_name(const struct recorded_irq *irq, FILE *out)
{
	fprintf(out, "irq%u", irq->number);
	if (irq->generation) {
		fprintf(out, "-%u", irq->generation + 1);
	}
}

static void write_line(const struct writer *w, const struct line *line, FILE *out)
{
	static const char *const verbs[] = {
		[ACTION_MIGRATE] = "migrate", [ACTION_ALLOCATE] = "allocate", [ACTION_REQUEST] = "request",
		[ACTION_RELEASE] = "release", [ACTION_FREE] = "free", [ACTION_OFFLINE] = "offline",
		[ACTION_ONLINE] = "online",
	};

	fprintf(out, "  - {do: %s, ", verbs[line->verb]);
	if (line->verb == ACTION_OFFLINE || line->verb == ACTION_ONLINE) {
		fprintf(out, "cpu: %u", line->cpu);
	} else if (!line->of_others) {
		fputs("device: ", out);
		write_name(recorded_irq(w->r, line->irq), out);
	} else if (line->irq == HOLDING_RESERVATION) {
		fprintf(out, "device: reserved, vectors: %u", line->cpu);
	} else {
		fprintf(out, "device: others%u, vectors: %u", line->irq, line->cpu);
	}
	fprintf(out, ", at: %" PRIu64 "ns", line->at_ns);
	if (line->verb == ACTION_ALLOCATE && (!line->of_others || line->irq == HOLDING_RESERVATION)) {
		fputs(", request: false", out);
	} else if (line->verb == ACTION_MIGRATE) {
		write_mask(w, ", to: ", line->mask, out);
		fputs(", as_mask: true", out);
	}
	fputs("}\n", out);
}

static void write_actions(struct writer *w, FILE *out)
{
	g_autofree bool *offline = g_new0(bool, w->cpus);
	uint32_t online = w->cpus;
	uint32_t written = 0;

	g_array_sort(w->lines, compare_lines);
	for (guint i = 0; i < w->lines->len; i++) {
		const struct line *line = &g_array_index(w->lines, struct line, i);
		if (written == SCENARIO_ACTIONS_MAX) {
			w->left_out.actions += w->lines->len - i;
			return;
		}
		if (keeps_a_cpu(w, line, offline, &online)) {
			fputs(written ? "" : "actions:\n", out);
			written++;
			write_line(w, line, out);
		}
	}
}

/* The devices. */

static void write_raises(const struct recorded_scenario *r, const struct recorded_irq *irq, FILE *out)
{
	if (irq->raises == 0 || (r->fit && !has_rate(r, irq))) {
		return;
	}
	if (r->fit) {
		fprintf(out, "    raise: {process: poisson, rate: %.6fHz}\n", rate_of(r, irq));
		return;
	}
	fputs("    raise: {process: times, at: [", out);
	for (guint i = 0; i < irq->times_ns->len; i++) {
		fprintf(out, "%s%" PRIu64 "ns", i ? ", " : "", g_array_index(irq->times_ns, uint64_t, i));
	}
	fputs("]}\n", out);
}

/* First, because they hold the lowest vectors: they were there before. */
static void write_others(const struct writer *w, FILE *out)
{
	for (uint32_t cpu = 0; cpu <= w->cpus; cpu++) {
		const struct others *others = &w->others[cpu];
		bool reserved = cpu == w->cpus;
		if (!others->taken->len) {
			continue;
		}
		fputs("  - {name: ", out);
		if (reserved) {
			fprintf(out, "reserved, kind: msix, vectors: %u, allocated: %u, requested: 0", others->taken->len,
			        others->at_start);
		} else {
			fprintf(out, "others%u, kind: msix, vectors: %u, allocated: %u, cpus: [%u]", cpu, others->taken->len,
			        others->at_start, cpu);
		}
		fputs(others->at_start ? ", needed: 1}\n" : "}\n", out);
	}
}

static void write_cpus(const struct writer *w, const struct recorded_irq *irq, FILE *out)
{
	GBytes *mask = irq->managed ? irq->managed_mask : irq->first_mask;

	if (mask && write_mask(w, "    cpus: ", mask, out)) {
		fputc('\n', out);
	} else if (!mask && irq->first_cpu >= 0 && irq->first_cpu < (int32_t)w->cpus) {
		fprintf(out, "    cpus: [%d]\n", irq->first_cpu);
	}
}

static void write_devices(const struct writer *w, FILE *out)
{
	fputs("devices:\n", out);
	write_others(w, out);
	for (uint32_t i = 0; i < w->r->irqs->len; i++) {
		const struct recorded_irq *irq = recorded_irq(w->r, i);
		if (!is_device(w, i)) {
			continue;
		}
		fputs("  - name: ", out);
		write_name(irq, out);
		fprintf(out, "\n    kind: %s\n",
		        irq->managed || can_mask(w->r, irq) ? "msix" : "msi\n    maskable: false");
		if (irq->managed) {
			fputs("    managed: true\n", out);
		}
		if (irq->first_life == LIFE_ABSENT) {
			fputs("    allocated: 0\n", out);
		} else if (irq->first_life != LIFE_REQUESTED) {
			fputs("    requested: 0\n", out);
		}
		write_cpus(w, irq, out);
		write_raises(w->r, irq, out);
	}
}

/* Every move strategy whose preconditions the machine and all devices that are moved fulfil. */
static void write_strategies(const struct writer *w, FILE *out)
{
	enum machine_remap remap = w->r->remapped ? REMAP_VTD : REMAP_NONE;
	bool maskable = true;
	unsigned kinds = NEEDS(DEVICE_MSIX); /* the others' */
	size_t count;
	const struct strategy *all = strategy_registry(&count);

	for (uint32_t i = 0; i < w->r->irqs->len; i++) {
		if (is_device(w, i) && !recorded_irq(w->r, i)->managed) {
			bool masks = can_mask(w->r, recorded_irq(w->r, i));
			maskable = maskable && masks;
			kinds |= masks ? NEEDS(DEVICE_MSIX) : NEEDS(DEVICE_MSI);
		}
	}
	fputs("strategies:\n", out);
	for (size_t i = 0; i < count; i++) {
		const struct strategy *s = &all[i];
		bool fits = s->slot == SLOT_MOVE && s->arches & NEEDS(ARCH_X86) && s->remaps & NEEDS(remap) &&
		            (s->kinds & kinds) == kinds && (maskable || s->masking != MASKING_REQUIRED) &&
		            (!s->cpus_max || w->cpus <= s->cpus_max);
		if (fits) {
			fprintf(out, "  - %s%s\n", s->name, w->r->cleanup_ipi ? "+ipi" : "");
		}
	}
}

/* Those among the allocatable ones. */
static void write_system_vectors(const struct recorded_scenario *r, FILE *out)
{
	bool any = false;

	for (uint32_t vector = X86_VECTOR_FIRST; vector < X86_VECTOR_END; vector++) {
		if (r->system[vector]) {
			fprintf(out, "%s%u", any ? ", " : "  vectors: {system: [", vector);
			any = true;
		}
	}
	fputs(any ? "]}\n" : "", out);
}

static void write_comment(const struct writer *w, FILE *out)
{
	const struct recorded_scenario *r = w->r;
	const struct {
		uint64_t count;
		const char *text;
	} lines[] = {
		{ w->left_out.unknown, "MSIs whose first CPU, or whose managed CPUs, are not recorded" },
		{ w->left_out.beyond, "MSIs beyond what a scenario can hold" },
		{ w->left_out.cpus, "CPUs beyond 1,024 whose other vectors are not held" },
		{ w->left_out.slots, "vectors of other interrupts, beyond what a device can hold" },
		{ w->left_out.offline, "CPUs going off line, or coming back, that cannot have been" },
		{ w->left_out.raises, "raises of interrupts that are no devices" },
		{ w->left_out.rates, "raises of devices that tell no rate: active for less than 1 ms, or below 0.001 a second" },
		{ r->moves_to_offline + w->left_out.moves, "moves to CPUs that are offline: their return is not recorded" },
		{ r->raises_left_out, "raises at the same time as another one, or beyond 1,000,000" },
		{ r->actions_left_out + w->left_out.actions, "actions beyond what a scenario can hold" },
		{ r->later_left_out, "events later than simulated time can count" },
	};

	fputs("# Made by `msirace import` from a recording of a real kernel. Each MSI is a device irqN; it is allocated,\n"
	      "# requested, released and freed when the kernel did that, and gets the affinity masks that it got. CPUs go\n"
	      "# off line, and come back, when the kernel had stopped the machine for it. The vectors of\n"
	      "# all other interrupts are those of the silent devices others0, others1, ..., one for each CPU, and what is\n"
	      "# only reserved those of the device reserved: they come and go with them.\n",
	      out);
	fprintf(out, "# Raises are %s%s.\n",
	        r->handlers ? "the recorded handler entries"
	                    : "only the interrupts that carried out or completed a move: there is no "
	                      "irq_handler_entry\n# in the recording",
	        r->fit ? ", as a Poisson rate for each device" : "");
	if (w->left_out.not_msi) {
		fprintf(out, "# %" PRIu64 " interrupts have no recorded message, so they are no MSIs: they are among the others.\n",
		        w->left_out.not_msi);
	}
	if (w->assumed) {
		fprintf(out, "# %" PRIu64 " devices are taken for maskable: nothing tells.\n", w->assumed);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		if (lines[i].count) {
			fprintf(out, "# Left out: %" PRIu64 " %s.\n", lines[i].count, lines[i].text);
		}
	}
}

bool recorded_scenario_write(const struct recorded_scenario *r, uint32_t cpus, const char *recording,
                             FILE *out)
{
	struct writer w = { .r = r, .cpus = cpus };
	char *actions = NULL;
	size_t length;
	FILE *later = open_memstream(&actions, &length);

	if (!later) {
		g_error("out of memory");
	}
	w.is_device = g_new0(bool, r->irqs->len + 1);
	w.lines = g_array_new(FALSE, FALSE, sizeof(struct line));
	w.others = g_new0(struct others, cpus + 1);
	for (uint32_t cpu = 0; cpu <= cpus; cpu++) {
		w.others[cpu].taken = g_array_new(FALSE, FALSE, sizeof(bool));
	}
	choose_devices(&w);
	if (w.devices > 0) {
		count_start(&w);
		play_others(&w);
		take_actions(&w);
		/* First, because the comment tells what they lack. */
		write_actions(&w, later);
		fflush(later);
		write_comment(&w, out);
		fprintf(out,
		        "question: What would this machine have lost under each strategy?\n"
		        "%s"
		        "machine:\n  arch: x86\n  remap: %s\n  cpus: %u\n"
		        "  timings: {cpu_offline: 1ms}\n",
		        recording, r->remapped ? "vtd" : "none", cpus);
		write_system_vectors(r, out);
		write_devices(&w, out);
		fputs(actions, out);
		write_strategies(&w, out);
		fprintf(out, "duration: %" PRIu64 "ns\nreplications: %d\n", r->last_ns + 5000000, r->fit ? 5 : 2);
	}
	fclose(later);
	free(actions);
	for (uint32_t cpu = 0; cpu <= cpus; cpu++) {
		g_array_free(w.others[cpu].taken, TRUE);
	}
	g_free(w.others);
	g_array_free(w.lines, TRUE);
	g_free(w.is_device);
	return w.devices > 0;
}
