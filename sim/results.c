/* SPDX-License-Identifier: MIT */
#include "sim/results.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "sim/report.h"

/*
 * A document is read member by member. The first thing that is wrong is kept, with its place, and
 * what follows reads zeros: the callers need no checks of their own.
 */
struct reading {
	const char *path;
	GString *place; /* "contenders[2].each[0]" */
	char *error;
};

static void complain(struct reading *r, const char *member, const char *problem)
{
	if (r->error == NULL) {
		const char *dot = r->place->len && *member ? "." : "";
		const char *colon = r->place->len || *member ? ": " : "";
		r->error = g_strdup_printf("%s: %s%s%s%s%s", r->path, r->place->str, dot, member,
					   colon, problem);
	}
}

/* Enters a place, and returns the length to go back to. */
static gsize enter(struct reading *r, const char *member, guint index)
{
	gsize before = r->place->len;

	g_string_append_printf(r->place, "%s%s", before ? "." : "", member);
	if (index != G_MAXUINT) {
		g_string_append_printf(r->place, "[%u]", index);
	}
	return before;
}

static JsonNode *member_of(struct reading *r, JsonObject *object, const char *member)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;

	if (node == NULL) {
		complain(r, member, "missing");
	}
	return node;
}

static JsonObject *as_object(struct reading *r, JsonNode *node, const char *member)
{
	if (node && JSON_NODE_HOLDS_OBJECT(node)) {
		return json_node_get_object(node);
	}
	complain(r, member, "not an object");
	return NULL;
}

static JsonObject *read_object(struct reading *r, JsonObject *object, const char *member)
{
	return as_object(r, member_of(r, object, member), member);
}

/* Never NULL: an empty one where there is none. The caller unrefs it. */
static JsonArray *read_array(struct reading *r, JsonObject *object, const char *member)
{
	JsonNode *node = member_of(r, object, member);

	if (node && JSON_NODE_HOLDS_ARRAY(node)) {
		return json_array_ref(json_node_get_array(node));
	}
	complain(r, member, "not an array");
	return json_array_new();
}

static uint64_t as_count(struct reading *r, JsonNode *node, const char *member)
{
	if (node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64 &&
	    json_node_get_int(node) >= 0) {
		return (uint64_t)json_node_get_int(node);
	}
	complain(r, member, "not a whole number from 0 on");
	return 0;
}

static uint64_t read_count(struct reading *r, JsonObject *object, const char *member)
{
	return as_count(r, member_of(r, object, member), member);
}

static uint32_t read_count32(struct reading *r, JsonObject *object, const char *member)
{
	uint64_t value = read_count(r, object, member);

	if (value > UINT32_MAX) {
		complain(r, member, "too large");
		return 0;
	}
	return (uint32_t)value;
}

/* A number from 0 on, or null, which is NAN. */
static double read_number(struct reading *r, JsonObject *object, const char *member)
{
	JsonNode *node = member_of(r, object, member);

	if (node && JSON_NODE_HOLDS_NULL(node)) {
		return NAN;
	}
	if (node && JSON_NODE_HOLDS_VALUE(node)) {
		GType type = json_node_get_value_type(node);
		double value = json_node_get_double(node);
		if ((type == G_TYPE_INT64 || type == G_TYPE_DOUBLE) && value >= 0.0 &&
		    isfinite(value)) {
			return value;
		}
	}
	complain(r, member, "not a number from 0 on, nor null");
	return NAN;
}

/* NULL where the member is null, which is an error unless it is optional. */
static char *read_text(struct reading *r, JsonObject *object, const char *member, bool optional)
{
	JsonNode *node = member_of(r, object, member);

	if (node && JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_STRING) {
		return json_node_dup_string(node);
	}
	if (node && JSON_NODE_HOLDS_NULL(node) && optional) {
		return NULL;
	}
	complain(r, member, "not a string");
	return NULL;
}

static bool read_bool(struct reading *r, JsonObject *object, const char *member)
{
	JsonNode *node = member_of(r, object, member);

	if (node && JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
		return json_node_get_boolean(node);
	}
	complain(r, member, "neither true nor false");
	return false;
}

