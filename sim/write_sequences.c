/* SPDX-License-Identifier: MIT */
#include "sim/write_sequences.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "models/hw/lapic.h"
#include "sim/write_model.h"

#define IRQS_MAX 65536
/* The interrupt format bit: the rest of the address is the handle of a remap entry. */
#define ADDRESS_REMAPPED 0x10u
/* MANAGED_IRQ_SHUTDOWN_VECTOR: what an interrupt without a vector of its own is programmed with. */
#define VECTOR_PARKED 239
/* Destinations above 255: their bits 14:8 in bits 11:5 of the address. */
#define DESTINATION_END 0x8000

enum known { UNKNOWN = -1, NO, YES };

/* What the events tell about one interrupt. */
struct irq {
	int16_t cpu; /* -1: unknown */
	uint16_t vector;
	int8_t reservable; /* enum known */
	bool told;         /* reservable is not a conclusion */
	int8_t remapped;   /* enum known */
	bool started;
	bool starting;
	bool fresh; /* set up, and not activated yet */
};

struct change {
	bool open;
	uint32_t irq;
	uint64_t line;
	struct irq before;
	uint64_t *mask; /* [FTRACE_MASK_WORDS]; NULL before the CPU's first change */
	uint32_t mask_words;
	bool assigned;
	bool traced; /* by a tracepoint: the CPU is not on its way off line */
	uint32_t new_cpu;
	uint32_t new_vector;
	struct message_write writes[MESSAGE_WRITES_MAX];
	size_t writes_count;
};

/* What a message to a CPU has as its address, but for the bit of the mode. */
struct destination {
	bool known;
	bool told; /* by vector_config */
	uint64_t address;
};

struct write_sequences {
	struct write_model *plain;
	struct write_model *remapped;
	int reservable;
	struct irq *irqs; /* [IRQS_MAX], of which something is known below irqs_end */
	uint32_t irqs_end;
	struct change *changes; /* [FTRACE_CPUS_MAX]: by the CPU that makes it, below changes_end */
	uint32_t changes_end;
	struct destination *destinations; /* [FTRACE_CPUS_MAX] */
	GHashTable *cpu_of;               /* &destination.address -> its struct destination */
	int8_t logical; /* enum known: the mode of all messages that are not remapped */
	uint64_t offline[FTRACE_MASK_WORDS];
	struct write_sequence_counts counts;
};

static void forget_irq(const struct write_sequences *s, struct irq *irq)
{
	*irq = (struct irq){
		.cpu = -1,
		.reservable = (int8_t)s->reservable,
		.told = s->reservable != UNKNOWN,
		.remapped = UNKNOWN,
		.started = true,
	};
}

/* A recording may consist of gaps: each costs what is known, not what could be. */
static void forget_all(struct write_sequences *s)
{
	GHashTableIter destinations;
	gpointer destination;

	s->irqs_end = 0;
	memset(s->offline, 0, sizeof(s->offline));
	g_hash_table_iter_init(&destinations, s->cpu_of);
	while (g_hash_table_iter_next(&destinations, NULL, &destination)) {
		((struct destination *)destination)->known = false;
	}
	g_hash_table_remove_all(s->cpu_of);
	s->logical = UNKNOWN;
}

static struct irq *irq_of(struct write_sequences *s, uint32_t number)
{
	for (; s->irqs_end <= number; s->irqs_end++) {
		forget_irq(s, &s->irqs[s->irqs_end]);
	}
	return &s->irqs[number];
}

struct write_sequences *write_sequences_new(const char *move, int reservable)
{
	struct write_model *plain = write_model_new(move ? move : "x86-linux-6.1");

	if (!plain) {
		return NULL;
	}
	struct write_sequences *s = g_new0(struct write_sequences, 1);
	s->plain = plain;
	s->remapped = write_model_new("vtd");
	s->reservable = reservable;
	s->irqs = g_new(struct irq, IRQS_MAX);
	s->changes = g_new0(struct change, FTRACE_CPUS_MAX);
	s->destinations = g_new0(struct destination, FTRACE_CPUS_MAX);
	s->cpu_of = g_hash_table_new(g_int64_hash, g_int64_equal);
	forget_all(s);
	return s;
}

