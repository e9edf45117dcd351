// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The entries of an interrupt remap table, in aligned blocks that need a flush between two owners.
 *
 * Behind the struct lie, in this order:
 *
 *	free		one bit an entry: it can be handed out now
 *	room		for each order 0 to 6, one bit a word of free: the word has a
 *			free aligned block of that order
 *	awaiting	one bit an entry: it is the first of a block that awaits its flush
 *	waiting_words	one bit a word of awaiting: the word is not 0
 *	ticket		for the first entry of a block that awaits its flush, the lowest ticket that
 *			covers it; else 0
 *	head		for the first entry of any block, its order plus 1; else 0
 *
 * The bits of room for order 6, "the whole word is free", are themselves a bitmap of at most 1,024
 * bits, in which a block of a higher order is a smaller aligned block. So no search reads more than
 * 16 words and the one that it found.
 */
#include "remap_index.h"

#include "dump_line.h"

/* 2^6 entries are a word of free, and 2^12 a word of room. */
#define REMAP_WORD_ORDER 6u

struct remap_index {
	const void *lock;
	u32 entries;
	u32 available;
	u32 allocated;
	u32 awaiting;
	u64 tickets;
	u64 storage[];
};

/* Bits at multiples of 1, 2, 4, ... 64. */
static const u64 remap_aligned[REMAP_WORD_ORDER + 1] = {
	0xffffffffffffffffull, 0x5555555555555555ull, 0x1111111111111111ull, 0x0101010101010101ull,
	0x0001000100010001ull, 0x0000000100000001ull, 0x0000000000000001ull,
};

static u32 remap_bits_words(u32 bits)
{
	return (bits + 63) / 64;
}

static u32 remap_words(const struct remap_index *remap)
{
	return remap_bits_words(remap->entries);
}

/* Words of one row of room, and of waiting_words. */
static u32 remap_summary_words(const struct remap_index *remap)
{
	return remap_bits_words(remap_words(remap));
}

size_t remap_index_size(u32 entries)
{
	u32 words = remap_bits_words(entries);
	u32 summary_words = remap_bits_words(words);

	if (!entries || entries > REMAP_INDEX_ENTRIES_MAX) {
		return 0;
	}
	return sizeof(struct remap_index) +
	       (2 * words + (REMAP_WORD_ORDER + 2) * summary_words + entries) * sizeof(u64) +
	       ((entries + 7) & ~7u);
}
CORE_EXPORT(remap_index_size);

static u64 *remap_free(const struct remap_index *remap)
{
	return (u64 *)(uintptr_t)remap->storage;
}

static u64 *remap_room(const struct remap_index *remap, u32 order)
{
	return remap_free(remap) + remap_words(remap) + order * remap_summary_words(remap);
}

static u64 *remap_awaiting(const struct remap_index *remap)
{
	return remap_room(remap, REMAP_WORD_ORDER + 1);
}

static u64 *remap_waiting_words(const struct remap_index *remap)
{
	return remap_awaiting(remap) + remap_words(remap);
}

static u64 *remap_ticket(const struct remap_index *remap)
{
	return remap_waiting_words(remap) + remap_summary_words(remap);
}

static u8 *remap_head(const struct remap_index *remap)
{
	return (u8 *)(remap_ticket(remap) + remap->entries);
}

static bool remap_bit(const u64 *bitmap, u32 bit)
{
	return bitmap[bit / 64] >> (bit % 64) & 1;
}

static void remap_write_bit(u64 *bitmap, u32 bit, bool value)
{
	u64 mask = 1ull << (bit % 64);

	if (value) {
		bitmap[bit / 64] |= mask;
	} else {
		bitmap[bit / 64] &= ~mask;
	}
}

/* From the aligned runs of 2^order set bits, by their first bits, those of the next order. */
static u64 remap_fold(u64 runs, u32 order)
{
	return runs & runs >> (1u << order) & remap_aligned[order + 1];
}

/* The first bits of the aligned runs of 2^order set bits of a word. */
static u64 remap_runs(u64 word, u32 order)
{
	u32 below;

	for (below = 0; below < order; below++) {
		word = remap_fold(word, below);
	}
	return word;
}

static void remap_update_room(struct remap_index *remap, u32 word)
{
	u64 runs = remap_free(remap)[word];
	u32 order;

	for (order = 0; order <= REMAP_WORD_ORDER; order++) {
		remap_write_bit(remap_room(remap, order), word, runs);
		if (order < REMAP_WORD_ORDER) {
			runs = remap_fold(runs, order);
		}
	}
}

