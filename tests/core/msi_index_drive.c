// SPDX-License-Identifier: MIT
#include "msi_index_drive.h"

#include <stdlib.h>
#include <string.h>

#include "irq_source.h"

/* An errno that no verb makes of its own accord. */
#define EIO_OF_SOURCE 5

/* The naive twin: one record an index, found by looking at all of them; an undo list for what fails. */
struct twin_slot {
	bool used;
	u32 irq;
	u32 group;
};

struct twin {
	struct msi_index_shape shape;
	bool enabled;
	u32 group_last;
	u32 groups;
	u32 *group_ids;
	struct twin_slot *slots;
	u32 *taken;
	u32 inject_after;
	bool inject;
	struct msi_index_irqs irqs;
};

struct drive {
	struct choices *choices;
	struct msi_index *msi;
	size_t size;
	struct msi_index_irqs irqs;
	struct irq_source source;
	struct irq_source twin_source;
	struct twin twin;
	struct msi_index_entry *entries;
	struct msi_index_entry *twin_entries;
};

static u32 twin_positions(const struct twin *twin)
{
	return twin->shape.table_size + twin->shape.indexless_size;
}

static u32 twin_identity(const struct twin *twin, u32 position)
{
	u32 table_size = twin->shape.table_size;

	return position < table_size ? position : 65536 + position - table_size;
}

static struct twin_slot *twin_find(const struct twin *twin, u32 index)
{
	u32 position;

	for (position = 0; position < twin_positions(twin); position++) {
		if (twin_identity(twin, position) == index) {
			return &twin->slots[position];
		}
	}
	return NULL;
}

static bool twin_alive(const struct twin *twin, u32 group)
{
	u32 i;

	for (i = 0; i < twin->groups; i++) {
		if (twin->group_ids[i] == group) {
			return true;
		}
	}
	return false;
}

static u32 twin_count(const struct twin *twin, u32 first, u32 end)
{
	u32 count = 0;

	for (; first < end; first++) {
		count += twin->slots[first].used;
	}
	return count;
}

static bool twin_has_irq(const struct twin *twin, u32 irq)
{
	u32 i;

	for (i = 0; i < twin_positions(twin); i++) {
		if (twin->slots[i].used && twin->slots[i].irq == irq) {
			return true;
		}
	}
	return false;
}

static int twin_take(struct twin *twin, u32 group, u32 position)
{
	u32 irq;
	int error;

	if (twin->inject && !twin->inject_after) {
		return -ENOMEM;
	}
	twin->inject_after -= twin->inject_after != 0;
	error = twin->irqs.alloc(twin->irqs.context, twin_identity(twin, position), &irq);
	if (error) {
		return error > 0 ? -EINVAL : error;
	}
	if (twin_has_irq(twin, irq)) {
		return -EEXIST;
	}
	twin->slots[position] = (struct twin_slot){ true, irq, group };
	return 0;
}

/* Lowest free positions of [first, end), min to max of them. */
static int twin_alloc(struct twin *twin, u32 group, u32 first, u32 end, u32 min, u32 max,
		      struct msi_index_entry *entries)
{
	u32 count = 0;
	u32 position = first;
	int error = 0;
	u32 i;

	if (!twin_alive(twin, group)) {
		return -ENOENT;
	}
	if (twin->enabled && !(twin->shape.flags & MSI_INDEX_GROW_ENABLED)) {
		return -ENOTSUPP;
	}
	if (end - first - twin_count(twin, first, end) < min) {
		return -ENOSPC;
	}
	while (count < max && !error) {
		while (position < end && twin->slots[position].used) {
			position++;
		}
		error = position == end ? -ENOSPC : twin_take(twin, group, position);
		if (!error) {
			twin->taken[count++] = position;
		}
	}
	if (error && (error != -ENOSPC || count < min)) {
		while (count--) {
			struct twin_slot *slot = &twin->slots[twin->taken[count]];

			twin->irqs.release(twin->irqs.context,
					   twin_identity(twin, twin->taken[count]), slot->irq);
			*slot = (struct twin_slot){ 0 };
		}
		return error;
	}
	for (i = 0; i < count; i++) {
		struct twin_slot *slot = &twin->slots[twin->taken[i]];

		entries[i] = (struct msi_index_entry){ twin_identity(twin, twin->taken[i]),
						       slot->irq, slot->group };
	}
	return (int)count;
}

