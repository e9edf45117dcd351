/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vector_matrix: the interrupt vectors of every CPU, and which CPU gets the next one.
 *
 * Shape: 1 to 8,192 CPUs with 1 to 2,048 vectors each. Only vectors from first (inclusive) to end
 * (exclusive) are ever allocated; a system vector may lie anywhere.
 *
 * Decisions and counts are those of Linux's kernel/irq/matrix.c (6.1 to 6.12), in the default
 * placement:
 *   - alloc: the online CPU of the mask with the highest available count, the lowest CPU on a tie,
 *     and there the lowest vector that is neither allocated, nor managed, nor a system vector;
 *   - alloc_managed: the online CPU of the mask with the fewest allocated managed vectors, the
 *     HIGHEST CPU on a tie, and there the lowest managed vector that is not allocated. A CPU
 *     without any managed vector counts as having none allocated and may win; the call then fails;
 *   - a CPU's available count is set when it is brought online for the first time, and survives
 *     offline. Managed vectors that are reserved or removed while such a CPU is offline are not
 *     counted, so from then on the count differs from the number of free vectors: a CPU can win and
 *     have none (ENOSPC), or have free vectors that are never handed out;
 *   - a free on an offline CPU leaves total_allocated as it is.
 * Where Linux would stop the machine, wrap a counter, or leave a half-done change behind, an error
 * comes back instead and nothing has changed.
 *
 * Masks: const u64 *mask, DIV_ROUND_UP(cpus, 64) words; CPU n is bit n % 64 of word n / 64. Bits at
 * and above the number of CPUs are ignored. A NULL mask means every CPU.
 *
 * Memory is the caller's, one block without pointers into itself: it may be copied, moved and
 * compared as plain data while no verb runs. The same counts and maps are the same bytes, however
 * they came about. The lock is the one pointer in it; it is only compared and asserted, never
 * taken.
 *
 * Context: every verb that changes something, and vector_matrix_check(), needs the lock held
 * (asserted where it is not NULL). None sleeps, allocates or recurses. The queries may run without
 * the lock and then tell of some recent moment.
 *
 * Errors are negative errno values. Misuse (marked "warns") also gives a one-time warning. On every
 * error nothing has changed, results passed by pointer included.
 */
#ifndef MSIRACE_VECTOR_MATRIX_H
#define MSIRACE_VECTOR_MATRIX_H

#include "core_env.h"

#define VECTOR_MATRIX_CPUS_MAX 8192
#define VECTOR_MATRIX_VECTORS_MAX 2048

struct vector_matrix;

/**
 * enum vector_matrix_placement - which CPU of the mask alloc, alloc_range and alloc_same prefer
 * @VECTOR_MATRIX_SPREAD:    the highest available count, then the lowest CPU: Linux's choice, and
 *                           the default
 * @VECTOR_MATRIX_PACK:      the lowest available count among the CPUs that can serve the request,
 *                           then the lowest CPU
 * @VECTOR_MATRIX_FIRST_FIT: the lowest CPU that can serve the request
 */
enum vector_matrix_placement {
	VECTOR_MATRIX_SPREAD,
	VECTOR_MATRIX_PACK,
	VECTOR_MATRIX_FIRST_FIT,
};

/**
 * struct vector_matrix_stats - the counters of the whole matrix
 * @cpus:            number of CPUs, online or not
 * @vectors:         vectors per CPU
 * @first:           first vector that can be allocated
 * @end:             first vector behind the allocatable range
 * @online_cpus:     CPUs that are online (Linux: online_maps)
 * @available:       sum of the available counts of the online CPUs (global_available)
 * @reserved:        reservations not yet turned into vectors (global_reserved); may exceed
 *                   @available
 * @system_in_range: system vectors from @first to @end (systembits_inalloc)
 * @total_allocated: allocations less frees; a free on an offline CPU is not subtracted
 *                   (total_allocated)
 * @freed_offline:   frees on offline CPUs: @total_allocated less the vectors that are allocated
 */
