// SPDX-License-Identifier: MIT
#include "sim/check_explore.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_STATE UINT32_MAX

struct edge {
	uint32_t code;
	uint32_t target;
};

struct state {
	struct check_fingerprint fingerprint;
	uint32_t first_edge;
	uint16_t edges;
	uint8_t subjects;         /* bit by enum check_subject */
	uint8_t finished : 1;     /* all of its edges are known */
	uint8_t unfinished_work : 1;
};

/* What was found, as a graph. */
struct graph {
	struct state *state;
	uint32_t states;
	uint32_t states_capacity;
	struct edge *edge;
	uint64_t edges;
	uint64_t edges_capacity;
	uint32_t *order;          /* states in the order in which they were finished */
	uint32_t finished;
	uint32_t *table;          /* of states by fingerprint, open addressing; NO_STATE: free */
	uint64_t table_mask;
};

/* One level of the depth-first search. */
struct visit {
	struct check_transition way[CHECK_TRANSITIONS_MAX];
	struct edge edge[CHECK_TRANSITIONS_MAX];   /* of the ways that are done */
	uint32_t ways;
	uint32_t done;
	uint32_t state;
	struct check_fingerprint fingerprint;
	bool progressed;          /* something other than the outside led to another state */
	bool outside;             /* the outside did */
};

