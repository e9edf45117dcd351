// SPDX-License-Identifier: MIT
/*
 * What the summary of the vector matrix is worth: pairs of one free and one alloc at half fill, against a plain scan of
 * the mask that takes the same decisions. Both run in this process, in turns, so the ratios compare like with like on
 * any machine; the nanoseconds do not carry over. A ratio is of the fastest of several turns each.
 *
 * The plain scan keeps what Linux's allocator keeps, one counter and one bitmap per CPU, and visits each CPU of the mask.
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
	u32 cpus;
	u32 available;
	u32 total_allocated;
	u64 system[VECTORS / 64];
	struct scan_cpu cpu[];
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

static u32 scan_best_cpu(const struct scan_matrix *s, const u64 *mask)
{
	u32 best = 0, best_cpu = s->cpus;

	for (u32 word = 0; word * 64 < s->cpus; word++) {
		for (u64 left = mask[word]; left; left &= left - 1) {
			u32 cpu = word * 64 + core_ctz64(left);
			if (s->cpu[cpu].online && s->cpu[cpu].available > best) {
				best = s->cpu[cpu].available;
				best_cpu = cpu;
			}
		}
	}
	return best_cpu;
}

static int scan_alloc(struct scan_matrix *s, const u64 *mask, u32 *cpu)
{
	u32 best = scan_best_cpu(s, mask);
	struct scan_cpu *c = &s->cpu[best];

	if (best == s->cpus) {
		return -ENOSPC;
	}
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
	struct scan_cpu *c = &s->cpu[cpu];

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
 * Half fills every CPU, one after the other: the spread comes with the pairs. Of what lies in the mask, some vectors from
 * everywhere are held for the pairs to free: few, so that the list itself stays in the cache.
 */
static void subject_fill(struct subject *s, u32 cpus, u32 mask_cpus)
{
	u32 stride = mask_cpus * ((END - FIRST) / 2) / HELD + 1;
	u32 seen = 0;

	for (u32 cpu = 0; cpu < cpus; cpu++) {
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

static void subject_make(struct subject *matrix, struct subject *scan, u32 cpus, const u64 *mask)
{
	size_t size = vector_matrix_size(cpus, VECTORS);
	u32 mask_cpus = 0;

	matrix->matrix = memory(size);
	if (vector_matrix_init(matrix->matrix, size, cpus, VECTORS, FIRST, END, NULL)) {
		fail("init failed");
	}
	scan->scan = memory(sizeof(*scan->scan) + cpus * sizeof(struct scan_cpu));
	scan->scan->cpus = cpus;
	matrix->mask = mask;
	scan->mask = mask;
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		mask_cpus += mask[cpu / 64] >> (cpu % 64) & 1;
		vector_matrix_online(matrix->matrix, cpu);
		scan->scan->cpu[cpu].online = true;
		scan->scan->cpu[cpu].available = END - FIRST;
	}
	subject_fill(matrix, cpus, mask_cpus);
	subject_fill(scan, cpus, mask_cpus);
}

static void subject_destroy(struct subject *s)
{
	free(s->matrix);
	free(s->scan);
}

/* Both drew the same random numbers, so the same decisions leave the same vectors. */
static void compare(const struct subject *matrix, const struct subject *scan)
{
	if (matrix->held_count != scan->held_count ||
		memcmp(matrix->held, scan->held, scan->held_count * sizeof(*scan->held)) != 0) {
		fail("the two took different decisions");
	}
}

/* Returns the nanoseconds of a pair with the summary. */
static double measure(const char *name, u32 cpus, const u64 *mask)
{
	struct subject matrix = { 0 }, scan = { 0 };
	double matrix_ns = 0, scan_ns = 0;
	u32 pairs = cpus <= 1024 ? 20000 : 4000;
	u32 *draws = memory(pairs * sizeof(*draws));
	u64 random = 88172645463325252ull;

	subject_make(&matrix, &scan, cpus, mask);
	matrix.draws = draws;
	scan.draws = draws;
	for (u32 turn = 0; turn < TURNS; turn++) {
		draw(draws, pairs, matrix.held_count, &random);
		double a = subject_pairs_ns(&matrix, pairs);
		double b = subject_pairs_ns(&scan, pairs);
		matrix_ns = turn && matrix_ns < a ? matrix_ns : a;
		scan_ns = turn && scan_ns < b ? scan_ns : b;
	}
	compare(&matrix, &scan);
	printf("%-26s %5u %12.1f %12.1f %10.1f\n", name, cpus, matrix_ns, scan_ns, scan_ns / matrix_ns);
	subject_destroy(&matrix);
	subject_destroy(&scan);
	free(draws);
	return matrix_ns;
}

static void mask_every(u64 *mask, u32 first, u32 cpus, u32 step)
{
	memset(mask, 0, WORDS_MAX * sizeof(*mask));
	for (u32 cpu = first; cpu < cpus; cpu += step) {
		mask[cpu / 64] |= 1ull << (cpu % 64);
	}
}

int main(void)
{
	static const u32 shapes[] = { 64, 1024, 8192 };
	static const u32 steps[] = { 2, 7, 33, 64, 509 };
	u64 mask[WORDS_MAX];
	double full_ns[3];

	printf("free and alloc at half fill, %u vectors of %u per CPU\n", END - FIRST, VECTORS);
	printf("%-26s %5s %12s %12s %10s\n", "mask", "CPUs", "summary ns", "scan ns", "ratio");
	for (u32 n = 0; n < 3; n++) {
		mask_every(mask, 0, shapes[n], 1);
		full_ns[n] = measure("full", shapes[n], mask);
	}
	for (u32 n = 1; n < 3; n++) {
		mask_every(mask, shapes[n] / 2, shapes[n] / 2 + 64, 1);
		measure("node of 64", shapes[n], mask);
		mask_every(mask, shapes[n] / 2 + 24, shapes[n] / 2 + 24 + 64, 1);
		measure("node of 64, not aligned", shapes[n], mask);
	}
	for (u32 n = 0; n < 3; n++) {
		for (u32 step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
			char name[32];
			snprintf(name, sizeof(name), "every %uth CPU", steps[step]);
			mask_every(mask, steps[step] / 2, shapes[n], steps[step]);
			if (steps[step] / 2 < shapes[n]) {
				measure(name, shapes[n], mask);
			}
		}
	}
	printf("full mask, 8192 CPUs to 64 CPUs: %.2f times the nanoseconds\n", full_ns[2] / full_ns[0]);
	for (u32 n = 0; n < 3; n++) {
		printf("bytes per CPU at %4u CPUs: %.1f (plain scan: %zu)\n", shapes[n],
			(double)vector_matrix_size(shapes[n], VECTORS) / shapes[n], sizeof(struct scan_cpu));
	}
	return 0;
}
