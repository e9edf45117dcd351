// SPDX-License-Identifier: MIT
#include "sim/check_witness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/hw/controller.h"
#include "sim/check_machine.h"

/* While a path is run. */
struct telling {
	struct witness *witness;
	struct check_machine *check;
	struct witness_step *step;
	uint32_t place;             /* the column of whoever acts in this step */
	uint8_t irqs_off[CHECK_CPUS_MAX];
	uint16_t desc_lock[CHECK_SOURCES_MAX];
	uint16_t vector_lock;
};

static uint32_t column_of_device(const struct telling *t, uint32_t device)
{
	return t->witness->scenario->machine.cpus + device;
}

static const char *device_name(const struct telling *t, uint32_t source)
{
	return t->witness->scenario->devices[t->check->machine.source[source].device].name;
}

static GString *cell_at(struct telling *t, uint32_t column)
{
	GArray *cells = t->step->cells;
	/* What happens at no CPU is told where the step is. */
	struct witness_cell cell = { column == CPU_NONE ? t->place : column, NULL };

	column = cell.column;

	for (guint i = 0; i < cells->len; i++) {
		if (g_array_index(cells, struct witness_cell, i).column == column) {
			return g_array_index(cells, struct witness_cell, i).text;
		}
	}
	cell.text = g_string_new(NULL);
	g_array_append_val(cells, cell);
	return cell.text;
}

