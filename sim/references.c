/* SPDX-License-Identifier: MIT */
/* Names of the file that stand for something else: devices, protocols, contenders, metrics. */
#include <string.h>

#include "sim/expect.h"
#include "sim/loader_internal.h"
#include "sim/metrics.h"
#include "sim/suggest.h"
#include "sim/units.h"

#define NAME_BYTES_MAX 200
#define CONTENDERS_MAX 1000

/* Is the name that of a device, or of one of a group, that is there and wrong itself? That is reported already. */
static bool is_wrong_device(const struct loader *l, const char *name)
{
	static const char digits[] = G_CSET_DIGITS;
	const struct yaml_entry *devices = yaml_find(l->root, "devices");

	for (uint32_t i = 0;
	     devices && devices->value->kind == YAML_SEQUENCE && i < devices->value->count; i++) {
		const struct yaml_entry *entry = yaml_find(devices->value->items[i], "name");
		if (!entry || entry->value->kind != YAML_SCALAR ||
		    g_hash_table_contains(l->names, entry->value->text)) {
			continue;
		}
		size_t length = strlen(entry->value->text);
		if (strncmp(name, entry->value->text, length) == 0 &&
		    name[length + strspn(name + length, digits)] == '\0') {
			return true;
		}
	}
	return false;
}

static void refuse_device(struct loader *l, const char *name, const struct mark *at)
{
	struct suggestion near = suggestion_for(name);

	for (guint i = 0; i < l->devices->len; i++) {
		const struct scenario_device *one =
			&g_array_index(l->devices, struct scenario_device, i);
		suggestion_offer(&near, one->name);
		suggestion_offer(&near, one->group);
	}
	g_autofree char *hint = suggestion_hint(&near);
	diagnose(l->d, at, "there is no device '%.60s'%s", name, hint);
}

bool load_device_reference(struct loader *l, const struct yaml_node *node, int32_t *device,
			   uint32_t *count)
{
	const char *text = scalar_text(l, "device", node);
	gpointer found = NULL;

	if (!text) {
		return false;
	}
	bool named = g_hash_table_lookup_extended(l->names, text, NULL, &found);
	guint index = GPOINTER_TO_UINT(found);
	/* The name of a device whose own entry was refused belongs to nothing. */
	if (named && index < l->devices->len) {
		const struct scenario_device *one =
			&g_array_index(l->devices, struct scenario_device, index);
		bool group = one->group_index == 0 && strcmp(one->group, text) == 0;
		if (group || strcmp(one->name, text) == 0) {
			*device = (int32_t)index;
			*count = group ? one->group_count : 1;
			return true;
		}
	}
	if (!named && !is_wrong_device(l, text)) {
		refuse_device(l, text, &node->mark);
	}
	return false;
}

bool load_vcpu_reference(struct loader *l, const struct schema_key *key,
			 const struct yaml_node *node, int32_t *vcpu)
{
	const char *text = scalar_text(l, key->name, node);
	struct suggestion near = suggestion_for(text ? text : "");

	*vcpu = -1;
	if (!text) {
		return false;
	}
	for (guint i = 0; i < l->vcpus->len; i++) {
		const char *name = g_array_index(l->vcpus, struct scenario_vcpu, i).name;

		if (strcmp(name, text) == 0) {
			*vcpu = (int32_t)i;
			return true;
		}
		suggestion_offer(&near, name);
	}
	if (key->word && strcmp(text, key->word) == 0) {
		return true;
	}
	/* A vCPU that is wrong itself is reported already. */
	if (l->vcpus_sound) {
		g_autofree char *hint = suggestion_hint(&near);
		diagnose(l->d, &node->mark, "there is no vCPU '%.60s'%s", text, hint);
	}
	return false;
}

static const struct strategy *find_strategy(struct loader *l, const char *name,
					    const struct mark *at)
{
	const struct strategy *found = strategy_find(name);
	struct suggestion near = suggestion_for(name);
	size_t count;
	const struct strategy *all = strategy_registry(&count);

	for (size_t i = 0; i < count; i++) {
		suggestion_offer(&near, all[i].name);
	}
	if (!found) {
		g_autofree char *hint = suggestion_hint(&near);
		diagnose(l->d, at, "unknown strategy '%s'%s", name,
			 hint[0] ? hint : ": `msirace list strategies` names all");
	}
	return found;
}

/* Columns inside a plain scalar are known. */
static struct mark mark_inside(const struct yaml_node *node, size_t offset, size_t length)
{
	struct mark at = node->mark;

	if (node->plain && !at.origin) {
		at.column += (int)g_utf8_strlen(node->text, (gssize)offset);
		at.width = (int)length;
	}
	return at;
}

