// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "sim/platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/actor.h"

static uint32_t cpu_socket(const struct scenario *s, uint32_t cpu)
{
	return cpu / (s->machine.cpus / s->machine.sockets);
}

/*
 * One cluster a socket. A device's link up carries messages, its link down posted writes; CPUs are at no distance from
 * their socket's backbone.
 */
static void write_host(FILE *out, const char *name, uint64_t up_ps, uint64_t down_ps)
{
	fprintf(out, "<host id=\"%s\" speed=\"1f\"/>"
		"<link id=\"%s.up\" bandwidth=\"1Bps\" latency=\"%llups\"/>"
		"<link id=\"%s.down\" bandwidth=\"1Bps\" latency=\"%llups\"/>"
		"<host_link id=\"%s\" up=\"%s.up\" down=\"%s.down\"/>\n",
		name, name, (unsigned long long)up_ps, name, (unsigned long long)down_ps, name, name, name);
}

static void write_socket(FILE *out, const struct scenario *s, uint32_t socket)
{
	const struct model_timings *timings = &s->machine.timings;
	char name[32];

	fprintf(out, "<zone id=\"socket%u\" routing=\"Cluster\">\n", socket);
	for (uint32_t cpu = 0; cpu < s->machine.cpus; cpu++) {
		if (cpu_socket(s, cpu) == socket) {
			snprintf(name, sizeof(name), "cpu%u", cpu);
			write_host(out, name, 0, 0);
		}
	}
	for (size_t device = 0; device < s->devices_count; device++) {
		if (s->devices[device].socket == socket) {
			snprintf(name, sizeof(name), "device%zu", device);
			write_host(out, name, timings->message_ps, timings->posted_write_ps);
		}
	}
	fprintf(out, "<backbone id=\"root%u\" "
		"bandwidth=\"1Bps\" latency=\"0ps\"/><router id=\"router%u\"/></zone>\n", socket, socket);
}

static void write_platform(FILE *out, const struct scenario *s)
{
	uint32_t sockets = s->machine.sockets;

	fprintf(out, "<?xml version=\"1.0\"?>\n"
		"<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
		"<platform version=\"4.1\"><zone id=\"machine\" routing=\"Full\">\n");
	for (uint32_t socket = 0; socket < sockets; socket++) {
		write_socket(out, s, socket);
	}
	for (uint32_t a = 0; a < sockets; a++) {
		for (uint32_t b = a + 1; b < sockets; b++) {
			fprintf(out, "<link id=\"hop%u-%u\" bandwidth=\"1Bps\" latency=\"%llups\"/>", a, b,
				(unsigned long long)s->machine.timings.interconnect_ps);
		}
	}
	for (uint32_t a = 0; a < sockets; a++) {
		for (uint32_t b = a + 1; b < sockets; b++) {
			fprintf(out, "<zoneRoute src=\"socket%u\" dst=\"socket%u\" gw_src=\"router%u\" gw_dst=\"router%u\">"
				"<link_ctn id=\"hop%u-%u\"/></zoneRoute>\n", a, b, a, b, a, b);
		}
	}
	fprintf(out, "</zone></platform>\n");
}

char *platform_path(const struct scenario *s, int *descriptor)
{
	char path[64];
	FILE *out;

	*descriptor = -1;
	if (s->machine.platform_file) {
		return strdup(s->machine.platform_file);
	}
	*descriptor = memfd_create("platform.xml", 0);
	if (*descriptor < 0) {
		return NULL;
	}
	out = fdopen(dup(*descriptor), "w");
	if (!out) {
		return NULL;
	}
	write_platform(out, s);
	if (fclose(out) != 0) {
		return NULL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *descriptor);
	return strdup(path);
}

static void *table(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		abort();
	}
	return memory;
}