/* A block lies in one word, or covers whole words. */
static void remap_mark(struct remap_index *remap, u32 first, u32 order, bool free)
{
	u64 *bits = remap_free(remap) + first / 64;
	u32 word;

	if (order < REMAP_WORD_ORDER) {
		u64 mask = ((1ull << (1u << order)) - 1) << (first % 64);

		*bits = free ? *bits | mask : *bits & ~mask;
		remap_update_room(remap, first / 64);
		return;
	}
	for (word = 0; word < 1u << (order - REMAP_WORD_ORDER); word++) {
		bits[word] = free ? ~0ull : 0;
		remap_update_room(remap, first / 64 + word);
	}
}

int remap_index_init(void *mem, size_t size, u32 entries, const void *lock)
{
	struct remap_index *remap = mem;
	size_t needed = remap_index_size(entries);
	u32 word;

	if (!mem || ((uintptr_t)mem & 7) || !needed) {
		return -EINVAL;
	}
	if (size < needed) {
		return -ENOMEM;
	}
	memset(mem, 0, needed);
	remap->lock = lock;
	remap->entries = entries;
	remap->available = entries;
	for (word = 0; word < remap_words(remap); word++) {
		u32 left = entries - word * 64;

		remap_free(remap)[word] = left < 64 ? (1ull << left) - 1 : ~0ull;
		remap_update_room(remap, word);
	}
	return 0;
}
CORE_EXPORT(remap_index_init);

/*
 * The lowest aligned run of 2^order set bits in a bitmap of words words, as the number of its first
 * bit, or -ENOSPC.
 */
static int remap_find_run(const u64 *bitmap, u32 words, u32 order)
{
	u32 in_word = order < REMAP_WORD_ORDER ? order : REMAP_WORD_ORDER;
	u32 step = 1u << (order - in_word);
	u32 word;

	for (word = 0; word + step <= words; word += step) {
		u64 runs = remap_runs(bitmap[word], in_word);
		u32 more;

		for (more = 1; more < step; more++) {
			runs &= remap_runs(bitmap[word + more], REMAP_WORD_ORDER);
		}
		if (runs) {
			return (int)(word * 64 + core_ctz64(runs));
		}
	}
	return -ENOSPC;
}

static int remap_find(const struct remap_index *remap, u32 order)
{
	u32 row = order < REMAP_WORD_ORDER ? order : REMAP_WORD_ORDER;
	int word = remap_find_run(remap_room(remap, row), remap_summary_words(remap), order - row);

	if (word < 0) {
		return word;
	}
	return word * 64 + (int)core_ctz64(remap_runs(remap_free(remap)[word], row));
}

int remap_index_alloc(struct remap_index *remap, u32 order)
{
	int first;

	core_assert_held(remap->lock);
	if (order > REMAP_INDEX_ORDER_MAX) {
		return -EINVAL;
	}
	first = remap_find(remap, order);
	if (first < 0) {
		return first;
	}
	if (core_inject_failure("remap_index_alloc")) {
		return -ENOMEM;
	}
	remap_mark(remap, (u32)first, order, false);
	remap_head(remap)[first] = (u8)(order + 1);
	remap->available -= 1u << order;
	remap->allocated += 1u << order;
	return first;
}
CORE_EXPORT(remap_index_alloc);

/*
 * Rounding the index of an entry down, order by order, stays inside its block until it reaches the
 * block's head.
 */
static void remap_find_block(const struct remap_index *remap, u32 index,
			     struct remap_index_block *block)
{
	u32 order;

	*block = (struct remap_index_block){ index, 0, REMAP_INDEX_FREE, 0 };
	if (remap_bit(remap_free(remap), index)) {
		return;
	}
	for (order = 0; order <= REMAP_INDEX_ORDER_MAX; order++) {
		u32 first = index & ~((1u << order) - 1);
		u32 head = remap_head(remap)[first];

		if (head) {
			block->first = first;
			block->order = head - 1;
			block->state = remap_bit(remap_awaiting(remap), first) ?
				REMAP_INDEX_AWAITING_FLUSH : REMAP_INDEX_ALLOCATED;
			block->ticket = remap_ticket(remap)[first];
			return;
		}
	}
}

static void remap_set_awaiting(struct remap_index *remap, u32 first, u64 ticket)
{
	u64 *awaiting = remap_awaiting(remap);

	remap_write_bit(awaiting, first, ticket != 0);
	remap_write_bit(remap_waiting_words(remap), first / 64, awaiting[first / 64]);
	remap_ticket(remap)[first] = ticket;
}

int remap_index_free(struct remap_index *remap, u32 first, u32 order)
{
	struct remap_index_block block;

	core_assert_held(remap->lock);
	if (order > REMAP_INDEX_ORDER_MAX || first >= remap->entries ||
	    1u << order > remap->entries - first) {
		return -ERANGE;
	}
	remap_find_block(remap, first, &block);
	if (core_warn_once(block.state != REMAP_INDEX_ALLOCATED,
			   "remap_index: free of a block that is not allocated")) {
		return -ENOENT;
	}
	if (core_warn_once(block.first != first || block.order != order,
			   "remap_index: free of what is not a whole block")) {
		return -EINVAL;
	}
	remap_set_awaiting(remap, first, remap->tickets + 1);
	remap->allocated -= 1u << order;
	remap->awaiting += 1u << order;
	return 0;
}
CORE_EXPORT(remap_index_free);

