// SPDX-License-Identifier: MIT
#include "sim/trace_run.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/trace_chrome.h"

struct trace_run {
	struct trace *trace;
	const struct scenario *scenario;
	uint64_t *handler_since_ps;   /* [cpus] */
};

static struct trace_track cpu_track(uint32_t cpu)
{
	return (struct trace_track){ TRACE_CPU, cpu };
}

static const char *const register_names[DEVICE_REGISTERS] = {
	[REG_CONTROL] = "control", [REG_ADDRESS_LO] = "address low", [REG_ADDRESS_HI] = "address high",
	[REG_DATA] = "data", [REG_MASK] = "mask", [REG_PENDING] = "pending", [REG_INTX_DISABLE] = "INTx disable"
};

static const char *const loss_names[LOSSES] = {
	[LOSS_UNASSIGNED] = "LOST: nobody owns the vector", [LOSS_FOREIGN] = "LOST: another interrupt's vector",
	[LOSS_BLOCKED] = "LOST: remap fault", [LOSS_DISABLED] = "LOST: disabled", [LOSS_DROPPED] = "LOST: dropped"
};

static const char *source_name(const struct trace_run *t, const struct machine *m, uint32_t source, char *buffer, size_t size)
{
	const struct source *s = &m->source[source];

	snprintf(buffer, size, "%s[%u]", t->scenario->devices[s->device].name, s->vector);
	return buffer;
}

static void handler_start(struct trace_run *t, const struct machine *m, const struct model_event *event, const char *name)
{
	t->handler_since_ps[event->cpu] = m->now_ps;
	for (uint32_t index = event->causes.head; index; index = m->raises.records[index].next) {
		const struct raise *raise = &m->raises.records[index];

		trace_flow(t->trace, (struct trace_track){ TRACE_DEVICE, m->source[raise->source].device },
			   raise->raised_ps, cpu_track(event->cpu), m->now_ps,
			   raise->source == event->source ? name : "stray",
			   raise->source == event->source ? "\"fate\":\"served\"" : "\"fate\":\"stray\"");
	}
}

static void lost(struct trace_run *t, const struct machine *m, const struct model_event *event, const char *name)
{
	const struct raise *raise = &m->raises.records[event->causes.head];
	struct trace_track device = { TRACE_DEVICE, m->source[raise->source].device };

	if (event->cpu == CPU_NONE) {
		trace_instant(t->trace, device, m->now_ps, loss_names[event->detail], NULL);
		return;
	}
	trace_flow(t->trace, device, raise->raised_ps, cpu_track(event->cpu), m->now_ps, name, "\"fate\":\"lost\"");
	trace_instant(t->trace, cpu_track(event->cpu), m->now_ps, loss_names[event->detail], NULL);
}

static void on_event(void *data, const struct machine *m, const struct model_event *event)
{
	struct trace_run *t = data;
	uint64_t now_ps = m->now_ps;
	char name[128] = "";
	char text[192];

	if (!trace_wants(t->trace, 0, now_ps)) {
		return;
	}
	if (event->source != SOURCE_NONE && event->source < m->sources_count) {
		source_name(t, m, event->source, name, sizeof(name));
	}
	switch ((enum model_event_kind)event->kind) {
	case EV_RAISE:
		trace_instant(t->trace, (struct trace_track){ TRACE_DEVICE, event->device }, now_ps, "raise", NULL);
		break;
	case EV_WRITE:
		snprintf(text, sizeof(text), "%s = 0x%x", register_names[event->detail], event->value);
		trace_instant(t->trace, (struct trace_track){ TRACE_DEVICE, event->device }, now_ps, text, NULL);
		if (event->thread != THREAD_NONE) {
			trace_instant(t->trace, (struct trace_track){ TRACE_ACTOR, event->thread }, now_ps, text, NULL);
		}
		break;
	case EV_IRQ_EXIT:
		trace_complete(t->trace, cpu_track(event->cpu), now_ps - event->address, event->address, "interrupt", NULL);
		break;
	case EV_HANDLER_START:
		handler_start(t, m, event, name);
		break;
	case EV_HANDLER_END:
		snprintf(text, sizeof(text), "handler %s", name);
		trace_complete(t->trace, cpu_track(event->cpu), t->handler_since_ps[event->cpu],
			       now_ps - t->handler_since_ps[event->cpu], text, NULL);
		break;
	case EV_NO_HANDLER:
		snprintf(text, sizeof(text), "no handler for vector 0x%x%s", event->value,
			 event->detail ? " (expected)" : "");
		trace_instant(t->trace, cpu_track(event->cpu), now_ps, text, NULL);
		break;
	case EV_LOST:
		lost(t, m, event, name);
		break;
	case EV_RETRIGGER:
		snprintf(text, sizeof(text), "retrigger %s on cpu%u", name, event->cpu);
		trace_instant(t->trace, event->thread == THREAD_NONE ? cpu_track(event->cpu) :
			      (struct trace_track){ TRACE_ACTOR, event->thread }, now_ps, text, NULL);
		break;
	case EV_ENTRY_WRITE:
		snprintf(text, sizeof(text), "entry of %s = {cpu%u, 0x%x}", name, (unsigned)event->address, event->value);
		trace_instant(t->trace, (struct trace_track){ TRACE_ACTOR, event->thread }, now_ps, text, NULL);
		break;
	case EV_FLUSH:
		trace_instant(t->trace, (struct trace_track){ TRACE_ACTOR, event->thread }, now_ps,
			      event->detail ? "flush done" : "flush begins", NULL);
		break;
	case EV_POSTED:
		snprintf(text, sizeof(text), "posted %s as 0x%x", name, event->value);
		trace_instant(t->trace, cpu_track(event->cpu), now_ps, text, NULL);
		break;
	case EV_FORWARDED:
		snprintf(text, sizeof(text), "%s passed on by the host", name);
		trace_instant(t->trace, cpu_track(event->cpu), now_ps, text, NULL);
		break;
	case EV_VM_EXIT:
	case EV_VM_ENTRY:
		trace_instant(t->trace, cpu_track(event->cpu), now_ps, event->kind == EV_VM_EXIT ? "VM exit" : "VM entry",
			      NULL);
		break;
	case EV_HOTPLUG:
		trace_instant(t->trace, cpu_track(event->cpu), now_ps,
			      event->detail == HOTPLUG_ONLINE ? "on line" : "off line", NULL);
		break;
	default:
		break;
	}
}

