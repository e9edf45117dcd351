/* SPDX-License-Identifier: MIT */
#include "sim/standard_output.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	bool ignores_pipe;   /* whoever started the program wants it so */
	bool failed;
	int error;           /* of the first write that failed; 0: unknown */
} state;

void standard_output_begin(void)
{
	state.ignores_pipe = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
}

/* A write that failed inside of printf() has left its reason nowhere. */
static int error_of_pipe(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP) ? EPIPE : 0;
}

bool standard_output_flush(void)
{
	bool failed_before = ferror(stdout);
	int error = fflush(stdout) == 0 ? 0 : errno;

	if (!state.failed && (failed_before || error)) {
		state.failed = true;
		state.error = error ? error : error_of_pipe();
	}
	return !state.failed;
}

/* The last moment of the process: nothing is open but standard output. */
static enum exit_code end_unread(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
	/* Whoever started the program blocked it. */
	return EXIT_UNREAD;
}

enum exit_code standard_output_end(enum exit_code code)
{
	if (standard_output_flush()) {
		return code;
	}
	if (state.error == EPIPE && !state.ignores_pipe) {
		return code == EXIT_HELD ? end_unread() : code;
	}
	fprintf(stderr, "msirace: standard output: cannot write: %s\n",
		state.error ? g_strerror(state.error) : "failed");
	return EXIT_BROKEN;
}
