// SPDX-License-Identifier: MIT
/*
 * How fast the simulator is, and what it keeps: interrupts and migrations a second of one core, fully accounted, next to the
 * same flow of messages in plain SimGrid; and memory by the length of the run. Each figure is the best of some turns, each
 * turn a process of its own, because SimGrid runs once in a process. The ratios compare like with like on any machine.
 */
#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/actor.h"
#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/platform.h"
#include "sim/random.h"
#include "sim/replicate.h"

#define TURNS 3

struct measured {
	double seconds;
	uint64_t raised;
	uint64_t migrations;
	long rss_kib;
};

struct task {
	const char *text;             /* the scenario */
	uint64_t lengthen;            /* its duration times this */
	void (*body)(void *task);     /* inside of SimGrid */
	struct scenario *scenario;
	struct measured measured;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "engine_bench: %s\n", what);
	_exit(1);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* One replication of the first contender; the time is the run's alone, without the start of SimGrid. */
static void replicate_body(void *argument)
{
	struct task *task = argument;
	struct run_metrics *metrics = calloc(1, sizeof(*metrics));
	struct topology topology = { 0 };
	char *error = topology_load(task->scenario, &topology);
	double begin;

	if (error || !metrics) {
		fail(error);
	}
	begin = seconds_now();
	error = replicate(task->scenario, &task->scenario->contenders[0], 0, &topology, NULL, metrics,
			  NULL);
	task->measured.seconds = seconds_now() - begin;
	if (error) {
		fail(error);
	}
	task->measured.raised = metrics->counter[METRIC_RAISED];
	task->measured.migrations = metrics->counter[METRIC_MIGRATIONS_DONE];
	topology_release(&topology);
	free(metrics);
}

/*
 * The twin: the device is an actor that sleeps from raise to raise and puts a message into the CPU's mailbox, the CPU one that
 * gets it, sleeps for entry and handler, and adds up the latency. No pending bits, masks, vectors or fates.
 */
struct twin {
	struct task *task;
	double latency_sum;
	uint64_t handled;
};

static void twin_cpu(int argc, char **argv)
{
	struct twin *twin = sg_actor_self_get_data();
	const struct model_timings *timings = &twin->task->scenario->machine.timings;
	sg_mailbox_t mailbox = sg_mailbox_by_name("cpu0");

	(void)argc;
	(void)argv;
	for (;;) {
		double *raised = sg_mailbox_get(mailbox);

		sg_actor_sleep_for((double)timings->irq_entry_ps * 1e-12);
		twin->latency_sum += simgrid_get_clock() - *raised;
		free(raised);
		sg_actor_sleep_for((double)timings->handler_ps * 1e-12);
		twin->handled++;
	}
}

static void twin_device(int argc, char **argv)
{
	struct twin *twin = sg_actor_self_get_data();
	const struct scenario *s = twin->task->scenario;
	sg_mailbox_t mailbox = sg_mailbox_by_name("cpu0");
	double end = (double)s->duration_ps * 1e-12;
	double mean_ps = 1e12 / s->devices[0].arrivals.rate_hz;
	struct random_stream stream;

	(void)argc;
	(void)argv;
	random_stream_init(&stream, s->seed, 0, "raise");
	while (simgrid_get_clock() < end) {
		double *raised = malloc(sizeof(*raised));

		if (!raised) {
			fail("no memory");
		}
		sg_actor_sleep_for((double)random_exponential_ps(&stream, mean_ps) * 1e-12);
		*raised = simgrid_get_clock();
		sg_comm_detach(sg_mailbox_put_init(mailbox, raised, 0), NULL);
		twin->task->measured.raised++;
	}
	/* What is under way arrives. */
	sg_actor_sleep_for(1e-3);
}

static sg_actor_t twin_actor(const char *name, const char *host, void (*body)(int argc, char **argv), struct twin *twin)
{
	sg_actor_t actor = sg_actor_init(name, sg_host_by_name(host));

	sg_actor_set_data(actor, twin);
	sg_actor_start_(actor, body, 0, NULL);
	return actor;
}

static void twin_body(void *argument)
{
	struct twin twin = { .task = argument };
	double begin = seconds_now();
	sg_actor_t device;

	sg_actor_daemonize(twin_actor("cpu", "cpu0", twin_cpu, &twin));
	device = twin_actor("device", "device0", twin_device, &twin);
	sg_actor_join(device, -1);
	twin.task->measured.seconds = seconds_now() - begin;
	if (twin.handled + 2 < twin.task->measured.raised) {
		fail("the twin lost messages");
	}
}

