/* SPDX-License-Identifier: MIT */
#include "sim/yaml_tree.h"

#include <glib.h>
#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

/* Mappings above this many entries are searched for duplicates by hash. */
#define HASHED_ENTRIES 16
#define BLOCK_BYTES ((size_t)256 << 10)

struct yaml_tree {
	GPtrArray *blocks;         /* everything of the tree lives in these */
	size_t block_used;
	size_t block_size;
	uint32_t nodes;
	struct yaml_node *root;
};

/* A container that is being read: its children are the pending nodes from start on. */
struct frame {
	struct yaml_node *node;
	guint start;
	char *anchor;
};

struct builder {
	struct yaml_tree *tree;
	struct diagnostics *d;
	const char *origin;
	GPtrArray *pending;
	GArray *frames;
	GHashTable *anchors;       /* name -> struct yaml_node */
	bool failed;
};

static void *tree_alloc(struct yaml_tree *tree, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (tree->block_used + size > tree->block_size) {
		tree->block_size = MAX(size, BLOCK_BYTES);
		tree->block_used = 0;
		g_ptr_array_add(tree->blocks, g_malloc(tree->block_size));
	}
	char *block = g_ptr_array_index(tree->blocks, tree->blocks->len - 1);
	void *memory = block + tree->block_used;
	tree->block_used += size;
	memset(memory, 0, size);
	return memory;
}

static struct yaml_node *tree_node(struct yaml_tree *tree, enum yaml_kind kind,
				   const struct mark *at)
{
	struct yaml_node *node = tree_alloc(tree, sizeof(*node));

	node->kind = kind;
	node->mark = *at;
	tree->nodes++;
	return node;
}

static const char *tree_text(struct yaml_tree *tree, const char *text, size_t length)
{
	char *copy = tree_alloc(tree, length + 1);

	memcpy(copy, text, length);
	return copy;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	if (tree) {
		g_ptr_array_free(tree->blocks, TRUE);
		g_free(tree);
	}
}

static void fail(struct builder *b, const struct mark *at, const char *message)
{
	diagnose(b->d, at, "%s", message);
	b->failed = true;
}

static struct mark mark_of(const struct builder *b, struct fy_event *event)
{
	const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);
	struct mark at = { .origin = b->origin, .line = 1, .column = 1 };

	if (start) {
		at.line = start->line + 1;
		at.column = start->column + 1;
		at.width = end && end->line == start->line ? end->column - start->column : 1;
	}
	return at;
}

static char *anchor_name(struct fy_token *anchor)
{
	size_t length = 0;
	const char *name = anchor ? fy_token_get_text(anchor, &length) : NULL;

	return name ? g_strndup(name, length) : NULL;
}

static void complete(struct builder *b, struct yaml_node *node, char *anchor)
{
	if (anchor) {
		g_hash_table_replace(b->anchors, anchor, node);
	}
	g_ptr_array_add(b->pending, node);
	if (b->tree->nodes > YAML_NODES_MAX) {
		fail(b, &node->mark, "too large: more than " G_STRINGIFY(YAML_NODES_MAX) " values");
	}
}

static void refuse_tag(struct builder *b, struct fy_token *tag, const struct mark *at)
{
	if (tag) {
		diagnose(b->d, at, "YAML tags (!) have no meaning in a scenario");
	}
}

/* An empty value has no place of its own: its key's is shown, or that of the container. */
static struct mark scalar_mark(const struct builder *b, struct fy_event *event)
{
	const struct frame *frame = b->frames->len ?
		&g_array_index(b->frames, struct frame, b->frames->len - 1) : NULL;

	if (fy_event_start_mark(event) || !frame) {
		return mark_of(b, event);
	}
	if (b->pending->len > frame->start) {
		return ((struct yaml_node *)g_ptr_array_index(b->pending, b->pending->len - 1))
			->mark;
	}
	return frame->node->mark;
}

static void on_scalar(struct builder *b, struct fy_event *event)
{
	struct mark at = scalar_mark(b, event);
	size_t length = 0;
	const char *text =
		event->scalar.value ? fy_token_get_text(event->scalar.value, &length) : NULL;
	enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
	struct yaml_node *node = tree_node(b->tree, YAML_SCALAR, &at);

	if (text && memchr(text, '\0', length)) {
		diagnose(b->d, &at, "a text must not hold the character 0");
		length = strlen(text);
	}
	refuse_tag(b, event->scalar.tag, &at);
	node->text = tree_text(b->tree, text ? text : "", text ? length : 0);
	node->quoted = style != FYSS_PLAIN;
	node->plain = !node->quoted && (size_t)at.width == (size_t)g_utf8_strlen(node->text, -1);
	complete(b, node, anchor_name(event->scalar.anchor));
}

