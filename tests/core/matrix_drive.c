// SPDX-License-Identifier: MIT
#include "matrix_drive.h"

#include <stdlib.h>
#include <string.h>

#include "matrix_twin.h"

/* Up to this size a failed operation is shown to have left every byte as it was. */
#define DRIVE_COPY_BYTES_MAX 32768

struct drive {
	struct choices *choices;
	struct vector_matrix *m;
	struct matrix_twin *t;
	size_t size;
	void *before;
	const char *different;
	u64 mask[VECTOR_MATRIX_CPUS_MAX / 64];
};

/* What an operation returned, from the matrix and from the twin; cpu is 0 where the operation returns none. */
struct outcome {
	int ret[2];
	u32 cpu[2];
};

static u32 drive_choose(struct drive *d, u32 count)
{
	return choose(d->choices, count);
}

static u32 drive_cpu(struct drive *d)
{
	u32 cpus = d->t->counts.cpus;

	return drive_choose(d, 64) ? drive_choose(d, cpus) : cpus + drive_choose(d, 3);
}

static u32 drive_vector(struct drive *d)
{
	const struct vector_matrix_stats *s = &d->t->counts;

	return drive_choose(d, 16) ? s->first + drive_choose(d, s->end - s->first) :
		drive_choose(d, s->vectors + 2);
}

/* An allocated vector, if one is near a random place; else any place. */
static void drive_allocated(struct drive *d, u32 *cpu, u32 *vector)
{
	const struct matrix_twin *t = d->t;
	u32 start = drive_choose(d, t->counts.vectors);

	*cpu = drive_choose(d, t->counts.cpus);
	for (u32 tries = 0; tries < t->counts.cpus && tries < 32; tries++) {
		if (t->cpu[*cpu].counts.allocated) {
			break;
		}
		*cpu = (*cpu + 1) % t->counts.cpus;
	}
	for (u32 n = 0; n < t->counts.vectors; n++) {
		*vector = (start + n) % t->counts.vectors;
		if (t->cpu[*cpu].flags[*vector] & VECTOR_MATRIX_ALLOCATED) {
			return;
		}
	}
}

enum mask_kind {
	MASK_NULL,
	MASK_FULL,
	MASK_ONE,
	MASK_NODE,
	MASK_SPAN,
	MASK_EVERY,
	MASK_RANDOM,
	MASK_BEYOND,
	MASK_OFFLINE,
	MASK_EMPTY,
	MASK_KINDS,
};

static void mask_add(struct drive *d, u32 first, u32 end, u32 step)
{
	for (u32 cpu = first; cpu < end && cpu < d->t->counts.cpus; cpu += step) {
		d->mask[cpu / 64] |= 1ull << cpu % 64;
	}
}

static void mask_add_offline(struct drive *d)
{
	for (u32 cpu = 0; cpu < d->t->counts.cpus; cpu++) {
		if (!d->t->cpu[cpu].counts.online) {
			mask_add(d, cpu, cpu + 1, 1);
		}
	}
}

static void mask_add_random(struct drive *d)
{
	u32 words = (d->t->counts.cpus + 63) / 64;
	u64 pattern = 0;

	for (u32 n = 0; n < 4; n++) {
		pattern = pattern << 16 | drive_choose(d, 65536);
	}
	for (u32 word = 0; word < words; word++) {
		d->mask[word] = pattern;
		pattern = pattern >> 5 ^ pattern << 9;
	}
}

