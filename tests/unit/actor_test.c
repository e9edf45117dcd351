// SPDX-License-Identifier: MIT
/* Control passes from actor to actor, comes back, and is taken away. Each test is a process of its own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/actor.h"

static const char platform[] =
	"<?xml version=\"1.0\"?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">"
	"<platform version=\"4.1\"><zone id=\"z\" routing=\"Full\"><host id=\"cpu0\" speed=\"1f\"/>"
	"<host id=\"cpu1\" speed=\"1f\"/></zone></platform>";

static char trace[256];
static struct actor *main_actor_, *first, *second;

static void note(const char *text)
{
	strncat(trace, text, sizeof(trace) - strlen(trace) - 1);
}

static void in_world(void (*body)(void *argument))
{
	char path[] = "/tmp/actor-test-XXXXXX.xml";
	int file = mkstemps(path, 4);

	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, platform, sizeof(platform) - 1), sizeof(platform) - 1);
	close(file);
	cr_assert(actor_world_run(path, body, NULL));
	unlink(path);
}

static void ping(void *argument)
{
	(void)argument;
	note("a");
	actor_switch(second, 10);
	note("c");
}

static void pong(void *argument)
{
	(void)argument;
	note("b");
	actor_switch(first, 20);
	note("never");
}

static void ping_pong_body(void *argument)
{
	(void)argument;
	main_actor_ = actor_self();
	cr_expect_null(actor_start("no such host", ping, NULL));
	first = actor_start("cpu0", ping, NULL);
	second = actor_start("cpu1", pong, NULL);
	/* Nothing runs before it is switched to; a function that returns passes control to whoever started it. */
	cr_expect_str_eq(trace, "");
	actor_switch(first, 5);
	note("d");
	cr_expect(actor_finished(first));
	cr_expect_not(actor_finished(second));
	actor_abandon(second);
	note("e");
	cr_expect(actor_finished(second));
}

Test(actor, control_passes_to_and_fro_and_an_abandoned_one_never_goes_on)
{
	in_world(ping_pong_body);
	cr_expect_str_eq(trace, "abcde");
}

static void count_up(void *argument)
{
	++*(int *)argument;
}

static void pool_body(void *argument)
{
	int count = 0;

	(void)argument;
	for (int i = 0; i < 20000; i++) {
		struct actor *actor = actor_start(i % 2 ? "cpu0" : "cpu1", count_up, &count);

		actor_switch(actor, (uint64_t)i);
	}
	cr_expect_eq(count, 20000);
}

/* As many stacks at once would run out of mappings. */
Test(actor, pool_is_used_again)
{
	in_world(pool_body);
}
