// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The message indices of one device domain.
 *
 * Inside, table slots and index-less stores share one row of positions: 0 to table_size - 1 the
 * table, the stores right behind it. Positions ascend with the identities. Behind the struct lie,
 * in this order:
 *
 *	slots	one struct msi_slot a position; all zero where free
 *	groups	one struct msi_group a group alive, ascending by id; zero behind the last
 *	by_irq	positions in use, ascending by irq number; zero behind the last
 *	used	one bit a position
 *	full	one bit a word of used: set if all of its 64 bits are
 *
 * An allocation first stages its entries: a slot gets its irq number and goes into by_irq, and
 * slot->prev chains the staged ones, newest first. Only when all are staged does used change and do
 * the groups see them. A rollback walks that chain, so it needs no memory, and it cannot touch a
 * group.
 */
#include "msi_index.h"

#include "dump_line.h"

#define MSI_NONE 0xffffffffu
#define MSI_FLAGS (MSI_INDEX_GROW_ENABLED | MSI_INDEX_ENABLE_AGAIN)

struct msi_slot {
	u32 irq;
	u32 group;
	u32 prev;
	u32 next;
};

/* An empty group has MSI_NONE as its head and tail. */
struct msi_group {
	u32 id;
	u32 count;
	u32 head;
	u32 tail;
};

struct msi_index {
	const void *lock;
	struct msi_index_shape shape;
	u32 enabled;
	u32 group_id_last;
	u32 groups;
	u32 table_used;
	u32 indexless_used;
	u32 irqs;
	u64 storage[];
};

/* The staged entries of one allocation; last is the newest. */
struct msi_staged {
	u32 group;
	u32 last;
	u32 count;
};

static u32 msi_positions(const struct msi_index_shape *shape)
{
	return shape->table_size + shape->indexless_size;
}

static u32 msi_words(u32 bits)
{
	return (bits + 63) / 64;
}

static bool msi_shape_valid(const struct msi_index_shape *shape)
{
	return shape && shape->table_size <= MSI_INDEX_TABLE_SIZE_MAX &&
	       shape->indexless_size <= MSI_INDEX_INDEXLESS_SIZE_MAX && msi_positions(shape) &&
	       shape->groups >= 1 && shape->groups <= MSI_INDEX_GROUPS_MAX &&
	       !(shape->flags & ~MSI_FLAGS);
}

/* by_irq is rounded up to whole words, so that the bitmaps behind it are aligned. */
static u32 msi_by_irq_size(const struct msi_index_shape *shape)
{
	return (msi_positions(shape) + 1) & ~1u;
}

size_t msi_index_size(const struct msi_index_shape *shape)
{
	u32 words;

	if (!msi_shape_valid(shape)) {
		return 0;
	}
	words = msi_words(msi_positions(shape));
	return sizeof(struct msi_index) + msi_positions(shape) * sizeof(struct msi_slot) +
	       shape->groups * sizeof(struct msi_group) + msi_by_irq_size(shape) * sizeof(u32) +
	       (words + msi_words(words)) * sizeof(u64);
}
CORE_EXPORT(msi_index_size);

static struct msi_slot *msi_slots(const struct msi_index *msi)
{
	return (struct msi_slot *)(uintptr_t)msi->storage;
}

static struct msi_group *msi_groups(const struct msi_index *msi)
{
	return (struct msi_group *)(msi_slots(msi) + msi_positions(&msi->shape));
}

static u32 *msi_by_irq(const struct msi_index *msi)
{
	return (u32 *)(msi_groups(msi) + msi->shape.groups);
}

static u64 *msi_used(const struct msi_index *msi)
{
	return (u64 *)(msi_by_irq(msi) + msi_by_irq_size(&msi->shape));
}

static u64 *msi_full(const struct msi_index *msi)
{
	return msi_used(msi) + msi_words(msi_positions(&msi->shape));
}