static void tell_origin(const struct trace_run *t, const struct scenario *s)
{
	GString *args = g_string_new("\"scenario\":");

	json_append_quoted(args, s->name);
	g_string_append(args, ",\"file\":");
	json_append_quoted(args, s->file);
	g_string_append(args, ",\"strategy\":");
	json_append_quoted(args, s->contenders[0].name);
	g_string_append_printf(args, ",\"version\":\"%s\",\"seed\":%" G_GUINT64_FORMAT, MSIRACE_VERSION, s->seed);
	trace_origin(t->trace, args->str);
	g_string_free(args, TRUE);
}

static void name_tracks(const struct trace_run *t, const struct scenario *s)
{
	char name[64];

	for (uint32_t cpu = 0; cpu < s->machine.cpus; cpu++) {
		snprintf(name, sizeof(name), "CPU %u", cpu);
		trace_track_name(t->trace, cpu_track(cpu), name);
	}
	for (size_t device = 0; device < s->devices_count; device++) {
		trace_track_name(t->trace, (struct trace_track){ TRACE_DEVICE, (uint32_t)device }, s->devices[device].name);
	}
	for (size_t i = 0; i < s->actions_count + s->vcpus_count + s->machine.cpus; i++) {
		if (i < s->actions_count) {
			snprintf(name, sizeof(name), "action %zu", i + 1);
		} else if (i < s->actions_count + s->vcpus_count) {
			snprintf(name, sizeof(name), "thread of vCPU %.40s", s->vcpus[i - s->actions_count].name);
		} else {
			snprintf(name, sizeof(name), "interrupt context of CPU %zu",
				 i - s->actions_count - s->vcpus_count);
		}
		trace_track_name(t->trace, (struct trace_track){ TRACE_ACTOR, (uint32_t)i }, name);
	}
}

struct trace_run *trace_run_open(const struct scenario *s, const struct run_options *options,
				 struct engine_listener *listener, char **error)
{
	struct trace_run *t = g_new0(struct trace_run, 1);
	char *why = NULL;

	t->scenario = s;
	t->trace = trace_open(options->trace_file, options->trace_from_ps, options->trace_to_ps, &why);
	if (!t->trace) {
		*error = strdup(why);
		g_free(why);
		g_free(t);
		return NULL;
	}
	t->handler_since_ps = g_new0(uint64_t, s->machine.cpus);
	tell_origin(t, s);
	name_tracks(t, s);
	*listener = (struct engine_listener){ UINT64_MAX, on_event, t };
	return t;
}

char *trace_run_close(struct trace_run *t)
{
	char *why = NULL;
	char *error = NULL;

	if (!trace_close(t->trace, &why)) {
		error = strdup(why);
		g_free(why);
	}
	g_free(t->handler_since_ps);
	g_free(t);
	return error;
}
