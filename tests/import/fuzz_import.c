/* SPDX-License-Identifier: MIT */
/*
 * The bytes are a recording, after the first zero byte a snapshot, and after the next one an
 * emulator's log. Whatever they are, each reader comes to its end, and what is counted adds up.
 */
#define _GNU_SOURCE /* memfd_create */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/import/emulator_log.h"
#include "sim/import/matrix_state.h"
#include "sim/import/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		abort();
	}
	return fd;
}

static size_t part_size(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);

	return end ? (size_t)(end - data) : size;
}

static struct matrix_state *read_snapshot(const uint8_t *data, size_t size)
{
	char path[64], *error = NULL;
	int fd = file_of(data, size);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct matrix_state *state = matrix_state_read(path, &error);
	if (!state != !!error) {
		abort();
	}
	g_free(error);
	close(fd);
	return state;
}

static void check_result(const struct replay_result *result)
{
	for (int i = 0; i < REPLAY_DECISIONS; i++) {
		if (result->equal[i] > result->compared[i] ||
		    result->compared[i] > result->decisions[i]) {
			abort();
		}
	}
	if (result->counters_equal > result->counters_compared ||
	    !result->divergence != !result->divergences) {
		abort();
	}
}

static void replay(const uint8_t *data, size_t size, struct matrix_state *state)
{
	struct replay_snapshot snapshot = { .name = (char[]){ "x" }, .state = state };
	struct replay_options options = { .snapshots = &snapshot,
		                          .snapshots_count = state ? 1 : 0,
		                          .start = state };
	struct replay_result result;
	char *error;
	int fd = file_of(data, size);

	replay_recording(fd, &options, &result, &error);
	check_result(&result);
	FILE *nowhere = fopen("/dev/null", "w");
	replay_print(&result, &options, "fuzz", nowhere);
	replay_print_verdict(&result, &options, &(struct replay_others){ 0 }, nowhere);
	fclose(nowhere);
	g_free(error);
	g_free(snapshot.difference);
	replay_result_release(&result);
	close(fd);
}

static void read_log(const uint8_t *data, size_t size)
{
	struct emulator_log log;
	int fd = file_of(data, size);

	if (emulator_log_read(fd, &log) < 0) {
		abort();
	}
	emulator_log_release(&log);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t trace = part_size(data, size);
	size_t second = trace < size ? trace + 1 : size;
	size_t snapshot = part_size(data + second, size - second);
	size_t third = second + snapshot < size ? second + snapshot + 1 : size;
	struct matrix_state *state = snapshot ? read_snapshot(data + second, snapshot) : NULL;

	/* A machine of thousands of CPUs only takes longer. */
	if (!state || state->cpus <= 64) {
		replay(data, trace, state);
	}
	matrix_state_free(state);
	read_log(data + third, size - third);
	return 0;
}