int msi_index_init(void *mem, size_t size, const struct msi_index_shape *shape, const void *lock)
{
	struct msi_index *msi = mem;
	size_t needed = msi_index_size(shape);

	if (!mem || ((uintptr_t)mem & 7) || !needed) {
		return -EINVAL;
	}
	if (size < needed) {
		return -ENOMEM;
	}
	memset(mem, 0, needed);
	msi->lock = lock;
	msi->shape = *shape;
	msi->groups = 1;
	msi_groups(msi)[0] = (struct msi_group){ MSI_INDEX_GROUP_DEFAULT, 0, MSI_NONE, MSI_NONE };
	return 0;
}
CORE_EXPORT(msi_index_init);

static u32 msi_identity(const struct msi_index *msi, u32 position)
{
	if (position < msi->shape.table_size) {
		return position;
	}
	return MSI_INDEX_INDEXLESS_BASE + (position - msi->shape.table_size);
}

/* MSI_NONE for an identity that the domain does not have. */
static u32 msi_position(const struct msi_index *msi, u32 index)
{
	if (index < msi->shape.table_size) {
		return index;
	}
	if (index >= MSI_INDEX_INDEXLESS_BASE &&
	    index - MSI_INDEX_INDEXLESS_BASE < msi->shape.indexless_size) {
		return msi->shape.table_size + (index - MSI_INDEX_INDEXLESS_BASE);
	}
	return MSI_NONE;
}

static bool msi_is_used(const struct msi_index *msi, u32 position)
{
	return msi_used(msi)[position / 64] >> (position % 64) & 1;
}

static u32 *msi_used_count(struct msi_index *msi, u32 position)
{
	return position < msi->shape.table_size ? &msi->table_used : &msi->indexless_used;
}

static void msi_set_used(struct msi_index *msi, u32 position)
{
	u32 word = position / 64;

	msi_used(msi)[word] |= 1ull << (position % 64);
	if (!~msi_used(msi)[word]) {
		msi_full(msi)[word / 64] |= 1ull << (word % 64);
	}
	(*msi_used_count(msi, position))++;
}

static void msi_clear_used(struct msi_index *msi, u32 position)
{
	u32 word = position / 64;

	msi_used(msi)[word] &= ~(1ull << (position % 64));
	msi_full(msi)[word / 64] &= ~(1ull << (word % 64));
	(*msi_used_count(msi, position))--;
}

/* The first word from @word on that is not full, or @end. */
static u32 msi_open_word(const struct msi_index *msi, u32 word, u32 end)
{
	while (word < end) {
		u64 open = ~msi_full(msi)[word / 64] >> (word % 64);

		if (open) {
			word += core_ctz64(open);
			return word < end ? word : end;
		}
		word = (word / 64 + 1) * 64;
	}
	return end;
}

/* The lowest free position of [first, end), or end. */
static u32 msi_find_free(const struct msi_index *msi, u32 first, u32 end)
{
	u32 words_end = msi_words(end);
	u32 word = first / 64;
	u32 position;
	u64 free;

	if (first >= end) {
		return end;
	}
	free = ~msi_used(msi)[word] & (~0ull << (first % 64));
	if (!free) {
		word = msi_open_word(msi, word + 1, words_end);
		if (word == words_end) {
			return end;
		}
		free = ~msi_used(msi)[word];
	}
	position = word * 64 + core_ctz64(free);
	return position < end ? position : end;
}

static struct msi_group *msi_find_group(const struct msi_index *msi, u32 id)
{
	struct msi_group *groups = msi_groups(msi);
	u32 low = 0;
	u32 high = msi->groups;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (groups[middle].id < id) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < msi->groups && groups[low].id == id ? &groups[low] : NULL;
}