static const u64 *drive_mask(struct drive *d)
{
	u32 cpus = d->t->counts.cpus;
	u32 words = (cpus + 63) / 64;
	u32 kind = drive_choose(d, 64);

	/* The odd ones are rare. */
	kind = kind < MASK_KINDS ? kind : kind % (MASK_RANDOM + 1);
	memset(d->mask, 0, words * sizeof(d->mask[0]));
	switch ((enum mask_kind)kind) {
	case MASK_NULL:
	case MASK_KINDS:
		return NULL;
	case MASK_FULL:
		memset(d->mask, 0xff, words * sizeof(d->mask[0]));
		break;
	case MASK_ONE:
		mask_add(d, drive_choose(d, cpus), cpus, cpus);
		break;
	case MASK_NODE:
		d->mask[drive_choose(d, words)] = ~0ull;
		break;
	case MASK_SPAN:
		mask_add(d, drive_choose(d, cpus), drive_choose(d, cpus + 1), 1);
		break;
	case MASK_EVERY:
		mask_add(d, drive_choose(d, cpus < 16 ? cpus : 16), cpus, 2 + drive_choose(d, 30));
		break;
	case MASK_RANDOM:
		mask_add_random(d);
		break;
	case MASK_BEYOND:
		d->mask[words - 1] = cpus % 64 ? ~0ull << cpus % 64 : 0;
		break;
	case MASK_OFFLINE:
		mask_add_offline(d);
		break;
	case MASK_EMPTY:
		break;
	}
	return d->mask;
}

static struct outcome op_alloc(struct drive *d)
{
	const u64 *mask = drive_mask(d);
	bool reserved = !drive_choose(d, 4);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_alloc(d->m, mask, reserved, &o.cpu[0]);
	o.ret[1] = twin_alloc(d->t, mask, reserved, &o.cpu[1]);
	return o;
}

static struct outcome op_free(struct drive *d)
{
	struct outcome o = { 0 };
	u32 cpu, vector;
	bool managed;

	drive_allocated(d, &cpu, &vector);
	managed = !!(d->t->cpu[cpu].flags[vector] & VECTOR_MATRIX_MANAGED) ^ !drive_choose(d, 64);
	o.ret[0] = vector_matrix_free(d->m, cpu, vector, managed);
	o.ret[1] = twin_free(d->t, cpu, vector, managed);
	o.cpu[0] = o.cpu[1] = cpu;
	return o;
}

static struct outcome op_free_any(struct drive *d)
{
	u32 cpu = drive_cpu(d), vector = drive_vector(d);
	bool managed = drive_choose(d, 2);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_free(d->m, cpu, vector, managed);
	o.ret[1] = twin_free(d->t, cpu, vector, managed);
	return o;
}

static struct outcome op_alloc_managed(struct drive *d)
{
	const u64 *mask = drive_mask(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_alloc_managed(d->m, mask, &o.cpu[0]);
	o.ret[1] = twin_alloc_managed(d->t, mask, &o.cpu[1]);
	return o;
}

static struct outcome op_reserve_managed(struct drive *d)
{
	const u64 *mask = drive_mask(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_reserve_managed(d->m, mask);
	o.ret[1] = twin_reserve_managed(d->t, mask);
	return o;
}

static struct outcome op_remove_managed(struct drive *d)
{
	const u64 *mask = drive_mask(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_remove_managed(d->m, mask);
	o.ret[1] = twin_remove_managed(d->t, mask);
	return o;
}

static struct outcome op_alloc_range(struct drive *d)
{
	const u64 *mask = drive_mask(d);
	u32 count = drive_choose(d, 16) ? 1u << drive_choose(d, 6) : drive_choose(d, 40);
	u32 align = drive_choose(d, 4) ? count : 1u << drive_choose(d, 32);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_alloc_range(d->m, mask, count, align, &o.cpu[0]);
	o.ret[1] = twin_alloc_range(d->t, mask, count, align, &o.cpu[1]);
	return o;
}

static struct outcome op_alloc_same(struct drive *d)
{
	const u64 *mask = drive_mask(d);
	u32 vector = drive_vector(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_alloc_same(d->m, vector, mask, &o.cpu[0]);
	o.ret[1] = twin_alloc_same(d->t, vector, mask, &o.cpu[1]);
	return o;
}

static struct outcome op_assign(struct drive *d)
{
	u32 cpu = drive_cpu(d), vector = drive_vector(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_assign(d->m, cpu, vector);
	o.ret[1] = twin_assign(d->t, cpu, vector);
	return o;
}

static struct outcome op_assign_system(struct drive *d)
{
	u32 cpu = drive_cpu(d), vector = drive_vector(d);
	bool replace = drive_choose(d, 2);
	struct outcome o = { 0 };

