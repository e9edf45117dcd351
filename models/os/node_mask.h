/* SPDX-License-Identifier: MIT */
#ifndef MSIRACE_MODELS_OS_NODE_MASK_H
#define MSIRACE_MODELS_OS_NODE_MASK_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

/* The CPUs of a socket, as far as they are in the other mask too; false where there is none. */
bool node_mask(const struct machine *m, uint32_t socket, const uint64_t *within, uint64_t *mask);

#endif
