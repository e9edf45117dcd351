// SPDX-License-Identifier: MIT
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check_explore.h"
#include "sim/check_witness.h"
#include "sim/check_world.h"
#include "sim/commands.h"
#include "sim/report.h"
#include "sim/scenario_files.h"
#include "sim/standard_output.h"
#include "sim/units.h"

#define STATES_DEFAULT 2000000
#define SECONDS_DEFAULT 600
#define BOUND_MAX 16

static const struct option options[] = {
	{ "--raises", 0, "N", "raises of each device, at most; default: the scenario's" },
	{ "--migrations", 0, "N", "times that each repeated migration happens; default: the scenario's" },
	{ "--stalls", 0, NULL, "a command's time-out may come at any time" },
	{ "--strategy", 0, "NAME", "check this strategy instead of the scenario's; may be repeated" },
	{ "--set", 0, "PATH=VALUE", "replace a value: --set machine.fabric=weak" },
	{ "--states", 0, "N", "give a strategy up beyond this many states; default: 2000000, up to 200 bytes each" },
	{ "--seconds", 0, "N", "give a strategy up after this long; default: 600" },
	{ "--no-reduction", 0, NULL, "follow every path to its end, however often its states were seen" },
	{ "--witness-of", 0, "SUBJECT", "draw the shortest path of every strategy to: stale, lost, spurious, ..." },
	{ "--witness", 0, "FILE", "write the shortest paths as JSON; - is standard output, in place of the lines" },
	{ "--dot", 0, "FILE", "write the shortest paths as graphs for Graphviz" },
	{ "--no-timing", 0, NULL, "leave wall clock figures out" },
	{ "--quiet", 'q', NULL, "print only expectations that did not hold" },
	{ 0 },
};

struct plan {
	const struct invocation *invocation;
	struct scenario_files files;
	struct check_limits limits;
	uint64_t raises, migrations;      /* UINT64_MAX: the scenario's */
	bool stalls;
	bool reduction;
	bool quiet;
	bool timing;
	bool every_witness;               /* drawn; else the first one of each scenario */
	enum check_subject subject;       /* of the witnesses */
	volatile sig_atomic_t *interrupted;
	GString *lines, *json, *dot;
	size_t witnesses;
	bool drawn;                       /* one of the present scenario */
	size_t checked, scenarios, held, inconclusive, expected;
	uint64_t states, paths;
	double seconds;
	enum exit_code code;
};

/* The worst that happened decides. */
static void worsen(struct plan *plan, enum exit_code code)
{
	plan->code = MAX(plan->code, code);
}

/* ---- The command line ---- */

static enum exit_code read_number(const struct invocation *invocation, const char *name,
				  uint64_t min, uint64_t max, uint64_t *value)
{
	const char *text = option_value(invocation, name);

	if (!text) {
		return EXIT_HELD;
	}
	g_autofree char *error = units_read_count(text, value);
	if (error) {
		return usage_error(invocation->command, "%s: %s", name, error);
	}
	if (*value < min || *value > max) {
		return usage_error(invocation->command, "%s: %" PRIu64 " to %" PRIu64, name, min,
				   max);
	}
	return EXIT_HELD;
}

static enum exit_code read_subject(const struct invocation *invocation, struct plan *plan)
{
	const char *text = option_value(invocation, "--witness-of");

	plan->subject = CHECK_STALE;
	plan->every_witness = text != NULL;
	for (int subject = 0; text && subject < CHECK_SUBJECTS; subject++) {
		if (strcmp(check_subject_name((enum check_subject)subject), text) == 0) {
			plan->subject = (enum check_subject)subject;
			return EXIT_HELD;
		}
	}
	return text ? usage_error(invocation->command,
				  "--witness-of: unknown subject '%s': stale, lost, spurious, "
				  "spurious_unhandled, spurious_stray, spurious_duplicate or "
				  "spurious_intx",
				  text) :
		      EXIT_HELD;
}

