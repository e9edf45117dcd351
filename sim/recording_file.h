/* SPDX-License-Identifier: MIT */
/*
 * Opens a recording so that it can be read twice, whatever it is: a file, a pipe, a compressed file, an
 * archive.
 */
#ifndef MSIRACE_SIM_RECORDING_FILE_H
#define MSIRACE_SIM_RECORDING_FILE_H

/*
 * path "-": standard input. What begins as a file of xz, gzip or zstd is unpacked by the program of
 * that name; of a tar file, as tools/record/msirace-record writes it, the member "trace" of any folder
 * is taken. What cannot be read twice is copied to a file without a name in $TMPDIR, by default /tmp.
 * Devices are refused, but for standard input. The descriptor is the caller's and at the beginning; or
 * -1 and *error, which names the file and says what is wrong (g_free()).
 */
int recording_open(const char *path, char **error);

#endif
