/* SPDX-License-Identifier: MIT */
#include "sim/units.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define SIGNIFICANT_DIGITS_MAX 15
#define DECIMALS_MAX 12

struct unit {
	const char *name;
	uint64_t scale;      /* of the base unit */
	int exponent;        /* the same as a power of ten */
};

static const struct unit time_units[] = {
	{ "ps", UINT64_C(1), 0 }, { "ns", UINT64_C(1000), 3 }, { "us", UINT64_C(1000000), 6 },
	{ "ms", UINT64_C(1000000000), 9 }, { "s", UINT64_C(1000000000000), 12 }, { NULL, 0, 0 },
};
static const struct unit rate_units[] = {
	{ "Hz", UINT64_C(1), 0 },
	{ "kHz", UINT64_C(1000), 3 },
	{ "MHz", UINT64_C(1000000), 6 },
	{ NULL, 0, 0 },
};
static const struct unit percent_units[] = { { "%", 1, -2 }, { NULL, 0, 0 } };

/* A number as it stands in the text: whole digits, decimals, and what follows. */
struct number {
	const char *whole;
	size_t whole_length;
	const char *decimals;
	size_t decimals_length;
	const char *rest;    /* the unit */
};

static char *split_number(const char *text, struct number *n)
{
	static const char digits[] = "0123456789";

	if (text[0] == '-' && g_ascii_isdigit(text[1])) {
		return g_strdup_printf("'%s' is negative", text);
	}
	if (!g_ascii_isdigit(text[0])) {
		return g_strdup_printf("'%s' is not a number", text);
	}
	n->whole = text;
	n->whole_length = strspn(text, digits);
	n->rest = text + n->whole_length;
	n->decimals = n->rest;
	n->decimals_length = 0;
	if (n->rest[0] == '.') {
		n->decimals = n->rest + 1;
		n->decimals_length = strspn(n->decimals, digits);
		n->rest = n->decimals + n->decimals_length;
		if (n->decimals_length == 0) {
			return g_strdup_printf("'%s' has no digit after the decimal point", text);
		}
	}
	if (n->whole[0] == '0' && n->whole_length > 1) {
		return g_strdup_printf(
			"'%s' starts with a zero, which some tools take for octal: leave it out",
			text);
	}
	if ((n->rest[0] == 'e' || n->rest[0] == 'E') &&
	    (g_ascii_isdigit(n->rest[1]) || n->rest[1] == '-' || n->rest[1] == '+')) {
		return g_strdup_printf("'%s' is written with an exponent: write the digits out",
				       text);
	}
	while (n->decimals_length && n->decimals[n->decimals_length - 1] == '0') {
		n->decimals_length--;
	}
	return NULL;
}

static char *names_of(const struct unit *units)
{
	GString *names = g_string_new(units->name);

	for (const struct unit *u = units + 1; units[1].name && u->name; u++) {
		g_string_append_printf(names, "%s%s", u[1].name ? ", " : " or ", u->name);
	}
	return g_string_free(names, FALSE);
}

static char *find_unit(const char *text, const struct number *n, const struct unit *units,
		       const struct unit **unit)
{
	const char *name = n->rest[0] == ' ' ? n->rest + 1 : n->rest;
	const char *near = NULL;

	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(u->name, name) == 0) {
			*unit = u;
			return NULL;
		}
		if (g_ascii_strcasecmp(name, u->name) == 0) {
			near = u->name;
		}
	}
	g_autofree char *names = names_of(units);
	if (name[0] == '\0') {
		return g_strdup_printf("'%s' has no unit: %s%s must follow", text,
				       units[1].name ? "one of " : "", names);
	}
	if (near) {
		return g_strdup_printf("'%s' has the unknown unit '%s', did you mean '%s'?", text,
				       name, near);
	}
	return g_strdup_printf("'%s' has the unknown unit '%s': use %s", text, name, names);
}

/* All digits as one integer; false where it does not fit. */
static bool digits_value(const char *digits, size_t length, uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		if (__builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(digits[i] - '0'), &sum)) {
			return false;
		}
	}
	*value = sum;
	return true;
}

static char *read_hexadecimal(const char *text, uint64_t *value)
{
	size_t length = strspn(text + 2, "0123456789abcdefABCDEF");

	if (length == 0 || text[2 + length] != '\0') {
		return g_strdup_printf("'%s' is not a hexadecimal number", text);
	}
	if (length > 16) {
		return g_strdup_printf("'%s' does not fit into 64 bits", text);
	}
	*value = g_ascii_strtoull(text + 2, NULL, 16);
	return NULL;
}

