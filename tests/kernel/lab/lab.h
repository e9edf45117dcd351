/* SPDX-License-Identifier: MIT */
/*
 * The race lab: how many interrupts of a real (emulated) device are lost while its MSI message is
 * changed.
 *
 * QEMU's edu device has one 64-bit MSI without a mask bit, sends a message at every write of its
 * raise register, and keeps a status until it is acknowledged. The first device found is the
 * subject, whose message is changed while a thread on another CPU raises. The others are donors:
 * each owns a vector on one CPU, so that a donor's message is one that the subject may use, without
 * any help from the kernel's vector allocator. Every donor's handler serves the subject.
 *
 * CPUs: 0 runs the raiser, 1 the mover, LAB_TARGET_FIRST and the next receive.
 *
 * A raise is handled if a handler run reads the status that it left. It is lost if the status is
 * still there although no CPU has a vector of ours pending: the emulator delivers a message inside
 * the write that raises it, so nothing can be under way.
 */
#ifndef RACE_LAB_H
#define RACE_LAB_H

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/types.h>

#define LAB_DEVICES_MAX 4
#define LAB_RAISER_CPU 0
#define LAB_MOVER_CPU 1
#define LAB_TARGET_FIRST 2
#define LAB_TARGETS 2

/*
 * Marks of an offline cycle in the emulator's log: this and the cycle's number begin it, the number
 * alone ends it.
 */
#define LAB_MARK_BEGIN 0x80

/* Raise status bits: a write of the raise register, and the end of a DMA. */
#define EDU_STATUS_RAISED 0x1
#define EDU_STATUS_DMA 0x100

struct message {
	u32 address_lo;
	u32 address_hi;
	u16 data;
};

struct edu {
	struct pci_dev *pci;
	void __iomem *regs;
	int irq;
};

/*
 * What happened. Conservation: with one raise at a time, raised = handled + lost.
 * @raised:      raises
 * @handled:     handler runs that found a raise and cleared its status
 * @empty:       handler runs that found nothing
 * @lost:        raises (of a burst: bursts) whose status nobody cleared
 * @rescued:     raises that an IRR check found on the old CPU, and sent on
 */
struct counts {
	atomic_t raised;
	atomic_t handled;
	atomic_t empty;
	atomic_t lost;
	atomic_t rescued;
};

/* Where the vectors went that came to a CPU, by what the CPU's vector table held. */
struct deliveries {
	atomic_t ours;
	atomic_t other;
	atomic_t temporary;
	atomic_t unowned;
	atomic_t retriggered;
	atomic_t shutdown;
};

struct lab {
	struct edu edu[LAB_DEVICES_MAX];
	u32 devices;
	struct counts counts;
	/*
	 * Set by a raise, taken by whoever settles it: a handler run, or the raiser that declares
	 * it lost.
	 */
	atomic_t outstanding;
};

/*
 * Writes to the subject's message registers.
 * @count:         since the run or the offline cycle began
 * @place:         look at the device at each write, and wait where asked to; otherwise only count
 * @wait_before:   number of the write that waits for a raise, from 1; 0 for none
 * @raised_before: number of the first write that found the device raised; 0 if none did
 */
struct message_writes {
	atomic_t count;
	bool place;
	u32 wait_before;
	u32 raised_before;
};

extern struct lab lab;
extern struct deliveries deliveries;
extern struct message_writes message_writes;

#define SUBJECT (&lab.edu[0])

/* edu.c */
int edu_find_all(void);
void edu_release_all(void);
void edu_raise(struct edu *edu);
u32 edu_status(struct edu *edu);
void edu_acknowledge(struct edu *edu, u32 status);
void edu_dma_start(struct edu *edu);
void edu_message_read(struct edu *edu, struct message *message);
bool edu_dma_is_running(struct edu *edu);
int edu_raise_and_wait(struct edu *edu);
int edu_move_and_wait(struct edu *edu, u32 cpu);
u32 edu_vector(struct edu *edu);
u32 edu_cpu(struct edu *edu);

/* deliveries.c: @vector_irq is the kernel's per-CPU vector table, as /proc/kallsyms tells it */
int deliveries_watch(unsigned long vector_irq);
void deliveries_unwatch(void);
void deliveries_expect_temporary(u32 cpu, u32 vector);

/* writes.c */
int writes_watch(void);
void writes_unwatch(void);

/* raiser.c: a burst is @burst raises, @gap_us apart, of which only the end is waited for */
int raiser_start(u32 burst, u32 gap_us);
void raiser_stop(void);
u32 raiser_settled(void);
bool raise_is_under_way(void);

/* protocols.c: one letter each; NULL for an unknown one */
struct protocol {
	char letter;
	void (*update)(const struct message *old, const struct message *new, u32 old_cpu,
		u32 new_cpu, u32 gap_us);
};
const struct protocol *protocol_find(char letter);

/* moves.c */
int moves_by_protocol(const struct protocol *protocol, u32 migrations, u32 write_gap_us);
int moves_by_kernel(u32 migrations);

/* offline.c */
int offline_cycles(u32 cycles, u32 wait_before_write);

#endif
