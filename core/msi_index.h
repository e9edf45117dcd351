/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * msi_index: which message indices of one device domain are in use, by which group, and with which
 * irq number.
 *
 * A domain has table slots, 0 to table_size - 1, as an MSI-X table or an interrupt message store in
 * device memory has, and index-less stores, whose message lives where no table is (a queue context
 * in host memory). An index-less store still needs an identity: it gets a number of a private
 * space, MSI_INDEX_INDEXLESS_BASE upward, above any table slot.
 *
 * Every entry belongs to one group. Group 0, the default, always exists. Others are numbered upward
 * by group_begin, and a number is never used again, so a late free of a group that is gone cannot
 * hit a newer one.
 *
 * The irq numbers come from the caller, one per entry, through the two calls of struct
 * msi_index_irqs. They are made in the order of allocation, and the releases of a rollback in
 * exactly the reverse order.
 *
 * Memory is the caller's: plain data without a pointer into itself, so a copy of it is a working
 * copy. The only pointer in it is the lock handed to init, and NULL there keeps two equal states
 * equal byte for byte. Equal means the same entries, irq numbers, groups, enable state and number
 * of groups begun: the order in which they came about leaves no trace.
 *
 * Context: every function but size and init needs the caller's lock held, and asserts it; none
 * sleeps unless the caller's irq source does. No function changes anything when it returns an
 * error, except that an irq source was asked for numbers and got them back.
 */
#ifndef MSIRACE_MSI_INDEX_H
#define MSIRACE_MSI_INDEX_H

#include "core_env.h"

/*
 * A PCIe MSI-X table has at most 2,048 slots (PCIe, Message Control, Table Size); message stores
 * can be larger.
 */
#define MSI_INDEX_TABLE_SIZE_MAX 65536u
#define MSI_INDEX_INDEXLESS_SIZE_MAX 65536u
#define MSI_INDEX_GROUPS_MAX 65536u

/* The first identity of an index-less store; they end at this plus indexless_size, exclusive. */
#define MSI_INDEX_INDEXLESS_BASE 65536u

/* The group that always exists. */
#define MSI_INDEX_GROUP_DEFAULT 0u

/* The domain may grow while it is enabled (Linux: MSI_FLAG_PCI_MSIX_ALLOC_DYN). */
#define MSI_INDEX_GROW_ENABLED 0x1u
/* Enabling an enabled domain is no mistake: a second group of vectors does it. */
#define MSI_INDEX_ENABLE_AGAIN 0x2u

struct msi_index;

/**
 * struct msi_index_shape - what a domain is, for its whole life
 * @table_size: number of table slots, 0 to MSI_INDEX_TABLE_SIZE_MAX
 * @indexless_size: most index-less stores at a time, 0 to MSI_INDEX_INDEXLESS_SIZE_MAX; 0 for a
 *                  domain without any
 * @groups: most groups at a time, the default one included, 1 to MSI_INDEX_GROUPS_MAX
 * @flags: MSI_INDEX_GROW_ENABLED and MSI_INDEX_ENABLE_AGAIN, or neither
 *
 * At least one of @table_size and @indexless_size is not 0.
 */
struct msi_index_shape {
	u32 table_size;
	u32 indexless_size;
	u32 groups;
	u32 flags;
};

/**
 * struct msi_index_entry - one allocated message index
 * @index: table slot, or the identity of an index-less store
 * @irq: number that the irq source gave
 * @group: id of its group
 */
struct msi_index_entry {
	u32 index;
	u32 irq;
	u32 group;
};

/**
 * struct msi_index_irqs - the caller's source of irq numbers
 * @alloc: stores a number in *irq for the entry @index and returns 0, or returns a negative errno.
 *         -ENOSPC means that the numbers are used up, and lets a batch end with fewer. A positive
 *         result counts as -EINVAL (warns)
 * @release: takes back the number of the entry @index; it cannot fail
 * @context: handed to both
 *
 * Neither call may change the msi_index that makes it. A number that the domain holds already is an
 * error of the source: the allocation fails with -EEXIST (warns) and the number is not released:
 * its first holder still has it.
 */
