/* SPDX-License-Identifier: MIT */
#include "sim/sweep_store.h"

#include <glib.h>
#include <sqlite3.h>

/* "msir": SQLite's application id, so that no other database is taken for a store. */
#define APPLICATION_ID 0x6d736972

struct sweep_store {
	sqlite3 *database;
	sqlite3_stmt *find;
	sqlite3_stmt *add;
};

static char *digest_of(const struct scenario *cell, const char *version)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, (const guchar *)version, -1);
	g_checksum_update(sum, (const guchar *)"\n", 1);
	g_checksum_update(sum, (const guchar *)cell->resolved_yaml, -1);
	char *digest = g_strdup(g_checksum_get_string(sum));
	g_checksum_free(sum);
	return digest;
}

static int read_number(sqlite3 *database, const char *pragma)
{
	sqlite3_stmt *statement = NULL;
	int number = -1;

	if (sqlite3_prepare_v2(database, pragma, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		number = sqlite3_column_int(statement, 0);
	}
	sqlite3_finalize(statement);
	return number;
}

/* An empty database becomes a store; one that holds something else is left alone. */
static bool prepare(struct sweep_store *store, bool keep)
{
	sqlite3 *database = store->database;
	/* Another sweep on the same store may be writing. */
	sqlite3_busy_timeout(database, 10000);
	int tables = read_number(database, "SELECT count(*) FROM sqlite_master");
	char *set_up = sqlite3_mprintf("PRAGMA application_id = %d;"
				       "CREATE TABLE IF NOT EXISTS cell"
				       "(digest TEXT PRIMARY KEY, document TEXT NOT NULL);",
				       APPLICATION_ID);
	bool ready;

	ready = tables >= 0 && (tables == 0 || read_number(database, "PRAGMA application_id") == APPLICATION_ID) &&
		sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", NULL, NULL, NULL) ==
			SQLITE_OK &&
		sqlite3_exec(database, set_up, NULL, NULL, NULL) == SQLITE_OK &&
		(keep || sqlite3_exec(database, "DELETE FROM cell", NULL, NULL, NULL) == SQLITE_OK) &&
		sqlite3_prepare_v2(database, "SELECT document FROM cell WHERE digest = ?", -1, &store->find, NULL) ==
			SQLITE_OK &&
		sqlite3_prepare_v2(database, "INSERT OR REPLACE INTO cell VALUES (?, ?)", -1, &store->add, NULL) ==
			SQLITE_OK;
	sqlite3_free(set_up);
	return ready;
}

struct sweep_store *sweep_store_open(const char *path, bool keep, char **error)
{
	struct sweep_store *store = g_new0(struct sweep_store, 1);

	if (sqlite3_open(path, &store->database) == SQLITE_OK && prepare(store, keep)) {
		return store;
	}
	int code = sqlite3_errcode(store->database);
	*error = g_strdup_printf("%s: %s", path,
				 code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE
					 ? "is a database of something else"
					 : sqlite3_errmsg(store->database));
	sweep_store_close(store);
	return NULL;
}

void sweep_store_close(struct sweep_store *store)
{
	if (!store) {
		return;
	}
	sqlite3_finalize(store->find);
	sqlite3_finalize(store->add);
	sqlite3_close(store->database);
	g_free(store);
}

char *sweep_store_find(struct sweep_store *store, const struct scenario *cell, const char *version)
{
	g_autofree char *digest = digest_of(cell, version);
	char *document = NULL;

	sqlite3_bind_text(store->find, 1, digest, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(store->find) == SQLITE_ROW) {
		document = g_strdup((const char *)sqlite3_column_text(store->find, 0));
	}
	sqlite3_reset(store->find);
	return document;
}

bool sweep_store_add(struct sweep_store *store, const struct scenario *cell, const char *version,
		     const char *document, char **error)
{
	g_autofree char *digest = digest_of(cell, version);

	sqlite3_bind_text(store->add, 1, digest, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(store->add, 2, document, -1, SQLITE_TRANSIENT);
	int code = sqlite3_step(store->add);
	sqlite3_reset(store->add);
	if (code != SQLITE_DONE) {
		*error = g_strdup(sqlite3_errmsg(store->database));
		return false;
	}
	return true;
}
