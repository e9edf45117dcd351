// SPDX-License-Identifier: MIT
/*
 * What the summary of the vector matrix is worth: pairs of one free and one alloc at half fill, against a plain scan of
 * the mask that takes the same decisions. Both run in this process, in turns, so the ratios compare like with like on
 * any machine; the nanoseconds do not carry over. A ratio is of the fastest of several turns each.
 *
 * The plain scan keeps what Linux's allocator keeps, counters and bitmaps per CPU, and visits each CPU of the mask in the
 * manner of for_each_cpu() and per_cpu_ptr(): the next set bit, then the CPU's area through a table. It is kinder to the
 * cache than a kernel, where these areas lie far apart: here they are neighbours. The tight scan is the same without the
 * table and with the bits of a word at a time: the best that a loop over the counters can do.
 *
 * Level: all CPUs are equal before a pair, as spreading leaves them, so the CPU of the free is the one of the alloc. Then
 * again with CPU 0, outside of the mask, left empty: the best CPU of all is of no use, and the mask has to be searched.
 *
 * A mask of one to three CPUs is listed too. There both scans have next to nothing to do, and what remains of a pair is
 * the upkeep of the summary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vector_matrix.h"

#define VECTORS 256
#define FIRST 32
#define END 236
#define TURNS 7
#define HELD 1024
#define WORDS_MAX (VECTOR_MATRIX_CPUS_MAX / 64)

struct scan_cpu {
	u32 available;
	u32 allocated;
	u32 managed;
	u32 managed_allocated;
	bool online;
	u64 allocated_map[VECTORS / 64];
	u64 managed_map[VECTORS / 64];
};

struct scan_matrix {
	bool tight;
	u32 cpus;
	u32 available;
	u32 total_allocated;
	u64 system[VECTORS / 64];
	struct scan_cpu *area[VECTOR_MATRIX_CPUS_MAX];
};

struct held {
	u32 cpu;
	u32 vector;
};

struct subject {
	struct vector_matrix *matrix;
	struct scan_matrix *scan;
	const u64 *mask;
	struct held held[HELD];
	u32 held_count;
	const u32 *draws;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "core_bench: %s\n", what);
	exit(1);
}

static void *memory(size_t size)
{
	void *mem = calloc(1, size);

	if (!mem) {
		fail("out of memory");
	}
	return mem;
}

/* The first CPU of the mask from this one on. */
static u32 scan_next_cpu(const struct scan_matrix *s, const u64 *mask, u32 cpu)
{
	u64 word;

	if (cpu >= s->cpus) {
		return s->cpus;
	}
	word = mask[cpu / 64] & ~0ull << (cpu % 64);
	for (u32 next = cpu / 64; !word;) {
		if (++next * 64 >= s->cpus) {
			return s->cpus;
		}
		cpu = next * 64;
		word = mask[next];
	}
	return cpu / 64 * 64 + core_ctz64(word);
}

static u32 scan_best_cpu(const struct scan_matrix *s, const u64 *mask)
{
	u32 best = 0, best_cpu = s->cpus;

	for (u32 cpu = 0; (cpu = scan_next_cpu(s, mask, cpu)) < s->cpus; cpu++) {
		const struct scan_cpu *c = s->area[cpu];
		if (c->online && c->available > best) {
			best = c->available;
			best_cpu = cpu;
		}
	}
	return best_cpu;
}

static u32 scan_best_cpu_tight(const struct scan_matrix *s, const u64 *mask)
{
	const struct scan_cpu *areas = s->area[0];
	u32 best = 0, best_cpu = s->cpus;

	for (u32 word = 0; word * 64 < s->cpus; word++) {
		for (u64 left = mask[word]; left; left &= left - 1) {
			u32 cpu = word * 64 + core_ctz64(left);
			if (areas[cpu].online && areas[cpu].available > best) {
				best = areas[cpu].available;
				best_cpu = cpu;
			}
		}
	}
	return best_cpu;
}

static int scan_alloc(struct scan_matrix *s, const u64 *mask, u32 *cpu)
{
	u32 best = s->tight ? scan_best_cpu_tight(s, mask) : scan_best_cpu(s, mask);
	struct scan_cpu *c;

	if (best == s->cpus) {
		return -ENOSPC;
	}
	c = s->area[best];
	for (u32 word = FIRST / 64; word < VECTORS / 64; word++) {
		u64 unused = ~(c->allocated_map[word] | c->managed_map[word] | s->system[word]);
		unused &= word == FIRST / 64 ? ~0ull << (FIRST % 64) : ~0ull;
		if (unused) {
			c->allocated_map[word] |= unused & -unused;
			c->allocated++;
			c->available--;
			s->available--;
			s->total_allocated++;
			*cpu = best;
			return (int)(word * 64 + core_ctz64(unused));
		}
	}
	return -ENOSPC;
}

