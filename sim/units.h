/* SPDX-License-Identifier: MIT */
/*
 * Scalars of a scenario: numbers with our own units, read exactly and written so that they read back the same.
 *
 * A number is digits, possibly with a decimal point: no sign, no exponent, no leading zero (010 is 8 in some tools and 10
 * in others), and no bare number where a unit is due. Counts may be hexadecimal (0x20).
 * Readers return NULL, or what is wrong, which the caller frees with g_free(); the value is then untouched.
 * Writers return text that the caller frees with g_free(), and take what readers gave: numbers below 10^15.
 */
#ifndef MSIRACE_SIM_UNITS_H
#define MSIRACE_SIM_UNITS_H

#include <stdint.h>

char *units_read_count(const char *text, uint64_t *value);
char *units_read_duration(const char *text, uint64_t *value_ps);  /* 1.5us; whole picoseconds only */
char *units_read_rate(const char *text, double *value_hz);        /* 100kHz; at most 15 digits */
char *units_read_fraction(const char *text, double *value);       /* 25% is 0.25; at most 15 digits */
char *units_read_decimal(const char *text, double *value);        /* 0.25; no unit; at most 15 digits */

char *units_write_duration(uint64_t value_ps);
char *units_write_rate(double value_hz);
char *units_write_fraction(double value);
char *units_write_decimal(double value);

#endif
