/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checker makes of two snapshots: an outcome for each rule, findings, requirements,
 * a verdict. Same snapshots and same `now` in, same assessment out. Reporters read this and
 * decide nothing.
 */
#pragma once

#include "checker/rule.h"
#include <stdbool.h>

enum verdict { VERDICT_READY, VERDICT_BLOCKED, VERDICT_RETRY, VERDICT_UNDECIDED };

enum requirement_kind {
	REQUIRE_LOSSLESS,		/* nothing is lost with it: no failure */
	REQUIRE_LOSSY,			/* lifts a blocker at a price: stands in the remedy */
	REQUIRE_ARRANGED,		/* needs something arranged on the other side */
	REQUIRE_SYNC,			/* a file to be copied after the freeze */
	REQUIRE_INSTALL,		/* CRIU itself is not there yet */
};

struct finding {
	const struct rule *rule;
	enum stage stage;
	enum lifetime lifetime;
	enum severity severity;
	enum confidence confidence;
	const char *thing;
	const char *here;		/* the source's value; NULL: none */
	const char *there;		/* the destination's value; NULL: none */
	const char *here_from;		/* where it was read: "/proc/4211/map_files" */
	const char *there_from;
	const char *detail;		/* one more sentence, or NULL */
	const char *observed;		/* transient ones: what was seen over time, or NULL */
	const char *remedy;		/* defaults to the row's */
	const char *command;		/* a shell-quoted command that mends it, or NULL */
	const char *option;		/* an option of CRIU that lifts it, or NULL */
	enum requirement_kind option_kind;
	const char **holders;		/* "nginx 4211", …: who is concerned, first ones */
	size_t n_holders;		/* stored */
	size_t holders_total;
};

struct unknown {
	const struct rule *rule;
	const char *thing;
	const char *missing;		/* what was not learned */
	const char *because;		/* the gap: "EACCES reading /proc/42/map_files" */
	const char *remedy;
	bool at_destination;
};

struct requirement {
	enum requirement_kind kind;
	enum stage stage;
	bool offered;			/* not needed: it would lift findings, and nobody has decided */
	const char *option;		/* "--tcp-established"; for SYNC the path */
	const struct rule **rules;	/* that ask for it */
	size_t n_rules;
	const char **things;
	size_t n_things;
	size_t things_total;
};

struct rule_outcome {
	const struct rule *rule;
	enum outcome outcome;
	uint32_t subjects;		/* judged */
	uint32_t findings;
	uint32_t unknowns;
	uint32_t not_asked;
};

struct given_options;			/* checker/options.h */

struct check_options {
	int64_t now_ns;			/* realtime, for ages */
	const struct given_options *criu_options;	/* NULL: the user has not decided */
	const char *cpu_cap;		/* --cpu-cap for CRIU, NULL: none */
	const char *cpu_masked;		/* features the programs were started without, comma-parted */
	/*
	 * One of many hosts: what its profile was not asked is not asked, rather than unknown; with
	 * lasting_only the same goes for rules that rest on the moment.
	 */
	bool in_a_pool, lasting_only;
};

struct settling;

struct assessment {
	struct arena *arena;		/* owns what is not the snapshots' */
	const struct check_options *options;
	const Snapshot *source;
	const Snapshot *destination;	/* NULL: none */
	struct rule_outcome *outcomes;	/* in rule order */
	size_t n_outcomes;
	struct finding *findings;	/* permanent blockers, transient, warnings, notes; then rule order */
	size_t n_findings;
	struct unknown *unknowns;
	size_t n_unknowns;
	struct requirement *requirements;	/* needed, then offered; then rule order */
	size_t n_requirements, n_needed;
	const char *dump_line;		/* "criu dump -t 4211 --shell-job", for a shell */
	const char *restore_line;
	size_t permanent, transient, warnings, notes;	/* findings: blockers by lifetime, the others */
	bool short_of_memory;
	enum verdict verdict;
	const struct settling *settling;	/* settling.h: what passed while it was waited for; NULL: not waited */
};

/*
 * Judges. Pure: no I/O, no clock, no globals. 0 or -ENOMEM. The snapshots must outlive the
 * assessment.
 */
int check(const Snapshot *source, const Snapshot *destination, const struct check_options *options,
	  struct assessment *ret);
void assessment_free(struct assessment *a);

static inline void
cleanup_assessment(struct assessment *a)
{
	assessment_free(a);
}
#define _cleanup_assessment_ cleanup(cleanup_assessment)

const char *verdict_name(enum verdict v);	/* "ready" "blocked" "retry" "undecided" */
int verdict_exit_code(enum verdict v);		/* 0 1 3 4 */
const char *stage_name(enum stage s);		/* "dump" "restore" "afterwards" */
const char *lifetime_name(enum lifetime l);
const char *severity_name(enum severity s);
const char *confidence_name(enum confidence c);
const char *outcome_name(enum outcome o);	/* "passed" "failed" "unknown" "not-applicable" "not-asked" */
const char *requirement_kind_name(enum requirement_kind k);
