// SPDX-License-Identifier: MIT
#include "sim/occupancy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/os/root_domain.h"

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		abort();
	}
	return memory;
}

static uint32_t divide_up(uint32_t count, uint32_t by)
{
	return (uint32_t)(((uint64_t)count + by - 1) / by);
}

static void shape_map(struct occupancy *c, const struct machine_config *config)
{
	c->cpus = config->cpus;
	c->vector_first = config->vectors_first;
	c->vectors = config->vectors_end - config->vectors_first;
	c->cpus_per_row = divide_up(c->cpus, OCCUPANCY_ROWS_MAX);
	c->rows = divide_up(c->cpus, c->cpus_per_row);
	c->vectors_per_column = divide_up(c->vectors, OCCUPANCY_COLUMNS_MAX);
	c->columns = divide_up(c->vectors, c->vectors_per_column);
}

void occupancy_init(struct occupancy_observer *o, const struct machine *m, uint64_t end_ps, struct occupancy *occupancy)
{
	memset(occupancy, 0, sizeof(*occupancy));
	shape_map(occupancy, m->config);
	occupancy->interval_ps = (end_ps + OCCUPANCY_SAMPLES_MAX - 1) / OCCUPANCY_SAMPLES_MAX;
	*o = (struct occupancy_observer){ .occupancy = occupancy, .end_ps = end_ps };
	o->cpu_vectors = allocate(occupancy->cpus, sizeof(*o->cpu_vectors));
	o->cpus_with = allocate((size_t)occupancy->vectors + 1, sizeof(*o->cpus_with));
	o->in_use_ps = allocate((size_t)occupancy->rows * occupancy->columns, sizeof(*o->in_use_ps));
}

void occupancy_release(struct occupancy_observer *o)
{
	free(o->cpu_vectors);
	free(o->cpus_with);
	free(o->in_use_ps);
}

/* The vectors of the CPU of a rank, from 0 on, in the order of how many each has. */
static uint32_t at_rank(const uint32_t *cpus_with, uint32_t rank)
{
	uint32_t vectors = 0;

	while (rank >= cpus_with[vectors]) {
		rank -= cpus_with[vectors++];
	}
	return vectors;
}

static void take_spread(struct occupancy_observer *o, struct occupancy_sample *sample)
{
	const struct occupancy *c = o->occupancy;

	memset(o->cpus_with, 0, ((size_t)c->vectors + 1) * sizeof(*o->cpus_with));
	for (uint32_t cpu = 0; cpu < c->cpus; cpu++) {
		o->cpus_with[o->cpu_vectors[cpu]]++;
	}
	sample->cpu_min = at_rank(o->cpus_with, 0);
	sample->cpu_median = at_rank(o->cpus_with, (c->cpus - 1) / 2);
	sample->cpu_max = at_rank(o->cpus_with, c->cpus - 1);
}

/*
 * How it stood before a change: kind is that of the event that tells of it. Where a vector is freed its interrupt still
 * names it, so that what belongs to nobody cannot be told.
 */
static struct occupancy_sample look(struct occupancy_observer *o, const struct machine *m, enum model_event_kind kind)
{
	struct occupancy_sample sample = { .used = o->used, .migrations = o->migrations };
	uint64_t in_use;
	uint64_t leaked;

	m->root->count(m, &in_use, &leaked);
	o->leaked = kind == EV_VECTOR_FREED ? o->leaked : leaked;
	o->leaked_is_old = true;
	sample.leaked = o->leaked;
	for (uint32_t word = 0; word < m->cpu_words; word++) {
		sample.online += (uint32_t)__builtin_popcountll(m->online[word]);
	}
	take_spread(o, &sample);
	return sample;
}

static bool is_due(const struct occupancy *c, uint64_t now_ps)
{
	return c->samples < OCCUPANCY_SAMPLES_MAX && (c->samples + 1) * c->interval_ps <= now_ps;
}

