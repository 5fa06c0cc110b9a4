/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: every rule, over every subject that it is about. A snapshot is walked once for
 * each kind of subject, and all rules about it look at each, so that it is read from memory
 * once. Processes are walked by pid, whatever order the snapshot holds them in, so that the
 * same facts give the same assessment.
 *
 * The verdict:  any permanent blocker          blocked
 *               else any unknown blocker rule  undecided
 *               else any transient blocker     retry
 *               else                           ready
 */
#include "checker/assessment.h"
#include "checker/docket.h"
#include "checker/options.h"
#include "facts/gaps.h"

struct walk {
	struct judge judge;
	uint32_t *fine;			/* by rule: subjects that were */
	uint32_t *turn;			/* the rules about the kind of subject that is being walked */
	size_t n_turn;
};

/* One rule, one subject. */
static void
judge_subject(struct walk *w, uint32_t rule, const struct subject *s)
{
	struct docket *d = w->judge.docket;
	struct rule_outcome *outcome = &w->judge.assessment->outcomes[rule];
	size_t first = d->n_said;
	uint32_t unknowns = outcome->unknowns + outcome->not_asked;
	enum judgement said;

	d->rule = rule;
	w->judge.rule = outcome->rule;
	w->judge.subject = s;
	said = outcome->rule->check(&w->judge, s);
	if (d->n_said > first)
		docket_settle(&w->judge, first);
	w->judge.subject = NULL;
	if (said == NOT_ABOUT)
		return;
	outcome->subjects++;
	if (said == FINE)
		w->fine[rule]++;
	if (said == UNKNOWN && outcome->unknowns + outcome->not_asked == unknowns)
		outcome->unknowns++;
}

/* All rules about this kind look at one subject while it is at hand. */
static void
judge_in_turn(struct walk *w, const struct subject *s)
{
	for (size_t i = 0; i < w->n_turn; i++)
		judge_subject(w, w->turn[i], s);
}

static void
walk_process(struct walk *w, enum subject_kind kind, const Process *p)
{
	struct subject s = { .kind = kind, .process = p };

	switch (kind) {
	case ABOUT_THREAD:
		for (size_t i = 0; i < p->n_thread; i++) {
			s.thread = p->thread[i];
			judge_in_turn(w, &s);
		}
		break;
	case ABOUT_FD:
		for (size_t i = 0; i < p->n_fd; i++) {
			s.fd = p->fd[i];
			judge_in_turn(w, &s);
		}
		break;
	case ABOUT_MAPPING:
		for (size_t i = 0; i < p->n_mapping; i++) {
			s.mapping = p->mapping[i];
			judge_in_turn(w, &s);
		}
		break;
	default:
		judge_in_turn(w, &s);
		break;
	}
}

static void
walk_processes(struct walk *w, enum subject_kind kind)
{
	size_t n;
	const Process *const *process = index_processes(w->judge.at, &n);

	for (size_t i = 0; i < n; i++)
		walk_process(w, kind, process[i]);
}

static void
walk_mounts(struct walk *w)
{
	const Snapshot *source = w->judge.source;
	const CriuPlace *place = source->criu_place;
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;
	struct subject s = { .kind = ABOUT_MOUNT };
	bool known, dumped = index_dumps_ns(w->judge.at, NAMESPACE_KIND__NS_MNT, &known);

	for (size_t i = 0; !known && i < w->n_turn; i++) {
		w->judge.docket->rule = w->turn[i];
		w->judge.rule = w->judge.assessment->outcomes[w->turn[i]].rule;
		(void) judge_unknown(&w->judge, false, DOMAIN__DOMAIN_NAMESPACES, "mounts",
				     "whether criu would dump the mount namespace of the tree");
	}
	for (size_t i = 0; dumped && i < source->n_mount; i++) {
		s.mount = source->mount[i];
		if (s.mount->mnt_ns != of_criu)
			judge_in_turn(w, &s);
	}
}

/* Things of which there is one array, and the snapshot itself. */
static void
walk_array(struct walk *w, enum subject_kind kind)
{
	const struct given_options *given = w->judge.options->criu_options;
	const Snapshot *source = w->judge.source;
	struct subject s = { .kind = kind };

	switch (kind) {
	case ABOUT_FILE:
		for (size_t i = 0; i < source->n_file; i++) {
			s.file = source->file[i];
			judge_in_turn(w, &s);
		}
		break;
	case ABOUT_SOCKET:
		for (size_t i = 0; i < source->n_socket; i++) {
			s.socket = source->socket[i];
			if (s.socket->in_tree)
				judge_in_turn(w, &s);
		}
		break;
	case ABOUT_NAMESPACE:
		for (size_t i = 0; i < source->n_ns; i++) {
			s.ns = source->ns[i];
			judge_in_turn(w, &s);
		}
		break;
	case ABOUT_CGROUP:
		for (size_t i = 0; i < source->n_cgroup; i++) {
			s.cgroup = source->cgroup[i];
			judge_in_turn(w, &s);
		}
		break;
	case ABOUT_OPTION:
		for (size_t i = 0; given && i < given->n; i++) {
			s.option = &given->option[i];
			judge_in_turn(w, &s);
		}
		break;
	default:
		judge_in_turn(w, &s);
		break;
	}
}

static void
walk_kind(struct walk *w, enum subject_kind kind)
{
	switch (kind) {
	case ABOUT_PROCESS:
	case ABOUT_THREAD:
	case ABOUT_FD:
	case ABOUT_MAPPING:
		walk_processes(w, kind);
		break;
	case ABOUT_MOUNT:
		walk_mounts(w);
		break;
	default:
		walk_array(w, kind);
		break;
	}
}