static enum exit_code read_plan(const struct invocation *invocation, struct plan *plan)
{
	uint64_t states = STATES_DEFAULT, seconds = SECONDS_DEFAULT;

	*plan = (struct plan){
		.invocation = invocation,
		.raises = UINT64_MAX,
		.migrations = UINT64_MAX,
		.stalls = option_value(invocation, "--stalls"),
		.quiet = option_value(invocation, "--quiet"),
		.reduction = !option_value(invocation, "--no-reduction"),
		.timing = !option_value(invocation, "--no-timing"),
	};
	enum exit_code code = read_subject(invocation, plan);
	code = code == EXIT_HELD ?
		       read_number(invocation, "--raises", 0, BOUND_MAX, &plan->raises) :
		       code;
	code = code == EXIT_HELD ?
		       read_number(invocation, "--migrations", 0, BOUND_MAX, &plan->migrations) :
		       code;
	code = code == EXIT_HELD ? read_number(invocation, "--states", 1, 1000000000, &states) :
				   code;
	code = code == EXIT_HELD ? read_number(invocation, "--seconds", 1, 1000000, &seconds) :
				   code;
	plan->limits = (struct check_limits){ states, (double)seconds, NULL };
	return code;
}

static struct check_bounds bounds_for(const struct plan *plan, const struct scenario *s)
{
	return (struct check_bounds){
		.raises = plan->raises == UINT64_MAX ? s->check.raises : (uint32_t)plan->raises,
		.migrations = plan->migrations == UINT64_MAX ? s->check.migrations :
							       (uint32_t)plan->migrations,
		.stalls = plan->stalls || s->check.stalls,
	};
}

/* ---- One verdict ---- */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* What a verdict holds for. */
static void append_bounds(GString *out, const struct scenario *s, const struct check_bounds *bounds)
{
	uint32_t raising = 0, migrations, others;

	for (size_t i = 0; i < s->devices_count; i++) {
		raising += s->devices[i].arrivals.process != PROCESS_NONE;
	}
	check_count_actions(s, bounds, &migrations, &others);
	g_string_append_printf(
		out, "; bounds: up to %u raise%s of %s%u of %zu device%s, %u migration%s, ",
		bounds->raises, plural(bounds->raises), raising > 1 ? "each of " : "", raising,
		s->devices_count, plural(s->devices_count), migrations, plural(migrations));
	if (others) {
		g_string_append_printf(out, "%u other action%s, ", others, plural(others));
	}
	g_string_append_printf(out, "%u CPU%s, fabric %s%s", s->machine.cpus,
			       plural(s->machine.cpus),
			       s->machine.fabric == FABRIC_WEAK ? "weak" : "ordered",
			       bounds->stalls ? ", command time-outs" : "");
}

static void append_spurious(GString *out, const struct check_result *r)
{
	const char *lead = "(";

	g_string_append_printf(out, " spurious=%s", check_verdict_name(r->verdict[CHECK_SPURIOUS]));
	for (int subject = CHECK_SPURIOUS + 1; subject < CHECK_SUBJECTS; subject++) {
		if (r->verdict[subject] != VERDICT_NEVER) {
			g_string_append_printf(out, "%s%s=%s", lead,
					       strchr(check_subject_name(subject), '_') + 1,
					       check_verdict_name(r->verdict[subject]));
			lead = ",";
		}
	}
	g_string_append(out, *lead == ',' ? ")" : "");
}

static void append_count(GString *out, double count)
{
	g_string_append_printf(out, count < 1e15 ? "%.0f" : "%.3e", count);
}

