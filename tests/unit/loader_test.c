/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"
#include "sim/metrics.h"
#include "sim/suggest.h"
#include "sim/yaml_write.h"

/* The errors as they are printed; "" where there are none. */
static char *errors_of(struct diagnostics *d)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	diagnostics_print(d, out);
	fclose(out);
	return text;
}

static struct scenario *load_with(const char *text, const struct scenario_load_options *options)
{
	struct diagnostics *d = diagnostics_new("test.yaml");
	struct scenario *s = scenario_load_text("folder/test.yaml", text, strlen(text), options, d);
	char *errors = errors_of(d);

	cr_assert_not_null(s, "%s", errors);
	free(errors);
	diagnostics_free(d);
	return s;
}

static char *load_wrong(const char *text, const struct scenario_load_options *options)
{
	struct diagnostics *d = diagnostics_new("test.yaml");
	struct scenario *s = scenario_load_text("folder/test.yaml", text, strlen(text), options, d);

	cr_assert_null(s, "a wrong scenario is loaded");
	char *errors = errors_of(d);
	diagnostics_free(d);
	return errors;
}

static const char minimal[] =
	"devices: [{name: nic, kind: msix, raise: {rate: 10kHz}}]\n"
	"strategies: [x86-direct]\n"
	"duration: 10ms\n";

Test(loader, defaults)
{
	struct scenario *s = load_with(minimal, NULL);
	const struct scenario_machine *machine = &s->machine;
	const struct scenario_device *nic = &s->devices[0];

	cr_expect_str_eq(s->name, "test");
	cr_expect_null(s->question);
	cr_expect_eq(machine->arch, ARCH_X86);
	cr_expect_eq(machine->remap, REMAP_NONE);
	cr_expect_eq(machine->cpus, 4);
	cr_expect_eq(machine->vectors_first, 32);
	cr_expect_eq(machine->vectors_end, 236);
	cr_assert_eq(machine->system_vectors_count, 3);
	cr_expect_eq(machine->system_vectors[2], 128);
	cr_expect_eq(machine->timings.mmio_gap_ps, 100 * NS);
	cr_expect_eq(machine->timings.hot_unplug_ps, 6 * SECOND);
	cr_assert_eq(s->devices_count, 1);
	cr_expect_str_eq(nic->name, "nic");
	cr_expect(nic->maskable && nic->pending_bits && nic->intx && !nic->managed);
	cr_expect_eq(nic->address_bits, 64);
	cr_expect_eq(nic->allocated, 1);
	cr_expect_eq(nic->arrivals.process, PROCESS_POISSON);
	cr_expect_eq(nic->arrivals.rate_hz, 10000);
	cr_expect_null(nic->initial_cpus);
	cr_expect_eq(nic->line, 1);
	cr_expect_eq(s->duration_ps, 10 * MS);
	cr_expect_eq(s->drain_ps, 10 * MS);
	cr_expect_eq(s->replications, 5);
	cr_expect_eq(s->seed, 1);
	cr_expect_not(s->check.present);
	cr_assert_eq(s->contenders_count, 1);
	cr_expect_str_eq(s->contenders[0].slot[SLOT_MOVE]->name, "x86-direct");
	cr_expect_not_null(s->contenders[0].slot[SLOT_CLEANUP]);
	cr_expect_not_null(s->contenders[0].slot[SLOT_HOTPLUG]);
	scenario_free(s);
}

