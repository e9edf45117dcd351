// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * How the best CPU is found without visiting every CPU.
 *
 * Each CPU has a rank in two orders, by available vectors and by allocated managed vectors. A rank is a small number, the
 * higher the better; 0 is no candidate. The ranks of 64 CPUs are stored bit by bit: plane k holds bit k of all 64. From a
 * set of candidates the best ones are left after one AND per plane, from the highest plane down: where any candidate has
 * the bit, those without it drop out. That costs the same for two candidates as for 64, so it serves full and sparse masks
 * alike, and a changed rank toggles only the planes whose bits differ. The best rank of all 64, and who has it, is kept.
 *
 * The CPU that alone has the highest rank of all is kept apart: it is the answer for every mask that has it, and the nodes
 * have it with its rank less 1. Where many CPUs are equal, as spreading makes them, a free puts its CPU there and the next
 * alloc takes that one, and neither touches a node. A rank less 1 needs no knowledge of the second best; the price is that
 * two CPUs change in the nodes when one draws level with the highest, or leaves one alone there.
 *
 * The best rank of each block of 64 CPUs is again a rank among 64 blocks, so in the full mask the best CPU is read off. For
 * any other mask a block's best rank bounds what the block can offer: a block that cannot beat the best so far is skipped
 * unseen.
 *
 * Everything here follows from the maps and counts of the CPUs; nothing remembers the way they came about.
 */
#include "vector_matrix.h"

#define MATRIX_NONE 0xffffffffu
#define MATRIX_RANK_BITS 16

/* How far an available count may run ahead of the unused vectors. Added to two times 2,048 it must fit into a rank. */
#define MATRIX_AHEAD_MAX 60000

enum matrix_order {
	MATRIX_BY_AVAILABLE,
	MATRIX_BY_MANAGED,
	MATRIX_ORDERS,
};

/* 64 ranks; best is the highest one, and leaders are all that have it, none where it is 0. */
struct matrix_ranks {
	u64 leaders;
	u32 best;
	u32 padding;
	u64 plane[MATRIX_RANK_BITS];
};

/* The ranks of 64 CPUs, or the best ranks of 64 blocks of CPUs. */
struct matrix_node {
	struct matrix_ranks ranks[MATRIX_ORDERS];
};

/*
 * The highest rank of all, and the CPU that alone has it: MATRIX_NONE if several share it, or it is 0. In the nodes that
 * CPU stands with its rank less 1.
 */
struct matrix_top {
	u32 cpu;
	u32 rank;
};

/* Bit n of open: word n of the maps has an unused vector. */
struct matrix_cpu {
	u16 available;
	u16 allocated;
	u16 managed;
	u16 managed_allocated;
	u8 online;
	u8 initialized;
	u16 padding;
	u32 open;
	u64 maps[];
};

/*
 * Behind it in memory: the map of system vectors; the closed map, which also has all vectors outside the allocatable
 * range; blocks, groups, and CPUs, each CPU with its allocated and its managed map.
 */
struct vector_matrix {
	const void *lock;
	u32 cpus;
	u32 vectors;
	u32 first;
	u32 end;
	u32 words;
	u32 blocks;
	u32 groups;
	u32 blocks_at_bytes;
	u32 groups_at_bytes;
	u32 cpus_at_bytes;
	u32 cpu_bytes;
	u32 placement;
	u32 online_cpus;
	u32 available;
	u32 reserved;
	u32 system_in_range;
	u64 total_allocated;
	u64 freed_offline;
	struct matrix_top top[MATRIX_ORDERS];
	u64 system[];
};

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

static u32 matrix_words(u32 bits)
{
	return (bits + 63) / 64;
}

static bool matrix_shape_ok(u32 cpus, u32 vectors)
{
	return cpus >= 1 && cpus <= VECTOR_MATRIX_CPUS_MAX && vectors >= 1 &&
		vectors <= VECTOR_MATRIX_VECTORS_MAX;
}

/* One block needs no group above it. */
static u32 matrix_groups(u32 cpus)
{
	return cpus > 64 ? matrix_words(matrix_words(cpus)) : 0;
}