static void on_alias(struct builder *b, struct fy_event *event)
{
	struct mark at = mark_of(b, event);
	g_autofree char *name = anchor_name(event->alias.anchor);
	struct yaml_node *target = name ? g_hash_table_lookup(b->anchors, name) : NULL;

	b->tree->nodes++;
	if (!target) {
		diagnose(b->d, &at, "there is no complete anchor '&%s' before this alias",
			 name ? name : "");
		target = tree_node(b->tree, YAML_SCALAR, &at);
		target->text = "";
		target->broken = true;
	}
	complete(b, target, NULL);
}

static void on_start(struct builder *b, struct fy_event *event, enum yaml_kind kind,
		     struct fy_token *anchor, struct fy_token *tag)
{
	struct mark at = mark_of(b, event);
	struct frame frame = {
		.node = tree_node(b->tree, kind, &at),
		.start = b->pending->len,
		.anchor = anchor_name(anchor),
	};

	refuse_tag(b, tag, &at);
	g_array_append_val(b->frames, frame);
	if (b->frames->len > YAML_DEPTH_MAX) {
		fail(b, &at, "nested too deeply: more than " G_STRINGIFY(YAML_DEPTH_MAX) " levels");
	}
}

static void on_sequence_end(struct builder *b)
{
	struct frame frame = g_array_index(b->frames, struct frame, b->frames->len - 1);
	struct yaml_node *node = frame.node;

	g_array_set_size(b->frames, b->frames->len - 1);
	node->count = b->pending->len - frame.start;
	node->items = tree_alloc(b->tree, node->count * sizeof(node->items[0]));
	if (node->count) {
		memcpy(node->items, &b->pending->pdata[frame.start],
		       node->count * sizeof(node->items[0]));
	}
	g_ptr_array_set_size(b->pending, (gint)frame.start);
	complete(b, node, frame.anchor);
}

/* The keys that a mapping has so far; a hash only where a search would be slow. */
struct key_set {
	GArray *entries;
	GHashTable *hash;
};

static const struct yaml_node *key_set_find(const struct key_set *set, const char *key)
{
	if (set->hash) {
		return g_hash_table_lookup(set->hash, key);
	}
	for (guint i = 0; i < set->entries->len; i++) {
		const struct yaml_entry *entry = &g_array_index(set->entries, struct yaml_entry, i);
		if (strcmp(entry->key->text, key) == 0) {
			return entry->key;
		}
	}
	return NULL;
}

static void key_set_add(struct key_set *set, struct yaml_entry entry)
{
	g_array_append_val(set->entries, entry);
	if (!set->hash && set->entries->len > HASHED_ENTRIES) {
		set->hash = g_hash_table_new(g_str_hash, g_str_equal);
		for (guint i = 0; i < set->entries->len; i++) {
			struct yaml_node *key =
				g_array_index(set->entries, struct yaml_entry, i).key;
			g_hash_table_insert(set->hash, (gpointer)(uintptr_t)key->text, key);
		}
	} else if (set->hash) {
		g_hash_table_insert(set->hash, (gpointer)(uintptr_t)entry.key->text, entry.key);
	}
}

/* Adds what the mapping does not name itself: of several merged mappings the first one wins. */
static void merge(struct builder *b, struct key_set *set, const struct yaml_node *from,
		  const struct mark *at)
{
	if (from->kind == YAML_SEQUENCE) {
		for (uint32_t i = 0; i < from->count && !b->failed; i++) {
			if (from->items[i]->kind == YAML_SEQUENCE) {
				diagnose(b->d, at, "'<<' merges a mapping or a list of mappings");
				continue;
			}
			merge(b, set, from->items[i], at);
		}
		return;
	}
	if (from->kind != YAML_MAPPING) {
		diagnose(b->d, at, "'<<' merges a mapping or a list of mappings");
		return;
	}
	b->tree->nodes += from->count;
	if (b->tree->nodes > YAML_NODES_MAX) {
		fail(b, at, "too large: more than " G_STRINGIFY(YAML_NODES_MAX) " values");
		return;
	}
	for (uint32_t i = 0; i < from->count; i++) {
		if (!key_set_find(set, from->entries[i].key->text)) {
			key_set_add(set, from->entries[i]);
		}
	}
}

