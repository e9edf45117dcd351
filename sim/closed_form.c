// SPDX-License-Identifier: MIT
#include "sim/closed_form.h"

#include <math.h>
#include <string.h>

enum window { WINDOW_ADDRESS_TO_DATA, WINDOW_DATA_TO_ADDRESS, WINDOW_OFF };

static const struct form {
	const char *strategy;
	enum window window;
	/* It moves just after a raise: the next one is only as far away as ever where raises have no memory. */
	bool in_acknowledge;
	bool only_unmaskable;
} forms[] = {
	{ "x86-direct", WINDOW_ADDRESS_TO_DATA, false, false },
	{ "x86-direct-data-first", WINDOW_DATA_TO_ADDRESS, false, false },
	{ "x86-direct-deferred", WINDOW_ADDRESS_TO_DATA, true, false },
	{ "x86-msi-off", WINDOW_OFF, false, false },
	{ "x86-linux-5.6", WINDOW_ADDRESS_TO_DATA, true, true },
	{ "x86-linux-6.1", WINDOW_ADDRESS_TO_DATA, true, true },
};

static const struct form *form_of(const struct scenario_contender *contender)
{
	const struct strategy *move = contender->slot[SLOT_MOVE];

	for (size_t i = 0; move && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].strategy, move->name) == 0) {
			return &forms[i];
		}
	}
	return NULL;
}

/* The one device, with one interrupt, that all actions move; NULL where there is more to it. */
static const struct scenario_device *moved_device(const struct scenario *s)
{
	int32_t device = -1;

	for (size_t i = 0; i < s->actions_count; i++) {
		const struct scenario_action *action = &s->actions[i];
		bool same = device < 0 || action->device == device;

		if (action->verb != ACTION_MIGRATE || action->device_count != 1 ||
		    action->vector_end - action->vector_first != 1 || !same) {
			return NULL;
		}
		device = action->device;
	}
	return device < 0 ? NULL : &s->devices[device];
}

/* Raises a second; NAN where they depend on what happens, or have a memory that matters. */
static double rate_hz(const struct scenario_arrivals *a, bool memoryless)
{
	if (a->process == PROCESS_POISSON) {
		return a->rate_hz;
	}
	if (a->process == PROCESS_PERIODIC && !memoryless) {
		return 1e12 / (double)a->period_ps;
	}
	return NAN;
}

static uint64_t window_ps(const struct scenario_machine *machine, const struct scenario_device *device,
			  enum window window)
{
	const struct model_timings *t = &machine->timings;
	bool msi = device->kind == DEVICE_MSI;
	uint64_t write_ps = !msi ? t->mmio_gap_ps : machine->ecam ? t->cfg_ecam_ps : t->cfg_pair_ps;
	uint64_t address_writes = msi && device->address_bits == 32 ? 1 : 2;

	switch (window) {
	case WINDOW_ADDRESS_TO_DATA:
		return address_writes * write_ps;
	case WINDOW_DATA_TO_ADDRESS:
		return write_ps;
	case WINDOW_OFF:
		return (address_writes + 2) * write_ps;
	}
	return 0;
}

double closed_form_lost_per_migration(const struct scenario *s, const struct scenario_contender *contender)
{
	const struct scenario_device *device = moved_device(s);
	const struct form *form = form_of(contender);

	if (!device || !form || s->machine.remap != REMAP_NONE || (device->kind != DEVICE_MSI && device->kind != DEVICE_MSIX) ||
	    (device->kind == DEVICE_MSIX && (device->torn != TORN_MIX || form->window == WINDOW_OFF)) ||
	    (form->only_unmaskable && (device->maskable || device->kind != DEVICE_MSI))) {
		return NAN;
	}
	return rate_hz(&device->arrivals, form->in_acknowledge) *
	       (double)window_ps(&s->machine, device, form->window) * 1e-12;
}