char *units_read_count(const char *text, uint64_t *value)
{
	struct number n = { 0 };

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		return read_hexadecimal(text, value);
	}
	char *error = split_number(text, &n);
	if (error) {
		return error;
	}
	if (n.rest != n.whole + n.whole_length) {
		return g_strdup_printf("'%s' is not a whole number", text);
	}
	if (n.rest[0] != '\0') {
		return g_strdup_printf("'%s' is not a whole number without a unit", text);
	}
	if (!digits_value(n.whole, n.whole_length, value)) {
		return g_strdup_printf("'%s' does not fit into 64 bits", text);
	}
	return NULL;
}

char *units_read_duration(const char *text, uint64_t *value_ps)
{
	const struct unit *unit = NULL;
	struct number n = { 0 };
	uint64_t whole, part = 0, divisor = 1;

	char *error = split_number(text, &n);
	if (!error) {
		error = find_unit(text, &n, time_units, &unit);
	}
	if (error) {
		return error;
	}
	if ((int)n.decimals_length > unit->exponent) {
		return g_strdup_printf("'%s' is not a whole number of picoseconds", text);
	}
	for (size_t i = 0; i < n.decimals_length; i++) {
		divisor *= 10;
	}
	if (!digits_value(n.decimals, n.decimals_length, &part) ||
	    !digits_value(n.whole, n.whole_length, &whole) ||
	    __builtin_mul_overflow(whole, unit->scale, &whole) ||
	    __builtin_add_overflow(whole, part * (unit->scale / divisor), &whole)) {
		return g_strdup_printf("'%s' does not fit into the simulated clock", text);
	}
	*value_ps = whole;
	return NULL;
}

/*
 * The correctly rounded double of number x 10^exponent. Fifteen significant digits survive a double and back, so what is
 * read can be written again.
 */
static char *number_to_double(const char *text, const struct number *n, int exponent, double *value)
{
	size_t significant = n->whole_length + n->decimals_length;

	if (significant > SIGNIFICANT_DIGITS_MAX || n->decimals_length > DECIMALS_MAX) {
		return g_strdup_printf(
			"'%s' has too many digits: at most %d, and %d after the decimal point",
			text, SIGNIFICANT_DIGITS_MAX, DECIMALS_MAX);
	}
	g_autofree char *scientific =
		g_strdup_printf("%.*s.%.*se%d", (int)n->whole_length, n->whole,
				(int)n->decimals_length, n->decimals, exponent);
	*value = g_ascii_strtod(scientific, NULL);
	return NULL;
}

static char *read_scaled(const char *text, const struct unit *units, double *value)
{
	const struct unit *unit = NULL;
	struct number n = { 0 };

	char *error = split_number(text, &n);
	if (!error) {
		error = find_unit(text, &n, units, &unit);
	}
	return error ? error : number_to_double(text, &n, unit->exponent, value);
}

char *units_read_rate(const char *text, double *value_hz)
{
	return read_scaled(text, rate_units, value_hz);
}

char *units_read_fraction(const char *text, double *value)
{
	return read_scaled(text, percent_units, value);
}

char *units_read_decimal(const char *text, double *value)
{
	struct number n = { 0 };

	char *error = split_number(text, &n);
	if (error) {
		return error;
	}
	if (n.rest[0] != '\0') {
		return g_strdup_printf("'%s' is not a number without a unit", text);
	}
	return number_to_double(text, &n, 0, value);
}

char *units_write_duration(uint64_t value_ps)
{
	const struct unit *unit = &time_units[G_N_ELEMENTS(time_units) - 2];

	while (value_ps == 0 ? unit->exponent != 6 : value_ps % unit->scale != 0) {
		unit--;
	}
	return g_strdup_printf("%" G_GUINT64_FORMAT "%s", value_ps / unit->scale, unit->name);
}

/* Fixed notation, without the zeros that say nothing. */
char *units_write_decimal(double value)
{
	int whole_digits = value >= 1 ? (int)floor(log10(value)) + 1 : 1;
	int decimals = CLAMP(SIGNIFICANT_DIGITS_MAX - whole_digits, 0, DECIMALS_MAX + 2);
	g_autofree char *text = g_strdup_printf("%.*f", decimals, value);

	if (strchr(text, '.')) {
		size_t length = strlen(text);
		while (text[length - 1] == '0') {
			length--;
		}
		if (text[length - 1] == '.') {
			length--;
		}
		text[length] = '\0';
	}
	return g_steal_pointer(&text);
}

char *units_write_rate(double value_hz)
{
	const struct unit *unit = &rate_units[G_N_ELEMENTS(rate_units) - 2];

	while (unit->scale > 1 && (value_hz == 0 || fmod(value_hz, (double)unit->scale) != 0)) {
		unit--;
	}
	g_autofree char *number = units_write_decimal(value_hz / (double)unit->scale);
	return g_strdup_printf("%s%s", number, unit->name);
}

char *units_write_fraction(double value)
{
	g_autofree char *number = units_write_decimal(value * 100);

	return g_strdup_printf("%s%%", number);
}