	if (replace && drive_choose(d, 4)) {
		drive_allocated(d, &cpu, &vector);
	}
	o.ret[0] = vector_matrix_assign_system(d->m, cpu, vector, replace);
	o.ret[1] = twin_assign_system(d->t, cpu, vector, replace);
	return o;
}

static struct outcome op_online(struct drive *d)
{
	u32 cpu = drive_cpu(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_online(d->m, cpu);
	o.ret[1] = twin_online(d->t, cpu);
	return o;
}

static struct outcome op_offline(struct drive *d)
{
	u32 cpu = drive_cpu(d);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_offline(d->m, cpu);
	o.ret[1] = twin_offline(d->t, cpu);
	return o;
}

static struct outcome op_reserve(struct drive *d)
{
	u32 count = drive_choose(d, 32) ? drive_choose(d, 3) : 0xfffffff0u;
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_reserve(d->m, count);
	o.ret[1] = twin_reserve(d->t, count);
	return o;
}

static struct outcome op_remove_reserved(struct drive *d)
{
	u32 count = drive_choose(d, 8) ? drive_choose(d, 2) : d->t->counts.reserved;
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_remove_reserved(d->m, count);
	o.ret[1] = twin_remove_reserved(d->t, count);
	return o;
}

static struct outcome op_set_placement(struct drive *d)
{
	u32 placement = drive_choose(d, 8) ? drive_choose(d, 3) : 3 + drive_choose(d, 2);
	struct outcome o = { 0 };

	o.ret[0] = vector_matrix_set_placement(d->m, (enum vector_matrix_placement)placement);
	o.ret[1] = twin_set_placement(d->t, placement);
	return o;
}

/* A copy is as good as the original: nothing in it points into itself. */
static struct outcome op_move(struct drive *d)
{
	struct vector_matrix *moved = aligned_alloc(8, (d->size + 7) & ~(size_t)7);
	struct outcome o = { 0 };

	memcpy(moved, d->m, d->size);
	memset(d->m, 0xa5, d->size);
	free(d->m);
	d->m = moved;
	return o;
}

static const struct {
	u32 weight;
	struct outcome (*run)(struct drive *d);
} operations_table[] = {
	{ 20, op_alloc },
	{ 18, op_free },
	{ 2, op_free_any },
	{ 6, op_alloc_managed },
	{ 4, op_reserve_managed },
	{ 3, op_remove_managed },
	{ 4, op_alloc_range },
	{ 4, op_alloc_same },
	{ 3, op_assign },
	{ 2, op_assign_system },
	{ 5, op_online },
	{ 3, op_offline },
	{ 2, op_reserve },
	{ 2, op_remove_reserved },
	{ 1, op_set_placement },
	{ 1, op_move },
};

#define OPERATIONS (sizeof(operations_table) / sizeof(operations_table[0]))
#define WEIGHTS 80

static struct outcome drive_operation(struct drive *d)
{
	u32 left = drive_choose(d, WEIGHTS);
	u32 n = 0;

