// SPDX-License-Identifier: MIT
#include "remap_index_drive.h"

#include <stdlib.h>
#include <string.h>

/* The naive twin: what each entry is, and nothing else. Everything is found by looking at all of them. */
struct twin_entry {
	enum remap_index_state state;
	u32 first;
	u32 order;
	u64 ticket;
};

struct drive {
	struct choices *choices;
	struct remap_index *remap;
	size_t size;
	u32 entries;
	u64 tickets;
	struct twin_entry *twin;
};

static bool twin_fits(const struct drive *drive, u32 first, u32 order)
{
	u32 i;

	for (i = first; i < first + (1u << order); i++) {
		if (i >= drive->entries || drive->twin[i].state != REMAP_INDEX_FREE) {
			return false;
		}
	}
	return true;
}

static void twin_write(struct drive *drive, u32 first, u32 order, enum remap_index_state state,
		       u64 ticket)
{
	u32 i;

	for (i = first; i < first + (1u << order); i++) {
		if (state == REMAP_INDEX_FREE) {
			drive->twin[i] = (struct twin_entry){ REMAP_INDEX_FREE, i, 0, 0 };
		} else {
			drive->twin[i] = (struct twin_entry){ state, first, order, ticket };
		}
	}
}

static int twin_alloc(struct drive *drive, u32 order)
{
	u32 first;

	if (order > 16) {
		return -EINVAL;
	}
	for (first = 0; first < drive->entries; first += 1u << order) {
		if (twin_fits(drive, first, order)) {
			if (index_env.inject) {
				return -ENOMEM;
			}
			twin_write(drive, first, order, REMAP_INDEX_ALLOCATED, 0);
			return (int)first;
		}
	}
	return -ENOSPC;
}

static int twin_free(struct drive *drive, u32 first, u32 order)
{
	if (order > 16 || (u64)first + (1u << order) > drive->entries) {
		return -ERANGE;
	}
	if (drive->twin[first].state != REMAP_INDEX_ALLOCATED) {
		return -ENOENT;
	}
	if (drive->twin[first].first != first || drive->twin[first].order != order) {
		return -EINVAL;
	}
	twin_write(drive, first, order, REMAP_INDEX_AWAITING_FLUSH, drive->tickets + 1);
	return 0;
}

static int twin_done(struct drive *drive, u64 ticket)
{
	int released = 0;
	u32 i;

	if (ticket == 0 || ticket > drive->tickets) {
		return -EINVAL;
	}
	if (index_env.inject) {
		return -ENOMEM;
	}
	for (i = 0; i < drive->entries; i++) {
		if (drive->twin[i].state == REMAP_INDEX_AWAITING_FLUSH &&
		    drive->twin[i].ticket <= ticket) {
			twin_write(drive, i, 0, REMAP_INDEX_FREE, 0);
			released++;
		}
	}
	return released;
}

static u32 twin_count(const struct drive *drive, enum remap_index_state state)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < drive->entries; i++) {
		count += drive->twin[i].state == state;
	}
	return count;
}

static const char *drive_compare(const struct drive *drive)
{
	u32 i;

	for (i = 0; i < drive->entries; i++) {
		const struct twin_entry *twin = &drive->twin[i];
		struct remap_index_block block;

		if (remap_index_block(drive->remap, i, &block) || block.first != twin->first ||
		    block.order != twin->order || block.state != twin->state ||
		    block.ticket != twin->ticket) {
			return "the block of an entry";
		}
	}
	if (remap_index_available(drive->remap) != twin_count(drive, REMAP_INDEX_FREE) ||
	    remap_index_allocated(drive->remap) != twin_count(drive, REMAP_INDEX_ALLOCATED) ||
	    remap_index_awaiting(drive->remap) != twin_count(drive, REMAP_INDEX_AWAITING_FLUSH)) {
		return "the counts";
	}
	return remap_index_check(drive->remap) ? "the invariants" : NULL;
}

static const char *drive_alloc(struct drive *drive)
{
	u32 order = choose(drive->choices, choose(drive->choices, 8) ? 5 : 18);
	bool fail = choose(drive->choices, 32) == 1;
	int expected;
	int got;

	index_env.inject = fail ? "remap_index_alloc" : NULL;
	got = remap_index_alloc(drive->remap, order);
	expected = twin_alloc(drive, order);
	index_env.inject = NULL;
	return got == expected ? NULL : "alloc";
}

