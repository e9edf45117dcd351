/* SPDX-License-Identifier: MIT */
/*
 * A run as Chrome trace events, in the JSON array format that Perfetto (ui.perfetto.dev) and chrome://tracing open:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsYKqzZsmt ("Trace Event Format").
 *
 * A process of the trace is a kind of track (CPUs, devices, software actors), a thread is a track. Time stamps are in
 * microseconds, with six decimals: whole picoseconds, exactly.
 *
 * Only what touches the window [from_ps, to_ps) is written, as it comes, so memory does not grow with the run. Names may
 * hold any bytes; what is not UTF-8 is replaced.
 */
#ifndef MSIRACE_SIM_TRACE_CHROME_H
#define MSIRACE_SIM_TRACE_CHROME_H

#include <stdbool.h>
#include <stdint.h>

struct trace;

enum trace_kind { TRACE_CPU = 1, TRACE_DEVICE, TRACE_ACTOR };

struct trace_track {
	enum trace_kind kind;
	uint32_t id;         /* of the CPU, device or actor */
};

/*
 * Begins the document of path, which takes the place of a file that is there when the trace is closed
 * (sim/output_file.h). NULL where that fails; *error, g_free()d by the caller, then says why. An empty window
 * (from_ps >= to_ps) is an error. to_ps UINT64_MAX: to the end.
 */
struct trace *trace_open(const char *path, uint64_t from_ps, uint64_t to_ps, char **error);

/*
 * Says where the trace comes from, in a metadata event that viewers pass over; first of all. args as below: its members are
 * scenario, file, strategy, version and seed.
 */
#define TRACE_ORIGIN "msirace trace"
void trace_origin(struct trace *trace, const char *args);

/* Names a track: once, before its first event; also for those that have none. */
void trace_track_name(struct trace *trace, struct trace_track track, const char *name);

/* Does anything at [begin_ps, end_ps] touch the window? To save the making of names. */
bool trace_wants(const struct trace *trace, uint64_t begin_ps, uint64_t end_ps);

/*
 * An event of no duration. args, NULL or the inside of a JSON object ("\"vector\":33,\"torn\":true"), is written as it is:
 * it must be valid JSON members.
 */
void trace_instant(struct trace *trace, struct trace_track track, uint64_t at_ps, const char *name, const char *args);

/* A span, cut at the window's edges: "handler", "interrupts off", a write. */
void trace_complete(struct trace *trace, struct trace_track track, uint64_t begin_ps, uint64_t duration_ps,
		    const char *name, const char *args);

/*
 * An arrow, such as a message from a device to a CPU, drawn where both ends lie in the window. An arrow binds to a span, so
 * one of 1 ns is drawn at either end. args are those of both ends: "fate" is "served", "stray" or "lost".
 */
void trace_flow(struct trace *trace, struct trace_track from, uint64_t from_ps, struct trace_track to, uint64_t to_ps,
		const char *name, const char *args);

/*
 * Ends the document, puts it in its place, and frees the trace. False where any write failed; *error, g_free()d by the
 * caller, then says why, and the file is what it was before.
 */
bool trace_close(struct trace *trace, char **error);

#endif
