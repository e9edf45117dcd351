/* SPDX-License-Identifier: MIT */
/*
 * A scenario as plain structs: what a file says, with every default filled in. sim/schema.c is the table of its keys,
 * sim/loader.c fills these structs from YAML, sim/machine.c builds the models from them.
 *
 * Times are whole picoseconds. Names are the file's own. Everything belongs to the scenario and goes with
 * scenario_free(). A loaded scenario is consistent: every reference is resolved to an index, every range is checked,
 * and each contender's preconditions hold.
 */
#ifndef MSIRACE_SIM_SCENARIO_H
#define MSIRACE_SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/kinds.h"
#include "models/strategies/registry.h"
#include "models/timings.h"

/* Simulated time is exact in a double up to here: 2^53 - 1 ps, about 2.5 hours. */
#define SCENARIO_DURATION_PS_MAX ((UINT64_C(1) << 53) - 1)

/* Of raises and actions, in Hz. */
#define SCENARIO_RATE_HZ_MIN 1e-3
#define SCENARIO_RATE_HZ_MAX UINT64_C(1000000000)

#define SCENARIO_CPUS_MAX 8192
#define SCENARIO_DEVICES_MAX 4096
#define SCENARIO_VCPUS_MAX 1024
/* Each action, vCPU and CPU is a thread, and threads have 16-bit numbers. */
#define SCENARIO_ACTIONS_MAX 50000

struct scenario_machine {
	enum machine_arch arch;
	enum machine_remap remap;
	enum machine_fabric fabric;
	enum vector_placement placement;
	uint32_t cpus;
	uint32_t sockets;         /* CPUs and devices are dealt to sockets in equal, consecutive shares */
	uint32_t vectors_first;   /* the allocatable range of every CPU */
	uint32_t vectors_end;     /* exclusive */
	uint32_t *system_vectors; /* vectors inside the range that nobody may allocate */
	size_t system_vectors_count;
	bool ecam;                /* configuration accesses through ECAM instead of the CF8/CFC pair */
	bool remap_cache;         /* the remap hardware caches entries */
	char *platform_file;      /* a SimGrid platform of the user's own; NULL: made from this struct */
	struct model_timings timings;
};

enum scenario_process {
	PROCESS_NONE,     /* raises only by actions */
	PROCESS_POISSON,  /* rate_hz */
	PROCESS_PERIODIC, /* period_ps, each raise moved by up to +- jitter of the period */
	PROCESS_BURSTS,   /* Poisson at rate_hz during on_ps (exponential mean), silent during off_ps (the same) */
	PROCESS_TIMES,    /* times_ps */
	PROCESS_CLOSED    /* depth outstanding commands, service_ps each (exponential mean); a command is resubmitted by the
	                     handler, and after timeout_ps without a handler the driver polls: a stall */
};

struct scenario_arrivals {
	enum scenario_process process;
	double rate_hz;           /* per vector */
	uint64_t period_ps;
	double jitter;            /* 0 to 1, of the period */
	uint64_t on_ps;
	uint64_t off_ps;
	uint64_t *times_ps;       /* ascending */
	size_t times_count;
	uint32_t depth;
	uint64_t service_ps;
	uint64_t timeout_ps;
};

/* Where an IMS domain keeps its messages. */
enum scenario_store {
	STORE_SLOTS,      /* in slots with an index, in device memory */
	STORE_QUEUE       /* in the context of a queue, in host memory: no index, and a command makes the device read it */
};

/* The device domains that an action can mean. */
enum scenario_domain_name { DOMAIN_FIRST, DOMAIN_IMS, DOMAIN_PLATFORM, DOMAIN_WIRED };

/* A device domain beside the first one. */
struct scenario_domain {
	uint32_t vectors;         /* 0: the device has none */
	uint32_t allocated;       /* vectors [0, allocated) are set up at the start */
	enum scenario_store store; /* IMS */
	enum msix_torn torn;
	bool maskable;
	bool pending_bits;
	bool groups;
	struct scenario_arrivals arrivals;
};

enum scenario_durations { DURATIONS_EXPONENTIAL, DURATIONS_FIXED };

/* A guest's virtual CPU: runs for run_ps, is preempted, runs, blocks, and so on. */
struct scenario_vcpu {
	char *name;
	int32_t cpu;              /* of the host, that it runs on */
	bool apicv;               /* virtualized interrupts at the start */
	uint64_t run_ps;          /* 0: for ever */
	uint64_t preempt_ps;      /* 0: never preempted by its schedule */
	uint64_t block_ps;        /* at most; 0: never blocks */
	enum scenario_durations durations; /* of the three: means, or exact */
	int line;
};

