/* SPDX-License-Identifier: MIT */
#include "sim/list_domains.h"

#include <string.h>

#include "models/os/hierarchy.h"
#include "models/os/vfio_index.h"
#include "models/strategies/operations.h"
#include "sim/build.h"

static const struct scenario_domain *further_domain(const struct scenario_device *device,
						    enum scenario_domain_name name)
{
	return name == DOMAIN_FIRST ? NULL : scenario_domain_of(device, name);
}

/* The move strategies of the contenders, each once. */
static void append_strategies(GString *out, const struct scenario *s, unsigned indent)
{
	for (size_t i = 0; i < s->contenders_count; i++) {
		const struct strategy *strategy = s->contenders[i].slot[SLOT_MOVE];
		bool again = false;

		for (size_t j = 0; j < i; j++) {
			again |= s->contenders[j].slot[SLOT_MOVE] == strategy;
		}
		if (!again) {
			g_string_append_printf(out, "%*sset_affinity: %s: %s%s\n", (int)indent, "",
					       strategy->name, strategy->summary,
					       strategy_context(strategy));
		}
	}
}

static void append_level(GString *out, const struct scenario *s,
			 const struct hierarchy_level *level, unsigned indent)
{
	if (level->set_affinity) {
		g_string_append_printf(out, "%*sset_affinity: %s\n", (int)indent, "",
				       level->set_affinity);
	} else {
		append_strategies(out, s, indent);
	}
}

static void append_domain(GString *out, const struct scenario *s,
			  const struct scenario_device *device, enum scenario_domain_name name)
{
	const struct scenario_domain *further = further_domain(device, name);
	uint32_t allocated = further ? further->allocated : device->allocated;
	enum scenario_store store = further ? further->store : device->store;
	enum device_kind kind = scenario_domain_kind(device, name);
	struct hierarchy_level levels[HIERARCHY_LEVELS_MAX];
	uint32_t count = hierarchy_levels(s->machine.arch, s->machine.remap, kind,
					  kind == DEVICE_IMS && store == STORE_QUEUE, levels);

	for (uint32_t level = 0; level < count; level++) {
		unsigned indent = 2 + 5 * level;

		g_string_append_printf(out, "%*s`- %s", (int)indent, "", levels[level].name);
		if (level == 0) {
			g_string_append_printf(
				out, ": %u vector%s, %u allocated",
				scenario_domain_vectors(device, name),
				scenario_domain_vectors(device, name) == 1 ? "" : "s", allocated);
		}
		g_string_append_c(out, '\n');
		append_level(out, s, &levels[level], indent + 5);
	}
}

static void append_flags(GString *out, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ VFIO_INDEX_EVENTFD, "eventfd" },
		{ VFIO_INDEX_MASKABLE, "maskable" },
		{ VFIO_INDEX_AUTOMASKED, "automasked" },
		{ VFIO_INDEX_NORESIZE, "noresize" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (flags & names[i].flag) {
			g_string_append_printf(out, " %s", names[i].name);
		}
	}
}

/* Dynamic unless one of the contenders is a monitor that cannot. */
static bool is_dynamic(const struct scenario *s)
{
	for (size_t i = 0; i < s->contenders_count; i++) {
		const struct allocation_operations *operations =
			s->contenders[i].slot[SLOT_ALLOCATION]->operations;

		if (operations->noresize) {
			return false;
		}
	}
	return true;
}

static void append_indices(GString *out, const struct scenario *s,
			   const struct scenario_device *device)
{
	struct device_config config;
	struct vfio_index index;

	build_device(device, &config);
	g_string_append(out, "  given to a monitor:\n");
	for (uint32_t i = 0; !vfio_index_get(&config, i, is_dynamic(s), &index); i++) {
		g_string_append_printf(out, "    index %u: %s, count %u,", i,
				       vfio_index_name(index.kind), index.count);
		append_flags(out, index.flags);
		g_string_append_c(out, '\n');
	}
}

static void append_device(GString *out, const struct scenario *s,
			  const struct scenario_device *device)
{
	g_string_append(out, device->group);
	if (device->group_count > 1) {
		g_string_append_printf(out, "0 to %s%u", device->group, device->group_count - 1);
	}
	g_string_append_c(out, '\n');
	for (int name = DOMAIN_FIRST; name <= DOMAIN_WIRED; name++) {
		if (scenario_domain_vectors(device, (enum scenario_domain_name)name)) {
			append_domain(out, s, device, (enum scenario_domain_name)name);
		}
	}
	append_indices(out, s, device);
}

void list_domains(GString *out, const struct scenario *s)
{
	for (size_t i = 0; i < s->devices_count; i++) {
		if (s->devices[i].group_index == 0) {
			g_string_append(out, i ? "\n" : "");
			append_device(out, s, &s->devices[i]);
		}
	}
}