static bool is_merge(const struct yaml_node *key)
{
	return key->kind == YAML_SCALAR && !key->quoted && strcmp(key->text, "<<") == 0;
}

static void add_entry(struct builder *b, struct key_set *set, struct yaml_node *key,
		      struct yaml_node *value)
{
	if (key->kind != YAML_SCALAR) {
		diagnose(b->d, &key->mark, "a key must be a word");
		return;
	}
	const struct yaml_node *first = key_set_find(set, key->text);
	if (first) {
		diagnose(b->d, &key->mark, "key '%.60s' is given twice, first in line %d",
			 key->text, first->mark.line);
		return;
	}
	key_set_add(set, (struct yaml_entry){ key, value });
}

static void on_mapping_end(struct builder *b)
{
	struct frame frame = g_array_index(b->frames, struct frame, b->frames->len - 1);
	struct key_set set = { .entries = g_array_new(FALSE, FALSE, sizeof(struct yaml_entry)) };
	guint count = b->pending->len - frame.start;
	struct yaml_node **pairs =
		count ? (struct yaml_node **)&b->pending->pdata[frame.start] : NULL;
	struct yaml_node *node = frame.node;

	g_array_set_size(b->frames, b->frames->len - 1);
	for (guint i = 0; i + 1 < count; i += 2) {
		if (!is_merge(pairs[i])) {
			add_entry(b, &set, pairs[i], pairs[i + 1]);
		}
	}
	for (guint i = 0; i + 1 < count && !b->failed; i += 2) {
		if (is_merge(pairs[i])) {
			merge(b, &set, pairs[i + 1], &pairs[i]->mark);
		}
	}
	node->count = set.entries->len;
	node->entries = tree_alloc(b->tree, node->count * sizeof(node->entries[0]));
	if (node->count) {
		memcpy(node->entries, set.entries->data, node->count * sizeof(node->entries[0]));
	}
	g_array_free(set.entries, TRUE);
	if (set.hash) {
		g_hash_table_destroy(set.hash);
	}
	g_ptr_array_set_size(b->pending, (gint)frame.start);
	complete(b, node, frame.anchor);
}

static void on_document(struct builder *b, struct fy_event *event)
{
	struct mark at = mark_of(b, event);

	if (b->pending->len) {
		fail(b, &at, "a scenario is one YAML document: a second one begins here");
	}
}

static void on_event(struct builder *b, struct fy_event *event)
{
	switch (event->type) {
	case FYET_SCALAR:
		on_scalar(b, event);
		break;
	case FYET_ALIAS:
		on_alias(b, event);
		break;
	case FYET_SEQUENCE_START:
		on_start(b, event, YAML_SEQUENCE, event->sequence_start.anchor,
			 event->sequence_start.tag);
		break;
	case FYET_MAPPING_START:
		on_start(b, event, YAML_MAPPING, event->mapping_start.anchor,
			 event->mapping_start.tag);
		break;
	case FYET_SEQUENCE_END:
		on_sequence_end(b);
		break;
	case FYET_MAPPING_END:
		on_mapping_end(b);
		break;
	case FYET_DOCUMENT_START:
		on_document(b, event);
		break;
	default:
		break;
	}
}

/* What libfyaml itself found wrong. */
static void collect_syntax_errors(struct builder *b, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *iterator = NULL;
	bool any = false;

	while ((error = fy_diag_errors_iterate(diag, &iterator))) {
		struct mark at = { .origin = b->origin,
				   .line = error->line,
				   .column = error->column };
		diagnose(b->d, &at, "not YAML: %s", error->msg);
		any = true;
	}
	if (!any) {
		struct mark at = { .origin = b->origin };
		diagnose(b->d, &at, "not YAML");
	}
	b->failed = true;
}

static void read_events(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
	bool ended = false;

	while (!b->failed && !ended) {
		struct fy_event *event = fy_parser_parse(parser);
		if (!event) {
			break;
		}
		ended = event->type == FYET_STREAM_END;
		on_event(b, event);
		fy_parser_event_free(parser, event);
	}
	if (!b->failed && !ended) {
		collect_syntax_errors(b, diag);
	}
}

static void parse_into(struct builder *b, const char *text, size_t length)
{
	struct fy_diag_cfg diag_config;
	FILE *nowhere = fopen("/dev/null", "w");

	fy_diag_cfg_default(&diag_config);
	diag_config.fp = nowhere;
	struct fy_diag *diag = fy_diag_create(&diag_config);
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg config = {
		.search_path = "",
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE,
		.diag = diag,
	};
	struct fy_parser *parser = fy_parser_create(&config);

	if (!parser || fy_parser_set_string(parser, text, length)) {
		fail(b, &(struct mark){ .origin = b->origin },
		     "the YAML parser could not be started");
	} else {
		read_events(b, parser, diag);
	}
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	if (nowhere) {
		fclose(nowhere);
	}
}

