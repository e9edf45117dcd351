/* SPDX-License-Identifier: MIT */
/*
 * The index of remap entries, core/remap_index, as the domains above VT-d and Hyper-V have it:
 * every device takes its entries in blocks of a power of two.
 */
#ifndef MSIRACE_MODELS_OS_REMAP_BLOCKS_H
#define MSIRACE_MODELS_OS_REMAP_BLOCKS_H

#include <stdint.h>

struct machine;
struct state_layout;

/* Entries that leave room for the blocks of all sources; a power of two. */
uint32_t remap_blocks_entries(const struct machine *m);

/*
 * Of the machine's state: room for that many entries; then, before the run, all of them free. 0 or
 * a negative errno.
 */
void remap_blocks_lay_out(struct machine *m, struct state_layout *layout);
int remap_blocks_init(struct machine *m);

/* Of the smallest block that holds count entries, 1 or more. */
uint32_t remap_blocks_order(uint32_t count);

#endif
