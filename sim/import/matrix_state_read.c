/* SPDX-License-Identifier: MIT */
#include "sim/import/matrix_state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "sim/import/ftrace.h"

/* One file while it is read. message is set on the first thing that is wrong. */
struct snapshot_reader {
	struct matrix_state *state;
	char *message;
	bool ktdump;
	bool table;    /* debugfs: below the heading of the CPUs */
	uint32_t cpus; /* of the machine, as far as the file has told */
};

static void fail(struct snapshot_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fail(struct snapshot_reader *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!r->message) {
		r->message = g_strdup_vprintf(format, arguments);
	}
	va_end(arguments);
}

/* The number behind "key=". */
static uint32_t number_of(struct snapshot_reader *r, const char *line, const char *key)
{
	g_autofree char *pattern = g_strdup_printf(" %s=", key);
	const char *found = strstr(line, pattern);
	char *end;

	if (!found) {
		fail(r, "'%s=' is missing", key);
		return 0;
	}
	found += strlen(pattern);
	guint64 value = g_ascii_strtoull(found, &end, 10);
	if (end == found || value > UINT32_MAX || !g_ascii_isdigit(*found)) {
		fail(r, "'%s=' has no number", key);
		return 0;
	}
	return (uint32_t)value;
}

/* "0-19,29,32": set[n] of each number becomes true. Numbers from limit on are an error. */
static void read_list(struct snapshot_reader *r, const char *text, uint32_t limit, bool *set)
{
	while (g_ascii_isdigit(*text)) {
		char *end;
		guint64 low = g_ascii_strtoull(text, &end, 10), high = low;
		if (*end == '-') {
			text = end + 1;
			high = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10)
			                              : G_MAXUINT64;
		}
		if (low > high || high >= limit) {
			fail(r, "'%s' is no list of numbers in range", text);
			return;
		}
		for (guint64 n = low; n <= high; n++) {
			set[n] = true;
		}
		text = *end == ',' ? end + 1 : end;
	}
	if (*text && *text != ' ') {
		fail(r, "'%s' is no list of numbers", text);
	}
}

static void read_ktdump_heading(struct snapshot_reader *r, const char *line)
{
	const char *possible = strstr(line, " possible=");

	if (!g_str_has_prefix(line, "ktdump v1 ") || !possible) {
		fail(r, "this is no version of ktdump that is known");
		return;
	}
	/* Linux sizes its masks by the highest possible CPU. */
	bool *is_possible = g_new0(bool, FTRACE_CPUS_MAX);
	read_list(r, possible + strlen(" possible="), FTRACE_CPUS_MAX, is_possible);
	for (uint32_t cpu = 0; cpu < FTRACE_CPUS_MAX; cpu++) {
		r->cpus = is_possible[cpu] ? cpu + 1 : r->cpus;
	}
	g_free(is_possible);
	if (r->cpus == 0) {
		fail(r, "'%s=' is missing", "possible");
	}
	r->ktdump = true;
}

static void read_ktdump_matrix(struct snapshot_reader *r, const char *line)
{
	uint32_t bits = number_of(r, line, "bits"), start = number_of(r, line, "start"),
		 end = number_of(r, line, "end");

	if (r->state || r->cpus == 0) {
		fail(r, "'%s' does not belong here", "matrix");
		return;
	}
	if (bits != X86_VECTORS || start >= end || end > bits) {
		fail(r, "this shape of an allocator is not known: 256 vectors are");
		return;
	}
	struct matrix_state *s = r->state = matrix_state_new(r->cpus);
	s->first = start;
	s->end = end;
	memset(s->system, 0, s->vectors * sizeof(s->system[0]));
	s->counted = true;
	s->online_cpus = number_of(r, line, "online_maps");
	s->available = number_of(r, line, "global_avl");
	s->reserved = number_of(r, line, "global_rsvd");
	s->total_allocated = number_of(r, line, "total_alloc");
}

