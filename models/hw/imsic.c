// SPDX-License-Identifier: MIT
#include "models/hw/imsic.h"

#include "models/hw/cpu.h"
#include "models/machine.h"

/*
 * Whole words, as the identities of a file are one less than a multiple of 64; bit 0 is no
 * identity.
 */
static uint32_t vectors(const struct machine *m)
{
	return (m->config->vectors_end + 63) / 64 * 64;
}

static void lay_out(struct machine *m, struct state_layout *layout)
{
	m->imsic = state_place(layout, m->config->cpus * sizeof(*m->imsic));
	m->enabled = state_place(layout,
				 (size_t)m->config->cpus * m->vector_words * sizeof(*m->enabled));
}

bool imsic_enabled(const struct machine *m, uint32_t cpu, uint32_t identity)
{
	return m->enabled[(size_t)cpu * m->vector_words + identity / 64] >> (identity % 64) & 1;
}

bool imsic_implemented(const struct machine *m, uint32_t identity)
{
	return identity > 0 && identity < m->vectors;
}

void imsic_enable(struct machine *m, uint32_t cpu, uint32_t identity, bool enable)
{
	uint64_t *word = &m->enabled[(size_t)cpu * m->vector_words + identity / 64];
	uint64_t bit = UINT64_C(1) << (identity % 64);

	*word = enable ? *word | bit : *word & ~bit;
	cpu_poll(m, cpu);
}

void imsic_set_threshold(struct machine *m, uint32_t cpu, uint32_t threshold)
{
	m->imsic[cpu].eithreshold = threshold;
	cpu_poll(m, cpu);
}

/* topei: the lowest identity that is pending and enabled, if it is below the threshold. */
static uint32_t next(const struct machine *m, uint32_t cpu)
{
	const uint64_t *pending = &m->pending[(size_t)cpu * m->vector_words];
	const uint64_t *enabled = &m->enabled[(size_t)cpu * m->vector_words];
	uint32_t threshold = m->imsic[cpu].eithreshold;

	for (uint32_t word = 0; word < m->vector_words; word++) {
		if (pending[word] & enabled[word]) {
			uint32_t bit = (uint32_t)__builtin_ctzll(pending[word] & enabled[word]);
			uint32_t identity = word * 64 + bit;

			return threshold && identity >= threshold ? VECTOR_NONE : identity;
		}
	}
	return VECTOR_NONE;
}

/* The claim clears the pending bit, which controller_take() does: nothing stays in service. */
static void begin_service(struct machine *m, uint32_t cpu, uint32_t vector)
{
	(void)m;
	(void)cpu;
	(void)vector;
}

static void eoi(struct machine *m, uint32_t cpu)
{
	(void)m;
	(void)cpu;
}

static struct msi_message compose(const struct machine *m, uint32_t cpu, uint32_t vector)
{
	uint64_t address = IMSIC_ADDRESS_BASE + (uint64_t)cpu * IMSIC_PAGE_BYTES;

	(void)m;
	return (struct msi_message){
		.address_lo = (uint32_t)address, .address_hi = (uint32_t)(address >> 32),
		.data = vector
	};
}

static bool decode(const struct machine *m, uint64_t address, uint32_t data, uint32_t *cpu,
		   uint32_t *vector)
{
	uint64_t offset = address - IMSIC_ADDRESS_BASE;

	/* Only seteipnum_le receives; the rest of the page ignores writes. */
	if (offset % IMSIC_PAGE_BYTES || offset / IMSIC_PAGE_BYTES >= m->config->cpus ||
	    !imsic_implemented(m, data)) {
		return false;
	}
	*cpu = (uint32_t)(offset / IMSIC_PAGE_BYTES);
	*vector = data;
	return true;
}

const struct controller imsic_controller = {
	.lay_out = lay_out, .enabled = imsic_enabled, .records_when_disabled = true,
	.claimed_by_kernel = true, .vectors = vectors, .next = next, .begin_service = begin_service,
	.eoi = eoi, .compose = compose, .decode = decode
};
