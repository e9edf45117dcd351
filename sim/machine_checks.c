/* SPDX-License-Identifier: MIT */
/* The machine's defaults that depend on its other keys, and what they cannot be together. */
#include "sim/loader_internal.h"
#include "sim/platform_file.h"

/*
 * What each arch and remap can be: the range that vectors are taken from, what it may be widened
 * to, and Linux's reservations in it (x86: the legacy timer's vector, the legacy mouse's of the
 * real-time clock, the system call gate).
 */
static const struct vector_space {
	enum machine_arch arch;
	enum machine_remap remap;
	uint32_t first, end;         /* default; end is exclusive */
	uint32_t lowest, limit;      /* hardware; limit is exclusive */
} vector_spaces[] = {
	{ ARCH_X86, REMAP_NONE, 32, 236, 32, 256 },
	{ ARCH_X86, REMAP_VTD, 32, 236, 32, 256 },
	{ ARCH_X86, REMAP_AMDVI, 32, 236, 32, 256 },
	{ ARCH_X86, REMAP_HYPERV, 32, 236, 32, 256 },
	{ ARCH_RISCV, REMAP_NONE, 1, 256, 1, 2048 },
	{ ARCH_RISCV, REMAP_RISCV_IOMMU, 1, 256, 1, 2048 },
	{ ARCH_ARM, REMAP_ITS, 8192, 73728, 8192, 1 << 24 },
	{ ARCH_ARM, REMAP_V2M, 32, 1020, 32, 1020 },
};

/* What Linux keeps for itself. riscv: the identity of the IPIs. */
static const struct system_vector {
	enum machine_arch arch;
	uint32_t vector;
} system_vectors[] = {
	{ ARCH_X86, 32 },
	{ ARCH_X86, 50 },
	{ ARCH_X86, 128 },
	{ ARCH_RISCV, 1 },
};

static const struct vector_space *find_space(struct loader *l, const struct yaml_node *node,
					     const struct scenario_machine *machine)
{
	struct mark at = key_mark(node, yaml_find(node, "remap") ? "remap" : "arch");

	for (size_t i = 0; i < G_N_ELEMENTS(vector_spaces); i++) {
		if (vector_spaces[i].arch == machine->arch &&
		    vector_spaces[i].remap == machine->remap) {
			return &vector_spaces[i];
		}
	}
	diagnose(l->d, &at, "remap '%s' does not exist on arch '%s'",
		 schema_value_name("machine", "remap", machine->remap),
		 schema_value_name("machine", "arch", machine->arch));
	return NULL;
}

static void preset_system_vectors(struct scenario_machine *machine)
{
	uint32_t *vectors = g_new0(uint32_t, G_N_ELEMENTS(system_vectors));
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(system_vectors); i++) {
		const struct system_vector *row = &system_vectors[i];
		if (row->arch == machine->arch && row->vector >= machine->vectors_first &&
		    row->vector < machine->vectors_end) {
			vectors[count++] = row->vector;
		}
	}
	machine->system_vectors = vectors;
	machine->system_vectors_count = count;
}

static bool check_system_vectors(struct loader *l, const struct mark *at,
				 const struct scenario_machine *machine)
{
	GHashTable *seen = g_hash_table_new(NULL, NULL);
	bool sound = true;

	for (size_t i = 0; i < machine->system_vectors_count && sound; i++) {
		uint32_t vector = machine->system_vectors[i];
		if (vector < machine->vectors_first || vector >= machine->vectors_end) {
			diagnose(l->d, at, "system: vector %u is outside the range %u to %u",
				 vector, machine->vectors_first, machine->vectors_end - 1);
			sound = false;
		} else if (!g_hash_table_add(seen, GUINT_TO_POINTER(vector))) {
			diagnose(l->d, at, "system: vector %u is named twice", vector);
			sound = false;
		}
	}
	g_hash_table_destroy(seen);
	if (sound &&
	    machine->system_vectors_count >= machine->vectors_end - machine->vectors_first) {
		diagnose(l->d, at, "no vector is left to allocate");
		sound = false;
	}
	return sound;
}

static bool finish_vectors(struct loader *l, const struct yaml_node *node,
			   struct scenario_machine *machine, const struct vector_space *space)
{
	const struct yaml_entry *entry = yaml_find(node, "vectors");
	const struct yaml_node *vectors = entry ? entry->value : NULL;
	struct mark at = entry ? entry->key->mark : key_mark(node, "arch");

	machine->vectors_first = machine->vectors_first ? machine->vectors_first : space->first;
	machine->vectors_end = machine->vectors_end ? machine->vectors_end : space->end;
	if (machine->vectors_first < space->lowest || machine->vectors_end > space->limit) {
		diagnose(l->d, &at, "vectors: %u to %u is outside the hardware's range, %u to %u",
			 machine->vectors_first, machine->vectors_end - 1, space->lowest,
			 space->limit - 1);
		return false;
	}
	if (machine->vectors_first >= machine->vectors_end) {
		diagnose(l->d, &at, "vectors: 'first' (%u) must be below 'end' (%u)",
			 machine->vectors_first, machine->vectors_end);
		return false;
	}
	if (!yaml_find(vectors, "system")) {
		preset_system_vectors(machine);
	}
	return check_system_vectors(l, &at, machine);
}

static bool check_platform(struct loader *l, const struct yaml_node *node,
			   const struct scenario_machine *machine)
{
	const struct yaml_entry *entry = yaml_find(node, "platform");

	if (!machine->platform_file) {
		return true;
	}
	g_autofree char *error = platform_file_check(machine->platform_file);
	if (error) {
		diagnose(l->d, &entry->value->mark, "%s", error);
	}
	return !error;
}

bool finish_machine(struct loader *l, const struct yaml_node *node,
		    struct scenario_machine *machine)
{
	bool sound = true;

	if (!yaml_find(node, "remap")) {
		machine->remap = machine->arch == ARCH_ARM ? REMAP_ITS : REMAP_NONE;
	}
	const struct vector_space *space =
		KEYS_SOUND(l, node, "arch", "remap") ? find_space(l, node, machine) : NULL;
	if (KEYS_SOUND(l, node, "cpus", "sockets") && machine->cpus % machine->sockets != 0) {
		struct mark at = key_mark(node, "sockets");
		diagnose(l->d, &at,
			 "sockets: %u CPUs cannot be dealt to %u sockets in equal shares",
			 machine->cpus, machine->sockets);
		sound = false;
	}
	if (!yaml_find(node, "ecam")) {
		machine->ecam = machine->arch != ARCH_X86;
	} else if (KEYS_SOUND(l, node, "arch", "ecam") && !machine->ecam &&
		   machine->arch != ARCH_X86) {
		sound = refuse_key(l, node, "ecam", "ecam: only x86 has the CF8/CFC pair");
	}
	sound &= KEYS_SOUND(l, node, "platform") && check_platform(l, node, machine);
	bool vectors_sound =
		space && KEYS_SOUND(l, node, "vectors") && finish_vectors(l, node, machine, space);
	return sound && vectors_sound;
}