/* Where in by_irq the irq number is, or would go. */
static u32 msi_irq_place(const struct msi_index *msi, u32 irq)
{
	const struct msi_slot *slots = msi_slots(msi);
	const u32 *by_irq = msi_by_irq(msi);
	u32 low = 0;
	u32 high = msi->irqs;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (slots[by_irq[middle]].irq < irq) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool msi_irq_at(const struct msi_index *msi, u32 place, u32 irq)
{
	return place < msi->irqs && msi_slots(msi)[msi_by_irq(msi)[place]].irq == irq;
}

static void msi_irq_insert(struct msi_index *msi, u32 place, u32 position)
{
	u32 *by_irq = msi_by_irq(msi);

	memmove(by_irq + place + 1, by_irq + place, (msi->irqs - place) * sizeof(*by_irq));
	by_irq[place] = position;
	msi->irqs++;
}

static void msi_irq_remove(struct msi_index *msi, u32 place)
{
	u32 *by_irq = msi_by_irq(msi);

	msi->irqs--;
	memmove(by_irq + place, by_irq + place + 1, (msi->irqs - place) * sizeof(*by_irq));
	by_irq[msi->irqs] = 0;
}

/* One pass, where removing them one by one would move the array for each. */
static void msi_irq_remove_group(struct msi_index *msi, u32 group)
{
	const struct msi_slot *slots = msi_slots(msi);
	u32 *by_irq = msi_by_irq(msi);
	u32 kept = 0;
	u32 place;

	for (place = 0; place < msi->irqs; place++) {
		if (slots[by_irq[place]].group != group) {
			by_irq[kept++] = by_irq[place];
		}
	}
	memset(by_irq + kept, 0, (msi->irqs - kept) * sizeof(*by_irq));
	msi->irqs = kept;
}

static bool msi_in_group(const struct msi_index *msi, u32 position, u32 group)
{
	return msi_is_used(msi, position) && msi_slots(msi)[position].group == group;
}

/*
 * Puts a position into its place of the group's list. above is an entry of the group that lies
 * above it, or MSI_NONE; the search goes down from there. A neighbour of the same group, or the
 * begin of the list, saves it.
 */
static void msi_link(struct msi_index *msi, struct msi_group *group, u32 position, u32 above)
{
	struct msi_slot *slots = msi_slots(msi);
	u32 below = above == MSI_NONE ? group->tail : slots[above].prev;

	if (group->count && position < group->head) {
		below = MSI_NONE;
		above = group->head;
	} else if (position && msi_in_group(msi, position - 1, group->id)) {
		below = position - 1;
		above = slots[below].next;
	}
	while (below != MSI_NONE && below > position) {
		above = below;
		below = slots[below].prev;
	}
	slots[position].prev = below;
	slots[position].next = above;
	*(below == MSI_NONE ? &group->head : &slots[below].next) = position;
	*(above == MSI_NONE ? &group->tail : &slots[above].prev) = position;
	group->count++;
}

static void msi_unlink(struct msi_index *msi, struct msi_group *group, u32 position)
{
	struct msi_slot *slots = msi_slots(msi);
	u32 below = slots[position].prev;
	u32 above = slots[position].next;

	*(below == MSI_NONE ? &group->head : &slots[below].next) = above;
	*(above == MSI_NONE ? &group->tail : &slots[above].prev) = below;
	group->count--;
}

static void msi_fill_entry(const struct msi_index *msi, u32 position,
			   struct msi_index_entry *entry)
{
	const struct msi_slot *slot = &msi_slots(msi)[position];

	*entry = (struct msi_index_entry){ msi_identity(msi, position), slot->irq, slot->group };
}

static bool msi_irqs_valid(const struct msi_index_irqs *irqs)
{
	return irqs && irqs->alloc && irqs->release;
}

static int msi_may_grow(const struct msi_index *msi, u32 group)
{
	if (!msi_find_group(msi, group)) {
		return -ENOENT;
	}
	if (msi->enabled && !(msi->shape.flags & MSI_INDEX_GROW_ENABLED)) {
		return -ENOTSUPP;
	}
	return 0;
}

static int msi_stage(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 position,
		     struct msi_staged *staged)
{
	u32 irq = 0;
	u32 place;
	int error;

	if (core_inject_failure("msi_index_alloc")) {
		return -ENOMEM;
	}
	error = irqs->alloc(irqs->context, msi_identity(msi, position), &irq);
	if (core_warn_once(error > 0, "msi_index: the irq source returned a positive number")) {
		return -EINVAL;
	}
	if (error) {
		return error;
	}
	place = msi_irq_place(msi, irq);
	if (core_warn_once(msi_irq_at(msi, place, irq),
			   "msi_index: the irq source returned a number in use")) {
		return -EEXIST;
	}
	msi_slots(msi)[position] = (struct msi_slot){ irq, staged->group, staged->last, 0 };
	msi_irq_insert(msi, place, position);
	staged->last = position;
	staged->count++;
	return 0;
}

static void msi_rollback(struct msi_index *msi, const struct msi_index_irqs *irqs,
			 struct msi_staged *staged)
{
	u32 position = staged->last;

	while (position != MSI_NONE) {
		struct msi_slot slot = msi_slots(msi)[position];

		msi_irq_remove(msi, msi_irq_place(msi, slot.irq));
		msi_slots(msi)[position] = (struct msi_slot){ 0 };
		irqs->release(irqs->context, msi_identity(msi, position), slot.irq);
		position = slot.prev;
	}
}

/*
 * Staged positions ascend: the newest is the highest, so each one lies above the next of the chain.
 */
static void msi_commit(struct msi_index *msi, const struct msi_staged *staged,
		       struct msi_index_entry *entries)
{
	struct msi_group *group = msi_find_group(msi, staged->group);
	u32 position = staged->last;
	u32 above = MSI_NONE;
	u32 left = staged->count;

	while (left--) {
		u32 earlier = msi_slots(msi)[position].prev;

		msi_set_used(msi, position);
		msi_link(msi, group, position, above);
		if (entries) {
			msi_fill_entry(msi, position, &entries[left]);
		}
		above = position;
		position = earlier;
	}
}

/* One entry in [first, end), positions. */
static int msi_alloc_one(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			 u32 first, u32 end, struct msi_index_entry *entry)
{
	struct msi_staged staged = { group, MSI_NONE, 0 };
	u32 position;
	int error = msi_may_grow(msi, group);

	if (error) {
		return error;
	}
	position = msi_find_free(msi, first, end);
	if (position == end) {
		return -ENOSPC;
	}
	error = msi_stage(msi, irqs, position, &staged);
	if (error) {
		return error;
	}
	msi_commit(msi, &staged, entry);
	return 0;
}

int msi_index_alloc_at(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
		       u32 index, struct msi_index_entry *entry)
{
	int error;

	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs)) {
		return -EINVAL;
	}
	if (index >= msi->shape.table_size) {
		return -ERANGE;
	}
	error = msi_alloc_one(msi, irqs, group, index, index + 1, entry);
	return error == -ENOSPC && msi_is_used(msi, index) ? -EBUSY : error;
}
CORE_EXPORT(msi_index_alloc_at);

