// SPDX-License-Identifier: MIT
#include "matrix_twin.h"

#include <stdlib.h>

#define TWIN_NONE 0xffffffffu

struct matrix_twin *twin_make(u32 cpus, u32 vectors, u32 first, u32 end)
{
	struct matrix_twin *t = calloc(1, sizeof(*t));

	t->counts.cpus = cpus;
	t->counts.vectors = vectors;
	t->counts.first = first;
	t->counts.end = end;
	t->system = calloc(vectors, 1);
	t->cpu = calloc(cpus, sizeof(*t->cpu));
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		t->cpu[cpu].counts.unused = end - first;
		t->cpu[cpu].flags = calloc(vectors, 1);
	}
	return t;
}

void twin_destroy(struct matrix_twin *t)
{
	for (u32 cpu = 0; cpu < t->counts.cpus; cpu++) {
		free(t->cpu[cpu].flags);
	}
	free(t->cpu);
	free(t->system);
	free(t);
}

static bool twin_in_mask(const u64 *mask, u32 cpu)
{
	return !mask || mask[cpu / 64] >> cpu % 64 & 1;
}

static bool twin_mask_empty(const struct matrix_twin *t, const u64 *mask)
{
	for (u32 cpu = 0; cpu < t->counts.cpus; cpu++) {
		if (twin_in_mask(mask, cpu)) {
			return false;
		}
	}
	return true;
}

static bool twin_in_range(const struct matrix_twin *t, u32 vector)
{
	return vector >= t->counts.first && vector < t->counts.end;
}

static bool twin_unused(const struct matrix_twin *t, u32 cpu, u32 vector)
{
	return twin_in_range(t, vector) && !t->system[vector] && !t->cpu[cpu].flags[vector];
}

static u32 twin_find_range(const struct matrix_twin *t, u32 cpu, u32 count, u32 align)
{
	for (u64 vector = t->counts.first; vector + count <= t->counts.end; vector++) {
		u32 good = 0;
		while (good < count && twin_unused(t, cpu, (u32)vector + good)) {
			good++;
		}
		if (good == count && vector % align == 0) {
			return (u32)vector;
		}
	}
	return TWIN_NONE;
}

static u32 twin_find_managed(const struct matrix_twin *t, u32 cpu)
{
	for (u32 vector = 0; vector < t->counts.vectors; vector++) {
		if (t->cpu[cpu].flags[vector] == VECTOR_MATRIX_MANAGED) {
			return vector;
		}
	}
	return TWIN_NONE;
}

int twin_set_placement(struct matrix_twin *t, u32 placement)
{
	if (placement > VECTOR_MATRIX_FIRST_FIT) {
		return -EINVAL;
	}
	t->placement = placement;
	return 0;
}

int twin_online(struct matrix_twin *t, u32 cpu)
{
	struct vector_matrix_cpu_stats *c;

	if (cpu >= t->counts.cpus || t->cpu[cpu].counts.online) {
		return -EINVAL;
	}
	c = &t->cpu[cpu].counts;
	if (!c->initialized) {
		c->available = t->counts.end - t->counts.first - c->managed -
			t->counts.system_in_range;
	}
	c->initialized = true;
	c->online = true;
	t->counts.available += c->available;
	t->counts.online_cpus++;
	return 0;
}

int twin_offline(struct matrix_twin *t, u32 cpu)
{
	if (cpu >= t->counts.cpus || !t->cpu[cpu].counts.online) {
		return -EINVAL;
	}
	t->cpu[cpu].counts.online = false;
	t->counts.available -= t->cpu[cpu].counts.available;
	t->counts.online_cpus--;
	return 0;
}

int twin_assign_system(struct matrix_twin *t, u32 cpu, u32 vector, bool replace)
{
	if (cpu >= t->counts.cpus || vector >= t->counts.vectors) {
		return -EINVAL;
	}
	if (t->system[vector]) {
		return -EEXIST;
	}
	if (t->counts.online_cpus > (replace ? 1 : 0) ||
		(t->counts.online_cpus == 1 && !t->cpu[cpu].counts.online)) {
		return -EBUSY;
	}
	if (replace && !(t->cpu[cpu].flags[vector] & VECTOR_MATRIX_ALLOCATED)) {
		return -ENOENT;
	}
	for (u32 other = 0; other < t->counts.cpus; other++) {
		u8 allowed = replace && other == cpu ? VECTOR_MATRIX_ALLOCATED : 0;
		if (t->cpu[other].flags[vector] & ~allowed) {
			return -EBUSY;
		}
	}
	t->system[vector] = VECTOR_MATRIX_SYSTEM;
	if (replace) {
		t->cpu[cpu].flags[vector] = 0;
		t->cpu[cpu].counts.allocated--;
		t->cpu[cpu].counts.unused++;
		t->counts.total_allocated--;
	}
	if (twin_in_range(t, vector)) {
		t->counts.system_in_range++;
		for (u32 other = 0; other < t->counts.cpus; other++) {
			t->cpu[other].counts.unused--;
		}
	}
	return 0;
}