static u32 matrix_blocks_at_bytes(u32 vectors)
{
	return (u32)sizeof(struct vector_matrix) + matrix_words(vectors) * 16;
}

static u32 matrix_groups_at_bytes(u32 cpus, u32 vectors)
{
	return matrix_blocks_at_bytes(vectors) +
		matrix_words(cpus) * (u32)sizeof(struct matrix_node);
}

static u32 matrix_cpus_at_bytes(u32 cpus, u32 vectors)
{
	return matrix_groups_at_bytes(cpus, vectors) +
		matrix_groups(cpus) * (u32)sizeof(struct matrix_node);
}

static u32 matrix_cpu_bytes(u32 vectors)
{
	return (u32)sizeof(struct matrix_cpu) + matrix_words(vectors) * 16;
}

size_t vector_matrix_size(u32 cpus, u32 vectors)
{
	if (!matrix_shape_ok(cpus, vectors)) {
		return 0;
	}
	return (size_t)matrix_cpus_at_bytes(cpus, vectors) +
		(size_t)cpus * matrix_cpu_bytes(vectors);
}
CORE_EXPORT(vector_matrix_size)

static void *matrix_at(const struct vector_matrix *m, size_t offset_bytes)
{
	return (void *)((uintptr_t)m + offset_bytes);
}

static struct matrix_node *matrix_block(const struct vector_matrix *m, u32 block)
{
	struct matrix_node *blocks = matrix_at(m, m->blocks_at_bytes);

	return &blocks[block];
}

static struct matrix_node *matrix_group(const struct vector_matrix *m, u32 group)
{
	struct matrix_node *groups = matrix_at(m, m->groups_at_bytes);

	return &groups[group];
}

static struct matrix_cpu *matrix_cpu(const struct vector_matrix *m, u32 cpu)
{
	return matrix_at(m, m->cpus_at_bytes + (size_t)cpu * m->cpu_bytes);
}

static const u64 *matrix_closed(const struct vector_matrix *m)
{
	return m->system + m->words;
}

static const u64 *matrix_managed(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	return c->maps + m->words;
}

/* Bits and words */

static bool matrix_test(const u64 *map, u32 bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static void matrix_set(u64 *map, u32 bit)
{
	map[bit / 64] |= 1ull << (bit % 64);
}

static void matrix_clear(u64 *map, u32 bit)
{
	map[bit / 64] &= ~(1ull << (bit % 64));
}

/* Bits of a word that are below the end, where the word's own first bit is number start. */
static u64 matrix_below(u32 start, u32 end)
{
	if (end <= start) {
		return 0;
	}
	return end - start >= 64 ? ~0ull : (1ull << (end - start)) - 1;
}

static u32 matrix_highest(u64 word)
{
	u32 bit = 0;

	for (u32 step = 32; step; step /= 2) {
		if (word >> step) {
			word >>= step;
			bit += step;
		}
	}
	return bit;
}

static u64 matrix_mask_word(const struct vector_matrix *m, const u64 *mask, u32 block)
{
	u64 word = mask ? mask[block] : ~0ull;

	return block + 1 < m->blocks ? word : word & matrix_below(block * 64, m->cpus);
}

static bool matrix_mask_empty(const struct vector_matrix *m, const u64 *mask)
{
	for (u32 block = 0; block < m->blocks; block++) {
		if (matrix_mask_word(m, mask, block)) {
			return false;
		}
	}
	return true;
}

/* The first CPU of the mask from cpu on, or m->cpus. */
static u32 matrix_mask_next(const struct vector_matrix *m, const u64 *mask, u32 cpu)
{
	u32 skipped = cpu % 64;

	for (u32 block = cpu / 64; block < m->blocks; block++) {
		u64 word = matrix_mask_word(m, mask, block) >> skipped << skipped;
		if (word) {
			return block * 64 + core_ctz64(word);
		}
		skipped = 0;
	}
	return m->cpus;
}

/* Ranks */

/* The candidates with the highest rank; all of them where that is 0. */
static u64 ranks_highest(const struct matrix_ranks *ranks, u64 candidates, u32 *rank)
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

/* There is at least one differing bit. */
static inline void ranks_toggle(struct matrix_ranks *ranks, u64 bit, u64 differing)
{
	do {
		ranks->plane[core_ctz64(differing)] ^= bit;
		differing &= differing - 1;
	} while (differing);
}

/* From rank - 1 to this rank. Returns whether the best rank has changed. */
static inline bool ranks_raise(struct matrix_ranks *ranks, u32 index, u32 rank)
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
static inline bool ranks_lower(struct matrix_ranks *ranks, u32 index, u32 rank)
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

static u32 ranks_get(const struct matrix_ranks *ranks, u32 index)
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
	u32 old = ranks_get(ranks, index);
	u32 old_best = ranks->best;
	u64 leaders;

	if (rank == old) {
		return false;
	}
	ranks_toggle(ranks, 1ull << index, rank ^ old);
	ranks->best = rank > old_best ? rank : old_best;
	leaders = ranks_highest(ranks, ~0ull, &ranks->best);
	ranks->leaders = ranks->best ? leaders : 0;
	return ranks->best != old_best;
}

