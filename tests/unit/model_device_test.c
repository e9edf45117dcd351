// SPDX-License-Identifier: MIT
/* What a device sends, keeps or swallows, by the state of its registers. PCIe base specification 6.0, 7.7.1 and 7.7.2. */
#include <criterion/criterion.h>

#include "model_world.h"

#include "models/hw/lapic.h"

static const struct device_config msix = {
	.domain = { { .kind = DEVICE_MSIX, .maskable = true, .pending_bits = true, .vectors = 2, .allocated = 2 } },
	.domains = 1, .vectors = 2, .intx = true, .address_64 = true
};
static const struct device_config msi = {
	.domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } },
	.domains = 1, .vectors = 1, .intx = true, .address_64 = true
};

static struct world *with(struct device_config device)
{
	return world_create(&(struct world_setup){ .devices = &device, .devices_count = 1 });
}

static uint32_t address_of(const struct world *w, uint32_t cpu)
{
	return lapic_controller.compose(&w->machine, cpu, 0).address_lo;
}

static void write(struct world *w, uint32_t vector, enum device_register reg, uint32_t value)
{
	device_write(&w->machine, 0, vector, reg, value);
}

Test(device, raise_sends_the_registers_as_they_are)
{
	struct world *w = with(msix);
	const struct irq_desc *desc = &w->machine.desc[1];

	device_raise(&w->machine, 1);
	cr_assert_eq(world_count(w, EV_MESSAGE), 1);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, address_of(w, desc->cpu));
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, desc->vector);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(device, masked_raises_merge_and_are_sent_once_with_the_message_as_it_is_then)
{
	struct world *w = with(msix);
	uint32_t address = address_of(w, 3);

	write(w, 0, REG_MASK, 1);
	device_raise(&w->machine, 0);
	device_raise(&w->machine, 0);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_count(w, EV_MASKED), 3);
	cr_expect_eq(world_count(w, EV_MESSAGE), 0);
	cr_expect_eq(device_read(&w->machine, 0, 0, REG_PENDING), 1);

	write(w, 0, REG_ADDRESS_LO, address);
	write(w, 0, REG_DATA, 0x77);
	cr_expect_eq(world_count(w, EV_MESSAGE), 0);
	write(w, 0, REG_MASK, 0);
	cr_assert_eq(world_count(w, EV_MESSAGE), 1);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, address);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, 0x77);
	cr_expect_eq(device_read(&w->machine, 0, 0, REG_PENDING), 0);

	/* The unmasked vector has nothing more to send. */
	write(w, 0, REG_MASK, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 3);
	world_end(w);
}

Test(device, merged_pending_bit_counts_one_delivered_and_the_rest_coalesced)
{
	struct world *w = with(msix);

	write(w, 0, REG_MASK, 1);
	for (int i = 0; i < 4; i++) {
		device_raise(&w->machine, 0);
	}
	write(w, 0, REG_MASK, 0);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 3);
	world_end(w);
}

Test(device, mask_of_one_vector_leaves_the_other)
{
	struct world *w = with(msix);

	write(w, 0, REG_MASK, 1);
	device_raise(&w->machine, 1);
	cr_expect_eq(world_count(w, EV_MESSAGE), 1);
	cr_expect_eq(world_count(w, EV_MASKED), 0);
	world_end(w);
}

Test(device, function_mask_holds_every_vector_back)
{
	struct world *w = with(msix);

	write(w, 0, REG_CONTROL, CONTROL_ENABLE | CONTROL_FUNCTION_MASK);
	device_raise(&w->machine, 0);
	device_raise(&w->machine, 1);
	cr_expect_eq(world_count(w, EV_MASKED), 2);
	write(w, 1, REG_MASK, 1);
	write(w, 0, REG_CONTROL, CONTROL_ENABLE);
	/* Effective mask: the function's or the vector's own. */
	cr_expect_eq(world_count(w, EV_MESSAGE), 1);
	write(w, 1, REG_MASK, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 2);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 2);
	world_end(w);
}

Test(device, unmask_of_a_vector_under_the_function_mask_sends_nothing)
{
	struct world *w = with(msix);

	write(w, 0, REG_MASK, 1);
	device_raise(&w->machine, 0);
	write(w, 0, REG_CONTROL, CONTROL_ENABLE | CONTROL_FUNCTION_MASK);
	write(w, 0, REG_MASK, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 0);
	write(w, 0, REG_CONTROL, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 0);
	write(w, 0, REG_CONTROL, CONTROL_ENABLE);
	cr_expect_eq(world_count(w, EV_MESSAGE), 1);
	world_end(w);
}

Test(device, msi_without_mask_bits_ignores_the_mask)
{
	struct world *w = with(msi);

	write(w, 0, REG_MASK, 1);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_count(w, EV_MASKED), 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 1);
	world_end(w);
}

Test(device, mask_without_pending_bits_swallows)
{
	struct device_config ims = msix;
	struct world *w;

	ims.domain[0].kind = DEVICE_IMS;
	ims.domain[0].pending_bits = false;
	w = with(ims);
	write(w, 0, REG_MASK, 1);
	device_raise(&w->machine, 0);
	write(w, 0, REG_MASK, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 0);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], 1);
	world_end(w);
}

Test(device, disabled_function_falls_back_to_intx_where_it_may)
{
	struct world *w = with(msi);

	write(w, 0, REG_CONTROL, 0);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_count(w, EV_INTX), 0, "INTx is disabled while MSI is in use");
	write(w, 0, REG_INTX_DISABLE, 0);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_count(w, EV_INTX), 1);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], 2);
	cr_expect_eq(w->metrics.counter[METRIC_SPURIOUS_INTX], 1);
	world_end(w);
}