	while (n + 1 < OPERATIONS && left >= operations_table[n].weight) {
		left -= operations_table[n].weight;
		n++;
	}
	return operations_table[n].run(d);
}

static bool drive_same_cpu(const struct drive *d, u32 cpu)
{
	const struct vector_matrix_cpu_stats *b = &d->t->cpu[cpu].counts;
	struct vector_matrix_cpu_stats a;

	return vector_matrix_cpu_stats(d->m, cpu, &a) == 0 && a.available == b->available &&
		a.unused == b->unused && a.allocated == b->allocated && a.managed == b->managed &&
		a.managed_allocated == b->managed_allocated && a.online == b->online &&
		a.initialized == b->initialized &&
		vector_matrix_allocated(d->m, cpu) == b->allocated;
}

static bool drive_same_totals(const struct drive *d)
{
	const struct vector_matrix_stats *b = &d->t->counts;
	struct vector_matrix_stats a;

	vector_matrix_stats(d->m, &a);
	return memcmp(&a, b, sizeof(a)) == 0 && vector_matrix_available(d->m) == b->available &&
		vector_matrix_reserved(d->m) == b->reserved;
}

static const char *drive_compare_all(const struct drive *d)
{
	const struct vector_matrix_stats *s = &d->t->counts;

	for (u32 cpu = 0; cpu < s->cpus; cpu++) {
		if (!drive_same_cpu(d, cpu)) {
			return "the counts of some CPU";
		}
		for (u32 vector = 0; vector < s->vectors; vector++) {
			if (vector_matrix_state(d->m, cpu, vector) !=
				twin_state(d->t, cpu, vector)) {
				return "the state of some vector";
			}
		}
	}
	if (vector_matrix_available_without(d->m, s->cpus / 2) !=
		twin_available_without(d->t, s->cpus / 2)) {
		return "what is available without a CPU";
	}
	return vector_matrix_check(d->m) ? "the invariants" : NULL;
}

static const char *drive_step(struct drive *d)
{
	struct vector_matrix *at = d->m;
	struct outcome o;

	if (d->before) {
		memcpy(d->before, d->m, d->size);
	}
	o = drive_operation(d);
	if (o.ret[0] != o.ret[1]) {
		return "the result of an operation";
	}
	if (o.cpu[0] != o.cpu[1]) {
		return "the chosen CPU";
	}
	if (d->before && o.ret[0] < 0 && (at != d->m || memcmp(d->before, d->m, d->size) != 0)) {
		return "memory after a failed operation";
	}
	if (!drive_same_totals(d)) {
		return "the counters of the matrix";
	}
	return drive_same_cpu(d, o.cpu[0]) ? NULL : "the counts of the chosen CPU";
}

/* Some system vectors while all is offline, as at boot; then most CPUs come online. */
static void drive_boot(struct drive *d)
{
	u32 systems = drive_choose(d, 6), absent = 1 + drive_choose(d, 12);

	while (systems--) {
		op_assign_system(d);
	}
	for (u32 cpu = 0; cpu < d->t->counts.cpus; cpu++) {
		if (cpu % 12 != absent) {
			vector_matrix_online(d->m, cpu);
			twin_online(d->t, cpu);
		}
	}
}

const char *matrix_drive(struct choices *choices, const struct matrix_shape *shape, u32 operations,
	u32 compare_every)
{
	struct drive *d = calloc(1, sizeof(*d));
	const char *different = NULL;

	d->choices = choices;
	d->size = vector_matrix_size(shape->cpus, shape->vectors);
	d->m = aligned_alloc(8, (d->size + 7) & ~(size_t)7);
	d->before = d->size <= DRIVE_COPY_BYTES_MAX ? malloc(d->size) : NULL;
	d->t = twin_make(shape->cpus, shape->vectors, shape->first, shape->end);
	if (vector_matrix_init(d->m, d->size, shape->cpus, shape->vectors, shape->first, shape->end,
		NULL)) {
		different = "whether the shape is possible";
	} else {
		drive_boot(d);
	}
	for (u32 n = 0; n < operations && choices_left(choices) && !different; n++) {
		different = drive_step(d);
		if (!different && (n + 1) % compare_every == 0) {
			different = drive_compare_all(d);
		}
	}
	if (!different) {
		different = drive_compare_all(d);
	}
	twin_destroy(d->t);
	free(d->before);
	free(d->m);
	free(d);
	return different;
}
