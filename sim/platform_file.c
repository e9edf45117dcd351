/* SPDX-License-Identifier: MIT */
#include "sim/platform_file.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>

#define PLATFORM_BYTES_MAX (64 << 20)
#define PLATFORM_DEPTH_MAX 64

struct reading {
	unsigned depth;
	bool root_seen;
	bool doctype_seen;
};

static void check_root(const char *element, const char **names, const char **values, GError **error)
{
	const char *version = NULL;

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(names[i], "version") == 0) {
			version = values[i];
		}
	}
	if (strcmp(element, "platform") != 0) {
		g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_UNKNOWN_ELEMENT,
			    "the root element is <%.40s>, not <platform>", element);
	} else if (!version || (strcmp(version, "4") != 0 && strcmp(version, "4.1") != 0)) {
		g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
			    "<platform> must have version=\"4.1\"");
	}
}

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
		     const char **values, gpointer data, GError **error)
{
	struct reading *reading = data;

	reading->depth++;
	if (!reading->root_seen) {
		reading->root_seen = true;
		check_root(element, names, values, error);
	} else if (reading->depth == 1) {
		g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
			    "there is a second root element");
	} else if (reading->depth > PLATFORM_DEPTH_MAX) {
		g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
			    "nested too deeply");
	}
}

static void on_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
	((struct reading *)data)->depth--;
}

static void on_passthrough(GMarkupParseContext *context, const char *text, gsize length,
			   gpointer data, GError **error)
{
	static const char doctype[] = "<!DOCTYPE platform";

	if (length > strlen(doctype) && strncmp(text, doctype, strlen(doctype)) == 0) {
		((struct reading *)data)->doctype_seen = true;
	}
}

static char *check_xml(const char *path, const char *text, gsize length)
{
	static const GMarkupParser parser = { .start_element = on_start, .end_element = on_end,
					     .passthrough = on_passthrough };
	struct reading reading = { 0 };
	g_autoptr(GError) error = NULL;
	GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &reading, NULL);

	bool read = g_markup_parse_context_parse(context, text, (gssize)length, &error) &&
		    g_markup_parse_context_end_parse(context, &error);
	g_markup_parse_context_free(context);
	if (!read) {
		return g_strdup_printf("the platform file '%s' cannot be used: %s", path,
				       error->message);
	}
	if (!reading.doctype_seen) {
		return g_strdup_printf("the platform file '%s' cannot be used: the line <!DOCTYPE platform "
				       "SYSTEM \"https://simgrid.org/simgrid.dtd\"> is missing", path);
	}
	return NULL;
}

char *platform_file_check(const char *path)
{
	struct stat status;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize length = 0;

	if (stat(path, &status) != 0) {
		return g_strdup_printf("the platform file '%s' cannot be opened: %s", path,
				       g_strerror(errno));
	}
	if (!S_ISREG(status.st_mode)) {
		return g_strdup_printf("the platform file '%s' is not a regular file", path);
	}
	if (status.st_size > PLATFORM_BYTES_MAX) {
		return g_strdup_printf("the platform file '%s' is larger than %d MiB", path,
				       PLATFORM_BYTES_MAX >> 20);
	}
	if (!g_file_get_contents(path, &text, &length, &error)) {
		return g_strdup_printf("the platform file cannot be read: %s", error->message);
	}
	return check_xml(path, text, length);
}