static int twin_free(struct twin *twin, u32 index)
{
	struct twin_slot *slot = twin_find(twin, index);

	if (!slot) {
		return -ERANGE;
	}
	if (!slot->used) {
		return -ENOENT;
	}
	twin->irqs.release(twin->irqs.context, index, slot->irq);
	*slot = (struct twin_slot){ 0 };
	return 0;
}

static int twin_free_group(struct twin *twin, u32 group)
{
	u32 position = twin_positions(twin);
	int count = 0;
	u32 i;

	if (!twin_alive(twin, group)) {
		return -ENOENT;
	}
	while (position--) {
		if (twin->slots[position].used && twin->slots[position].group == group) {
			twin_free(twin, twin_identity(twin, position));
			count++;
		}
	}
	for (i = 0; group && i < twin->groups; i++) {
		if (twin->group_ids[i] == group) {
			twin->group_ids[i--] = twin->group_ids[--twin->groups];
		}
	}
	return count;
}

static int twin_free_all(struct twin *twin)
{
	u32 group = twin->group_last;
	int count = 0;

	do {
		int freed = twin_free_group(twin, group);

		count += freed > 0 ? freed : 0;
	} while (group--);
	return count;
}

static int twin_group_begin(struct twin *twin, u32 *group)
{
	if (twin->groups == twin->shape.groups) {
		return -ENOSPC;
	}
	if (twin->inject) {
		return -ENOMEM;
	}
	*group = ++twin->group_last;
	twin->group_ids[twin->groups++] = *group;
	return 0;
}

static int twin_group_next(const struct twin *twin, u32 group, u32 from,
			   struct msi_index_entry *entry)
{
	u32 i;

	for (i = 0; twin_alive(twin, group) && i < twin_positions(twin); i++) {
		const struct twin_slot *slot = &twin->slots[i];
		u32 index = twin_identity(twin, i);

		if (slot->used && slot->group == group && index >= from) {
			*entry = (struct msi_index_entry){ index, slot->irq, group };
			return 0;
		}
	}
	return -ENOENT;
}

static bool entries_equal(const struct msi_index_entry *a, const struct msi_index_entry *b)
{
	return a->index == b->index && a->irq == b->irq && a->group == b->group;
}

static const char *drive_compare_source(const struct drive *drive)
{
	const struct irq_source *a = &drive->source;
	const struct irq_source *b = &drive->twin_source;
	u32 length = a->log_length < IRQ_SOURCE_LOG ? a->log_length : IRQ_SOURCE_LOG;
	u32 i;

	if (a->log_length != b->log_length) {
		return "number of calls of the irq source";
	}
	for (i = 0; i < length; i++) {
		if (a->log[i].release != b->log[i].release || a->log[i].index != b->log[i].index ||
		    a->log[i].irq != b->log[i].irq) {
			return "calls of the irq source";
		}
	}
	return NULL;
}

static const char *drive_compare_entry(const struct drive *drive, u32 position)
{
	const struct twin_slot *slot = &drive->twin.slots[position];
	u32 index = twin_identity(&drive->twin, position);
	struct msi_index_entry expected = { index, slot->irq, slot->group };
	struct msi_index_entry entry;
	int error = msi_index_lookup(drive->msi, index, &entry);

	if (!slot->used) {
		return error == -ENOENT ? NULL : "lookup of a free index";
	}
	if (error || !entries_equal(&entry, &expected)) {
		return "lookup";
	}
	if (msi_index_lookup_irq(drive->msi, slot->irq, &entry) ||
	    !entries_equal(&entry, &expected)) {
		return "lookup by irq";
	}
	return NULL;
}