void write_sequences_free(struct write_sequences *s)
{
	if (!s) {
		return;
	}
	write_model_free(s->plain);
	write_model_free(s->remapped);
	g_free(s->irqs);
	for (uint32_t cpu = 0; cpu < s->changes_end; cpu++) {
		g_free(s->changes[cpu].mask);
	}
	g_free(s->changes);
	g_hash_table_destroy(s->cpu_of);
	g_free(s->destinations);
	g_free(s->counts.divergence);
	g_free(s);
}

static void cannot_compare(struct write_sequences *s, uint64_t line, enum sequence_incomparable why)
{
	if (s->counts.incomparable[why]++ == 0) {
		s->counts.incomparable_line[why] = line;
	}
}

static void contradict(struct write_sequences *s, uint64_t line)
{
	if (s->counts.destination_contradictions++ == 0) {
		s->counts.destination_contradictions_line = line;
	}
}

/* told: by vector_config, which is certain; otherwise by a message, and only what is new is taken. */
static void learn_destination(struct write_sequences *s, uint32_t cpu, uint64_t address, bool told,
                              uint64_t line)
{
	struct destination *d = &s->destinations[cpu];

	if (d->known && d->address == address) {
		d->told = d->told || told;
		return;
	}
	struct destination *other = g_hash_table_lookup(s->cpu_of, &address);
	if (d->known || other) {
		contradict(s, line);
	}
	if (!told && (d->known || other)) {
		return;
	}
	if (other) {
		g_hash_table_remove(s->cpu_of, &other->address);
		other->known = false;
	}
	if (d->known) {
		g_hash_table_remove(s->cpu_of, &d->address);
	}
	*d = (struct destination){ true, told, address };
	g_hash_table_insert(s->cpu_of, &d->address, d);
	s->counts.destinations_learned += !told;
}

static bool same_writes(const struct message_write *model, size_t model_count,
                        const struct change *c)
{
	if (model_count != c->writes_count) {
		return false;
	}
	for (size_t i = 0; i < MIN(model_count, MESSAGE_WRITES_MAX); i++) {
		if (model[i].address != c->writes[i].address ||
		    model[i].data != c->writes[i].data) {
			return false;
		}
	}
	return true;
}

static void describe_writes(GString *text, const char *who, const struct message_write *writes,
                            size_t count)
{
	g_string_append_printf(text, "  %-10s %zu message%s", who, count, count == 1 ? "" : "s");
	for (size_t i = 0; i < MIN(count, MESSAGE_WRITES_MAX); i++) {
		g_string_append_printf(text, "%s 0x%" PRIx64 " 0x%x", i ? "," : ":",
		                       writes[i].address, writes[i].data);
	}
	g_string_append_c(text, '\n');
}

static void diverge(struct write_sequences *s, const struct change *c,
                    const struct message_write *model, size_t model_count)
{
	GString *text = g_string_new(NULL);

	if (s->counts.divergences++) {
		g_string_free(text, TRUE);
		return;
	}
	g_string_append_printf(text, "line %" PRIu64 ": irq %u, CPU %d vector %u", c->line, c->irq,
	                       c->before.cpu, c->before.vector);
	if (c->assigned) {
		g_string_append_printf(text, " to CPU %u vector %u", c->new_cpu, c->new_vector);
	}
	g_string_append_c(text, '\n');
	describe_writes(text, "recording", c->writes, c->writes_count);
	describe_writes(text, "model", model, model_count);
	s->counts.divergence_line = c->line;
	s->counts.divergence = g_string_free(text, FALSE);
}

/* Which CPUs the model's are: its machine has as many as a change can name, and two more. */
struct model_cpus {
	bool flat; /* the CPUs themselves, with the addresses that follow from their numbers */
	uint32_t cpu[WRITE_MODEL_CPUS];
	uint32_t count;
};

