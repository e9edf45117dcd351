/* SPDX-License-Identifier: MIT */
/*
 * A picture: a gnuplot script that stands for itself, tables of data, and what gnuplot draws from them. The script is a few
 * definitions and a template of tools/plot, which is compiled in; `gnuplot STEM.gp` beside its tables draws it again.
 */
#ifndef MSIRACE_SIM_FIGURE_H
#define MSIRACE_SIM_FIGURE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum figure_format { FIGURE_SVG, FIGURE_PNG, FIGURE_PDF, FIGURE_FORMATS };

extern const char *const figure_format_names[FIGURE_FORMATS]; /* "svg", ...: the file name extension */

#define FIGURE_TABLES_MAX 2

struct figure {
	char *stem;          /* of the file names: letters, digits, '.', '_', '-', at most 120 of them */
	char *title;
	char *caption;       /* where it comes from: scenario, seed, size of the sample, program */
	GString *definitions;
	const char *template_name;
	/* Columns separated by tabs, the first line names them; files STEM.dat and STEM.dat2. */
	GString *table[FIGURE_TABLES_MAX];
};

/* template_name is a file of tools/plot without .gp. Copies the texts; of stem, what a file name should not hold is replaced. */
struct figure *figure_new(const char *template_name, const char *stem, const char *title, const char *caption);
void figure_free(struct figure *f);

/* Variables of the script. Texts may hold any bytes, and are only ever drawn. */
void figure_define(struct figure *f, const char *name, double value);
void figure_define_text(struct figure *f, const char *name, const char *text);
void figure_define_texts(struct figure *f, const char *name, const char *const *texts, uint32_t count);

/* A text as one line of what XML can hold: control characters become spaces, other bytes U+FFFD. g_free()d by the caller. */
char *figure_plain_text(const char *text);

/* Appends a text as a cell of a table: without what would end the cell, or the quotes that gnuplot puts meaning into. */
void figure_cell(GString *table, const char *text);
/* Appends a number as a cell: NaN where it is none, else to twelve digits. */
void figure_number(GString *table, double value);

/* The whole script. */
GString *figure_script(const struct figure *f);

/*
 * Writes STEM.gp and its tables into folder, which exists, and runs gnuplot there for each of the formats (a set of
 * 1 << enum figure_format), which draws into memory: a picture that is not complete does not come to its place. False where
 * that failed; *error, g_free()d by the caller, then says why, with what gnuplot said.
 * Warnings of gnuplot go to stderr.
 */
bool figure_draw(const struct figure *f, const char *folder, unsigned formats, char **error);

#endif
