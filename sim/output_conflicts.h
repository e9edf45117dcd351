/* SPDX-License-Identifier: MIT */
/*
 * A file that a command writes must not be one that it reads, nor another one that it writes, nor
 * where its standard output goes: one of them would be lost. Files are the same by device and
 * inode, whatever their names; those that do not exist yet by their path behind all links. What is
 * no regular file is left alone.
 */
#ifndef MSIRACE_SIM_OUTPUT_CONFLICTS_H
#define MSIRACE_SIM_OUTPUT_CONFLICTS_H

#include <stddef.h>

#include "sim/commands.h"

/*
 * Of what was typed: operands and options. EXIT_USAGE, with a message, where two are the same. To
 * be called before anything is done. An option whose argument is FILE or SCENARIO is written,
 * unless sim/output_conflicts.c names it as one that is read.
 */
enum exit_code output_conflicts_typed(const struct invocation *invocation);

/* The same for a file that the command reads without an operand that names it; NULL: none. */
enum exit_code output_conflicts_input(const struct invocation *invocation, const char *path);

/* The same for a file that the command writes without an option that names it. */
enum exit_code output_conflicts_output(const struct invocation *invocation, const char *path);

#endif
