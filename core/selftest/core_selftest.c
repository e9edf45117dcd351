// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The cases. Each begins with fresh structures and says in CHECK()s what must hold; the first that
 * does not ends the case and is named in its report. The expected decisions are written out, or
 * found by a plain scan.
 */
#include "core_selftest.h"

#include "dump_line.h"
#include "msi_index.h"
#include "remap_index.h"
#include "vector_matrix.h"

enum selftest_matrix { MATRIX_X86, MATRIX_IMSIC, MATRIX_MANY_CPUS };

/*
 * x86: 0x20 up to the first of the system vectors, with the legacy system call vector among them.
 */
#define X86_FIRST 0x20u
#define X86_END 0xecu
#define X86_SYSTEM 0x80u
#define X86_USABLE (X86_END - X86_FIRST - 1)

struct selftest_matrix_shape {
	const char *name;
	u32 cpus;
	u32 vectors;
	u32 first;
	u32 end;
};

static const struct selftest_matrix_shape matrix_shapes[CORE_SELFTEST_MATRICES] = {
	[MATRIX_X86] = { "x86", 8, 256, X86_FIRST, X86_END },
	[MATRIX_IMSIC] = { "imsic", 4, 2048, 1, 2048 },
	[MATRIX_MANY_CPUS] = { "many-cpus", 256, 256, X86_FIRST, X86_END },
};

#define MSI_TABLE_SIZE_MAX 2048u
#define REMAP_ENTRIES_MAX 4096u
#define BATCH_MAX 64u
#define RELEASES_MAX 16u

/* Hands out 100, 101, ... until limit are out, and notes the first releases. */
struct selftest_irqs {
	u32 next;
	u32 out;
	u32 limit;
	u32 releases;
	u32 released[RELEASES_MAX];
};

/* Lives at the begin of the caller's memory: too large for a kernel stack. */
struct selftest_run {
	struct core_selftest *test;
	struct vector_matrix *matrix[CORE_SELFTEST_MATRICES];
	struct msi_index *msi;
	struct remap_index *remap;
	u8 *scratch;
	struct selftest_irqs source;
	struct msi_index_irqs irqs;
	struct msi_index_entry entries[BATCH_MAX];
	const char *broken;
	u32 broken_line;
	u64 random;
};

struct selftest_case {
	const char *name;
	void (*run)(struct selftest_run *run);
};

#define CHECK(condition)                                                            \
	do {                                                                        \
		if (!(condition)) {                                                 \
			run->broken = #condition;                                   \
			run->broken_line = __LINE__;                                \
			return;                                                     \
		}                                                                   \
	} while (0)

