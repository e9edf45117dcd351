/* SPDX-License-Identifier: MIT */
/*
 * A SimGrid platform file of the user's own, looked at before SimGrid sees it: SimGrid aborts the process on what it cannot
 * read.
 */
#ifndef MSIRACE_SIM_PLATFORM_FILE_H
#define MSIRACE_SIM_PLATFORM_FILE_H

#include <stdbool.h>

/*
 * Is it a regular, readable, well-formed XML file whose root is <platform version="4.1">,
 * with the document type that SimGrid insists on? NULL, or what is wrong, which the
 * caller frees with g_free(). Whether its hosts and routes serve the machine is known only when SimGrid has loaded it.
 */
char *platform_file_check(const char *path);

#endif