static uint32_t model_cpu(struct model_cpus *cpus, uint32_t cpu)
{
	if (cpus->flat) {
		return cpu;
	}
	for (uint32_t i = 0; i < cpus->count; i++) {
		if (cpus->cpu[i] == cpu) {
			return i;
		}
	}
	cpus->cpu[cpus->count] = cpu;
	return cpus->count++;
}

static bool mask_covers(const struct change *c, uint32_t cpu)
{
	return cpu / 64 < c->mask_words;
}

static bool mask_has(const struct change *c, uint32_t cpu)
{
	return mask_covers(c, cpu) && c->mask[cpu / 64] >> (cpu % 64) & 1;
}

static struct write_change to_model(const struct write_sequences *s, const struct change *c,
                                    uint32_t writer_cpu, bool can_reserve, struct model_cpus *cpus)
{
	uint32_t cpu = (uint32_t)c->before.cpu;
	bool silent = c->assigned && !c->traced && writer_cpu == cpu;
	bool online = !(s->offline[cpu / 64] >> (cpu % 64) & 1) && !silent;
	uint32_t vector = c->before.vector;

	return (struct write_change){
		.writer_cpu = model_cpu(cpus, writer_cpu),
		.old_cpu = model_cpu(cpus, cpu),
		.old_vector = vector == VECTOR_PARKED ? 0 : vector,
		.new_cpu = model_cpu(cpus, c->new_cpu),
		.new_vector = c->new_vector,
		.assigned = c->assigned,
		.stays = mask_has(c, cpu) && online,
		.started = c->before.started,
		.can_reserve = can_reserve,
	};
}

/* The model's addresses, which are flat, as the recorded machine's. False: a destination is unknown. */
static bool to_recorded(const struct write_sequences *s, const struct model_cpus *cpus,
                        struct message_write *writes, size_t count)
{
	bool known = true;

	for (size_t i = 0; i < MIN(count, MESSAGE_WRITES_MAX); i++) {
		uint32_t bits = (uint32_t)(writes[i].address >> 12) & 0xff;
		uint32_t named = bits ? (uint32_t)__builtin_ctz(bits) : cpus->count;
		if (named >= cpus->count) {
			return false;
		}
		const struct destination *d = &s->destinations[cpus->cpu[named]];
		known = known && d->known;
		writes[i].address = d->address | (s->logical == YES ? LAPIC_ADDRESS_LOGICAL : 0);
	}
	return known;
}

static enum write_sequence kind_of(const struct change *c)
{
	if (c->before.remapped == YES) {
		return SEQUENCE_REMAPPED;
	}
	if (!c->assigned) {
		return c->writes_count ? SEQUENCE_UNCHANGED : SEQUENCE_NONE;
	}
	return c->writes_count == 2 ? SEQUENCE_TWO : SEQUENCE_ONE;
}

/* What the model writes for a change if its interrupt has the reservation bit, or has it not. */
struct model_answer {
	bool possible; /* the bit may be so */
	bool known;    /* and all destinations are */
	bool fits;
	size_t count;
	struct message_write writes[MESSAGE_WRITES_MAX];
};

static void ask_model(struct write_sequences *s, const struct change *c, uint32_t writer_cpu,
                      bool can_reserve, bool flat, struct model_answer *answer)
{
	bool remapped = c->before.remapped == YES;
	struct model_cpus cpus = { .flat = flat };
	struct write_change change = to_model(s, c, writer_cpu, can_reserve, &cpus);

	answer->count = write_model_run(remapped ? s->remapped : s->plain, &change, answer->writes);
	answer->known = flat || remapped || to_recorded(s, &cpus, answer->writes, answer->count);
	answer->fits = answer->known && same_writes(answer->writes, answer->count, c);
}

