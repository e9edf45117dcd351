/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "recorded.h"
#include "sim/import/matrix_state.h"

static struct matrix_state *read_text(const char *text, char **error)
{
	g_autofree char *path = g_strdup("matrix-state-XXXXXX");
	int fd = g_mkstemp(path);

	cr_assert(fd >= 0);
	g_close(fd, NULL);
	cr_assert(g_file_set_contents(path, text, -1, NULL));
	struct matrix_state *state = matrix_state_read(path, error);
	g_remove(path);
	return state;
}

static void expect_error(const char *text, const char *part)
{
	char *error = NULL;
	struct matrix_state *state = read_text(text, &error);

	cr_assert_null(state, "%s", text);
	cr_assert_not_null(error);
	cr_expect(strstr(error, part), "%s: not %s", error, part);
	g_free(error);
}

#define HEADING "ktdump v1 possible=0-1 online=0-1 nr_irqs=456\n"
#define MATRIX                                                                                     \
	"matrix bits=256 start=32 end=236 size=204 global_avl=396 global_rsvd=2 "                  \
	"sysbits_inalloc=3 total_alloc=5 online_maps=2\n"

Test(matrix_state, what_is_wrong_with_a_file)
{
	expect_error("", "no allocator");
	expect_error("some text\n", "neither a ktdump nor");
	expect_error("ktdump v2 possible=0-1\n", ":1: this is no version");
	expect_error("ktdump v1 online=0\n", ":1: this is no version");
	expect_error("ktdump v1 possible=0-9999 x\n", ":1: '9999 x' is no list");
	expect_error(HEADING "cpumap cpu=0\n", ":2: 'cpumap' does not belong here");
	expect_error(HEADING "matrix bits=256 start=32 end=236 global_avl=x\n", ":2:");
	expect_error(HEADING "matrix bits=2048 start=32 end=236 global_avl=1\n", ":2: this shape");
	expect_error(HEADING MATRIX "cpumap cpu=2 init=1\n", ":3: 'cpumap' does not belong here");
	expect_error(HEADING MATRIX
	             "cpumap cpu=1 init=1 online=1 avl=1 alloc=1 managed=1 mgd_alloc=1\n",
	             ":3: 'alloc_map='");
	expect_error(
		HEADING MATRIX
		"cpumap cpu=1 init=1 online=1 avl=1 alloc=1 managed=1 mgd_alloc=1 alloc_map=3-1 "
		"managed_map=\n",
		":3: '1 managed_map=' is no list");
	expect_error(
		HEADING MATRIX
		"cpumap cpu=1 init=1 online=1 avl=1 alloc=1 managed=1 mgd_alloc=1 alloc_map=256 "
		"managed_map=\n",
		":3:");
	expect_error("/nonexistent", "neither");
	char *error = NULL;
	cr_expect_null(matrix_state_read("/nonexistent/x.ktdump", &error));
	cr_expect(g_str_has_prefix(error, "/nonexistent/x.ktdump: "), "%s", error);
	g_free(error);
}

/*
 * Every snapshot of the recordings, built as an allocator, is equal to itself and has sound
 * counters.
 */
Test(matrix_state, snapshots_can_be_built)
{
	static const char *const names[] = { "affinity-4cpu", "exhaust-2cpu", "hotplug-8cpu",
		                             "intremap-4cpu" };
	size_t built = 0;

	for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
		size_t count;
		struct replay_snapshot *snapshots = recorded_snapshots(names[n], &count);
		for (size_t i = 0; i < count; i++) {
			char *error;
			struct vector_matrix *m = matrix_state_build(snapshots[i].state, &error);
			cr_assert_not_null(m, "%s/%s: %s", names[n], snapshots[i].name, error);
			cr_expect_eq(vector_matrix_check(m), 0);
			struct vector_matrix_stats stats;
			vector_matrix_stats(m, &stats);
			g_autofree char *difference = matrix_state_compare(
				m, snapshots[i].state, NULL,
				(int64_t)snapshots[i].state->total_allocated -
					(int64_t)stats.total_allocated);
			cr_expect_null(difference, "%s/%s: %s", names[n], snapshots[i].name,
			               difference);
			g_free(m);
			built++;
		}
		recorded_snapshots_free(snapshots, count);
	}
	cr_expect_gt(built, 70);
}

static struct matrix_state *small_state(void)
{
	struct matrix_state *s = matrix_state_new(2);

	memset(s->vector, VECTOR_FREE, 2 * (size_t)s->vectors);
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		s->cpu[cpu].online = s->cpu[cpu].initialized = true;
	}
	return s;
}

