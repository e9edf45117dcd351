/* SPDX-License-Identifier: MIT */
/*
 * A simulated machine: hardware and the kernel on it. Everything that changes in a run is plain data in one block of memory
 * (machine->state), reached by index, without pointers of its own: it can be copied, compared, hashed and put back. The
 * raise pool is the one part outside of it, because it grows.
 *
 * The machine neither knows the time's source nor who runs its threads: struct machine_env does. A run gives it a
 * calendar and SimGrid actors; `check` gives it a scheduler that ignores durations.
 */
#ifndef MSIRACE_MODELS_MACHINE_H
#define MSIRACE_MODELS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/event.h"
#include "models/hw/cpu.h"
#include "models/hw/device.h"
#include "models/hw/gic.h"
#include "models/hw/guest_mode.h"
#include "models/hw/hyperv.h"
#include "models/hw/its.h"
#include "models/hw/posted.h"
#include "models/hw/remap_table.h"
#include "models/kinds.h"
#include "models/os/irq_desc.h"
#include "models/os/kthread.h"
#include "models/os/timer.h"
#include "models/raise.h"
#include "models/timings.h"

struct controller;
struct msi_index;
struct remap_unit;
struct root_domain;
struct vector_matrix;
struct remap_index;
struct move_operations;
struct cleanup_operations;
struct hotplug_operations;
struct invalidation;
struct imsic_file;
struct imsic_vector;
struct riscv_iommu;
struct msi_pte;
struct allocation_operations;
struct posted_operations;
struct setup_operations;
struct swap_operations;
struct monitor_operations;

#define MACHINE_CPU_WORDS_MAX (8192 / 64)

/* What a machine is made from; constant. Arrays belong to the caller and outlive the machine. */
struct domain_config {
	enum device_kind kind;
	enum msix_torn torn;       /* what is sent while a message is half written */
	bool maskable;
	bool pending_bits;         /* a masked event is kept */
	bool indexless;            /* IMS: the message lives in a queue's context, not in a slot; a device command updates it */
	bool groups;               /* vectors can be added, and enabled again, while others are in use */
	uint32_t vectors;
	uint32_t allocated;        /* vectors [0, allocated) are set up before the run */
	uint32_t reserved;         /* of those, the last ones that wait for a request and have no handler yet */
	uint32_t needed;           /* of those allocated, how many will do; 0: all */
};

struct device_config {
	struct domain_config domain[DEVICE_DOMAINS_MAX];
	uint32_t domains;
	bool intx;
	bool address_64;
	bool managed;
	bool falls_back;           /* too few MSI-X vectors: PCI MSI, then INTx, as pci_alloc_irq_vectors() */
	uint32_t vectors;          /* of all domains together, consecutive */
	uint32_t socket;
	uint64_t handler_ps;
	const uint64_t *affinity;  /* that its interrupts start with; NULL: all CPUs */
	bool monitored;            /* a monitor holds its message registers: writes trap, its copy is what is sent */
	uint32_t posted_to;        /* vCPU + 1 that its interrupts are posted to; 0: they are the host's */
	uint32_t guest_vector;     /* of its vector 0 there; the others follow */
};

struct vcpu_config {
	uint32_t cpu;              /* that its thread runs on */
	bool apicv;                /* virtualized interrupts at the start */
};

struct machine_config {
	enum machine_arch arch;
	enum machine_remap remap;
	enum machine_fabric fabric;
	enum vector_placement placement;
	bool ecam;
	bool remap_cache;
	uint32_t cpus;
	uint32_t sockets;
	uint32_t vectors_first;
	uint32_t vectors_end;
	const uint32_t *system_vectors;
	size_t system_vectors_count;
	struct model_timings timings;
	const struct device_config *devices;
	uint32_t devices_count;
	/*
	 * One-way times between places: CPUs at one place are as far from everything as each other, and so are devices.
	 * message_ps and write_ps are [device_place * cpu_places + cpu_place]: a message to the CPU's interrupt controller,
	 * a posted write to the device. ipi_extra_ps is [from * cpu_places + to], added to timings.ipi_ps.
	 */
	const uint16_t *cpu_place;      /* [cpus] */
	const uint16_t *device_place;   /* [devices_count] */
	uint32_t cpu_places;
	const uint64_t *message_ps;
	const uint64_t *write_ps;
	const uint64_t *ipi_extra_ps;
	uint32_t threads;     /* threads of the software plane, besides one interrupt-context thread per CPU */
	const struct move_operations *move;
	const struct cleanup_operations *cleanup;
	const struct hotplug_operations *hotplug;
	const struct allocation_operations *allocation;
	const struct setup_operations *setup;         /* NULL, or x86 */
	const struct swap_operations *swap;           /* x86 only */
	const struct monitor_operations *monitor;     /* where a device is monitored */
	const struct vcpu_config *vcpus;              /* VT-d only */
	uint32_t vcpus_count;
	const struct posted_operations *posted;       /* where there are vCPUs */
};