static size_t selftest_align(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

static size_t selftest_matrix_size(u32 which)
{
	return selftest_align(vector_matrix_size(matrix_shapes[which].cpus,
						 matrix_shapes[which].vectors));
}

static size_t selftest_msi_size(void)
{
	struct msi_index_shape largest = { MSI_TABLE_SIZE_MAX, 64, 16, 0 };

	return selftest_align(msi_index_size(&largest));
}

static size_t selftest_remap_size(void)
{
	return selftest_align(remap_index_size(REMAP_ENTRIES_MAX));
}

/* Scratch holds a copy of any one structure. */
static size_t selftest_scratch_size(void)
{
	size_t size = selftest_msi_size() + selftest_remap_size();
	u32 i;

	for (i = 0; i < CORE_SELFTEST_MATRICES; i++) {
		size = selftest_matrix_size(i) > size ? selftest_matrix_size(i) : size;
	}
	return size;
}

size_t core_selftest_size(void)
{
	size_t size = selftest_align(sizeof(struct selftest_run)) + selftest_msi_size() +
		      selftest_remap_size() + selftest_scratch_size();
	u32 i;

	for (i = 0; i < CORE_SELFTEST_MATRICES; i++) {
		size += selftest_matrix_size(i);
	}
	return size;
}
CORE_EXPORT(core_selftest_size);

static struct selftest_run *selftest_lay_out(struct core_selftest *test)
{
	struct selftest_run *run = test->mem;
	u8 *next = (u8 *)test->mem + selftest_align(sizeof(*run));
	u32 i;

	memset(test->mem, 0, core_selftest_size());
	run->test = test;
	run->random = 1;
	for (i = 0; i < CORE_SELFTEST_MATRICES; i++) {
		run->matrix[i] = (struct vector_matrix *)next;
		next += selftest_matrix_size(i);
	}
	run->msi = (struct msi_index *)next;
	run->remap = (struct remap_index *)(next + selftest_msi_size());
	run->scratch = next + selftest_msi_size() + selftest_remap_size();
	return run;
}

/* The multiplier of Knuth's MMIX generator; the high bits are the good ones. */
static u32 selftest_random(struct selftest_run *run, u32 count)
{
	run->random = run->random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((run->random >> 32) * count >> 32);
}

/* ---- vector_matrix ---- */

/* Every CPU online. A matrix that could not be made is not offered to the caller. */
static bool fresh_matrix(struct selftest_run *run, enum selftest_matrix which)
{
	const struct selftest_matrix_shape *shape = &matrix_shapes[which];
	struct vector_matrix *m = run->matrix[which];
	u32 cpu;

	run->test->matrices[which].matrix = NULL;
	if (vector_matrix_init(m, selftest_matrix_size(which), shape->cpus, shape->vectors,
			       shape->first, shape->end, run->test->lock)) {
		return false;
	}
	run->test->matrices[which].matrix = m;
	if (which != MATRIX_IMSIC && vector_matrix_assign_system(m, 0, X86_SYSTEM, false)) {
		return false;
	}
	for (cpu = 0; cpu < shape->cpus; cpu++) {
		if (vector_matrix_online(m, cpu)) {
			return false;
		}
	}
	return true;
}

static u32 cpu_available(const struct vector_matrix *m, u32 cpu)
{
	struct vector_matrix_cpu_stats stats;

	return vector_matrix_cpu_stats(m, cpu, &stats) ? 0 : stats.available;
}

static void matrix_spreads(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u32 cpu;
	u32 i;

	CHECK(fresh_matrix(run, MATRIX_X86));
	for (i = 0; i < 24; i++) {
		CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == (int)(X86_FIRST + i / 8));
		CHECK(cpu == i % 8);
	}
	CHECK(vector_matrix_available(m) == 8 * X86_USABLE - 24);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_prefers_most_available(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 odd = 0xaa;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_assign(m, 1, 50) == 0);
	CHECK(vector_matrix_assign(m, 3, 50) == 0);
	CHECK(vector_matrix_alloc(m, &odd, false, &cpu) == X86_FIRST && cpu == 5);
	CHECK(vector_matrix_alloc(m, &odd, false, &cpu) == X86_FIRST && cpu == 7);
	CHECK(vector_matrix_alloc(m, &odd, false, &cpu) == X86_FIRST && cpu == 1);
	CHECK(vector_matrix_free(m, 7, X86_FIRST, false) == 0);
	CHECK(vector_matrix_alloc(m, &odd, false, &cpu) == X86_FIRST && cpu == 7);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_exhausts_a_cpu(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 mask = 1ull << 6;
	u32 vector;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	for (vector = X86_FIRST; vector < X86_END; vector++) {
		if (vector != X86_SYSTEM) {
			CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == (int)vector);
		}
	}
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == -ENOSPC);
	CHECK(vector_matrix_free(m, 6, 0x77, false) == 0);
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == 0x77);
	CHECK(vector_matrix_allocated(m, 6) == X86_USABLE);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_managed_takes_highest_cpu(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 mask = 0x0c;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_reserve_managed(m, &mask) == 0);
	CHECK(vector_matrix_alloc_managed(m, &mask, &cpu) == X86_FIRST && cpu == 3);
	CHECK(vector_matrix_alloc_managed(m, &mask, &cpu) == X86_FIRST && cpu == 2);
	CHECK(vector_matrix_alloc_managed(m, &mask, &cpu) == -ENOSPC);
	CHECK(vector_matrix_free(m, 3, X86_FIRST, true) == 0);
	CHECK(vector_matrix_state(m, 3, X86_FIRST) == VECTOR_MATRIX_MANAGED);
	mask = 0x08;
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == X86_FIRST + 1);
	CHECK(vector_matrix_remove_managed(m, &mask) == 0);
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == X86_FIRST);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_managed_is_all_or_nothing(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	size_t size = selftest_matrix_size(MATRIX_X86);
	u64 full = 0x10;
	u64 all = 0xff;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	while (vector_matrix_alloc(m, &full, false, &cpu) >= 0) {
	}
	memcpy(run->scratch, m, size);
	CHECK(vector_matrix_reserve_managed(m, &all) == -ENOSPC);
	CHECK(memcmp(run->scratch, m, size) == 0);
	all &= ~full;
	CHECK(vector_matrix_reserve_managed(m, &all) == 0);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_survives_offline(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 mask = 0x04;
	u32 before;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == X86_FIRST);
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == X86_FIRST + 1);
	before = vector_matrix_available(m);
	CHECK(vector_matrix_available_without(m, 2) == before - (X86_USABLE - 2));
	CHECK(vector_matrix_offline(m, 2) == 0);
	CHECK(vector_matrix_available(m) == before - (X86_USABLE - 2));
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == -ENOSPC);
	CHECK(vector_matrix_allocated(m, 2) == 2);
	CHECK(vector_matrix_free(m, 2, X86_FIRST, false) == 0);
	CHECK(vector_matrix_online(m, 2) == 0);
	CHECK(vector_matrix_available(m) == before + 1);
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == X86_FIRST);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_counts_reservations(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_reserve(m, 3) == 0);
	CHECK(vector_matrix_alloc(m, NULL, true, &cpu) == X86_FIRST);
	CHECK(vector_matrix_reserved(m) == 2);
	CHECK(vector_matrix_remove_reserved(m, 2) == 0);
	CHECK(vector_matrix_reserved(m) == 0);
	CHECK(vector_matrix_available(m) == 8 * X86_USABLE - 1);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_allocates_ranges(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 mask = 0x02;
	u32 cpu;
	u32 i;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_assign(m, 1, X86_FIRST + 3) == 0);
	CHECK(vector_matrix_alloc_range(m, &mask, 8, 8, &cpu) == X86_FIRST + 8 && cpu == 1);
	CHECK(vector_matrix_alloc_range(m, &mask, 3, 1, &cpu) == X86_FIRST);
	CHECK(vector_matrix_alloc_range(m, &mask, 32, 32, &cpu) == 0x40);
	CHECK(vector_matrix_alloc_range(m, &mask, 32, 32, &cpu) == 0x60);
	CHECK(vector_matrix_alloc_range(m, &mask, 32, 32, &cpu) == 0xa0);
	CHECK(vector_matrix_alloc_range(m, &mask, 32, 32, &cpu) == 0xc0);
	CHECK(vector_matrix_alloc_range(m, &mask, 32, 32, &cpu) == -ENOSPC);
	for (i = 0; i < 32; i++) {
		CHECK(vector_matrix_free(m, 1, 0x60 + i, false) == 0);
	}
	CHECK(vector_matrix_alloc_range(m, &mask, 32, 32, &cpu) == 0x60);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_allocates_the_same_vector(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 mask = 0x30;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_assign(m, 0, 0x55) == 0);
	CHECK(vector_matrix_alloc_same(m, 0x55, &mask, &cpu) == 0x55 && cpu == 4);
	CHECK(vector_matrix_alloc_same(m, 0x55, &mask, &cpu) == 0x55 && cpu == 5);
	CHECK(vector_matrix_alloc_same(m, 0x55, &mask, &cpu) == -ENOSPC);
	CHECK(vector_matrix_alloc_same(m, X86_SYSTEM, NULL, &cpu) == -ENOSPC);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_places_as_told(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_assign(m, 5, 0x30) == 0);
	CHECK(vector_matrix_set_placement(m, VECTOR_MATRIX_PACK) == 0);
	CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == X86_FIRST && cpu == 5);
	CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == X86_FIRST + 1 && cpu == 5);
	CHECK(vector_matrix_set_placement(m, VECTOR_MATRIX_FIRST_FIT) == 0);
	CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == X86_FIRST && cpu == 0);
	CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == X86_FIRST + 1 && cpu == 0);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_refuses_masks_of_no_use(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	u64 beyond = ~0xffull;
	u64 offline = 0x80;
	u64 empty = 0;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_offline(m, 7) == 0);
	CHECK(vector_matrix_alloc(m, &empty, false, &cpu) == -EINVAL);
	CHECK(vector_matrix_alloc(m, &beyond, false, &cpu) == -EINVAL);
	CHECK(vector_matrix_alloc(m, &offline, false, &cpu) == -ENOSPC);
	CHECK(vector_matrix_reserve_managed(m, &empty) == -EINVAL);
	CHECK(vector_matrix_alloc_managed(m, &offline, &cpu) == -ENOSPC);
	CHECK(vector_matrix_init(m, 8, 8, 256, X86_FIRST, X86_END, NULL) == -ENOMEM);
	CHECK(vector_matrix_size(0, 256) == 0 && vector_matrix_size(8193, 256) == 0);
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_has_all_imsic_identities(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_IMSIC];
	u64 mask = 0x08;
	u32 identity;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_IMSIC));
	for (identity = 1; identity < 2048; identity++) {
		CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == (int)identity);
	}
	CHECK(vector_matrix_alloc(m, &mask, false, &cpu) == -ENOSPC);
	CHECK(vector_matrix_alloc_same(m, 2047, NULL, &cpu) == 2047 && cpu == 0);
	for (identity = 100; identity < 2000; identity += 3) {
		CHECK(vector_matrix_free(m, 3, identity, false) == 0);
	}
	CHECK(vector_matrix_check(m) == 0);
}

