// SPDX-License-Identifier: MIT
/*
 * The scenario keys of guests: what they load to, what is refused and where, and that resolved
 * scenarios load again.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/loader.h"

#define HEAD "machine: {remap: vtd}\nstrategies: [posted]\nduration: 1ms\n"
#define NIC "{name: nic, kind: msix"

static struct scenario *load(const char *text, char **said)
{
	struct diagnostics *d = diagnostics_new("test.yaml");
	struct scenario *s = scenario_load_text("test.yaml", text, strlen(text), NULL, d);
	char *buffer = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&buffer, &size);

	diagnostics_print(d, out);
	fclose(out);
	diagnostics_free(d);
	*said = buffer;
	return s;
}

static void refused(const char *text, const char *expected)
{
	char *said;
	struct scenario *s = load(text, &said);

	cr_expect_null(s, "accepted: %s", text);
	cr_expect_not_null(strstr(said, expected), "expected '%s', said '%s'", expected, said);
	scenario_free(s);
	free(said);
}

Test(guest_scenario, guest_vectors)
{
	char *said;
	struct scenario *s = load(HEAD
		"vcpus: [{name: a, cpu: 1}, {name: b, cpu: 2, run: 1ms, block: 2ms, durations: fixed, apicv: false}]\n"
		"devices:\n"
		"  - " NIC ", count: 2, vectors: 3, posted_to: a}\n"
		"  - {name: disk, kind: msix, vectors: 2, posted_to: a, guest_vector: 50}\n"
		"  - {name: usb, kind: msi, posted_to: b}\n"
		"  - {name: other, kind: msi}\n", &said);

	cr_assert_not_null(s, "%s", said);
	cr_expect_eq(s->vcpus_count, 2);
	cr_expect_eq(s->vcpus[1].cpu, 2);
	cr_expect_eq(s->vcpus[1].run_ps, UINT64_C(1000000000));
	cr_expect_eq(s->vcpus[1].preempt_ps, 0);
	cr_expect_eq(s->vcpus[1].durations, DURATIONS_FIXED);
	cr_expect_not(s->vcpus[1].apicv);
	/* 50 and 51 are taken, so three in a row begin at 52. */
	cr_expect_eq(s->devices[0].guest_vector, 52);
	cr_expect_eq(s->devices[1].guest_vector, 55);
	cr_expect_eq(s->devices[2].guest_vector, 50);
	cr_expect_eq(s->devices[3].guest_vector, 48, "every vCPU has vectors of its own");
	cr_expect_eq(s->devices[4].posted_to, -1);
	scenario_free(s);
	free(said);
}

Test(guest_scenario, resolved_scenarios_load_again)
{
	char *said;
	struct scenario *s = load(HEAD
		"vcpus: [{name: a, cpu: 0}, {name: b, cpu: 2, run: 1ms, preempt: 2ms, apicv: false}]\n"
		"devices: [" NIC ", count: 2, vectors: 3, posted_to: a}, {name: m, kind: msi, monitored: true}]\n"
		"actions: [{do: apicv-off, vcpu: b, at: 1us}, {do: swap, device: nic, every: 1us}]\n", &said);
	struct scenario *again;
	char *said_again;

	cr_assert_not_null(s, "%s", said);
	again = load(s->resolved_yaml, &said_again);
	cr_assert_not_null(again, "%s\n%s", said_again, s->resolved_yaml);
	cr_expect_str_eq(again->resolved_yaml, s->resolved_yaml);
	cr_expect_eq(again->devices[1].guest_vector, s->devices[1].guest_vector);
	cr_expect_eq(again->actions[0].vcpu, 1);
	scenario_free(s);
	scenario_free(again);
	free(said);
	free(said_again);
}

#define DEVICES "devices: [" NIC "}]\n"

Test(guest_scenario, errors_of_vcpus)
{
	refused(HEAD "vcpus: [{name: a, cpu: 1}, {name: a, cpu: 2}]\n" DEVICES, "test.yaml:4:29: error: there is a vCPU 'a' already");
	refused(HEAD "vcpus: [{name: host, cpu: 1}]\n" DEVICES, "'host' means no vCPU");
	refused(HEAD "vcpus: [{name: a}]\n" DEVICES, "missing key 'cpu'");
	refused(HEAD "vcpus: [{name: a, cpu: 9}]\n" DEVICES, "there is no CPU 9");
	refused(HEAD "vcpus: [{name: a, cpu: 1, block: 1ms}]\n" DEVICES, "test.yaml:4:27: error: missing key 'run'");
	refused(HEAD "vcpus: [{name: a, cpu: 1, run: 1ms}]\n" DEVICES, "'run' says nothing without");
	refused(HEAD "vcpus: [{name: a, cpu: 1, run: 0ms, block: 1ms}]\n" DEVICES, "run: 0ms is too short: at least 1us");
	refused(HEAD "vcpus: [{name: a, cpu: 1, durations: fixd}]\n" DEVICES, "did you mean 'fixed'");
	refused("strategies: [x86-tmp]\nduration: 1ms\nvcpus: [{name: a, cpu: 1}]\n" DEVICES,
		"test.yaml:3:1: error: interrupts are posted to vCPUs by VT-d only");
	refused("machine: {remap: vtd, vectors: {end: 256}}\nstrategies: [posted]\nduration: 1ms\n"
		"vcpus: [{name: a, cpu: 1}]\n" DEVICES, "'machine.vectors.end' is 256");
}

