/* SPDX-License-Identifier: MIT */
#include "sim/import/matrix_state.h"

#include <glib.h>
#include <string.h>

#include "sim/import/ftrace.h"

/* IRQ_MOVE_CLEANUP_VECTOR, the cascade of the legacy controllers, and the 32-bit system call. */
static const uint32_t x86_system_vectors[] = { 32, 50, 128 };

static struct matrix_state *state_with_shape(uint32_t cpus, uint32_t vectors, uint32_t first,
                                             uint32_t end)
{
	struct matrix_state *s = g_new0(struct matrix_state, 1);

	s->cpus = cpus;
	s->vectors = vectors;
	s->first = first;
	s->end = end;
	s->system = g_new0(bool, vectors);
	s->cpu = g_new0(struct matrix_cpu_state, cpus);
	s->vector = g_malloc((size_t)cpus * vectors);
	memset(s->vector, VECTOR_ANYTHING, (size_t)cpus * vectors);
	return s;
}

struct matrix_state *matrix_state_new(uint32_t cpus)
{
	struct matrix_state *s = state_with_shape(cpus, X86_VECTORS, X86_VECTOR_FIRST,
	                                          X86_VECTOR_END);

	for (size_t i = 0; i < G_N_ELEMENTS(x86_system_vectors); i++) {
		s->system[x86_system_vectors[i]] = true;
	}
	return s;
}

void matrix_state_free(struct matrix_state *s)
{
	if (!s) {
		return;
	}
	g_free(s->system);
	g_free(s->cpu);
	g_free(s->vector);
	g_free(s);
}

static uint8_t state_of_vector(const struct vector_matrix *m, uint32_t cpu, uint32_t vector)
{
	int flags = vector_matrix_state(m, cpu, vector);
	bool allocated = flags & VECTOR_MATRIX_ALLOCATED, managed = flags & VECTOR_MATRIX_MANAGED;

	if (managed) {
		return allocated ? VECTOR_MANAGED_ALLOCATED : VECTOR_MANAGED;
	}
	return allocated ? VECTOR_ALLOCATED : VECTOR_FREE;
}

struct matrix_state *matrix_state_of(const struct vector_matrix *m)
{
	struct vector_matrix_stats stats;

	vector_matrix_stats(m, &stats);
	struct matrix_state *s = state_with_shape(stats.cpus, stats.vectors, stats.first,
	                                          stats.end);
	s->counted = true;
	s->online_cpus = stats.online_cpus;
	s->available = stats.available;
	s->reserved = stats.reserved;
	s->total_allocated = (uint32_t)stats.total_allocated;
	for (uint32_t vector = 0; vector < s->vectors; vector++) {
		s->system[vector] = vector_matrix_state(m, 0, vector) & VECTOR_MATRIX_SYSTEM;
	}
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++) {
		struct vector_matrix_cpu_stats c;
		vector_matrix_cpu_stats(m, cpu, &c);
		s->cpu[cpu] = (struct matrix_cpu_state){
			.online = c.online,
			.initialized = c.initialized,
			.counted = true,
			.available = c.available,
			.allocated = c.allocated,
			.managed = c.managed,
			.managed_allocated = c.managed_allocated,
		};
		for (uint32_t vector = 0; vector < s->vectors; vector++) {
			s->vector[(size_t)cpu * s->vectors + vector] = state_of_vector(m, cpu,
			                                                               vector);
		}
	}
	return s;
}

/* One CPU while it is built; all verbs below succeed or the state does not fit. */
struct builder {
	struct vector_matrix *m;
	const struct matrix_state *s;
	uint32_t cpu;
	uint64_t mask[FTRACE_MASK_WORDS];
	bool filler[VECTOR_MATRIX_VECTORS_MAX];
	int error;
};

static void check(struct builder *b, int result)
{
	if (result < 0 && b->error == 0) {
		b->error = result;
	}
}

static uint8_t wanted(const struct builder *b, uint32_t vector)
{
	return b->s->vector[(size_t)b->cpu * b->s->vectors + vector];
}

/*
 * The matrix sets aside the lowest unused vector: those below the wanted one are filled for that
 * moment.
 */
static void reserve_managed_at(struct builder *b, uint32_t vector)
{
	for (uint32_t v = b->s->first; v < vector; v++) {
		b->filler[v] = vector_matrix_state(b->m, b->cpu, v) == 0;
		if (b->filler[v]) {
			check(b, vector_matrix_assign(b->m, b->cpu, v));
		}
	}
	check(b, vector_matrix_reserve_managed(b->m, b->mask));
	for (uint32_t v = b->s->first; v < vector; v++) {
		if (b->filler[v]) {
			check(b, vector_matrix_free(b->m, b->cpu, v, false));
		}
	}
}