int msi_index_alloc_range(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			  u32 first, u32 end, struct msi_index_entry *entry)
{
	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs) || first >= end) {
		return -EINVAL;
	}
	if (end > msi->shape.table_size) {
		return -ERANGE;
	}
	return msi_alloc_one(msi, irqs, group, first, end, entry);
}
CORE_EXPORT(msi_index_alloc_range);

int msi_index_alloc_any(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			struct msi_index_entry *entry)
{
	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs)) {
		return -EINVAL;
	}
	return msi_alloc_one(msi, irqs, group, 0, msi->shape.table_size, entry);
}
CORE_EXPORT(msi_index_alloc_any);

int msi_index_alloc_indexless(struct msi_index *msi, const struct msi_index_irqs *irqs,
			      u32 group, struct msi_index_entry *entry)
{
	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs)) {
		return -EINVAL;
	}
	if (!msi->shape.indexless_size) {
		return -ENOTSUPP;
	}
	return msi_alloc_one(msi, irqs, group, msi->shape.table_size, msi_positions(&msi->shape),
			     entry);
}
CORE_EXPORT(msi_index_alloc_indexless);

static int msi_stage_batch(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 max,
			   struct msi_staged *staged)
{
	u32 end = msi->shape.table_size;
	u32 position = 0;

	while (staged->count < max) {
		int error;

		position = msi_find_free(msi, position, end);
		if (position == end) {
			return -ENOSPC;
		}
		error = msi_stage(msi, irqs, position, staged);
		if (error) {
			return error;
		}
		position++;
	}
	return 0;
}

