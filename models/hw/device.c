// SPDX-License-Identifier: MIT
#include "models/hw/device.h"

#include "models/hw/fabric.h"
#include "models/machine.h"
#include "models/strategies/operations.h"

static const struct device_config *config_of(const struct machine *m, uint32_t device)
{
	return &m->config->devices[device];
}

static uint32_t source_of(const struct machine *m, uint32_t device, uint32_t vector)
{
	return m->device[device].first_source + vector;
}

enum device_kind device_kind_of(const struct machine *m, uint32_t source)
{
	const struct source *s = &m->source[source];

	return s->domain == 0 ? (enum device_kind)m->device[s->device].mode : machine_domain(m, source)->kind;
}

/* The entry that holds the source's message: PCI MSI has one message for all of its vectors. */
static struct msi_entry *message_entry(const struct machine *m, uint32_t source)
{
	bool one = device_kind_of(m, source) == DEVICE_MSI;

	return &m->entry[one ? source - m->source[source].index : source];
}

/* Only the functions of PCI have an enable bit and a function mask. */
static bool has_control(const struct machine *m, uint32_t source)
{
	enum device_kind kind = device_kind_of(m, source);

	return kind == DEVICE_MSI || kind == DEVICE_MSIX;
}

bool device_vector_masked(const struct machine *m, uint32_t source)
{
	const struct device *d = &m->device[m->source[source].device];

	return m->entry[source].masked || (has_control(m, source) && (d->control & CONTROL_FUNCTION_MASK));
}

/*
 * What is sent while an unmasked entry is half rewritten, domain_config->torn. PCI MSI has no such choice: it composes its
 * message from what the registers hold.
 */
static enum msix_torn torn_of(const struct machine *m, uint32_t source)
{
	return device_kind_of(m, source) == DEVICE_MSI ? TORN_MIX : machine_domain(m, source)->torn;
}

/* Of the device's domains it is the MSI capability that a monitor emulates. */
static bool is_monitored(const struct machine *m, uint32_t source)
{
	return config_of(m, m->source[source].device)->monitored && m->source[source].domain == 0;
}

static struct msi_entry message_as_sent(const struct machine *m, uint32_t source, const struct msi_entry *entry)
{
	struct msi_entry sent = *entry;
	enum msix_torn torn = torn_of(m, source);

	if (is_monitored(m, source) || torn == TORN_CACHED ||
	    (torn == TORN_OLD && entry->half_written)) {
		sent.address_lo = entry->latched_lo;
		sent.address_hi = entry->latched_hi;
		sent.data = entry->latched_data;
	}
	return sent;
}

static void send(struct machine *m, uint32_t source, struct causes causes)
{
	uint32_t device = m->source[source].device;
	const struct msi_entry *entry = message_entry(m, source);
	struct msi_entry sent = message_as_sent(m, source, entry);
	uint64_t address = (uint64_t)sent.address_hi << 32 | sent.address_lo;
	uint32_t data = sent.data;

	if (entry != &m->entry[source]) {
		data += m->source[source].index;
	}
	if (machine_listened(m, EV_MESSAGE)) {
		machine_emit(m, &(struct model_event){
			.kind = EV_MESSAGE, .device = device, .source = source, .address = address, .value = data,
			.cpu = CPU_NONE, .thread = THREAD_NONE, .causes = causes });
	}
	fabric_send(m, device, address, data, causes);
}

static void keep_pending(struct machine *m, uint32_t source, struct causes causes)
{
	struct msi_entry *entry = &m->entry[source];

	entry->pending_bit = 1;
	causes_append(m, &entry->pending, causes);
	machine_emit(m, &(struct model_event){
		.kind = EV_MASKED, .source = source, .device = m->source[source].device,
		.cpu = CPU_NONE, .thread = THREAD_NONE });
}

/*
 * The legacy line. Its handler is not modelled: the raise counts as lost to the disabled function, and the line as
 * spurious, because a driver that runs on MSI has no handler on INTx.
 */
