// SPDX-License-Identifier: MIT
/*
 * What a hypervisor does for interrupts that devices post to its vCPUs; the frame is os/vcpu.c.
 *
 * posted-no-sync, Linux before 37c4dbf337c5 and 7e1901f6c86c (2021):
 *
 *   remap hardware                 CPU 1, vCPU with APICv off
 *   set PIR, set ON, notify  --->  exit: the host's handler does nothing
 *                                  VM entry: no look at the PIR, APICv is off
 *   set PIR, ON is set: silent
 *                                  until APICv is on again, whatever is posted
 *
 * posted-clobber, Linux before 688124cc541f (2025):
 *
 *   CPU 0 (host)                           remap hardware                CPU 2 (host)
 *   affinity write: IRTE = {CPU 2, host}
 *                                          raise: remapped  ---------->  the host's handler: event counter, injection
 *                                          and ever after, past the vCPU's descriptor
 *
 * posted-no-recompute, Linux before c112b5f50232 (2019):
 *
 *   CPU 1                                  remap hardware
 *   vCPU preempted: set SN
 *                                          set PIR; SN is set: ON stays clear, nobody is told
 *   vCPU returns: clear SN
 *   VM entry: ON is clear, no look at the PIR
 *                                          until the next interrupt of the vCPU sets ON
 */
#include "models/strategies/operations.h"

const struct posted_operations posted = {
	.syncs_without_apicv = true, .keeps_entry = true, .recomputes_on = true
};

const struct posted_operations posted_no_sync = { .keeps_entry = true, .recomputes_on = true };

const struct posted_operations posted_clobber = { .syncs_without_apicv = true, .recomputes_on = true };

const struct posted_operations posted_no_recompute = { .syncs_without_apicv = true, .keeps_entry = true };
