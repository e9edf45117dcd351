/* SPDX-License-Identifier: MIT */
/*
 * The move of scenarios/check/msi.yaml, written by hand from the protocols and not from the program: an oracle for
 * `msirace check`. One of DIRECT, TMP and TMP_REMOTE is defined, and one of STALE and LOST: what must never be seen.
 *
 * edu is on CPU 1 under HIGH (0x22) and moves to CPU 2 under LOW (0x21), which on CPU 1 is disk's. CPU 0 writes. Each turn
 * of the loop is one step of the program: a step of a thread, a raise, an arrival, an interrupt taken, its dispatch, the end
 * of a handler, the timer of the clean-up.
 */
#define LOW 0
#define HIGH 1
#define BIT(cpu, vector) ((cpu) * 2 + (vector))
#define OLD BIT(1, HIGH)
#define NEW BIT(2, LOW)

/* What a CPU does. */
#define IDLE 0
#define ENTERED 1
#define SPINS 2
#define RUNS_EDU 3
#define RUNS_DISK 4
#define MOVES 5

/* The device: its registers, and what it has sent. Messages carry BIT(cpu, vector). */
byte address = 1;
byte data = HIGH;
chan messages = [2] of { byte };
byte raises = 2;
bool wanted;

/* Request bits, and whether a message of edu is behind them. */
bool requested[6];
bool from_edu[6];
byte cpu[3];
byte vector[3];
chan ipi = [1] of { bool };

/* The kernel. */
bool locked;
bool in_progress;
bool replay;
bool move_marked;
bool moved;             /* the new vector is assigned */
bool old_is_live = true;
bool cleanup_due;       /* waits for the first interrupt on the new CPU */
bool armed;
bool lost;

/* The thread that accesses the device waits for the messages that were on their way. */
byte behind;
bool woken;

byte pc;                /* of the writing thread */
byte ack;               /* of the acknowledge's thread; 0: idle */

#define RUNNABLE (behind == 0 && !woken)

inline access()
{
	behind = len(messages)
}

inline start_handler(c)
{
	in_progress = true;
	wanted = false;
	cpu[c] = RUNS_EDU
}

/* An interrupt of edu on a CPU, up to its acknowledge. */
inline flow(c)
{
	if
	:: cleanup_due && c == 2 -> cleanup_due = false; armed = true
	:: else
	fi;
	if
	:: in_progress -> replay = true; cpu[c] = IDLE
	:: !in_progress && move_marked -> locked = true; ack = 1; cpu[c] = MOVES
	:: else -> start_handler(c)
	fi
}

inline unlock()
{
	locked = false;
	if
	:: cpu[1] == SPINS -> flow(1)
	:: else
	fi;
	if
	:: cpu[2] == SPINS && !locked -> flow(2)
	:: else
	fi
}

inline dispatch(c)
{
	b = BIT(c, vector[c]);
	if
	:: (b == OLD && old_is_live) || (b == NEW && moved) ->
		if
		:: locked -> cpu[c] = SPINS
		:: else -> flow(c)
		fi
	:: b == BIT(1, LOW) -> lost = lost || took[c]; cpu[c] = RUNS_DISK
	:: else -> lost = lost || took[c]; cpu[c] = IDLE
	fi;
	took[c] = false
}

inline end_handler(c)
{
	if
	:: cpu[c] == RUNS_EDU && replay -> replay = false; wanted = false
	:: cpu[c] == RUNS_EDU && !replay -> in_progress = false; cpu[c] = IDLE
	:: else -> cpu[c] = IDLE
	fi
}

inline take(c)
{
	vector[c] = (requested[BIT(c, HIGH)] -> HIGH : LOW);
	b = BIT(c, vector[c]);
	took[c] = from_edu[b];
	requested[b] = false;
	from_edu[b] = false;
	cpu[c] = ENTERED
}

#define PENDING(c) (requested[BIT(c, LOW)] || requested[BIT(c, HIGH)])
#define QUIET (pc == END && ack == 0 && RUNNABLE && empty(messages) && empty(ipi) && !PENDING(1) && !PENDING(2) && \
	       cpu[1] == IDLE && cpu[2] == IDLE && !armed)

#if defined(DIRECT)
#define END 13
#elif defined(TMP)
#define END 5
#else
#define END 25
#endif