static void say(struct telling *t, uint32_t column, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(struct telling *t, uint32_t column, const char *format, ...)
{
	GString *cell = cell_at(t, column);
	va_list arguments;

	if (cell->len) {
		g_string_append(cell, "; ");
	}
	va_start(arguments, format);
	g_string_append_vprintf(cell, format, arguments);
	va_end(arguments);
}

/* Locks are taken before what happens under them. */
static void say_first(struct telling *t, uint32_t column, const char *what, const char *name)
{
	GString *cell = cell_at(t, column);
	g_autofree char *text = g_strdup_printf("%s%s%s", what, name, cell->len ? "; " : "");

	g_string_prepend(cell, text);
}

/* Where the step has said something already the text goes on, else it begins. */
static void go_on(struct telling *t, uint32_t column, const char *text)
{
	GString *cell = cell_at(t, column);

	g_string_append(cell, cell->len ? text : text + strspn(text, ",: "));
}

/* ---- Values ---- */

/* The CPU that a message goes to without a remap table; CPU_NONE: none, or not known before the table. */
static uint32_t target_of(const struct machine *m, uint64_t address, uint32_t data)
{
	uint32_t vector;
	uint32_t cpu;

	return !m->remap && m->controller->decode(m, address, data, &cpu, &vector) ? cpu : CPU_NONE;
}

static char *message_text(const struct machine *m, uint64_t address, uint32_t data)
{
	uint32_t cpu = target_of(m, address, data);

	switch (m->config->remap) {
	case REMAP_NONE:
		break;
	case REMAP_ITS:
		return g_strdup_printf("event %u", data);
	case REMAP_V2M:
		return g_strdup_printf("SPI %u", data);
	case REMAP_AMDVI:
	case REMAP_HYPERV:
		return g_strdup_printf("entry %u", data);
	default:
		return g_strdup_printf("entry 0x%" PRIx64 "+%u", address & 0xfffff, data);
	}
	if (cpu == CPU_NONE) {
		return g_strdup_printf("{0x%" PRIx64 ", 0x%x}", address, data);
	}
	return g_strdup_printf("{CPU%u, 0x%x}", cpu, data);
}

static char *register_text(const struct machine *m, uint32_t reg, uint32_t value)
{
	static const char *const names[DEVICE_REGISTERS] = {
		[REG_CONTROL] = "control", [REG_ADDRESS_LO] = "addr_lo", [REG_ADDRESS_HI] = "addr_hi",
		[REG_DATA] = "data", [REG_MASK] = "mask", [REG_PENDING] = "pending",
		[REG_INTX_DISABLE] = "intx_disable"
	};
	const char *name = reg < DEVICE_REGISTERS ? names[reg] : "register";
	uint32_t cpu = reg == REG_ADDRESS_LO ? target_of(m, value, 0) : CPU_NONE;

	if (cpu != CPU_NONE) {
		return g_strdup_printf("%s = CPU%u", name, cpu);
	}
	if (reg == REG_CONTROL) {
		return g_strdup_printf("%s = %s", name, value & CONTROL_ENABLE ? "on" : "off");
	}
	return g_strdup_printf(reg == REG_MASK || reg == REG_PENDING || reg == REG_INTX_DISABLE ?
			       "%s = %u" : "%s = 0x%x", name, value);
}

/* ---- What the models tell ---- */

static void tell_access(struct telling *t, const struct model_event *event)
{
	g_autofree char *text = register_text(&t->check->machine, event->detail, event->value);

	if (event->kind == EV_READ) {
		say(t, event->cpu, "read %s", text);
	} else if (event->thread == THREAD_NONE) {
		say(t, column_of_device(t, event->device), "%s lands", text);
	} else {
		say(t, event->cpu, "write %s", text);
	}
}

static void tell_handler(struct telling *t, const struct model_event *event)
{
	const struct machine *m = &t->check->machine;
	bool own = false;

	say(t, event->cpu, "vector 0x%x: handler of %s", event->value, device_name(t, event->source));
	for (uint32_t index = event->causes.head; index; index = m->raises.records[index].next) {
		uint32_t source = m->raises.records[index].source;

		own |= source == event->source;
		if (source != event->source) {
			g_autofree char *lost = g_strdup_printf(", raise of %s LOST", device_name(t, source));
			go_on(t, event->cpu, lost);
		}
	}
	if (!own) {
		go_on(t, event->cpu, event->detail == RUN_BY_MESSAGE ? " (stray)" : " (duplicate)");
	}
}

static void tell_move(struct telling *t, const struct model_event *event)
{
	const char *name = device_name(t, event->source);

	switch ((enum move_outcome)event->detail) {
	case MOVE_ASKED:
		say(t, t->place, "move %s", name);
		break;
	case MOVE_DONE:
		say(t, t->place, "%s is moved", name);
		break;
	case MOVE_DEFERRED_TO_ACK:
		say(t, t->place, "left to the acknowledge");
		break;
	case MOVE_BUSY:
		say(t, t->place, "EBUSY");
		break;
	case MOVE_NOSPC:
		say(t, t->place, "ENOSPC");
		break;
	case MOVE_NOTHING:
		say(t, t->place, "nothing to move");
		break;
	}
}

static void tell_hotplug(struct telling *t, const struct model_event *event)
{
	static const char *const texts[] = {
		[HOTPLUG_OFFLINE] = "is off line", [HOTPLUG_ONLINE] = "is on line", [HOTPLUG_REFUSED] = "stays on line"
	};

	say(t, t->place, "CPU%u %s", event->cpu, texts[event->detail]);
}

static void tell_message(struct telling *t, const struct model_event *event)
{
	g_autofree char *message = message_text(&t->check->machine, event->address, event->value);
	GString *cell = cell_at(t, column_of_device(t, event->device));

	g_string_append_printf(cell, "%s -> %s", cell->len && t->place == column_of_device(t, event->device) ? "" :
			       cell->len ? "; sends" : "sends", message);
}

static void on_event(void *data, const struct machine *m, const struct model_event *event)
{
	struct telling *t = data;

	switch ((enum model_event_kind)event->kind) {
	case EV_RAISE:
		say(t, column_of_device(t, event->device), "raise");
		break;
	case EV_MESSAGE:
		tell_message(t, event);
		break;
	case EV_MASKED:
		go_on(t, column_of_device(t, event->device), ": masked, kept pending");
		break;
	case EV_INTX:
		go_on(t, column_of_device(t, event->device), ": INTx");
		break;
	case EV_WRITE:
	case EV_READ:
		tell_access(t, event);
		break;
	case EV_IRR_SET:
		say(t, event->cpu, "0x%x pending%s", event->value, event->detail ? " already" : "");
		break;
	case EV_HELD:
		if (event->cpu == CPU_NONE) {
			say(t, t->place, "0x%x kept in memory", event->value);
		} else {
			say(t, event->cpu, "0x%x is not enabled", event->value);
		}
		break;
	case EV_IRQ_TAKEN:
		say(t, event->cpu, "takes 0x%x", event->value);
		break;
	case EV_HANDLER_START:
		tell_handler(t, event);
		break;
	case EV_HANDLER_END:
		say(t, event->cpu, "handler ends");
		break;
	case EV_NO_HANDLER:
		say(t, event->cpu, "vector 0x%x: %s", event->value, event->detail ? "swallowed" : "no handler");
		break;
	case EV_LOST:
		go_on(t, t->place, event->detail == LOSS_DISABLED && t->place >= m->config->cpus ? ": MSI off, LOST" :
		      ", LOST");
		break;
	case EV_RETRIGGER:
		say(t, t->place, "retrigger -> {CPU%u, 0x%x}", event->cpu, event->value);
		break;
	case EV_IPI:
		say(t, t->place, "IPI -> {CPU%u, 0x%x}", event->cpu, event->value);
		break;
	case EV_IRR_READ:
		say(t, event->cpu, "IRR 0x%x: %s", event->value, event->detail ? "set" : "clear");
		break;
	case EV_ENTRY_WRITE:
		say(t, t->place, "entry = {CPU%u, 0x%x}%s", (unsigned)event->address, event->value,
		    event->detail ? ", off" : "");
		break;
	case EV_FLUSH:
		say(t, t->place, event->detail ? "invalidated" : "invalidate");
		break;
	case EV_FAULT:
		say(t, column_of_device(t, event->device), "remap fault 0x%x", event->value);
		break;
	case EV_MOVE:
		tell_move(t, event);
		break;
	case EV_VECTOR_ASSIGNED:
		say(t, t->place, "%s gets {CPU%u, 0x%x}", device_name(t, event->source), event->cpu, event->value);
		break;
	case EV_VECTOR_FREED:
		say(t, t->place, "{CPU%u, 0x%x} is free", event->cpu, event->value);
		break;
	case EV_AFFINITY_BROKEN:
		say(t, t->place, "affinity broken");
		break;
	case EV_HOTPLUG:
		tell_hotplug(t, event);
		break;
	case EV_COMMAND:
		say(t, t->place, "%s%s", event->text ? event->text : "command", event->detail ? " done" : "");
		break;
	case EV_POSTED:
		say(t, t->place, "%s posted%s", device_name(t, event->source), event->detail ? " already" : "");
		break;
	case EV_NOTIFY:
		say(t, t->place, "notifies {CPU%u, 0x%x}", event->cpu, event->value);
		break;
	case EV_FORWARDED:
		say(t, event->cpu, "%s passed on to its guest", device_name(t, event->source));
		break;
	case EV_VM_EXIT:
		say(t, event->cpu, "VM exit");
		break;
	case EV_VM_ENTRY:
		say(t, event->cpu, "VM entry");
		break;
	case EV_NOTE:
		say(t, t->place, "%s", event->text);
		break;
	case EV_MESSAGE_WRITE:
	case EV_IRQ_EXIT:
	case EV_ALLOCATION:
	case EV_VCPU:
		break;
	}
}

static void on_post(void *data, const struct machine *m, const struct hw_event *event)
{
	struct telling *t = data;

	if (event->kind == HW_WRITE_LANDS) {
		g_autofree char *text = register_text(m, event->flag, event->value);
		say(t, event->cpu, "post %s", text);
	}
}

/* ---- Steps that no event tells ---- */

static void remember_locks(struct telling *t)
{
	const struct machine *m = &t->check->machine;

	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		t->irqs_off[cpu] = m->cpu[cpu].irqs_off;
	}
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		t->desc_lock[desc] = m->desc[desc].lock;
	}
	t->vector_lock = m->locks->vector_lock;
}