struct msi_index_irqs {
	int (*alloc)(void *context, u32 index, u32 *irq);
	void (*release)(void *context, u32 index, u32 irq);
	void *context;
};

/**
 * msi_index_size - bytes that a domain of this shape needs
 *
 * Return: the size, a multiple of 8; 0 if @shape is not valid.
 */
size_t msi_index_size(const struct msi_index_shape *shape);

/**
 * msi_index_init - make an empty, disabled domain with only the default group in @mem
 * @mem: the caller's, aligned to 8 bytes; afterwards it is the struct msi_index. There is nothing
 *       to undo: when every entry was freed, the caller reuses @mem as he likes
 * @size: bytes at @mem, at least msi_index_size(@shape)
 * @shape: copied
 * @lock: what core_assert_held() gets, or NULL for no check
 *
 * Return: 0; -EINVAL for no memory, a misaligned one, or a shape that is not valid; -ENOMEM for
 * less than msi_index_size().
 */
int msi_index_init(void *mem, size_t size, const struct msi_index_shape *shape, const void *lock);

/**
 * msi_index_alloc_at - allocate one given table slot
 * @entry: receives the new entry; may be NULL
 *
 * All of alloc_at, alloc_range, alloc_any, alloc_indexless and alloc_batch return:
 *   -EINVAL    no irq source, or arguments that can never be right (each says which)
 *   -ENOENT    @group is not alive
 *   -ENOTSUPP  the domain is enabled and was not made with MSI_INDEX_GROW_ENABLED
 *   -ENOMEM    core_inject_failure("msi_index_alloc"), asked once for each entry
 *   -EEXIST    the irq source handed out a number that the domain holds already
 *   any other  negative errno of the irq source
 * and leave every entry and every group as it was.
 *
 * Return: 0; -ERANGE for a slot beyond the table; -EBUSY for a slot in use; or an error above.
 */
int msi_index_alloc_at(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
		       u32 index, struct msi_index_entry *entry);

/**
 * msi_index_alloc_range - allocate the lowest free table slot of [@first, @end)
 *
 * Return: 0; -EINVAL for an empty range; -ERANGE for @end beyond the table; -ENOSPC without a free
 * slot in the range; or an error of msi_index_alloc_at().
 */
int msi_index_alloc_range(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			  u32 first, u32 end, struct msi_index_entry *entry);

/**
 * msi_index_alloc_any - allocate the lowest free table slot
 *
 * Return: 0; -ENOSPC without a free slot, or without a table; or an error of msi_index_alloc_at().
 */
int msi_index_alloc_any(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			struct msi_index_entry *entry);

/**
 * msi_index_alloc_indexless - allocate an index-less store, the lowest free identity
 *
 * Return: 0; -ENOTSUPP for a domain without index-less stores; -ENOSPC if all are in use; or an
 * error of msi_index_alloc_at().
 */
int msi_index_alloc_indexless(struct msi_index *msi, const struct msi_index_irqs *irqs,
			      u32 group, struct msi_index_entry *entry);

/**
 * msi_index_alloc_batch - allocate @min to @max table slots at once, as many as there are
 * @min: at least 1
 * @max: at least @min
 * @entries: receives the new entries in ascending order of index; room for @max, or NULL
 *
 * Takes the lowest free slots, contiguous only if these are. Fewer than @max come back when the
 * slots are used up, or when the irq source says -ENOSPC. Below @min everything is rolled back; so
 * is everything, whatever the count, at any other error, because that is a failure and not a
 * shortage. @entries is written only on success. With fewer than @min slots free the irq source is
 * not even asked.
 *
 * Return: the number of entries, @min to @max; -EINVAL for @min of 0, @max below @min, or @max
 * beyond MSI_INDEX_TABLE_SIZE_MAX; -ENOSPC for less than @min; or an error of msi_index_alloc_at().
 */
int msi_index_alloc_batch(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			  u32 min, u32 max, struct msi_index_entry *entries);

/**
 * msi_index_free - free one entry, a table slot or an index-less store
 *
 * A domain may always shrink, enabled or not.
 *
 * Return: 0; -EINVAL without an irq source; -ERANGE for an index that the domain does not have;
 * -ENOENT for one not allocated (a double free: warns).
 */