int msi_index_alloc_batch(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 group,
			  u32 min, u32 max, struct msi_index_entry *entries)
{
	struct msi_staged staged = { group, MSI_NONE, 0 };
	int error;

	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs) || !min || max < min || max > MSI_INDEX_TABLE_SIZE_MAX) {
		return -EINVAL;
	}
	error = msi_may_grow(msi, group);
	if (error) {
		return error;
	}
	if (min > msi_index_available(msi)) {
		return -ENOSPC;
	}
	error = msi_stage_batch(msi, irqs, max, &staged);
	if (error && (error != -ENOSPC || staged.count < min)) {
		msi_rollback(msi, irqs, &staged);
		return error;
	}
	msi_commit(msi, &staged, entries);
	return (int)staged.count;
}
CORE_EXPORT(msi_index_alloc_batch);

/* The entry has left by_irq and its group's list. */
static void msi_release(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 position)
{
	u32 irq = msi_slots(msi)[position].irq;

	msi_slots(msi)[position] = (struct msi_slot){ 0 };
	msi_clear_used(msi, position);
	irqs->release(irqs->context, msi_identity(msi, position), irq);
}

int msi_index_free(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 index)
{
	const struct msi_slot *slot;
	u32 position;

	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs)) {
		return -EINVAL;
	}
	position = msi_position(msi, index);
	if (position == MSI_NONE) {
		return -ERANGE;
	}
	if (core_warn_once(!msi_is_used(msi, position), "msi_index: free of a free index")) {
		return -ENOENT;
	}
	slot = &msi_slots(msi)[position];
	msi_irq_remove(msi, msi_irq_place(msi, slot->irq));
	msi_unlink(msi, msi_find_group(msi, slot->group), position);
	msi_release(msi, irqs, position);
	return 0;
}
CORE_EXPORT(msi_index_free);

/* Highest index first. The caller has taken the group's entries out of by_irq. */
static u32 msi_release_group(struct msi_index *msi, const struct msi_index_irqs *irqs,
			     struct msi_group *group)
{
	u32 count = group->count;
	u32 position = group->tail;
	u32 left;

	*group = (struct msi_group){ group->id, 0, MSI_NONE, MSI_NONE };
	for (left = count; left; left--) {
		u32 below = msi_slots(msi)[position].prev;

		msi_release(msi, irqs, position);
		position = below;
	}
	return count;
}

static void msi_end_group(struct msi_index *msi, struct msi_group *group)
{
	struct msi_group *end = msi_groups(msi) + msi->groups;

	if (group->id == MSI_INDEX_GROUP_DEFAULT) {
		return;
	}
	memmove(group, group + 1, (size_t)(end - group - 1) * sizeof(*group));
	end[-1] = (struct msi_group){ 0 };
	msi->groups--;
}

int msi_index_free_group(struct msi_index *msi, const struct msi_index_irqs *irqs, u32 id)
{
	struct msi_group *group;
	u32 count;

	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs)) {
		return -EINVAL;
	}
	group = msi_find_group(msi, id);
	if (core_warn_once(!group, "msi_index: free of a group that is not alive")) {
		return -ENOENT;
	}
	msi_irq_remove_group(msi, id);
	count = msi_release_group(msi, irqs, group);
	msi_end_group(msi, group);
	return (int)count;
}
CORE_EXPORT(msi_index_free_group);

int msi_index_free_all(struct msi_index *msi, const struct msi_index_irqs *irqs)
{
	u32 count = 0;
	u32 left;

	core_assert_held(msi->lock);
	if (!msi_irqs_valid(irqs)) {
		return -EINVAL;
	}
	memset(msi_by_irq(msi), 0, msi->irqs * sizeof(u32));
	msi->irqs = 0;
	for (left = msi->groups; left; left--) {
		struct msi_group *group = &msi_groups(msi)[left - 1];

		count += msi_release_group(msi, irqs, group);
		msi_end_group(msi, group);
	}
	return (int)count;
}
CORE_EXPORT(msi_index_free_all);

