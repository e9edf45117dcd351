/* SPDX-License-Identifier: MIT */
/* Opens a recording so that it can be read twice, whatever it is: a file, a pipe, a compressed file. */
#ifndef MSIRACE_SIM_RECORDING_FILE_H
#define MSIRACE_SIM_RECORDING_FILE_H

/*
 * path "-": standard input. What begins as a file of xz, gzip or zstd is unpacked by the program of that
 * name. The descriptor is the caller's and at the beginning; or a negative errno value: -ENOPKG where
 * the program is missing, -EIO where it fails.
 */
int recording_open(const char *path);

#endif
