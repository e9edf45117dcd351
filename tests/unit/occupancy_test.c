/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "models/os/root_domain.h"
#include "sim/occupancy.h"

#define CPUS 130
#define FIRST 32
#define VECTORS 600

/* What the root domain would count. */
static uint64_t used, leaked;

static void count(const struct machine *m, uint64_t *in_use, uint64_t *lost)
{
	(void)m;
	*in_use = used;
	*lost = leaked;
}

static const struct root_domain root = { .count = count };
static const struct machine_config config = { .cpus = CPUS,
					      .vectors_first = FIRST,
					      .vectors_end = FIRST + VECTORS };
static uint64_t online[3] = { 7, 0, 1 };
static struct machine m;
static struct occupancy occupancy;
static struct occupancy_observer observer;

static void set_up(void)
{
	used = leaked = 0;
	m = (struct machine){ .config = &config, .root = &root, .online = online, .cpu_words = 3 };
	occupancy_init(&observer, &m, 1000, &occupancy);
}

static void tear_down(void)
{
	occupancy_release(&observer);
}

TestSuite(occupancy, .init = set_up, .fini = tear_down);

static void at(uint64_t now_ps, enum model_event_kind kind, uint16_t cpu, uint32_t vector)
{
	m.now_ps = now_ps;
	used += kind == EV_VECTOR_ASSIGNED;
	used -= kind == EV_VECTOR_FREED;
	occupancy_event(&observer, &m,
			&(struct model_event){ .kind = (uint8_t)kind, .cpu = cpu, .value = vector,
					       .detail = MOVE_DONE });
}

Test(occupancy, the_map_is_of_a_fixed_size)
{
	cr_assert_eq(occupancy.cpus_per_row, 3);
	cr_assert_eq(occupancy.rows, 44);
	cr_assert_eq(occupancy.vectors_per_column, 3);
	cr_assert_eq(occupancy.columns, 200);
}

Test(occupancy, levels_are_shares_of_time)
{
	/* CPUs 0 to 2 by vectors 32 to 34: one of nine for the whole run. */
	at(0, EV_VECTOR_ASSIGNED, 0, FIRST);
	/* The last row is CPU 129 alone: one of three vectors for half of the run. */
	at(250, EV_VECTOR_ASSIGNED, 129, FIRST + 599);
	at(750, EV_VECTOR_FREED, 129, FIRST + 599);
	/* All of the last row's first column, for good. */
	at(750, EV_VECTOR_ASSIGNED, 129, FIRST);
	at(750, EV_VECTOR_ASSIGNED, 129, FIRST + 1);
	at(750, EV_VECTOR_ASSIGNED, 129, FIRST + 2);
	m.now_ps = 1000;
	occupancy_finish(&observer, &m);
	cr_assert_eq(occupancy.level[0][0], 2, "11 %% is in the second tenth, not %u",
		     occupancy.level[0][0]);
	cr_assert_eq(occupancy.level[43][199], 2, "a sixth, not %u", occupancy.level[43][199]);
	cr_assert_eq(occupancy.level[43][0], 3, "a quarter, not %u", occupancy.level[43][0]);
	cr_assert_eq(occupancy.level[0][1], 0);
}

Test(occupancy, samples_tell_of_the_time_between)
{
	/* An interval is 8 ps: 125 samples, the last one at the end. */
	cr_assert_eq(occupancy.interval_ps, 8);
	at(1, EV_VECTOR_ASSIGNED, 5, FIRST);
	at(2, EV_VECTOR_ASSIGNED, 5, FIRST + 1);
	at(3, EV_MOVE, 5, 0);
	/* An assignment ends the time before it: two samples of that, without it. */
	at(17, EV_VECTOR_ASSIGNED, 6, FIRST);
	cr_assert_eq(occupancy.samples, 2);
	const struct occupancy_sample before = { 2, 0, 1, 4, 0, 0, 2 };
	cr_assert_arr_eq(&occupancy.sample[0], &before, sizeof(before));
	cr_assert_arr_eq(&occupancy.sample[1], &before, sizeof(before));
	leaked = 1;
	at(25, EV_MOVE, 6, 0);
	const struct occupancy_sample between = { 3, 1, 1, 4, 0, 0, 2 };
	cr_assert_arr_eq(&occupancy.sample[2], &between, sizeof(between));
	/* While a vector is freed, what the model counts as leaked is not to be believed. */
	leaked = UINT64_MAX;
	at(33, EV_VECTOR_FREED, 6, FIRST);
	const struct occupancy_sample freed = { 3, 1, 2, 4, 0, 0, 2 };
	cr_assert_eq(occupancy.samples, 4);
	cr_assert_arr_eq(&occupancy.sample[3], &freed, sizeof(freed));
	leaked = 1;
	m.now_ps = 1000;
	occupancy_finish(&observer, &m);
	cr_assert_eq(occupancy.samples, 125);
	const struct occupancy_sample expected = { 2, 1, 2, 4, 0, 0, 2 };
	cr_assert_arr_eq(&occupancy.sample[124], &expected, sizeof(expected));
}

Test(occupancy, an_end_between_two_samples_has_its_own)
{
	occupancy_release(&observer);
	occupancy_init(&observer, &m, 1001, &occupancy);
	cr_assert_eq(occupancy.interval_ps, 8);
	m.now_ps = 1001;
	occupancy_finish(&observer, &m);
	cr_assert_eq(occupancy.samples, 126);
}

Test(occupancy, vectors_outside_of_the_range_are_not_counted)
{
	at(0, EV_VECTOR_ASSIGNED, 0, FIRST - 1);
	at(0, EV_VECTOR_ASSIGNED, 0, FIRST + VECTORS);
	at(0, EV_VECTOR_ASSIGNED, CPUS, FIRST);
	m.now_ps = 1000;
	occupancy_finish(&observer, &m);
	cr_assert_eq(occupancy.sample[124].cpu_max, 0);
}
