/* SPDX-License-Identifier: MIT */
/* The end of a simulation that has outgrown what it runs on. */
#ifndef MSIRACE_SIM_SURRENDER_H
#define MSIRACE_SIM_SURRENDER_H

/*
 * Tells why, and ends the process: on stderr with exit code 3, or, in a worker, to its parent, which does the same with the
 * name of the contender and the replication.
 */
_Noreturn void surrender(const char *why);

/* From now on this process tells report() instead. */
void surrender_to(void (*report)(void *context, const char *why), void *context);

#endif