static void read_ktdump_cpu(struct snapshot_reader *r, const char *line)
{
	uint32_t cpu = number_of(r, line, "cpu");
	struct matrix_state *s = r->state;

	if (!s || cpu >= s->cpus) {
		fail(r, "'%s' does not belong here", "cpumap");
		return;
	}
	s->cpu[cpu] = (struct matrix_cpu_state){
		.online = number_of(r, line, "online"),
		.initialized = number_of(r, line, "init"),
		.counted = true,
		.available = number_of(r, line, "avl"),
		.allocated = number_of(r, line, "alloc"),
		.managed = number_of(r, line, "managed"),
		.managed_allocated = number_of(r, line, "mgd_alloc"),
	};
	const char *alloc = strstr(line, " alloc_map="), *managed = strstr(line, " managed_map=");
	if (!alloc || !managed) {
		fail(r, "'%s' is missing", alloc ? "managed_map=" : "alloc_map=");
		return;
	}
	bool in_alloc[X86_VECTORS] = { false }, in_managed[X86_VECTORS] = { false };
	read_list(r, alloc + strlen(" alloc_map="), s->vectors, in_alloc);
	read_list(r, managed + strlen(" managed_map="), s->vectors, in_managed);
	for (uint32_t v = 0; v < s->vectors; v++) {
		uint8_t is = in_managed[v]
		                     ? (in_alloc[v] ? VECTOR_MANAGED_ALLOCATED : VECTOR_MANAGED)
		                     : (in_alloc[v] ? VECTOR_ALLOCATED : VECTOR_FREE);
		s->vector[(size_t)cpu * s->vectors + v] = is;
	}
}

static void read_ktdump_line(struct snapshot_reader *r, const char *line)
{
	if (g_str_has_prefix(line, "matrix ")) {
		read_ktdump_matrix(r, line);
	} else if (g_str_has_prefix(line, "system_map ")) {
		if (r->state) {
			read_list(r, line + strlen("system_map "), r->state->vectors,
			          r->state->system);
		} else {
			fail(r, "'%s' does not belong here", "system_map");
		}
	} else if (g_str_has_prefix(line, "cpumap ")) {
		read_ktdump_cpu(r, line);
	}
}

/* "Global available:    780". */
static bool debugfs_number(struct snapshot_reader *r, const char *line, const char *key,
                           uint32_t *value)
{
	if (!g_str_has_prefix(line, key)) {
		return false;
	}
	char *end;
	guint64 number = g_ascii_strtoull(line + strlen(key), &end, 10);
	if (*end || number > UINT32_MAX) {
		fail(r, "'%s' has no number", key);
	}
	*value = (uint32_t)number;
	return true;
}

/*
 * A row of the table lists online CPUs only: number, available, managed, managed and allocated,
 * allocated, vectors.
 */
static void read_debugfs_cpu(struct snapshot_reader *r, const char *line)
{
	struct matrix_state *s = r->state;
	guint64 value[5];
	char *end = (char *)(uintptr_t)line;

	for (size_t i = 0; i < G_N_ELEMENTS(value); i++) {
		const char *begin = end + strspn(end, " ");
		value[i] = g_ascii_strtoull(begin, &end, 10);
		if (end == begin || value[i] > UINT32_MAX) {
			fail(r, "a CPU's row needs five numbers and a list of vectors");
			return;
		}
	}
	uint32_t cpu = (uint32_t)value[0];
	if (cpu >= s->cpus) {
		fail(r, "there are more CPUs than this reader knows");
		return;
	}
	s->cpu[cpu] = (struct matrix_cpu_state){
		.online = true,
		.initialized = true,
		.counted = true,
		.available = (uint32_t)value[1],
		.managed = (uint32_t)value[2],
		.managed_allocated = (uint32_t)value[3],
		.allocated = (uint32_t)value[4],
	};
	bool listed[X86_VECTORS] = { false };
	read_list(r, end + strspn(end, " "), s->vectors, listed);
	for (uint32_t v = 0; v < s->vectors; v++) {
		s->vector[(size_t)cpu * s->vectors + v] = listed[v]
		                                                  ? VECTOR_ALLOCATED |
		                                                            VECTOR_MANAGED_ALLOCATED
		                                                  : VECTOR_FREE | VECTOR_MANAGED;
	}
	if (cpu >= r->cpus) {
		r->cpus = cpu + 1;
	}
}

