/* SPDX-License-Identifier: MIT */
#include "sim/junit.h"

#include <math.h>
#include <stdbool.h>

/* XML 1.0 cannot hold most control characters, nor U+FFFE and U+FFFF. */
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
			/* As they are, a reader would turn them into spaces inside an attribute. */
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

struct counts {
	size_t of[JUNIT_OUTCOMES];
	double seconds;
};

static struct counts count_suite(const struct junit_suite *suite)
{
	struct counts counts = { .seconds = suite->seconds };

	for (size_t i = 0; i < suite->cases_count; i++) {
		counts.of[suite->cases[i].outcome]++;
	}
	return counts;
}

static void append_counts(GString *out, const struct counts *counts)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	const size_t *of = counts->of;

	g_string_append_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"",
			       of[JUNIT_PASSED] + of[JUNIT_FAILED] + of[JUNIT_SKIPPED],
			       of[JUNIT_FAILED], of[JUNIT_SKIPPED]);
	if (!isnan(counts->seconds)) {
		g_ascii_formatd(text, sizeof(text), "%.6f", counts->seconds);
		append_attribute(out, "time", text);
	}
}

static void append_case(GString *out, const struct junit_case *c)
{
	g_string_append(out, "\t\t<testcase");
	append_attribute(out, "classname", c->classname);
	append_attribute(out, "name", c->name);
	if (c->outcome == JUNIT_PASSED) {
		g_string_append(out, "/>\n");
		return;
	}
	g_string_append_printf(out, ">\n\t\t\t<%s",
			       c->outcome == JUNIT_FAILED ? "failure" : "skipped");
	append_attribute(out, "message", c->message);
	g_string_append(out, "/>\n\t\t</testcase>\n");
}

static void append_properties(GString *out, const struct junit_suite *suite)
{
	if (suite->properties_count == 0) {
		return;
	}
	g_string_append(out, "\t\t<properties>\n");
	for (size_t i = 0; i < suite->properties_count; i++) {
		g_string_append(out, "\t\t\t<property");
		append_attribute(out, "name", suite->properties[i].name);
		append_attribute(out, "value", suite->properties[i].value);
		g_string_append(out, "/>\n");
	}
	g_string_append(out, "\t\t</properties>\n");
}

static void append_suite(GString *out, const struct junit_suite *suite)
{
	struct counts counts = count_suite(suite);

	g_string_append(out, "\t<testsuite");
	append_attribute(out, "name", suite->name);
	append_counts(out, &counts);
	g_string_append(out, ">\n");
	append_properties(out, suite);
	for (size_t i = 0; i < suite->cases_count; i++) {
		append_case(out, &suite->cases[i]);
	}
	g_string_append(out, "\t</testsuite>\n");
}

GString *junit_document(const struct junit_suite *suites, size_t count)
{
	GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				    "<testsuites name=\"msirace\"");
	struct counts total = { .seconds = count ? 0.0 : NAN };

	for (size_t i = 0; i < count; i++) {
		struct counts counts = count_suite(&suites[i]);
		for (int outcome = 0; outcome < JUNIT_OUTCOMES; outcome++) {
			total.of[outcome] += counts.of[outcome];
		}
		total.seconds += counts.seconds;
	}
	append_counts(out, &total);
	g_string_append(out, ">\n");
	for (size_t i = 0; i < count; i++) {
		append_suite(out, &suites[i]);
	}
	g_string_append(out, "</testsuites>\n");
	return out;
}
