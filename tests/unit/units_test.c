/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>
#include <string.h>

#include "sim/units.h"

#define PS_MAX ((UINT64_C(1) << 53) - 1)

Test(units, durations_are_exact)
{
	static const struct {
		const char *text;
		uint64_t value_ps;
	} rows[] = {
		{ "0ps", 0 },
		{ "1ps", 1 },
		{ "10us", 10000000 },
		{ "1.5us", 1500000 },
		{ "0.001ns", 1 },
		{ "4 ms", UINT64_C(4000000000) },
		{ "1.000000000001s", UINT64_C(1000000000001) },
		{ "1.500us", 1500000 },
		{ "9007.199254740991s", PS_MAX },
		{ "0s", 0 },
		{ "1.0ps", 1 },
		{ "18446744073709551615ps", UINT64_MAX },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t value_ps = 77;
		g_autofree char *error = units_read_duration(rows[i].text, &value_ps);
		cr_expect_null(error, "%s: %s", rows[i].text, error);
		cr_expect_eq(value_ps, rows[i].value_ps, "%s is %lu", rows[i].text, value_ps);
	}
}

/* What each refused text is told, by the part that names the reason. */
static void expect_error(char *error, const char *text, const char *reason)
{
	cr_expect_not_null(error, "'%s' is accepted", text);
	cr_expect(error && strstr(error, reason), "'%s': no '%s' in '%s'", text, reason, error);
	g_free(error);
}

Test(units, wrong_durations_say_why)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{ "10", "has no unit" },
		{ "0", "has no unit" },
		{ "010us", "starts with a zero" },
		{ "00us", "starts with a zero" },
		{ "1e3us", "exponent" },
		{ "1E-3us", "exponent" },
		{ "-5us", "negative" },
		{ "+5us", "not a number" },
		{ "inf", "not a number" },
		{ "nan", "not a number" },
		{ "NaNus", "not a number" },
		{ "", "not a number" },
		{ "us", "not a number" },
		{ ".5us", "not a number" },
		{ "5.us", "no digit after" },
		{ "0.5ps", "whole number of picoseconds" },
		{ "1.0001ns", "whole number of picoseconds" },
		{ "5US", "did you mean 'us'" },
		{ "5sec", "unknown unit 'sec'" },
		{ "5usx", "unknown unit" },
		{ "5us ", "unknown unit" },
		{ "5  us", "unknown unit" },
		{ "1,5us", "unknown unit" },
		{ "0x10us", "unknown unit" },
		{ "1_000us", "unknown unit" },
		{ "99999999999999999999s", "does not fit" },
		{ "18446744073709551616ps", "does not fit" },
		{ "18446744.073709551617s", "does not fit" },
		{ "184467441s", "does not fit" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t value_ps = 77;
		expect_error(units_read_duration(rows[i].text, &value_ps), rows[i].text,
			     rows[i].reason);
		cr_expect_eq(value_ps, 77, "'%s' changed the value", rows[i].text);
	}
}

Test(units, counts)
{
	uint64_t value = 0;

	cr_expect_null(units_read_count("0", &value));
	cr_expect_eq(value, 0);
	cr_expect_null(units_read_count("0x20", &value));
	cr_expect_eq(value, 32);
	cr_expect_null(units_read_count("0xffffFFFFffffFFFF", &value));
	cr_expect_eq(value, UINT64_MAX);
	cr_expect_null(units_read_count("18446744073709551615", &value));
	cr_expect_eq(value, UINT64_MAX);
	expect_error(units_read_count("18446744073709551616", &value), "2^64", "64 bits");
	expect_error(units_read_count("0x10000000000000000", &value), "2^64", "64 bits");
	expect_error(units_read_count("0x", &value), "0x", "hexadecimal");
	expect_error(units_read_count("0x2g", &value), "0x2g", "hexadecimal");
	expect_error(units_read_count("010", &value), "010", "starts with a zero");
	expect_error(units_read_count("1e3", &value), "1e3", "exponent");
	expect_error(units_read_count("3.5", &value), "3.5", "whole number");
	expect_error(units_read_count("3.0", &value), "3.0", "whole number");
	expect_error(units_read_count("-1", &value), "-1", "negative");
	expect_error(units_read_count("10us", &value), "10us", "without a unit");
}