/* The highest available count of the mask, the lowest CPU on a tie, by a plain scan. */
static u32 scan_for_cpu(const struct vector_matrix *m, const u64 *mask)
{
	u32 best = 0;
	u32 best_available = 0;
	u32 cpu;

	for (cpu = 0; cpu < 256; cpu++) {
		u32 available = mask[cpu / 64] >> (cpu % 64) & 1 ? cpu_available(m, cpu) : 0;

		if (available > best_available) {
			best = cpu;
			best_available = available;
		}
	}
	return best;
}

static void matrix_agrees_with_a_scan(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_MANY_CPUS];
	u64 masks[3][4] = { { ~0ull, ~0ull, ~0ull, ~0ull }, { 0, ~0ull, 0, 0 }, { 0, 0, 0, 0 } };
	u32 cpu;
	u32 i;

	CHECK(fresh_matrix(run, MATRIX_MANY_CPUS));
	for (cpu = 0; cpu < 256; cpu += 7) {
		masks[2][cpu / 64] |= 1ull << (cpu % 64);
	}
	for (i = 0; i < 1500; i++) {
		const u64 *mask = masks[i % 3];
		u32 expected = scan_for_cpu(m, mask);
		u32 target = selftest_random(run, 256);
		u32 vector = X86_FIRST + selftest_random(run, 40);

		CHECK(vector_matrix_alloc(m, mask, false, &cpu) >= (int)X86_FIRST);
		CHECK(cpu == expected);
		if (vector_matrix_state(m, target, vector) == VECTOR_MATRIX_ALLOCATED) {
			CHECK(vector_matrix_free(m, target, vector, false) == 0);
		} else {
			CHECK(vector_matrix_assign(m, target, vector) == 0);
		}
	}
	CHECK(vector_matrix_check(m) == 0);
}

static void matrix_is_plain_data(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	struct vector_matrix *copy = (struct vector_matrix *)run->scratch;
	u32 copy_cpu;
	u32 cpu;
	u32 i;

	CHECK(fresh_matrix(run, MATRIX_X86));
	for (i = 0; i < 100; i++) {
		CHECK(vector_matrix_alloc(m, NULL, false, &cpu) >= 0);
	}
	memcpy(copy, m, selftest_matrix_size(MATRIX_X86));
	for (i = 0; i < 100; i++) {
		int vector = vector_matrix_alloc(copy, NULL, false, &copy_cpu);

		CHECK(vector >= 0);
		CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == vector && cpu == copy_cpu);
	}
	CHECK(vector_matrix_check(copy) == 0);
	CHECK(memcmp(copy, m, vector_matrix_size(8, 256)) == 0);
}

static void matrix_refuses_misuse(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	size_t size = selftest_matrix_size(MATRIX_X86);
	u64 mask = 0xff;
	u32 cpu;

	CHECK(fresh_matrix(run, MATRIX_X86));
	CHECK(vector_matrix_alloc(m, NULL, false, &cpu) == X86_FIRST && cpu == 0);
	memcpy(run->scratch, m, size);
	CHECK(vector_matrix_free(m, 1, X86_FIRST, false) == -ENOENT);
	CHECK(vector_matrix_free(m, 0, X86_FIRST, true) == -EINVAL);
	CHECK(vector_matrix_free(m, 8, X86_FIRST, false) == -EINVAL);
	CHECK(vector_matrix_free(m, 0, X86_END, false) == -EINVAL);
	CHECK(vector_matrix_assign(m, 0, X86_FIRST) == -EBUSY);
	CHECK(vector_matrix_assign(m, 0, X86_SYSTEM) == -EBUSY);
	CHECK(vector_matrix_remove_managed(m, &mask) == -ENOENT);
	CHECK(vector_matrix_remove_reserved(m, 1) == -EINVAL);
	CHECK(vector_matrix_alloc(m, NULL, true, &cpu) == -EINVAL);
	CHECK(vector_matrix_alloc_range(m, NULL, 4, 3, &cpu) == -EINVAL);
	CHECK(vector_matrix_online(m, 0) == -EINVAL);
	CHECK(vector_matrix_offline(m, 99) == -EINVAL);
	CHECK(memcmp(run->scratch, m, size) == 0);
	CHECK(vector_matrix_check(m) == 0);
}

/* The last case of the x86 matrix: what stays for the caller to look at has one of everything. */
static void matrix_keeps_a_mixture(struct selftest_run *run)
{
	struct vector_matrix *m = run->matrix[MATRIX_X86];
	struct vector_matrix_stats stats;
	u64 managed = 0x5a;
	u32 cpu;
	u32 i;

	CHECK(fresh_matrix(run, MATRIX_X86));
	for (i = 0; i < 3; i++) {
		CHECK(vector_matrix_reserve_managed(m, &managed) == 0);
	}
	for (i = 0; i < 6; i++) {
		CHECK(vector_matrix_alloc_managed(m, &managed, &cpu) >= (int)X86_FIRST);
	}
	for (i = 0; i < 200; i++) {
		CHECK(vector_matrix_alloc(m, NULL, false, &cpu) >= (int)X86_FIRST);
	}
	CHECK(vector_matrix_reserve(m, 5) == 0);
	CHECK(vector_matrix_offline(m, 6) == 0);
	vector_matrix_stats(m, &stats);
	CHECK(stats.online_cpus == 7 && stats.reserved == 5 && stats.total_allocated == 206);
	CHECK(stats.system_in_range == 1);
	CHECK(vector_matrix_check(m) == 0);
}