struct scenario_device {
	char *name;               /* of a device with count > 1: the file's name and its number, nic0, nic1, ... */
	char *group;              /* the file's name */
	uint32_t group_count;     /* devices of that name, consecutive */
	uint32_t group_index;     /* of this one among them */
	enum device_kind kind;
	enum msix_torn torn;
	bool maskable;            /* PCI MSI: has mask and pending bits. MSI-X and IMS always have */
	bool pending_bits;        /* a masked event is kept; MSI-X always, IMS never */
	bool intx;                /* raises go to INTx while MSI is disabled; false: they are lost, as where INTx is broken */
	uint32_t address_bits;    /* 32 or 64 */
	uint32_t vectors;
	uint32_t allocated;       /* vectors [0, allocated) are set up at the start; the others wait for an action */
	uint32_t requested;       /* of those, [0, requested) have a handler; the others wait for a request */
	uint32_t needed;          /* of those allocated, how many will do; UINT32_MAX: all */
	bool falls_back;          /* too few MSI-X vectors: PCI MSI, then INTx */
	bool groups;              /* the first domain has groups of vectors */
	enum scenario_store store; /* kind ims */
	struct scenario_domain ims;
	struct scenario_domain platform;
	struct scenario_domain wired;
	uint32_t socket;
	bool socket_dealt;        /* the socket is the device's share, not the file's choice */
	bool managed;             /* its interrupts have managed affinity, spread over the CPUs */
	uint64_t handler_ps;      /* 0: the machine's timing */
	struct scenario_arrivals arrivals;
	bool monitored;           /* a monitor emulates its MSI capability: writes trap, its copy of the message is sent */
	int32_t posted_to;        /* index into vcpus; -1: its interrupts are the host's */
	uint32_t guest_vector;    /* posted: of its vector 0 in the guest; the others follow */
	uint32_t *initial_cpus;   /* the affinity mask that the interrupts start with; NULL: all CPUs */
	size_t initial_cpus_count;
	int line;                 /* of the scenario file */
};

enum scenario_verb {
	ACTION_MIGRATE,   /* set the affinity of the device's vectors */
	ACTION_ALLOCATE,  /* allocate and request vectors of the device */
	ACTION_FREE,
	ACTION_ENABLE,    /* the function's MSI or MSI-X enable bit, as the driver does it */
	ACTION_DISABLE,
	ACTION_OFFLINE,   /* take a CPU down */
	ACTION_ONLINE,
	ACTION_RAISE,     /* one raise, besides the arrival process */
	ACTION_REQUEST,   /* request vectors that are allocated: they get a handler */
	ACTION_MASK,      /* disable_irq() that masks at once, and enable_irq() */
	ACTION_UNMASK,
	ACTION_REBOOT,    /* the guest that has the device reboots with its vectors enabled */
	ACTION_UNPLUG,    /* hot-unplug, and hot-plug */
	ACTION_PLUG,
	ACTION_SWAP,      /* new event counters for the handlers of the device's vectors */
	ACTION_APICV_ON,  /* virtualized interrupts of a vCPU */
	ACTION_APICV_OFF,
	ACTION_RELEASE    /* free_irq(): vectors lose their handler, and stay allocated */
};
enum scenario_when { WHEN_AT, WHEN_EVERY, WHEN_RATE };
enum scenario_target { TARGET_ROUND_ROBIN, TARGET_RANDOM, TARGET_LIST };

struct scenario_action {
	enum scenario_verb verb;
	enum scenario_when when;
	uint64_t at_ps;           /* WHEN_AT; for the others: of the first one, 0: one interval after the start */
	uint64_t every_ps;
	double rate_hz;
	uint32_t count;           /* how often at most; 0: no end; WHEN_AT: 1 */
	int32_t device;           /* index into devices; -1: none named */
	uint32_t device_count;    /* the devices of a replicated name, consecutive */
	enum scenario_domain_name domain;
	uint32_t vector_first;    /* in the domain */
	uint32_t vector_end;      /* exclusive */
	uint32_t want;            /* ALLOCATE: so many of them, wherever there is room; 0: exactly these */
	uint32_t at_least;        /* of those, how many will do */
	bool request;             /* ALLOCATE: with handlers */
	uint32_t group;           /* FREE: the group of that number; UINT32_MAX: the vectors */
	enum scenario_target target;
	uint32_t *target_cpus;    /* TARGET_LIST: taken in turn. The others: the CPUs to choose from; NULL: all */
	size_t target_cpus_count;
	bool as_mask;             /* TARGET_LIST: all of them are one affinity mask */
	int32_t cpu;              /* OFFLINE: which; -1: the CPU that the device's first vector is on.
	                             ONLINE: which; -1: of those that are off line the one that went first */
	int32_t vcpu;             /* APICV_ON, APICV_OFF: which; -1: none named */
	int32_t on;               /* the CPU that the acting thread runs on; -1: any online CPU but the target's */
	int line;
};

