// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The verbs of the vector matrix, and its queries. A verb first finds out whether it must refuse;
 * from its first change on nothing can fail. Maps and counts change first, then the summary is told
 * the new rank.
 */
#include "vector_matrix_summary.h"

/* Lifecycle */

size_t vector_matrix_size(u32 cpus, u32 vectors)
{
	if (!matrix_shape_ok(cpus, vectors)) {
		return 0;
	}
	return (size_t)matrix_cpus_at_bytes(cpus, vectors) +
		(size_t)cpus * matrix_cpu_bytes(vectors);
}
CORE_EXPORT(vector_matrix_size)

int vector_matrix_init(void *mem, size_t size, u32 cpus, u32 vectors, u32 first, u32 end,
	const void *lock)
{
	struct vector_matrix *m = mem;
	u32 open = 0;

	if (!matrix_shape_ok(cpus, vectors) || first >= end || end > vectors || !mem ||
		(uintptr_t)mem % 8) {
		return -EINVAL;
	}
	if (size < vector_matrix_size(cpus, vectors)) {
		return -ENOMEM;
	}
	memset(m, 0, vector_matrix_size(cpus, vectors));
	m->lock = lock;
	m->cpus = cpus;
	m->vectors = vectors;
	m->first = first;
	m->end = end;
	m->words = matrix_words(vectors);
	m->blocks = matrix_words(cpus);
	m->groups = matrix_groups(cpus);
	m->blocks_at_bytes = matrix_blocks_at_bytes(vectors);
	m->groups_at_bytes = matrix_groups_at_bytes(cpus, vectors);
	m->cpus_at_bytes = matrix_cpus_at_bytes(cpus, vectors);
	m->cpu_bytes = matrix_cpu_bytes(vectors);
	m->placement = VECTOR_MATRIX_SPREAD;
	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		m->top[order].cpu = MATRIX_NONE;
	}
	for (u32 word = 0; word < m->words; word++) {
		u64 range = matrix_below(word * 64, end) & ~matrix_below(word * 64, first);
		m->system[m->words + word] = ~range;
		open |= range ? 1u << word : 0;
	}
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		matrix_cpu(m, cpu)->open = open;
	}
	return 0;
}
CORE_EXPORT(vector_matrix_init)

int vector_matrix_set_placement(struct vector_matrix *m, enum vector_matrix_placement placement)
{
	core_assert_held(m->lock);
	if (core_warn_once((u32)placement > VECTOR_MATRIX_FIRST_FIT,
		"vector_matrix: no such placement")) {
		return -EINVAL;
	}
	m->placement = placement;
	return 0;
}
CORE_EXPORT(vector_matrix_set_placement)

/* CPUs */

static void matrix_set_online(struct vector_matrix *m, u32 cpu, bool online)
{
	struct matrix_cpu *c = matrix_cpu(m, cpu);

	c->online = online;
	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		matrix_change(m, order, cpu, matrix_rank(m, c, order));
	}
}

int vector_matrix_online(struct vector_matrix *m, u32 cpu)
{
	struct matrix_cpu *c;

	core_assert_held(m->lock);
	if (core_warn_once(cpu >= m->cpus || matrix_cpu(m, cpu)->online,
		"vector_matrix: CPU cannot come online")) {
		return -EINVAL;
	}
	c = matrix_cpu(m, cpu);
	if (!c->initialized) {
		c->available = (u16)matrix_unused(m, c);
		c->initialized = 1;
	}
	m->available += c->available;
	m->online_cpus++;
	matrix_set_online(m, cpu, true);
	return 0;
}
CORE_EXPORT(vector_matrix_online)

int vector_matrix_offline(struct vector_matrix *m, u32 cpu)
{
	core_assert_held(m->lock);
	if (core_warn_once(cpu >= m->cpus || !matrix_cpu(m, cpu)->online,
		"vector_matrix: CPU cannot go offline")) {
		return -EINVAL;
	}
	m->available -= matrix_cpu(m, cpu)->available;
	m->online_cpus--;
	matrix_set_online(m, cpu, false);
	return 0;
}
CORE_EXPORT(vector_matrix_offline)

/* System vectors */

