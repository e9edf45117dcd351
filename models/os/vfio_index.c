// SPDX-License-Identifier: MIT
#include "models/os/vfio_index.h"

#include <errno.h>

#include "models/machine.h"

/* Behind the lines, in this order. */
static const enum vfio_index_kind behind[] = { VFIO_INDEX_MSI, VFIO_INDEX_MSIX, VFIO_INDEX_ERROR, VFIO_INDEX_REQUEST };

#define BEHIND ((uint32_t)(sizeof(behind) / sizeof(behind[0])))

static uint32_t vectors_of(const struct device_config *device, enum device_kind kind)
{
	uint32_t vectors = 0;

	for (uint32_t domain = 0; domain < device->domains; domain++) {
		vectors += device->domain[domain].kind == kind ? device->domain[domain].vectors : 0;
	}
	return vectors;
}

static uint32_t lines_of(const struct device_config *device)
{
	return vectors_of(device, DEVICE_WIRED) + device->intx;
}

static uint32_t count_of(const struct device_config *device, enum vfio_index_kind kind)
{
	switch (kind) {
	case VFIO_INDEX_MSI:
		return vectors_of(device, DEVICE_MSI) + vectors_of(device, DEVICE_PLATFORM);
	case VFIO_INDEX_MSIX:
		return vectors_of(device, DEVICE_MSIX);
	case VFIO_INDEX_LINE:
	case VFIO_INDEX_ERROR:
	case VFIO_INDEX_REQUEST:
		break;
	}
	return 1;
}

uint32_t vfio_index_count(const struct device_config *device)
{
	return lines_of(device) + BEHIND;
}

int vfio_index_get(const struct device_config *device, uint32_t index, bool dynamic, struct vfio_index *out)
{
	uint32_t lines = lines_of(device);
	enum vfio_index_kind kind;

	if (index >= lines + BEHIND) {
		return -EINVAL;
	}
	kind = index < lines ? VFIO_INDEX_LINE : behind[index - lines];
	*out = (struct vfio_index){ .kind = kind, .index = index, .count = count_of(device, kind), .flags = VFIO_INDEX_EVENTFD };
	if (kind == VFIO_INDEX_LINE) {
		out->flags |= VFIO_INDEX_MASKABLE | VFIO_INDEX_AUTOMASKED;
	} else if (kind == VFIO_INDEX_MSI || (kind == VFIO_INDEX_MSIX && !dynamic)) {
		out->flags |= VFIO_INDEX_NORESIZE;
	}
	return 0;
}

int vfio_index_find(const struct device_config *device, enum vfio_index_kind kind)
{
	struct vfio_index at;

	for (uint32_t index = 0; !vfio_index_get(device, index, false, &at); index++) {
		if (at.kind == kind && at.count) {
			return (int)index;
		}
	}
	return -ENOENT;
}

const char *vfio_index_name(enum vfio_index_kind kind)
{
	static const char *const names[] = {
		[VFIO_INDEX_LINE] = "IRQ", [VFIO_INDEX_MSI] = "MSI", [VFIO_INDEX_MSIX] = "MSI-X",
		[VFIO_INDEX_ERROR] = "ERR", [VFIO_INDEX_REQUEST] = "REQ"
	};

	return names[kind];
}
