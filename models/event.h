/* SPDX-License-Identifier: MIT */
/*
 * Two kinds of event. A hw_event is something that will happen in the hardware plane: models post it, and machine_dispatch()
 * makes it happen. A model_event is something that has happened: models emit it, observers (fates, metrics, traces, the
 * drawing of a witness) listen and can never change a run.
 */
#ifndef MSIRACE_MODELS_EVENT_H
#define MSIRACE_MODELS_EVENT_H

#include <stdint.h>

#include "models/raise.h"

/*
 * What will happen. The order of the rows decides between events of the same picosecond. Events of one kind and one channel
 * happen in the order in which they were posted, whatever their durations; that is all the order that `check` keeps.
 */
enum hw_event_kind {
	HW_WRITE_LANDS,      /* posted write reaches a device; channel: CPU and device */
	HW_MESSAGE_ARRIVES,  /* at the root complex; channel: device */
	HW_REMAP_DONE,       /* the remap hardware has its entry; channel: device */
	HW_FABRIC_DELIVERS,  /* at the CPU's interrupt controller, weak fabric only; no order between two */
	HW_IPI_ARRIVES,      /* channel: sender and target */
	HW_IRQ_TAKEN,        /* a CPU leaves what it does for its highest pending vector; channel: CPU */
	HW_IRQ_DISPATCHED,   /* it has entered the kernel and looks the vector up; channel: CPU */
	HW_HANDLER_ENDS,     /* channel: CPU */
	HW_FLUSH_DONE,       /* an invalidation's wait descriptor is written; channel: its number */
	HW_TIMER,            /* a kernel timer; channel: its number */
	HW_COMMAND_DONE,     /* the queued command is carried out; flag: enum command_owner, channel: its queue */
	HW_VCPU,             /* flag: enum vcpu_event, channel: the vCPU */
	HW_SIMULATOR         /* the simulator's own: arrivals, threads; models neither post nor see them */
};

enum command_owner {
	COMMAND_OF_REMAP,    /* the remap hardware's own queue, an ITS say */
	COMMAND_OF_DEVICE    /* a device re-reads the message of a queue's context; value: source */
};

struct hw_event {
	uint8_t kind;
	uint8_t flag;
	uint16_t cpu;
	uint32_t device;
	uint32_t channel;
	uint32_t value;
	uint64_t address;
	struct causes causes;
};

enum model_event_kind {
	EV_RAISE,            /* source */
	EV_MESSAGE,          /* device, source; address, value: sent as the registers stand */
	EV_MASKED,           /* source: kept in its pending bit */
	EV_INTX,             /* device */
	EV_WRITE,            /* thread, cpu, device, source or SOURCE_NONE; detail: enum device_register; value: landed at the device */
	EV_MESSAGE_WRITE,    /* thread, cpu, source; address, value: the kernel begins to write this whole message */
	EV_READ,             /* thread, cpu, device; detail: enum device_register; value */
	EV_IRR_SET,          /* cpu, value: vector; detail: 1 where it was set already */
	EV_IRQ_TAKEN,        /* cpu, value: vector */
	EV_HANDLER_START,    /* cpu, source, value: vector, causes; detail: enum run_origin */
	EV_HANDLER_END,      /* cpu, source */
	EV_IRQ_EXIT,         /* cpu; address: ps spent in interrupt context */
	EV_NO_HANDLER,       /* cpu, value: vector: logged; detail: 1 where it was swallowed silently */
	EV_LOST,             /* source, causes of one raise, cpu, value: vector; detail: enum loss */
	EV_RETRIGGER,        /* thread, cpu: target, value: vector, source */
	EV_IPI,              /* thread, cpu: target, value: vector */
	EV_IRR_READ,         /* thread, cpu, value: vector; detail: pending */
	EV_ENTRY_WRITE,      /* thread, source, address, value: a remap entry in memory; detail: 1 where it is off */
	EV_FLUSH,            /* thread; detail: 0 begins, 1 done */
	EV_FAULT,            /* device, value: fault reason */
	EV_MOVE,             /* source; detail: enum move_outcome; cpu: target */
	EV_VECTOR_ASSIGNED,  /* source, cpu, value: vector */
	EV_VECTOR_FREED,     /* source, cpu, value: vector */
	EV_AFFINITY_BROKEN,  /* source, cpu */
	EV_ALLOCATION,       /* device, value: how many; detail: 0 asked, 1 done, 2 refused */
	EV_HOTPLUG,          /* cpu; detail: enum hotplug_outcome */
	EV_COMMAND,          /* thread; device or queue, value: a queued command; detail: 0 issued, 1 done */
	EV_HELD,             /* cpu, value: vector, causes: recorded where nobody takes it as things are */
	EV_POSTED,           /* source, cpu: that would be notified, value: guest vector; detail: 1 where it was set already */
	EV_NOTIFY,           /* cpu, value: the notification vector that the remap hardware sends */
	EV_FORWARDED,        /* cpu, source, causes: the host's handler passes a guest's interrupt on */
	EV_VM_EXIT,          /* cpu */
	EV_VM_ENTRY,         /* cpu */
	EV_VCPU,             /* cpu, value: the vCPU; detail: enum vcpu_state */
	EV_NOTE              /* thread, cpu; text: a step of software that no other event shows */
};

enum run_origin { RUN_BY_MESSAGE, RUN_BY_RETRIGGER, RUN_BY_INTX };
enum move_outcome { MOVE_ASKED, MOVE_DONE, MOVE_DEFERRED_TO_ACK, MOVE_BUSY, MOVE_NOSPC, MOVE_NOTHING };
enum hotplug_outcome { HOTPLUG_OFFLINE, HOTPLUG_ONLINE, HOTPLUG_REFUSED };

#define SOURCE_NONE UINT32_MAX
#define DEVICE_NONE UINT32_MAX
#define CPU_NONE UINT16_MAX
#define THREAD_NONE UINT16_MAX

struct model_event {
	uint8_t kind;
	uint8_t detail;
	uint16_t cpu;
	uint16_t thread;
	uint16_t pad;
	uint32_t device;
	uint32_t source;
	uint32_t value;
	uint64_t address;
	struct causes causes;
	const char *text;     /* EV_NOTE; static */
};

#endif