/* One thing that is compared: at most one strategy of each slot, joined by '+' in the file. */
struct scenario_contender {
	char *name;               /* as in the file */
	const struct strategy *slot[STRATEGY_SLOTS]; /* by enum strategy_slot, defaults filled in */
	int line;
};

enum expect_op { EXPECT_EQ, EXPECT_NE, EXPECT_LT, EXPECT_LE, EXPECT_GT, EXPECT_GE };
struct scenario_expectation {
	char *text;               /* contender and expression: "x86-direct: stale > 0" */
	int32_t contender;        /* -1: every one */
	int32_t metric;           /* a row of sim/metrics.h */
	enum expect_op op;
	double value;             /* in the metric's own unit */
	int line;
};

/* What `check` looks for, and how often it may be seen among all interleavings. */
enum check_subject {
	CHECK_STALE,
	CHECK_LOST,
	CHECK_SPURIOUS,           /* of any kind */
	CHECK_SPURIOUS_UNHANDLED,
	CHECK_SPURIOUS_STRAY,
	CHECK_SPURIOUS_DUPLICATE,
	CHECK_SPURIOUS_INTX,
	CHECK_SUBJECTS
};
enum check_verdict { VERDICT_NEVER, VERDICT_SOMETIMES, VERDICT_ALWAYS };

/* "stale", "lost", "spurious", "spurious_unhandled", ...; "Never", "Sometimes", "Always". */
const char *check_subject_name(enum check_subject subject);
const char *check_verdict_name(enum check_verdict verdict);

struct scenario_check {
	uint32_t raises;          /* a device */
	uint32_t migrations;
	bool stalls;              /* a command's time-out is a transition too */
	struct scenario_check_expectation {
		char *text;
		int32_t contender; /* -1: every one */
		enum check_subject subject;
		enum check_verdict verdict;
		int line;
	} *expectations;
	size_t expectations_count;
	bool present;
};

/* A key that takes several values; several keys give the product of their values. */
struct scenario_sweep {
	char *path;               /* as for --set: devices.nic.raise.rate */
	char **values;
	size_t values_count;
	int line;
};

/* What `run` replays before it races: see sim/replay_report.h. */
struct scenario_recording {
	char *file;               /* NULL: the scenario has no recording */
	char *start;              /* NULL: the allocator's state at the beginning is concluded */
	uint32_t cpus;            /* 0: as many as the recording shows */
	char **snapshots;
	size_t snapshots_count;
};

struct scenario {
	char *file;
	char *name;
	char *question;
	struct scenario_recording recording;
	struct scenario_machine machine;
	struct scenario_vcpu *vcpus;
	size_t vcpus_count;
	struct scenario_device *devices;
	size_t devices_count;
	struct scenario_action *actions;
	size_t actions_count;
	struct scenario_contender *contenders;
	size_t contenders_count;
	struct scenario_expectation *expectations;
	size_t expectations_count;
	struct scenario_check check;
	struct scenario_sweep *sweep;
	size_t sweep_count;       /* 0: nothing is swept, as in every cell of a sweep */
	uint64_t duration_ps;
	uint64_t drain_ps;        /* raises stop at duration_ps, and the run goes on this long so that late ones are seen */
	uint32_t replications;
	uint64_t seed;
	char *resolved_yaml;      /* the whole scenario with every default, which loads again to the same structs */
};

/* A domain of a device beside the first one, which has none of these names; vectors is 0 where the device lacks it. */
const struct scenario_domain *scenario_domain_of(const struct scenario_device *device, enum scenario_domain_name name);

/* When the vectors of the machine's domain of that number raise: 0 the first one. */
const struct scenario_arrivals *scenario_arrivals_of(const struct scenario_device *device, uint32_t number);

/* How many vectors a device's domain has. */
uint32_t scenario_domain_vectors(const struct scenario_device *device, enum scenario_domain_name name);

/* The kind of a device's domain. */
enum device_kind scenario_domain_kind(const struct scenario_device *device, enum scenario_domain_name name);

/* Which of the machine's domains of the device it is: the first one 0, the others that the device has after it. */
uint32_t scenario_domain_number(const struct scenario_device *device, enum scenario_domain_name name);

/* Frees a scenario of sim/loader.h and all that it holds; NULL is allowed. */
void scenario_free(struct scenario *s);

#endif