static void raise_intx(struct machine *m, uint32_t device, struct causes causes)
{
	if (config_of(m, device)->intx && !m->device[device].intx_disabled) {
		machine_emit(m, &(struct model_event){
			.kind = EV_INTX, .device = device, .source = SOURCE_NONE,
			.cpu = CPU_NONE, .thread = THREAD_NONE });
	}
	causes_lose(m, &causes, LOSS_DISABLED, CPU_NONE, 0);
}

/* A driver that got fewer vectors than it wanted puts several queues on one. */
static uint32_t shared(const struct machine *m, uint32_t source)
{
	const struct device *d = &m->device[m->source[source].device];

	if (!d->granted || m->source[source].domain != 0) {
		return source;
	}
	return d->first_source + m->source[source].index % d->granted;
}

void device_serviced(struct machine *m, uint32_t source)
{
	const struct device *d = &m->device[m->source[source].device];

	if (!d->granted || m->source[source].domain != 0) {
		m->env->serviced(m, source);
		return;
	}
	for (uint32_t index = 0; index < machine_domain(m, source)->vectors; index++) {
		if (shared(m, d->first_source + index) == source) {
			m->env->serviced(m, d->first_source + index);
		}
	}
}

void device_raise(struct machine *m, uint32_t wanting)
{
	uint32_t source = shared(m, wanting);
	uint32_t device = m->source[source].device;
	const struct domain_config *config = machine_domain(m, source);
	struct causes causes = raise_new(m, source);

	machine_emit(m, &(struct model_event){
		.kind = EV_RAISE, .source = source, .device = device, .causes = causes,
		.cpu = CPU_NONE, .thread = THREAD_NONE });
	if (has_control(m, source) && !(m->device[device].control & CONTROL_ENABLE)) {
		raise_intx(m, device, causes);
	} else if (device_vector_masked(m, source)) {
		if (config->pending_bits) {
			keep_pending(m, source, causes);
		} else {
			causes_lose(m, &causes, LOSS_DISABLED, CPU_NONE, 0);
		}
	} else if (m->entry[source].half_written && torn_of(m, source) == TORN_NEW) {
		keep_pending(m, source, causes);
	} else {
		send(m, source, causes);
	}
}

/* Sends what the pending bit holds, once, with the message as it is now. */
static void release_pending(struct machine *m, uint32_t source)
{
	struct msi_entry *entry = &m->entry[source];
	const struct device *d = &m->device[m->source[source].device];
	struct causes causes = entry->pending;

	if (!entry->pending_bit || (has_control(m, source) && !(d->control & CONTROL_ENABLE)) ||
	    device_vector_masked(m, source)) {
		return;
	}
	entry->pending_bit = 0;
	entry->pending = (struct causes){ 0, 0 };
	send(m, source, causes);
}

static void latch(struct msi_entry *entry)
{
	entry->latched_lo = entry->address_lo;
	entry->latched_hi = entry->address_hi;
	entry->latched_data = entry->data;
}

void device_command_done(struct machine *m, uint32_t source)
{
	latch(&m->entry[source]);
	m->entry[source].command_busy = 0;
	for (uint32_t n = 0; n < m->live_threads_count; n++) {
		uint32_t i = m->live_thread[n];
		if (m->thread[i].waiting_command == source + 1) {
			m->env->wake(m, i);
		}
	}
}

/* No vector of the function can send. */
static bool held_back(uint32_t control)
{
	return !(control & CONTROL_ENABLE) || (control & CONTROL_FUNCTION_MASK);
}

/* The end of an effective mask: what was written meanwhile is whole, also for a function that keeps a copy. */
static void write_control(struct machine *m, uint32_t device, uint32_t value)
{
	struct device *d = &m->device[device];
	bool unmasks = held_back(d->control) && !held_back(value);

	d->control = (uint8_t)value;
	for (uint32_t vector = 0; vector < config_of(m, device)->vectors; vector++) {
		uint32_t source = d->first_source + vector;

		if (unmasks && has_control(m, source)) {
			latch(&m->entry[source]);
		}
		release_pending(m, source);
	}
}

