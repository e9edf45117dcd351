// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The invariants of a vector matrix: its maps against its counts, these against its sums, and the
 * summary against a plain scan.
 */
#include "vector_matrix_summary.h"

struct matrix_counts {
	u32 allocated;
	u32 managed;
	u32 managed_allocated;
	u32 unused;
	u32 open;
	bool misplaced;
};

/* What the maps of a CPU say, by themselves. */
static struct matrix_counts matrix_count(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	const u64 *managed = matrix_managed(m, c);
	struct matrix_counts counts = { 0 };

	for (u32 word = 0; word < m->words; word++) {
		u64 unused = ~matrix_taken_word(m, c, word);
		counts.allocated += core_popcount64(c->maps[word]);
		counts.managed += core_popcount64(managed[word]);
		counts.managed_allocated += core_popcount64(c->maps[word] & managed[word]);
		counts.unused += core_popcount64(unused);
		counts.open |= unused ? 1u << word : 0;
		counts.misplaced |= (c->maps[word] | managed[word]) & matrix_closed(m)[word];
	}
	return counts;
}

static bool matrix_cpu_ok(const struct vector_matrix *m, u32 cpu)
{
	const struct matrix_cpu *c = matrix_cpu(m, cpu);
	struct matrix_counts counts = matrix_count(m, c);

	if (counts.misplaced || counts.allocated != c->allocated || counts.managed != c->managed ||
		counts.managed_allocated != c->managed_allocated ||
		counts.unused != matrix_unused(m, c) || counts.open != c->open) {
		return false;
	}
	if (!c->initialized && (c->online || c->available || c->allocated)) {
		return false;
	}
	return c->online <= 1 && c->initialized <= 1 && !c->padding &&
		c->available <= counts.unused + MATRIX_AHEAD_MAX + VECTOR_MATRIX_VECTORS_MAX;
}

/* The summary of up to 64 entries against the entries themselves. */
static bool ranks_ok(const struct matrix_ranks *ranks, u64 present)
{
	u64 leaders;
	u32 best;

	if (ranks->best >> MATRIX_RANK_BITS || ranks->padding) {
		return false;
	}
	for (u32 k = 0; k < MATRIX_RANK_BITS; k++) {
		if (ranks->plane[k] & ~(1u << k <= ranks->best ? present : 0)) {
			return false;
		}
	}
	leaders = matrix_ranks_highest(ranks, ~0ull, &best);
	return best == ranks->best && ranks->leaders == (best ? leaders : 0);
}

static bool matrix_cpu_summary_ok(const struct vector_matrix *m, u32 cpu)
{
	const struct matrix_node *b = matrix_block(m, cpu / 64);
	const struct matrix_cpu *c = matrix_cpu(m, cpu);

	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		if (matrix_rank(m, c, order) != matrix_ranks_get(&b->ranks[order], cpu % 64) +
			(cpu == m->top[order].cpu)) {
			return false;
		}
	}
	return true;
}

static bool matrix_block_ok(const struct vector_matrix *m, u32 block)
{
	const struct matrix_node *b = matrix_block(m, block);
	u64 present = matrix_below(block * 64, m->cpus);

	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		if (!ranks_ok(&b->ranks[order], present)) {
			return false;
		}
		if (m->groups && b->ranks[order].best !=
			matrix_ranks_get(&matrix_group(m, block / 64)->ranks[order], block % 64)) {
			return false;
		}
	}
	return true;
}

static bool matrix_group_ok(const struct vector_matrix *m, u32 group)
{
	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		if (!ranks_ok(&matrix_group(m, group)->ranks[order],
			matrix_below(group * 64, m->blocks))) {
			return false;
		}
	}
	return true;
}

/* After the nodes were found right. */
static bool matrix_top_ok(const struct vector_matrix *m)
{
	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		const struct matrix_top *top = &m->top[order];
		u32 best = matrix_nodes_best(m, order);
		if (top->cpu == MATRIX_NONE) {
			if (top->rank != best ||
				(best && matrix_nodes_sole(m, order, best) != MATRIX_NONE)) {
				return false;
			}
		} else if (top->cpu >= m->cpus || top->rank != best + 1 ||
			matrix_ranks_get(&matrix_block(m, top->cpu / 64)->ranks[order],
				top->cpu % 64) != best) {
			return false;
		}
	}
	return true;
}

static bool matrix_totals_ok(const struct vector_matrix *m)
{
	u64 available = 0, allocated = m->freed_offline;
	u32 online = 0, system = 0;

	for (u32 cpu = 0; cpu < m->cpus; cpu++) {
		const struct matrix_cpu *c = matrix_cpu(m, cpu);
		online += c->online;
		available += c->online ? c->available : 0;
		allocated += c->allocated;
	}
	for (u32 word = 0; word < m->words; word++) {
		u64 range = matrix_below(word * 64, m->end) & ~matrix_below(word * 64, m->first);
		system += core_popcount64(m->system[word] & range);
		if (matrix_closed(m)[word] != (m->system[word] | ~range)) {
			return false;
		}
	}
	return online == m->online_cpus && available == m->available &&
		system == m->system_in_range && allocated == m->total_allocated &&
		!(m->system[m->words - 1] & ~matrix_below((m->words - 1) * 64, m->vectors));
}

static bool matrix_shape_agrees(const struct vector_matrix *m)
{
	return matrix_shape_ok(m->cpus, m->vectors) && m->first < m->end && m->end <= m->vectors &&
		m->words == matrix_words(m->vectors) && m->blocks == matrix_words(m->cpus) &&
		m->groups == matrix_groups(m->cpus) && m->placement <= VECTOR_MATRIX_FIRST_FIT &&
		m->blocks_at_bytes == matrix_blocks_at_bytes(m->vectors) &&
		m->groups_at_bytes == matrix_groups_at_bytes(m->cpus, m->vectors) &&
		m->cpus_at_bytes == matrix_cpus_at_bytes(m->cpus, m->vectors) &&
		m->cpu_bytes == matrix_cpu_bytes(m->vectors);
}

int vector_matrix_check(const struct vector_matrix *m)
{
	core_assert_held(m->lock);
	if (core_warn_once(!matrix_shape_agrees(m), "vector_matrix: the shape is damaged")) {
		return -EINVAL;
	}
	for (u32 cpu = 0; cpu < m->cpus; cpu++) {
		if (core_warn_once(!matrix_cpu_ok(m, cpu),
				"vector_matrix: the counts of a CPU are wrong") ||
			core_warn_once(!matrix_cpu_summary_ok(m, cpu),
				"vector_matrix: the summary of a CPU is wrong")) {
			return -EINVAL;
		}
	}
	for (u32 block = 0; block < m->blocks; block++) {
		if (core_warn_once(!matrix_block_ok(m, block), "vector_matrix: a block is wrong")) {
			return -EINVAL;
		}
	}
	for (u32 group = 0; group < m->groups; group++) {
		if (core_warn_once(!matrix_group_ok(m, group), "vector_matrix: a group is wrong")) {
			return -EINVAL;
		}
	}
	if (core_warn_once(!matrix_top_ok(m), "vector_matrix: the best CPU is wrong")) {
		return -EINVAL;
	}
	if (core_warn_once(!matrix_totals_ok(m), "vector_matrix: the totals are wrong")) {
		return -EINVAL;
	}
	return 0;
}
CORE_EXPORT(vector_matrix_check)
