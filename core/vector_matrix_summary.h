/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How the best CPU is found without visiting every CPU.
 *
 * Each CPU has a rank in two orders, by available vectors and by allocated managed vectors. A rank
 * is a small number, the higher the better; 0 is no candidate. The ranks of 64 CPUs are stored bit
 * by bit: plane k holds bit k of all 64. From a set of candidates the best ones are left after one
 * AND per plane, from the highest plane down: where any candidate has the bit, those without it
 * drop out. That costs the same for two candidates as for 64, so it serves full and sparse masks
 * alike, and a changed rank toggles only the planes whose bits differ. The best rank of all 64, and
 * who has it, is kept.
 *
 * The CPU that alone has the highest rank of all is kept apart: it is the answer for every mask
 * that has it, and the nodes have it with its rank less 1. Where many CPUs are equal, as spreading
 * makes them, a free puts its CPU there and the next alloc takes that one, and neither touches a
 * node. A rank less 1 needs no knowledge of the second best; the price is that two CPUs change in
 * the nodes when one draws level with the highest, or leaves one alone there.
 *
 * The best rank of each block of 64 CPUs is again a rank among 64 blocks, so in the full mask the
 * best CPU is read off. For any other mask a block's best rank bounds what the block can offer: a
 * block that cannot beat the best so far is skipped unseen.
 *
 * Everything here follows from the maps and counts of the CPUs; nothing remembers the way they came
 * about.
 *
 * The upkeep for a count that changes by one is in this header, to be compiled into the verbs: a
 * call for each, with the order as a variable, makes a free and an alloc a third more instructions.
 * The rest, and the search, are in vector_matrix_summary.c.
 */
#ifndef MSIRACE_VECTOR_MATRIX_SUMMARY_H
#define MSIRACE_VECTOR_MATRIX_SUMMARY_H

#include "vector_matrix_layout.h"

/*
 * What a CPU must have to be chosen: any unused vector, a range of them, or one given vector
 * unused.
 */
enum matrix_kind {
	MATRIX_ANY,
	MATRIX_RANGE,
	MATRIX_SAME,
};

struct matrix_request {
	const u64 *mask;
	enum matrix_kind kind;
	u32 count;
	u32 align;
	u32 vector;
};

/* After the rank of a CPU became this one, from any other. */
void matrix_change(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank);

/*
 * What matrix_raise() and matrix_lower() need where the top CPU is no longer the one, or no longer
 * alone.
 */
void matrix_top_leave(struct vector_matrix *m, enum matrix_order order);
void matrix_top_enter(struct vector_matrix *m, enum matrix_order order);
void matrix_top_lower(struct vector_matrix *m, enum matrix_order order, u32 rank);

/* The candidates with the highest rank; all of them where that is 0. */
u64 matrix_ranks_highest(const struct matrix_ranks *ranks, u64 candidates, u32 *rank);

u32 matrix_ranks_get(const struct matrix_ranks *ranks, u32 index);

/* The highest rank in the nodes. */
u32 matrix_nodes_best(const struct vector_matrix *m, enum matrix_order order);

/*
 * The only CPU that has the highest rank in the nodes, which is this one and not 0, or MATRIX_NONE.
 */
u32 matrix_nodes_sole(const struct vector_matrix *m, enum matrix_order order, u32 best);

/* As matrix_best(), once the top CPU is known to be outside of the mask, or there is none. */
u32 matrix_search(const struct vector_matrix *m, enum matrix_order order, const u64 *mask);

/*
 * The CPU that the placement prefers of those that can give what is asked for, or MATRIX_NONE if
 * there is none.
 */
u32 matrix_choose(const struct vector_matrix *m, const struct matrix_request *r);

static inline u32 matrix_rank(const struct vector_matrix *m, const struct matrix_cpu *c,
	enum matrix_order order)
{
	u32 rank = order == MATRIX_BY_AVAILABLE ? c->available :
		m->end - m->first + 1 - c->managed_allocated;

	return c->online ? rank : 0;
}

/* Ranks */

/* There is at least one differing bit. */
static core_always_inline void ranks_toggle(struct matrix_ranks *ranks, u64 bit, u64 differing)
{
	do {
		ranks->plane[core_ctz64(differing)] ^= bit;
		differing &= differing - 1;
	} while (differing);
}