u64 remap_index_flush_begin(struct remap_index *remap)
{
	core_assert_held(remap->lock);
	return ++remap->tickets;
}
CORE_EXPORT(remap_index_flush_begin);

static u32 remap_release(struct remap_index *remap, u32 first)
{
	u32 order = remap_head(remap)[first] - 1u;

	remap_set_awaiting(remap, first, 0);
	remap_head(remap)[first] = 0;
	remap_mark(remap, first, order, true);
	remap->awaiting -= 1u << order;
	remap->available += 1u << order;
	return 1u << order;
}

static u32 remap_release_word(struct remap_index *remap, u32 word, u64 ticket)
{
	u64 heads = remap_awaiting(remap)[word];
	u32 released = 0;

	for (; heads; heads &= heads - 1) {
		u32 first = word * 64 + core_ctz64(heads);

		if (remap_ticket(remap)[first] <= ticket) {
			released += remap_release(remap, first);
		}
	}
	return released;
}

int remap_index_flush_done(struct remap_index *remap, u64 ticket)
{
	u32 released = 0;
	u32 summary;

	core_assert_held(remap->lock);
	if (core_warn_once(!ticket || ticket > remap->tickets,
			   "remap_index: a ticket that was never handed out")) {
		return -EINVAL;
	}
	if (core_inject_failure("remap_index_flush_done")) {
		return -ENOMEM;
	}
	for (summary = 0; summary < remap_summary_words(remap); summary++) {
		u64 words = remap_waiting_words(remap)[summary];

		for (; words; words &= words - 1) {
			u32 word = summary * 64 + core_ctz64(words);

			released += remap_release_word(remap, word, ticket);
		}
	}
	return (int)released;
}
CORE_EXPORT(remap_index_flush_done);

int remap_index_block(const struct remap_index *remap, u32 index, struct remap_index_block *block)
{
	core_assert_held(remap->lock);
	if (!block) {
		return -EINVAL;
	}
	if (index >= remap->entries) {
		return -ERANGE;
	}
	remap_find_block(remap, index, block);
	return 0;
}
CORE_EXPORT(remap_index_block);

u32 remap_index_entries(const struct remap_index *remap)
{
	core_assert_held(remap->lock);
	return remap->entries;
}
CORE_EXPORT(remap_index_entries);

u32 remap_index_available(const struct remap_index *remap)
{
	core_assert_held(remap->lock);
	return remap->available;
}
CORE_EXPORT(remap_index_available);

u32 remap_index_allocated(const struct remap_index *remap)
{
	core_assert_held(remap->lock);
	return remap->allocated;
}
CORE_EXPORT(remap_index_allocated);

u32 remap_index_awaiting(const struct remap_index *remap)
{
	core_assert_held(remap->lock);
	return remap->awaiting;
}
CORE_EXPORT(remap_index_awaiting);

static int remap_check_word(const struct remap_index *remap, u32 word)
{
	u64 free = remap_free(remap)[word];
	u32 end = remap->entries - word * 64;
	u32 order;

	if (core_warn_once(end < 64 && free >> (end % 64), "remap_index: free beyond the table")) {
		return -EINVAL;
	}
	for (order = 0; order <= REMAP_WORD_ORDER; order++) {
		if (core_warn_once(remap_bit(remap_room(remap, order), word) !=
					   (remap_runs(free, order) != 0),
				   "remap_index: summary of room")) {
			return -EINVAL;
		}
	}
	if (core_warn_once(remap_bit(remap_waiting_words(remap), word) !=
				   (remap_awaiting(remap)[word] != 0),
			   "remap_index: summary of awaiting words")) {
		return -EINVAL;
	}
	return 0;
}

static int remap_check_words(const struct remap_index *remap)
{
	u32 words = remap_words(remap);
	u32 end = remap_summary_words(remap) * 64;
	u32 word;
	u32 order;

	for (word = 0; word < words; word++) {
		if (remap_check_word(remap, word)) {
			return -EINVAL;
		}
	}
	for (word = words; word < end; word++) {
		bool set = remap_bit(remap_waiting_words(remap), word);

		for (order = 0; order <= REMAP_WORD_ORDER; order++) {
			set |= remap_bit(remap_room(remap, order), word);
		}
		if (core_warn_once(set, "remap_index: summary beyond the table")) {
			return -EINVAL;
		}
	}
	for (word = remap->entries; word < words * 64; word++) {
		if (core_warn_once(remap_bit(remap_awaiting(remap), word),
				   "remap_index: awaiting beyond the table")) {
			return -EINVAL;
		}
	}
	return 0;
}