int msi_index_group_begin(struct msi_index *msi, u32 *group)
{
	u32 id;

	core_assert_held(msi->lock);
	if (!group) {
		return -EINVAL;
	}
	if (msi->groups == msi->shape.groups) {
		return -ENOSPC;
	}
	if (msi->group_id_last == 0xffffffffu) {
		return -EOVERFLOW;
	}
	if (core_inject_failure("msi_index_group_begin")) {
		return -ENOMEM;
	}
	id = ++msi->group_id_last;
	msi_groups(msi)[msi->groups++] = (struct msi_group){ id, 0, MSI_NONE, MSI_NONE };
	*group = id;
	return 0;
}
CORE_EXPORT(msi_index_group_begin);

/* The usual walk asks for what follows an entry of the group, and finds it in one step. */
int msi_index_group_next(const struct msi_index *msi, u32 id, u32 from,
			 struct msi_index_entry *entry)
{
	const struct msi_slot *slots = msi_slots(msi);
	const struct msi_group *group;
	u32 before;
	u32 position;

	core_assert_held(msi->lock);
	if (!entry) {
		return -EINVAL;
	}
	group = msi_find_group(msi, id);
	if (!group) {
		return -ENOENT;
	}
	position = group->head;
	before = from ? msi_position(msi, from - 1) : MSI_NONE;
	if (before != MSI_NONE && msi_in_group(msi, before, id)) {
		position = slots[before].next;
	}
	while (position != MSI_NONE && msi_identity(msi, position) < from) {
		position = slots[position].next;
	}
	if (position == MSI_NONE) {
		return -ENOENT;
	}
	msi_fill_entry(msi, position, entry);
	return 0;
}
CORE_EXPORT(msi_index_group_next);

int msi_index_group_count(const struct msi_index *msi, u32 id)
{
	const struct msi_group *group;

	core_assert_held(msi->lock);
	group = msi_find_group(msi, id);
	return group ? (int)group->count : -ENOENT;
}
CORE_EXPORT(msi_index_group_count);

u32 msi_index_groups(const struct msi_index *msi)
{
	core_assert_held(msi->lock);
	return msi->groups;
}
CORE_EXPORT(msi_index_groups);

int msi_index_enable(struct msi_index *msi)
{
	core_assert_held(msi->lock);
	if (core_warn_once(msi->enabled && !(msi->shape.flags & MSI_INDEX_ENABLE_AGAIN),
			   "msi_index: enabled twice")) {
		return -EINVAL;
	}
	if (core_inject_failure("msi_index_enable")) {
		return -ENOMEM;
	}
	msi->enabled = 1;
	return 0;
}
CORE_EXPORT(msi_index_enable);

int msi_index_disable(struct msi_index *msi)
{
	core_assert_held(msi->lock);
	if (!msi->enabled) {
		return -EINVAL;
	}
	msi->enabled = 0;
	return 0;
}
CORE_EXPORT(msi_index_disable);

bool msi_index_enabled(const struct msi_index *msi)
{
	core_assert_held(msi->lock);
	return msi->enabled;
}
CORE_EXPORT(msi_index_enabled);

int msi_index_lookup(const struct msi_index *msi, u32 index, struct msi_index_entry *entry)
{
	u32 position;

	core_assert_held(msi->lock);
	if (!entry) {
		return -EINVAL;
	}
	position = msi_position(msi, index);
	if (position == MSI_NONE) {
		return -ERANGE;
	}
	if (!msi_is_used(msi, position)) {
		return -ENOENT;
	}
	msi_fill_entry(msi, position, entry);
	return 0;
}
CORE_EXPORT(msi_index_lookup);

int msi_index_lookup_irq(const struct msi_index *msi, u32 irq, struct msi_index_entry *entry)
{
	u32 place;

	core_assert_held(msi->lock);
	if (!entry) {
		return -EINVAL;
	}
	place = msi_irq_place(msi, irq);
	if (!msi_irq_at(msi, place, irq)) {
		return -ENOENT;
	}
	msi_fill_entry(msi, msi_by_irq(msi)[place], entry);
	return 0;
}
CORE_EXPORT(msi_index_lookup_irq);

u32 msi_index_allocated(const struct msi_index *msi)
{
	core_assert_held(msi->lock);
	return msi->table_used;
}
CORE_EXPORT(msi_index_allocated);