/* Why there is no verdict, and what was seen until then. */
static void append_unknown(GString *out, const struct check_limits *limits,
			   const struct check_result *r)
{
	const char *lead = "; seen so far: ";

	switch (r->end) {
	case CHECK_STATES_EXCEEDED:
		g_string_append_printf(out, " stale: more than %" PRIu64 " states",
				       limits->states_max);
		break;
	case CHECK_SECONDS_EXCEEDED:
		g_string_append_printf(out, " stale: more than %.0f seconds", limits->seconds_max);
		break;
	case CHECK_INTERRUPTED:
		g_string_append(out, " stale: interrupted");
		break;
	case CHECK_DEADLOCK:
		g_string_append(out, " stale: deadlock");
		break;
	case CHECK_BROKEN:
		g_string_append_printf(out, " stale: %s",
				       r->error ? r->error : "the machine broke");
		break;
	case CHECK_COMPLETE:
		break;
	}
	for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
		if (r->shortest[subject].code) {
			g_string_append_printf(out, "%s%s", lead,
					       check_subject_name((enum check_subject)subject));
			lead = ", ";
		}
	}
	g_string_append_c(out, ';');
}

static void append_line(GString *out, const struct plan *plan, const struct scenario *s,
			const struct scenario_contender *contender,
			const struct check_bounds *bounds, const struct check_result *r)
{
	g_string_append_printf(out, "Observation %s/%s ", s->name, contender->name);
	if (r->end == CHECK_COMPLETE) {
		g_string_append_printf(out, "%s stale; lost=%s",
				       check_verdict_name(r->verdict[CHECK_STALE]),
				       check_verdict_name(r->verdict[CHECK_LOST]));
		append_spurious(out, r);
		g_string_append(out, r->cyclic ? " interleavings>=" : " interleavings=");
		append_count(out, r->interleavings);
	} else {
		g_string_append(out, "Unknown");
		append_unknown(out, &plan->limits, r);
	}
	g_string_append_printf(out, plan->reduction ? " states=%" PRIu64 : " steps=%" PRIu64,
			       r->states);
	if (plan->timing) {
		g_string_append_printf(out, " seconds=%.3f", r->seconds);
	}
	append_bounds(out, s, bounds);
	g_string_append_c(out, '\n');
}

/* ---- Witnesses ---- */

static void draw_witness(struct plan *plan, const struct witness *w, const char *what)
{
	if (plan->drawn && !plan->every_witness) {
		return;
	}
	plan->drawn = true;
	g_string_append_printf(plan->lines, "\nThe shortest path of %s/%s to %s, %u steps:\n\n",
			       w->scenario->name, w->contender->name, what, w->steps->len);
	witness_columns(w, plan->lines);
	g_string_append_c(plan->lines, '\n');
}

static void write_witness(struct plan *plan, const struct witness *w)
{
	g_string_append(plan->json, plan->witnesses++ ? ",\n" : "");
	witness_json(w, plan->json);
	witness_dot(w, plan->dot);
}

static void show_path(struct plan *plan, const struct scenario *s,
		      const struct scenario_contender *contender, const struct check_bounds *bounds,
		      const struct check_codes *path, const char *what)
{
	char *error;
	struct witness *w = witness_run(s, contender, bounds, path, NULL, &error);

	if (!w) {
		fprintf(stderr, "%s: %s: simulation error: the path to %s: %s\n", s->file,
			contender->name, what, error);
		free(error);
		worsen(plan, EXIT_BROKEN);
		return;
	}
	g_string_append_printf(plan->lines, "  path to %s: %s\n", what, w->token_text);
	draw_witness(plan, w, what);
	write_witness(plan, w);
	witness_free(w);
}

/* ---- Expectations ---- */

