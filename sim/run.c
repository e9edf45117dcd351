// SPDX-License-Identifier: MIT
/*
 * Replications are spread over worker processes, because SimGrid runs once in a process. A worker takes the next cell (one
 * replication of one contender) from a counter in shared memory and writes its metrics to a pipe.
 */
#define _GNU_SOURCE
#include "sim/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/actor.h"
#include "sim/surrender.h"
#include "sim/platform.h"
#include "sim/replicate.h"
#include "sim/trace_run.h"

/* What a worker reports for a cell; error is a text of that many bytes behind it. */
struct report {
	uint32_t cell;
	uint32_t error_size;
	double wall_seconds;
	struct run_metrics metrics;
	struct occupancy occupancy;    /* of a contender's first replication; else meaningless */
};

#define NO_CELL UINT32_MAX

struct worker {
	pid_t pid;
	int pipe;
};

struct job {
	const struct scenario *scenario;
	const struct run_options *options;
	struct run_result *result;
	_Atomic uint32_t *next_cell;   /* shared by the workers */
	uint32_t cells;
	uint32_t done;
	bool *finished;                /* [cells] */
	int out;                       /* worker: its pipe */
};

static volatile sig_atomic_t interrupted;

static const int interrupts[] = { SIGINT, SIGTERM, SIGHUP };
#define INTERRUPTS (sizeof(interrupts) / sizeof(interrupts[0]))

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Where whoever started the program has it outlive its terminal, SIGHUP stays ignored. */
static void catch_interrupts(struct sigaction old[INTERRUPTS])
{
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < INTERRUPTS; i++) {
		sigaction(interrupts[i], &action, &old[i]);
		if (interrupts[i] == SIGHUP && old[i].sa_handler == SIG_IGN) {
			sigaction(interrupts[i], &old[i], NULL);
		}
	}
}

static void release_interrupts(const struct sigaction old[INTERRUPTS])
{
	for (size_t i = 0; i < INTERRUPTS; i++) {
		sigaction(interrupts[i], &old[i], NULL);
	}
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool write_all(int file, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t wrote = write(file, at, size);

		if (wrote < 0 && errno == EINTR) {
			continue;
		}
		if (wrote <= 0) {
			return false;
		}
		at += wrote;
		size -= (size_t)wrote;
	}
	return true;
}

