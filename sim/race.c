// SPDX-License-Identifier: MIT
#include "sim/race.h"

#include <math.h>
#include <string.h>

#include "sim/trace_chrome.h"

/* 2^53: beyond, the time stamps of a trace are no whole picoseconds any more. */
#define TIME_US_MAX 9e9

static void clear_event(gpointer data)
{
	g_free(((struct race_event *)data)->text);
}

static void free_race(gpointer data)
{
	struct race *race = data;

	g_free(race->scenario);
	g_free(race->file);
	g_free(race->strategy);
	g_free(race->version);
	g_free(race->token);
	g_free(race->ending);
	g_ptr_array_unref(race->lanes);
	g_array_unref(race->events);
	g_array_unref(race->arrows);
	g_free(race);
}

static struct race *new_race(void)
{
	struct race *race = g_new0(struct race, 1);

	race->lanes = g_ptr_array_new_with_free_func(g_free);
	race->events = g_array_new(FALSE, TRUE, sizeof(struct race_event));
	g_array_set_clear_func(race->events, clear_event);
	race->arrows = g_array_new(FALSE, TRUE, sizeof(struct race_arrow));
	return race;
}

/* Members that are absent, or of another type, read as NULL and -1. */
static const char *text_of(JsonObject *object, const char *member)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;
	bool text = node && JSON_NODE_HOLDS_VALUE(node) &&
		    json_node_get_value_type(node) == G_TYPE_STRING;

	return text ? json_node_get_string(node) : NULL;
}

static double number_of(JsonObject *object, const char *member)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;
	GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node)
							 : G_TYPE_INVALID;

	return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double(node) : -1.0;
}

