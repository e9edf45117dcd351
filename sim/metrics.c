/* SPDX-License-Identifier: MIT */
#include "sim/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "sim/statistics.h"

#define SECOND_PS 1e12

/* How a derived metric is found. */
enum derivation {
	DERIVED_EVENTS, /* a count of events over an exposure */
	DERIVED_RATIO,	/* a sum of times over an exposure: never Poisson */
	DERIVED_PERCENTILE,
	DERIVED_MAX,
	DERIVED_OVERFLOW
};

enum distribution { OF_NONE, OF_LATENCY, OF_STALE };

static const struct derived {
	enum derivation derivation;
	enum metric_counter numerator;
	enum metric_counter denominator;
	double exposure_unit; /* of the denominator */
	enum distribution distribution;
	double fraction;
} derived[METRICS_COUNT - METRIC_COUNTERS_COUNT] = {
#define ROW(id) [METRIC_##id - METRIC_COUNTERS_COUNT]
	ROW(LOST_PER_MIGRATION) = { DERIVED_EVENTS, METRIC_LOST, METRIC_MIGRATIONS_DONE, 1 },
	ROW(COVERED_PER_MIGRATION) = { DERIVED_EVENTS, METRIC_COVERED, METRIC_MIGRATIONS_DONE, 1 },
	ROW(STALE_PER_MIGRATION) = { DERIVED_EVENTS, METRIC_STALE, METRIC_MIGRATIONS_DONE, 1 },
	ROW(SPURIOUS_PER_MIGRATION) = { DERIVED_EVENTS, METRIC_SPURIOUS, METRIC_MIGRATIONS_DONE,
					1 },
	ROW(STALE_TIME_PER_MIGRATION) = { DERIVED_RATIO, METRIC_STALE_TIME, METRIC_MIGRATIONS_DONE,
					  1 },
	ROW(LATENCY_P50) = { DERIVED_PERCENTILE, .distribution = OF_LATENCY, .fraction = 0.5 },
	ROW(LATENCY_P99) = { DERIVED_PERCENTILE, .distribution = OF_LATENCY, .fraction = 0.99 },
	ROW(LATENCY_P99_9) = { DERIVED_PERCENTILE, .distribution = OF_LATENCY, .fraction = 0.999 },
	ROW(LATENCY_MAX) = { DERIVED_MAX, .distribution = OF_LATENCY },
	ROW(LATENCY_OVERFLOW) = { DERIVED_OVERFLOW, .distribution = OF_LATENCY },
	ROW(STALE_TIME_P50) = { DERIVED_PERCENTILE, .distribution = OF_STALE, .fraction = 0.5 },
	ROW(STALE_TIME_P99) = { DERIVED_PERCENTILE, .distribution = OF_STALE, .fraction = 0.99 },
	ROW(STALE_TIME_MAX) = { DERIVED_MAX, .distribution = OF_STALE },
	ROW(INTERRUPTS_PER_SECOND) = { DERIVED_EVENTS, METRIC_RAISED, METRIC_SIMULATED_TIME,
				       SECOND_PS },
	ROW(IRQ_LOAD) = { DERIVED_RATIO, METRIC_CPU_IRQ_TIME, METRIC_SIMULATED_TIME, 1 },
#undef ROW
};

static const struct metric metrics[METRICS_COUNT] = {
#define X(id, key, unit, documentation) [METRIC_##id] = { key, unit, documentation },
	METRIC_COUNTERS(X)
#undef X
#define X(id, key, unit, documentation) [METRIC_##id] = { key, unit, documentation },
	METRIC_DERIVED(X)
#undef X
};

const struct metric *metric_get(int number)
{
	return number >= 0 && number < METRICS_COUNT ? &metrics[number] : NULL;
}

bool metric_is_sampled(int number)
{
	if (number < METRIC_COUNTERS_COUNT || number >= METRICS_COUNT) {
		return false;
	}
	enum derivation derivation = derived[number - METRIC_COUNTERS_COUNT].derivation;
	return derivation != DERIVED_MAX && derivation != DERIVED_OVERFLOW;
}

int metric_find(const char *key)
{
	for (int i = 0; i < METRICS_COUNT; i++) {
		if (strcmp(metrics[i].key, key) == 0) {
			return i;
		}
	}
	return -1;
}

