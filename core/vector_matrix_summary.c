// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The summary of a vector matrix: its upkeep as far as it is not in the header, and the search for
 * a CPU.
 */
#include "vector_matrix_summary.h"

/* Ranks */

u64 matrix_ranks_highest(const struct matrix_ranks *ranks, u64 candidates, u32 *rank)
{
	u32 value = 0;

	for (u32 bit = 1u << matrix_highest(ranks->best | 1); bit; bit >>= 1) {
		u64 having = candidates & ranks->plane[core_ctz64(bit)];
		candidates = having ? having : candidates;
		value |= having ? bit : 0;
	}
	*rank = value;
	return candidates;
}

/* The candidates with the lowest rank. */
static u64 ranks_lowest(const struct matrix_ranks *ranks, u64 candidates, u32 *rank)
{
	u32 value = 0;

	for (u32 bit = 1u << matrix_highest(ranks->best | 1); bit; bit >>= 1) {
		u64 lacking = candidates & ~ranks->plane[core_ctz64(bit)];
		candidates = lacking ? lacking : candidates;
		value |= lacking ? 0 : bit;
	}
	*rank = value;
	return candidates;
}

/* All whose rank is not 0. */
static u64 ranks_present(const struct matrix_ranks *ranks)
{
	u64 present = 0;

	for (u32 k = 0; k < MATRIX_RANK_BITS; k++) {
		present |= ranks->plane[k];
	}
	return present;
}

u32 matrix_ranks_get(const struct matrix_ranks *ranks, u32 index)
{
	u32 rank = 0;

	for (u32 k = 0; k < MATRIX_RANK_BITS; k++) {
		rank |= (u32)(ranks->plane[k] >> index & 1) << k;
	}
	return rank;
}

/* From any rank to any other. Returns whether the best rank has changed. */
static bool ranks_set(struct matrix_ranks *ranks, u32 index, u32 rank)
{
	u32 old = matrix_ranks_get(ranks, index);
	u32 old_best = ranks->best;
	u64 leaders;

	if (rank == old) {
		return false;
	}
	ranks_toggle(ranks, 1ull << index, rank ^ old);
	ranks->best = rank > old_best ? rank : old_best;
	leaders = matrix_ranks_highest(ranks, ~0ull, &ranks->best);
	ranks->leaders = ranks->best ? leaders : 0;
	return ranks->best != old_best;
}

/* Nodes */

static void nodes_set(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	struct matrix_ranks *ranks = &matrix_block(m, cpu / 64)->ranks[order];

	if (ranks_set(ranks, cpu % 64, rank) && m->groups) {
		ranks_set(&matrix_group(m, cpu / 4096)->ranks[order], cpu / 64 % 64, ranks->best);
	}
}

u32 matrix_nodes_best(const struct vector_matrix *m, enum matrix_order order)
{
	u32 best = 0;

	if (!m->groups) {
		return matrix_block(m, 0)->ranks[order].best;
	}
	for (u32 group = 0; group < m->groups; group++) {
		const struct matrix_ranks *ranks = &matrix_group(m, group)->ranks[order];
		best = ranks->best > best ? ranks->best : best;
	}
	return best;
}

u32 matrix_nodes_sole(const struct vector_matrix *m, enum matrix_order order, u32 best)
{
	u32 block = m->groups ? MATRIX_NONE : 0;
	u64 leaders;

	for (u32 group = 0; group < m->groups; group++) {
		const struct matrix_ranks *ranks = &matrix_group(m, group)->ranks[order];
		if (ranks->best != best) {
			continue;
		}
		if (block != MATRIX_NONE || ranks->leaders & (ranks->leaders - 1)) {
			return MATRIX_NONE;
		}
		block = group * 64 + core_ctz64(ranks->leaders);
	}
	leaders = matrix_block(m, block)->ranks[order].leaders;
	return leaders & (leaders - 1) ? MATRIX_NONE : block * 64 + core_ctz64(leaders);
}

/* The top CPU */

/* Another CPU has the top rank too now. */
void matrix_top_leave(struct vector_matrix *m, enum matrix_order order)
{
	struct matrix_top *top = &m->top[order];

	nodes_raise(m, order, top->cpu, top->rank);
	top->cpu = MATRIX_NONE;
}

/* One CPU less has the highest rank: if one is left, it is alone with it. */
void matrix_top_enter(struct vector_matrix *m, enum matrix_order order)
{
	struct matrix_top *top = &m->top[order];

	top->cpu = matrix_nodes_sole(m, order, top->rank);
	if (top->cpu != MATRIX_NONE) {
		nodes_lower(m, order, top->cpu, top->rank - 1);
	}
}