/* The model under each reservation bit that is possible; what only one of them explains, tells it. */
static void compare_change(struct write_sequences *s, const struct change *c, uint32_t writer_cpu,
                           bool flat)
{
	struct irq *irq = irq_of(s, c->irq);
	struct model_answer answer[2] = { 0 };
	bool undecided = false;

	for (int bit = NO; bit <= YES; bit++) {
		answer[bit].possible = !irq->told || irq->reservable == bit;
		if (answer[bit].possible) {
			ask_model(s, c, writer_cpu, bit, flat, &answer[bit]);
			/* Another number of messages differs, whatever their destinations are. */
			undecided |= !answer[bit].known && answer[bit].count == c->writes_count;
		}
	}
	bool fits = answer[NO].fits || answer[YES].fits;
	if (undecided && !fits) {
		cannot_compare(s, c->line, SEQUENCE_NO_DESTINATION);
		return;
	}
	s->counts.compared++;
	s->counts.messages += c->writes_count;
	s->counts.by_destination += !flat && c->before.remapped != YES;
	if (!fits) {
		const struct model_answer *shown = &answer[irq->reservable == YES ? YES : NO];
		diverge(s, c, shown->writes, shown->count);
		return;
	}
	s->counts.equal[kind_of(c)]++;
	if (!irq->told && !undecided && answer[NO].fits != answer[YES].fits) {
		enum known bit = answer[YES].fits ? YES : NO;
		s->counts.concluded += irq->reservable == UNKNOWN;
		s->counts.revised += irq->reservable != UNKNOWN && irq->reservable != bit;
		irq->reservable = (int8_t)bit;
	}
}

/* One whole message for a CPU that is known: whatever the strategy, that is where the interrupt is now. */
static void learn_from_change(struct write_sequences *s, const struct change *c)
{
	uint32_t cpu = c->assigned ? c->new_cpu : (uint32_t)c->before.cpu;
	uint32_t vector = c->assigned ? c->new_vector : c->before.vector;

	if (c->writes_count == 1 && (c->writes[0].data & 0xff) == vector) {
		learn_destination(s, cpu, c->writes[0].address & ~(uint64_t)LAPIC_ADDRESS_LOGICAL,
		                  false, c->line);
	}
}

static bool is_flat(const struct write_sequences *s, const struct change *c, uint32_t writer_cpu)
{
	return writer_cpu < WRITE_MODEL_CPUS && c->before.cpu < WRITE_MODEL_CPUS &&
	       c->new_cpu < WRITE_MODEL_CPUS && s->logical != NO;
}

static void close_change(struct write_sequences *s, uint32_t writer_cpu)
{
	struct change *c = &s->changes[writer_cpu];

	if (!c->open) {
		return;
	}
	c->open = false;
	if (c->before.remapped == UNKNOWN) {
		cannot_compare(s, c->line, SEQUENCE_NO_MESSAGE);
	} else if (c->before.cpu < 0) {
		cannot_compare(s, c->line, SEQUENCE_NO_TARGET);
	} else if (!c->assigned && !mask_covers(c, (uint32_t)c->before.cpu)) {
		cannot_compare(s, c->line, SEQUENCE_SHORT_MASK);
	} else {
		bool flat = is_flat(s, c, writer_cpu);
		if (!flat && c->before.remapped == NO) {
			learn_from_change(s, c);
		}
		compare_change(s, c, writer_cpu, flat);
	}
}

static void open_change(struct write_sequences *s, const struct ftrace_event *e, uint32_t number)
{
	struct irq *irq = irq_of(s, number);
	struct change *c = &s->changes[e->cpu];
	uint64_t *mask = c->mask ? c->mask : g_new(uint64_t, FTRACE_MASK_WORDS);

	s->counts.changes++;
	s->changes_end = MAX(s->changes_end, e->cpu + 1);
	*c = (struct change){
		.open = true,
		.irq = number,
		.line = e->line,
		.before = *irq,
		.mask = mask,
		.mask_words = MIN(e->mask_words, FTRACE_MASK_WORDS),
	};
	memcpy(mask, e->mask, c->mask_words * sizeof(mask[0]));
	/* irq_startup() sets the affinity before it starts the interrupt. */
	irq->started = irq->started || irq->starting;
	irq->starting = false;
}