static int32_t contender_find(const struct loader *l, const char *name)
{
	for (guint i = 0; i < l->contenders->len; i++) {
		if (strcmp(g_array_index(l->contenders, struct scenario_contender, i).name, name) ==
		    0) {
			return (int32_t)i;
		}
	}
	return -1;
}

/* The protocols of "vtd-no-flush+immediate", one a slot. */
static bool fill_slots(struct loader *l, const struct yaml_node *node,
		       struct scenario_contender *contender)
{
	g_auto(GStrv) names = g_strsplit(node->text, "+", -1);
	size_t offset = 0;
	bool sound = true;

	for (char **name = names; *name; name++) {
		struct mark at = mark_inside(node, offset, strlen(*name));
		const struct strategy *strategy = find_strategy(l, *name, &at);
		offset += strlen(*name) + 1;
		if (!strategy) {
			sound = false;
		} else if (contender->slot[strategy->slot]) {
			diagnose(l->d, &at,
				 "'%s' and '%s' do the same: a contender has at most one of them",
				 contender->slot[strategy->slot]->name, strategy->name);
			sound = false;
		} else {
			contender->slot[strategy->slot] = strategy;
		}
	}
	return sound;
}

static bool load_contender(struct loader *l, const struct yaml_node *node)
{
	struct scenario_contender contender = { .line = node->mark.line };
	const char *text = scalar_text(l, "strategies", node);

	if (!text) {
		return false;
	}
	if (strlen(text) > NAME_BYTES_MAX) {
		diagnose(l->d, &node->mark, "the strategy's name is too long");
		return false;
	}
	if (strcmp(text, "all") == 0) {
		diagnose(l->d, &node->mark, "'all' is no strategy: name each one");
		return false;
	}
	if (contender_find(l, text) >= 0) {
		diagnose(l->d, &node->mark, "strategy '%s' is named twice", text);
		return false;
	}
	if (!fill_slots(l, node, &contender)) {
		return false;
	}
	contender.name = g_strdup(text);
	g_array_append_val(l->contenders, contender);
	g_array_append_val(l->contender_marks, node->mark);
	return true;
}

/* With --strategy the file's contenders are checked, and remembered for the expectations that name them. */
static bool replace_contenders(struct loader *l)
{
	bool sound = true;

	for (guint i = 0; i < l->contenders->len; i++) {
		g_ptr_array_add(l->dropped,
				g_array_index(l->contenders, struct scenario_contender, i).name);
	}
	g_array_set_size(l->contenders, 0);
	g_array_set_size(l->contender_marks, 0);
	for (size_t i = 0; i < l->options->strategies_count; i++) {
		char *origin = g_strdup_printf("--strategy %s", l->options->strategies[i]);
		struct mark at = { .origin = origin };
		g_ptr_array_add(l->origins, origin);
		sound &= load_contender(l, yaml_scalar(l->tree, l->options->strategies[i], &at));
	}
	return sound;
}

bool load_strategies(struct loader *l, const struct schema_key *key, const struct yaml_node *node)
{
	bool sound = true;

	if (node->kind == YAML_MAPPING) {
		diagnose(l->d, &node->mark, "'%s' must be a list of names", key->name);
		return false;
	}
	if (node->kind == YAML_SEQUENCE && (node->count == 0 || node->count > CONTENDERS_MAX)) {
		diagnose(l->d, &node->mark, "'%s' must name 1 to %d strategies", key->name,
			 CONTENDERS_MAX);
		return false;
	}
	if (node->kind == YAML_SCALAR) {
		sound = load_contender(l, node);
	}
	for (uint32_t i = 0; node->kind == YAML_SEQUENCE && i < node->count; i++) {
		sound &= load_contender(l, node->items[i]);
	}
	return l->options->strategies_count ? replace_contenders(l) & sound : sound;
}

static bool is_wrong_contender(const struct loader *l, const char *name)
{
	const struct yaml_entry *strategies = yaml_find(l->root, "strategies");

	if (!strategies || l->contenders_sound) {
		return !strategies;
	}
	const struct yaml_node *list = strategies->value;
	bool is_list = list->kind == YAML_SEQUENCE;
	for (uint32_t i = 0; i < (is_list ? list->count : 1); i++) {
		const struct yaml_node *one = is_list ? list->items[i] : list;
		if (one->kind == YAML_SCALAR && strcmp(one->text, name) == 0) {
			return true;
		}
	}
	return false;
}