static int matrix_refuse_system(const struct vector_matrix *m, u32 cpu, u32 vector, bool replace)
{
	if (cpu >= m->cpus || vector >= m->vectors) {
		return -EINVAL;
	}
	if (matrix_test(m->system, vector)) {
		return -EEXIST;
	}
	if (m->online_cpus > 1 || (m->online_cpus && (!replace || !matrix_cpu(m, cpu)->online))) {
		return -EBUSY;
	}
	if (replace && !matrix_test(matrix_cpu(m, cpu)->maps, vector)) {
		return -ENOENT;
	}
	for (u32 other = 0; other < m->cpus; other++) {
		const struct matrix_cpu *c = matrix_cpu(m, other);
		if (matrix_test(matrix_managed(m, c), vector) ||
			(matrix_test(c->maps, vector) && !(replace && other == cpu))) {
			return -EBUSY;
		}
	}
	return 0;
}

int vector_matrix_assign_system(struct vector_matrix *m, u32 cpu, u32 vector, bool replace)
{
	int ret = matrix_refuse_system(m, cpu, vector, replace);

	core_assert_held(m->lock);
	if (core_warn_once(ret, "vector_matrix: vector cannot become a system vector")) {
		return ret;
	}
	if (replace) {
		matrix_clear(matrix_cpu(m, cpu)->maps, vector);
		matrix_cpu(m, cpu)->allocated--;
		m->total_allocated--;
	}
	matrix_set(m->system, vector);
	if (!matrix_in_range(m, vector)) {
		return 0;
	}
	m->system_in_range++;
	matrix_set(m->system + m->words, vector);
	for (u32 other = 0; other < m->cpus; other++) {
		matrix_update_open(m, matrix_cpu(m, other), vector);
	}
	return 0;
}
CORE_EXPORT(vector_matrix_assign_system)

/* Managed vectors */

static int matrix_refuse_reserve(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	if (!c->open) {
		return -ENOSPC;
	}
	if (c->online ? !c->available : c->available >= matrix_unused(m, c) + MATRIX_AHEAD_MAX) {
		return -EOVERFLOW;
	}
	return 0;
}

static void matrix_reserve_one(struct vector_matrix *m, u32 cpu)
{
	struct matrix_cpu *c = matrix_cpu(m, cpu);
	u32 vector = matrix_first_unused(m, c);

	matrix_set(c->maps + m->words, vector);
	c->managed++;
	matrix_update_open(m, c, vector);
	if (c->online) {
		c->available--;
		m->available--;
		matrix_lower(m, MATRIX_BY_AVAILABLE, cpu, c->available);
	}
}

int vector_matrix_reserve_managed(struct vector_matrix *m, const u64 *mask)
{
	u32 first_cpu = matrix_mask_next(m, mask, 0);
	int ret = first_cpu < m->cpus ? 0 : -EINVAL;

	core_assert_held(m->lock);
	for (u32 cpu = first_cpu; cpu < m->cpus && !ret; cpu = matrix_mask_next(m, mask, cpu + 1)) {
		ret = matrix_refuse_reserve(m, matrix_cpu(m, cpu));
	}
	if (!ret && core_inject_failure("vector_matrix_reserve_managed")) {
		ret = -ENOSPC;
	}
	core_warn_once(ret == -EOVERFLOW, "vector_matrix: available count of a CPU overflows");
	if (ret) {
		return ret;
	}
	for (u32 cpu = first_cpu; cpu < m->cpus; cpu = matrix_mask_next(m, mask, cpu + 1)) {
		matrix_reserve_one(m, cpu);
	}
	return 0;
}
CORE_EXPORT(vector_matrix_reserve_managed)

static void matrix_remove_one(struct vector_matrix *m, u32 cpu)
{
	struct matrix_cpu *c = matrix_cpu(m, cpu);
	u32 vector = matrix_find_managed(m, c);

	matrix_clear(c->maps + m->words, vector);
	c->managed--;
	matrix_update_open(m, c, vector);
	if (c->online) {
		c->available++;
		m->available++;
		matrix_raise(m, MATRIX_BY_AVAILABLE, cpu, c->available);
	}
}