static void test_expectations(struct plan *plan, const struct scenario *s, size_t contender,
			      const struct check_result *r)
{
	for (size_t i = 0; i < s->check.expectations_count; i++) {
		const struct scenario_check_expectation *e = &s->check.expectations[i];

		if (e->contender >= 0 && (size_t)e->contender != contender) {
			continue;
		}
		plan->expected++;
		if (r->end == CHECK_COMPLETE && r->verdict[e->subject] == e->verdict) {
			plan->held++;
			continue;
		}
		if (r->end == CHECK_INTERRUPTED) {
			plan->inconclusive++;
			g_string_append_printf(
				plan->lines,
				"%s:%d: expectation inconclusive: %s: %s %s: interrupted\n",
				s->file, e->line, s->contenders[contender].name,
				check_subject_name(e->subject), check_verdict_name(e->verdict));
			continue;
		}
		g_string_append_printf(
			plan->lines, "%s:%d: expectation not held: %s: %s %s, not %s\n", s->file,
			e->line, s->contenders[contender].name, check_subject_name(e->subject),
			r->end == CHECK_COMPLETE ? check_verdict_name(r->verdict[e->subject]) :
						   "Unknown",
			check_verdict_name(e->verdict));
		worsen(plan, r->end == CHECK_COMPLETE ? EXIT_NOT_HELD : EXIT_BROKEN);
	}
}

/* ---- All of them ---- */

static void flush_lines(struct plan *plan)
{
	const char *json = option_value(plan->invocation, "--witness");

	if (!json || strcmp(json, "-") != 0) {
		fputs(plan->lines->str, stdout);
		standard_output_flush();
	}
	g_string_truncate(plan->lines, 0);
}

static void report(struct plan *plan, const struct scenario *s, size_t contender,
		   const struct check_bounds *bounds, const struct check_result *r)
{
	const struct scenario_contender *of = &s->contenders[contender];

	append_line(plan->lines, plan, s, of, bounds, r);
	if (r->end == CHECK_DEADLOCK) {
		show_path(plan, s, of, bounds, &r->deadlock, "the deadlock");
	} else if (r->shortest[plan->subject].code) {
		show_path(plan, s, of, bounds, &r->shortest[plan->subject],
			  check_subject_name(plan->subject));
	}
	if (plan->quiet) {
		g_string_truncate(plan->lines, 0);
	}
	test_expectations(plan, s, contender, r);
	if (r->end != CHECK_COMPLETE) {
		worsen(plan, r->end == CHECK_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_BROKEN);
	}
	flush_lines(plan);
}

static void check_one(struct plan *plan, const struct scenario *s, size_t contender)
{
	struct check_bounds bounds = bounds_for(plan, s);
	struct check_machine machine;
	struct check_result result;

	char *error = check_machine_create(&machine, s, &s->contenders[contender], &bounds);
	if (error) {
		fprintf(stderr, "%s: %s: cannot be checked: %s\n", s->file,
			s->contenders[contender].name, error);
		free(error);
		check_machine_destroy(&machine);
		worsen(plan, EXIT_BROKEN);
		return;
	}
	check_explore(&machine, &plan->limits, plan->reduction ? CHECK_REDUCED : CHECK_EVERY_PATH,
		      &result);
	check_machine_destroy(&machine);
	report(plan, s, contender, &bounds, &result);
	plan->checked++;
	plan->states += result.states;
	plan->paths += result.paths;
	plan->seconds += result.seconds;
	check_result_release(&result);
}

static bool is_named(const struct invocation *invocation, const struct scenario *s)
{
	for (size_t i = 0; i < invocation->operands_count; i++) {
		if (strcmp(invocation->operands[i], s->file) == 0) {
			return true;
		}
	}
	return false;
}

static void print_sum(struct plan *plan, size_t left_out)
{
	if (left_out) {
		fprintf(stderr, "msirace check: %zu scenario%s without a 'check' part left out\n",
			left_out, plural(left_out));
	}
	if (plan->quiet) {
		return;
	}
	if (plan->expected) {
		g_string_append_printf(plan->lines, "Expectations: %zu of %zu held", plan->held,
				       plan->expected);
		if (plan->inconclusive) {
			g_string_append_printf(plan->lines, ", %zu inconclusive",
					       plan->inconclusive);
		}
		g_string_append_c(plan->lines, '\n');
	}
	g_string_append_printf(plan->lines,
			       "Checked %zu strateg%s in %zu scenario%s: %" PRIu64 " %s, %" PRIu64
			       " paths",
			       plan->checked, plan->checked == 1 ? "y" : "ies", plan->scenarios,
			       plural(plan->scenarios), plan->states,
			       plan->reduction ? "states" : "steps", plan->paths);
	if (plan->timing && plan->seconds > 0) {
		g_string_append_printf(plan->lines, " in %.2f s: %.0f %s and %.0f paths a second",
				       plan->seconds, (double)plan->states / plan->seconds,
				       plan->reduction ? "states" : "steps",
				       (double)plan->paths / plan->seconds);
	}
	g_string_append_c(plan->lines, '\n');
	flush_lines(plan);
}