static const struct selftest_case matrix_cases[] = {
	{ "spreads", matrix_spreads },
	{ "prefers_most_available", matrix_prefers_most_available },
	{ "exhausts_a_cpu", matrix_exhausts_a_cpu },
	{ "managed_takes_highest_cpu", matrix_managed_takes_highest_cpu },
	{ "managed_is_all_or_nothing", matrix_managed_is_all_or_nothing },
	{ "survives_offline", matrix_survives_offline },
	{ "counts_reservations", matrix_counts_reservations },
	{ "allocates_ranges", matrix_allocates_ranges },
	{ "allocates_the_same_vector", matrix_allocates_the_same_vector },
	{ "places_as_told", matrix_places_as_told },
	{ "refuses_masks_of_no_use", matrix_refuses_masks_of_no_use },
	{ "has_all_imsic_identities", matrix_has_all_imsic_identities },
	{ "agrees_with_a_scan", matrix_agrees_with_a_scan },
	{ "is_plain_data", matrix_is_plain_data },
	{ "refuses_misuse", matrix_refuses_misuse },
	{ "keeps_a_mixture", matrix_keeps_a_mixture },
};

/* ---- msi_index ---- */

static int selftest_irq_alloc(void *context, u32 index, u32 *irq)
{
	struct selftest_irqs *source = context;

	if (source->out == source->limit) {
		return -ENOSPC;
	}
	source->out++;
	*irq = source->next++;
	return 0;
}

static void selftest_irq_release(void *context, u32 index, u32 irq)
{
	struct selftest_irqs *source = context;

	source->out--;
	if (source->releases < RELEASES_MAX) {
		source->released[source->releases] = irq;
	}
	source->releases++;
}

static bool fresh_msi(struct selftest_run *run, u32 table_size, u32 indexless_size, u32 flags)
{
	struct msi_index_shape shape = { table_size, indexless_size, 16, flags };

	run->source = (struct selftest_irqs){ .next = 100, .limit = MSI_TABLE_SIZE_MAX };
	run->irqs = (struct msi_index_irqs){ selftest_irq_alloc, selftest_irq_release,
					     &run->source };
	return msi_index_init(run->msi, selftest_msi_size(), &shape, run->test->lock) == 0;
}

static void msi_takes_lowest_index(struct selftest_run *run)
{
	struct msi_index_entry *entry = &run->entries[0];
	u32 i;

	CHECK(fresh_msi(run, 128, 0, 0));
	for (i = 0; i < 128; i++) {
		CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, entry) == 0);
		CHECK(entry->index == i && entry->irq == 100 + i && entry->group == 0);
	}
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, entry) == -ENOSPC);
	CHECK(msi_index_free(run->msi, &run->irqs, 77) == 0);
	CHECK(msi_index_free(run->msi, &run->irqs, 66) == 0);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, entry) == 0 && entry->index == 66);
	CHECK(msi_index_allocated(run->msi) == 127 && msi_index_available(run->msi) == 1);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_allocates_at_and_in_ranges(struct selftest_run *run)
{
	struct msi_index_entry *entry = &run->entries[0];

	CHECK(fresh_msi(run, 256, 0, 0));
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 200, entry) == 0);
	CHECK(entry->index == 200);
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 200, entry) == -EBUSY);
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 256, entry) == -ERANGE);
	CHECK(msi_index_alloc_range(run->msi, &run->irqs, 0, 199, 202, entry) == 0);
	CHECK(entry->index == 199);
	CHECK(msi_index_alloc_range(run->msi, &run->irqs, 0, 199, 202, entry) == 0);
	CHECK(entry->index == 201);
	CHECK(msi_index_alloc_range(run->msi, &run->irqs, 0, 199, 202, entry) == -ENOSPC);
	CHECK(msi_index_alloc_range(run->msi, &run->irqs, 0, 9, 9, entry) == -EINVAL);
	CHECK(msi_index_alloc_range(run->msi, &run->irqs, 0, 9, 257, entry) == -ERANGE);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_batches_between_min_and_max(struct selftest_run *run)
{
	CHECK(fresh_msi(run, 40, 0, 0));
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 1, NULL) == 0);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 4, 4, run->entries) == 4);
	CHECK(run->entries[0].index == 0 && run->entries[1].index == 2);
	CHECK(run->entries[3].index == 4 && run->entries[3].irq == 104);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 36, 64, run->entries) == -ENOSPC);
	CHECK(run->source.releases == 0);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 8, 64, run->entries) == 35);
	CHECK(run->entries[34].index == 39);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 0, 4, NULL) == -EINVAL);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 4, 3, NULL) == -EINVAL);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_rolls_a_batch_back(struct selftest_run *run)
{
	size_t size = selftest_msi_size();
	u32 i;

	CHECK(fresh_msi(run, 64, 0, 0));
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 5, 5, NULL) == 5);
	run->source.limit = 15;
	memcpy(run->scratch, run->msi, size);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 11, 20, run->entries) == -ENOSPC);
	CHECK(memcmp(run->scratch, run->msi, size) == 0);
	CHECK(run->source.out == 5 && run->source.releases == 10);
	for (i = 0; i < 10; i++) {
		CHECK(run->source.released[i] == 114 - i);
	}
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 10, 20, run->entries) == 10);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_numbers_groups_upward(struct selftest_run *run)
{
	u32 first;
	u32 second;
	u32 third;

	CHECK(fresh_msi(run, 64, 0, 0));
	CHECK(msi_index_group_begin(run->msi, &first) == 0 && first == 1);
	CHECK(msi_index_group_begin(run->msi, &second) == 0 && second == 2);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, second, 3, 3, NULL) == 3);
	CHECK(msi_index_free_group(run->msi, &run->irqs, second) == 3);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, second, NULL) == -ENOENT);
	CHECK(msi_index_group_begin(run->msi, &third) == 0 && third == 3);
	CHECK(msi_index_groups(run->msi) == 3);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, NULL) == 0);
	CHECK(msi_index_free_group(run->msi, &run->irqs, 0) == 1);
	CHECK(msi_index_group_count(run->msi, 0) == 0);
	CHECK(msi_index_group_count(run->msi, second) == -ENOENT);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_walks_one_group_only(struct selftest_run *run)
{
	struct msi_index_entry *entry = &run->entries[0];
	u32 group;
	u32 from = 0;
	u32 i;

	CHECK(fresh_msi(run, 64, 4, 0));
	CHECK(msi_index_group_begin(run->msi, &group) == 0);
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, group, NULL) == 0);
	for (i = 20; i; i--) {
		CHECK(msi_index_alloc_at(run->msi, &run->irqs, i % 2 ? group : 0, i, NULL) == 0);
	}
	for (i = 1; i < 20; i += 2) {
		CHECK(msi_index_group_next(run->msi, group, from, entry) == 0);
		CHECK(entry->index == i && entry->group == group);
		CHECK(i % 3 || msi_index_free(run->msi, &run->irqs, i) == 0);
		from = i + 1;
	}
	CHECK(msi_index_group_next(run->msi, group, from, entry) == 0);
	CHECK(entry->index == MSI_INDEX_INDEXLESS_BASE);
	CHECK(msi_index_group_next(run->msi, group, entry->index + 1, entry) == -ENOENT);
	CHECK(msi_index_group_count(run->msi, group) == 8);
	CHECK(msi_index_check(run->msi) == 0);
}