int vector_matrix_remove_managed(struct vector_matrix *m, const u64 *mask)
{
	u32 first_cpu = matrix_mask_next(m, mask, 0);

	core_assert_held(m->lock);
	if (first_cpu == m->cpus) {
		return -EINVAL;
	}
	for (u32 cpu = first_cpu; cpu < m->cpus; cpu = matrix_mask_next(m, mask, cpu + 1)) {
		const struct matrix_cpu *c = matrix_cpu(m, cpu);
		if (core_warn_once(c->managed == c->managed_allocated,
			"vector_matrix: no managed vector left to remove")) {
			return -ENOENT;
		}
	}
	for (u32 cpu = first_cpu; cpu < m->cpus; cpu = matrix_mask_next(m, mask, cpu + 1)) {
		matrix_remove_one(m, cpu);
	}
	return 0;
}
CORE_EXPORT(vector_matrix_remove_managed)

int vector_matrix_alloc_managed(struct vector_matrix *m, const u64 *mask, u32 *cpu)
{
	u32 best_cpu = matrix_best(m, MATRIX_BY_MANAGED, mask);
	struct matrix_cpu *c;
	u32 vector;

	core_assert_held(m->lock);
	if (best_cpu == MATRIX_NONE) {
		return matrix_mask_empty(m, mask) ? -EINVAL : -ENOSPC;
	}
	c = matrix_cpu(m, best_cpu);
	vector = matrix_find_managed(m, c);
	if (vector == MATRIX_NONE || core_inject_failure("vector_matrix_alloc_managed")) {
		return -ENOSPC;
	}
	matrix_set(c->maps, vector);
	c->allocated++;
	c->managed_allocated++;
	m->total_allocated++;
	matrix_lower(m, MATRIX_BY_MANAGED, best_cpu, matrix_rank(m, c, MATRIX_BY_MANAGED));
	*cpu = best_cpu;
	return (int)vector;
}
CORE_EXPORT(vector_matrix_alloc_managed)

/* Plain vectors */

/* Allocates count unused vectors of an online CPU whose available count covers them. */
static inline void matrix_take(struct vector_matrix *m, u32 cpu, struct matrix_cpu *c, u32 vector,
	u32 count)
{
	for (u32 n = 0; n < count; n++) {
		matrix_set(c->maps, vector + n);
		matrix_update_open(m, c, vector + n);
	}
	c->allocated = (u16)(c->allocated + count);
	c->available = (u16)(c->available - count);
	m->available -= count;
	m->total_allocated += count;
	if (count == 1) {
		matrix_lower(m, MATRIX_BY_AVAILABLE, cpu, c->available);
	} else {
		matrix_change(m, MATRIX_BY_AVAILABLE, cpu, c->available);
	}
}

/*
 * Allocates the lowest unused vector of an online CPU that has one and whose available count is not
 * 0.
 */
static inline u32 matrix_take_first(struct vector_matrix *m, u32 cpu, struct matrix_cpu *c)
{
	u64 word = core_ctz64(c->open);
	u64 unused = ~(c->maps[word] | c->maps[m->words + word] | matrix_closed(m)[word]);
	u64 left = unused & (unused - 1);

	c->maps[word] |= unused ^ left;
	c->open &= left ? ~0u : c->open - 1;
	c->allocated++;
	c->available--;
	m->available--;
	m->total_allocated++;
	matrix_lower(m, MATRIX_BY_AVAILABLE, cpu, c->available);
	return (u32)word * 64 + core_ctz64(unused);
}

static int matrix_refuse_assign(const struct vector_matrix *m, u32 cpu, u32 vector)
{
	if (cpu >= m->cpus || !matrix_cpu(m, cpu)->online || !matrix_in_range(m, vector)) {
		return -EINVAL;
	}
	if (matrix_taken(m, matrix_cpu(m, cpu), vector)) {
		return -EBUSY;
	}
	return matrix_cpu(m, cpu)->available ? 0 : -EOVERFLOW;
}

int vector_matrix_assign(struct vector_matrix *m, u32 cpu, u32 vector)
{
	int ret = matrix_refuse_assign(m, cpu, vector);

	core_assert_held(m->lock);
	if (core_warn_once(ret, "vector_matrix: vector cannot be assigned")) {
		return ret;
	}
	matrix_take(m, cpu, matrix_cpu(m, cpu), vector, 1);
	return 0;
}
CORE_EXPORT(vector_matrix_assign)

int vector_matrix_reserve(struct vector_matrix *m, u32 count)
{
	core_assert_held(m->lock);
	if (core_warn_once(count > 0xffffffffu - m->reserved,
		"vector_matrix: reservations overflow")) {
		return -EOVERFLOW;
	}
	m->reserved += count;
	return 0;
}
CORE_EXPORT(vector_matrix_reserve)