struct vector_matrix_stats {
	u32 cpus;
	u32 vectors;
	u32 first;
	u32 end;
	u32 online_cpus;
	u32 available;
	u32 reserved;
	u32 system_in_range;
	u64 total_allocated;
	u64 freed_offline;
};

/**
 * struct vector_matrix_cpu_stats - the counters of one CPU
 * @available:         vectors that Linux counts as available; 0 before the CPU was first online
 * @unused:            vectors of the range that are neither allocated, nor managed, nor system
 *                     vectors
 * @allocated:         allocated vectors, managed ones included
 * @managed:           managed vectors, allocated or not
 * @managed_allocated: managed vectors that are allocated
 * @online:            the CPU is online
 * @initialized:       the CPU was online at least once
 */
struct vector_matrix_cpu_stats {
	u32 available;
	u32 unused;
	u32 allocated;
	u32 managed;
	u32 managed_allocated;
	bool online;
	bool initialized;
};

/* Flags of one vector on one CPU, from vector_matrix_state(). */
#define VECTOR_MATRIX_ALLOCATED 0x1
#define VECTOR_MATRIX_MANAGED 0x2
#define VECTOR_MATRIX_SYSTEM 0x4

/**
 * vector_matrix_size - memory that a matrix of this shape needs
 * @cpus:    1 to VECTOR_MATRIX_CPUS_MAX
 * @vectors: vectors per CPU, 1 to VECTOR_MATRIX_VECTORS_MAX
 *
 * Return: bytes, or 0 for a shape that is not supported.
 */
size_t vector_matrix_size(u32 cpus, u32 vectors);

/**
 * vector_matrix_init - make a matrix in the caller's memory
 * @mem:     memory, aligned to 8 bytes; from success on it is a struct vector_matrix
 * @size:    bytes at @mem, at least vector_matrix_size(); what lies behind that is not touched
 * @cpus:    as for vector_matrix_size()
 * @vectors: as for vector_matrix_size()
 * @first:   first vector that can be allocated
 * @end:     first vector that can no longer be allocated; @first < @end <= @vectors
 * @lock:    the caller's lock, for assertions; NULL where there is none
 *
 * Every CPU is offline, nothing is allocated, the placement is VECTOR_MATRIX_SPREAD. There is
 * nothing to tear down.
 *
 * Return: 0; -EINVAL for a bad shape or range, or memory that is missing or misaligned; -ENOMEM for
 * too little of it.
 */
int vector_matrix_init(void *mem, size_t size, u32 cpus, u32 vectors, u32 first, u32 end,
	const void *lock);

/**
 * vector_matrix_set_placement - choose what alloc, alloc_range and alloc_same prefer from now on
 *
 * Return: 0; -EINVAL (warns) for a value outside the enum.
 */
int vector_matrix_set_placement(struct vector_matrix *m, enum vector_matrix_placement placement);

/**
 * vector_matrix_online - bring a CPU online
 *
 * The first time sets its available count; later its vectors, allocated and managed, are as they
 * were.
 *
 * Return: 0; -EINVAL (warns) if @cpu is out of range or online already.
 */
int vector_matrix_online(struct vector_matrix *m, u32 cpu);

/**
 * vector_matrix_offline - take a CPU out of every later choice
 *
 * Its allocations stay, and can be freed.
 *
 * Return: 0; -EINVAL (warns) if @cpu is out of range or not online.
 */
int vector_matrix_offline(struct vector_matrix *m, u32 cpu);

/**
 * vector_matrix_assign_system - make a vector a system vector, on every CPU and for good
 * @cpu:     with @replace: the CPU on which the vector was assigned
 * @vector:  any vector of the matrix, also outside the allocatable range
 * @replace: the vector is allocated on @cpu (vector_matrix_assign()) and changes into a system
 *           vector
 *
 * Only while no CPU is online; with @replace also while @cpu alone is.
 *
 * Return: 0; all others warn: -EINVAL if @cpu or @vector is out of range; -EEXIST if it is a system
 * vector already; -EBUSY if too many CPUs are online, or the vector is allocated or managed
 * anywhere but for what @replace takes over; -ENOENT if @replace finds it not allocated on @cpu.
 */