/* Mostly the block of some entry, sometimes anything at all. */
static const char *drive_free(struct drive *drive)
{
	u32 first = choose(drive->choices, drive->entries + 2);
	u32 order = choose(drive->choices, 20);

	if (first < drive->entries && choose(drive->choices, 8)) {
		u32 tries = 64;

		while (tries-- && drive->twin[first].state != REMAP_INDEX_ALLOCATED) {
			first = (first + 1) % drive->entries;
		}
		order = drive->twin[first].order;
		first = drive->twin[first].first;
	}
	return remap_index_free(drive->remap, first, order) == twin_free(drive, first, order) ?
		NULL : "free";
}

static const char *drive_begin(struct drive *drive)
{
	return remap_index_flush_begin(drive->remap) == ++drive->tickets ? NULL : "flush_begin";
}

/* The latest tickets, one that does not exist yet, and 0. */
static const char *drive_done(struct drive *drive)
{
	u64 ticket = drive->tickets + 1 - choose(drive->choices, 6);
	int expected;
	int got;

	if (ticket > drive->tickets + 1) {
		ticket = 0;
	}
	index_env.inject = choose(drive->choices, 32) == 1 ? "remap_index_flush_done" : NULL;
	got = remap_index_flush_done(drive->remap, ticket);
	expected = twin_done(drive, ticket);
	index_env.inject = NULL;
	return got == expected ? NULL : "flush_done";
}

static const char *drive_operation(struct drive *drive)
{
	switch (choose(drive->choices, 10)) {
	case 0:
		return drive_begin(drive);
	case 1:
		return drive_done(drive);
	case 2:
	case 3:
	case 4:
		return drive_free(drive);
	default:
		return drive_alloc(drive);
	}
}

/*
 * The same state by another way. Filled from below, first fit puts each block where it belongs; then the gaps are freed
 * and flushed with the first ticket, and the other blocks freed in the order of their tickets. The sequence took its
 * first ticket before anything was freed, so no block can need that one.
 */
static bool drive_rebuild(const struct drive *drive, struct remap_index *again)
{
	u64 ticket;
	u32 i;

	for (i = 0; i < drive->entries; i += 1u << drive->twin[i].order) {
		if (remap_index_alloc(again, drive->twin[i].order) != (int)i) {
			return false;
		}
	}
	for (i = 0; i < drive->entries; i++) {
		if (drive->twin[i].state == REMAP_INDEX_FREE && remap_index_free(again, i, 0)) {
			return false;
		}
	}
	if (remap_index_flush_done(again, remap_index_flush_begin(again)) !=
	    (int)twin_count(drive, REMAP_INDEX_FREE)) {
		return false;
	}
	for (ticket = 2; ticket <= drive->tickets + 1; ticket++) {
		for (i = 0; i < drive->entries; i += 1u << drive->twin[i].order) {
			if (drive->twin[i].ticket == ticket &&
			    remap_index_free(again, i, drive->twin[i].order)) {
				return false;
			}
		}
		if (ticket <= drive->tickets && remap_index_flush_begin(again) != ticket) {
			return false;
		}
	}
	return true;
}

/* Looking at every entry for every ticket: only for what is small. */
static const char *drive_compare_rebuilt(const struct drive *drive)
{
	void *again;
	const char *different = "the same state made anew";

	if (drive->tickets * drive->entries > 4000000) {
		return NULL;
	}
	again = malloc(drive->size);
	memset(again, 0x5a, drive->size);
	if (!remap_index_init(again, drive->size, drive->entries, NULL) &&
	    drive_rebuild(drive, again) && !memcmp(again, drive->remap, drive->size)) {
		different = NULL;
	}
	free(again);
	return different;
}

static const char *drive_run(struct drive *drive, u32 operations, u32 compare_every)
{
	const char *different = drive_begin(drive);
	u32 i;

	for (i = 1; !different && i <= operations && choices_left(drive->choices); i++) {
		different = drive_operation(drive);
		if (!different && i % compare_every == 0) {
			different = drive_compare(drive);
		}
	}
	if (!different) {
		different = drive_compare(drive);
	}
	return different ? different : drive_compare_rebuilt(drive);
}

const char *remap_index_drive(struct choices *choices, u32 entries, u32 operations,
			      u32 compare_every)
{
	struct drive drive = { choices, NULL, remap_index_size(entries), entries, 0, NULL };
	const char *different;
	u32 i;

	drive.remap = malloc(drive.size);
	memset(drive.remap, 0xa5, drive.size);
	drive.twin = calloc(entries, sizeof(*drive.twin));
	for (i = 0; i < entries; i++) {
		drive.twin[i].first = i;
	}
	different = remap_index_init(drive.remap, drive.size, entries, NULL) ? "init" :
		drive_run(&drive, operations, compare_every);
	free(drive.twin);
	free(drive.remap);
	return different;
}