static void build_managed(struct builder *b, uint8_t kind)
{
	for (uint32_t vector = b->s->first; vector < b->s->end; vector++) {
		if (wanted(b, vector) != kind) {
			continue;
		}
		reserve_managed_at(b, vector);
		if (kind == VECTOR_MANAGED_ALLOCATED) {
			uint32_t chosen;
			check(b, vector_matrix_alloc_managed(b->m, b->mask, &chosen));
		}
	}
}

/* What the available count will be off the number of unused vectors. */
static int64_t difference(const struct builder *b)
{
	const struct matrix_cpu_state *want = &b->s->cpu[b->cpu];
	int64_t unused = 0;

	for (uint32_t v = b->s->first; v < b->s->end; v++) {
		unused += !b->s->system[v] && wanted(b, v) == VECTOR_FREE;
	}
	return want->counted ? (int64_t)want->available - unused : 0;
}

/*
 * Every managed vector that is reserved while the CPU is offline leaves the available count one too
 * high, every one that is removed then one too low. The lowest managed vector is removed; the
 * others are allocated for that time, so that it is the one that was reserved.
 */
static void build_difference(struct builder *b)
{
	int64_t off = difference(b);
	uint32_t chosen;

	if (off == 0) {
		return;
	}
	while (vector_matrix_alloc_managed(b->m, b->mask, &chosen) >= 0) {
	}
	for (; off < 0 && b->error == 0; off++) {
		check(b, vector_matrix_reserve_managed(b->m, b->mask));
		check(b, vector_matrix_offline(b->m, b->cpu));
		check(b, vector_matrix_remove_managed(b->m, b->mask));
		check(b, vector_matrix_online(b->m, b->cpu));
	}
	for (; off > 0 && b->error == 0; off--) {
		check(b, vector_matrix_offline(b->m, b->cpu));
		check(b, vector_matrix_reserve_managed(b->m, b->mask));
		check(b, vector_matrix_online(b->m, b->cpu));
		check(b, vector_matrix_remove_managed(b->m, b->mask));
	}
	for (uint32_t v = b->s->first; v < b->s->end; v++) {
		if (wanted(b, v) == VECTOR_MANAGED) {
			check(b, vector_matrix_free(b->m, b->cpu, v, true));
		}
	}
}

static void build_cpu(struct builder *b)
{
	const struct matrix_cpu_state *want = &b->s->cpu[b->cpu];

	if (!want->initialized) {
		return;
	}
	memset(b->mask, 0, sizeof(b->mask));
	b->mask[b->cpu / 64] = UINT64_C(1) << (b->cpu % 64);
	check(b, vector_matrix_online(b->m, b->cpu));
	build_managed(b, VECTOR_MANAGED_ALLOCATED);
	build_managed(b, VECTOR_MANAGED);
	for (uint32_t vector = b->s->first; vector < b->s->end; vector++) {
		if (wanted(b, vector) == VECTOR_ALLOCATED) {
			check(b, vector_matrix_assign(b->m, b->cpu, vector));
		}
	}
	build_difference(b);
	if (!want->online) {
		check(b, vector_matrix_offline(b->m, b->cpu));
	}
}

struct vector_matrix *matrix_state_build(const struct matrix_state *s, char **error)
{
	size_t size = vector_matrix_size(s->cpus, s->vectors);
	void *memory = size ? g_malloc0(size) : NULL;
	struct builder b = { .m = memory, .s = s };

	*error = NULL;
	if (!memory ||
	    vector_matrix_init(memory, size, s->cpus, s->vectors, s->first, s->end, NULL) < 0) {
		*error = g_strdup_printf(
			"%u CPUs with vectors %u to %u of %u are no vector allocator", s->cpus,
			s->first, s->end - 1, s->vectors);
		g_free(memory);
		return NULL;
	}
	for (uint32_t vector = 0; vector < s->vectors; vector++) {
		if (s->system[vector]) {
			check(&b, vector_matrix_assign_system(b.m, 0, vector, false));
		}
	}
	for (b.cpu = 0; b.cpu < s->cpus; b.cpu++) {
		build_cpu(&b);
		if (b.error) {
			*error = g_strdup_printf(
				"the vectors and counters of CPU %u contradict each other", b.cpu);
			g_free(memory);
			return NULL;
		}
	}
	check(&b, vector_matrix_reserve(b.m, s->reserved));
	return b.m;
}

static char *compare_number(const char *what, int64_t replay, int64_t snapshot)
{
	return replay == snapshot
	               ? NULL
	               : g_strdup_printf("%s: %" G_GINT64_FORMAT " in the replay, %" G_GINT64_FORMAT
	                                 " in the snapshot",
	                                 what, replay, snapshot);
}

static char *compare_globals(const struct vector_matrix_stats *stats,
                             const struct matrix_state *snapshot, const struct matrix_proof *proof,
                             int64_t total_offset)
{
	char *difference = NULL;

	if (proof->online) {
		difference = compare_number("online CPUs", stats->online_cpus,
		                            snapshot->online_cpus);
	}
	if (!difference && proof->sum) {
		difference = compare_number("available vectors", stats->available,
		                            snapshot->available);
	}
	if (!difference && proof->globals) {
		difference = compare_number("reserved vectors", stats->reserved,
		                            snapshot->reserved);
	}
	if (!difference && proof->globals) {
		difference = compare_number("allocated vectors",
		                            (int64_t)stats->total_allocated + total_offset,
		                            snapshot->total_allocated);
	}
	return difference;
}