int vector_matrix_assign_system(struct vector_matrix *m, u32 cpu, u32 vector, bool replace);

/**
 * vector_matrix_reserve_managed - set one vector aside on each CPU of a mask
 * @mask: CPUs, online or not
 *
 * Each CPU gives its lowest unused vector, not the same on all.
 *
 * Return: 0; -EINVAL for an empty mask; -ENOSPC if one of the CPUs has no unused vector; -EOVERFLOW
 * (warns) if an online CPU has unused vectors but an available count of 0, or an offline one is
 * 60,000 counts ahead of its unused vectors.
 */
int vector_matrix_reserve_managed(struct vector_matrix *m, const u64 *mask);

/**
 * vector_matrix_remove_managed - give back one managed vector that is not allocated on each CPU of
 * a mask
 * @mask: CPUs, online or not
 *
 * Each CPU gives back its lowest one.
 *
 * Return: 0; -EINVAL for an empty mask; -ENOENT (warns) if one of the CPUs has none.
 */
int vector_matrix_remove_managed(struct vector_matrix *m, const u64 *mask);

/**
 * vector_matrix_alloc_managed - allocate one of the managed vectors of a CPU of the mask
 * @cpu: the chosen CPU, on success
 *
 * Return: the vector; -EINVAL for an empty mask; -ENOSPC if no CPU of it is online, or the chosen
 * one has no managed vector left.
 */
int vector_matrix_alloc_managed(struct vector_matrix *m, const u64 *mask, u32 *cpu);

/**
 * vector_matrix_assign - allocate this very vector on this CPU
 *
 * Return: 0; all others warn: -EINVAL if @cpu is out of range or offline, or @vector is outside the
 * allocatable range; -EBUSY if the vector is allocated, managed or a system vector; -EOVERFLOW if
 * it is unused but the CPU's available count is 0.
 */
int vector_matrix_assign(struct vector_matrix *m, u32 cpu, u32 vector);

/**
 * vector_matrix_reserve - note that vectors will be wanted, without choosing them
 * @count: how many
 *
 * Pure bookkeeping; more may be reserved than are available.
 *
 * Return: 0; -EOVERFLOW (warns) if the count would pass 2^32 - 1.
 */
int vector_matrix_reserve(struct vector_matrix *m, u32 count);

/**
 * vector_matrix_remove_reserved - take reservations back that were not turned into vectors
 *
 * Return: 0; -EINVAL (warns) if fewer than @count are reserved.
 */
int vector_matrix_remove_reserved(struct vector_matrix *m, u32 count);

/**
 * vector_matrix_alloc - allocate a vector on a CPU of the mask
 * @reserved: turn one reservation into this vector
 * @cpu:      the chosen CPU, on success
 *
 * Return: the vector; -EINVAL for an empty mask, or (warns) if @reserved and nothing is reserved;
 * -ENOSPC if no CPU of the mask is online and has an available count, or the chosen one has no
 * unused vector.
 */
int vector_matrix_alloc(struct vector_matrix *m, const u64 *mask, bool reserved, u32 *cpu);

/**
 * vector_matrix_alloc_range - allocate contiguous vectors on one CPU of the mask
 * @count: how many, at least 1
 * @align: the first vector is a multiple of this power of two; multi-message MSI needs @count
 *         rounded up to one
 * @cpu:   the chosen CPU, on success
 *
 * Of the CPUs that have such a range and an available count of at least @count, the placement
 * chooses; there it is the lowest range. The vectors are freed one by one.
 *
 * Return: the first vector; -EINVAL for an empty mask, or (warns) if @count is 0 or @align is no
 * power of two; -ENOSPC if no online CPU of the mask has such a range.
 */
