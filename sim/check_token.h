/* SPDX-License-Identifier: MIT */
/*
 * A path as a word: which of the ways on was taken in each state. It begins with its version and a hash of all that decides
 * what the ways are: the machine, its devices, the actions and the strategies. "c1.0f3a9c217d42.r2m1.0010203".
 */
#ifndef MSIRACE_SIM_CHECK_TOKEN_H
#define MSIRACE_SIM_CHECK_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/check_explore.h"

/* Of the scenario under a contender; 48 bits. */
uint64_t check_token_hash(const struct scenario *s, const struct scenario_contender *contender);

struct check_token {
	uint64_t hash;
	struct check_bounds bounds;
	uint32_t *choice;          /* [count] */
	uint32_t count;
};

/* Reads a token; NULL, or what is wrong with it, malloc'ed. Released by free(token->choice). */
char *check_token_read(const char *text, struct check_token *token);

/* malloc'ed. */
char *check_token_write(const struct check_token *token);

#endif
