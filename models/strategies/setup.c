// SPDX-License-Identifier: MIT
/*
 * What the interrupt entry does with a vector whose slot holds no descriptor. Before Linux
 * ce0b5eedcb75 (2025) it cleared the slot by what it had read, without a lock:
 *
 *   CPU 0 (kernel)                                   CPU 1
 *                                                    vector pending in the IRR
 *   free: vector_irq[1][vector] = SHUTDOWN
 *                                                    interrupt entry: reads SHUTDOWN
 *   request: the same vector again,
 *            vector_irq[1][vector] = descriptor
 *                                                    writes UNUSED: the new descriptor is gone, and with it
 *                                                    every later interrupt of the device
 */
#include "models/strategies/operations.h"

const struct setup_operations setup_recheck = { .rechecks = true };

const struct setup_operations setup_unlocked = { .rechecks = false };