static void scan_free(struct scan_matrix *s, u32 cpu, u32 vector)
{
	struct scan_cpu *c = s->area[cpu];

	c->allocated_map[vector / 64] &= ~(1ull << (vector % 64));
	c->allocated--;
	c->available++;
	s->available++;
	s->total_allocated--;
}

static int subject_alloc(struct subject *s, const u64 *mask, u32 *cpu)
{
	return s->matrix ? vector_matrix_alloc(s->matrix, mask, false, cpu) :
		scan_alloc(s->scan, mask, cpu);
}

static void subject_free(struct subject *s, const struct held *held)
{
	if (!s->matrix) {
		scan_free(s->scan, held->cpu, held->vector);
	} else if (vector_matrix_free(s->matrix, held->cpu, held->vector, false)) {
		fail("free failed");
	}
}

/*
 * Half fills every CPU from the first one on, one after the other: the spread comes with the pairs. Of what lies in the mask, some vectors from
 * everywhere are held for the pairs to free: few, so that the list itself stays in the cache.
 */
static void subject_fill(struct subject *s, u32 cpus, u32 mask_cpus, u32 first_cpu)
{
	u32 stride = mask_cpus * ((END - FIRST) / 2) / HELD + 1;
	u32 seen = 0;

	for (u32 cpu = first_cpu; cpu < cpus; cpu++) {
		u64 one[WORDS_MAX] = { 0 };
		one[cpu / 64] = 1ull << (cpu % 64);
		for (u32 n = 0; n < (END - FIRST) / 2; n++) {
			struct held held = { 0 };
			held.vector = (u32)subject_alloc(s, one, &held.cpu);
			if (s->mask[cpu / 64] & one[cpu / 64] && seen++ % stride == 0) {
				s->held[s->held_count++] = held;
			}
		}
	}
}

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

static double subject_pairs_ns(struct subject *s, u32 pairs)
{
	u64 start = now_ns();

	for (u32 n = 0; n < pairs; n++) {
		struct held *held = &s->held[s->draws[n]];
		int vector;
		subject_free(s, held);
		vector = subject_alloc(s, s->mask, &held->cpu);
		if (vector < 0) {
			fail("alloc failed");
		}
		held->vector = (u32)vector;
	}
	return (double)(now_ns() - start) / pairs;
}

/* Which of the held vectors each pair frees; drawn beforehand, to keep it out of the measured time. */
static void draw(u32 *draws, u32 pairs, u32 below, u64 *random)
{
	for (u32 n = 0; n < pairs; n++) {
		*random ^= *random << 13;
		*random ^= *random >> 7;
		*random ^= *random << 17;
		draws[n] = (u32)(*random % below);
	}
}

static void subject_make_matrix(struct subject *s, u32 cpus)
{
	size_t size = vector_matrix_size(cpus, VECTORS);

	s->matrix = memory(size);
	if (vector_matrix_init(s->matrix, size, cpus, VECTORS, FIRST, END, NULL)) {
		fail("init failed");
	}
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		vector_matrix_online(s->matrix, cpu);
	}
}

static void subject_make_scan(struct subject *s, u32 cpus, bool tight)
{
	struct scan_cpu *areas = memory(cpus * sizeof(*areas));

	s->scan = memory(sizeof(*s->scan));
	s->scan->tight = tight;
	s->scan->cpus = cpus;
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		areas[cpu].online = true;
		areas[cpu].available = END - FIRST;
		s->scan->area[cpu] = &areas[cpu];
	}
}

static void subject_destroy(struct subject *s)
{
	free(s->matrix);
	free(s->scan ? s->scan->area[0] : NULL);
	free(s->scan);
}

/* All drew the same random numbers, so the same decisions leave the same vectors. */
static void compare(const struct subject *a, const struct subject *b)
{
	if (a->held_count != b->held_count ||
		memcmp(a->held, b->held, b->held_count * sizeof(*b->held)) != 0) {
		fail("two took different decisions");
	}
}

static u32 mask_weight(const u64 *mask, u32 cpus)
{
	u32 weight = 0;

	for (u32 word = 0; word * 64 < cpus; word++) {
		weight += core_popcount64(mask[word]);
	}
	return weight;
}