/* From rank - 1 to this rank. Returns whether the best rank has changed. */
static core_always_inline bool ranks_raise(struct matrix_ranks *ranks, u32 index, u32 rank)
{
	u64 bit = 1ull << index;

	ranks_toggle(ranks, bit, rank ^ (rank - 1));
	if (rank < ranks->best) {
		return false;
	}
	if (rank == ranks->best) {
		ranks->leaders |= bit;
		return false;
	}
	ranks->best = rank;
	ranks->leaders = bit;
	return true;
}

/* From rank + 1 to this rank. Returns whether the best rank has changed. */
static core_always_inline bool ranks_lower(struct matrix_ranks *ranks, u32 index, u32 rank)
{
	u64 bit = 1ull << index;
	u64 leaders;

	ranks_toggle(ranks, bit, rank ^ (rank + 1));
	if (rank + 1 != ranks->best) {
		return false;
	}
	leaders = ranks->leaders & ~bit;
	if (leaders) {
		ranks->leaders = leaders;
		return false;
	}
	/* Nothing is above the rank, so whatever has all of its bits has no others. */
	leaders = rank ? ~0ull : 0;
	for (u64 left = rank; left; left &= left - 1) {
		leaders &= ranks->plane[core_ctz64(left)];
	}
	ranks->leaders = leaders;
	ranks->best = rank;
	return true;
}

/* Nodes */

/* A CPU's rank in the nodes from rank - 1 to this rank. */
static core_always_inline void nodes_raise(struct vector_matrix *m, enum matrix_order order,
	u32 cpu, u32 rank)
{
	if (ranks_raise(&matrix_block(m, cpu / 64)->ranks[order], cpu % 64, rank) && m->groups) {
		ranks_raise(&matrix_group(m, cpu / 4096)->ranks[order], cpu / 64 % 64, rank);
	}
}

/* A CPU's rank in the nodes from rank + 1 to this rank. */
static core_always_inline void nodes_lower(struct vector_matrix *m, enum matrix_order order,
	u32 cpu, u32 rank)
{
	if (ranks_lower(&matrix_block(m, cpu / 64)->ranks[order], cpu % 64, rank) && m->groups) {
		ranks_lower(&matrix_group(m, cpu / 4096)->ranks[order], cpu / 64 % 64, rank);
	}
}

/* The upkeep */

/* After the rank of an online CPU became one more, and this one. */
static core_always_inline void matrix_raise(struct vector_matrix *m, enum matrix_order order,
	u32 cpu, u32 rank)
{
	struct matrix_top *top = &m->top[order];

	if (rank > top->rank) {
		top->rank = rank;
		if (cpu == top->cpu) {
			nodes_raise(m, order, cpu, rank - 1);
		}
		top->cpu = cpu;
		return;
	}
	nodes_raise(m, order, cpu, rank);
	if (rank == top->rank && top->cpu != MATRIX_NONE) {
		matrix_top_leave(m, order);
	}
}

/* After the rank of an online CPU became one less, and this one. */
static core_always_inline void matrix_lower(struct vector_matrix *m, enum matrix_order order,
	u32 cpu, u32 rank)
{
	const struct matrix_ranks *ranks = &matrix_block(m, cpu / 64)->ranks[order];
	struct matrix_top *top = &m->top[order];

	if (cpu == top->cpu) {
		/*
		 * In the nodes it has this rank already: with another of its block, it is no longer
		 * alone.
		 */
		if (ranks->leaders & (ranks->leaders - 1)) {
			top->rank = rank;
			top->cpu = MATRIX_NONE;
		} else {
			matrix_top_lower(m, order, rank);
		}
		return;
	}
	nodes_lower(m, order, cpu, rank);
	/* While two of its block still share the highest rank, nobody is alone with it. */
	if (rank + 1 == top->rank &&
		(ranks->best == rank || !(ranks->leaders & (ranks->leaders - 1)))) {
		matrix_top_enter(m, order);
	}
}

/*
 * The best CPU of the mask, or MATRIX_NONE. A rank of 0 says that a CPU is offline or has nothing
 * available.
 */
static inline u32 matrix_best(const struct vector_matrix *m, enum matrix_order order,
	const u64 *mask)
{
	u32 top = m->top[order].cpu;

	if (top != MATRIX_NONE && (!mask || matrix_test(mask, top))) {
		return top;
	}
	return matrix_search(m, order, mask);
}

#endif