/*
 * What the first version of grouped allocation got wrong: a later group's failure starved the
 * groups in use.
 */
static void msi_failure_leaves_earlier_groups(struct selftest_run *run)
{
	size_t size = selftest_msi_size();
	u32 first;
	u32 second;

	CHECK(fresh_msi(run, 64, 0, MSI_INDEX_GROW_ENABLED | MSI_INDEX_ENABLE_AGAIN));
	CHECK(msi_index_group_begin(run->msi, &first) == 0);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, first, 8, 8, NULL) == 8);
	CHECK(msi_index_enable(run->msi) == 0);
	CHECK(msi_index_group_begin(run->msi, &second) == 0);
	run->source.limit = 12;
	memcpy(run->scratch, run->msi, size);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, second, 8, 8, NULL) == -ENOSPC);
	CHECK(memcmp(run->scratch, run->msi, size) == 0);
	CHECK(msi_index_enabled(run->msi));
	CHECK(msi_index_group_count(run->msi, first) == 8);
	CHECK(msi_index_free_group(run->msi, &run->irqs, second) == 0);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, first, &run->entries[0]) == 0);
	CHECK(run->entries[0].index == 8);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_grows_enabled_only_if_opted_in(struct selftest_run *run)
{
	CHECK(fresh_msi(run, 64, 4, 0));
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 2, 2, NULL) == 2);
	CHECK(msi_index_enable(run->msi) == 0);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, NULL) == -ENOTSUPP);
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 9, NULL) == -ENOTSUPP);
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, NULL) == -ENOTSUPP);
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 1, 2, NULL) == -ENOTSUPP);
	CHECK(msi_index_free(run->msi, &run->irqs, 1) == 0);
	CHECK(msi_index_disable(run->msi) == 0);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, NULL) == 0);
	CHECK(fresh_msi(run, 64, 4, MSI_INDEX_GROW_ENABLED));
	CHECK(msi_index_enable(run->msi) == 0);
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, NULL) == 0);
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, NULL) == 0);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_enables_again_if_opted_in(struct selftest_run *run)
{
	CHECK(fresh_msi(run, 64, 0, MSI_INDEX_ENABLE_AGAIN));
	CHECK(msi_index_disable(run->msi) == -EINVAL);
	CHECK(msi_index_enable(run->msi) == 0);
	CHECK(msi_index_enable(run->msi) == 0);
	CHECK(msi_index_disable(run->msi) == 0);
	CHECK(!msi_index_enabled(run->msi));
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_has_stores_without_a_slot(struct selftest_run *run)
{
	struct msi_index_entry *entry = &run->entries[0];
	u32 i;

	CHECK(fresh_msi(run, 8, 3, 0));
	for (i = 0; i < 3; i++) {
		CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, entry) == 0);
		CHECK(entry->index == MSI_INDEX_INDEXLESS_BASE + i);
	}
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, entry) == -ENOSPC);
	CHECK(msi_index_allocated(run->msi) == 0 && msi_index_allocated_indexless(run->msi) == 3);
	CHECK(msi_index_free(run->msi, &run->irqs, MSI_INDEX_INDEXLESS_BASE + 1) == 0);
	CHECK(msi_index_free(run->msi, &run->irqs, MSI_INDEX_INDEXLESS_BASE + 3) == -ERANGE);
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, entry) == 0);
	CHECK(entry->index == MSI_INDEX_INDEXLESS_BASE + 1 && entry->irq == 103);
	CHECK(fresh_msi(run, 8, 0, 0));
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, entry) == -ENOTSUPP);
	CHECK(fresh_msi(run, 0, 3, 0));
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, entry) == -ENOSPC);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_finds_by_index_and_irq(struct selftest_run *run)
{
	struct msi_index_entry *entry = &run->entries[0];

	CHECK(fresh_msi(run, 64, 2, 0));
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 40, NULL) == 0);
	CHECK(msi_index_alloc_indexless(run->msi, &run->irqs, 0, NULL) == 0);
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 3, NULL) == 0);
	CHECK(msi_index_lookup(run->msi, 3, entry) == 0 && entry->irq == 102);
	CHECK(msi_index_lookup_irq(run->msi, 100, entry) == 0 && entry->index == 40);
	CHECK(msi_index_lookup_irq(run->msi, 101, entry) == 0);
	CHECK(entry->index == MSI_INDEX_INDEXLESS_BASE);
	CHECK(msi_index_free(run->msi, &run->irqs, 40) == 0);
	CHECK(msi_index_lookup_irq(run->msi, 100, entry) == -ENOENT);
	CHECK(msi_index_lookup(run->msi, 40, entry) == -ENOENT);
	CHECK(msi_index_lookup(run->msi, 64, entry) == -ERANGE);
	CHECK(msi_index_lookup_irq(run->msi, 102, entry) == 0 && entry->index == 3);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_fills_the_largest_pci_table(struct selftest_run *run)
{
	u32 i;

	CHECK(fresh_msi(run, MSI_TABLE_SIZE_MAX, 0, 0));
	for (i = 0; i < 2048; i += BATCH_MAX) {
		CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, BATCH_MAX, BATCH_MAX,
					    run->entries) == (int)BATCH_MAX);
		CHECK(run->entries[0].index == i);
	}
	CHECK(msi_index_available(run->msi) == 0);
	for (i = 5; i < 2048; i += 97) {
		CHECK(msi_index_free(run->msi, &run->irqs, i) == 0);
	}
	for (i = 5; i < 2048; i += 97) {
		CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, run->entries) == 0);
		CHECK(run->entries[0].index == i);
	}
	CHECK(msi_index_check(run->msi) == 0);
	CHECK(msi_index_free_all(run->msi, &run->irqs) == 2048);
	CHECK(run->source.out == 0);
	CHECK(msi_index_check(run->msi) == 0);
}

