/* SPDX-License-Identifier: MIT */
/*
 * Each cycle of the emulator's log once more in the model: a CPU goes offline, its interrupt moves
 * from there to the CPU and the vector of the log's last message, and the device raises after as
 * many register writes as in the log. The registers that are written, what the message says that is
 * sent, and whether the device stays unserviced are the log's.
 */
#include <criterion/criterion.h>
#include <glib.h>
#include <unistd.h>

#include "models/hw/controller.h"
#include "models/os/root_domain.h"
#include "recorded.h"
#include "sim/import/emulator_log.h"
#include "tests/unit/model_world.h"
#include "vector_matrix.h"

/* As the guest's own trace tells of every cycle: CPU 2 goes offline, CPUs 1 and 2 are in the mask. */
#define OLD_CPU 2
#define OLD_VECTOR 43
#define MASK 0x6
#define CPUS 3

static const struct device_config edu = {
	.domain = { { .kind = DEVICE_MSI, .vectors = 1, .allocated = 1 } },
	.domains = 1,
	.vectors = 1,
	.address_64 = true,
};

static struct emulator_log read_log(const char *name)
{
	size_t length;
	g_autofree char *text = recorded_text(name, &length);
	struct emulator_log log;
	int fd = recorded_fd(text, length);

	cr_assert_eq(emulator_log_read(fd, &log), 0);
	close(fd);
	return log;
}

/* Whatever is below vector on the CPU is taken, so that an allocation there finds vector. */
static void fill_below(struct world *w, uint32_t cpu, uint32_t vector, bool fill)
{
	static bool filled[CPUS][256];

	for (uint32_t v = 33; v < vector; v++) {
		if (fill) {
			filled[cpu][v] = !vector_matrix_state(w->machine.matrix, cpu, v) &&
			                 vector_matrix_assign(w->machine.matrix, cpu, v) == 0;
		} else if (filled[cpu][v]) {
			cr_assert_eq(vector_matrix_free(w->machine.matrix, cpu, v, false), 0);
		}
	}
}

/* The interrupt where the recorded one was before the cycle. */
static struct world *place(const char *move, uint32_t new_cpu, uint32_t new_vector)
{
	struct world *w = world_create(&(struct world_setup){
		.cpus = CPUS, .devices = &edu, .devices_count = 1, .move = move });
	struct machine *m = &w->machine;
	uint64_t old = UINT64_C(1) << OLD_CPU;

	m->root->deactivate(m, 0);
	fill_below(w, OLD_CPU, OLD_VECTOR, true);
	fill_below(w, new_cpu, new_vector, true);
	cr_assert_eq(m->root->assign(m, 0, &old, false), 1);
	cr_assert_eq(m->desc[0].vector, OLD_VECTOR);
	struct msi_message message = m->controller->compose(m, OLD_CPU, OLD_VECTOR);
	device_write(m, 0, 0, REG_ADDRESS_LO, message.address_lo);
	device_write(m, 0, 0, REG_DATA, message.data);
	m->affinity[0] = MASK;
	world_forget(w);
	return w;
}

static bool in_capability(const struct model_event *e)
{
	return e->kind == EV_WRITE && (e->detail == REG_CONTROL || e->detail == REG_ADDRESS_LO ||
	                               e->detail == REG_ADDRESS_HI || e->detail == REG_DATA);
}

static size_t writes_so_far(const struct world *w)
{
	size_t count = 0;

	for (size_t i = 0; i < w->records_count; i++) {
		count += in_capability(&w->records[i].event);
	}
	return count;
}

/* Runs until the device's registers were written so often; far shorter steps than a write takes. */
static void run_to(struct world *w, size_t writes)
{
	for (int i = 0; writes_so_far(w) < writes; i++) {
		cr_assert_lt(i, 1000000);
		world_run(w, 100 * NS);
	}
	cr_assert_eq(writes_so_far(w), writes);
}

