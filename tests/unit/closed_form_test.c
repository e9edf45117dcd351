/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "sim/closed_form.h"
#include "sim/loader.h"

/* The closed form of the first contender of a scenario with one 50 kHz device, whose text may be changed. */
static double form_of(const char *strategy, const char *machine, const char *device,
		      const char *raise, const char *action)
{
	g_autofree char *text = g_strdup_printf(
		"machine: {cpus: 4%s}\n"
		"devices:\n  - {name: edu, kind: %s, raise: {%s}}\n  - {name: nic, kind: msix, vectors: 2}\n"
		"actions:\n  - {do: migrate, device: %s, every: 9ms}\nstrategies: [%s]\nduration: 1s\n",
		machine, device, raise, action, strategy);
	struct diagnostics *d = diagnostics_new("form.yaml");
	struct scenario *s = scenario_load_text("form.yaml", text, strlen(text), NULL, d);

	cr_assert_not_null(s, "%s", text);
	double found = closed_form_lost_per_migration(s, &s->contenders[0]);
	scenario_free(s);
	diagnostics_free(d);
	return found;
}

#define MSI "msi, maskable: false"
#define RATE "rate: 50kHz"

static void assert_near(double found, double expected)
{
	cr_assert_float_eq(found, expected, 1e-9, "%g is not %g", found, expected);
}

Test(closed_form, windows)
{
	assert_near(form_of("x86-direct", "", MSI, RATE, "edu"), 50e3 * 3e-6);
	assert_near(form_of("x86-direct", "", MSI ", address_bits: 32", RATE, "edu"),
		    50e3 * 1.5e-6);
	assert_near(form_of("x86-direct", ", ecam: true", MSI, RATE, "edu"), 50e3 * 1.6e-6);
	assert_near(form_of("x86-direct", ", timings: {cfg_pair: 4us}", MSI, RATE, "edu"),
		    50e3 * 8e-6);
	assert_near(form_of("x86-direct-data-first", "", MSI, RATE, "edu"), 50e3 * 1.5e-6);
	assert_near(form_of("x86-msi-off", "", MSI, RATE, "edu"), 50e3 * 6e-6);
	assert_near(form_of("x86-direct", "", "msix", RATE, "edu"), 50e3 * 200e-9);
	assert_near(form_of("x86-direct", "", MSI, "process: periodic, period: 20us", "edu"),
		    50e3 * 3e-6);
	assert_near(form_of("x86-linux-6.1", "", MSI, RATE, "edu"), 50e3 * 3e-6);
	assert_near(form_of("x86-direct-deferred+immediate", "", MSI, RATE, "edu"), 50e3 * 3e-6);
}

Test(closed_form, where_there_is_none)
{
	cr_assert(isnan(form_of("x86-tmp", "", MSI, RATE, "edu")));
	cr_assert(isnan(form_of("x86-linux-6.1-as-commented", "", MSI, RATE, "edu")));
	cr_assert(isnan(form_of("x86-linux-6.1", "", "msi, maskable: true", RATE, "edu")));
	cr_assert(isnan(form_of("x86-direct", "", MSI, RATE, "nic")));
	cr_assert(isnan(form_of("x86-direct", "", "msix, torn: old", RATE, "edu")));
	cr_assert(isnan(form_of("x86-msi-off", "", "msix", RATE, "edu")));
	cr_assert(isnan(form_of("x86-direct-deferred", "", MSI, "process: periodic, period: 20us",
				"edu")));
	cr_assert(isnan(form_of("x86-direct", "", MSI,
				"process: bursts, rate: 50kHz, on: 1ms, off: 1ms", "edu")));
	cr_assert(isnan(form_of("x86-direct", "", MSI, RATE,
				"edu, every: 10ms}\n  - {do: offline, cpu: 2, at: 1ms}\n"
				"  - {do: migrate, device: edu")));
}