/* One walk of a group by its entries, against one look at all slots. */
static const char *drive_compare_group(const struct drive *drive, u32 group)
{
	const struct twin *twin = &drive->twin;
	struct msi_index_entry entry;
	int count = 0;
	u32 from = 0;
	u32 i;

	if (!twin_alive(twin, group)) {
		return msi_index_group_count(drive->msi, group) == -ENOENT ? NULL : "a dead group";
	}
	for (i = 0; i < twin_positions(twin); i++) {
		struct msi_index_entry expected = { twin_identity(twin, i), twin->slots[i].irq,
						    group };

		if (!twin->slots[i].used || twin->slots[i].group != group) {
			continue;
		}
		if (msi_index_group_next(drive->msi, group, from, &entry) ||
		    !entries_equal(&entry, &expected)) {
			return "walk of a group";
		}
		from = entry.index + 1;
		count++;
	}
	if (msi_index_group_next(drive->msi, group, from, &entry) != -ENOENT) {
		return "end of the walk of a group";
	}
	return msi_index_group_count(drive->msi, group) == count ? NULL : "count of a group";
}

static const char *drive_compare(const struct drive *drive)
{
	const struct twin *twin = &drive->twin;
	const char *different = NULL;
	u32 table_size = twin->shape.table_size;
	u32 used = twin_count(twin, 0, table_size);
	u32 i;

	if (msi_index_allocated(drive->msi) != used ||
	    msi_index_available(drive->msi) != table_size - used ||
	    msi_index_allocated_indexless(drive->msi) !=
		    twin_count(twin, table_size, twin_positions(twin)) ||
	    msi_index_groups(drive->msi) != twin->groups ||
	    msi_index_enabled(drive->msi) != twin->enabled) {
		return "the counts";
	}
	for (i = 0; !different && i < twin_positions(twin); i++) {
		different = drive_compare_entry(drive, i);
	}
	/* Dead groups beyond the last few are all alike. */
	for (i = 0; !different && i < twin->groups; i++) {
		different = drive_compare_group(drive, twin->group_ids[i]);
	}
	for (i = 0; !different && i < 4; i++) {
		different = drive_compare_group(drive, twin->group_last + 1 - i);
	}
	if (different) {
		return different;
	}
	return msi_index_check(drive->msi) ? "the invariants" : NULL;
}

static u32 drive_group(struct drive *drive)
{
	const struct twin *twin = &drive->twin;

	if (choose(drive->choices, 8)) {
		return twin->group_ids[choose(drive->choices, twin->groups)];
	}
	return choose(drive->choices, twin->group_last + 2);
}

/* Now and then the seam or the irq source fails, both sides alike. */
static void drive_plan_failure(struct drive *drive, const char *place)
{
	static const int failures[] = { -EIO_OF_SOURCE, -ENOSPC, IRQ_SOURCE_DUPLICATE, 1 };
	u32 plan = choose(drive->choices, 16);
	u32 after = choose(drive->choices, 8);

	index_env.inject = plan == 1 ? place : NULL;
	index_env.inject_after = after;
	drive->twin.inject = plan == 1;
	drive->twin.inject_after = after;
	drive->source.fail_with = plan == 2 ? failures[choose(drive->choices, 4)] : 0;
	drive->source.fail_after = after;
	drive->twin_source.fail_with = drive->source.fail_with;
	drive->twin_source.fail_after = after;
}

static void drive_plan_success(struct drive *drive)
{
	index_env.inject = NULL;
	drive->twin.inject = false;
	drive->source.fail_with = 0;
	drive->twin_source.fail_with = 0;
}

/* expected is a count; for a single entry the verb says 0 instead of 1. */
static const char *drive_compare_alloc(struct drive *drive, int got, int expected, bool single)
{
	int i;

	drive_plan_success(drive);
	if (got != (single && expected == 1 ? 0 : expected)) {
		return "result of an allocation";
	}
	for (i = 0; i < expected; i++) {
		if (!entries_equal(&drive->entries[i], &drive->twin_entries[i])) {
			return "allocated entries";
		}
	}
	return NULL;
}