struct search {
	struct check_machine *machine;
	const struct check_limits *limits;
	struct check_result *result;
	struct graph graph;
	struct visit **visit;
	uint32_t capacity;
	enum check_reduction reduction;
	double begin;
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *grow(void *memory, uint64_t count, size_t size)
{
	memory = realloc(memory, count * size);
	if (!memory) {
		abort();
	}
	return memory;
}

/* ---- The graph ---- */

static bool same(const struct check_fingerprint *a, const struct check_fingerprint *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

static uint32_t *find(const struct graph *g, const struct check_fingerprint *fingerprint)
{
	uint64_t at = fingerprint->word[0] & g->table_mask;

	while (g->table[at] != NO_STATE && !same(&g->state[g->table[at]].fingerprint, fingerprint)) {
		at = (at + 1) & g->table_mask;
	}
	return &g->table[at];
}

static void table_grow(struct graph *g)
{
	uint64_t size = g->table ? (g->table_mask + 1) * 2 : 1024;

	g->table = grow(g->table, size, sizeof(*g->table));
	g->table_mask = size - 1;
	memset(g->table, 0xff, size * sizeof(*g->table));
	for (uint32_t i = 0; i < g->states; i++) {
		*find(g, &g->state[i].fingerprint) = i;
	}
}

static uint32_t add_state(struct graph *g, const struct check_machine *c, const struct check_fingerprint *fingerprint)
{
	if (g->states == g->states_capacity) {
		g->states_capacity = g->states_capacity ? g->states_capacity * 2 : 1024;
		g->state = grow(g->state, g->states_capacity, sizeof(*g->state));
		g->order = grow(g->order, g->states_capacity, sizeof(*g->order));
	}
	if (!g->table || (uint64_t)g->states * 2 > g->table_mask) {
		table_grow(g);
	}
	g->state[g->states] = (struct state){
		.fingerprint = *fingerprint, .subjects = (uint8_t)check_machine_subjects(c),
		.unfinished_work = check_machine_unfinished(c)
	};
	*find(g, fingerprint) = g->states;
	return g->states++;
}

static void add_edges(struct graph *g, const struct visit *v)
{
	struct state *state = &g->state[v->state];

	while (g->edges + v->done > g->edges_capacity) {
		g->edges_capacity = g->edges_capacity ? g->edges_capacity * 2 : 4096;
		g->edge = grow(g->edge, g->edges_capacity, sizeof(*g->edge));
	}
	state->first_edge = (uint32_t)g->edges;
	state->edges = (uint16_t)v->done;
	for (uint32_t i = 0; i < v->done; i++) {
		g->edge[g->edges++] = v->edge[i];
	}
	state->finished = 1;
	g->order[g->finished++] = v->state;
}

static uint32_t target_of(const struct graph *g, uint32_t state, uint32_t code)
{
	const struct state *from = &g->state[state];

	for (uint32_t i = 0; from->finished && i < from->edges; i++) {
		if (g->edge[from->first_edge + i].code == code) {
			return g->edge[from->first_edge + i].target;
		}
	}
	return NO_STATE;
}

static void graph_release(struct graph *g)
{
	free(g->state);
	free(g->edge);
	free(g->order);
	free(g->table);
}

/* ---- The search ---- */

static struct visit *enter(struct search *s, uint32_t depth)
{
	struct visit *v;

	if (depth >= s->capacity) {
		uint32_t capacity = s->capacity ? s->capacity * 2 : 128;

		s->visit = grow(s->visit, capacity, sizeof(*s->visit));
		memset(&s->visit[s->capacity], 0, (capacity - s->capacity) * sizeof(*s->visit));
		s->capacity = capacity;
	}
	if (!s->visit[depth]) {
		s->visit[depth] = grow(NULL, 1, sizeof(**s->visit));
	}
	v = s->visit[depth];
	v->ways = check_machine_transitions(s->machine, v->way);
	v->done = 0;
	v->state = NO_STATE;
	v->progressed = false;
	v->outside = false;
	return v;
}

static bool limits_hold(struct search *s, uint64_t states)
{
	struct check_result *r = s->result;

	if (states >= s->limits->states_max) {
		r->end = CHECK_STATES_EXCEEDED;
	} else if (*s->limits->interrupted) {
		r->end = CHECK_INTERRUPTED;
	} else if (r->executed % 256 == 0 && seconds_now() - s->begin > s->limits->seconds_max) {
		r->end = CHECK_SECONDS_EXCEEDED;
	}
	return r->end == CHECK_COMPLETE;
}

static bool execute(struct search *s, uint32_t depth, const struct check_transition *way)
{
	struct check_machine *c = s->machine;

	if (c->path.depth != depth) {
		check_machine_back_to(c, depth);
	}
	s->result->executed++;
	if (!check_machine_take(c, way)) {
		s->result->end = CHECK_BROKEN;
		return false;
	}
	return true;
}

/*
 * The end of a way that the state above had too, and that commutes with the one that led from there to here: the other two
 * sides of the square are known. NO_STATE where they are not.
 */
static uint32_t across_the_square(const struct search *s, uint32_t depth, const struct check_transition *way)
{
	const struct visit *above = depth ? s->visit[depth - 1] : NULL;
	const struct check_transition *last;

	if (!above || s->reduction != CHECK_REDUCED) {
		return NO_STATE;
	}
	last = &above->way[above->done];
	for (uint32_t i = 0; i < above->done; i++) {
		if (above->way[i].code == way->code) {
			if (above->way[i].footprint & last->footprint) {
				return NO_STATE;
			}
			return target_of(&s->graph, above->edge[i].target, last->code);
		}
	}
	return NO_STATE;
}

static void way_done(struct visit *v, uint32_t target)
{
	v->edge[v->done] = (struct edge){ v->way[v->done].code, target };
	v->done++;
}

/* Follows every way out of every state once. */
static void search_states(struct search *s)
{
	struct check_machine *c = s->machine;
	struct graph *g = &s->graph;
	struct check_result *r = s->result;
	struct check_fingerprint fingerprint = check_machine_fingerprint(c);
	uint32_t depth = 0;
	struct visit *v = enter(s, 0);

	v->state = add_state(g, c, &fingerprint);
	while (limits_hold(s, g->states)) {
		const struct check_transition *way = &v->way[v->done];
		uint32_t target;

		if (v->done == v->ways) {
			add_edges(g, v);
			r->paths += v->ways == 0;
			if (depth == 0) {
				break;
			}
			v = s->visit[--depth];
			way_done(v, s->visit[depth + 1]->state);
			continue;
		}
		target = across_the_square(s, depth, way);
		if (target != NO_STATE) {
			r->commuted++;
			way_done(v, target);
			continue;
		}
		if (!execute(s, depth, way)) {
			break;
		}
		fingerprint = check_machine_fingerprint(c);
		if (*find(g, &fingerprint) != NO_STATE) {
			r->paths++;
			way_done(v, *find(g, &fingerprint));
			continue;
		}
		target = add_state(g, c, &fingerprint);
		v = enter(s, ++depth);
		v->state = target;
	}
}

/* ---- What the graph says ---- */

/* Whether anything leads on to another state: by the outside, or by anything else. */
static void ways_on(const struct graph *g, uint32_t state, bool *outside, bool *inside)
{
	const struct state *from = &g->state[state];

	*outside = false;
	*inside = false;
	for (uint32_t i = 0; i < from->edges; i++) {
		const struct edge *edge = &g->edge[from->first_edge + i];

		if (edge->target != state) {
			*(check_transition_is_outside(edge->code) ? outside : inside) = true;
		}
	}
}

/* Paths from each state to an end, in the order of finishing: a target that is not finished yet closes a circle. */
static void count_interleavings(const struct graph *g, struct check_result *r)
{
	double *paths = calloc(g->states, sizeof(*paths));
	bool *counted = calloc(g->states, sizeof(*counted));

	if (!paths || !counted) {
		abort();
	}
	for (uint32_t n = 0; n < g->finished; n++) {
		uint32_t state = g->order[n];
		const struct state *from = &g->state[state];
		bool leads_on = false;

		for (uint32_t i = 0; i < from->edges; i++) {
			uint32_t target = g->edge[from->first_edge + i].target;

			if (target == state) {
				continue;
			}
			leads_on = true;
			r->cyclic |= !counted[target];
			paths[state] += paths[target];
		}
		paths[state] = leads_on ? paths[state] : 1.0;
		counted[state] = true;
	}
	r->interleavings = paths[0];
	free(paths);
	free(counted);
}

static void judge_graph(const struct graph *g, struct check_result *r, uint32_t *seen, uint32_t *always)
{
	*seen = 0;
	*always = UINT32_MAX;
	for (uint32_t n = 0; n < g->finished; n++) {
		const struct state *state = &g->state[g->order[n]];
		bool outside;
		bool inside;

		ways_on(g, g->order[n], &outside, &inside);
		if (inside) {
			continue;
		}
		r->quiet++;
		*seen |= state->subjects;
		if (!outside) {
			r->maximal++;
			*always &= state->subjects;
		}
	}
}

/* Breadth-first tree from the initial state. */
struct tree {
	uint32_t *from;
	uint32_t *code;
	uint32_t *queue;
	uint32_t count;
};

static void tree_build(const struct graph *g, struct tree *t)
{
	t->from = grow(NULL, g->states, sizeof(*t->from));
	t->code = grow(NULL, g->states, sizeof(*t->code));
	t->queue = grow(NULL, g->states, sizeof(*t->queue));
	memset(t->from, 0xff, g->states * sizeof(*t->from));
	t->queue[0] = 0;
	t->from[0] = 0;
	t->count = 1;
	for (uint32_t n = 0; n < t->count; n++) {
		const struct state *state = &g->state[t->queue[n]];

		for (uint32_t i = 0; i < state->edges; i++) {
			const struct edge *edge = &g->edge[state->first_edge + i];

			if (t->from[edge->target] == NO_STATE) {
				t->from[edge->target] = t->queue[n];
				t->code[edge->target] = edge->code;
				t->queue[t->count++] = edge->target;
			}
		}
	}
}

static void tree_release(struct tree *t)
{
	free(t->from);
	free(t->code);
	free(t->queue);
}

static struct check_codes path_to(const struct tree *t, uint32_t state)
{
	struct check_codes path = { NULL, 0 };
	uint32_t at;

	for (at = state; at != 0; at = t->from[at]) {
		path.count++;
	}
	path.code = grow(NULL, path.count + 1u, sizeof(*path.code));
	at = state;
	for (uint32_t i = path.count; i-- > 0; at = t->from[at]) {
		path.code[i] = t->code[at];
	}
	return path;
}

static void find_shortest(const struct graph *g, struct check_result *r)
{
	struct tree t;

	tree_build(g, &t);
	for (uint32_t n = 0; n < t.count; n++) {
		uint32_t at = t.queue[n];
		const struct state *state = &g->state[at];
		bool outside;
		bool inside;

		if (!state->finished) {
			continue;
		}
		ways_on(g, at, &outside, &inside);
		for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
			bool shows = state->subjects >> subject & 1 && (subject != CHECK_STALE || !inside);

			if (shows && !r->shortest[subject].code) {
				r->shortest[subject] = path_to(&t, at);
			}
		}
		if (!inside && state->unfinished_work && !r->deadlock.code) {
			r->deadlock = path_to(&t, at);
		}
	}
	tree_release(&t);
}

static void set_verdicts(struct check_result *r, uint32_t seen, uint32_t always)
{
	for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
		bool some = seen >> subject & 1;

		r->verdict[subject] = !some ? VERDICT_NEVER : always >> subject & 1 ? VERDICT_ALWAYS : VERDICT_SOMETIMES;
	}
}