struct machine;

struct machine_env {
	/* Makes event happen delay_ps from now. A delay of 0: right after what happens now, in posted order. */
	void (*post)(struct machine *m, uint64_t delay_ps, const struct hw_event *event);
	/* The next step of a thread, cost_ps of CPU time from now; what the thread does after the call is the step. */
	void (*step)(struct kthread *k, uint64_t cost_ps);
	/* CPU time in which the thread touches nothing shared. */
	void (*delay)(struct kthread *k, uint64_t cost_ps);
	/* The same, so long that every message and IPI that is under way when it begins has arrived when it ends. */
	void (*settle)(struct kthread *k, uint64_t cost_ps);
	/* Gives up until machine_env.wake(); may return early, so the caller looks again at what it waits for. */
	void (*block)(struct kthread *k);
	void (*wake)(struct machine *m, uint32_t thread);
	void (*emit)(struct machine *m, const struct model_event *event);
	/* The source's handler has read the device's status: whatever the device wanted until now is done. */
	void (*serviced)(struct machine *m, uint32_t source);
	/* The simulation has outgrown what it runs on: does not return. */
	void (*exhausted)(const char *why);
};

/* One interrupt source: a vector of a device. */
struct source {
	uint32_t device;
	uint32_t vector;      /* in the device: its domains' indices one after the other */
	uint32_t index;       /* hardware index in its domain */
	uint32_t domain;      /* of the device */
	uint32_t desc;        /* its irq_desc, or DESC_NONE */
	uint32_t active;      /* the driver has started the queue behind it */
};

struct machine_locks {
	uint16_t vector_lock; /* thread + 1 that holds it; 0: free */
	uint16_t spinners;    /* CPUs that wait for the vector lock in interrupt context */
	uint16_t stopper;     /* thread + 1 in whose stop_machine() the machine is; 0: none */
	uint16_t hotplug;     /* thread + 1 that takes a CPU down or brings one back; 0: none */
};

struct machine {
	const struct machine_config *config;
	const struct machine_env *env;
	void *env_data;
	const struct controller *controller;
	const struct root_domain *root;
	const struct remap_unit *remap;   /* NULL: messages go straight to the CPUs */
	uint64_t now_ps;
	uint64_t listened;    /* bit map of enum model_event_kind: what anybody listens to. All, unless the owner knows better */

	void *memory;         /* holds state, aligned */
	void *state;
	size_t state_size;

	/* All in state. */
	struct cpu *cpu;                  /* [config->cpus] */
	struct causes *slot;              /* [cpu * vector_stride + vector]: the raises of a pending bit */
	uint64_t *pending;                /* IRR, eip, LPI pending: [cpu * vector_words + word] */
	uint64_t *in_service;             /* ISR, the same shape; x86 only */
	uint64_t *by_software;            /* pending bits that an IPI or a retrigger set first */
	uint32_t *vector_irq;             /* [cpu * vector_stride + vector]: an irq_desc, or VECTOR_UNUSED, ... */
	struct device *device;            /* [config->devices_count] */
	struct msi_entry *entry;          /* [source]: message registers; PCI MSI uses the first one of its device */
	struct source *source;            /* [sources_count] */
	struct irq_desc *desc;            /* [sources_count]: one for each source, in use or not */
	uint64_t *affinity;               /* [desc * cpu_words]: as set */
	uint64_t *pending_affinity;       /* [desc * cpu_words]: of a deferred move */
	uint64_t *online;                 /* [cpu_words] */
	uint16_t *posted_writes;          /* [device * cpus + cpu]: on their way */
	struct kernel_timer *timer;       /* [timers_count] */
	struct kthread *thread;           /* [config->threads + config->cpus]: the last ones are the interrupt contexts */
	struct invalidation *invalidation;
	struct remap_table *remap_table;
	struct irte *irte;                /* [remap_table->entries]: the table in memory */
	struct irte *irte_cache;          /* the same as the hardware holds it; not present: not cached */
	struct hyperv *hyperv;
	struct remap_index *remap_index;
	struct imsic_file *imsic;         /* [cpu] */
	uint64_t *enabled;                /* eie, the shape of pending; RISC-V only */
	struct imsic_vector *imsic_vector;/* [cpu * vectors + identity]: the kernel's record of it */
	uint64_t *imsic_dirty;            /* identities whose record has changed since their hart was synchronised, as pending */
	struct riscv_iommu *riscv_iommu;
	struct msi_pte *msi_pte;          /* [source]: the MSI page table in memory */
	struct msi_pte *msi_pte_cache;    /* [source]: as the hardware holds it; mode 0: not cached */
	uint64_t *mrif;                   /* [source * vector_words + word]: pending bits of memory-resident interrupt files */
	struct causes *mrif_slot;         /* [source * vectors + identity] */
	struct vector_matrix *matrix;     /* NULL where root->global */
	struct gic gic;
	struct its its;
	struct machine_locks *locks;
	struct vcpu *vcpu;                /* [config->vcpus_count] */
	struct posted_descriptor *posted; /* [config->vcpus_count] */
	struct causes *posted_slot;       /* [vcpu * 2 * POSTED_VECTORS]: of the PIR's bits, then of the virtual IRR's */
	uint32_t *guest_source;           /* [vcpu * POSTED_VECTORS + vector]: whose handler the guest has there */

