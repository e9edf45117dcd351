/* SPDX-License-Identifier: MIT */
/*
 * How a device that is given to a monitor shows its interrupts: a list of indices, each with a count. First the wired lines,
 * each an index of its own as in Linux vfio-platform (a PCI function has one, INTx), then MSI, MSI-X, error and device
 * request.
 *
 * A count of 1 says nothing about the kind: a device may well have a single MSI. So each index says what it is by a
 * capability.
 */
#ifndef MSIRACE_MODELS_OS_VFIO_INDEX_H
#define MSIRACE_MODELS_OS_VFIO_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct device_config;

enum vfio_index_kind { VFIO_INDEX_LINE, VFIO_INDEX_MSI, VFIO_INDEX_MSIX, VFIO_INDEX_ERROR, VFIO_INDEX_REQUEST };

/* As the flags of struct vfio_irq_info. */
#define VFIO_INDEX_EVENTFD 0x1u
#define VFIO_INDEX_MASKABLE 0x2u
#define VFIO_INDEX_AUTOMASKED 0x4u
#define VFIO_INDEX_NORESIZE 0x8u

struct vfio_index {
	enum vfio_index_kind kind;  /* the capability */
	uint32_t index;
	uint32_t count;             /* vectors: 0 where the device has none of the kind */
	uint32_t flags;
};

/* Indices that the device shows: its lines and four more. */
uint32_t vfio_index_count(const struct device_config *device);

/*
 * One index. dynamic: the host can add MSI-X vectors to those that are enabled, so that the index does not claim NORESIZE.
 * 0, or -EINVAL for an index that the device does not show.
 */
int vfio_index_get(const struct device_config *device, uint32_t index, bool dynamic, struct vfio_index *out);

/* The first index of a kind, by its capability; -ENOENT where the device has no vector of it. */
int vfio_index_find(const struct device_config *device, enum vfio_index_kind kind);

/* "IRQ", "MSI", "MSI-X", "ERR", "REQ". */
const char *vfio_index_name(enum vfio_index_kind kind);

#endif
