/* SPDX-License-Identifier: MIT */
/*
 * What a pencil says of a scenario, to hold a simulation against.
 *
 * A message that is rewritten by several register writes is torn between the first and the last of those that change it. Each
 * raise in that window is lost, so with raises at a rate that does not depend on the moves
 *
 *   lost per migration = rate x window
 *
 * The window is a number of register writes, each as long as one such access takes (configuration accesses of PCI MSI, the
 * gap between two posted writes of MSI-X):
 *
 *   address, then data     the data's write, and that of the address's upper half before it where there is one
 *   data, then address     the write of the address's lower half: on x86 the upper one is the same for every CPU
 *   PCI MSI switched off   address, data, and the control word that switches it on again
 *
 * It holds where both halves of the message change with each move. Where handlers interrupt the thread between two of the
 * writes the window is longer.
 */
#ifndef MSIRACE_SIM_CLOSED_FORM_H
#define MSIRACE_SIM_CLOSED_FORM_H

#include "sim/scenario.h"

/*
 * Raises lost per migration; NAN where there is no such formula: a strategy that does more than write, more than one
 * interrupt that moves, raises that depend on their handlers, or actions besides the moves.
 */
double closed_form_lost_per_migration(const struct scenario *s, const struct scenario_contender *contender);

#endif