static JsonObject *object_of(JsonObject *object, const char *member)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;

	return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static JsonArray *array_of(JsonObject *object, const char *member)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;

	return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static JsonObject *element(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static JsonObject *first_object(JsonNode *root)
{
	if (root && JSON_NODE_HOLDS_OBJECT(root)) {
		return json_node_get_object(root);
	}
	if (root && JSON_NODE_HOLDS_ARRAY(root) &&
	    json_array_get_length(json_node_get_array(root)) > 0) {
		return element(json_node_get_array(root), 0);
	}
	return NULL;
}

enum race_document race_recognize(JsonNode *root)
{
	JsonObject *first = first_object(root);

	if (g_strcmp0(text_of(first, "name"), TRACE_ORIGIN) == 0) {
		return RACE_TRACE;
	}
	return text_of(first, "token") && array_of(first, "steps") ? RACE_WITNESSES : RACE_NONE;
}

static void add_event(struct race *race, uint64_t at, uint64_t end, uint32_t lane,
		      const char *text, bool bad)
{
	struct race_event event = { at, end, lane, g_strdup(text), bad };

	g_array_append_val(race->events, event);
}

/* ---- Traces ---- */

struct reading {
	struct race *race;
	GHashTable *lane_of;    /* thread number of the trace: lane + 1 */
	GHashTable *arrow_of;   /* id of an arrow: the object of its begin, borrowed */
	const char *problem;
};

static uint32_t lane_of(struct reading *r, JsonObject *event)
{
	gint64 id = (gint64)number_of(event, "tid");
	gpointer lane = g_hash_table_lookup(r->lane_of, GINT_TO_POINTER(id));

	if (lane == NULL) {
		r->problem = "an event is of no named thread";
		return 0;
	}
	return GPOINTER_TO_UINT(lane) - 1;
}

static uint64_t time_of(struct reading *r, JsonObject *event, const char *member)
{
	double time_us = number_of(event, member);

	if (!(time_us >= 0.0 && time_us <= TIME_US_MAX)) {
		r->problem = "an event has no time stamp";
		return 0;
	}
	return (uint64_t)llround(time_us * 1e6);
}

static bool is_kind(JsonObject *event, enum trace_kind kind)
{
	return number_of(event, "pid") == (double)kind;
}

/* Lanes are numbered in the order of the picture: threads, CPUs, devices. */
static void name_lanes(struct reading *r, JsonArray *events)
{
	static const enum trace_kind order[] = { TRACE_ACTOR, TRACE_CPU, TRACE_DEVICE };

	for (size_t kind = 0; kind < G_N_ELEMENTS(order); kind++) {
		for (guint i = 0; i < json_array_get_length(events); i++) {
			JsonObject *event = element(events, i);
			const char *name = text_of(object_of(event, "args"), "name");
			if (g_strcmp0(text_of(event, "name"), "thread_name") != 0 || !name ||
			    !is_kind(event, order[kind])) {
				continue;
			}
			g_ptr_array_add(r->race->lanes, g_strdup(name));
			gint64 id = (gint64)number_of(event, "tid");
			g_hash_table_insert(r->lane_of, GINT_TO_POINTER(id),
					    GUINT_TO_POINTER(r->race->lanes->len));
		}
	}
}

static void read_origin(struct race *race, JsonObject *event)
{
	JsonObject *args = object_of(event, "args");
	double seed = number_of(args, "seed");

	race->scenario = g_strdup(text_of(args, "scenario"));
	race->file = g_strdup(text_of(args, "file"));
	race->strategy = g_strdup(text_of(args, "strategy"));
	race->version = g_strdup(text_of(args, "version"));
	race->seed = seed >= 0.0 ? (uint64_t)json_object_get_int_member(args, "seed") : 0;
}

/*
 * A register write stands twice in a trace: where the thread is, and where the device is. Drawn is
 * one text, and an arrow.
 */
static bool is_write_seen(struct race *race, uint64_t at, uint32_t lane, const char *text)
{
	struct race_event *last =
		race->events->len ? &g_array_index(race->events, struct race_event,
						   race->events->len - 1)
				  : NULL;

	if (!last || last->at != at || strcmp(last->text, text) != 0) {
		return false;
	}
	struct race_arrow arrow = { at, at, lane, last->lane, false };
	g_array_append_val(race->arrows, arrow);
	last->lane = lane;
	return true;
}

static void read_instant(struct reading *r, JsonObject *event)
{
	const char *text = text_of(event, "name");
	uint64_t at = time_of(r, event, "ts");
	uint32_t lane = lane_of(r, event);

	if (!text) {
		r->problem = "an event has no name";
		return;
	}
	if (is_kind(event, TRACE_ACTOR) && is_write_seen(r->race, at, lane, text)) {
		return;
	}
	add_event(r->race, at, at, lane, text, g_str_has_prefix(text, "LOST"));
}

static void read_span(struct reading *r, JsonObject *event)
{
	uint64_t at = time_of(r, event, "ts"), length = time_of(r, event, "dur");
	const char *text = text_of(event, "name");

	/* The ends of arrows are spans too, as viewers draw no arrow without one: they say nothing more. */
	if (text && !text_of(object_of(event, "args"), "fate")) {
		add_event(r->race, at, at + length, lane_of(r, event), text, false);
	}
}

static void read_arrow_end(struct reading *r, JsonObject *event)
{
	gint64 id = (gint64)number_of(event, "id");
	JsonObject *begin = g_hash_table_lookup(r->arrow_of, GINT_TO_POINTER(id));
	const char *fate = text_of(object_of(event, "args"), "fate");

	if (!begin) {
		r->problem = "an arrow has no begin";
		return;
	}
	struct race_arrow arrow = { time_of(r, begin, "ts"), time_of(r, event, "ts"),
				    lane_of(r, begin), lane_of(r, event),
				    fate && strcmp(fate, "served") != 0 };
	g_array_append_val(r->race->arrows, arrow);
}

static void read_trace_event(struct reading *r, JsonObject *event)
{
	const char *phase = text_of(event, "ph");

	switch (phase ? phase[0] : '\0') {
	case 'M':
		if (g_strcmp0(text_of(event, "name"), TRACE_ORIGIN) == 0) {
			read_origin(r->race, event);
		}
		break;
	case 'i':
		read_instant(r, event);
		break;
	case 'X':
		read_span(r, event);
		break;
	case 's':
		g_hash_table_insert(r->arrow_of,
				    GINT_TO_POINTER((gint64)number_of(event, "id")), event);
		break;
	case 'f':
		read_arrow_end(r, event);
		break;
	default:
		r->problem = "an event of a kind that no trace of ours has";
		break;
	}
}

/* Where a message arrives that should not have. */
static void mark_bad(struct race *race)
{
	g_autoptr(GHashTable) ends = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, NULL);

	for (guint i = 0; i < race->arrows->len; i++) {
		struct race_arrow *arrow = &g_array_index(race->arrows, struct race_arrow, i);
		if (arrow->bad) {
			g_hash_table_insert(ends, &arrow->to, arrow);
		}
	}
	for (guint i = 0; i < race->events->len; i++) {
		struct race_event *event = &g_array_index(race->events, struct race_event, i);
		const struct race_arrow *arrow = g_hash_table_lookup(ends, &event->at);
		if (arrow && arrow->to_lane == event->lane && !event->bad) {
			char *text = g_strdup_printf("%s: STRAY", event->text);
			g_free(event->text);
			event->text = text;
			event->bad = true;
		}
	}
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct race_event *left = a, *right = b;

	return (left->at > right->at) - (left->at < right->at);
}