/* Where nobody reads the lines any more, only documents are a reason to go on. */
static bool goes_on(const struct plan *plan)
{
	return !*plan->interrupted &&
	       (standard_output_flush() || option_value(plan->invocation, "--witness") ||
		option_value(plan->invocation, "--dot"));
}

static void check_all(void *argument)
{
	struct plan *plan = argument;
	size_t left_out = 0;

	plan->limits.interrupted = plan->interrupted;
	for (size_t i = 0; i < plan->files.count && goes_on(plan); i++) {
		const struct scenario *s = plan->files.each[i];
		if (!s->check.present && !is_named(plan->invocation, s)) {
			left_out++;
			continue;
		}
		plan->drawn = false;
		plan->scenarios++;
		for (size_t j = 0; j < s->contenders_count && goes_on(plan); j++) {
			check_one(plan, s, j);
		}
	}
	if (*plan->interrupted) {
		fprintf(stderr,
			"msirace check: interrupted: what is printed is all that was checked\n");
		worsen(plan, EXIT_INTERRUPTED);
	}
	print_sum(plan, left_out);
}

static void write_document(struct plan *plan, const char *option, const GString *document)
{
	const char *path = option_value(plan->invocation, option);

	if (path && !report_deliver(path, document)) {
		worsen(plan, EXIT_BROKEN);
	}
}

static void write_documents(struct plan *plan)
{
	if (plan->witnesses != 1) {
		g_string_prepend(plan->json, "[\n");
		g_string_append(plan->json, "]\n");
	}
	write_document(plan, "--witness", plan->json);
	write_document(plan, "--dot", plan->dot);
}

static enum exit_code run(const struct invocation *invocation)
{
	struct plan plan;

	enum exit_code code = read_plan(invocation, &plan);
	if (code != EXIT_HELD) {
		return code;
	}
	code = scenario_files_load_deep(invocation, &plan.files);
	if (code == EXIT_HELD) {
		plan.lines = g_string_new(NULL);
		plan.json = g_string_new(NULL);
		plan.dot = g_string_new(NULL);
		if (check_world_run(plan.files.each, plan.files.count, &plan.interrupted, check_all,
				    &plan)) {
			write_documents(&plan);
		} else {
			worsen(&plan, EXIT_BROKEN);
		}
		code = plan.code;
		g_string_free(plan.lines, TRUE);
		g_string_free(plan.json, TRUE);
		g_string_free(plan.dot, TRUE);
	}
	scenario_files_free(&plan.files);
	return code;
}

const struct command command_check = {
	.name = "check",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.summary = "Try every interleaving of small scenarios: prove, or show how an interrupt is lost",
	.description = "Durations do not count: whatever is under way may happen next. Each strategy gets a verdict, Never,\n"
		       "Sometimes or Always, that holds for every order of events within the bounds on its line, and where a\n"
		       "device can be left waiting (stale), the shortest way there, with a token for 'msirace replay'. Of a\n"
		       "folder, subfolders included, every .yaml file with a 'check' part is checked. A verdict is Unknown,\n"
		       "and the exit status 3, where the limits on states or seconds did not suffice.",
	.options = options,
	.example = "  msirace check scenarios/\n"
		   "  msirace check scenarios/check/msi.yaml --strategy x86-direct --witness-of stale\n"
		   "  msirace check scenarios/check/msi.yaml --strategy x86-tmp --set machine.fabric=weak --raises 3",
	.run = run,
};