static const char *drive_alloc_at(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	u32 group = drive_group(drive);
	u32 index = choose(drive->choices, twin->shape.table_size + 2);
	int expected = -ERANGE;
	int got;

	drive_plan_failure(drive, "msi_index_alloc");
	got = msi_index_alloc_at(drive->msi, &drive->irqs, group, index, drive->entries);
	if (index < twin->shape.table_size) {
		bool used = twin->slots[index].used;

		expected = twin_alloc(twin, group, index, index + 1, 1, 1, drive->twin_entries);
		expected = expected == -ENOSPC && used ? -EBUSY : expected;
	}
	return drive_compare_alloc(drive, got, expected, true);
}

static const char *drive_alloc_range(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	u32 group = drive_group(drive);
	u32 first = choose(drive->choices, twin->shape.table_size + 2);
	u32 end = choose(drive->choices, twin->shape.table_size + 2);
	int expected;
	int got;

	drive_plan_failure(drive, "msi_index_alloc");
	got = msi_index_alloc_range(drive->msi, &drive->irqs, group, first, end, drive->entries);
	if (first >= end) {
		expected = -EINVAL;
	} else if (end > twin->shape.table_size) {
		expected = -ERANGE;
	} else {
		expected = twin_alloc(twin, group, first, end, 1, 1, drive->twin_entries);
	}
	return drive_compare_alloc(drive, got, expected, true);
}

static const char *drive_alloc_any(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	u32 group = drive_group(drive);
	int expected;
	int got;

	drive_plan_failure(drive, "msi_index_alloc");
	got = msi_index_alloc_any(drive->msi, &drive->irqs, group, drive->entries);
	expected = twin_alloc(twin, group, 0, twin->shape.table_size, 1, 1, drive->twin_entries);
	return drive_compare_alloc(drive, got, expected, true);
}

static const char *drive_alloc_indexless(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	u32 group = drive_group(drive);
	int expected = -ENOTSUPP;
	int got;

	drive_plan_failure(drive, "msi_index_alloc");
	got = msi_index_alloc_indexless(drive->msi, &drive->irqs, group, drive->entries);
	if (twin->shape.indexless_size) {
		expected = twin_alloc(twin, group, twin->shape.table_size, twin_positions(twin), 1,
				      1, drive->twin_entries);
	}
	return drive_compare_alloc(drive, got, expected, true);
}

static const char *drive_alloc_batch(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	u32 group = drive_group(drive);
	u32 min = choose(drive->choices, 12);
	u32 max = choose(drive->choices, 24);
	int expected = -EINVAL;
	int got;

	drive_plan_failure(drive, "msi_index_alloc");
	got = msi_index_alloc_batch(drive->msi, &drive->irqs, group, min, max, drive->entries);
	if (min && max >= min) {
		expected = twin_alloc(twin, group, 0, twin->shape.table_size, min, max,
				      drive->twin_entries);
	}
	return drive_compare_alloc(drive, got, expected, false);
}

/* Mostly an index in use, sometimes anything at all. */
static const char *drive_free(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	u32 position = choose(drive->choices, twin_positions(twin));
	u32 index = twin_identity(twin, position);
	u32 tries = 64;

	if (!choose(drive->choices, 8)) {
		index += choose(drive->choices, 3) * 65536 + choose(drive->choices, 3);
	} else {
		while (tries-- && !twin->slots[position].used) {
			position = (position + 1) % twin_positions(twin);
		}
		index = twin_identity(twin, position);
	}
	return msi_index_free(drive->msi, &drive->irqs, index) == twin_free(twin, index) ?
		NULL : "free";
}

static const char *drive_free_group(struct drive *drive)
{
	u32 group = drive_group(drive);

	return msi_index_free_group(drive->msi, &drive->irqs, group) ==
		twin_free_group(&drive->twin, group) ? NULL : "free_group";
}

