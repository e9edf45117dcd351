/* SPDX-License-Identifier: MIT */
/* A run's events as a trace for Perfetto: a track for each CPU, device and thread. */
#ifndef MSIRACE_SIM_TRACE_RUN_H
#define MSIRACE_SIM_TRACE_RUN_H

#include "sim/engine.h"
#include "sim/run.h"

struct trace_run;

/* NULL, and *error (malloc'ed), where the file cannot be made. *listener is what the engine has to be told. */
struct trace_run *trace_run_open(const struct scenario *s, const struct run_options *options,
				 struct engine_listener *listener, char **error);

/* NULL, or what could not be written, malloc'ed. */
char *trace_run_close(struct trace_run *trace);

#endif
