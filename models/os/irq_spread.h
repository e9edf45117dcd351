/* SPDX-License-Identifier: MIT */
/*
 * How the kernel deals CPUs to managed interrupts: group_cpus_evenly() of Linux 6.12 lib/group_cpus.c on a machine whose
 * nodes have equal, consecutive shares of the CPUs, all present, without hyper-threads.
 */
#ifndef MSIRACE_MODELS_OS_IRQ_SPREAD_H
#define MSIRACE_MODELS_OS_IRQ_SPREAD_H

#include <stdint.h>

/*
 * Adds the CPUs of one group, [0, groups), to mask. No more groups than nodes: whole nodes, in turn. Otherwise each node
 * gets its share of the groups, at least one, rounded down for the first nodes; inside a node the CPUs are consecutive, and
 * the first groups get one more where they do not come out even. No CPU is in two groups. groups is at most cpus, as
 * irq_calc_affinity_vectors() sees to.
 */
void irq_spread(uint32_t cpus, uint32_t nodes, uint32_t groups, uint32_t group, uint64_t *mask);

#endif
