/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees against a pool of hosts. Hosts whose lasting facts are the same byte for byte, and which
 * the same waivers are for, are one class and judged once: the cost grows with classes. Pure, as
 * check() is.
 *
 *     tree      class 1 (9,900 hosts)   class 2 (100 hosts)
 *     nginx     ready                   blocked: cpu-ins
 *     redis     ready                   ready
 */
#pragma once

#include "checker/assessment.h"

struct finding_set;			/* gate-findings.h */
struct cpu_baseline;			/* cpu-baseline.h */
struct waiver;				/* waivers.h */
struct waivers;

struct gate_tree {
	const char *name;		/* of its file, without folder and ending */
	const char *file;
	const Snapshot *source;
	/* Filled by judging: hosts by what they are for this tree. */
	size_t hosts[VERDICT_UNDECIDED + 1];
	size_t needed;			/* hosts that must be ready: --min-hosts, at most as many as there are */
};

/* A host of the pool: one that is judged, or one that cannot be. */
struct gate_host {
	const char *name;		/* nodename; of an unreadable file NULL */
	const char *file;		/* its profile; where none came: the list that it stands in */
	int64_t taken_at_ns;
	size_t class;			/* index; of one that is not judged: NO_CLASS */
	const char *why_not;		/* why it is not judged: "damaged: …"; NULL: it is */
	bool is_again;			/* a second profile of a host that stands in the list already */
};

#define NO_CLASS SIZE_MAX

struct gate_class {
	const char *name;		/* "c1", …: in order of size, then of its first host's name */
	const char *fingerprint;	/* hex SHA-256 of what its hosts have in common */
	const Snapshot *facts;		/* of these no more than reports tell, and the CPU: there may be many classes */
	size_t first, n;		/* its hosts: a run of gate.hosts[] */
};

/* A finding or an unknown of a tree, on the classes where it is the same. */
struct gate_finding {
	const struct rule *rule;
	size_t tree;
	bool unknown;			/* what decides could not be learned: here is what, there is why */
	enum stage stage;
	enum lifetime lifetime;
	enum severity severity;
	enum confidence confidence;
	const char *thing, *here, *there, *here_from, *there_from;
	const char *detail, *observed, *remedy, *command, *option;
	const char *fingerprint;	/* 64 hex digits, the same from run to run: of rule, tree and thing */
	const struct waiver *waiver;	/* it does not count; NULL: it does */
	const struct waiver *expired;	/* it would not have counted until then */
	size_t *classes;		/* ascending */
	size_t n_classes;
	size_t hosts;			/* in those classes */
	size_t new_hosts;		/* of which the baseline did not know it; without one: all */
};

struct gate_cell {
	enum verdict verdict;		/* waived findings aside */
	uint32_t permanent, transient, unknown, warnings, waived;	/* findings that count; those that do not */
	bool is_asked;			/* the profile answers this very tree */
	uint32_t not_asked;		/* rules whose facts the profile was not asked for */
	const uint8_t *outcome;		/* enum outcome of each rule, in rule order */
	uint32_t *finding;		/* indices into gate.findings, ascending */
	size_t n_finding;
	bool spared;			/* the baseline knew all that stands in its way, on each of its hosts */
};

/* One act that would help: the same rule about the same thing, wherever it fails. */
struct gate_change {
	const struct rule *rule;
	const char *thing, *remedy, *command;
	bool at_tree;			/* to be done to a tree, not to hosts */
	size_t *trees, *classes;	/* ascending */
	size_t n_trees, n_classes;
	size_t hosts;			/* in those classes */
	size_t cells;			/* pairs of tree and host that it stands in the way of */
	size_t alone;			/* of which nothing else does */
};

/* A rule that fails or is unknown on some hosts, and not on others. */
struct gate_odd {
	const struct rule *rule;
	size_t hosts, of;		/* how many it hits, of how many for which it was judged */
	size_t *classes;		/* where it hits: ascending */
	size_t n_classes;
	size_t *trees;			/* ascending */
	size_t n_trees;
	bool are_few;			/* those hosts are the odd ones out: fewer than half */
};

enum gate_fail { GATE_FAIL_PERMANENT = 1, GATE_FAIL_TRANSIENT = 2, GATE_FAIL_UNDECIDED = 4 };

struct gate_policy {
	unsigned int fail_on;		/* enum gate_fail, or'ed */
	size_t min_hosts;		/* 0: each tree on each host */
	bool now;			/* facts of the moment count, too */
	int64_t max_age_s;		/* of a profile; 0: any */
	const struct check_options *check;
	/* Whether an earlier report has this finding on this host; NULL: there is none. */
	bool (*known)(const void *baseline, const char *fingerprint, const char *host);
	const void *baseline;
};

enum gate_result { GATE_MET, GATE_BROKEN, GATE_TRANSIENT, GATE_UNJUDGED };

struct gate {
	struct arena *arena;		/* owns what is not the snapshots' */
	const struct gate_policy *policy;
	int64_t now_ns;
	struct gate_tree *trees;
	size_t n_trees;
	struct gate_host *hosts;	/* by class, then name; those that are not judged last */
	size_t n_hosts, n_judged;
	size_t n_unseen;		/* that could not be judged; second profiles aside */
	struct gate_class *classes;
	size_t n_classes;
	struct check_options options;	/* of each check; set by gate_begin() */
	struct finding_set *set;	/* until gate_conclude() */
	struct gate_cell *cells;	/* trees × classes, a tree's row together */
	struct gate_finding *findings;	/* by tree, then as an assessment has them */
	size_t n_findings, n_waived;
	struct gate_change *changes;	/* those that are needed first, then those that help most */
	size_t n_changes;
	/*
	 * How many of them, the first ones, make each tree ready wherever it has to be: all of them
	 * without --min-hosts; with it a small number, found by taking the cheapest hosts first.
	 */
	size_t changes_needed;
	bool changes_suffice;		/* unseen hosts and what is undecided aside */
	struct gate_odd *odd;		/* in rule order */
	size_t n_odd;
	struct waivers *waivers;	/* NULL: none */
	const struct cpu_baseline *cpu;
	const char **reasons;		/* why the policy is not met, in words; and what was not asked */
	size_t n_reasons;
	enum gate_result result;
};

static inline const struct gate_cell *
gate_cell(const struct gate *g, size_t tree, size_t class)
{
	return &g->cells[tree * g->n_classes + class];
}

/*
 * A gate is judged class by class, in steps, so that the facts of one class need not be held longer
 * than it takes. g holds trees, hosts and classes (arena, policy, now_ns, waivers set; hosts in order,
 * first and n of each class set); gate_conclude() has filled in the rest. Each: 0 or -ENOMEM.
 */
int gate_begin(struct gate *g);
/*
 * Checks each tree against a class: answers are its facts with the answers to each tree, ret has room
 * for an assessment a tree. Changes nothing in g, so that several threads may be at several classes.
 */
int gate_check_class(const struct gate *g, const Snapshot *const *answers, struct assessment *ret);
/* Takes over what gate_check_class() found, and frees it. Class after class, in their order. */
int gate_take_class(struct gate *g, size_t class, struct assessment *a);
int gate_conclude(struct gate *g);

const char *gate_result_name(enum gate_result r);	/* "met" "broken" "transient" "unjudged" */
int gate_exit_code(enum gate_result r);			/* 0 1 3 4 */