static const char *drive_free_all(struct drive *drive)
{
	return msi_index_free_all(drive->msi, &drive->irqs) == twin_free_all(&drive->twin) ?
		NULL : "free_all";
}

static const char *drive_group_begin(struct drive *drive)
{
	u32 group = 0;
	u32 expected_group = 0;
	int expected;
	int got;

	drive_plan_failure(drive, "msi_index_group_begin");
	index_env.inject_after = 0;
	got = msi_index_group_begin(drive->msi, &group);
	expected = twin_group_begin(&drive->twin, &expected_group);
	drive_plan_success(drive);
	return got == expected && group == expected_group ? NULL : "group_begin";
}

static const char *drive_enable(struct drive *drive)
{
	struct twin *twin = &drive->twin;
	int expected = 0;
	int got;

	drive_plan_failure(drive, "msi_index_enable");
	index_env.inject_after = 0;
	got = msi_index_enable(drive->msi);
	if (twin->enabled && !(twin->shape.flags & MSI_INDEX_ENABLE_AGAIN)) {
		expected = -EINVAL;
	} else if (twin->inject) {
		expected = -ENOMEM;
	} else {
		twin->enabled = true;
	}
	drive_plan_success(drive);
	return got == expected ? NULL : "enable";
}

static const char *drive_disable(struct drive *drive)
{
	int expected = drive->twin.enabled ? 0 : -EINVAL;

	drive->twin.enabled = false;
	return msi_index_disable(drive->msi) == expected ? NULL : "disable";
}

static const char *drive_group_next(struct drive *drive)
{
	struct msi_index_entry expected_entry = { 0 };
	struct msi_index_entry entry = { 0 };
	u32 group = drive_group(drive);
	u32 position = choose(drive->choices, twin_positions(&drive->twin));
	u32 from = twin_identity(&drive->twin, position);
	int expected = twin_group_next(&drive->twin, group, from, &expected_entry);
	int got = msi_index_group_next(drive->msi, group, from, &entry);

	return got == expected && entries_equal(&entry, &expected_entry) ? NULL : "group_next";
}

static const char *drive_operation(struct drive *drive)
{
	switch (choose(drive->choices, 24)) {
	case 0:
	case 1:
	case 2:
		return drive_alloc_any(drive);
	case 3:
	case 4:
		return drive_alloc_at(drive);
	case 5:
	case 6:
		return drive_alloc_range(drive);
	case 7:
	case 8:
		return drive_alloc_indexless(drive);
	case 9:
	case 10:
	case 11:
		return drive_alloc_batch(drive);
	case 12:
		return drive_free_group(drive);
	case 13:
		return drive_group_next(drive);
	case 14:
	case 15:
		return drive_group_begin(drive);
	case 16:
		return drive_enable(drive);
	case 17:
		return drive_disable(drive);
	case 18:
		return choose(drive->choices, 16) ? NULL : drive_free_all(drive);
	default:
		return drive_free(drive);
	}
}

/* Hands out the number that its context names. */
static int rebuild_alloc(void *context, u32 index, u32 *irq)
{
	(void)index;
	*irq = *(const u32 *)context;
	return 0;
}

static void rebuild_release(void *context, u32 index, u32 irq)
{
	(void)context;
	(void)index;
	(void)irq;
}

static bool rebuild_groups(const struct twin *twin, struct msi_index *again,
			   const struct msi_index_irqs *irqs)
{
	u32 id;
	u32 group;

	for (id = 1; id <= twin->group_last; id++) {
		if (msi_index_group_begin(again, &group) || group != id ||
		    (!twin_alive(twin, id) && msi_index_free_group(again, irqs, id))) {
			return false;
		}
	}
	return true;
}

