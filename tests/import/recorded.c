/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "recorded.h"

#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

char *recorded_text(const char *file, size_t *length)
{
	g_autofree char *path = g_build_filename(RECORDINGS_DIR, file, NULL);
	char *text = NULL;
	gsize bytes = 0;

	cr_assert(g_file_get_contents(path, &text, &bytes, NULL), "%s", path);
	*length = bytes;
	return text;
}

int recorded_fd(const char *text, size_t length)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, length), (ssize_t)length);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

struct replay_result recorded_replay(const char *text, size_t length,
                                     const struct replay_options *options)
{
	static const struct replay_options none;
	struct replay_result result;
	char *error = NULL;
	int fd = recorded_fd(text, length);

	cr_assert_eq(replay_recording(fd, options ? options : &none, &result, &error), 0, "%s",
	             error ? error : "");
	close(fd);
	return result;
}

struct replay_snapshot *recorded_snapshots(const char *name, size_t *count)
{
	g_autofree char *folder = g_strdup_printf("%s/%s.snap", RECORDINGS_DIR, name);
	GDir *dir = g_dir_open(folder, 0, NULL);
	struct replay_snapshot *snapshots = NULL;
	const char *file;

	*count = 0;
	while (dir && (file = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, file, NULL);
		char *error = NULL;
		snapshots = g_renew(struct replay_snapshot, snapshots, *count + 1);
		snapshots[*count] = (struct replay_snapshot){
			.name = g_strndup(file, strlen(file) - strlen(".ktdump")),
			.state = matrix_state_read(path, &error),
		};
		cr_assert_null(error, "%s", error);
		++*count;
	}
	if (dir) {
		g_dir_close(dir);
	}
	return snapshots;
}

void recorded_snapshots_free(struct replay_snapshot *snapshots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_free(snapshots[i].name);
		g_free(snapshots[i].difference);
		matrix_state_free(snapshots[i].state);
	}
	g_free(snapshots);
}

struct recorded_sums recorded_sums(const struct replay_result *result)
{
	struct recorded_sums sums = { 0 };

	for (int i = 0; i < REPLAY_DECISIONS; i++) {
		sums.made += result->decisions[i];
		sums.compared += result->compared[i];
		sums.equal += result->equal[i];
	}
	return sums;
}
