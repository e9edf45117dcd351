/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sim/platform_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/actor.h"
#include "sim/platform.h"

#define PROBE_SECONDS 20
#define COMPLAINT_BYTES_MAX 8192

enum { PROBE_SERVES, PROBE_LACKS };

struct probe {
	const struct scenario *s;
	int status;
};

static void complain(struct probe *probe, const char *text)
{
	/* What cannot be told is still told by the exit status. */
	if (write(STDERR_FILENO, text, strlen(text)) < 0) {
		probe->status = PROBE_LACKS;
	}
	probe->status = PROBE_LACKS;
}

static void ask(void *argument)
{
	struct probe *probe = argument;
	struct topology topology = { 0 };

	char *lack = topology_load(probe->s, &topology);
	if (lack) {
		complain(probe, lack);
	}
	free(lack);
	topology_release(&topology);
}

static void run_child(const struct scenario *s, int complaints)
{
	const struct rlimit no_core = { 0, 0 };
	struct probe probe = { .s = s, .status = PROBE_SERVES };
	int nowhere = open("/dev/null", O_RDWR);

	dup2(nowhere, STDIN_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	dup2(complaints, STDERR_FILENO);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(PROBE_SECONDS);
	if (!actor_world_run(s->machine.platform_file, ask, &probe)) {
		complain(&probe, "it has no hosts");
	}
	_exit(probe.status);
}

static GString *read_complaints(int fd)
{
	GString *text = g_string_new(NULL);
	char block[1024];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0 || (got < 0 && errno == EINTR)) {
		if (got > 0 && text->len < COMPLAINT_BYTES_MAX) {
			g_string_append_len(text, block, got);
		}
	}
	return text;
}

/* The lines of a dying C++ program as one: without empty ones and the stack. */
static char *condense(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *line = g_string_new(NULL);

	for (char **each = lines; *each && line->len < 300; each++) {
		g_strstrip(*each);
		if (**each == '\0' || g_str_has_prefix(*each, "->") || strstr(*each, "AddressSanitizer")) {
			continue;
		}
		g_string_append_printf(line, "%s%s", line->len ? "; " : "", *each);
	}
	return g_string_free(line, FALSE);
}

static char *judge(int status, const char *complaints)
{
	g_autofree char *text = condense(complaints);

	if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE_SERVES) {
		return NULL;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		return g_strdup_printf("the platform file was not read within %d s", PROBE_SECONDS);
	}
	return g_strdup_printf("the platform file does not serve: %s", text[0] ? text : "SimGrid cannot read it");
}

char *platform_probe(const struct scenario *s)
{
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		return g_strdup_printf("the platform file cannot be tried: %s", g_strerror(errno));
	}
	pid_t child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return g_strdup_printf("the platform file cannot be tried: %s", g_strerror(errno));
	}
	if (child == 0) {
		run_child(s, ends[1]);
	}
	close(ends[1]);
	GString *complaints = read_complaints(ends[0]);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	char *error = judge(status, complaints->str);
	g_string_free(complaints, TRUE);
	return error;
}