static bool remap_begins_nothing(const struct remap_index *remap, u32 entry)
{
	return !remap_head(remap)[entry] && !remap_ticket(remap)[entry] &&
	       !remap_bit(remap_awaiting(remap), entry);
}

/* Nothing of a block is free or begins another one, but for the first entry. */
static int remap_check_block(const struct remap_index *remap, u32 first, u32 order)
{
	bool awaiting = remap_bit(remap_awaiting(remap), first);
	u64 ticket = remap_ticket(remap)[first];
	u32 entry;

	if (core_warn_once(order > REMAP_INDEX_ORDER_MAX || first & ((1u << order) - 1) ||
				   1u << order > remap->entries - first,
			   "remap_index: shape of a block")) {
		return -EINVAL;
	}
	if (core_warn_once(awaiting != (ticket != 0) || ticket > remap->tickets + 1,
			   "remap_index: ticket of a block")) {
		return -EINVAL;
	}
	for (entry = first; entry < first + (1u << order); entry++) {
		if (core_warn_once(remap_bit(remap_free(remap), entry) ||
					   (entry > first && !remap_begins_nothing(remap, entry)),
				   "remap_index: inside of a block")) {
			return -EINVAL;
		}
	}
	return 0;
}

static int remap_check_free_entry(const struct remap_index *remap, u32 entry)
{
	if (core_warn_once(!remap_bit(remap_free(remap), entry) ||
				   !remap_begins_nothing(remap, entry),
			   "remap_index: entry neither free nor of a block")) {
		return -EINVAL;
	}
	return 0;
}

int remap_index_check(const struct remap_index *remap)
{
	u32 count[3] = { 0, 0, 0 };
	u32 entry = 0;

	core_assert_held(remap->lock);
	if (core_warn_once(!remap->entries || remap->entries > REMAP_INDEX_ENTRIES_MAX,
			   "remap_index: shape") ||
	    remap_check_words(remap)) {
		return -EINVAL;
	}
	while (entry < remap->entries) {
		u32 head = remap_head(remap)[entry];
		u32 state = REMAP_INDEX_FREE;
		u32 step = 1;

		if (head ? remap_check_block(remap, entry, head - 1) :
			   remap_check_free_entry(remap, entry)) {
			return -EINVAL;
		}
		if (head) {
			state = remap_bit(remap_awaiting(remap), entry) ?
				REMAP_INDEX_AWAITING_FLUSH : REMAP_INDEX_ALLOCATED;
			step = 1u << (head - 1);
		}
		count[state] += step;
		entry += step;
	}
	if (core_warn_once(count[REMAP_INDEX_FREE] != remap->available ||
				   count[REMAP_INDEX_ALLOCATED] != remap->allocated ||
				   count[REMAP_INDEX_AWAITING_FLUSH] != remap->awaiting,
			   "remap_index: counts")) {
		return -EINVAL;
	}
	return 0;
}
CORE_EXPORT(remap_index_check);

static void remap_dump_counts(const struct remap_index *remap, struct dump_line *text)
{
	dump_line_begin(text);
	dump_line_text(text, "remap_index: entries ");
	dump_line_number(text, remap->entries);
	dump_line_text(text, " available ");
	dump_line_number(text, remap->available);
	dump_line_text(text, " allocated ");
	dump_line_number(text, remap->allocated);
	dump_line_text(text, " awaiting ");
	dump_line_number(text, remap->awaiting);
	dump_line_text(text, " tickets ");
	dump_line_number(text, remap->tickets);
}

static void remap_dump_block(const struct remap_index_block *block, struct dump_line *text)
{
	dump_line_begin(text);
	dump_line_text(text, "  ");
	dump_line_number(text, block->first);
	dump_line_text(text, "-");
	dump_line_number(text, block->first + (1u << block->order) - 1);
	if (block->state == REMAP_INDEX_ALLOCATED) {
		dump_line_text(text, " allocated");
		return;
	}
	dump_line_text(text, " awaiting ticket ");
	dump_line_number(text, block->ticket);
}

void remap_index_dump(const struct remap_index *remap,
		      void (*line)(void *context, const char *text), void *context)
{
	struct remap_index_block block;
	struct dump_line text;
	u32 entry;

	core_assert_held(remap->lock);
	remap_dump_counts(remap, &text);
	line(context, text.text);
	for (entry = 0; entry < remap->entries; entry += 1u << block.order) {
		remap_find_block(remap, entry, &block);
		if (block.state != REMAP_INDEX_FREE) {
			remap_dump_block(&block, &text);
			line(context, text.text);
		}
	}
}
CORE_EXPORT(remap_index_dump);