Test(loader, other_architectures_have_their_own_vector_spaces)
{
	static const struct {
		const char *arch;
		enum machine_remap remap;
		uint32_t first, end;
	} rows[] = {
		{ "riscv", REMAP_NONE, 1, 256 },
		{ "arm", REMAP_ITS, 8192, 73728 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct diagnostics *d = diagnostics_new("test.yaml");
		g_autofree char *text = g_strdup_printf(
			"machine: {arch: %s}\nduration: 1ms\nstrategies: [none-such]\n"
			"devices: [{name: a, kind: msix}]\n",
			rows[i].arch);
		/* No strategy of theirs need exist: the machine's own checks must find nothing wrong. */
		cr_expect_null(scenario_load_text("test.yaml", text, strlen(text), NULL, d));
		cr_expect_eq(diagnostics_count(d), 1);
		diagnostics_free(d);
	}
}

Test(loader, groups_and_references)
{
	struct scenario *s = load_with(
		"machine: {cpus: 8, sockets: 2}\n"
		"devices:\n"
		"  - {name: disk, kind: msi, maskable: true, vectors: 4, needed: 1}\n"
		"  - {name: nic, kind: msix, count: 3, vectors: 2, cpus: '6,0-2'}\n"
		"actions:\n"
		"  - {do: migrate, device: nic, every: 1ms, to: [7, 1, 1]}\n"
		"  - {do: migrate, device: nic2, vectors: 1, rate: 1kHz, start: 2ms, count: 4, to: random, cpus: 0-3, on: 5}\n"
		"  - {do: offline, device: disk, at: 0us}\n"
		"strategies: x86-direct\n"
		"duration: 10ms\n",
		NULL);
	const struct scenario_action *group = &s->actions[0], *one = &s->actions[1],
				     *offline = &s->actions[2];

	cr_assert_eq(s->devices_count, 4);
	cr_expect_str_eq(s->devices[3].name, "nic2");
	cr_expect_str_eq(s->devices[3].group, "nic");
	cr_expect_eq(s->devices[3].group_index, 2);
	cr_expect_eq(s->devices[0].socket, 0);
	cr_expect_eq(s->devices[3].socket, 1);
	cr_assert_eq(s->devices[1].initial_cpus_count, 4);
	cr_expect_eq(s->devices[1].initial_cpus[0], 0);
	cr_expect_eq(s->devices[1].initial_cpus[3], 6);
	cr_expect(s->devices[0].pending_bits, "a maskable MSI has pending bits");

	cr_expect_eq(group->device, 1);
	cr_expect_eq(group->device_count, 3);
	cr_expect_eq(group->vector_end, 2);
	cr_expect_eq(group->when, WHEN_EVERY);
	cr_expect_eq(group->count, 0);
	cr_expect_eq(group->target, TARGET_LIST);
	cr_assert_eq(group->target_cpus_count, 3);
	cr_expect_eq(group->target_cpus[0], 7, "a list is taken in turn, not sorted");
	cr_expect_eq(group->on, -1);

	cr_expect_eq(one->device, 3);
	cr_expect_eq(one->device_count, 1);
	cr_expect_eq(one->vector_first, 1);
	cr_expect_eq(one->vector_end, 2);
	cr_expect_eq(one->at_ps, 2 * MS);
	cr_expect_eq(one->count, 4);
	cr_expect_eq(one->on, 5);
	cr_expect_eq(one->line, 7);

	cr_expect_eq(offline->device, 0);
	cr_expect_eq(offline->cpu, -1);
	cr_expect_eq(offline->count, 1);
	scenario_free(s);
}

Test(loader, expectations)
{
	struct scenario *s = load_with(
		"devices: [{name: nic, kind: msix}]\n"
		"strategies: [x86-direct, x86-tmp]\n"
		"duration: 10ms\n"
		"expect:\n"
		"  - x86-tmp: [stale==0, 'lost_per_migration  <  0.25']\n"
		"  - all: latency_p99.9 >= 1.5us\n"
		"check: {expect: {x86-direct: stale Sometimes, all: spurious_stray never}}\n",
		NULL);

	cr_assert_eq(s->expectations_count, 3);
	cr_expect_eq(s->expectations[0].contender, 1);
	cr_expect_eq(s->expectations[0].metric, METRIC_STALE);
	cr_expect_eq(s->expectations[0].op, EXPECT_EQ);
	cr_expect_str_eq(s->expectations[0].text, "x86-tmp: stale==0");
	cr_expect_eq(s->expectations[1].value, 0.25);
	cr_expect_eq(s->expectations[2].contender, -1);
	cr_expect_eq(s->expectations[2].metric, METRIC_LATENCY_P99_9);
	cr_expect_eq(s->expectations[2].op, EXPECT_GE);
	cr_expect_eq(s->expectations[2].value, 1500000);
	cr_expect_eq(s->expectations[2].line, 6);
	cr_expect(s->check.present);
	cr_expect_eq(s->check.raises, 2);
	cr_assert_eq(s->check.expectations_count, 2);
	cr_expect_eq(s->check.expectations[0].subject, CHECK_STALE);
	cr_expect_eq(s->check.expectations[0].verdict, VERDICT_SOMETIMES);
	cr_expect_eq(s->check.expectations[1].subject, CHECK_SPURIOUS_STRAY);
	scenario_free(s);
}

Test(loader, strategies_of_the_command_line_replace_and_drop)
{
	static const char *const names[] = { "x86-tmp", "x86-masked" };
	struct scenario_load_options options = { .strategies = names, .strategies_count = 2 };
	g_autofree char *text =
		g_strdup_printf("%sexpect: [x86-direct: stale > 0, all: lost == 0]\n", minimal);
	struct scenario *s = load_with(text, &options);

	cr_assert_eq(s->contenders_count, 2);
	cr_expect_str_eq(s->contenders[0].name, "x86-tmp");
	cr_expect_eq(s->expectations_count, 1, "an expectation on what is left out stays");
	scenario_free(s);
}

Test(loader, merges_and_aliases)
{
	struct scenario *s = load_with(
		"devices:\n"
		"  - &base {name: a, kind: msix, vectors: 4, raise: &r {rate: 1kHz}}\n"
		"  - {<<: *base, name: b, vectors: 8}\n"
		"  - {name: c, kind: msix, raise: *r}\n"
		"strategies: [x86-direct]\n"
		"duration: 1ms\n", NULL);

	cr_assert_eq(s->devices_count, 3);
	cr_expect_str_eq(s->devices[1].name, "b");
	cr_expect_eq(s->devices[1].vectors, 8);
	cr_expect_eq(s->devices[1].arrivals.rate_hz, 1000);
	cr_expect_eq(s->devices[2].arrivals.rate_hz, 1000);
	scenario_free(s);
}

/* An override must not reach what the file shares by an alias. */
Test(loader, overrides_change_one_place)
{
	struct scenario_override override = { "--set", "devices.b.raise.rate", "5kHz" };
	struct scenario_load_options options = { .overrides = &override, .overrides_count = 1 };
	struct scenario *s = load_with(
		"devices:\n"
		"  - &base {name: a, kind: msix, raise: {rate: 1kHz}}\n"
		"  - {<<: *base, name: b}\n"
		"strategies: [x86-direct]\n"
		"duration: 1ms\n", &options);

	cr_expect_eq(s->devices[0].arrivals.rate_hz, 1000);
	cr_expect_eq(s->devices[1].arrivals.rate_hz, 5000);
	scenario_free(s);
}

Test(loader, an_error_in_a_merge_is_told_once)
{
	g_autofree char *errors = load_wrong(
		"devices:\n"
		"  - &base {name: a, kind: msix, vectrs: 4, socket: 5}\n"
		"  - {<<: *base, name: b}\n"
		"  - {<<: *base, name: c}\n"
		"strategies: [x86-direct]\n"
		"duration: 1ms\n", NULL);
	const char *first = strstr(errors, "unknown key 'vectrs'"),
		   *socket = strstr(errors, "there is no socket 5");

	cr_assert(first && socket, "%s", errors);
	cr_expect_null(strstr(first + 1, "unknown key"), "%s", errors);
	cr_expect_null(strstr(socket + 1, "there is no socket"), "%s", errors);
}

/* A reference may be kept quiet only where the device itself is reported. */
Test(loader, unknown_devices_beside_wrong_ones)
{
	g_autofree char *alone = load_wrong(
		"devices: [{name: nic, kind: msix}]\n"
		"actions: [{do: raise, device: nic7, at: 1ms}]\n"
		"strategies: [x86-direct]\nduration: 1ms\n", NULL);
	g_autofree char *beside = load_wrong(
		"devices: [{name: nic, kind: msix}, {name: disk, kind: msx, count: 2}]\n"
		"actions: [{do: raise, device: nic7, at: 1ms}, {do: raise, device: disk1, at: 1ms}]\n"
		"strategies: [x86-direct]\nduration: 1ms\n",
		NULL);

	cr_expect(strstr(alone,
			 "test.yaml:2:31: error: there is no device 'nic7', did you mean 'nic'?"),
		  "%s", alone);
	cr_expect(strstr(beside, "there is no device 'nic7'"), "%s", beside);
	cr_expect_null(strstr(beside, "there is no device 'disk1'"), "%s", beside);
}

/* Wide and combining characters, tabs and escape sequences: the caret stays under its column, the terminal stays whole. */
Test(loader, carets_and_hostile_text)
{
	g_autofree char *errors = load_wrong("{question: \"日本\", mashine: 1}\n", NULL);
	g_autofree char *hostile = load_wrong("name: a\nquestion: \xc2\x9b"
					      "31m\n\"\\e[2J\": 1\n",
					      NULL);

	cr_expect(strstr(errors,
			 "test.yaml:1:18: error: unknown key 'mashine', did you mean 'machine'?\n"
			 "    1 | {question: \"日本\", mashine: 1}\n"
			 "      |                    ^~~~~~~\n"),
		  "%s", errors);
	cr_expect_null(strchr(hostile, '\x1b'));
	cr_expect_null(strstr(hostile, "\xc2\x9b"));
}

static void expect_same_domain(const struct scenario_domain *a, const struct scenario_domain *b)
{
	const struct scenario_arrivals *p = &a->arrivals, *q = &b->arrivals;

	cr_expect(a->vectors == b->vectors && a->allocated == b->allocated && a->store == b->store &&
		  a->torn == b->torn && a->maskable == b->maskable &&
		  a->pending_bits == b->pending_bits && a->groups == b->groups);
	cr_expect(p->process == q->process && p->rate_hz == q->rate_hz &&
		  p->period_ps == q->period_ps && p->depth == q->depth);
	cr_assert_eq(p->times_count, q->times_count);
	cr_expect_eq(p->times_count && memcmp(p->times_ps, q->times_ps, p->times_count * 8), 0);
}

static void expect_resolves_to_the_same(const char *file)
{
	g_autofree char *path = g_strdup_printf(TEST_DATA_DIR "/scenarios/%s", file);
	g_autofree char *text = NULL;
	gsize length = 0;

	cr_assert(g_file_get_contents(path, &text, &length, NULL));
	struct scenario *s = load_with(text, NULL), *again = load_with(s->resolved_yaml, NULL);

	cr_expect_str_eq(again->resolved_yaml, s->resolved_yaml);
	cr_expect_str_eq(again->name, s->name);
	cr_expect_eq(g_strcmp0(again->question, s->question), 0);
	cr_expect_eq(memcmp(&again->machine.timings, &s->machine.timings,
			    sizeof(s->machine.timings)),
		     0);
	cr_expect_eq(again->machine.vectors_first, s->machine.vectors_first);
	cr_expect_eq(again->machine.system_vectors_count, s->machine.system_vectors_count);
	const struct scenario_recording *recording = &s->recording, *same = &again->recording;
	cr_expect_str_eq(same->file ? same->file : "", recording->file ? recording->file : "");
	cr_expect_str_eq(same->start ? same->start : "", recording->start ? recording->start : "");
	cr_expect_eq(same->cpus, recording->cpus);
	cr_assert_eq(same->snapshots_count, recording->snapshots_count);
	for (size_t i = 0; i < recording->snapshots_count; i++) {
		cr_expect_str_eq(same->snapshots[i], recording->snapshots[i]);
	}
	cr_assert_eq(again->devices_count, s->devices_count);
	for (size_t i = 0; i < s->devices_count; i++) {
		const struct scenario_device *a = &s->devices[i], *b = &again->devices[i];
		cr_expect_str_eq(a->name, b->name);
		cr_expect_str_eq(a->group, b->group);
		cr_expect(a->kind == b->kind && a->torn == b->torn && a->maskable == b->maskable &&
				  a->pending_bits == b->pending_bits && a->intx == b->intx &&
				  a->vectors == b->vectors && a->allocated == b->allocated &&
				  a->requested == b->requested && a->needed == b->needed &&
				  a->falls_back == b->falls_back && a->groups == b->groups &&
				  a->store == b->store &&
				  a->socket == b->socket && a->managed == b->managed &&
				  a->handler_ps == b->handler_ps &&
				  a->address_bits == b->address_bits,
			  "%s", a->name);
		expect_same_domain(&a->ims, &b->ims);
		expect_same_domain(&a->platform, &b->platform);
		expect_same_domain(&a->wired, &b->wired);
		const struct scenario_arrivals *p = &a->arrivals, *q = &b->arrivals;
		cr_expect(p->process == q->process && p->rate_hz == q->rate_hz &&
				  p->period_ps == q->period_ps && p->jitter == q->jitter &&
				  p->on_ps == q->on_ps && p->off_ps == q->off_ps &&
				  p->depth == q->depth && p->service_ps == q->service_ps &&
				  p->timeout_ps == q->timeout_ps,
			  "%s", a->name);
		cr_assert_eq(p->times_count, q->times_count);
		cr_expect_eq(p->times_count && memcmp(p->times_ps, q->times_ps, p->times_count * 8),
			     0);
		cr_assert_eq(a->initial_cpus_count, b->initial_cpus_count);
		cr_expect_eq(a->initial_cpus_count && memcmp(a->initial_cpus, b->initial_cpus,
							     a->initial_cpus_count * 4),
			     0);
	}
	cr_assert_eq(again->actions_count, s->actions_count);
	for (size_t i = 0; i < s->actions_count; i++) {
		const struct scenario_action *a = &s->actions[i], *b = &again->actions[i];
		cr_expect(a->verb == b->verb && a->when == b->when && a->at_ps == b->at_ps &&
				  a->every_ps == b->every_ps && a->rate_hz == b->rate_hz &&
				  a->count == b->count && a->device == b->device &&
				  a->device_count == b->device_count &&
				  a->vector_first == b->vector_first &&
				  a->vector_end == b->vector_end && a->target == b->target &&
				  a->domain == b->domain && a->want == b->want &&
				  a->at_least == b->at_least && a->group == b->group &&
				  a->cpu == b->cpu && a->on == b->on,
			  "action %zu", i);
		cr_assert_eq(a->target_cpus_count, b->target_cpus_count);
		cr_expect_eq(a->target_cpus_count &&
			     memcmp(a->target_cpus, b->target_cpus, a->target_cpus_count * 4), 0);
	}
	cr_assert_eq(again->contenders_count, s->contenders_count);
	for (size_t i = 0; i < s->contenders_count; i++) {
		cr_expect_eq(memcmp(again->contenders[i].slot, s->contenders[i].slot,
				    sizeof(s->contenders[i].slot)),
			     0);
	}
	cr_assert_eq(again->expectations_count, s->expectations_count);
	for (size_t i = 0; i < s->expectations_count; i++) {
		const struct scenario_expectation *a = &s->expectations[i],
						  *b = &again->expectations[i];
		cr_expect_str_eq(a->text, b->text);
		cr_expect(a->contender == b->contender && a->metric == b->metric &&
				  a->op == b->op && a->value == b->value,
			  "%s", a->text);
	}
	cr_expect(again->duration_ps == s->duration_ps && again->drain_ps == s->drain_ps &&
		  again->seed == s->seed && again->replications == s->replications);
	scenario_free(s);
	scenario_free(again);
}

Test(loader, resolved_loads_to_the_same)
{
	expect_resolves_to_the_same("every_key.yaml");
	expect_resolves_to_the_same("every_domain.yaml");
}

static struct scenario *load_recording(const char *recording, const struct scenario_load_options *options)
{
	g_autofree char *text = g_strdup_printf("%srecording: %s\n", minimal, recording);

	return load_with(text, options);
}

/* A file name alone is short for the mapping; each form resolves to what loads to the same. */
Test(loader, recording)
{
	static const char *const names[] = { "a", "a, b", "it's: \"x\" \\ \t", "gr\xc3\xbc\xc3\x9f" };
	g_autofree char *folder = g_dir_make_tmp("msirace-XXXXXX", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		GString *quoted = g_string_new(NULL);
		cr_assert(g_file_set_contents(path, "", 0, NULL));
		yaml_write_item(quoted, path);
		g_autofree char *mapping = g_strdup_printf("{file: %s, cpus: 9, snapshots: [%s, %s]}", quoted->str,
							   quoted->str, quoted->str);
		g_autofree char *one = g_strdup_printf("{file: %s, start: %s, snapshots: %s}", quoted->str,
						       quoted->str, quoted->str);
		const struct {
			const char *text;
			uint32_t cpus;
			size_t snapshots;
			bool start;
		} forms[] = { { quoted->str, 0, 0, false }, { mapping, 9, 2, false }, { one, 0, 1, true } };
		for (size_t form = 0; form < G_N_ELEMENTS(forms); form++) {
			struct scenario *s = load_recording(forms[form].text, NULL);
			struct scenario *again = load_with(s->resolved_yaml, NULL);
			cr_expect_str_eq(s->recording.file, path);
			cr_expect_eq(s->recording.cpus, forms[form].cpus);
			cr_expect_eq(s->recording.start != NULL, forms[form].start);
			cr_assert_eq(s->recording.snapshots_count, forms[form].snapshots);
			cr_expect(!forms[form].snapshots || !strcmp(s->recording.snapshots[0], path));
			cr_expect_str_eq(again->resolved_yaml, s->resolved_yaml);
			scenario_free(s);
			scenario_free(again);
		}
		g_string_free(quoted, TRUE);
		remove(path);
	}
	remove(folder);
}

/* From the command line the whole mapping, or a key of it. */
Test(loader, recording_is_set)
{
	const struct scenario_override whole = { "--set", "recording", "/dev/null" },
				       cpus = { "--set", "recording.cpus", "7" };
	const struct scenario_load_options options[] = {
		{ .overrides = &whole, .overrides_count = 1 },
		{ .overrides = &cpus, .overrides_count = 1 },
	};
	struct scenario *replaced = load_recording("/dev/zero", &options[0]);
	struct scenario *added = load_recording("{file: /dev/zero}", &options[1]);

	cr_expect_str_eq(replaced->recording.file, "/dev/null");
	cr_expect_eq(added->recording.cpus, 7);
	scenario_free(replaced);
	scenario_free(added);
}

static char *check_platform(const char *xml)
{
	g_autofree char *folder = g_dir_make_tmp("msirace-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "platform.xml", NULL);
	g_autofree char *text = g_strdup_printf("machine: {platform: '%s'}\n%s", path, minimal);
	struct diagnostics *d = diagnostics_new("test.yaml");

	cr_assert(g_file_set_contents(path, xml, -1, NULL));
	struct scenario *s = scenario_load_text("test.yaml", text, strlen(text), NULL, d);
	char *errors = errors_of(d);
	scenario_free(s);
	diagnostics_free(d);
	remove(path);
	remove(folder);
	return errors;
}

#define DOCTYPE "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
#define HOST(name) "<host id=\"" name "\" speed=\"1f\"/>"
#define CPUS HOST("cpu0") HOST("cpu1") HOST("cpu2") HOST("cpu3")
#define ROUTE(from, to) \
	"<route src=\"" from "\" dst=\"" to "\"><link_ctn id=\"a\"/></route>"
#define ROUTES ROUTE("nic", "cpu0") ROUTE("nic", "cpu1") ROUTE("nic", "cpu2") ROUTE("nic", "cpu3")
#define PLATFORM(inside) DOCTYPE "<platform version=\"4.1\">" inside "</platform>"
#define FULL(inside) PLATFORM("<zone id=\"z\" routing=\"Full\">" inside "</zone>")
#define LINK(latency) "<link id=\"a\" bandwidth=\"1Bps\" latency=\"" latency "\"/>"

/* Whatever would make SimGrid abort is an error with a place. */
Test(loader, platform_files)
{
	static const struct {
		const char *xml, *error;
	} rows[] = {
		{ FULL(CPUS HOST("nic") LINK("500ns") ROUTES), "" },
		{ "", "cannot be used" },
		{ "not xml", "cannot be used" },
		{ DOCTYPE "<platform version=\"4.1\"><zone></platform>", "cannot be used" },
		{ DOCTYPE "<platform version=\"4.1\">", "cannot be used" },
		{ "<platform version=\"4.1\"/>", "<!DOCTYPE platform" },
		{ DOCTYPE "<platform/>", "must have version=\"4.1\"" },
		{ DOCTYPE "<platform version=\"3\"/>", "must have version=\"4.1\"" },
		{ DOCTYPE "<plattform version=\"4.1\"/>", "the root element is <plattform>" },
		{ PLATFORM("") "<platform version=\"4.1\"/>", "second root" },
		{ PLATFORM(""), "no hosts" },
		{ PLATFORM("<zone id=\"z\" routing=\"Bogus\"/>"), "Not a valid model" },
		{ PLATFORM("<foo/>"), "SimGrid cannot read it" },
		{ FULL("<host id=\"cpu0\" speed=\"abc\"/>"), "SimGrid cannot read it" },
		{ FULL(CPUS), "no route from host 'nic' to host 'cpu0'" },
		{ FULL(CPUS HOST("nic") LINK("1e300s") ROUTES), "no route from host 'nic'" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char *errors = check_platform(rows[i].xml);
		cr_expect(rows[i].error[0] ? strstr(errors, rows[i].error) != NULL
					   : errors[0] == '\0',
			  "%s: %s", rows[i].xml, errors);
		free(errors);
	}
}

Test(suggest, near_and_far)
{
	static const struct {
		const char *typed, *known, *hint;
	} rows[] = {
		{ "maskabel", "maskable", ", did you mean 'maskable'?" },
		{ "do", "on", "" },
		{ "vector", "vectors", ", did you mean 'vectors'?" },
		{ "x", "cpus", "" },
		{ "", "cpus", "" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct suggestion near = suggestion_for(rows[i].typed);
		suggestion_offer(&near, rows[i].known);
		g_autofree char *hint = suggestion_hint(&near);
		cr_expect_str_eq(hint, rows[i].hint, "%s: '%s'", rows[i].typed, hint);
	}
}

/* Each action is a thread, and threads have 16-bit numbers. */
Test(loader, as_many_actions_as_there_are_thread_numbers)
{
	GString *text = g_string_new("machine: {cpus: 2}\ndevices: [{name: nic, kind: msix}]\n"
				     "strategies: [x86-tmp]\nduration: 1s\nactions:\n");

	for (uint32_t i = 0; i <= SCENARIO_ACTIONS_MAX; i++) {
		g_string_append(text, "  - {do: raise, device: nic, at: 1ms}\n");
	}
	char *errors = load_wrong(text->str, NULL);
	cr_expect(strstr(errors, "50006:5: error: more than 50000 actions"), "%s", errors);
	free(errors);
	g_string_free(text, TRUE);
}
