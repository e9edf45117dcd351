/* SPDX-License-Identifier: MIT */
/* Files of the sources that are a part of the program, as the build found them: templates of tools/plot and tools/report. */
#ifndef MSIRACE_SIM_EMBEDDED_H
#define MSIRACE_SIM_EMBEDDED_H

struct embedded_file {
	const char *name;   /* without its folder; NULL ends the table */
	const char *text;
};

extern const struct embedded_file embedded_files[];

/* The text of a file that there is: a name that is unknown is an error of the program, and aborts. */
const char *embedded_text(const char *name);

#endif