int msi_index_free(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 index);

/**
 * msi_index_free_group - free every entry of a group, highest index first, and end the group
 *
 * The default group is only emptied. Any other id is gone for good.
 *
 * Return: the number of entries freed; -EINVAL without an irq source; -ENOENT for a group that is
 * not alive (warns).
 */
int msi_index_free_group(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group);

/**
 * msi_index_free_all - free every group, highest id first, as when the device goes away
 *
 * Group numbers still go on upward. The enable state stays.
 *
 * Return: the number of entries freed; -EINVAL without an irq source.
 */
int msi_index_free_all(struct msi_index *msi, const struct msi_index_irqs *irqs);

/**
 * msi_index_group_begin - open a new, empty group
 * @group: receives its id, one more than the id before; the first is 1
 *
 * Return: 0; -EINVAL without @group; -ENOSPC if as many groups as the shape allows are alive;
 * -EOVERFLOW when 2^32 - 1 groups were begun; -ENOMEM by
 * core_inject_failure("msi_index_group_begin").
 */
int msi_index_group_begin(struct msi_index *msi, u32 *group);

/**
 * msi_index_group_next - walk one group in ascending order of index
 * @from: lowest index of interest: 0 to begin, then the index of the entry before plus 1
 * @entry: receives the entry of @group with the lowest index of at least @from
 *
 * Visits entries of this group only. The entry just received may be freed during the walk.
 *
 * Return: 0; -EINVAL without @entry; -ENOENT at the end, or for a group that is not alive.
 */
int msi_index_group_next(const struct msi_index *msi, u32 group, u32 from,
			 struct msi_index_entry *entry);

/** msi_index_group_count - number of entries of a group; -ENOENT for a group that is not alive */
int msi_index_group_count(const struct msi_index *msi, u32 group);

/** msi_index_groups - number of groups alive, 1 or more: the default group always is */
u32 msi_index_groups(const struct msi_index *msi);

/**
 * msi_index_enable - the device's messages are switched on; from now on growth needs
 * MSI_INDEX_GROW_ENABLED
 *
 * Return: 0; -EINVAL if enabled already and the domain was not made with MSI_INDEX_ENABLE_AGAIN
 * (warns); -ENOMEM by core_inject_failure("msi_index_enable"). On an error the state stays as it
 * was: a domain in use stays enabled.
 */
int msi_index_enable(struct msi_index *msi);

/**
 * msi_index_disable - the device's messages are switched off; the entries stay
 *
 * One call undoes any number of enables.
 *
 * Return: 0; -EINVAL if not enabled.
 */
int msi_index_disable(struct msi_index *msi);

/** msi_index_enabled - true between enable and disable */
bool msi_index_enabled(const struct msi_index *msi);

/**
 * msi_index_lookup - the entry at an index
 *
 * Return: 0; -EINVAL without @entry; -ERANGE for an index that the domain does not have; -ENOENT if
 * it is free.
 */
int msi_index_lookup(const struct msi_index *msi, u32 index, struct msi_index_entry *entry);

/**
 * msi_index_lookup_irq - the entry that has an irq number
 *
 * Return: 0; -EINVAL without @entry; -ENOENT if no entry has it.
 */
int msi_index_lookup_irq(const struct msi_index *msi, u32 irq, struct msi_index_entry *entry);

/** msi_index_allocated - table slots in use */
u32 msi_index_allocated(const struct msi_index *msi);

/** msi_index_available - table slots free */
u32 msi_index_available(const struct msi_index *msi);

/** msi_index_allocated_indexless - index-less stores in use */
u32 msi_index_allocated_indexless(const struct msi_index *msi);

/**
 * msi_index_check - walk the whole structure and compare everything that is kept twice
 *
 * Return: 0 if all invariants hold; -EINVAL otherwise (warns, naming the first that does not).
 */
int msi_index_check(const struct msi_index *msi);

/**
 * msi_index_dump - readable lines: the domain, each group, each entry of the group
 * @line: gets one line at a time, without a newline, valid during the call
 * @context: handed to @line
 */
void msi_index_dump(const struct msi_index *msi, void (*line)(void *context, const char *text),
		    void *context);

#endif
