/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the loader share. Every function reports into l->d and returns whether the
 * value is sound.
 */
#ifndef MSIRACE_SIM_LOADER_INTERNAL_H
#define MSIRACE_SIM_LOADER_INTERNAL_H

#include <glib.h>
#include <stdbool.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/scenario.h"
#include "sim/schema.h"
#include "sim/yaml_tree.h"

struct loader {
	struct scenario *s;
	const struct scenario_load_options *options;
	struct yaml_tree *tree;
	const struct yaml_node *root;
	struct diagnostics *d;
	GPtrArray *origins;       /* of the command line's values */
	GArray *vcpus;            /* struct scenario_vcpu */
	bool vcpus_sound;
	GArray *devices;          /* struct scenario_device */
	GHashTable *names;        /* of devices and groups -> index of the first */
	GHashTable *unsound;      /* nodes whose value is wrong and reported */
	GPtrArray *device_nodes;  /* the file's entry of each device; groups share one */
	GArray *actions;          /* struct scenario_action */
	GPtrArray *action_nodes;
	GArray *contenders;       /* struct scenario_contender */
	GArray *contender_marks;  /* struct mark */
	GPtrArray *dropped; /* names of the file's contenders that the command line leaves out */
	uint64_t values; /* list items read so far, counted again for each alias and copy */
	bool machine_sound;
	bool devices_sound;
	bool actions_sound;
	bool contenders_sound;
};

/* SCENARIO_DURATION_PS_MAX, for messages. */
#define CLOCK_END_TEXT "9007.199254740991s"

/* More list items than this do not make a scenario but an alias bomb. */
#define LOADER_VALUES_MAX UINT64_C(4000000)

/* loader.c */
bool load_section(struct loader *l, const struct schema_section *section,
		  const struct yaml_node *node, const struct mark *at, void *base);

bool load_map_of(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		 const struct mark *at, void *base);

/* Were the values of these keys, as far as they are given, sound? keys ends with NULL. */
bool keys_are_sound(const struct loader *l, const struct yaml_node *mapping,
		    const char *const *keys);
#define KEYS_SOUND(l, mapping, ...)                                                                \
	keys_are_sound(l, mapping, (const char *const[]){ __VA_ARGS__, NULL })

/* Counts list items against LOADER_VALUES_MAX. */
bool count_values(struct loader *l, uint64_t count, const struct mark *at);

/* loader_values.c: one value into the section's struct. */
bool load_value(struct loader *l, const struct schema_key *key, const struct yaml_node *node,
		void *base);

/* The text of a scalar; NULL, and an error, for anything else or nothing. */
const char *scalar_text(struct loader *l, const char *name, const struct yaml_node *node);

/* references.c */
bool load_device_reference(struct loader *l, const struct yaml_node *node, int32_t *device,
			   uint32_t *count);
bool load_vcpu_reference(struct loader *l, const struct schema_key *key,
			 const struct yaml_node *node, int32_t *vcpu);
bool load_strategies(struct loader *l, const struct schema_key *key, const struct yaml_node *node);
bool load_expectations(struct loader *l, const struct yaml_node *node);
bool load_check_expectations(struct loader *l, const struct yaml_node *node);

/* loader_sweep.c */
bool load_sweep(struct loader *l, const struct yaml_node *node);

/* What one key alone cannot tell. machine_checks.c */
bool finish_machine(struct loader *l, const struct yaml_node *node,
		    struct scenario_machine *machine);

/* device_checks.c */
bool finish_arrivals(struct loader *l, const struct yaml_node *node, const struct mark *at,
		     struct scenario_arrivals *arrivals);
bool finish_domain(struct loader *l, const struct yaml_node *node, const char *name,
		   struct scenario_domain *domain);
bool finish_device(struct loader *l, const struct yaml_node *node, struct scenario_device *device);

/* action_checks.c */
bool finish_action(struct loader *l, const struct yaml_node *node, struct scenario_action *action);

/*
 * Does the key say anything for this verb, or this arrival process? The loader refuses it, the
 * resolved scenario omits it.
 */
bool action_key_applies(const struct scenario_action *action, const char *key);
bool arrivals_key_applies(enum scenario_process process, const char *key);

/* guest_checks.c: vCPUs, and the devices that post to them. */
bool finish_vcpu(struct loader *l, const struct yaml_node *node, const struct scenario_vcpu *vcpu);
void check_vcpus(struct loader *l, const struct yaml_node *root);

/*
 * strategy_checks.c: of every contender, once machine and devices are sound; then the strategies
 * that it does not name.
 */
void check_strategies(struct loader *l);
void fill_default_slots(struct loader *l);

/* scenario_checks.c: the whole, when all its parts are read. */
bool finish_recording(struct loader *l, const struct yaml_node *node, const struct mark *at,
		      const struct scenario_recording *recording);
void finish_scenario(struct loader *l, const struct yaml_node *root);

/* Reports at the key; false. */
bool refuse_key(struct loader *l, const struct yaml_node *node, const char *key,
		const char *message);

/* timeline.c: actions that contradict each other or the state that they find. */
void check_timeline(struct loader *l);

/* overrides.c */
void apply_overrides(struct loader *l);

/* The place of a key, or of the mapping where it is not given. */
struct mark key_mark(const struct yaml_node *mapping, const char *key);

/* resolved.c */
char *resolved_scenario(const struct scenario *s);

#endif