/* -1 for "all"; false where the expectation is not to be kept, with an error unless the contender is left out on purpose. */
static bool find_contender(struct loader *l, const struct yaml_node *name, int32_t *contender)
{
	struct suggestion near = suggestion_for(name->text);

	*contender = -1;
	if (strcmp(name->text, "all") == 0) {
		return true;
	}
	*contender = contender_find(l, name->text);
	if (*contender >= 0) {
		return true;
	}
	for (guint i = 0; i < l->dropped->len; i++) {
		if (strcmp(g_ptr_array_index(l->dropped, i), name->text) == 0) {
			return false;
		}
		suggestion_offer(&near, g_ptr_array_index(l->dropped, i));
	}
	for (guint i = 0; i < l->contenders->len; i++) {
		suggestion_offer(&near,
				 g_array_index(l->contenders, struct scenario_contender, i).name);
	}
	if (!is_wrong_contender(l, name->text)) {
		g_autofree char *hint = suggestion_hint(&near);
		diagnose(l->d, &name->mark, "'%.60s' is none of the scenario's strategies%s",
			 name->text, hint[0] ? hint : ", nor 'all'");
	}
	return false;
}

/* A word of an expression, and where it stands. */
struct token {
	char text[64];
	struct mark at;
};

static bool next_token(const struct yaml_node *node, const char **cursor, const char *alphabet,
		       struct token *token)
{
	const char *c = *cursor + strspn(*cursor, " \t\n");
	size_t length = alphabet ? strspn(c, alphabet) : strcspn(c, " \t\n");

	token->at = mark_inside(node, (size_t)(c - node->text), MAX(length, (size_t)1));
	*cursor = c + length;
	if (length == 0 || length >= sizeof(token->text)) {
		token->text[0] = '\0';
		return false;
	}
	memcpy(token->text, c, length);
	token->text[length] = '\0';
	return true;
}

static bool more_follows(const struct yaml_node *node, const char *cursor, struct mark *at)
{
	const char *rest = cursor + strspn(cursor, " \t\n");

	*at = mark_inside(node, (size_t)(rest - node->text), strlen(rest));
	return rest[0] != '\0';
}

static bool read_metric(struct loader *l, const struct token *token, int32_t *metric)
{
	struct suggestion near = suggestion_for(token->text);

	*metric = metric_find(token->text);
	for (int i = 0; i < METRICS_COUNT; i++) {
		suggestion_offer(&near, metric_get(i)->key);
	}
	if (*metric >= 0) {
		return true;
	}
	g_autofree char *hint = suggestion_hint(&near);
	diagnose(l->d, &token->at, "unknown metric '%s'%s", token->text,
		 hint[0] ? hint : ": `msirace list metrics` names all");
	return false;
}

static bool read_operator(struct loader *l, const struct token *token, enum expect_op *op)
{
	static const enum expect_op all[] = { EXPECT_EQ, EXPECT_NE, EXPECT_LT,
					      EXPECT_LE, EXPECT_GT, EXPECT_GE };

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		if (strcmp(expect_op_name(all[i]), token->text) == 0) {
			*op = all[i];
			return true;
		}
	}
	diagnose(l->d, &token->at, "unknown operator '%s'%s", token->text,
		 strcmp(token->text, "=") == 0 ? ", did you mean '=='?"
					       : ": ==, !=, <, <=, > or >=");
	return false;
}

static bool read_limit(struct loader *l, const struct token *token, int32_t metric, double *value)
{
	bool duration = strcmp(metric_get(metric)->unit, "ps") == 0;
	uint64_t value_ps = 0;

	g_autofree char *error = duration ? units_read_duration(token->text, &value_ps) :
					    units_read_decimal(token->text, value);
	if (error) {
		diagnose(l->d, &token->at, "%s: %s", metric_get(metric)->key, error);
		return false;
	}
	if (duration) {
		*value = (double)value_ps;
	}
	return true;
}

/* "stale > 0" */
static bool parse_expectation(struct loader *l, const struct yaml_node *node,
			      struct scenario_expectation *e)
{
	const char *cursor = node->text;
	struct token metric, op, value;
	struct mark rest;