static struct race *read_trace(JsonNode *root, const char **problem)
{
	struct reading r = {
		.race = new_race(),
		.lane_of = g_hash_table_new(NULL, NULL),
		.arrow_of = g_hash_table_new(NULL, NULL),
	};
	JsonArray *events = json_node_get_array(root);

	name_lanes(&r, events);
	for (guint i = 0; i < json_array_get_length(events) && !r.problem; i++) {
		read_trace_event(&r, element(events, i));
	}
	if (!r.problem && (!r.race->scenario || !r.race->strategy)) {
		r.problem = "its origin is not told";
	}
	g_array_sort(r.race->events, by_time);
	mark_bad(r.race);
	g_hash_table_unref(r.lane_of);
	g_hash_table_unref(r.arrow_of);
	*problem = r.problem;
	return r.race;
}

/* ---- Witnesses ---- */

static uint32_t witness_lane(struct race *race, const char *where)
{
	guint index;

	if (!g_ptr_array_find_with_equal_func(race->lanes, where, g_str_equal, &index)) {
		index = race->lanes->len;
		g_ptr_array_add(race->lanes, g_strdup(where));
	}
	return index;
}

/* CPUs stand to the left, in the order of their numbers. */
static gint by_lane_name(gconstpointer a, gconstpointer b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	bool left_cpu = g_str_has_prefix(left, "CPU"), right_cpu = g_str_has_prefix(right, "CPU");

	if (left_cpu != right_cpu) {
		return left_cpu ? -1 : 1;
	}
	if (left_cpu && strlen(left) != strlen(right)) {
		return strlen(left) < strlen(right) ? -1 : 1;
	}
	return strcmp(left, right);
}

static bool is_bad(const char *text)
{
	return strstr(text, "LOST") || strstr(text, "(stray)") || strstr(text, "(duplicate)");
}

struct witness_step {
	uint32_t lane;         /* of the first thing that happens */
	uint32_t cause;        /* 0: none */
	bool shown;            /* something happens in it */
	bool bad;
};

static const char *read_step(struct race *race, JsonObject *step, uint32_t number,
			     struct witness_step *to)
{
	JsonArray *happens = array_of(step, "happens");
	double cause = number_of(step, "set_off_by");

	if (!happens || number_of(step, "step") != (double)number || cause >= (double)number) {
		return "a step is not as it should be";
	}
	to->cause = cause > 0.0 ? (uint32_t)cause : 0;
	for (guint i = 0; i < json_array_get_length(happens); i++) {
		const char *where = text_of(element(happens, i), "where");
		const char *what = text_of(element(happens, i), "what");
		if (!where || !what) {
			return "a step is not as it should be";
		}
		uint32_t lane = witness_lane(race, where);
		add_event(race, number, number, lane, what, is_bad(what));
		to->lane = to->shown ? to->lane : lane;
		to->shown = true;
		to->bad |= is_bad(what);
	}
	return NULL;
}