static void tell_locks(struct telling *t)
{
	const struct machine *m = &t->check->machine;

	for (uint32_t cpu = 0; cpu < m->config->cpus; cpu++) {
		if (!t->irqs_off[cpu] != !m->cpu[cpu].irqs_off) {
			if (m->cpu[cpu].irqs_off) {
				say_first(t, cpu, "interrupts off", "");
			} else {
				say(t, cpu, "interrupts on");
			}
		}
	}
	for (uint32_t desc = 0; desc < m->sources_count; desc++) {
		if (t->desc_lock[desc] != m->desc[desc].lock && m->desc[desc].lock) {
			say_first(t, t->place, "lock ", device_name(t, desc));
		} else if (t->desc_lock[desc] != m->desc[desc].lock) {
			say(t, t->place, "unlock %s", device_name(t, desc));
		}
	}
	if (t->vector_lock != m->locks->vector_lock && m->locks->vector_lock) {
		say_first(t, t->place, "lock vectors", "");
	} else if (t->vector_lock != m->locks->vector_lock) {
		say(t, t->place, "unlock vectors");
	}
}

static void tell_otherwise(struct telling *t, const struct check_transition *taken, const struct hw_event *event)
{
	static const char *const events[] = {
		[HW_MESSAGE_ARRIVES] = "message at the root complex", [HW_REMAP_DONE] = "remapped",
		[HW_FABRIC_DELIVERS] = "delivered", [HW_IPI_ARRIVES] = "IPI arrives", [HW_IRQ_TAKEN] = "interrupt",
		[HW_IRQ_DISPATCHED] = "enters the kernel", [HW_FLUSH_DONE] = "invalidation is done",
		[HW_TIMER] = "timer", [HW_COMMAND_DONE] = "command is done", [HW_VCPU] = "the guest goes on",
		[HW_SIMULATOR] = NULL
	};

	if (t->step->cells->len) {
		return;
	}
	if (taken->kind == CHECK_TIMEOUT) {
		say(t, t->place, "command times out");
	} else if (taken->kind == CHECK_EVENT && event->kind == HW_IRQ_DISPATCHED && event->flag) {
		say(t, t->place, "looks again");
	} else if (taken->kind == CHECK_EVENT && events[event->kind]) {
		say(t, t->place, "%s", events[event->kind]);
	} else if (taken->kind == CHECK_STEP &&
		   t->check->plain.status[taken->number] == CHECK_THREAD_BLOCKED) {
		say(t, t->place, "waits");
	}
}