u32 msi_index_available(const struct msi_index *msi)
{
	core_assert_held(msi->lock);
	return msi->shape.table_size - msi->table_used;
}
CORE_EXPORT(msi_index_available);

u32 msi_index_allocated_indexless(const struct msi_index *msi)
{
	core_assert_held(msi->lock);
	return msi->indexless_used;
}
CORE_EXPORT(msi_index_allocated_indexless);

static int msi_check_bitmap(const struct msi_index *msi)
{
	u32 positions = msi_positions(&msi->shape);
	u32 words = msi_words(positions);
	u32 used[2] = { 0, 0 };
	u32 bit;

	for (bit = 0; bit < words * 64; bit++) {
		if (!msi_is_used(msi, bit)) {
			continue;
		}
		if (core_warn_once(bit >= positions, "msi_index: used beyond the domain")) {
			return -EINVAL;
		}
		used[bit >= msi->shape.table_size]++;
	}
	if (core_warn_once(used[0] != msi->table_used || used[1] != msi->indexless_used,
			   "msi_index: count of used entries")) {
		return -EINVAL;
	}
	for (bit = 0; bit < msi_words(words) * 64; bit++) {
		bool full = bit < words && !~msi_used(msi)[bit];

		if (core_warn_once(full != (msi_full(msi)[bit / 64] >> (bit % 64) & 1),
				   "msi_index: summary of full words")) {
			return -EINVAL;
		}
	}
	return 0;
}

