/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "sim/list_domains.h"
#include "sim/loader.h"
#include "sim/schema.h"

static const char *value_name(const char *section, const char *key, int value)
{
	const struct schema_key *row = schema_find(schema_find(schema_root(), section)->section, key);

	return schema_name_of(row->names, value);
}

static void append_once(GString *list, const char *name)
{
	g_auto(GStrv) names = g_strsplit(list->str, ", ", -1);

	if (!g_strv_contains((const char *const *)names, name)) {
		g_string_append_printf(list, "%s%s", list->len ? ", " : "", name);
	}
}

/* "x86 vtd: msix, ims" */
static void append_systems(GString *out, const struct scenario *s)
{
	g_autoptr(GString) kinds = g_string_new(NULL);

	for (size_t i = 0; i < s->devices_count; i++) {
		for (int name = DOMAIN_FIRST; name <= DOMAIN_WIRED; name++) {
			if (scenario_domain_vectors(&s->devices[i], (enum scenario_domain_name)name)) {
				append_once(kinds, value_name("devices", "kind", (int)scenario_domain_kind(
							&s->devices[i], (enum scenario_domain_name)name)));
			}
		}
	}
	g_string_append(out, value_name("machine", "arch", (int)s->machine.arch));
	if (s->machine.remap != REMAP_NONE) {
		g_string_append_printf(out, " %s", value_name("machine", "remap", (int)s->machine.remap));
	}
	g_string_append_printf(out, ": %s", kinds->str);
}

static void append_verdict(GString *out, const struct scenario *s)
{
	for (size_t i = 0; i < s->expectations_count; i++) {
		g_string_append_printf(out, "%s%s", i ? "; " : "", s->expectations[i].text);
	}
	for (size_t i = 0; i < s->check.expectations_count; i++) {
		g_string_append_printf(out, "%scheck %s", out->len ? "; " : "", s->check.expectations[i].text);
	}
}

static double raises_a_second(const struct scenario_arrivals *arrivals)
{
	double on = (double)arrivals->on_ps;

	switch (arrivals->process) {
	case PROCESS_POISSON:
		return arrivals->rate_hz;
	case PROCESS_PERIODIC:
		return 1e12 / (double)arrivals->period_ps;
	case PROCESS_BURSTS:
		return arrivals->rate_hz * on / (on + (double)arrivals->off_ps);
	case PROCESS_CLOSED:
		return arrivals->depth * 1e12 / (double)arrivals->service_ps;
	case PROCESS_NONE:
	case PROCESS_TIMES:
		break;
	}
	return 0;
}

/* Interrupts that all runs of a scenario simulate, as its arrival processes have it. */
static double raises_of(const struct scenario *s)
{
	double raises = 0;

	for (size_t i = 0; i < s->devices_count; i++) {
		for (int name = DOMAIN_FIRST; name <= DOMAIN_WIRED; name++) {
			const struct scenario_device *device = &s->devices[i];
			uint32_t vectors = scenario_domain_vectors(device, (enum scenario_domain_name)name);

			if (vectors) {
				uint32_t number = scenario_domain_number(device, (enum scenario_domain_name)name);
				raises += vectors * raises_a_second(scenario_arrivals_of(device, number));
			}
		}
	}
	return raises * (double)s->duration_ps / 1e12 * (double)s->contenders_count * s->replications;
}

/* The time of a run depends on the machine that runs it; the work does not. */
static const char *work_of(const struct scenario *s)
{
	double raises = raises_of(s);

	return raises < 1e5 ? "under 0.1 M" : raises < 1e6 ? "under 1 M" : raises < 1e7 ? "under 10 M" : "10 M and more";
}

/* A cell of a Markdown table. */
static void append_cell(GString *out, const char *text)
{
	g_string_append(out, "| ");
	for (const char *c = text; *c; c++) {
		if (*c == '|') {
			g_string_append_c(out, '\\');
		}
		g_string_append_c(out, *c == '\n' ? ' ' : *c);
	}
	g_string_append_c(out, ' ');
}

static const char *relative(const char *file, const char *folder)
{
	size_t length = folder ? strlen(folder) : 0;

	if (length && strncmp(file, folder, length) == 0) {
		file += length;
		file += strspn(file, "/");
	}
	return file;
}

static void append_row(GString *out, const struct scenario *s, const char *folder)
{
	g_autoptr(GString) systems = g_string_new(NULL);
	g_autoptr(GString) verdict = g_string_new(NULL);
	g_autofree char *name = g_strdup_printf("[%s](%s)", s->name, relative(s->file, folder));

	append_systems(systems, s);
	append_verdict(verdict, s);
	append_cell(out, name);
	append_cell(out, s->question ? s->question : "");
	append_cell(out, systems->str);
	append_cell(out, verdict->str);
	append_cell(out, work_of(s));
	g_string_append(out, "|\n");
}

static void append_paragraph(GString *out, const struct scenario *s, const char *folder)
{
	g_autoptr(GString) text = g_string_new(NULL);

	append_systems(text, s);
	g_string_append_printf(out, "%s: %s\n  %s, %s interrupts\n", relative(s->file, folder),
			       s->question ? s->question : "", text->str, work_of(s));
	g_string_truncate(text, 0);
	append_verdict(text, s);
	if (text->len) {
		g_string_append_printf(out, "  %s\n", text->str);
	}
}

void list_scenarios(GString *out, struct scenario *const *scenarios, size_t count, const char *folder, bool markdown)
{
	if (markdown) {
		g_string_append(out, "| scenario | question | systems | expected | interrupts |\n"
				     "|---|---|---|---|---|\n");
	}
	for (size_t i = 0; i < count; i++) {
		if (markdown) {
			append_row(out, scenarios[i], folder);
		} else {
			append_paragraph(out, scenarios[i], folder);
		}
	}
}
