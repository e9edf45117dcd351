// SPDX-License-Identifier: MIT
/* The RISC-V IOMMU's MSI page table. RISC-V Advanced Interrupt Architecture 1.0, chapter 8. */
#include <criterion/criterion.h>
#include <errno.h>

#include "model_world.h"

#include "models/hw/fabric.h"
#include "models/hw/imsic.h"
#include "models/os/riscv_iommu_domain.h"
#include "vector_matrix.h"

static const struct device_config edu = {
	.domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } },
	.domains = 1, .vectors = 1, .address_64 = true
};

static struct world *with(const char *move, bool uncached)
{
	return world_create(&(struct world_setup){
		.arch = ARCH_RISCV, .remap = REMAP_RISCV_IOMMU, .devices = &edu, .devices_count = 1,
		.move = move, .uncached = uncached });
}

static uint64_t arrival_ps(struct world *w)
{
	world_forget(w);
	device_raise(&w->machine, 0);
	w->machine.device[0].remapped_ps = 0;
	world_run(w, 10 * US);
	return world_last(w, EV_IRR_SET)->time_ps - world_last(w, EV_RAISE)->time_ps;
}

Test(riscv_iommu, entry_is_fetched_once_and_then_found_in_the_cache)
{
	struct world *w = with(NULL, false);
	uint64_t miss_ps = w->config.timings.message_ps + w->config.timings.remap_miss_ps;
	uint64_t hit_ps = w->config.timings.message_ps + w->config.timings.remap_hit_ps;

	cr_expect_eq(arrival_ps(w), miss_ps);
	cr_expect_eq(arrival_ps(w), hit_ps);
	world_end(w);
	w = with(NULL, true);
	cr_expect_eq(arrival_ps(w), miss_ps);
	cr_expect_eq(arrival_ps(w), miss_ps);
	world_end(w);
}

static void send(struct world *w, uint64_t address, uint32_t data)
{
	w->metrics.counter[METRIC_RAISED]++;
	fabric_send(&w->machine, 0, address, data, raise_new(&w->machine, 0));
	world_settle(w);
}

Test(riscv_iommu, entry_that_is_not_valid_is_a_fault)
{
	struct world *w = with(NULL, false);

	w->machine.msi_pte[0].mode = MSI_PTE_INVALID;
	send(w, riscv_iommu_address(0), 5);
	cr_expect_eq(world_last(w, EV_FAULT)->event.value, 262);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_BLOCKED], 1);
	/* A fault is not cached. */
	w->machine.msi_pte[0].mode = MSI_PTE_BASIC;
	send(w, riscv_iommu_address(0), w->machine.desc[0].vector);
	cr_expect_eq(w->metrics.counter[METRIC_DELIVERED], 1);
	world_end(w);
}

Test(riscv_iommu, entry_of_another_device_is_a_fault)
{
	struct world *w = with(NULL, false);

	w->machine.msi_pte[0].requester = 2;
	send(w, riscv_iommu_address(0), 5);
	cr_expect_eq(world_last(w, EV_FAULT)->event.value, 262);
	world_end(w);
}

Test(riscv_iommu, page_behind_the_table_and_identity_out_of_range_are_dropped)
{
	struct world *w = with(NULL, false);

	send(w, riscv_iommu_address(1), 5);
	send(w, riscv_iommu_address(0) + 4, 5);
	send(w, riscv_iommu_address(0), 64);
	send(w, riscv_iommu_address(0), 0);
	cr_expect_eq(w->metrics.counter[METRIC_LOST_DROPPED], 4);
	world_end(w);
}

static int move_to(struct world *w, uint32_t cpu)
{
	struct world_move move = { 0, cpu, 1 };

	world_spawn(w, 0, 3, world_move_body, &move);
	world_settle(w);
	cr_assert(world_finished(w, 0));
	return move.result;
}

Test(riscv_iommu, move_changes_the_entry_and_neither_message_nor_identity)
{
	struct world *w = with("imsic-iommu", false);
	const struct machine *m = &w->machine;
	struct msi_entry before = m->entry[0];
	uint32_t identity = m->desc[0].vector;

	cr_assert_eq(move_to(w, 2), 0);
	cr_expect_eq(m->desc[0].vector, identity);
	cr_expect_eq(m->msi_pte[0].cpu, 2);
	cr_expect_eq(m->entry[0].address_lo, before.address_lo);
	cr_expect_eq(m->entry[0].data, before.data);
	device_raise(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_last(w, EV_HANDLER_START)->event.cpu, 2);
	world_end(w);
}

