/* SPDX-License-Identifier: MIT */
/* File names from texts that are not meant to be one, such as a scenario's name. */
#ifndef MSIRACE_SIM_FILE_NAME_H
#define MSIRACE_SIM_FILE_NAME_H

#define FILE_STEM_MAX 120

/*
 * Letters, digits, '.', '_' and '-', 1 to FILE_STEM_MAX of them, that no shell, no viewer and no
 * option parser stumbles over; it never begins with '.' or '-'. g_free()d by the caller. Of
 * different texts it may be the same.
 */
char *file_name_stem(const char *text);

#endif