/* A binary file gets one error, with the place of its first bad byte. */
static bool check_text(const char *text, size_t length, const char *origin, struct diagnostics *d)
{
	struct mark at = { .origin = origin, .line = 1, .column = 1 };
	const char *bad = text;

	if (length > YAML_BYTES_MAX) {
		diagnose(d, &(struct mark){ .origin = origin }, "too large: more than %u MiB",
			 YAML_BYTES_MAX >> 20);
		return false;
	}
	if (g_utf8_validate(text, (gssize)length, &bad)) {
		return true;
	}
	for (const char *c = text; c < bad; c = g_utf8_next_char(c)) {
		at.column++;
		if (*c == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	diagnose(d, &at, "not a text file: byte 0x%02x is not UTF-8 text", (unsigned char)*bad);
	return false;
}

struct yaml_tree *yaml_tree_parse(const char *text, size_t length, const char *origin,
				  struct diagnostics *d)
{
	if (!check_text(text, length, origin, d)) {
		return NULL;
	}
	struct builder b = {
		.tree = g_new0(struct yaml_tree, 1),
		.d = d,
		.origin = origin,
		.pending = g_ptr_array_new(),
		.frames = g_array_new(FALSE, FALSE, sizeof(struct frame)),
		.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	b.tree->blocks = g_ptr_array_new_with_free_func(g_free);

	parse_into(&b, text, length);
	for (guint i = 0; i < b.frames->len; i++) {
		g_free(g_array_index(b.frames, struct frame, i).anchor);
	}
	b.tree->root = !b.failed && b.pending->len == 1 ? g_ptr_array_index(b.pending, 0) : NULL;
	g_ptr_array_free(b.pending, TRUE);
	g_array_free(b.frames, TRUE);
	g_hash_table_destroy(b.anchors);
	if (!b.tree->root) {
		if (!b.failed) {
			diagnose(d, &(struct mark){ .origin = origin }, "the document is empty");
		}
		yaml_tree_free(b.tree);
		return NULL;
	}
	return b.tree;
}

struct yaml_node *yaml_tree_root(struct yaml_tree *tree)
{
	return tree->root;
}

struct yaml_node *yaml_scalar(struct yaml_tree *tree, const char *text, const struct mark *at)
{
	struct yaml_node *node = tree_node(tree, YAML_SCALAR, at);

	node->text = tree_text(tree, text, strlen(text));
	return node;
}

struct yaml_node *yaml_mapping(struct yaml_tree *tree, const struct mark *at)
{
	return tree_node(tree, YAML_MAPPING, at);
}

struct yaml_node *yaml_clone(struct yaml_tree *tree, const struct yaml_node *node)
{
	struct yaml_node *copy = tree_alloc(tree, sizeof(*copy));
	size_t element =
		node->kind == YAML_MAPPING ? sizeof(node->entries[0]) : sizeof(node->items[0]);

	*copy = *node;
	if (node->kind != YAML_SCALAR) {
		copy->items = tree_alloc(tree, node->count * element);
		if (node->count) {
			memcpy(copy->items, node->items, node->count * element);
		}
	}
	return copy;
}

void yaml_mapping_set(struct yaml_tree *tree, struct yaml_node *mapping, struct yaml_node *key,
		      struct yaml_node *value)
{
	for (uint32_t i = 0; i < mapping->count; i++) {
		if (strcmp(mapping->entries[i].key->text, key->text) == 0) {
			mapping->entries[i] = (struct yaml_entry){ key, value };
			return;
		}
	}
	struct yaml_entry *entries = tree_alloc(tree, (mapping->count + 1) * sizeof(entries[0]));
	if (mapping->count) {
		memcpy(entries, mapping->entries, mapping->count * sizeof(entries[0]));
	}
	entries[mapping->count++] = (struct yaml_entry){ key, value };
	mapping->entries = entries;
}

const struct yaml_entry *yaml_find(const struct yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_MAPPING) {
		return NULL;
	}
	for (uint32_t i = 0; i < mapping->count; i++) {
		if (strcmp(mapping->entries[i].key->text, key) == 0) {
			return &mapping->entries[i];
		}
	}
	return NULL;
}
