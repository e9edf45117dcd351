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
	uint64_t mask; /* of the first CPUs, which are all that are compared */
	bool assigned;
	bool traced; /* by a tracepoint: the CPU is not on its way off line */
	uint32_t new_cpu;
	uint32_t new_vector;
	struct message_write writes[MESSAGE_WRITES_MAX];
	size_t writes_count;
};

struct write_sequences {
	struct write_model *plain;
	struct write_model *remapped;
	int reservable;
	struct irq *irqs;       /* [IRQS_MAX] */
	struct change *changes; /* [FTRACE_CPUS_MAX]: by the CPU that makes it */
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

static void forget_all(struct write_sequences *s)
{
	for (size_t i = 0; i < IRQS_MAX; i++) {
		forget_irq(s, &s->irqs[i]);
	}
	memset(s->offline, 0, sizeof(s->offline));
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
	g_free(s->changes);
	g_free(s->counts.divergence);
	g_free(s);
}

static void cannot_compare(struct write_sequences *s, uint64_t line, enum sequence_incomparable why)
{
	if (s->counts.incomparable[why]++ == 0) {
		s->counts.incomparable_line[why] = line;
	}
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
	s->counts.divergence = g_string_free(text, FALSE);
}

static struct write_change to_model(const struct write_sequences *s, const struct change *c,
                                    uint32_t writer_cpu, bool can_reserve)
{
	uint32_t cpu = (uint32_t)c->before.cpu;
	bool silent = c->assigned && !c->traced && writer_cpu == cpu;
	bool online = !(s->offline[cpu / 64] >> (cpu % 64) & 1) && !silent;
	uint32_t vector = c->before.vector;

	return (struct write_change){
		.writer_cpu = writer_cpu,
		.old_cpu = cpu,
		.old_vector = vector == VECTOR_PARKED ? 0 : vector,
		.new_cpu = c->new_cpu,
		.new_vector = c->new_vector,
		.assigned = c->assigned,
		.stays = (c->mask >> cpu & 1) && online,
		.started = c->before.started,
		.can_reserve = can_reserve,
	};
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

/* The model under each reservation bit that is possible; what only one of them explains, tells it. */
static void compare_change(struct write_sequences *s, const struct change *c, uint32_t writer_cpu)
{
	struct write_model *model = c->before.remapped == YES ? s->remapped : s->plain;
	struct irq *irq = &s->irqs[c->irq];
	struct message_write writes[2][MESSAGE_WRITES_MAX];
	size_t count[2];
	bool fits[2] = { false, false };

	s->counts.compared++;
	s->counts.messages += c->writes_count;
	for (int bit = NO; bit <= YES; bit++) {
		if (!irq->told || irq->reservable == bit) {
			struct write_change change = to_model(s, c, writer_cpu, bit);
			count[bit] = write_model_run(model, &change, writes[bit]);
			fits[bit] = same_writes(writes[bit], count[bit], c);
		}
	}
	if (!fits[NO] && !fits[YES]) {
		int shown = irq->reservable == YES ? YES : NO;
		diverge(s, c, writes[shown], count[shown]);
		return;
	}
	s->counts.equal[kind_of(c)]++;
	if (!irq->told && fits[NO] != fits[YES]) {
		enum known bit = fits[YES] ? YES : NO;
		s->counts.concluded += irq->reservable == UNKNOWN;
		s->counts.revised += irq->reservable != UNKNOWN && irq->reservable != bit;
		irq->reservable = (int8_t)bit;
	}
}

static bool is_physical(const struct change *c)
{
	bool logical = true;

	for (size_t i = 0; i < MIN(c->writes_count, MESSAGE_WRITES_MAX); i++) {
		logical = logical && c->writes[i].address & LAPIC_ADDRESS_LOGICAL;
	}
	return !logical;
}

static void close_change(struct write_sequences *s, uint32_t writer_cpu)
{
	struct change *c = &s->changes[writer_cpu];

	if (!c->open) {
		return;
	}
	c->open = false;
	bool too_far = writer_cpu >= WRITE_MODEL_CPUS || c->before.cpu >= WRITE_MODEL_CPUS ||
	               c->new_cpu >= WRITE_MODEL_CPUS;
	if (c->before.remapped == UNKNOWN) {
		cannot_compare(s, c->line, SEQUENCE_NO_MESSAGE);
	} else if (c->before.cpu < 0) {
		cannot_compare(s, c->line, SEQUENCE_NO_TARGET);
	} else if (too_far || (c->before.remapped == NO && is_physical(c))) {
		cannot_compare(s, c->line, SEQUENCE_PHYSICAL);
	} else {
		compare_change(s, c, writer_cpu);
	}
}

static void open_change(struct write_sequences *s, const struct ftrace_event *e, uint32_t number)
{
	struct irq *irq = &s->irqs[number];
	struct change *c = &s->changes[e->cpu];

	s->counts.changes++;
	*c = (struct change){
		.open = true,
		.irq = number,
		.line = e->line,
		.before = *irq,
		.mask = e->mask_words ? e->mask[0] : 0,
	};
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
	struct irq *irq = &s->irqs[number];
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
		set_target(irq, e);
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
	for (uint32_t cpu = 0; cpu < FTRACE_CPUS_MAX; cpu++) {
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
	return irq < IRQS_MAX ? s->irqs[irq].reservable : UNKNOWN;
}

bool write_sequences_remapped(const struct write_sequences *s, uint32_t irq)
{
	return irq < IRQS_MAX && s->irqs[irq].remapped == YES;
}

/* Of a change that nothing follows on its CPU it is not known whether all of it is there. */
const struct write_sequence_counts *write_sequences_end(struct write_sequences *s)
{
	break_off(s);
	return &s->counts;
}

void write_sequences_print(const struct write_sequence_counts *counts, FILE *out)
{
	static const char *const kinds[WRITE_SEQUENCES] = {
		[SEQUENCE_NONE] = "refused, none",
		[SEQUENCE_REMAPPED] = "remapped, none",
		[SEQUENCE_UNCHANGED] = "the same message again",
		[SEQUENCE_ONE] = "the new message",
		[SEQUENCE_TWO] = "a temporary and the new message",
	};
	static const char *const reasons[SEQUENCE_INCOMPARABLE] = {
		[SEQUENCE_NO_MESSAGE] = "no message of the interrupt is recorded: it is not an MSI, "
		                        "or was programmed earlier",
		[SEQUENCE_NO_TARGET] = "nothing tells where the interrupt was",
		[SEQUENCE_PHYSICAL] = "the machine has more than 8 CPUs, or addresses them by APIC IDs",
		[SEQUENCE_GAP] = "the recording has a gap there, or ends",
		[SEQUENCE_TOO_MANY] = "the interrupt's number is 65536 or higher",
	};
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
			fprintf(out, "           %8" PRIu64 " %s\n", counts->equal[i], kinds[i]);
		}
	}
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
			        counts->incomparable[i], counts->incomparable_line[i], reasons[i]);
		}
	}
	if (counts->divergences) {
		fprintf(out, "divergence %" PRIu64 " sequences of writes, the first in %s",
		        counts->divergences, counts->divergence);
	}
}