static void read_bucket(struct reading *r, JsonNode *node, struct histogram *h)
{
	JsonArray *pair = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	if (pair == NULL || json_array_get_length(pair) != 2) {
		complain(r, "", "not a pair [low_ps, count]");
		return;
	}
	uint64_t low_ps = as_count(r, json_array_get_element(pair, 0), "[0]");
	uint64_t count = as_count(r, json_array_get_element(pair, 1), "[1]");
	if (low_ps >> HISTOGRAM_VALUE_BITS ||
	    histogram_bucket_low(histogram_bucket_of(low_ps)) != low_ps) {
		complain(r, "[0]", "no bucket begins there");
		return;
	}
	h->bucket[histogram_bucket_of(low_ps)] = count;
}

static void check_histogram(struct reading *r, const struct histogram *h)
{
	uint64_t total = h->overflow;
	bool too_many = false;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		too_many |= __builtin_add_overflow(total, h->bucket[i], &total);
	}
	if (too_many || total != h->count) {
		complain(r, "count", "not the sum of the buckets and the overflow");
	}
}

static void read_histogram(struct reading *r, JsonObject *contender, const char *member,
			   struct histogram *h)
{
	JsonObject *object = read_object(r, contender, member);
	gsize before = enter(r, member, G_MAXUINT);
	JsonArray *buckets = read_array(r, object, "buckets");

	h->count = read_count(r, object, "count");
	h->overflow = read_count(r, object, "overflow");
	h->max_ps = read_count(r, object, "max_ps");
	if (read_count(r, object, "linear_bits") != HISTOGRAM_LINEAR_BITS) {
		complain(r, "linear_bits", "not the resolution of this program's histograms");
	}
	for (guint i = 0; i < json_array_get_length(buckets); i++) {
		gsize outside = enter(r, "buckets", i);
		read_bucket(r, json_array_get_element(buckets, i), h);
		g_string_truncate(r->place, outside);
	}
	check_histogram(r, h);
	json_array_unref(buckets);
	g_string_truncate(r->place, before);
}

/* A null percentile of some latencies lies in the overflow. */
static double read_percentile(struct reading *r, JsonObject *latency, const char *member,
			      uint64_t latencies)
{
	double value_ps = read_number(r, latency, member);

	return isnan(value_ps) && latencies ? INFINITY : value_ps;
}

static void read_replication(struct reading *r, JsonNode *node, struct results_replication *to)
{
	JsonObject *object = as_object(r, node, "");
	JsonObject *latency = read_object(r, object, "latency");

	for (int i = 0; i < METRIC_COUNTERS_COUNT; i++) {
		to->counter[i] = read_count(r, object, metric_get(i)->key);
	}
	gsize before = enter(r, "latency", G_MAXUINT);
	to->latencies = read_count(r, latency, "count");
	to->percentile_ps[RESULTS_P50] = read_percentile(r, latency, "p50_ps", to->latencies);
	to->percentile_ps[RESULTS_P99] = read_percentile(r, latency, "p99_ps", to->latencies);
	to->percentile_ps[RESULTS_P99_9] = read_percentile(r, latency, "p99.9_ps", to->latencies);
	to->mean_rank = read_number(r, latency, "mean_rank");
	g_string_truncate(r->place, before);
}

static void read_contender(struct reading *r, JsonNode *node, struct results_contender *to)
{
	JsonObject *object = as_object(r, node, "");
	JsonArray *each = read_array(r, object, "each");

	to->name = read_text(r, object, "name", false);
	to->replications = json_array_get_length(each);
	if (read_count32(r, object, "replications") != to->replications) {
		complain(r, "replications", "not the number of elements of each");
	}
	to->each = g_new0(struct results_replication, to->replications);
	for (guint i = 0; i < to->replications; i++) {
		gsize outside = enter(r, "each", i);
		read_replication(r, json_array_get_element(each, i), &to->each[i]);
		g_string_truncate(r->place, outside);
	}
	read_histogram(r, object, "latency", &to->latency);
	read_histogram(r, object, "stale", &to->stale);
	json_array_unref(each);
}

static void read_scenario(struct reading *r, JsonObject *root, struct results *to)
{
	JsonObject *object = read_object(r, root, "scenario");
	gsize before = enter(r, "scenario", G_MAXUINT);

	to->scenario = read_text(r, object, "name", false);
	to->file = read_text(r, object, "file", false);
	to->question = read_text(r, object, "question", true);
	to->resolved = read_text(r, object, "resolved", false);
	to->duration_ps = read_count(r, object, "duration_ps");
	to->replications_asked = read_count32(r, object, "replications");
	g_string_truncate(r->place, before);
}

