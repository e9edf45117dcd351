/* SPDX-License-Identifier: MIT */
/* Validation of JUnit documents with xmllint of libxml2-utils. */
#ifndef MSIRACE_TESTS_UNIT_XMLLINT_H
#define MSIRACE_TESTS_UNIT_XMLLINT_H

#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>

/* What xmllint says of a document against tests/data/junit.xsd: its exit status. */
static inline int validate_junit(const GString *document, gchar **messages)
{
	gchar *path = NULL, *schema = g_build_filename(TEST_DATA_DIR, "junit.xsd", NULL);
	int status = -1, fd = g_file_open_tmp("msirace-junit-XXXXXX.xml", &path, NULL);
	const gchar *argv[] = { "xmllint", "--noout", "--nonet", "--schema", schema, path, NULL };
	GError *error = NULL;

	cr_assert(g_close(fd, NULL) &&
		  g_file_set_contents(path, document->str, (gssize)document->len, NULL));
	cr_assert(g_spawn_sync(NULL, (gchar **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
			       NULL, NULL, messages, &status, &error),
		  "xmllint (libxml2-utils): %s", error ? error->message : "");
	g_unlink(path);
	g_free(path);
	g_free(schema);
	return status;
}

static inline void assert_valid_junit(const GString *document)
{
	gchar *messages;

	cr_assert_eq(validate_junit(document, &messages), 0, "%s", messages);
	g_free(messages);
}

#endif
