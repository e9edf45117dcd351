/* SPDX-License-Identifier: MIT */
#include "sim/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file without a name that goes with its last descriptor. */
static int nameless(void)
{
	FILE *file = tmpfile();

	if (!file) {
		return -errno;
	}
	int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	int error = errno;
	fclose(file);
	return fd < 0 ? -error : fd;
}

static int copy_all(int from, int to)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(from, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -errno;
		}
		for (ssize_t done = 0, put; done < got; done += put) {
			put = write(to, buffer + done, (size_t)(got - done));
			if (put <= 0) {
				return put < 0 ? -errno : -ENOSPC;
			}
		}
	}
	return 0;
}

/* NULL: not compressed, or not seekable. */
static const char *unpacker_of(int fd)
{
	static const struct {
		const char *program, *magic;
		size_t length;
	} formats[] = {
		{ "xz", "\xfd" "7zXZ\0", 6 },
		{ "gzip", "\x1f\x8b", 2 },
		{ "zstd", "\x28\xb5\x2f\xfd", 4 },
	};
	char begin[6] = { 0 };

	if (pread(fd, begin, sizeof(begin), 0) <= 0) {
		return NULL;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (memcmp(begin, formats[i].magic, formats[i].length) == 0) {
			return formats[i].program;
		}
	}
	return NULL;
}

static int unpack(const char *program, int from, int to)
{
	g_autofree gchar *name = g_strdup(program);
	gchar option[] = "-dc", *argv[] = { name, option, NULL };
	g_autoptr(GError) error = NULL;
	int status = 0;
	GPid pid;

	if (!g_spawn_async_with_fds(NULL, argv, NULL,
	                            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
	                            from, to, STDERR_FILENO, &error)) {
		return -ENOPKG;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	g_spawn_close_pid(pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* Takes over fd. */
static int into_nameless(int fd, const char *program)
{
	int to = nameless();
	int error = to < 0 ? to : program ? unpack(program, fd, to) : copy_all(fd, to);

	close(fd);
	if (!error && lseek(to, 0, SEEK_SET) < 0) {
		error = -errno;
	}
	if (error && to >= 0) {
		close(to);
	}
	return error ? error : to;
}

int recording_open(const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	if (lseek(fd, 0, SEEK_CUR) < 0) {
		fd = into_nameless(fd, NULL);
	}
	const char *program = fd < 0 ? NULL : unpacker_of(fd);
	if (program && lseek(fd, 0, SEEK_SET) == 0) {
		fd = into_nameless(fd, program);
	}
	return fd;
}