/* Nodes */

/* A CPU's rank in the nodes from rank - 1 to this rank. */
static inline void nodes_raise(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	if (ranks_raise(&matrix_block(m, cpu / 64)->ranks[order], cpu % 64, rank) && m->groups) {
		ranks_raise(&matrix_group(m, cpu / 4096)->ranks[order], cpu / 64 % 64, rank);
	}
}

/* A CPU's rank in the nodes from rank + 1 to this rank. */
static inline void nodes_lower(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	if (ranks_lower(&matrix_block(m, cpu / 64)->ranks[order], cpu % 64, rank) && m->groups) {
		ranks_lower(&matrix_group(m, cpu / 4096)->ranks[order], cpu / 64 % 64, rank);
	}
}

static void nodes_set(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	struct matrix_ranks *ranks = &matrix_block(m, cpu / 64)->ranks[order];

	if (ranks_set(ranks, cpu % 64, rank) && m->groups) {
		ranks_set(&matrix_group(m, cpu / 4096)->ranks[order], cpu / 64 % 64, ranks->best);
	}
}

/* The highest rank in the nodes. */
static u32 nodes_best(const struct vector_matrix *m, enum matrix_order order)
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

/* The only CPU that has the highest rank in the nodes, which is this one and not 0, or MATRIX_NONE. */
static u32 nodes_sole(const struct vector_matrix *m, enum matrix_order order, u32 best)
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

/* Another CPU has the top rank too now. */
static void top_leave(struct vector_matrix *m, enum matrix_order order)
{
	struct matrix_top *top = &m->top[order];

	nodes_raise(m, order, top->cpu, top->rank);
	top->cpu = MATRIX_NONE;
}

/* One CPU less has the highest rank: if one is left, it is alone with it. */
static void top_enter(struct vector_matrix *m, enum matrix_order order)
{
	struct matrix_top *top = &m->top[order];

	top->cpu = nodes_sole(m, order, top->rank);
	if (top->cpu != MATRIX_NONE) {
		nodes_lower(m, order, top->cpu, top->rank - 1);
	}
}

/* The top CPU has this rank now, as in the nodes, and is alone with it or not. */
static void top_lower(struct vector_matrix *m, enum matrix_order order, u32 rank)
{
	struct matrix_top *top = &m->top[order];

	top->rank = rank;
	if (rank && nodes_sole(m, order, rank) == top->cpu) {
		nodes_lower(m, order, top->cpu, rank - 1);
	} else {
		top->cpu = MATRIX_NONE;
	}
}

/* After the rank of an online CPU became one more, and this one. */
static inline void matrix_raise(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
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
		top_leave(m, order);
	}
}

