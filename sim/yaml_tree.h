/* SPDX-License-Identifier: MIT */
/*
 * One YAML document as a tree of text, with the place of each node. Aliases share their anchor's node, merges (<<) are
 * done, duplicate keys are errors. Depth and size are bounded, so that no alias bomb or endless file gets further than here.
 */
#ifndef MSIRACE_SIM_YAML_TREE_H
#define MSIRACE_SIM_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/diagnostics.h"

#define YAML_BYTES_MAX (32u << 20)
#define YAML_NODES_MAX 4000000   /* entries of merged mappings count again */
#define YAML_DEPTH_MAX 24

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_entry {
	struct yaml_node *key;     /* a scalar */
	struct yaml_node *value;
};

struct yaml_node {
	enum yaml_kind kind;
	struct mark mark;
	bool plain; /* a scalar without quotes, on one line: columns inside it are known */
	bool quoted; /* a scalar of any other style: "" is a text, an empty plain one is no value */
	bool broken;               /* reported already: stands for an alias without an anchor */
	uint32_t count;            /* items or entries */
	union {
		const char *text;
		struct yaml_node **items;
		struct yaml_entry *entries;
	};
};

struct yaml_tree;

/*
 * Parses text (valid UTF-8 or not, with or without NUL bytes). origin as in struct mark. Errors go to d, and NULL is
 * returned where there is no document at all; with errors inside mappings the rest of the tree is still returned.
 */
struct yaml_tree *yaml_tree_parse(const char *text, size_t length, const char *origin,
				  struct diagnostics *d);
void yaml_tree_free(struct yaml_tree *tree);

struct yaml_node *yaml_tree_root(struct yaml_tree *tree);

/* A new node that lives as long as the tree. Scalars copy text; mappings and sequences start empty. */
struct yaml_node *yaml_scalar(struct yaml_tree *tree, const char *text, const struct mark *at);
struct yaml_node *yaml_mapping(struct yaml_tree *tree, const struct mark *at);

/* A copy of the node itself that shares its children: what aliases share can then be changed in one place. */
struct yaml_node *yaml_clone(struct yaml_tree *tree, const struct yaml_node *node);

/* Sets or adds an entry. */
void yaml_mapping_set(struct yaml_tree *tree, struct yaml_node *mapping, struct yaml_node *key,
		      struct yaml_node *value);

/* The entry of that key; NULL where there is none. The node may be NULL or no mapping. */
const struct yaml_entry *yaml_find(const struct yaml_node *mapping, const char *key);

#endif