static void measure(const char *name, u32 cpus, const u64 *mask, u32 first_filled)
{
	static struct subject subjects[3];
	u32 pairs = cpus <= 1024 ? 20000 : 4000;
	u32 *draws = memory(pairs * sizeof(*draws));
	u64 random = 88172645463325252ull;
	double ns[3] = { 0 };

	memset(subjects, 0, sizeof(subjects));
	subject_make_matrix(&subjects[0], cpus);
	subject_make_scan(&subjects[1], cpus, false);
	subject_make_scan(&subjects[2], cpus, true);
	for (u32 n = 0; n < 3; n++) {
		subjects[n].mask = mask;
		subjects[n].draws = draws;
		subject_fill(&subjects[n], cpus, mask_weight(mask, cpus), first_filled);
	}
	for (u32 turn = 0; turn < TURNS; turn++) {
		draw(draws, pairs, subjects[0].held_count, &random);
		for (u32 n = 0; n < 3; n++) {
			double taken = subject_pairs_ns(&subjects[n], pairs);
			ns[n] = turn && ns[n] < taken ? ns[n] : taken;
		}
	}
	compare(&subjects[0], &subjects[1]);
	compare(&subjects[0], &subjects[2]);
	printf("%-24s %5u %10.1f %10.1f %10.1f %9.1f %9.1f\n", name, cpus, ns[0], ns[1], ns[2],
		ns[1] / ns[0], ns[2] / ns[0]);
	for (u32 n = 0; n < 3; n++) {
		subject_destroy(&subjects[n]);
	}
	free(draws);
}

/* One alloc alone, in the full mask: HELD of them in a row, at half fill. */
static double measure_alloc_ns(u32 cpus)
{
	static struct subject s;
	u64 mask[WORDS_MAX];
	double best = 0;

	memset(&s, 0, sizeof(s));
	memset(mask, 0xff, sizeof(mask));
	s.mask = mask;
	subject_make_matrix(&s, cpus);
	subject_fill(&s, cpus, cpus, 0);
	for (u32 turn = 0; turn < 100; turn++) {
		u64 start = now_ns();
		double taken;
		for (u32 n = 0; n < HELD; n++) {
			s.held[n].vector = (u32)subject_alloc(&s, mask, &s.held[n].cpu);
		}
		taken = (double)(now_ns() - start) / HELD;
		best = turn && best < taken ? best : taken;
		for (u32 n = 0; n < HELD; n++) {
			subject_free(&s, &s.held[n]);
		}
	}
	subject_destroy(&s);
	return best;
}

static void mask_every(u64 *mask, u32 first, u32 cpus, u32 step)
{
	memset(mask, 0, WORDS_MAX * sizeof(*mask));
	for (u32 cpu = first; cpu < cpus; cpu += step) {
		mask[cpu / 64] |= 1ull << (cpu % 64);
	}
}

static const u32 shapes[] = { 64, 1024, 8192 };

/* The masks without CPU 0. */
static void measure_masks(u32 first_filled)
{
	static const u32 steps[] = { 2, 7, 33, 64, 509 };
	u64 mask[WORDS_MAX];

	for (u32 n = 1; n < 3; n++) {
		mask_every(mask, shapes[n] / 2, shapes[n] / 2 + 64, 1);
		measure("node of 64", shapes[n], mask, first_filled);
		mask_every(mask, shapes[n] / 2 + 24, shapes[n] / 2 + 24 + 64, 1);
		measure("node of 64, not aligned", shapes[n], mask, first_filled);
	}
	for (u32 n = 0; n < 3; n++) {
		for (u32 step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
			char name[32];
			snprintf(name, sizeof(name), "one CPU in %u", steps[step]);
			mask_every(mask, steps[step] / 2, shapes[n], steps[step]);
			if (steps[step] / 2 < shapes[n]) {
				measure(name, shapes[n], mask, first_filled);
			}
		}
	}
}

int main(void)
{
	u64 mask[WORDS_MAX];
	double alloc_ns[3];

	printf("one free and one alloc at half fill, %u vectors of %u per CPU\n", END - FIRST,
		VECTORS);
	printf("%-24s %5s %10s %10s %10s %9s %9s\n", "mask", "CPUs", "summary ns", "scan ns",
		"tight ns", "scan x", "tight x");
	for (u32 n = 0; n < 3; n++) {
		mask_every(mask, 0, shapes[n], 1);
		measure("full", shapes[n], mask, 0);
	}
	measure_masks(0);
	printf("the same with CPU 0 empty, which is in none of these masks\n");
	measure_masks(1);
	for (u32 n = 0; n < 3; n++) {
		alloc_ns[n] = measure_alloc_ns(shapes[n]);
		printf("%4u CPUs: one alloc in the full mask %.1f ns, %.2f times that of 64; "
			"%.1f bytes per CPU (scan: %zu)\n", shapes[n], alloc_ns[n],
			alloc_ns[n] / alloc_ns[0],
			(double)vector_matrix_size(shapes[n], VECTORS) / shapes[n],
			sizeof(struct scan_cpu));
	}
	return 0;
}