int vector_matrix_remove_reserved(struct vector_matrix *m, u32 count)
{
	core_assert_held(m->lock);
	if (core_warn_once(count > m->reserved, "vector_matrix: fewer vectors are reserved")) {
		return -EINVAL;
	}
	m->reserved -= count;
	return 0;
}
CORE_EXPORT(vector_matrix_remove_reserved)

static u32 matrix_choose_any(const struct vector_matrix *m, const u64 *mask)
{
	struct matrix_request request = { .mask = mask, .kind = MATRIX_ANY };

	return matrix_choose(m, &request);
}

int vector_matrix_alloc(struct vector_matrix *m, const u64 *mask, bool reserved, u32 *cpu)
{
	struct matrix_cpu *c;
	u32 chosen;

	core_assert_held(m->lock);
	if (core_warn_once(reserved && !m->reserved, "vector_matrix: nothing is reserved")) {
		return -EINVAL;
	}
	if (m->placement == VECTOR_MATRIX_SPREAD) {
		chosen = matrix_best(m, MATRIX_BY_AVAILABLE, mask);
	} else {
		chosen = matrix_choose_any(m, mask);
	}
	if (chosen == MATRIX_NONE) {
		return matrix_mask_empty(m, mask) ? -EINVAL : -ENOSPC;
	}
	c = matrix_cpu(m, chosen);
	if (!c->open || core_inject_failure("vector_matrix_alloc")) {
		return -ENOSPC;
	}
	m->reserved -= reserved;
	*cpu = chosen;
	return (int)matrix_take_first(m, chosen, c);
}
CORE_EXPORT(vector_matrix_alloc)

int vector_matrix_alloc_range(struct vector_matrix *m, const u64 *mask, u32 count, u32 align,
	u32 *cpu)
{
	struct matrix_request request = {
		.mask = mask,
		.kind = MATRIX_RANGE,
		.count = count,
		.align = align,
	};
	u32 chosen, vector;

	core_assert_held(m->lock);
	if (core_warn_once(!count || !align || align & (align - 1),
		"vector_matrix: bad count or alignment")) {
		return -EINVAL;
	}
	chosen = matrix_choose(m, &request);
	if (chosen == MATRIX_NONE) {
		return matrix_mask_empty(m, mask) ? -EINVAL : -ENOSPC;
	}
	if (core_inject_failure("vector_matrix_alloc_range")) {
		return -ENOSPC;
	}
	vector = matrix_find_range(m, matrix_cpu(m, chosen), count, align);
	matrix_take(m, chosen, matrix_cpu(m, chosen), vector, count);
	*cpu = chosen;
	return (int)vector;
}
CORE_EXPORT(vector_matrix_alloc_range)

int vector_matrix_alloc_same(struct vector_matrix *m, u32 vector, const u64 *mask, u32 *cpu)
{
	struct matrix_request request = { .mask = mask, .kind = MATRIX_SAME, .vector = vector };
	u32 chosen;

	core_assert_held(m->lock);
	if (core_warn_once(!matrix_in_range(m, vector), "vector_matrix: vector out of range")) {
		return -EINVAL;
	}
	chosen = matrix_choose(m, &request);
	if (chosen == MATRIX_NONE) {
		return matrix_mask_empty(m, mask) ? -EINVAL : -ENOSPC;
	}
	if (core_inject_failure("vector_matrix_alloc_same")) {
		return -ENOSPC;
	}
	matrix_take(m, chosen, matrix_cpu(m, chosen), vector, 1);
	*cpu = chosen;
	return (int)vector;
}
CORE_EXPORT(vector_matrix_alloc_same)

static inline int matrix_refuse_free(const struct vector_matrix *m, u32 cpu, u32 vector,
	bool managed)
{
	const struct matrix_cpu *c = matrix_cpu(m, cpu);

	if (cpu >= m->cpus || !matrix_in_range(m, vector)) {
		return -EINVAL;
	}
	if (!matrix_test(c->maps, vector)) {
		return -ENOENT;
	}
	return managed == matrix_test(matrix_managed(m, c), vector) ? 0 : -EINVAL;
}

