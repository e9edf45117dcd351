/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Inside a vector matrix: what lies where in the caller's memory, masks, and the vectors of one
 * CPU. Only the sources of the vector matrix include it.
 */

#ifndef MSIRACE_VECTOR_MATRIX_LAYOUT_H
#define MSIRACE_VECTOR_MATRIX_LAYOUT_H

#include "vector_matrix.h"

#define MATRIX_NONE 0xffffffffu
#define MATRIX_RANK_BITS 16

/*
 * How far an available count may run ahead of the unused vectors. Added to two times 2,048 it must
 * fit into a rank.
 */
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
 * The highest rank of all, and the CPU that alone has it: MATRIX_NONE if several share it, or it is
 * 0. In the nodes that CPU stands with its rank less 1.
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
 * Behind it in memory: the map of system vectors; the closed map, which also has all vectors
 * outside the allocatable range; blocks, groups, and CPUs, each CPU with its allocated and its
 * managed map.
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

static inline u32 matrix_words(u32 bits)
{
	return (bits + 63) / 64;
}

static inline bool matrix_shape_ok(u32 cpus, u32 vectors)
{
	return cpus >= 1 && cpus <= VECTOR_MATRIX_CPUS_MAX && vectors >= 1 &&
		vectors <= VECTOR_MATRIX_VECTORS_MAX;
}

/* One block needs no group above it. */
static inline u32 matrix_groups(u32 cpus)
{
	return cpus > 64 ? matrix_words(matrix_words(cpus)) : 0;
}

static inline u32 matrix_blocks_at_bytes(u32 vectors)
{
	return (u32)sizeof(struct vector_matrix) + matrix_words(vectors) * 16;
}

static inline u32 matrix_groups_at_bytes(u32 cpus, u32 vectors)
{
	return matrix_blocks_at_bytes(vectors) +
		matrix_words(cpus) * (u32)sizeof(struct matrix_node);
}

static inline u32 matrix_cpus_at_bytes(u32 cpus, u32 vectors)
{
	return matrix_groups_at_bytes(cpus, vectors) +
		matrix_groups(cpus) * (u32)sizeof(struct matrix_node);
}

static inline u32 matrix_cpu_bytes(u32 vectors)
{
	return (u32)sizeof(struct matrix_cpu) + matrix_words(vectors) * 16;
}

static inline void *matrix_at(const struct vector_matrix *m, size_t offset_bytes)
{
	return (void *)((uintptr_t)m + offset_bytes);
}

static inline struct matrix_node *matrix_block(const struct vector_matrix *m, u32 block)
{
	struct matrix_node *blocks = matrix_at(m, m->blocks_at_bytes);

	return &blocks[block];
}

static inline struct matrix_node *matrix_group(const struct vector_matrix *m, u32 group)
{
	struct matrix_node *groups = matrix_at(m, m->groups_at_bytes);

	return &groups[group];
}

static inline struct matrix_cpu *matrix_cpu(const struct vector_matrix *m, u32 cpu)
{
	return matrix_at(m, m->cpus_at_bytes + (size_t)cpu * m->cpu_bytes);
}

static inline const u64 *matrix_closed(const struct vector_matrix *m)
{
	return m->system + m->words;
}

static inline const u64 *matrix_managed(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	return c->maps + m->words;
}

/* Bits and words */

static inline bool matrix_test(const u64 *map, u32 bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static inline void matrix_set(u64 *map, u32 bit)
{
	map[bit / 64] |= 1ull << (bit % 64);
}

static inline void matrix_clear(u64 *map, u32 bit)
{
	map[bit / 64] &= ~(1ull << (bit % 64));
}

/* Bits of a word that are below the end, where the word's own first bit is number start. */
static inline u64 matrix_below(u32 start, u32 end)
{
	if (end <= start) {
		return 0;
	}
	return end - start >= 64 ? ~0ull : (1ull << (end - start)) - 1;
}

static inline u32 matrix_highest(u64 word)
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

static inline u64 matrix_mask_word(const struct vector_matrix *m, const u64 *mask, u32 block)
{
	u64 word = mask ? mask[block] : ~0ull;

	return block + 1 < m->blocks ? word : word & matrix_below(block * 64, m->cpus);
}

static inline bool matrix_mask_empty(const struct vector_matrix *m, const u64 *mask)
{
	for (u32 block = 0; block < m->blocks; block++) {
		if (matrix_mask_word(m, mask, block)) {
			return false;
		}
	}
	return true;
}

/* The first CPU of the mask from cpu on, or m->cpus. */
static inline u32 matrix_mask_next(const struct vector_matrix *m, const u64 *mask, u32 cpu)
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

/* Vectors of one CPU */

static inline bool matrix_in_range(const struct vector_matrix *m, u32 vector)
{
	return vector >= m->first && vector < m->end;
}

static inline u32 matrix_unused(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	return m->end - m->first - m->system_in_range -
		(c->allocated + c->managed - c->managed_allocated);
}

static inline u64 matrix_taken_word(const struct vector_matrix *m, const struct matrix_cpu *c,
	u32 word)
{
	return c->maps[word] | c->maps[m->words + word] | matrix_closed(m)[word];
}

static inline bool matrix_taken(const struct vector_matrix *m, const struct matrix_cpu *c,
	u32 vector)
{
	return matrix_taken_word(m, c, vector / 64) >> (vector % 64) & 1;
}

/* Must follow every vector that is no longer unused, or unused again. */
static inline void matrix_update_open(const struct vector_matrix *m, struct matrix_cpu *c,
	u32 vector)
{
	u32 bit = 1u << (vector / 64);

	c->open &= ~bit;
	c->open |= ~matrix_taken_word(m, c, vector / 64) ? bit : 0;
}

static inline u32 matrix_first_unused(const struct vector_matrix *m, const struct matrix_cpu *c)
{
	u32 word;

	if (!c->open) {
		return MATRIX_NONE;
	}
	word = core_ctz64(c->open);
	return word * 64 + core_ctz64(~matrix_taken_word(m, c, word));
}

/*
 * The first vector from here on that is taken, or that is not; the end of the range if there is
 * none.
 */
static inline u32 matrix_next_vector(const struct vector_matrix *m, const struct matrix_cpu *c,
	u32 vector, bool taken)
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
static inline u32 matrix_find_range(const struct vector_matrix *m, const struct matrix_cpu *c,
	u32 count, u32 align)
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
static inline u32 matrix_find_managed(const struct vector_matrix *m, const struct matrix_cpu *c)
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
#endif