static uint32_t place_of_event(const struct telling *t, const struct hw_event *event)
{
	const struct machine *m = &t->check->machine;

	switch ((enum hw_event_kind)event->kind) {
	case HW_WRITE_LANDS:
		return column_of_device(t, event->device);
	case HW_MESSAGE_ARRIVES:
		if (m->config->fabric == FABRIC_WEAK || target_of(m, event->address, event->value) == CPU_NONE) {
			return column_of_device(t, event->device);
		}
		return target_of(m, event->address, event->value);
	case HW_TIMER:
		return m->timer[event->channel].cpu;
	case HW_FLUSH_DONE:
	case HW_COMMAND_DONE:
	case HW_SIMULATOR:
		return 0;
	case HW_REMAP_DONE:
	case HW_FABRIC_DELIVERS:
	case HW_IPI_ARRIVES:
	case HW_IRQ_TAKEN:
	case HW_IRQ_DISPATCHED:
	case HW_HANDLER_ENDS:
	case HW_VCPU:
		break;
	}
	/* A request that ends in memory has no CPU. */
	return event->cpu == CPU_NONE ? column_of_device(t, event->device) : event->cpu;
}

static void take_and_tell(struct telling *t, const struct check_transition *taken)
{
	struct check_machine *c = t->check;
	struct hw_event event = { 0 };
	struct witness_step step = { .cells = g_array_new(FALSE, FALSE, sizeof(struct witness_cell)) };

	if (taken->kind == CHECK_EVENT) {
		event = c->plain.event[taken->number].event;
		step.cause = c->plain.event[taken->number].posted_at;
		t->place = place_of_event(t, &event);
	} else if (taken->kind == CHECK_STEP) {
		t->place = c->machine.thread[taken->number].cpu;
	} else {
		t->place = column_of_device(t, c->machine.source[taken->number].device);
	}
	t->step = &step;
	c->recorded_step = t->witness->steps->len + 1;
	remember_locks(t);
	check_machine_take(c, taken);
	tell_locks(t);
	tell_otherwise(t, taken, &event);
	g_array_append_val(t->witness->steps, step);
}