static void with_reduction(struct search *s)
{
	struct check_result *r = s->result;
	uint32_t seen;
	uint32_t always;

	search_states(s);
	r->states = s->graph.states;
	judge_graph(&s->graph, r, &seen, &always);
	set_verdicts(r, seen, r->maximal ? always : 0);
	count_interleavings(&s->graph, r);
	find_shortest(&s->graph, r);
}

/* ---- Without reduction ---- */

static void keep_shorter(const struct search *s, struct check_codes *best, uint32_t depth)
{
	if (best->code && best->count <= depth) {
		return;
	}
	best->code = grow(best->code, depth + 1u, sizeof(*best->code));
	best->count = depth;
	for (uint32_t i = 0; i < depth; i++) {
		best->code[i] = s->machine->path.level[i].taken.code;
	}
}

static void path_shows(struct search *s, uint32_t depth, uint32_t subjects, bool quiet)
{
	for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
		if (subjects >> subject & 1 && (subject != CHECK_STALE || quiet)) {
			keep_shorter(s, &s->result->shortest[subject], depth);
		}
	}
}

/* A state that the path was in before: going on from there would repeat it. */
static bool repeats(const struct search *s, uint32_t depth, const struct check_fingerprint *fingerprint)
{
	for (uint32_t i = 0; i <= depth; i++) {
		if (same(&s->visit[i]->fingerprint, fingerprint)) {
			return true;
		}
	}
	return false;
}

