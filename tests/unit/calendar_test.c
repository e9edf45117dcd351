// SPDX-License-Identifier: MIT
/* The calendar against a sorted list that takes the same decisions slowly. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sim/calendar.h"
#include "test_random.h"

struct slow_event {
	uint64_t time_ps;
	uint64_t sequence;
	bool due;
	uint8_t kind;
	uint32_t value;
};

struct slow {
	struct slow_event events[4096];
	uint32_t count;
	uint64_t sequence;
};

static bool slow_before(const struct slow_event *a, const struct slow_event *b)
{
	if (a->due != b->due) {
		return a->due;
	}
	if (!a->due && a->time_ps != b->time_ps) {
		return a->time_ps < b->time_ps;
	}
	if (!a->due && a->kind != b->kind) {
		return a->kind < b->kind;
	}
	return a->sequence < b->sequence;
}

static struct slow_event slow_take(struct slow *s)
{
	uint32_t least = 0;
	struct slow_event taken;

	for (uint32_t i = 1; i < s->count; i++) {
		least = slow_before(&s->events[i], &s->events[least]) ? i : least;
	}
	taken = s->events[least];
	s->events[least] = s->events[--s->count];
	return taken;
}

/* Delays as the simulator has them: some constant, many equal, some random, some none. */
static uint64_t draw_delay(uint64_t *state, uint32_t kind)
{
	switch (random_u64(state) % 5) {
	case 0:
		return 0;
	case 1:
		return 1 + random_u64(state) % 4;
	case 2:
		return 1000;
	case 3:
		return 500 + 100 * kind;
	default:
		return random_u64(state) % 5000;
	}
}

static void against_slow_twin(uint64_t seed, uint32_t waiting)
{
	struct slow *slow = calloc(1, sizeof(*slow));
	struct calendar c;
	uint64_t state = seed;
	uint64_t now_ps = 0;
	uint32_t value = 0;

	calendar_init(&c);
	for (int step = 0; step < 20000; step++) {
		bool post = slow->count == 0 || (slow->count < waiting && random_u64(&state) % 2);

		if (post) {
			uint8_t kind = (uint8_t)(random_u64(&state) % CALENDAR_KINDS);
			uint64_t delay_ps = draw_delay(&state, kind);

			slow->events[slow->count++] = (struct slow_event){
				now_ps + delay_ps, slow->sequence++, delay_ps == 0, kind, value };
			calendar_post(&c, now_ps, delay_ps, &(struct hw_event){ .kind = kind, .value = value++ });
		} else {
			struct slow_event expected = slow_take(slow);
			struct hw_event event;
			uint64_t time_ps = 0;

			if (expected.time_ps > now_ps && expected.time_ps > 0) {
				cr_assert_not(calendar_take(&c, now_ps, expected.time_ps - 1, &time_ps, &event));
			}
			cr_assert(calendar_take(&c, now_ps, expected.time_ps, &time_ps, &event));
			cr_assert_eq(time_ps, expected.time_ps);
			cr_assert_eq(event.value, expected.value, "seed %lu, step %d", (unsigned long)seed, step);
			cr_assert_eq(event.kind, expected.kind);
			now_ps = time_ps;
		}
		cr_assert_eq(calendar_empty(&c), slow->count == 0);
	}
	calendar_release(&c);
	free(slow);
}

Test(calendar, order_is_that_of_a_sorted_list)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		against_slow_twin(seed, 8);
		against_slow_twin(seed + 100, 300);
	}
}

Test(calendar, cleared_one_begins_anew)
{
	struct calendar c;
	struct hw_event event;
	uint64_t time_ps;

	calendar_init(&c);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			calendar_post(&c, 0, i % 7 * 10, &(struct hw_event){ .kind = (uint8_t)(i % 3), .value = i });
		}
		cr_assert(calendar_take(&c, 0, UINT64_MAX, &time_ps, &event));
		cr_expect_eq(event.value, 0);
		calendar_clear(&c);
		cr_assert(calendar_empty(&c));
		cr_assert_not(calendar_take(&c, 0, UINT64_MAX, &time_ps, &event));
	}
	calendar_release(&c);
}
