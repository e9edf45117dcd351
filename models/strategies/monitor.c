// SPDX-License-Identifier: MIT
/*
 * What a monitor that emulates a device's MSI capability does with the guest's writes. It sends by
 * a copy of the message; bhyve before FreeBSD review D24593 (2020) refreshed that copy only when
 * the guest wrote the control register:
 *
 *   guest kernel                         monitor: registers       its copy
 *   write control (as it is)             {CPU 1, old}             {CPU 1, old}
 *   write address = CPU 2                {CPU 2, old}
 *   write data = new                     {CPU 2, new}             {CPU 1, old}: all later interrupts go there
 *
 * A guest that rewrites the message once keeps the old vector live until an interrupt comes to the
 * new one, so it goes on working on the old CPU and never notices. One that writes a temporary
 * message first (Linux since 6f1a4891a592) makes the monitor copy just that with its second control
 * write: {CPU 1, new}, a vector that nobody has there.
 */
#include "models/strategies/operations.h"

const struct monitor_operations monitor_every_write = { .copies_every_write = true };

const struct monitor_operations monitor_control_only = { .copies_every_write = false };