Test(riscv_iommu, move_to_a_hart_without_the_identity_is_refused)
{
	struct world *w = with("imsic-iommu", false);

	cr_assert_eq(vector_matrix_assign(w->machine.matrix, 2, w->machine.desc[0].vector), 0);
	cr_expect_eq(move_to(w, 2), -ENOSPC);
	cr_expect_eq(move_to(w, 1), 0);
	world_end(w);
}

Test(riscv_iommu, without_a_fence_the_cache_goes_on_leading_to_the_old_file)
{
	static const struct {
		const char *move;
		uint64_t runs;
	} rows[] = { { "imsic-iommu", 2 }, { "imsic-iommu-no-fence", 1 } };

	for (size_t i = 0; i < 2; i++) {
		struct world *w = with(rows[i].move, false);

		device_raise(&w->machine, 0);
		world_settle(w);
		cr_assert_eq(move_to(w, 2), 0);
		device_raise(&w->machine, 0);
		world_settle(w);
		cr_expect_eq(world_count(w, EV_HANDLER_START), rows[i].runs);
		world_end(w);
	}
}

static void fence(struct kthread *k, void *at_ps)
{
	riscv_iommu_synchronise(k, 0);
	*(uint64_t *)at_ps = k->machine->now_ps;
}

Test(riscv_iommu, fence_waits_for_what_was_looked_up_before)
{
	struct world *w = world_create(&(struct world_setup){
		.arch = ARCH_RISCV, .remap = REMAP_RISCV_IOMMU, .devices = &edu, .devices_count = 1,
		.timings = { .remap_miss_ps = 30 * US } });
	uint64_t at_ps = 0;

	device_raise(&w->machine, 0);
	world_run(w, 1 * US);
	world_spawn(w, 0, 3, fence, &at_ps);
	world_settle(w);
	cr_expect_eq(at_ps, w->config.timings.message_ps + 30 * US);
	cr_expect_eq(w->machine.msi_pte_cache[0].mode, MSI_PTE_INVALID);
	world_end(w);
}

static void to_memory(struct world *w)
{
	w->machine.msi_pte[0].mode = MSI_PTE_MRIF;
	w->machine.msi_pte[0].cpu = 0;
}

Test(riscv_iommu, memory_resident_file_records_and_a_notice_follows)
{
	struct world *w = with("imsic-mrif", false);
	struct machine *m = &w->machine;
	uint32_t identity = m->desc[0].vector;
	struct causes causes;

	to_memory(w);
	cpu_irqs_disable(m, 0);
	device_raise(m, 0);
	device_raise(m, 0);
	world_run(w, 10 * US);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	cr_expect_not(controller_pending(m, m->desc[0].cpu, identity));
	cr_expect(controller_pending(m, 0, m->riscv_iommu->notice));
	cr_expect_not(riscv_iommu_mrif_take(m, 0, identity + 1, &causes));
	/*
	 * The notice has the kernel look, and send it on to the file that the interrupt belongs to.
	 */
	cpu_irqs_enable(m, 0);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 1);
	cr_expect_eq(w->metrics.counter[METRIC_RECOVERED], 1);
	cr_expect_eq(w->metrics.counter[METRIC_COALESCED], 1);
	cr_expect_not(riscv_iommu_mrif_take(m, 0, identity, &causes));
	world_end(w);
}

Test(riscv_iommu, what_stays_in_a_file_out_of_use_is_lost)
{
	struct world *w = with("imsic-mrif", false);
	struct run_metrics metrics;

	to_memory(w);
	cpu_irqs_disable(&w->machine, 0);
	device_raise(&w->machine, 0);
	world_run(w, 10 * US);
	w->machine.msi_pte[0].mode = MSI_PTE_BASIC;
	cpu_irqs_enable(&w->machine, 0);
	world_settle(w);
	cr_expect_eq(world_count(w, EV_HANDLER_START), 0);
	world_end_with(w, &metrics);
	cr_expect_eq(metrics.counter[METRIC_STALE_OPEN], 1);
	cr_expect_eq(metrics.counter[METRIC_LOST_UNASSIGNED], 1);
}
