// SPDX-License-Identifier: MIT
#include "models/os/msi_domain.h"

#include "models/machine.h"
#include "msi_index.h"

/* Groups of vectors that one domain can have beside the default one. */
#define GROUPS_MAX 64

static struct msi_index_shape shape_of(const struct domain_config *domain)
{
	struct msi_index_shape shape = { .groups = domain->groups ? GROUPS_MAX : 1 };

	if (domain->indexless) {
		shape.indexless_size = domain->vectors;
	} else {
		shape.table_size = domain->vectors;
	}
	/* MSI-X and IMS can grow while they are enabled; the one message of PCI MSI cannot. */
	shape.flags = domain->kind == DEVICE_MSI ? 0 : MSI_INDEX_GROW_ENABLED;
	shape.flags |= domain->groups ? MSI_INDEX_ENABLE_AGAIN : 0;
	return shape;
}

void msi_domains_lay_out(struct machine *m, struct state_layout *layout)
{
	for (uint32_t device = 0; device < m->config->devices_count; device++) {
		const struct device_config *config = &m->config->devices[device];

		for (uint32_t domain = 0; domain < config->domains; domain++) {
			struct msi_index_shape shape = shape_of(&config->domain[domain]);

			m->msi_index[device * DEVICE_DOMAINS_MAX + domain] =
				state_place(layout, msi_index_size(&shape));
		}
	}
}

int msi_domains_init(struct machine *m)
{
	int error = 0;

	for (uint32_t device = 0; device < m->config->devices_count; device++) {
		const struct device_config *config = &m->config->devices[device];

		m->device[device].mode = (uint8_t)config->domain[0].kind;
		for (uint32_t domain = 0; !error && domain < config->domains; domain++) {
			struct msi_index_shape shape = shape_of(&config->domain[domain]);

			error = msi_index_init(m->msi_index[device * DEVICE_DOMAINS_MAX + domain],
					       msi_index_size(&shape), &shape, NULL);
		}
	}
	return error;
}

struct msi_index *msi_domain_index(const struct machine *m, struct msi_cookie cookie)
{
	return m->msi_index[cookie.device * DEVICE_DOMAINS_MAX + cookie.domain];
}

uint32_t msi_domain_source(const struct machine *m, struct msi_cookie cookie, uint32_t index)
{
	const struct device_config *config = &m->config->devices[cookie.device];
	uint32_t source = m->device[cookie.device].first_source;

	for (uint32_t domain = 0; domain < cookie.domain; domain++) {
		source += config->domain[domain].vectors;
	}
	return source + (index >= MSI_INDEX_INDEXLESS_BASE ? index - MSI_INDEX_INDEXLESS_BASE : index);
}

struct msi_cookie msi_domain_of(const struct machine *m, uint32_t device, uint32_t vector, uint32_t *index)
{
	const struct source *source = &m->source[m->device[device].first_source + vector];
	struct msi_cookie cookie = { device, source->domain };

	*index = source->index;
	if (m->config->devices[device].domain[source->domain].indexless) {
		*index += MSI_INDEX_INDEXLESS_BASE;
	}
	return cookie;
}

bool msi_domain_is_pci(enum device_kind kind)
{
	return kind == DEVICE_MSI || kind == DEVICE_MSIX;
}

void msi_domain_enable(const struct machine *m, struct msi_cookie cookie)
{
	struct msi_index *index = msi_domain_index(m, cookie);

	if (!msi_index_enabled(index)) {
		msi_index_enable(index);
	}
}

void msi_domain_disable(const struct machine *m, struct msi_cookie cookie)
{
	struct msi_index *index = msi_domain_index(m, cookie);

	if (msi_index_enabled(index)) {
		msi_index_disable(index);
	}
}

const char *msi_domain_name(enum device_kind kind)
{
	static const char *const names[] = {
		[DEVICE_MSI] = "PCI MSI", [DEVICE_MSIX] = "PCI MSI-X", [DEVICE_IMS] = "IMS",
		[DEVICE_PLATFORM] = "platform MSI", [DEVICE_WIRED] = "wired"
	};

	return names[kind];
}
