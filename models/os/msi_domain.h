/* SPDX-License-Identifier: MIT */
/*
 * The device domains: which message indices of a device are allocated, over core/msi_index, and the calls that drivers make.
 * A driver holds a cookie, a domain of a device, and gets {hardware index, irq number} for each interrupt; the irq number is
 * that of its irq_desc. After Linux 6.12 drivers/pci/msi/api.c and kernel/irq/msi.c.
 */
#ifndef MSIRACE_MODELS_OS_MSI_DOMAIN_H
#define MSIRACE_MODELS_OS_MSI_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "models/kinds.h"

struct machine;
struct msi_index;
struct msi_index_irqs;
struct state_layout;

/* A driver's handle of one device domain. */
struct msi_cookie {
	uint32_t device;
	uint32_t domain;
};

void msi_domains_lay_out(struct machine *m, struct state_layout *layout);
int msi_domains_init(struct machine *m);

struct msi_index *msi_domain_index(const struct machine *m, struct msi_cookie cookie);

/* The interrupt source of a hardware index. */
uint32_t msi_domain_source(const struct machine *m, struct msi_cookie cookie, uint32_t index);

/* The domain that a vector of a device belongs to, and its hardware index there. */
struct msi_cookie msi_domain_of(const struct machine *m, uint32_t device, uint32_t vector, uint32_t *index);

/* Whether the kind is a capability of a PCI function, with an enable bit. */
bool msi_domain_is_pci(enum device_kind kind);

/* The domain's messages are switched on or off; nothing where they are so already. */
void msi_domain_enable(const struct machine *m, struct msi_cookie cookie);
void msi_domain_disable(const struct machine *m, struct msi_cookie cookie);

/* "PCI MSI", "PCI MSI-X", "IMS", ... */
const char *msi_domain_name(enum device_kind kind);

#endif