/* After the rank of an online CPU became one less, and this one. */
static inline void matrix_lower(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	const struct matrix_ranks *ranks = &matrix_block(m, cpu / 64)->ranks[order];
	struct matrix_top *top = &m->top[order];

	if (cpu == top->cpu) {
		/* In the nodes it has this rank already: with another of its block, it is no longer alone. */
		if (ranks->leaders & (ranks->leaders - 1)) {
			top->rank = rank;
			top->cpu = MATRIX_NONE;
		} else {
			top_lower(m, order, rank);
		}
		return;
	}
	nodes_lower(m, order, cpu, rank);
	/* While two of its block still share the highest rank, nobody is alone with it. */
	if (rank + 1 == top->rank &&
		(ranks->best == rank || !(ranks->leaders & (ranks->leaders - 1)))) {
		top_enter(m, order);
	}
}

/* After the rank of a CPU became this one, from any other. */
static void matrix_change(struct vector_matrix *m, enum matrix_order order, u32 cpu, u32 rank)
{
	struct matrix_top *top = &m->top[order];

	if (top->cpu != MATRIX_NONE) {
		nodes_set(m, order, top->cpu, top->rank);
	}
	nodes_set(m, order, cpu, rank);
	top->rank = nodes_best(m, order);
	top->cpu = top->rank ? nodes_sole(m, order, top->rank) : MATRIX_NONE;
	if (top->cpu != MATRIX_NONE) {
		nodes_set(m, order, top->cpu, top->rank - 1);
	}
}

static inline u32 matrix_rank(const struct vector_matrix *m, const struct matrix_cpu *c,
	enum matrix_order order)
{
	u32 rank = order == MATRIX_BY_AVAILABLE ? c->available :
		m->end - m->first + 1 - c->managed_allocated;

	return c->online ? rank : 0;
}

/* Vectors of one CPU */

static bool matrix_in_range(const struct vector_matrix *m, u32 vector)
{
	return vector >= m->first && vector < m->end;
}

static u32 matrix_unused(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	return m->end - m->first - m->system_in_range -
		(c->allocated + c->managed - c->managed_allocated);
}

static u64 matrix_taken_word(const struct vector_matrix *m, const struct matrix_cpu *c, u32 word)
{
	return c->maps[word] | c->maps[m->words + word] | matrix_closed(m)[word];
}

static bool matrix_taken(const struct vector_matrix *m, const struct matrix_cpu *c, u32 vector)
{
	return matrix_taken_word(m, c, vector / 64) >> (vector % 64) & 1;
}

/* Must follow every vector that is no longer unused, or unused again. */
static void matrix_update_open(const struct vector_matrix *m, struct matrix_cpu *c, u32 vector)
{
	u32 bit = 1u << (vector / 64);

	c->open &= ~bit;
	c->open |= ~matrix_taken_word(m, c, vector / 64) ? bit : 0;
}

static u32 matrix_first_unused(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	u32 word;

	if (!c->open) {
		return MATRIX_NONE;
	}
	word = core_ctz64(c->open);
	return word * 64 + core_ctz64(~matrix_taken_word(m, c, word));
}

/* The first vector from here on that is taken, or that is not; the end of the range if there is none. */
static u32 matrix_next_vector(const struct vector_matrix *m, const struct matrix_cpu *c, u32 vector,
	bool taken)
{
	u64 invert = taken ? 0 : ~0ull;
	u32 skipped = vector % 64;

	for (u32 word = vector / 64; word < m->words; word++) {
		u64 found = (matrix_taken_word(m, c, word) ^ invert) >> skipped << skipped;
		if (found) {
			vector = word * 64 + core_ctz64(found);
			return vector < m->end ? vector : m->end;
		}
		skipped = 0;
	}
	return m->end;
}

/* The lowest aligned range of unused vectors, or MATRIX_NONE. */
static u32 matrix_find_range(const struct vector_matrix *m, const struct matrix_cpu *c, u32 count,
	u32 align)
{
	u32 vector = m->first;

	if (count > m->end - m->first) {
		return MATRIX_NONE;
	}
	while (vector < m->end) {
		u32 unused = matrix_next_vector(m, c, vector, false);
		u32 start = (unused + align - 1) & ~(align - 1);
		if (start > m->end - count) {
			return MATRIX_NONE;
		}
		vector = matrix_next_vector(m, c, start, true);
		if (vector - start >= count) {
			return start;
		}
		vector++;
	}
	return MATRIX_NONE;
}