static inline void matrix_free_managed(struct vector_matrix *m, u32 cpu, struct matrix_cpu *c)
{
	c->managed_allocated--;
	if (c->online) {
		matrix_raise(m, MATRIX_BY_MANAGED, cpu, matrix_rank(m, c, MATRIX_BY_MANAGED));
	}
}

static inline void matrix_free_plain(struct vector_matrix *m, u32 cpu, struct matrix_cpu *c,
	u32 vector)
{
	c->available++;
	c->open |= 1u << (vector / 64);
	if (c->online) {
		m->available++;
		matrix_raise(m, MATRIX_BY_AVAILABLE, cpu, c->available);
	}
}

int vector_matrix_free(struct vector_matrix *m, u32 cpu, u32 vector, bool managed)
{
	int ret = matrix_refuse_free(m, cpu, vector, managed);
	struct matrix_cpu *c;

	core_assert_held(m->lock);
	if (core_warn_once(ret, "vector_matrix: vector cannot be freed")) {
		return ret;
	}
	c = matrix_cpu(m, cpu);
	matrix_clear(c->maps, vector);
	c->allocated--;
	m->total_allocated -= c->online;
	m->freed_offline += !c->online;
	if (managed) {
		matrix_free_managed(m, cpu, c);
	} else {
		matrix_free_plain(m, cpu, c, vector);
	}
	return 0;
}
CORE_EXPORT(vector_matrix_free)

/* Queries */

u32 vector_matrix_available(const struct vector_matrix *m)
{
	return m->available;
}
CORE_EXPORT(vector_matrix_available)

u32 vector_matrix_available_without(const struct vector_matrix *m, u32 cpu)
{
	if (core_warn_once(cpu >= m->cpus, "vector_matrix: CPU out of range") ||
		!matrix_cpu(m, cpu)->online) {
		return m->available;
	}
	return m->available - matrix_cpu(m, cpu)->available;
}
CORE_EXPORT(vector_matrix_available_without)

u32 vector_matrix_reserved(const struct vector_matrix *m)
{
	return m->reserved;
}
CORE_EXPORT(vector_matrix_reserved)

u32 vector_matrix_allocated(const struct vector_matrix *m, u32 cpu)
{
	if (core_warn_once(cpu >= m->cpus, "vector_matrix: CPU out of range")) {
		return 0;
	}
	return matrix_cpu(m, cpu)->allocated;
}
CORE_EXPORT(vector_matrix_allocated)

void vector_matrix_stats(const struct vector_matrix *m, struct vector_matrix_stats *stats)
{
	*stats = (struct vector_matrix_stats){
		.cpus = m->cpus,
		.vectors = m->vectors,
		.first = m->first,
		.end = m->end,
		.online_cpus = m->online_cpus,
		.available = m->available,
		.reserved = m->reserved,
		.system_in_range = m->system_in_range,
		.total_allocated = m->total_allocated,
		.freed_offline = m->freed_offline,
	};
}
CORE_EXPORT(vector_matrix_stats)

int vector_matrix_cpu_stats(const struct vector_matrix *m, u32 cpu,
	struct vector_matrix_cpu_stats *stats)
{
	const struct matrix_cpu *c;

	if (core_warn_once(cpu >= m->cpus, "vector_matrix: CPU out of range")) {
		return -EINVAL;
	}
	c = matrix_cpu(m, cpu);
	*stats = (struct vector_matrix_cpu_stats){
		.available = c->available,
		.unused = matrix_unused(m, c),
		.allocated = c->allocated,
		.managed = c->managed,
		.managed_allocated = c->managed_allocated,
		.online = c->online,
		.initialized = c->initialized,
	};
	return 0;
}
CORE_EXPORT(vector_matrix_cpu_stats)

int vector_matrix_state(const struct vector_matrix *m, u32 cpu, u32 vector)
{
	const struct matrix_cpu *c;

	if (core_warn_once(cpu >= m->cpus || vector >= m->vectors,
		"vector_matrix: CPU or vector out of range")) {
		return -EINVAL;
	}
	c = matrix_cpu(m, cpu);
	return (matrix_test(c->maps, vector) ? VECTOR_MATRIX_ALLOCATED : 0) |
		(matrix_test(matrix_managed(m, c), vector) ? VECTOR_MATRIX_MANAGED : 0) |
		(matrix_test(m->system, vector) ? VECTOR_MATRIX_SYSTEM : 0);
}
CORE_EXPORT(vector_matrix_state)