	/* [device * DEVICE_DOMAINS_MAX + domain]: which message indices of the domain are in use; each lies in state. */
	struct msi_index **msi_index;

	uint32_t sources_count;
	uint32_t vectors;                 /* of the bit maps above, per CPU */
	uint32_t vector_base;             /* the number of their first one: [vector] is vector - vector_base */
	uint32_t vector_stride;           /* vectors; 0 where they are the machine's: all CPUs share slot and vector_irq */
	uint32_t vector_words;
	uint32_t cpu_words;
	uint32_t timers_count;
	uint32_t threads_count;
	/* Threads that have begun and not ended, ascending: the only ones that can wait for something. */
	uint16_t *live_thread;
	uint32_t live_threads_count;

	struct raise_pool raises;
};

/* Where a part of the state goes in its block; with a NULL base it is only measured. */
struct state_layout {
	char *base;
	size_t size;
};

/* The next part of the block, aligned to 64 bytes; NULL while it is only measured. */
void *state_place(struct state_layout *layout, size_t size);

/* 0, or a negative errno. The configuration and the environment outlive the machine. */
int machine_create(struct machine *m, const struct machine_config *config, const struct machine_env *env, void *env_data);
void machine_destroy(struct machine *m);

/*
 * All threads of a new machine live. An environment whose threads begin and end later says so: first that none has begun,
 * then each that begins, and each that ends.
 */
void machine_threads_wait(struct machine *m);
void machine_thread_begins(struct machine *m, uint32_t thread);
void machine_thread_ends(struct machine *m, uint32_t thread);

/* Whether there is an n-th live thread, from 0, that is no interrupt context: those come last. */
static inline bool machine_has_live_process(const struct machine *m, uint32_t n)
{
	return n < m->live_threads_count && m->live_thread[n] < m->config->threads;
}

/* Makes an event happen. */
void machine_dispatch(struct machine *m, const struct hw_event *event);

/* Whether an event that is due may happen now; one that may not waits for what makes it possible. For `check`. */
bool machine_event_enabled(const struct machine *m, const struct hw_event *event);

/*
 * Calls visit on everything in the state that holds raises; what is on its way holds its own in its event. A model that
 * keeps raises in a place of its own adds that place here.
 */
void machine_each_causes(struct machine *m, void (*visit)(void *data, struct causes *causes), void *data);

static inline void machine_post(struct machine *m, uint64_t delay_ps, const struct hw_event *event)
{
	m->env->post(m, delay_ps, event);
}

/* For events that are frequent, and only wanted by a trace: ask first. */
static inline bool machine_listened(const struct machine *m, enum model_event_kind kind)
{
	return m->listened >> kind & 1;
}

static inline void machine_emit(struct machine *m, const struct model_event *event)
{
	m->env->emit(m, event);
}

static inline uint64_t machine_message_ps(const struct machine *m, uint32_t device, uint32_t cpu)
{
	const struct machine_config *config = m->config;

	return config->message_ps[config->device_place[device] * config->cpu_places + config->cpu_place[cpu]];
}

static inline uint64_t machine_write_ps(const struct machine *m, uint32_t device, uint32_t cpu)
{
	const struct machine_config *config = m->config;

	return config->write_ps[config->device_place[device] * config->cpu_places + config->cpu_place[cpu]];
}

static inline uint64_t machine_ipi_ps(const struct machine *m, uint32_t from, uint32_t to)
{
	const struct machine_config *config = m->config;

	if (from == to) {
		return config->timings.self_ipi_ps;
	}
	return config->timings.ipi_ps +
	       config->ipi_extra_ps[config->cpu_place[from] * config->cpu_places + config->cpu_place[to]];
}

/* The device domain of an interrupt source. */
static inline const struct domain_config *machine_domain(const struct machine *m, uint32_t source)
{
	const struct source *s = &m->source[source];

	return &m->config->devices[s->device].domain[s->domain];
}

static inline struct causes *machine_slot(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	return &m->slot[(size_t)cpu * m->vector_stride + vector - m->vector_base];
}

/* What a vector stands for at a CPU. */
static inline uint32_t *machine_vector_irq(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	return &m->vector_irq[(size_t)cpu * m->vector_stride + vector - m->vector_base];
}

static inline bool cpu_is_online(const struct machine *m, uint32_t cpu)
{
	return m->online[cpu / 64] >> (cpu % 64) & 1;
}

#endif