static void set_target(struct irq *irq, const struct ftrace_event *e)
{
	int64_t cpu = e->value[FTRACE_CPU], vector = e->value[FTRACE_VECTOR];

	if (cpu >= 0 && cpu < FTRACE_CPUS_MAX && vector >= 0 && vector < 256) {
		irq->cpu = (int16_t)cpu;
		irq->vector = (uint16_t)vector;
	}
}

/* Of a remapped interrupt it is the destination of the remap entry, which is the same for a CPU. */
static void take_config(struct write_sequences *s, const struct ftrace_event *e, struct irq *irq)
{
	int64_t cpu = e->value[FTRACE_CPU], destination = e->value[FTRACE_APICDEST];

	set_target(irq, e);
	if (ftrace_has(e, FTRACE_APICDEST) && cpu >= 0 && cpu < FTRACE_CPUS_MAX && destination >= 0 &&
	    destination < DESTINATION_END) {
		uint64_t plain = (uint64_t)destination & 0xff, extended = (uint64_t)destination >> 8;
		learn_destination(s, (uint32_t)cpu,
		                  LAPIC_ADDRESS_BASE | plain << 12 | extended << 5, true, e->line);
	}
}

static void take_update(struct write_sequences *s, const struct ftrace_event *e, struct irq *irq,
                        uint32_t number)
{
	struct change *c = &s->changes[e->cpu];

	if (e->kind == FT_VECTOR_UPDATE && c->open && c->irq == number && c->before.cpu < 0) {
		int64_t cpu = e->value[FTRACE_PREV_CPU], vector = e->value[FTRACE_PREV_VECTOR];
		if (cpu >= 0 && cpu < FTRACE_CPUS_MAX && vector >= 0 && vector < 256) {
			c->before.cpu = (int16_t)cpu;
			c->before.vector = (uint16_t)vector;
		}
	}
	set_target(irq, e);
	if (c->open && c->irq == number) {
		c->assigned = true;
		c->traced = c->traced || e->kind == FT_VECTOR_UPDATE;
		c->new_cpu = (uint32_t)MAX(irq->cpu, 0);
		c->new_vector = irq->vector;
	}
}

static void take_message(struct write_sequences *s, const struct ftrace_event *e, struct irq *irq,
                         uint32_t number)
{
	struct change *c = &s->changes[e->cpu];
	uint64_t low = (uint32_t)e->value[FTRACE_ADDR_LO];

	/* All zero: the interrupt is given up. */
	if (low == 0 || !c->open || c->irq != number) {
		close_change(s, e->cpu);
	}
	if (low == 0) {
		return;
	}
	irq->remapped = low & ADDRESS_REMAPPED ? YES : NO;
	if (irq->remapped == NO && s->logical == UNKNOWN) {
		s->logical = low & LAPIC_ADDRESS_LOGICAL ? YES : NO;
	}
	if (c->open) {
		c->before.remapped = irq->remapped;
		if (c->writes_count < MESSAGE_WRITES_MAX) {
			c->writes[c->writes_count] = (struct message_write){
				(uint64_t)(uint32_t)e->value[FTRACE_ADDR_HI] << 32 | low,
				(uint32_t)e->value[FTRACE_DATA],
			};
		}
		c->writes_count++;
	}
}

/*
 * The first activation of an MSI that can wait for its vector asks for a reservation, that of another
 * one for a vector. The event's can_reserve is the vector domain's wish, which the interrupt core may
 * take back; only a 0 is certain. Managed interrupts are set aside in another way and never have the
 * bit.
 */
static void take_activation(const struct ftrace_event *e, struct irq *irq)
{
	bool told = ftrace_has(e, FTRACE_CAN_RESERVE) && ftrace_has(e, FTRACE_RESERVE) &&
	            ftrace_has(e, FTRACE_IS_MANAGED);

	if (told && (e->value[FTRACE_IS_MANAGED] || !e->value[FTRACE_CAN_RESERVE])) {
		irq->reservable = NO;
		irq->told = true;
	} else if (told && irq->fresh) {
		irq->reservable = e->value[FTRACE_RESERVE] ? YES : NO;
		irq->told = true;
	}
	irq->fresh = false;
	irq->started = false;
	irq->starting = true;
}