Test(guest_scenario, too_many_vcpus)
{
	char *text = strdup(HEAD DEVICES "vcpus:\n");

	for (int i = 0; i < 1025; i++) {
		char *longer = NULL;

		cr_assert_gt(asprintf(&longer, "%s  - {name: v%d, cpu: 0}\n", text, i), 0);
		free(text);
		text = longer;
	}
	refused(text, "test.yaml:1030:5: error: more than 1024 vCPUs");
	free(text);
}

Test(guest_scenario, errors_of_devices)
{
	refused(HEAD "vcpus: [{name: abc, cpu: 1}]\ndevices: [" NIC ", posted_to: abd}]\n",
		"test.yaml:5:46: error: there is no vCPU 'abd', did you mean 'abc'");
	refused(HEAD "devices: [" NIC ", guest_vector: 50}]\n", "'guest_vector' says nothing without 'posted_to'");
	refused(HEAD "devices: [" NIC ", monitored: true}]\n", "only the MSI capability");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\ndevices: [" NIC ", vectors: 300, posted_to: a}]\n", "no 300 free vectors");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\ndevices: [" NIC ", vectors: 2, posted_to: a, guest_vector: 255}]\n",
		"no 2 free vectors for 'nic' there");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\ndevices: [" NIC ", posted_to: a, guest_vector: 50}, "
		"{name: b, kind: msi, posted_to: a, guest_vector: 50}]\n", "no 1 free vectors for 'b' there");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\ndevices: [" NIC ", posted_to: a, guest_vector: 31}]\n", "out of range: 32 to 255");
}

Test(guest_scenario, guest_vectors_of_all_domains)
{
	char *said;
	struct scenario *s = load(HEAD "vcpus: [{name: a, cpu: 1}]\n"
		"devices: [" NIC ", vectors: 2, posted_to: a, ims: {vectors: 3, allocated: 3}}, "
		"{name: b, kind: msix, posted_to: a}]\n", &said);

	cr_assert_not_null(s, "%s", said);
	cr_expect_eq(s->devices[0].guest_vector, 48);
	cr_expect_eq(s->devices[1].guest_vector, 53);
	scenario_free(s);
	free(said);
}

Test(guest_scenario, monitors_are_of_every_architecture_and_swaps_of_x86)
{
	char *said;
	struct scenario *s = load("machine: {arch: riscv}\nstrategies: [imsic-tmp+monitor-control-only]\nduration: 1ms\n"
		"devices: [{name: nic, kind: msi, monitored: true}]\n", &said);

	cr_expect_not_null(s, "%s", said);
	scenario_free(s);
	free(said);
	refused("machine: {arch: riscv}\nstrategies: [imsic-tmp]\nduration: 1ms\n" DEVICES
		"actions: [{do: swap, device: nic, at: 1us}]\n", "test.yaml:5:12: error: 'swap' is modelled on arch 'x86' only");
	refused("machine: {arch: riscv}\nstrategies: [imsic-tmp+setup-recheck]\nduration: 1ms\n" DEVICES,
		"'setup-recheck' does not work on arch 'riscv'");
}

Test(guest_scenario, errors_of_actions)
{
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\n" DEVICES "actions: [{do: apicv-on, at: 1us}]\n", "missing key 'vcpu'");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\n" DEVICES "actions: [{do: apicv-on, vcpu: x, at: 1us}]\n", "there is no vCPU 'x'");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\n" DEVICES "actions: [{do: apicv-on, vcpu: host, at: 1us}]\n",
		"there is no vCPU 'host'");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\n" DEVICES "actions: [{do: migrate, device: nic, vcpu: a, at: 1us}]\n",
		"'vcpu' says nothing about 'migrate'");
	refused(HEAD "vcpus: [{name: a, cpu: 1}]\n" DEVICES "actions: [{do: offline, cpu: 1, at: 1us}]\n",
		"test.yaml:6:12: error: a machine with vCPUs keeps its CPUs on line");
	refused(HEAD DEVICES "actions: [{do: swap, at: 1us}]\n", "missing key 'device'");
	refused("strategies: [posted]\nduration: 1ms\n" DEVICES, "'posted' does not work with remap 'none'");
	refused("machine: {remap: hyperv}\nstrategies: [vtd]\nduration: 1ms\n" DEVICES, "'vtd' does not work with remap 'hyperv'");
	refused("machine: {arch: arm, remap: hyperv}\nstrategies: [vtd]\nduration: 1ms\n" DEVICES, "remap 'hyperv' does not exist on arch 'arm'");
}
