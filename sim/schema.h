/* SPDX-License-Identifier: MIT */
/*
 * The one table of scenario keys. The loader, `validate`, `explain`, `list keys`, `--set`, the resolved scenario, the
 * manual and the shell completion all read it; a key is added by a row here and, where its values depend on other keys, by
 * a check in sim/scenario_checks.c.
 */
#ifndef MSIRACE_SIM_SCHEMA_H
#define MSIRACE_SIM_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_type {
	TYPE_TEXT,           /* char * */
	TYPE_NAME,           /* char *; letters, digits, '_' and '-', the first a letter */
	TYPE_FILE,           /* char *; relative to the scenario file, stored relative to the working directory */
	TYPE_BOOL,           /* bool */
	TYPE_ENUM,           /* int, of names */
	TYPE_COUNT,          /* uint32_t; word, where there is one, is UINT32_MAX */
	TYPE_COUNT64,        /* uint64_t */
	TYPE_CPU,            /* int32_t; word, where there is one, is -1 */
	TYPE_DURATION,       /* uint64_t, ps */
	TYPE_RATE,           /* double, Hz */
	TYPE_FRACTION,       /* double, 0 to 1 */
	TYPE_COUNT_LIST,     /* uint32_t * and size_t */
	TYPE_CPU_LIST,       /* uint32_t * and size_t; word, where there is one, is NULL */
	TYPE_DURATION_LIST,  /* uint64_t * and size_t */
	TYPE_FILE_LIST,      /* char ** and size_t; each as TYPE_FILE */
	TYPE_DEVICE,         /* int32_t and uint32_t: the first device of the name and how many */
	TYPE_VCPU,           /* int32_t: the vCPU of the name; word, where there is one, is -1 */
	TYPE_VECTORS,        /* two uint32_t: first and end; word is 0 and UINT32_MAX */
	TYPE_TARGET,         /* of struct scenario_action: target, target_cpus */
	TYPE_MAP,            /* a struct within the section's own */
	TYPE_VCPUS,          /* struct scenario_vcpu * and size_t */
	TYPE_DEVICES,        /* struct scenario_device * and size_t */
	TYPE_ACTIONS,        /* struct scenario_action * and size_t */
	TYPE_STRATEGIES,     /* struct scenario_contender * and size_t */
	TYPE_EXPECT,         /* struct scenario_expectation * and size_t */
	TYPE_CHECK_EXPECT,   /* struct scenario_check_expectation * and size_t */
	TYPE_SWEEP,          /* struct scenario_sweep * and size_t */
	SCHEMA_TYPES
};

struct schema_name {
	const char *name;    /* NULL ends the list */
	int value;
	const char *documentation;
};

struct schema_section;

struct schema_key {
	const char *name;
	enum schema_type type;
	bool required;
	size_t offset;                       /* in the section's struct */
	size_t count_offset;                 /* of lists, and of the second half of TYPE_DEVICE and TYPE_VECTORS */
	uint64_t min, max;                   /* inclusive: counts, CPUs, durations in ps, rates in Hz, fractions in percent */
	const char *word;                    /* a word that stands for a special value */
	const struct schema_name *names;     /* of TYPE_ENUM */
	const struct schema_section *section;/* of TYPE_MAP, TYPE_VCPUS, TYPE_DEVICES and TYPE_ACTIONS */
	const char *single;                  /* of TYPE_MAP: the section's key that a single value stands for; may be NULL */
	const char *preset;                  /* the default in the file's syntax; NULL: left out, see preset_note */
	const char *preset_note;             /* what the default is where it depends on other keys; may be NULL */
	uint64_t preset_ps;                  /* the default of a timing */
	bool estimate;                       /* that default has no published source */
	bool zero_means;                     /* 0 or empty is a value of its own and belongs into the resolved scenario */
	const char *documentation;
};

struct schema_section {
	const char *name;                    /* "machine", "devices[]", "devices[].raise" */
	const char *what;                    /* "the machine", for messages */
	const struct schema_key *keys;
	size_t keys_count;
};

/* The keys at the top of a scenario; the others hang below. */
const struct schema_section *schema_root(void);

/* The row of that name; NULL where there is none. */
const struct schema_key *schema_find(const struct schema_section *section, const char *name);

/* Every key in the order of the table, with its path ("devices[].raise.rate"), parents before their children. */
typedef void schema_visit(void *context, const char *path, const struct schema_key *key);
void schema_walk(schema_visit *visit, void *context);

/* What the values of a key look like: "duration: 10us, with ps, ns, us, ms or s". */
const char *schema_type_text(enum schema_type type);

/* The name of an enumeration's value; NULL where there is none. */
const char *schema_name_of(const struct schema_name *names, int value);

/* The name of the value of a section's key, as the file writes it. */
const char *schema_value_name(const char *section, const char *key, int value);

#endif