Test(device, disabled_function_without_intx_is_silent)
{
	struct device_config broken = msi;
	struct world *w;

	broken.intx = false;
	w = with(broken);
	write(w, 0, REG_CONTROL, 0);
	write(w, 0, REG_INTX_DISABLE, 0);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_count(w, EV_INTX), 0);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DISABLED], 1);
	world_end(w);
}

/* What goes out between the address write and the data write of an unmasked MSI-X vector. */
static struct model_event torn_by(enum msix_torn torn, bool *kept)
{
	struct device_config device = msix;
	struct model_event event = { 0 };
	struct world *w;

	device.domain[0].torn = torn;
	w = with(device);
	write(w, 0, REG_ADDRESS_LO, address_of(w, 2));
	device_raise(&w->machine, 0);
	*kept = world_count(w, EV_MESSAGE) == 0;
	write(w, 0, REG_DATA, 0x99);
	if (world_count(w, EV_MESSAGE)) {
		event = world_nth(w, EV_MESSAGE, 0)->event;
	}
	world_settle(w);
	world_end(w);
	return event;
}

Test(device, torn_mix_sends_the_new_address_with_the_old_data)
{
	bool kept;
	struct model_event sent = torn_by(TORN_MIX, &kept);

	cr_expect_not(kept);
	cr_expect_eq(sent.address, UINT64_C(0xfee04004));
	cr_expect_neq(sent.value, 0x99);
}

Test(device, torn_old_sends_the_old_message)
{
	bool kept;
	struct model_event sent = torn_by(TORN_OLD, &kept);

	cr_expect_not(kept);
	cr_expect_eq(sent.address, UINT64_C(0xfee01004));
	cr_expect_neq(sent.value, 0x99);
}

Test(device, torn_new_waits_for_the_whole_message)
{
	bool kept;
	struct model_event sent = torn_by(TORN_NEW, &kept);

	cr_expect(kept);
	cr_expect_eq(sent.address, UINT64_C(0xfee04004));
	cr_expect_eq(sent.value, 0x99);
}

Test(device, torn_cached_goes_on_with_the_message_of_the_last_unmask)
{
	struct device_config device = msix;
	struct world *w;
	uint64_t old;

	device.domain[0].torn = TORN_CACHED;
	w = with(device);
	old = address_of(w, w->machine.desc[0].cpu);
	write(w, 0, REG_ADDRESS_LO, address_of(w, 2));
	write(w, 0, REG_DATA, 0x99);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, old);
	write(w, 0, REG_MASK, 1);
	write(w, 0, REG_MASK, 0);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, address_of(w, 2));
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, 0x99);
	world_settle(w);
	world_end(w);
}

/* The mask that counts is the effective one: a rewrite under the function mask is as good as one under the vector's. */
Test(device, torn_cached_takes_the_new_message_at_the_end_of_the_function_mask)
{
	struct device_config device = msix;
	struct world *w;

	device.domain[0].torn = TORN_CACHED;
	w = with(device);
	write(w, 0, REG_CONTROL, CONTROL_ENABLE | CONTROL_FUNCTION_MASK);
	write(w, 0, REG_ADDRESS_LO, address_of(w, 2));
	write(w, 0, REG_DATA, 0x99);
	write(w, 0, REG_CONTROL, CONTROL_ENABLE);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, address_of(w, 2));
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, 0x99);
	world_settle(w);
	world_end(w);
}

/* MSI composes its message from what the registers hold: the choice is MSI-X's alone. */
Test(device, msi_always_sends_the_mix)
{
	static const enum msix_torn choices[] = { TORN_MIX, TORN_OLD, TORN_NEW, TORN_CACHED };

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct device_config device = msi;
		struct world *w;
		uint32_t vector;

		device.domain[0].torn = choices[i];
		w = with(device);
		vector = w->machine.desc[0].vector;
		write(w, 0, REG_ADDRESS_LO, address_of(w, 2));
		device_raise(&w->machine, 0);
		cr_expect_eq(world_last(w, EV_MESSAGE)->event.address, address_of(w, 2));
		cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, vector);
		world_settle(w);
		world_end(w);
	}
}

/* MSI-X vectors are masked from reset on (7.7.2.8); a vector that nobody has set up keeps its events pending. */
Test(device, vector_that_is_not_set_up_is_masked)
{
	struct device_config device = msix;
	struct world *w;

	device.domain[0].allocated = 1;
	w = with(device);
	device_raise(&w->machine, 1);
	cr_expect_eq(world_count(w, EV_MESSAGE), 0);
	cr_expect_eq(world_count(w, EV_MASKED), 1);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_count(w, EV_MESSAGE), 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_LOST], 0);
	world_end(w);
}

Test(device, high_half_of_the_address_is_sent)
{
	struct world *w = with(msix);

	write(w, 0, REG_ADDRESS_HI, 1);
	device_raise(&w->machine, 0);
	cr_expect_eq(world_last(w, EV_MESSAGE)->event.address >> 32, 1);
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 1, "no interrupt controller is there");
	world_end(w);
}

/* Multi-MSI: the low bits of the data tell the vectors apart. */
Test(device, multi_msi_adds_the_vector_to_the_data)
{
	struct device_config device = msi;
	struct world *w;

	set_vectors(&device, 4, 4);
	w = world_create(&(struct world_setup){ .devices = &device, .devices_count = 1, .remap = REMAP_VTD });
	for (uint32_t vector = 0; vector < 4; vector++) {
		device_raise(&w->machine, vector);
		cr_expect_eq(world_last(w, EV_MESSAGE)->event.value, vector);
	}
	world_settle(w);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 4);
	world_end(w);
}