/* The lowest managed vector that is not allocated, or MATRIX_NONE. */
static u32 matrix_find_managed(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	const u64 *managed = matrix_managed(m, c);

	for (u32 word = m->first / 64; word < m->words; word++) {
		u64 found = managed[word] & ~c->maps[word];
		if (found) {
			return word * 64 + core_ctz64(found);
		}
	}
	return MATRIX_NONE;
}

/* Choosing a CPU as Linux does */

/* Linux compares managed counts so that a later CPU wins a tie, and available counts so that an earlier one does. */
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

/* The better of two candidates of a block, or both: to look at their counts is faster than to ask the planes. */
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
	return ranks_highest(ranks, candidates, rank);
}

/* The best CPU of the mask, or MATRIX_NONE. A rank of 0 says that a CPU is offline or has nothing available. */
static inline u32 matrix_best(const struct vector_matrix *m, enum matrix_order order,
	const u64 *mask)
{
	u32 best_cpu = m->top[order].cpu;
	u32 best = 0, rank;

	if (best_cpu != MATRIX_NONE && (!mask || matrix_test(mask, best_cpu))) {
		return best_cpu;
	}
	best_cpu = nodes_best_cpu(m, order);
	if (best_cpu == MATRIX_NONE || !mask || matrix_test(mask, best_cpu)) {
		return best_cpu;
	}
	best_cpu = MATRIX_NONE;
	for (u32 block = 0; block < m->blocks; block++) {
		u64 candidates = matrix_mask_word(m, mask, block);
		if (!candidates ||
			!matrix_beats(order, matrix_block(m, block)->ranks[order].best, best)) {
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
		candidates = ranks_highest(ranks, candidates, rank);
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

/* Blocks come in ascending order, so what is found first keeps a tie. A best of 0 is nothing found yet. */
static bool matrix_preferred(const struct vector_matrix *m, u32 rank, u32 best)
{
	return !best || (m->placement == VECTOR_MATRIX_SPREAD && rank > best) ||
		(m->placement == VECTOR_MATRIX_PACK && rank < best);
}

/* The CPU of a block, but the top one, that fits and is preferred to what was found before, or MATRIX_NONE. */
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
 * The CPU that it finds can give a vector, unlike the one that Linux may choose. MATRIX_NONE if no CPU fits. The top CPU is
 * left out of the blocks: it is the first choice of spread, the last of pack, and for first_fit one like any other.
 */
static u32 matrix_choose(const struct vector_matrix *m, const struct matrix_request *r)
{
	u32 top = m->top[MATRIX_BY_AVAILABLE].cpu;
	u32 best = 0, best_cpu = MATRIX_NONE;

	if (top != MATRIX_NONE && ((r->mask && !matrix_test(r->mask, top)) || !matrix_fits(m, r, top))) {
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

/* Lifecycle */

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

/* Allocates the lowest unused vector of an online CPU that has one and whose available count is not 0. */
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

/* Invariants */

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
	leaders = ranks_highest(ranks, ~0ull, &best);
	return best == ranks->best && ranks->leaders == (best ? leaders : 0);
}

static bool matrix_cpu_summary_ok(const struct vector_matrix *m, u32 cpu)
{
	const struct matrix_node *b = matrix_block(m, cpu / 64);
	const struct matrix_cpu *c = matrix_cpu(m, cpu);

	for (u32 order = 0; order < MATRIX_ORDERS; order++) {
		if (matrix_rank(m, c, order) != ranks_get(&b->ranks[order], cpu % 64) +
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
			ranks_get(&matrix_group(m, block / 64)->ranks[order], block % 64)) {
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
		u32 best = nodes_best(m, order);
		if (top->cpu == MATRIX_NONE) {
			if (top->rank != best || (best && nodes_sole(m, order, best) != MATRIX_NONE)) {
				return false;
			}
		} else if (top->cpu >= m->cpus || top->rank != best + 1 ||
			ranks_get(&matrix_block(m, top->cpu / 64)->ranks[order],
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

/* Dump */

struct matrix_text {
	vector_matrix_print_fn print;
	void *context;
	u32 length;
	char buffer[120];
};

static void text_flush(struct matrix_text *text)
{
	if (text->length) {
		text->print(text->context, text->buffer, text->length);
	}
	text->length = 0;
}

static void text_char(struct matrix_text *text, char c)
{
	if (text->length == sizeof(text->buffer)) {
		text_flush(text);
	}
	text->buffer[text->length++] = c;
}

static void text_string(struct matrix_text *text, const char *string)
{
	while (*string) {
		text_char(text, *string++);
	}
}

/* In parts of 16 bits: a 64-bit division is a library call on 32-bit machines. Returns the remainder. */
static u32 text_divide_by_ten(u64 *number)
{
	u64 quotient = 0;
	u32 remainder = 0;

	for (u32 shift = 64; shift;) {
		shift -= 16;
		remainder = remainder << 16 | (u32)(*number >> shift & 0xffff);
		quotient |= (u64)(remainder / 10) << shift;
		remainder %= 10;
	}
	*number = quotient;
	return remainder;
}

static void text_number(struct matrix_text *text, u64 number, u32 width)
{
	char digits[20];
	u32 used = 0;

	do {
		digits[used++] = (char)('0' + text_divide_by_ten(&number));
	} while (number);
	for (u32 blank = used; blank < width; blank++) {
		text_char(text, ' ');
	}
	while (used) {
		text_char(text, digits[--used]);
	}
}

static void text_count(struct matrix_text *text, const char *name, u64 number)
{
	text_string(text, name);
	text_number(text, number, 0);
}

/* The system vectors, or all others that are not unused: vectors in the same state as ranges, with its suffix. */
static void text_vectors(struct matrix_text *text, const struct vector_matrix *m, u32 cpu,
	bool system)
{
	static const char suffixes[][2] = { "", "", "m", "M" };

	for (u32 vector = 0; vector < m->vectors;) {
		u32 start = vector;
		int state = vector_matrix_state(m, cpu, start);
		while (vector < m->vectors && vector_matrix_state(m, cpu, vector) == state) {
			vector++;
		}
		if (!state || (state == VECTOR_MATRIX_SYSTEM) != system) {
			continue;
		}
		text_count(text, " ", start);
		if (vector - start > 1) {
			text_count(text, "-", vector - 1);
		}
		text_string(text, system ? "" : suffixes[state & 3]);
	}
}

static void text_cpu(struct matrix_text *text, const struct vector_matrix *m, u32 cpu)
{
	const struct matrix_cpu *c = matrix_cpu(m, cpu);

	text_number(text, cpu, 5);
	text_string(text, c->online ? " online " : " offline");
	text_number(text, c->available, 6);
	text_number(text, matrix_unused(m, c), 7);
	text_number(text, c->allocated, 6);
	text_number(text, c->managed, 8);
	text_number(text, c->managed_allocated, 14);
	text_string(text, " |");
	text_vectors(text, m, cpu, false);
	text_char(text, '\n');
	text_flush(text);
}

void vector_matrix_dump(const struct vector_matrix *m, vector_matrix_print_fn print, void *context)
{
	struct matrix_text text = { .print = print, .context = context };

	text_count(&text, "online ", m->online_cpus);
	text_count(&text, " available ", m->available);
	text_count(&text, " reserved ", m->reserved);
	text_count(&text, " total_allocated ", m->total_allocated);
	text_count(&text, " freed_offline ", m->freed_offline);
	text_count(&text, " range ", m->first);
	text_count(&text, "-", m->end - 1);
	text_string(&text, "\nsystem:");
	text_vectors(&text, m, 0, true);
	text_string(&text, "\n  cpu state   avail unused alloc managed managed_alloc | vectors\n");
	text_flush(&text);
	for (u32 cpu = 0; cpu < m->cpus; cpu++) {
		text_cpu(&text, m, cpu);
	}
}
CORE_EXPORT(vector_matrix_dump)
