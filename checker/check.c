/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: every rule, over every subject that it is about, in the order of the tables.
 * Processes are walked by pid, whatever order the snapshot holds them in, so that the same
 * facts give the same assessment.
 *
 * The verdict:  any permanent blocker          blocked
 *               else any unknown blocker rule  undecided
 *               else any transient blocker     retry
 *               else                           ready
 */
#include "checker/assessment.h"
#include "checker/docket.h"
#include "facts/gaps.h"

struct walk {
	struct judge judge;
	struct rule_outcome *outcome;
	uint32_t fine;
	bool mounts_dumped;		/* criu would dump the tree's mount namespace */
	bool mounts_known;
};

/* One rule, one subject. */
static void
judge_subject(struct walk *w, const struct subject *s)
{
	struct docket *d = w->judge.docket;
	size_t first = d->n_finding;
	uint32_t unknown = d->said_unknown;
	enum judgement said;

	w->judge.subject = s;
	said = w->judge.rule->check(&w->judge, s);
	if (d->n_finding > first)
		docket_settle(&w->judge, first);
	w->judge.subject = NULL;
	if (said == NOT_ABOUT)
		return;
	w->outcome->subjects++;
	if (said == FINE)
		w->fine++;
	if (said == UNKNOWN && d->said_unknown == unknown)
		d->said_unknown++;
}

static void
walk_process(struct walk *w, const Process *p)
{
	struct subject s = { .kind = w->judge.rule->about, .process = p };

	switch (s.kind) {
	case ABOUT_THREAD:
		for (size_t i = 0; i < p->n_thread; i++) {
			s.thread = p->thread[i];
			judge_subject(w, &s);
		}
		break;
	case ABOUT_FD:
		for (size_t i = 0; i < p->n_fd; i++) {
			s.fd = p->fd[i];
			judge_subject(w, &s);
		}
		break;
	case ABOUT_MAPPING:
		for (size_t i = 0; i < p->n_mapping; i++) {
			s.mapping = p->mapping[i];
			judge_subject(w, &s);
		}
		break;
	default:
		judge_subject(w, &s);
		break;
	}
}

static void
walk_processes(struct walk *w)
{
	size_t n;
	const Process *const *process = index_processes(w->judge.at, &n);

	for (size_t i = 0; i < n; i++)
		walk_process(w, process[i]);
}

static void
walk_mounts(struct walk *w)
{
	const Snapshot *source = w->judge.source;
	const CriuPlace *place = source->criu_place;
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;
	struct subject s = { .kind = ABOUT_MOUNT };

	if (!w->mounts_known) {
		(void) judge_unknown(&w->judge, false, DOMAIN__DOMAIN_NAMESPACES, "mounts",
				     "whether criu would dump the mount namespace of the tree");
		return;
	}
	for (size_t i = 0; w->mounts_dumped && i < source->n_mount; i++) {
		s.mount = source->mount[i];
		if (s.mount->mnt_ns != of_criu)
			judge_subject(w, &s);
	}
}

/* Things of which a snapshot holds one array. */
static void
walk_array(struct walk *w)
{
	const Snapshot *source = w->judge.source;
	struct subject s = { .kind = w->judge.rule->about };

	switch (s.kind) {
	case ABOUT_FILE:
		for (size_t i = 0; i < source->n_file; i++) {
			s.file = source->file[i];
			judge_subject(w, &s);
		}
		break;
	case ABOUT_SOCKET:
		for (size_t i = 0; i < source->n_socket; i++) {
			s.socket = source->socket[i];
			if (s.socket->in_tree)
				judge_subject(w, &s);
		}
		break;
	case ABOUT_NAMESPACE:
		for (size_t i = 0; i < source->n_ns; i++) {
			s.ns = source->ns[i];
			judge_subject(w, &s);
		}
		break;
	case ABOUT_CGROUP:
		for (size_t i = 0; i < source->n_cgroup; i++) {
			s.cgroup = source->cgroup[i];
			judge_subject(w, &s);
		}
		break;
	default:
		judge_subject(w, &s);
		break;
	}
}

static void
walk_subjects(struct walk *w)
{
	switch (w->judge.rule->about) {
	case ABOUT_PROCESS:
	case ABOUT_THREAD:
	case ABOUT_FD:
	case ABOUT_MAPPING:
		walk_processes(w);
		break;
	case ABOUT_MOUNT:
		walk_mounts(w);
		break;
	default:
		walk_array(w);
		break;
	}
}

/* A gap of the source in what the rule needs: it may not have seen all its subjects. */
static void
look_for_gaps(struct walk *w)
{
	const struct docket *d = w->judge.docket;

	for (unsigned int i = 0; i < DOMAINS; i++) {
		const Gap *gap = d->source_gap[i];

		if (!(w->judge.rule->source_needs & NEEDS(i)) || !gap)
			continue;
		(void) judge_unknown(&w->judge, false, gap->domain,
				     gap->subject ? gap->subject : domain_name(gap->domain),
				     "not all of it was seen at the source");
		return;
	}
}

static void
apply_rule(struct walk *w, const struct rule *rule, struct rule_outcome *outcome)
{
	struct docket *d = w->judge.docket;

	*outcome = (struct rule_outcome){ .rule = rule };
	if (!w->judge.destination && (rule->destination_needs || rule->about == ABOUT_HOST))
		return;
	w->judge.rule = rule;
	w->outcome = outcome;
	w->fine = 0;
	d->rule_start = d->n_finding;
	d->said_unknown = 0;

	walk_subjects(w);
	outcome->findings = docket_fold(&w->judge);
	if (!d->said_unknown)
		look_for_gaps(w);
	outcome->unknowns = d->said_unknown;
	if (outcome->findings)
		outcome->outcome = OUTCOME_FAILED;
	else if (outcome->unknowns)
		outcome->outcome = OUTCOME_UNKNOWN;
	else if (w->fine)
		outcome->outcome = OUTCOME_PASSED;
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

	for (size_t i = 0; i < n_rulesets; i++)
		n += rulesets[i]->n;
	a->outcomes = arena_alloc(a->arena, n * sizeof(*a->outcomes));
	if (!a->outcomes)
		return -ENOMEM;
	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++)
			apply_rule(w, &rulesets[i]->rules[k], &a->outcomes[a->n_outcomes++]);
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
	docket_read_gaps(source, d->source_gap);
	if (destination)
		docket_read_gaps(destination, d->destination_gap);
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
	w.mounts_dumped = index_dumps_ns(at, NAMESPACE_KIND__NS_MNT, &w.mounts_known);
	r = apply_rules(&a, &w);
	if (r == 0)
		r = docket_close(d);
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
