// SPDX-License-Identifier: MIT
#include "sim/check_token.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "c1"
#define DIGITS "0123456789abcdefghijklmnopqrstuvwxy"
/* A digit of its own that adds as much as there are others: "z0" is 35. */
#define CARRY 'z'
#define BASE 35
#define STEPS_MAX 100000

/* FNV-1a, 64 bits. */
static void hash_number(uint64_t *hash, uint64_t number)
{
	for (int byte = 0; byte < 8; byte++) {
		*hash = (*hash ^ (number >> (8 * byte) & 0xff)) * UINT64_C(0x100000001b3);
	}
}

static void hash_text(uint64_t *hash, const char *text)
{
	for (; *text; text++) {
		hash_number(hash, (unsigned char)*text);
	}
	hash_number(hash, UINT64_MAX);
}

static void hash_machine(uint64_t *hash, const struct scenario_machine *m)
{
	const uint64_t numbers[] = {
		m->arch, m->remap, m->fabric, m->placement, m->cpus, m->sockets, m->vectors_first, m->vectors_end,
		m->remap_cache
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		hash_number(hash, numbers[i]);
	}
	for (size_t i = 0; i < m->system_vectors_count; i++) {
		hash_number(hash, m->system_vectors[i]);
	}
}

static void hash_device(uint64_t *hash, const struct scenario_device *d)
{
	const uint64_t numbers[] = {
		d->kind, d->torn, d->maskable, d->pending_bits, d->intx, d->address_bits, d->vectors, d->allocated,
		d->socket, d->managed, d->monitored, d->arrivals.process != PROCESS_NONE,
		d->arrivals.process == PROCESS_CLOSED ? d->arrivals.depth : 0, d->initial_cpus_count
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		hash_number(hash, numbers[i]);
	}
	for (size_t i = 0; i < d->initial_cpus_count; i++) {
		hash_number(hash, d->initial_cpus[i]);
	}
}

static void hash_action(uint64_t *hash, const struct scenario_action *a)
{
	const uint64_t numbers[] = {
		a->verb, a->when == WHEN_AT, a->count, (uint64_t)a->device, a->device_count, a->vector_first,
		a->vector_end, a->target, a->target_cpus_count, (uint64_t)a->cpu, (uint64_t)a->on
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		hash_number(hash, numbers[i]);
	}
	for (size_t i = 0; i < a->target_cpus_count; i++) {
		hash_number(hash, a->target_cpus[i]);
	}
	/* Only where it says something: tokens from before there was this key stay valid. */
	if ((a->verb == ACTION_ALLOCATE && !a->request) || a->as_mask) {
		hash_number(hash, 1);
	}
}

uint64_t check_token_hash(const struct scenario *s, const struct scenario_contender *contender)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash_machine(&hash, &s->machine);
	for (size_t i = 0; i < s->devices_count; i++) {
		hash_device(&hash, &s->devices[i]);
	}
	for (size_t i = 0; i < s->actions_count; i++) {
		hash_action(&hash, &s->actions[i]);
	}
	for (int slot = 0; slot < STRATEGY_SLOTS; slot++) {
		hash_text(&hash, contender->slot[slot] ? contender->slot[slot]->name : "");
	}
	return hash & UINT64_C(0xffffffffffff);
}

static char *read_choices(const char *text, struct check_token *token)
{
	uint32_t value = 0;

	token->count = 0;
	token->choice = calloc(strlen(text) + 1, sizeof(*token->choice));
	for (; *text && token->choice; text++) {
		const char *digit = strchr(DIGITS, *text);

		if (*text == CARRY) {
			value += BASE;
			continue;
		}
		if (!digit || token->count == STEPS_MAX) {
			return strdup("its path is damaged");
		}
		token->choice[token->count++] = value + (uint32_t)(digit - DIGITS);
		value = 0;
	}
	return value ? strdup("its path ends too early") : NULL;
}

char *check_token_read(const char *text, struct check_token *token)
{
	g_auto(GStrv) part = g_strsplit(text, ".", 4);
	char stalls = '\0', end = '\0';
	int read;

	*token = (struct check_token){ 0 };
	if (g_strv_length(part) != 4) {
		return strdup("a token has four parts: VERSION.HASH.BOUNDS.PATH");
	}
	if (strcmp(part[0], VERSION) != 0) {
		return strdup("it is of another version of msirace");
	}
	if (strlen(part[1]) != 12 || strspn(part[1], "0123456789abcdef") != 12) {
		return strdup("its hash is damaged");
	}
	token->hash = g_ascii_strtoull(part[1], NULL, 16);
	read = sscanf(part[2], "r%2" SCNu32 "m%2" SCNu32 "%c%c", &token->bounds.raises, &token->bounds.migrations,
		      &stalls, &end);
	if (read < 2 || read > 3 || (read == 3 && stalls != 's') || token->bounds.raises > 16 ||
	    token->bounds.migrations > 16) {
		return strdup("its bounds are damaged");
	}
	token->bounds.stalls = read == 3;
	return read_choices(part[3], token);
}

char *check_token_write(const struct check_token *token)
{
	GString *out = g_string_new(NULL);
	char *text;

	g_string_printf(out, VERSION ".%012" PRIx64 ".r%um%u%s.", token->hash, token->bounds.raises,
			token->bounds.migrations, token->bounds.stalls ? "s" : "");
	for (uint32_t i = 0; i < token->count; i++) {
		for (uint32_t value = token->choice[i]; value >= BASE; value -= BASE) {
			g_string_append_c(out, CARRY);
		}
		g_string_append_c(out, DIGITS[token->choice[i] % BASE]);
	}
	text = strdup(out->str);
	g_string_free(out, TRUE);
	return text;
}