/* The samples of the time since the change before. */
static void take_samples(struct occupancy_observer *o, const struct machine *m, enum model_event_kind kind)
{
	struct occupancy *c = o->occupancy;
	struct occupancy_sample sample;

	if (!is_due(c, m->now_ps)) {
		if (o->leaked_is_old && kind != EV_VECTOR_FREED) {
			m->root->count(m, &(uint64_t){ 0 }, &o->leaked);
			o->leaked_is_old = false;
		}
		return;
	}
	sample = look(o, m, kind);
	while (is_due(c, m->now_ps)) {
		c->sample[c->samples++] = sample;
	}
}

static void change(struct occupancy_observer *o, const struct machine *m, const struct model_event *event, bool assigned)
{
	const struct occupancy *c = o->occupancy;
	uint64_t left_ps = o->end_ps > m->now_ps ? o->end_ps - m->now_ps : 0;
	uint64_t *in_use_ps;

	if (event->cpu >= c->cpus || event->value - c->vector_first >= c->vectors) {
		return;
	}
	in_use_ps = &o->in_use_ps[event->cpu / c->cpus_per_row * c->columns +
				  (event->value - c->vector_first) / c->vectors_per_column];
	/* A model that frees what it never assigned has lost count. */
	if (o->cpu_vectors[event->cpu] == (assigned ? c->vectors : 0)) {
		fprintf(stderr, "CPU %u has %u vectors in use, and one more is %s\n", event->cpu, o->cpu_vectors[event->cpu],
			assigned ? "assigned" : "freed");
		abort();
	}
	if (assigned) {
		o->used++;
		o->cpu_vectors[event->cpu]++;
		*in_use_ps += left_ps;
	} else {
		o->used--;
		o->cpu_vectors[event->cpu]--;
		*in_use_ps -= left_ps;
	}
}

void occupancy_event(void *data, const struct machine *m, const struct model_event *event)
{
	struct occupancy_observer *o = data;

	switch ((enum model_event_kind)event->kind) {
	case EV_VECTOR_ASSIGNED:
	case EV_VECTOR_FREED:
		take_samples(o, m, event->kind);
		change(o, m, event, event->kind == EV_VECTOR_ASSIGNED);
		break;
	case EV_MOVE:
		take_samples(o, m, event->kind);
		o->migrations += event->detail == MOVE_DONE;
		break;
	default:
		break;
	}
}

static uint8_t level_of(double share)
{
	uint32_t level = 0;

	while (level < OCCUPANCY_LEVELS && share > (double)level / OCCUPANCY_LEVELS) {
		level++;
	}
	return (uint8_t)level;
}

/* A row or column at the edge stands for fewer CPUs or vectors than the others. */
static uint32_t extent(uint32_t total, uint32_t each, uint32_t number)
{
	uint32_t left = total - number * each;

	return left < each ? left : each;
}

static void finish_map(struct occupancy_observer *o)
{
	struct occupancy *c = o->occupancy;

	for (uint32_t row = 0; row < c->rows; row++) {
		for (uint32_t column = 0; column < c->columns; column++) {
			double cells = (double)extent(c->cpus, c->cpus_per_row, row) *
				       extent(c->vectors, c->vectors_per_column, column);
			double in_use_ps = (double)o->in_use_ps[row * c->columns + column];

			c->level[row][column] = level_of(in_use_ps / ((double)o->end_ps * cells));
		}
	}
}

void occupancy_finish(struct occupancy_observer *o, const struct machine *m)
{
	struct occupancy *c = o->occupancy;

	take_samples(o, m, EV_NOTE);
	/* The end of the run is rarely a whole number of intervals. */
	if (c->samples < OCCUPANCY_SAMPLES_MAX && c->samples * c->interval_ps < o->end_ps) {
		c->sample[c->samples++] = look(o, m, EV_NOTE);
	}
	finish_map(o);
}