Test(matrix_state, what_is_asked_for_is_built)
{
	struct matrix_state *s = small_state();
	char *error;

	s->vector[33] = VECTOR_MANAGED_ALLOCATED;
	s->vector[40] = VECTOR_MANAGED;
	s->vector[39] = VECTOR_ALLOCATED;
	s->vector[256 + 235] = VECTOR_MANAGED;
	s->cpu[1].counted = true;
	s->vector[256 + 33] = VECTOR_ALLOCATED;
	s->cpu[1].available = 190;
	s->reserved = 7;
	struct vector_matrix *m = matrix_state_build(s, &error);
	cr_assert_not_null(m, "%s", error);
	cr_expect_eq(vector_matrix_state(m, 0, 33),
	             VECTOR_MATRIX_ALLOCATED | VECTOR_MATRIX_MANAGED);
	cr_expect_eq(vector_matrix_state(m, 0, 40), VECTOR_MATRIX_MANAGED);
	cr_expect_eq(vector_matrix_state(m, 0, 39), VECTOR_MATRIX_ALLOCATED);
	cr_expect_eq(vector_matrix_state(m, 1, 235), VECTOR_MATRIX_MANAGED);
	cr_expect_eq(vector_matrix_state(m, 0, 34), 0);
	cr_expect_eq(vector_matrix_state(m, 1, 33), VECTOR_MATRIX_ALLOCATED);
	cr_expect_eq(vector_matrix_state(m, 1, 34), 0);
	cr_expect_eq(vector_matrix_available(m), 198 + 190);
	cr_expect_eq(vector_matrix_reserved(m), 7);
	cr_expect_eq(vector_matrix_check(m), 0);
	struct matrix_state *copy = matrix_state_of(m);
	cr_expect_arr_eq(copy->vector, s->vector, 2 * (size_t)s->vectors);
	matrix_state_free(copy);

	/* Each difference is found. */
	s->counted = false;
	s->cpu[1].counted = false;
	g_autofree char *none = matrix_state_compare(m, s, NULL, 0);
	cr_expect_null(none, "%s", none);
	s->vector[60] = VECTOR_ALLOCATED;
	g_autofree char *vector = matrix_state_compare(m, s, NULL, 0);
	cr_expect_str_eq(vector,
	                 "CPU 0 vector 60 is free in the replay, allocated in the snapshot");
	uint8_t *proven = g_malloc(2 * (size_t)s->vectors);
	memset(proven, VECTOR_FREE, 2 * (size_t)s->vectors);
	proven[60] = VECTOR_ANYTHING;
	struct matrix_proof proof = { .sets = proven, .online = true };
	g_autofree char *open = matrix_state_compare(m, s, &proof, 0);
	cr_expect_null(open, "%s", open);
	g_free(proven);
	s->vector[60] = VECTOR_FREE;
	s->system[51] = true;
	g_autofree char *system = matrix_state_compare(m, s, NULL, 0);
	cr_expect_str_eq(system,
	                 "vector 51 is not a system vector in the replay, and one in the snapshot");
	s->system[51] = false;
	s->cpu[0].online = false;
	g_autofree char *online = matrix_state_compare(m, s, NULL, 0);
	cr_expect_str_eq(online, "CPU 0 is online in the replay, offline in the snapshot");
	g_free(m);
	matrix_state_free(s);
}

Test(matrix_state, debugfs)
{
	static const char text[] = "name:   VECTOR\n size:   0\n mapped: 25\n flags:  0x00000003\n"
				   "Online bitmaps:        2\nGlobal available:    397\nGlobal "
	                           "reserved:       6\nTotal allocated:       4\n"
				   "System: 39: 0-19,29,32,50,128,236,240-242,244,246-255\n"
				   " | CPU | avl | man | mac | act | vectors\n"
				   "     0   197     2     1    3  33-34,48\n"
				   "     1   200     1     0    0  \n";
	char *error = NULL;
	struct matrix_state *s = read_text(text, &error);

	cr_assert_not_null(s, "%s", error);
	cr_expect_eq(s->cpus, 2);
	cr_expect_eq(s->online_cpus, 2);
	cr_expect_eq(s->available, 397);
	cr_expect_eq(s->reserved, 6);
	cr_expect_eq(s->total_allocated, 4);
	cr_expect(s->system[50] && s->system[128] && !s->system[51]);
	cr_expect_eq(s->cpu[0].available, 197);
	cr_expect_eq(s->cpu[0].managed, 2);
	cr_expect_eq(s->cpu[0].managed_allocated, 1);
	cr_expect_eq(s->cpu[0].allocated, 3);
	cr_expect_eq(s->vector[48], VECTOR_ALLOCATED | VECTOR_MANAGED_ALLOCATED);
	cr_expect_eq(s->vector[35], VECTOR_FREE | VECTOR_MANAGED);
	cr_expect_eq(s->vector[256 + 33], VECTOR_FREE | VECTOR_MANAGED);
	matrix_state_free(s);
	expect_error("Online bitmaps:        x\n", ":1: 'Online bitmaps:' has no number");
	expect_error("Online bitmaps: 1\n| CPU | avl | man | mac | act | vectors\n 0 1 2 3\n",
	             ":3: a CPU's row");
	expect_error(
		"Online bitmaps: 1\n| CPU | avl | man | mac | act | vectors\n 9999 1 2 3 4 33\n",
		":3: there are more");
	expect_error("Online bitmaps: 1\n| CPU | avl | man | mac | act | vectors\n",
	             "lists no CPU");
}