static const char *set_text(uint8_t set)
{
	static const char *const texts[VECTOR_ANYTHING + 1] = {
		[VECTOR_FREE] = "free",
		[VECTOR_ALLOCATED] = "allocated",
		[VECTOR_MANAGED] = "managed",
		[VECTOR_MANAGED_ALLOCATED] = "managed and allocated",
		[VECTOR_FREE | VECTOR_MANAGED] = "not allocated",
		[VECTOR_ALLOCATED | VECTOR_MANAGED_ALLOCATED] = "allocated in some way",
	};

	return texts[set] ? texts[set] : "not known";
}

static bool is_proven(const struct matrix_proof *proof, size_t index)
{
	return !proof->sets || (proof->sets[index] & (proof->sets[index] - 1)) == 0;
}

static char *compare_cpu_counters(const struct vector_matrix_cpu_stats *c,
                                  const struct matrix_cpu_state *want, uint32_t cpu,
                                  const struct matrix_proof *proof)
{
	bool counted = want->counted && (!proof->counted || proof->counted[cpu]);
	bool mapped = want->counted && (!proof->mapped || proof->mapped[cpu]);

	if ((counted && c->available != want->available) ||
	    (mapped && (c->allocated != want->allocated || c->managed != want->managed)) ||
	    (mapped && proof->split && c->managed_allocated != want->managed_allocated)) {
		return g_strdup_printf("CPU %u: available, allocated, managed, of them allocated: "
		                       "%u, %u, %u, %u in the "
		                       "replay; %u, %u, %u, %u in the snapshot",
		                       cpu, c->available, c->allocated, c->managed,
		                       c->managed_allocated, want->available, want->allocated,
		                       want->managed, want->managed_allocated);
	}
	return NULL;
}

static char *compare_cpu(const struct vector_matrix *m, const struct matrix_state *snapshot,
                         uint32_t cpu, const struct matrix_proof *proof)
{
	const struct matrix_cpu_state *want = &snapshot->cpu[cpu];
	struct vector_matrix_cpu_stats c;

	vector_matrix_cpu_stats(m, cpu, &c);
	if (proof->online && c.online != want->online) {
		return g_strdup_printf("CPU %u is %s in the replay, %s in the snapshot", cpu,
		                       c.online ? "online" : "offline",
		                       want->online ? "online" : "offline");
	}
	char *difference = compare_cpu_counters(&c, want, cpu, proof);
	for (uint32_t vector = snapshot->first; !difference && vector < snapshot->end; vector++) {
		size_t index = (size_t)cpu * snapshot->vectors + vector;
		uint8_t is = state_of_vector(m, cpu, vector);
		if (is_proven(proof, index) && !snapshot->system[vector] &&
		    !(is & snapshot->vector[index])) {
			difference = g_strdup_printf(
				"CPU %u vector %u is %s in the replay, %s in the snapshot", cpu,
				vector, set_text(is), set_text(snapshot->vector[index]));
		}
	}
	return difference;
}

char *matrix_state_compare(const struct vector_matrix *m, const struct matrix_state *snapshot,
                           const struct matrix_proof *proof, int64_t total_offset)
{
	static const struct matrix_proof all = {
		.split = true, .online = true, .sum = true, .globals = true
	};
	struct vector_matrix_stats stats;

	proof = proof ? proof : &all;
	vector_matrix_stats(m, &stats);
	if (stats.cpus < snapshot->cpus || stats.vectors != snapshot->vectors ||
	    stats.first != snapshot->first || stats.end != snapshot->end) {
		return g_strdup_printf("%u CPUs with vectors %u to %u in the replay; %u CPUs with "
		                       "vectors %u to %u in the "
		                       "snapshot",
		                       stats.cpus, stats.first, stats.end - 1, snapshot->cpus,
		                       snapshot->first, snapshot->end - 1);
	}
	for (uint32_t vector = stats.first; vector < stats.end; vector++) {
		bool is_system = vector_matrix_state(m, 0, vector) & VECTOR_MATRIX_SYSTEM;
		if (is_system != snapshot->system[vector]) {
			return g_strdup_printf("vector %u is %sa system vector in the replay, and "
			                       "%s in the snapshot",
			                       vector, is_system ? "" : "not ",
			                       is_system ? "not" : "one");
		}
	}
	for (uint32_t cpu = 0; cpu < snapshot->cpus; cpu++) {
		char *difference = compare_cpu(m, snapshot, cpu, proof);
		if (difference) {
			return difference;
		}
	}
	return snapshot->counted ? compare_globals(&stats, snapshot, proof, total_offset) : NULL;
}