static void msi_is_plain_data(struct selftest_run *run)
{
	struct msi_index *copy = (struct msi_index *)run->scratch;
	size_t size = selftest_msi_size();

	CHECK(fresh_msi(run, 64, 4, 0));
	CHECK(msi_index_alloc_batch(run->msi, &run->irqs, 0, 9, 9, NULL) == 9);
	memcpy(copy, run->msi, size);
	CHECK(msi_index_free_group(copy, &run->irqs, 0) == 9);
	CHECK(msi_index_allocated(run->msi) == 9 && msi_index_check(copy) == 0);
	memcpy(copy, run->msi, size);
	CHECK(msi_index_alloc_at(run->msi, &run->irqs, 0, 50, NULL) == 0);
	CHECK(msi_index_free(run->msi, &run->irqs, 50) == 0);
	CHECK(memcmp(copy, run->msi, size) == 0);
}

static int selftest_irq_repeat(void *context, u32 index, u32 *irq)
{
	*irq = 100;
	return 0;
}

static void msi_refuses_misuse(struct selftest_run *run)
{
	struct msi_index_irqs repeat = { selftest_irq_repeat, selftest_irq_release, &run->source };
	struct msi_index_irqs none = { 0 };
	size_t size = selftest_msi_size();

	CHECK(fresh_msi(run, 16, 0, 0));
	CHECK(msi_index_alloc_any(run->msi, &run->irqs, 0, NULL) == 0);
	CHECK(msi_index_enable(run->msi) == 0);
	CHECK(msi_index_enable(run->msi) == -EINVAL);
	CHECK(msi_index_disable(run->msi) == 0);
	memcpy(run->scratch, run->msi, size);
	CHECK(msi_index_free(run->msi, &run->irqs, 1) == -ENOENT);
	CHECK(msi_index_free(run->msi, &run->irqs, 99) == -ERANGE);
	CHECK(msi_index_free_group(run->msi, &run->irqs, 1) == -ENOENT);
	CHECK(msi_index_alloc_any(run->msi, &none, 0, NULL) == -EINVAL);
	CHECK(msi_index_alloc_any(run->msi, &repeat, 0, NULL) == -EEXIST);
	CHECK(msi_index_alloc_batch(run->msi, &repeat, 0, 1, 4, NULL) == -EEXIST);
	CHECK(memcmp(run->scratch, run->msi, size) == 0);
	CHECK(run->source.out == 1 && msi_index_check(run->msi) == 0);
}

static const struct selftest_case msi_cases[] = {
	{ "takes_lowest_index", msi_takes_lowest_index },
	{ "allocates_at_and_in_ranges", msi_allocates_at_and_in_ranges },
	{ "batches_between_min_and_max", msi_batches_between_min_and_max },
	{ "rolls_a_batch_back", msi_rolls_a_batch_back },
	{ "numbers_groups_upward", msi_numbers_groups_upward },
	{ "walks_one_group_only", msi_walks_one_group_only },
	{ "failure_leaves_earlier_groups", msi_failure_leaves_earlier_groups },
	{ "grows_enabled_only_if_opted_in", msi_grows_enabled_only_if_opted_in },
	{ "enables_again_if_opted_in", msi_enables_again_if_opted_in },
	{ "has_stores_without_a_slot", msi_has_stores_without_a_slot },
	{ "finds_by_index_and_irq", msi_finds_by_index_and_irq },
	{ "fills_the_largest_pci_table", msi_fills_the_largest_pci_table },
	{ "is_plain_data", msi_is_plain_data },
	{ "refuses_misuse", msi_refuses_misuse },
};

/* ---- remap_index ---- */

static bool fresh_remap(struct selftest_run *run, u32 entries)
{
	return remap_index_init(run->remap, selftest_remap_size(), entries, run->test->lock) == 0;
}

static int selftest_flush(struct selftest_run *run)
{
	return remap_index_flush_done(run->remap, remap_index_flush_begin(run->remap));
}

