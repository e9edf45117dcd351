/* SPDX-License-Identifier: MIT */
/*
 * Posted interrupts: a descriptor in memory for each vCPU, into which the remap hardware puts
 * interrupts instead of sending them to a CPU. VT-d specification 4.1, section 5.2.5
 * "Interrupt-Posting Hardware Operation"; Intel SDM volume 3, section 30.6 "Posted-Interrupt
 * Processing".
 *
 *   remap hardware                         CPU named by NDST
 *   set the vector's bit in the PIR
 *   ON clear, and SN clear or urgent:
 *     set ON, send NV to NDST  --------->  in guest mode, and NV is its notification vector: clear ON, the PIR moves to
 *                                          the virtual IRR, no exit
 *                                          otherwise: an ordinary interrupt of the host
 *
 * With SN set and no urgency the bit is set and nobody is told: ON stays clear. Whoever clears SN
 * has to look at the PIR.
 */
#ifndef MSIRACE_MODELS_HW_POSTED_H
#define MSIRACE_MODELS_HW_POSTED_H

#include <stdbool.h>
#include <stdint.h>

#include "models/raise.h"

struct machine;
struct state_layout;

#define POSTED_VECTORS 256
#define POSTED_WORDS (POSTED_VECTORS / 64)

/*
 * The host's vectors for it, as Linux has them; all above POSTED_HOST_VECTORS are the system's
 * where there are vCPUs.
 */
#define POSTED_HOST_VECTORS 0xf0u
#define POSTED_WAKEUP_VECTOR 0xf1u
#define POSTED_NOTIFICATION_VECTOR 0xf2u

/* The second half of the descriptor: software changes it in one compare-exchange. */
struct posted_control {
	uint8_t sn;      /* suppress notification */
	uint8_t nv;      /* vector that is sent */
	uint16_t ndst;   /* CPU that it is sent to */
};

struct posted_descriptor {
	uint64_t pir[POSTED_WORDS];
	struct posted_control control;
	uint8_t on;      /* outstanding notification: no further one is sent */
	uint8_t pad[3];
};

/* The descriptors, their raises and the virtual interrupts of every vCPU. */
void posted_lay_out(struct machine *m, struct state_layout *layout);

/* machine_each_causes(): what they hold. */
void posted_each_causes(struct machine *m, void (*visit)(void *data, struct causes *causes), void *data);

/* The remap hardware posts a request of a device. */
void posted_request(struct machine *m, uint32_t vcpu, uint32_t vector, bool urgent, struct causes causes);

/* Sets a bit of the PIR, as hardware and software do; true where it was set already. */
bool posted_set(struct machine *m, uint32_t vcpu, uint32_t vector, struct causes causes);

bool posted_pir_empty(const struct posted_descriptor *descriptor);

/*
 * Clears ON and moves the PIR to the vCPU's virtual IRR: a CPU in guest mode does it, and the host
 * before it enters.
 */
void posted_sync(struct machine *m, uint32_t vcpu);

/* The raises of a vector in the PIR, and of a virtual interrupt that is requested. */
struct causes *posted_slot(const struct machine *m, uint32_t vcpu, uint32_t vector);
struct causes *posted_virtual_slot(const struct machine *m, uint32_t vcpu, uint32_t vector);

#endif