struct tally {
	uint32_t seen;
	uint32_t always;
};

static void leave_path(struct search *s, uint32_t depth, struct tally *tally)
{
	struct check_result *r = s->result;
	const struct visit *v = s->visit[depth];
	uint32_t subjects;

	if (v->progressed) {
		return;
	}
	if (s->machine->path.depth != depth) {
		check_machine_back_to(s->machine, depth);
	}
	subjects = check_machine_subjects(s->machine);
	r->quiet++;
	tally->seen |= subjects;
	path_shows(s, depth, subjects, true);
	if (check_machine_unfinished(s->machine)) {
		keep_shorter(s, &r->deadlock, depth);
	}
	if (!v->outside) {
		r->maximal++;
		r->paths++;
		tally->always &= subjects;
	}
}

static void without_reduction(struct search *s)
{
	struct check_machine *c = s->machine;
	struct check_result *r = s->result;
	struct tally tally = { 0, UINT32_MAX };
	struct check_fingerprint fingerprint;
	uint32_t depth = 0;
	struct visit *v = enter(s, 0);

	v->fingerprint = check_machine_fingerprint(c);
	while (limits_hold(s, r->executed)) {
		const struct check_transition *way = &v->way[v->done];

		if (v->done == v->ways) {
			leave_path(s, depth, &tally);
			if (depth == 0) {
				break;
			}
			v = s->visit[--depth];
			v->done++;
			continue;
		}
		if (!execute(s, depth, way)) {
			break;
		}
		fingerprint = check_machine_fingerprint(c);
		if (repeats(s, depth, &fingerprint)) {
			r->cyclic |= !same(&v->fingerprint, &fingerprint);
			v->done++;
			continue;
		}
		*(check_transition_is_outside(way->code) ? &v->outside : &v->progressed) = true;
		path_shows(s, depth + 1, check_machine_subjects(c), false);
		v = enter(s, ++depth);
		v->fingerprint = fingerprint;
	}
	r->states = r->executed;
	r->interleavings = (double)r->maximal;
	set_verdicts(r, tally.seen, r->maximal ? tally.always : 0);
}

void check_explore(struct check_machine *c, const struct check_limits *limits, enum check_reduction reduction,
		   struct check_result *r)
{
	struct search s = {
		.machine = c, .limits = limits, .result = r, .reduction = reduction, .begin = seconds_now()
	};

	*r = (struct check_result){ .end = CHECK_COMPLETE };
	if (reduction != CHECK_EVERY_PATH) {
		with_reduction(&s);
	} else {
		without_reduction(&s);
	}
	if (r->end == CHECK_COMPLETE && r->deadlock.code) {
		r->end = CHECK_DEADLOCK;
	}
	if (c->error) {
		r->end = CHECK_BROKEN;
		r->error = strdup(c->error);
	}
	r->seconds = seconds_now() - s.begin;
	for (uint32_t i = 0; i < s.capacity; i++) {
		free(s.visit[i]);
	}
	free(s.visit);
	graph_release(&s.graph);
}

void check_result_release(struct check_result *r)
{
	for (int subject = 0; subject < CHECK_SUBJECTS; subject++) {
		free(r->shortest[subject].code);
	}
	free(r->deadlock.code);
	free(r->error);
}