/* The top CPU has this rank now, as in the nodes, and is alone with it or not. */
void matrix_top_lower(struct vector_matrix *m, enum matrix_order order, u32 rank)
{
	struct matrix_top *top = &m->top[order];

	top->rank = rank;
	if (rank && matrix_nodes_sole(m, order, rank) == top->cpu) {
		nodes_lower(m, order, top->cpu, rank - 1);
	} else {
		top->cpu = MATRIX_NONE;
	}
}

void matrix_change(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	struct matrix_top *top = &m->top[order];

	if (top->cpu != MATRIX_NONE) {
		nodes_set(m, order, top->cpu, top->rank);
	}
	nodes_set(m, order, cpu, rank);
	top->rank = matrix_nodes_best(m, order);
	top->cpu = top->rank ? matrix_nodes_sole(m, order, top->rank) : MATRIX_NONE;
	if (top->cpu != MATRIX_NONE) {
		nodes_set(m, order, top->cpu, top->rank - 1);
	}
}

/* Choosing a CPU as Linux does */

/*
 * Linux compares managed counts so that a later CPU wins a tie, and available counts so that an
 * earlier one does.
 */
static inline u32 matrix_tie(enum matrix_order order, u64 tied)
{
	return order == MATRIX_BY_MANAGED ? matrix_highest(tied) : core_ctz64(tied);
}

static inline bool matrix_beats(enum matrix_order order, u32 rank, u32 best)
{
	return rank > best || (order == MATRIX_BY_MANAGED && rank && rank == best);
}

/* The best CPU in the nodes, or MATRIX_NONE. */
static inline u32 nodes_best_cpu(const struct vector_matrix *m, enum matrix_order order)
{
	u32 best = 0, block = 0;

	for (u32 group = 0; group < m->groups; group++) {
		const struct matrix_ranks *ranks = &matrix_group(m, group)->ranks[order];
		if (matrix_beats(order, ranks->best, best)) {
			best = ranks->best;
			block = group * 64 + matrix_tie(order, ranks->leaders);
		}
	}
	if (!matrix_block(m, block)->ranks[order].best) {
		return MATRIX_NONE;
	}
	return block * 64 + matrix_tie(order, matrix_block(m, block)->ranks[order].leaders);
}

/*
 * The better of two candidates of a block, or both: to look at their counts is faster than to ask
 * the planes.
 */
static inline u64 matrix_best_of_two(const struct vector_matrix *m, enum matrix_order order,
	u32 block, u64 low, u64 high, u32 *rank)
{
	u32 low_rank = matrix_rank(m, matrix_cpu(m, block * 64 + core_ctz64(low)), order);
	u32 high_rank = matrix_rank(m, matrix_cpu(m, block * 64 + core_ctz64(high)), order);

	*rank = low_rank > high_rank ? low_rank : high_rank;
	return (low_rank == *rank ? low : 0) | (high_rank == *rank ? high : 0);
}

/* The candidates of a block that are best; there is at least one candidate. */
static inline u64 matrix_best_in_block(const struct vector_matrix *m, enum matrix_order order,
	u32 block, u64 candidates, u32 *rank)
{
	const struct matrix_ranks *ranks = &matrix_block(m, block)->ranks[order];
	u64 more = candidates & (candidates - 1);

	if (candidates & ranks->leaders) {
		*rank = ranks->best;
		return candidates & ranks->leaders;
	}
	if (!more) {
		*rank = matrix_rank(m, matrix_cpu(m, block * 64 + core_ctz64(candidates)), order);
		return candidates;
	}
	if (!(more & (more - 1))) {
		return matrix_best_of_two(m, order, block, candidates ^ more, more, rank);
	}
	return matrix_ranks_highest(ranks, candidates, rank);
}

static core_always_inline u32 matrix_search_in(const struct vector_matrix *m,
	enum matrix_order order, const u64 *mask)
{
	u32 best_cpu = nodes_best_cpu(m, order);
	u32 best = 0, rank;

	if (best_cpu == MATRIX_NONE || !mask || matrix_test(mask, best_cpu)) {
		return best_cpu;
	}
	best_cpu = MATRIX_NONE;
	for (u32 block = 0; block < m->blocks; block++) {
		u64 candidates;
		/* Most blocks end here, so bits past the last CPU are masked off only behind it. */
		if (!mask[block] ||
			!matrix_beats(order, matrix_block(m, block)->ranks[order].best, best)) {
			continue;
		}
		candidates = matrix_mask_word(m, mask, block);
		if (!candidates) {
			continue;
		}
		candidates = matrix_best_in_block(m, order, block, candidates, &rank);
		if (matrix_beats(order, rank, best)) {
			best = rank;
			best_cpu = block * 64 + matrix_tie(order, candidates);
		}
	}
	return best_cpu;
}

/* Compiled for each order by itself: the order is asked for in the innermost loop. */
u32 matrix_search(const struct vector_matrix *m, enum matrix_order order, const u64 *mask)
{
	if (order == MATRIX_BY_MANAGED) {
		return matrix_search_in(m, MATRIX_BY_MANAGED, mask);
	}
	return matrix_search_in(m, MATRIX_BY_AVAILABLE, mask);
}

