/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "sim/trace_chrome.h"

static const struct trace_track cpu1 = { TRACE_CPU, 1 }, nic = { TRACE_DEVICE, 0 },
				mover = { TRACE_ACTOR, 7 };

static gchar *path_of_test(void)
{
	gchar *path = NULL;
	int fd = g_file_open_tmp("msirace-trace-XXXXXX.json", &path, NULL);

	cr_assert_geq(fd, 0);
	g_close(fd, NULL);
	return path;
}

static JsonArray *read_back(const char *path, JsonParser **parser)
{
	GError *error = NULL;

	*parser = json_parser_new();
	cr_assert(json_parser_load_from_file(*parser, path, &error), "%s",
		  error ? error->message : "");
	g_unlink(path);
	return json_node_get_array(json_parser_get_root(*parser));
}

static struct trace *open_trace(const char *path, uint64_t from_ps, uint64_t to_ps)
{
	char *error;
	struct trace *trace = trace_open(path, from_ps, to_ps, &error);

	cr_assert_not_null(trace, "%s", error);
	return trace;
}

static void close_trace(struct trace *trace)
{
	char *error;

	cr_assert(trace_close(trace, &error), "%s", error);
	cr_assert_null(error);
}

static const char *phase_of(JsonArray *events, guint i)
{
	return json_object_get_string_member(json_array_get_object_element(events, i), "ph");
}

Test(trace, empty_is_valid)
{
	JsonParser *parser;
	gchar *path = path_of_test();

	close_trace(open_trace(path, 0, UINT64_MAX));
	cr_assert_eq(json_array_get_length(read_back(path, &parser)), 0);
	g_object_unref(parser);
	g_free(path);
}

Test(trace, events)
{
	JsonParser *parser;
	gchar *path = path_of_test();
	struct trace *trace = open_trace(path, 0, UINT64_MAX);

	trace_track_name(trace, cpu1, "cpu1");
	trace_track_name(trace, nic, "nic \"0\"\n\\ \x01 \xff");
	trace_track_name(trace, mover, "mover");
	trace_instant(trace, nic, 1, "raise", NULL);
	trace_complete(trace, cpu1, UINT64_C(9007199254740993), 1000001, "handler",
		       "\"vector\":33,\"torn\":true");
	trace_flow(trace, nic, 1000, cpu1, 500000, "message", NULL);
	close_trace(trace);

	JsonArray *events = read_back(path, &parser);
	/* Two for each kind, two for each track, one, one, and four for the arrow. */
	cr_assert_eq(json_array_get_length(events), 6 + 6 + 2 + 4);
	JsonObject *handler = json_array_get_object_element(events, 13);
	cr_assert_str_eq(json_object_get_string_member(handler, "ph"), "X");
	cr_assert_eq(json_object_get_int_member(json_object_get_object_member(handler, "args"),
						"vector"),
		     33);
	cr_assert_str_eq(phase_of(events, 12), "i");
	cr_assert_str_eq(phase_of(events, 14), "X");
	cr_assert_str_eq(phase_of(events, 15), "s");
	cr_assert_str_eq(phase_of(events, 16), "X");
	cr_assert_str_eq(phase_of(events, 17), "f");
	cr_assert_eq(json_object_get_int_member(json_array_get_object_element(events, 15), "id"),
		     json_object_get_int_member(json_array_get_object_element(events, 17), "id"));
	g_object_unref(parser);
	g_free(path);
}

Test(trace, times_are_exact_picoseconds)
{
	gchar *text, *path = path_of_test();
	struct trace *trace = open_trace(path, 0, UINT64_MAX);

	trace_instant(trace, nic, 1, "a", NULL);
	trace_complete(trace, cpu1, UINT64_C(9007199254740991), 1000001, "b", NULL);
	close_trace(trace);
	cr_assert(g_file_get_contents(path, &text, NULL, NULL));
	cr_assert_not_null(strstr(text, "\"ts\":0.000001,"));
	cr_assert_not_null(strstr(text, "\"ts\":9007199254.740991,\"dur\":1.000001}"));
	g_unlink(path);
	g_free(text);
	g_free(path);
}

Test(trace, window)
{
	JsonParser *parser;
	gchar *path = path_of_test();
	struct trace *trace = open_trace(path, 1000000, 2000000);

	cr_assert_not(trace_wants(trace, 0, 1000000));
	cr_assert(trace_wants(trace, 0, 1000001));
	cr_assert(trace_wants(trace, 1000000, 1000000));
	cr_assert_not(trace_wants(trace, 2000000, 2000000));
	trace_instant(trace, nic, 999999, "before", NULL);
	trace_instant(trace, nic, 1000000, "first", NULL);
	trace_instant(trace, nic, 1999999, "last", NULL);
	trace_instant(trace, nic, 2000000, "after", NULL);
	trace_complete(trace, cpu1, 0, 1000000, "before", NULL);
	trace_complete(trace, cpu1, 500000, UINT64_MAX, "through", NULL);
	trace_flow(trace, nic, 999999, cpu1, 1500000, "begins before", NULL);
	trace_flow(trace, nic, 1500000, cpu1, 2000000, "ends after", NULL);
	close_trace(trace);

	JsonArray *events = read_back(path, &parser);
	cr_assert_eq(json_array_get_length(events), 3);
	JsonObject *through = json_array_get_object_element(events, 2);
	cr_assert_float_eq(json_object_get_double_member(through, "ts"), 1.0, 1e-9);
	cr_assert_float_eq(json_object_get_double_member(through, "dur"), 1.0, 1e-9);
	g_object_unref(parser);
	g_free(path);
}

Test(trace, errors)
{
	char *error;

	cr_assert_null(trace_open("/nonexistent/trace.json", 0, 1, &error));
	cr_assert_str_eq(error, "/nonexistent/trace.json: cannot write: No such file or directory");
	g_free(error);
	cr_assert_null(trace_open("trace.json", 5, 5, &error));
	cr_assert_str_eq(error, "trace.json: the trace window is empty");
	g_free(error);
}

Test(trace, a_full_disk_is_reported)
{
	char *error;
	struct trace *trace = open_trace("/dev/full", 0, UINT64_MAX);

	for (uint64_t i = 0; i < 10000; i++) {
		trace_instant(trace, nic, i, "raise", NULL);
	}
	cr_assert_not(trace_close(trace, &error));
	cr_assert_str_eq(error, "/dev/full: cannot write: No space left on device");
	g_free(error);
}