	if (!next_token(node, &cursor, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_.-", &metric)) {
		diagnose(l->d, &metric.at, "an expectation is METRIC OPERATOR NUMBER: stale > 0");
		return false;
	}
	bool sound = read_metric(l, &metric, &e->metric);
	if (!next_token(node, &cursor, "=!<>", &op)) {
		diagnose(l->d, &op.at, "an operator is missing: ==, !=, <, <=, > or >=");
		return false;
	}
	sound &= read_operator(l, &op, &e->op);
	if (!next_token(node, &cursor, NULL, &value)) {
		diagnose(l->d, &value.at, "a number is missing: stale > 0");
		return false;
	}
	sound = sound && read_limit(l, &value, e->metric, &e->value);
	if (more_follows(node, cursor, &rest)) {
		diagnose(l->d, &rest, "nothing may follow the number");
		return false;
	}
	return sound;
}

static bool load_expectation(struct loader *l, const struct yaml_node *name,
			     const struct yaml_node *node, GArray *expectations)
{
	struct scenario_expectation e = { .line = node->mark.line };

	bool wanted = find_contender(l, name, &e.contender);
	if (!scalar_text(l, "expect", node) || !parse_expectation(l, node, &e)) {
		return false;
	}
	if (wanted) {
		e.text = g_strdup_printf("%s: %s", name->text, node->text);
		g_array_append_val(expectations, e);
	}
	return true;
}

static bool read_subject(struct loader *l, const struct token *token, enum check_subject *subject)
{
	struct suggestion near = suggestion_for(token->text);

	for (int i = 0; i < CHECK_SUBJECTS; i++) {
		if (strcmp(check_subject_name((enum check_subject)i), token->text) == 0) {
			*subject = (enum check_subject)i;
			return true;
		}
		suggestion_offer(&near, check_subject_name((enum check_subject)i));
	}
	g_autofree char *hint = suggestion_hint(&near);
	diagnose(l->d, &token->at, "unknown subject '%s'%s", token->text,
		 hint[0] ? hint : ": stale, lost or spurious");
	return false;
}

static bool read_verdict(struct loader *l, const struct token *token, enum check_verdict *verdict)
{
	for (int i = VERDICT_NEVER; i <= VERDICT_ALWAYS; i++) {
		if (g_ascii_strcasecmp(check_verdict_name((enum check_verdict)i), token->text) ==
		    0) {
			*verdict = (enum check_verdict)i;
			return true;
		}
	}
	diagnose(l->d, &token->at, "unknown verdict '%s': never, sometimes or always", token->text);
	return false;
}

/* "stale sometimes" */
static bool load_check_expectation(struct loader *l, const struct yaml_node *name,
				   const struct yaml_node *node, GArray *expectations)
{
	struct scenario_check_expectation e = { .line = node->mark.line };
	const char *cursor = node->text;
	struct token subject, verdict;
	struct mark rest;

	bool wanted = find_contender(l, name, &e.contender);
	if (!scalar_text(l, "expect", node)) {
		return false;
	}
	if (!next_token(node, &cursor, NULL, &subject) ||
	    !next_token(node, &cursor, NULL, &verdict)) {
		diagnose(l->d, &node->mark, "an expectation is SUBJECT VERDICT: stale sometimes");
		return false;
	}
	bool sound = read_subject(l, &subject, &e.subject) & read_verdict(l, &verdict, &e.verdict);
	if (more_follows(node, cursor, &rest)) {
		diagnose(l->d, &rest, "nothing may follow the verdict");
		return false;
	}
	if (wanted && sound) {
		e.text = g_strdup_printf("%s: %s", name->text, node->text);
		g_array_append_val(expectations, e);
	}
	return sound;
}

typedef bool load_one(struct loader *l, const struct yaml_node *name, const struct yaml_node *node,
		      GArray *expectations);

/* A list of mappings, or one mapping, from contenders to an expression or a list of them. */
static bool load_pairs(struct loader *l, const struct yaml_node *node, load_one *load, GArray *out)
{
	bool sound = true;

	if (node->kind == YAML_SEQUENCE) {
		if (!count_values(l, node->count, &node->mark)) {
			return false;
		}
		for (uint32_t i = 0; i < node->count; i++) {
			const struct yaml_node *pair = node->items[i];
			if (pair->kind != YAML_MAPPING) {
				diagnose(
					l->d, &pair->mark,
					"an expectation is STRATEGY: EXPRESSION, or all: EXPRESSION");
				sound = false;
			} else {
				sound &= load_pairs(l, pair, load, out);
			}
		}
		return sound;
	}
	if (node->kind != YAML_MAPPING) {
		diagnose(l->d, &node->mark, "'expect' must be a list of STRATEGY: EXPRESSION");
		return false;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		if (entry->value->kind != YAML_SEQUENCE) {
			sound &= load(l, entry->key, entry->value, out);
			continue;
		}
		if (!count_values(l, entry->value->count, &entry->value->mark)) {
			return false;
		}
		for (uint32_t j = 0; j < entry->value->count; j++) {
			sound &= load(l, entry->key, entry->value->items[j], out);
		}
	}
	return sound;
}

bool load_expectations(struct loader *l, const struct yaml_node *node)
{
	GArray *out = g_array_new(FALSE, TRUE, sizeof(struct scenario_expectation));
	bool sound = load_pairs(l, node, load_expectation, out);

	l->s->expectations_count = out->len;
	l->s->expectations = (void *)g_array_free(out, FALSE);
	return sound;
}

bool load_check_expectations(struct loader *l, const struct yaml_node *node)
{
	GArray *out = g_array_new(FALSE, TRUE, sizeof(struct scenario_check_expectation));
	bool sound = load_pairs(l, node, load_check_expectation, out);

	l->s->check.expectations_count = out->len;
	l->s->check.expectations = (void *)g_array_free(out, FALSE);
	return sound;
}