/* Choosing a CPU for what Linux does not have */

static bool matrix_fits(const struct vector_matrix *m, const struct matrix_request *r, u32 cpu)
{
	const struct matrix_cpu *c = matrix_cpu(m, cpu);

	switch (r->kind) {
	case MATRIX_ANY:
		return c->open;
	case MATRIX_RANGE:
		return c->available >= r->count &&
			matrix_find_range(m, c, r->count, r->align) != MATRIX_NONE;
	case MATRIX_SAME:
		return !matrix_taken(m, c, r->vector);
	}
	return false;
}

static u64 matrix_filter(const struct vector_matrix *m, const struct matrix_request *r, u32 block,
	u64 candidates)
{
	u64 fitting = 0;

	for (u64 left = candidates; left; left &= left - 1) {
		if (matrix_fits(m, r, block * 64 + core_ctz64(left))) {
			fitting |= left & -left;
		}
	}
	return fitting;
}

/* The preferred CPU among the candidates of a block; there is at least one. */
static u32 matrix_prefer(const struct vector_matrix *m, u32 block, u64 candidates, u32 *rank)
{
	const struct matrix_ranks *ranks = &matrix_block(m, block)->ranks[MATRIX_BY_AVAILABLE];

	switch (m->placement) {
	case VECTOR_MATRIX_SPREAD:
		candidates = matrix_ranks_highest(ranks, candidates, rank);
		break;
	case VECTOR_MATRIX_PACK:
		candidates = ranks_lowest(ranks, candidates, rank);
		break;
	default:
		*rank = 1;
		break;
	}
	return block * 64 + core_ctz64(candidates);
}

/*
 * Blocks come in ascending order, so what is found first keeps a tie. A best of 0 is nothing found
 * yet.
 */
static bool matrix_preferred(const struct vector_matrix *m, u32 rank, u32 best)
{
	return !best || (m->placement == VECTOR_MATRIX_SPREAD && rank > best) ||
		(m->placement == VECTOR_MATRIX_PACK && rank < best);
}

/*
 * The CPU of a block, but the top one, that fits and is preferred to what was found before, or
 * MATRIX_NONE.
 */
static u32 matrix_choose_in_block(const struct vector_matrix *m, const struct matrix_request *r,
	u32 block, u32 *best)
{
	u64 candidates = matrix_mask_word(m, r->mask, block) & ranks_present(
		&matrix_block(m, block)->ranks[MATRIX_BY_AVAILABLE]);
	u32 top = m->top[MATRIX_BY_AVAILABLE].cpu;
	u32 cpu, rank;

	if (top / 64 == block) {
		candidates &= ~(1ull << (top % 64));
	}
	if (!candidates) {
		return MATRIX_NONE;
	}
	cpu = matrix_prefer(m, block, candidates, &rank);
	if (matrix_preferred(m, rank, *best) && !matrix_fits(m, r, cpu)) {
		candidates = matrix_filter(m, r, block, candidates);
		if (!candidates) {
			return MATRIX_NONE;
		}
		cpu = matrix_prefer(m, block, candidates, &rank);
	}
	if (!matrix_preferred(m, rank, *best)) {
		return MATRIX_NONE;
	}
	*best = rank;
	return cpu;
}

/*
 * The CPU that it finds can give a vector, unlike the one that Linux may choose. The top CPU is
 * left out of the blocks: it is the first choice of spread, the last of pack, and for first_fit one
 * like any other.
 */
u32 matrix_choose(const struct vector_matrix *m, const struct matrix_request *r)
{
	u32 top = m->top[MATRIX_BY_AVAILABLE].cpu;
	u32 best = 0, best_cpu = MATRIX_NONE;

	if (top != MATRIX_NONE &&
		((r->mask && !matrix_test(r->mask, top)) || !matrix_fits(m, r, top))) {
		top = MATRIX_NONE;
	}
	if (top != MATRIX_NONE && m->placement == VECTOR_MATRIX_SPREAD) {
		return top;
	}
	for (u32 block = 0; block < m->blocks; block++) {
		u32 bound = matrix_block(m, block)->ranks[MATRIX_BY_AVAILABLE].best;
		u32 cpu = MATRIX_NONE;
		if (m->placement == VECTOR_MATRIX_PACK || matrix_preferred(m, bound, best)) {
			cpu = matrix_choose_in_block(m, r, block, &best);
		}
		best_cpu = cpu != MATRIX_NONE ? cpu : best_cpu;
	}
	if (m->placement == VECTOR_MATRIX_FIRST_FIT) {
		return top < best_cpu ? top : best_cpu;
	}
	return best_cpu != MATRIX_NONE ? best_cpu : top;
}