static void expect_same_writes(const struct world *w, const struct log_cycle *c)
{
	static const uint8_t registers[LOG_REGISTERS] = {
		[LOG_CONTROL] = REG_CONTROL,
		[LOG_ADDRESS_LOW] = REG_ADDRESS_LO,
		[LOG_ADDRESS_HIGH] = REG_ADDRESS_HI,
		[LOG_DATA] = REG_DATA,
	};
	size_t at = 0;

	for (size_t i = 0; i < w->records_count; i++) {
		const struct model_event *e = &w->records[i].event;
		if (!in_capability(e)) {
			continue;
		}
		while (at < c->steps_count && c->steps[at].kind != LOG_WRITE) {
			at++;
		}
		cr_assert_lt(at, c->steps_count, "%s %lu: the model writes more", c->name,
		             (unsigned long)c->tag);
		cr_expect_eq(e->detail, registers[c->steps[at].reg], "line %lu",
		             (unsigned long)c->steps[at].line);
		/* the control word has bits of the capability that the model does not have */
		if (c->steps[at].reg != LOG_CONTROL) {
			cr_expect_eq(e->value, c->steps[at].value, "line %lu: 0x%x",
			             (unsigned long)c->steps[at].line, e->value);
		}
		at++;
	}
	for (; at < c->steps_count; at++) {
		cr_expect_neq(c->steps[at].kind, LOG_WRITE, "line %lu: the model writes less",
		              (unsigned long)c->steps[at].line);
	}
}

/* True: the model's device is stale at the end. */
static bool replay_cycle(const struct log_cycle *c, const char *move)
{
	const struct log_message *last = &c->messages[c->messages_count - 1];
	uint32_t new_cpu = (uint32_t)__builtin_ctz(last->address_low >> 12 & 0xff);
	struct world *w = place(move, new_cpu, last->data);
	int result[2] = { OLD_CPU, 1 };
	size_t writes = 0;

	world_spawn(w, 0, 0, world_offline_body, result);
	for (size_t i = 0; i < c->steps_count; i++) {
		if (c->steps[i].kind == LOG_WRITE) {
			writes++;
			continue;
		}
		run_to(w, writes);
		device_raise(&w->machine, 0);
		const struct world_record *sent = world_last(w, EV_MESSAGE);
		cr_assert_not_null(sent);
		cr_expect_eq(sent->event.address >> 12 & 0xff, c->steps[i].destination, "line %lu",
		             (unsigned long)c->steps[i].line);
		cr_expect_eq(sent->event.value, c->steps[i].vector, "line %lu",
		             (unsigned long)c->steps[i].line);
	}
	world_run(w, 100 * MS);
	cr_assert_eq(result[1], 0);
	cr_expect_eq(w->machine.desc[0].cpu, new_cpu);
	cr_expect_eq(w->machine.desc[0].vector, last->data);
	expect_same_writes(w, c);
	bool serviced = w->serviced > 0;
	struct run_metrics metrics;
	fill_below(w, OLD_CPU, OLD_VECTOR, false);
	fill_below(w, new_cpu, last->data, false);
	world_end_with(w, &metrics);
	cr_expect_eq(metrics.counter[METRIC_STALE], !serviced);
	return metrics.counter[METRIC_STALE] == 1;
}

static void replay_log(const char *file, const char *move, size_t cycles, size_t stale_cycles)
{
	struct emulator_log log = read_log(file);
	size_t stale = 0;

	cr_expect_eq(log.cycles_count, cycles);
	for (size_t i = 0; i < log.cycles_count; i++) {
		const struct log_cycle *c = &log.cycles[i];
		cr_assert(c->judged && c->messages_count > 0);
		bool model = replay_cycle(c, move);
		cr_expect_eq(model, c->stale, "%s %lu, line %lu: the log says %s", c->name,
		             (unsigned long)c->tag, (unsigned long)c->line,
		             c->stale ? "stale" : "serviced");
		stale += model;
	}
	cr_expect_eq(stale, stale_cycles);
	emulator_log_release(&log);
}

/* As shipped: raises between the address and the data go stale. */
Test(emulator_cycle, as_shipped)
{
	replay_log("edu-offline-K.qemu", "x86-linux-6.1", 12, 6);
}

/* By way of the temporary message: none, wherever the raise falls. */
Test(emulator_cycle, as_commented)
{
	replay_log("edu-offline-Q.qemu", "x86-linux-6.1-as-commented", 16, 0);
}