static int twin_refuse_reserve(const struct vector_matrix_cpu_stats *c)
{
	if (!c->unused) {
		return -ENOSPC;
	}
	if (c->online) {
		return c->available ? 0 : -EOVERFLOW;
	}
	return c->available >= c->unused + 60000 ? -EOVERFLOW : 0;
}

int twin_reserve_managed(struct matrix_twin *t, const u64 *mask)
{
	if (twin_mask_empty(t, mask)) {
		return -EINVAL;
	}
	for (u32 cpu = 0; cpu < t->counts.cpus; cpu++) {
		int ret = twin_in_mask(mask, cpu) ? twin_refuse_reserve(&t->cpu[cpu].counts) : 0;
		if (ret) {
			return ret;
		}
	}
	for (u32 cpu = 0; cpu < t->counts.cpus; cpu++) {
		struct vector_matrix_cpu_stats *c = &t->cpu[cpu].counts;
		if (!twin_in_mask(mask, cpu)) {
			continue;
		}
		t->cpu[cpu].flags[twin_find_range(t, cpu, 1, 1)] = VECTOR_MATRIX_MANAGED;
		c->managed++;
		c->unused--;
		c->available -= c->online;
		t->counts.available -= c->online;
	}
	return 0;
}

int twin_remove_managed(struct matrix_twin *t, const u64 *mask)
{
	if (twin_mask_empty(t, mask)) {
		return -EINVAL;
	}
	for (u32 cpu = 0; cpu < t->counts.cpus; cpu++) {
		if (twin_in_mask(mask, cpu) && twin_find_managed(t, cpu) == TWIN_NONE) {
			return -ENOENT;
		}
	}
	for (u32 cpu = 0; cpu < t->counts.cpus; cpu++) {
		struct vector_matrix_cpu_stats *c = &t->cpu[cpu].counts;
		if (!twin_in_mask(mask, cpu)) {
			continue;
		}
		t->cpu[cpu].flags[twin_find_managed(t, cpu)] = 0;
		c->managed--;
		c->unused++;
		c->available += c->online;
		t->counts.available += c->online;
	}
	return 0;
}

int twin_alloc_managed(struct matrix_twin *t, const u64 *mask, u32 *cpu)
{
	u32 best = TWIN_NONE, fewest = 0xffffffffu, vector;

	if (twin_mask_empty(t, mask)) {
		return -EINVAL;
	}
	for (u32 n = 0; n < t->counts.cpus; n++) {
		const struct vector_matrix_cpu_stats *c = &t->cpu[n].counts;
		if (twin_in_mask(mask, n) && c->online && c->managed_allocated <= fewest) {
			fewest = c->managed_allocated;
			best = n;
		}
	}
	vector = best == TWIN_NONE ? TWIN_NONE : twin_find_managed(t, best);
	if (vector == TWIN_NONE) {
		return -ENOSPC;
	}
	t->cpu[best].flags[vector] |= VECTOR_MATRIX_ALLOCATED;
	t->cpu[best].counts.allocated++;
	t->cpu[best].counts.managed_allocated++;
	t->counts.total_allocated++;
	*cpu = best;
	return (int)vector;
}

static void twin_take(struct matrix_twin *t, u32 cpu, u32 vector, u32 count)
{
	for (u32 n = 0; n < count; n++) {
		t->cpu[cpu].flags[vector + n] = VECTOR_MATRIX_ALLOCATED;
		t->cpu[cpu].counts.allocated++;
		t->cpu[cpu].counts.available--;
		t->cpu[cpu].counts.unused--;
		t->counts.available--;
		t->counts.total_allocated++;
	}
}

int twin_assign(struct matrix_twin *t, u32 cpu, u32 vector)
{
	if (cpu >= t->counts.cpus || !t->cpu[cpu].counts.online || !twin_in_range(t, vector)) {
		return -EINVAL;
	}
	if (!twin_unused(t, cpu, vector)) {
		return -EBUSY;
	}
	if (!t->cpu[cpu].counts.available) {
		return -EOVERFLOW;
	}
	twin_take(t, cpu, vector, 1);
	return 0;
}

int twin_reserve(struct matrix_twin *t, u32 count)
{
	if ((u64)t->counts.reserved + count > 0xffffffffu) {
		return -EOVERFLOW;
	}
	t->counts.reserved += count;
	return 0;
}

int twin_remove_reserved(struct matrix_twin *t, u32 count)
{
	if (t->counts.reserved < count) {
		return -EINVAL;
	}
	t->counts.reserved -= count;
	return 0;
}

