/* SPDX-License-Identifier: MIT */
#include "sim/import/log_match.h"

#include <inttypes.h>

enum cycle_verdict log_cycle_verdict(const struct log_cycle *c)
{
	if (!c->judged) {
		return CYCLE_NOT_JUDGED;
	}
	if (c->raises != 1) {
		return c->raises ? CYCLE_MANY_RAISES : CYCLE_NO_RAISE;
	}
	if (c->messages_count == 0) {
		return CYCLE_NO_MESSAGE;
	}
	return c->stale == c->torn ? CYCLE_AGREES : CYCLE_DIFFERS;
}

const char *log_cycle_text(enum cycle_verdict verdict)
{
	static const char *const texts[CYCLE_VERDICTS] = {
		[CYCLE_AGREES] = "its message says the same",
		[CYCLE_DIFFERS] = "its message says otherwise",
		[CYCLE_NO_RAISE] = "no message of the device arrives in it",
		[CYCLE_MANY_RAISES] = "several messages of the device arrive in it",
		[CYCLE_NO_MESSAGE] = "no whole message is written in it",
		[CYCLE_NOT_JUDGED] = "it has no verdict",
	};

	return texts[verdict];
}

static void close_offline(struct log_match *m)
{
	bool found = false;

	if (!m->open) {
		return;
	}
	m->open = false;
	size_t cycle = m->offlines - 1;
	if (cycle >= m->log->cycles_count) {
		return;
	}
	size_t wanted = m->log->cycles[cycle].messages_count;
	for (size_t i = 0; i < m->irqs_count; i++) {
		found = found || (!m->irqs[i].differs && m->irqs[i].count == wanted);
	}
	m->equal += found;
	if (!found && !m->differing_line) {
		m->differing_line = m->line;
		m->differing_cycle = cycle;
	}
}

static void take_write(struct log_match *m, const struct ftrace_event *e)
{
	size_t cycle = m->offlines - 1, i = 0;
	uint32_t irq = (uint32_t)e->value[FTRACE_IRQ];

	if (cycle >= m->log->cycles_count) {
		return;
	}
	const struct log_cycle *c = &m->log->cycles[cycle];
	while (i < m->irqs_count && m->irqs[i].irq != irq) {
		i++;
	}
	if (i == LOG_MATCH_IRQS) {
		return;
	}
	if (i == m->irqs_count) {
		m->irqs_count++;
		m->irqs[i].irq = irq;
		m->irqs[i].count = 0;
		m->irqs[i].differs = false;
	}
	size_t n = m->irqs[i].count++;
	if (n >= c->messages_count || c->messages[n].address_low != e->value[FTRACE_ADDR_LO] ||
	    c->messages[n].data != e->value[FTRACE_DATA]) {
		m->irqs[i].differs = true;
	}
}

void log_match_event(struct log_match *m, const struct ftrace_event *e)
{
	if (e->kind == FT_K_FIXUP_IRQS) {
		close_offline(m);
		m->offlines++;
		m->open = true;
		m->cpu = e->cpu;
		m->line = e->line;
		m->irqs_count = 0;
	} else if (e->kind == FT_GAP || (e->kind == FT_K_LAPIC_OFFLINE && e->cpu == m->cpu)) {
		close_offline(m);
	} else if (e->kind == FT_K_MSI_WRITE) {
		m->writes++;
		if (m->open && e->cpu == m->cpu) {
			take_write(m, e);
		}
	}
}

void log_match_end(struct log_match *m)
{
	close_offline(m);
}

bool log_match_possible(const struct log_match *m)
{
	return m->offlines > 0 && m->writes > 0;
}

bool log_match_same(const struct log_match *m)
{
	return m->offlines == m->log->cycles_count && m->equal == m->offlines;
}

void log_match_print(const struct log_match *m, FILE *out)
{
	if (!log_match_possible(m)) {
		fputs("trace      says nothing of the log, which stands for itself: it has no "
		      "k_fixup_irqs, or no k_msi_write\n",
		      out);
	} else if (log_match_same(m)) {
		fprintf(out,
		        "trace      of the same run: its %" PRIu64
		        " CPU offlines have the messages of the log's cycles\n",
		        m->offlines);
	} else if (m->offlines != m->log->cycles_count) {
		fprintf(out,
		        "divergence the log is of another run: it has %zu cycles, and the trace %" PRIu64
		        " CPU offlines\n",
		        m->log->cycles_count, m->offlines);
	} else {
		const struct log_cycle *c = &m->log->cycles[m->differing_cycle];
		fprintf(out,
		        "divergence the log is of another run: the trace's CPU offline in line %" PRIu64
		        " does not have the messages of cycle %s %" PRIu64 " in the log's line %" PRIu64
		        "\n",
		        m->differing_line, c->name, c->tag, c->line);
	}
}