static void read_contenders(struct reading *r, JsonObject *root, struct results *to)
{
	JsonArray *contenders = read_array(r, root, "contenders");

	to->contenders_count = json_array_get_length(contenders);
	to->contenders = g_new0(struct results_contender, to->contenders_count);
	for (guint i = 0; i < to->contenders_count; i++) {
		gsize before = enter(r, "contenders", i);
		read_contender(r, json_array_get_element(contenders, i), &to->contenders[i]);
		g_string_truncate(r->place, before);
	}
	json_array_unref(contenders);
}

/* Is it one of ours at all? What else is wrong with it would only confuse. */
static bool check_kind(struct reading *r, JsonNode *root)
{
	JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root)
								  : NULL;
	JsonNode *kind = object ? json_object_get_member(object, "kind") : NULL;

	if (kind == NULL || !JSON_NODE_HOLDS_VALUE(kind) ||
	    g_strcmp0(json_node_get_string(kind), REPORT_KIND) != 0) {
		complain(r, "", "not a document of `msirace run --json`");
		return false;
	}
	uint64_t version = read_count(r, object, "schema_version");
	if (version != REPORT_SCHEMA_VERSION) {
		gchar *problem = g_strdup_printf("is %" G_GUINT64_FORMAT
						 ", and this program reads %d",
						 version, REPORT_SCHEMA_VERSION);
		complain(r, "schema_version", problem);
		g_free(problem);
	}
	return r->error == NULL;
}

static void read_document(struct reading *r, JsonNode *root, struct results *to)
{
	if (!check_kind(r, root)) {
		return;
	}
	JsonObject *object = json_node_get_object(root);
	to->version = read_text(r, object, "version", false);
	to->seed = read_count(r, object, "seed");
	to->partial = read_bool(r, object, "partial");
	read_scenario(r, object, to);
	read_contenders(r, object, to);
}

/* An array of runs, where root is one; else the one run. */
static void read_set(struct reading *r, JsonNode *root, struct results_set *to)
{
	JsonArray *runs = root && JSON_NODE_HOLDS_ARRAY(root) ? json_node_get_array(root) : NULL;

	to->count = runs ? json_array_get_length(runs) : 1;
	to->each = g_new0(struct results, to->count);
	if (to->count == 0) {
		complain(r, "", "holds no run");
	}
	for (guint i = 0; i < to->count; i++) {
		gsize before = runs ? enter(r, "", i) : 0;
		read_document(r, runs ? json_array_get_element(runs, i) : root, &to->each[i]);
		g_string_truncate(r->place, before);
	}
}

struct results_set *results_load(const char *path, char **error)
{
	struct reading r = { .path = path };
	struct results_set *set = g_new0(struct results_set, 1);
	JsonParser *parser = json_parser_new();
	GError *problem = NULL;

	set->path = g_strdup(path);
	r.place = g_string_new(NULL);
	if (json_parser_load_from_file(parser, path, &problem)) {
		read_set(&r, json_parser_get_root(parser), set);
	} else {
		complain(&r, "", problem->message);
		g_error_free(problem);
	}
	g_object_unref(parser);
	g_string_free(r.place, TRUE);
	*error = r.error;
	if (r.error) {
		results_free(set);
		return NULL;
	}
	return set;
}

static void free_run(struct results *run)
{
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		g_free(run->contenders[i].name);
		g_free(run->contenders[i].each);
	}
	g_free(run->contenders);
	g_free(run->version);
	g_free(run->scenario);
	g_free(run->file);
	g_free(run->question);
	g_free(run->resolved);
}

void results_free(struct results_set *set)
{
	if (set == NULL) {
		return;
	}
	for (uint32_t i = 0; i < set->count; i++) {
		free_run(&set->each[i]);
	}
	g_free(set->each);
	g_free(set->path);
	g_free(set);
}

const struct results_contender *results_find(const struct results *results, const char *name)
{
	for (uint32_t i = 0; i < results->contenders_count; i++) {
		if (strcmp(results->contenders[i].name, name) == 0) {
			return &results->contenders[i];
		}
	}
	return NULL;
}