static void read_debugfs_line(struct snapshot_reader *r, const char *line)
{
	uint32_t value;

	line += strspn(line, " ");
	if (!r->state) {
		r->state = matrix_state_new(FTRACE_CPUS_MAX);
		memset(r->state->system, 0, r->state->vectors * sizeof(r->state->system[0]));
	}
	struct matrix_state *s = r->state;
	if (debugfs_number(r, line, "Online bitmaps:", &value)) {
		s->online_cpus = value;
		s->counted = true;
	} else if (debugfs_number(r, line, "Global available:", &value)) {
		s->available = value;
	} else if (debugfs_number(r, line, "Global reserved:", &value)) {
		s->reserved = value;
	} else if (debugfs_number(r, line, "Total allocated:", &value)) {
		s->total_allocated = value;
	} else if (g_str_has_prefix(line, "System: ")) {
		const char *list = strchr(line + strlen("System: "), ':');
		read_list(r, list ? list + 1 + strspn(list + 1, " ") : "", s->vectors, s->system);
	} else if (g_str_has_prefix(line, "| CPU ")) {
		r->table = true;
	} else if (r->table && *line) {
		read_debugfs_cpu(r, line);
	}
}

/* A debugfs file tells of no more CPUs than those that are online. */
static void trim_cpus(struct snapshot_reader *r)
{
	struct matrix_state *s = r->state;

	s->cpus = r->cpus;
	s->cpu = g_renew(struct matrix_cpu_state, s->cpu, s->cpus);
	s->vector = g_renew(uint8_t, s->vector, (size_t)s->cpus * s->vectors);
}

static void read_line(struct snapshot_reader *r, const struct text_line *line)
{
	g_autofree char *text = g_strndup(line->text, line->length);

	if (line->number == 1 && g_str_has_prefix(text, "ktdump ")) {
		read_ktdump_heading(r, text);
	} else if (r->ktdump) {
		read_ktdump_line(r, text);
	} else {
		read_debugfs_line(r, text);
	}
}

static char *missing_part(const struct snapshot_reader *r)
{
	if (!r->state) {
		return g_strdup("there is no allocator in this file");
	}
	if (!r->state->counted || (!r->ktdump && !r->table)) {
		return g_strdup("this is neither a ktdump nor the debugfs file irq/domains/VECTOR");
	}
	return NULL;
}

struct matrix_state *matrix_state_read(const char *path, char **error)
{
	struct snapshot_reader r = { 0 };
	struct text_lines lines;
	struct text_line line = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC), got;

	*error = NULL;
	got = fd < 0 ? -errno : text_lines_open(&lines, fd);
	if (got < 0) {
		*error = g_strdup_printf("%s: %s", path, g_strerror(-got));
		if (fd >= 0) {
			close(fd);
		}
		return NULL;
	}
	while (!r.message && (got = text_lines_next(&lines, &line)) > 0) {
		read_line(&r, &line);
	}
	if (r.message) {
		*error = g_strdup_printf("%s:%" G_GUINT64_FORMAT ": %s", path, line.number,
		                         r.message);
	} else if (got < 0) {
		*error = g_strdup_printf("%s: %s", path, g_strerror(-got));
	} else {
		g_autofree char *missing = missing_part(&r);
		*error = missing ? g_strdup_printf("%s: %s", path, missing) : NULL;
	}
	text_lines_close(&lines);
	close(fd);
	g_free(r.message);
	if (*error) {
		matrix_state_free(r.state);
		return NULL;
	}
	if (!r.ktdump) {
		if (r.cpus == 0) {
			*error = g_strdup_printf("%s: the table lists no CPU", path);
			matrix_state_free(r.state);
			return NULL;
		}
		trim_cpus(&r);
	}
	return r.state;
}