/* Whether a CPU with this available count is preferred to the best one before it. */
static bool twin_preferred(const struct matrix_twin *t, u32 available, u32 best)
{
	if (best == TWIN_NONE) {
		return true;
	}
	switch (t->placement) {
	case VECTOR_MATRIX_SPREAD:
		return available > t->cpu[best].counts.available;
	case VECTOR_MATRIX_PACK:
		return available < t->cpu[best].counts.available;
	case VECTOR_MATRIX_FIRST_FIT:
		return false;
	}
	return false;
}

int twin_alloc(struct matrix_twin *t, const u64 *mask, bool reserved, u32 *cpu)
{
	u32 best = TWIN_NONE, vector;

	if (twin_mask_empty(t, mask) || (reserved && !t->counts.reserved)) {
		return -EINVAL;
	}
	for (u32 n = 0; n < t->counts.cpus; n++) {
		const struct vector_matrix_cpu_stats *c = &t->cpu[n].counts;
		bool able = c->unused || t->placement == VECTOR_MATRIX_SPREAD;
		if (twin_in_mask(mask, n) && c->online && c->available && able &&
			twin_preferred(t, c->available, best)) {
			best = n;
		}
	}
	vector = best == TWIN_NONE ? TWIN_NONE : twin_find_range(t, best, 1, 1);
	if (vector == TWIN_NONE) {
		return -ENOSPC;
	}
	twin_take(t, best, vector, 1);
	t->counts.reserved -= reserved;
	*cpu = best;
	return (int)vector;
}

int twin_alloc_range(struct matrix_twin *t, const u64 *mask, u32 count, u32 align, u32 *cpu)
{
	u32 best = TWIN_NONE, best_vector = 0;

	if (twin_mask_empty(t, mask) || !count || !align || align & (align - 1)) {
		return -EINVAL;
	}
	for (u32 n = 0; n < t->counts.cpus; n++) {
		const struct vector_matrix_cpu_stats *c = &t->cpu[n].counts;
		if (twin_in_mask(mask, n) && c->online && c->available >= count &&
			twin_preferred(t, c->available, best)) {
			u32 vector = twin_find_range(t, n, count, align);
			if (vector != TWIN_NONE) {
				best = n;
				best_vector = vector;
			}
		}
	}
	if (best == TWIN_NONE) {
		return -ENOSPC;
	}
	twin_take(t, best, best_vector, count);
	*cpu = best;
	return (int)best_vector;
}

int twin_alloc_same(struct matrix_twin *t, u32 vector, const u64 *mask, u32 *cpu)
{
	u32 best = TWIN_NONE;

	if (twin_mask_empty(t, mask) || !twin_in_range(t, vector)) {
		return -EINVAL;
	}
	for (u32 n = 0; n < t->counts.cpus; n++) {
		const struct vector_matrix_cpu_stats *c = &t->cpu[n].counts;
		if (twin_in_mask(mask, n) && c->online && c->available &&
			twin_unused(t, n, vector) && twin_preferred(t, c->available, best)) {
			best = n;
		}
	}
	if (best == TWIN_NONE) {
		return -ENOSPC;
	}
	twin_take(t, best, vector, 1);
	*cpu = best;
	return (int)vector;
}

int twin_free(struct matrix_twin *t, u32 cpu, u32 vector, bool managed)
{
	struct vector_matrix_cpu_stats *c;
	u8 *flags;

	if (cpu >= t->counts.cpus || !twin_in_range(t, vector)) {
		return -EINVAL;
	}
	c = &t->cpu[cpu].counts;
	flags = &t->cpu[cpu].flags[vector];
	if (!(*flags & VECTOR_MATRIX_ALLOCATED)) {
		return -ENOENT;
	}
	if (managed != !!(*flags & VECTOR_MATRIX_MANAGED)) {
		return -EINVAL;
	}
	*flags &= (u8)~VECTOR_MATRIX_ALLOCATED;
	c->allocated--;
	if (c->online) {
		t->counts.total_allocated--;
	} else {
		t->counts.freed_offline++;
	}
	if (managed) {
		c->managed_allocated--;
		return 0;
	}
	c->available++;
	c->unused++;
	if (c->online) {
		t->counts.available++;
	}
	return 0;
}

u32 twin_available_without(const struct matrix_twin *t, u32 cpu)
{
	u32 sum = 0;

	for (u32 n = 0; n < t->counts.cpus; n++) {
		if (n != cpu && t->cpu[n].counts.online) {
			sum += t->cpu[n].counts.available;
		}
	}
	return sum;
}

int twin_state(const struct matrix_twin *t, u32 cpu, u32 vector)
{
	if (cpu >= t->counts.cpus || vector >= t->counts.vectors) {
		return -EINVAL;
	}
	return t->cpu[cpu].flags[vector] | t->system[vector];
}