/* Hosts that stand for a place: any one of it. A platform of the user's own has each host at a place of its own. */
static void assign_places(const struct scenario *s, struct topology *t)
{
	bool own = s->machine.platform_file != NULL;

	t->cpu_places = own ? s->machine.cpus : s->machine.sockets;
	t->device_places = own ? (uint32_t)s->devices_count : s->machine.sockets;
	t->cpu_place = table(s->machine.cpus, sizeof(*t->cpu_place));
	t->device_place = table(s->devices_count, sizeof(*t->device_place));
	for (uint32_t cpu = 0; cpu < s->machine.cpus; cpu++) {
		t->cpu_place[cpu] = (uint16_t)(own ? cpu : cpu_socket(s, cpu));
	}
	for (size_t device = 0; device < s->devices_count; device++) {
		t->device_place[device] = (uint16_t)(own ? device : s->devices[device].socket);
	}
}

static char *missing(const char *from, const char *to)
{
	char *text = NULL;

	if (asprintf(&text, "the platform has no route from host '%s' to host '%s'", from, to) < 0) {
		abort();
	}
	return text;
}

static void name_cpu(char *name, size_t size, uint32_t cpu)
{
	snprintf(name, size, "cpu%u", cpu);
}

static void name_device(const struct scenario *s, char *name, size_t size, size_t device)
{
	if (s->machine.platform_file) {
		snprintf(name, size, "%s", s->devices[device].name);
	} else {
		snprintf(name, size, "device%zu", device);
	}
}

static char *load_pair(const struct scenario *s, struct topology *t, size_t device, uint32_t cpu)
{
	size_t cell = (size_t)t->device_place[device] * t->cpu_places + t->cpu_place[cpu];
	char device_name[256];
	char cpu_name[32];

	name_device(s, device_name, sizeof(device_name), device);
	name_cpu(cpu_name, sizeof(cpu_name), cpu);
	t->message_ps[cell] = actor_world_latency_ps(device_name, cpu_name);
	t->write_ps[cell] = actor_world_latency_ps(cpu_name, device_name);
	if (t->message_ps[cell] == UINT64_MAX || t->write_ps[cell] == UINT64_MAX) {
		return missing(device_name, cpu_name);
	}
	return NULL;
}

static char *load_cpus(const struct scenario *s, struct topology *t)
{
	for (uint32_t from = 0; from < s->machine.cpus; from++) {
		for (uint32_t to = 0; to < s->machine.cpus; to++) {
			size_t cell = (size_t)t->cpu_place[from] * t->cpu_places + t->cpu_place[to];
			char from_name[32];
			char to_name[32];

			if (from == to || t->ipi_extra_ps[cell] != UINT64_MAX) {
				continue;
			}
			name_cpu(from_name, sizeof(from_name), from);
			name_cpu(to_name, sizeof(to_name), to);
			t->ipi_extra_ps[cell] = actor_world_latency_ps(from_name, to_name);
			if (t->ipi_extra_ps[cell] == UINT64_MAX) {
				return missing(from_name, to_name);
			}
		}
	}
	return NULL;
}

char *topology_load(const struct scenario *s, struct topology *t)
{
	char *error = NULL;
	size_t cells;

	assign_places(s, t);
	cells = (size_t)t->device_places * t->cpu_places;
	t->message_ps = table(cells, sizeof(*t->message_ps));
	t->write_ps = table(cells, sizeof(*t->write_ps));
	t->ipi_extra_ps = table((size_t)t->cpu_places * t->cpu_places, sizeof(*t->ipi_extra_ps));
	memset(t->message_ps, 0xff, cells * sizeof(*t->message_ps));
	memset(t->ipi_extra_ps, 0xff, (size_t)t->cpu_places * t->cpu_places * sizeof(*t->ipi_extra_ps));
	for (size_t device = 0; device < s->devices_count && !error; device++) {
		for (uint32_t cpu = 0; cpu < s->machine.cpus && !error; cpu++) {
			size_t cell = (size_t)t->device_place[device] * t->cpu_places + t->cpu_place[cpu];

			if (t->message_ps[cell] == UINT64_MAX) {
				error = load_pair(s, t, device, cpu);
			}
		}
	}
	return error ? error : load_cpus(s, t);
}

void topology_release(struct topology *t)
{
	free(t->cpu_place);
	free(t->device_place);
	free(t->message_ps);
	free(t->write_ps);
	free(t->ipi_extra_ps);
	*t = (struct topology){ 0 };
}