Test(units, rates_fractions_decimals)
{
	double value = 0;

	cr_expect_null(units_read_rate("100kHz", &value));
	cr_expect_eq(value, 100000.0);
	cr_expect_null(units_read_rate("0.1MHz", &value));
	cr_expect_eq(value, 100000.0);
	cr_expect_null(units_read_rate("0.5 Hz", &value));
	cr_expect_eq(value, 0.5);
	cr_expect_null(units_read_fraction("12.5%", &value));
	cr_expect_eq(value, 0.125);
	cr_expect_null(units_read_decimal("0.25", &value));
	cr_expect_eq(value, 0.25);
	expect_error(units_read_rate("100", &value), "100", "has no unit");
	expect_error(units_read_rate("100khz", &value), "100khz", "did you mean 'kHz'");
	expect_error(units_read_rate("1GHz", &value), "1GHz", "unknown unit");
	expect_error(units_read_rate("1234567890123456Hz", &value), "16 digits", "too many digits");
	expect_error(units_read_fraction("0.25", &value), "0.25", "% must follow");
	expect_error(units_read_decimal("0.25%", &value), "0.25%", "without a unit");
	expect_error(units_read_decimal("nan", &value), "nan", "not a number");
}

/* Numbers that are hard on decimal fractions: all with up to 15 digits come back to the bit. */
Test(units, what_is_written_reads_back)
{
	uint64_t state = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		uint64_t ps = (state >> 11) >> (i % 53), ps_again = 1;
		g_autofree char *text = units_write_duration(ps);
		cr_assert_null(units_read_duration(text, &ps_again));
		cr_assert_eq(ps_again, ps, "%s", text);

		int decimals = i % 13;
		uint64_t digits = state % UINT64_C(1000000000000);
		g_autofree char *rate =
			decimals ? g_strdup_printf("%lu.%0*lu", digits % 1000, decimals,
						   digits / 1000 % 1000000000)
				 : g_strdup_printf("%lu", digits);
		double value = 0, again = 1;
		g_autofree char *typed =
			g_strdup_printf("%s%s", rate, i % 3 ? (i % 3 == 1 ? "Hz" : "kHz") : "MHz");
		g_autofree char *error = units_read_rate(typed, &value);
		if (!error && value >= 1e-3 && value <= 1e9) {
			g_autofree char *written = units_write_rate(value);
			cr_assert_null(units_read_rate(written, &again), "%s written as %s", typed,
				       written);
			cr_assert_eq(again, value, "%s written as %s", typed, written);
		}
		g_autofree char *percent =
			g_strdup_printf("%lu.%lu%%", state % 100, state % 99999999);
		g_autofree char *refused = units_read_fraction(percent, &value);
		cr_assert_null(refused, "%s", refused);
		g_autofree char *written = units_write_fraction(value);
		cr_assert_null(units_read_fraction(written, &again), "%s written as %s", percent,
			       written);
		cr_assert_eq(again, value, "%s written as %s", percent, written);
	}
}

Test(units, written_as_people_write)
{
	g_autofree char *zero = units_write_duration(0), *mixed = units_write_duration(2500000000u);
	g_autofree char *rate = units_write_rate(100000), *odd = units_write_rate(0.5);
	g_autofree char *part = units_write_fraction(0.07);

	cr_expect_str_eq(zero, "0us");
	cr_expect_str_eq(mixed, "2500us");
	cr_expect_str_eq(rate, "100kHz");
	cr_expect_str_eq(odd, "0.5Hz");
	cr_expect_str_eq(part, "7%");
}
