/* SPDX-License-Identifier: MIT */
/* Figures as people read them. */
#ifndef MSIRACE_SIM_REPORT_FORMAT_H
#define MSIRACE_SIM_REPORT_FORMAT_H

#include <glib.h>
#include <stdint.h>

#include "models/timings.h"
#include "sim/metrics.h"

/* The longest line of a report for people, in columns. */
#define REPORT_COLUMNS 110

/* "0", "850ps", "1.234us", "16.6ms", "3.3s": four significant digits; ">17.59s" for INFINITY, "-" for NAN. */
void format_duration(GString *out, double value_ps);

/* By the metric's unit: a duration, or a number of up to four significant digits; counts are written out. */
void format_value(GString *out, int metric, double value);

/* "3.1 [2.9, 3.3]", "0 [0, 0.003]", "3.1 [2.9, -]" where there is no bound, "-" where there is no value, "3" for a fact. */
void format_estimate(GString *out, int metric, const struct estimate *estimate);

/* Appends the words of text, broken before REPORT_COLUMNS. The first line begins where out ends, the others with indent. */
void format_wrapped(GString *out, const char *text, size_t indent);

struct timing_estimate {
	const char *key;
	uint64_t value_ps;
};

/* The next timing, from *position (0 at first) on, that is an estimate left at its default; false: no more. */
bool next_timing_estimate(const struct model_timings *timings, size_t *position, struct timing_estimate *estimate);

#endif