int vector_matrix_alloc_range(struct vector_matrix *m, const u64 *mask, u32 count, u32 align,
	u32 *cpu);

/**
 * vector_matrix_alloc_same - allocate this very vector on some CPU of the mask
 * @cpu: the chosen CPU, on success
 *
 * Of the CPUs on which the vector is unused and whose available count is not 0, the placement
 * chooses.
 *
 * Return: @vector; -EINVAL for an empty mask, or (warns) if @vector is outside the allocatable
 * range; -ENOSPC if no online CPU of the mask has it unused.
 */
int vector_matrix_alloc_same(struct vector_matrix *m, u32 vector, const u64 *mask, u32 *cpu);

/**
 * vector_matrix_free - free an allocated vector
 * @managed: the vector came from vector_matrix_alloc_managed(); it stays managed
 *
 * The CPU may be offline.
 *
 * Return: 0; all others warn: -EINVAL if @cpu is out of range, @vector is outside the allocatable
 * range, or @managed is not what the vector is; -ENOENT if the vector is not allocated.
 */
int vector_matrix_free(struct vector_matrix *m, u32 cpu, u32 vector, bool managed);

/** vector_matrix_available - the sum of the available counts of the online CPUs */
u32 vector_matrix_available(const struct vector_matrix *m);

/**
 * vector_matrix_available_without - what vector_matrix_available() would be with @cpu offline
 *
 * A CPU that is offline already takes nothing away. Warns if @cpu is out of range, which takes
 * nothing away either.
 */
u32 vector_matrix_available_without(const struct vector_matrix *m, u32 cpu);

/** vector_matrix_reserved - reservations that were not turned into vectors yet */
u32 vector_matrix_reserved(const struct vector_matrix *m);

/**
 * vector_matrix_allocated - allocated vectors of one CPU, managed ones included; 0 (warns) if @cpu
 * is out of range
 */
u32 vector_matrix_allocated(const struct vector_matrix *m, u32 cpu);

/** vector_matrix_stats - all counters of the matrix at once */
void vector_matrix_stats(const struct vector_matrix *m, struct vector_matrix_stats *stats);

/**
 * vector_matrix_cpu_stats - all counters of one CPU at once
 *
 * Return: 0; -EINVAL (warns) if @cpu is out of range.
 */
int vector_matrix_cpu_stats(const struct vector_matrix *m, u32 cpu,
	struct vector_matrix_cpu_stats *stats);

/**
 * vector_matrix_state - what a vector is on a CPU
 *
 * Return: a set of VECTOR_MATRIX_ALLOCATED, _MANAGED and _SYSTEM, 0 if it is none of them; -EINVAL
 * (warns) if @cpu or @vector is out of range.
 */
int vector_matrix_state(const struct vector_matrix *m, u32 cpu, u32 vector);

/**
 * vector_matrix_check - walk everything and compare it with everything else
 *
 * Every count against the maps, every sum against the counts, the summaries against a plain scan.
 * Takes time in proportion to the whole memory.
 *
 * Return: 0, or -EINVAL (warns) if anything disagrees.
 */
int vector_matrix_check(const struct vector_matrix *m);

/**
 * typedef vector_matrix_print_fn - receives the text of vector_matrix_dump()
 * @context: as given to vector_matrix_dump()
 * @text:    a part of a line, or several; not terminated, valid only during the call
 * @length:  bytes at @text
 */
typedef void (*vector_matrix_print_fn)(void *context, const char *text, size_t length);

/**
 * vector_matrix_dump - print the matrix
 *
 * A line of global counters, a line of system vectors, a heading, then one line a CPU: number,
 * state, counts, and its vectors as ranges: "33-36 40m 41M", where m is managed and not allocated,
 * M managed and allocated. Every line ends in a newline.
 */
void vector_matrix_dump(const struct vector_matrix *m, vector_matrix_print_fn print, void *context);

#endif