static void take_of_irq(struct write_sequences *s, const struct ftrace_event *e)
{
	int64_t number = e->value[FTRACE_IRQ];

	if (number < 0 || number >= IRQS_MAX) {
		if (e->kind == FT_K_DO_SET_AFFINITY) {
			s->counts.changes++;
			cannot_compare(s, e->line, SEQUENCE_TOO_MANY);
		}
		return;
	}
	struct irq *irq = irq_of(s, (uint32_t)number);
	switch (e->kind) {
	case FT_K_DO_SET_AFFINITY:
		open_change(s, e, (uint32_t)number);
		break;
	case FT_K_UPDATE_VECTOR:
	case FT_VECTOR_UPDATE:
		take_update(s, e, irq, (uint32_t)number);
		break;
	case FT_K_MSI_WRITE:
		take_message(s, e, irq, (uint32_t)number);
		break;
	case FT_VECTOR_CONFIG:
		take_config(s, e, irq);
		break;
	case FT_VECTOR_SETUP:
	case FT_VECTOR_TEARDOWN:
		forget_irq(s, irq);
		irq->fresh = e->kind == FT_VECTOR_SETUP;
		break;
	case FT_VECTOR_ACTIVATE:
		take_activation(e, irq);
		break;
	default:
		break;
	}
}

/* What can happen within a change; anything else ends the one before it on that CPU. */
static bool is_within_change(enum ftrace_kind kind)
{
	switch (kind) {
	case FT_MATRIX_ALLOC:
	case FT_MATRIX_ALLOC_MANAGED:
	case FT_MATRIX_FREE:
	case FT_VECTOR_ALLOC:
	case FT_VECTOR_ALLOC_MANAGED:
	case FT_VECTOR_UPDATE:
	case FT_VECTOR_CONFIG:
	case FT_K_ALLOC:
	case FT_K_ALLOC_RET:
	case FT_K_ALLOC_MANAGED:
	case FT_K_ALLOC_MANAGED_RET:
	case FT_K_MATRIX_FREE:
	case FT_K_UPDATE_VECTOR:
	case FT_K_MSI_WRITE:
	case FT_K_RETRIGGER:
		return true;
	default:
		return false;
	}
}

static void break_off(struct write_sequences *s)
{
	for (uint32_t cpu = 0; cpu < s->changes_end; cpu++) {
		if (s->changes[cpu].open) {
			s->changes[cpu].open = false;
			cannot_compare(s, s->changes[cpu].line, SEQUENCE_GAP);
		}
	}
}

void write_sequences_event(struct write_sequences *s, const struct ftrace_event *e)
{
	if (e->kind == FT_GAP) {
		break_off(s);
		forget_all(s);
		return;
	}
	if (e->cpu >= FTRACE_CPUS_MAX) {
		return;
	}
	if (!is_within_change(e->kind)) {
		close_change(s, e->cpu);
	}
	if (e->kind == FT_K_FIXUP_IRQS) {
		s->offline[e->cpu / 64] |= UINT64_C(1) << (e->cpu % 64);
	} else if (e->kind == FT_K_LAPIC_ONLINE || e->kind == FT_MATRIX_ONLINE) {
		s->offline[e->cpu / 64] &= ~(UINT64_C(1) << (e->cpu % 64));
	}
	if (ftrace_has(e, FTRACE_IRQ)) {
		take_of_irq(s, e);
	}
}

int write_sequences_reservable(const struct write_sequences *s, uint32_t irq)
{
	return irq < s->irqs_end ? s->irqs[irq].reservable : s->reservable;
}

bool write_sequences_remapped(const struct write_sequences *s, uint32_t irq)
{
	return irq < s->irqs_end && s->irqs[irq].remapped == YES;
}