/* ---- Running a path ---- */

static const struct check_transition *pick(const struct check_transition *ways, uint32_t count,
					   const struct check_codes *codes, const struct check_token *token, uint32_t n)
{
	if (!codes) {
		return token->choice[n] < count ? &ways[token->choice[n]] : NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (ways[i].code == codes->code[n]) {
			return &ways[i];
		}
	}
	return NULL;
}

static bool follow(struct telling *t, const struct check_codes *codes, const struct check_token *token)
{
	struct check_transition *ways = g_new(struct check_transition, CHECK_TRANSITIONS_MAX);
	struct check_token *made = &t->witness->token;
	uint32_t count = codes ? codes->count : token->count;
	bool found = true;

	made->choice = calloc(count + 1u, sizeof(*made->choice));
	for (uint32_t n = 0; n < count && found && made->choice; n++) {
		const struct check_transition *way = pick(ways, check_machine_transitions(t->check, ways), codes, token, n);

		found = way != NULL;
		if (found) {
			struct check_transition taken = *way;
			made->choice[made->count++] = (uint32_t)(way - ways);
			take_and_tell(t, &taken);
			found = !t->check->error;
		}
	}
	uint32_t left = check_machine_transitions(t->check, ways);
	t->witness->quiet = true;
	for (uint32_t i = 0; i < left; i++) {
		t->witness->quiet &= check_transition_is_outside(ways[i].code);
	}
	g_free(ways);
	return found;
}

static void tell_end(struct telling *t)
{
	struct witness *w = t->witness;

	w->subjects = check_machine_subjects(t->check);
	w->unfinished = check_machine_unfinished(t->check);
	for (uint32_t source = 0; source < t->check->machine.sources_count; source++) {
		if (t->check->plain.wanted[source]) {
			g_ptr_array_add(w->waiting, w->scenario->devices[t->check->machine.source[source].device].name);
		}
	}
	w->token_text = check_token_write(&w->token);
}

struct witness *witness_run(const struct scenario *s, const struct scenario_contender *contender,
			    const struct check_bounds *bounds, const struct check_codes *codes,
			    const struct check_token *token, char **error)
{
	struct witness *w = g_new0(struct witness, 1);
	struct check_machine check;
	struct telling t = { .witness = w, .check = &check };
	const struct check_recorder recorder = { on_event, on_post, &t };

	w->scenario = s;
	w->contender = contender;
	w->steps = g_array_new(FALSE, FALSE, sizeof(struct witness_step));
	w->waiting = g_ptr_array_new();
	w->token.hash = check_token_hash(s, contender);
	w->token.bounds = *bounds;
	*error = check_machine_create(&check, s, contender, bounds);
	if (!*error) {
		check.recorder = &recorder;
		if (follow(&t, codes, token)) {
			tell_end(&t);
		} else {
			*error = strdup(check.error ? check.error : "the path leads nowhere: it is of another scenario");
		}
		check.recorder = NULL;
	}
	check_machine_destroy(&check);
	if (*error) {
		witness_free(w);
		return NULL;
	}
	return w;
}

void witness_free(struct witness *w)
{
	for (guint i = 0; i < w->steps->len; i++) {
		GArray *cells = g_array_index(w->steps, struct witness_step, i).cells;

		for (guint j = 0; j < cells->len; j++) {
			g_string_free(g_array_index(cells, struct witness_cell, j).text, TRUE);
		}
		g_array_free(cells, TRUE);
	}
	g_array_free(w->steps, TRUE);
	g_ptr_array_free(w->waiting, TRUE);
	free(w->token.choice);
	free(w->token_text);
	g_free(w);
}