static bool read_all(int file, void *data, size_t size)
{
	char *at = data;

	while (size) {
		ssize_t got = read(file, at, size);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return false;
		}
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static void send_report(const struct job *job, struct report *report, const char *error)
{
	report->error_size = error ? (uint32_t)strlen(error) : 0;
	if (!write_all(job->out, report, sizeof(*report)) || !write_all(job->out, error, report->error_size)) {
		_exit(1);
	}
}

/* The trace is of the first cell only, the occupancy of each contender's first replication. */
static char *run_cell(const struct job *job, const struct topology *topology, uint32_t cell, struct report *report)
{
	const struct scenario *s = job->scenario;
	const struct scenario_contender *contender = &s->contenders[cell / s->replications];
	uint64_t replication = cell % s->replications;
	struct occupancy *occupancy = replication ? NULL : &report->occupancy;
	struct engine_listener listener = { 0 };
	struct trace_run *trace;
	char *error = NULL;
	char *trace_error;

	if (cell != 0 || !job->options->trace_file) {
		return replicate(s, contender, replication, topology, NULL, &report->metrics, occupancy);
	}
	trace = trace_run_open(s, job->options, &listener, &error);
	if (!trace) {
		return error;
	}
	error = replicate(s, contender, replication, topology, &listener, &report->metrics, occupancy);
	trace_error = trace_run_close(trace);
	if (!error) {
		return trace_error;
	}
	free(trace_error);
	return error;
}

/* The cell that a worker runs, for its last words. */
struct last_words {
	const struct job *job;
	struct report *report;
};

static void tell_why(void *context, const char *why)
{
	const struct last_words *last = context;

	send_report(last->job, last->report, why);
}

/* The body of a worker, as SimGrid's first actor. */
static void work(void *argument)
{
	const struct job *job = argument;
	struct report *report = calloc(1, sizeof(*report));
	struct topology topology = { 0 };
	struct last_words last = { job, report };
	char *error = topology_load(job->scenario, &topology);

	if (!report) {
		abort();
	}
	surrender_to(tell_why, &last);
	if (error) {
		report->cell = NO_CELL;
		send_report(job, report, error);
		free(error);
		_exit(0);
	}
	for (;;) {
		uint32_t cell = atomic_fetch_add(job->next_cell, 1);
		double begin = seconds_now();

		if (cell >= job->cells) {
			break;
		}
		if (job->finished[cell]) {
			continue;
		}
		report->cell = cell;
		error = run_cell(job, &topology, cell, report);
		report->wall_seconds = seconds_now() - begin;
		send_report(job, report, error);
		if (error) {
			break;
		}
	}
	topology_release(&topology);
	free(report);
	fflush(NULL);
	_exit(0);
}

static void worker_main(struct job *job, const char *platform)
{
	/* They reach the whole group, and the parent decides what they mean; it ends its workers. */
	for (size_t i = 0; i < INTERRUPTS; i++) {
		signal(interrupts[i], SIG_IGN);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	actor_world_run(platform, work, job);
	_exit(1);
}

static bool start_worker(struct job *job, const char *platform, struct worker *worker)
{
	int ends[2];

	if (pipe(ends) != 0) {
		return false;
	}
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0) {
		close(ends[0]);
		job->out = ends[1];
		worker_main(job, platform);
	}
	close(ends[1]);
	worker->pipe = ends[0];
	if (worker->pid < 0) {
		close(ends[0]);
		return false;
	}
	return true;
}

static void accept_report(struct job *job, const struct report *report)
{
	const struct scenario *s = job->scenario;
	struct contender_result *contender = &job->result->contenders[report->cell / s->replications];

	if (report->cell % s->replications == 0) {
		contender->occupancy = malloc(sizeof(*contender->occupancy));
		if (!contender->occupancy) {
			abort();
		}
		*contender->occupancy = report->occupancy;
	}
	contender->each[report->cell % s->replications] = report->metrics;
	contender->wall_seconds += report->wall_seconds;
	job->finished[report->cell] = true;
	job->done++;
	if (job->options->progress) {
		uint64_t length_ps = s->duration_ps + s->drain_ps;

		job->options->progress(job->options->progress_context, job->done * length_ps, job->cells * length_ps);
	}
}

static char *describe_error(const struct job *job, uint32_t cell, const char *text)
{
	const struct scenario *s = job->scenario;
	char *out = NULL;
	int size;

	if (cell == NO_CELL) {
		return strdup(text);
	}
	size = asprintf(&out, "%s, replication %u: %s", s->contenders[cell / s->replications].name,
			cell % s->replications, text);
	return size < 0 ? NULL : out;
}

/* One report of a worker; false at the end of its pipe. */
static bool read_report(struct job *job, int file, struct report *report, char **error)
{
	char *text;

	if (!read_all(file, report, sizeof(*report))) {
		return false;
	}
	if (!report->error_size) {
		accept_report(job, report);
		return true;
	}
	text = calloc(1, report->error_size + 1u);
	if (!text || !read_all(file, text, report->error_size)) {
		free(text);
		return false;
	}
	if (!*error) {
		*error = describe_error(job, report->cell, text);
	}
	free(text);
	return true;
}

static char *end_of(pid_t pid)
{
	char *text = NULL;
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (WIFSIGNALED(status)) {
		if (asprintf(&text, "a worker process died of signal %d (%s)", WTERMSIG(status),
			     strsignal(WTERMSIG(status))) < 0) {
			text = NULL;
		}
	} else if (WEXITSTATUS(status)) {
		if (asprintf(&text, "a worker process ended with status %d", WEXITSTATUS(status)) < 0) {
			text = NULL;
		}
	}
	return text;
}

/* Reads until every worker is through, one fails, or a signal comes. */
static void collect(struct job *job, struct worker *workers, unsigned count, char **error)
{
	struct pollfd *polls = calloc(count, sizeof(*polls));
	struct report *report = malloc(sizeof(*report));
	unsigned open = count;

	if (!polls || !report) {
		abort();
	}
	for (unsigned i = 0; i < count; i++) {
		polls[i] = (struct pollfd){ .fd = workers[i].pipe, .events = POLLIN };
	}
	while (open && !interrupted && !*error) {
		if (poll(polls, count, -1) < 0) {
			continue;
		}
		for (unsigned i = 0; i < count; i++) {
			if (polls[i].fd >= 0 && polls[i].revents && !read_report(job, polls[i].fd, report, error)) {
				polls[i].fd = -1;
				open--;
			}
		}
	}
	free(report);
	free(polls);
}

static void end_workers(struct worker *workers, unsigned count, bool kill_them, char **error)
{
	for (unsigned i = 0; i < count; i++) {
		char *text;

		if (kill_them) {
			kill(workers[i].pid, SIGKILL);
		}
		close(workers[i].pipe);
		text = end_of(workers[i].pid);
		if (text && !*error && !kill_them) {
			*error = text;
		} else {
			free(text);
		}
	}
}

/* Replications count from the first on; what was finished behind a gap is dropped. */
static void count_replications(const struct job *job)
{
	const struct scenario *s = job->scenario;

	for (size_t contender = 0; contender < s->contenders_count; contender++) {
		uint32_t n = 0;

		while (n < s->replications && job->finished[contender * s->replications + n]) {
			n++;
		}
		job->result->contenders[contender].replications = n;
	}
}

/* What an earlier run with fewer replications has found stays. */
static void take_over(struct job *job, const struct run_result *previous)
{
	uint32_t replications = job->scenario->replications;

	for (size_t i = 0; i < job->scenario->contenders_count; i++) {
		const struct contender_result *from = &previous->contenders[i];
		struct contender_result *to = &job->result->contenders[i];

		if (from->occupancy && !to->occupancy) {
			to->occupancy = malloc(sizeof(*to->occupancy));
			if (!to->occupancy) {
				abort();
			}
			*to->occupancy = *from->occupancy;
		}
		to->wall_seconds = from->wall_seconds;
		for (uint32_t n = 0; n < from->replications && n < replications; n++) {
			to->each[n] = from->each[n];
			job->finished[i * replications + n] = true;
			job->done++;
		}
	}
}

static bool prepare(struct job *job, const struct scenario *s, struct run_result *result)
{
	*result = (struct run_result){ .scenario = s };
	job->cells = (uint32_t)s->contenders_count * s->replications;
	job->finished = calloc(job->cells ? job->cells : 1, sizeof(*job->finished));
	result->contenders = calloc(s->contenders_count ? s->contenders_count : 1, sizeof(*result->contenders));
	job->next_cell = mmap(NULL, sizeof(*job->next_cell), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!job->finished || !result->contenders || job->next_cell == MAP_FAILED) {
		return false;
	}
	for (size_t i = 0; i < s->contenders_count; i++) {
		result->contenders[i].each = calloc(s->replications, sizeof(*result->contenders[i].each));
		if (!result->contenders[i].each) {
			return false;
		}
	}
	if (job->options->previous) {
		take_over(job, job->options->previous);
	}
	return true;
}

static void run_workers(struct job *job, const char *platform, char **error)
{
	unsigned count = job->options->jobs ? job->options->jobs : 1;
	struct worker *workers = calloc(count, sizeof(*workers));
	unsigned started = 0;

	if (!workers) {
		abort();
	}
	count = count > job->cells ? job->cells : count;
	while (started < count && start_worker(job, platform, &workers[started])) {
		started++;
	}
	if (!started && job->cells) {
		*error = strdup("no worker process could be started");
	}
	collect(job, workers, started, error);
	end_workers(workers, started, interrupted || *error, error);
	free(workers);
}

enum run_status run_scenario(const struct scenario *s, const struct run_options *options,
			     struct run_result *result, char **error)
{
	struct job job = { .scenario = s, .options = options, .result = result };
	struct sigaction old[INTERRUPTS];
	double begin = seconds_now();
	int descriptor = -1;
	char *platform;

	*error = NULL;
	interrupted = 0;
	if (!prepare(&job, s, result)) {
		*error = strdup("out of memory");
		return RUN_BROKEN;
	}
	catch_interrupts(old);
	platform = platform_path(s, &descriptor);
	if (platform) {
		run_workers(&job, platform, error);
	} else {
		*error = strdup("the platform could not be written");
	}
	release_interrupts(old);
	if (descriptor >= 0) {
		close(descriptor);
	}
	free(platform);
	count_replications(&job);
	if (!*error && !interrupted && job.done < job.cells) {
		*error = strdup("a worker process ended early");
	}
	munmap(job.next_cell, sizeof(*job.next_cell));
	free(job.finished);
	result->partial = interrupted || *error;
	result->wall_seconds = seconds_now() - begin;
	if (*error) {
		return RUN_BROKEN;
	}
	return interrupted ? RUN_INTERRUPTED : RUN_OK;
}

void run_result_release(struct run_result *result)
{
	for (size_t i = 0; result->contenders && i < result->scenario->contenders_count; i++) {
		free(result->contenders[i].each);
		free(result->contenders[i].occupancy);
	}
	free(result->contenders);
	*result = (struct run_result){ 0 };
}
