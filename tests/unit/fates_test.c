// SPDX-License-Identifier: MIT
/* The fates of raises, from sequences of events made by hand. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "model_world.h"

static const struct device_config two[] = {
	{ .domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } }, .domains = 1, .vectors = 1 },
	{ .domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } }, .domains = 1, .vectors = 1 }
};

/* A world whose hardware stands still: only what a test tells happens. */
static struct world *still(void)
{
	return world_create(&(struct world_setup){ .devices = two, .devices_count = 2 });
}

static struct causes raise_at(struct world *w, uint64_t at_ps, uint32_t source)
{
	struct causes causes;

	w->machine.now_ps = at_ps;
	causes = raise_new(&w->machine, source);
	fates_event(&w->fates, &w->machine, &(struct model_event){
		.kind = EV_RAISE, .source = source, .causes = causes });
	return causes;
}

static void start(struct world *w, uint64_t at_ps, uint32_t source, struct causes causes, enum run_origin origin)
{
	w->machine.now_ps = at_ps;
	fates_event(&w->fates, &w->machine, &(struct model_event){
		.kind = EV_HANDLER_START, .detail = (uint8_t)origin, .source = source, .causes = causes });
	causes_release(&w->machine, &causes);
}

static void lose(struct world *w, uint64_t at_ps, struct causes causes)
{
	w->machine.now_ps = at_ps;
	causes_lose(&w->machine, &causes, LOSS_UNASSIGNED, 0, 99);
}

static uint64_t of(const struct world *w, enum metric_counter counter)
{
	return w->metrics.counter[counter];
}

Test(fates, lost_raise_is_covered_by_a_handler_that_an_earlier_raise_was_owed)
{
	struct world *w = still();
	struct causes owed = raise_at(w, 100, 0);
	struct causes torn = raise_at(w, 200, 0);

	lose(w, 700, torn);
	start(w, 900, 0, owed, RUN_BY_MESSAGE);
	cr_expect_eq(of(w, METRIC_LOST), 1);
	cr_expect_eq(of(w, METRIC_COVERED), 1);
	cr_expect_eq(of(w, METRIC_STALE), 0);
	world_end(w);
}

Test(fates, the_same_where_the_handler_starts_before_the_loss_is_known)
{
	struct world *w = still();
	struct causes owed = raise_at(w, 100, 0);
	struct causes torn = raise_at(w, 200, 0);

	start(w, 300, 0, owed, RUN_BY_MESSAGE);
	lose(w, 700, torn);
	cr_expect_eq(of(w, METRIC_COVERED), 1);
	cr_expect_eq(of(w, METRIC_STALE), 0);
	world_end(w);
}

Test(fates, handler_that_started_before_the_raise_covers_nothing)
{
	struct world *w = still();
	struct causes first = raise_at(w, 100, 0);
	struct causes torn, next;

	start(w, 150, 0, first, RUN_BY_MESSAGE);
	torn = raise_at(w, 200, 0);
	lose(w, 700, torn);
	next = raise_at(w, 5000, 0);
	start(w, 6000, 0, next, RUN_BY_MESSAGE);
	cr_expect_eq(of(w, METRIC_COVERED), 0);
	cr_expect_eq(of(w, METRIC_STALE), 1);
	cr_expect_eq(of(w, METRIC_STALE_TIME), 5800, "until the next raise's handler");
	cr_expect_eq(of(w, METRIC_STALE_OPEN), 0);
	world_end(w);
}

Test(fates, stale_for_ever_is_open)
{
	struct world *w = still();

	lose(w, 700, raise_at(w, 200, 0));
	w->machine.now_ps = 10200;
	fates_finish(&w->fates, &w->machine);
	cr_expect_eq(of(w, METRIC_STALE), 1);
	cr_expect_eq(of(w, METRIC_STALE_OPEN), 1);
	cr_expect_eq(of(w, METRIC_STALE_TIME), 10000);
	/* The world's own end would count it twice. */
	memset(w->metrics.counter, 0, sizeof(w->metrics.counter));
	w->fates.lost[0].count = 0;
	world_end(w);
}

