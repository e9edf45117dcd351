/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sim/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40
#define NAMES_TRIED_MAX 100
#define NEW_FILE_MODE 0666

struct output_file {
	FILE *stream;
	char *target;      /* what is replaced; NULL: the stream is the file itself */
	char *folder;      /* of target */
	struct stat old;   /* of target; st_mode 0: there is none */
};

static bool is_descriptor(const char *path)
{
	g_autofree char *whole = g_canonicalize_filename(path, NULL);

	return g_str_has_prefix(whole, "/proc/") || g_str_has_prefix(whole, "/dev/fd/");
}

char *output_file_resolve(const char *path, bool *is_direct)
{
	char *at = g_strdup(path);

	for (int links = 0; links < LINKS_MAX; links++) {
		*is_direct = is_descriptor(at);
		g_autofree char *to = *is_direct ? NULL : g_file_read_link(at, NULL);
		if (!to) {
			return at;
		}
		g_autofree char *folder = g_path_get_dirname(at);
		g_free(at);
		at = g_path_is_absolute(to) ? g_strdup(to) : g_build_filename(folder, to, NULL);
	}
	g_free(at);
	errno = ELOOP;
	return NULL;
}

/* A name beside the target that nobody has; the descriptor, or -1 with errno. */
static int open_beside(const char *target, char **name)
{
	int fd = -1;

	for (int i = 0; fd < 0 && i < NAMES_TRIED_MAX; i++) {
		g_autofree char *folder = g_path_get_dirname(target);
		g_autofree char *hidden = g_strdup_printf(".msirace-%08x", g_random_int());
		g_free(*name);
		*name = g_build_filename(folder, hidden, NULL);
		fd = open(*name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, NEW_FILE_MODE);
		if (fd < 0 && errno != EEXIST) {
			break;
		}
	}
	return fd;
}

/* Not every file system has files without a name; one that has lost it serves as well. */
static int open_nameless(const char *target, const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, NEW_FILE_MODE);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)) {
		g_autofree char *name = NULL;
		fd = open_beside(target, &name);
		if (fd >= 0) {
			unlink(name);
		}
	}
	return fd;
}

/* A file that is there must be one that could be written where it is. */
static int open_replacement(struct output_file *file)
{
	if (file->old.st_mode && access(file->target, W_OK) != 0) {
		return -1;
	}
	file->folder = g_path_get_dirname(file->target);
	return open_nameless(file->target, file->folder);
}

static int open_target(struct output_file *file, const char *path)
{
	bool direct;

	file->target = output_file_resolve(path, &direct);
	if (!file->target) {
		return -1;
	}
	size_t length = strlen(file->target);
	if (length == 0 || file->target[length - 1] == '/') {
		errno = length ? EISDIR : ENOENT;
		return -1;
	}
	if (stat(file->target, &file->old) != 0) {
		file->old.st_mode = 0;
	}
	if (direct || (file->old.st_mode && !S_ISREG(file->old.st_mode))) {
		g_clear_pointer(&file->target, g_free);
		return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, NEW_FILE_MODE);
	}
	return open_replacement(file);
}

static void free_file(struct output_file *file)
{
	g_free(file->target);
	g_free(file->folder);
	g_free(file);
}

struct output_file *output_file_open(const char *path, int *error)
{
	struct output_file *file = g_new0(struct output_file, 1);
	int fd = open_target(file, path);

	*error = fd < 0 ? errno : 0;
	if (fd >= 0) {
		file->stream = fdopen(fd, "w");
		if (!file->stream) {
			g_error("out of memory");
		}
		return file;
	}
	free_file(file);
	return NULL;
}

FILE *output_file_stream(struct output_file *file)
{
	return file->stream;
}

static int copy(int from, int to)
{
	char buffer[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(from, buffer, sizeof(buffer), at)) > 0) {
		for (ssize_t done = 0, wrote; done < got; done += wrote) {
			wrote = write(to, buffer + done, (size_t)(got - done));
			if (wrote <= 0) {
				return wrote < 0 ? errno : EIO;
			}
		}
		at += got;
	}
	return got < 0 ? errno : 0;
}

/* Only the superuser can give a file away: to be refused that is no error. */
static int take_over_permissions(const struct output_file *file, int fd)
{
	struct stat now;

	if (!file->old.st_mode) {
		return 0;
	}
	if (fstat(fd, &now) == 0 &&
	    (now.st_uid != file->old.st_uid || now.st_gid != file->old.st_gid) &&
	    fchown(fd, file->old.st_uid, file->old.st_gid) != 0 &&
	    fchown(fd, (uid_t)-1, file->old.st_gid) != 0 && errno != EPERM) {
		return errno;
	}
	return fchmod(fd, file->old.st_mode & 07777) != 0 ? errno : 0;
}

/* A crash of the system must not leave the name with a file whose bytes never came to the disk. */
static int put_on_disk(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == ENOSYS ? 0 : errno;
}

/* The name of a complete copy of a file that cannot be given a name; NULL, and *error. */
static char *name_copy(const struct output_file *file, int *error)
{
	char *name = NULL;
	int fd = open_beside(file->target, &name);

	*error = fd < 0 ? errno : copy(fileno(file->stream), fd);
	*error = *error ? *error : take_over_permissions(file, fd);
	*error = *error ? *error : put_on_disk(fd);
	if (fd >= 0 && close(fd) != 0 && !*error) {
		*error = errno;
	}
	if (*error) {
		if (fd >= 0) {
			unlink(name);
		}
		g_clear_pointer(&name, g_free);
	}
	return name;
}

/* Gives the file a name beside the target. */
static char *name_file(const struct output_file *file, int *error)
{
	g_autofree char *descriptor = g_strdup_printf("/proc/self/fd/%d", fileno(file->stream));

	for (int i = 0; i < NAMES_TRIED_MAX; i++) {
		g_autofree char *hidden = g_strdup_printf(".msirace-%08x", g_random_int());
		g_autofree char *name = g_build_filename(file->folder, hidden, NULL);
		if (linkat(AT_FDCWD, descriptor, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			return g_steal_pointer(&name);
		}
		if (errno != EEXIST) {
			break;
		}
	}
	return name_copy(file, error);
}

/* Between the two names no signal may end the program. */
static int replace(const struct output_file *file)
{
	sigset_t all, before;
	int error = 0;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	g_autofree char *name = name_file(file, &error);
	if (name && rename(name, file->target) != 0) {
		error = errno;
		unlink(name);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

int output_file_finish(struct output_file *file)
{
	int error = ferror(file->stream) ? EIO : 0;

	if (fflush(file->stream) != 0) {
		error = errno;
	}
	if (file->target) {
		error = error ? error : take_over_permissions(file, fileno(file->stream));
		error = error ? error : put_on_disk(fileno(file->stream));
		error = error ? error : replace(file);
	}
	if (fclose(file->stream) != 0 && !error) {
		error = errno;
	}
	free_file(file);
	return error;
}

int output_file_write(const char *path, const void *data, gsize length)
{
	int error;
	struct output_file *file = output_file_open(path, &error);

	if (!file) {
		return error;
	}
	int failed = fwrite(data, 1, length, output_file_stream(file)) == length ? 0 : errno;
	int finished = output_file_finish(file);
	return failed ? failed : finished;
}
