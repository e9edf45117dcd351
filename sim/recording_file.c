/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* mkostemp */
#include "sim/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct opening {
	const char *path;
	char *error; /* NULL: none so far */
};

static int fail(struct opening *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct opening *o, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	o->error = g_strdup_printf("%s: %s", o->path, text);
	return -1;
}

/* A file without a name that goes with its last descriptor. */
static int nameless(struct opening *o)
{
	g_autofree char *name = g_build_filename(g_get_tmp_dir(), "msirace-XXXXXX", NULL);
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0) {
		return fail(o, "it has to be copied to a file in %s ($TMPDIR): %s", g_get_tmp_dir(),
		            g_strerror(errno));
	}
	unlink(name);
	return fd;
}

static bool write_all(struct opening *o, int to, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t put = write(to, data, length);
		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			fail(o, "it has to be copied to a file in %s ($TMPDIR), and does not fit there: %s",
			     g_get_tmp_dir(), g_strerror(put < 0 ? errno : ENOSPC));
			return false;
		}
		data += put;
		length -= (size_t)put;
	}
	return true;
}

static bool copy_all(struct opening *o, int from, int to)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(from, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			fail(o, "%s", g_strerror(errno));
			return false;
		}
		if (!write_all(o, to, buffer, (size_t)got)) {
			return false;
		}
	}
	return true;
}

/* NULL: not compressed. */
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

/* What it says goes nowhere: the errors here say it. */
static bool start_unpacker(struct opening *o, const char *program, int from, GPid *pid, int *output)
{
	g_autofree gchar *name = g_strdup(program);
	gchar option[] = "-dc";
	const gchar *argv[] = { name, option, NULL };
	g_autoptr(GError) error = NULL;

	if (g_spawn_async_with_pipes_and_fds(
		    NULL, argv, NULL,
		    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
		    NULL, from, -1, -1, NULL, NULL, 0, pid, NULL, output, NULL, &error)) {
		return true;
	}
	if (g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
		fail(o, "it is compressed, and the program '%s' that unpacks it is not installed", program);
	} else {
		fail(o, "it is compressed: %s", error->message);
	}
	return false;
}

static bool unpack(struct opening *o, const char *program, int from, int to)
{
	int output, status = 0;
	GPid pid;

	if (!start_unpacker(o, program, from, &pid, &output)) {
		return false;
	}
	bool copied = copy_all(o, output, to);
	close(output);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	g_spawn_close_pid(pid);
	if (copied && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
		fail(o, "the compressed data is damaged, or ends early: '%s -dc' fails", program);
		copied = false;
	}
	return copied;
}

/* Takes over fd. */
static int into_nameless(struct opening *o, int fd, const char *program)
{
	int to = nameless(o);
	bool copied = to >= 0 && (program ? unpack(o, program, fd, to) : copy_all(o, fd, to));

	close(fd);
	if (to >= 0 && (!copied || lseek(to, 0, SEEK_SET) < 0)) {
		if (copied) {
			fail(o, "%s", g_strerror(errno));
		}
		close(to);
		return -1;
	}
	return to;
}

#define TAR_BLOCK 512

/* A header of POSIX's ustar: where what is needed of it stands. */
struct tar_header {
	char name[100];
	char between[24];
	char size[12]; /* octal */
	char other[20];
	char type;
	char link[100];
	char magic[5]; /* "ustar" */
	char rest[TAR_BLOCK - 262];
};
G_STATIC_ASSERT(sizeof(struct tar_header) == TAR_BLOCK);

static bool read_header(int fd, off_t at, struct tar_header *header)
{
	return pread(fd, header, TAR_BLOCK, at) == TAR_BLOCK && memcmp(header->magic, "ustar", 5) == 0;
}

static bool is_trace(const struct tar_header *header)
{
	g_autofree char *name = g_strndup(header->name, sizeof(header->name));
	g_autofree char *base = g_path_get_basename(name);

	return (header->type == '0' || header->type == '\0') && strcmp(base, "trace") == 0;
}

/* Octal digits; sizes beyond 8 GiB are written in another way, which is refused. */
static bool read_size(const struct tar_header *header, off_t *size)
{
	g_autofree char *digits = g_strndup(header->size, sizeof(header->size));
	char *end;

	*size = (off_t)g_ascii_strtoull(g_strchug(digits), &end, 8);
	return end != digits && (*end == '\0' || *end == ' ');
}

static bool copy_part(struct opening *o, int from, off_t at, off_t size, int to)
{
	char buffer[65536];

	while (size > 0) {
		ssize_t got = pread(from, buffer, (size_t)MIN(size, (off_t)sizeof(buffer)), at);
		if (got <= 0) {
			fail(o, "the tar file ends within its trace");
			return false;
		}
		if (!write_all(o, to, buffer, (size_t)got)) {
			return false;
		}
		at += got;
		size -= got;
	}
	return true;
}

/* Takes over fd, which is a tar file. */
static int trace_of_tar(struct opening *o, int fd)
{
	struct tar_header header;
	off_t at = 0, size = 0;
	int to = -1;

	while (read_header(fd, at, &header)) {
		if (!read_size(&header, &size)) {
			fail(o, "the tar file has a member of a size that cannot be read");
			break;
		}
		if (is_trace(&header)) {
			to = nameless(o);
			break;
		}
		at += TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	if (to < 0 && !o->error) {
		fail(o, "a tar file without a member 'trace': not what msirace-record writes");
	}
	if (to >= 0 && (!copy_part(o, fd, at + TAR_BLOCK, size, to) || lseek(to, 0, SEEK_SET) < 0)) {
		close(to);
		to = -1;
	}
	close(fd);
	return to;
}

static int open_plain(struct opening *o)
{
	bool is_stdin = strcmp(o->path, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
	                  : open(o->path, O_RDONLY | O_CLOEXEC);
	struct stat found;

	if (fd < 0 || fstat(fd, &found) < 0) {
		fail(o, "%s", g_strerror(errno));
	} else if (S_ISDIR(found.st_mode)) {
		fail(o, "%s", g_strerror(EISDIR));
	} else if (!is_stdin && (S_ISCHR(found.st_mode) || S_ISBLK(found.st_mode))) {
		fail(o, "a device, no event of the vector allocator in it; - is standard input");
	}
	if (o->error && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int recording_open(const char *path, char **error)
{
	struct opening o = { .path = path };
	struct tar_header header;
	int fd = open_plain(&o);

	if (fd >= 0 && lseek(fd, 0, SEEK_CUR) < 0) {
		fd = into_nameless(&o, fd, NULL);
	}
	const char *program = fd < 0 ? NULL : unpacker_of(fd);
	if (program && lseek(fd, 0, SEEK_SET) == 0) {
		fd = into_nameless(&o, fd, program);
	}
	if (fd >= 0 && read_header(fd, 0, &header)) {
		fd = trace_of_tar(&o, fd);
	}
	*error = o.error;
	return fd;
}