static int msi_check_slots(const struct msi_index *msi)
{
	const struct msi_slot *slots = msi_slots(msi);
	u32 position;

	for (position = 0; position < msi_positions(&msi->shape); position++) {
		const struct msi_slot *slot = &slots[position];

		if (!msi_is_used(msi, position)) {
			if (core_warn_once(slot->irq || slot->group || slot->prev || slot->next,
					   "msi_index: free slot not zero")) {
				return -EINVAL;
			}
			continue;
		}
		if (core_warn_once(!msi_find_group(msi, slot->group),
				   "msi_index: entry of a group that is not alive")) {
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * As many as are used, ascending without equals, each of a used slot: so each used slot is there
 * exactly once.
 */
static int msi_check_irqs(const struct msi_index *msi)
{
	const struct msi_slot *slots = msi_slots(msi);
	const u32 *by_irq = msi_by_irq(msi);
	u32 positions = msi_positions(&msi->shape);
	u32 place;

	if (core_warn_once(msi->irqs != msi->table_used + msi->indexless_used,
			   "msi_index: count of irq numbers")) {
		return -EINVAL;
	}
	for (place = 0; place < msi_by_irq_size(&msi->shape); place++) {
		u32 position = by_irq[place];

		if (place >= msi->irqs) {
			if (core_warn_once(position, "msi_index: unused irq place not zero")) {
				return -EINVAL;
			}
			continue;
		}
		if (core_warn_once(position >= positions || !msi_is_used(msi, position),
				   "msi_index: irq number of a free slot")) {
			return -EINVAL;
		}
		if (core_warn_once(place && slots[by_irq[place - 1]].irq >= slots[position].irq,
				   "msi_index: order of the irq numbers")) {
			return -EINVAL;
		}
	}
	return 0;
}

/* Follows at most group->count links, so a damaged list cannot keep it for ever. */
static int msi_check_list(const struct msi_index *msi, const struct msi_group *group)
{
	const struct msi_slot *slots = msi_slots(msi);
	u32 before = MSI_NONE;
	u32 position = group->head;
	u32 left;

	for (left = group->count; left; left--) {
		if (core_warn_once(position >= msi_positions(&msi->shape) ||
					   !msi_is_used(msi, position) ||
					   slots[position].group != group->id ||
					   slots[position].prev != before ||
					   (before != MSI_NONE && before >= position),
				   "msi_index: list of a group")) {
			return -EINVAL;
		}
		before = position;
		position = slots[position].next;
	}
	if (core_warn_once(position != MSI_NONE || group->tail != before,
			   "msi_index: end of a group's list")) {
		return -EINVAL;
	}
	return 0;
}

static bool msi_group_is_zero(const struct msi_group *group)
{
	return !group->id && !group->count && !group->head && !group->tail;
}

static int msi_check_groups(const struct msi_index *msi)
{
	const struct msi_group *groups = msi_groups(msi);
	u32 entries = 0;
	u32 i;

	if (core_warn_once(!msi->groups || msi->groups > msi->shape.groups || groups[0].id ||
				   groups[msi->groups - 1].id > msi->group_id_last,
			   "msi_index: groups alive")) {
		return -EINVAL;
	}
	for (i = 0; i < msi->shape.groups; i++) {
		if (i >= msi->groups) {
			if (core_warn_once(!msi_group_is_zero(&groups[i]),
					   "msi_index: unused group not zero")) {
				return -EINVAL;
			}
			continue;
		}
		if (core_warn_once(i && groups[i - 1].id >= groups[i].id,
				   "msi_index: order of the groups")) {
			return -EINVAL;
		}
		if (msi_check_list(msi, &groups[i])) {
			return -EINVAL;
		}
		entries += groups[i].count;
	}
	if (core_warn_once(entries != msi->irqs, "msi_index: entries of all groups")) {
		return -EINVAL;
	}
	return 0;
}

int msi_index_check(const struct msi_index *msi)
{
	core_assert_held(msi->lock);
	if (core_warn_once(!msi_shape_valid(&msi->shape) || msi->enabled > 1,
			   "msi_index: shape")) {
		return -EINVAL;
	}
	if (msi_check_bitmap(msi) || msi_check_irqs(msi) || msi_check_groups(msi) ||
	    msi_check_slots(msi)) {
		return -EINVAL;
	}
	return 0;
}
CORE_EXPORT(msi_index_check);

static void msi_dump_domain(const struct msi_index *msi, struct dump_line *text)
{
	dump_line_begin(text);
	dump_line_text(text, "msi_index: slots ");
	dump_line_number(text, msi->table_used);
	dump_line_text(text, "/");
	dump_line_number(text, msi->shape.table_size);
	dump_line_text(text, " index-less ");
	dump_line_number(text, msi->indexless_used);
	dump_line_text(text, "/");
	dump_line_number(text, msi->shape.indexless_size);
	dump_line_text(text, " groups ");
	dump_line_number(text, msi->groups);
	dump_line_text(text, "/");
	dump_line_number(text, msi->shape.groups);
	dump_line_text(text, msi->enabled ? " enabled" : " disabled");
	dump_line_text(text, msi->shape.flags & MSI_INDEX_GROW_ENABLED ? " grows-enabled" : "");
	dump_line_text(text, msi->shape.flags & MSI_INDEX_ENABLE_AGAIN ? " enables-again" : "");
}

static void msi_dump_group(const struct msi_group *group, struct dump_line *text)
{
	dump_line_begin(text);
	dump_line_text(text, "group ");
	dump_line_number(text, group->id);
	dump_line_text(text, ": entries ");
	dump_line_number(text, group->count);
}

static void msi_dump_entry(const struct msi_index *msi, u32 position, struct dump_line *text)
{
	dump_line_begin(text);
	dump_line_text(text, "  index ");
	dump_line_number(text, msi_identity(msi, position));
	dump_line_text(text, " irq ");
	dump_line_number(text, msi_slots(msi)[position].irq);
}

void msi_index_dump(const struct msi_index *msi, void (*line)(void *context, const char *text),
		    void *context)
{
	struct dump_line text;
	u32 i;

	core_assert_held(msi->lock);
	msi_dump_domain(msi, &text);
	line(context, text.text);
	for (i = 0; i < msi->groups; i++) {
		const struct msi_group *group = &msi_groups(msi)[i];
		u32 position = group->head;
		u32 left;

		msi_dump_group(group, &text);
		line(context, text.text);
		for (left = group->count; left; left--) {
			msi_dump_entry(msi, position, &text);
			line(context, text.text);
			position = msi_slots(msi)[position].next;
		}
	}
}
CORE_EXPORT(msi_index_dump);
