/* SPDX-License-Identifier: MIT */
/*
 * Standard output, whose reader may leave before the end, as that of `msirace list keys | head -1`.
 * That is no error: the program then ends as a filter does, silently, by SIGPIPE, but not before
 * what it was to write elsewhere is finished. Anything else that cannot be written is an error, and
 * so is this one where whoever started the program had it ignore SIGPIPE.
 */
#ifndef MSIRACE_SIM_STANDARD_OUTPUT_H
#define MSIRACE_SIM_STANDARD_OUTPUT_H

#include <stdbool.h>

#include "sim/commands.h"

/*
 * Before anything is written: a write to where nobody reads fails from then on, and does not end
 * the process.
 */
void standard_output_begin(void);

/*
 * Writes what is buffered. False once anything could not be written: what is only for standard
 * output need not be worked out any more. The reason is told at the end.
 */
bool standard_output_flush(void);

/*
 * After the last write: the exit code of a command that ended with this one. Does not return where
 * the reader left and all else held; a code that says more than that is kept. A message says what
 * else could not be written.
 */
enum exit_code standard_output_end(enum exit_code code);

#endif
