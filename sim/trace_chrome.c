/* SPDX-License-Identifier: MIT */
#include "sim/trace_chrome.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include "sim/json_write.h"
#include "sim/output_file.h"

/*
 * Threads are told apart by their number alone in some viewers: a kind's tracks start at a multiple
 * of this.
 */
#define TRACKS_PER_KIND 1000000u

/* The span at either end of an arrow: an arrow without one is not drawn. */
#define ARROW_END_PS 1000u

struct trace {
	struct output_file *file;
	FILE *out;     /* file's */
	gchar *path;
	uint64_t from_ps;
	uint64_t to_ps;
	uint64_t arrows;
	bool filled;
	bool kind_named[TRACE_ACTOR + 1];
	int error;     /* errno of the first write that failed; 0: none */
	GString *text; /* one event, reused */
};

struct trace *trace_open(const char *path, uint64_t from_ps, uint64_t to_ps, char **error)
{
	*error = NULL;
	if (from_ps >= to_ps) {
		*error = g_strdup_printf("%s: the trace window is empty", path);
		return NULL;
	}
	int code;
	struct output_file *file = output_file_open(path, &code);
	if (file == NULL) {
		*error = g_strdup_printf("%s: cannot write: %s", path, g_strerror(code));
		return NULL;
	}
	struct trace *trace = g_new0(struct trace, 1);
	trace->file = file;
	trace->out = output_file_stream(file);
	trace->path = g_strdup(path);
	trace->from_ps = from_ps;
	trace->to_ps = to_ps;
	trace->text = g_string_new(NULL);
	return trace;
}

/*
 * The members that every event begins with:
 * {"ph":"X","pid":1,"tid":1000000,"ts":0.000001,"name":"..."
 */
static void event_begin(struct trace *trace, char phase, struct trace_track track, const char *name)
{
	g_string_assign(trace->text, trace->filled ? ",\n" : "[\n");
	g_string_append_printf(trace->text,
			       "{\"ph\":\"%c\",\"pid\":%u,\"tid\":%" PRIu64 ",\"name\":", phase,
			       track.kind, (uint64_t)track.kind * TRACKS_PER_KIND + track.id);
	json_append_quoted(trace->text, name);
	trace->filled = true;
}

static void event_time(struct trace *trace, const char *key, uint64_t time_ps)
{
	g_string_append_printf(trace->text, ",\"%s\":%" PRIu64 ".%06" PRIu64, key,
			       time_ps / 1000000u, time_ps % 1000000u);
}

static void put(struct trace *trace)
{
	if (trace->error == 0 &&
	    fwrite(trace->text->str, 1, trace->text->len, trace->out) != trace->text->len) {
		trace->error = errno;
	}
}

static void event_end(struct trace *trace, const char *args)
{
	if (args) {
		g_string_append_printf(trace->text, ",\"args\":{%s}", args);
	}
	g_string_append_c(trace->text, '}');
	put(trace);
}

static void event_end_with_name(struct trace *trace, const char *name)
{
	g_string_append(trace->text, ",\"args\":{\"name\":");
	json_append_quoted(trace->text, name);
	g_string_append(trace->text, "}}");
	put(trace);
}

void trace_origin(struct trace *trace, const char *args)
{
	event_begin(trace, 'M', (struct trace_track){ TRACE_CPU, 0 }, TRACE_ORIGIN);
	event_end(trace, args);
}

static void name_kind(struct trace *trace, struct trace_track track)
{
	static const char *const names[] = {
		[TRACE_CPU] = "CPUs",
		[TRACE_DEVICE] = "devices",
		[TRACE_ACTOR] = "software",
	};

	if (trace->kind_named[track.kind]) {
		return;
	}
	trace->kind_named[track.kind] = true;
	event_begin(trace, 'M', track, "process_name");
	event_end_with_name(trace, names[track.kind]);
	event_begin(trace, 'M', track, "process_sort_index");
	g_string_append_printf(trace->text, ",\"args\":{\"sort_index\":%u}}", track.kind);
	put(trace);
}

void trace_track_name(struct trace *trace, struct trace_track track, const char *name)
{
	name_kind(trace, track);
	event_begin(trace, 'M', track, "thread_name");
	event_end_with_name(trace, name);
	event_begin(trace, 'M', track, "thread_sort_index");
	g_string_append_printf(trace->text, ",\"args\":{\"sort_index\":%u}}", track.id);
	put(trace);
}

bool trace_wants(const struct trace *trace, uint64_t begin_ps, uint64_t end_ps)
{
	return begin_ps < trace->to_ps && (end_ps > trace->from_ps || begin_ps >= trace->from_ps);
}

void trace_instant(struct trace *trace, struct trace_track track, uint64_t at_ps, const char *name,
		   const char *args)
{
	if (!trace_wants(trace, at_ps, at_ps)) {
		return;
	}
	event_begin(trace, 'i', track, name);
	event_time(trace, "ts", at_ps);
	g_string_append(trace->text, ",\"s\":\"t\"");
	event_end(trace, args);
}

void trace_complete(struct trace *trace, struct trace_track track, uint64_t begin_ps,
		    uint64_t duration_ps, const char *name, const char *args)
{
	uint64_t end_ps;

	if (__builtin_add_overflow(begin_ps, duration_ps, &end_ps)) {
		end_ps = UINT64_MAX;
	}
	if (!trace_wants(trace, begin_ps, end_ps)) {
		return;
	}
	begin_ps = MAX(begin_ps, trace->from_ps);
	end_ps = MIN(end_ps, trace->to_ps);
	event_begin(trace, 'X', track, name);
	event_time(trace, "ts", begin_ps);
	event_time(trace, "dur", end_ps - begin_ps);
	event_end(trace, args);
}

static void arrow_end(struct trace *trace, char phase, struct trace_track track, uint64_t at_ps,
		      const char *name, const char *args)
{
	trace_complete(trace, track, at_ps, ARROW_END_PS, name, args);
	event_begin(trace, phase, track, name);
	event_time(trace, "ts", at_ps);
	g_string_append_printf(trace->text, ",\"cat\":\"message\",\"id\":%" PRIu64 "%s",
			       trace->arrows, phase == 'f' ? ",\"bp\":\"e\"" : "");
	event_end(trace, args);
}

void trace_flow(struct trace *trace, struct trace_track from, uint64_t from_ps,
		struct trace_track to, uint64_t to_ps, const char *name, const char *args)
{
	if (from_ps < trace->from_ps || to_ps >= trace->to_ps) {
		return;
	}
	trace->arrows++;
	arrow_end(trace, 's', from, from_ps, name, args);
	arrow_end(trace, 'f', to, to_ps, name, args);
}

bool trace_close(struct trace *trace, char **error)
{
	*error = NULL;
	g_string_assign(trace->text, trace->filled ? "\n]\n" : "[]\n");
	put(trace);
	int finished = output_file_finish(trace->file);
	int code = trace->error ? trace->error : finished;
	if (code) {
		*error = g_strdup_printf("%s: cannot write: %s", trace->path, g_strerror(code));
	}
	g_string_free(trace->text, TRUE);
	g_free(trace->path);
	g_free(trace);
	return code == 0;
}