/* One that would have nothing to say of what lasts. */
static bool
is_left_out(const struct assessment *a, const struct rule *rule)
{
	return a->options->lasting_only && rule->of_the_moment == MOMENT_ONLY;
}

/* A rule about the destination has nothing to say without one. */
static bool
is_to_judge(const struct walk *w, const struct rule *rule)
{
	return w->judge.destination || !(rule->destination_needs || rule->about == ABOUT_HOST);
}

/* All rules about this kind of subject. */
static void
judge_kind(struct walk *w, enum subject_kind kind)
{
	const struct assessment *a = w->judge.assessment;

	w->n_turn = 0;
	for (uint32_t i = 0; i < a->n_outcomes; i++)
		if (a->outcomes[i].rule->about == kind && !a->outcomes[i].not_asked && is_to_judge(w, a->outcomes[i].rule))
			w->turn[w->n_turn++] = i;
	if (w->n_turn)
		walk_kind(w, kind);
}

/* A gap of the source in what the rule needs: it may not have seen all its subjects. */
static void
look_for_gaps(struct walk *w, uint32_t rule)
{
	struct docket *d = w->judge.docket;

	d->rule = rule;
	w->judge.rule = w->judge.assessment->outcomes[rule].rule;
	for (unsigned int i = 0; i < DOMAINS; i++) {
		const Gap *gap = d->source_hides[i];

		if (!(w->judge.rule->source_needs & NEEDS(i)) || !gap)
			continue;
		(void) judge_unknown(&w->judge, false, gap->domain,
				     gap->subject ? gap->subject : domain_name(gap->domain),
				     "not all of it was seen at the source");
		return;
	}
}

static void
conclude(struct walk *w)
{
	struct assessment *a = w->judge.assessment;

	for (uint32_t i = 0; i < a->n_outcomes; i++) {
		struct rule_outcome *o = &a->outcomes[i];

		if (o->findings)
			o->outcome = OUTCOME_FAILED;
		else if (o->unknowns)
			o->outcome = OUTCOME_UNKNOWN;
		else if (o->not_asked)
			o->outcome = OUTCOME_NOT_ASKED;
		else if (w->fine[i])
			o->outcome = OUTCOME_PASSED;
	}
}

static enum verdict
verdict_of(const struct assessment *a)
{
	if (a->permanent)
		return VERDICT_BLOCKED;
	for (size_t i = 0; i < a->n_outcomes; i++)
		if (a->outcomes[i].unknowns && a->outcomes[i].rule->severity == SEVERITY_BLOCKER)
			return VERDICT_UNDECIDED;
	return a->transient ? VERDICT_RETRY : VERDICT_READY;
}

static int
apply_rules(struct assessment *a, struct walk *w)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < n_rulesets; i++)
		n += rulesets[i]->n;
	a->outcomes = arena_alloc(a->arena, n * sizeof(*a->outcomes));
	w->fine = arena_alloc(a->arena, n * sizeof(*w->fine));
	w->turn = arena_alloc(a->arena, n * sizeof(*w->turn));
	if (!a->outcomes || !w->fine || !w->turn)
		return -ENOMEM;
	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++)
			a->outcomes[a->n_outcomes++].rule = &rulesets[i]->rules[k];
	for (size_t i = 0; i < a->n_outcomes; i++)
		a->outcomes[i].not_asked = is_left_out(a, a->outcomes[i].rule);

	for (unsigned int kind = 0; kind < ABOUT_OPTION; kind++)
		judge_kind(w, kind);
	for (uint32_t i = 0; i < a->n_outcomes; i++)
		if (!a->outcomes[i].unknowns && !is_left_out(a, a->outcomes[i].rule) && is_to_judge(w, a->outcomes[i].rule))
			look_for_gaps(w, i);
	/* Whether an option is of any use is known when all else is. */
	judge_kind(w, ABOUT_OPTION);
	r = docket_close(&w->judge);
	if (r < 0)
		return r;
	conclude(w);
	return 0;
}

int
check(const Snapshot *source, const Snapshot *destination, const struct check_options *options,
      struct assessment *ret)
{
	struct assessment a = { .options = options, .source = source, .destination = destination };
	struct tree_index *at = NULL;
	struct host_index *here = NULL, *there = NULL;
	struct docket *d = NULL;
	struct walk w;
	int r;

	a.arena = arena_new(MAX_ARENA_BYTES);
	if (!a.arena)
		return -ENOMEM;
	r = tree_index_new(a.arena, source, &at);
	if (r == 0)
		r = host_index_new(a.arena, source, &here);
	if (r == 0 && destination)
		r = host_index_new(a.arena, destination, &there);
	if (r == 0)
		d = arena_alloc(a.arena, sizeof(*d));
	if (!d) {
		assessment_free(&a);
		return -ENOMEM;
	}
	d->assessment = &a;
	docket_read_gaps(source, d->source_gap, d->source_hides);
	if (destination)
		docket_read_gaps(destination, d->destination_gap, NULL);
	w = (struct walk){
		.judge = {
			.source = source,
			.destination = destination,
			.at = at,
			.here = here,
			.there = there,
			.options = options,
			.assessment = &a,
			.docket = d,
		},
	};
	r = apply_rules(&a, &w);
	if (r < 0 || a.short_of_memory) {
		assessment_free(&a);
		return -ENOMEM;
	}
	a.verdict = verdict_of(&a);
	*ret = a;
	return 0;
}

void
assessment_free(struct assessment *a)
{
	if (!a)
		return;
	(void) arena_free(a->arena);
	*a = (struct assessment){ 0 };
}
