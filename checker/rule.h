/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule judges one question about one kind of subject. The engine walks the subjects; the
 * rule's function looks at a single one, with both snapshots and their index at hand, and says
 * what it is. It never reads anything else and never prints.
 *
 *     outcome of the rule:  any FINDING          failed
 *                           else any UNKNOWN     unknown
 *                           else a gap in what it needs of the source   unknown
 *                           else not asked of this host (in a pool)     not asked
 *                           else any FINE        passed
 *                           else                 not applicable
 */
#pragma once

#include "checker/index.h"
#include "facts/snapshot.h"

enum stage { STAGE_DUMP, STAGE_RESTORE, STAGE_AFTERWARDS };
enum lifetime { LIFETIME_PERMANENT, LIFETIME_TRANSIENT };
enum severity { SEVERITY_BLOCKER, SEVERITY_WARNING, SEVERITY_NOTE };
enum confidence { CONFIDENCE_SEEN, CONFIDENCE_POSSIBLE };
enum outcome {
	OUTCOME_NOT_APPLICABLE,
	OUTCOME_PASSED,
	OUTCOME_FAILED,
	OUTCOME_UNKNOWN,
	OUTCOME_NOT_ASKED,		/* in a pool: this host's profile was not asked about this tree */
};

/* What a rule's function says of one subject. */
enum judgement {
	NOT_ABOUT,			/* the rule is not about this subject */
	FINE,
	FINDING,			/* judge_find() was called */
	UNKNOWN,			/* judge_unknown() was called */
};

enum subject_kind {
	ABOUT_TREE,			/* once */
	ABOUT_HOST,			/* once, and only when there is a destination */
	ABOUT_PROCESS,
	ABOUT_THREAD,
	ABOUT_FD,
	ABOUT_MAPPING,
	ABOUT_FILE,
	ABOUT_SOCKET,			/* those of the tree */
	ABOUT_MOUNT,			/* of the mount namespaces that criu would dump */
	ABOUT_NAMESPACE,
	ABOUT_CGROUP,			/* each distinct (controllers, path) the tree is in */
	ABOUT_OPTION,			/* each that the user gives to criu; when all else is judged */
	SUBJECT_KINDS
};

/* How a rule depends on what a destination is just now. */
enum moment_use {
	MOMENT_NOT,			/* judged by what lasts */
	MOMENT_PARTLY,			/* by what lasts, and more is found with what is so now */
	MOMENT_ONLY,			/* nothing to say without it */
};

struct subject {
	enum subject_kind kind;
	const Process *process;		/* for PROCESS, THREAD, FD, MAPPING; else NULL */
	const Thread *thread;
	const Fd *fd;
	const Mapping *mapping;
	const File *file;
	const Socket *socket;
	const Mount *mount;
	const Namespace *ns;
	const Cgroup *cgroup;
	const struct given_option *option;
};

struct judge;

/* Typed arguments of rows that share a function. */
union rule_arg {
	NamespaceKind ns;
	FdKind fd;
	uint32_t number;
	const char *text;
	uint64_t mask;
};

#define NEEDS(domain) (1u << (domain))

struct rule {
	const char *id;			/* as in criu-facts: never reused once released */
	const char *title;		/* what is wrong, in one line */
	const char *why;		/* what happens after the move */
	const char *remedy;		/* what an operator does */
	const char *criu_says;		/* fragment of CRIU's own log; NULL: it says nothing */
	enum stage stage;
	enum lifetime lifetime;		/* the default of its findings */
	const char *lifetime_why;	/* why permanent or transient */
	enum severity severity;
	enum subject_kind about;
	uint32_t source_needs;		/* NEEDS() of domains whose gaps could hide a subject */
	enum moment_use of_the_moment;	/* free memory, ports, pids of the destination: facts/moment.h */
	uint32_t destination_needs;	/* not 0: not judged without a destination; its gaps explain unknowns */
	enum judgement (*check)(struct judge *j, const struct subject *s);
	union rule_arg arg;
};

/*
 * The tables, one a domain of rules; rulesets[] lists them in report order. A file of rules
 * ends with its table and  const struct ruleset rules_files = { "files", rules, ARRAY_SIZE(rules) };
 */
struct ruleset {
	const char *name;		/* "files" */
	const struct rule *rules;
	size_t n;
};

extern const struct ruleset *const rulesets[];
extern const size_t n_rulesets;

/* The rule with this id, or NULL. */
const struct rule *rule_find(const char *id);