static bool is_level(enum metric_counter counter)
{
	return counter == METRIC_VECTORS_IN_USE || counter == METRIC_VECTORS_LEAKED;
}

uint64_t metric_pooled(const struct run_metrics *each, uint32_t replications,
		       enum metric_counter counter)
{
	uint64_t pooled = 0;

	for (uint32_t i = 0; i < replications; i++) {
		uint64_t value = each[i].counter[counter];
		if (is_level(counter)) {
			pooled = value > pooled ? value : pooled;
		} else if (__builtin_add_overflow(pooled, value, &pooled)) {
			return UINT64_MAX;
		}
	}
	return pooled;
}

static const struct histogram *distribution_of(const struct run_metrics *m,
					       enum distribution distribution)
{
	return distribution == OF_LATENCY ? &m->latency : &m->stale;
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (memory == NULL) {
		abort();
	}
	return memory;
}

static struct estimate over_exposure(const struct derived *d, const struct run_metrics *each,
				     uint32_t replications)
{
	double *above = allocate(replications, sizeof(*above));
	double *below = allocate(replications, sizeof(*below));
	struct estimate estimate;

	for (uint32_t i = 0; i < replications; i++) {
		above[i] = (double)each[i].counter[d->numerator];
		below[i] = (double)each[i].counter[d->denominator] / d->exposure_unit;
	}
	if (d->derivation == DERIVED_EVENTS) {
		estimate = estimate_events(above, below, replications, STATISTICS_ALPHA);
	} else {
		estimate = estimate_ratio(above, below, replications, STATISTICS_ALPHA);
	}
	free(above);
	free(below);
	return estimate;
}

static struct histogram *merged(const struct run_metrics *each, uint32_t replications,
				enum distribution distribution)
{
	struct histogram *all = allocate(1, sizeof(*all));

	for (uint32_t i = 0; i < replications; i++) {
		histogram_merge(all, distribution_of(&each[i], distribution));
	}
	return all;
}

static struct estimate percentile(const struct derived *d, const struct run_metrics *each,
				  uint32_t replications)
{
	struct histogram *all = merged(each, replications, d->distribution);
	double *own = allocate(replications, sizeof(*own));
	size_t own_count = 0;

	for (uint32_t i = 0; i < replications; i++) {
		const struct histogram *h = distribution_of(&each[i], d->distribution);
		if (h->count) {
			own[own_count++] = estimate_quantile(h, d->fraction);
		}
	}
	struct estimate estimate =
		estimate_percentile(all, d->fraction, own, own_count, STATISTICS_ALPHA);
	free(own);
	free(all);
	return estimate;
}

static struct estimate extreme(const struct derived *d, const struct run_metrics *each,
			       uint32_t replications)
{
	uint64_t overflow = 0, max_ps = 0;

	for (uint32_t i = 0; i < replications; i++) {
		const struct histogram *h = distribution_of(&each[i], d->distribution);
		overflow += h->overflow;
		max_ps = h->max_ps > max_ps ? h->max_ps : max_ps;
	}
	if (d->derivation == DERIVED_OVERFLOW) {
		return estimate_exact((double)overflow);
	}
	return estimate_exact((double)max_ps);
}

struct estimate metric_estimate(int number, const struct run_metrics *each, uint32_t replications)
{
	if (replications == 0 || metric_get(number) == NULL) {
		return estimate_undefined();
	}
	if (number < METRIC_COUNTERS_COUNT) {
		return estimate_exact(
			(double)metric_pooled(each, replications, (enum metric_counter)number));
	}
	const struct derived *d = &derived[number - METRIC_COUNTERS_COUNT];
	switch (d->derivation) {
	case DERIVED_EVENTS:
	case DERIVED_RATIO:
		return over_exposure(d, each, replications);
	case DERIVED_PERCENTILE:
		return percentile(d, each, replications);
	case DERIVED_MAX:
	case DERIVED_OVERFLOW:
		return extreme(d, each, replications);
	}
	return estimate_undefined();
}

int metric_events(int number)
{
	if (number < METRIC_COUNTERS_COUNT || number >= METRICS_COUNT) {
		return -1;
	}
	const struct derived *d = &derived[number - METRIC_COUNTERS_COUNT];
	return d->derivation == DERIVED_EVENTS ? (int)d->numerator : -1;
}