/* What led to a bad step is bad all the way back: the message that was torn is red from its raise on. */
static void add_causes(struct race *race, struct witness_step *steps, guint count)
{
	for (guint n = count; n > 0; n--) {
		const struct witness_step *step = &steps[n - 1];
		if (step->cause == 0) {
			continue;
		}
		struct witness_step *cause = &steps[step->cause - 1];
		cause->bad |= step->bad;
		if (step->shown && cause->shown) {
			struct race_arrow arrow = { step->cause, n, cause->lane, step->lane,
						    step->bad };
			g_array_append_val(race->arrows, arrow);
		}
	}
}

static char *ending_of(JsonObject *witness)
{
	JsonArray *waiting = array_of(witness, "waiting");
	GString *text;

	if (!waiting || json_array_get_length(waiting) == 0) {
		return NULL;
	}
	text = g_string_new("stale:");
	for (guint i = 0; i < json_array_get_length(waiting); i++) {
		JsonNode *node = json_array_get_element(waiting, i);
		const char *name = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
		g_string_append_printf(text, "%s %s", i ? "," : "", name ? name : "?");
	}
	g_string_append(text, " waits for service, and nothing is left to happen");
	return g_string_free(text, FALSE);
}

static void number_lanes_again(struct race *race)
{
	g_autoptr(GPtrArray) before = g_ptr_array_new();
	g_autofree uint32_t *lane = g_new0(uint32_t, race->lanes->len + 1);

	for (guint i = 0; i < race->lanes->len; i++) {
		g_ptr_array_add(before, g_ptr_array_index(race->lanes, i));
	}
	g_ptr_array_sort(race->lanes, by_lane_name);
	for (guint i = 0; i < before->len; i++) {
		guint index = 0;
		g_ptr_array_find(race->lanes, g_ptr_array_index(before, i), &index);
		lane[i] = index;
	}
	for (guint i = 0; i < race->events->len; i++) {
		struct race_event *event = &g_array_index(race->events, struct race_event, i);
		event->lane = lane[event->lane];
	}
	for (guint i = 0; i < race->arrows->len; i++) {
		struct race_arrow *arrow = &g_array_index(race->arrows, struct race_arrow, i);
		arrow->from_lane = lane[arrow->from_lane];
		arrow->to_lane = lane[arrow->to_lane];
	}
}

static struct race *read_witness(JsonObject *witness, const char **problem)
{
	struct race *race = new_race();
	JsonArray *steps = array_of(witness, "steps");
	guint count = steps ? json_array_get_length(steps) : 0;
	g_autofree struct witness_step *step = g_new0(struct witness_step, count + 1);

	race->scenario = g_strdup(text_of(witness, "scenario"));
	race->strategy = g_strdup(text_of(witness, "strategy"));
	race->token = g_strdup(text_of(witness, "token"));
	race->ending = ending_of(witness);
	*problem = NULL;
	if (number_of(witness, "schema_version") != 1.0) {
		*problem = "not of the version that this program reads, which is 1";
	} else if (!race->scenario || !race->strategy || !race->token || !steps) {
		*problem = "not a witness of `msirace check`";
	}
	for (guint i = 0; i < count && !*problem; i++) {
		*problem = read_step(race, element(steps, i), i + 1, &step[i]);
	}
	if (!*problem) {
		add_causes(race, step, count);
		number_lanes_again(race);
	}
	return race;
}

GPtrArray *race_read(const char *path, JsonNode *root, char **error)
{
	GPtrArray *races = g_ptr_array_new_with_free_func(free_race);
	const char *problem = NULL;

	*error = NULL;
	if (race_recognize(root) == RACE_TRACE) {
		g_ptr_array_add(races, read_trace(root, &problem));
	} else if (JSON_NODE_HOLDS_OBJECT(root)) {
		g_ptr_array_add(races, read_witness(json_node_get_object(root), &problem));
	} else {
		JsonArray *all = json_node_get_array(root);
		for (guint i = 0; i < json_array_get_length(all) && !problem; i++) {
			g_ptr_array_add(races, read_witness(element(all, i), &problem));
		}
	}
	if (problem) {
		*error = g_strdup_printf("%s: %s", path, problem);
		g_ptr_array_unref(races);
		return NULL;
	}
	return races;
}
