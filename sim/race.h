/* SPDX-License-Identifier: MIT */
/*
 * What happened, a lane for each CPU, device and kernel thread: read from a trace of `msirace run --trace`, or from a witness
 * of `msirace check`, which has steps in place of times.
 */
#ifndef MSIRACE_SIM_RACE_H
#define MSIRACE_SIM_RACE_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

struct race_event {
	uint64_t at;       /* ps, or the number of a step */
	uint64_t end;      /* of a span; else the same */
	uint32_t lane;
	char *text;
	bool bad;          /* a raise was lost here, or a handler ran for nothing */
};

struct race_arrow {
	uint64_t from, to;
	uint32_t from_lane, to_lane;
	bool bad;          /* a message that was lost, or ran a handler of somebody else's */
};

struct race {
	char *scenario;
	char *file;        /* NULL: not told */
	char *strategy;
	char *version;     /* NULL: not told */
	char *token;       /* of a witness: replays it; NULL: a trace */
	char *ending;      /* of a witness: what the end is; NULL: nothing to tell */
	uint64_t seed;     /* of a trace */
	GPtrArray *lanes;  /* of char *: the threads, the CPUs, the devices; also those in which nothing happens */
	GArray *events;    /* of struct race_event, ordered by time */
	GArray *arrows;    /* of struct race_arrow */
};

enum race_document { RACE_NONE, RACE_TRACE, RACE_WITNESSES };

/* Whether a document is one of either; anything else is left to other readers. */
enum race_document race_recognize(JsonNode *root);

/*
 * All that the document holds: one for a trace, one for each witness. NULL where something in it is not as it should be;
 * *error, g_free()d by the caller, is then one line that names the file.
 */
GPtrArray *race_read(const char *path, JsonNode *root, char **error);

#endif
