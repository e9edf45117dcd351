/* SPDX-License-Identifier: MIT */
#include "sim/json_read.h"

#include <stdbool.h>
#include <string.h>

/* Where a text is read, and how deep. */
struct scan {
	const char *at;
	const char *end;
	const char *line_start;
	unsigned line;
	unsigned depth;
	bool ended;   /* the outermost array or object */
};

/* Behind the closing quote, or at the end of the text. */
static void skip_string(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '"' && *s->at; s->at++) {
		s->at += *s->at == '\\' && s->at + 1 < s->end;
	}
}

/* NULL, or what is wrong with the character there. */
static const char *scan_one(struct scan *s)
{
	switch (*s->at) {
	case '"':
		skip_string(s);
		return s->at < s->end && *s->at ? NULL : "a string without an end";
	case '[':
	case '{':
		s->depth++;
		return s->depth > JSON_READ_DEPTH_MAX
			       ? "nested too deeply: more than " G_STRINGIFY(JSON_READ_DEPTH_MAX)
				       " levels"
			       : NULL;
	case ']':
	case '}':
		s->depth -= s->depth > 0;
		s->ended = s->depth == 0;
		return NULL;
	case '\n':
		s->line++;
		s->line_start = s->at + 1;
		return NULL;
	default:
		return *s->at && (g_ascii_isalnum(*s->at) || strchr(" \t\r:,+-.", *s->at))
			       ? NULL
			       : "not JSON";
	}
}

static char *find_problem(const char *name, const char *text, gsize length)
{
	struct scan s = { .at = text, .end = text + length, .line_start = text, .line = 1 };

	for (; s.at < s.end; s.at++) {
		bool more = s.ended && !g_ascii_isspace(*s.at);
		const char *problem = more ? "more behind the document" : scan_one(&s);
		if (problem) {
			return g_strdup_printf("%s:%u:%td: %s", name, s.line,
					       s.at - s.line_start + 1, problem);
		}
	}
	return NULL;
}

/* json-glib's words, with the name in place of "<data>". */
static char *told(const char *name, const GError *problem)
{
	const char *place = g_str_has_prefix(problem->message, "<data>") ? "" : ": ";
	const char *rest = *place ? problem->message : problem->message + strlen("<data>");

	return g_strconcat(name, place, rest, NULL);
}

JsonParser *json_read_text(const char *name, const char *text, gsize length, char **error)
{
	GError *problem = NULL;

	*error = find_problem(name, text, length);
	if (*error) {
		return NULL;
	}
	JsonParser *parser = json_parser_new_immutable();
	if (json_parser_load_from_data(parser, text, (gssize)length, &problem)) {
		return parser;
	}
	*error = told(name, problem);
	g_error_free(problem);
	g_object_unref(parser);
	return NULL;
}

JsonParser *json_read_file(const char *path, char **error)
{
	g_autofree char *text = NULL;
	GError *problem = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, &problem)) {
		*error = g_strdup_printf("%s: %s", path, problem->message);
		g_error_free(problem);
		return NULL;
	}
	return json_read_text(path, text, length, error);
}