void device_reset(struct machine *m, uint32_t device)
{
	m->device[device].control = 0;
	m->device[device].intx_disabled = 0;
	for (uint32_t vector = 0; vector < config_of(m, device)->vectors; vector++) {
		uint32_t source = source_of(m, device, vector);
		struct causes pending = m->entry[source].pending;

		m->entry[source] = (struct msi_entry){ .masked = machine_domain(m, source)->maskable };
		causes_lose(m, &pending, LOSS_DISABLED, CPU_NONE, 0);
	}
}

static void write_mask(struct machine *m, uint32_t device, uint32_t vector, uint32_t value)
{
	struct msi_entry *entry = &m->entry[source_of(m, device, vector)];

	if (!machine_domain(m, source_of(m, device, vector))->maskable) {
		return;
	}
	if (entry->masked && !value && !is_monitored(m, source_of(m, device, vector))) {
		latch(entry);
	}
	entry->masked = value != 0;
	release_pending(m, source_of(m, device, vector));
}

static void write_data(struct machine *m, uint32_t device, uint32_t vector, uint32_t value)
{
	uint32_t source = source_of(m, device, vector);
	struct msi_entry *entry = message_entry(m, source);

	entry->data = value;
	entry->half_written = 0;
	if (machine_domain(m, source)->torn != TORN_CACHED && !is_monitored(m, source)) {
		latch(entry);
	}
	release_pending(m, source);
}

/* A monitor's copy of the message, refreshed by the writes that it looks at: before the write can send anything. */
static void monitor_sees(struct machine *m, uint32_t source, enum device_register reg,
			 uint32_t value)
{
	struct msi_entry *entry = message_entry(m, source);

	if (!is_monitored(m, source)) {
		return;
	}
	if (reg != REG_CONTROL && !m->config->monitor->copies_every_write) {
		return;
	}
	latch(entry);
	if (reg == REG_ADDRESS_LO) {
		entry->latched_lo = value;
	} else if (reg == REG_ADDRESS_HI) {
		entry->latched_hi = value;
	} else if (reg == REG_DATA) {
		entry->latched_data = value;
	}
}

void device_write(struct machine *m, uint32_t device, uint32_t vector, enum device_register reg, uint32_t value)
{
	struct msi_entry *entry = message_entry(m, source_of(m, device, vector));

	monitor_sees(m, source_of(m, device, vector), reg, value);
	switch (reg) {
	case REG_CONTROL:
		write_control(m, device, value);
		break;
	case REG_ADDRESS_LO:
		entry->address_lo = value;
		entry->half_written = 1;
		break;
	case REG_ADDRESS_HI:
		entry->address_hi = value;
		entry->half_written = 1;
		break;
	case REG_DATA:
		write_data(m, device, vector, value);
		break;
	case REG_MASK:
		write_mask(m, device, vector, value);
		break;
	case REG_INTX_DISABLE:
		m->device[device].intx_disabled = value != 0;
		break;
	case REG_PENDING:
	case DEVICE_REGISTERS:
		break;
	}
}

uint32_t device_read(const struct machine *m, uint32_t device, uint32_t vector, enum device_register reg)
{
	const struct msi_entry *entry = message_entry(m, source_of(m, device, vector));

	switch (reg) {
	case REG_CONTROL:
		return m->device[device].control;
	case REG_ADDRESS_LO:
		return entry->address_lo;
	case REG_ADDRESS_HI:
		return entry->address_hi;
	case REG_DATA:
		return entry->data;
	case REG_MASK:
		return m->entry[source_of(m, device, vector)].masked;
	case REG_PENDING:
		return m->entry[source_of(m, device, vector)].pending_bit;
	case REG_INTX_DISABLE:
		return m->device[device].intx_disabled;
	case DEVICE_REGISTERS:
		break;
	}
	return 0;
}
