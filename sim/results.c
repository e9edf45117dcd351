/* SPDX-License-Identifier: MIT */
#include "sim/results.h"

#include <math.h>
#include <string.h>

#include "sim/json_read.h"
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

/* What JSON has no number for: an infinite bound, or a percentile in the overflow. */
static double or_infinity(double value, bool defined)
{
	return isnan(value) && defined ? INFINITY : value;
}

/* A null percentile of some latencies lies in the overflow. */
static double read_percentile(struct reading *r, JsonObject *latency, const char *member,
			      uint64_t latencies)
{
	return or_infinity(read_number(r, latency, member), latencies != 0);
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

/* "t", "exact", ... */
static enum estimate_method read_method(struct reading *r, JsonObject *object)
{
	g_autofree char *name = read_text(r, object, "method", false);

	for (int i = ESTIMATE_UNDEFINED; i <= ESTIMATE_ORDER; i++) {
		if (g_strcmp0(name, estimate_method_name((enum estimate_method)i)) == 0) {
			return (enum estimate_method)i;
		}
	}
	complain(r, "method", "unknown");
	return ESTIMATE_UNDEFINED;
}

static void read_estimate(struct reading *r, JsonObject *derived, const char *key,
			  struct estimate *to)
{
	JsonObject *object = read_object(r, derived, key);
	gsize before = enter(r, key, G_MAXUINT);

	to->method = read_method(r, object);
	bool defined = to->method != ESTIMATE_UNDEFINED;
	to->value = or_infinity(read_number(r, object, "value"), defined);
	to->low = or_infinity(read_number(r, object, "low"), defined);
	to->high = or_infinity(read_number(r, object, "high"), defined);
	g_string_truncate(r->place, before);
}

static void read_derived(struct reading *r, JsonObject *contender, struct results_contender *to)
{
	JsonObject *object = read_object(r, contender, "derived");
	gsize before = enter(r, "derived", G_MAXUINT);

	for (int i = METRIC_COUNTERS_COUNT; i < METRICS_COUNT; i++) {
		read_estimate(r, object, metric_get(i)->key,
			      &to->derived[i - METRIC_COUNTERS_COUNT]);
	}
	g_string_truncate(r->place, before);
}

static void read_sample(struct reading *r, JsonNode *node, struct occupancy_sample *to)
{
	JsonArray *values =
		node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	uint64_t value[7];

	if (!values || json_array_get_length(values) != G_N_ELEMENTS(value)) {
		complain(r, "", "not seven numbers");
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(value); i++) {
		value[i] = as_count(r, json_array_get_element(values, i), "");
		if (i > 2 && value[i] > UINT32_MAX) {
			complain(r, "", "too large");
		}
	}
	*to = (struct occupancy_sample){
		.used = value[0],
		.leaked = value[1],
		.migrations = value[2],
		.online = (uint32_t)value[3],
		.cpu_min = (uint32_t)value[4],
		.cpu_median = (uint32_t)value[5],
		.cpu_max = (uint32_t)value[6],
	};
}

static void read_samples(struct reading *r, JsonObject *object, struct occupancy *to)
{
	JsonArray *samples = read_array(r, object, "samples");
	guint count = json_array_get_length(samples);

	if (count > OCCUPANCY_SAMPLES_MAX) {
		complain(r, "samples", "too many");
		count = 0;
	}
	to->samples = count;
	for (guint i = 0; i < count; i++) {
		gsize before = enter(r, "samples", i);
		read_sample(r, json_array_get_element(samples, i), &to->sample[i]);
		g_string_truncate(r->place, before);
	}
	json_array_unref(samples);
}

static void read_map_row(struct reading *r, JsonNode *node, const struct occupancy *shape,
			 uint8_t *level)
{
	bool text = node && JSON_NODE_HOLDS_VALUE(node) &&
		    json_node_get_value_type(node) == G_TYPE_STRING;
	const char *row = text ? json_node_get_string(node) : "";

	if (strlen(row) != shape->columns) {
		complain(r, "", "not a character for each column");
		return;
	}
	for (uint32_t i = 0; i < shape->columns; i++) {
		const char *found = strchr(REPORT_MAP_LEVELS, row[i]);
		if (!found) {
			complain(r, "", "not a level of the map");
			return;
		}
		level[i] = (uint8_t)(found - REPORT_MAP_LEVELS);
	}
}

/* How many shares of that size cover the count; 0 where that is out of range. */
static uint32_t shares(struct reading *r, const char *member, uint32_t count, uint32_t each,
		       uint32_t max)
{
	uint64_t needed = each ? ((uint64_t)count + each - 1) / each : 0;

	if (needed < 1 || needed > max) {
		complain(r, member, "out of range");
		return 0;
	}
	return (uint32_t)needed;
}

static void read_map(struct reading *r, JsonObject *object, struct occupancy *to)
{
	JsonArray *map = read_array(r, object, "map");

	to->cpus = read_count32(r, object, "cpus");
	to->cpus_per_row = read_count32(r, object, "cpus_per_row");
	to->vector_first = read_count32(r, object, "vector_first");
	to->vectors = read_count32(r, object, "vectors");
	to->vectors_per_column = read_count32(r, object, "vectors_per_column");
	to->rows = shares(r, "cpus_per_row", to->cpus, to->cpus_per_row, OCCUPANCY_ROWS_MAX);
	to->columns = shares(r, "vectors_per_column", to->vectors, to->vectors_per_column,
			     OCCUPANCY_COLUMNS_MAX);
	if (json_array_get_length(map) != to->rows) {
		complain(r, "map", "not a row for each cpus_per_row");
	}
	for (guint i = 0; i < to->rows && r->error == NULL; i++) {
		gsize before = enter(r, "map", i);
		read_map_row(r, json_array_get_element(map, i), to, to->level[i]);
		g_string_truncate(r->place, before);
	}
	json_array_unref(map);
}

/* Documents of earlier versions have none. */
static struct occupancy *read_occupancy(struct reading *r, JsonObject *contender)
{
	JsonNode *node = contender ? json_object_get_member(contender, "occupancy") : NULL;

	if (node == NULL || JSON_NODE_HOLDS_NULL(node)) {
		return NULL;
	}
	struct occupancy *to = g_new0(struct occupancy, 1);
	JsonObject *object = as_object(r, node, "occupancy");
	gsize before = enter(r, "occupancy", G_MAXUINT);
	to->interval_ps = read_count(r, object, "interval_ps");
	read_samples(r, object, to);
	read_map(r, object, to);
	g_string_truncate(r->place, before);
	return to;
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
	read_derived(r, object, to);
	to->occupancy = read_occupancy(r, object);
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
	to->drain_ps = read_count(r, object, "drain_ps");
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

static void read_expectations(struct reading *r, JsonObject *root, struct results *to)
{
	JsonArray *expectations = read_array(r, root, "expectations");

	to->expectations_count = json_array_get_length(expectations);
	to->expectations = g_new0(struct results_expectation, to->expectations_count);
	for (guint i = 0; i < to->expectations_count; i++) {
		struct results_expectation *x = &to->expectations[i];
		gsize before = enter(r, "expectations", i);
		JsonObject *object = as_object(r, json_array_get_element(expectations, i), "");
		x->text = read_text(r, object, "text", false);
		x->contender = read_text(r, object, "contender", false);
		x->verdict = read_text(r, object, "verdict", false);
		x->message = read_text(r, object, "message", true);
		g_string_truncate(r->place, before);
	}
	json_array_unref(expectations);
}

typedef void read_element(struct reading *r, JsonObject *object, void *element);

/* The elements of an array, each an object, into an array of theirs. */
static void *read_elements(struct reading *r, JsonObject *object, const char *member, gsize size,
			   read_element *read, uint32_t *count)
{
	JsonArray *array = read_array(r, object, member);
	guint length = json_array_get_length(array);
	char *elements = g_malloc0_n(length, size);

	for (guint i = 0; i < length; i++) {
		gsize before = enter(r, member, i);
		read(r, as_object(r, json_array_get_element(array, i), ""), elements + i * size);
		g_string_truncate(r->place, before);
	}
	json_array_unref(array);
	*count = length;
	return elements;
}

static void read_decision(struct reading *r, JsonObject *object, void *element)
{
	*(struct results_compared *)element = (struct results_compared){
		.what = read_text(r, object, "decision", false),
		.made = read_count(r, object, "made"),
		.compared = read_count(r, object, "compared"),
		.equal = read_count(r, object, "equal"),
	};
}

static void read_reason_of_decisions(struct reading *r, JsonObject *object, void *element)
{
	*(struct results_reason *)element = (struct results_reason){
		.text = read_text(r, object, "reason", false),
		.count = read_count(r, object, "decisions"),
		.first_line = read_count(r, object, "first_line"),
	};
}

static void read_reason_of_writes(struct reading *r, JsonObject *object, void *element)
{
	*(struct results_reason *)element = (struct results_reason){
		.text = read_text(r, object, "reason", false),
		.count = read_count(r, object, "changes"),
		.first_line = read_count(r, object, "first_line"),
	};
}

static void read_snapshot(struct reading *r, JsonObject *object, void *element)
{
	*(struct results_snapshot *)element = (struct results_snapshot){
		.name = read_text(r, object, "name", false),
		.equal = read_bool(r, object, "equal"),
		.difference = read_text(r, object, "difference", true),
	};
}

static void read_placement(struct reading *r, JsonObject *object, void *element)
{
	*(struct results_placement *)element = (struct results_placement){
		.name = read_text(r, object, "placement", false),
		.granted = read_count(r, object, "granted"),
		.refused = read_count(r, object, "refused"),
		.not_refused = read_count(r, object, "not_refused"),
		.elsewhere = read_count(r, object, "elsewhere"),
		.displaced = read_count(r, object, "displaced"),
		.stranded = read_count(r, object, "stranded"),
		.most_on_a_cpu = read_count(r, object, "most_on_a_cpu"),
		.in_use = read_count(r, object, "in_use"),
		.leaked = read_count(r, object, "leaked"),
	};
}

static void read_divergence(struct reading *r, JsonObject *object, struct results_divergence *to)
{
	to->count = read_count(r, object, "divergences");
	if (to->count == 0) {
		return;
	}
	JsonObject *first = read_object(r, object, "divergence");
	gsize before = enter(r, "divergence", G_MAXUINT);
	JsonArray *states = read_array(r, first, "states");
	GString *lines = g_string_new(NULL);

	to->text = read_text(r, first, "text", false);
	for (guint i = 0; i < json_array_get_length(states); i++) {
		JsonNode *state = json_array_get_element(states, i);
		bool text = JSON_NODE_HOLDS_VALUE(state) && json_node_get_value_type(state) == G_TYPE_STRING;
		if (!text) {
			complain(r, "states", "not strings");
		}
		g_string_append_printf(lines, "%s\n", text ? json_node_get_string(state) : "");
	}
	to->states = g_string_free(lines, FALSE);
	json_array_unref(states);
	g_string_truncate(r->place, before);
}

static void join_reasons(struct results_replay *to, struct results_reason *more, uint32_t count)
{
	to->reasons = g_renew(struct results_reason, to->reasons, to->reasons_count + count);
	for (uint32_t i = 0; i < count; i++) {
		to->reasons[to->reasons_count++] = more[i];
	}
	g_free(more);
}

static void read_writes(struct reading *r, JsonObject *replay, struct results_replay *to)
{
	JsonObject *writes = read_object(r, replay, "writes");
	gsize before = enter(r, "writes", G_MAXUINT);
	uint32_t count;

	to->writes.made = read_count(r, writes, "changes");
	to->writes.compared = read_count(r, writes, "compared");
	to->writes.equal = read_count(r, writes, "equal");
	struct results_reason *reasons = read_elements(r, writes, "not_comparable", sizeof(reasons[0]),
						       read_reason_of_writes, &count);
	join_reasons(to, reasons, count);
	read_divergence(r, writes, &to->writes_divergence);
	g_string_truncate(r->place, before);
}

/* Only a scenario with a recording has it. */
static struct results_replay *read_replay(struct reading *r, JsonObject *root)
{
	JsonNode *node = root ? json_object_get_member(root, "replay") : NULL;

	if (node == NULL) {
		return NULL;
	}
	struct results_replay *to = g_new0(struct results_replay, 1);
	JsonObject *object = as_object(r, node, "replay");
	gsize before = enter(r, "replay", G_MAXUINT);
	to->recording = read_text(r, object, "recording", false);
	to->agreement = read_bool(r, object, "agreement");
	to->lines = read_count(r, object, "lines");
	to->events = read_count(r, object, "events");
	to->decisions = read_elements(r, object, "decisions", sizeof(to->decisions[0]), read_decision,
				      &to->decisions_count);
	to->reasons = read_elements(r, object, "not_comparable", sizeof(to->reasons[0]),
				    read_reason_of_decisions, &to->reasons_count);
	JsonObject *counters = read_object(r, object, "counters");
	to->counters.compared = read_count(r, counters, "compared");
	to->counters.equal = read_count(r, counters, "equal");
	to->counters.made = to->counters.compared + read_count(r, counters, "not_comparable");
	read_divergence(r, object, &to->divergence);
	to->snapshots = read_elements(r, object, "snapshots", sizeof(to->snapshots[0]), read_snapshot,
				      &to->snapshots_count);
	read_writes(r, object, to);
	to->what_if = read_elements(r, object, "what_if", sizeof(to->what_if[0]), read_placement,
				    &to->what_if_count);
	g_string_truncate(r->place, before);
	return to;
}

static bool is_kind(JsonNode *root, const char *expected)
{
	JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root)
								  : NULL;
	JsonNode *kind = object ? json_object_get_member(object, "kind") : NULL;

	return kind && JSON_NODE_HOLDS_VALUE(kind) &&
	       g_strcmp0(json_node_get_string(kind), expected) == 0;
}

/* Is it one of ours at all? What else is wrong with it would only confuse. */
static bool check_kind(struct reading *r, JsonNode *root, const char *expected)
{
	if (!is_kind(root, expected)) {
		complain(r, "", "not a document of `msirace run --json`");
		return false;
	}
	JsonObject *object = json_node_get_object(root);
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
	if (!check_kind(r, root, REPORT_KIND)) {
		return;
	}
	JsonObject *object = json_node_get_object(root);
	to->version = read_text(r, object, "version", false);
	to->seed = read_count(r, object, "seed");
	to->partial = read_bool(r, object, "partial");
	read_scenario(r, object, to);
	read_contenders(r, object, to);
	read_expectations(r, object, to);
	to->replay = read_replay(r, object);
}

static void read_keys(struct reading *r, JsonObject *root, struct results_set *to)
{
	JsonArray *keys = read_array(r, root, "keys");

	to->keys_count = json_array_get_length(keys);
	to->keys = g_new0(char *, (gsize)to->keys_count + 1);
	if (to->keys_count == 0) {
		complain(r, "keys", "holds no key");
	}
	for (guint i = 0; i < to->keys_count; i++) {
		JsonNode *key = json_array_get_element(keys, i);
		gsize before = enter(r, "keys", i);
		if (JSON_NODE_HOLDS_VALUE(key) &&
		    json_node_get_value_type(key) == G_TYPE_STRING) {
			to->keys[i] = json_node_dup_string(key);
		} else {
			complain(r, "", "not a string");
		}
		g_string_truncate(r->place, before);
	}
	json_array_unref(keys);
}

static void read_cell(struct reading *r, JsonNode *node, const struct results_set *set,
		      struct results *to)
{
	JsonObject *cell = as_object(r, node, "");
	JsonObject *keys = read_object(r, cell, "keys");
	gsize before = enter(r, "keys", G_MAXUINT);

	to->values = g_new0(char *, set->keys_count);
	for (uint32_t i = 0; i < set->keys_count && r->error == NULL; i++) {
		to->values[i] = read_text(r, keys, set->keys[i], false);
	}
	g_string_truncate(r->place, before);
	before = enter(r, "result", G_MAXUINT);
	read_document(r, cell ? json_object_get_member(cell, "result") : NULL, to);
	g_string_truncate(r->place, before);
}

static void read_sweep(struct reading *r, JsonNode *root, struct results_set *to)
{
	if (!check_kind(r, root, RESULTS_KIND_SWEEP)) {
		return;
	}
	JsonObject *object = json_node_get_object(root);
	to->sweep = true;
	to->partial = read_bool(r, object, "partial");
	read_keys(r, object, to);
	to->replay = read_replay(r, object);
	JsonArray *cells = read_array(r, object, "cells");
	uint32_t count = json_array_get_length(cells);
	to->each = g_new0(struct results, count);
	if (count == 0) {
		complain(r, "cells", "holds no run");
	}
	for (guint i = 0; i < count && r->error == NULL; i++) {
		gsize before = enter(r, "cells", i);
		to->count = i + 1;
		read_cell(r, json_array_get_element(cells, i), to, &to->each[i]);
		g_string_truncate(r->place, before);
	}
	json_array_unref(cells);
}

/* An array of runs, where root is one; else a sweep or the one run. */
static void read_set(struct reading *r, JsonNode *root, struct results_set *to)
{
	if (is_kind(root, RESULTS_KIND_SWEEP)) {
		read_sweep(r, root, to);
		return;
	}
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

struct results_set *results_read(const char *path, JsonNode *root, char **error)
{
	struct reading r = { .path = path, .place = g_string_new(NULL) };
	struct results_set *set = g_new0(struct results_set, 1);

	set->path = g_strdup(path);
	read_set(&r, root, set);
	g_string_free(r.place, TRUE);
	*error = r.error;
	if (r.error) {
		results_free(set);
		return NULL;
	}
	return set;
}

struct results_set *results_load(const char *path, char **error)
{
	JsonParser *parser = json_read_file(path, error);
	struct results_set *set =
		parser ? results_read(path, json_parser_get_root(parser), error) : NULL;

	g_clear_object(&parser);
	return set;
}

static void free_values(char **values, uint32_t count)
{
	for (uint32_t i = 0; values && i < count; i++) {
		g_free(values[i]);
	}
	g_free(values);
}

static void free_replay(struct results_replay *replay)
{
	if (replay == NULL) {
		return;
	}
	for (uint32_t i = 0; i < replay->decisions_count; i++) {
		g_free(replay->decisions[i].what);
	}
	for (uint32_t i = 0; i < replay->reasons_count; i++) {
		g_free(replay->reasons[i].text);
	}
	for (uint32_t i = 0; i < replay->snapshots_count; i++) {
		g_free(replay->snapshots[i].name);
		g_free(replay->snapshots[i].difference);
	}
	for (uint32_t i = 0; i < replay->what_if_count; i++) {
		g_free(replay->what_if[i].name);
	}
	g_free(replay->decisions);
	g_free(replay->reasons);
	g_free(replay->snapshots);
	g_free(replay->what_if);
	g_free(replay->divergence.text);
	g_free(replay->divergence.states);
	g_free(replay->writes_divergence.text);
	g_free(replay->writes_divergence.states);
	g_free(replay->recording);
	g_free(replay);
}

static void free_run(struct results *run)
{
	for (uint32_t i = 0; i < run->contenders_count; i++) {
		g_free(run->contenders[i].name);
		g_free(run->contenders[i].each);
		g_free(run->contenders[i].occupancy);
	}
	for (uint32_t i = 0; i < run->expectations_count; i++) {
		g_free(run->expectations[i].text);
		g_free(run->expectations[i].contender);
		g_free(run->expectations[i].verdict);
		g_free(run->expectations[i].message);
	}
	g_free(run->expectations);
	g_free(run->contenders);
	g_free(run->version);
	g_free(run->scenario);
	g_free(run->file);
	g_free(run->question);
	g_free(run->resolved);
	free_replay(run->replay);
}

void results_free(struct results_set *set)
{
	if (set == NULL) {
		return;
	}
	for (uint32_t i = 0; i < set->count; i++) {
		free_values(set->each[i].values, set->keys_count);
		free_run(&set->each[i]);
	}
	free_values(set->keys, set->keys_count);
	g_free(set->each);
	free_replay(set->replay);
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