/* Of a change that nothing follows on its CPU it is not known whether all of it is there. */
const struct write_sequence_counts *write_sequences_end(struct write_sequences *s)
{
	break_off(s);
	return &s->counts;
}

const char *write_sequence_text(enum write_sequence kind)
{
	static const char *const texts[WRITE_SEQUENCES] = {
		[SEQUENCE_NONE] = "refused, none",
		[SEQUENCE_REMAPPED] = "remapped, none",
		[SEQUENCE_UNCHANGED] = "the same message again",
		[SEQUENCE_ONE] = "the new message",
		[SEQUENCE_TWO] = "a temporary and the new message",
	};

	return texts[kind];
}

const char *sequence_incomparable_text(enum sequence_incomparable why)
{
	static const char *const texts[SEQUENCE_INCOMPARABLE] = {
		[SEQUENCE_NO_MESSAGE] = "no message of the interrupt is recorded: it is not an MSI, "
		                        "or was programmed earlier",
		[SEQUENCE_NO_TARGET] = "nothing tells where the interrupt was",
		[SEQUENCE_NO_DESTINATION] = "nothing tells a CPU's APIC ID",
		[SEQUENCE_SHORT_MASK] = "the probe recorded fewer CPUs than there are",
		[SEQUENCE_GAP] = "the recording has a gap there, or ends",
		[SEQUENCE_TOO_MANY] = "the interrupt's number is 65536 or higher",
	};

	return texts[why];
}

static void print_destinations(const struct write_sequence_counts *counts, FILE *out)
{
	if (counts->by_destination) {
		fprintf(out,
		        "           %8" PRIu64 " of them by the CPUs' APIC IDs",
		        counts->by_destination);
		if (counts->destinations_learned) {
			fprintf(out, "; %" PRIu64 " of these only messages tell",
			        counts->destinations_learned);
		}
		fputc('\n', out);
	}
	if (counts->by_destination && counts->destination_contradictions) {
		fprintf(out,
		        "           %8" PRIu64
		        " times a CPU's APIC ID is another one than before, the first in line %" PRIu64 "\n",
		        counts->destination_contradictions,
		        counts->destination_contradictions_line);
	}
}

void write_sequences_print(const struct write_sequence_counts *counts, FILE *out)
{
	uint64_t equal = 0;

	if (counts->changes == 0) {
		fputs("writes     not compared: no probe k_do_set_affinity shows an affinity change\n",
		      out);
		return;
	}
	for (int i = 0; i < WRITE_SEQUENCES; i++) {
		equal += counts->equal[i];
	}
	fprintf(out,
	        "writes     %" PRIu64 " affinity changes, %" PRIu64 " compared with the model, %" PRIu64
	        " equal; %" PRIu64 " messages\n",
	        counts->changes, counts->compared, equal, counts->messages);
	for (int i = 0; i < WRITE_SEQUENCES; i++) {
		if (counts->equal[i]) {
			fprintf(out, "           %8" PRIu64 " %s\n", counts->equal[i],
			        write_sequence_text((enum write_sequence)i));
		}
	}
	print_destinations(counts, out);
	if (counts->concluded) {
		fprintf(out,
		        "           whether %" PRIu64 " of the interrupts can be reserved is not recorded "
		        "and follows from their own changes",
		        counts->concluded);
		if (counts->revised) {
			fprintf(out, ", which need that bit to change %" PRIu64 " times",
			        counts->revised);
		}
		fputc('\n', out);
	}
	for (int i = 0; i < SEQUENCE_INCOMPARABLE; i++) {
		if (counts->incomparable[i]) {
			fprintf(out,
			        "not comparable: %" PRIu64 " changes, the first in line %" PRIu64 ": %s\n",
			        counts->incomparable[i], counts->incomparable_line[i],
			        sequence_incomparable_text((enum sequence_incomparable)i));
		}
	}
	if (counts->divergences) {
		fprintf(out, "divergence %" PRIu64 " sequences of writes, the first in %s",
		        counts->divergences, counts->divergence);
	}
}
