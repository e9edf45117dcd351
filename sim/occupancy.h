/* SPDX-License-Identifier: MIT */
/*
 * How full the vector spaces are in one replication: samples over time, and a map of the share of the time that each
 * vector of each CPU was in use. Of a fixed size, whatever the machine's and the run's are. It only listens.
 */
#ifndef MSIRACE_SIM_OCCUPANCY_H
#define MSIRACE_SIM_OCCUPANCY_H

#include <stdbool.h>
#include <stdint.h>

#include "models/machine.h"

#define OCCUPANCY_SAMPLES_MAX 128
#define OCCUPANCY_ROWS_MAX 64
#define OCCUPANCY_COLUMNS_MAX 256

/* Levels of the map: 0 never in use, n in (0, LEVELS]: in use for more than (n - 1) and at most n tenths of the time. */
#define OCCUPANCY_LEVELS 10

struct occupancy_sample {
	uint64_t used;        /* vectors assigned, on all CPUs */
	uint64_t leaked;      /* of those, vectors that no interrupt owns */
	uint64_t migrations;  /* that took effect so far */
	uint32_t online;      /* CPUs */
	uint32_t cpu_min;     /* vectors allocated on the CPU that has the fewest */
	uint32_t cpu_median;  /* the lower one of two */
	uint32_t cpu_max;
};

/* Plain data. */
struct occupancy {
	/*
	 * sample[n] is of (n + 1) * interval_ps, the last one of the end of the run: as it stood before the first change of a
	 * vector, or move, at or after that moment. CPUs on line, and leaked vectors, which nothing tells of, are as they stood
	 * at that change; where it frees a vector, the leaked ones are up to an interval older.
	 */
	uint64_t interval_ps;
	uint32_t samples;
	struct occupancy_sample sample[OCCUPANCY_SAMPLES_MAX];
	/* The map: a row is cpus_per_row CPUs, a column vectors_per_column vectors from vector_first on; the mean over both. */
	uint32_t cpus;
	uint32_t cpus_per_row;
	uint32_t rows;
	uint32_t vector_first;
	uint32_t vectors;
	uint32_t vectors_per_column;
	uint32_t columns;
	uint8_t level[OCCUPANCY_ROWS_MAX][OCCUPANCY_COLUMNS_MAX];
};

struct occupancy_observer {
	struct occupancy *occupancy;   /* borrowed */
	uint64_t end_ps;
	uint64_t used;
	uint64_t migrations;
	uint64_t leaked;               /* at the last look */
	bool leaked_is_old;            /* of before the last sample */
	uint32_t *cpu_vectors;         /* [cpus] */
	uint32_t *cpus_with;           /* scratch: [vectors + 1] */
	uint64_t *in_use_ps;           /* [row * columns + column], as if what is in use stayed so until the end */
};

/* occupancy is borrowed and set to zero; end_ps, at least 1, is the length of the run. */
void occupancy_init(struct occupancy_observer *o, const struct machine *m, uint64_t end_ps, struct occupancy *occupancy);
void occupancy_release(struct occupancy_observer *o);

/* A listener of the engine; data is the struct occupancy_observer. */
#define OCCUPANCY_KINDS \
	(UINT64_C(1) << EV_VECTOR_ASSIGNED | UINT64_C(1) << EV_VECTOR_FREED | UINT64_C(1) << EV_MOVE)
void occupancy_event(void *data, const struct machine *m, const struct model_event *event);

/* The run is over: the last samples and the map. */
void occupancy_finish(struct occupancy_observer *o, const struct machine *m);

#endif