static void run_in_child(struct task *task, int out)
{
	struct diagnostics *d = diagnostics_new("bench.yaml");
	struct rusage usage;
	int descriptor = -1;
	char *platform;

	task->scenario = scenario_load_text("bench.yaml", task->text, strlen(task->text), NULL, d);
	if (!task->scenario) {
		fail("the scenario does not load");
	}
	task->scenario->duration_ps *= task->lengthen;
	platform = platform_path(task->scenario, &descriptor);
	if (!platform || !actor_world_run(platform, task->body, task)) {
		fail("SimGrid does not run");
	}
	getrusage(RUSAGE_SELF, &usage);
	task->measured.rss_kib = usage.ru_maxrss;
	if (write(out, &task->measured, sizeof(task->measured)) != sizeof(task->measured)) {
		_exit(1);
	}
	_exit(0);
}

static struct measured turn(const char *text, uint64_t lengthen, void (*body)(void *task))
{
	struct task task = { .text = text, .lengthen = lengthen, .body = body };
	struct measured measured;
	int ends[2];
	pid_t child;

	fflush(NULL);
	if (pipe(ends) || (child = fork()) < 0) {
		fail("no process");
	}
	if (child == 0) {
		run_in_child(&task, ends[1]);
	}
	close(ends[1]);
	if (read(ends[0], &measured, sizeof(measured)) != sizeof(measured)) {
		exit(1);
	}
	close(ends[0]);
	waitpid(child, NULL, 0);
	return measured;
}

static struct measured best(const char *text, uint64_t lengthen, void (*body)(void *task))
{
	struct measured best = turn(text, lengthen, body);

	for (int i = 1; i < TURNS; i++) {
		struct measured measured = turn(text, lengthen, body);

		if (measured.seconds < best.seconds) {
			best = measured;
		}
	}
	return best;
}

static const char one_device[] =
	"machine: {cpus: 4}\n"
	"devices: [{name: nic, kind: msix, raise: {rate: 100kHz}}]\n"
	"strategies: [x86-tmp]\n"
	"duration: 30s\n";
static const char twin_device_text[] =
	"machine: {cpus: 4}\n"
	"devices: [{name: nic, kind: msix, raise: {rate: 100kHz}}]\n"
	"strategies: [x86-tmp]\n"
	"duration: 2s\n";
static const char many_devices[] =
	"machine: {cpus: 256}\n"
	"devices: [{name: nic, count: 1024, kind: msix, raise: {rate: 10kHz}}]\n"
	"strategies: [x86-tmp]\n"
	"duration: 300ms\n";
static const char migrating[] =
	"machine: {cpus: 4}\n"
	"devices: [{name: edu, kind: msi, raise: {rate: 200kHz}}]\n"
	"actions: [{do: migrate, device: edu, every: 50us}]\n"
	"strategies: [x86-tmp+ipi]\n"
	"duration: 5s\n";
static const char remapped[] =
	"machine: {cpus: 4, remap: vtd}\n"
	"devices: [{name: nic, kind: msix, raise: {rate: 10kHz}}]\n"
	"actions: [{do: migrate, device: nic, every: 20us}]\n"
	"strategies: [vtd+immediate]\n"
	"duration: 5s\n";

static void print_rate(const char *what, double count, const struct measured *m)
{
	printf("%-46s %8.2f million a second (%.0f ns each)\n", what, count / m->seconds * 1e-6, m->seconds / count * 1e9);
}

int main(void)
{
	struct measured one = best(one_device, 1, replicate_body);
	struct measured twin = best(twin_device_text, 1, twin_body);
	struct measured many = best(many_devices, 1, replicate_body);
	struct measured moves = best(migrating, 1, replicate_body);
	struct measured flushes = best(remapped, 1, replicate_body);
	struct measured longer = turn(many_devices, 10, replicate_body);

	print_rate("interrupts, 4 CPUs, 1 device", (double)one.raised, &one);
	print_rate("the same as SimGrid mailboxes", (double)twin.raised, &twin);
	printf("%-46s %8.1f times\n", "ratio",
	       (double)one.raised / one.seconds / ((double)twin.raised / twin.seconds));
	print_rate("interrupts, 256 CPUs, 1,024 devices", (double)many.raised, &many);
	print_rate("migrations in the acknowledge", (double)moves.migrations, &moves);
	print_rate("migrations behind VT-d", (double)flushes.migrations, &flushes);
	printf("%-46s %8.2f times (%ld KiB, %ld KiB)\n", "memory of a run 10 times as long",
	       (double)longer.rss_kib / (double)many.rss_kib, many.rss_kib, longer.rss_kib);
	return 0;
}
