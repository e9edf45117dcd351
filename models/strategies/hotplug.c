// SPDX-License-Identifier: MIT
/* What a CPU does with its interrupts on its way off line; the frame is os/hotplug.c. */
#include "models/strategies/operations.h"

/* Linux since 52d6b926aabc and a6c11c0a5235. */
const struct hotplug_operations offline_scan = { .scans_pending = true, .completes_moves = true };

/* What was pending when the interrupts were moved away stays behind. */
const struct hotplug_operations offline_no_scan = { .completes_moves = true };

/* Before 52d6b926aabc (2020): the APIC is disabled first, so later arrivals set no IRR bit and the scan misses them. */
const struct hotplug_operations offline_early_disable = {
	.disables_first = true, .scans_pending = true, .completes_moves = true
};

/* Before a6c11c0a5235 (CVE-2024-31076): an old vector that a move left on the CPU is forgotten, and never freed. */
const struct hotplug_operations offline_leak = { .scans_pending = true };

/* Arm: the pending state of an LPI or SPI follows its target, so there is nothing left to look for. */
const struct hotplug_operations offline_migrate = { .completes_moves = true };

/*
 * Linux on RISC-V: interrupts are moved away and that is all. The hart's file keeps recording, and what is pending in it, also
 * under an identity that has just been moved away, waits until the hart is back on line and synchronises.
 */
const struct hotplug_operations offline_imsic = { .keeps_pending = true, .completes_moves = true };