Test(fates, handler_of_another_interrupt_services_nothing)
{
	struct world *w = still();
	struct causes torn = raise_at(w, 200, 0);

	start(w, 700, 1, torn, RUN_BY_MESSAGE);
	cr_expect_eq(of(w, METRIC_LOST_FOREIGN), 1);
	cr_expect_eq(of(w, METRIC_SPURIOUS_STRAY), 1);
	cr_expect_eq(of(w, METRIC_COVERED), 0);
	cr_expect_eq(of(w, METRIC_DELIVERED), 0);
	world_end(w);
}

Test(fates, run_with_several_raises_delivers_one_and_coalesces_the_others)
{
	struct world *w = still();
	struct causes causes = raise_at(w, 100, 0);

	causes_append(&w->machine, &causes, raise_at(w, 200, 0));
	causes_append(&w->machine, &causes, raise_at(w, 300, 0));
	start(w, 1000, 0, causes, RUN_BY_MESSAGE);
	cr_expect_eq(of(w, METRIC_DELIVERED), 1);
	cr_expect_eq(of(w, METRIC_COALESCED), 2);
	cr_expect_eq(w->metrics.latency.count, 1);
	cr_expect_eq(w->metrics.latency.max_ps, 900, "of the oldest");
	world_end(w);
}

Test(fates, retriggered_raise_is_recovered)
{
	struct world *w = still();
	struct causes causes = raise_at(w, 100, 0);

	causes_mark_retriggered(&w->machine, causes);
	start(w, 1000, 0, causes, RUN_BY_RETRIGGER);
	cr_expect_eq(of(w, METRIC_RECOVERED), 1);
	cr_expect_eq(of(w, METRIC_DELIVERED), 0);
	cr_expect_eq(of(w, METRIC_SPURIOUS), 0);
	world_end(w);
}

Test(fates, run_without_a_raise_of_its_own_is_spurious_by_what_started_it)
{
	struct world *w = still();

	start(w, 100, 0, (struct causes){ 0, 0 }, RUN_BY_RETRIGGER);
	start(w, 200, 0, (struct causes){ 0, 0 }, RUN_BY_MESSAGE);
	cr_expect_eq(of(w, METRIC_SPURIOUS_DUPLICATE), 1);
	cr_expect_eq(of(w, METRIC_SPURIOUS_STRAY), 1);
	cr_expect_eq(of(w, METRIC_HANDLER_RUNS), 2);
	world_end(w);
}

Test(fates, what_is_under_way_at_the_end_is_in_flight)
{
	struct world *w = still();

	raise_at(w, 100, 0);
	raise_at(w, 200, 1);
	fates_finish(&w->fates, &w->machine);
	cr_expect_eq(of(w, METRIC_IN_FLIGHT), 2);
	cr_expect_null(fates_check(&w->fates, &w->machine));
	memset(w->metrics.counter, 0, sizeof(w->metrics.counter));
	w->metrics.counter[METRIC_RAISED] = 2;
	world_end(w);
}

/* Each law, broken by one. */
Test(fates, broken_law_is_told_with_its_numbers)
{
	static const enum metric_counter counters[] = {
		METRIC_RAISED, METRIC_DELIVERED, METRIC_RECOVERED, METRIC_COALESCED, METRIC_LOST, METRIC_COVERED,
		METRIC_STALE, METRIC_LOST_UNASSIGNED, METRIC_LOST_FOREIGN, METRIC_LOST_BLOCKED, METRIC_LOST_DISABLED,
		METRIC_LOST_DROPPED, METRIC_IN_FLIGHT, METRIC_SPURIOUS, METRIC_SPURIOUS_UNHANDLED,
		METRIC_SPURIOUS_STRAY, METRIC_SPURIOUS_DUPLICATE, METRIC_SPURIOUS_INTX
	};
	struct world *w = still();

	cr_expect_null(fates_check(&w->fates, &w->machine));
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		char *broken;

		w->metrics.counter[counters[i]]++;
		broken = fates_check(&w->fates, &w->machine);
		cr_expect_not_null(broken, "%s", metric_get((int)counters[i])->key);
		cr_expect(broken && strstr(broken, " is not "));
		free(broken);
		w->metrics.counter[counters[i]]--;
	}
	world_end(w);
}
