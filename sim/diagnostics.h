/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a scenario: every error of a file in one run, each with its place, the source line and a caret.
 * The same error at the same place is kept once: a mapping that is merged or aliased several times is read several times.
 */
#ifndef MSIRACE_SIM_DIAGNOSTICS_H
#define MSIRACE_SIM_DIAGNOSTICS_H

#include <stddef.h>
#include <stdio.h>

/* A place: in the file (line and column from 1, columns in characters), or in an option of the command line. */
struct mark {
	int line;            /* 0: the file as a whole */
	int column;
	int width;           /* characters to underline; 0 and 1: the caret alone */
	const char *origin;  /* "--set machine.cpus"; NULL: the file. diagnose() copies it */
};

struct diagnostics;

/* file_name is shown before every position. */
struct diagnostics *diagnostics_new(const char *file_name);
void diagnostics_free(struct diagnostics *d);

/* The text that the lines are quoted from; copied. */
void diagnostics_source(struct diagnostics *d, const char *text, size_t length);

/* Adds one error. The message has no final full stop and no position. */
void diagnose(struct diagnostics *d, const struct mark *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

size_t diagnostics_count(const struct diagnostics *d);

/* All errors in the order of the file, those of options first. A terminal is safe from what the file holds. */
void diagnostics_print(struct diagnostics *d, FILE *out);

#endif