/* Stores are handed out from below, so the free ones between are filled first and freed afterwards. */
static bool rebuild_entries(const struct twin *twin, struct msi_index *again,
			    const struct msi_index_irqs *irqs, u32 *irq)
{
	struct msi_index_entry entry;
	u32 filler = 1;
	u32 position;

	for (position = 0; position < twin_positions(twin); position++) {
		const struct twin_slot *slot = &twin->slots[position];

		*irq = slot->irq;
		if (position < twin->shape.table_size) {
			if (slot->used &&
			    msi_index_alloc_at(again, irqs, slot->group, position, &entry)) {
				return false;
			}
			continue;
		}
		while (!slot->used && twin_has_irq(twin, filler)) {
			filler++;
		}
		*irq = slot->used ? slot->irq : filler++;
		if (msi_index_alloc_indexless(again, irqs, slot->group, &entry) ||
		    entry.index != twin_identity(twin, position)) {
			return false;
		}
	}
	while (position-- > twin->shape.table_size) {
		if (!twin->slots[position].used &&
		    msi_index_free(again, irqs, twin_identity(twin, position))) {
			return false;
		}
	}
	return true;
}

static const char *drive_compare_rebuilt(const struct drive *drive)
{
	const struct twin *twin = &drive->twin;
	const char *different = "the same state made anew";
	u32 irq = 0;
	struct msi_index_irqs irqs = { rebuild_alloc, rebuild_release, &irq };
	void *again = malloc(drive->size);

	memset(again, 0x5a, drive->size);
	if (!msi_index_init(again, drive->size, &twin->shape, NULL) &&
	    rebuild_groups(twin, again, &irqs) && rebuild_entries(twin, again, &irqs, &irq) &&
	    (!twin->enabled || !msi_index_enable(again)) &&
	    !memcmp(again, drive->msi, drive->size)) {
		different = NULL;
	}
	free(again);
	return different;
}

static const char *drive_run(struct drive *drive, u32 operations, u32 compare_every)
{
	const char *different = NULL;
	u32 i;

	for (i = 1; !different && i <= operations && choices_left(drive->choices); i++) {
		drive->source.log_length = 0;
		drive->twin_source.log_length = 0;
		different = drive_operation(drive);
		if (!different) {
			different = drive_compare_source(drive);
		}
		if (!different && i % compare_every == 0) {
			different = drive_compare(drive);
		}
	}
	if (!different) {
		different = drive_compare(drive);
	}
	return different ? different : drive_compare_rebuilt(drive);
}

const char *msi_index_drive(struct choices *choices, const struct msi_index_shape *shape,
			    u32 operations, u32 compare_every)
{
	struct drive *drive = calloc(1, sizeof(*drive));
	struct twin *twin = &drive->twin;
	u32 positions = shape->table_size + shape->indexless_size;
	const char *different;

	drive->choices = choices;
	drive->source.limit = 1 + choose(choices, IRQ_SOURCE_NUMBERS);
	drive->twin_source.limit = drive->source.limit;
	drive->irqs = (struct msi_index_irqs)IRQ_SOURCE_OPS(&drive->source);
	twin->irqs = (struct msi_index_irqs)IRQ_SOURCE_OPS(&drive->twin_source);
	twin->shape = *shape;
	twin->groups = 1;
	twin->group_ids = calloc(shape->groups, sizeof(*twin->group_ids));
	twin->slots = calloc(positions, sizeof(*twin->slots));
	twin->taken = calloc(positions, sizeof(*twin->taken));
	drive->entries = calloc(positions + 24, sizeof(*drive->entries));
	drive->twin_entries = calloc(positions + 24, sizeof(*drive->twin_entries));
	drive->size = msi_index_size(shape);
	drive->msi = malloc(drive->size);
	memset(drive->msi, 0xa5, drive->size);
	different = msi_index_init(drive->msi, drive->size, shape, NULL) ? "init" :
		drive_run(drive, operations, compare_every);
	free(drive->msi);
	free(drive->twin_entries);
	free(drive->entries);
	free(twin->taken);
	free(twin->slots);
	free(twin->group_ids);
	free(drive);
	return different;
}
