/* SPDX-License-Identifier: MIT */
#include "sim/report.h"

/*
 * XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF: they become U+FFFD.
 */
static bool is_xml_character(gunichar c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

static void append_escaped(GString *out, const char *text)
{
	gchar *valid = g_utf8_make_valid(text, -1);

	for (gchar *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		switch (c) {
		case '&':
			g_string_append(out, "&amp;");
			break;
		case '<':
			g_string_append(out, "&lt;");
			break;
		case '>':
			g_string_append(out, "&gt;");
			break;
		case '"':
			g_string_append(out, "&quot;");
			break;
		case '\t':
		case '\n':
		case '\r':
			/*
			 * Written as they are, a reader would turn them into spaces inside an
			 * attribute.
			 */
			g_string_append_printf(out, "&#%u;", c);
			break;
		default:
			g_string_append_unichar(out, is_xml_character(c) ? c : 0xfffd);
		}
	}
	g_free(valid);
}

static void append_attribute(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, " %s=\"", name);
	append_escaped(out, value);
	g_string_append_c(out, '"');
}

static void append_time(GString *out, const struct report_options *options, double seconds)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (options->timing) {
		append_attribute(out, "time", g_ascii_formatd(text, sizeof(text), "%.6f", seconds));
	}
}

static void append_property(GString *out, const char *name, const char *value)
{
	g_string_append(out, "\t\t\t<property");
	append_attribute(out, "name", name);
	append_attribute(out, "value", value);
	g_string_append(out, "/>\n");
}

static void append_properties(GString *out, const struct run_result *result,
			      const struct report_options *options)
{
	gchar *seed = g_strdup_printf("%" G_GUINT64_FORMAT, result->scenario->seed);

	g_string_append(out, "\t\t<properties>\n");
	append_property(out, "version", options->version);
	append_property(out, "scenario", result->scenario->file);
	append_property(out, "seed", seed);
	append_property(out, "partial", result->partial ? "true" : "false");
	g_string_append(out, "\t\t</properties>\n");
	g_free(seed);
}

static void append_case(GString *out, const struct scenario *s, const struct expect_outcome *o)
{
	gchar *classname = g_strdup_printf("%s.%s", s->name, s->contenders[o->contender].name);

	g_string_append(out, "\t\t<testcase");
	append_attribute(out, "classname", classname);
	append_attribute(out, "name", o->expectation->text);
	if (o->verdict == EXPECT_HELD) {
		g_string_append(out, "/>\n");
	} else {
		g_string_append_printf(out, ">\n\t\t\t<%s",
				       o->verdict == EXPECT_FAILED ? "failure" : "skipped");
		append_attribute(out, "message", o->message);
		g_string_append(out, "/>\n\t\t</testcase>\n");
	}
	g_free(classname);
}

static void append_counts(GString *out, const struct expect_outcomes *outcomes)
{
	g_string_append_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"",
			       outcomes->count, outcomes->verdicts[EXPECT_FAILED],
			       outcomes->verdicts[EXPECT_INCONCLUSIVE]);
}

GString *report_junit(const struct run_result *result, const struct expect_outcomes *outcomes,
		      const struct report_options *options)
{
	GString *out = g_string_new(
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"msirace\"");

	append_counts(out, outcomes);
	append_time(out, options, result->wall_seconds);
	g_string_append(out, ">\n\t<testsuite");
	append_attribute(out, "name", result->scenario->name);
	append_counts(out, outcomes);
	append_time(out, options, result->wall_seconds);
	g_string_append(out, ">\n");
	append_properties(out, result, options);
	for (size_t i = 0; i < outcomes->count; i++) {
		append_case(out, result->scenario, &outcomes->each[i]);
	}
	g_string_append(out, "\t</testsuite>\n</testsuites>\n");
	return out;
}
