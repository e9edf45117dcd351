/* SPDX-License-Identifier: MIT */
/* The gnuplot templates of tools/plot; the build makes the table from the files. */
#ifndef MSIRACE_SIM_PLOT_TEMPLATES_H
#define MSIRACE_SIM_PLOT_TEMPLATES_H

struct plot_template {
	const char *name;   /* of the file, without .gp; NULL ends the table */
	const char *text;
};

extern const struct plot_template plot_templates[];

#endif
