/* SPDX-License-Identifier: MIT */
/* JUnit XML, as the CI systems agree on it: suites of test cases that passed, failed or were skipped. */
#ifndef MSIRACE_SIM_JUNIT_H
#define MSIRACE_SIM_JUNIT_H

#include <glib.h>
#include <stddef.h>

enum junit_outcome { JUNIT_PASSED, JUNIT_FAILED, JUNIT_SKIPPED, JUNIT_OUTCOMES };

struct junit_case {
	const char *classname;
	const char *name;
	enum junit_outcome outcome;
	const char *message;         /* of what did not pass */
};

struct junit_property {
	const char *name;
	const char *value;
};

struct junit_suite {
	const char *name;
	double seconds;              /* NAN: not told */
	const struct junit_property *properties;
	size_t properties_count;
	const struct junit_case *cases;
	size_t cases_count;
};

/* The whole document. Texts may hold any bytes: what XML 1.0 cannot hold becomes U+FFFD. */
GString *junit_document(const struct junit_suite *suites, size_t count);

#endif
