/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * remap_index: the entries of an interrupt remap table, handed out in blocks.
 *
 * A block has 2^order entries and begins at a multiple of its size, because a multi-MSI device adds
 * its vector's low bits to the block's first index. Allocation takes the lowest address at which a
 * block fits (Linux's VT-d code asks bitmap_find_free_region() for the same).
 *
 * The hardware caches entries, so a freed block may still be used by a message until the cache was
 * flushed:
 *
 *   free -- alloc --> allocated -- free --> awaiting its flush -- flush_done(ticket) --> free
 *
 * flush_begin returns a ticket for everything freed so far; the caller then flushes the hardware
 * and calls flush_done with that ticket. A block freed after the begin is not covered: the flush in
 * the hardware may have passed its entry already. Tickets may overlap and be confirmed in any
 * order; a later ticket covers all that an earlier one does.
 *
 * Memory is the caller's: plain data without a pointer into itself, so a copy of it is a working
 * copy. The only pointer in it is the lock handed to init, and NULL there keeps two equal states
 * equal byte for byte. Equal means the same blocks in the same states, and as many tickets taken.
 *
 * Context: every function but size and init needs the caller's lock held, and asserts it; none
 * sleeps. No function changes anything when it returns an error.
 */
#ifndef MSIRACE_REMAP_INDEX_H
#define MSIRACE_REMAP_INDEX_H

#include "core_env.h"

/*
 * A VT-d interrupt remap table has at most 2^16 entries (VT-d, Interrupt Remapping Table Address
 * Register, S field).
 */
#define REMAP_INDEX_ENTRIES_MAX 65536u
/* One block can be the whole table. Multi-MSI needs orders up to 5. */
#define REMAP_INDEX_ORDER_MAX 16u

struct remap_index;

enum remap_index_state {
	REMAP_INDEX_FREE,
	REMAP_INDEX_ALLOCATED,
	REMAP_INDEX_AWAITING_FLUSH,
};

/**
 * struct remap_index_block - the block that an entry belongs to
 * @first: index of its first entry
 * @order: log2 of its number of entries
 * @state: REMAP_INDEX_FREE for an entry of no block; then @first is the entry itself and @order is
 *         0
 * @ticket: while it awaits its flush: the lowest ticket that covers it, which need not have been
 *          taken yet; else 0
 */
struct remap_index_block {
	u32 first;
	u32 order;
	enum remap_index_state state;
	u64 ticket;
};

/**
 * remap_index_size - bytes that a table needs
 * @entries: 1 to REMAP_INDEX_ENTRIES_MAX, not necessarily a power of two
 *
 * Return: the size, a multiple of 8; 0 if @entries is not valid.
 */
size_t remap_index_size(u32 entries);

/**
 * remap_index_init - make a table with all entries free in @mem
 * @mem: the caller's, aligned to 8 bytes; afterwards it is the struct remap_index. There is nothing
 *       to undo
 * @size: bytes at @mem, at least remap_index_size(@entries)
 * @lock: what core_assert_held() gets, or NULL for no check
 *
 * Return: 0; -EINVAL for no memory, a misaligned one, or @entries not valid; -ENOMEM for less than
 * remap_index_size().
 */
int remap_index_init(void *mem, size_t size, u32 entries, const void *lock);

/**
 * remap_index_alloc - allocate the lowest free block of 2^@order entries
 *
 * Return: index of its first entry; -EINVAL for @order above REMAP_INDEX_ORDER_MAX; -ENOSPC if no
 * such block is free (if remap_index_awaiting() is not 0, a flush may help); -ENOMEM by
 * core_inject_failure("remap_index_alloc").
 */
int remap_index_alloc(struct remap_index *remap, u32 order);

/**
 * remap_index_free - give back a block; it waits for its flush
 * @first, @order: as allocated; a part of a block cannot be freed
 *
 * Return: 0; -ERANGE for a block that does not lie in the table, or for @order above
 * REMAP_INDEX_ORDER_MAX; -ENOENT if the entry is free or awaits its flush (a double free: warns);
 * -EINVAL for an entry that is not the first of its block, or an order that is not the block's
 * (warns).
 */
int remap_index_free(struct remap_index *remap, u32 first, u32 order);

/**
 * remap_index_flush_begin - take a ticket that covers every block freed so far
 *
 * Call it before the flush is queued in the hardware. A ticket that is never confirmed needs no
 * cleanup.
 *
 * Return: the ticket, 1 or more, each higher than the one before.
 */
u64 remap_index_flush_begin(struct remap_index *remap);

/**
 * remap_index_flush_done - the flush that began with @ticket has completed: its blocks are free
 *
 * Confirming twice, or after a later ticket, is allowed and finds nothing more to release.
 *
 * Return: number of entries that became free; -EINVAL for a ticket that was never handed out
 * (warns); -ENOMEM by core_inject_failure("remap_index_flush_done"), which stands for a flush that
 * timed out: nothing becomes free.
 */
int remap_index_flush_done(struct remap_index *remap, u64 ticket);

/**
 * remap_index_block - which block an entry belongs to, and its state
 *
 * Return: 0; -EINVAL without @block; -ERANGE for an index beyond the table.
 */
int remap_index_block(const struct remap_index *remap, u32 index, struct remap_index_block *block);

/** remap_index_entries - size of the table */
u32 remap_index_entries(const struct remap_index *remap);

/**
 * remap_index_available - entries free now; available, allocated and awaiting add up to the size of
 * the table
 */
u32 remap_index_available(const struct remap_index *remap);

/** remap_index_allocated - entries of allocated blocks */
u32 remap_index_allocated(const struct remap_index *remap);

/** remap_index_awaiting - entries of freed blocks whose flush was not confirmed yet */
u32 remap_index_awaiting(const struct remap_index *remap);

/**
 * remap_index_check - walk the whole table and compare everything that is kept twice
 *
 * Return: 0 if all invariants hold; -EINVAL otherwise (warns, naming the first that does not).
 */
int remap_index_check(const struct remap_index *remap);

/**
 * remap_index_dump - readable lines: the counts, then each block that is not free
 * @line: gets one line at a time, without a newline, valid during the call
 * @context: handed to @line
 */
void remap_index_dump(const struct remap_index *remap,
		      void (*line)(void *context, const char *text), void *context);

#endif