active proctype everything()
{
	byte b;
	bool took[3];

	do
	/* What must not be seen ends the search. */
#ifdef STALE
	:: d_step { QUIET && wanted -> assert(false) }
#else
	:: d_step { lost -> assert(false) }
#endif
	/* The outside. */
	:: d_step { raises > 0 -> raises--; wanted = true; messages ! BIT(address, data) }
	/* The hardware. */
	:: d_step { nempty(messages) -> messages ? b; requested[b] = true; from_edu[b] = true;
		if
		:: behind == 1 -> behind = 0; woken = true
		:: behind > 1 -> behind--
		:: else
		fi; b = 0 }
	:: d_step { nempty(ipi) -> ipi ? from_edu[NEW]; requested[NEW] = true }
	:: d_step { cpu[1] == IDLE && PENDING(1) -> take(1); b = 0 }
	:: d_step { cpu[2] == IDLE && PENDING(2) -> take(2); b = 0 }
	:: d_step { cpu[1] == ENTERED -> dispatch(1); b = 0 }
	:: d_step { cpu[2] == ENTERED -> dispatch(2); b = 0 }
	:: d_step { cpu[1] == RUNS_EDU || cpu[1] == RUNS_DISK -> end_handler(1) }
	:: d_step { cpu[2] == RUNS_EDU || cpu[2] == RUNS_DISK -> end_handler(2) }
	:: d_step { armed && cpu[1] == IDLE && !requested[OLD] -> armed = false; old_is_live = false }
	/* A thread that was woken goes on. */
	:: d_step { woken -> woken = false }

#if defined(DIRECT)
	:: d_step { pc == 0 && RUNNABLE -> pc++ }                                  /* begins */
	:: d_step { pc == 1 && RUNNABLE -> pc++ }                                  /* interrupts off */
	:: d_step { pc == 2 && RUNNABLE -> locked = true; pc++ }
	:: d_step { pc == 3 && RUNNABLE -> moved = true; cleanup_due = true; pc++ } /* vector lock */
	:: d_step { pc == 4 && RUNNABLE -> pc++ }                                  /* vector unlock */
	:: d_step { pc == 5 && RUNNABLE -> address = 2; access(); pc++ }
	:: d_step { pc == 6 && RUNNABLE -> access(); pc++ }                        /* upper half of the address */
	:: d_step { pc == 7 && RUNNABLE -> data = LOW; access(); pc++ }
	:: d_step { pc == 8 && RUNNABLE -> access(); pc++ }                        /* read back */
	:: d_step { pc == 9 && RUNNABLE -> pc++ }                                  /* vector lock */
	:: d_step { pc == 10 && RUNNABLE -> pc++ }                                 /* vector unlock */
	:: d_step { pc == 11 && RUNNABLE -> unlock(); pc++ }
	:: d_step { pc == 12 && RUNNABLE -> pc++ }                                 /* interrupts on */
#elif defined(TMP)
	:: d_step { pc == 0 -> pc++ }
	:: d_step { pc == 1 -> pc++ }
	:: d_step { pc == 2 && !locked -> locked = true; move_marked = true; pc++ }
	:: d_step { pc == 3 -> unlock(); pc++ }
	:: d_step { pc == 4 -> pc++ }
	/* In the acknowledge on CPU 1, which stays in its interrupt: nothing is taken there meanwhile. */
	:: d_step { ack == 1 && RUNNABLE -> move_marked = false; ack++ }
	:: d_step { ack == 2 && RUNNABLE -> moved = true; cleanup_due = true; ack++ }
	:: d_step { ack == 3 && RUNNABLE -> ack++ }                                /* vector unlock */
	:: d_step { ack == 4 && RUNNABLE -> ack++ }                                /* vector lock */
	/* {CPU 1, LOW}: control read and written, address, its upper half, data, control read. */
	:: d_step { ack >= 5 && ack <= 8 && RUNNABLE -> access(); ack++ }
	:: d_step { ack == 9 && RUNNABLE -> data = LOW; access(); ack++ }
	:: d_step { ack == 10 && RUNNABLE -> access(); ack++ }
	/* {CPU 2, LOW} */
	:: d_step { (ack == 11 || ack == 12) && RUNNABLE -> access(); ack++ }
	:: d_step { ack == 13 && RUNNABLE -> address = 2; access(); ack++ }
	:: d_step { ack >= 14 && ack <= 16 && RUNNABLE -> access(); ack++ }
	:: d_step { ack == 17 && RUNNABLE -> ack++ }                               /* vector unlock */
	:: d_step { ack == 18 && RUNNABLE -> ack = (requested[BIT(1, LOW)] -> 19 : 20) }
	:: d_step { ack == 19 -> ipi ! from_edu[BIT(1, LOW)]; from_edu[BIT(1, LOW)] = false; ack++ }
	:: d_step { ack == 20 -> ack++ }                                           /* vector lock */
	/* Vector unlock; the handler that was owed runs. */
	:: d_step { ack == 21 -> start_handler(1); took[1] = false; ack++ }
	:: d_step { ack == 22 -> ack = 0; unlock() }
#else
	:: d_step { pc == 0 && RUNNABLE -> pc++ }
	:: d_step { pc == 1 && RUNNABLE -> pc++ }
	:: d_step { pc == 2 && RUNNABLE -> locked = true; pc++ }
	:: d_step { pc == 3 && RUNNABLE -> moved = true; cleanup_due = true; pc++ }
	:: d_step { pc == 4 && RUNNABLE -> pc++ }
	:: d_step { pc == 5 && RUNNABLE -> pc++ }                                  /* vector lock */
	:: d_step { pc >= 6 && pc <= 9 && RUNNABLE -> access(); pc++ }
	:: d_step { pc == 10 && RUNNABLE -> data = LOW; access(); pc++ }
	:: d_step { pc >= 11 && pc <= 13 && RUNNABLE -> access(); pc++ }
	:: d_step { pc == 14 && RUNNABLE -> address = 2; access(); pc++ }
	:: d_step { pc >= 15 && pc <= 17 && RUNNABLE -> access(); pc++ }
	:: d_step { pc == 18 && RUNNABLE -> pc++ }                                 /* vector unlock */
	/* The writer's own IRR, which has nothing. */
	:: d_step { pc == 19 && RUNNABLE -> pc++ }
	:: d_step { (pc == 20 || pc == 21) && RUNNABLE -> pc++ }
	:: d_step { pc == 22 && RUNNABLE -> unlock(); pc++ }
	:: d_step { pc == 23 && RUNNABLE -> pc = END }                             /* interrupts on */
#endif
	od
}