static void remap_takes_lowest_aligned_block(struct selftest_run *run)
{
	CHECK(fresh_remap(run, 256));
	CHECK(remap_index_alloc(run->remap, 0) == 0);
	CHECK(remap_index_alloc(run->remap, 2) == 4);
	CHECK(remap_index_alloc(run->remap, 1) == 2);
	CHECK(remap_index_alloc(run->remap, 0) == 1);
	CHECK(remap_index_alloc(run->remap, 6) == 64);
	CHECK(remap_index_alloc(run->remap, 3) == 8);
	CHECK(remap_index_alloc(run->remap, 7) == 128);
	CHECK(remap_index_alloc(run->remap, 5) == 32);
	CHECK(remap_index_available(run->remap) == 16);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_has_every_order(struct selftest_run *run)
{
	u32 order;

	for (order = 0; order <= 12; order++) {
		CHECK(fresh_remap(run, 4096));
		CHECK(order == 12 || remap_index_alloc(run->remap, 0) == 0);
		CHECK(remap_index_alloc(run->remap, order) == (order == 12 ? 0 : 1 << order));
		CHECK(remap_index_check(run->remap) == 0);
	}
	CHECK(remap_index_alloc(run->remap, 0) == -ENOSPC);
	CHECK(remap_index_alloc(run->remap, 13) == -ENOSPC);
	CHECK(remap_index_alloc(run->remap, 17) == -EINVAL);
}

static void remap_reuses_after_flush_only(struct selftest_run *run)
{
	u64 ticket;

	CHECK(fresh_remap(run, 64));
	CHECK(remap_index_alloc(run->remap, 6) == 0);
	CHECK(remap_index_free(run->remap, 0, 6) == 0);
	CHECK(remap_index_alloc(run->remap, 0) == -ENOSPC);
	CHECK(remap_index_awaiting(run->remap) == 64);
	ticket = remap_index_flush_begin(run->remap);
	CHECK(remap_index_alloc(run->remap, 0) == -ENOSPC);
	CHECK(remap_index_flush_done(run->remap, ticket) == 64);
	CHECK(remap_index_alloc(run->remap, 5) == 0);
	CHECK(remap_index_flush_done(run->remap, ticket) == 0);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_free_after_begin_is_not_covered(struct selftest_run *run)
{
	u64 ticket;

	CHECK(fresh_remap(run, 64));
	CHECK(remap_index_alloc(run->remap, 3) == 0);
	CHECK(remap_index_alloc(run->remap, 3) == 8);
	CHECK(remap_index_free(run->remap, 0, 3) == 0);
	ticket = remap_index_flush_begin(run->remap);
	CHECK(remap_index_free(run->remap, 8, 3) == 0);
	CHECK(remap_index_flush_done(run->remap, ticket) == 8);
	CHECK(remap_index_awaiting(run->remap) == 8);
	CHECK(remap_index_alloc(run->remap, 3) == 0);
	CHECK(remap_index_alloc(run->remap, 3) == 16);
	CHECK(selftest_flush(run) == 8);
	CHECK(remap_index_alloc(run->remap, 3) == 8);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_tickets_may_overlap(struct selftest_run *run)
{
	u64 first;
	u64 second;
	u64 third;
	u32 i;

	CHECK(fresh_remap(run, 128));
	for (i = 0; i < 4; i++) {
		CHECK(remap_index_alloc(run->remap, 2) == (int)(4 * i));
	}
	CHECK(remap_index_free(run->remap, 0, 2) == 0);
	first = remap_index_flush_begin(run->remap);
	CHECK(remap_index_free(run->remap, 4, 2) == 0);
	second = remap_index_flush_begin(run->remap);
	CHECK(remap_index_free(run->remap, 8, 2) == 0);
	third = remap_index_flush_begin(run->remap);
	CHECK(first < second && second < third);
	CHECK(remap_index_flush_done(run->remap, second) == 8);
	CHECK(remap_index_flush_done(run->remap, first) == 0);
	CHECK(remap_index_alloc(run->remap, 3) == 0);
	CHECK(remap_index_flush_done(run->remap, third) == 4);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_tells_blocks(struct selftest_run *run)
{
	struct remap_index_block block;

	CHECK(fresh_remap(run, 1000));
	CHECK(remap_index_alloc(run->remap, 8) == 0);
	CHECK(remap_index_alloc(run->remap, 4) == 256);
	CHECK(remap_index_block(run->remap, 255, &block) == 0);
	CHECK(block.first == 0 && block.order == 8 && block.state == REMAP_INDEX_ALLOCATED);
	CHECK(remap_index_free(run->remap, 256, 4) == 0);
	CHECK(remap_index_block(run->remap, 271, &block) == 0);
	CHECK(block.first == 256 && block.state == REMAP_INDEX_AWAITING_FLUSH);
	CHECK(block.ticket == 1);
	CHECK(remap_index_block(run->remap, 272, &block) == 0);
	CHECK(block.first == 272 && block.order == 0 && block.state == REMAP_INDEX_FREE);
	CHECK(remap_index_block(run->remap, 1000, &block) == -ERANGE);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_fills_an_odd_table(struct selftest_run *run)
{
	u32 i;

	CHECK(fresh_remap(run, 1001));
	CHECK(remap_index_alloc(run->remap, 9) == 0);
	CHECK(remap_index_alloc(run->remap, 9) == -ENOSPC);
	for (i = 512; i < 1000; i += 8) {
		CHECK(remap_index_alloc(run->remap, 3) == (int)i);
	}
	CHECK(remap_index_alloc(run->remap, 1) == -ENOSPC);
	CHECK(remap_index_alloc(run->remap, 0) == 1000);
	CHECK(remap_index_alloc(run->remap, 0) == -ENOSPC);
	CHECK(remap_index_available(run->remap) == 0);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_joins_freed_neighbours(struct selftest_run *run)
{
	u32 i;

	CHECK(fresh_remap(run, 4096));
	for (i = 0; i < 4096; i++) {
		CHECK(remap_index_alloc(run->remap, 0) == (int)i);
	}
	for (i = 2048; i < 4096; i++) {
		CHECK(remap_index_free(run->remap, i, 0) == 0);
	}
	CHECK(remap_index_free(run->remap, 7, 0) == 0);
	CHECK(selftest_flush(run) == 2049);
	CHECK(remap_index_alloc(run->remap, 11) == 2048);
	CHECK(remap_index_alloc(run->remap, 1) == -ENOSPC);
	CHECK(remap_index_alloc(run->remap, 0) == 7);
	CHECK(remap_index_check(run->remap) == 0);
}

/*
 * shadow: 1 for each entry in use or not yet flushed. Blocks are freed by chance, and flushed every
 * 50 operations.
 */
static void remap_never_hands_out_twice(struct selftest_run *run)
{
	u8 *shadow = run->scratch;
	struct remap_index_block block;
	u32 i;

	CHECK(fresh_remap(run, 512));
	memset(shadow, 0, 512);
	for (i = 0; i < 4000; i++) {
		u32 order = selftest_random(run, 6);
		int first = remap_index_alloc(run->remap, order);
		u32 entry;

		for (entry = 0; first >= 0 && entry < 1u << order; entry++) {
			CHECK(shadow[(u32)first + entry] == 0);
			shadow[(u32)first + entry] = 1;
		}
		entry = selftest_random(run, 512);
		CHECK(remap_index_block(run->remap, entry, &block) == 0);
		if (block.state == REMAP_INDEX_ALLOCATED) {
			CHECK(remap_index_free(run->remap, block.first, block.order) == 0);
		}
		for (entry = 0; i % 50 == 0 && entry < 512; entry++) {
			CHECK(remap_index_block(run->remap, entry, &block) == 0);
			shadow[entry] = block.state == REMAP_INDEX_ALLOCATED;
		}
		CHECK(i % 50 || selftest_flush(run) >= 0);
	}
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_is_plain_data(struct selftest_run *run)
{
	struct remap_index *copy = (struct remap_index *)run->scratch;

	CHECK(fresh_remap(run, 256));
	CHECK(remap_index_alloc(run->remap, 4) == 0);
	CHECK(remap_index_alloc(run->remap, 4) == 16);
	CHECK(remap_index_free(run->remap, 0, 4) == 0);
	memcpy(copy, run->remap, selftest_remap_size());
	CHECK(remap_index_flush_done(copy, remap_index_flush_begin(copy)) == 16);
	CHECK(remap_index_alloc(copy, 4) == 0);
	CHECK(remap_index_check(copy) == 0);
	CHECK(remap_index_alloc(run->remap, 4) == 32);
	CHECK(remap_index_check(run->remap) == 0);
}

static void remap_refuses_misuse(struct selftest_run *run)
{
	size_t size = selftest_remap_size();

	CHECK(fresh_remap(run, 256));
	CHECK(remap_index_alloc(run->remap, 4) == 0);
	CHECK(remap_index_alloc(run->remap, 0) == 16);
	CHECK(remap_index_free(run->remap, 16, 0) == 0);
	memcpy(run->scratch, run->remap, size);
	CHECK(remap_index_free(run->remap, 16, 0) == -ENOENT);
	CHECK(remap_index_free(run->remap, 100, 0) == -ENOENT);
	CHECK(remap_index_free(run->remap, 0, 3) == -EINVAL);
	CHECK(remap_index_free(run->remap, 0, 5) == -EINVAL);
	CHECK(remap_index_free(run->remap, 8, 3) == -EINVAL);
	CHECK(remap_index_free(run->remap, 255, 1) == -ERANGE);
	CHECK(remap_index_free(run->remap, 0, 32) == -ERANGE);
	CHECK(remap_index_flush_done(run->remap, 0) == -EINVAL);
	CHECK(remap_index_flush_done(run->remap, 1) == -EINVAL);
	CHECK(memcmp(run->scratch, run->remap, size) == 0);
	CHECK(remap_index_check(run->remap) == 0);
}

static const struct selftest_case remap_cases[] = {
	{ "takes_lowest_aligned_block", remap_takes_lowest_aligned_block },
	{ "has_every_order", remap_has_every_order },
	{ "reuses_after_flush_only", remap_reuses_after_flush_only },
	{ "free_after_begin_is_not_covered", remap_free_after_begin_is_not_covered },
	{ "tickets_may_overlap", remap_tickets_may_overlap },
	{ "tells_blocks", remap_tells_blocks },
	{ "fills_an_odd_table", remap_fills_an_odd_table },
	{ "joins_freed_neighbours", remap_joins_freed_neighbours },
	{ "never_hands_out_twice", remap_never_hands_out_twice },
	{ "is_plain_data", remap_is_plain_data },
	{ "refuses_misuse", remap_refuses_misuse },
};

/* ---- the report ---- */

struct selftest_part {
	const char *name;
	const struct selftest_case *cases;
	u32 count;
};

#define PART(name, cases) { name, cases, sizeof(cases) / sizeof((cases)[0]) }

static const struct selftest_part parts[] = {
	PART("vector_matrix", matrix_cases),
	PART("msi_index", msi_cases),
	PART("remap_index", remap_cases),
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* "1..count", and "ok 3 name": a part and a case look the same, but for the indent. */
static void report_plan(const char *indent, u64 count)
{
	struct dump_line line;

	dump_line_begin(&line);
	dump_line_text(&line, indent);
	dump_line_text(&line, "1..");
	dump_line_number(&line, count);
	core_selftest_print(line.text);
}

static void report_result(const char *indent, bool ok, u32 number, const char *name)
{
	struct dump_line line;

	dump_line_begin(&line);
	dump_line_text(&line, indent);
	dump_line_text(&line, ok ? "ok " : "not ok ");
	dump_line_number(&line, number);
	dump_line_text(&line, " ");
	dump_line_text(&line, name);
	core_selftest_print(line.text);
}

static void report_broken(const struct selftest_run *run)
{
	struct dump_line line;

	dump_line_begin(&line);
	dump_line_text(&line, "  # core_selftest.c:");
	dump_line_number(&line, run->broken_line);
	dump_line_text(&line, ": expected ");
	dump_line_text(&line, run->broken);
	core_selftest_print(line.text);
}

static bool run_case(struct selftest_run *run, const struct selftest_case *one, u32 number)
{
	run->broken = NULL;
	one->run(run);
	run->test->cases++;
	if (run->broken) {
		run->test->failed++;
		report_broken(run);
	}
	report_result("  ", !run->broken, number, one->name);
	return !run->broken;
}

static void run_part(struct selftest_run *run, const struct selftest_part *part, u32 number)
{
	struct dump_line line;
	bool ok = true;
	u32 i;

	core_selftest_print("  KTAP version 1");
	dump_line_begin(&line);
	dump_line_text(&line, "  # Subtest: ");
	dump_line_text(&line, part->name);
	core_selftest_print(line.text);
	report_plan("  ", part->count);
	for (i = 0; i < part->count; i++) {
		ok &= run_case(run, &part->cases[i], i + 1);
	}
	report_result("", ok, number, part->name);
}

int core_selftest_run(struct core_selftest *test)
{
	struct selftest_run *run;
	u32 i;

	if (!test || !test->mem || ((uintptr_t)test->mem & 7)) {
		return -EINVAL;
	}
	if (test->size < core_selftest_size()) {
		return -ENOMEM;
	}
	run = selftest_lay_out(test);
	test->cases = 0;
	test->failed = 0;
	for (i = 0; i < CORE_SELFTEST_MATRICES; i++) {
		test->matrices[i] = (struct core_selftest_matrix){ matrix_shapes[i].name, NULL };
	}
	core_selftest_print("KTAP version 1");
	report_plan("", PARTS);
	for (i = 0; i < PARTS; i++) {
		run_part(run, &parts[i], i + 1);
	}
	return (int)test->failed;
}
CORE_EXPORT(core_selftest_run);
